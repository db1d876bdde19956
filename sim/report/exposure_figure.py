"""The effect by period of exposure as a picture with its band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.drawing import COLOURS
from sim.errors import InputError
from sim.report.figures import _new, _svg
from sim.trials.analyses.generalised_text import ERRORS


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
    found = result.get("exposure")
    if found is None:
        raise InputError(
            "curve: needs clusters that begin in different periods and stay treated for more than "
            "one, with the period in the model, as factor(period)"
        )
    linear = "family" not in result
    tests = [one["tests"]["kenward-roger"] if linear else one for one in found["by_exposure"]]
    x = [0, *(one["exposure"] for one in found["by_exposure"])]
    low, high = ([0.0, *(one["ci95"][end] for one in tests)] for end in (0, 1))
    error = "Kenward-Roger" if linear else f"marginal model, {ERRORS[found['error']]}"
    figure, axes = _new(1, 1, 4.2)
    axis = axes[0]
    axis.fill_between(x, low, high, color=COLOURS[0], alpha=0.18, label="95% interval of each")
    estimates = [0.0, *(one["estimate"] for one in tests)]
    axis.plot(x, estimates, "o-", color=COLOURS[0], label=f"effect by exposure ({error})")
    average = found["time_averaged_effect"]
    if linear:
        constant, average = result["tests"]["kenward-roger"], average["kenward-roger"]
        equal = found["all_equal"]["kenward_roger"]["p"]
    else:
        constant, equal = result["marginal"]["tests"][found["error"]], found["all_equal"]["p"]
    for one, style, name in (
        (average, (0, (6, 2)), "time-averaged effect"),
        (constant, (0, (2, 2)), "constant effect, which is no average of them"),
    ):
        label = f"{name}: {one['estimate']:.3g} ({one['ci95'][0]:.3g} to {one['ci95'][1]:.3g})"
        axis.axhline(one["estimate"], color="#444444", linewidth=1.1, linestyle=style, label=label)
    axis.axhline(0.0, color="#999999", linewidth=0.8)
    axis.set_xticks(x)
    axis.set_xlabel("periods since a cluster began", fontsize=9)
    shown = "effect on the outcome" if linear else f"logarithm of the {result['effect']}"
    axis.set_ylabel(shown, fontsize=9)
    title = f"{result['term']}, {result['direction']}; equal at every exposure: p {equal:.3g}"
    axis.set_title(title, fontsize=10, loc="left")
    axis.tick_params(labelsize=8)
    axis.legend(fontsize=8, frameon=False, loc="best")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    return _svg(figure)
