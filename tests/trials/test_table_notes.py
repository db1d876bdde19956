"""Columns and fields as people hold them: what is guessed is told, what cannot be is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.cli import main
from sim.errors import InputError
from sim.inputs.tables.table import OTHER_MARKS
from sim.trials.analyses.analyse import analyse_csv, analyse_table
from sim.trials.analyses.analysis_text import format_analysis
from sim.trials.data.data_notes import implausible_numbers, suspected_codes
from sim.trials.fits.random_intercept import FITTED, fit_rows

DATA = Path(__file__).parent / "data"
MODEL = "qpr ~ arm + base + (1|team)"


@pytest.fixture
def trial() -> pd.DataFrame:
    """Twelve teams of eight people on a scale from 0 to 60, every field as text."""
    rng = np.random.default_rng(9)
    team = np.repeat(np.arange(1, 13), 8)
    base = rng.integers(15, 46, 96)
    qpr = np.clip(np.round(10 + 0.7 * base + 3 * (team % 2) + rng.normal(0, 5, 96)), 0, 60)
    arm = np.where(team % 2, "REFOCUS", "TAU")
    table = {"person": np.arange(96), "team": team, "arm": arm, "base": base}
    return pd.DataFrame({**table, "qpr": qpr.astype(int)}).astype("str").astype(object)


def fields(frame: pd.DataFrame, column: str, value: str, rows: int = 5) -> pd.DataFrame:
    """Return the table with a value in some rows of a column."""
    changed = frame.copy()
    changed.loc[list(range(0, 7 * rows, 7)), column] = value
    return changed


# Numbers are numbers.


def test_a_number_is_a_number_whatever_its_column_is_called() -> None:
    """R's answer for time in months: treatment minus usual care per month."""
    got = analyse_csv(DATA / "time_numeric.csv", "y ~ arm*time + (1|id)", "arm:time")
    assert got["estimate"] == pytest.approx(0.13336, abs=5e-6)
    assert got["se"] == pytest.approx(0.03566, abs=5e-6)
    assert got["satterthwaite"]["df"] == pytest.approx(70, abs=0.1)
    assert any("column 'time' is taken as a number, from 0 to 12" in one for one in got["notes"])


@pytest.mark.parametrize(
    "name",
    ["time", "period", "site", "id", "cluster", "clper", "x", "visit", "year", "Ethnicity"],
)
def test_no_name_makes_a_factor_and_factor_makes_one_of_any(name: str) -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"team": np.arange(120) // 10, name: np.tile([0, 1, 3, 4], 30)})
    table["y"] = rng.normal(size=120)
    number = analyse_table(table, f"y ~ {name} + (1|team)", name)
    assert list(number["coef"]) == ["(Intercept)", name]
    assert any("is taken as a number" in one for one in number["notes"]) == (name != "x")
    for written in (f"factor({name})", f"as.factor({name})", f"C({name})", f"factor(`{name}`)"):
        factor = analyse_table(table, f"y ~ {written} + (1|team)", f"{name}3")
        assert [one.rsplit(")", 1)[-1] for one in factor["coef"]][1:] == ["1", "3", "4"]
        assert factor["direction"] == "3 minus 0"


