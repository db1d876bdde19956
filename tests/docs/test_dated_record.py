"""Claims about the forecast of a later trial: it stays as it was on its date."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from docs.__main__ import FOLDER, RESULT_PAGES, SOURCE_PAGES
from sim.cli import main

FORECAST = FOLDER / "prediction-pulsar.md"
# It follows no later model, so this never changes.
SHA_256 = "6b949c554e62ec5666115f9e8ba4505dfb56883269c4c04449da31348876b189"


TO_COME = FOLDER / "prediction-retaform.md"
SHA_256_TO_COME = "17e9be44fffe308d0a9cfe2e5c49e90c1ade2707e9f5ac4bf98138e9ee932a27"


@pytest.mark.parametrize(("page", "sha_256"), [(FORECAST, SHA_256), (TO_COME, SHA_256_TO_COME)])
def test_a_forecast_is_the_one_of_its_date(page: Path, sha_256: str) -> None:
    assert hashlib.sha256(page.read_bytes()).hexdigest() == sha_256


def test_no_command_of_the_documentation_writes_a_forecast() -> None:
    assert not {FORECAST, TO_COME} & {*SOURCE_PAGES, *RESULT_PAGES}


def test_the_command_refuses_to_write_over_the_forecast(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FOLDER.parent)
    for name in ("docs/prediction-pulsar.md", str(FORECAST), "sim/../docs/prediction-pulsar.md"):
        few = ["--trials", "20", "--draws", "20"]
        assert main(["trial", "pulsar", *few, "--document", name]) == 2
        assert "never written over" in capsys.readouterr().err
    test_a_forecast_is_the_one_of_its_date(FORECAST, SHA_256)


@pytest.mark.parametrize("page", ["docs/reference/command-line.md", "sim/commands/trial.py"])
def test_no_example_names_the_forecast_as_a_target(page: str) -> None:
    text = (FOLDER.parent / page).read_text(encoding="utf-8")
    assert "--document docs/prediction-pulsar.md" not in text
