"""Claims about trials of agents: who enters by readiness, and how they are randomised then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.errors import InputError
from sim.runs.simulate import simulate
from sim.scenarios.library import load_scenario
from sim.trials.analyses.analysis_plan import analyse_trial, default_plan
from sim.trials.data.agent_teams import AskedPeople, randomised, shared_places
from sim.trials.data.agents import AgentSource, scenario_for
from sim.trials.data.counterfactual import AgentTwins
from sim.trials.data.moments import average_moments, trial_moments
from sim.trials.designs.design import RANDOMISATIONS, Design, ReadinessEntry, parallel
from sim.trials.designs.design_file import design_from_text
from sim.trials.designs.randomise import stratified
from sim.trials.designs.readiness_entry import Entered

SOURCE = AgentSource(load_scenario("refocus-full"))
HALF = ReadinessEntry(share=0.5, screened_per_team=2)


def recruits(design: Design, count: int, source: AgentSource = SOURCE) -> list[tuple]:
    """Return people and who entered, of trials number 0 to `count` - 1."""
    scenario = scenario_for(source.scenario, design)
    return [source.recruit(design, scenario, one, 1) for one in range(count)]


def arms(found: tuple[AskedPeople, Entered]) -> np.ndarray:
    """Return the sequence of each team that entered."""
    people, entered = found
    return people.sequence[entered.teams]


def test_enough_eligible_teams_fill_every_arm() -> None:
    """Those who enter are randomised, so 12 eligible teams are always 6 in each arm."""
    for found in recruits(parallel(6, 4, readiness=HALF), 30):
        assert np.bincount(arms(found)).tolist() == [6, 6]


@pytest.mark.parametrize(("strata", "per_arm"), [(2, 3), (3, 2)])
def test_arms_have_equal_numbers_from_each_stratum_of_readiness(strata: int, per_arm: int) -> None:
    """Also when every team that is screened enters."""
    rules = ReadinessEntry(strata=strata, screened_per_team=1)
    for found in recruits(parallel(6, 4, readiness=rules), 20):
        stratum = found[1].stratum[found[1].teams]
        for arm in (0, 1):
            assert np.bincount(stratum[arms(found) == arm]).tolist() == [per_arm] * strata


def test_strata_are_of_the_readiness_that_the_trial_s_own_run_has() -> None:
    """Measuring first changes nothing: the run that follows starts from the same readiness."""
    rules = ReadinessEntry(strata=2, screened_per_team=2, reliability=1.0, run_in_weeks=8)
    design = parallel(6, 4, baseline="ancova", readiness=rules)
    scenario = scenario_for(SOURCE.scenario, design)
    people, entered = SOURCE.recruit(design, scenario, 3, 1)
    request = SOURCE.request(design, [scenario], people, 1, ("team_weeks",))
    weeks = simulate(request, workers=1).arrays["team_weeks"]
    ready = np.sort(weeks[weeks["week"] == 0], order="team")["team_readiness"]
    assert ready.std() > 0.0
    assert ready[entered.stratum == 0].max() < ready[entered.stratum == 1].min()


@pytest.mark.parametrize("method", RANDOMISATIONS)
def test_teams_that_enter_are_randomised_by_the_design_s_method(method: str) -> None:
    """Everybody has the same chance; trusts or strata are balanced among those who entered."""
    strata = 3 if method == "stratified" else 1
    design = parallel(6, 4, readiness=HALF, randomisation=method, strata=strata)
    people, _ = recruits(design, 1)[0]
    teams = np.arange(0, 24, 2)
    stratum = np.arange(24) * strata // 24
    found = np.array(
        [
            randomised(replace(people, replication=one), design, 8, teams, stratum, 1).sequence
            for one in range(400)
        ]
    )
    assert (found.sum(axis=1) == 12).all()
    assert (found[:, teams].sum(axis=1) == 6).all()
    assert np.allclose(found.mean(axis=0), 0.5, atol=0.1)
    spread = found[:, teams].reshape(400, 3, 4).mean(axis=2).std()
    if method == "simple":
        # A hypergeometric share: 4 of 12 teams drawn with 6 in each arm.
        assert spread == pytest.approx(np.sqrt(0.25 / 4 * 8 / 11), abs=0.03)
    else:
        assert spread < 0.15


@pytest.mark.parametrize(
    ("clusters", "sizes"),
    [
        ((6, 6), (3, 4, 5)),
        ((6, 6), (3, 3, 3, 3)),
        ((5, 5, 5, 5), (7, 6, 7)),
        ((4, 4, 4), (5, 4, 3)),
    ],
)
def test_strata_that_do_not_divide_evenly_differ_by_one_at_most(
    clusters: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    strata = np.repeat(np.arange(len(sizes)), sizes)
    rng = np.random.default_rng(1)
    found = np.array([stratified(clusters, strata, rng) for _ in range(300)])
    in_arm = found[:, :, None] == np.arange(len(clusters))
    assert (in_arm.sum(axis=1) == clusters).all()
    assert np.allclose(in_arm.mean(axis=0), 1 / len(clusters), atol=0.12)
    for one in range(len(sizes)):
        assert np.ptp(in_arm[:, strata == one].sum(axis=1), axis=1).max() <= 1


def test_every_trial_is_allocated_anew_and_the_same_under_the_same_seed() -> None:
    design = parallel(6, 4, readiness=HALF)
    first, again = recruits(design, 12), recruits(design, 12)
    assert all(
        np.array_equal(a[0].sequence, b[0].sequence) for a, b in zip(first, again, strict=True)
    )
    assert len({tuple(arms(one)) for one in first}) > 6


def test_a_later_trial_with_entry_by_readiness_is_the_same_alone() -> None:
    design = parallel(3, 4, baseline="ancova", readiness=HALF)
    whole = list(AgentTwins(SOURCE).twins(design, 0, 3, 1))
    alone = next(iter(AgentTwins(SOURCE).twins(design, 2, 1, 1)))
    assert np.array_equal(whole[2].data.outcome, alone.data.outcome, equal_nan=True)
    assert np.array_equal(whole[2].data.arm, alone.data.arm)


def test_twins_and_trials_recruit_the_same_teams_to_the_same_arms() -> None:
    design = parallel(3, 4, baseline="ancova", readiness=ReadinessEntry(strata=2))
    twin = next(iter(AgentTwins(SOURCE).twins(design, 0, 1, 1))).data
    trial = SOURCE.simulate(design, 1, 0)
    for name in ("cluster", "arm", "stratum", "person"):
        assert np.array_equal(getattr(twin, name), getattr(trial, name))
    frame = trial.frame()
    assert set(frame["stratum"]) == {0, 1}
    assert (frame.groupby("cluster")["stratum"].nunique() == 1).all()


@pytest.mark.parametrize(
    ("clusters", "teams", "allowed"),
    [
        ((6, 6), 12, {(6, 6)}),
        ((6, 6), 7, {(3, 4), (4, 3)}),
        ((8, 4), 6, {(4, 2)}),
        ((6, 6), 1, {(1, 0), (0, 1)}),
        ((6, 6), 0, {(0, 0)}),
        ((5, 0, 5), 4, {(2, 0, 2)}),
    ],
)
def test_too_few_teams_are_shared_in_proportion(
    clusters: tuple[int, ...], teams: int, allowed: set[tuple[int, ...]]
) -> None:
    rng = np.random.default_rng(1)
    found = {
        tuple(int(one) for one in shared_places(np.array(clusters), teams, rng)) for _ in range(40)
    }
    assert found == allowed


@pytest.mark.parametrize("method", RANDOMISATIONS)
@pytest.mark.parametrize("entered", [0, 1, 2, 5])
def test_a_strict_cut_off_leaves_a_small_trial_and_no_traceback(method: str, entered: int) -> None:
    """Its data have the teams that passed, and an analysis that cannot be done is a failure."""
    strata = 2 if method == "stratified" else 1
    rules = ReadinessEntry(minimum=0.0, reliability=1.0, screened_per_team=1)
    design = parallel(4, 4, baseline="ancova", randomisation=method, strata=strata, readiness=rules)
    scenario = scenario_for(SOURCE.scenario, design)
    ready = SOURCE._readiness(design, scenario, recruits(design, 1)[0][0], 1)
    # The cut-off that just so many teams reach.
    cut = 1.0 if entered == 0 else float(np.sort(ready)[-entered])
    strict = replace(design, readiness=replace(rules, minimum=cut))
    twin = next(iter(AgentTwins(SOURCE).twins(strict, 0, 1, 1)))
    assert len(np.unique(twin.data.cluster)) == entered
    assert twin.eligible == pytest.approx(entered / 8)
    assert average_moments([trial_moments(twin.data)]).clusters == entered
    result = analyse_trial(twin.data, strict, default_plan(strict))
    if entered <= 2:
        assert result.failed
    if entered == 0:
        assert np.isnan(twin.truth.participant_average)


def test_one_trial_has_one_kind_of_strata() -> None:
    rules = ReadinessEntry(strata=2)
    design = parallel(6, 4, randomisation="stratified", strata=3, readiness=rules)
    for start in (
        lambda: SOURCE.simulate(design, 1, 0),
        lambda: next(iter(AgentTwins(SOURCE).twins(design, 0, 1, 1))),
    ):
        with pytest.raises(InputError, match=r"randomisation.strata = 3: readiness.entry"):
            start()


AGENTS = '[design]\nclusters = 12\n[agents]\nscenario = "usual-care"\n'
STATISTICAL = "[design]\nclusters = 12\n[statistical]\n"


@pytest.mark.parametrize(
    ("source", "method", "told"),
    [
        (AGENTS, "stratified", "strata = 1: stratified randomisation needs at least 2"),
        (STATISTICAL, "minimised", "strata = 1: minimised randomisation of statistical"),
        (STATISTICAL, "restricted", "strata = 1: restricted randomisation of statistical"),
    ],
)
def test_a_method_with_nothing_to_balance_is_refused(source: str, method: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        design_from_text(source + f'[randomisation]\nmethod = "{method}"\n')
