"""Which minus which: an effect has a direction, and every answer says it in the data's labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.cli import main
from sim.errors import InputError
from sim.inputs.control_labels import control_label
from sim.trials.analyses.analyse import analyse_csv, analyse_table
from sim.trials.analyses.analysis_text import format_analysis

DATA = Path(__file__).parent / "data"
ARMS = DATA / "arm_reference.csv"
MODEL = "y ~ arm + (1|team)"
DRUG_MINUS_PLACEBO = 1.423347  # Means 1.096 and -0.327, ten teams of ten each.


def two_arms(control: str, treated: str, effect: float = 2.0) -> pd.DataFrame:
    """Return twelve teams of five, those of `treated` higher by `effect`."""
    rng = np.random.default_rng(3)
    team = np.repeat(np.arange(12), 5)
    noise = rng.normal(0.0, 0.3, 12)[team] + rng.normal(0.0, 0.5, 60)
    y = noise + effect * (team % 2)
    return pd.DataFrame({"team": team, "arm": np.where(team % 2, treated, control), "y": y})


@pytest.mark.parametrize(
    ("control", "treated"),
    [
        ("TAU", "REFOCUS"),
        ("control", "intervention"),
        ("Usual care", "REFOCUS"),
        ("treatment as usual", "CBT"),
        ("placebo", "drug"),
        ("standard", "enhanced"),
        ("Waiting list", "active"),
        ("waiting-list", "group"),
        ("comparison", "a programme"),
        ("T.A.U.", "REFOCUS"),
        ("usual care", "REFOCUS + usual care"),
        ("no REFOCUS", "REFOCUS"),
        ("No", "Yes"),
        ("n", "y"),
        ("Control arm (2)", "Arm 1"),
        ("0", "1"),
        ("Sham", "rTMS"),
        ("no bundle", "Infection control bundle"),
        ("Standard of care (SoC)", "REFOCUS"),
        ("arm 0", "arm 1"),
    ],
)
def test_a_label_that_means_control_is_the_reference_and_told(control: str, treated: str) -> None:
    table = two_arms(control, treated)
    got = analyse_table(table, MODEL, "arm")
    means = table.groupby("arm")["y"].mean()
    assert got["estimate"] == pytest.approx(means[treated] - means[control])
    assert got["estimate"] > 0.0, "the treated teams are higher"
    assert got["direction"] == f"{treated} minus {control}"
    assert got["compared"] == {
        "column": "arm",
        "level": treated,
        "reference": control,
        "chosen": "recognised as control",
    }
    assert any(f"'{control}' of arm is the reference" in one for one in got["notes"])
    first = format_analysis(got).splitlines()[0]
    assert first.startswith(f"Effect of arm, {treated} minus {control}: ")


@pytest.mark.parametrize(
    "labels",
    [("A", "B"), ("TAU", "waiting list"), ("1", "2"), ("north", "south"), ("blue", "amber")],
)
def test_where_no_label_says_control_the_first_is_taken_and_told(labels: tuple[str, str]) -> None:
    assert control_label(labels) is None
    got = analyse_table(two_arms(*labels), MODEL, "arm")
    first, second = sorted(labels, key=str.casefold)
    assert got["direction"] == f"{second} minus {first}"
    assert got["compared"]["chosen"] == "sorts first"
    assert any("sorts first, not because of what it means" in one for one in got["notes"])


def test_nothing_or_zero_is_control_beside_one_other_label_alone() -> None:
    assert control_label(("0", "1")) == "0"
    assert control_label(("0", "1", "2")) is None
    assert control_label(("high", "low", "none")) is None
    assert control_label(("TAU", "none")) is None, "both may be"
    assert control_label(("A", "B", "usual care")) == "usual care"


@pytest.mark.parametrize(
    ("control", "other"),
    [
        ("TAU alone", "TAU + coaching"),
        ("without REFOCUS", "with REFOCUS"),
        ("standard dose", "high dose"),
        ("London control", "London REFOCUS"),
        ("no pest control", "pest control"),
        ("\uff34\uff21\uff35", "REFOCUS"),
        ("Controls (A)", "Cases (B)"),
        ("Kontrollgruppe", "Interventionsgruppe"),
        ("groupe témoin", "groupe aidé"),
        ("gebruikelijke zorg", "coaching"),
        ("Support as usual", "REFOCUS"),
        ("SAU", "REFOCUS"),
        ("existing services", "coaching"),
        ("pre", "post"),
        ("nein", "ja"),
        ("unexposed staff", "exposed staff"),
        ("unimplemented", "implemented"),
        ("sin apoyo", "con apoyo"),
    ],
)
def test_what_labels_share_does_not_tell_them_apart(control: str, other: str) -> None:
    assert control_label((other, control)) == control


@pytest.mark.parametrize(
    "labels",
    [
        ("TAU + coaching", "coaching alone"),
        ("self-control training", "relaxation"),
        ("Infection control", "hand washing"),
        ("a drug and placebo patch", "a drug"),
        ("Tau Ceti", "Alpha"),
        ("con", "sin"),
        ("pre", "post", "later"),
        ("pre-op physio", "post-op physio"),
        ("before meals", "after meals"),
        ("con coaching", "coaching"),
    ],
)
def test_a_label_that_only_mentions_control_is_not_taken_for_it(labels: tuple[str, ...]) -> None:
    assert control_label(labels) is None


@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=4, unique=True))
def test_recognising_control_never_depends_on_the_order_of_labels(labels: list[str]) -> None:
    assert control_label(labels) == control_label(labels[::-1])


def test_every_number_of_an_answer_turns_with_the_reference() -> None:
    one = analyse_csv(ARMS, MODEL, "arm")
    other = analyse_csv(ARMS, MODEL, "arm", references=["drug"])
    assert one["estimate"] == pytest.approx(DRUG_MINUS_PLACEBO, abs=1e-6)
    assert other["direction"] == "placebo minus drug"
    assert other["compared"]["chosen"] == "given"
    for key in ("kenward_roger", "satterthwaite", "between_within", "cluster_summary"):
        assert one[key]["p"] == pytest.approx(other[key]["p"])
        low, high = other[key]["ci95"]
        assert one[key]["ci95"] == pytest.approx([-high, -low])
    turned = -other["cluster_permutation"]["estimate"]
    assert one["cluster_permutation"]["estimate"] == pytest.approx(turned)
    assert one["cluster_summary"]["estimate"] > 0.0 > other["cluster_summary"]["estimate"]
    assert one["coef"]["armdrug"]["direction"] == "drug minus placebo"
    assert list(other["coef"]) == ["(Intercept)", "armplacebo"]


def test_the_name_that_r_gives_a_coefficient_answers_with_its_sign() -> None:
    got = analyse_csv(ARMS, MODEL, "armplacebo")
    assert got["estimate"] == pytest.approx(-DRUG_MINUS_PLACEBO, abs=1e-6)
    assert got["direction"] == "placebo minus drug"
    assert any("R's sign" in one for one in got["notes"])
    assert analyse_csv(ARMS, MODEL, "armdrug")["estimate"] > 0.0
    with pytest.raises(InputError, match="'placebo' is the reference of 'arm', as --reference"):
        analyse_csv(ARMS, MODEL, "armplacebo", references=["arm=placebo"])


def test_any_factor_has_a_reference_of_ones_own() -> None:
    table = two_arms("TAU", "REFOCUS").assign(site=lambda x: (x["team"] % 3).map("abc".__getitem__))
    model = "y ~ arm + site + (1|team)"
    got = analyse_table(table, model, "sitea", references=["site=c", "arm=REFOCUS"])
    assert got["direction"] == "a minus c"
    assert got["references"]["site"] == {"label": "c", "chosen": "given"}
    assert "armTAU" in got["coef"]
    plain = analyse_table(table, model, "sitec")
    assert got["estimate"] == pytest.approx(-plain["estimate"])
    numbers = table.assign(arm=(table["arm"] == "TAU") + 1)
    turned = analyse_table(numbers, MODEL, "arm", references=["arm=2"])
    assert turned["direction"] == "1 minus 2"
    assert turned["estimate"] == pytest.approx(analyse_table(table, MODEL, "arm")["estimate"])


@pytest.mark.parametrize(
    ("references", "message"),
    [
        (["arm=TUA"], "unknown label of 'arm' for --reference 'TUA'; did you mean 'TAU'"),
        (["placebo"], "unknown label of 'arm'"),
        (["amr=TAU"], "unknown factor for --reference 'amr'; did you mean 'arm'"),
        (["arm=TAU", "REFOCUS"], "'arm' has a reference already"),
        (["base=0"], r"column 'base' is a number in the model; write factor\(base\)"),
        ([""], "unknown label"),
    ],
)
def test_a_reference_that_is_not_there_is_refused(references: list[str], message: str) -> None:
    table = two_arms("TAU", "REFOCUS").assign(base=lambda x: np.sin(np.arange(len(x))))
    with pytest.raises(InputError, match=message):
        analyse_table(table, "y ~ arm + base + (1|team)", "arm", references=references)


def test_interactions_and_numbers_say_what_they_are() -> None:
    path = DATA / "time_numeric.csv"
    model = "y ~ arm*time + (1|id)"
    got = analyse_csv(path, model, "arm:time")
    assert got["direction"] == "treatment minus usual care per unit of time"
    assert analyse_csv(path, model, "time")["direction"] == "per unit of time"
    main_effect = analyse_csv(path, model, "arm")
    assert any("the effect where time is 0" in one for one in main_effect["notes"])
    both = two_arms("TAU", "REFOCUS").assign(site=lambda x: (x["team"] % 3 == 0) * 1)
    crossed = analyse_table(both, "y ~ arm*factor(site) + (1|team)", "arm:site")
    assert crossed["direction"] == "arm (REFOCUS minus TAU) by site (1 minus 0)"


def participants(table: pd.DataFrame, treated: str) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    share = rng.uniform(0.2, 0.9, 12)[table["team"]]
    return table.assign(attended=np.where(table["arm"] == treated, share, 0.0))


def test_participation_uses_the_same_reference_whatever_arms_are_called() -> None:
    """Of one trial with arms 0 and 1, words and R's name: the answers are the same."""
    words = participants(two_arms("Usual care", "REFOCUS"), "REFOCUS")
    coded = words.assign(arm=(words["arm"] == "REFOCUS") * 1)
    unclear = words.assign(arm=words["arm"].map({"Usual care": "B", "REFOCUS": "A"}))
    answers = [
        analyse_table(words, MODEL, "arm", participation="attended"),
        analyse_table(coded, MODEL, "arm", participation="attended"),
        analyse_table(words, MODEL, "armUsual care", participation="attended"),
        analyse_table(unclear, MODEL, "arm", references=["B"], participation="attended"),
    ]
    first = answers[0]["participation"]
    assert first["mean_participation"][0] == 0.0
    assert first["arms"] == ["Usual care", "REFOCUS"]
    for one in answers[1:]:
        for key in ("complier_average", "as_treated_all_clusters", "as_treated_intervention_arm"):
            assert one["participation"][key]["estimate"] == pytest.approx(first[key]["estimate"])
            assert one["participation"][key]["se"] == pytest.approx(first[key]["se"])
    with pytest.raises(
        InputError, match="neither 'A' nor 'B' of 'arm' says that it is the control"
    ):
        analyse_table(unclear, MODEL, "arm", participation="attended")


def test_imputed_outcomes_keep_the_direction() -> None:
    table = two_arms("TAU", "REFOCUS")
    table.loc[[3, 17, 40], "y"] = np.nan
    got = analyse_table(table, MODEL, "arm", imputations=5)
    assert got["multiple_imputation"]["estimate"] == pytest.approx(got["estimate"], abs=0.2)


def test_the_command_says_it_in_its_first_line_and_in_json(capsys: Any) -> None:
    line = ["analyse", str(ARMS), "--model", MODEL, "--term", "arm"]
    assert main(line) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[0].startswith("Effect of arm, drug minus placebo: 1.423 ")
    assert text.count("drug minus placebo") >= 4, "in the tables and the permutation test too"
    assert main([*line, "--reference", "drug", "--format", "json"]) == 0
    got = json.loads(capsys.readouterr().out)
    assert got["direction"] == "placebo minus drug"
    assert main([*line, "--reference", "durg"]) == 2
    assert "did you mean 'drug'" in capsys.readouterr().err