@pytest.mark.parametrize(
    ("ids", "model", "told"),
    [
        (lambda row: row // 2, "y ~ x + (1|team)", True),
        (lambda row: row // 2, "y ~ x + (1|team) + (1|record_id)", False),
        (lambda row: row, "y ~ x + (1|team)", False),
        (lambda row: row % 10, "y ~ x + (1|team)", False),
    ],
)
def test_people_in_several_rows_without_an_effect_of_them_are_told(
    ids: Callable[[np.ndarray], np.ndarray], model: str, told: bool
) -> None:
    """A long export with baseline and follow-up gave the standard error of twice the people."""
    rng = np.random.default_rng(1)
    row = np.arange(120)
    table = pd.DataFrame({"record_id": ids(row), "team": row // 10, "x": row // 10 % 2})
    table["y"] = rng.normal(size=120)
    notes = analyse_table(table, model, "x")["notes"]
    assert any("record_id': 60 of 60 stand in several rows" in one for one in notes) == told


def test_names_with_blanks_and_signs_stand_in_backticks(trial: pd.DataFrame) -> None:
    odd = {
        "qpr": "QPR (15) total",
        "arm": "trial arm",
        "base": "base|line: 0-60",
        "team": "team no",
    }
    model = "`QPR (15) total` ~ `trial arm` + `base|line: 0-60` + (1|`team no`)"
    got = analyse_table(trial.rename(columns=odd), model, "trial arm")
    want = analyse_table(trial, MODEL, "arm")
    assert got["estimate"] == want["estimate"]
    assert got["n_groups"] == {"team no": 12}
    assert list(got["coef"]) == ["(Intercept)", "trial armREFOCUS", "base|line: 0-60"]
    for term in ("`trial arm`", "trial armREFOCUS", "`trial arm`REFOCUS"):
        assert analyse_table(trial.rename(columns=odd), model, term)["estimate"] == got["estimate"]
    squared = "`QPR (15) total` ~ `trial arm` + I(`base|line: 0-60`^2) + (1|factor(`team no`))"
    same = analyse_table(trial, "qpr ~ arm + I(base^2) + (1|team)", "arm")
    assert analyse_table(trial.rename(columns=odd), squared, "trial arm")["estimate"] == (
        pytest.approx(same["estimate"])
    )


def test_an_outcome_may_be_computed_as_in_r(trial: pd.DataFrame) -> None:
    """A minus in the outcome is arithmetic: 0.1.0 fitted its first column alone."""
    numbers = trial.assign(
        base=trial["base"].astype(float),
        change=trial["qpr"].astype(float) - trial["base"].astype(float),
    )
    want = analyse_table(numbers, "change ~ arm + (1|team)", "arm")["estimate"]
    assert analyse_table(numbers, "qpr - base ~ arm + (1|team)", "arm")["estimate"] == (
        pytest.approx(want)
    )


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ("relevel(arm, ref)", "--reference COLUMN=LABEL"),
        ("relevel(arm, ref = 'TAU')", "--reference COLUMN=LABEL"),
        ("cut(base, breaks = c(0, 20, 60))", "make the column of groups in the table"),
        ("ifelse(base > 3, 1, 0)", "make the column in the table"),
        ("QPR total (0-60)", "a name with blanks stands in backticks, the whole of it"),
        ("factor(arm, levels)", "--reference COLUMN=LABEL"),
        ("factor(arm, levels = c('TAU'))", "--reference COLUMN=LABEL"),
        ("C(arm, Treatment('TAU'))", "--reference COLUMN=LABEL"),
        ("as.numeric(base)", "write the column alone"),
        ("bs(base, 3)", "write ns\\(x, 3\\)"),
        ("arm base", "a name with blanks stands in backticks, as `arm base`"),
        ("`base", "backticks do not match"),
        ("arm + .", "name each column"),
        ("arm %in% base", "cannot be read"),
        ("factor(base + team)", "factor\\(\\) takes one column"),
        ("2base", "cannot be read"),
    ],
)
def test_what_r_users_write_works_or_is_refused_with_the_right_form(
    trial: pd.DataFrame, fixed: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        analyse_table(trial, f"qpr ~ arm + {fixed} + (1|team)", "arm")
    assert "\n" not in str(caught.value)
    assert "\ua66e" not in str(caught.value)


def test_means_without_an_intercept_are_not_taken_for_a_difference(trial: pd.DataFrame) -> None:
    got = analyse_table(trial, "qpr ~ arm - 1 + (1|team)", "arm")
    assert got["tested"] == ["armTAU", "armREFOCUS"]
    assert "asks if all means are zero, not if they differ" in got["notes"][0]


# Missing.


@pytest.mark.parametrize("mark", OTHER_MARKS)
def test_other_marks_for_missing_are_taken_and_told(trial: pd.DataFrame, mark: str) -> None:
    got = analyse_table(fields(trial, "qpr", mark), MODEL, "arm")
    assert got["rows_dropped_missing"] == 5
    assert got["missing_by_column"] == {"qpr": 5}
    assert f"'{mark}' is taken as missing: 5 fields of qpr" in got["notes"]
    assert got["estimate"] == analyse_table(fields(trial, "qpr", ""), MODEL, "arm")["estimate"]


def test_a_mark_in_a_column_of_labels_is_no_label(trial: pd.DataFrame) -> None:
    got = analyse_table(fields(trial, "arm", "N/A"), MODEL, "arm")
    assert got["rows_dropped_missing"] == 5
    assert list(got["coef"]) == ["(Intercept)", "armREFOCUS", "base"]


@pytest.mark.parametrize("code", ["-99", "-9", "999", "-999", "-1", "9999", "-88"])
def test_codes_for_missing_are_told_and_can_be_set(trial: pd.DataFrame, code: str) -> None:
    table = fields(trial, "qpr", code)
    told = analyse_table(table, MODEL, "arm")
    assert told["rows_dropped_missing"] == 0
    assert any(f"5 rows have {code}" in one and "--missing" in one for one in told["notes"])
    right = analyse_table(fields(trial, "qpr", ""), MODEL, "arm")["estimate"]
    for way in (code, f"{code}.0", f"qpr={code}"):
        got = analyse_table(table, MODEL, "arm", missing=[way])
        assert got["estimate"] == right, way
        assert not any("if it stands for missing" in one for one in got["notes"])
    with pytest.raises(InputError, match="unknown column for --missing"):
        analyse_table(table, MODEL, "arm", missing=[f"qrp={code}"])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0, 1, 2, 3, 4, 9], ["9"]),
        ([1, 2, 3, 4, 5, 9], ["9"]),
        ([0, 1, 9], ["9"]),
        ([1, 2, 3, 4, 5, 6, 7, 9], []),
        ([0, 3, 6, 9], []),
        (list(range(101)), []),
        ([-1, 1], []),
        ([-1, 0, 1], []),
        ([-2, -1, 0, 1], []),
        ([0, 1, 2, -1], ["-1"]),
        ([7.7, 9.25, 13.5, -1], ["-1"]),
        ([-0.4, 0.25, 1.5, -1], []),
        ([12, 40, 60, 75, 90, 98, 99], []),
        ([12, 40, 60, 999], ["999"]),
        ([-3.5, 0.2, 4.1, -99], ["-99"]),
    ],
)
def test_which_numbers_look_like_codes(values: list[float], told: list[str]) -> None:
    notes = suspected_codes(pd.DataFrame({"x": values * 3}), ["x"])
    assert [one.split(" have ")[1].split(",")[0] for one in notes] == told


