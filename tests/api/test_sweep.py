"""Claims about sweeps and Sobol's indices: the values stand beside what came out."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.errors import InputError
from sim.inputs.roster import Roster, described_roster

PAIR = ["usual-care", "refocus-full"]


@pytest.fixture(scope="module")
def roster() -> Roster:
    return described_roster(trusts=1, teams_per_trust=2, intervention_share=1.0)


def test_a_sweep_is_the_runs_it_is_made_of(roster: Roster) -> None:
    question = {"roster": roster, "draws": 2, "weeks": 52}
    vary = {"practice_scale": [0.2, 1.0], "support.telephone.intensity": [0.0, 1.0]}
    found = sim.sweep(PAIR, vary, **question)
    assert len(found.points) == 4
    last = found.points[-1]
    assert last == {"practice_scale": 1.0, "support.telephone.intensity": 1.0}
    alone = sim.run(PAIR, settings=last, **question)
    assert found.results[-1].table("summaries").equals(alone.table("summaries"))
    table = found.table("trajectories")
    assert set(table["support.telephone.intensity"]) == {0.0, 1.0}
    assert set(found.table("draws")["practice_scale"]) == {0.2, 1.0}, "the draw's own column"
    differences = found.differences()
    assert len(differences) == 4
    row = differences.iloc[-1]
    assert row["mean"] == alone.differences()["refocus-full"].mean()
    assert found.plot("gaf").axes[0].get_xlabel() == "practice_scale"


def test_a_sweep_without_usual_care_shows_what_it_has(roster: Roster) -> None:
    found = sim.sweep(
        "refocus-full", {"turnover_yearly": [0.1, 0.3]}, roster=roster, draws=1, weeks=1
    )
    assert str(found).startswith("2 points of turnover_yearly for refocus-full: no usual care")
    assert set(found.table("draws")["turnover_yearly"]) == {0.1, 0.3}


@pytest.mark.parametrize(
    ("vary", "told"),
    [
        ({}, "vary: name at least one"),
        ({"practice_scale": []}, "a list of values for each"),
        ({"practice_scale": 0.3}, "a list of values for each"),
        ({"practise_scale": [1.0]}, "did you mean 'practice_scale'"),
        ({"seed_of": list(range(1001))}, "1,001 points; must be at most 1,000"),
    ],
)
def test_a_sweep_is_checked_before_it_runs(
    roster: Roster, vary: dict[str, list[float]], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        sim.sweep(PAIR, vary, roster=roster, weeks=1)


def test_what_nothing_reads_decides_nothing(roster: Roster) -> None:
    """Retest noise of a questionnaire cannot move recovery; the road to recovery does."""
    pytest.importorskip("SALib")
    found = sim.sobol(
        "refocus-full",
        ["behaviour_half_life", "qpr_retest"],
        roster=roster,
        samples=8,
        replications=1,
        weeks=26,
    )
    indices = found.table("indices").set_index("parameter")
    assert indices.loc["qpr_retest", "total"] == 0.0
    assert indices.loc["behaviour_half_life", "total"] > 0.3
    points = found.table("points")
    assert len(points) == (2 + 2) * 8
    assert np.corrcoef(points["behaviour_half_life"], points["difference"])[0, 1] < -0.3
    assert "refocus-full against usual-care" in str(found)


@pytest.mark.parametrize(
    ("names", "more", "told"),
    [
        (["skill_gain"], {}, "name at least two"),
        (["behaviour_half_lief", "skill_gain"], {}, "did you mean 'behaviour_half_life'"),
        (["team_to_recovery", "skill_gain"], {}, "has no prior to draw from"),
        (["behaviour_half_life", "skill_gain"], {"samples": 12}, "must be a power of 2"),
    ],
)
def test_sobol_is_checked(
    roster: Roster, names: list[str], more: dict[str, int], told: str
) -> None:
    pytest.importorskip("SALib")
    with pytest.raises(InputError, match=told):
        sim.sobol("refocus-full", names, roster=roster, **more)
