"""Claims about the course: every notebook runs, its solutions hold, students get no solutions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("jupytext")
pytest.importorskip("jupyter_client")

from jupyter_client.blocking.client import BlockingKernelClient  # noqa: E402
from jupyter_client.manager import start_new_kernel  # noqa: E402
from nbformat import NotebookNode  # noqa: E402

from notebooks.build import (  # noqa: E402
    BUILT,
    EDITIONS,
    FOLDER,
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


@pytest.fixture(scope="module")
def kernel() -> Iterator[BlockingKernelClient]:
    """Start one kernel for all: to start one takes as long as what most notebooks work."""
    manager, client = start_new_kernel(extra_arguments=["--HistoryManager.hist_file=:memory:"])
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def executed(notebook: NotebookNode, folder: Path, kernel: BlockingKernelClient) -> NotebookNode:
    """Run a notebook in a folder; it finds no name of those that ran before.

    The client waits without an event loop: in one that several notebooks share a reply was at times
    not noticed before the whole patience had passed.
    """
    run_cell(f"%reset -f\nimport os\nos.chdir({str(folder)!r})\ndel os", kernel)
    for cell in code_cells(notebook):
        if cell["source"].strip():
            cell["outputs"], cell["execution_count"] = run_cell(cell["source"], kernel)
    return notebook


def run_cell(code: str, kernel: BlockingKernelClient) -> tuple[list[NotebookNode], int]:
    """Return what a cell printed and showed, and its number; an error in it fails the test."""
    outputs: list[NotebookNode] = []

    def note(message: dict[str, Any]) -> None:
        if message["header"]["msg_type"] in ("stream", "display_data", "execute_result"):
            outputs.append(nbformat.v4.output_from_msg(message))

    reply = kernel.execute_interactive(
        code, allow_stdin=False, timeout=SECONDS_A_CELL, output_hook=note
    )["content"]
    told = "\n".join(reply.get("traceback", []))
    assert reply["status"] == "ok", f"{code}\n{told}"
    return outputs, reply["execution_count"]


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


def test_the_course_has_nine_notebooks() -> None:
    assert [name[0] for name in NAMES] == list("012345678")


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_a_notebook_runs_and_its_solutions_hold(
    source: Path, tmp_path: Path, kernel: BlockingKernelClient
) -> None:
    done = executed(edition(source, INSTRUCTORS), tmp_path, kernel)
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


def minutes_of(notebook: NotebookNode) -> tuple[int, dict[str, int], list[int]]:
    """Return the minutes of a class as printed: in all, by part, and of each exercise."""
    text = text_of(notebook)
    line = re.search(r"\*\*Time\*\* (\d+) minutes: (.+)\.$", text, re.M)
    assert line is not None, "a line such as: **Time** 90 minutes: reading 10, exercises 80."
    parts = [one.rsplit(" ", 1) for one in line[2].split(", ")]
    exercises = re.findall(r"^### Exercise \d \(\w+, (\d+) minutes\)", text, re.M)
    return (
        int(line[1]),
        {part: int(number) for part, number in parts},
        [int(number) for number in exercises],
    )


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_a_class_adds_up_to_ninety_minutes(source: Path) -> None:
    whole, parts, exercises = minutes_of(edition(source, STUDENTS))
    assert whole == sum(parts.values()) <= 90
    assert parts["reading"] == 10
    assert {"prediction", "exercises"} < set(parts)
    assert len(exercises) == 3
    assert parts["exercises"] == sum(exercises)


WORDS_IN_TEN_MINUTES = 1500
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def words(markdown: str) -> int:
    """Return how many words of text there are, leaving out tables' rules and hidden comments."""
    return len(re.findall(r"[^\W_][\w'.,-]*", re.sub(r"<!--.*?-->", "", markdown, flags=re.S)))


def section(document: Path, heading: str) -> str:
    """Return the text under a heading up to the next, without tables."""
    text = document.read_text(encoding="utf-8")
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.S | re.M)
    assert found is not None, f"{document.name} has no heading {heading!r}"
    return "\n".join(line for line in found[1].splitlines() if not line.startswith("|"))


