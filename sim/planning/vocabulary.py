"""One vocabulary for what a strategy does to recovery: chances, verdict, what it rests on.

Every command, report and page says it with these words. The rule stands in `kind_of`; chances are
of expected differences over draws of the parameters, each with its Monte Carlo error.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sim.inputs.roster.trial import TRIAL_SOURCE
from sim.measures.qpr import QPR15_IMPORTANT
from sim.parameters import registry
from sim.planning.plain_numbers import listed
from sim.planning.uncertainty import Chance, chance_above, chance_at_least, chance_below, spread_of
from sim.posterior import BOTH_TRIALS, FOLDER, PRIOR, REFOCUS_ALONE, posterior_file
from sim.posterior.choose import DEFAULTS, GIVEN, POSTERIOR, ChosenDraws

if TYPE_CHECKING:
    from sim.inputs.roster import Roster
    from sim.scenarios.schema import Scenario

IMPORTANT = QPR15_IMPORTANT
"""Minimum important difference of the QPR-15 between groups, points."""
IMPORTANT_IF_22_ITEMS = QPR15_IMPORTANT * 15.0 / 22.0
"""The same on the 15-item form, should it have been set on 22 items (the source does not say)."""
THRESHOLDS = (1.0, IMPORTANT_IF_22_ITEMS, IMPORTANT)

PROBABLY, EVEN, HARDLY = 0.8, 0.5, 0.05
"""What "probably", "more likely than not" and "hardly" mean, as shares of draws."""
FEW = 20
"""Fewer draws than this leave intervals and chances to luck."""
TRIAL_WEEKS = 52
INFORMED = 0.25
"""Share by which trials must narrow the 90% interval of the effect for a result to rest on them."""
EFFECT = "effect_full"
AGNOSTIC_SD = 0.52
"""SD of `effect_full` under the agnostic prior, normal about 0: .20 as delivered, divided by the
share of the full effect that delivery reaches, as `calibration/evidence/effects.toml` does."""
CLEAR = 1.645
RIVALS = FOLDER / "rivals.json"
NOTHING_HELPS = "theory failure"

SAME, UNTOLD, SMALL, SIGN_OPEN, HARM, BENEFIT, LEANS = (
    "same",
    "too few",
    "small",
    "cannot be told",
    "harm",
    "benefit",
    "leans",
)


@dataclass(frozen=True)
class Chances:
    """How likely a strategy does harm or good, each with its Monte Carlo error."""

    # Expected difference below 0, above 0.
    harm: Chance
    benefit: Chance
    reaches: tuple[Chance, ...]  # Expected difference of `THRESHOLDS` or more
    falls: tuple[Chance, ...]  # The same to the worse

    @property
    def important(self) -> Chance:
        """The chance of the minimum important difference."""
        return self.reaches[-1]


def chances_of(values: np.ndarray) -> Chances:
    """Return the chances of a strategy.

    `values`: differences of the QPR-15 from the base, shape (draws, replications), points.
    """
    return Chances(
        chance_below(values, 0.0),
        chance_above(values, 0.0),
        tuple(chance_at_least(values, one) for one in THRESHOLDS),
        tuple(chance_below(values, -one, or_equal=True) for one in THRESHOLDS),
    )


@dataclass(frozen=True)
class View:
    """What draws say when they are weighted as another prior, or fewer trials, would have them."""

    name: str  # The prior or posterior, in words
    weights: np.ndarray  # Shape (draws,), summing to 1

    @property
    def effective(self) -> float:
        """Effective number of draws."""
        return float(1.0 / (self.weights**2).sum())


@dataclass(frozen=True)
class Seen:
    """The expected difference in one view."""

    name: str  # The view
    # Mean over weighted draws and its Monte Carlo standard error, points.
    mean: float
    standard_error: float
    benefit: float  # Weighted share of draws with a benefit

    @property
    def sign(self) -> int:
        """1 or -1 where the mean is clear of its Monte Carlo error (90%), otherwise 0."""
        return int(np.sign(self.mean)) if abs(self.mean) > CLEAR * self.standard_error else 0


@cache
def effect_of_posterior(name: str) -> tuple[float, float, float]:
    """Return mean, SD and width of the 90% interval of `effect_full` in a shipped posterior."""
    path = posterior_file(name)
    with path.open(encoding="utf-8") as file:
        place = file.readline().strip().split(",").index(EFFECT)
        draws = np.loadtxt(file, delimiter=",", usecols=place)
    low, high = np.quantile(draws, [0.05, 0.95])
    return float(draws.mean()), float(draws.std()), float(high - low)


@dataclass(frozen=True)
class OtherEvidence:
    """What else speaks of an effect beside the draws."""

    views: tuple[View, ...] = ()  # Other priors and posteriors of the same draws
    # Weight of the explanations of REFOCUS's result under which no strategy helps at all
    # (`calibration.findings.rival_trials`), all being equally likely beforehand; 0 where not known.
    nothing: float = 0.0


NO_OTHER = OtherEvidence()


def other_evidence(chosen: ChosenDraws | None) -> OtherEvidence:
    """Return what else speaks of the effects of draws: other priors, and rival explanations."""
    of = "" if chosen is None else chosen.of
    return OtherEvidence(views_of(chosen), rival_weights(of).get(NOTHING_HELPS, 0.0))


@cache
def rival_weights(posterior: str) -> dict[str, float]:
    """Return the weight of each explanation after a shipped posterior's trials; none for others."""
    found: dict[str, dict[str, float]] = json.loads(RIVALS.read_text(encoding="utf-8"))
    return found.get(posterior, {})


