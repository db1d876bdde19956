"""Build the notebooks of students and instructors from one source each.

A source is a Python file in jupytext's percent format. Cells tagged ``solution`` or ``instructor``
are left out for students. The result depends on the sources alone: cells are named after what is in
them, and nothing is executed. Run ``python -m notebooks.build`` after a change to a source.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent
BUILT = FOLDER / "built"
STUDENTS, INSTRUCTORS = "students", "instructors"
EDITIONS = (STUDENTS, INSTRUCTORS)
KEPT_FROM_STUDENTS = {"solution", "instructor"}
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def sources() -> list[Path]:
    """Return the sources in the order of the course."""
    return sorted(FOLDER.glob("[0-9]_*.py"))


def tags_of(cell: NotebookNode) -> set[str]:
    """Return the tags of a cell."""
    return set(cell["metadata"].get("tags", ()))


def name_of(cell: NotebookNode, taken: set[str]) -> str:
    """Return an identifier that follows from a cell's kind and text alone.

    A change to one cell so leaves the names of all others as they were; equal cells are numbered.
    """
    text = f"{cell['cell_type']}\n{cell['source']}"
    name = blake2b(text.encode(), digest_size=6).hexdigest()
    number = 1
    while (full := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    taken.add(full)
    return full


def edition(source: Path, who: str) -> NotebookNode:
    """Return the notebook of a source as students or instructors get it."""
    left_out = KEPT_FROM_STUDENTS if who == STUDENTS else set()
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    taken: set[str] = set()
    for cell in jupytext.read(source)["cells"]:
        if tags_of(cell) & left_out:
            continue
        new = (
            nbformat.v4.new_markdown_cell
            if cell["cell_type"] == "markdown"
            else nbformat.v4.new_code_cell
        )
        made = new(cell["source"], id=name_of(cell, taken))
        if tags_of(cell):
            made["metadata"]["tags"] = sorted(tags_of(cell))
        notebook["cells"].append(made)
    nbformat.validate(notebook)
    return notebook


def written() -> dict[Path, str]:
    """Return the text of every built notebook by its place."""
    return {
        BUILT / who / f"{source.stem}.ipynb": nbformat.writes(edition(source, who)) + "\n"
        for source in sources()
        for who in EDITIONS
    }


def stale() -> list[str]:
    """Return the built notebooks that are missing, differ from their source, or have none."""
    wanted = written()
    there = set(BUILT.rglob("*.ipynb"))
    wrong = {path for path in there if path not in wanted} | {
        path
        for path, text in wanted.items()
        if path not in there or path.read_text(encoding="utf-8") != text
    }
    return sorted(path.relative_to(FOLDER).as_posix() for path in wrong)


def build() -> None:
    """Write every notebook, and take away those whose source is gone."""
    wanted = written()
    for path in set(BUILT.rglob("*.ipynb")) - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    build()
