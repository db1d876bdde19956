"""What differs between pages read in the repository and on the site."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

SOURCE_LINK = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?:sim|calibration|tests|notebooks)/[^)]*\)")
TERM = re.compile(r"^\*\*(.+?)\.\*\* ", re.MULTILINE | re.DOTALL)
COURSE = Path(__file__).resolve().parents[1] / "notebooks" / "built" / "students"
THEORY = re.compile(r'<p><img alt="([^"]*)" src="(img/theory\.svg)" /></p>')
CONTROL = "application/vnd.jupyter.widget-view+json"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links to source files, which the site does not carry, into plain text.

    The glossary's terms become headings, so that the search finds each by itself.
    """
    if page.file.src_uri == "glossary.md":
        markdown = TERM.sub(r"## \1 {.term}\n\n", markdown)
    return SOURCE_LINK.sub(r"\1", markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Set the theory's picture into its page, where its arrows lead to their rules.

    As an image of its own its links are dead, and a narrow screen makes it too small to read.
    """

    def inside(found: re.Match[str]) -> str:
        drawing = (Path(__file__).parent / found[2]).read_text(encoding="utf-8")
        # What is an image to a screen reader may hold no links.
        drawing = drawing.replace('role="img"', 'role="group"').replace('"../ODD', '"ODD')
        label = f'tabindex="0" role="group" aria-label="{found[1]}"'
        return f'<div class="picture" {label}>{drawing}</div>'

    return THEORY.sub(inside, html)


def fenced(text: str, kind: str) -> str:
    """Return text as a block of code."""
    return f"~~~~~~{kind}\n{text.rstrip()}\n~~~~~~"


def shown(output: dict[str, Any]) -> str:
    """Return what a cell printed, drew or returned, as Markdown."""
    data = {kind: "".join(text) for kind, text in output.get("data", {}).items()}
    if CONTROL in data and "text/html" not in data:
        return "*Here the notebook has a control to click or slide; it answers where it is run.*"
    if "image/png" in data:
        picture = data["image/png"].replace("\n", "")
        return f'<p><img alt="What the cell above drew" src="data:image/png;base64,{picture}"></p>'
    if "text/html" in data:
        text = re.sub(
            r"<style.*?</style>| (?:style|border)=\"[^\"]*\"", "", data["text/html"], flags=re.S
        )
        return re.sub(r"\n\s*\n", "\n", text)
    if "text/markdown" in data:
        return data["text/markdown"]
    text = "".join(output.get("text", output.get("traceback", ()))) or data.get("text/plain", "")
    return fenced(text, "printed") if text.strip() else ""


def page_of(notebook: Path) -> str:
    """Return a notebook as a page of Markdown."""
    parts = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(re.sub(r"\]\((?:\.\./)+docs/", "](../", text))
        elif text.strip():
            parts += [fenced(text, "python"), *map(shown, cell["outputs"])]
    return "\n\n".join(parts) + "\n"


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Add the course: its notebooks for students, run where a folder of such is named."""
    from mkdocs.structure.files import File

    for one in sorted(Path(config.extra.get("notebooks", COURSE)).glob("*.ipynb")):
        files.append(File.generated(config, f"notebooks/{one.stem}.md", content=page_of(one)))
    return files
