"""Settings shared by all tests.

Property-based tests draw few examples, so that a run stays short. In continuous integration they
draw those of a printed seed; elsewhere others each time, and what failed is kept in `.hypothesis`,
so that it fails again. `HYPOTHESIS_PROFILE=thorough` draws many. What was found once belongs into
the test as an `@example`.

Several processes share the compiled code: it is made while they collect the tests.
"""

from __future__ import annotations

import gc
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
# Compiling takes long at the first example only, which says nothing about the claim under test.
_SLOW_START = [HealthCheck.too_slow]

COMPILE_WEEK = "from sim.runs.first_run import compile_week; compile_week()"
COMPILING: list[subprocess.Popen[bytes]] = []

settings.register_profile(
    "ci",
    deadline=None,
    max_examples=20,
    suppress_health_check=_SLOW_START,
    print_blob=True,
)
settings.register_profile("local", settings.get_profile("ci"))
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=500)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "local")
CI_SEED = 20261126
settings.load_profile(PROFILE)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set the seed of random tests in continuous integration, unless one was given."""
    if PROFILE == "ci" and config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = CI_SEED


def pytest_sessionstart(session: pytest.Session) -> None:
    """Print the seed, and begin to compile, once for all processes that share the code."""
    config = session.config
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        return
    if config.option.hypothesis_seed is not None:
        print(f"random tests: --hypothesis-seed={config.option.hypothesis_seed}", file=sys.stderr)
    print("compiling once for all processes, unless it is done ...", file=sys.stderr, flush=True)
    for program in (["-c", COMPILE_WEEK], ["-m", "tests.compiled_fits"]):
        COMPILING.append(subprocess.Popen([sys.executable, *program], cwd=ROOT))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished() -> None:
    """Wait for the code: processes collect their tests meanwhile, and get the first after this."""
    while COMPILING:
        assert COMPILING.pop().wait() == 0, "the model does not compile; see above"


def pytest_unconfigure() -> None:
    """End what still compiles where nothing waits for it any more."""
    for one in COMPILING:
        one.terminate()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Let each of several processes begin with other files, before it collects them all.

    pytest rewrites the assertions of a file once and keeps that: in a fresh clone processes that
    read the same files side by side would each rewrite all of them, in half of their time.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is not None and [ROOT / one for one in session.config.args] == [TESTS]:
        files = sorted(TESTS.rglob("test_*.py"))
        begin = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
        for file in files[begin:] + files[:begin]:
            # What cannot be imported, or skips itself, is told when it is collected.
            with suppress(Exception, pytest.skip.Exception):
                import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    return (yield)


def pytest_collection_finish() -> None:
    """Look seldom for cycles, and not among what was imported and collected, which stays."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture
def unpainted() -> Iterator[None]:
    """Leave figures empty: they follow from the tables, and take longer than small runs.

    `tests/report`, `tests/web` and whole commands in processes of their own paint them.
    """
    from matplotlib.figure import Figure

    def savefig(_: Figure, target: Any, **__: Any) -> None:
        if isinstance(target, io.StringIO):
            target.write("<svg></svg>")
        else:
            Path(target).write_bytes(b"")

    # Its own: tests undo theirs half-way.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sim.report.figures.svg_of", lambda figure: b"<svg></svg>")
        patched.setattr(Figure, "savefig", savefig)
        yield


class Undrawn:
    """A figure and its axes that take every stroke and keep none; their limits are 0 and 1."""

    def __getattr__(self, _: str) -> Undrawn:
        return self

    def __call__(self, *_: Any, **__: Any) -> Undrawn:
        return self

    def __getitem__(self, _: Any) -> Undrawn:
        return self

    def __iter__(self) -> Iterator[float]:
        return iter((0.0, 1.0))


@pytest.fixture
def undrawn(unpainted: None) -> Iterator[None]:
    """Draw no figures of reports at all, where the same commands run many times."""

    def new(rows: int, columns: int, height: float) -> tuple[Undrawn, list[Undrawn]]:
        return Undrawn(), [Undrawn()] * (rows * columns)

    names = ("figures", "compare_figures", "power_figures", "exposure_figure")
    # All are loaded before one is changed: they take it from each other, and would keep it.
    modules = [import_module(f"sim.report.{name}") for name in names]
    with pytest.MonkeyPatch.context() as patched:
        for module in modules:
            patched.setattr(module, "_new", new)
        yield


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of slow tests, so that no process ends on one while others wait."""
    slow = {one.path for one in items if one.get_closest_marker("slow")}
    items.sort(key=lambda one: one.path not in slow)