@pytest.mark.parametrize("field", ["31,2", "1,234.5", "45%", "£12", "1 234"])
def test_numbers_that_are_not_plain_do_not_become_labels(trial: pd.DataFrame, field: str) -> None:
    """In 0.1.0 a covariate with decimal commas became a factor with a label for each value."""
    table = trial.assign(base=[field.replace("2", str(n % 7)) for n in range(96)])
    with pytest.raises(InputError, match="column 'base': .* is not a plain number"):
        analyse_table(table, MODEL, "arm")


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("Yes", "No"), "holds words ('Yes', 'No'); write them as 0 and 1"),
        ((True, False), "holds words ('True', 'False'); write them as 0 and 1"),
        (("low", "mid", "high"), "holds words ('low', 'mid', 'high'); it must hold numbers"),
    ],
)
def test_an_outcome_in_words_is_not_taken_for_missing(
    trial: pd.DataFrame, tmp_path: Path, words: tuple[Any, ...], advice: str
) -> None:
    path = tmp_path / "trial.csv"
    trial.assign(qpr=[words[n % len(words)] for n in range(len(trial))]).to_csv(path, index=False)
    with pytest.raises(InputError) as caught:
        analyse_csv(path, MODEL, "arm")
    assert str(caught.value) == f"column 'qpr': {advice}"


# Labels.


