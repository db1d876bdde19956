"""A self-contained HTML page: headings, paragraphs, figures with their tables, no outside asset."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from sim.planning.plain_numbers import true_minus
from sim.spreadsheet import csv_text

if TYPE_CHECKING:
    import pandas as pd

STYLE = """
:root { color-scheme: light; --ink: #1b1b1b; --muted: #555; --line: #c9c9c9; --shade: #f3f5f7; }
* { box-sizing: border-box; }
body { font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); background: #fff; margin: 0 auto;
  max-width: 62rem; padding: 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; }
h2 { font-size: 1.3rem; margin-top: 2.4rem; border-top: 1px solid var(--line); padding-top: 1rem; }
h3 { font-size: 1.05rem; margin-top: 1.6rem; }
p.lead { font-size: 1.15rem; background: var(--shade); padding: 1rem;
  border-left: 4px solid #0072b2; }
p.basis { font-weight: 600; }
p.caution { background: #fff7e6; padding: .8rem 1rem; border-left: 4px solid #b35900; }
figure { margin: 1.2rem 0; }
figure svg { max-width: 100%; height: auto; }
figcaption { color: var(--muted); font-size: .93rem; margin-top: .4rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: .6rem 0; }
th, td { border: 1px solid var(--line); padding: .3rem .55rem; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
th { background: var(--shade); }
caption { text-align: left; color: var(--muted); padding: .2rem 0; }
details { margin: .4rem 0; }
summary { cursor: pointer; color: #005a8c; }
code, pre { font-family: ui-monospace, monospace; font-size: .88rem; }
pre { background: var(--shade); padding: .7rem; overflow-x: auto; white-space: pre-wrap; }
a { color: #005a8c; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; }
  details > * { display: block; } figure, table { break-inside: avoid; }
  .scroll { overflow: visible; } table { font-size: 7.5pt; } th, td { padding: 1pt 3pt;
  overflow-wrap: anywhere; } }
"""


@dataclass
class Document:
    """A page that is built from top to bottom."""

    title: str  # Title and first heading
    parts: list[str] = field(default_factory=list)  # HTML so far
    figures: int = 0
    opening: str = ""  # HTML in the place of the first heading, which it then brings itself

    def heading(self, text: str, level: int = 2) -> None:
        """Add a heading."""
        self.parts.append(f"<h{level}>{said(text)}</h{level}>")

    def paragraph(self, text: str, kind: str = "") -> None:
        """Add a paragraph; `kind` is '', 'basis', 'lead' or 'caution'."""
        attribute = f' class="{kind}"' if kind else ""
        self.parts.append(f"<p{attribute}>{said(text)}</p>")

    def bullets(self, items: list[str]) -> None:
        """Add a list."""
        self.parts.append("<ul>" + "".join(f"<li>{said(one)}</li>" for one in items) + "</ul>")

    def code(self, text: str) -> None:
        """Add preformatted text."""
        self.parts.append(f"<pre>{escape(text)}</pre>")

    def table(self, frame: pd.DataFrame, caption: str, name: str = "") -> None:
        """Add a table with a caption, and a CSV of it to download when it has a name."""
        self.parts.append(table_html(frame, caption))
        if name:
            self.parts.append(f"<p>{download(frame, name)}</p>")

    def figure(self, svg: str, alt: str, caption: str, frame: pd.DataFrame, name: str) -> None:
        """Add a figure with its text alternative, caption, and the numbers under it."""
        self.figures += 1
        number = self.figures
        labelled = svg.replace("<svg ", f'<svg role="img" aria-labelledby="alt-{number}" ', 1)
        self.parts.append(
            f'<figure id="figure-{number}">{labelled}'
            f'<span id="alt-{number}" hidden>{said(alt)}</span>'
            f"<figcaption>Figure {number}. {said(caption)}</figcaption>"
            f"<details><summary>Figure {number} as a table</summary>"
            f"{table_html(frame, caption)}<p>{download(frame, name)}</p></details></figure>"
        )

    def html(self) -> str:
        """Return the whole page."""
        title = escape(self.title)
        body = "\n".join(self.parts)
        return (
            f'<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
            f"{self.opening or f'<h1>{title}</h1>'}\n{body}\n</main>\n</body>\n</html>\n"
        )


def said(text: str) -> str:
    """Return text for people as HTML: a true minus before negative numbers."""
    return escape(true_minus(text))


def number_text(value: float) -> str:
    """Return a number with three or four figures that count."""
    if value != value:
        return "missing"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    if abs(value) >= 100.0:
        return f"{value:.1f}"
    return f"{value:.3f}" if abs(value) < 10.0 else f"{value:.2f}"


def table_html(frame: pd.DataFrame, caption: str) -> str:
    """Return a table with heading cells and right-aligned numbers."""
    head = "".join(f'<th scope="col">{escape(str(one))}</th>' for one in frame.columns)
    rows = []
    for row in frame.itertuples(index=False):
        cells = []
        for value in row:
            if isinstance(value, float):
                cells.append(f'<td class="number">{true_minus(number_text(value))}</td>')
            elif isinstance(value, int) and not isinstance(value, bool):
                cells.append(f'<td class="number">{true_minus(str(value))}</td>')
            else:
                cells.append(f"<td>{said(str(value))}</td>")
        rows.append("<tr>" + "".join(cells) + "</tr>")
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table><caption>{said(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def download(frame: pd.DataFrame, name: str) -> str:
    """Return a link that holds a table as CSV."""
    text = csv_text(list(frame.columns), frame.itertuples(index=False, name=None))
    content = base64.b64encode(text.encode()).decode()
    file = escape(f"{name}.csv")
    return f'<a download="{file}" href="data:text/csv;base64,{content}">{file}</a>'
