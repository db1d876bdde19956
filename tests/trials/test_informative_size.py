"""Effects that go with the size of clusters: two true values, and who estimates which."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from benchmarks.stored_rows import loaded
from benchmarks.studies import informative_size as study
from sim.errors import InputError
from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.analysed_trial import CLUSTERS, NEITHER, PARTICIPANTS
from sim.trials.analyses.analysis_text import format_analysis
from sim.trials.analyses.registry import ANALYSES
from sim.trials.data.counterfactual import statistical_truth
from sim.trials.designs.design_file import design_from_table, design_from_text
from sim.trials.designs.design_text import design_text
from sim.trials.power.power_study import statistical_source, study_of

SIZES = {"clusters": 4, "sizes": [10, 30, 10, 30]}
LARGER_GAIN_MORE = {"effect": 3.0, "effect_by_size": 3.0}


@pytest.mark.parametrize(
    ("aim", "test"),
    [
        (PARTICIPANTS, "participant-average"),
        (CLUSTERS, "cluster-summary"),
    ],
)
def test_a_design_declares_which_average_is_meant(aim: str, test: str) -> None:
    table = {"design": SIZES, "statistical": LARGER_GAIN_MORE, "analysis": {"average": aim}}
    study = study_of(design_from_table(table))
    assert study.plan.test == test
    assert ANALYSES[study.plan.test].aims == aim
    again = design_from_text(design_text(study.file))
    assert study_of(again).plan == study.plan
    table["analysis"] = {"average": aim, "test": "kenward-roger"}
    with pytest.raises(InputError, match=f"aims at neither average.*use test = '{test}'"):
        design_from_table(table)


def four_clusters() -> pd.DataFrame:
    """Return clusters of 2 and 6 in each arm, worked on paper: means 11 and 9, 13 and 17."""
    rows = []
    for team, (arm, mean, size) in enumerate([(0, 11, 2), (0, 9, 6), (1, 13, 2), (1, 17, 6)]):
        rows += [(team, arm, mean + (-1) ** person) for person in range(size)]
    return pd.DataFrame(rows, columns=["team", "arm", "y"])


def test_four_clusters_worked_on_paper() -> None:
    """Participants: (26 + 102) / 8 - (22 + 54) / 8 = 6.5; clusters: 15 - 10 = 5.

    The error CR2: an arm's clusters are 1.5 and -.5 off its mean (times 2 and 6 people), which
    leverage raises to 9 / (1 - 2/8) + 9 / (1 - 6/8) and so on; over 8 squared, both arms 3.75.
    """
    tests = analyse_table(four_clusters(), "y ~ arm + (1|team)", "arm")["tests"]
    found = tests["participant-average"]
    assert found["estimate"] == pytest.approx(6.5)
    assert found["se"] == pytest.approx(np.sqrt(3.75))
    assert tests["cluster-summary"]["estimate"] == pytest.approx(5.0)
    assert 5.0 < tests["kenward-roger"]["estimate"] < 6.5


def test_least_squares_of_a_wedge_is_told_beside_the_table() -> None:
    rows = pd.DataFrame({"team": np.arange(24) // 3, "period": np.arange(24) % 3})
    on = (rows.period > rows.team % 3).astype(int)
    y = np.random.default_rng(2).normal(size=24) + rows.team
    text = format_analysis(
        analyse_table(rows.assign(on=on, y=y), "y ~ on + factor(period) + (1|team)", "on")
    )
    told = " ".join(text.split())
    assert "each row the same, mostly less precise where treatment varies within clusters." in told
    assert "cluster summary" not in told


def test_the_two_true_values_are_those_of_listed_sizes() -> None:
    """Sizes 10 and 30: effects 1.5 and 4.5, so 3 of a cluster and 3.75 of a participant."""
    file = design_from_table({"design": SIZES, "statistical": LARGER_GAIN_MORE})
    truth = statistical_truth(statistical_source(file), study_of(file).design)
    assert truth.cluster_average == pytest.approx(3.0)
    assert truth.participant_average == pytest.approx(3.75)


def test_every_analysis_says_at_which_average_it_aims() -> None:
    aims = {name: one.aims for name, one in ANALYSES.items()}
    assert aims.pop("participant-average") == PARTICIPANTS
    assert aims.pop("cluster-summary") == CLUSTERS
    assert set(aims.values()) == {NEITHER}


def test_each_estimator_comes_nearest_to_what_it_aims_at() -> None:
    stored = loaded(study.Row, study.NUMBERS)
    rows = {one.analysis: one for one in stored if one.clusters == max(study.CLUSTERS)}
    aimed = rows["participant-average"], rows["cluster-summary"]
    assert aimed[0].covers_participants > rows["kenward-roger"].covers_participants
    assert aimed[1].covers_clusters > rows["kenward-roger"].covers_clusters
    assert aimed[1].mean < rows["kenward-roger"].mean < aimed[0].mean
    few = {one.analysis: one for one in study.studied(20, trials=16)}
    for name, one in few.items():
        kept = next(o for o in stored if (o.clusters, o.analysis) == (20, name))
        assert one.mean == pytest.approx(kept.mean, abs=4.0 * kept.sd / np.sqrt(40)), name


def test_power_is_judged_against_what_the_test_aims_at(tmp_path: Path) -> None:
    design = tmp_path / "trial.toml"
    text = (
        "[design]\nclusters = 12\nsize = 10\nsize_variation = 0.8\n"
        "[statistical]\neffect = 3\neffect_by_size = 3\n"
        '[analysis]\ntest = "{}"\n'
    )
    truths = {}
    for name in ("participant-average", "cluster-summary"):
        design.write_text(text.format(name), encoding="utf-8")
        answer = sim.power(design, simulations=20, sensitivity=False, seed=3)
        truths[name] = answer.outcome.result.performance.true_effect
        assert f"the planned test aims at the {ANALYSES[name].aims}" in answer.text
    assert truths["cluster-summary"] == pytest.approx(3.0, abs=0.01)
    assert truths["participant-average"] == pytest.approx(3.0 + 3.0 * 0.8**2, abs=0.05)


def test_what_it_cannot_mean_is_refused() -> None:
    with pytest.raises(InputError, match="effect_by_size = 3: needs teams of different size"):
        design_from_table({"design": {"clusters": 8}, "statistical": LARGER_GAIN_MORE})
