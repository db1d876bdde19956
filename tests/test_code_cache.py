"""Compiled code is kept, and never used again after a rule has changed."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.engines import code_cache, compiled
from sim.engines.week_source import week_source

SIM = Path(code_cache.__file__).parents[1]
# Imported by what is compiled, but nothing of theirs is compiled.
NOT_COMPILED = {
    "__init__.py",
    "engines/__init__.py",
    "engines/code_cache.py",
    "errors.py",
    "files.py",
    "reading/__init__.py",
    "reading/numbers.py",
}

# A small function, whose rule of behaviour stands in another file.
PROGRAM = """
import numpy as np
from sim.engines import compiled
from sim.measures.implementation import add_staff, no_staff_totals
from sim.parameters import defaults, to_record
staff = np.zeros(1, compiled.STAFF_DTYPE)
staff["present"] = 1
staff["behaviour_goals"] = 0.4
add = compiled.compile_rule(add_staff)
total = add(no_staff_totals(), staff[0], to_record(defaults())[0])
print(float(total.behaviour), sum(add.stats.cache_hits.values()), compiled.CACHE_FOLDER)
"""

# One small part of the mixed model, kept where all of it is: compiling all takes many times longer.
FIT = """
from sim.trials.fits import random_intercept_compiled as compiled
from sim.trials.fits.t_distribution import beta_fraction
part = compiled.compile_fit(beta_fraction)
print(part(2.0, 3.0, 0.4), sum(part.stats.cache_hits.values()), compiled.FOLDER)
"""


# What is not imported at first must be there for those who multiply matrices.
MATRICES = """
import sys
import numpy as np
from sim.engines import code_cache
compiled = code_cache.compiler(None)
@compiled
def product(a, b):
    return np.dot(a, b)
