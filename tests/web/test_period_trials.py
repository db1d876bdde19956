"""Claims about the designer of trials over periods: it says what the library says, no more."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InputError
from sim.trials.designs.design_file import changed, design_from_text
from sim.trials.designs.design_text import design_text
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.planned_code import planned_code
from sim.trials.power.power_study import study_of
from sim.trials.power.protocol import protocol_of_formula
from sim.web.design_answer import answer_of, beside, percent, period_answer, picture, sentence
from sim.web.design_settings import SHAPES, check_period_size, period_form
from sim.web.design_task import simulate_design
from sim.web.limits import Limits
from sim.web.power_formula import formula
from sim.web.power_settings import file_of, power_settings

CONSTANT = "constant effect"
SLOW = {"exposure": [0.1, 0.5, 1.0]}


def power_of(text: str, **changes: Any) -> float:
    """Return the library's power of the design file that the page hands out."""
    file = changed(design_from_text(text), changes)
    return formula_answer(study_of(file, 0)).formula.power


@pytest.mark.parametrize(
    "given",
    [
        {"design": "stepped wedge", "sampling": "closed cohort", "effect": 3.0, **SLOW},
        {"design": "matrix", "schedule": "0, 0, 1, 1\r\n\n0 2 1 1;3000"},
    ],
    ids=["slow", "matrix"],
)
def test_the_page_has_the_librarys_numbers_of_the_design_file(given: dict[str, Any]) -> None:
    settings = power_settings(given)
    answer = period_answer(settings)
    text, target = answer["file"], settings["target"]
    assert power_of(text) == pytest.approx(answer["power"], abs=1e-12)
    teams, people = answer["needs"]
    step = len(answer["picture"]["sequences"])
    assert power_of(text, clusters=teams) >= target > power_of(text, clusters=teams - step)
    assert power_of(text, size=people) >= target > power_of(text, size=people - 1)
    head, rows = answer["grid"]["teams"], answer["grid"]["rows"]
    own = next(row for row in rows if row[0] == settings["icc"])
    assert own[1 + head.index(settings["clusters"])] == pytest.approx(answer["power"], abs=1e-12)
    assert rows[-1][1] == pytest.approx(
        power_of(text, icc=rows[-1][0], clusters=head[0]), abs=1e-12
    )
    assert answer["power"] < answer["limit"] <= 1.0
    assert f"{answer['power']:.0%} power" in " ".join(answer["protocol"].split())


def test_a_parallel_trials_file_has_the_power_of_its_page() -> None:
    for given in ({"clusters": 9, "effect": 3.0}, {"analysis": "follow-up", "attrition": 0.1}):
        settings = power_settings(given)
        found = power_of(design_text(file_of(settings)))
        assert found == pytest.approx(formula(settings), abs=1e-9)


def test_a_matrix_is_drawn_as_it_was_written() -> None:
    settings = power_settings(
        {"design": "matrix", "schedule": "0\t0,1;0 2 1\n000", "estimand": CONSTANT}
    )
    drawn = picture(answer_of(file_of(settings)))
    assert [one["cells"] for one in drawn["sequences"]] == [[0, 0, 1], [0, 2, 1], [0, 0, 0]]
    assert sum(one["teams"] for one in drawn["sequences"]) == 24
    assert drawn["weeks"] == [0, 13, 26]


def test_no_certainty_is_claimed_and_no_power_rounded_up_to_the_one_wanted() -> None:
    told = [percent(one, 0.9) for one in (0.0, 0.8949, 0.8951, 0.9, 0.9901, 1.0)]
    assert told == ["under 1%", "89%", "just under 90%", "90%", "over 99%", "over 99%"]


def test_the_first_sentence_names_the_difference_given_and_the_one_that_is_found() -> None:
    settings = power_settings({"design": "stepped wedge", "exposure": [0.5, 1.0, 1.0, 1.0]})
    told = sentence(answer_of(file_of(settings)), 40)
    # Each of four periods counts the same: (0.5 + 1 + 1 + 1) / 4 of 4 points.
    assert "difference of 3.5 points (4 once it is fully there) is found" in told
    assert told.endswith("(time-averaged effect).")
    assert "instead of" not in protocol_of_formula(answer_of(file_of(settings)))
    constant = answer_of(file_of({**settings, "estimand": CONSTANT}))
    missed = f"estimate {constant.formula.expected:.3g} instead of {constant.formula.effect:.3g}"
    assert missed in " ".join(protocol_of_formula(constant).split())


def test_nothing_to_find_is_no_trial() -> None:
    given = {"design": "stepped wedge", "estimand": "effect at exposure", "exposure": [0.0, 1.0]}
    with pytest.raises(InputError, match="exposure: leaves a true difference of 0 points, in an"):
        period_answer(power_settings(given))