def linked(notebook: NotebookNode, folder: Path) -> set[Path]:
    """Return the files that a notebook in this folder links to by a relative path."""
    text = "\n".join(one["source"] for one in notebook["cells"] if one["cell_type"] == "markdown")
    return {(folder / link).resolve() for link in LINK.findall(text) if "://" not in link}


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_the_reading_takes_ten_minutes(source: Path) -> None:
    (reading,) = (
        cell
        for cell in edition(source, STUDENTS)["cells"]
        if cell["source"].startswith("## Ten minutes of reading")
    )
    only = nbformat.v4.new_notebook(cells=[reading])
    documents = linked(only, BUILT / STUDENTS)
    headings = re.findall(r"^\* \*([^*]+)\*", reading["source"], re.M)
    assert len(documents) <= 1, "sections to read are named for one document"
    assert not documents or headings, "a document to read without its sections is too long"
    count = words(reading["source"])
    for document in documents:
        count += sum(words(section(document, heading)) for heading in headings)
    assert 100 < count <= WORDS_IN_TEN_MINUTES


@pytest.mark.parametrize("who", EDITIONS)
@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_links_open_where_jupyter_was_started_in_the_project(source: Path, who: str) -> None:
    project = FOLDER.parent
    notebook = edition(source, who)
    assert re.findall(r"(?<!\[)`docs/[^`]*`", text_of(notebook)) == [], "named without a link"
    for target in linked(notebook, BUILT / who):
        assert target.is_relative_to(project)
        assert target.is_file(), target.relative_to(project)


def test_the_course_says_to_start_jupyter_in_the_project() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    started = re.findall(r"^\S*jupyter lab(.*)$", text, re.M)
    assert started == [""], "a folder named there would be the root, and links to docs not open"


def test_headings_that_exercise_1_of_notebook_2_names_are_in_the_description() -> None:
    named = re.findall(r"^ *\* `#### (\w+)`", steps_of_notebook_2(), re.M)
    assert len(named) == 3
    for heading in named:
        assert words(section(FOLDER.parent / "docs" / "ODD.md", heading)) > 5


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_every_exercise_gives_students_a_cell_to_answer_in(source: Path) -> None:
    cells = edition(source, STUDENTS)["cells"]
    starts = [i for i, one in enumerate(cells) if "### Exercise " in one["source"]]
    ends = [*starts[1:], next(i for i, one in enumerate(cells) if "## Common" in one["source"])]
    assert len(starts) == 3
    for start, end in zip(starts, ends, strict=True):
        assert any(
            one["cell_type"] == "code" or one["source"].startswith("**Your ")
            for one in cells[start + 1 : end]
        ), cells[start]["source"].splitlines()[0]


def steps_of_notebook_2() -> str:
    """Return what students are told to do in exercise 1 of notebook 2."""
    (source,) = (one for one in SOURCES if one.stem.startswith("2_"))
    return next(
        str(cell["source"])
        for cell in edition(source, STUDENTS)["cells"]
        if "Exercise 1" in cell["source"]
    )


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
    block = re.search(r"```\n(.*?)```", steps_of_notebook_2(), re.S)
    assert block is not None
    # Jupyter shows the block without the indent that it has as part of a list.
    return "".join(line[3:] + "\n" for line in block[1].splitlines() if line.strip())


def printed_last(notebook: NotebookNode) -> str:
    return "".join(one.get("text", "") for one in notebook["cells"][-1]["outputs"])


@pytest.mark.slow
def test_a_beginner_finishes_the_first_exercise_of_notebook_2(
    tmp_path: Path, kernel: BlockingKernelClient
) -> None:
    typed = typed_to_the_letter()
    lines = typed.splitlines()
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 4, 8], "as the steps say"
    done = executed(second_notebook_with(typed), tmp_path, kernel)
    skill, fidelity = printed_last(done).splitlines()
    assert float(skill.split()[-1]) > 0
    assert float(fidelity.split()[-1]) > float(skill.split()[-1])


@pytest.mark.slow
def test_a_beginner_who_runs_the_ready_cell_too_early_is_told(
    tmp_path: Path, kernel: BlockingKernelClient
) -> None:
    notebook = second_notebook_with("")
    notebook["cells"] = notebook["cells"][-1:]
    assert "do steps 1 to 3" in printed_last(executed(notebook, tmp_path, kernel))