def test_blanks_at_the_ends_of_labels_are_told(trial: pd.DataFrame) -> None:
    padded = fields(fields(trial, "arm", "REFOCUS"), "arm", "REFOCUS ", 2)
    got = analyse_table(padded, MODEL, "arm")
    note = "column 'arm': 'REFOCUS' with and without blanks at its ends counts as one label"
    assert note in got["notes"]
    with pytest.raises(
        InputError, match="'REFOCUS' and 'Refocus' differ in capitals, blanks or zeros"
    ):
        analyse_table(
            trial.assign(arm=trial["arm"].where(trial.index != 0, "Refocus")), MODEL, "arm"
        )
    split = trial.assign(team=("team " + trial["team"]).where(trial.index != 0, "team  1"))
    got = analyse_table(split, MODEL, "arm")
    assert got["n_groups"] == {"team": 13}
    assert any("'team  1' and 'team 1'" in one and "2 labels" in one for one in got["notes"])


@pytest.mark.parametrize("blank", ["  ", "\u00a0", "\t"])
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_blanks_at_the_ends_are_told_of_a_file_as_of_a_table(
    trial: pd.DataFrame, tmp_path: Path, blank: str, ending: str
) -> None:
    """The reader takes them away, and told nobody that two labels became one."""
    path = tmp_path / f"trial{ending}"
    team = trial["team"] + trial.index.map(lambda n: blank if n % 3 else "").to_series(trial.index)
    padded = fields(fields(trial, "arm", "REFOCUS"), "arm", f"{blank}REFOCUS", 2)
    padded = padded.assign(team="T" + team)
    if ending == ".csv":
        padded.to_csv(path, index=False)
    else:
        padded.to_excel(path, index=False)
    notes = analyse_csv(path, MODEL, "arm")["notes"]
    assert (
        "column 'arm': 'REFOCUS' with and without blanks at its ends counts as one label" in notes
    )
    assert any("column 'team': 'T1', 'T2', 'T3' and " in one for one in notes)


def test_labels_that_look_the_same_are_told(trial: pd.DataFrame, tmp_path: Path) -> None:
    composed, apart = "Caf\u00e9 ", "Cafe\u0301 "
    team = [(composed if n % 2 else apart) + one for n, one in enumerate(trial["team"])]
    got = analyse_table(trial.assign(team=team), MODEL, "arm")
    told = [one for one in got["notes"] if "look the same" in one]
    assert got["n_groups"] == {"team": 24}
    assert len(told) == 5
    assert "column 'team': so it is with 7 more labels" in got["notes"]
    path = tmp_path / "trial.csv"
    trial.assign(team=team).to_csv(path, index=False)
    one = analyse_csv(path, MODEL, "arm")
    assert one["n_groups"] == {"team": 12}
    assert any(
        "or with accents coded otherwise count as one label" in note for note in one["notes"]
    )
    hidden = [one + ("\u200d" if n % 2 else "") for n, one in enumerate(trial["team"])]
    got = analyse_table(trial.assign(team=hidden), MODEL, "arm")
    assert any("and count as 2 labels" in one for one in got["notes"])


def test_numbers_of_teams_are_one_label_however_written(trial: pd.DataFrame) -> None:
    mixed = fields(trial, "team", "1.0", 1)
    assert analyse_table(mixed, MODEL, "arm")["n_groups"] == {"team": 12}
    words = trial.assign(team="0" + trial["team"] + "a")
    assert analyse_table(words, MODEL, "arm")["estimate"] == pytest.approx(
        analyse_table(trial, MODEL, "arm")["estimate"], rel=1e-12
    )


def test_numbers_that_differ_in_more_than_zeros_stay_apart(trial: pd.DataFrame) -> None:
    """Site and person in one number, and what looks like an exponent."""
    teams = trial["team"].map({"1": "1.1", "2": "1.10", "3": "1E5", "4": "100000"})
    mixed = trial.assign(team=teams.fillna(trial["team"]))
    found = analyse_table(mixed, MODEL, "arm")
    assert found["n_groups"] == {"team": 12}
    assert found["estimate"] == pytest.approx(analyse_table(trial, MODEL, "arm")["estimate"])
    assert "column 'team': '1.1' and '1.10' are one number and count as 2 labels" in found["notes"]
    zero = fields(trial, "team", "01", 1)
    found = analyse_table(zero, MODEL, "arm")
    assert found["n_groups"] == {"team": 12}
    assert "column 'team': '01' and '1' are one number and count as one label" in found["notes"]


