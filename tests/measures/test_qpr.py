"""QPR: arithmetic of the scores, reliability as asked for, insensitive measure."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import sim.measures.qpr as module
from sim.measures.items import attenuation, inter_item_correlation, item_shares
from sim.measures.qpr import qpr_model, qpr_scores, qpr_scores_with
from sim.mechanisms.recovery import PROCESSES

PEOPLE = 5000


def scores(users, p, week, seed=7):
    """Return all scores of everybody, shape (people, 9)."""
    model = qpr_model(p)
    return np.array(
        [
            qpr_scores_with(user, model, p, (seed, 0, 11, 12, place, 0), week)
            for place, user in enumerate(users)
        ]
    )


def monte_carlo_error(correlation: float, count: int) -> float:
    """Return the standard error of a correlation from `count` independent pairs."""
    return (1.0 - correlation**2) / np.sqrt(count)


@pytest.fixture(scope="module")
def users(people, plain):
    return plain(people(PEOPLE))


@pytest.fixture(scope="module")
def first_visit(users, parameters):
    return scores(users, parameters(), 0)


def test_level_spread_and_alpha_are_those_of_the_evidence(first_visit):
    short = first_visit[:, 0]
    assert short.mean() == pytest.approx(40.0, abs=0.25 + 3 * 10.2 / np.sqrt(PEOPLE))
    assert short.std() == pytest.approx(10.2, abs=0.15 + 3 * 10.2 / np.sqrt(2 * PEOPLE))


def test_the_two_subscales_add_up_to_the_long_form(first_visit):
    short, long, within, between = first_visit.T[:4]
    assert np.array_equal(within + between, long)
    assert np.all(short <= within)
    assert np.all(within - short <= 8.0)
    assert np.array_equal(first_visit, np.floor(first_visit))


@pytest.mark.parametrize("wanted", [0.5, 0.6, 0.74, 0.85, 0.95])
def test_retest_correlation_is_the_one_asked_for(users, parameters, wanted):
    p = parameters(qpr_retest=wanted)
    found = np.corrcoef(scores(users, p, 0)[:, 0], scores(users, p, 2)[:, 0])[0, 1]
    assert found == pytest.approx(wanted, abs=0.01 + 3 * monte_carlo_error(wanted, PEOPLE))


@pytest.mark.parametrize(("location", "spread"), [(2.2, 1.0), (3.2, 1.4)])
def test_retest_correlation_holds_at_other_levels_and_spreads(users, parameters, location, spread):
    p = parameters(qpr_item_location=location, qpr_item_spread=spread)
    found = np.corrcoef(scores(users, p, 0)[:, 0], scores(users, p, 2)[:, 0])[0, 1]
    assert found == pytest.approx(0.74, abs=0.01 + 3 * monte_carlo_error(0.74, PEOPLE))


def test_alpha_is_the_one_asked_for(users, parameters, monkeypatch):
    """Alpha from the answers themselves, caught where they are given."""
    given: list[int] = []
    original = module.answer

    def noted(value: float) -> int:
        given.append(original(value))
        return given[-1]

    monkeypatch.setattr(module, "answer", noted)
    people = users[:4000]
    long = scores(people, parameters(), 0)[:, 1]
    answers = np.array(given).reshape(len(people), 22)
    assert np.array_equal(answers.sum(axis=1), long)
    short = answers[:, :15]
    alpha = 15 / 14 * (1 - short.var(axis=0).sum() / short.sum(axis=1).var())
    assert alpha == pytest.approx(0.89, abs=0.012)


def test_interpersonal_subscale_is_less_reliable(users, parameters, first_visit):
    later = scores(users, parameters(), 2)
    retest = [np.corrcoef(first_visit[:, j], later[:, j])[0, 1] for j in range(4)]
    assert retest[3] < retest[2] - 0.03


def test_noise_does_not_depend_on_the_latent_level(parameters, people, plain):
    """Away from the ends of the scale, people a whole answer point apart vary alike."""
    p = parameters(qpr_item_location=2.0, qpr_item_spread=0.6)
    point = 1.0 / qpr_model(p).latent
    spread = []
    for level in (-point, 0.0, point):
        records = people(3000)
        for name in PROCESSES:
            records[name] = level
        group = plain(records)
        change = scores(group, p, 2)[:, 0] - scores(group, p, 0)[:, 0]
        spread.append(change.std())
    assert spread[1] > 2.0
    assert spread[0] == pytest.approx(spread[1], rel=0.04)
    assert spread[2] == pytest.approx(spread[1], rel=0.04)


def test_same_key_and_week_give_the_same_scores_and_another_week_does_not(users, parameters):
    p = parameters()
    first = scores(users[:200], p, 8)
    assert np.array_equal(first, scores(users[:200], p, 8))
    assert not np.array_equal(first, scores(users[:200], p, 9))


def test_weights_found_beforehand_change_nothing(users, parameters):
    p = parameters(qpr_retest=0.8)
    for place, user in enumerate(users[:100]):
        key = (7, 0, 11, 12, place, 0)
        assert qpr_scores(user, p, key, 4) == qpr_scores_with(user, qpr_model(p), p, key, 4)


def test_the_fifteen_items_are_three_for_each_process(users, parameters):
    found = scores(users[:500], parameters(), 8)
    assert np.array_equal(found[:, 4:].sum(axis=1), found[:, 0])
    assert found[:, 4:].min() >= 0.0
    assert found[:, 4:].max() <= 12.0


@pytest.mark.parametrize("place", range(5))
def test_a_process_that_rises_is_seen_in_its_own_items(users, parameters, place):
    """Answers to the other items use the same draws and stay as they were."""
    p = parameters(measure_sensitivity=1.0)
    moved = [SimpleNamespace(**vars(one)) for one in users[:200]]
    for one in moved:
        setattr(one, PROCESSES[place], getattr(one, PROCESSES[place]) + 1.0)
    change = (scores(moved, p, 8) - scores(users[:200], p, 8))[:, 4:]
    assert change[:, place].mean() > 0.5
    assert np.delete(change, place, axis=1).any() == 0


def test_more_of_a_process_never_lowers_a_score(users, parameters):
    p = parameters()
    for place, user in enumerate(users[:150]):
        key = (7, 0, 11, 12, place, 0)
        before = qpr_scores(user, p, key, 1)
        for name in PROCESSES:
            better = SimpleNamespace(**vars(user))
            setattr(better, name, getattr(user, name) + 0.7)
            after = qpr_scores(better, p, key, 1)
            assert all(a >= b for a, b in zip(after, before, strict=True))


def test_without_chance_two_visits_agree(users, parameters):
    p = parameters(chance_scale=0.0)
    assert np.array_equal(scores(users[:500], p, 0), scores(users[:500], p, 52))


def test_less_chance_means_higher_retest(users, parameters):
    p = parameters(chance_scale=0.5)
    found = np.corrcoef(scores(users, p, 0)[:, 0], scores(users, p, 2)[:, 0])[0, 1]
    assert found > 0.85


@pytest.fixture(scope="module")
def changed(people):
    """Return people after a year: 0.3 SD better, correlated .6 with themselves, same spread."""
    records = people(PEOPLE, seed=3)
    random = np.random.default_rng(4)
    shared = random.normal(size=PEOPLE)
    for name in PROCESSES:
        fresh = np.sqrt(0.4) * shared + np.sqrt(0.6) * random.normal(size=PEOPLE)
        records[name] = 0.3 + 0.6 * records[f"baseline_{name}"] + 0.8 * fresh
    return records


@pytest.fixture(scope="module")
def a_year(changed, plain, parameters):
    """Return the people as they are after a year and as they began, and what they score now."""
    users, at_start = plain(changed), plain(changed)
    for user in at_start:
        for name in PROCESSES:
            setattr(user, name, getattr(user, f"baseline_{name}"))
    return users, at_start, scores(users, parameters(), 52)[:, 0]


@pytest.mark.parametrize("sensitivity", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_insensitive_measure_shrinks_the_change_only(a_year, parameters, sensitivity):
    """Mean change falls to the share; SD and two-week retest stay."""
    users, at_start, full = a_year
    p = parameters(measure_sensitivity=sensitivity)
    now = scores(users, p, 52)[:, 0]
    soon = scores(users, p, 54)[:, 0]
    before = scores(at_start, p, 52)[:, 0]
    gain = full.mean() - before.mean()
    assert gain > 3.0
    # The same draws on both sides: only who registers the change is left to chance.
    error = (full - before).std() / np.sqrt(PEOPLE)
    assert (now - before).mean() == pytest.approx(sensitivity * gain, abs=4 * error)
    # SD at baseline and after the year, mixed; the distance of the means adds its own part.
    mixed = (
        (1.0 - sensitivity) * before.var()
        + sensitivity * full.var()
        + sensitivity * (1.0 - sensitivity) * gain**2
    )
    assert now.std() == pytest.approx(np.sqrt(mixed), abs=4 * 10.2 / np.sqrt(2 * PEOPLE))
    assert now.std() == pytest.approx(before.std(), rel=0.08)
    assert np.corrcoef(now, soon)[0, 1] == pytest.approx(
        0.74, abs=0.015 + 3 * monte_carlo_error(0.74, PEOPLE)
    )


def test_no_sensitivity_removes_every_change_in_recovery(changed, plain, parameters):
    p = parameters(measure_sensitivity=0.0)
    for place, user in enumerate(plain(changed[:200])):
        start = SimpleNamespace(**vars(user))
        for name in PROCESSES:
            setattr(start, name, getattr(user, f"baseline_{name}"))
        key = (7, 0, 11, 12, place, 0)
        assert qpr_scores(user, p, key, 52) == qpr_scores(start, p, key, 52)


def test_full_sensitivity_ignores_the_baseline(changed, plain, parameters):
    p = parameters()
    for place, user in enumerate(plain(changed[:200])):
        other = SimpleNamespace(**vars(user))
        for name in PROCESSES:
            setattr(other, f"baseline_{name}", -3.0)
        key = (7, 0, 11, 12, place, 0)
        assert qpr_scores(user, p, key, 52) == qpr_scores(other, p, key, 52)


def test_attenuation_agrees_with_simulated_pairs():
    random = np.random.default_rng(5)
    wanted = 0.3
    first = random.normal(size=400_000)
    second = wanted * first + np.sqrt(1 - wanted**2) * random.normal(size=400_000)
    for location, spread in ((2.75, 1.2), (2.0, 0.8), (3.3, 1.0)):
        answers = np.clip(np.rint(location + spread * np.array([first, second])), 0, 4)
        found = np.corrcoef(answers)[0, 1] / wanted
        # Higher terms of the series are left out; they are small at this correlation.
        assert attenuation(location, spread) == pytest.approx(found, abs=0.03)


def test_item_shares_solve_their_equations():
    count, overlap, retest, inter_item, stability, factor = 15.0, 0.486, 0.74, 0.35, 0.5, 0.89
    weights = item_shares(count, overlap, retest, inter_item, stability, factor)
    a, b, c, d = (weight * weight for weight in weights)
    assert a + b + c + d == pytest.approx(1.0)
    assert factor * (a * overlap + b) == pytest.approx(inter_item)
    total = 1.0 + (count - 1.0) * inter_item
    assert factor * ((count - 1.0) * a * overlap + a + c) == pytest.approx(retest * total)
    assert c == pytest.approx(stability * (c + d))


def test_inter_item_correlation_inverts_spearman_brown():
    alpha = 15 * 0.35 / (1 + 14 * 0.35)
    assert alpha == pytest.approx(0.89, abs=0.001)
    assert inter_item_correlation(alpha, 15.0) == pytest.approx(0.35)


@pytest.mark.parametrize(("half_life", "fluctuation"), [(8.0, 0.6), (12.0, 0.65)])
def test_two_weeks_apart_real_change_is_not_counted_twice(
    people, plain, parameters, half_life, fluctuation
):
    """People whose recovery moves as in the model retest as asked for, not below."""
    p = parameters(recovery_half_life=half_life, fluctuation_sd=fluctuation)
    records = people(PEOPLE)
    before = scores(plain(records), p, 0)[:, 0]
    draws = np.random.default_rng(8)
    kept = (1.0 - np.log(2.0) / half_life) ** 2
    for name in PROCESSES:
        level = records[name]
        # Of unit variance the share f^2 fluctuates; in two weeks it keeps (1 - k)^2 of itself.
        part = fluctuation**2 * level + fluctuation * np.sqrt(
            1.0 - fluctuation**2
        ) * draws.standard_normal(len(level))
        new = kept * part + fluctuation * np.sqrt(1.0 - kept**2) * draws.standard_normal(len(level))
        records[name] = level - part + new
    after = scores(plain(records), p, 2)[:, 0]
    found = np.corrcoef(before, after)[0, 1]
    assert found == pytest.approx(0.74, abs=0.01 + 3 * monte_carlo_error(0.74, PEOPLE))
