"""Claims about which sets of parameter values a command runs over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.parameters import registry
from sim.posterior import BOTH_TRIALS, NAMES, PRIOR, REFOCUS_ALONE, load_posterior
from sim.posterior.choose import chosen_draws
from sim.posterior.rules import computed, rules_hash
from sim.report.run_report import caution


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


def test_the_prior_is_a_shipped_set_of_draws_that_has_used_no_trial() -> None:
    prior = chosen_draws(5, prior_only=True)
    assert prior.draws == chosen_draws(5, path=PRIOR).draws != chosen_draws(5).draws
    assert prior.source == "prior"
    assert prior.covers.endswith("(prior, no trial data used)")
    assert prior.provenance["targets"]["fitted"] == []


def test_each_shipped_posterior_says_what_it_was_fitted_to() -> None:
    both, alone = (chosen_draws(5, path=name) for name in (BOTH_TRIALS, REFOCUS_ALONE))
    assert both.draws == chosen_draws(5).draws != alone.draws
    assert both.covers.endswith("(posterior)")
    assert alone.covers.endswith("(posterior refocus alone)")
    left_out = set(both.provenance["targets"]["fitted"]) - set(
        alone.provenance["targets"]["fitted"]
    )
    assert left_out == {"p20_pulsar"}


@pytest.mark.parametrize("name", NAMES)
def test_solved_constants_stand_in_every_shipped_draw(name: str) -> None:
    """Nothing is solved when a command runs, and none of them stands still."""
    draws, _ = load_posterior(name)
    assert len(draws) >= 1000
    for solved in (name for name, one in registry().items() if one.solved):
        assert len({draw[solved] for draw in draws}) > 500, solved


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


def own_posterior(folder: Path, text: str, rules: object = None) -> Path:
    path = folder / "own.csv"
    path.write_text(text, encoding="utf-8")
    if rules is not None:
        path.with_suffix(".json").write_text(json.dumps({"rules": rules}), encoding="utf-8")
    return path


def test_parameters_that_a_posterior_lacks_are_drawn_from_their_priors_and_told(
    tmp_path: Path,
) -> None:
    path = own_posterior(tmp_path, "turnover_yearly\n" + "0.1\n0.2\n" * 50)
    chosen = chosen_draws(100, path=path)
    varying = {name for name, one in registry().items() if one.varies}
    assert all(draw.keys() == varying for draw in chosen.draws)
    assert {draw["turnover_yearly"] for draw in chosen.draws} == {0.1, 0.2}
    for name in varying - {"turnover_yearly"}:
        assert len({draw[name] for draw in chosen.draws}) > 50, name
    assert "not in the posterior and drawn from their priors: " in chosen.covers
    # A draw is the same draw, however many are taken.
    assert chosen_draws(50, path=path).draws[0] == chosen.draws[1]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"hash": rules_hash()}, ""),
        ({"hash": "0" * 24}, "fitted with other rules than those here (00000000, not "),
        (None, "with which rules it was fitted is not known"),
    ],
)
def test_a_posterior_of_other_rules_is_told_wherever_it_is_named(
    rules: object, told: str, tmp_path: Path
) -> None:
    text = ",".join(load_posterior()[0][0]) + "\n"
    text += "\n".join(",".join(map(str, one.values())) for one in load_posterior()[0][:2])
    chosen = chosen_draws(2, path=own_posterior(tmp_path, text, rules))
    assert (chosen.notes != ()) == bool(told)
    assert told in chosen.covers
    assert told in caution(chosen)


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_posteriors_cover_the_rules_and_parameters_here(name: str) -> None:
    """Refit them, or show that the change leaves the fitted trial as it was and renew the hash."""
    assert chosen_draws(3, path=name).notes == ()


def test_what_rules_compute_decides_their_hash_and_nothing_else() -> None:
    source = 'def rule(x: float) -> float:\n    """Say so."""\n    return x + 1.0\n'
    said_otherwise = "def rule(x):\n    # Why.\n    return x + 1.0\n"
    assert computed(source) == computed(said_otherwise)
    assert computed(source) != computed(source.replace("1.0", "1.5"))
    assert computed(source) != computed(source.replace("+", "-"))


def test_a_misspelt_name_gets_the_nearest_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "refocus-alonf").mkdir()
    with pytest.raises(
        InputError, match=r"unknown posterior 'refocus-alon'; did you mean 'refocus-alone'"
    ):
        chosen_draws(1, path="refocus-alon")
    with pytest.raises(InputError, match=r"'mine\.csv': does not exist"):
        chosen_draws(1, path="mine.csv")
