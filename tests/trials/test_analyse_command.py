"""`refocus analyse` as a user meets it: every reference fit, and files as they come."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sim
from sim.cli import main
from sim.trials.analyses.covariance_of_model import random_effect
from sim.trials.analyses.model_answers import crossed_groupings
from sim.trials.fits.model_formula import parse_formula
from tests.tidy import untidy_cells

DATA = Path(__file__).parent / "data"
FITS: dict[str, dict[str, Any]] = json.loads((DATA / "reference_fits.json").read_text("utf-8"))
MODEL = "fu ~ arm + base + site + (1|cluster)"


def answer(capsys: Any, path: Path, model: str, term: str, *more: str) -> tuple[int, str, str]:
    code = main(["analyse", str(path), "--model", model, "--term", term, *more])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(scope="module")
def trial() -> pd.DataFrame:
    return pd.read_csv(DATA / "D01_refocus_balanced.csv")


@pytest.mark.parametrize("name", sorted(FITS))
def test_json_has_the_promised_fields_with_the_reference_values(name: str, capsys: Any) -> None:
    want = FITS[name]
    path = DATA / want["data"]
    code, out, err = answer(capsys, path, want["formula"], want["test_term"], "--format", "json")
    assert (code, err) == (0, "")
    got = json.loads(out)
    one = want["coef"][want["test_term"]]
    assert got["n_obs"] == want["n_obs"]
    assert got["singular"] is want["singular"]
    assert math.isclose(got["estimate"], one["estimate"], rel_tol=1e-6)
    assert math.isclose(got["se"], one["se"], rel_tol=1e-6)
    for method in ("satterthwaite", "kenward_roger"):
        assert math.isclose(got[method]["df"], one[method]["df"], rel_tol=1e-5)
        assert abs(got[method]["p"] - one[method]["p"]) < 1e-6
    assert math.isclose(got["kenward_roger"]["se"], one["kenward_roger"]["se_adj"], rel_tol=1e-6)
    for part, value in want["variance"].items():
        assert abs(got["variance"][part] - value) < 1e-6 * want["variance"]["residual"]
    assert abs(got["reml_criterion"] - want["reml_criterion"]) < 1e-6


@pytest.mark.parametrize("name", sorted(FITS))
def test_text_shows_every_method(name: str, capsys: Any) -> None:
    want = FITS[name]
    code, out, _ = answer(capsys, DATA / want["data"], want["formula"], want["test_term"])
    assert code == 0
    one = want["coef"][want["test_term"]]
    assert out.startswith(f"Effect of {want['test_term']}, 1 minus 0: {one['estimate']:.4g} ")
    for words in (
        "Kenward-Roger",
        "Satterthwaite",
        "between-within",
        "REML criterion",
        f"{want['n_obs']} used",
        f"{one['kenward_roger']['df']:.1f}",
        f"{one['satterthwaite']['df']:.1f}",
    ):
        assert words in out
    assert ("cluster summary" in out) == ("cluster_summary_R" in want)


def test_every_table_of_an_analysis_is_tidy() -> None:
    found = sim.analyse(DATA / "D01_refocus_balanced.csv", MODEL, "arm")
    assert set(found.tables) == {"coefficients", "variances", "correlations"}
    assert [one for table in found.tables.values() for one in untidy_cells(table)] == []


def test_it_runs_as_a_command() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "sim.cli", "analyse", str(DATA / "D05_six_clusters.csv")),
            *("--model", "fu ~ arm + base + (1|cluster)", "--term", "arm", "--format", "json"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["n_obs"] == 65


def same_file(trial: pd.DataFrame) -> dict[str, bytes]:
    """Return the same trial, written in ways that programs write files."""
    plain = trial.to_csv(index=False)
    lines = plain.splitlines()
    return {
        "quoted": trial.to_csv(index=False, quoting=1).encode(),
        "byte order mark, Windows lines": b"\xef\xbb\xbf" + plain.replace("\n", "\r\n").encode(),
        "old Macintosh lines": plain.replace("\n", "\r").encode(),
        "blank lines": plain.replace("\n", "\n\n").encode(),
        "commas at the end of rows": "\n".join([lines[0], *(f"{x}," for x in lines[1:])]).encode(),
        "an empty column": "\n".join(f"{x}," for x in lines).encode(),
        "blanks in the header": plain.replace("arm", " arm ", 1).encode(),
        "clusters as decimals": trial.assign(cluster=trial["cluster"] * 1.0)
        .to_csv(index=False)
        .encode(),
        "clusters as words": trial.assign(cluster=[f"team {x}" for x in trial["cluster"]])
        .to_csv(index=False)
        .encode(),
        "other order": trial.sample(frac=1, random_state=1).to_csv(index=False).encode(),
    }


def test_one_trial_in_many_files_has_one_answer(
    trial: pd.DataFrame, tmp_path: Path, capsys: Any
) -> None:
    want = FITS["F01"]["coef"]["arm"]
    for way, content in same_file(trial).items():
        path = tmp_path / "trial.csv"
        path.write_bytes(content)
        code, out, _ = answer(capsys, path, MODEL, "arm", "--format", "json")
        assert code == 0, way
        got = json.loads(out)
        assert got["n_obs"] == 405, way
        assert got["estimate"] == pytest.approx(want["estimate"], rel=1e-9), way
        assert got["kenward_roger"]["df"] == pytest.approx(want["kenward_roger"]["df"], rel=1e-6)


def test_ways_to_name_the_term(trial: pd.DataFrame, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "trial.csv"
    words = trial.assign(
        arm=np.where(trial["arm"] == 1, "Refocus", "control"), third=trial["cluster"] % 3
    )
    trial.assign(third=words["third"]).rename(columns={"base": "qpr.base"}).to_csv(
        path, index=False
    )
    wanted = {
        ("fu ~ factor(arm) + (1|cluster)", "arm"): "factor(arm)1",
        ("fu ~ as.factor(arm) + (1|cluster)", "factor(arm)"): "factor(arm)1",
        ("fu ~ C(third) + (1|cluster)", "factor(third)2"): "factor(third)2",
        ("fu ~ qpr.base * arm + (1|cluster)", "arm:qpr.base"): "qpr.base:arm",
    }
    for (model, term), coefficient in wanted.items():
        code, out, err = answer(capsys, path, model, term, "--format", "json")
        assert code == 0, err
        got = json.loads(out)
        assert got["estimate"] == got["coef"][coefficient]["estimate"]
    words.to_csv(path, index=False)
    got = json.loads(answer(capsys, path, MODEL, "arm", "--format", "json")[1])
    assert got["estimate"] == pytest.approx(FITS["F01"]["coef"]["arm"]["estimate"])
    assert "armRefocus" in got["coef"], "capitals do not make a word the first level"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"fu,arm,cluster\n1,0\n", "line 2: has 2 fields, the headings 3"),
        (b"fu,arm,cluster\n1,0,1,7\n", "line 2: has 4 cells, but 3 columns"),
        (b"fu,arm,cl\x81ster\n1,0,1\n", "save it as 'CSV UTF-8'"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
        (b"PK\x03\x04 no zip", "is not a workbook that can be read"),
        (b"\0\0\0\0", "must be CSV text"),
        (b"fu,arm,cluster\n1,0,1\n2,1,1\n", "at least 2 levels"),
        (b'fu,arm,cluster\n"1,5",0,1\n2.5,1,2\n"1,7",0,3', "'1,5' is not a plain number"),
        (b"fu,arm,cluster\n-,0,1\n2,1,2\n2,1,3\n", "or --missing '-' says so"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    content: bytes, message: str, tmp_path: Path, capsys: Any
) -> None:
    path = tmp_path / "trial.csv"
    path.write_bytes(content)
    code, out, err = answer(capsys, path, "fu ~ arm + (1|cluster)", "arm")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


def test_numbers_that_do_not_exist_are_null() -> None:
    from sim.api.analyse import without_nan

    given = {"a": [1.0, math.nan], "b": {"c": math.inf, "d": None, "e": True}}
    assert without_nan(given) == {"a": [1.0, None], "b": {"c": None, "d": None, "e": True}}


def test_people_numbered_anew_in_each_cluster_are_pointed_out(tmp_path: Path, capsys: Any) -> None:
    table = pd.read_csv(DATA / "D12_sw_closed_cohort.csv")
    path = tmp_path / "cohort.csv"
    cohort = parse_formula("y ~ trt + (1|cluster) + (1|cluster:period) + (1|id)").random
    effects = [random_effect(one, table) for one in cohort]
    assert crossed_groupings(effects) == [], "people of one team cross its periods"
    assert crossed_groupings(effects[1:]) == [("cluster:period", "id")]
    table["id"] = table.groupby(["cluster", "period"]).cumcount()
    table.to_csv(path, index=False)
    nested = "y ~ trt + factor(period) + (1|cluster/id)"
    crossed = "y ~ trt + factor(period) + (1|cluster) + (1|id)"
    warned = json.loads(answer(capsys, path, crossed, "trt", "--format", "json")[1])["warnings"]
    assert any("cluster" in x and "id" in x and "crossed" in x for x in warned)
    assert "crossed" not in answer(capsys, path, nested, "trt")[1]


def test_too_large_a_chain_of_shared_levels_is_refused(tmp_path: Path, capsys: Any) -> None:
    n = 200
    rows = np.arange(n * 20)
    table = pd.DataFrame({"cluster": rows // 20, "id": rows % 20, "arm": (rows // 20) % 2})
    table["y"] = np.sin(rows)
    path = tmp_path / "crossed.csv"
    table = table[np.random.default_rng(0).random(len(table)) < 0.8]
    table.to_csv(path, index=False)
    code, _, err = answer(capsys, path, "y ~ arm + (1|cluster) + (1|id)", "arm")
    assert code == 2
    assert "hang together" in err


ATTRITION = DATA / "D02_refocus_attrition.csv"


def test_imputation_of_the_reference_trial_agrees_with_complete_cases(capsys: Any) -> None:
    """Outcomes missing at random within the model's columns: imputing adds nothing but noise."""
    code, out, _ = answer(capsys, ATTRITION, MODEL, "arm", "--impute", "200", "--format", "json")
    assert code == 0
    got = json.loads(out)
    made = got["multiple_imputation"]
    assert made["n_obs"] == got["n_obs"] + made["imputed_outcomes"] == 403
    assert made["estimate"] == pytest.approx(got["estimate"], abs=0.15 * got["se"])
    assert made["se"] == pytest.approx(got["se"], rel=0.06)
    assert 10 < made["df"] < 24
    text = answer(capsys, ATTRITION, MODEL, "arm", "--impute", "5")[1]
    assert "99 outcomes imputed" in text