def test_three_teams_are_a_crossover_whatever_their_correlation() -> None:
    settings = power_settings({"design": "crossover", "clusters": 3})
    found = answer_of(file_of(settings)).formula
    assert found.df == pytest.approx(1.0)
    assert found.power < 0.05


def test_the_other_analysis_stands_beside() -> None:
    """Of an effect that builds up a constant one misses much, whichever is planned."""
    for planned, words in (
        ("time-averaged effect", "With one constant effect power would be"),
        (CONSTANT, "for their average"),
    ):
        settings = power_settings({"design": "stepped wedge", "estimand": planned, **SLOW})
        told = beside(settings, answer_of(file_of(settings)))
        assert told is not None
        assert words in told
        assert "misses what builds up" in told
    crossover = power_settings({"design": "crossover"})
    assert beside(crossover, answer_of(file_of(crossover))) is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"design": "steped wedge"}, "design = .*did you mean 'stepped wedge'"),
        ({"design": "stepped wedge", "stepz": 3}, "unknown field 'stepz'; did you mean 'steps'"),
        ({"design": "stepped wedge", "clusters": 3}, "clusters = 3: fewer teams than the 4"),
        ({"design": "stepped wedge", "clusters": 500}, "clusters = 500: .* from 3 to 200"),
        ({"design": "stepped wedge", "exposure": [2]}, r"exposure\[1\] = 2: must be"),
        ({"design": "matrix", "schedule": "00a"}, 'line 1 = "00a": must be 1 to 13 digits'),
        ({"design": "matrix", "schedule": "001\n01"}, "line 2 .* has 2 periods"),
        ({"design": "matrix", "schedule": "11\n11"}, "no control observation"),
        ({"design": "matrix", "schedule": ["01"]}, "must be a text"),
        ({"design": "matrix", "schedule": "01\n10"}, "teams that stay treated"),
        ({"design": "crossover", "scenario": {}}, "unknown field 'scenario'"),
    ],
)
def test_wrong_designs_are_refused_by_name(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        power_settings(given)


def test_what_is_not_in_use_makes_no_other_trial() -> None:
    wedge = {"design": "stepped wedge"}
    assert power_settings({**wedge, "exposure_period": 3}) == power_settings(wedge)
    assert "design" not in power_settings({"design": "parallel"})


def test_every_field_is_explained() -> None:
    for one in period_form():
        assert one["help"]
        assert set(one["shapes"]) <= set(SHAPES[1:])
        if one["low"] is not None:
            assert one["low"] <= one["default"] <= one["high"]


def test_code_is_that_of_the_planned_model() -> None:
    found = planned_code(file_of(power_settings({"design": "crossover"})))
    assert (
        "lmer(outcome ~ treatment + factor(period) + (1|cluster) + (1|cluster:period),"
        in (found["R"])
    )
    assert found["Stata"].startswith("* Not run")
    # Degrees of freedom that stand in the script are those of the planned teams, 30 in each arm.
    file = file_of(power_settings({"clusters": 30}))
    of_teams = planned_code(changed(file, {"analysis.test": "between-within"}))
    assert "2 * pt(-abs(t), 58)" in of_teams["R"]
    assert "mixed outcome c.treatment i.period || cluster: || cluster_period:," in found["Stata"]


def test_simulated_trials_agree_with_the_formula(tmp_path: Path) -> None:
    class Heard:
        told = 0

        def progress(self, done: int, total: int, what: str = "") -> None:
            self.told = done

        def cancelled(self) -> bool:
            return False

    heard = Heard()
    given = {"design": "crossover", "clusters": 6, "size": 3, "effect": 15.0}
    settings = {**power_settings(given), "trials": 20}
    simulate_design({"power": settings}, tmp_path, heard)
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    name, value, _, low, high, _ = result["rows"][0]
    assert name.startswith("power")
    assert low < value < high
    power = answer_of(file_of(settings)).formula.power
    assert 0.8 < power < 0.95, "a chance that 20 trials tell from that without an effect"
    assert value == pytest.approx(power, abs=3.0 * sqrt(power * (1.0 - power) / 20))
    assert heard.told == 20
    assert (tmp_path / "power.csv").is_file()


def test_a_simulation_that_takes_too_long_is_refused_with_the_command() -> None:
    settings = power_settings({"design": "stepped wedge", "trials": 100})
    check_period_size(settings, Limits(analysed_rows=24 * 5 * 15 * 100))
    with pytest.raises(InputError, match=r"times larger .*refocus power FILE --simulations 100"):
        check_period_size(settings, Limits(analysed_rows=24 * 5 * 15 * 100 - 1))
