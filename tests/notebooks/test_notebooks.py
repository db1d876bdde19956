"""Claims about the course: every notebook runs, its solutions hold, students get no solutions."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("jupytext")
nbclient = pytest.importorskip("nbclient")

from nbformat import NotebookNode  # noqa: E402

from notebooks.build import (  # noqa: E402
    INSTRUCTORS,
    STUDENTS,
    build,
    edition,
    sources,
    stale,
    tags_of,
    written,
)

SOURCES = sources()
NAMES = [source.stem for source in SOURCES]
SECONDS_A_CELL = 600
"""Generous, so that a busy machine is no failure: it stops only what would never end."""
PARTS = (
    "Learning objectives",
    "Ten minutes of reading",
    "Predict first",
    "Exercise 1 (recall",
    "Exercise 2 (change",
    "Exercise 3 (design",
    "Common misreadings",
)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def text_of(notebook: NotebookNode) -> str:
    return "\n".join(cell["source"] for cell in notebook["cells"])


def executed(notebook: NotebookNode, folder: Path) -> NotebookNode:
    client = nbclient.NotebookClient(
        notebook, timeout=SECONDS_A_CELL, resources={"metadata": {"path": str(folder)}}
    )
    return client.execute()


def stored_names(code: str) -> set[str]:
    """Return the names that a cell gives a value, at its top level or below."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(one.asname or one.name).split(".")[0] for one in node.names}
    return found


def used_names(code: str) -> set[str]:
    return {
        node.id
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def needs_a_solution(notebook: NotebookNode) -> list[str]:
    """Return names that a student's cell uses and that only a solution gives a value.

    A cell that asks whether the student has written the name yet may use it.
    """
    of_students: set[str] = set()
    of_solutions: set[str] = set()
    wrong = []
    for cell in code_cells(notebook):
        code = cell["source"]
        if tags_of(cell) & {"solution", "instructor"}:
            of_solutions |= stored_names(code)
            continue
        of_students |= stored_names(code)
        for name in sorted((used_names(code) & of_solutions) - of_students):
            if f'"{name}" not in globals()' not in code:
                wrong.append(name)
    return wrong


def test_the_course_has_seven_notebooks() -> None:
    assert [name[0] for name in NAMES] == list("0123456")


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_a_notebook_runs_and_its_solutions_hold(source: Path, tmp_path: Path) -> None:
    done = executed(edition(source, INSTRUCTORS), tmp_path)
    assert all(cell["execution_count"] for cell in code_cells(done) if cell["source"].strip())


def test_the_built_notebooks_are_up_to_date() -> None:
    assert stale() == [], "run: python -m notebooks.build"


def test_a_stale_notebook_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("notebooks.build.FOLDER", tmp_path)
    monkeypatch.setattr("notebooks.build.BUILT", tmp_path / "built")
    source = tmp_path / "0_a.py"
    source.write_text('# %%\n1\n\n# %% tags=["solution"]\n2\n', encoding="utf-8")
    assert stale() == ["built/instructors/0_a.ipynb", "built/students/0_a.ipynb"]
    build()
    assert stale() == []
    source.write_text('# %%\n1\n\n# %% tags=["solution"]\n3\n', encoding="utf-8")
    assert stale() == ["built/instructors/0_a.ipynb"], "students do not see the solution"
    source.rename(tmp_path / "1_b.py")
    build()
    assert {path.stem for path in (tmp_path / "built").rglob("*.ipynb")} == {"1_b"}


def test_building_twice_gives_the_same_bytes() -> None:
    assert written() == written()


def test_a_change_to_one_cell_leaves_the_names_of_others(tmp_path: Path) -> None:
    source = tmp_path / "0_a.py"
    source.write_text("# %%\n1\n\n# %%\n1\n\n# %%\n2\n", encoding="utf-8")
    before = [cell["id"] for cell in edition(source, STUDENTS)["cells"]]
    source.write_text("# %%\n1\n\n# %%\n1\n\n# %%\n3\n", encoding="utf-8")
    after = [cell["id"] for cell in edition(source, STUDENTS)["cells"]]
    assert len(set(before)) == 3
    assert before[:2] == after[:2]
    assert before[2] != after[2]


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_a_notebook_has_the_parts_of_the_course(source: Path) -> None:
    text = text_of(edition(source, STUDENTS))
    assert [part for part in PARTS if part not in text] == []
    assert "**Machine** " in text


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_every_exercise_has_a_solution_with_an_assertion(source: Path) -> None:
    solutions = [
        cell["source"]
        for cell in code_cells(edition(source, INSTRUCTORS))
        if "solution" in tags_of(cell)
    ]
    assert len(solutions) >= 3
    asserting = [
        code
        for code in solutions
        if any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(code)))
    ]
    assert len(asserting) >= 3


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_students_get_no_solutions_and_no_notes(source: Path) -> None:
    whole, given = edition(source, INSTRUCTORS), edition(source, STUDENTS)
    kept_back = [one for one in whole["cells"] if tags_of(one) & {"solution", "instructor"}]
    assert any("instructor" in tags_of(one) for one in kept_back), "instructors have notes"
    assert not {one["id"] for one in kept_back} & {one["id"] for one in given["cells"]}
    assert len(given["cells"]) == len(whole["cells"]) - len(kept_back)
    assert not any(one.get("outputs") for one in whole["cells"])


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_what_students_run_needs_no_solution(source: Path) -> None:
    assert needs_a_solution(edition(source, INSTRUCTORS)) == []


