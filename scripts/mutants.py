"""Do the tests of a file notice when the file is wrong? ``make mutants`` (not part of ./test).

A mutant is a copy of the project in which one operator, number or condition of one file was
changed. The file's own tests, those that import it, run on the copy; a mutant that passes them all
*survives* and shows what no test holds. One that never ends dies where the unchanged tests end in
half of the time. Mutants are drawn by a seed, so that a run can be repeated; in the end the tests
that saw mutants run once more on the unchanged copy, where all must pass.

    python -m scripts.mutants --count 100 --seed 1 --jobs 2 --out mutants.txt
"""

from __future__ import annotations

import argparse
import ast
import copy
import functools
import importlib
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("sim/mechanisms", "sim/trials", "sim/planning", "calibration")
LEFT_OUT = ("*_text.py", "__init__.py", "*_notes.py", "cli.py", "report*.py")
"""Words for people: their tests look at sense, not at every letter."""
TESTS = "tests/**/test_*.py"
OPTIONS = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-W", "ignore:Module already imported")
SECONDS = 300
LIBRARIES = (
    "hypothesis",
    "matplotlib.pyplot",
    "mesa",
    "numba",
    "pandas",
    "pydantic",
    "scipy.stats",
)
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


def importers_of(module: str, pattern: str) -> list[str]:
    """Return the files that import a module, of those that a pattern of paths finds."""
    package, _, name = module.rpartition(".")
    wanted = re.compile(
        rf"(from {re.escape(module)} import|import {re.escape(module)}\b"
        rf"|from {re.escape(package)} import [^\n]*\b{name}\b)"
    )
    return [
        one.relative_to(ROOT).as_posix()
        for one in sorted(ROOT.glob(pattern))
        if wanted.search(one.read_text(encoding="utf-8"))
    ]


def module_of(file: str) -> str:
    """Return the name by which a file of the project is imported."""
    return file.removesuffix(".py").replace("/", ".")


@functools.cache
def tests_of(file: str) -> tuple[str, ...]:
    """Return the test files of a file: those that import it, of its own folder where there are any.

    A part that no test imports has the tests of the nearest files that use it; one that is loaded
    by its name, those of the files that load its folder. The test file of its name comes first: it
    sees most mutants, in little time.
    """
    top = file.split("/")[0]
    mirrored = f"tests/{file.split('/')[1 if top == 'sim' else 0]}/"
    seen: set[str] = set()
    modules = {module_of(file)}
    while modules:
        seen |= modules
        found = sorted({test for one in modules for test in importers_of(one, TESTS)})
        own = [one for one in found if one.startswith(mirrored)]
        if found:
            name = f"/test_{Path(file).name}"
            return tuple(sorted(own or found, key=lambda test: not test.endswith(name)))
        users = {user for one in modules for user in importers_of(one, f"{top}/**/*.py")}
        modules = {module_of(user) for user in users} or {one.rpartition(".")[0] for one in modules}
        modules -= seen | {""}
    return ()


class Verdict(NamedTuple):
    """What became of a mutant: ``dies``, ``SURVIVES`` or ``TOO SLOW``, and the test that saw it."""

    word: str
    test: str = ""


def verdict_on(mutant: Mutant, tests: Sequence[str], folder: Path) -> Verdict:
    """Run tests on a copy of the project that has the mutant."""
    place = folder / mutant.file
    kept = place.read_text(encoding="utf-8")
    place.write_text(mutant.text, encoding="utf-8")
    try:
        return run_tests(tests, folder)
    finally:
        place.write_text(kept, encoding="utf-8")


def dies_of_no_end(tests: Sequence[str], folder: Path) -> bool:
    """Return whether tests that did not end do so on the unchanged copy, in half of the time."""
    start = time.monotonic()
    ends = run_tests(tests, folder).word == "SURVIVES"
    return ends and time.monotonic() - start < SECONDS / 2


def run_in_child(tests: Sequence[str], folder: Path, told: int) -> NoReturn:
    """Run tests in a process that is a fork, and end it: nothing of its parent is cleaned up."""
    code = 1
    try:
        os.setpgid(0, 0)
        os.dup2(told, 1)
        os.dup2(told, 2)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = str(folder)
        sys.path.insert(0, str(folder))
        code = pytest.main([*OPTIONS, *tests])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def run_tests(tests: Sequence[str], folder: Path, seconds: float = SECONDS) -> Verdict:
    """Run tests in a copy of the project until one fails, in a fork with its libraries."""
    with tempfile.TemporaryFile("w+") as told:
        child = os.fork()
        if not child:
            run_in_child(tests, folder, told.fileno())
        ends = time.monotonic() + seconds
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > ends:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return Verdict("TOO SLOW")
            time.sleep(0.02)
        told.seek(0)
        output = told.read()
        # Without its parameters, in which there may be blanks.
        failed = re.search(r"^(?:FAILED|ERROR) ([^\s\[]+)", output, re.MULTILINE)
    if status and not failed and os.WIFEXITED(status):
        raise RuntimeError(f"no test ran:\n{output[-2000:]}")
    return Verdict("dies" if status else "SURVIVES", failed[1] if failed else "")


