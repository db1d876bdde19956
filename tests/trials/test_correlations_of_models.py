"""What groupings of a model stand for, and the correlations that its variances are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.trials.analyses import correlations as module
from sim.trials.analyses.correlations import (
    LARGESTPERIODS,
    Roles,
    _of_slope,
    _periods,
    _repeats,
    _same,
    correlations,
    of_time,
    roles_of,
)
from sim.trials.analyses.covariance_of_model import random_effect
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.icc_intervals import EXACT, NO_INTERVAL, PROFILE
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.fits.model_formula import parse_formula

# Eight teams at two sites over three waves, two people of each at all waves.
TEAM = np.repeat(np.arange(8), 6)
TABLE = pd.DataFrame(
    {
        "team": TEAM,
        "wave": np.tile([0, 0, 1, 1, 2, 2], 8),
        "who": 2 * TEAM + np.tile([0, 1], 24),
        "site": TEAM // 4,
        "arm": TEAM % 2,
        "age": np.sin(np.arange(48.0)),
        "staff": 3 * TEAM + np.tile([0, 1, 1, 2, 2, 0], 8),
        "fold": np.tile([0, 1, 0, 1, 0, 1], 8),
    }
)
_RNG = np.random.default_rng(8)
TABLE["y"] = (
    _RNG.normal(size=48)
    + _RNG.normal(size=8)[TEAM]
    + _RNG.normal(size=24)[3 * TEAM + TABLE["wave"]]
    + _RNG.normal(size=16)[TABLE["who"]]
)


def model_of(text: str) -> tuple[Any, list[RandomEffect]]:
    formula = parse_formula(text)
    return formula, [random_effect(one, TABLE) for one in formula.random]


def roles(text: str, tested: str = "arm") -> Roles | None:
    return roles_of(*model_of(text), TABLE, TABLE[tested].to_numpy(float))


def found_of(text: str, tested: str = "arm") -> tuple[Any, list[str], dict[str, float]]:
    """Return correlations, notes and variances of a fit of simulated data."""
    formula, effects = model_of(text)
    x = np.column_stack([np.ones(48), TABLE[tested]])
    fit = fit_mixed_model(x, TABLE["y"].to_numpy(), effects, ("(Intercept)", tested))
    column = TABLE[tested].to_numpy(float)
    found, notes = correlations(formula, effects, fit, TABLE, column, [tested])
    return found, notes, fit.variances


def test_periods_that_all_clusters_share_are_no_units() -> None:
    assert of_time(["wave", "team:wave", "team"]) == [0]
    assert of_time(["team", "Study.Visit"]) == [1]
    assert of_time(["wave"]) == []
    assert of_time(["team"]) == []
    assert of_time(["t", "team"]) == [0]
    assert of_time(["tx", "team"]) == []


def test_what_groupings_stand_for() -> None:
    assert roles("y ~ arm + (1|team)") == Roles(0, (), None, None, (), None)
    assert roles("y ~ arm + wave + (1|team)") == Roles(0, (), None, None, (), "wave")
    cells = roles("y ~ arm + wave + (1|team:wave) + (1|team)")
    assert cells == Roles(1, (), 0, None, (), "wave")
    cohort = roles("y ~ arm + wave + (1|team) + (1|team:wave) + (1|who)")
    assert cohort == Roles(0, (), 1, 2, (), "wave")
    assert roles("y ~ arm + (1|site) + (1|team)") == Roles(1, (0,), None, None, (), None)
    # Nothing is constant in sites or teams: the coarsest was randomised.
    assert roles("y ~ fold + (1|site) + (1|team)", "fold") == Roles(0, (), None, None, (1,), None)
    assert roles("y ~ arm + (1|team) + (1|staff)") == Roles(0, (), None, None, (1,), None)
    assert roles("y ~ arm + (1|wave) + (1|team)") == Roles(1, (), None, None, (), "wave")
    assert roles("y ~ arm + (0 + age|team)") is None
    # Periods of another name are known by the grouping that they make.
    formula = parse_formula("y ~ arm + lap + (1|team) + (1|team:lap)")
    laps = TABLE.rename(columns={"wave": "lap"})
    effects = [random_effect(one, laps) for one in formula.random]
    arm = laps["arm"].to_numpy(float)
    assert roles_of(formula, effects, laps, arm) == Roles(0, (), 1, None, (), "lap")
    # A person by name, where no periods tell of repeats.
    named = TABLE.assign(person=np.arange(48) // 2)
    formula = parse_formula("y ~ arm + (1|team) + (1|person)")
    effects = [random_effect(one, named) for one in formula.random]
    assert roles_of(formula, effects, named, named["arm"].to_numpy(float)) == Roles(
        0, (), None, 1, (), None
    )


def test_rows_of_a_person_are_of_different_periods() -> None:
    def repeats(units: int, rows: int, periods: int, last: int | None = None) -> bool:
        """Rows dealt to units, each in the next period; `last` repeats a period."""
        unit = np.arange(rows) % units
        period = (np.arange(rows) // units) % periods
        period[-1] = periods - 1 if last is None else last
        return _repeats(unit, {"wave": period})

    assert repeats(10, 12, 2), "a fifth came twice"
    assert not repeats(10, 11, 2)
    assert repeats(5, 10, 5), "two of five periods"
    assert not repeats(5, 9, 5)
    assert not repeats(5, 10, 5, last=0), "two rows of one period"
    assert not _repeats(np.arange(4), {})
    assert not _repeats(np.arange(4), {"wave": np.array([0, 1, 0, 1])})


def periods_of(text: str, table: pd.DataFrame, *groupings: np.ndarray) -> list[str]:
    clusters = table["team"].to_numpy()
    return list(_periods(parse_formula(text), table, clusters, groupings))


def test_columns_of_periods_are_met_by_most_clusters() -> None:
    def met(cells: int) -> list[str]:
        """Two teams that meet so many of ten cells."""
        rows = [(k % 2, k // 2) for k in range(cells)] + [(0, k) for k in range(5)]
        table = pd.DataFrame(rows[:cells] or rows, columns=["team", "wave"]).assign(y=1.0)
        return periods_of("y ~ wave + (1|team)", table)

    assert met(10) == ["wave"]
    corner = pd.DataFrame({"team": [0, 0, 1, 1], "wave": [0, 1, 2, 3], "y": 1.0})
    assert periods_of("y ~ wave + (1|team)", corner) == ["wave"], "4 of 8, at least 3.2"
    five = pd.DataFrame({"team": [0, 0, 0, 0, 1], "wave": [0, 1, 2, 3, 4], "y": 1.0})
    assert periods_of("y ~ wave + (1|team)", five) == ["wave"], "5 of 10, at least 4"
    three = pd.DataFrame({"team": [0, 0, 1, 1, 2], "wave": [0, 1, 2, 3, 4], "y": 1.0})
    assert periods_of("y ~ wave + (1|team)", three) == [], "5 of 15, at least 6"
    six = pd.concat([three, pd.DataFrame({"team": [2], "wave": [0], "y": [1.0]})])
    assert periods_of("y ~ wave + (1|team)", six) == ["wave"], "6 of 15 are enough"


def test_columns_of_two_to_sixty_values_may_be_periods() -> None:
    def numbered(count: int) -> list[str]:
        table = pd.DataFrame({"team": 0, "wave": np.arange(count), "y": 1.0})
        return periods_of("y ~ wave + (1|team)", table)

    assert LARGESTPERIODS == 60
    assert numbered(1) == []
    assert numbered(2) == ["wave"]
    assert numbered(60) == ["wave"]
    assert numbered(61) == []


def test_periods_are_known_by_name_or_by_a_grouping() -> None:
    table = TABLE.rename(columns={"wave": "round", "y": "time"})
    cell = (table["team"] * 3 + table["round"]).to_numpy()
    assert periods_of("time ~ round + (1|team)", table) == []
    assert periods_of("time ~ round + (1|team)", table, cell) == ["round"]
    assert periods_of("time ~ arm + (1|round)", table, cell) == []
    assert periods_of("y ~ arm + (1|wave)", TABLE) == ["wave"]
    # The outcome is no period, and a column that is made is not in the table.
    assert periods_of("time ~ arm + (1|team)", table.assign(time=np.tile([0, 1], 24))) == []


def test_groupings_are_the_same_whatever_their_numbers() -> None:
    assert _same(np.array([0, 0, 1, 2]), np.array([7, 7, 3, 5]))
    assert not _same(np.array([0, 0, 1, 2]), np.array([1, 1, 1, 0]))
    assert not _same(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    assert not _same(np.array([0, 1, 1, 2]), np.array([0, 0, 1, 2]))


def test_correlations_are_shares_of_variances() -> None:
    text = "y ~ arm + wave + (1|team) + (1|team:wave) + (1|who)"
    found, notes, v = found_of(text)
    team, cell, who, rest = (v[one] for one in ("team", "team:wave", "who", "residual"))
    assert found["icc"]["estimate"] == pytest.approx((team + cell) / (team + cell + who + rest))
    assert found["cac"]["estimate"] == pytest.approx(team / (team + cell))
    assert found["iac"]["estimate"] == pytest.approx(who / (who + rest))
    assert found["icc"]["meaning"] == "two people of one team in one wave"
    assert "from one wave to another" in found["cac"]["meaning"]
    assert found["iac"]["meaning"].endswith("stays with one who")
    assert found["icc"]["method"] == PROFILE
    assert found_of("y ~ arm + (1|team)")[0]["icc"]["method"] == EXACT
    assert notes == []


def test_groupings_above_and_within_clusters_have_an_icc_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where there is no interval, which takes longest."""
    monkeypatch.setattr(module, "profile_interval", lambda *_: None)
    found, _, v = found_of("y ~ arm + (1|site) + (1|team) + (1|staff)")
    whole = sum(v.values())
    assert found["icc_site"]["estimate"] == pytest.approx(v["site"] / whole)
    assert found["icc"]["estimate"] == pytest.approx((v["site"] + v["team"]) / whole)
    assert found["icc_staff"]["estimate"] == pytest.approx(1.0 - v["residual"] / whole)
    assert found["icc_staff"]["meaning"] == "two people of one staff in one team"
    assert (found["icc"]["ci95"], found["icc"]["method"]) == (None, NO_INTERVAL)


