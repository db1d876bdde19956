"""With default parameters, twenty simulated trials roughly show what the REFOCUS trial found.

Not a calibration: the bounds are wide, and the defaults were chosen by hand. Each figure of the
trial stands beside the bound that is asked for.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.inputs.roster import trial_roster
from sim.runs.request import build_request
from sim.runs.simulate import simulate
from sim.scenarios.library import load_scenario

WORLDS = 20
HIGH_PARTICIPATION = 7


@pytest.fixture(scope="module")
def trials() -> dict[str, np.ndarray]:
    """Return, for each simulated trial, the quantities that the patterns name."""
    request = build_request(
        [load_scenario("refocus-as-delivered")],
        trial_roster(1),
        replications=WORLDS,
        seed=1,
        collect=("assessments", "team_weeks", "summaries"),
    )
    results = simulate(request)
    users, weeks = results.arrays["assessments"], results.arrays["team_weeks"]
    treated = np.array([arm == "intervention" for arm in results.labels["team_arm"]])
    found: dict[str, list[float]] = {}
    for world in range(WORLDS):
        own = users[users["replication"] == world]
        before, after = own[own["week"] == 0], own[own["week"] == 52]
        kept = after["in_research"] == 1
        arm = treated[after["team"]]
        design = np.column_stack([np.ones(kept.sum()), arm[kept], before["qpr15"][kept]])
        effect = np.linalg.lstsq(design, after["qpr15"][kept], rcond=None)[0][1]
        end = weeks[(weeks["replication"] == world) & (weeks["week"] == 52)]
        attended = end["sessions_attended"] / np.maximum(end["sessions_offered"], 1.0)
        own_arm = np.flatnonzero(treated)
        high = own_arm[np.argsort(-attended[own_arm])][:HIGH_PARTICIPATION]
        low = np.setdiff1d(own_arm, high)
        interpersonal = after["qpr_interpersonal"]
        for name, value in (
            ("control mean", after["qpr15"][kept & ~arm].mean()),
            ("pooled sd", after["qpr15"][kept].std(ddof=1)),
            ("effect", effect),
            ("followed up", kept.sum()),
            ("one-year correlation", np.corrcoef(before["qpr15"], after["qpr15"])[0, 1]),
            (
                "participation contrast",
                interpersonal[kept & np.isin(after["team"], high)].mean()
                - interpersonal[kept & np.isin(after["team"], low)].mean(),
            ),
        ):
            found.setdefault(name, []).append(float(value))
    summaries = results.table("summaries")
    chosen = (summaries["measure"] == "qpr15") & (summaries["week"] == 52)
    found["icc"] = summaries.loc[chosen, "icc"].tolist()
    return {name: np.array(values) for name, values in found.items()}


def test_p1_level_and_spread_of_the_qpr(trials: dict[str, np.ndarray]) -> None:
    """P1: control 40.0, SD 10.2."""
    assert trials["control mean"].mean() == pytest.approx(40.0, abs=1.5)
    assert trials["pooled sd"].mean() == pytest.approx(10.2, abs=0.8)


def test_p2_the_trial_is_unsurprising(trials: dict[str, np.ndarray]) -> None:
    """P2: 0.68 with a standard error of 1.22 is well inside what twenty trials show."""
    effects = trials["effect"]
    assert abs(0.68 - effects.mean()) < effects.std(ddof=1)
    assert effects.std(ddof=1) == pytest.approx(1.22, abs=0.45)


def test_p4_sign(trials: dict[str, np.ndarray]) -> None:
    """P4: high participation teams have better interpersonal scores, on average over trials."""
    assert trials["participation contrast"].mean() > 0.0


def test_p6_retention(trials: dict[str, np.ndarray]) -> None:
    """P6: 297 of 403 followed up."""
    assert trials["followed up"].mean() == pytest.approx(297, abs=10)


def test_p8_clustering_is_small(trials: dict[str, np.ndarray]) -> None:
    """P8: the team ICC of the QPR is small, at most about .11."""
    assert 0.0 < trials["icc"].mean() < 0.11