def compiled_code() -> list[Path]:
    """Return the folders of compiled code of the unchanged project.

    Another process is asked: here the project must not be imported, as forks are to read the copy.
    """
    command = (
        "from sim.engines.code_cache import FIT_SOURCES, SOURCES, prepare\n"
        "for sources in (SOURCES, FIT_SOURCES): print(prepare(sources) or '')"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, cwd=ROOT)
    return [Path(line) for line in done.stdout.splitlines() if line]


def drawn(count: int, seed: int, only: str) -> list[Mutant]:
    """Return mutants: a file by lot, then one of its mutants by lot; no mutant twice."""
    lot = random.Random(seed)
    files = [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.relative_to(ROOT).as_posix().startswith(only)
        and not any(path.match(pattern) for pattern in LEFT_OUT)
        and places_of(ast.parse(path.read_text(encoding="utf-8")))
    ]
    if not files:
        raise SystemExit(f"--only {only}: no file in which mutants are made begins so")
    found: list[Mutant] = []
    for _ in range(20 * count):
        mutant = mutant_of(lot.choice(files), lot)
        if mutant is not None and mutant not in found and len(found) < count:
            found.append(mutant)
    return found


class Examined(NamedTuple):
    """Mutants' verdicts, and what the tests that saw them say of the unchanged copy."""

    verdicts: list[Verdict]
    unchanged: Verdict


def examined(mutants: Sequence[Mutant], tests: Sequence[str] | None) -> Examined:
    """Run the tests of mutants on a copy of the project, one mutant after the other."""
    verdicts = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "copy"
        left_out = shutil.ignore_patterns(".git", ".venv", "results", "__pycache__", "*_cache")
        shutil.copytree(ROOT, folder, ignore=left_out)
        # A changed rule is compiled code of its own: not for the user's cache.
        cache = Path(temporary) / "code"
        for kept in compiled_code():
            shutil.copytree(kept, cache / kept.name)
        os.environ["REFOCUS_CACHE_DIR"] = str(cache)
        # Now, as the project may change while mutants run on the copy.
        in_copy = {mutant.file: tests or tests_of(mutant.file) for mutant in mutants}
        for mutant in mutants:
            verdict = verdict_on(mutant, in_copy[mutant.file], folder)
            if verdict.word == "TOO SLOW" and dies_of_no_end(in_copy[mutant.file], folder):
                verdict = Verdict("dies")
            print(f"{verdict.word:8}  {line_of(mutant)}  {verdict.test}", flush=True)
            verdicts.append(verdict)
        killers = sorted({verdict.test for verdict in verdicts} - {""})
        unchanged = Verdict("SURVIVES")
        if killers:
            unchanged = run_tests(killers, folder, SECONDS * len(killers))
    return Examined(verdicts, unchanged)


def line_of(mutant: Mutant) -> str:
    """Return a mutant in one line: where, and what became of what."""
    return f"{mutant.file}:{mutant.line}: {mutant.before} -> {mutant.after}"


def examined_side_by_side(
    mutants: Sequence[Mutant], tests: Sequence[str] | None, jobs: int
) -> list[Examined]:
    """Share mutants out among processes, each with a copy of the project."""
    # Forks of this process, which has the libraries and has not imported the project.
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
        started = [pool.submit(examined, mutants[job::jobs], tests) for job in range(jobs)]
        return [job.result() for job in started]


def main() -> None:
    """Draw mutants, run their tests, and list those that survive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="files whose path begins so")
    parser.add_argument("--tests", nargs="*", help="run these test files, not all of a file's own")
    parser.add_argument("--jobs", type=int, default=1, help="processes, each with its own copy")
    parser.add_argument("--out", type=Path, default=None, help="file for the list of survivors")
    given = parser.parse_args()
    for library in LIBRARIES:
        importlib.import_module(library)
    mutants = drawn(given.count, given.seed, given.only)
    shares = examined_side_by_side(mutants, given.tests, given.jobs)
    lines = [
        line_of(mutant)
        for job, share in enumerate(shares)
        for mutant, verdict in zip(mutants[job :: given.jobs], share.verdicts, strict=True)
        if verdict.word != "dies"
    ]
    died = len(mutants) - len(lines)
    print(f"{died} of {len(mutants)} died (seed {given.seed})")
    for unchanged in (share.unchanged for share in shares):
        if unchanged.word == "dies":
            print(f"NOT TO BE TRUSTED: without any change, this fails too: {unchanged.test}")
        elif unchanged.word == "TOO SLOW":
            print("not known whether tests pass without any change: they took too long together")
    if given.out is not None:
        given.out.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
