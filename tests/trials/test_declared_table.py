"""Claim: what `analyse --design` finds in the first trial's table is what power found in it."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.spreadsheet import frame_csv
from sim.trials.analyses.declared_analysis import analyse_by_design

COLUMNS = '[columns]\nreference = "as before"\ntreatment = "got"\ncluster = "team"\n'
DESIGNS = {
    "follow-up": "[design]\nclusters = 8\nsize = 6\n[attrition]\nrate = 0.2\n",
    "ancova, own columns": f'[design]\nclusters = 8\nsize = 6\nbaseline = "ancova"\n{COLUMNS}',
    "change, strata": '[design]\nclusters = 8\nsize = 6\nbaseline = "change"\n[randomisation]\n'
    'method = "stratified"\nstrata = 2\n[columns]\nstrata = ["half"]\n',
    "strata that no column is named for": "[design]\nclusters = 12\nsize = 6\n"
    '[randomisation]\nmethod = "stratified"\nstrata = 3\n[analysis]\ntest = "cluster-summary"\n',
    "wedge within strata": '[design]\ntype = "stepped wedge"\nsteps = 3\nclusters = 9\nsize = 5\n'
    '[randomisation]\nmethod = "stratified"\nstrata = 3\n[columns]\nstrata = ["half"]\n',
    "wedge": '[design]\ntype = "stepped wedge"\nsteps = 3\nclusters = 6\nsize = 5\n',
    "wedge by exposure, own columns": '[design]\ntype = "stepped wedge"\nsteps = 3\nclusters = 9\n'
    f'size = 5\n[analysis]\nestimand = "long-term effect"\n{COLUMNS}',
    "wedge of agents, workers": '[design]\ntype = "stepped wedge"\nsteps = 2\nclusters = 4\n'
    'size = 6\nperiod_weeks = 1\n[agents]\n[analysis]\nrandom_effects = ["cluster", "worker"]\n'
    "[precision]\ndraws = 0\n",
}


@pytest.mark.parametrize("name", DESIGNS)
def test_the_first_trial_analysed_as_declared_is_the_first_of_the_simulated(
    name: str, tmp_path: Path
) -> None:
    text = DESIGNS[name]
    if "[agents]" not in text:
        text += "[statistical]\neffect = 4\n"
    design, data = tmp_path / "trial.toml", tmp_path / "first.csv"
    design.write_text(text, encoding="utf-8")
    answer = sim.power(design, simulations=20, sensitivity=False, seed=3)
    data.write_text(frame_csv(answer.tables["first-trial"]), encoding="utf-8")
    found = analyse_by_design(data, design)["plan"]
    first = answer.outcome.result.results[0]
    assert found["differences"] == []
    for one in ("estimate", "se", "p"):
        assert found["answer"][one] == pytest.approx(getattr(first, one), rel=1e-6), one
