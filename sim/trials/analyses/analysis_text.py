"""An analysis as text for the terminal."""

from __future__ import annotations

from math import isfinite
from textwrap import wrap
from typing import Any

from sim.trials.analyses.analysed_trial import CLUSTERS, NEITHER, PARTICIPANTS
from sim.trials.analyses.joint_text import format_joint
from sim.trials.analyses.registry import analysis_named
from sim.trials.analyses.result_tables import (
    SPLINE_TESTS,
    coefficient_lines,
    contrast_lines,
    imputed_lines,
    likelihood_lines,
    mean_lines,
    number_text,
    p_text,
    spline_rows,
    spline_words,
    table_lines,
)

WIDTH = 88
# Width of an interval of a share beyond which it is said to tell little.
HARDLY_KNOWN = 0.5


def format_analysis(result: dict[str, Any]) -> str:
    """Return the result of `sim.trials.analyses.analyse.analyse_table` as lines of text.

    Parameters
    ----------
    result : dict

    Returns
    -------
    str
        Without a line break at the end.
    """
    if "joint" in result:
        return "\n".join([*_plan(result), format_joint(result)])
    groups = ", ".join(f"{count} {name}" for name, count in result["n_groups"].items())
    compares = result["direction"]
    references = ", ".join(
        f"{name}: {one['label']} ({one['chosen']})" for name, one in result["references"].items()
    )
    lines = [
        *_plan(result),
        f"Effect of {result['term']}, {compares}: {number_text(result['estimate'])} by the mixed "
        f"model (model standard error {number_text(result['se'])})",
        f"Model: {result['formula']}",
        f"Rows: {result['n_obs']} used, {result['rows_dropped_missing']} left out for missing "
        f"values{_missing(result['missing_by_column'])}; groups: {groups}",
        *([f"References: {references}"] if references else []),
        *(f"Note: {one}" for one in result["notes"]),
        "",
        *table_lines(_tests(result)),
        "",
        *_estimates_differ(result),
        *_between_within(result["between_within"]),
        "Intervals are 95% confidence intervals of the effect over the sampling of clusters and",
        "people, if the model holds.",
        "",
    ]
    lines += likelihood_lines(result)
    lines += contrast_lines(result)
    lines += _exposure(result)
    lines += _spline(result)
    lines += _strata(result)
    permutation = result["cluster_permutation"]
    if permutation is not None:
        if permutation["exact"]:
            how = f"all {permutation['n_allocations']} allocations"
        else:
            how = (
                f"{permutation['n_allocations']} drawn allocations, "
                f"Monte Carlo error {permutation['monte_carlo_se']:.1g}"
            )
        lines += [
            f"Cluster permutation test, {compares}: estimate "
            f"{number_text(permutation['estimate'])}, p {p_text(permutation['p'])} ({how})",
            "",
        ]
    lines += _participation(result.get("participation"))
    lines += _imputation(result.get("multiple_imputation"), compares)
    lines += mean_lines(result)
    lines += coefficient_lines(result)
    lines += _correlations(result["correlations"])
    lines += [f"Note: {one}" for one in result["warnings"]]
    return "\n".join(lines)


def _plan(result: dict[str, Any]) -> list[str]:
    """Return the planned analysis and its answer; nothing without a plan."""
    plan = result.get("plan")
    if plan is None:
        return []
    mark = f", SHA-256 {plan['sha256'][:16]}..." if plan["sha256"] else ""
    second = result.get("second")
    lines = [
        f"Plan: {plan['design']} ({plan['title']}{mark})",
        *wrap(f"Planned: {plan['words']}. It estimates {plan['estimates']}.", WIDTH),
    ]
    if second is None:
        lines += [_answer("Answer", one, plan["confidence"]) for one in plan["answers"]]
    else:
        aim, names = plan["co_primary"], plan["co_primary"]["outcomes"]
        lines += [
            _answer(f"Answer, {name}", one, plan["confidence"])
            for name, each in zip(names, (result, second), strict=True)
            for one in each["plan"]["answers"]
        ]
        wanted = (
            f"{' and '.join(names)}, each"
            if aim["success"] == "both"
            else (f"at least one of {' and '.join(names)}, each")
        )
        said = "shown" if aim["shown"] else "not shown"
        if aim["against"]:
            said += (
                f"; {' and '.join(aim['against'])}: significant AGAINST the planned direction, "
                "which shows no benefit"
            )
        lines.append(f"To be shown: {wanted} at {aim['level']:g}: {said}")
    beside = "" if second is None else f" What is beside is of {plan['co_primary']['outcomes'][0]}."
    return [
        *lines,
        *(f"Otherwise than planned: {one}" for one in plan["differences"]),
        "",
        f"What follows stands beside the plan and does not replace its answer.{beside}",
        "",
    ]


