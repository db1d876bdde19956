"""Effects are what was drawn: constants solved from them give them back, whatever the chain."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
import pytest

from calibration.sampling.solve import (
    QPR_SD,
    SOLVED,
    Twins,
    deviate,
    expected_qpr15,
    references,
    solve,
    solve_beyond,
)
from sim.measures.qpr import qpr_scores
from sim.mechanisms.recovery import PROCESSES
from sim.parameters import from_record, registry, resolve, to_record
from sim.parameters.priors import sample_prior
from sim.trials.studies.refocus_trial import WEEKS
from tests.worlds import plain_record

Solve = Callable[..., tuple[Any, tuple[float, float]]]


@pytest.fixture(scope="module")
def twins() -> Twins:
    return Twins(references())


@pytest.fixture(scope="module")
def solved(twins: Twins) -> Solve:
    def one(**changed: float) -> tuple[Any, tuple[float, float]]:
        p = to_record(resolve(changed))[0]
        return p, solve(p, twins)

    return one


def test_expected_answers_are_the_mean_of_simulated_ones() -> None:
    p = resolve({"measure_sensitivity": 0.7})
    levels = {name: 0.3 * place - 0.5 for place, name in enumerate(PROCESSES)}
    before = {f"baseline_{name}": 0.2 for name in PROCESSES}
    user = plain_record("service_user", relationship=0.5, **levels, **before)
    seen = [qpr_scores(user, p, (1, 0, 2, 3, place, 0), 5).qpr15 for place in range(4000)]
    array = np.zeros(1, [(name, "f8") for name in (*levels, *before)])
    for name, value in (levels | before).items():
        array[name] = value
    error = np.std(seen) / sqrt(len(seen))
    assert expected_qpr15(array, to_record(p)[0])[0] == pytest.approx(
        np.mean(seen), abs=4.0 * error
    )


def test_what_was_drawn_comes_out(twins: Twins) -> None:
    """Twelve sets over the whole prior: realised effects lie on the drawn ones."""
    for p in sample_prior(12, 3):
        p["effect_full"] = min(max(p["effect_full"], -0.4), 0.6)
        solve(p, twins)
        full, coached = twins.change("full", p), twins.change("coached", p)
        assert full.qpr / QPR_SD == pytest.approx(p["effect_full"], abs=0.05)
        assert coached.behaviour == pytest.approx(p["practice_change"], abs=0.01)
        support = full.support / full.support_sd * sqrt(p["inspire_retest"])
        if p["support_shift_scale"] > registry()["support_shift_scale"].bounds[0]:
            assert support == pytest.approx(p["support_effect"], abs=0.05)
        from_record(p)


def test_doubling_the_effect_doubles_it(twins: Twins, solved: Solve) -> None:
    once, _ = solved(effect_full=0.2)
    twice, _ = solved(effect_full=0.4)
    assert twins.change("delivered", twice).qpr == pytest.approx(
        2.0 * twins.change("delivered", once).qpr, rel=0.08
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"transfer_without_coaching": 0.5},
        {"intent_from_skill": 0.2},
        {"experience_pace": 0.25},
        {"experience_to_recovery": 0.6},
        {"relationship_from_experience": 0.2},
    ],
)
def test_no_constant_of_the_chain_decides_the_effect(
    changed: dict[str, float], twins: Twins, solved: Solve
) -> None:
    p, _ = solved(**changed)
    assert twins.change("full", p).qpr / QPR_SD == pytest.approx(p["effect_full"], abs=0.01)


def test_usual_care_does_not_read_the_effects(twins: Twins, solved: Solve) -> None:
    """Level and spread under usual care are the same whatever the programme would do.

    Over worlds: in any one, practice that happens to rise or fall under usual care has its effect.
    """
    found = []
    for effect in (-0.5, 0.0, 1.0):
        p, _ = solved(effect_full=effect)
        worlds = []
        for replication in range(12):
            twins.work.again(p, twins.where.seed, replication, twins.without).run_to(WEEKS)
            values = expected_qpr15(twins.work.users, p)
            worlds.append((values.mean(), values.std()))
        found.append(np.mean(worlds, axis=0))
    means, spreads = np.array(found).T
    assert np.ptp(means) < 0.02 * QPR_SD
    assert np.ptp(spreads) < 0.02 * QPR_SD


def test_another_place_deviates_by_what_is_said(twins: Twins, solved: Solve) -> None:
    p, gains = solved(effect_full=0.2)
    before = twins.change("full", p).qpr
    deviate(p, gains, 0.15)
    assert (twins.change("full", p).qpr - before) / QPR_SD == pytest.approx(0.15, abs=0.01)


def test_components_beyond_refocus_have_the_effects_that_were_drawn(twins: Twins) -> None:
    p = to_record(resolve({"effect_peer_delivery": 0.3, "effect_social_inclusion": -0.2}))[0]
    usual = twins.usual(p)
    solve_beyond(p, twins, usual)
    for layout, effect in (("peer_delivery", 0.3), ("social_inclusion", -0.2)):
        found = twins.change(layout, p, usual).qpr / QPR_SD
        assert found == pytest.approx(effect, abs=0.01)


def test_defaults_are_solved_ones(solved: Solve) -> None:
    """What nobody draws, teaching above all, has the effect that its parameters say."""
    p, _ = solved()
    for name in SOLVED:
        assert float(p[name]) == pytest.approx(registry()[name].default, rel=0.02), name
