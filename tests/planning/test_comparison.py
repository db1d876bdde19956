"""Comparisons of simulated strategies: identities, directions, accounting, common chance."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from sim.errors import InputError
from sim.inputs.roster import Roster, described_roster, roster_from_text, trial_roster
from sim.planning.compare_decision import decision_of
from sim.planning.compare_tables import (
    all_tables,
    groups_across,
    maintenance,
    overspending,
    overspending_sentences,
    trajectories,
)
from sim.planning.comparison import (
    Comparison,
    Question,
    compare,
    cost_after,
    costed,
    planned_cost,
    prepare,
    resource_means,
    with_base,
)
from sim.planning.outcomes import BLACK, IMPLEMENTATION, SCORES, WEEKLY, starts_within
from sim.planning.prices import Prices, prices_from_text
from sim.planning.resources import plan_of
from sim.planning.setting import Setting, setting_from_text
from sim.planning.trainers import Capacity
from sim.planning.value import value_of
from sim.planning.verdicts import (
    averaged_text,
    covers_text,
    few_draws_text,
    later_costs,
    overall_sentence,
    sentence_on,
    verdict_on,
)
from sim.planning.worlds import planning_request
from sim.posterior.choose import ChosenDraws, chosen_draws
from sim.runs.request import build_request
from sim.runs.simulate import simulate
from sim.scenarios.library import adjusted, load_scenario
from sim.scenarios.schema import Scenario
from sim.scenarios.split import programme_alone

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


def repriced(comparison: Comparison, prices: Prices) -> Comparison:
    """Return the same worlds at other prices; start weeks stay as they were."""
    question = dataclasses.replace(comparison.question, prices=prices)
    was = comparison.prepared
    later = (
        cost_after(scenario, question, starts, shared)
        for scenario, starts, shared in zip(
            question.scenarios, was.starts, was.shared_out, strict=True
        )
    )
    prepared = dataclasses.replace(was, question=question, later=tuple(later))
    return costed(prepared, comparison.worlds, comparison.metadata)


def test_dearer_trainers_cost_more_and_change_no_outcome(main: Comparison) -> None:
    dear = repriced(main, prices_from_text("trainer_day = 2000"))
    assert (dear.cost("refocus-full", "direct") > main.cost("refocus-full", "direct")).all()
    assert dear.worlds is main.worlds
    np.testing.assert_allclose(
        dear.cost("refocus-full", "indirect"), main.cost("refocus-full", "indirect")
    )


def test_what_is_left_of_fidelity_is_of_the_mean_over_draws(main: Comparison) -> None:
    row = maintenance(main).set_index("scenario").loc["refocus-full"]
    fidelity = main.worlds.weekly[..., WEEKLY.index("fidelity")]
    with_it, without = (fidelity[main.names.index(one)] for one in ("refocus-full", "usual-care"))
    by_week = [float(np.mean(with_it[:, at] - without[:, at])) for at in range(with_it.shape[1])]
    assert row["largest gain of fidelity"] == pytest.approx(max(by_week))
    assert by_week[int(row["in week"])] == pytest.approx(max(by_week))
    assert row["gain at the end"] == pytest.approx(by_week[-1])
    assert row["share of the largest gain left"] == pytest.approx(by_week[-1] / max(by_week))


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
    hidden = table["group"].isin([BLACK, "other service users"])
    told = groups_across(main)
    for title in ("Personal recovery, QPR-15", "INSPIRE Support"):
        numbers = [f"{title} difference", f"5% ({title})", f"95% ({title})"]
        assert table.loc[hidden, numbers].isna().all(axis=None)
        assert table.loc[~hidden, numbers[0]].notna().all()
        own = told.loc[told["group"] == BLACK, numbers[0]]
        assert own.str.startswith("unknown").all()
        other = told.loc[told["group"] == "other service users", numbers[0]]
        assert (other == "not shown apart").all()


def test_verdicts_can_say_that_hardly_anything_differs_and_that_much_does(main: Comparison) -> None:
    enough = compare(asked(REFOCUS, FULL, draws=20, replications=1))
    assert few_draws_text(enough) == ""
    little = enough.worlds.scores.copy()
    usual, delivered = (enough.names.index(one) for one in ("usual-care", "refocus-as-delivered"))
    little[delivered] = little[usual] + 0.1 * (little[delivered] - little[usual])
    enough = dataclasses.replace(enough, worlds=dataclasses.replace(enough.worlds, scores=little))
    assert verdict_on(enough, "refocus-as-delivered").kind == "small"
    assert "hardly a difference of a point or more under" in overall_sentence(enough)
    assert verdict_on(main, "refocus-as-delivered").kind == "too few", "three draws say nothing"
    assert "too few runs to say" in overall_sentence(main)
    assert few_draws_text(main).startswith("Only 3 draws: too few")
    main = enough
    lifted = main.worlds.scores.copy()
    lifted[main.names.index("refocus-full"), ..., -1, SCORES.index("qpr15")] += 6.0
    better = dataclasses.replace(main, worlds=dataclasses.replace(main.worlds, scores=lifted))
    assert verdict_on(better, "refocus-full").kind == "benefit"
    assert "of 4 points or more" in verdict_on(better, "refocus-full").judgement.words
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
    left = "drawn: 3 of the teams that it treats stand in no wave and do not start, such as"
    assert any(one.startswith(left) for one in found.prepared.notes)
    assert (found.worlds.use(1)["trainer_days"].sum(axis=-1) == 5.0).all()


def test_a_wave_that_names_a_control_team_says_that_it_does_not_start() -> None:
    rows = (dataclasses.replace(ROSTER.rows[0], arm="control"), *ROSTER.rows[1:])
    setting = setting_from_text(
        'start_date = 2027-04-01\n[[waves]]\ndate = 2027-04-01\ntrusts = ["trust-001"]'
    )
    found = prepare(asked(REFOCUS, roster=dataclasses.replace(ROSTER, rows=rows), setting=setting))
    assert found.starts[1].given.tolist() == [-1, 0, -1, -1]
    told = "refocus-as-delivered: 1 of the teams in waves are none that it treats and do not start"
    assert any(one.startswith(told) for one in found.notes)


def test_what_is_planned_for_after_the_time_looked_at_is_told() -> None:
    late = setting_from_text("start_date = 2027-04-01\n[[waves]]\ndate = 2028-01-01")
    found = compare(asked(REFOCUS, setting=late, draws=2))
    (told,) = later_costs(found)
    assert told.startswith("refocus-as-delivered: ")
    assert "committed after the 52 weeks looked at" in told
    # Both parts of the cost, added up, are the cost of a plan that is looked at to its end.
    whole = prepare(asked(REFOCUS, setting=late, weeks=156))
    cost = planned_cost(REFOCUS, ROSTER, found.question.prices.values(), 52)
    start = found.prepared.starts[1].given
    within = sum(cost[team, : 52 - week].sum() for team, week in enumerate(start))
    assert within + found.prepared.later[1] == pytest.approx(cost.sum())
    assert whole.later == (0.0, 0.0)
    dearer = repriced(found, prices_from_text("trainer_day = 3000"))
    assert dearer.prepared.later[1] > found.prepared.later[1]
    table = all_tables(found, value_of(found))["committed-after"]
    assert table.iloc[0, 1] == pytest.approx(found.prepared.later[1])


def test_what_comes_later_in_an_order_found_within_worlds_is_that_of_the_dearest() -> None:
    waves = {"timing.waves": 2, "timing.weeks_between_waves": 40}
    listed = named(adjusted(REFOCUS, {**waves, "timing.order": "roster"}), "listed")
    drawn = named(adjusted(REFOCUS, {**waves, "timing.order": "random"}), "drawn")
    backwards = dataclasses.replace(UNEVEN, rows=UNEVEN.rows[::-1])
    later = prepare(asked(listed, drawn, roster=UNEVEN)).later
    other = prepare(asked(listed, drawn, roster=backwards)).later
    assert later[2] == pytest.approx(other[2]), "the order of the roster plays no part"
    assert later[2] == pytest.approx(max(later[1], other[1]))
    assert later[1] != pytest.approx(other[1])


@pytest.mark.parametrize("chosen", [0, 1])
@pytest.mark.parametrize("replications", [1, 3, 20])
def test_one_set_of_values_shows_chance_at_most(chosen: int, replications: int) -> None:
    one = compare(asked(REFOCUS, draws=chosen, replications=replications))
    name = "refocus-as-delivered"
    spread = verdict_on(one, name).spread
    assert np.isnan([spread.low, spread.high]).all()
    assert np.isnan(spread.world_low) == (replications == 1)
    told = sentence_on(one, verdict_on(one, name))
    at = "their defaults" if chosen == 0 else "one draw"
    if replications == 1:
        assert covers_text(one).startswith(f"none, as a single run with parameters at {at} shows")
        assert "a single run: no interval" in told
        assert not re.search(r"[+-]\d\.\d\d to ", told)
    else:
        expected = f"central 90% of single runs: replication noise only, parameters at {at}"
        assert covers_text(one) == expected
        assert "chance only" in told
    assert ("at this one set of parameter values" in told) == (replications == 20)
    assert bool(few_draws_text(one)) == (replications < 20)
    bands = trajectories(one)["fidelity"][name][2:]
    assert np.isnan(bands).all(), "means over replications: a band would have no width"


def test_it_is_said_which_teams_the_differences_are_means_over(main: Comparison) -> None:
    assert averaged_text(main).startswith("all teams of the roster, as some scenario would treat")
    rows = tuple(
        dataclasses.replace(row, arm="control" if place < 1 else "intervention")
        for place, row in enumerate(ROSTER.rows)
    )
    armed = dataclasses.replace(ROSTER, rows=rows)
    told = averaged_text(compare(asked(REFOCUS, roster=armed, draws=1)))
    assert told.startswith("3 of the 4 teams of the roster (the others are control teams,")
    people = sum(row.caseload for row in rows[1:])
    assert f"with {people:,} people on their books" in told
    first = f'start_date = 2027-04-01\n[[waves]]\ndate = 2027-04-01\nteams = ["{rows[0].team}"]'
    told = averaged_text(compare(asked(REFOCUS, setting=setting_from_text(first), draws=1)))
    assert told.startswith("1 of the 4 teams of the roster (no scenario would treat the others)")


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
    found = table.loc["refocus-full", "probability of more than the budget"]
    assert found == pytest.approx((len(direct) - 1) / len(direct))
    told = overspending_sentences(dataclasses.replace(main, prepared=prepared))
    full = [one for one in told if one.startswith("refocus-full: ")]
    assert full == [
        "refocus-full: direct costs are above the yearly budget in year 1: 67% of draws "
        "(Monte Carlo 95%: 21% to 94%)."
    ]


UNEVEN = roster_from_text(
    "team,trust,staff,caseload,readiness,readiness_low,readiness_high\n"
    + "\n".join(f"T{at},A,{staff},60,{1 + at % 4},1,5" for at, staff in enumerate((6, 6, 9, 20)))
)


@pytest.mark.parametrize("order", ["need", "readiness", "random"])
def test_the_budget_holds_in_every_world_whatever_order_it_finds(order: str) -> None:
    """Teams of 6 to 20 staff: what each world starts is priced apart from the queue."""
    weeks = 104
    waves = {"timing.waves": 2, "timing.weeks_between_waves": 13, "timing.order": order}
    scenario = named(adjusted(REFOCUS, waves), "ordered")
    whole = asked(scenario, roster=UNEVEN, weeks=weeks)
    cost = planned_cost(scenario, UNEVEN, whole.prices.values(), weeks)
    budget = 1.4 * float(cost[:, :52].sum(axis=1).max())
    setting = Setting(capacity=Capacity(budget_per_year=budget))
    question = dataclasses.replace(whole, setting=setting)
    (_, found) = prepare(question).starts
    request = planning_request(
        [scenario],
        UNEVEN,
        [found.given],
        draws=whole.chosen.draws,
        weeks=weeks,
        replications=8,
        seed=1,
    )
    rows = simulate(request).table("team_weeks").to_records(index=False)
    plan = plan_of(scenario, UNEVEN, found.given, weeks)
    worlds = starts_within(rows.reshape(-1, weeks + 1, 4), plan)
    assert len(worlds) == 24
    assert len({tuple(one) for one in worlds}) > 1, "worlds differ in their order"
    assert (worlds >= 0).any(axis=1).all()
    for world in worlds:
        spent = np.zeros(weeks)
        for team, start in enumerate(world):
            if start >= 0:
                spent[start:] += cost[team, : weeks - start]
        assert spent[:52].sum() <= budget + 1e-6
        assert spent[52:].sum() <= budget + 1e-6


def test_a_booster_after_the_time_looked_at_is_neither_held_nor_in_the_way() -> None:
    late = {"support.boosters.sessions": [{"week": 96, "days": 0.5}]}
    boosted = named(adjusted(load_scenario("boosters-6-months"), late), "boosted")
    none = named(adjusted(boosted, {"support.boosters.sessions": []}), "none")
    setting = Setting(capacity=Capacity(trainers=2, days_per_year=9.0))
    found = compare(asked(none, boosted, setting=setting, weeks=70, draws=2))
    plain, later = found.prepared.starts[1:]
    assert (plain.given > 0).any(), "trainers are scarce"
    assert np.array_equal(plain.given, later.given)
    held = [found.worlds.use(at)["trainer_days"] for at in (1, 2)]
    assert np.array_equal(*held)
    _, unboosted, more = found.prepared.later
    assert more > unboosted, "what the booster costs is told"


def test_induction_takes_trainers_days_as_its_price_has_it() -> None:
    """A trainer's day of induction is a day of a group: paid, listed and counted in the year."""
    inducted = named(adjusted(REFOCUS, {"training.induction": 0.5}), "inducted")
    found = compare(asked(inducted, draws=1, replications=4))
    prices = found.question.prices.values()
    listed = {one: amount for one, _, amount in resource_means(found, "inducted")}
    days = listed["induction_trainer_days"].sum()
    assert days == pytest.approx(listed["induction_days"].sum() / prices["induction_group"])
    paid = found.costs[1]["induction: trainers"].sum()
    assert paid == pytest.approx(days * prices["trainer_day"] * (1 + prices["trainer_preparation"]))
    travel = found.costs[1]["travel and venues"].sum()
    sessions = listed["trainer_days"].sum() * prices["trainer_travel"]
    rooms = (listed["session_days"].sum() + days) * prices["venue_day"]
    assert travel == pytest.approx(sessions + days * prices["trainer_travel"] + rooms)
    # Exactly the days of the courses: with induction on top they no longer all fit in.
    setting = Setting(capacity=Capacity(trainers=2, days_per_year=10.0))
    plain, more = prepare(asked(REFOCUS, inducted, setting=setting)).starts[1:]
    assert (plain.given >= 0).all()
    assert (more.given < 0).any()


