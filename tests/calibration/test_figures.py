"""Figures of the report: what is drawn where, read back from the axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from calibration.findings.figures import (
    BLUE,
    GREY,
    ORANGE,
    contraction_figure,
    explanation_figure,
    predictive_figure,
    recovery_figure,
    sensitivity_figure,
    sobol_figure,
    svg,
)


@pytest.fixture(autouse=True)
def _closed() -> Any:
    yield
    plt.close("all")


def drawn(axes: Axes) -> list[tuple[str, str, list[float], list[float]]]:
    """Return the lines of axes: colour, marker, and where they lie."""
    return [
        (
            str(one.get_color()),
            str(one.get_marker()),
            [float(v) for v in np.asarray(one.get_xdata())],
            [float(v) for v in np.asarray(one.get_ydata())],
        )
        for one in axes.lines
    ]


def labels(axes: Axes) -> list[str]:
    """Return the labels of the rows, from the bottom."""
    return [one.get_text() for one in axes.get_yticklabels()]


def row(**changed: Any) -> dict[str, Any]:
    return {
        "pattern": "P1",
        "title": "level",
        "reported": 10.0,
        "interval": (8.0, 14.0),
        "median": 11.5,
        "prior": (4.0, 40.0),
        **changed,
    }


def test_predictions_are_in_half_widths_about_what_was_reported() -> None:
    """Half of 8 to 14 is 3: ends -2/3 and 4/3, middle 1/2; the prior from -2 to 10, cut at 6."""
    figure = predictive_figure([row(), row(interval=None), row(pattern="P2")])
    (axes,) = figure.axes
    assert labels(axes) == ["P2 level", "P1 level"]
    (lower, *_), upper = drawn(axes)[:4], drawn(axes)[4:8]
    prior, interval, median, reported = upper
    assert (prior[0], prior[2]) == (GREY, [-2.0, 6.0])
    assert (interval[0], interval[2]) == (BLUE, pytest.approx([-2.0 / 3.0, 4.0 / 3.0]))
    assert (median[1], median[2]) == ("o", [0.5])
    assert reported[:3] == (ORANGE, "D", [0.0])
    # In the row of its label, none over another.
    heights = [one[3][0] for one in upper]
    assert heights == pytest.approx([0.86, 1.1, 1.1, 1.0])
    assert lower[3] == pytest.approx([-0.14, -0.14])
    assert axes.get_xlim() == pytest.approx((-6.2, 6.2))
    assert tuple(figure.get_size_inches()) == pytest.approx((8.0, 0.34 * 2 + 1.2))


def test_directions_are_about_nought_and_selected_trials_are_dotted() -> None:
    figure = predictive_figure([row(reported=None, interval=(-2.0, 4.0), interval_selected=(0, 6))])
    prior, interval, median, selected, middle = drawn(figure.axes[0])
    assert prior[2] == pytest.approx([4.0 / 3.0, 6.0])
    assert interval[2] == pytest.approx([-2.0 / 3.0, 4.0 / 3.0])
    assert median[2] == pytest.approx([11.5 / 3.0])
    assert (selected[2], selected[3]) == ([0.0, 2.0], [0.3, 0.3])
    assert middle[2] == [0.0, 0.0]
    still = predictive_figure([row(interval=(10.0, 10.0), prior=(1.0, 11.0))]).axes[0]
    assert drawn(still)[0][2] == [-6.0, 1.0], "an interval of no width has a unit of 1"


def test_contraction_is_a_line_from_nought_with_both_methods_at_its_end() -> None:
    rows = [
        {"name": "a", "contraction": 0.4, "contraction_direct": 0.3},
        {"name": "b", "contraction": -0.1, "contraction_direct": 0.0},
    ]
    figure = contraction_figure(rows)
    (axes,) = figure.axes
    assert labels(axes) == ["b", "a"]
    line, shipped, direct = drawn(axes)[3:6]
    assert (line[2], line[3]) == ([0.0, 0.4], [1.0, 1.0])
    assert (shipped[1], shipped[2]) == ("o", [0.4])
    assert (direct[0], direct[1], direct[2]) == (ORANGE, "s", [0.3])
    assert drawn(axes)[-1][2] == [0.0, 0.0]
    assert axes.get_xlim() == pytest.approx((-0.5, 1.0))
    assert tuple(figure.get_size_inches()) == pytest.approx((7.5, 0.3 * 2 + 1.0))


def test_sensitivity_has_a_panel_for_each_year_and_the_important_difference() -> None:
    rows = [
        {"analysis": "all", "qpr_full_12": (1.0, 0.0, 2.0), "qpr_full_24": (0.5, -1.0, 3.0)},
        {"analysis": "less", "qpr_full_12": (3.0, 2.5, 4.0), "qpr_full_24": (0.0, 0.0, 0.0)},
    ]
    figure = sensitivity_figure(rows)
    first, second = figure.axes
    assert labels(first) == ["less", "all"]
    assert drawn(first)[2][2:] == ([0.0, 2.0], [1.0, 1.0])
    assert drawn(first)[3][2:] == ([1.0], [1.0])
    assert drawn(second)[2][2] == [-1.0, 3.0]
    for axes in (first, second):
        nought, important = drawn(axes)[-2:]
        assert (nought[2], important[2]) == ([0.0, 0.0], [4.0, 4.0])
    assert "12 months" in first.get_xlabel()
    assert "24 months (extrapolation)" in second.get_xlabel()
    assert tuple(figure.get_size_inches()) == pytest.approx((10.0, 0.34 * 2 + 1.2))


def test_recovery_has_intervals_of_coverage_beside_the_nominal_level() -> None:
    rows = [
        {
            "name": name,
            "cover_50": 0.4,
            "cover_50_low": 0.3,
            "cover_50_high": 0.6,
            "cover_90": 0.8,
            "cover_90_low": 0.7,
            "cover_90_high": 0.95,
        }
        for name in ("a", "b")
    ]
    figure = recovery_figure(rows)
    assert labels(figure.axes[0]) == ["b", "a"]
    for axes, ends, middle, nominal in zip(
        figure.axes, ([0.3, 0.6], [0.7, 0.95]), (0.4, 0.8), (0.5, 0.9), strict=True
    ):
        assert drawn(axes)[2][2:] == (ends, [1.0, 1.0])
        assert drawn(axes)[3][2] == [middle]
        assert drawn(axes)[-1][2] == [nominal] * 2
        assert axes.get_xlim() == pytest.approx((0.0, 1.0))
        assert f"nominal {100 * nominal:.0f}%" in axes.get_xlabel()
    assert tuple(figure.get_size_inches()) == pytest.approx((10.0, 0.26 * 2 + 1.0))


def test_sobol_indices_are_bars_with_intervals_where_there_are_some() -> None:
    rows = [
        {"parameter": "a", "total": 0.6, "total_interval": (0.5, 0.7)},
        {"parameter": "rest", "total": 0.4, "total_interval": None},
    ]
    figure = sobol_figure({"inspire_support_full_12": rows, "qpr_full_12": rows, "other": rows})
    first, second, third, fourth = figure.axes
    assert first.get_title() == "qpr_full_12"
    assert second.get_title() == (
        "inspire_support_full_12 (not calibrated: no REFOCUS figure seen)"
    )
    assert third.get_title() == fourth.get_title() == ""
    assert labels(first) == ["rest", "a"]
    rest, bar = first.patches
    assert [one.get_width() for one in (rest, bar)] == [0.4, 0.6]  # type: ignore[attr-defined]
    assert drawn(first)[0][2:] == ([0.5, 0.7], [1.0, 1.0])
    assert len(first.lines) == 1
    assert first.get_xlim() == pytest.approx((0.0, 1.0))
    assert tuple(figure.get_size_inches()) == pytest.approx((11.0, 6.5))


def test_explanations_have_their_share_and_their_lift() -> None:
    rows = [
        {"explanation": "a", "weight": 0.7, "lift": (1.0, 0.5, 2.0)},
        {"explanation": "b", "weight": 0.3, "lift": (0.0, -1.0, 1.0)},
    ]
    figure = explanation_figure(rows)
    share, lift = figure.axes
    assert [one.get_width() for one in share.patches] == [0.3, 0.7]  # type: ignore[attr-defined]
    assert labels(share) == ["b", "a"]
    assert drawn(lift)[2][2:] == ([0.5, 2.0], [1.0, 1.0])
    assert drawn(lift)[3][2:] == ([1.0], [1.0])
    assert drawn(lift)[-1][2] == [0.0, 0.0]


def test_a_figure_is_the_same_text_every_time() -> None:
    rows = [{"name": "a_b", "contraction": 0.4, "contraction_direct": 0.3}]
    first, second = (svg(contraction_figure(rows)) for _ in range(2))
    assert first == second
    assert first.startswith("<svg")
    assert "a_b" in first
    assert not plt.get_fignums()


def every_figure() -> dict[str, Any]:
    """Return each figure of the report with two rows."""
    pair = {"name": "a", "analysis": "a", "explanation": "a", "parameter": "a", "weight": 0.5}
    ends = {"": 0.5, "_low": 0.4, "_high": 0.6}
    cover = {f"cover_{level}{end}": at for level in (50, 90) for end, at in ends.items()}
    triples = dict.fromkeys(("qpr_full_12", "qpr_full_24", "lift"), (1.0, 0.0, 2.0))
    shares = {"contraction": 0.4, "contraction_direct": 0.3, "total": 0.5}
    rows = [{**pair, **cover, **triples, **shares, "total_interval": (0.4, 0.6)}] * 2
    return {
        "predictive": predictive_figure([row(interval_selected=(9.0, 12.0))] * 2),
        "contraction": contraction_figure(rows),
        "sensitivity": sensitivity_figure(rows),
        "recovery": recovery_figure(rows),
        "sobol": sobol_figure({"qpr_full_12": rows}),
        "explanation": explanation_figure(rows),
    }


def test_figures_share_one_style() -> None:
    """Names of rows are of one size, lines at nought of one width; what counts is bolder."""
    figures = every_figure()
    sizes = {
        name: {one.get_fontsize() for one in figure.axes[0].get_yticklabels()}
        for name, figure in figures.items()
    }
    assert sizes.pop("sobol") == {7.0}, "four panels have room for less"
    assert set(map(frozenset, sizes.values())) == {frozenset({8.0})}
    assert figures["sobol"].axes[0].title.get_fontsize() == 9.0
    widths = {}
    for name, figure in figures.items():
        axes = figure.axes[-1 if name == "explanation" else 0]
        widths[name] = {
            (str(one.get_color()), str(one.get_marker()), len(set(one.get_xdata()))): (
                one.get_linewidth() if one.get_marker() == "None" else one.get_markersize()
            )
            for one in axes.lines
        }
    nought = [
        widths[name]["black", "None", 1] for name in figures if name not in ("recovery", "sobol")
    ]
    assert nought == [0.6] * 4
    # The important difference is a little stronger, a nominal level as strong as an axis.
    assert widths["sensitivity"][GREY, "None", 1] == 0.8
    assert widths["recovery"][ORANGE, "None", 1] == widths["sobol"]["black", "None", 2] == 1.0
    for name in ("contraction", "sensitivity", "explanation"):
        assert widths[name][BLUE, "None", 2] == 3.0
    assert widths["recovery"][BLUE, "None", 2] == 2.0, "many rows"
    dots = {name: widths[name].get((BLUE, "o", 1)) for name in figures}
    assert dots["predictive"] == dots["contraction"] == dots["sensitivity"] == 5.0
    assert dots["recovery"] == widths["contraction"][ORANGE, "s", 1] == 4.0
    assert widths["predictive"][ORANGE, "D", 1] == 5.0
    lines = [one for one in figures["predictive"].axes[0].lines if len(one.get_xdata()) > 1]
    prior, posterior, selected = (one.get_linewidth() for one in lines[:3])
    assert posterior == 2.0 * prior == 4.0
    assert selected == 1.5, "a line of dots, thinner than both"
    assert tuple(figures["explanation"].get_size_inches()) == (9.5, 2.6)
