"""The posterior file: what `sim` reads, what it refuses, and the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from scipy.stats import kstest

from calibration.sampling.priors import described
from sim.errors import InputError
from sim.parameters import registry, resolve
from sim.parameters.priors import prior_distribution
from sim.posterior import load_posterior, posterior_file


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_own_draws_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "qpr_retest,turnover_yearly\n0.7,0.1\n0.8,0.2\n")
    draws, provenance = load_posterior(path)
    assert draws == [
        {"qpr_retest": 0.7, "turnover_yearly": 0.1},
        {"qpr_retest": 0.8, "turnover_yearly": 0.2},
    ]
    assert provenance == {}
    path.with_suffix(".json").write_text('{"date": "x"}', encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("qpr_retst\n0.7\n", "line 2: unknown parameter 'qpr_retst'; did you mean 'qpr_retest'"),
        ("qpr_retest\n7\n", "line 2: .*qpr_retest"),
        ("qpr_retest\nabc\n", "line 2: .*number"),
        ("qpr_retest\n0.7,0.8\n", "line 2: 2 of 1 values"),
        ("qpr_retest\n", "holds no draws"),
        ("qpr_retest,qpr_retest\n0.7,0.7\n", "two columns"),
        ("qpr_retest\nnan\n", "line 2"),
    ],
)
def test_bad_posteriors_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_posterior(written(tmp_path, text))


def test_a_posterior_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_posterior(tmp_path / "none.csv")


def test_the_shipped_posterior_is_whole() -> None:
    draws, provenance = load_posterior()
    assert len(draws) >= 1000
    assert provenance["draws"] == len(draws)
    for one in draws[::100]:
        resolve(one)
    assert set(provenance["calibrated"]) <= set(draws[0])
    assert any("not calibrated: no REFOCUS figure seen" in flag for flag in provenance["flags"])
    assert provenance["diagnostics"]["coverage"]
    assert posterior_file().stat().st_size < 2_000_000


def test_the_shipped_posterior_says_what_rests_on_assumptions() -> None:
    _, provenance = load_posterior()
    assert set(provenance["hardly_moved"]) <= set(provenance["calibrated"])
    flags = provenance["conclusions"]
    assert "extrapolation" in flags["qpr_full_24"]
    for name, flag in flags.items():
        assert ("not calibrated: no REFOCUS figure seen" in flag) == name.startswith("inspire")


def test_the_shipped_posterior_varies_everything_that_has_a_prior() -> None:
    draws, _ = load_posterior()
    missing = {
        name
        for name, one in registry().items()
        if (one.varies or one.solved) and name not in draws[0]
    }
    assert missing == set()
    for name in draws[0]:
        assert len({one[name] for one in draws}) > 100, name


def test_the_posterior_of_refocus_alone_has_not_seen_pulsar() -> None:
    told = load_posterior("refocus-alone")[1]
    assert "p2_difference" in told["targets"]["fitted"]
    assert not [one for one in told["targets"]["fitted"] if "pulsar" in one]


def test_no_posterior_has_seen_outcomes_of_care() -> None:
    """They are held out: predicted, then laid beside what was reported."""
    for name in ("both-trials", "refocus-alone", "prior"):
        assert "care" not in json.dumps(load_posterior(name)[1]["targets"]).lower()


def test_what_no_data_move_stands_in_the_posterior_as_its_prior_is() -> None:
    """A prior that is changed after a fit leaves its column behind."""
    draws, _ = load_posterior("prior")
    known = {name: one for name, one in described().items() if one.varies}
    chances = {
        name: kstest([each[name] for each in draws], prior_distribution(one).cdf).pvalue
        for name, one in known.items()
    }
    # Some hundred parameters: chance alone gives one of a million in four thousand files.
    assert [name for name, chance in chances.items() if chance < 1e-6] == []
    assert len(chances) > 200


def test_the_two_kinds_of_truths_make_the_coverage_of_the_table() -> None:
    page = Path("docs/calibration.md").read_text(encoding="utf-8")
    table = page[page.index("## Recovery of synthetic truths") :]
    row = next(one for one in table.splitlines() if one.startswith("| staff_rater_bias |"))
    told = re.search(
        r"holds (\d+) of the (\d+) truths whose.*? and (\d+) of the (\d+)\s", page, re.DOTALL
    )
    assert told is not None
    held, near, also, far = map(int, told.groups())
    assert f"{near + far} truths drawn from the prior" in page
    assert f"{(held + also) / (near + far):.2f}" == row.split("|")[4].strip()