def test_every_strategy_that_changes_both_is_split_whatever_it_is_compared_with() -> None:
    """Its programme is simulated beside it, or is the strategy that is just that."""
    both = named(
        adjusted(REFOCUS, {"conditions.priorities_relief": 0.3, "conditions.protected_time": 0.2}),
        "own",
    )
    small = dataclasses.replace(ROSTER, rows=ROSTER.rows[:2])
    beside = compare(asked(both, roster=small, draws=2, replications=1))
    among = compare(asked(both, REFOCUS, roster=small, draws=2, replications=1))
    assert beside.others == ("own",)
    assert beside.worlds.scenarios[-1] == programme_alone(both).name
    assert among.worlds.scenarios == (USUAL.name, "own", REFOCUS.name)
    split = beside.programme_difference("own")
    np.testing.assert_array_equal(split, among.programme_difference("own"))
    np.testing.assert_array_equal(split, among.difference(REFOCUS.name))
    np.testing.assert_array_equal(beside.difference("own"), among.difference("own"))
    assert not np.array_equal(split, beside.difference("own"))
    for one in (beside, among):
        (told,) = decision_of(one).splits
        assert "is relief of the system, which is not part of REFOCUS" in told
        assert all("alone" not in each.name for each in decision_of(one).strategies)
    assert prepare(asked(REFOCUS, FULL)).programmes() == {}
