"""Solving constants on worlds that are straight lines, where the answer is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from calibration.sampling import solve as module
from calibration.sampling.solve import (
    QPR_SD,
    ROADS,
    Reading,
    Twins,
    deviate,
    expected_qpr15,
    references,
    solve_beyond,
    solve_practice,
    solve_recovery,
    solve_support,
    within,
)
from sim.measures.qpr import ITEM_PROCESS
from sim.mechanisms.recovery import PROCESSES
from sim.parameters import resolve, to_record

USUAL = Reading(0.3, 0.5, 0.2, 30.0)
TEAM, WORKER = ROADS[2:]


class Worlds:
    """Twins whose worlds follow a formula; counts how often they run."""

    def __init__(self, changed: Any) -> None:
        self.changed, self.runs, self.alone = changed, 0, 0

    def change(self, name: str, p: Any, usual: Reading | None = None) -> Reading:
        self.runs += 1
        self.alone += usual is None
        return self.changed(name, p)


def record(**changed: float) -> Any:
    return to_record(resolve(changed))[0]


def practice(slope: float, bend: float = 0.0) -> Worlds:
    def changed(name: str, p: Any) -> Reading:
        assert name == "coached"
        scale = float(p["practice_scale"])
        return Reading(slope * scale + bend * scale**2, 0.0, 0.2, 0.0)

    return Worlds(changed)


def test_practice_is_found_at_once_where_it_is_linear() -> None:
    p, worlds = record(practice_change=0.2), practice(0.05)
    solve_practice(p, worlds, USUAL)  # type: ignore[arg-type]
    assert p["practice_scale"] == pytest.approx(4.0)
    # At a scale of 2, and at the answer: no more.
    assert worlds.runs == 2


@pytest.mark.parametrize(("away", "runs"), [(0.0009, 1), (0.0011, 2)])
def test_practice_is_good_enough_within_a_thousandth(away: float, runs: int) -> None:
    p, worlds = record(practice_change=0.2), practice((0.2 + away) / 2.0)
    solve_practice(p, worlds, USUAL)  # type: ignore[arg-type]
    assert worlds.runs == runs


def test_practice_that_bends_is_found_in_a_few_steps() -> None:
    """.1 x - .01 x^2 = .2 at 2.76."""
    p, worlds = record(practice_change=0.2), practice(0.1, -0.01)
    solve_practice(p, worlds, USUAL)  # type: ignore[arg-type]
    assert p["practice_scale"] == pytest.approx(5.0 - np.sqrt(5.0), abs=0.01)
    assert 2 < worlds.runs <= 5


def test_practice_that_cannot_be_moved_is_left() -> None:
    p, worlds = record(practice_change=0.2), practice(0.0)
    solve_practice(p, worlds, USUAL)  # type: ignore[arg-type]
    assert (p["practice_scale"], worlds.runs) == (2.0, 1)
    # Hardly: to its bounds, and no further.
    p, worlds = record(practice_change=0.2), practice(1e-6)
    solve_practice(p, worlds, USUAL)  # type: ignore[arg-type]
    assert p["practice_scale"] == module.bounds_of("practice_scale")[1]


def support(slope: float, start: float = 0.0, bend: float = 0.0) -> Worlds:
    """Worlds in which support moves by so many SDs of what is seen a unit of the scale."""

    def changed(name: str, p: Any) -> Reading:
        assert name == "full"
        scale = float(p["support_shift_scale"])
        seen = start + slope * scale + bend * scale**2
        return Reading(0.0, seen * 0.2 / np.sqrt(float(p["inspire_retest"])), 0.2, 0.0)

    return Worlds(changed)


def test_support_moves_by_what_was_drawn_in_sds_of_what_is_seen() -> None:
    p, worlds = record(support_effect=0.3, inspire_retest=0.64), support(0.2, 0.05)
    solve_support(p, worlds, USUAL)  # type: ignore[arg-type]
    assert p["support_shift_scale"] == pytest.approx(1.25)
    # At 0, at 1, and at the answer.
    assert worlds.runs == 3


@pytest.mark.parametrize(("away", "runs"), [(0.009, 2), (0.011, 3)])
def test_support_is_good_enough_within_a_hundredth(away: float, runs: int) -> None:
    p, worlds = record(support_effect=0.3), support(0.3 + away)
    solve_support(p, worlds, USUAL)  # type: ignore[arg-type]
    assert worlds.runs == runs


def test_support_that_bends_is_looked_for_twice() -> None:
    p, worlds = record(support_effect=0.3), support(0.5, bend=-0.05)
    solve_support(p, worlds, USUAL)  # type: ignore[arg-type]
    assert p["support_shift_scale"] == pytest.approx(5.0 - np.sqrt(19.0), abs=0.01)
    assert worlds.runs == 4


def test_support_that_cannot_be_moved_is_left() -> None:
    p, worlds = record(support_effect=0.3), support(0.0)
    solve_support(p, worlds, USUAL)  # type: ignore[arg-type]
    assert (p["support_shift_scale"], worlds.runs) == (1.0, 2)


GAINS = dict(zip(ROADS, (4.0, 5.0, 8.0, 10.0), strict=True))


def recovery(start: float = 0.4, bend: float = 0.0, gains: dict[str, float] = GAINS) -> Worlds:
    def changed(name: str, p: Any) -> Reading:
        assert name == "full"
        moved = sum(gain * float(p[road]) for road, gain in gains.items())
        return Reading(0.0, 0.0, 0.2, start + moved + bend * moved**2)

    return Worlds(changed)


def test_the_effect_is_shared_out_among_its_roads() -> None:
    """Need 2.03 points: .1 by partnership, .2 of the rest by expectations, .4 without any."""
    p = record(effect_full=0.2, partnership_share=0.1, expectations_share=0.2, team_share=0.25)
    worlds = recovery()
    assert solve_recovery(p, worlds, USUAL) == pytest.approx((8.0, 10.0))  # type: ignore[arg-type]
    need = 0.2 * QPR_SD
    first, second = 0.1 * need, 0.9 * 0.2 * need
    assert p[ROADS[0]] == pytest.approx(first / 4.0)
    assert p[ROADS[1]] == pytest.approx(second / 5.0)
    rest = need - 0.4 - first - second
    assert p[TEAM] == pytest.approx(0.25 * rest / 8.0)
    assert p[WORKER] == pytest.approx(0.75 * rest / 10.0)
    # Without any road, with each alone, and once with all.
    assert (worlds.runs, worlds.alone) == (6, 1)


@pytest.mark.parametrize(("bend", "most"), [(0.03, 8), (-0.05, 9)])
def test_answers_that_bend_are_corrected(bend: float, most: int) -> None:
    p = record(effect_full=0.4)
    worlds = recovery(bend=bend)
    solve_recovery(p, worlds, USUAL)  # type: ignore[arg-type]
    assert worlds.changed("full", p).qpr == pytest.approx(0.4 * QPR_SD, abs=0.05)
    assert 6 < worlds.runs <= most


@pytest.mark.parametrize("lost", range(4))
def test_a_road_that_leads_nowhere_is_not_taken(lost: int) -> None:
    gains = {**GAINS, ROADS[lost]: 0.0}
    p = record(effect_full=0.2)
    solve_recovery(p, recovery(gains=gains), USUAL)  # type: ignore[arg-type]
    assert [float(p[name]) != 0.0 for name in ROADS] == [place != lost for place in range(4)]


def test_each_component_beyond_refocus_has_its_effect_and_peers_share_a_world() -> None:
    asked = []

    def changed(name: str, p: Any) -> Reading:
        asked.append(name)
        if name == "peer_delivery":
            return Reading(0.0, 0.0, 0.2, 5.0 * float(p["peer_delivery_to_recovery"]))
        return Reading(0.0, 0.0, 0.2, 8.0 * float(p["social_inclusion_to_recovery"]))

    p = record(effect_peer_delivery=0.2, effect_family_involvement=0.1, effect_social_inclusion=0.3)
    solve_beyond(p, Worlds(changed), USUAL)  # type: ignore[arg-type]
    assert p["peer_delivery_to_recovery"] == pytest.approx(0.2 * QPR_SD / 5.0)
    assert p["family_to_recovery"] == pytest.approx(0.1 * QPR_SD / 5.0)
    assert p["social_inclusion_to_recovery"] == pytest.approx(0.3 * QPR_SD / 8.0)
    assert asked == ["peer_delivery", "social_inclusion"]
    none = Worlds(lambda name, p: Reading(0.0, 0.0, 0.2, 0.0))
    solve_beyond(p, none, USUAL)  # type: ignore[arg-type]
    assert p["family_to_recovery"] == 0.0


def test_another_place_has_more_by_both_roads_in_their_shares() -> None:
    """.1 SD is 1.015 points, a quarter by the team."""
    p = record(team_share=0.25)
    before = float(p[TEAM]), float(p[WORKER])
    deviate(p, (8.0, 10.0), 0.1)
    assert p[TEAM] == pytest.approx(before[0] + 0.25 * 1.015 / 8.0)
    assert p[WORKER] == pytest.approx(before[1] + 0.75 * 1.015 / 10.0)
    half = record(team_share=0.25)
    deviate(half, (0.0, 10.0), 0.1)
    assert float(half[TEAM]) == before[0]


def test_what_is_solved_stays_within_its_bounds() -> None:
    low, high = module.bounds_of("practice_scale")
    assert within("practice_scale", high + 1.0) == high
    assert within("practice_scale", low - 1.0) == low
    assert within("practice_scale", 0.5 * (low + high)) == 0.5 * (low + high)


def test_a_twin_has_no_programme_and_changes_are_differences_of_worlds(monkeypatch) -> None:
    ran: list[Any] = []

    class World:
        def __init__(self, layout: Any) -> None:
            pass

        def again(self, *key: Any) -> World:
            ran.append(key[:3])
            treated = int(key[3].teams["programme"].max() > 0)
            self.teams = {"behaviour_mean": np.array([0.1, 0.3]) + 0.2 * treated}
            self.users = {"support": np.array([0.4, 0.8]) + 0.1 * treated}
            return self

        def run_to(self, week: int) -> None:
            assert week == 52

    monkeypatch.setattr(module, "OneWorld", World)
    levels = iter([np.array([30.0]), np.array([33.0])])
    monkeypatch.setattr(module, "expected_qpr15", lambda users, p: next(levels))
    where = references(2)
    twins = Twins(where)
    assert set(twins.without.teams["programme"]) == {0}
    assert set(twins.without.teams["start_week"]) == {-1}
    found = twins.change("full", "p")
    assert (found.behaviour, found.support, found.qpr) == pytest.approx((0.2, 0.1, 3.0))
    assert found.support_sd == pytest.approx(0.2)
    assert ran == [("p", 2, 0)] * 2


def test_answers_are_expected_by_hand_where_only_chance_is_left() -> None:
    """Each of 15 items counts the thresholds below location + latent level + noise."""
    p = record(measure_sensitivity=0.6)
    model = module.qpr_model(SimpleNamespace(**{name: float(p[name]) for name in module.QPR_READS}))
    unit = (65536.0**2 - 1.0) / 12.0
    noise = np.sqrt(model.occasion**2 + (model.stable**2 + model.noise**2) * unit)
    users = np.zeros(
        2, [(f"{one}{name}", float) for one in ("", "baseline_") for name in PROCESSES]
    )
    for name in PROCESSES:
        users[name] = [0.0, 0.5]
        users[f"baseline_{name}"] = [0.0, -0.25]

    def answer(level: float) -> float:
        middle = model.location + model.latent * level
        return float(sum(norm.sf(t, middle, noise) for t in (0.5, 1.5, 2.5, 3.5)))

    assert len(ITEM_PROCESS[:15]) == 15
    assert expected_qpr15(users, p) == pytest.approx(
        [15.0 * answer(0.0), 15.0 * (0.6 * answer(0.5) + 0.4 * answer(-0.25))]
    )


def test_the_references_are_refocus_as_delivered_coached_and_in_full(monkeypatch) -> None:
    changed, real = [], module.adjusted

    def adjusted(scenario: Any, changes: Any) -> Any:
        changed.append((scenario.name, dict(changes)))
        return real(scenario, changes)

    monkeypatch.setattr(module, "adjusted", adjusted)
    found = references(3)
    assert found.seed == 3
    assert {len(one.teams) for one in (*found.layouts, found.peer_delivery)} == {14}
    coached, peers, social = changed
    assert coached[1] == {"support.supervision.every": 5, "conditions.attendance_assured": 1.0}
    arm = {"who.teams": "intervention-arm"}
    assert peers == ("usual-care", {**arm, "beyond.peer_delivery.intensity": 1.0})
    assert social == ("usual-care", {**arm, "beyond.social_inclusion.intensity": 1.0})


def test_practice_that_never_settles_is_tried_five_times() -> None:
    wild = iter([0.3, 0.1, 0.32, 0.08, 0.34, 0.06])
    worlds = Worlds(lambda name, p: Reading(next(wild), 0.0, 0.2, 0.0))
    solve_practice(record(practice_change=0.2), worlds, USUAL)  # type: ignore[arg-type]
    assert worlds.runs == 5


def together(slope: float, offset: float = 0.0) -> Worlds:
    """Worlds in which team and worker together do more or less than each alone would."""

    def changed(name: str, p: Any) -> Reading:
        moved = 8.0 * float(p[TEAM]) + 10.0 * float(p[WORKER])
        if p[TEAM] != 0.0 and p[WORKER] != 0.0:
            moved = slope * moved + offset
        return Reading(0.0, 0.0, 0.2, 0.4 + moved)

    return Worlds(changed)


def shared(rest: float) -> Any:
    """Return parameters of which so many points are left to team and worker, half each."""
    p = record(effect_full=(0.4 + rest) / QPR_SD, team_share=0.5)
    p["partnership_share"] = p["expectations_share"] = 0.0
    return p


@pytest.mark.parametrize(
    ("slope", "times", "runs"),
    [
        # Half as much: twice as much is needed, and found at once.
        (0.5, 2.0, 7),
        # A tenth: steps of at most 1 / .3 of what lacks: 1, 4, 6 and 7.33 of it; no fifth.
        (0.1, 22.0 / 3.0, 9),
        # Two and a half times: steps of at least half: 1, .25, .4375 and .390625.
        (2.5, 0.390625, 9),
    ],
)
def test_what_team_and_worker_do_together_is_corrected_with_care(
    slope: float, times: float, runs: int
) -> None:
    p, worlds = shared(1.0), together(slope)
    solve_recovery(p, worlds, USUAL)  # type: ignore[arg-type]
    assert p[TEAM] == pytest.approx(0.5 * times / 8.0)
    assert p[WORKER] == pytest.approx(0.5 * times / 10.0)
    assert worlds.runs == runs


@pytest.mark.parametrize(("rest", "step"), [(0.105, 1.0 / 0.3), (0.095, 1.0)])
def test_of_next_to_nothing_no_slope_is_taken(rest: float, step: float) -> None:
    """Together they lose .2: what lacks is added, by a slope only where it can be told."""
    p, worlds = shared(rest), together(1.0, -0.2)
    seen: list[float] = []
    inner = worlds.changed
    worlds.changed = lambda name, p: (seen.append(float(p[TEAM])), inner(name, p))[1]
    solve_recovery(p, worlds, USUAL)  # type: ignore[arg-type]
    assert seen[5] == pytest.approx(0.5 * rest / 8.0)
    assert seen[6] == pytest.approx(0.5 * (rest + 0.2 * step) / 8.0)


def test_gains_are_read_at_half_a_unit_and_beyond_refocus_at_a_tenth() -> None:
    """Small enough to leave answers linear: worlds are asked there and nowhere else."""
    seen: list[tuple[float, ...]] = []

    def changed(name: str, p: Any) -> Reading:
        seen.append(tuple(float(p[road]) for road in ROADS))
        return Reading(0.0, 0.0, 0.2, sum(GAINS[road] * float(p[road]) for road in ROADS))

    solve_recovery(record(), Worlds(changed), USUAL)  # type: ignore[arg-type]
    assert seen[:5] == [(0.0,) * 4, *(tuple(0.5 * (k == j) for k in range(4)) for j in range(4))]
    beyond: list[float] = []

    def peers(name: str, p: Any) -> Reading:
        constant = {"peer_delivery": "peer_delivery_to_recovery"}.get(
            name, "social_inclusion_to_recovery"
        )
        beyond.append(float(p[constant]))
        return Reading(0.0, 0.0, 0.2, 1.0)

    solve_beyond(record(), Worlds(peers), USUAL)  # type: ignore[arg-type]
    assert beyond == [0.1, 0.1]


def test_a_small_gain_is_one() -> None:
    p = record(team_share=1.0)
    before = float(p[TEAM])
    deviate(p, (0.005, 0.005), 1e-5)
    assert p[TEAM] == pytest.approx(before + 1e-5 * QPR_SD / 0.005)


def test_support_that_hardly_moves_goes_to_its_bound() -> None:
    p = record(support_effect=0.3)
    solve_support(p, support(0.001), USUAL)  # type: ignore[arg-type]
    assert p["support_shift_scale"] == module.bounds_of("support_shift_scale")[1]


def test_without_noise_an_answer_is_where_the_level_is(monkeypatch) -> None:
    """A level of 2.495 lies above .5 and 1.5 alone: 15 answers of 2."""
    still = SimpleNamespace(occasion=0.0, stable=0.0, noise=0.0, location=2.495, latent=0.0)
    monkeypatch.setattr(module, "qpr_model", lambda p: still)
    names = [f"{one}{name}" for one in ("", "baseline_") for name in PROCESSES]
    users = np.zeros(1, [(name, float) for name in names])
    assert expected_qpr15(users, record())[0] == pytest.approx(30.0)
