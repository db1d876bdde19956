"""Implementation of recovery support in community mental health teams, simulated.

What is offered here loads what it needs when it is used::

    import sim

    results = sim.run(["usual-care", "refocus-full"], draws=20)
    results.differences().describe()
"""

from __future__ import annotations

# As in `typing`, whose import would take most of the time.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from sim.api.analyse import analyse
    from sim.api.compare import compare
    from sim.api.influence import influence
    from sim.api.load import load
    from sim.api.mediation import mediation
    from sim.api.plan import plan
    from sim.api.power import power
    from sim.api.run import run
    from sim.api.sweep import sobol, sweep
    from sim.api.update import update
    from sim.inputs.roster import Roster
    from sim.runs.results import Results
    from sim.scenarios.library import list_scenarios
    from sim.scenarios.schema import Scenario

    __version__: str

_HOMES = {
    "run": "sim.api.run",
    "compare": "sim.api.compare",
    "influence": "sim.api.influence",
    "mediation": "sim.api.mediation",
    "plan": "sim.api.plan",
    "power": "sim.api.power",
    "analyse": "sim.api.analyse",
    "sweep": "sim.api.sweep",
    "sobol": "sim.api.sweep",
    "update": "sim.api.update",
    "load": "sim.api.load",
    "list_scenarios": "sim.scenarios.library",
    "Scenario": "sim.scenarios.schema",
    "Roster": "sim.inputs.roster",
    "Results": "sim.runs.results",
}

__all__ = [
    "Results",
    "Roster",
    "Scenario",
    "__version__",
    "analyse",
    "compare",
    "influence",
    "list_scenarios",
    "load",
    "mediation",
    "plan",
    "power",
    "run",
    "sobol",
    "sweep",
    "update",
]


# A type checker is not to take every name for one that there is.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _HOMES:
            found = getattr(import_module(_HOMES[name]), name)
        elif name == "__version__":
            from importlib.metadata import PackageNotFoundError, version

            try:
                found = version("refocus-simulation")
            except PackageNotFoundError:
                found = "not installed"
        else:
            hint = import_module("sim.errors").nearest(name, __all__)
            raise AttributeError(f"module 'sim' has no attribute '{name}'{hint}")
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
