"""The published prediction of the PULSAR trial, as a page of Markdown."""

from __future__ import annotations

from typing import Any

from sim.text_table import markdown
from sim.trials.studies.pulsar import design_facts
from sim.trials.studies.pulsar_forecast import Forecast
from sim.trials.studies.pulsar_outcome import UNUSED, PulsarOutcome, coverage_text
from sim.trials.studies.replication_text import rate_text


def pulsar_document(outcome: PulsarOutcome, date: str, version: str, command: str) -> str:
    """Return the page.

    Parameters
    ----------
    date : str
        Date of the prediction, as YYYY-MM-DD.
    version : str
        Version of the software.
    command : str
        The command that wrote the page.
    """
    year_one, overall = (_of(outcome, name, "points") for name in ("year one", "overall"))
    year_one_sd, overall_sd = (_of(outcome, name, "SD") for name in ("year one", "overall"))
    zero = _of(outcome, "overall", "points", "no effect")
    carried = _of(outcome, "overall", "points", "REFOCUS effect in SD units")
    se = _figure(outcome, "SE of the overall effect, cluster effects")
    source = outcome.provenance
    parts = [
        "# Prediction of the PULSAR trial",
        f"Date of the prediction: **{date}**. Written by `{command}` (version {version}, seed "
        f"{outcome.seed}, {outcome.trials} simulated trials, posterior of "
        f"{source.get('date', 'no date')}, targets {_hash(source)}, calibration code "
        f"{source.get('code_version', 'unknown')}); do not edit by hand.",
        f"{UNUSED} The prediction rests on the design of the trial, the REFOCUS posterior and the "
        "assumptions below. It is not a registered prediction made before the trial: its worth is "
        "that the figures were fixed on the date above without the outcome.",
        "## In short",
        "\n".join(
            (
                f"* Effect at year one: {_points(year_one)} points of QPR-22 (0-88), 90% "
                f"prediction interval {_span(year_one)}; {year_one_sd.mean:.3f} SD "
                f"({year_one_sd.low90:.2f} to {year_one_sd.high90:.2f}).",
                f"* Overall effect: {_points(overall)} points, 90% prediction interval "
                f"{_span(overall)}; {overall_sd.mean:.3f} SD ({overall_sd.low90:.2f} to "
                f"{overall_sd.high90:.2f}).",
                f"* Its standard error: {se} points (median, 90% of trials).",
                f"* {_comparison(overall, zero, carried)}",
                f"* Overall effect significant at .05: {rate_text(outcome.significant)} of "
                "simulated trials.",
            )
        ),
        "## Forecasts",
        "Each line is a distribution of the estimate that the trial would report. The interval "
        f"holds {outcome.covers}, the trial's own sampling, staff turnover, and transport to "
        f"another country (SD {outcome.transport_sd:g} of the true effect in SD units). Two "
        "forecasts need no mechanism: no effect, and the effect of the REFOCUS trial in SD units "
        "(0.067, SE 0.120) with its error. They share the sampling and transport of the first.",
        _forecast_table(outcome),
        "Points are of the 22-item QPR, 0-88; one SD is "
        f"{outcome.unit:.1f} points here (the trial's planners used about 16).",
        "When the forecasts are laid beside the outcome, the rule is: the logarithmic score of a "
        "normal distribution with the mean and SD of the line, and whether the 90% interval holds "
        "the estimate, for the overall effect first and the effect at year one second; the "
        "mechanism is worth its assumptions only if it scores better than both others.",
        "## Transport",
        "How much the true effect may differ because country, services, training and interviewers "
        "do is an assumption; no figure was seen. The mechanism's 90% intervals in points at other "
        "values:",
        _transport_table(outcome),
        "## Standard errors and other figures",
        _figure_table(outcome),
        "## Order of the steps",
        "Step 1 is trained in year one, step 2 in year two. Effects that build up slowly make the "
        "overall effect of a stepped wedge smaller than the effect at full exposure: the analysis "
        "takes the effect as immediate and constant.",
        "\n".join(f"* {one.statement}: {rate_text(one.probability)}" for one in outcome.orderings),
        "## The design, and what is assumed",
        _design_table(),
        "\n".join(
            (
                "* What clusters get is REFOCUS as delivered in England; how the Australian "
                "training differed, and that it was refined between the steps, is not represented "
                "but for transport.",
                "* Attendance is lowered by "
                f"{-outcome.shift:.2f} log odds in every draw, so that on average half of the "
                f"staff in post have attended a session after a year (without it "
                f"{coverage_text(outcome)} would have).",
                "* Staff turnover is uniform on 27-47% a year in every simulated trial.",
                "* Eighteen sites in fourteen clusters: each cluster is simulated as one team. "
                "Seven clusters of each step, alternating over three organisations.",
                "* Samples are of people in service at the time, other people each time, as even "
                "over clusters as can be.",
                "* Analysis: random intercept for the cluster, a fixed effect for each time, "
                "Kenward-Roger; at year one the same with the first two times.",
                f"* Fits with no variance between clusters: {rate_text(outcome.singular)}.",
            )
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _comparison(mechanism: Forecast, zero: Forecast, carried: Forecast) -> str:
    """Return how far the forecasts lie apart, in units of what one trial can tell."""
    parts = []
    for name, other in (("no effect", zero), ("the REFOCUS effect carried over", carried)):
        gap = mechanism.mean - other.mean
        apart = abs(gap) / mechanism.sd
        verdict = "can hardly" if apart < 0.5 else "may"
        parts.append(
            f"against {name} (mean {other.mean:.2f}, SD {other.sd:.2f}) it lies {gap:+z.2f} "
            f"points, {apart:.2f} of its own SD, away: one trial of this size {verdict} "
            "tell them apart"
        )
    return (
        f"The mechanism's overall forecast has mean {mechanism.mean:.2f} and SD "
        f"{mechanism.sd:.2f}; " + "; ".join(parts) + "."
    )


def _of(outcome: PulsarOutcome, estimand: str, unit: str, forecast: str = "mechanism") -> Forecast:
    return next(
        one
        for one in outcome.forecasts
        if (one.estimand, one.unit, one.forecast) == (estimand, unit, forecast)
    )


def _hash(source: Any) -> str:
    targets = source.get("targets", {})
    return str(targets.get("hash", "unknown")) if isinstance(targets, dict) else "unknown"


def _points(one: Forecast) -> str:
    return f"{one.mean:.2f}"


def _span(one: Forecast) -> str:
    return f"{one.low90:.2f} to {one.high90:.2f}"


def _figure(outcome: PulsarOutcome, name: str) -> str:
    one = next(figure for figure in outcome.precisions if figure.name == name)
    return f"{one.median:.2f} ({one.low:.2f} to {one.high:.2f})"


def _forecast_table(outcome: PulsarOutcome) -> str:
    rows = []
    for one in outcome.forecasts:
        digits = 2 if one.unit == "points" else 3
        rows.append(
            [
                one.estimand,
                one.forecast,
                one.unit,
                f"{one.mean:.{digits}f} (MC SE {one.mean_monte_carlo_se:.{digits + 1}f})",
                f"{one.sd:.{digits}f}",
                f"{one.low90:.{digits}f} to {one.high90:.{digits}f}",
                f"{one.low95:.{digits}f} to {one.high95:.{digits}f}",
                f"{one.true_low90:.{digits}f} to {one.true_high90:.{digits}f}",
            ]
        )
    return markdown(
        [
            "effect",
            "forecast",
            "unit",
            "mean",
            "SD",
            "90% prediction interval",
            "95% prediction interval",
            "true effect with transport, 90%",
        ],
        rows,
    )


def _transport_table(outcome: PulsarOutcome) -> str:
    known = {outcome.transport_sd: [_of(outcome, x, "points") for x in ("year one", "overall")]}
    rows = []
    for sd, found in sorted({**outcome.sensitivity, **known}.items()):
        rows.append([f"{sd:g}", *(f"{_span(one)}" for one in found)])
    return markdown(["transport, SD units", "year one", "overall"], rows)


def _figure_table(outcome: PulsarOutcome) -> str:
    rows = []
    for one in outcome.precisions:
        digits = 0 if one.unit == "people" else 3 if one.unit == "" else 2
        rows.append(
            [
                one.name,
                one.unit or "-",
                f"{one.median:.{digits}f}",
                f"{one.low:.{digits}f} to {one.high:.{digits}f}",
            ]
        )
    return markdown(["figure", "unit", "median", "90% of simulated trials"], rows)


def _design_table() -> str:
    rows = [
        [name.replace("_", " "), f"{one['value']:g}", one["unit"], one["grade"], one["source"]]
        for name, one in design_facts().items()
    ]
    return markdown(["quantity", "value", "unit", "grade", "source"], rows)
