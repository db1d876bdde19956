"""HTML reports of simulated REFOCUS trials and of the PULSAR prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.report.document import Document
from sim.report.figures import Point, interval_figure
from sim.spreadsheet import data_frame
from sim.trials.studies.pulsar_outcome import UNUSED, PulsarOutcome, forecast_rows
from sim.trials.studies.replication import Replication
from sim.trials.studies.replication_text import CAUTION, fall_rows, rate_text

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("label", "among", "unit", "published", "median", "low", "high", "below", "tail")


def replication_report(
    summary: Replication, trials: pd.DataFrame, covers: str, command: str
) -> str:
    """Return the report of simulated REFOCUS trials.

    Parameters
    ----------
    trials : DataFrame
        One row for each trial.
    covers : str
        What intervals cover beside the trial's own sampling.
    command : str
        The command that repeats it.
    """
    page = Document("The REFOCUS trial, simulated many times")
    page.paragraph(
        f"{len(trials)} simulated trials with the design, roster and analysis of the trial, each "
        f"with parameter values of its own. Intervals hold 90% of them: {covers}, and the trial's "
        "own sampling.",
        "lead",
    )
    page.paragraph(CAUTION, "caution")
    page.heading("Where the published figures fall")
    table = data_frame(fall_rows(summary))
    page.table(table[list(COLUMNS)], "Published figures among simulated ones", "falls")
    groups = [
        (
            f"{row['label']}",
            [
                Point("simulated", row["median"], row["low"], row["high"]),
                Point("published", row["published"], row["published"], row["published"]),
            ],
        )
        for row in fall_rows(summary)[:6]
    ]
    for first in range(0, len(groups), 3):
        part = groups[first : first + 3]
        rows = table.iloc[first : first + 3][list(COLUMNS)]
        page.figure(
            interval_figure(part),
            "Published figure beside the interval that holds 90% of simulated trials: "
            + "; ".join(title for title, _ in part),
            "Median and interval that holds 90% of simulated trials, and the published figure.",
            rows,
            f"falls-{first // 3 + 1}",
        )
    page.heading("How often")
    page.bullets(
        [
            "Interpersonal higher where participation was high (sign of P4): "
            + rate_text(summary.higher_participation),
            "the same among trials with a significant participation contrast: "
            + rate_text(summary.higher_selected),
            "difference at least as large as published: " + rate_text(summary.at_least_published),
            "difference significant at .05: " + rate_text(summary.significant),
            "fits with no variance between teams: " + rate_text(summary.singular),
            "trials without an estimate: " + rate_text(summary.failed),
        ]
    )
    page.heading("To repeat this")
    page.code(command)
    return page.html()


def pulsar_report(outcome: PulsarOutcome, command: str) -> str:
    """Return the report of the PULSAR prediction."""
    page = Document("The PULSAR trial, predicted from its design alone")
    page.paragraph(UNUSED, "lead")
    page.paragraph(
        "Intervals are prediction intervals of the estimate that the trial would report: "
        f"{outcome.covers}, the trial's own sampling, turnover, and transport (SD "
        f"{outcome.transport_sd:g} in SD units, an assumption)."
    )
    table = data_frame(forecast_rows(outcome))
    points = [one for one in outcome.forecasts if one.unit == "points"]
    groups = [
        (
            f"{estimand}, points of QPR-22",
            [
                Point(one.forecast, one.median, one.low90, one.high90)
                for one in points
                if one.estimand == estimand
            ],
        )
        for estimand in ("year one", "overall")
    ]
    page.figure(
        interval_figure(groups, ((0.0, "no effect"),)),
        "Prediction intervals of three forecasts for the effect at year one and overall",
        "Median and 90% prediction interval of each forecast.",
        table,
        "forecasts",
    )
    page.heading("Other predicted figures")
    page.table(data_frame(outcome.precisions), "Median and 90% of simulated trials", "figures")
    page.heading("Order of the steps")
    page.bullets([f"{one.statement}: {rate_text(one.probability)}" for one in outcome.orderings])
    page.heading("To repeat this")
    page.code(command)
    return page.html()
