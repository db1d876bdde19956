"""Figures of the page: lines with nested bands, points with nested bars, a power curve.

Each is small enough to be read on a phone, and SVG written here: a run shows sixteen of them, and a
plotting library takes a quarter of a second for each. Colours, dashes and the spacing of labels are
those of the reports.
"""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from sim.drawing import COLOURS, DASHES, spread_labels

# All in pixels of the drawing.
WIDTH, HEIGHT = 540, 326
TEXT, SMALL, LINE = 15, 13, 18
TOP, BOTTOM, EDGE = 12, 48, 8
# Widest that a letter is on average, as a share of the size of its font, whatever the font; how
# much more a capital takes, and the widest letters.
LETTER, CAPITAL, WIDEST = 0.6, 0.2, 0.4
WIDE = frozenset("MWmw@%&")
INK, GREY = "#1b1b1b", "#595959"
# Okabe and Ito's colours as far as they have a contrast of 3 to 1 with white; a darker purple and
# black beyond. Names of lines are darker still: 4.5 to 1.
LINES = (*COLOURS[:3], "#B45A8C", "#000000")
NAMES = ("#005A8C", "#A84800", "#00704F", "#93406E", "#000000")
TRIAL_WEEKS = 52
# Bars of intervals: 90% thin, 50% thick.
OUTER, INNER = 3.0, 9.0
STROKE = 3.0
# Room for each bar at the end of a line, and for a row of points.
SLOT, ROW = 14, 42
# Names beside lines: letters in a line, and lines.
NARROW, MOST_LINES = 20, 3
MOST_TICKS = 6


@dataclass(frozen=True)
class Nested:
    """A median with nested 50% and 90% intervals, along weeks or at one place.

    The mean is for tables: of a skewed spread it can lie outside the intervals.
    """

    label: str  # Name of the line or row
    x: np.ndarray  # Weeks
    # As long as `x`.
    mean: np.ndarray
    low90: np.ndarray
    low50: np.ndarray
    median: np.ndarray
    high50: np.ndarray
    high90: np.ndarray


def nested(label: str, x: Sequence[float] | np.ndarray, values: np.ndarray) -> Nested:
    """Return mean, median and nested intervals over worlds.

    Parameters
    ----------
    label : str
        Name.
    x : sequence
        Weeks.
    values : numpy.ndarray
        Shape (worlds, weeks).
    """
    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    # Thirty times as slow where a value may be missing.
    quantile = np.nanquantile if np.isnan(values).any() else np.quantile
    return Nested(
        label, np.asarray(x, float), np.nanmean(values, axis=0), *quantile(values, shares, axis=0)
    )


def wrapped(label: str) -> str:
    """Return a label, whole, in few and narrow lines that leave room for what is drawn."""
    for width in range(NARROW, max(NARROW, len(label)) + 1):
        lines = textwrap.wrap(label, width, break_on_hyphens=False)
        if len(lines) <= MOST_LINES:
            return "\n".join(lines)
    return label


def most_breaks(labels: Sequence[str]) -> int:
    """Return how many lines the tallest label has beyond its first."""
    return max(label.count("\n") for label in labels)


def room(labels: Iterable[str], size: float = TEXT) -> float:
    """Return the width of the widest line of some labels."""
    return size * max(sum(map(letter, line)) for label in labels for line in label.split("\n"))


def letter(one: str) -> float:
    """Return the width of a letter at most, on average, as a share of the size of its font."""
    if one in WIDE or unicodedata.east_asian_width(one) in "FW":
        return LETTER + WIDEST
    return LETTER + CAPITAL * one.isupper()


def ticks(low: float, high: float) -> list[float]:
    """Return few round numbers within an axis."""
    rough = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= rough)
    return [step * one for one in range(math.ceil(low / step), math.floor(high / step) + 1)]


def shown(value: float, among: Sequence[float]) -> str:
    """Return a number of an axis with as many decimals as its neighbours need."""
    for digits in range(7):
        if all(math.isclose(one, round(one, digits), abs_tol=1e-9) for one in among):
            break
    # No minus before a zero.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