def views_of(chosen: ChosenDraws | None) -> tuple[View, ...]:
    """Return the other views of draws: each shipped posterior, and the agnostic prior.

    The effect of full implementation is a parameter with a prior, and effects of every strategy
    are linear in it, so that another distribution of it is a reweighting. Posteriors are taken as
    normal in it. None where draws do not vary it.
    """
    if chosen is None or len(chosen.draws) < FEW or EFFECT not in chosen.draws[0]:
        return ()
    effects = np.array([one[EFFECT] for one in chosen.draws])
    own = chosen.of or PRIOR if chosen.source in (POSTERIOR, PRIOR) else ""
    shipped = own in NAMED
    mean, sd = effect_of_posterior(own)[:2] if shipped else (effects.mean(), effects.std())
    if sd <= 0.0:
        return ()
    found = []
    if shipped:
        for name, words in NAMED.items():
            if name != own:
                found.append(View(words, _weights(effects, (mean, sd), effect_of_posterior(name))))
    prior = registry()[EFFECT].prior
    before = (float(prior["mean"]), float(prior["sd"]))
    data = f", {NAMED[own]}" if shipped and own != PRIOR else ""
    found.append(View(f"agnostic prior{data}", _weights(effects, before, (0.0, AGNOSTIC_SD))))
    return tuple(found)


NAMED = {
    BOTH_TRIALS: "both trials",
    REFOCUS_ALONE: "REFOCUS alone",
    PRIOR: "studies of others alone, no trial of REFOCUS",
}


def _weights(values: np.ndarray, own: Sequence[float], wanted: Sequence[float]) -> np.ndarray:
    """Return weights that turn one normal distribution into another, summing to 1."""
    log = 0.5 * ((values - own[0]) / own[1]) ** 2 - 0.5 * ((values - wanted[0]) / wanted[1]) ** 2
    weight = np.exp(log - log.max())
    return np.asarray(weight / weight.sum())


def seen_in(view: View, values: np.ndarray) -> Seen:
    """Return the expected difference of a strategy in a view; values as in `chances_of`."""
    expected = spread_of(values).expected
    mean = float(view.weights @ expected)
    error = float(np.sqrt((view.weights**2) @ (expected - mean) ** 2))
    return Seen(view.name, mean, error, float(view.weights @ (expected > 0.0)))