def test_participation_is_analysed_with_the_arm_as_instrument(capsys: Any) -> None:
    code, out, _ = answer(
        capsys, ATTRITION, MODEL, "arm", "--participation", "participation", "--format", "json"
    )
    assert code == 0
    got = json.loads(out)
    part = got["participation"]
    effect = part["complier_average"]
    assert part["mean_participation"][0] == 0.0
    assert effect["p"] == pytest.approx(got["cluster_summary"]["p"], rel=1e-6)
    low, high = effect["ci95"]
    assert low < effect["estimate"] < high
    # Baseline and site change little in participation, so the effect is nearly the ratio.
    ratio = got["cluster_summary"]["estimate"] / part["mean_participation"][1]
    assert effect["estimate"] == pytest.approx(ratio, rel=0.1)
    assert part["as_treated_intervention_arm"]["df"] == 14 - 2 - 1, "the site costs one"
    text = answer(capsys, ATTRITION, MODEL, "arm", "--participation", "participation")[1]
    assert text.count("not randomised") == 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--impute", "1"), "impute = 1"),
        (("--impute", "many"), "impute = 'many'"),
        (("--participation", "participatoin"), "did you mean 'participation'"),
        (("--participation", "site"), "participation: it has the value 0 in every cluster"),
        (("--participation", "holes"), "column 'holes': it must be complete"),
    ],
)
def test_further_analyses_that_cannot_be_had(
    more: tuple[str, ...], message: str, capsys: Any, trial: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "trial.csv"
    trial.assign(site=0, holes=trial["id"].where(trial["id"] > 3)).to_csv(path, index=False)
    code, out, err = answer(capsys, path, "fu ~ arm + base + (1|cluster)", "arm", *more)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


def test_a_schedule_has_a_permutation_test(capsys: Any) -> None:
    path = DATA / "D07_sw_pulsar_balanced.csv"
    model = "y ~ trt + factor(period) + (1|cluster)"
    got = json.loads(answer(capsys, path, model, "trt", "--format", "json")[1])
    permuted = got["cluster_permutation"]
    assert permuted["exact"]
    assert permuted["n_allocations"] == math.comb(14, 7)
    assert permuted["p"] == pytest.approx(got["kenward_roger"]["p"], abs=0.1)
    without = "y ~ trt + (1|cluster)"
    bare = json.loads(answer(capsys, path, without, "trt", "--format", "json")[1])
    assert bare["cluster_permutation"] is None, "without periods there is no schedule"


def test_text_has_the_estimate_of_each_method(tmp_path: Path, capsys: Any) -> None:
    """With unequal clusters the mixed model and the cluster summary answer differently."""
    rng = np.random.default_rng(4)
    sizes = [3, 25, 6, 18, 4, 30, 9, 12]
    cluster = np.repeat(np.arange(8), sizes)
    y = rng.normal(0.0, 2.0, 8)[cluster] + rng.normal(0.0, 3.0, len(cluster))
    path = tmp_path / "unequal.csv"
    pd.DataFrame({"cluster": cluster, "arm": cluster % 2, "fu": y}).to_csv(path, index=False)
    means = np.bincount(cluster, y) / np.array(sizes)
    by_clusters = means[1::2].mean() - means[::2].mean()
    code, out, _ = answer(capsys, path, "fu ~ arm + (1|cluster)", "arm")
    assert code == 0
    rows = {line[:17].strip(): line[17:].split() for line in out.splitlines()}
    assert float(rows["cluster summary"][0]) == pytest.approx(by_clusters, rel=1e-3)
    mixed = float(rows["Kenward-Roger"][0])
    assert mixed != pytest.approx(by_clusters, rel=1e-2)
    told = " ".join(out.split())
    assert "summary counts each the same, adjusted for covariates; 'every participant the" in told
    assert (
        "counts each row the same. Estimates differ where sizes, covariates or periods do." in told
    )
    assert f"Cluster permutation test, 1 minus 0: estimate {by_clusters:.4g}, p" in out
    assert "Between-within: 6 degrees of freedom, clusters less columns constant" in out


def test_the_interval_of_the_complier_average_effect_is_named_and_inverts_its_test(
    tmp_path: Path, capsys: Any
) -> None:
    """At both ends of the interval, outcome less effect x participation is just significant."""
    rng = np.random.default_rng(8)
    cluster = np.repeat(np.arange(12), 7)
    arm = cluster % 2
    share = np.where(arm == 1, rng.uniform(0.3, 0.9, 12)[cluster], 0.0)
    y = 2.0 * share + rng.normal(0.0, 1.0, 12)[cluster] + rng.normal(0.0, 2.0, 84)
    frame = pd.DataFrame({"cluster": cluster, "arm": arm, "share": share, "fu": y})
    path = tmp_path / "part.csv"
    frame.to_csv(path, index=False)
    model, more = "fu ~ arm + (1|cluster)", ("--participation", "share")
    _, text, _ = answer(capsys, path, model, "arm", *more)
    assert "Anderson and Rubin's (Fieller's)" in text
    _, out, _ = answer(capsys, path, model, "arm", *more, "--format", "json")
    effect = json.loads(out)["participation"]["complier_average"]
    assert "Anderson-Rubin" in effect["interval_method"]
    for end in effect["ci95"]:
        left = frame.assign(fu=y - end * share)
        left.to_csv(path, index=False)
        _, out, _ = answer(capsys, path, model, "arm", "--format", "json")
        assert json.loads(out)["cluster_summary"]["p"] == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("mark", ["", "NA", "NaN", " NA"])
def test_an_empty_field_and_na_are_missing(
    mark: str, trial: pd.DataFrame, tmp_path: Path, capsys: Any
) -> None:
    frame = trial.astype({"fu": object})
    frame.loc[[0, 5], "fu"] = mark
    path = tmp_path / "missing.csv"
    frame.to_csv(path, index=False)
    code, out, _ = answer(capsys, path, MODEL, "arm", "--format", "json")
    assert code == 0
    assert json.loads(out)["rows_dropped_missing"] == 2


def test_another_mark_for_missing_is_refused_with_what_to_write(
    trial: pd.DataFrame, tmp_path: Path, capsys: Any
) -> None:
    frame = trial.astype({"fu": object})
    frame.loc[3, "fu"] = "lost"
    path = tmp_path / "missing.csv"
    frame.to_csv(path, index=False)
    code, _, err = answer(capsys, path, MODEL, "arm")
    assert code == 2
    assert (
        "column 'fu': 'lost' in row 4 is not a number; a missing value is an empty field or NA, or "
        "--missing 'lost' says so" in err
    )
