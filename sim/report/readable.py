"""Tables as readers want them: short numbers, intervals in one column, figures to the right."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from sim.planning.compare_tables import PARAMETER_HIGH, PARAMETER_LOW, WORLD_HIGH, WORLD_LOW
from sim.report.document import download, table_html

if TYPE_CHECKING:
    import pandas as pd

INTERVALS = (
    (PARAMETER_LOW, PARAMETER_HIGH, "90%: parameters"),
    (WORLD_LOW, WORLD_HIGH, "90%: single run"),
    ("5%", "95%", "90%"),
    ("5% (reach)", "95% (reach)", "90% (reach)"),
    ("Monte Carlo 95% low", "Monte Carlo 95% high", "Monte Carlo 95%"),
    ("low", "high", "from - to"),
)
LONGEST_ON_PAPER = 30
PRINT_STYLE = """<style>
td { overflow-wrap: break-word; }
@media print {
  @page { margin: 14mm 12mm; }
  .scroll { overflow: visible; }
  table { font-size: 7.5pt; width: 100%; break-inside: auto; }
  tr { break-inside: avoid; }
  th, td { padding: .15rem .3rem; }
  h2, h3, h4, caption, summary { break-after: avoid; }
  figure { break-inside: auto; }
  figure > svg { break-inside: avoid; max-height: 215mm; }
  a[download] { display: none; }
  p.lead, p.caution { break-inside: avoid; print-color-adjust: exact; }
}
</style>"""
DETAILS = ("Monte Carlo SE", "SD from parameters", "SD from chance")
_CELL = re.compile(r"<td>([+−]?[\d,.]+%?|[+−]?[\d,.]+%? to [+−]?[\d,.]+%?)</td>")


def short(value: float, kind: str = "") -> str:
    """Return a number with the figures that count; `kind` is '', 'money' or 'share'."""
    if value != value:
        return "none"
    if kind == "share":
        text = f"{100.0 * value:.1f}%"
    elif kind == "money" or abs(value) >= 1000.0:
        text = f"{value:,.0f}"
    elif abs(value) >= 100.0:
        text = f"{value:.0f}"
    else:
        text = f"{value:.1f}" if abs(value) >= 10.0 else f"{value:.2f}"
    return re.sub(r"^-(0[0.]*%?)$", r"\1", text)


def kind_of_column(name: str) -> str:
    """Return how the numbers of a column are written."""
    if name.startswith(("P(", "probab", "Monte Carlo 95%")) or "share" in name.lower():
        return "share"
    return "money" if "GBP" in name else ""


def readable(frame: pd.DataFrame, details: bool = False, kind: str = "") -> pd.DataFrame:
    """Return a table as text: intervals in one column each, numbers short.

    Parameters
    ----------
    frame : pandas.DataFrame
        The full numbers.
    details : bool
        Whether to keep standard errors and the two kinds of spread.
    kind : {'', 'money', 'share'}
        How numbers are written in columns whose name does not say it.
    """
    shown = frame if details else frame.drop(columns=[one for one in DETAILS if one in frame])
    shown = shown.copy()
    for low, high, title in INTERVALS:
        if low in shown and high in shown:
            of = kind or kind_of_column(low)
            joined = [
                "none" if a != a else f"{short(a, of)} to {short(b, of)}"
                for a, b in zip(shown[low].tolist(), shown[high].tolist(), strict=True)
            ]
            at = list(shown.columns).index(low)
            shown = shown.drop(columns=[low, high])
            shown.insert(at, title, joined)
    for column in shown.columns:
        if shown[column].dtype.kind == "f":
            of = kind or kind_of_column(str(column))
            shown[column] = [short(float(one), of) for one in shown[column].to_numpy(float)]
        elif shown[column].dtype.kind in "iu":
            # A column of whole numbers may have empty cells: a team that never starts has no week.
            shown[column] = [
                f"{one:,d}" if isinstance(one, int) else "" for one in shown[column].tolist()
            ]
    return shown


def table_block(
    frame: pd.DataFrame,
    caption: str,
    name: str,
    *,
    details: bool = False,
    kind: str = "",
    numbers: pd.DataFrame | None = None,
) -> str:
    """Return a readable table with its full numbers to download, as HTML.

    `numbers` are those of a table that is text already.
    """
    html = table_html(readable(frame, details, kind), caption)
    held = download(frame if numbers is None else numbers, name)
    return f"{_CELL.sub(_right, html)}<p>{held}</p>"


def folded(frame: pd.DataFrame, caption: str, name: str, title: str, kind: str = "") -> str:
    """Return a table that opens on a click, as HTML; long ones stay closed on paper."""
    attribute = ' class="long"' if len(frame) > LONGEST_ON_PAPER else ""
    return (
        f"<details{attribute}><summary>{escape(title)}</summary>"
        f"{table_block(frame, caption, name, details=True, kind=kind)}</details>"
    )


def _right(found: re.Match[str]) -> str:
    return f'<td class="number">{found[1]}</td>'