@dataclass(frozen=True)
class Plot:
    """The place of a plot in its drawing, and what its edges stand for."""

    left: float
    top: float
    width: float
    height: float
    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        """Return where a value lies across."""
        return self.left + self.width * (value - self.x_low) / (self.x_high - self.x_low)

    def y(self, value: float) -> float:
        """Return where a value lies upwards."""
        return self.top + self.height * (self.y_high - value) / (self.y_high - self.y_low)

    def path(self, x: Iterable[float], y: Iterable[float]) -> str:
        """Return a line through points."""
        points = (f"{self.x(a):.1f} {self.y(b):.1f}" for a, b in zip(x, y, strict=True))
        return "M" + "L".join(points)

    def across(self, title: str) -> str:
        """Return the lower axis."""
        bottom = self.top + self.height
        values = ticks(self.x_low, self.x_high)
        parts = [line(self.left, bottom, self.left + self.width, bottom, INK, 1)]
        for one in values:
            at = self.x(one)
            parts += [
                line(at, bottom, at, bottom + 4, INK, 1),
                text(shown(one, values), at, bottom + 17, SMALL, anchor="middle"),
            ]
        middle = self.left + self.width / 2
        return "".join([*parts, text(title, middle, bottom + 38, TEXT, anchor="middle")])

    def upwards(self, title: str) -> str:
        """Return the left axis."""
        values = ticks(self.y_low, self.y_high)
        parts = [line(self.left, self.top, self.left, self.top + self.height, INK, 1)]
        for one in values:
            at = self.y(one)
            parts += [
                line(self.left - 4, at, self.left, at, INK, 1),
                text(shown(one, values), self.left - 7, at + 4.5, SMALL, anchor="end"),
            ]
        middle = self.top + self.height / 2
        turned = f' transform="rotate(-90 {EDGE + 8} {middle:.1f})"'
        return "".join(
            [*parts, text(title, EDGE + 8, middle + 5, TEXT, anchor="middle", more=turned)]
        )


def left_room(low: float, high: float) -> float:
    """Return the room that the left axis takes with its title."""
    values = ticks(low, high)
    return EDGE + TEXT + 14 + room([shown(one, values) for one in values], SMALL)


def line(
    x1: float, y1: float, x2: float, y2: float, colour: str, width: float, more: str = ""
) -> str:
    """Return a straight line."""
    ends = f'd="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"'
    return f'<path {ends} stroke="{colour}" stroke-width="{width:g}" fill="none"{more}/>'


def text(
    words: str,
    x: float,
    y: float,
    size: float,
    colour: str = INK,
    anchor: str = "start",
    more: str = "",
) -> str:
    """Return words, the middle of their lines at a place where they have several."""
    lines = words.split("\n")
    first = y - LINE * (len(lines) - 1) / 2
    inside = "".join(
        f'<tspan x="{x:.1f}" y="{first + LINE * number:.1f}">{escape(one)}</tspan>'
        for number, one in enumerate(lines)
    )
    return f'<text font-size="{size}" fill="{colour}" text-anchor="{anchor}"{more}>{inside}</text>'


def dash(number: int) -> str:
    """Return the dashes of a line."""
    given = DASHES[number % len(DASHES)]
    if given == "solid":
        return ""
    return f' stroke-dasharray="{" ".join(f"{one * STROKE:g}" for one in given[1])}"'


def mark(low: float, high: float) -> str:
    """Return dashes for a line that helps to read."""
    return f' stroke-dasharray="{low:g} {high:g}"'