def test_rows_twice_a_lone_number_and_a_stray_arm_are_told(trial: pd.DataFrame) -> None:
    told = analyse_table(trial, MODEL, "arm")["notes"]
    words = ("the same as an earlier row", "is it meant?", "differs within")
    assert not any(word in one for one in told for word in words)
    trial.loc[5, "base"] = "2955"
    trial.loc[9, "arm"] = "REFOCUS"
    found = analyse_table(trial, MODEL, "arm")
    for word in (
        "1 row has 2955, but the others",
        "'arm' differs within 1 of 12 clusters (2; 1 row",
    ):
        assert any(word in one for one in found["notes"]), word
    assert found["cluster_summary"] is None
    whole = pd.concat([trial, trial], ignore_index=True)
    told = analyse_table(whole, MODEL + " + person", "arm")["notes"]
    assert any(one.startswith("96 rows are the same as an earlier row") for one in told)


def test_a_label_that_stands_in_the_first_row_alone_is_said_to(trial: pd.DataFrame) -> None:
    trial.loc[trial["team"].duplicated(), "team"] = ""
    with pytest.raises(InputError, match=r"12 levels for 12 rows; 84 others are left out.*team 84"):
        analyse_table(trial, MODEL, "arm")


def test_a_column_of_words_that_gets_many_coefficients_is_told(trial: pd.DataFrame) -> None:
    table = trial.assign(base="level " + trial["base"])
    got = analyse_table(table, MODEL, "arm")
    assert any("column 'base' holds words and is taken as" in one for one in got["notes"])


# Outcomes, visits, partial nesting, variances.


def test_a_linear_model_of_a_binary_outcome_is_told(trial: pd.DataFrame) -> None:
    table = trial.assign(qpr=(trial["qpr"].astype(int) > 35).astype(int))
    got = analyse_table(table, MODEL, "arm")
    assert any("differences of proportions (risk differences)" in one for one in got["notes"])
    assert not any("two values" in x for x in analyse_table(trial, MODEL, "arm")["notes"])


@pytest.mark.parametrize("visit", ["redcap_event_name", "when"])
def test_follow_ups_that_drop_out_for_want_of_a_team_are_told_by_visit(
    trial: pd.DataFrame, visit: str
) -> None:
    first = trial.assign(**{visit: "baseline_arm_1"})
    later = trial.assign(**{visit: "followup_arm_1", "team": "", "arm": ""})
    later.loc[:10, "qpr"] = ""
    got = analyse_table(pd.concat([first, later], ignore_index=True), "qpr ~ arm + (1|team)", "arm")
    assert got["rows_dropped_missing"] == 96
    note = next(one for one in got["notes"] if "rows left out" in one)
    assert f"by {visit}: baseline_arm_1 0 of 96, followup_arm_1 96 of 96" in note
    assert "85 of them have an outcome" in note
    model = f"qpr ~ arm + {visit} + (1|team)"
    with pytest.raises(InputError, match="'baseline_arm_1' in every complete row.*96 of 96"):
        analyse_table(pd.concat([first, later], ignore_index=True), model, "arm")
    lost = trial.assign(**{visit: "baseline_arm_1"})
    lost.loc[3:9, "arm"] = ""
    assert not any("rows left out" in x for x in analyse_table(lost, MODEL, "arm")["notes"])


def test_tests_that_a_partially_nested_trial_has_not_are_left_out() -> None:
    path = DATA / "partially_nested.csv"
    got = analyse_csv(path, "y ~ arm + (0+arm|cl)", "arm")
    assert got["se"] == pytest.approx(0.15756, abs=5e-6)
    assert got["kenward_roger"]["df"] == pytest.approx(27.5, abs=0.05)
    for test in ("between_within", "cluster_summary", "cluster_permutation"):
        assert got[test] is None, test
    assert any("partially nested" in one for one in got["warnings"])
    text = format_analysis(got)
    assert "\n  between-within" not in text
    assert "\n  cluster summary" not in text
    naive = analyse_csv(path, "y ~ arm + (1|cl)", "arm")
    assert naive["cluster_summary"] is None, "people of their own are no clusters"
    as_one = pd.read_csv(path)
    as_one["cl"] = as_one["cl"].where(as_one["arm"] == 1, 0)
    assert analyse_table(as_one, "y ~ arm + (0+arm|cl)", "arm")["between_within"] is None


