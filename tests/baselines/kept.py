"""Numbers of the standard runs, kept beside this file, and what they are now.

``./test --renew-baselines`` writes them anew and prints which moved, and by how much.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import platform
import shlex
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MACHINE = HERE / "machine.txt"
TOLERANCE = 1e-9
"""Largest relative difference elsewhere: libraries of linear algebra round in their own ways."""
Numbers = dict[str, float]


def runs() -> dict[str, dict[str, Any]]:
    """Return the standard runs by name."""
    return tomllib.loads((HERE / "runs.toml").read_text(encoding="utf-8"))


def file_of(name: str) -> Path:
    """Return the file with the kept numbers of a run."""
    return HERE / f"{name}.csv"


def numbers_in(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Return the numbers of a JSON value, each with its path; rows of a list by their names."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from numbers_in(one, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        names = [name_of(one) for one in value]
        named = None not in names and len(set(names)) == len(names)
        for place, one in enumerate(value):
            yield from numbers_in(one, f"{key}[{names[place] if named else place}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, float(value)


def name_of(row: Any) -> str | None:
    """Return the first text in a row, None where there is none."""
    texts = [one for one in row.values() if isinstance(one, str)] if isinstance(row, dict) else []
    return texts[0] if texts else None


def numbers_of_table(text: str, columns: list[str], keep: list[str]) -> Iterator[tuple[str, float]]:
    """Return chosen columns of a CSV table, each number with what other columns say of its row."""
    for row in csv.DictReader(io.StringIO(text)):
        for name in keep:
            if row[name]:
                yield " ".join([*(row[one] for one in columns), name]), float(row[name])


def numbers_now(name: str) -> Numbers:
    """Run the command of a standard run and return its numbers."""
    from sim.cli import main

    run = runs()[name]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(shlex.split(run["command"]))
    if code != 0:
        raise RuntimeError(f"refocus {run['command']}: {err.getvalue()}")
    if "keep" in run:
        return dict(numbers_of_table(out.getvalue(), run["columns"], run["keep"]))
    left_out = tuple(run.get("leave_out", ()))
    found = numbers_in(json.loads(out.getvalue()))
    return {key: value for key, value in found if not key.startswith(left_out)}


def numbers_kept(name: str) -> Numbers:
    """Return the kept numbers of a standard run; none before they are kept first."""
    if not file_of(name).exists():
        return {}
    rows = csv.reader(io.StringIO(file_of(name).read_text(encoding="utf-8")))
    next(rows)
    return {key: float(value) for key, value in rows}


def this_machine() -> str:
    """Return what decides last digits here: processor, Python and libraries."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor()
    libraries = [f"{one} {version(one)}" for one in ("numpy", "scipy", "numba")]
    python = platform.python_version()
    return "\n".join([f"{platform.machine()}, {model}", f"Python {python}", *libraries, ""])


def is_same_machine() -> bool:
    """Return whether the numbers were kept on a machine like this."""
    return MACHINE.read_text(encoding="utf-8") == this_machine()


def moved(old: Numbers, new: Numbers, tolerance: float = 0.0) -> list[str]:
    """Return a line for each number that moved, came or went, the largest move first.

    Parameters
    ----------
    old, new : dict
        Numbers by name.
    tolerance : float
        Relative difference that counts as none.
    """
    lines = [f"{key} = {new[key]!r}: new" for key in new if key not in old]
    lines += [f"{key} = {old[key]!r}: gone" for key in old if key not in new]
    sizes = {}
    for key in old.keys() & new.keys():
        one, other = old[key], new[key]
        same = one == other or (one != one and other != other)
        size = abs(other - one) / max(abs(one), abs(other), 1e-300)
        # A value near zero is a difference of larger ones: their last digits.
        if not same and not (size <= tolerance or (tolerance and abs(other - one) < 1e-11)):
            sizes[key] = size
    for key in sorted(sizes, key=lambda one: -sizes[one]):
        lines.append(f"{key}: {old[key]!r} -> {new[key]!r} ({100 * sizes[key]:.2g}%)")
    return lines


def keep(name: str, numbers: Numbers) -> None:
    """Write the numbers of a run."""
    with file_of(name).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["number", "value"])
        rows.writerows((key, repr(value)) for key, value in numbers.items())


def renew(names: list[str]) -> None:
    """Write numbers anew and print which moved."""
    for name in names or list(runs()):
        new = numbers_now(name)
        lines = moved(numbers_kept(name), new)
        print(f"{name}: {len(lines)} of {len(new)} numbers moved")
        for line in lines:
            print(f"  {line}")
        keep(name, new)
    if not names or not MACHINE.exists():
        MACHINE.write_text(this_machine(), encoding="utf-8")


if __name__ == "__main__":
    renew(sys.argv[1:])
