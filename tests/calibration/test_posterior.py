"""The posterior file: what `sim` reads, what it refuses, and the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calibration.cli import main
from sim.errors import InputError
from sim.parameters import registry, resolve
from sim.posterior import SHIPPED, load_posterior


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
        ("qpr_retest\nabc\n", "line 2: not a number"),
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
    with pytest.raises(InputError, match="cannot be read"):
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
    assert SHIPPED.stat().st_size < 3_000_000


def test_the_shipped_posterior_varies_everything_that_has_a_prior() -> None:
    draws, _ = load_posterior()
    missing = {
        name
        for name, one in registry().items()
        if one.prior.family != "fixed" and name not in draws[0]
    }
    assert missing == set()
    for name in draws[0]:
        assert len({one[name] for one in draws}) > 100, name


def test_shipped_provenance_holds_no_outcome_of_the_held_out_trial() -> None:
    text = json.dumps(load_posterior()[1]).lower()
    assert "p20" not in text
    assert "pulsar" not in text


def test_bad_targets_end_with_exit_code_2(tmp_path: Path, capsys) -> None:
    path = written(tmp_path, "[mine]\npattern = 'A'\n")
    assert main(["check", "--targets", str(path)]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: target 'mine'")
    assert shown.count("\n") == 1


def test_check_lists_targets(capsys) -> None:
    assert main(["check"]) == 0
    assert "p2_difference" in capsys.readouterr().out


def test_a_report_needs_a_finished_fit(tmp_path: Path, capsys) -> None:
    assert main(["report", "--resume", str(tmp_path)]) == 2
    assert "no finished calibration" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fit", "--particles", "3"], "--particles 3: must be at least"),
        (["fit", "--seed", "-1"], "seed = -1"),
        (["fit", "--out", "a", "--resume", "b"], "name one folder"),
        (["fit", "--resume", "no-such-folder"], "there is no such folder"),
    ],
)
def test_bad_arguments_end_with_exit_code_2(words: list[str], message: str, capsys) -> None:
    assert main(words) == 2
    assert message in capsys.readouterr().err