def test_an_effect_of_a_period_is_no_variance_within_it() -> None:
    found, _, v = found_of("y ~ arm + (1|team) + (1|wave)")
    assert found["icc"]["estimate"] == pytest.approx(v["team"] / (v["team"] + v["residual"]))
    assert found["icc"]["meaning"] == "two people of one team in one wave"


def test_where_a_slope_stands_beside_the_icc_holds_at_its_zero() -> None:
    found, _, v = found_of("y ~ arm + (1|team) + (0 + age|team)")
    assert found["icc"]["estimate"] == pytest.approx(v["team"] / (v["team"] + v["residual"]))
    assert found["icc"]["meaning"] == "two people of one team, where age is 0"


def test_a_single_slope_of_an_arm_has_an_icc_there() -> None:
    found, notes, v = found_of("y ~ arm + (0 + arm|team)")
    own = v["team.arm"]
    assert found["icc"]["estimate"] == pytest.approx(own / (own + v["residual"]))
    assert found["icc"]["meaning"] == "two people of one team, where arm is 1"
    assert found["icc"]["method"] == PROFILE
    assert notes == []
    assert found_of("y ~ arm + (0 + age|team)")[0] == {}
    assert _of_slope(*model_of("y ~ 1 + (0 + arm|team) + (0 + arm|site)"), SimpleNamespace()) == {}  # type: ignore[arg-type]
    assert correlations(*model_of("y ~ 1 + (1|team)"), SimpleNamespace(), TABLE, TEAM, []) == (
        {},
        [],
    )  # type: ignore[arg-type]


def test_what_a_reader_of_a_design_must_know() -> None:
    notes = found_of("y ~ arm + age + wave + (1|team)")[1]
    assert notes[0].startswith("correlations are of what age leave unexplained")
    assert "no effect of team by wave, which takes CAC for 1; add (1|team:wave)" in notes[1]
    assert found_of("y ~ arm + (1|team)")[1] == []
    # Each row of a person is another wave: there is no second effect to add.
    formula = parse_formula("y ~ arm + wave + (1|who)")
    effects = [random_effect(one, TABLE) for one in formula.random]
    x = np.column_stack([np.ones(48), TABLE["arm"]])
    fit = fit_mixed_model(x, TABLE["y"].to_numpy(), effects, ("(Intercept)", "arm"))
    arm = TABLE["arm"].to_numpy(float)
    found, notes = correlations(formula, effects, fit, TABLE, arm, ["arm"])
    assert found["icc"]["meaning"] == "two measurements of one who"
    assert notes == []
