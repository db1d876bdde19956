"""Power to see that practice carries the effect: a design's answer, by formula and in words."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from typing import Any, NamedTuple

from sim.errors import InputError
from sim.trials.power.mediation_power import Mediation, MediationPower, mediation_power
from sim.trials.power.mediation_simulated import Mean, SimulatedMediation, treated_share
from sim.trials.power.power_study import Study
from sim.trials.power.search import smallest_integer
from sim.trials.power.simulated_power import INTERVAL, rate_line

MOST_TEAMS = 100_000
# A path within so many Monte Carlo errors of zero says nothing on how many teams would do.
ERRORS = 2.0


class MediationFormula(NamedTuple):
    """Power by formula, and what it takes as known."""

    paths: Mediation
    clusters: int
    workers: float
    people: float
    power: MediationPower
    target: float
    # Teams in all with the power wanted by the joint test; None where no number has it.
    needed: int | None


def mediation_formula(study: Study) -> MediationFormula | None:
    """Return the formula's answer for a design with [mediation] and statistical outcomes.

    The baseline is not in it but by what covariates are said to explain.

    Raises
    ------
    InputError
        If shares of variance add up to more than one, or there are too few teams, or people.
    """
    file, design = study.file, study.design
    part, s = file.mediation, file.statistical
    if part is None or s is None:
        return None
    paths = Mediation(
        part.a,
        part.b,
        part.mediator_icc,
        part.worker_icc,
        s.icc,
        part.mediator_explained,
        part.outcome_explained,
        part.team_columns,
    )
    clusters = design.total_clusters
    users = design.size * (1.0 - design.attrition.rate)
    people = users / part.workers
    if people < 1.0:
        raise InputError(
            f"mediation.workers = {part.workers:g}: more than the {users:g} people of a team with "
            "an outcome; give those who are somebody's key worker"
        )
    treated = treated_share(design)
    found = mediation_power(paths, clusters, part.workers, people, treated, study.plan.alpha)
    needed = teams_needed(
        paths, part.workers, people, file.target.power, study.plan.alpha, treated=treated
    )
    return MediationFormula(paths, clusters, part.workers, people, found, file.target.power, needed)


def mediation_plain(found: MediationFormula) -> dict[str, Any]:
    """Return the formula's answer as plain data."""
    paths, power = asdict(found.paths), asdict(found.power)
    return {**found._asdict(), "paths": paths, "power": power}