def test_a_cell_that_needs_a_solution_is_found(tmp_path: Path) -> None:
    source = tmp_path / "0_a.py"
    text = '# %%\na = 1\n\n# %% tags=["solution"]\na = b = c = 2\n\n# %%\n'
    source.write_text(f"{text}print(a, b)\n", encoding="utf-8")
    assert needs_a_solution(edition(source, INSTRUCTORS)) == ["b"]
    source.write_text(f'{text}if "c" not in globals():\n    c\n', encoding="utf-8")
    assert needs_a_solution(edition(source, INSTRUCTORS)) == []


def second_notebook_with(typed: str) -> NotebookNode:
    """Return the students' notebook 2 up to exercise 1, with what a student typed there."""
    (source,) = (one for one in SOURCES if one.stem.startswith("2_"))
    notebook = edition(source, STUDENTS)
    cells = notebook["cells"]
    empty = next(i for i, one in enumerate(cells) if one["source"].startswith("# Type your"))
    ready = next(i for i, one in enumerate(cells) if "not in globals()" in one["source"])
    assert empty < ready
    cells[empty]["source"] = typed
    del cells[ready + 1 :]
    return notebook


def typed_to_the_letter() -> str:
    """Return the lines that exercise 1 of notebook 2 tells students to type."""
    (source,) = (one for one in SOURCES if one.stem.startswith("2_"))
    steps = next(
        cell["source"]
        for cell in edition(source, STUDENTS)["cells"]
        if "Exercise 1" in cell["source"]
    )
    block = re.search(r"```\n(.*?)```", steps, re.S)
    assert block is not None
    # Jupyter shows the block without the indent that it has as part of a list.
    return "".join(line[3:] + "\n" for line in block[1].splitlines() if line.strip())


def printed_last(notebook: NotebookNode) -> str:
    return "".join(one.get("text", "") for one in notebook["cells"][-1]["outputs"])


@pytest.mark.slow
def test_a_beginner_finishes_the_first_exercise_of_notebook_2(tmp_path: Path) -> None:
    typed = typed_to_the_letter()
    lines = typed.splitlines()
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 4, 8], "as the steps say"
    skill, fidelity = printed_last(executed(second_notebook_with(typed), tmp_path)).splitlines()
    assert float(skill.split()[-1]) > 0
    assert float(fidelity.split()[-1]) > float(skill.split()[-1])


@pytest.mark.slow
def test_a_beginner_who_runs_the_ready_cell_too_early_is_told(tmp_path: Path) -> None:
    notebook = second_notebook_with("")
    notebook["cells"] = notebook["cells"][-1:]
    assert "do steps 1 to 3" in printed_last(executed(notebook, tmp_path))
