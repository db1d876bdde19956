"""Extractors: which figures can be taken from a simulated trial, and on which scale.

The figures are computed by `sim.trials.studies.refocus_figures`; here they get a label, the range
that is possible, and the scale on which their sampling distribution is close to normal. A new
target is one entry in a targets file and, if the figure is new, one entry here and one line there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

INFINITE = (-math.inf, math.inf)
# What a published direction says of the figure: it rose or fell, ...
RISES = ("higher", "more", "greater", "increased", "rose")
FALLS = ("lower", "fewer", "less", "decreased", "reduced", "fell")
# ... or was for the better or the worse, which is positive or negative for every extractor.
BETTER = ("improved", "better", "positive")
WORSE = ("worsened", "worse", "negative")
DIRECTIONS = RISES + FALLS + BETTER + WORSE


@dataclass(frozen=True)
class Extractor:
    """A figure of a simulated trial."""

    label: str  # What it is
    bounds: tuple[float, float] = INFINITE  # Values that the published figure can take
    # {'plain', 'log', 'logit', 'fisher'}: Scale of the simulated figure relative to the published
    # one.
    scale: str = "plain"
    falls: bool = False  # Whether a positive figure stands for something that falls, such as costs
    # Whether the figure is that of a test (z), which can be reported as not significant.
    test: bool = False

    @property
    def upward(self) -> tuple[str, ...]:
        """Words that a positive figure is reported with."""
        return (FALLS if self.falls else RISES) + BETTER

    def inward(self, value: float, of: int | None = None) -> float:
        """Return a published value on the extractor's scale."""
        if self.scale == "log":
            return math.log(value)
        if self.scale == "fisher":
            return math.atanh(value)
        if self.scale == "logit":
            if of is not None:
                return math.log((value + 0.5) / (of - value + 0.5))
            return math.log(value / (1.0 - value))
        return float(value)

    def outward(self, value: float) -> float:
        """Return a simulated value on the published scale."""
        if self.scale == "log":
            return math.exp(value)
        if self.scale == "fisher":
            return math.tanh(value)
        if self.scale == "logit":
            return 1.0 / (1.0 + math.exp(-value))
        return float(value)


def figure_name(trial: str, extractor: str) -> str:
    """Return the name of a figure of one of several trials; of the only trial the extractor's."""
    return f"{trial}: {extractor}" if trial else extractor


def extractor_of(figure: str) -> str:
    """Return the extractor of a figure's name."""
    return figure.rpartition(": ")[2]


EXTRACTORS: dict[str, Extractor] = {
    "control_mean": Extractor("mean QPR-15 of the control arm", (0.0, 60.0)),
    "log_sd": Extractor("SD of QPR-15 within arms", (0.1, 30.0), "log"),
    "difference": Extractor("adjusted QPR-15 difference", (-60.0, 60.0)),
    "log_se": Extractor("standard error of the QPR-15 difference", (0.01, 60.0), "log"),
    "z_intrapersonal": Extractor("z of the adjusted Intrapersonal difference", test=True),
    "z_interpersonal": Extractor("z of the adjusted Interpersonal difference", test=True),
    "participation": Extractor("Interpersonal, high - low participation", (-20.0, 20.0)),
    "z_participation_total": Extractor("z of the participation contrast on QPR-15", test=True),
    "z_participation_intrapersonal": Extractor(
        "z of the participation contrast, Intrapersonal", test=True
    ),
    "z_participation_interpersonal": Extractor(
        "z of the participation contrast, Interpersonal", test=True
    ),
    "logit_retention": Extractor("share followed up", (0.0, 1.0), "logit"),
    "gaf_difference": Extractor("adjusted GAF difference", (-100.0, 100.0)),
    "staff_unmet_needs_reduction": Extractor(
        "fewer unmet needs, staff-rated", (-22.0, 22.0), falls=True
    ),
    "user_unmet_needs_reduction": Extractor(
        "fewer unmet needs, user-rated", (-22.0, 22.0), falls=True
    ),
    "inspire_support_difference": Extractor("INSPIRE Support difference", (-100.0, 100.0)),
    "inspire_relationship_difference": Extractor(
        "INSPIRE Relationship difference", (-100.0, 100.0)
    ),
    "cost_reduction": Extractor("lower yearly costs", (-1e6, 1e6), falls=True),
    "black_difference": Extractor("QPR-15 difference in black service users", (-60.0, 60.0)),
    "black_half_width": Extractor("half-width of its 95% interval", (0.0, 60.0)),
    "pooled_change": Extractor("mean QPR-15 change, both arms", (-60.0, 60.0)),
    "icc_baseline": Extractor("intracluster correlation of QPR-15 at baseline", (-1.0, 1.0)),
    "hope_correlation": Extractor("correlation of hope and QPR-15", (-1.0, 1.0)),
    "empowerment_correlation": Extractor("correlation of empowerment and QPR-15", (-1.0, 1.0)),
    "participation_support": Extractor(
        "INSPIRE Support, high - low participation", (-100.0, 100.0)
    ),
    "participation_staff_behaviour": Extractor("staff behaviour, high - low participation"),
    "leader_excess": Extractor("leaders' RSA above their staff's", (-4.0, 4.0)),
    "goal_named_share": Extractor("share with a named goal", (0.0, 1.0)),
    "goal_reached_share": Extractor("share of goals reached by week 13", (0.0, 1.0)),
    "rsa_correlation": Extractor("correlation of users' RSA and QPR-15", (-0.99, 0.99), "fisher"),
    "attended_share": Extractor("share of offered staff-sessions attended", (0.0, 1.0)),
    "pulsar_overall": Extractor("PULSAR: overall effect on the QPR-22", (-88.0, 88.0)),
}
