"""Scales scored as a whole, staff ratings and their bias, self-report, goals, costs, readiness."""

from __future__ import annotations

import sys
from math import isnan
from types import SimpleNamespace

import numpy as np
import pytest

from sim.errors import InputError
from sim.measures.catalogue import catalogue, instruments, measure
from sim.measures.costs import service_cost
from sim.measures.gaf import gaf_score
from sim.measures.goal_attainment import goal_scores
from sim.measures.rater_bias import staff_rater_bias
from sim.measures.readiness import readiness_score
from sim.measures.rsa import rsa_staff_score
from sim.measures.scales import blend, scale_score
from sim.measures.staff import StaffScores
from sim.measures.staff_attitudes import staff_attitudes_score
from sim.measures.staff_behaviour import observed_behaviour, staff_behaviour_score
from sim.measures.staff_knowledge import staff_knowledge_score
from sim.measures.user import UserScores, user_scores
from sim.mechanisms.practice import PRACTICES
from sim.streams import MEASURE_FIRST

PEOPLE = 4000
KEY = (3, 0, 41, 42, 5, 0)
COLUMN = {name: place for place, name in enumerate(UserScores._fields)}


def key_of(place: int) -> tuple[int, int, int, int, int, int]:
    return (3, 0, 41, 42, place, 0)


@pytest.fixture(scope="module")
def users(people, plain):
    return plain(people(PEOPLE))


@pytest.fixture(scope="module")
def visits(users, parameters):
    """Return all scores of everybody at two visits a fortnight apart."""
    p = parameters()
    return [
        np.array([user_scores(user, 0.0, p, key_of(i), week) for i, user in enumerate(users)])
        for week in (0, 2)
    ]


@pytest.fixture(scope="module")
def staff_members():
    random = np.random.default_rng(8)
    return [
        SimpleNamespace(
            leader=0,
            knowledge=float(np.clip(random.normal(0.45, 0.15), 0, 1)),
            values=float(np.clip(random.normal(0.55, 0.15), 0, 1)),
            values_usual=0.55,
            sessions_attended=0,
            **{
                f"behaviour_{one}": float(np.clip(random.normal(0.31, 0.16), 0, 1))
                for one in PRACTICES
            },
        )
        for _ in range(PEOPLE)
    ]


@pytest.mark.parametrize(
    ("name", "mean", "sd"),
    [
        ("gaf", 51.5, 12.2),
        ("honos", 7.67, 4.83),
        ("csq", 24.0, 4.8),
        ("bprs", 34.0, 9.0),
        ("cansas_user", 3.0, 2.6),
        ("cansas_staff", 2.5, 2.6),
        ("hope", 34.5, 6.0),
        ("empowerment", 60.0, 15.0),
        ("wemwbs", 44.0, 10.0),
        ("mansa", 4.5, 0.9),
        ("recovery_fidelity", 40.0, 17.0),
    ],
)
def test_level_spread_and_retest_are_those_of_the_parameters(visits, parameters, name, mean, sd):
    """Within 10% of the SD: keeping small counts above zero moves mean and SD a little."""
    first, second = (visit[:, COLUMN[name]] for visit in visits)
    assert first.mean() == pytest.approx(mean, abs=0.11 * sd)
    assert first.std() == pytest.approx(sd, rel=0.14)
    wanted = getattr(parameters(), measure(name).retest)
    error = (1 - wanted**2) / np.sqrt(PEOPLE)
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(wanted, abs=0.035 + 3 * error)


@pytest.mark.parametrize("wanted", [0.5, 0.8, 0.95])
def test_a_scale_has_the_retest_correlation_asked_for(users, parameters, wanted):
    p = parameters(gaf_retest=wanted)
    first, second = (
        np.array([gaf_score(user, 0.0, p, key_of(i), week) for i, user in enumerate(users)])
        for week in (0, 2)
    )
    error = (1 - wanted**2) / np.sqrt(PEOPLE)
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(wanted, abs=0.005 + 3 * error)


