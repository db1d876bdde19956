"""Claims about which sets of parameter values a command runs over."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import InputError
from sim.posterior import load_posterior
from sim.posterior.choose import chosen_draws


def test_all_draws_are_the_posterior_itself() -> None:
    draws, _ = load_posterior()
    assert chosen_draws(len(draws)).draws == draws


@pytest.mark.parametrize("count", [1, 3, 7, 200])
def test_a_smaller_number_is_spread_over_the_whole_file(count: int) -> None:
    draws, _ = load_posterior()
    places = [draws.index(one) for one in chosen_draws(count).draws]
    assert places == sorted(set(places))
    assert len(places) == count
    assert places[0] < len(draws) / count
    assert places[-1] >= len(draws) * (1 - 1 / count)


def test_none_asked_for_are_the_defaults() -> None:
    chosen = chosen_draws(0)
    assert chosen.draws == [{}]
    assert "replication noise only" in chosen.covers


def test_prior_draws_are_keyed_by_their_seed_and_use_no_trial() -> None:
    one, same, other = (chosen_draws(5, prior_only=True, seed=seed) for seed in (1, 1, 2))
    assert one.draws == same.draws != other.draws
    assert "no trial data used" in one.covers


@pytest.mark.parametrize(
    ("count", "options", "words"),
    [
        (-1, {}, "draws = -1"),
        (100_000, {}, "has only"),
        (5, {"prior_only": True, "path": "posterior.csv"}, "give one of them"),
        (5, {"path": "no-such-file.csv"}, "no-such-file.csv"),
    ],
)
def test_wrong_choices_are_refused_by_name(
    count: int, options: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        chosen_draws(count, **options)  # type: ignore[arg-type]
