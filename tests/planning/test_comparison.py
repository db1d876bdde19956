"""Comparisons of simulated strategies: identities, directions, accounting, common chance."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sim.errors import InputError
from sim.planning.compare_tables import all_tables, overspending
from sim.planning.comparison import Comparison, Question, compare, prepare, repriced, with_base
from sim.planning.outcomes import BLACK, IMPLEMENTATION, SCORES, WEEKLY
from sim.planning.prices import prices_from_text
from sim.planning.setting import Setting, setting_from_text
from sim.planning.trainers import Capacity
from sim.planning.value import value_of
from sim.planning.verdicts import averaged_text, few_draws_text, overall_sentence, verdict_on
from sim.posterior.choose import ChosenDraws, chosen_draws
from sim.request import build_request
from sim.roster import Roster, described_roster, trial_roster
from sim.scenarios.library import adjusted, load_scenario
from sim.scenarios.schema import Scenario
from sim.simulate import simulate

ROSTER = described_roster(
    trusts=2, teams_per_trust=2, staff_mean=12, sampled=6, intervention_share=1.0, seed=4
)
USUAL, REFOCUS = load_scenario("usual-care"), load_scenario("refocus-as-delivered")
FULL = load_scenario("refocus-full")


def named(scenario: Scenario, name: str) -> Scenario:
    return scenario.model_copy(update={"name": name})


def asked(
    *scenarios: Scenario,
    roster: Roster = ROSTER,
    setting: Setting | None = None,
    weeks: int = 52,
    draws: int = 3,
    replications: int = 2,
) -> Question:
    return Question(
        scenarios=with_base(scenarios, USUAL),
        base=USUAL.name,
        roster=roster,
        chosen=chosen_draws(draws),
        setting=setting or Setting(),
        weeks=weeks,
        replications=replications,
    )


@pytest.fixture(scope="module")
def main() -> Comparison:
    return compare(asked(REFOCUS, FULL, named(REFOCUS, "copy")))


def test_usual_care_differs_from_itself_by_exactly_nothing(main: Comparison) -> None:
    for measure in (*SCORES, *IMPLEMENTATION):
        values = main.difference("usual-care", measure)
        assert (values[np.isfinite(values)] == 0.0).all()
    assert (main.cost("usual-care") == 0.0).all()
    assert verdict_on(main, "usual-care").kind == "same"


def test_a_scenario_under_another_name_is_the_same_to_the_last_bit(main: Comparison) -> None:
    first, copy = main.names.index("refocus-as-delivered"), main.names.index("copy")
    for values in (
        main.worlds.scores,
        main.worlds.groups,
        main.worlds.weekly,
        main.worlds.resources,
    ):
        np.testing.assert_array_equal(values[first], values[copy])
    assert main.costs[first].keys() == main.costs[copy].keys()
    np.testing.assert_array_equal(main.cost("copy"), main.cost("refocus-as-delivered"))


def test_something_happens_and_in_the_direction_of_more_support(main: Comparison) -> None:
    as_delivered = main.difference("refocus-as-delivered", "fidelity").mean()
    full = main.difference("refocus-full", "fidelity").mean()
    assert 0.0 < as_delivered < full
    assert main.difference("refocus-full", "reach").mean() > 0.5
    assert main.cost("refocus-full").sum() > main.cost("refocus-as-delivered").sum() > 0.0


def test_means_are_those_of_the_trial_rows_worked_out_another_way(main: Comparison) -> None:
    """The reduced outcomes against means over the full tables of the ordinary path."""
    question = main.question
    request = build_request(
        [REFOCUS],
        ROSTER,
        draws=question.chosen.draws,
        weeks=52,
        replications=2,
        collect=("assessments", "trajectories", "team_weeks"),
        own_chance=True,
    )
    results = simulate(request)
    rows = results.table("assessments")
    caseload = {row.team: row.caseload / row.sampled for row in ROSTER.rows}
    rows = rows[rows["week"] == 52]
    weight = rows["team"].map(caseload).to_numpy()
    for measure in ("qpr15", "inspire_support"):
        values = rows[measure].to_numpy()
        known = np.isfinite(values)
        expected = (values * weight)[known].sum() / weight[known].sum()
        own = main.level("refocus-as-delivered", measure)
        if known.all():
            assert own.mean() == pytest.approx(expected)
        assert own.mean() == pytest.approx(expected, abs=0.2)
    weeks = results.table("team_weeks")
    posts = weeks[weeks["week"] == 52]
    adoption = np.average(posts["adoption"], weights=posts["staff_present"])
    assert main.level("refocus-as-delivered", "adoption").mean() == pytest.approx(
        adoption, abs=0.02
    )
    attended = weeks[weeks["week"] == 52]["sessions_attended"].sum() / 6
    days = (
        main.worlds.use(main.names.index("refocus-as-delivered"))["staff_days"].sum(axis=-1).mean()
    )
    assert 0.5 * attended < days < 1.0 * attended


def test_reach_of_users_agrees_with_reach_of_teams(main: Comparison) -> None:
    """Both count people in service with a trained worker; one by rows, one by team-weeks."""
    at = main.names.index("refocus-full")
    teams = main.level("refocus-full", "reach")
    groups = main.prepared.covered.groups
    shares = main.worlds.groups[at, ..., -1, [groups.index(one) for one in groups[:2]], 3]
    low, high = np.nanmin(shares, axis=0), np.nanmax(shares, axis=0)
    assert (teams >= low - 0.1).all()
    assert (teams <= high + 0.1).all()


def test_money_and_trainer_days_add_up(main: Comparison) -> None:
    at = main.names.index("refocus-as-delivered")
    use = main.worlds.use(at)
    assert (use["trainer_days"].sum(axis=-1) == 5.0 * len(ROSTER)).all()
    np.testing.assert_allclose(
        main.cost("refocus-as-delivered"),
        main.cost("refocus-as-delivered", "direct") + main.cost("refocus-as-delivered", "indirect"),
    )
    posts = sum(row.staff for row in ROSTER.rows)
    assert (use["staff_days"].sum(axis=-1) <= 3.5 * posts).all()
    table = all_tables(main, value_of(main))["cost-lines"]
    own = table[table["scenario"] == "refocus-as-delivered"]
    assert own["all"].sum() == pytest.approx(main.cost("refocus-as-delivered").sum(axis=1).mean())


def test_a_budget_of_nought_is_usual_care_to_the_last_bit() -> None:
    setting = Setting(capacity=Capacity(budget_per_year=0.0))
    found = compare(asked(FULL, setting=setting, draws=2))
    usual, full = found.names.index("usual-care"), found.names.index("refocus-full")
    np.testing.assert_array_equal(found.worlds.scores[usual], found.worlds.scores[full])
    np.testing.assert_array_equal(found.worlds.weekly[usual], found.worlds.weekly[full])
    assert (found.cost("refocus-full") == 0.0).all()


def test_start_weeks_of_the_queue_are_those_simulated() -> None:
    setting = Setting(capacity=Capacity(trainers=2, days_per_year=5.0))
    question = asked(REFOCUS, setting=setting, weeks=104, draws=2)
    prepared = prepare(question)
    given = prepared.starts[1].given
    # Two teams a year at 5 trainer-days each; the first session is in a programme's second week.
    assert sorted(given) == [0, 0, 51, 51]
    found = compare(question)
    later = int(given[given > 0].min())
    adoption = found.worlds.weekly[1, ..., WEEKLY.index("adoption")].mean(axis=0)
    alone = compare(asked(REFOCUS, weeks=104, draws=2))
    everybody = alone.worlds.weekly[1, ..., WEEKLY.index("adoption")].mean(axis=0)
    assert adoption[later] < 0.7 * everybody[later]
    assert adoption[later + 25] > 1.2 * adoption[later]
    days = found.worlds.use(1)["trainer_days"][0, 0]
    assert (days <= 10.0).all()


def test_nothing_differs_before_the_first_team_starts() -> None:
    setting = setting_from_text("start_date = 2027-04-01\n[[waves]]\ndate = 2027-07-01")
    found = compare(asked(FULL, setting=setting, draws=2))
    gained = found.worlds.weekly[1] - found.worlds.weekly[0]
    assert (gained[:, :14] == 0.0).all()
    assert (gained[:, 30:, WEEKLY.index("fidelity")] > 0.0).any()


def test_a_budget_too_small_for_one_team_is_refused_by_name() -> None:
    setting = Setting(capacity=Capacity(budget_per_year=500.0))
    with pytest.raises(InputError, match="budget_per_year = 500: too small for one team"):
        prepare(asked(REFOCUS, setting=setting))


def test_more_support_never_costs_less_in_simulated_worlds() -> None:
    more = named(adjusted(REFOCUS, {"support.supervision.intensity": 0.5}), "more")
    most = named(adjusted(more, {"components.leadership.intensity": 1.0}), "most")
    found = compare(asked(REFOCUS, more, most))
    cost = [found.cost(one).sum(axis=1) for one in ("refocus-as-delivered", "more", "most")]
    assert (cost[0] < cost[1]).all()
    assert (cost[1] < cost[2]).all()


def test_dearer_trainers_cost_more_and_change_no_outcome(main: Comparison) -> None:
    dear = repriced(main, prices_from_text("trainer_day = 2000"))
    assert (dear.cost("refocus-full", "direct") > main.cost("refocus-full", "direct")).all()
    assert dear.worlds is main.worlds
    np.testing.assert_allclose(
        dear.cost("refocus-full", "indirect"), main.cost("refocus-full", "indirect")
    )


def test_common_chance_cuts_the_variance_of_a_difference_tenfold() -> None:
    one = dataclasses.replace(
        asked(REFOCUS, replications=40),
        chosen=ChosenDraws([{}], "defaults", {}),
    )
    found = compare(one)
    paired = found.difference("refocus-as-delivered").var()
    apart = sum(found.level(name, "qpr15").var() for name in ("usual-care", "refocus-as-delivered"))
    assert paired < apart / 10.0


def test_workers_change_nothing() -> None:
    question = asked(REFOCUS, draws=2, replications=3)
    one, two = compare(question, workers=1), compare(question, workers=2)
    np.testing.assert_array_equal(one.worlds.scores, two.worlds.scores)
    np.testing.assert_array_equal(one.worlds.weekly, two.worlds.weekly)
    np.testing.assert_array_equal(one.worlds.resources, two.worlds.resources)


def test_only_teams_that_some_scenario_treats_count() -> None:
    found = prepare(asked(REFOCUS, roster=trial_roster(1)))
    assert found.covered.teams.sum() == 14
    all_teams = prepare(asked(adjusted(REFOCUS, {"who.teams": "all"}), roster=trial_roster(1)))
    assert all_teams.covered.teams.sum() == 27
    nothing = prepare(asked(roster=trial_roster(1)))
    assert nothing.covered.teams.sum() == 27


def test_selected_teams_alone_are_paid_for() -> None:
    half = adjusted(
        REFOCUS, {"who.teams": "selected", "who.among": "all", "who.selection_value": 0.5}
    )
    found = compare(asked(named(half, "half"), REFOCUS))
    use = [found.worlds.use(found.names.index(one)) for one in ("half", "refocus-as-delivered")]
    assert (use[0]["trainer_days"].sum(axis=-1) == 10.0).all()
    assert (use[1]["trainer_days"].sum(axis=-1) == 20.0).all()


def test_induction_is_paid_for_as_newcomers_come() -> None:
    inducted = named(adjusted(REFOCUS, {"training.induction": 0.5}), "inducted")
    busy = tuple(dataclasses.replace(row, turnover_multiplier=3.0) for row in ROSTER.rows)
    roster = dataclasses.replace(ROSTER, rows=busy)
    calm, moving = (compare(asked(inducted, roster=one)) for one in (ROSTER, roster))
    use = [one.worlds.use(1)["induction_days"] for one in (calm, moving)]
    assert 0.0 < use[0].mean() < use[1].mean()
    # Each newcomer gets half of both courses, 1.75 days.
    people = use[1] / 1.75
    np.testing.assert_allclose(people, np.round(people), atol=1e-9)


def test_effects_in_black_service_users_are_never_shown(main: Comparison) -> None:
    table = all_tables(main, value_of(main))["groups"]
    own = table[table["group"] == BLACK]
    assert own["Personal recovery, QPR-15 difference"].str.startswith("unknown").all()
    assert (own["INSPIRE Support difference"] == "unknown").all()
    other = table[table["group"] == "other service users"]
    assert not other["Personal recovery, QPR-15 difference"].str.contains(r"\d").any()


def test_verdicts_can_say_no_meaningful_difference_and_meaningful(main: Comparison) -> None:
    enough = compare(asked(REFOCUS, FULL, draws=8, replications=1))
    assert verdict_on(enough, "refocus-as-delivered").kind == "no meaningful"
    assert "probably no meaningful difference under" in overall_sentence(enough)
    assert verdict_on(main, "refocus-as-delivered").kind == "uncertain", "three draws say little"
    assert few_draws_text(main).startswith("Only 3 draws: too few")
    lifted = main.worlds.scores.copy()
    lifted[main.names.index("refocus-full"), ..., -1, SCORES.index("qpr15")] += 6.0
    better = dataclasses.replace(main, worlds=dataclasses.replace(main.worlds, scores=lifted))
    assert verdict_on(better, "refocus-full").kind == "meaningful"
    lifted[main.names.index("refocus-full"), ..., -1, SCORES.index("qpr15")] -= 14.0
    assert verdict_on(better, "refocus-full").kind == "harm"


def test_probabilities_carry_their_error(main: Comparison) -> None:
    table = all_tables(main, value_of(main))["chances"]
    columns = ["probability", "Monte Carlo SE", "Monte Carlo 95% low", "Monte Carlo 95% high"]
    assert np.isfinite(table[columns].to_numpy()).all()
    assert (table["Monte Carlo 95% high"] > table["Monte Carlo 95% low"]).all()


def test_a_scenario_named_twice_and_a_foreign_base_are_refused() -> None:
    with pytest.raises(InputError, match="named twice"):
        prepare(asked(REFOCUS, REFOCUS))
    with pytest.raises(InputError, match="is not among the scenarios"):
        prepare(dataclasses.replace(asked(REFOCUS), base="coaching-only"))


def test_an_order_found_within_worlds_still_holds_and_is_paid_for() -> None:
    """Teams start in other weeks in each world; what they take falls in those weeks."""
    waves = {"timing.waves": 2, "timing.weeks_between_waves": 30}
    listed = named(adjusted(REFOCUS, {**waves, "timing.order": "roster"}), "listed")
    drawn = named(adjusted(REFOCUS, {**waves, "timing.order": "random"}), "drawn")
    found = compare(asked(listed, drawn, weeks=104, draws=3, replications=4))
    assert found.prepared.shared_out == (False, False, True)
    weekly = found.worlds.weekly[..., WEEKLY.index("adoption")]
    assert not np.array_equal(weekly[1], weekly[2])
    use = [found.worlds.use(at) for at in (1, 2)]
    np.testing.assert_allclose(use[0]["trainer_days"], use[1]["trainer_days"])
    attended = [one["staff_days"].sum(axis=-1).mean() for one in use]
    assert attended[1] == pytest.approx(attended[0], rel=0.2)


def test_trainers_limits_keep_an_order_found_within_worlds() -> None:
    """Readiest first under scarce trainers: the readiest start, not those without a place."""
    rows = tuple(
        dataclasses.replace(row, readiness=0.9 if place >= 2 else 0.1)
        for place, row in enumerate(ROSTER.rows)
    )
    roster = dataclasses.replace(ROSTER, rows=rows)
    ready = adjusted(
        REFOCUS,
        {
            "timing.waves": 2,
            "timing.weeks_between_waves": 4,
            "timing.order": "readiness",
            "who.readiness_reliability": 1.0,
        },
    )
    setting = Setting(capacity=Capacity(trainers=2, days_per_year=5.0))
    found = compare(asked(named(ready, "ready"), roster=roster, setting=setting, draws=2))
    given = found.prepared.starts[1].given
    assert (given < 0).sum() == 2
    groups = found.prepared.covered.groups
    use = found.worlds.use(1)
    assert (use["trainer_days"].sum(axis=-1) == 10.0).all()
    reach = found.worlds.groups[1, ..., -1, :, 3].mean(axis=(0, 1))
    trusts = {name: reach[at] for at, name in enumerate(groups) if name.startswith("trust")}
    first, second = (trusts[f"trust: {one}"] for one in ("trust-001", "trust-002"))
    assert first == 0.0
    assert second > 0.3


def test_waves_that_name_teams_go_before_an_order() -> None:
    drawn = named(adjusted(REFOCUS, {"timing.waves": 2, "timing.order": "random"}), "drawn")
    setting = setting_from_text(
        'start_date = 2027-04-01\n[[waves]]\ndate = 2027-04-01\nteams = ["T001-001"]'
    )
    found = compare(asked(drawn, setting=setting, draws=2))
    assert found.prepared.starts[1].given.tolist() == [0, -1, -1, -1]
    assert (found.worlds.use(1)["trainer_days"].sum(axis=-1) == 5.0).all()


def test_what_is_planned_for_after_the_time_looked_at_is_told() -> None:
    late = setting_from_text("start_date = 2027-04-01\n[[waves]]\ndate = 2028-01-01")
    notes = prepare(asked(REFOCUS, setting=late)).notes
    (told,) = (one for one in notes if "goes on after the 52 weeks" in one)
    assert "refocus-as-delivered" in told
    in_time = prepare(asked(REFOCUS)).notes
    assert not any("goes on after" in one for one in in_time)


def test_one_draw_is_no_parameter_uncertainty() -> None:
    one = compare(asked(REFOCUS, draws=1, replications=3))
    assert "replication noise only" in one.question.chosen.covers
    assert few_draws_text(one).startswith("Only 3 replications")
    assert np.isnan(verdict_on(one, "refocus-as-delivered").spread.low)


def test_it_is_said_which_teams_the_differences_are_means_over(main: Comparison) -> None:
    roster = main.question.roster
    counted = sum(row.arm == "intervention" for row in roster.rows)
    assert averaged_text(main).startswith(
        "all teams of the roster"
        if counted == len(roster.rows)
        else f"{counted} of {len(roster.rows)} teams"
    )


def test_the_chance_of_overspending_is_the_share_of_draws_above_the_budget(
    main: Comparison,
) -> None:
    assert not len(overspending(main)), "no budget, nothing to overspend"
    direct = main.cost("refocus-full", "direct")[:, 0]
    between = float(np.sort(direct)[:2].mean())
    setting = Setting(capacity=Capacity(budget_per_year=between))
    question = dataclasses.replace(main.question, setting=setting)
    prepared = dataclasses.replace(main.prepared, question=question)
    table = overspending(dataclasses.replace(main, prepared=prepared)).set_index("scenario")
    found = table.loc["refocus-full", "chance of more than the budget"]
    assert found == pytest.approx((len(direct) - 1) / len(direct))