@dataclass(frozen=True)
class Judgement:
    """The verdict on a strategy, by rule."""

    kind: str  # 'same', 'too few', 'small', 'cannot be told', 'harm', 'benefit' or 'leans'
    chances: Chances
    seen: tuple[Seen, ...]  # The expected difference under other priors and posteriors
    nothing: float = 0.0  # See `OtherEvidence`

    @property
    def words(self) -> str:
        """The verdict in words.

        "More likely than not" is said where the Monte Carlo error of the chance leaves no doubt of
        it (its 95% limits lie above one half), "about as likely as not" where they hold one half.
        """
        if self.kind != BENEFIT:
            return {
                SAME: "no difference at all",
                UNTOLD: "too few runs to say",
                SMALL: "hardly a difference of a point or more",
                SIGN_OPEN: "whether it does good or harm cannot be told",
                HARM: "probably harm",
                LEANS: "more likely good than harm"
                if self.chances.benefit.share >= EVEN
                else "more likely harm than good",
            }[self.kind]
        chances = list(zip(THRESHOLDS, self.chances.reaches, strict=True))
        reached = [threshold for threshold, one in chances if one.low > EVEN]
        even = [threshold for threshold, one in chances if one.low <= EVEN <= one.high]
        told = ["probably some benefit"]
        if reached:
            told.append(f"more likely than not of {_points(max(reached))} or more")
        if even:
            told.append(f"of {_points(max(even))} or more about as likely as not")
        if not reached and not even:
            told.append("more likely than not of less than 1 point")
        return ", ".join(told)

    @property
    def why_not_told(self) -> str:
        """What decides the sign where it cannot be told; empty otherwise."""
        if self.kind != SIGN_OPEN:
            return ""
        other = [one for one in self.seen if one.sign < 0] or [
            one for one in self.seen if one.sign > 0
        ]
        told = "; ".join(f"{one.mean:+z.2f} points with {one.name}" for one in other)
        own = self.chances.benefit
        if self.nothing >= EVEN:
            return (
                f"Explanations of the trial's result decide it: '{NOTHING_HELPS}', under which "
                f"nothing helps, holds {self.nothing:.2f} of their weight."
            )
        if own.low <= EVEN <= own.high or not told:
            return "Good and harm are about equally likely in these draws."
        return f"The prior decides the sign: expected are {told}."


def judged(values: np.ndarray, other: OtherEvidence = NO_OTHER) -> Judgement:
    """Return the verdict on a strategy.

    Parameters
    ----------
    values : numpy.ndarray
        Differences of the QPR-15 from the base, shape (draws, replications), points.
    other : OtherEvidence
        On the same draws.
    """
    chances = chances_of(values)
    seen = tuple(seen_in(one, values) for one in other.views)
    kind = kind_of(values, chances, seen, other.nothing)
    return Judgement(kind, chances, seen, other.nothing)


def kind_of(
    values: np.ndarray, chances: Chances, seen: Sequence[Seen], nothing: float = 0.0
) -> str:
    """Return the kind of a verdict, the first that holds.

    * same: the difference is exactly 0 in every world;
    * too few: fewer than `FEW` draws (with one draw: replications);
    * small: 1 point or more, for the better or the worse, in fewer than 1 in 20 draws each, and
      in so many draws that half of them would have shown;
    * cannot be told: the limits of the Monte Carlo error of the chance of benefit hold one half;
      or the expected difference has the other sign under another prior or posterior, clear of its
      Monte Carlo error; or explanations of the trial's result under which nothing helps hold half
      of the weight or more;
    * harm: below 0 in 4 of 5 draws or more; benefit: above 0 in 4 of 5 or more;
    * leans: otherwise.
    """
    if np.all(values == 0.0):
        return SAME
    if max(values.shape if len(values) == 1 else (len(values),)) < FEW:
        return UNTOLD
    least = (chances.reaches[0], chances.falls[0])
    if all(one.share < HARDLY and one.high < EVEN for one in least):
        return SMALL
    own = 1 if chances.benefit.share >= EVEN else -1
    even = chances.benefit.low <= EVEN <= chances.benefit.high
    if even or nothing >= EVEN or any(one.sign == -own for one in seen):
        return SIGN_OPEN
    if chances.harm.share >= PROBABLY:
        return HARM
    return BENEFIT if chances.benefit.share >= PROBABLY else LEANS


def _points(value: float) -> str:
    return f"{value:.2g} point{'' if value == 1.0 else 's'}"


def signed(value: float) -> str:
    """Return a number with its sign and two decimals; what rounds to nought has none."""
    if value != value:
        return "none"
    text = f"{value:+z.2f}"
    return "0.00" if text == "+0.00" else text


def percent(share: float) -> str:
    """Return a share as a percentage, with a decimal where it is small."""
    shown = 100.0 * share
    return f"{shown:.1f}%" if 0.0 < shown < 10.0 else f"{shown:.0f}%"


def chance_error(chance: Chance, count: int) -> float:
    """Return a chance's Monte Carlo standard error; of 0 or 1 as of one draw in count."""
    return max(chance.monte_carlo_se, 1.0 / count)


def with_error(chance: Chance, count: int) -> str:
    """Return a chance with its Monte Carlo standard error."""
    return f"{percent(chance.share)} ({100.0 * chance_error(chance, count):.1f})"


