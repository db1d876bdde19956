"""Targets from individual data: known answers, an independent fit, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from calibration.evidence.extractors import EXTRACTORS
from calibration.evidence.individual import FITTED, figures_of, read_people, targets_of
from calibration.evidence.targets import load_targets, together
from calibration.evidence.targets_text import column_table, extractor_table, targets_template
from calibration.own_trials import own_trials
from sim.cli import main
from sim.errors import InputError
from tests.calibration.conftest import people


def by_generalised_least_squares(
    y: np.ndarray, x: np.ndarray, team: np.ndarray
) -> tuple[float, float]:
    """Return coefficient and error of the second column by REML with whole matrices."""
    same = (team[:, None] == team[None, :]).astype(float)
    free = len(y) - x.shape[1]

    def parts(ratio: float) -> tuple[float, np.ndarray, np.ndarray]:
        whole = np.eye(len(y)) + ratio * same
        inverse = np.linalg.inv(whole)
        inside = x.T @ inverse @ x
        beta = np.linalg.solve(inside, x.T @ inverse @ y)
        left = y - x @ beta
        variance = float(left @ inverse @ left) / free
        size = np.linalg.slogdet(whole)[1] + np.linalg.slogdet(inside)[1]
        return size + free * np.log(variance), beta, variance * np.linalg.inv(inside)

    best = minimize_scalar(lambda one: parts(one)[0], bounds=(0.0, 5.0), method="bounded")
    _, beta, covariance = parts(float(best.x))
    return float(beta[1]), float(np.sqrt(covariance[1, 1]))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    people().to_csv(path, index=False)
    return path


def test_figures_are_those_of_the_table_and_of_another_program(table: Path) -> None:
    frame = people()
    kept = frame.dropna(subset=["qpr15_end"])
    found = figures_of(read_people(table))
    control = kept[kept["arm"] == "control"]["qpr15_end"]
    assert found["control_mean"]["value"] == pytest.approx(control.mean())
    within = kept.groupby("arm")["qpr15_end"]
    pooled = np.sqrt((within.var() * (within.size() - 1)).sum() / (len(kept) - 2))
    assert found["log_sd"]["value"] == pytest.approx(pooled)
    assert found["logit_retention"] == {"value": len(kept), "of": len(frame)}
    wide = np.column_stack([np.ones(len(kept)), kept["arm"] == "intervention", kept["qpr15_start"]])
    estimate, error = by_generalised_least_squares(
        kept["qpr15_end"].to_numpy(), wide.astype(float), kept["team"].to_numpy()
    )
    assert found["difference"]["value"] == pytest.approx(estimate, abs=0.01)
    assert found["difference"]["se"] == pytest.approx(error, rel=0.01)
    assert found["log_se"]["value"] == found["difference"]["se"]
    assert "inspire_support_difference" not in found


def test_what_is_known_of_people_becomes_targets_that_fit_and_check(table: Path) -> None:
    made = targets_of(read_people(table))
    use = {one.extractor: one.use for one in made.values()}
    assert {name for name, one in use.items() if one == "fit"} == set(FITTED) & set(use)
    assert use["gaf_difference"] == "check"
    assert made["data_log_sd"].observed == pytest.approx(np.log(made["data_log_sd"].value or 0.0))


def test_teams_come_from_the_data_where_no_roster_is_given(table: Path) -> None:
    _, own = own_trials({"data": [str(table)]}, [], 1)
    teams = own["designs"][""].layouts[0].teams
    assert len(teams) == 10
    assert teams["users"].tolist() == [12] * 10


def test_a_figure_that_is_given_twice_is_refused(table: Path, tmp_path: Path) -> None:
    published = tmp_path / "published.toml"
    published.write_text(targets_template(), encoding="utf-8")
    with pytest.raises(InputError, match="'difference': already fitted by target 'data_diff"):
        together(targets_of(read_people(table)), load_targets(published))


def test_the_template_is_read_and_lists_every_figure(tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    assert main(["template", "targets", "--out", str(path)]) == 0
    assert set(load_targets(path)) == {"difference"}
    for name in EXTRACTORS:
        assert f"#   {name}: " in path.read_text(encoding="utf-8")
        assert f"| `{name}` | " in extractor_table()
    assert "`qpr15_end`" in column_table()


def test_check_prints_the_figures_of_the_data(table: Path, capsys) -> None:
    assert main(["calibrate", "--check", "--data", str(table)]) == 0
    told = capsys.readouterr().out
    assert "fit       data_control_mean = " in told
    assert "of 120" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: f.rename(columns={"qpr15_end": "qpr_end"}), "column 'qpr15_end' is lacking"),
        (lambda f: f.rename(columns={"qpr15_end": "qpr_end"}), "did you mean 'qpr_end'"),
        (lambda f: f.replace({"arm": {"control": "B"}}), "arm holds 'B', 'intervention': must"),
        (lambda f: f.assign(arm=["x", *f.arm[1:]]), "arm holds 'control', 'intervention', 'x'"),
        (lambda f: f.assign(team=["", *f.team[1:]]), "row 1: team is empty"),
        (lambda f: f.assign(qpr_interpersnal_end=1.0), "mean 'qpr_interpersonal_end'"),
        (lambda f: f.assign(**{"Inspire support strat": 1.0}), "mean 'inspire_support_start'"),
        (lambda f: f.assign(qpr15_end=f.qpr15_end / 15.0), "looks like another unit"),
        (lambda f: f.rename(columns={"qpr15_start": "qpr15_begin"}), "mean 'qpr15_begin'"),
        (lambda f: f.assign(qpr15_start=61.0), r"row 1: qpr15_start = '61.0': lies outside"),
        (lambda f: f.assign(gaf_end="much"), "row 1: gaf_end = 'much': must be a number"),
        (lambda f: f.assign(team="one"), "team 'one' stands in both arms"),
        (lambda f: f.assign(qpr15_end=np.nan), "people of one arm were followed up"),
    ],
)
def test_what_cannot_be_is_refused_by_name(change, told: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    change(people()).to_csv(path, index=False)
    with pytest.raises(InputError, match=told.replace("(", r"\(")):
        targets_of(read_people(path))


def test_what_is_read_otherwise_or_not_at_all_is_told(tmp_path: Path) -> None:
    frame = people().replace({"arm": {"control": "TAU", "intervention": "REFOCUS"}})
    frame = frame.assign(age=40, gaf_mid=50.0, hope_end=1.0)
    frame["gaf_start"] = ["N/A", *frame["gaf_start"].astype(str)[1:]]
    frame.to_csv(tmp_path / "people.csv", index=False)
    found = read_people(tmp_path / "people.csv")
    assert found.exposed.tolist() == (frame["arm"] == "REFOCUS").astype(int).tolist()
    assert np.isnan(found.scores["gaf_start"][0])
    told = " | ".join(found.notes)
    assert "'N/A' is taken as missing: 1 field of gaf_start" in told
    assert "'tau' is read as control" in told
    assert "nothing is taken from the columns 'age', 'gaf_mid'" in told
    assert "nothing is taken from 'hope_end', as the score at baseline is not there" in told


def rostered(change: str, table: Path) -> list[str]:
    roster = table.with_name("roster.csv")
    text = read_people(table).roster_text()
    roster.write_text(
        text if not change else text.replace(*change.split(">"), -1 if "ward" in change else 1),
        "utf-8",
    )
    told: list[str] = []
    own_trials({"data": [str(table)], "roster": [str(roster)]}, [], 1, told.append)
    return told


@pytest.mark.parametrize(
    ("change", "refused", "told"),
    [
        ("", "", ""),
        ("team 00>taem 00", "team 'team 00' of data 'people.csv' is not in it; did you", ""),
        ("control>intervention", "'intervention', in data 'people.csv' 'control'", ""),
        ("\n>\nnew,control,4\n", "", "nobody of 'new' is in data 'people.csv'"),
        (",12>,9", "", "1 of 10 teams sample another number"),
        ("team >ward ", "", "has other names of teams than data"),
    ],
)
def test_roster_and_data_are_of_the_same_teams(
    change: str, refused: str, told: str, table: Path
) -> None:
    if refused:
        with pytest.raises(InputError, match=refused):
            rostered(change, table)
    else:
        assert (told in " | ".join(rostered(change, table))) if told else not rostered("", table)


@pytest.mark.parametrize(
    ("difference", "error", "fits"),
    [
        ("se = 1.5", 1.5, True),
        ("se = 1.5", 1.46, True),
        ("se = 1.5", 2.5, False),
        ("interval = [-2.0, 4.0]", 1.5, True),
        ("interval = [-2.0, 4.0]", 4.5, False),
    ],
)
def test_two_standard_errors_of_one_difference_agree(
    difference: str, error: float, fits: bool, tmp_path: Path
) -> None:
    words = 'title = unit = population = instrument = analysis = source = evidence = "x"'
    fields = "\n".join(f'{one.strip()} = "x"' for one in words.split(" = ")[:-1])
    path = tmp_path / "own.toml"
    path.write_text(
        f'[a]\npattern = "1"\nkind = "estimate"\nuse = "fit"\nextractor = "difference"\n{fields}\n'
        f'value = 1.0\n{difference}\n[b]\npattern = "2"\nkind = "estimate"\nuse = "fit"\n'
        f'extractor = "log_se"\n{fields}\nvalue = {error}\n',
        encoding="utf-8",
    )
    if fits:
        assert set(load_targets(path)) == {"a", "b"}
    else:
        with pytest.raises(InputError, match="target 'b': value = .* contradicts the standard"):
            load_targets(path)