def test_hope_goes_with_the_qpr_about_as_in_the_literature(visits):
    """Meta-analysis: .56 (.48-.63). Follows from the item model, no parameter encodes it."""
    scores = visits[0]
    found = np.corrcoef(scores[:, COLUMN["hope"]], scores[:, COLUMN["qpr15"]])[0, 1]
    assert 0.45 < found < 0.66


def test_everything_is_the_same_under_the_same_key(users, parameters):
    p = parameters()
    for i, user in enumerate(users[:50]):
        first = user_scores(user, 0.2, p, key_of(i), 52)
        again = user_scores(user, 0.2, p, key_of(i), 52)
        assert np.array_equal(first, again, equal_nan=True)


def test_scale_score_rounds_to_its_steps_and_stays_in_range():
    assert scale_score(4.5, 1.0, 1.0, 0.0, 9.0, 1.0, 7.0, 12.0) == 4.5
    assert scale_score(4.52, 1.0, 1.0, 0.0, 0.0, 1.0, 7.0, 12.0) == 4.5
    assert scale_score(50.0, 10.0, 0.0, 9.0, 1.26, 0.0, 100.0, 1.0) == 63.0
    assert scale_score(50.0, 10.0, 1.0, 9.0, 0.0, 0.0, 100.0, 1.0) == 100.0
    assert scale_score(20.0, 10.0, 1.0, -9.0, 0.0, 18.0, 126.0, 1.0) == 18.0


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_blend_of_standardised_latents_is_standardised(correlation):
    random = np.random.default_rng(9)
    first = random.normal(size=100_000)
    second = correlation * first + np.sqrt(1 - correlation**2) * random.normal(size=100_000)
    both = np.array([blend(a, b, 0.7, correlation) for a, b in zip(first, second, strict=True)])
    assert both.std() == pytest.approx(1.0, abs=0.01)


def test_directions(users, parameters):
    """What is better raises the scales of good things and lowers those of bad ones."""
    p = parameters(chance_scale=0.0)
    better = {
        "symptoms": ("bprs", -1),
        "needs": ("cansas_user", -1),
        "functioning": ("gaf", 1),
        "quality_of_life": ("mansa", 1),
        "hope": ("hope", 1),
        "empowerment": ("empowerment", 1),
    }
    user = users[0]
    before = user_scores(user, 0.0, p, KEY, 0)
    for latent, (score, direction) in better.items():
        moved = SimpleNamespace(**vars(user))
        setattr(moved, latent, getattr(user, latent) + direction * 1.0)
        after = user_scores(moved, 0.0, p, KEY, 0)
        sign = -1 if measure(score).higher_is.startswith("more unmet") or score == "bprs" else 1
        assert sign * (getattr(after, score) - getattr(before, score)) > 0, score


def rater(**changed):
    values = {"sessions_attended": 0, "values": 0.5, "values_usual": 0.5}
    return SimpleNamespace(**{**values, **changed})


def test_no_bias_without_the_parameter_or_without_training(parameters):
    trained = rater(sessions_attended=6, values=0.9)
    assert staff_rater_bias(trained, parameters(staff_rater_bias=0.0)) == 0.0
    assert staff_rater_bias(rater(), parameters(staff_rater_bias=0.8)) == 0.0


def test_bias_grows_with_training_and_with_a_shift_in_values(parameters):
    p = parameters(staff_rater_bias=0.6)
    by_training = [staff_rater_bias(rater(sessions_attended=n), p) for n in range(7)]
    assert all(a < b for a, b in zip(by_training, by_training[1:], strict=False))
    by_values = [staff_rater_bias(rater(values=v), p) for v in (0.3, 0.45, 0.5, 0.6, 0.7)]
    assert all(a < b for a, b in zip(by_values, by_values[1:], strict=False))
    assert staff_rater_bias(rater(sessions_attended=10**9, values=1.0), p) == pytest.approx(0.6)


def test_bias_reads_nothing_but_the_rater(parameters):
    """A rater without any other attribute is enough: no arm, no scenario, no team."""
    assert staff_rater_bias(rater(sessions_attended=2), parameters()) > 0.0


