"""All that is predicted for the PULSAR trial, as text and as rows of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sim.trials.power.simulated_power import Rate
from sim.trials.studies.pulsar_forecast import (
    Forecast,
    Ordering,
    Precision,
    forecasts,
    orderings,
    precisions,
    significant,
    typical_sd,
)
from sim.trials.studies.replication_text import rate_text

if TYPE_CHECKING:
    import pandas as pd

    from sim.trials.studies.pulsar import Coverage

OTHER_TRANSPORT = (0.0, 0.05, 0.2)
UNUSED = (
    "The trial's outcome is published; it is not used in fitting, nor anywhere in this software."
)


@dataclass(frozen=True)
class PulsarOutcome:
    """The prediction."""

    forecasts: list[Forecast]  # At the stated transport standard deviation
    # The mechanism's forecasts in points at other transport standard deviations.
    sensitivity: dict[float, list[Forecast]]
    orderings: list[Ordering]
    precisions: list[Precision]
    significant: Rate  # Trials whose overall effect is significant, before transport
    singular: Rate  # Overall fits with no variance between clusters
    # In SD units; the SD of QPR-22 in points.
    transport_sd: float
    unit: float
    # Change in attendance (log odds), and the coverage without it with its Monte Carlo standard
    # error.
    shift: float
    coverage_before: float
    coverage_before_se: float
    covers: str
    trials: int
    seed: int
    provenance: Mapping[str, Any] = field(default_factory=dict)  # Of the posterior


def pulsar_outcome(
    trials: pd.DataFrame,
    transport_sd: float,
    seed: int,
    coverage: Coverage,
    covers: str,
    provenance: Mapping[str, Any],
) -> PulsarOutcome:
    """Return the prediction from simulated trials.

    Parameters
    ----------
    trials : DataFrame
        From `sim.trials.studies.pulsar.simulate_pulsar`.
    transport_sd : float
        In SD units.
    coverage : Coverage
        From `sim.trials.studies.pulsar.coverage_shift`.
    covers : str
        What the draws' spread covers.
    provenance : mapping
        Of the posterior.
    """
    from sim.trials.power.simulated_power import rate

    return PulsarOutcome(
        forecasts=forecasts(trials, transport_sd, seed),
        sensitivity={
            one: mechanism(forecasts(trials, one, seed), "points") for one in OTHER_TRANSPORT
        },
        orderings=orderings(trials),
        precisions=precisions(trials),
        significant=significant(trials),
        singular=rate(int((trials["singular"] == 1.0).sum()), len(trials)),
        transport_sd=transport_sd,
        unit=typical_sd(trials),
        shift=coverage.shift,
        coverage_before=coverage.before,
        coverage_before_se=coverage.before_se,
        covers=covers,
        trials=len(trials),
        seed=seed,
        provenance=provenance,
    )


def mechanism(found: Sequence[Forecast], unit: str) -> list[Forecast]:
    """Return the forecasts of the mechanism in one unit."""
    from sim.trials.studies.pulsar_forecast import MECHANISM

    return [one for one in found if one.forecast == MECHANISM and one.unit == unit]


def forecast_rows(outcome: PulsarOutcome) -> list[dict[str, Any]]:
    """Return one row for each forecast."""
    return [asdict(one) for one in outcome.forecasts]


def pulsar_text(outcome: PulsarOutcome) -> str:
    """Return the prediction as lines for the terminal."""
    lines = [
        f"PULSAR predicted from its design alone: {outcome.trials} simulated trials",
        UNUSED,
        "Intervals are prediction intervals of the estimate that the trial would report. They hold",
        f"{outcome.covers}, the trial's sampling, turnover, and",
        f"transport (SD {outcome.transport_sd:g} of the true effect in SD units, an assumption).",
        "",
    ]
    for unit, digits in (("points", 2), ("SD", 3)):
        named = f"points of QPR-22 (SD {outcome.unit:.1f})" if unit == "points" else "SD units"
        lines.append(
            f"  {named:<36}{'mean':>8}{'MC SE':>8}{'SD':>8}{'90% interval':>19}{'95% interval':>19}"
            f"{'true effect, 90%':>20}"
        )
        for one in (x for x in outcome.forecasts if x.unit == unit):
            lines.append(
                f"  {one.estimand + ': ' + one.forecast:<36}{one.mean:>8.{digits}f}"
                f"{one.mean_monte_carlo_se:>8.{digits + 1}f}{one.sd:>8.{digits}f}"
                f"{_to(one.low90, one.high90, digits):>19}{_to(one.low95, one.high95, digits):>19}"
                f"{_to(one.true_low90, one.true_high90, digits):>20}"
            )
        lines.append("")
    lines.append(f"  {'predicted figure':<64}{'median':>8}{'90% of trials':>19}")
    for figure in outcome.precisions:
        digits = 0 if figure.unit == "people" else 3 if figure.unit == "" else 2
        name = figure.name + (f" ({figure.unit})" if figure.unit else "")
        lines.append(
            f"  {name:<64}{figure.median:>8.{digits}f}{_to(figure.low, figure.high, digits):>19}"
        )
    lines += ["", "  Order of the steps"]
    lines += [f"    {one.statement}: {rate_text(one.probability)}" for one in outcome.orderings]
    lines += [
        f"  Overall effect significant at .05, without transport: {rate_text(outcome.significant)}",
        f"  Fits with no variance between clusters: {rate_text(outcome.singular)}",
        f"  Attendance lowered by {-outcome.shift:.2f} log odds so that half of the staff are "
        f"reached ({coverage_text(outcome)} without).",
    ]
    return "\n".join(lines) + "\n"


def coverage_text(outcome: PulsarOutcome) -> str:
    """Return the share of staff reached without a shift, with its Monte Carlo standard error."""
    return (
        f"{100 * outcome.coverage_before:.0f}%, MC SE {100 * outcome.coverage_before_se:.1f} "
        "over pilot runs,"
    )


def _to(low: float, high: float, digits: int) -> str:
    return f"{low:.{digits}f} to {high:.{digits}f}"
