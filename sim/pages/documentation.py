"""The documentation and the course as pages of the folder, and a search over all of them.

MkDocs reads `mkdocs.yml`, checks every link and lists every section; what it makes becomes pages
like the others: one file each, pictures inside, a policy that lets nothing else run.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import mimetypes
import re
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from sim.errors import InputError
from sim.pages.page import Page, bundled, page

SOURCE = Path(__file__).resolve().parents[2]
THEME = Path(__file__).with_name("theme")
FOLDER = "docs"
STUDENTS = SOURCE / "notebooks" / "built" / "students"
SECONDS_A_CELL = 600


class Section(NamedTuple):
    """A heading and the text below it, as the search wants it."""

    href: str
    page: str
    title: str
    text: str


def left_out() -> str:
    """Return why the documentation cannot be made here; empty where it can."""
    if not (SOURCE / "mkdocs.yml").is_file():
        return "it stands in a copy of the project, not in the installed package"
    if find_spec("mkdocs") is None:
        return "it needs MkDocs: python -m pip install 'mkdocs>=1.6'"
    return ""


def run_notebooks(folder: Path) -> None:
    """Run the students' notebooks, as they stand, into a folder.

    Raises
    ------
    InputError
        Where the packages that run notebooks are missing.
    """
    if missing := [one for one in ("ipykernel", "nbclient") if find_spec(one) is None]:
        raise InputError(
            f"run-notebooks: needs {' and '.join(missing)}; in the project's folder: "
            'python -m pip install -c constraints.txt -e ".[teach]"'
        )
    import nbformat
    from nbclient import NotebookClient

    for source in sorted(STUDENTS.glob("*.ipynb")):
        notebook = nbformat.read(source, as_version=4)
        with tempfile.TemporaryDirectory() as place:
            NotebookClient(
                notebook, timeout=SECONDS_A_CELL, resources={"metadata": {"path": place}}
            ).execute()
        nbformat.write(notebook, folder / source.name)


def with_pictures(text: str, folder: Path) -> str:
    """Return HTML with its pictures inside."""

    def inside(match: re.Match[str]) -> str:
        picture = folder / match[1]
        kind, _ = mimetypes.guess_type(picture)
        return f'src="data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode()}"'

    return re.sub(r'src="(?!data:)([^"]*)"', inside, text)


def reachable(text: str) -> str:
    """Return HTML whose wide tables and long lines scroll by themselves, also by keyboard.

    Cells and rows end where the next begins; ten thousand marks of it are a tenth of a megabyte.
    """
    wide = (
        text.replace(
            "<table", '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table'
        )
        .replace("</table>", "</table></div>")
        .replace("<th></th>", "<td></td>")
        .replace("<pre>", '<pre tabindex="0">')
    )
    return re.sub(r"</t[dhr]>\n", "", wide)


def sections(index: Mapping[str, Any], titles: Mapping[str, str]) -> list[Section]:
    """Return the sections of MkDocs' search index; its entries of whole pages repeat them."""
    return [
        Section(
            f"{FOLDER}/{one['location']}",
            titles[one["location"].partition("#")[0]],
            html.unescape(one["title"]),
            re.sub(r"\s+", " ", html.unescape(one["text"])),
        )
        for one in index["docs"]
        if "#" in one["location"]
    ]


def contents(nav: Sequence[Any]) -> str:
    """Return the contents of `mkdocs.yml` as cards with links."""

    def link(entry: Mapping[str, str]) -> str:
        ((title, source),) = entry.items()
        place = f"{FOLDER}/{source.removesuffix('.md')}.html"
        return f'<li><a href="{place}">{html.escape(title)}</a></li>'

    parts: dict[str, list[Mapping[str, str]]] = {}
    for entry in nav:
        ((title, inside),) = entry.items()
        parts.setdefault(*("Begin here", []) if isinstance(inside, str) else (title, [])).extend(
            [entry] if isinstance(inside, str) else inside
        )
    return "".join(
        f'<section class="card"><h2>{html.escape(title)}</h2><ul class="links">'
        f"{''.join(map(link, entries))}</ul></section>"
        for title, entries in parts.items()
    )


def learn_page(inside: str, found: Sequence[Section] = ()) -> Page:
    """Return the page that leads to the others: a search, and what there is to read."""
    search = """\
<form class="row search" role="search" id="search"><label for="asked">Search headings and text\
</label><input id="asked" type="search" autocomplete="off" spellcheck="false"></form>
<p class="small mute" id="told" role="status"></p><ol class="hits" id="hits"></ol>
<noscript><p>The search needs JavaScript; the pages below do not.</p></noscript>"""
    # A third of its size; browsers unpack it themselves. No time: equal pages are equal bytes.
    data = gzip.compress(json.dumps(found, ensure_ascii=False).encode("utf-8"), mtime=0)
    return page(
        "learn.html",
        "Learn: documentation and course",
        f'<section class="head"><h1>Learn</h1></section>{search if found else ""}'
        f'<div class="contents">{inside}</div>',
        ("learn.css",),
        (f'const PACKED = "{base64.b64encode(data).decode()}";', bundled(("dom.js", "search.js")))
        if found
        else (),
    )


def documentation(notebooks: Path = STUDENTS) -> dict[str, Page]:
    """Return the pages of the documentation and of the course, and the page that leads to them.

    Parameters
    ----------
    notebooks : Path
        Folder of the notebooks, with or without what they print and draw.
    """
    if why := left_out():
        return {"learn.html": learn_page(f"<p>The documentation was left out here: {why}.</p>")}
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    with tempfile.TemporaryDirectory() as place:
        config = load_config(
            str(SOURCE / "mkdocs.yml"),
            theme={"name": None, "custom_dir": str(THEME)},
            site_dir=place,
            strict=True,
            extra={"notebooks": str(notebooks)},
        )
        build(config)
        made, titles = {}, {}
        for one in sorted(Path(place).rglob("*.html")):
            name = one.relative_to(place).as_posix()
            title, _, body = one.read_text(encoding="utf-8").partition("\n")
            titles[name] = html.unescape(title)
            made[f"{FOLDER}/{name}"] = page(
                f"{FOLDER}/{name}",
                titles[name],
                reachable(with_pictures(body, one.parent)),
                ("learn.css",),
            )
        index = json.loads((Path(place) / "search" / "search_index.json").read_text("utf-8"))
    return {"learn.html": learn_page(contents(config.nav or ()), sections(index, titles)), **made}