def teams_needed(
    paths: Mediation,
    workers: float,
    people: float,
    target: float,
    alpha: float,
    *,
    treated: float = 0.5,
) -> int | None:
    """Return the even number of teams with a power of the joint test; None where none has it."""
    fewest = (max(paths.covariates) + 3) // 2

    def power(pairs: int) -> float:
        return mediation_power(paths, 2 * pairs, workers, people, treated, alpha).joint

    if power(MOST_TEAMS // 2) < target:
        return None
    return 2 * smallest_integer(power, target, fewest)


def formula_lines(found: MediationFormula) -> list[str]:
    """Return the formula's answer as lines of text; none where there is none."""
    one = found.power
    rows = [
        (f"path a, programme on the mediator ({found.paths.a:g} SD)", one.power_a),
        (f"path B, mediator on the outcome ({found.paths.b:g} SD per SD)", one.power_b),
        ("both paths (joint test)", one.joint),
        ("product of the paths (Sobel's test)", one.sobel),
    ]
    return [
        f"  by formula, {found.clusters} teams, {found.workers:g} workers a team, "
        f"{found.people:.3g} people a worker",
        *(f"  {name:<48}{value:>7.3f}" for name, value in rows),
        f"  {shown(found.clusters, one.joint, found.target, enough(found.needed, found.target))}",
    ]


def shown(
    clusters: int,
    power: float,
    target: float,
    more: str,
    limits: tuple[float, float] | None = None,
) -> str:
    """Return in a sentence whether a trial can show that the mediator carries the effect.

    Parameters
    ----------
    more : str
        What would be enough.
    limits : pair of float, optional
        95% limits of a simulated power, of Monte Carlo error alone: with the power wanted between
        them nothing is concluded.
    """
    low, high = (power, power) if limits is None else limits
    told = f"power {power:.2f}"
    if limits is not None:
        told += f" ({low:.2f} to {high:.2f}: {INTERVAL})"
    if low >= target:
        return f"{clusters} teams can show that the mediator carries the effect: {told}."
    if high >= target:
        return (
            f"whether {clusters} teams can show that the mediator carries the effect is not known: "
            f"{told}; simulate more."
        )
    return f"{clusters} teams cannot show that the mediator carries the effect: {told}; {more}."


def enough(needed: int | None, target: float) -> str:
    """Return in words how many teams have a power by formula."""
    if needed is None:
        return f"no number of teams up to {MOST_TEAMS:,} has {target:g}"
    return f"{target:g} needs {needed} teams by formula"


def simulated_enough(study: Study, found: SimulatedMediation) -> str:
    """Return the same given what simulated trials are like, if they tell both paths at all."""
    for path, one in (
        ("effect on the mediator", found.a),
        ("slope between teams", found.estimated_slope),
    ):
        # What is the same in every trial is told: a programme that does not reach the mediator.
        if one.monte_carlo_se != 0.0 and not abs(one.value) > ERRORS * one.monte_carlo_se:
            return (
                f"how many would is not known, as these trials do not tell the {path}; "
                "simulate more"
            )
    target = study.file.target.power
    needed = teams_needed(
        found.paths,
        found.workers,
        found.people,
        target,
        study.plan.alpha,
        treated=treated_share(study.design),
    )
    return enough(needed, target)


def simulated_lines(study: Study, found: SimulatedMediation) -> list[str]:
    """Return what simulated trials show, as lines of text."""

    def points(one: Mean) -> str:
        return f"{one.value:.3f} (MC SE {one.monte_carlo_se:.3f})"

    m, y = found.mediator_shares, found.outcome_shares
    lines = [
        f"  true effects on {found.outcome}, points: {points(found.total)}; by practice (natural "
        f"indirect) {points(found.indirect)}, beside it (natural direct) {points(found.direct)}",
    ]
    if found.given_indirect is not None and found.given_direct is not None:
        lines.append(
            f"  interventional: by practice {points(found.given_indirect)}, beside it "
            f"{points(found.given_direct)}"
        )
    share = "" if study.design.baseline == "none" else ", given the baseline,"
    slope = (
        f"path B {found.slope:.3g} points for an SD of the mediator would be the indirect effect"
        if isfinite(found.slope)
        else "the programme does not move the mediator"
    )
    lines += [
        f"  mediator {found.mediator}, {found.workers:.1f} staff a team: ICC {m.team:.3f} given "
        f"treatment; {found.people:.2f} people a worker, of whose outcomes{share} {y.team:.3f} of "
        f"the variance lies between teams, {y.worker:.3f} between workers",
        f"  path a {points(found.a)} SD; {slope}, trials estimate "
        f"{points(found.estimated_slope)}; product of the paths {points(found.estimate)} points",
    ]
    for name, one, formula in (
        ("path a, programme on the mediator", found.path_a, "power_a"),
        ("path B, mediator on the outcome between teams", found.path_b, "power_b"),
        ("the same within teams, worker by worker", found.within, None),
        ("both paths (joint test)", found.joint, "joint"),
        ("product of the paths (Sobel's test)", found.sobel, "sobel"),
    ):
        line = rate_line(name, one)
        if formula is not None and found.formula is not None:
            line += f"  by formula {getattr(found.formula, formula):.3f}"
        lines.append(line)
    joint, more = found.joint, simulated_enough(study, found)
    limits = joint.low, joint.high
    told = shown(found.clusters, joint.value, study.file.target.power, more, limits)
    return [*lines, f"  {told}"]


def mediation_lines(study: Study, simulated: SimulatedMediation | None) -> list[str]:
    """Return the section on mediation as lines of text; none where a design has none."""
    if study.file.mediation is None:
        return []
    lines = ["mediation: does the mediator carry the effect? (team, worker, service user)"]
    formula = mediation_formula(study)
    if formula is not None:
        lines += formula_lines(formula)
    if simulated is not None:
        lines += simulated_lines(study, simulated)
    return lines
