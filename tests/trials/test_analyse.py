"""From a table and a formula to an analysis: formulas, missing values, and what users get wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.analyses.analyse import analyse_csv, analyse_table
from sim.trials.analyses.analysis_text import format_analysis
from sim.trials.analyses.cluster_tests import (
    between_within_df,
    cluster_permutation_test,
    cluster_summary_test,
)
from sim.trials.analyses.free_contrasts import contrast_row
from sim.trials.analyses.r_code import code

DATA = Path(__file__).parent / "data"
MODEL = "fu ~ arm + base + site + (1|cluster)"


@pytest.fixture(scope="module")
def trial() -> pd.DataFrame:
    return pd.read_csv(DATA / "D02_refocus_attrition.csv")


@pytest.fixture(scope="module")
def wedge() -> pd.DataFrame:
    return pd.read_csv(DATA / "D08_sw_unequal_cells.csv")


def test_a_file_and_its_table_give_the_same(trial: pd.DataFrame) -> None:
    from_file = analyse_csv(DATA / "D02_refocus_attrition.csv", MODEL, "arm")
    assert analyse_table(trial, MODEL, "arm") == from_file


def test_rows_with_a_missing_value_in_a_used_column_are_left_out_and_counted(
    trial: pd.DataFrame,
) -> None:
    full = analyse_table(trial, MODEL, "arm")
    assert full["rows_dropped_missing"] == trial["fu"].isna().sum() > 0
    assert full["n_obs"] + full["rows_dropped_missing"] == len(trial)
    gaps = trial.assign(
        arm=trial["arm"].astype(object).where(trial.index != 4, ""),
        unused=np.nan,
    )
    dropped = analyse_table(gaps, MODEL, "arm")
    by_hand = analyse_table(trial.drop(index=4), MODEL, "arm")
    assert dropped["estimate"] == by_hand["estimate"]
    assert dropped["n_obs"] == by_hand["n_obs"]


def test_ways_to_write_one_model_give_one_fit(wedge: pd.DataFrame) -> None:
    written = [
        "y ~ trt + factor(period) + (1|cluster) + (1|clper)",
        "y~trt+as.factor(period)+(1 | cluster:period)+(1|cluster)",
        "y ~ (1|cluster/period) + trt + factor(period)",
        "y ~ trt + C(period) + (1|cluster) + (1|cluster:period)",
    ]
    found = [analyse_table(wedge, model, "trt") for model in written]
    for one in found[1:]:
        assert one["estimate"] == pytest.approx(found[0]["estimate"], rel=1e-9)
        assert one["kenward_roger"]["df"] == pytest.approx(
            found[0]["kenward_roger"]["df"], rel=1e-7
        )
    assert list(found[2]["variance"]) == ["cluster", "cluster:period", "residual"]


def test_a_random_treatment_effect_may_be_written_in_two_ways(wedge: pd.DataFrame) -> None:
    one = analyse_table(wedge, "y ~ trt + factor(period) + (1|cluster) + (0 + trt|cluster)", "trt")
    two = analyse_table(wedge, "y ~ trt + factor(period) + (trt||cluster)", "trt")
    assert one["variance"] == two["variance"]
    assert set(one["variance"]) == {"cluster", "cluster.trt", "residual"}
    assert one["n_groups"] == {"cluster": 14}


def test_arms_may_be_words(trial: pd.DataFrame) -> None:
    words = trial.assign(arm=np.where(trial["arm"] == 1, "refocus", "control"))
    got = analyse_table(words, MODEL, "arm")
    assert got["estimate"] == pytest.approx(analyse_table(trial, MODEL, "arm")["estimate"])
    assert "armrefocus" in got["coef"]


def test_labels_are_sorted_as_numbers() -> None:
    rng = np.random.default_rng(1)
    period = np.tile([1, 2, 10], 40)
    table = pd.DataFrame(
        {"y": rng.normal(size=120), "period": period, "team": np.arange(120) // 10}
    )
    found = analyse_table(table, "y ~ factor(period) + (1|team)", "period10")
    assert list(found["coef"]) == ["(Intercept)", "factor(period)2", "factor(period)10"]


def test_transformed_columns_and_interactions(trial: pd.DataFrame) -> None:
    squared = analyse_table(
        trial.assign(b2=trial["base"] ** 2), "fu ~ arm + b2 + (1|cluster)", "arm"
    )
    written = analyse_table(trial, "fu ~ arm + I(base^2) + (1|cluster)", "arm")
    assert written["estimate"] == pytest.approx(squared["estimate"], rel=1e-9)
    crossed = analyse_table(trial, "fu ~ arm*factor(site) + (1|cluster)", "arm:site1")
    assert list(crossed["coef"]) == ["(Intercept)", "arm", "factor(site)1", "arm:factor(site)1"]
    logs = analyse_table(trial, "log(fu) ~ arm + (1|cluster)", "arm")
    by_hand = analyse_table(
        trial.assign(logfu=np.log(trial["fu"])), "logfu ~ arm + (1|cluster)", "arm"
    )
    assert logs["estimate"] == pytest.approx(by_hand["estimate"], rel=1e-12)


def test_dependent_columns_are_named_and_the_term_may_not_be_one(trial: pd.DataFrame) -> None:
    more = trial.assign(double=2 * trial["base"], other=1 - trial["arm"])
    got = analyse_table(more, "fu ~ arm + base + double + (1|cluster)", "arm")
    assert got["dropped_columns"] == ["double"]
    assert "double" in format_analysis(got)
    with pytest.raises(InputError, match="term 'other': it is a combination of other columns"):
        analyse_table(more, "fu ~ arm + base + other + (1|cluster)", "other")


@pytest.mark.parametrize(
    ("model", "term", "message"),
    [
        ("fu ~ amr + (1|cluster)", "arm", "unknown column 'amr'; did you mean 'arm'"),
        ("fu ~ arm + (1|clster)", "arm", "unknown column 'clster'; did you mean 'cluster'"),
        (MODEL, "amr", "unknown term 'amr'; did you mean 'arm'"),
        ("fu ~ arm + base", "arm", "random effect such as"),
        ("fu = arm", "arm", "it must have the form"),
        ("fu ~ arm ~ base", "arm", "it must have the form"),
        ("~ arm + (1|cluster)", "arm", "outcome before ~ is missing"),
        ("fu ~ arm + (1|cluster", "arm", "brackets do not match"),
        ("fu ~ arm) + (1|cluster", "arm", "brackets do not match"),
        ("fu ~ arm + + (1|cluster)", "arm", "a term is missing"),
        ("fu ~ arm + (1|cluster) +", "arm", "a term is missing"),
        ("fu ~ arm + 1|cluster", "arm", "must be written in brackets"),
        ("fu ~ arm + ar1(site) + (1|cluster)", "arm", "unknown function 'ar1'"),
        ("fu ~ arm + ar1(site|cluster) + (1|cluster)", "arm", "two rows of one time"),
        ("fu ~ arm - offset(base) + (1|cluster)", "arm", "one offset is added"),
        ("fu ~ arm + ns(base, 2.5) + (1|cluster)", "arm", "whole number from 1"),
        ("fu ~ arm + (0|cluster)", "arm", "holds no effect"),
        ("fu ~ arm + (1|clus ter)", "arm", "must be a column or a:b"),
        ("fu ~ arm + (1|cluster) + (1|cluster)", "arm", "occurs twice"),
        ("fu ~ arm + open(base) + (1|cluster)", "arm", "unknown function 'open'"),
        ("fu ~ arm + base.mean() + (1|cluster)", "arm", "unknown function 'base.mean'"),
        ("fu ~ arm + 'x' + (1|cluster)", "arm", "cannot be read"),
        ("fu ~ arm + factor(cluster) + (1|cluster)", "arm", "nothing to estimate its variance"),
        ("fu ~ arm + (1|cluster) + (1|id)", "arm", "levels for"),
        ("cluster ~ arm + (1|cluster)", "arm", "does not vary|nothing|must"),
    ],
)
def test_what_a_formula_may_not_be(
    trial: pd.DataFrame, model: str, term: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        analyse_table(trial, model, term)
    assert "\n" not in str(caught.value)


def test_what_data_may_not_be(trial: pd.DataFrame) -> None:
    def refused(frame: pd.DataFrame, message: str) -> None:
        with pytest.raises(InputError, match=message):
            analyse_table(frame, MODEL, "arm")

    refused(trial.assign(arm=1), "term 'arm': it has the value 1 in every complete row")
    refused(trial.assign(fu=3.0), "outcome 'fu': it has the value 3 in every row")
    alone = trial[trial["cluster"] == 1]
    refused(alone.assign(arm=np.arange(len(alone)) % 2), "at least 2 levels")
    refused(trial.assign(fu=np.nan), "none of 403 is complete")
    refused(trial.assign(fu="high"), "column 'fu': holds words .'high'.; it must hold")
    text = trial.astype(object)
    row = int(trial["fu"].last_valid_index())
    text.loc[row, "base"] = "4o"
    refused(text, f"column 'base': '4o' in row {row + 1} is not a number")
    refused(trial.assign(base=np.where(trial.index == row, np.inf, trial["base"])), "finite")
    refused(trial.drop(columns="site"), "unknown column 'site'")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must name columns"),
        (b"a,b,a\n1,2,3\n", "'a' occurs twice"),
        (b"y,x,c\n", "has no rows"),
        (b"y,x,c\n1,2,\x81\n", "UTF-8"),
        (b"y,x,c\n1,2,1\n1,2,3,4\n", "line 3: has 4 cells, but 3 columns"),
    ],
)
def test_what_a_file_may_not_be(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "trial.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        analyse_csv(path, "y ~ x + (1|c)", "x")
    with pytest.raises(InputError, match="does not exist"):
        analyse_csv(tmp_path / "none.csv", "y ~ x + (1|c)", "x")


@pytest.mark.parametrize(
    "text",
    [
        "__import__(os)",
        "os.system",
        "(lambda: 1)()",
        "log(base)(base)",
        "base[0]",
        "{base}",
        "base if arm else fu",
        "@",
        "np",
        "exit",
    ],
)
def test_a_formula_reaches_nothing_but_columns_and_known_functions(
    trial: pd.DataFrame, text: str
) -> None:
    with pytest.raises(InputError, match="unknown (function|column)|cannot be read"):
        analyse_table(trial, f"fu ~ arm + {text} + (1|cluster)", "arm")


def test_cluster_summary_is_students_t_test() -> None:
    means = np.array([1.0, 2.0, 4.0, 3.0, 7.0, 8.0])
    test = cluster_summary_test(means, np.array([0, 0, 0, 1, 1, 1], dtype=bool))
    # Means 7/3 and 6, sums of squares 14/3 and 14.
    assert test.estimate == pytest.approx(11 / 3)
    assert test.se == pytest.approx(np.sqrt((14 / 3 + 14) / 4 * 2 / 3))
    assert test.df == 4
    assert test.p == pytest.approx(0.1061, abs=2e-3)


def test_permutation_test_lists_all_allocations_or_draws_them() -> None:
    arms = np.arange(8) < 4
    extreme = cluster_permutation_test(np.where(arms, 10.0, 0.0) + np.arange(8) / 100, arms)
    assert extreme.exact
    assert extreme.n_allocations == 70
    assert extreme.p == pytest.approx(2 / 70), "this allocation and its mirror image"
    same = cluster_permutation_test(np.ones(8), arms)
    assert same.p == 1.0
    rng = np.random.default_rng(0)
    many = np.arange(27) < 14
    means = rng.normal(size=27) + 0.7 * many
    drawn = cluster_permutation_test(means, many, seed=1)
    assert not drawn.exact
    assert drawn == cluster_permutation_test(means, many, seed=1)
    assert drawn.p == pytest.approx(cluster_summary_test(means, many).p, abs=0.02)


def test_between_within_degrees_of_freedom() -> None:
    cluster = np.repeat(np.arange(10), 6)
    arm = (cluster < 5) * 1.0
    base = np.random.default_rng(0).normal(size=60)
    X = np.column_stack([np.ones(60), arm, base])
    assert between_within_df(X, 1, [cluster]) == (8.0, "between")
    assert between_within_df(X, 2, [cluster]) == (60 - 10 - 1, "within")
    period = np.tile(np.repeat([0, 1, 2], 2), 10)
    cell = cluster * 3 + period
    step = (period > cluster // 5).astype(float)
    wedge = np.column_stack([np.ones(60), step, period == 1, period == 2]).astype(float)
    assert between_within_df(wedge, 1, [cluster, cell]) == (30 - 10 - 3, "within")


def test_what_crosses_clusters_is_not_what_was_randomised() -> None:
    """Fewer raters, or periods, than teams: the teams are the clusters."""
    rng = np.random.default_rng(4)
    team, rater = np.repeat(np.arange(10), 6), np.tile(np.arange(6), 10)
    y = rng.normal(size=10)[team] + rng.normal(size=60)
    frame = pd.DataFrame({"team": team, "rater": rater, "arm": team % 2, "y": y})
    found = analyse_table(frame, "y ~ arm + (1|team) + (1|rater)", "arm")
    assert found["randomised"] == ["team"]
    assert found["between_within"]["df"] == 8.0
    assert found["cluster_summary"]["n_clusters"] == [5, 5]
    assert found["correlations"]["icc"]["meaning"] == "two people of one team"
    frame = frame.rename(columns={"rater": "period"})
    frame["arm"] = (frame["period"] > team % 4).astype(int)
    found = analyse_table(frame, "y ~ arm + (1|team) + (1|period)", "arm")
    assert found["randomised"] == ["team"]
    own = found["correlations"]["icc"]
    assert own["meaning"] == "two measurements of one team in one period"
    variance = found["variance"]
    share = variance["team"] / (variance["team"] + variance["residual"])
    assert own["estimate"] == pytest.approx(share, rel=1e-9)
    assert not any("crossed" in one for one in found["warnings"])


def test_few_clusters_are_pointed_out() -> None:
    got = analyse_csv(DATA / "D05_six_clusters.csv", "fu ~ arm + base + (1|cluster)", "arm")
    assert any("3 clusters in the smaller arm" in one for one in got["warnings"])
    assert got["cluster_permutation"]["p"] == pytest.approx(0.1), "2 of 20 allocations at best"
    assert "all 20 allocations" in format_analysis(got)


def test_analysis_does_not_load_the_compiler() -> None:
    code = (
        "import sys\n"
        "from sim.trials.analyses.analyse import analyse_csv\n"
        f"analyse_csv({str(DATA / 'D05_six_clusters.csv')!r}, 'fu ~ arm + (1|cluster)', 'arm')\n"
        "sys.exit('numba' in sys.modules or 'mesa' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0


def test_a_factor_in_an_interaction_has_the_test_of_type_three_too() -> None:
    """R 4.2.2, lmerTest: anova(lmer(y ~ arm * half + (1|team)), type = 3)."""
    frame = pd.read_csv(DATA / "three_arms.csv").dropna()
    frame["half"] = np.where(frame["base"] > 0.0, "hi", "lo")
    found = analyse_table(frame, "y ~ arm * half + (1|team)", "arm", references=["arm=usual"])
    assert any("this is the effect where half is hi" in one for one in found["notes"])
    averaged = found["joint_averaged"]
    for key, f, df, p in (
        ("kenward_roger", 5.90558963, 14.4208406, 0.013379382),
        ("satterthwaite", 5.93635501, 11.7445416, 0.0165345532),
    ):
        assert averaged[key]["f"] == pytest.approx(f, rel=1e-5)
        assert averaged[key]["df2"] == pytest.approx(df, rel=1e-4)
        assert averaged[key]["p"] == pytest.approx(p, rel=1e-4)


def test_a_mean_of_a_combination_that_has_no_row_is_not_told() -> None:
    """The arm 'usual' has nobody in the west: emmeans says nonEst."""
    frame = pd.read_csv(DATA / "three_arms.csv")
    found = analyse_table(frame, "y ~ arm * site + (1|team)", "arm", references=["arm=usual"])
    assert set(found["adjusted_means"]) == {"full", "light"}
    assert "joint_averaged" not in found
    assert any("those that have: full, light" in one for one in found["notes"])


def test_contrasts_are_those_of_lmertest() -> None:
    """R 4.2.2, lmerTest 3.1.3 and pbkrtest: contest1D and contestMD."""
    frame = pd.read_csv(DATA / "three_arms.csv")
    sums = ["armfull - 0.5*armlight", "sitesouth-sitewest"]
    model, given = "y ~ arm + site + base + (1|team)", {"references": ["arm=usual"]}
    found = analyse_table(frame, model, "arm", contrasts=sums, **given)["contrasts"]
    for one, method, *want in (
        (0, "kenward_roger", 0.8590711226, 0.2486646971, 12.04364346, 0.00473927155),
        (1, "kenward_roger", 0.6237509771, 0.4168864395, 13.36411292, 0.1578368908),
        (0, "satterthwaite", 0.8590711226, 0.2478667558, 10.60739889, 0.005562414948),
    ):
        test = found["each"][one][method]
        got = [test[key] for key in ("estimate", "se", "df", "p")]
        assert got == pytest.approx(want, rel=1e-6)
    for method, *want in (
        ("kenward_roger", 6.331487581, 12.2776833, 0.01289783423),
        ("satterthwaite", 6.382980833, 10.80021632, 0.01479575643),
    ):
        got = [found["joint"][method][key] for key in ("f", "df2", "p")]
        assert got == pytest.approx(want, rel=1e-6)
    alone = analyse_table(frame, model, "armfull", contrasts=sums[:1], **given)
    assert alone["contrasts"]["each"] == [found["each"][0]]
    script = code("R", alone, "data.csv")
    assert 'L[1, c("armfull", "armlight")] <- c(1.0, -0.5)' in script
    with pytest.raises(InputError, match="contrasts are|not written"):
        code("Stata", alone, "data.csv")


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("arm + 12*month:arm", [0.0, 1.0, 12.0]),
        ("-month:arm / 4", [0.0, 0.0, -0.25]),
        ("2 (Intercept) - arm", [2.0, -1.0, 0.0]),
        ("arm - arm", "every weight is 0"),
        ("0.1*arm + 0.2*arm - 0.3*arm", "every weight is 0"),
        ("arm + mont:arm", "unknown coefficient 'mont:arm'; did you mean 'month:arm'"),
        ("arm arm", "no \\+ or - before 'arm'"),
        ("arm/0", "weight of 'arm' must be 0, or from 0.000001 to 1000000"),
        ("1e999*arm", "weight of 'arm' must be"),
        ("1e999*arm/1e999", "weight of 'arm' must be"),
        ("1e-300*arm", "weight of 'arm' must be"),
        ("arm - 1e-6*month:arm", [0.0, 1.0, -1e-6]),
        ("arm:mont", "unknown coefficient 'arm:mont'"),
        ("arm*2", "cannot be read from 'arm\\*2' on"),
        ("", "every weight is 0"),
    ],
)
def test_a_sum_of_coefficients_is_read(text: str, weights: list[float] | str) -> None:
    names = ["(Intercept)", "arm", "month:arm"]
    if isinstance(weights, str):
        with pytest.raises(InputError, match=weights):
            contrast_row(text, names)
    else:
        assert contrast_row(text, names).tolist() == weights
