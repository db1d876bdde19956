"""Do the tests of a file notice when the file is wrong? ``make mutants`` (not part of ./test).

A mutant is a copy of the project in which one operator, number or condition of one file was
changed. The file's own tests, those that import it, run on the copy; a mutant that passes them all
*survives* and shows what no test holds. Mutants are drawn by a seed, so that a run can be repeated.

    python -m scripts.mutants --count 100 --seed 1 --out mutants.txt
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
FOLDERS = ("sim/mechanisms", "sim/trials", "sim/planning", "calibration")
LEFT_OUT = ("*_text.py", "__init__.py", "*_notes.py", "cli.py", "report*.py")
"""Words for people: their tests look at sense, not at every letter."""
SECONDS = 240
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


class Mutant(NamedTuple):
    """A file with one change: where, what stood there, what stands there, and the new text."""

    file: str
    line: int
    before: str
    after: str
    text: str


def changed(node: ast.AST) -> ast.AST | None:
    """Return a changed copy of a node, None for a node that is left alone."""
    new: Any = copy.deepcopy(node)
    if isinstance(new, ast.BinOp | ast.BoolOp) and type(new.op) in SWAPPED:
        if any(
            isinstance(one, ast.Constant | ast.JoinedStr) and not is_number(one)
            for one in ast.walk(new)
        ):
            return None
        new.op = SWAPPED[type(new.op)]()
        return new
    if isinstance(new, ast.Compare) and type(new.ops[0]) in SWAPPED:
        new.ops[0] = SWAPPED[type(new.ops[0])]()
        return new
    if is_number(new):
        assert isinstance(new, ast.Constant)
        new.value = new.value + 1 if isinstance(new.value, int) else new.value * 1.1 + 0.01
        return new
    return None


def is_number(node: ast.AST) -> bool:
    """Return whether a node is a number that stands in the source."""
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def places_of(tree: ast.Module) -> list[tuple[ast.AST, str, int, ast.AST, ast.AST]]:
    """Return what may be changed: parent, field, place in it, node and changed node."""
    found = []
    kinds = ast.FunctionDef | ast.ClassDef | ast.Assign
    for function in [node for node in tree.body if isinstance(node, kinds)]:
        for parent in ast.walk(function):
            for field, value in ast.iter_fields(parent):
                if field in {"annotation", "returns", "decorator_list", "defaults", "slice"}:
                    continue
                for place, node in enumerate(value if isinstance(value, list) else [value]):
                    new = changed(node) if isinstance(node, ast.AST) else None
                    if new is not None:
                        found.append((parent, field, place, node, new))
    return found


def mutant_of(path: Path, lot: random.Random) -> Mutant | None:
    """Return a mutant of a file by lot, None where nothing can be changed."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    places = places_of(tree)
    if not places:
        return None
    parent, field, place, node, new = lot.choice(places)
    value = getattr(parent, field)
    if isinstance(value, list):
        value[place] = new
    else:
        setattr(parent, field, new)
    name = path.relative_to(ROOT).as_posix()
    return Mutant(name, node.lineno, ast.unparse(node), ast.unparse(new), ast.unparse(tree))  # type: ignore[attr-defined]


def tests_of(file: str) -> list[str]:
    """Return the test files that import a file; those of its own folder where there are any."""
    module = file.removesuffix(".py").replace("/", ".")
    package, _, name = module.rpartition(".")
    wanted = re.compile(
        rf"(from {re.escape(module)} import|import {re.escape(module)}\b"
        rf"|from {re.escape(package)} import [^\n]*\b{name}\b)"
    )
    found = [
        one.relative_to(ROOT).as_posix()
        for one in sorted(ROOT.glob("tests/**/test_*.py"))
        if wanted.search(one.read_text(encoding="utf-8"))
    ]
    mirrored = f"tests/{file.split('/')[1 if file.startswith('sim/') else 0]}/"
    own = [one for one in found if one.startswith(mirrored)]
    by_name = [one for one in own if Path(one).stem == f"test_{name}"]
    return by_name or own or found


def survives(mutant: Mutant, folder: Path) -> bool:
    """Return whether a mutant passes the tests of its file, run in a copy of the project."""
    place = folder / mutant.file
    kept = place.read_text(encoding="utf-8")
    place.write_text(mutant.text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [*command, *tests_of(mutant.file)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True,
            timeout=SECONDS,
        )
        return done.returncode == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        place.write_text(kept, encoding="utf-8")


def drawn(count: int, seed: int) -> list[Mutant]:
    """Return mutants of files that have tests: a file by lot, then one of its mutants by lot."""
    lot = random.Random(seed)
    files = [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not any(path.match(pattern) for pattern in LEFT_OUT)
        and tests_of(path.relative_to(ROOT).as_posix())
    ]
    found: list[Mutant] = []
    while len(found) < count:
        mutant = mutant_of(lot.choice(files), lot)
        if mutant is not None:
            found.append(mutant)
    return found


def main() -> None:
    """Draw mutants, run their tests, and list those that survive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=None, help="file for the list of survivors")
    given = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "copy"
        left_out = shutil.ignore_patterns(".git", ".venv", "results", "__pycache__", "*_cache")
        shutil.copytree(ROOT, folder, ignore=left_out)
        for mutant in drawn(given.count, given.seed):
            alive = survives(mutant, folder)
            line = f"{mutant.file}:{mutant.line}: {mutant.before} -> {mutant.after}"
            print(f"{'SURVIVES' if alive else 'dies'}  {line}", flush=True)
            lines += [line] if alive else []
    died = given.count - len(lines)
    print(f"{died} of {given.count} died (seed {given.seed})")
    if given.out is not None:
        given.out.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