def test_a_small_residual_variance_is_not_zero() -> None:
    """Clusters differ half a million million times as much as people of one cluster."""
    table = pd.read_csv(DATA / "huge_ratio.csv")
    within = table.groupby("cl")["y"].var().mean()
    got = analyse_table(table, "y ~ arm + (1|cl)", "arm")
    assert got["variance"]["residual"] == pytest.approx(within, rel=1e-6)
    assert within == pytest.approx(8.6e-5, rel=0.01)
    means = table.groupby("cl")[["arm", "y"]].mean()
    by_arm = means.groupby("arm")["y"]
    between = float(by_arm.var().mean())
    assert got["estimate"] == pytest.approx(by_arm.mean()[1] - by_arm.mean()[0])
    assert got["se"] == pytest.approx(np.sqrt(2 * between / 5), rel=1e-6)
    assert not got["singular"]
    codes = np.unique(table["cl"], return_inverse=True)[1]
    X = np.column_stack([np.ones(len(table)), table["arm"]]).astype(float)
    compiled = fit_rows(codes, 10, X, table["y"].to_numpy(), 1)
    assert compiled.status == FITTED
    # It subtracts sums of squares, of which three digits are left here.
    assert compiled.residual_variance == pytest.approx(within, rel=1e-3)
    same = table.assign(y=table.groupby("cl")["y"].transform("mean"))
    with pytest.raises(InputError, match="must vary within groups"):
        analyse_table(same, "y ~ arm + (1|cl)", "arm")


def test_notes_reach_the_text_and_the_json_of_the_command(
    trial: pd.DataFrame, tmp_path: Path, capsys: Any
) -> None:
    path = tmp_path / "trial.csv"
    fields(fields(trial, "qpr", "-99"), "base", ".", 2).to_csv(path, index=False)
    line = ["analyse", str(path), "--model", MODEL, "--term", "arm"]
    assert main([*line, "--missing", "-99", "--missing", "base=0"]) == 0
    text = capsys.readouterr().out
    assert "left out for missing values (qpr 5, base 2)" in text
    assert "Note: '-99' is taken as missing, as --missing says: 5 fields of qpr" in text
    assert "Note: '.' is taken as missing: 2 fields of base" in text
    assert "'0' is taken as missing, as --missing says: no field" in text
    assert main([*line, "--format", "json"]) == 0
    assert any("--missing -99" in one for one in json.loads(capsys.readouterr().out)["notes"])
    assert main([*line, "--missing", " "]) == 2
    assert "must not be empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("y", [31, 35, 28, 40, 33, 1e30], "1 row has 1e+30, but half of all lie in 31 to 40"),
        ("y", [31, 35, 28, 40, 33, 29, -1e9, 1e30], "2 rows have numbers such as 1e+30"),
        ("y", [0, 0, 0, 1, 0, 1e30], "1 row has 1e+30"),
        ("cost", [0, 0, 0, 0, 1200, 85000], ""),
        ("cost", [10, 40, 90, 200, 1100, 90000], ""),
        ("y", [-99, 1, 2, 3, 4, 5], ""),
        ("qpr15", [31, 35, 28, 61, 33, 29], "goes from 0 to 60; is it meant?"),
        ("qpr15", [0, 60, 28, 40, 33, 29], ""),
    ],
)
def test_numbers_that_cannot_be_are_told(name: str, values: list[float], told: str) -> None:
    found = implausible_numbers(pd.DataFrame({name: values}), [name])
    assert len(found) == bool(told)
    assert told in " ".join(found)


def test_a_huge_outcome_is_told_with_the_analysis(trial: pd.DataFrame) -> None:
    notes = analyse_table(fields(trial, "qpr", "1e30", rows=1), MODEL, "arm")["notes"]
    assert any("column 'qpr': 1 row has 1e+30" in one for one in notes)