def chances_text(chances: Chances, count: int) -> str:
    """Return the chances in a sentence, each with its Monte Carlo standard error.

    Parameters
    ----------
    count : int
        Draws (with one draw: replications) behind them.
    """
    sizes = ", ".join(
        f"{_points(threshold)} or more {with_error(one, count)}"
        for threshold, one in zip(THRESHOLDS, chances.reaches, strict=True)
    )
    return (
        f"Chances over {count} {chances.benefit.of}, Monte Carlo SE in brackets: harm "
        f"{with_error(chances.harm, count)}, any benefit {with_error(chances.benefit, count)}, "
        f"{sizes}"
    )


def other_text(judgement: Judgement) -> str:
    """Return what other evidence says in a sentence; empty where there is none."""
    told = [
        f"{one.name} {one.mean:+z.2f} (benefit {percent(one.benefit)})" for one in judgement.seen
    ]
    if judgement.nothing > 0.0:
        told.append(f"nothing if the theory fails (weight {judgement.nothing:.2f})")
    return f"Expected with other evidence: {'; '.join(told)}." if told else ""


def titles_of(scenarios: Iterable[Scenario]) -> dict[str, str]:
    """Return the title of every scenario by name; with its name where two share one."""
    found = {one.name: one.title for one in scenarios}
    often = Counter(found.values())
    return {
        name: f"{title} ({name})" if often[title] > 1 else title for name, title in found.items()
    }


def rests_on(chosen: ChosenDraws, scenarios: Sequence[Scenario], weeks: int) -> str:
    """Return in a sentence whether a result rests on trials or on assumptions.

    On trials rests what a trial delivered (its scenario's grade), within the year that trials
    lasted, with draws fitted to trials that narrowed the 90% interval of the effect by a quarter or
    more. All else rests on assumptions.

    Parameters
    ----------
    chosen : ChosenDraws
        The sets of parameter values.
    scenarios : sequence of Scenario
        Strategies judged, the base left out.
    weeks : int
        When they are judged.
    """
    if chosen.source != POSTERIOR:
        what = {
            PRIOR: "priors, no trial of REFOCUS used",
            DEFAULTS: "default values chosen by hand",
            GIVEN: "values given by the user",
        }[chosen.source]
        return f"Rests on assumptions: {what}."
    named = chosen.of or "own fit"
    if chosen.of:
        narrowed = 1.0 - effect_of_posterior(chosen.of)[2] / effect_of_posterior(PRIOR)[2]
        if narrowed < INFORMED:
            return (
                "Rests on assumptions: trials narrowed the effect's 90% interval by "
                f"{percent(narrowed)} only."
            )
        named = {BOTH_TRIALS: "two trials", REFOCUS_ALONE: "one trial"}[chosen.of]
        named += f", which narrowed the effect's 90% interval by {percent(narrowed)}"
    titles = titles_of(scenarios)
    tested = [titles[one.name] for one in scenarios if one.grade == "trial"]
    others = [titles[one.name] for one in scenarios if one.grade != "trial"]
    if weeks > TRIAL_WEEKS:
        return (
            f"Rests on assumptions: trials lasted {TRIAL_WEEKS} weeks, and week {weeks} is an "
            "extrapolation."
        )
    if not tested:
        return f"Rests on assumptions: no trial delivered {listed(others)}."
    text = f"Rests on trials for {listed(tested)} ({named})"
    return f"{text}; on assumptions for {listed(others)}." if others else f"{text}."


def extrapolated(
    chosen: ChosenDraws, scenarios: Sequence[Scenario], weeks: int, roster: Roster
) -> str:
    """Return in a sentence what of a result no trial saw, by rule.

    Weeks after the year that trials lasted; strategies that no trial delivered (a grade other than
    "trial"); services other than REFOCUS's own; INSPIRE, of which no figure of REFOCUS was seen;
    and what the draws themselves say that they do not cover.

    Parameters
    ----------
    chosen : ChosenDraws
        The sets of parameter values.
    scenarios : sequence of Scenario
        Strategies judged, the base left out.
    weeks : int
        When they are judged.
    roster : Roster
        Where.
    """
    told = []
    if weeks > TRIAL_WEEKS:
        told.append(f"weeks {TRIAL_WEEKS + 1} to {weeks} (trials lasted {TRIAL_WEEKS})")
    titles = titles_of(scenarios)
    untested = [titles[one.name] for one in scenarios if one.grade != "trial"]
    if untested:
        them = "them" if len(untested) > 1 else "it"
        told.append(f"{listed(untested)} (no trial delivered {them})")
    if roster.source != TRIAL_SOURCE:
        told.append("these services (the trials were in others)")
    told.append("experienced support and relationship (no INSPIRE figure of REFOCUS was seen)")
    return f"Extrapolated: {'; '.join([*told, *chosen.notes])}."