def test_bias_favours_in_every_staff_rating_and_touches_no_other(users, parameters):
    p = parameters()
    blind = [name for name in UserScores._fields if measure(name).blind]
    favoured = {"gaf": 0.0, "honos": 0.0, "cansas_staff": 0.0}
    for i, user in enumerate(users[:300]):
        fair = user_scores(user, 0.0, p, key_of(i), 52)
        kind = user_scores(user, 0.6, p, key_of(i), 52)
        for name in blind:
            assert np.array_equal(getattr(fair, name), getattr(kind, name), equal_nan=True)
        for name in favoured:
            favoured[name] += (getattr(kind, name) - getattr(fair, name)) / 300
    assert favoured["gaf"] == pytest.approx(0.6 * 12.2, abs=0.3)
    assert favoured["honos"] == pytest.approx(-0.6 * 4.83, abs=0.5)
    assert -0.6 * 2.6 < favoured["cansas_staff"] < -0.8


def test_self_report_is_inflated_and_hardly_follows_behaviour(staff_members, parameters):
    p = parameters()
    reported = np.array(
        [staff_behaviour_score(one, p, key_of(i), 0) for i, one in enumerate(staff_members)]
    )
    observed = np.array([observed_behaviour(one) for one in staff_members])
    error = 1 / np.sqrt(PEOPLE)
    assert abs(np.corrcoef(reported, observed)[0, 1]) < 0.15 + 4 * error
    modest = parameters(self_report_inflation=0.0)
    plain_report = np.array(
        [staff_behaviour_score(one, modest, key_of(i), 0) for i, one in enumerate(staff_members)]
    )
    assert (reported - plain_report).mean() == pytest.approx(0.6 * 12.0, abs=0.2)


def test_knowledge_and_attitudes_follow_their_latents(staff_members, parameters):
    p = parameters()
    both = (staff_knowledge_score, staff_attitudes_score)
    scores = np.array(
        [[score(one, p, key_of(i), 0) for score in both] for i, one in enumerate(staff_members)]
    )
    for column, latent in ((0, "knowledge"), (1, "values")):
        level = np.array([getattr(one, latent) for one in staff_members])
        found = np.corrcoef(scores[:, column], level)[0, 1]
        assert found == pytest.approx(np.sqrt(0.75), abs=0.03)
        assert abs(np.corrcoef(scores[:, 1 - column], level)[0, 1]) < 4 / np.sqrt(PEOPLE)


def test_leaders_rate_their_team_higher(staff_members, parameters):
    team = SimpleNamespace(behaviour_mean=0.31)
    p = parameters()
    difference = []
    for i, one in enumerate(staff_members[:500]):
        leader = SimpleNamespace(**{**vars(one), "leader": 1})
        difference.append(
            rsa_staff_score(leader, team, p, key_of(i), 0)
            - rsa_staff_score(one, team, p, key_of(i), 0)
        )
    assert np.mean(difference) == pytest.approx(p.rsa_leader_excess * p.rsa_sd, abs=0.03)


def goal(**changed):
    values = {"has_goal": 1, "goals_reached": 0, "goal_progress": 0.4}
    return SimpleNamespace(**{**values, **changed})


def test_goal_is_missing_until_named_and_full_once_reached(parameters):
    p = parameters(goal_named_when_asked=0.0)
    nothing = goal_scores(goal(has_goal=0), p, KEY, 0)
    assert nothing.named == 0.0
    assert isnan(nothing.attainment)
    assert isnan(nothing.reached)
    assert goal_scores(goal(goal_progress=1.0), p, KEY, 0) == (1.0, 100.0, 1.0)
    assert goal_scores(goal(has_goal=0, goals_reached=1), p, KEY, 0) == (1.0, 100.0, 1.0)
    exact = goal_scores(goal(), parameters(goal_rating_noise=0.0), KEY, 0)
    assert exact == (1.0, 40.0, 0.0)


