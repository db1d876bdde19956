"""Design files: what they say is what is simulated, and what cannot be answered is refused."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, sqrt

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.data.agent_calendar import measured_weeks, start_weeks
from sim.trials.data.agent_teams import team_sizes
from sim.trials.data.counterfactual import exposure_number, statistical_truth
from sim.trials.data.moments import average_moments, trial_moments
from sim.trials.data.statistical import Correlations, StatisticalSource, exposure_shares
from sim.trials.designs.correlation import from_correlations
from sim.trials.designs.design import ReadinessEntry, parallel, stepped_wedge
from sim.trials.designs.design_file import (
    changed,
    dealt,
    design_from_table,
    design_from_text,
    design_names,
    load_design,
    trial_design,
)
from sim.trials.designs.design_text import design_template, design_text
from sim.trials.designs.readiness_entry import Entered, recruited
from sim.trials.power.design_formula import Assumed, design_power
from sim.trials.power.gls_power import gls_standard_error
from tests.trials.closed_forms import stepped_wedge_se

STATISTICAL = "[statistical]\neffect = 4\n"


@pytest.mark.parametrize("name", design_names())
def test_a_worked_design_survives_being_written_and_read(name: str) -> None:
    file = load_design(name)
    again = design_from_text(design_text(file), name)
    assert again == file
    assert trial_design(again).clusters == trial_design(file).clusters


def test_the_template_loads_with_either_source_of_outcomes() -> None:
    text = design_template()
    assert design_from_text(text).statistical is not None
    head, agents = text.split("# [agents]\n")
    tables = head.split("\n[")
    kept = [one for one in tables if not one.startswith(("statistical", "attrition", "uncertain"))]
    lines = [line.removeprefix("# ") for line in agents.splitlines() if " = " in line]
    settings = [line for line in lines if line.split(" = ")[0].isidentifier()]
    other = "\n[".join(kept) + "\n[agents]\n" + "\n".join(settings)
    assert design_from_text(other).agents is not None


def test_what_the_template_leaves_out_is_shown_with_a_value_it_can_have() -> None:
    lines = design_template().split("# [agents]\n")[0].splitlines()
    told = []
    for at, line in enumerate(lines):
        if line.startswith("# ") and line[2:].split(" = ")[0].isidentifier():
            try:
                design_from_text("\n".join([*lines[:at], line[2:], *lines[at + 1 :]]))
            except InputError as error:
                told.append(str(error))
    assert told
    assert not [one for one in told if "must be" in one]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[design]\nclusters_by_sequence = [20, 0]\n", "at least 2 of each"),
        (
            '[design]\ntype = "stepped wedge"\nsteps = 4\nclusters = 3\n',
            "clusters = 3: fewer teams than the 4 sequences",
        ),
        (
            '[design]\ntype = "stepped wedge"\nsteps = 3\nclusters_by_sequence = [3, 0, 3]\n',
            "sequence 2 has no team",
        ),
        (
            '[design]\ntype = "matrix"\nclusters = 8\nschedule = [[0, 1], [0, 1]]\n',
            "has no control then",
        ),
        (
            '[design]\nclusters = 20\n[attrition]\nrate = 0.3\nmechanism = "at random"\n',
            "people of a cross-section are measured once",
        ),
        ("[design]\nclusters = 2\n", "give each arm at least 2"),
        ("[design]\nclusters = 20\ncluster = 3\n", "did you mean 'clusters'"),
        ("[design]\nclusters = -3\n", "design.clusters = -3: must be a whole number"),
        ("[design]\nclusters = 20\nsize = 1\n", "ask at least 2"),
        ("[design]\nclusters = 20\ntype = 'paralel'\n", "did you mean 'parallel'"),
        ("[design]\ntype = 'stepped wedge'\n", "clusters: is missing"),
        ("[design]\ntype = 'crossover'\nclusters = 2\n", "at least 2 to each sequence"),
        ("[design]\ntype = 'matrix'\nschedule = [[0, 1], [0, 1], [0, 1]]\n", "begin in another"),
        ("[design]\ntype = 'matrix'\nschedule = [[0, 0], [0, 0], [0, 0]]\n", "treats nobody"),
        ("[design]\ntype = 'matrix'\nschedule = [[0, 2], [0, 2], [0, 0]]\n", "treats nobody"),
        ("[design]\ntype = 'matrix'\nschedule = [[1, 1], [1, 1], [1, 1]]\n", "no control"),
        ("[design]\ntype = 'matrix'\nschedule = [[0, 1], [0]]\n", "same number of periods"),
        ("[design]\ntype = 'matrix'\nschedule = [[0, 1], [0, 7]]\n", "0 \\(control\\)"),
        ("[design]\nclusters = 20\n[readiness]\nentry = 'top share'\n", "know no readiness"),
        ("[design]\nclusters = 20\n[uncertainty.ranges]\nic = [0, 0.1]\n", "did you mean 'icc'"),
        ("[design]\nclusters = 20\n[uncertainty.ranges]\nsteps = [2, 4]\n", "has no meaning"),
        ("[design]\nclusters = 20\n[uncertainty.ranges]\nicc = [0.1, 0]\n", "lowest comes first"),
        ("[design]\nclusters = 20\n[agents]\n", "give one of the two tables"),
        ("", "design.* is missing"),
        ("[design\n", "not valid TOML"),
    ],
)
def test_a_bad_design_is_told_in_one_line_what_to_change(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        design_from_text(text + STATISTICAL)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("icc = 1.0", "must be below 1"),
        ("sd = -1", "statistical.sd"),
        ("effect = nan", "effect"),
        ("exposure = [0.0, 0.0]", "one share must be above 0"),
    ],
)
def test_bad_statistics_are_refused(line: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        design_from_text(f"[design]\nclusters = 20\n[statistical]\n{line}\n")


@pytest.mark.parametrize(
    ("agents", "told"),
    [
        ({"scenario": "refocus-ful"}, "did you mean 'refocus-full'"),
        ({"measure": "qpr1"}, "agents.measure"),
        ({"settings": {"turnover": 0.1}}, "turnover_yearly"),
    ],
)
def test_agents_are_checked_before_anything_is_simulated(agents: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        design_from_table({"design": {"clusters": 20}, "agents": agents})


def test_a_crossover_cannot_be_simulated_by_agents() -> None:
    with pytest.raises(InputError, match="cannot be untaught"):
        design_from_table({"design": {"type": "crossover", "clusters": 20}, "agents": {}})


def test_clusters_are_dealt_in_the_proportions_given() -> None:
    assert dealt(54, [14, 13]) == [28, 26]
    assert dealt(5, [1, 1]) in ([3, 2], [2, 3])
    for total in range(4, 40):
        assert sum(dealt(total, [3, 2, 2])) == total
    file = load_design("refocus")
    assert trial_design(changed(file, {"clusters": 54})).clusters == (28, 26)
    with pytest.raises(InputError, match="whole number"):
        changed(file, {"clusters": "20.5"})
    with pytest.raises(InputError, match="has no meaning"):
        changed(file, {"share": 0.5})


def test_a_stepped_wedge_is_the_matrix_it_stands_for() -> None:
    wedge = {"type": "stepped wedge", "clusters": 6, "steps": 3, "transition_periods": 1}
    first = trial_design(design_from_table({"design": wedge, "statistical": {}}))
    rows = [[0, 2, 1, 1, 1], [0, 0, 2, 1, 1], [0, 0, 0, 2, 1]]
    matrix = {"type": "matrix", "clusters": 6, "schedule": rows}
    second = trial_design(design_from_table({"design": matrix, "statistical": {}}))
    assert np.array_equal(first.schedule, second.schedule)
    assert first.clusters == second.clusters == (2, 2, 2)


def test_a_wedge_whose_transitions_leave_nothing_to_compare_is_refused() -> None:
    wedge = {"type": "stepped wedge", "clusters": 12, "steps": 2, "transition_periods": 1}
    with pytest.raises(InputError, match="cannot be told from the periods"):
        design_from_table({"design": wedge, "statistical": {}})


def test_the_effect_builds_up_from_the_first_period_of_exposure() -> None:
    schedule = np.array([[0, 2, 1, 1, 1], [0, 0, 0, 3, 1], [1, 0, 1, 3, 1]])
    shares = exposure_shares(schedule, (0.1, 0.5, 1.0))
    expected = [[0, 0.1, 0.5, 1, 1], [0, 0, 0, 0, 0.1], [0.1, 0, 0.1, 0.5, 1.0]]
    assert np.allclose(shares, expected)
    assert exposure_number(schedule).tolist() == [[0, 1, 2, 3, 4], [0, 0, 0, 0, 1], [1, 0, 1, 2, 3]]


def test_the_true_effect_of_a_wedge_is_its_mean_over_treated_cells() -> None:
    design = stepped_wedge(2, 3, 10.0)
    source = StatisticalSource(0.0, 1.0, Correlations(0.1), effect=4.0, exposure=(0.25, 1.0))
    truth = statistical_truth(source, design)
    # Sequence one is treated for two periods (1 and 4 points), sequence two for one (1 point).
    assert truth.participant_average == pytest.approx(2.0)
    assert truth.by_exposure == pytest.approx((1.0, 4.0))


def test_moments_recover_what_was_asked_for() -> None:
    design = parallel(300, 12, baseline="ancova")
    source = StatisticalSource(40.0, 10.0, Correlations(0.1, 0.8, 0.6), effect=0.0)
    moments = average_moments([trial_moments(source.simulate(design, 3, one)) for one in range(4)])
    assert moments.sd == pytest.approx(10.0, rel=0.03)
    assert moments.icc == pytest.approx(0.1, abs=0.012)
    assert moments.cac == pytest.approx(0.8, abs=0.08)
    assert moments.iac == pytest.approx(0.6, abs=0.02)
    assert (moments.size, moments.size_variation, moments.clusters) == (12.0, 0.0, 600.0)


def test_moments_of_cross_sections_know_no_individual_autocorrelation() -> None:
    design = stepped_wedge(3, 100, 12)
    source = StatisticalSource(40.0, 10.0, Correlations(0.1, 0.5), effect=0.0)
    moments = average_moments([trial_moments(source.simulate(design, 3, one)) for one in range(3)])
    assert isnan(moments.iac)
    assert moments.cac == pytest.approx(0.5, abs=0.1)


def test_the_formula_of_a_wedge_is_hooper_s() -> None:
    design = stepped_wedge(4, 5, 15)
    found = design_power(design, Assumed(3.0, 10.2, 0.05, 0.8))
    assert found.se == pytest.approx(stepped_wedge_se(10.2, 20, 4, 15, 0.05, 0.8), rel=1e-9)
    # Between-within counts 75; what lies between clusters tells a little more.
    assert 20 * 5 - 20 - 5 < found.df < 20 * 5


def test_a_closed_cohort_shares_people_between_periods_and_an_open_one_fewer() -> None:
    closed = replace(stepped_wedge(4, 5, 15), sampling="closed cohort")
    opened = replace(closed, sampling="open cohort", churn=0.4)
    se = [design_power(one, Assumed(3.0, 10.2, 0.05, 0.8, 0.6)).se for one in (closed, opened)]
    apart = stepped_wedge_se(10.2, 20, 4, 15, 0.05, 0.8)
    assert se[0] == pytest.approx(stepped_wedge_se(10.2, 20, 4, 15, 0.05, 0.8, 0.6), rel=1e-9)
    assert se[0] < se[1] < apart


def test_transition_periods_cost_power_by_formula() -> None:
    whole = design_power(stepped_wedge(4, 5, 15), Assumed(3.0, 10.2, 0.05, 0.8))
    design = stepped_wedge(4, 5, 15)
    schedule = design.schedule.copy()
    schedule[[0, 1, 2, 3], [1, 2, 3, 4]] = 2
    less = design_power(replace(design, schedule=schedule), Assumed(3.0, 10.2, 0.05, 0.8))
    used = np.where(np.repeat(schedule, 5, axis=0) == 2, np.nan, np.repeat(schedule, 5, axis=0))
    same = gls_standard_error(used, 15.0, from_correlations(10.2**2, 0.05, 0.8))
    assert less.se == pytest.approx(same)
    assert less.power < whole.power


def scored(design: object, seed: int = 1, reliability: float = 1.0) -> tuple[np.ndarray, Entered]:
    """Return true readiness and who enters, 4 teams screened per team of 6 + 6."""
    rng = np.random.Generator(np.random.Philox(key=[seed, 9]))
    readiness = rng.random(48)
    entered = recruited(design, readiness, rng)  # type: ignore[arg-type]
    return readiness, entered


def test_a_cut_off_lets_in_only_teams_above_it() -> None:
    rules = ReadinessEntry(minimum=0.4, reliability=1.0)
    readiness, entered = scored(parallel(6, 10, readiness=rules))
    assert len(entered.teams) == 12
    assert (readiness[entered.teams] >= 0.4).all()
    assert entered.eligible == pytest.approx((readiness >= 0.4).mean())


def test_a_top_share_lets_in_that_share() -> None:
    rules = ReadinessEntry(share=0.5, reliability=1.0)
    readiness, entered = scored(parallel(6, 10, readiness=rules))
    assert entered.eligible == pytest.approx(0.5, abs=0.03)
    assert readiness[entered.teams].min() >= np.quantile(readiness, 0.5)


def test_a_noisier_score_selects_less() -> None:
    gains = []
    for reliability in (1.0, 0.5, 0.05):
        rules = ReadinessEntry(share=0.3, reliability=reliability)
        design = parallel(6, 10, readiness=rules)
        found = [scored(design, seed) for seed in range(60)]
        gains.append(np.mean([ready[in_.teams].mean() - ready.mean() for ready, in_ in found]))
    assert gains[0] > gains[1] > gains[2] > -0.02


def test_equal_numbers_enter_from_strata_of_readiness() -> None:
    design = parallel(6, 10, readiness=ReadinessEntry(strata=2))
    readiness, entered = scored(design)
    assert len(entered.teams) == 12
    assert np.bincount(entered.stratum[entered.teams]).tolist() == [6, 6]
    below, above = (readiness[entered.stratum == one] for one in (0, 1))
    assert below.mean() < above.mean()


def test_too_high_a_cut_off_leaves_the_trial_short() -> None:
    readiness, entered = scored(parallel(6, 10, readiness=ReadinessEntry(minimum=0.9)))
    assert len(entered.teams) < 12


def test_a_run_in_moves_follow_up_back_and_never_the_baseline() -> None:
    design = parallel(6, 10, baseline="ancova", readiness=ReadinessEntry(run_in_weeks=13))
    assert measured_weeks(design) == [0, 65]
    assert start_weeks(design) == [0, None]
    wedge = replace(stepped_wedge(2, 3, 10, weeks=26), readiness=ReadinessEntry(run_in_weeks=4))
    assert measured_weeks(wedge) == [0, 30, 56]
    assert start_weeks(wedge) == [0, 26]


def test_unequal_team_sizes_have_the_mean_and_variation_asked_for() -> None:
    sizes = team_sizes(parallel(100, 20, size_variation=0.5), 200)
    assert sizes.mean() == pytest.approx(20, rel=0.02)
    assert sizes.std() / sizes.mean() == pytest.approx(0.5, abs=0.03)
    assert (team_sizes(parallel(100, 20), 200) == 20).all()


def test_the_formula_of_a_parallel_trial_is_that_of_a_protocol() -> None:
    design = trial_design(changed(load_design("four-point-target"), {"baseline": "none"}))
    assert design.sampling == "cross-sectional"
    found = design_power(design, Assumed(4.0, 10.2, 0.03, attrition=0.26))
    size = 15 * 0.74
    assert found.se == pytest.approx(10.2 * sqrt((1 + (size - 1) * 0.03) / size * 2 / 9), rel=1e-9)
    assert found.df == pytest.approx(16.0)