def drawing(parts: Iterable[str], height: float = HEIGHT) -> str:
    """Return a drawing."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="system-ui, sans-serif">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>'
    )


def widened(values: Iterable[float]) -> tuple[float, float]:
    """Return the ends of an axis that holds some values, with a little beyond."""
    all_values = [one for one in values if math.isfinite(one)] or [0.0]
    low, high = min(all_values), max(all_values)
    beyond = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - beyond, high + beyond


def band_figure(lines: Sequence[Nested], unit: str) -> str:
    """Return lines over weeks: nested bands around the first, nested bars at the end of each.

    Bands of several scenarios would hide each other, as they share most of what makes them wide.

    Parameters
    ----------
    lines : sequence of Nested
        In the order of colours and dashes; the base case first.
    unit : str
        Title of the vertical axis.
    """
    labels = [wrapped(one.label) for one in lines]
    apart = LINE * (1 + most_breaks(labels)) + 6
    height = max(HEIGHT - TOP - BOTTOM, apart * len(lines))
    base, last = lines[0], max(float(one.x[-1]) for one in lines)
    low, high = widened(
        float(one)
        for each in lines
        for one in (*each.median, each.low90[-1], each.high90[-1], *base.low90, *base.high90)
    )
    left, bars = left_room(low, high), 6 + SLOT * len(lines)
    width = WIDTH - EDGE - left - bars - room(labels)
    plot = Plot(left, TOP, width, height, 0.0, last, low, high)
    parts = []
    for under, over, opacity in (
        (base.low90, base.high90, 0.13),
        (base.low50, base.high50, 0.22),
    ):
        there = np.isfinite(under) & np.isfinite(over)
        x = base.x[there]
        around = plot.path([*x, *x[::-1]], [*under[there], *over[there][::-1]])
        parts.append(f'<path d="{around}Z" fill="{LINES[0]}" opacity="{opacity}"/>')
    for number, one in enumerate(lines):
        colour = LINES[number % len(LINES)]
        there = np.isfinite(one.median)
        course = plot.path(one.x[there], one.median[there])
        style = f'stroke="{colour}" stroke-width="{STROKE:g}"{dash(number)}'
        parts.append(f'<path d="{course}" fill="none" {style}/>')
        at = left + width + 6 + SLOT * (number + 0.5)
        parts += bar(at, plot.y(float(one.low90[-1])), at, plot.y(float(one.high90[-1])), colour)
        parts += bar(
            at, plot.y(float(one.low50[-1])), at, plot.y(float(one.high50[-1])), colour, True
        )
    # Upwards from the lower edge, as labels are spread.
    half = apart / 2
    ends = [TOP + height - plot.y(float(one.median[-1])) for one in lines]
    placed = spread_labels(ends, half, height - half, apart)
    for number, (label, up) in enumerate(zip(labels, placed, strict=True)):
        colour = NAMES[number % len(NAMES)]
        parts.append(text(label, left + width + bars + 2, TOP + height - up + 5, TEXT, colour))
    if last > TRIAL_WEEKS:
        at = plot.x(TRIAL_WEEKS)
        parts.append(line(at, TOP, at, TOP + height, GREY, 1.2, mark(2.4, 2.4)))
        parts.append(text("extrapolation", at + 4, TOP + 11, SMALL, GREY))
    axes = (plot.across("week"), plot.upwards(unit))
    return drawing([*parts, *axes], TOP + height + BOTTOM)


def bar(
    x1: float, y1: float, x2: float, y2: float, colour: str, inner: bool = False
) -> tuple[str, ...]:
    """Return the bar of an interval; nothing where an end is missing."""
    if not all(map(math.isfinite, (x1, y1, x2, y2))):
        return ()
    return (line(x1, y1, x2, y2, colour, *((INNER, ' opacity="0.6"') if inner else (OUTER, ""))),)


def interval_figure(
    points: Sequence[Nested], unit: str, marks: Sequence[tuple[float, str]] = ()
) -> str:
    """Return one row for each point with nested intervals.

    Parameters
    ----------
    points : sequence of Nested
        With one week each.
    unit : str
        Title of the horizontal axis.
    marks : sequence of (value, label)
        Upright lines.
    """
    labels = [wrapped(one.label) for one in points]
    row = max(ROW, LINE * (1 + most_breaks(labels)) + 8)
    top = TOP + LINE * len(marks)
    left = EDGE + room(labels) + 8
    low, high = widened(
        [float(one) for each in points for one in (each.low90[0], each.high90[0])]
        + [value for value, _ in marks]
    )
    plot = Plot(left, top, WIDTH - left - EDGE - SMALL, row * len(points), low, high, 0.0, 1.0)
    bottom = top + plot.height
    parts = []
    for number, (value, label) in enumerate(marks):
        at, half = plot.x(value), room([label], SMALL) / 2
        # Each on a line of its own: they may stand for neighbours.
        height = TOP + LINE * number + 9
        parts.append(line(at, height + 5, at, bottom, GREY, 1.2, mark(3.6, 2.4)))
        middle = min(max(at, EDGE + half), WIDTH - EDGE - half)
        parts.append(text(label, middle, height, SMALL, GREY, "middle"))
    for number, (one, label) in enumerate(zip(points, labels, strict=True)):
        colour, at = LINES[(number + 1) % len(LINES)], top + row * (number + 0.5)
        parts += bar(plot.x(float(one.low90[0])), at, plot.x(float(one.high90[0])), at, colour)
        parts += bar(
            plot.x(float(one.low50[0])), at, plot.x(float(one.high50[0])), at, colour, True
        )
        if math.isfinite(float(one.median[0])):
            parts.append(dot(plot.x(float(one.median[0])), at, colour))
        parts.append(text(label, left - 8, at + 5, TEXT, anchor="end"))
    return drawing([*parts, plot.across(unit)], bottom + BOTTOM)


def dot(x: float, y: float, colour: str) -> str:
    """Return a point."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" fill="{colour}" stroke="#fff"/>'


