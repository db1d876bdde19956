"""Claims about mediation: what is held, what tests find, and what a design is told."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr, stdtr

from benchmarks.stored_rows import loaded
from benchmarks.studies import mediation as by_teams
from sim.api.mediation import PATHS
from sim.api.power import by_formula, chosen_design
from sim.engines.held_practice import HELD, Posts, drawn_posts, without_learning
from sim.engines.one_world import OneWorld
from sim.errors import InputError
from sim.trials.analyses.mediation_test import mediation_test, sobel_p
from sim.trials.data.counterfactual import AgentTwins
from sim.trials.data.mediated_trial import MediatedTrial, mediated_trials
from sim.trials.designs.design_file import design_from_table, design_from_text
from sim.trials.designs.design_schema import DesignFile
from sim.trials.designs.design_text import design_text
from sim.trials.power.mediation_answer import mediation_formula, mediation_lines, shown
from sim.trials.power.mediation_power import Mediation, mediation_power
from sim.trials.power.mediation_simulated import (
    Mean,
    Spread,
    mediation_simulated,
    pair_sums,
    shares_of,
    summary,
    trial_row,
)
from sim.trials.power.power_study import Study, study_of
from sim.trials.power.simulated_power import rate

PUBLISHED: dict[str, Any] = {
    "design": {"clusters": 30, "size": 80},
    "statistical": {"icc": 0.2},
    "mediation": {
        "a": 0.49,
        "b": 0.3,
        "workers": 4,
        "mediator_icc": 0.26,
        "worker_icc": 0.15,
        "mediator_explained": [0.07, 0.17],
        "outcome_explained": [0.02, 0.41, 0.38],
        "team_columns": [4, 5],
    },
}


def of_agents(scenario: str = "refocus-full", **settings: float) -> Study:
    table = {
        "design": {"clusters": 6, "size": 8, "period_weeks": 26},
        "agents": {"scenario": scenario, "settings": settings},
        "mediation": {"mediator": "fidelity"},
        "precision": {"draws": 0},
    }
    return study_of(design_from_table(table))


def trial_of(study: Study, **more: Any) -> MediatedTrial:
    assert isinstance(study.source, AgentTwins)
    return mediated_trials(study.source, study.design, ["fidelity"], 0.7, 1, 0, **more)[0]


def test_practice_is_held_at_what_it_was_without_the_programme() -> None:
    study = of_agents()
    source = study.source
    assert isinstance(source, AgentTwins)
    scenarios = source.scenarios(study.design)
    people, _ = source.source.recruit(study.design, scenarios[1], 0, 1)
    request = source.source.request(study.design, scenarios, people, 1)
    parameters = [request.parameters(0, 0), request.parameters(1, 0)]
    parameters.append(without_learning(parameters[0]))
    worlds = [OneWorld(request.layouts[at], p) for at, p in zip((0, 1, 0), parameters, strict=True)]
    posts = [Posts(one) for one in worlds]
    apart = np.zeros(2)
    for week in range(27):
        for world in worlds:
            world.run_to(week)
        done = [one.shifts("behaviour_coaching") for one in posts]
        apart += [np.abs(done[2] - done[1]).sum(), np.abs(done[0] - done[1]).sum()]
        for name in HELD:
            posts[2].shift_to(name, posts[1].shifts(name))
    # Before it is taken back, a week's change is all that users meet of the programme's.
    assert 0.0 <= apart[0] < 0.001 * apart[1]
    donors = drawn_posts(worlds[0], np.array([0, 2, 4]), np.random.default_rng(1))
    team = posts[0].team
    assert set(team[donors[team == 1]]) == {1}
    assert sorted(donors) == list(range(len(team)))
    counts = worlds[0].layout.teams["staff"]
    assert (counts[team[donors]] == counts[team]).all()


def test_what_does_not_go_by_practice_is_direct() -> None:
    study = of_agents("expectations-only", expectations_to_empowerment=3.0)
    trial = trial_of(study)
    effects = trial.effects
    assert effects.total == effects.direct != 0.0
    assert effects.indirect == effects.mediator == 0.0
    found = summary(study, np.array([trial_row(trial, study.design)] * 2))
    assert np.isnan(found.slope)
    text = "\n".join(mediation_lines(study, found))
    assert "the programme does not move the mediator" in text
    cut = dict.fromkeys(PATHS["practice"].through, 0.0)
    # The same programme reaches practice, but practice reaches nobody.
    effects = trial_of(of_agents(**cut), interventional=True).effects
    assert effects.mediator > 0.02
    assert effects.indirect == effects.given_indirect == 0.0


def balanced(
    teams: int, rng: np.random.Generator, a: float = 0.8, b: float = 2.0
) -> dict[str, Any]:
    """Return a trial with four workers a team and five people a worker."""
    arm = np.arange(teams) % 2
    workers = np.repeat(np.arange(teams), 4)
    mediator = a * arm[workers] + 0.5 * rng.standard_normal(teams)[workers]
    mediator += rng.standard_normal(len(workers)) * 0.8
    means = np.bincount(workers, mediator) / 4.0
    people = np.repeat(np.arange(len(workers)), 5)
    team = workers[people]
    outcome = b * means[team] + 0.7 * (mediator - means[workers])[people] + 0.5 * arm[team]
    outcome += rng.standard_normal(teams)[team] + rng.standard_normal(len(workers))[people]
    outcome += 2.0 * rng.standard_normal(len(people))
    return {
        "staff_team": workers,
        "staff_treated": arm[workers],
        "mediator": mediator,
        "team": team,
        "treated": arm[team],
        "worker": people,
        "own": mediator[people],
        "outcome": outcome,
    }


def slope(y: np.ndarray, *columns: np.ndarray) -> tuple[float, float]:
    """Return slope and standard error of the first column by ordinary least squares."""
    X = np.column_stack([*columns, np.ones(len(y))])
    inverse = np.linalg.inv(X.T @ X)
    beta = inverse @ X.T @ y
    rest = y - X @ beta
    return float(beta[0]), float(np.sqrt(rest @ rest / (len(y) - X.shape[1]) * inverse[0, 0]))


def test_with_equal_sizes_paths_are_regressions_of_team_means() -> None:
    given = balanced(16, np.random.default_rng(3))
    found = mediation_test(**given)
    teams, workers = np.arange(16), given["staff_team"]
    arm, m = teams % 2, np.bincount(workers, given["mediator"]) / 4.0
    y = np.bincount(given["team"], given["outcome"]) / 20.0
    assert (found.a, found.se_a) == pytest.approx(slope(m, arm), rel=1e-6)
    assert (found.b, found.se_b) == pytest.approx(slope(y, m, arm), rel=1e-6)
    of_worker = np.bincount(given["worker"], given["outcome"]) / 5.0
    dummies = (workers[:, None] == teams[None, 1:]).astype(float)
    estimate, error = slope(of_worker, given["mediator"], dummies)
    assert found.within == pytest.approx(estimate)
    assert found.p_within == pytest.approx(2.0 * stdtr(64 - 17, -abs(estimate / error)))
    assert found.p_b == pytest.approx(2.0 * stdtr(13, -abs(found.b / found.se_b)), rel=1e-5)
    # Sobel by hand: .6 / sqrt(.3^2 .1^2 + 2^2 .05^2) = .6 / sqrt(.0009 + .01).
    assert sobel_p(0.3, 0.05, 2.0, 0.1) == pytest.approx(2.0 * ndtr(-0.6 / np.sqrt(0.0109)))


def test_formula_and_simulated_trials_agree() -> None:
    # Shares of variance of `balanced`, given the mediator: teams 1, workers 1, people 4.
    rng = np.random.default_rng(1)
    tests = [mediation_test(**balanced(20, rng, 0.6, 1.3)) for _ in range(400)]
    shown = np.mean([one.p_a < 0.05 and one.p_b < 0.05 for one in tests])
    spread, sd = np.sqrt(0.25 + 0.64), np.sqrt(6.0)
    paths = Mediation(0.6 / spread, 1.3 * spread / sd, 0.25 / spread**2, 1 / 6, 1 / 6)
    expected = mediation_power(paths, 20, 4, 5).joint
    assert 0.1 < expected < 0.9
    assert shown == pytest.approx(expected, abs=3 * np.sqrt(expected * (1 - expected) / 400))


def test_shares_of_variance_are_those_that_people_were_made_with() -> None:
    rng = np.random.default_rng(2)
    worker = np.repeat(np.arange(3000), 4)
    team = worker // 6
    value = rng.standard_normal(500)[team] + rng.standard_normal(3000)[worker]
    value += np.sqrt(2.0) * rng.standard_normal(len(worker))
    value -= value.mean()
    near, all_of = pair_sums(worker, value), pair_sums(team, value)
    sums = Spread(float(value @ value), len(value), *near, *np.subtract(all_of, near))
    found = shares_of(np.array([sums]))
    assert found == pytest.approx((2.0, 0.25, 0.25), abs=0.03)
    # Two pairs by hand: 1 2 and 3 4 in groups.
    assert pair_sums(np.array([5, 5, 9, 9]), np.arange(1.0, 5.0)) == (2 * (2.0 + 12.0), 4.0)


def test_a_design_file_gives_the_published_numbers_and_how_many_teams_are_enough() -> None:
    file = design_from_table(PUBLISHED)
    for one in (file, of_agents().file):
        assert design_from_text(design_text(one)) == one
    found = by_formula(file).content()["mediation_formula"]
    # PowerUpR 1.1.0, as in the reference case `power-mediation-3-2-1`.
    for name, value in {"joint": 0.2880642648, "sobel": 0.3242885895, "se_b": 0.1286607817}.items():
        assert found["power"][name] == pytest.approx(value, rel=1e-8)
    needed = found["needed"]

    def joint(teams: int) -> float:
        answer = mediation_formula(study_of(chosen_design(file, {"clusters": teams})))
        assert answer is not None
        return answer.power.joint

    assert joint(needed - 2) < 0.8 <= joint(needed)
    text = by_formula(file).text
    assert (
        f"30 teams cannot show that the mediator carries the effect: power 0.29; 0.8 needs {needed}"
        in text
    )
    rows = by_formula(file, grid=[f"clusters=30,{needed}"]).content()
    assert [row["mediation"] for row in rows] == pytest.approx(
        [found["power"]["joint"], joint(needed)]
    )
    assert shown(needed, joint(needed), 0.8, "").startswith(f"{needed} teams can show")
    none = design_from_table({**PUBLISHED, "mediation": {**PUBLISHED["mediation"], "b": 0.0}})
    assert "no number of teams up to 100,000" in by_formula(none).text


def test_simulated_trials_tell_what_is_true_and_what_is_found() -> None:
    study = of_agents()
    found = mediation_simulated(study, 2, workers=1)
    assert found.total.value == pytest.approx(found.indirect.value + found.direct.value)
    assert found.a.value * found.slope == pytest.approx(found.indirect.value)
    assert found.joint.trials == 2
    again = mediation_simulated(study, 2, workers=1)
    assert again == found
    # Of arms that are not alike the formula is that of their shares: 2 and 4 teams.
    unlike = replace(study, design=replace(study.design, clusters=(2, 4)))
    one = trial_of(study)
    other = summary(unlike, np.array([trial_row(one, study.design)] * 2))
    assert other.formula is not None
    assert other.formula.se_a == pytest.approx(
        mediation_power(other.paths, 6, other.workers, other.people).se_a * sqrt(9 / 8)
    )
    text = "\n".join(mediation_lines(study, found))
    assert "6 teams cannot show that the mediator carries the effect" in text
    unsure = replace(found, estimated_slope=Mean(1.0, 0.6))
    assert "do not tell the slope between teams" in mediation_lines(study, unsure)[-1]
    faint = replace(found, a=Mean(0.1, 0.1))
    assert "do not tell the effect on the mediator" in mediation_lines(study, faint)[-1]
    # No error is told by two trials that agree, and nothing by power near the one wanted.
    none = replace(found, joint=rate(0, 2))
    assert "power 0.00 (0.00 to 0.66: 95%, Monte Carlo" in mediation_lines(study, none)[-1]
    near = replace(found, joint=rate(16, 20))
    assert "whether 6 teams can show" in mediation_lines(study, near)[-1]
    sure = replace(found, estimated_slope=Mean(1.0, 0.1))
    assert "teams by formula" in mediation_lines(study, sure)[-1]
    assert "teams can show" in mediation_lines(study, replace(found, joint=rate(20, 20)))[-1]
    # An observer without error sees more of the programme, in units of what is measured.
    assert study.file.mediation is not None
    exact = study.file.mediation.model_copy(update={"observer_reliability": 1.0})
    sharp = replace(study, file=study.file.model_copy(update={"mediation": exact}))
    assert mediation_simulated(sharp, 2, workers=1).a.value > found.a.value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mediation": {"mediator": "practice"}}, "mediation.mediator: goes with [agents]"),
        ({"mediation": {"worker_icc": 0.9}}, "shares of one variance, at most 1 together"),
        ({"mediation": {"mediator_icc": 2.0}}, "mediation.mediator_icc = 2.0: must be a number"),
        ({"mediation": {"team_columns": [1, 1]}}, "team_columns = [1, 1]: treatment is in both"),
        ({"design": {"type": "stepped wedge", "clusters": 8}}, "mediation: goes with a parallel"),
        (
            {"statistical": None, "agents": {}, "mediation": {"mediator": "practise"}},
            "unknown mediation.mediator 'practise'; did you mean 'practice'?",
        ),
        (
            {"statistical": None, "agents": {}, "mediation": {"mediator": "practice", "a": 0.4}},
            "a: goes with [statistical]",
        ),
    ],
)
def test_what_a_mediator_may_not_be(changes: dict[str, Any], message: str) -> None:
    table = {name: part for name, part in (PUBLISHED | changes).items() if part is not None}
    with pytest.raises(InputError) as told:
        design_from_table(table)
    assert message in str(told.value)


def test_the_study_by_number_of_teams() -> None:
    rows = loaded(by_teams.Row, by_teams.NUMBERS)
    for row in rows:
        assert row.indirect + row.direct == pytest.approx(row.total)
        assert row.joint <= min(row.path_a, row.path_b)
        assert (row.trials, row.worlds) == (row.worlds * 160 // max(row.teams, 20), 40)
    # Trials of a world are apart: every team once, as many treated as not.
    arms = np.random.default_rng(1).permuted(np.tile([0, 1], (8, 10)), axis=1).ravel()
    for teams in by_teams.TEAMS:
        blocks = list(by_teams.blocks(arms, teams))
        chosen = np.concatenate(blocks)
        assert len(set(chosen)) == len(chosen)
        assert all(arms[one].sum() == teams // 2 for one in blocks)


def test_too_few_teams_or_people_are_told() -> None:
    file: DesignFile = chosen_design(design_from_table(PUBLISHED), {"clusters": 6})
    with pytest.raises(InputError, match="clusters = 6: too few for these covariates"):
        by_formula(file)
    file = chosen_design(design_from_table(PUBLISHED), {"size": 3})
    with pytest.raises(InputError, match=r"mediation\.workers = 4: more than the 3 people"):
        by_formula(file)
