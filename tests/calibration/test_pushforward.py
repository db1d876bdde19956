"""Every headline holds the evidence that it claims; what is shipped is what was drawn."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from calibration.evidence.meta_analysis import pool, read_effects
from calibration.findings.pushforward import BEFORE, HEADLINES, effects, read, services
from calibration.sampling.solve import QPR_SD, Twins, references
from sim.parameters import resolve, to_record
from sim.posterior import BOTH_TRIALS, NAMES, PRIOR, load_posterior
from sim.posterior.choose import chosen_draws

ROWS = {(one["posterior"], one["headline"]): one for one in read()}
RULE, STUDIES = read_effects()


def holds(posterior: str, headline: str, value: float) -> bool:
    """Return whether the central 90% of a headline hold a value."""
    row = ROWS[posterior, headline]
    return bool(row["low"] <= value <= row["high"])


def test_every_headline_of_every_posterior_is_published_beside_what_was_before() -> None:
    for name in (*NAMES, BEFORE, f"{BEFORE}, prior"):
        assert [one for posterior, one in ROWS if posterior == name] == list(HEADLINES)


def test_the_prior_says_what_the_studies_of_others_say() -> None:
    """Mean and SD of the effect as delivered are those of the rule; before they were excluded."""
    pooled = pool(STUDIES, RULE)
    row = ROWS[PRIOR, "delivered"]
    assert row["mean"] == pytest.approx(pooled.new_mean, abs=0.03)
    assert (row["high"] - row["low"]) / 3.29 == pytest.approx(pooled.new_sd, rel=0.25)
    assert not holds(f"{BEFORE}, prior", "delivered", pooled.new_mean)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("headline", "reported"),
    [
        ("practice_care", 0.20),
        ("usual_sd", 10.15),
        ("icc", 0.03),
        ("retention", 297 / 403),
        ("difference", 0.68),
        ("participation_reported", 1.6),
        ("support_reported", 0.01),
    ],
)
def test_what_was_reported_lies_inside(name: str, headline: str, reported: float) -> None:
    assert holds(name, headline, reported)


@pytest.mark.parametrize("name", NAMES)
def test_the_subscales_of_most_trials_are_not_significant(name: str) -> None:
    for headline in ("null_intrapersonal", "null_interpersonal"):
        assert ROWS[name, headline]["mean"] > 0.7


def test_the_effect_found_by_pulsar_is_inside_and_was_not() -> None:
    """3.7 of 14.7 points, 0.25 SD."""
    assert holds(PRIOR, "delivered", 0.25)
    assert holds(BOTH_TRIALS, "new_trial", 0.25)
    assert not holds(BEFORE, "new_trial", 0.25)


def test_the_file_is_what_the_shipped_draws_give() -> None:
    where = services()
    draws = chosen_draws(16).draws
    found = [effects(where, to_record(resolve(one))[0], place) for place, one in enumerate(draws)]
    for headline in ("delivered", "full", "care", "practice_full", "support_full", "usual_sd"):
        values = np.array([one[headline] for one in found])
        error = values.std(ddof=1) / sqrt(len(values))
        assert values.mean() == pytest.approx(ROWS[BOTH_TRIALS, headline]["mean"], abs=4.5 * error)


@pytest.mark.parametrize("name", NAMES)
def test_shipped_draws_have_the_effects_that_were_drawn(name: str) -> None:
    """Nothing is solved at run time, so what is stored must fit; four digits are enough."""
    twins = Twins(references())
    draws, _ = load_posterior(name)
    gaps = []
    for draw in draws[:: len(draws) // 6]:
        p = to_record(resolve(draw))[0]
        full, coached = twins.change("full", p), twins.change("coached", p)
        gaps.append(full.qpr / QPR_SD - draw["effect_full"])
        assert coached.behaviour == pytest.approx(draw["practice_change"], abs=0.02)
    assert np.median(np.abs(gaps)) < 0.02
