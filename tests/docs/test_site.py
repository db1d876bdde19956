"""Claims about the documentation's pages: each can be found, links of the README lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_page_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if page not in text} == set()
    course = {f"notebooks/{one.stem}.md" for one in (ROOT / "notebooks").glob("[0-9]_*.py")}
    assert {page for page in course if page not in text} == set()


def test_links_of_the_readme_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [one for one in re.findall(r"\]\(([^)#]+)", text) if not one.startswith("http")]
    assert links
    assert [one for one in links if not (ROOT / one).exists()] == []