def _answer(title: str, one: dict[str, Any], confidence: float) -> str:
    """Return a planned comparison in a line."""
    several = f" ({p_text(one['p_adjusted'])} adjusted)" if "p_adjusted" in one else ""
    return (
        f"{title}: {one['direction']}: {number_text(one['estimate'])}, "
        f"{100 * confidence:g}% interval {_interval(one['interval'])}, "
        f"SE {number_text(one['se'])}, df {one['df']:.1f}, p {p_text(one['p'])}{several}; "
        f"{one['clusters']} clusters, {one['rows']} rows"
    )


def _missing(counts: dict[str, int]) -> str:
    """Return how many fields each column lacks."""
    return f" ({', '.join(f'{name} {n}' for name, n in counts.items())})" if counts else ""


def _correlations(found: dict[str, dict[str, Any]]) -> list[str]:
    """Return the correlations as lines for a design file."""
    if not found:
        return []
    lines = []
    for name, one in found.items():
        interval = "no interval"
        if one["ci95"] is not None:
            low, high = one["ci95"]
            interval = f"95% {low:.3g} to {high:.3g} ({one['method']})"
            if high - low > HARDLY_KNOWN:
                interval += ", hardly known"
        # A design file knows the three; other shares of variance are for the reader.
        mark = "" if name in ("icc", "cac", "iac") else "# "
        lines.append(f"{mark}{name} = {one['estimate']:.4f}  # {interval}: {one['meaning']}")
    return ["", "Correlations, for the [statistical] table of a design file", *lines]


def _participation(found: dict[str, Any] | None) -> list[str]:
    """Return the section on who took part."""
    if found is None:
        return []
    effect = found["complier_average"]
    control, treated = found["mean_participation"]
    reference, other = found["arms"]
    interval = "no bounds" if effect["ci95"] is None else _interval(effect["ci95"])
    rows = [
        ["effect per unit of participation", "estimate", "SE", "df", "p", "95% interval"],
        _effect_row("arm as instrument (complier-average)", effect, interval),
    ]
    for name, key in (
        ("as treated, all clusters: not randomised", "as_treated_all_clusters"),
        (f"as treated, {other} alone: not randomised", "as_treated_intervention_arm"),
    ):
        if found[key] is not None:
            rows.append(_effect_row(name, found[key], _interval(found[key]["ci95"])))
    t = effect["instrument_t"]
    strength = f"t of participation {t:.1f}" if isfinite(t) else "here it is perfect"
    return [
        f"Participation: mean {number_text(treated)} in clusters of {other}, "
        f"{number_text(control)} in those of {reference}, the control",
        *table_lines(rows),
        "  The complier-average interval is Anderson and Rubin's (Fieller's): effects that a",
        "  cluster-summary t test, with the arm as instrument, does not reject at 5%. It holds for",
        f"  a weak instrument too ({strength}). Its p is the intention-to-treat one, its",
        "  SE the delta method's, which the interval does not use. As treated: t intervals.",
        "",
    ]


def _imputation(found: dict[str, Any] | None, compares: str) -> list[str]:
    """Return the section on imputed outcomes."""
    if found is None:
        return []
    rows = [
        ["", "estimate", "SE", "df", "p", "95% interval"],
        _effect_row(
            f"{compares}, pooled (Rubin; Barnard-Rubin df)", found, _interval(found["ci95"])
        ),
    ]
    return [
        f"Multiple imputation within clusters: {found['imputations']} data sets of "
        f"{found['n_obs']} rows, {found['imputed_outcomes']} outcomes imputed; "
        f"{100 * found['missing_information']:.0f}% of the variance is due to missing values",
        *table_lines(rows),
        *imputed_lines(found),
        "",
    ]


def _effect_row(name: str, one: dict[str, Any], interval: str) -> list[str]:
    return [
        name,
        number_text(one["estimate"]),
        number_text(one["se"]),
        f"{one['df']:.1f}",
        p_text(one["p"]),
        interval,
    ]


def _interval(limits: list[float]) -> str:
    return f"{number_text(limits[0])} to {number_text(limits[1])}"


def _estimates_differ(result: dict[str, Any]) -> list[str]:
    """Return why rows of the table have different estimates, if they do."""
    rows = f"'{analysis_named('participant-average').short}' counts each row the same"
    if result["cluster_summary"] is None:
        rows += ", mostly less precise where treatment varies within clusters"
    told = {
        CLUSTERS: "the cluster summary counts each the same, adjusted for covariates",
        PARTICIPANTS: rows,
    }
    own = number_text(result["estimate"])
    reasons = [
        told[aims]
        for name, one in result["tests"].items()
        if (aims := analysis_named(name).aims) != NEITHER and number_text(one["estimate"]) != own
    ]
    if not reasons:
        return []
    why = "; ".join(["The mixed model weighs clusters by what they tell", *reversed(reasons)])
    return [*wrap(f"{why}. Estimates differ where sizes, covariates or periods do.", WIDTH), ""]