def test_a_goal_named_when_asked_is_not_one_that_is_worked_on(parameters):
    """Half work on a goal, three quarters of the others name one: .875, and only half get on."""
    p = parameters(goal_named_when_asked=0.75, goal_rating_noise=0.0)
    people = [goal(has_goal=place % 2, goal_progress=0.4 * (place % 2)) for place in range(4000)]
    found = [goal_scores(one, p, (1, 0, 2, 3, at, 0), 5) for at, one in enumerate(people)]
    assert np.mean([one.named for one in found]) == pytest.approx(0.875, abs=0.02)
    rated = {one.attainment for one in found if one.named == 1.0}
    assert rated == {0.0, 40.0}
    again = [goal_scores(one, p, (1, 0, 2, 3, at, 0), 9) for at, one in enumerate(people)]
    assert [one.named for one in found] == [one.named for one in again]


def test_costs_add_contacts_and_other_services(parameters):
    user = SimpleNamespace(contact_rate=0.5, in_service=1, symptoms=0.0, needs=0.0)
    p = parameters()
    other = SimpleNamespace(**{**vars(user), "in_service": 0})
    team_part = service_cost(user, p, KEY, 52) - service_cost(other, p, KEY, 52)
    assert team_part == pytest.approx(52 * 0.5 * 128.0)
    worse = SimpleNamespace(**{**vars(user), "symptoms": 1.0, "needs": 1.0})
    assert service_cost(worse, p, KEY, 52) > service_cost(user, p, KEY, 52)
    costs = np.array([service_cost(other, p, key_of(i), 52) for i in range(4000)])
    # Median of the lognormal: standard error of a log median is 1.25 sigma / sqrt(n).
    assert np.log(np.median(costs) / 4000.0) == pytest.approx(0.0, abs=4 * 1.25 / np.sqrt(4000))


@pytest.mark.parametrize("reliability", [0.3, 0.7, 0.95])
def test_readiness_score_has_its_reliability(reliability):
    random = np.random.default_rng(10)
    latent = np.clip(random.normal(0.5, 0.05, 20_000), 0, 1)
    noise = random.normal(size=20_000)
    scores = np.array(
        [
            readiness_score(one, reliability, 0.05, 0.0, 1.0, e)
            for one, e in zip(latent, noise, strict=True)
        ]
    )
    found = np.corrcoef(latent, scores)[0, 1] ** 2
    assert found == pytest.approx(reliability, abs=0.02)


def test_readiness_score_maps_to_any_range():
    assert readiness_score(0.25, 1.0, 0.2, 1.0, 5.0, 2.0) == 2.0
    assert readiness_score(0.0, 1.0, 0.2, -3.0, 3.0, 0.0) == -3.0
    assert readiness_score(1.0, 0.5, 0.2, 0.0, 100.0, 3.0) == 100.0


def test_catalogue_describes_every_score_once():
    names = [one.name for one in catalogue().values()]
    assert len(names) == len(set(names))
    assert names == [*UserScores._fields, *StaffScores._fields, "team_readiness"]
    for one in catalogue().values():
        assert one.minimum < one.maximum
        assert one.rater in {"service user", "staff", "researcher", "team"}
        assert one.evidence in {"trial", "literature", "assumption"}
        assert one.blind == (one.rater in {"service user", "researcher"})


def test_catalogue_names_parameters_that_exist(tables):
    for one in catalogue().values():
        assert one.retest == "" or one.retest in tables


def test_unknown_measure_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'qpr15'"):
        measure("qpr_15")


def test_no_two_draws_share_a_purpose():
    """Blocks that an instrument draws, and the ones that follow in the same call, are its own."""
    lengths = {"QPR": 3, "INSPIRE_SUPPORT": 3, "INSPIRE_IMPORTANCE": 3, "INSPIRE_OTHER": 2}
    taken: list[int] = []
    known = {one.number for one in instruments()}
    for module in {sys.modules[one.rule.__module__] for one in instruments()}:
        for name, first in vars(module).items():
            if name.endswith(("_DAY", "_PERSON", "_IMPORTANCE")):
                stem = name.removesuffix("_DAY").removesuffix("_PERSON")
                taken.extend(range(first, first + lengths.get(stem, 1)))
                assert (first - MEASURE_FIRST) // 100 in known
    assert len(taken) == len(set(taken))
    assert min(taken) >= MEASURE_FIRST
    assert max(taken) < 2**16