spared = "scipy.linalg" not in sys.modules
print(product(np.array([1.0, 2.0]), np.array([3.0, 4.0])), int(spared), "None")
"""


# Compiling takes half a minute; that no code is kept says enough.
WHERE = """
from sim.trials.fits.random_intercept_compiled import FOLDER
print(0, sum(1 for _ in FOLDER.rglob("*.nbi")), FOLDER)
"""


def copied(folder: Path) -> Path:
    # What Python has translated goes along; not what a process beside this one has half written.
    shutil.copytree(SIM, folder / "sim", ignore=shutil.ignore_patterns("*.pyc.*"))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the package that may be edited."""
    return copied(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package that stays as it is, or becomes so again."""
    return copied(tmp_path_factory.mktemp("shared"))


def run(project: Path, cache: Path, program: str = PROGRAM) -> tuple[float, int, str]:
    """Compile and run one function of the copy; return its result, cache hits, and the folder."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        env={**os.environ, "REFOCUS_CACHE_DIR": str(cache), "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    result, hits, folder = done.stdout.split()
    return float(result), int(hits), folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_an_edited_rule_is_compiled_anew(project: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first, hits, folder = run(project, cache)
    assert first == pytest.approx(0.1)
    assert hits == 0
    again, hits, same_folder = run(project, cache)
    assert (again, hits, same_folder) == (first, 1, folder), "unedited code is not compiled again"
    edit(project / "sim/mechanisms/influence.py", "return 0.25 * (", "return 0.75 * (")
    edited, hits, other_folder = run(project, cache)
    assert edited == pytest.approx(0.3)
    assert hits == 0
    assert other_folder != folder


def test_an_edited_mixed_model_is_compiled_anew_and_the_week_is_not(
    project: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    week = code_cache.source_hash()
    first, hits, folder = run(project, cache, FIT)
    assert hits == 0
    assert run(project, cache, FIT) == (first, 1, folder)
    assert Path(folder).name != week
    edit(
        project / "sim/trials/fits/random_intercept.py", "START_RATIO = 0.05", "START_RATIO = 0.06"
    )
    _, kept, other_folder = run(project, cache, WHERE)
    assert kept == 0
    assert other_folder != folder
    assert code_cache.source_hash() == week


def test_without_a_folder_to_write_code_is_compiled_in_memory(
    project: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way", encoding="utf-8")
    result, hits, folder = run(project, blocked / "cache")
    assert result == pytest.approx(0.1)
    assert (hits, folder) == (0, "None")
    assert blocked.read_text(encoding="utf-8") == "in the way"


def test_linear_algebra_is_imported_by_what_needs_it_and_not_before(tmp_path: Path) -> None:
    assert run(SIM.parent, tmp_path, MATRICES) == (11.0, 1, "None")


def reached_from(start: str) -> set[str]:
    """Return the files of the package that a module imports, directly or not."""
    todo, found = [start], set()
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        tree = ast.parse((SIM / name).read_text(encoding="utf-8"))
        # What only type checkers import does not run.
        tree.body = [node for node in tree.body if not isinstance(node, ast.If)]
        modules = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sim":
                modules |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
            elif isinstance(node, ast.Import):
                modules |= {one.name for one in node.names if one.name.split(".")[0] == "sim"}
        for module in modules:
            base = "/".join(module.split(".")[1:])
            for path in (f"{base}.py", f"{base}/__init__.py" if base else "__init__.py"):
                if base and (SIM / path).is_file():
                    todo.append(path)
    return found


def hash_of(project: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(code_cache, "__file__", str(project / "sim/engines/code_cache.py"))
    return code_cache.source_hash()


COMPILED = sorted(
    (
        reached_from("engines/compiled.py")
        | {f"mechanisms/{one.name}" for one in SIM.glob("mechanisms/*.py")}
    )
    - NOT_COMPILED
)


def test_the_sources_that_are_reached_are_those_one_would_name() -> None:
    assert {"engines/compiled.py", "state.py", "streams.py", "mechanisms/flow.py"} <= set(COMPILED)
    assert "measures/user.py" in COMPILED
    assert not {"model.py", "simulate.py", "agents/staff.py"} & set(COMPILED)


@pytest.mark.parametrize("name", COMPILED)
def test_every_source_that_is_compiled_decides_the_folder(
    name: str, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hash_of(shared, monkeypatch)
    path = shared / "sim" / name
    text = path.read_bytes()
    path.write_bytes(text + b"\nONE_MORE = 1\n")
    edited = hash_of(shared, monkeypatch)
    path.write_bytes(text)
    assert edited != before
    assert hash_of(shared, monkeypatch) == before


def test_every_source_that_the_compiled_mixed_model_reaches_decides_its_folder() -> None:
    reached = reached_from("trials/fits/random_intercept_compiled.py") - NOT_COMPILED
    assert reached - {"trials/__init__.py", "trials/fits/__init__.py"} == set(
        code_cache.FIT_SOURCES
    )


def test_what_is_not_compiled_does_not_decide_the_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hash_of(project, monkeypatch)
    edit(project / "sim/engines/mesa_model.py", "import mesa", "import mesa  # edited")
    assert hash_of(project, monkeypatch) == before


def test_the_folder_is_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFOCUS_CACHE_DIR", str(tmp_path / "here"))
    folder = code_cache.prepare()
    assert folder == tmp_path / "here" / code_cache.source_hash()
    assert folder.is_dir()
    assert not code_cache.is_filled(folder)
    (folder / "rules").mkdir()
    (folder / "rules" / "rule.nbi").touch()
    assert code_cache.is_filled(folder)
    assert not code_cache.is_filled(None)
    monkeypatch.delenv("REFOCUS_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert code_cache.cache_root() == tmp_path / "caches" / "refocus-simulation"


def test_the_source_of_the_week_is_written_once_for_each_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = compiled.week_text(tmp_path)
    assert compiled.week_text(None) == text == week_source()
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(compiled, "week_source", lambda: "another")
    assert compiled.week_text(tmp_path) == text
    # Names of parameters stand in files that do not name the folder.
    monkeypatch.setattr(compiled, "registry", lambda: {"one": None})
    assert compiled.week_text(tmp_path) == "another"


def aged(folder: Path, days: int) -> Path:
    folder.mkdir()
    then = time.time() - 86400 * days
    os.utime(folder, (then, then))
    return folder


def test_old_folders_of_compiled_code_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFOCUS_CACHE_DIR", str(tmp_path))
    old = [aged(tmp_path / f"{number:020x}", number) for number in range(1, 10)]
    current = code_cache.prepare()
    kept = {one.name for one in tmp_path.iterdir()}
    expected = {one.name for one in old[: code_cache.KEPT_FOLDERS - 1]}
    assert current is not None
    assert kept == expected | {current.name}


def test_old_folders_that_another_process_removes_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFOCUS_CACHE_DIR", str(tmp_path))
    old = [aged(tmp_path / f"{number:020x}", number) for number in range(1, 13)]
    remove = shutil.rmtree

    def removed_with_others(folder: Path, ignore_errors: bool) -> None:
        for one in old[code_cache.KEPT_FOLDERS - 1 :]:
            remove(one, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", removed_with_others)
    assert code_cache.prepare() is not None
    assert [one.is_dir() for one in old] == [True] * 7 + [False] * 5


def test_code_that_another_version_used_today_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFOCUS_CACHE_DIR", str(tmp_path))
    in_use = [aged(tmp_path / f"{number:020x}", 0) for number in range(1, 13)]
    code_cache.prepare()
    assert [one.name for one in in_use if not one.is_dir()] == []


def test_folders_that_are_not_ours_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFOCUS_CACHE_DIR", str(tmp_path))
    others = [aged(tmp_path / f"thesis {number}", number) for number in range(1, 10)]
    code_cache.prepare()
    assert [one.name for one in others if not one.is_dir()] == []