def power_figure(
    curve: Sequence[Sequence[float]],
    wanted: float,
    here: tuple[float, float],
    simulated: Sequence[tuple[str, float, float, float]] = (),
) -> str:
    """Return power by the number of teams.

    Parameters
    ----------
    curve : sequence of (teams, power)
        By formula.
    wanted : float
        The power that is wanted.
    here : (teams, power)
        The design.
    simulated : sequence of (label, power, low, high)
        Simulated powers of the design with the ends of their intervals.
    """
    teams, powers = zip(*curve, strict=True)
    left = left_room(0.0, 1.0)
    width = WIDTH - left - EDGE - room(["formula"]) - 4
    plot = Plot(left, TOP, width, HEIGHT - TOP - BOTTOM, teams[0], teams[-1], 0.0, 1.03)
    at = plot.y(wanted)
    parts = [
        line(left, at, left + width, at, GREY, 1.2, mark(3.6, 2.4)),
        text("wanted", left + 5, at - 5, SMALL, GREY),
        f'<path d="{plot.path(teams, powers)}" fill="none" stroke="{LINES[0]}" '
        f'stroke-width="{STROKE:g}"/>',
        text("formula", left + width + 4, plot.y(powers[-1]) + 5, TEXT, NAMES[0]),
        dot(plot.x(here[0]), plot.y(here[1]), LINES[0]),
    ]
    for number, (label, value, low, high) in enumerate(simulated, 1):
        colour, across = LINES[number], plot.x(here[0]) + 7 * number
        parts.append(line(across, plot.y(low), across, plot.y(high), colour, STROKE))
        corners = ("M-6-6h12v12h-12Z", "M0-7l7 12h-14Z")[number - 1]
        place = f"translate({across:.1f} {plot.y(value):.1f})"
        parts.append(f'<path d="{corners}" transform="{place}" fill="{colour}"/>')
        below = plot.y(value) + (21 if value > 0.85 else 5)
        # Where there is no room on its right side a name stands on the left.
        right = across + 12 + room([label]) < WIDTH - EDGE
        parts.append(
            text(label, across + (12 if right else -26), below, TEXT, NAMES[number],
                 "start" if right else "end")
        )  # fmt: skip
    return drawing([*parts, plot.across("teams in each arm"), plot.upwards("power")])