def _strata(result: dict[str, Any]) -> list[str]:
    """Return what stands in the second stage of the cluster-level tests, and where it is from."""
    found = result["strata"]
    if found is None or (
        result["cluster_summary"] is None and result["cluster_permutation"] is None
    ):
        return []
    columns = " x ".join(found["columns"]) or "the other arms"
    source = "as declared" if found["declared"] else "taken from the model"
    lines = [f"{found['kind'].capitalize()}: {found['n']} of {columns}, {source}."]
    if result["cluster_summary"] is not None:
        lines.append("They cost degrees of freedom in the cluster summary.")
    if result["cluster_permutation"] is not None:
        lines.append("The permutation test exchanges arms within them alone.")
    return [*wrap(" ".join(lines), WIDTH), ""]


def _between_within(found: dict[str, Any] | None) -> list[str]:
    """Return how the degrees of freedom between and within clusters were counted."""
    if found is None:
        return []
    how = "those within clusters at the level where the term varies, less columns."
    if found["level"] == "between":
        how = "clusters less columns constant in clusters."
    return [f"Between-within: {found['df']:g} degrees of freedom, {how}", ""]


def _tests(result: dict[str, Any]) -> list[list[str]]:
    """Return the table of tests, each with its own estimate."""
    rows = [[result["direction"], "estimate", "SE", "df", "t", "p", "95% interval"]]
    for name, one in result["tests"].items():
        rows.append(
            [
                analysis_named(name).short,
                number_text(one["estimate"]),
                number_text(one["se"]),
                f"{one['df']:.1f}",
                f"{one['t']:.3f}",
                p_text(one["p"]),
                _interval(one["ci95"]),
            ]
        )
    return rows


def _exposure(result: dict[str, Any]) -> list[str]:
    """Return effects by exposure beside the constant one."""
    found = result.get("exposure")
    if found is None:
        return []
    named = [(f"exposure {one['exposure']}", one["tests"]) for one in found["by_exposure"]]
    named += [
        ("time-averaged effect", found["time_averaged_effect"]),
        ("long-term effect (the last)", found["long_term_effect"]),
        ("constant effect, as above", result["tests"]),
    ]
    rows = [["", "estimate", "SE", "df", "p", "95% interval", "CR2 SE", "df", "p"]]
    for name, tests in named:
        one, robust = tests["kenward-roger"], tests.get("cluster-robust")
        row = [name, *(number_text(one[key]) for key in ("estimate", "se")), f"{one['df']:.1f}"]
        row += [p_text(one["p"]), _interval(one["ci95"])]
        if robust is None:
            row += ["", "", ""]
        else:
            row += [number_text(robust["se"]), f"{robust['df']:.1f}", p_text(robust["p"])]
        rows.append(row)
    lines = [
        f"By period of exposure, {result['direction']} (an effect for each period since a cluster",
        "began; Kenward-Roger, and the cluster-robust error beside it)",
        *table_lines(rows),
    ]
    for name, words in (("all_equal", "equal at every exposure"), ("all_zero", "all zero")):
        tests = [
            f"{method} F {one['f']:.3f} on {one['df1']} and {one['df2']:.1f} df, "
            f"p {p_text(one['p'])}"
            for method, one in (
                ("Kenward-Roger", found[name]["kenward_roger"]),
                ("Satterthwaite", found[name]["satterthwaite"]),
            )
        ]
        lines.append(f"  Effects are {words}: {'; '.join(tests)}")
    return [*lines, ""]


def _spline(result: dict[str, Any]) -> list[str]:
    """Return effects along a spline of exposure."""
    found = result.get("exposure_spline")
    if found is None:
        return []
    rows = [["", "estimate", "SE", "df", "p", "95% interval", "Satterthwaite df", "p"]]
    for name, one in spline_rows(found):
        test, rough = one["kenward_roger"], one["satterthwaite"]
        rows.append(_effect_row(name, test, _interval(test["ci95"])))
        rows[-1] += [f"{rough['df']:.1f}", p_text(rough["p"])]
    lines = [
        f"By period of exposure along a natural spline, {spline_words(found)} (Kenward-Roger)",
        *table_lines(rows),
    ]
    for name, words in SPLINE_TESTS.items():
        if name in found:
            one = found[name]["kenward_roger"]
            lines.append(
                f"  {words}: Kenward-Roger F {one['f']:.3f} on {one['df1']} and {one['df2']:.1f} "
                f"df, p {p_text(one['p'])}"
            )
    return [*lines, ""]
