"""The effect by period of exposure as a picture with its band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.drawing import COLOURS, plain
from sim.errors import InputError
from sim.report.figures import _new, _svg
from sim.trials.analyses.exposure_spline import NEEDS_EXPOSURE
from sim.trials.analyses.generalised_text import ERRORS
from sim.trials.analyses.result_tables import spline_words


def exposure_figure(result: Mapping[str, Any]) -> str:
    """Return effects by exposure with their 95% band, and the constant effect beside, as SVG.

    Parameters
    ----------
    result : mapping
        Of `sim.trials.analyses.analyse.analyse_table` or
        `sim.trials.analyses.generalised.analyse_generalised`, whose effects are logarithms.

    Raises
    ------
    InputError
        If the analysis has no effects by exposure.
    """
    found, curve = result.get("exposure"), result.get("exposure_spline")
    if found is None and curve is None:
        raise InputError(f"curve: {NEEDS_EXPOSURE}")
    linear = "family" not in result
    figure, (axis,) = _new(1, 1, 4.2)
    title = f"{result['term']}, {result['direction']}"
    if found is not None:
        tests = [one["tests"]["kenward-roger"] if linear else one for one in found["by_exposure"]]
        error = "Kenward-Roger" if linear else f"marginal model, {ERRORS[found['error']]}"
        _band(axis, found, tests, COLOURS[0], "o-", f"effect by exposure ({error})")
        equal = found["all_equal"]
        p = (equal["kenward_roger"] if linear else equal)["p"]
        title += f"; equal at every exposure: p {p:.3g}"
    if curve is not None:
        tests = [one["kenward_roger"] if linear else one for one in curve["by_exposure"]]
        words = f"along a natural spline, {spline_words(curve)}"
        _band(axis, curve, tests, COLOURS[1], "-", words)
    shown = found if found is not None else curve
    assert shown is not None
    average = shown["time_averaged_effect"]
    if linear:
        average = average["kenward-roger" if found is not None else "kenward_roger"]
        constant = result["tests"]["kenward-roger"]
    else:
        constant = result["marginal"]["tests"][shown["error"]]
    for one, style, name in (
        (average, (0, (6, 2)), "time-averaged effect"),
        (constant, (0, (2, 2)), "constant effect, which is no average of them"),
    ):
        label = f"{name}: {one['estimate']:.3g} ({one['ci95'][0]:.3g} to {one['ci95'][1]:.3g})"
        axis.axhline(one["estimate"], color="#444444", linewidth=1.1, linestyle=style, label=label)
    axis.axhline(0.0, color="#999999", linewidth=0.8)
    axis.set_xticks([0, *(one["exposure"] for one in shown["by_exposure"])])
    scale = "effect on the outcome" if linear else f"logarithm of the {result['effect']}"
    axis.legend(fontsize=8, frameon=False, loc="best")
    plain(axis, title, "periods since a cluster began", scale)
    return _svg(figure)


def _band(
    axis: Any,
    found: Mapping[str, Any],
    tests: Sequence[Mapping[str, Any]],
    colour: str,
    style: str,
    label: str,
) -> None:
    """Draw effects by exposure, nought before treatment, with the interval of each."""
    x = [0, *(one["exposure"] for one in found["by_exposure"])]
    low, high = ([0.0, *(one["ci95"][end] for one in tests)] for end in (0, 1))
    axis.fill_between(x, low, high, color=colour, alpha=0.18, label="95% interval of each")
    axis.plot(x, [0.0, *(one["estimate"] for one in tests)], style, color=colour, label=label)
