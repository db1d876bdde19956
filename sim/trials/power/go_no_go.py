"""Go or no-go after a trial: the rule, and how often it says what, by true effect.

Go on where the trial is confident of more than the least effect worth having, stop where it is
confident of less than the effect wanted, and think where it is neither or both. Confidence limits
are one-sided, so that each decision is a one-sided test and its chance a power.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from typing import NamedTuple

import numpy as np

from sim.trials.analyses.hypothesis import Bounds
from sim.trials.analyses.trial_result import TrialResult
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power.formula_power import FormulaPower


class Chances(NamedTuple):
    """How often each decision is made where the true effect is this."""

    effect: float
    go: float
    think: float
    stop: float


class Rule(NamedTuple):
    """Bounds whose one-sided tests decide, and the level of each."""

    go: Bounds
    stop: Bounds
    both: Bounds
    level: float


def rule_of(file: DesignFile) -> Rule | None:
    """Return the rule of a design; None where it states none."""
    asked = file.decision
    if asked is None:
        return None
    least, wanted = asked.least, asked.wanted
    if file.analysis.better == "lower":
        go, stop, both = Bounds(-inf, least), Bounds(wanted, inf), Bounds(wanted, least)
    else:
        go, stop, both = Bounds(least, inf), Bounds(-inf, wanted), Bounds(least, wanted)
    return Rule(go, stop, both, 1.0 - asked.confidence)


def by_formula(rule: Rule, formula: FormulaPower, effect: float) -> Chances:
    """Return the chances of the decisions at a true effect, by formula."""
    go, stop, both = (
        formula.against(one, rule.level).at(effect).power for one in (rule.go, rule.stop, rule.both)
    )
    return Chances(effect, go - both, 1.0 - go - stop + 2.0 * both, stop - both)


def effects_shown(file: DesignFile, effect: float) -> list[float]:
    """Return true effects of interest: none, the rule's two, the design's, and half of the last."""
    asked = file.decision
    assert asked is not None
    return sorted({0.0, asked.least, asked.wanted, effect / 2.0, effect})


def simulated(rule: Rule, results: Sequence[TrialResult], effect: float) -> Chances:
    """Return how often simulated trials decide what; one without an answer makes one think."""
    go = stop = 0
    for one in results:
        if one.failed:
            continue
        says_go, says_stop = (
            bounds.p(one.estimate, one.se, one.df) < rule.level for bounds in (rule.go, rule.stop)
        )
        go += says_go and not says_stop
        stop += says_stop and not says_go
    count = len(results)
    return Chances(effect, go / count, 1.0 - (go + stop) / count, stop / count)


def lines(
    file: DesignFile,
    formula: FormulaPower | None,
    effect: float,
    results: Sequence[TrialResult] = (),
) -> list[str]:
    """Return the rule and its operating characteristics as text; nothing without a rule."""
    rule, asked = rule_of(file), file.decision
    if rule is None or asked is None:
        return []
    more, fewer = ("more", "less") if file.analysis.better == "higher" else ("less", "more")
    found = [
        f"go where {100 * asked.confidence:g}% confident (one-sided) of {more} than "
        f"{asked.least:g}, stop where so confident of {fewer} than {asked.wanted:g}, think "
        "where neither or both",
        f"  {'true effect':>12}{'go':>8}{'think':>8}{'stop':>8}",
    ]
    if formula is not None:
        rows = [by_formula(rule, formula, one) for one in effects_shown(file, effect)]
        found += [
            f"  {one.effect:>12.3g}{one.go:>8.3f}{one.think:>8.3f}{one.stop:>8.3f}  by formula"
            for one in rows
        ]
    if results:
        one = simulated(rule, results, effect)
        error = max(sqrt(p * (1.0 - p) / len(results)) for p in one[1:])
        found.append(
            f"  {one.effect:>12.3g}{one.go:>8.3f}{one.think:>8.3f}{one.stop:>8.3f}  simulated "
            f"(Monte Carlo SE at most {error:.3f})"
        )
    return found


def table(file: DesignFile, formula: FormulaPower | None, effect: float) -> list[dict[str, float]]:
    """Return the chances by formula as plain data."""
    rule = rule_of(file)
    if rule is None or formula is None:
        return []
    shown = effects_shown(file, effect)
    return [by_formula(rule, formula, float(one))._asdict() for one in np.array(shown)]
