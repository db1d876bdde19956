"""Check rules with the types of what they read: a misspelt variable or parameter is an error.

The inputs of a rule are found by the names of its parameters (`sim.week`), and so are their types:
a ``staff`` has the state variables of staff, ``p`` has the parameters. These records are written
from the links' own declarations (`sim.state`) and the registry, and mypy reads the rules with them
in place of ``Any``. Nothing of this is kept: who adds a variable has nothing more to write.

Run ``python -m scripts.typed_rules``; files to look at may be named.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.link import Variable
from sim.parameters import registry
from sim.state import ACTION, KINDS

ROOT = Path(__file__).resolve().parents[1]
RULES = ("sim/mechanisms/*.py", "sim/measures/*.py")
RECORDS = {
    "trust": "Trust",
    "team": "Team",
    "staff": "Staff",
    "peer": "Staff",
    "leader": "Staff",
    "worker": "Staff",
    "donor": "Team",
    "user": "ServiceUser",
    "action": "Action",
    "p": "Parameters",
}
"""What a parameter of a rule is, by its name."""
HOME = "records_of_rules"
FUTURE = "from __future__ import annotations"
NOT_TYPED = re.compile(rf"\b({'|'.join(RECORDS)}): Any\b")


def protocol(name: str, types: Iterable[tuple[str, str]]) -> str:
    """Return a protocol that can be read and not set, as source."""
    parts = [f"class {name}(Protocol):"]
    parts += [f"    @property\n    def {field}(self) -> {kind}: ..." for field, kind in types]
    return "\n".join(parts) + "\n"


def of_variables(variables: Sequence[Variable]) -> list[tuple[str, str]]:
    """Return names and types of state variables."""
    return [(one.name, "float" if one.kind == "real" else "int") for one in variables]


def records() -> str:
    """Return the source of what rules read: the state of agents, what a programme does, p."""
    kinds = {
        "Trust": KINDS["trust"],
        "Team": KINDS["team"],
        "Staff": KINDS["staff"],
        "ServiceUser": KINDS["service_user"],
        "Action": ACTION,
    }
    sources = [protocol(name, of_variables(variables)) for name, variables in kinds.items()]
    sources.append(protocol("Parameters", [(name, "float") for name in registry()]))
    return "\n\n".join(["from typing import Protocol\n", *sources])


def typed(source: str) -> str:
    """Return a file of rules with the types of their records, line by line as it was."""
    read = NOT_TYPED.sub(lambda found: f"{found[1]}: {HOME}.{RECORDS[found[1]]}", source)
    return read.replace(FUTURE, f"{FUTURE}; import {HOME}", 1)


def check(paths: Sequence[Path], cache: Path = ROOT / ".mypy_cache" / "rules") -> tuple[str, bool]:
    """Return what mypy says of files of rules, and whether it says nothing."""
    from mypy import api

    # What rules take from elsewhere is checked with the rest of the code.
    options = ["--cache-dir", str(cache), "--no-error-summary", "--explicit-package-bases"]
    options += ["--follow-imports", "skip", "--ignore-missing-imports"]
    with TemporaryDirectory() as folder:
        home, settings = Path(folder) / f"{HOME}.py", Path(folder) / "mypy.ini"
        home.write_text(records(), encoding="utf-8")
        settings.write_text(f"[mypy]\nmypy_path = {folder}\n", encoding="utf-8")
        for number, path in enumerate(paths):
            shadow = Path(folder) / f"shadow_{number}.py"
            shadow.write_text(typed(path.read_text(encoding="utf-8")), encoding="utf-8")
            options += ["--shadow-file", str(path), str(shadow)]
        files = [str(home), *map(str, paths)]
        said, faults, code = api.run([*options, "--config-file", str(settings), *files])
    return said + faults, code == 0


def main(names: Sequence[str]) -> int:
    """Check files of rules, all of them when none is named; return the exit code."""
    paths = [Path(name) for name in names]
    paths = paths or [path for pattern in RULES for path in sorted(ROOT.glob(pattern))]
    said, good = check(paths)
    print(said, end="")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
