"""Summaries agree with plain statistics of the trial's own data set."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.engines.summaries import QUANTILES, SCORES, STATISTICS, WEEKLY, moments
from sim.runs.results import Results
from sim.runs.simulate import simulate
from tests.ensemble.small import small_request


@pytest.fixture(scope="module")
def results() -> Results:
    return simulate(small_request(replications=3, weeks=30), workers=1)


def anova_correlation(values: pd.Series, teams: pd.Series) -> float:
    """Return the intracluster correlation from the analysis-of-variance table."""
    groups = [group.to_numpy() for _, group in values.groupby(teams)]
    n, k = len(values), len(groups)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / (n - k)
    total = ((values - values.mean()) ** 2).sum()
    between = (total - within * (n - k)) / (k - 1)
    size = (n - sum(len(group) ** 2 for group in groups) / n) / (k - 1)
    return (between - within) / (between + (size - 1.0) * within)


def test_summaries_are_those_of_the_people_followed_up(results: Results) -> None:
    summaries = results.table("summaries")
    people = results.table("assessments").query("in_research == 1")
    keys = ["scenario", "draw", "replication", "arm", "week"]
    assert len(summaries) == 2 * 2 * 3 * 2 * 2 * len(SCORES)
    assert (people.groupby(keys).size() < 12).any(), "nobody was lost: the test is too easy"
    compared = 0
    for at, group in people.groupby(keys):
        own = summaries.set_index(keys).loc[at].set_index("measure")
        for measure in SCORES:
            values = group[measure].dropna()
            row = own.loc[measure]
            assert row["n"] == len(values)
            assert row["mean"] == pytest.approx(values.mean(), rel=1e-12, nan_ok=True)
            assert row["sd"] == pytest.approx(values.std(), rel=1e-9, abs=1e-12, nan_ok=True)
            for name, share in QUANTILES.items():
                assert row[name] == pytest.approx(values.quantile(share), rel=1e-12, nan_ok=True)
            if len(values) > 3 and values.std() > 0.0:
                expected = anova_correlation(values, group.loc[values.index, "team"])
                assert row["icc"] == pytest.approx(expected, rel=1e-6, abs=1e-9)
                compared += 1
    assert compared > 500


def run_moments(values: list[float], teams: list[int], arms: list[int]) -> np.ndarray:
    out = np.full((max(arms) + 1, 1, len(STATISTICS)), -99.0)
    table = np.array(values)[:, None]
    moments(table, np.isfinite(table[:, 0]) | True, np.array(teams), np.array(arms), out)
    return out[:, 0]


def test_known_answers() -> None:
    # Two teams of two in arm 0: within 1/2 each, between 2 x (2)^2 = 8, m0 = 2.
    result = run_moments([1.0, 2.0, 3.0, 4.0, 7.0], [0, 0, 1, 1, 2], [0, 0, 1])
    assert result[0][:4] == pytest.approx([4, 2.5, np.sqrt(5 / 3), (4 - 0.5) / (4 + 0.5)])
    assert result[0][4:] == pytest.approx([1.3, 2.5, 3.7])
    assert result[1][:2].tolist() == [1.0, 7.0]
    assert np.isnan(result[1][2:4]).all()
    assert result[1][4:].tolist() == [7.0, 7.0, 7.0]


def test_missing_scores_and_empty_arms_give_no_number() -> None:
    result = run_moments([np.nan, 2.0, np.nan], [0, 0, 1], [0, 1])
    assert result[0][:2].tolist() == [1.0, 2.0]
    assert result[1][0] == 0.0
    assert np.isnan(result[1][1:]).all()


def test_equal_scores_have_no_correlation_to_speak_of() -> None:
    result = run_moments([3.0, 3.0, 3.0, 3.0], [0, 0, 1, 1], [0, 0])
    assert result[0][:3].tolist() == [4.0, 3.0, 0.0]
    assert np.isnan(result[0][3])


def test_trajectories_are_means_over_teams(results: Results) -> None:
    weekly = results.table("team_weeks")
    trajectories = results.table("trajectories")
    keys = ["scenario", "draw", "replication", "week"]
    by_arm = weekly.groupby([*keys, "arm"])[list(WEEKLY)].mean().reset_index()
    everywhere = weekly.groupby(keys)[list(WEEKLY)].mean().reset_index()
    everywhere["arm"] = "all teams"
    expected = pd.concat([by_arm, everywhere]).set_index([*keys, "arm"]).sort_index()
    found = trajectories.set_index([*keys, "arm"])[list(WEEKLY)].sort_index()
    assert len(found) == len(expected) == 2 * 2 * 3 * 31 * 3
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=1e-6, atol=1e-6)
