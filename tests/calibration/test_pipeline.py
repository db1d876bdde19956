"""The whole fit on a toy trial: stopped anywhere it resumes and ends the same; its report."""

from __future__ import annotations

import copy
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import calibration.sampling.fit as fit_module
from calibration.evidence.targets import Target, load_targets
from calibration.findings.posterior import provenance
from calibration.findings.report import load_results, markdown, page
from calibration.pipeline import calibrate_fit, store
from calibration.sampling.fit import Fit, Settings, start
from calibration.sampling.scenarios import EffectDesign
from calibration.sampling.solve import references
from sim.posterior import load_posterior
from sim.trials.studies.refocus_trial import TrialDesign
from tests.calibration.conftest import toy_roster

ROOT = Path(__file__).parents[2]
TINY = Settings(
    screen=24,
    waves=40,
    effects=40,
    particles=8,
    replicates=3,
    emulated=100,
    predictive=20,
    explained=10,
    truths=2,
    draws=20,
)
FEW = ("qpr_item_location", "effect_full", "dropout_yearly")
# One set of background parameters is enough for a toy: each takes a solution of its own.
fit_module.BACKGROUNDS = 1


class KilledError(Exception):
    pass


def toy_targets() -> dict[str, Target]:
    """Return the trial's targets with a standard error and a retention that a toy can have."""
    targets = load_targets()
    targets["p2_standard_error"] = targets["p2_standard_error"].model_copy(update={"value": 2.2})
    del targets["p20_pulsar"]
    targets["p6_retention"] = targets["p6_retention"].model_copy(update={"value": 59.0, "of": 80})
    return targets


def begin(folder: Path, design: TrialDesign, effects: EffectDesign) -> Fit:
    return start(
        toy_targets(),
        TINY,
        designs={"": design},
        effects=effects,
        calibrated=FEW,
        services=references(roster=toy_roster(4)),
        part=lambda stage: {"folder": folder, "workers": 2},
        quiet=True,
    )


@pytest.fixture(scope="module")
def whole(design, effects, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    fit = begin(folder, design, effects)
    store(fit, calibrate_fit(fit), folder)
    return folder


PROGRAM = """
import sys
from pathlib import Path
from calibration.pipeline import calibrate_fit
from tests.calibration.conftest import toy_design, toy_effects
from tests.calibration.test_pipeline import begin
calibrate_fit(begin(Path(sys.argv[1]), toy_design(), toy_effects()))
"""


def stored_pieces(folder: Path) -> int:
    """Return how many pieces of a fit are kept in a folder."""
    return len(list(folder.glob("*/*.npz")))


def test_a_fit_that_failed_and_was_then_killed_ends_identical(
    whole: Path, design, effects, tmp_path: Path, monkeypatch
) -> None:
    left = {"trials": 110}
    real = fit_module.simulate_trial

    def dies(*arguments):
        left["trials"] -= 1
        if left["trials"] < 0:
            raise KilledError
        return real(*arguments)

    monkeypatch.setattr(fit_module, "simulate_trial", dies)
    with pytest.raises(KilledError):
        calibrate_fit(begin(tmp_path, design, effects))
    assert not (tmp_path / "results.json").exists()
    monkeypatch.setattr(fit_module, "simulate_trial", real)

    kept = stored_pieces(tmp_path)
    assert 0 < kept < stored_pieces(whole)
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 2**32))
    print(f"KILL_SEED={seed}")
    enough = random.Random(seed).randint(kept + 1, (kept + 1 + stored_pieces(whole)) // 2)
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT) as process:
        while process.poll() is None and stored_pieces(tmp_path) < enough:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    store(fit := begin(tmp_path, design, effects), calibrate_fit(fit), tmp_path)
    for name in ("results.json", "posterior.csv", "posterior.json"):
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes()


def test_the_posterior_of_a_fit_is_one_that_commands_can_read(whole: Path) -> None:
    draws, said = load_posterior(whole / "posterior.csv")
    assert len(draws) == TINY.draws
    assert set(said["calibrated"]) == set(FEW)
    assert said["flags"]


def test_the_report_says_all_it_must(whole: Path) -> None:
    results = load_results(whole)
    text = markdown(results, "figures")
    for wanted in (
        "P(full-implementation effect <= 0)",
        "With and without P4",
        "P4 as if always reported",
        "without P1: QPR at one year, pooled SD",
        "priors 1.5 times as wide",
        "Condition number",
        "incomplete implementation",
        "Which measurement would tell them apart",
        "Bound from randomisation alone",
    ):
        assert wanted in text, wanted
    lines = text.splitlines()
    for line in lines:
        if line.startswith("| inspire"):
            title = [one for one in lines[: lines.index(line)] if one.startswith("## ")][-1]
            section = text[text.index(title) : text.find("\n## ", text.index(title) + 1)]
            assert "not calibrated: no REFOCUS figure seen" in section, line


def test_texts_follow_the_results(whole: Path) -> None:
    results = load_results(whole)
    changed = copy.deepcopy(results)
    for row in changed["predictive"]:
        for name in ("tail", "tail_selected"):
            if name in row:
                row[name] = {"p": 0.5, "se": 0.01}
    assert "## The misses" not in markdown(changed, "f")
    row = next(row for row in changed["predictive"] if row["name"] == "p1_control_mean")
    row["tail"] = {"p": 0.001, "se": 0.001}
    text = markdown(changed, "f")
    section = text[text.index("## The misses") : text.index("## What the trial says")]
    assert section.count("\n* ") == 1
    assert "P1 QPR at one year, control mean" in section


def test_the_page_is_self_contained_and_marks_invented_data(whole: Path) -> None:
    results = load_results(whole)
    text = page(results, invented=True)
    assert "Invented data" in text
    assert "Invented data" not in page(results)
    # Names of XML namespaces are never fetched; links and sources would be.
    assert not re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"|<script|<link|url\((?!#)", text)


def test_provenance_is_plain_data(whole: Path, design, effects) -> None:
    said = provenance(begin(whole, design, effects), load_results(whole), 10)
    assert json.loads(json.dumps(said)) == json.loads(json.dumps(said))
    assert said["settings"]["seed"] == 1
    assert np.isfinite(said["diagnostics"]["log_evidence"])
