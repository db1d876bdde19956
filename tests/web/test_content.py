"""Claims about what the page shows: forms, plans, watched teams, power; against other routes."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.parameters import registry
from sim.planning.plain_numbers import true_minus
from sim.runs.pieces import Cancelled
from sim.scenarios.fields import scenario_fields
from sim.scenarios.library import adjusted, load_scenario, scenario_names
from sim.web.fingerprint import key_of
from sim.web.parameter_form import parameter_form
from sim.web.plan_settings import assessment_weeks, plan_settings, scenarios_of
from sim.web.power_settings import power_form, power_settings
from sim.web.presets import LEFT_OUT, editable_fields, form, presets
from sim.web.teams import roster_of
from sim.web.watch_settings import watch_settings
from sim.web.worker import Stopped

TEAMS = {"kind": "described", "trusts": 2, "teams_per_trust": 2, "sampled": 6}
SCENARIOS = [
    {"preset": "usual-care", "label": "Usual care"},
    {"preset": "refocus-full", "label": "Full"},
]


class Heard:
    """A listener that may want a task to stop."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.told: list[tuple[int, int, str]] = []
        self.stop_after = stop_after

    def progress(self, done: int, total: int, what: str = "") -> None:
        assert 0 <= done <= total
        self.told.append((done, total, what))

    def cancelled(self) -> bool:
        return len(self.told) >= self.stop_after


def test_the_form_has_every_choice_of_a_scenario_and_explains_it() -> None:
    shown = [
        one["name"]
        for group in form()
        for section in group["sections"]
        for one in section["fields"]
    ]
    assert len(set(shown)) == len(shown) > 80
    for name, field in scenario_fields().items():
        group = name.partition(".")[0]
        expected = (
            group in {"who", "timing", "readiness", "training", "support", "components",
                      "conditions", "beyond"}
            and field.kind != "table"
            and ".sessions." not in name
            and name not in LEFT_OUT
        )  # fmt: skip
        assert (name in shown) == expected, name
    for group in form():
        for section in group["sections"]:
            for one in section["fields"]:
                assert one["label"], one
                assert one["help"], one


@pytest.fixture(scope="module")
def preset() -> dict[str, dict[str, Any]]:
    """Return the presets by name."""
    return {one["name"]: one for one in presets()}


@pytest.mark.parametrize("name", scenario_names())
def test_a_preset_holds_all_that_its_scenario_sets(
    name: str, preset: dict[str, dict[str, Any]]
) -> None:
    full = {
        field: preset[name]["values"].get(field, known.default)
        for field, known in editable_fields().items()
    }
    plain = {
        field: list(one) if isinstance(one, tuple) else one
        for field, one in full.items()
        if one is not None
    }
    scenario = load_scenario(name)
    assert adjusted(scenario, plain) == scenario


def test_the_parameter_form_is_the_registry() -> None:
    fields = [one for group in parameter_form() for one in group["fields"]]
    assert {one["name"] for one in fields} == set(registry())
    for one in fields:
        known = registry()[one["name"]]
        shown = (one["default"], one["low"], one["high"], one["unit"], one["grade"])
        assert shown == (known.default, *known.bounds, known.unit, known.grade)


def test_a_key_depends_on_what_is_asked_and_on_nothing_else() -> None:
    assert key_of("plan", {"a": 1, "b": 2}) == key_of("plan", {"b": 2, "a": 1})
    assert key_of("plan", {"a": 1}) != key_of("plan", {"a": 2})
    assert key_of("plan", {"a": 1}) != key_of("watch", {"a": 1})


def test_settings_are_the_same_whether_defaults_are_said_or_not() -> None:
    short = plan_settings({"scenarios": SCENARIOS})
    assert plan_settings(short) == short
    assert short["draws"] == 50
    assert [one.name for one in scenarios_of(short)] == ["Usual care", "Full"]


def test_what_a_user_changes_counts_as_an_assumption() -> None:
    changed = {**SCENARIOS[1], "preset": "usual-care", "changes": {"timing.start_week": 3}}
    base, own = scenarios_of(plan_settings({"scenarios": [SCENARIOS[0], changed]}))
    assert (base.grade, own.grade) == (load_scenario("usual-care").grade, "assumption")
    assert "timing.start_week = 3" in own.assumptions[-1]


@pytest.mark.parametrize(
    ("weeks", "assessed"),
    [(1, [0, 1]), (26, [0, 26]), (52, [0, 26, 52]), (60, [0, 26, 52, 60])],
)
def test_people_are_assessed_every_half_year_and_at_the_end(
    weeks: int, assessed: list[int]
) -> None:
    assert assessment_weeks(weeks) == assessed


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any], Path]:
    from sim.web.plan_task import simulate_plan

    settings = plan_settings(
        {"teams": TEAMS, "weeks": 30, "values": "defaults", "replications": 6,
         "scenarios": SCENARIOS, "parameters": {"turnover_yearly": 0.3}}
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("plan")
    heard = Heard()
    simulate_plan({"plan": settings, "roster": None}, folder, heard)
    done = [one[0] for one in heard.told]
    assert done == sorted(done), "progress never goes back"
    assert heard.told[-1][0] == heard.told[-1][1]
    return settings, json.loads((folder / "result.json").read_text(encoding="utf-8")), folder


def test_a_plan_shows_what_the_one_door_gives(plan: Any) -> None:
    from sim.runs.request import build_request
    from sim.runs.simulate import simulate

    settings, result, _ = plan
    request = build_request(
        scenarios_of(settings),
        roster_of(settings["teams"], settings["seed"]),
        settings=settings["parameters"],
        weeks=30,
        replications=6,
        seed=1,
    )
    table = simulate(request).table("summaries")
    own = table[(table["measure"] == "qpr15") & (table["week"] == 30)]
    gaps = (
        own[own["scenario"] == "Full"]["mean"].to_numpy()
        - own[own["scenario"] == "Usual care"]["mean"].to_numpy()
    )
    figure = next(one for one in result["figures"] if one["name"] == "difference-qpr15")
    (row,) = figure["rows"]
    expected = [gaps.mean(), *np.quantile(gaps, (0.05, 0.25, 0.5, 0.75, 0.95))]
    assert row[:2] == ["Full", 30]
    np.testing.assert_allclose(row[2:8], expected, rtol=2e-3)
    np.testing.assert_allclose(row[8], gaps.std(ddof=1) / np.sqrt(6), rtol=2e-3)
    told = true_minus(f"{gaps.mean():+.2f}")
    assert f"{told} points in week 30 compared with Usual care" in result["lead"][0]
    titles = [one["title"] for one in result["figures"]]
    assert len(titles) == len(set(titles))


def test_the_command_beside_a_plan_repeats_it(
    plan: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import pandas as pd

    from sim.cli import main

    _, result, folder = plan
    monkeypatch.chdir(folder)
    program, *arguments = result["command"].split()
    assert program == "refocus"
    capsys.readouterr()
    assert main(arguments) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    own = table[(table["measure"] == "qpr15") & (table["week"] == 30)]
    figure = next(one for one in result["figures"] if one["name"] == "course-qpr15")
    shown = [row[2] for row in figure["rows"] if row[1] == 30]
    np.testing.assert_allclose(own["mean"].to_numpy(), shown, rtol=1e-3)


def test_bands_are_nested_and_say_what_they_cover(plan: Any) -> None:
    _, result, folder = plan
    assert result["covers_term"] == "replication noise only; parameters at their defaults"
    assert result["covers"] == "other luck alone: things work in one way"
    for one in result["figures"]:
        assert result["covers"] in one["caption"]
        assert "5 and 9 in 10" in one["caption"]
        for _, _, _, low90, low50, middle, high50, high90, error in one["rows"]:
            assert low90 <= low50 <= middle <= high50 <= high90, "the dot lies in its bars"
            assert error >= 0.0
        assert (folder / f"{one['name']}.svg").read_bytes().count(b"<svg") == 1
    assert result["settings"]["parameters"] == {"turnover_yearly": 0.3}


def test_a_plan_stops_when_it_is_told_to(tmp_path: Path) -> None:
    from sim.web.plan_task import simulate_plan

    settings = plan_settings({"teams": TEAMS, "weeks": 4, "draws": 30, "scenarios": SCENARIOS})
    with pytest.raises((Stopped, Cancelled)):
        simulate_plan({"plan": settings, "roster": None}, tmp_path, Heard(stop_after=3))
    assert not (tmp_path / "result.json").exists()


@pytest.fixture(scope="module")
def watched(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, Any], dict[str, Any]]:
    from sim.web.watch_task import watch_teams

    settings = watch_settings(
        {"teams": TEAMS, "team": "T001-002", "weeks": 12, "seed": 3, "replication": 2,
         "scenario": {"preset": "refocus-as-delivered"}}
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("watch")
    watch_teams({"watch": settings, "roster": None}, folder, Heard())
    named = json.loads((folder / "result.json").read_text(encoding="utf-8"))["teams"]
    assert len(list(folder.iterdir())) == len(named) + 1
    file = folder / f"team-{named.index(settings['team'])}.json"
    return settings, json.loads(file.read_text(encoding="utf-8"))


def test_a_watched_team_does_what_it_does_in_the_compiled_ensemble(watched: Any) -> None:
    from sim.runs.request import build_request
    from sim.runs.simulate import simulate

    settings, result = watched
    request = build_request(
        [load_scenario("refocus-as-delivered")],
        roster_of(settings["teams"], 3),
        weeks=12,
        replications=3,
        seed=3,
        collect=("team_weeks",),
    )
    table = simulate(request).table("team_weeks")
    own = table[(table["team"] == "T001-002") & (table["replication"] == 2)].sort_values("week")
    for name in ("adoption", "fidelity", "relationship", "team_readiness", "staff_present"):
        shown = [one["team"][name] for one in result["frames"]]
        np.testing.assert_allclose(shown, own[name].to_numpy(), rtol=2e-5, atol=1e-9, err_msg=name)


def test_a_watched_team_is_that_of_mesa_in_every_number_that_is_shown(watched: Any) -> None:
    from sim.engines.mesa_model import RecoveryModel
    from sim.mechanisms.influence import mean_behaviour
    from sim.mechanisms.practice import PRACTICES
    from sim.mechanisms.recovery import recovery_mean
    from sim.web.watch_record import short
    from sim.web.watch_task import watched_world

    settings, result = watched
    layout, p, chance, _ = watched_world(settings, None)
    model = RecoveryModel(layout, p, *chance)
    team = next(one for one in model.teams if one.name == settings["team"])
    assert result["leaders"] == [one.leader for one in team.members]
    special = {
        "behaviour": mean_behaviour,
        "recovery": recovery_mean,
        "skill": lambda one: sum(getattr(one, f"skill_{name}") for name in PRACTICES) / 4,
        "intent": lambda one: sum(getattr(one, f"intent_{name}") for name in PRACTICES) / 4,
        "ties": lambda one: [at for at in (one.tie_0, one.tie_1, one.tie_2) if at >= 0],
        "worker": lambda one: -1 if one.key_worker() is None else one.key_worker().place,
    }
    for week, frame in enumerate(result["frames"]):
        if week > 0:
            model.step()
        for part, agents in (("staff", team.members), ("users", team.users)):
            for name, shown in frame[part].items():
                own = [special.get(name, lambda one, n=name: getattr(one, n))(a) for a in agents]
                assert shown == [one if name == "ties" else short(one) for one in own], name
        row = model.team_week(team)._asdict()
        assert frame["team"] == {name: short(value) for name, value in row.items()}
    noted = [[week, place] for week, index, _, place, _ in model.events if index == team.index]
    assert sorted([week, place] for week, _, place in result["events"]) == sorted(noted)
    model.release()


def test_every_change_is_explained_by_a_step(watched: Any) -> None:
    from sim.web.limits import Limits
    from sim.web.watch_steps import week_text

    settings, result = watched
    frames = result["frames"]
    explained = 0
    records = {week: json.loads(week_text(settings, None, week, Limits())) for week in range(1, 13)}
    with pytest.raises(InputError, match="too many to follow every rule"):
        week_text(settings, None, 1, replace(Limits(), explained_staff=3))
    for part, kind, shown in (("staff", "staff", "readiness"), ("users", "user", "relationship")):
        full = "staff" if kind == "staff" else "service_user"
        for place in range(len(frames[0][part][shown])):
            now = frames[0][part][shown][place]
            for week in range(1, 13):
                record = records[week]
                for step in record["people"][f"{kind}-{place}"]:
                    assert record["rules"][step["rule"]], "every rule says what it does"
                    assert step["inputs"]
                    for number, before, after in step["changes"]:
                        if record["names"][number] == f"{full}.{shown}":
                            assert before == pytest.approx(now, rel=1e-4)
                            now = after
                            explained += 1
                assert now == pytest.approx(frames[week][part][shown][place], rel=1e-4)
    assert explained > 50


def test_power_by_formula_is_that_of_the_library_and_needs_are_the_smallest() -> None:
    from sim.trials.power.formula_power import parallel_power
    from sim.web.design_answer import percent
    from sim.web.power_formula import formula, formula_answer

    settings = power_settings({"clusters": 9, "effect": 3.0, "target": 0.85})
    answer = formula_answer(settings)
    expected = parallel_power(
        3.0, 10.15, 9, 15, 0.03, analysis="ancova", cac=0.8, iac=0.6, attrition=0.26
    ).power
    assert answer["power"] == expected
    drifting, steady = (formula({**settings, "cac": one}) for one in (0.2, 1.0))
    assert drifting < expected < steady, "a team's mean that drifts costs power"
    assert [one[0] for one in answer["needs"]] == [0.8, 0.85, 0.9]
    for target, teams, people in answer["needs"]:
        assert formula(settings, teams) >= target > formula(settings, teams - 1)
        enough = formula({**settings, "size": people})
        assert enough >= target > formula({**settings, "size": people - 1})
    powers = [power for _, power in answer["curve"]]
    assert powers == sorted(powers)
    assert formula({**settings, "effect": answer["detectable"]}) == pytest.approx(0.85, abs=1e-3)
    own = next(row for row in answer["grid"]["rows"] if row[0] == 0.03)
    assert own[1 + answer["grid"]["teams"].index(9)] == expected
    row = next(row for row in answer["grid"]["shown"] if row[0] == "0.03")
    assert row[1 + answer["grid"]["teams"].index(9)] == percent(expected, 0.85)
    assert percent(0.7969, 0.8) == "just under 80%", "nothing is rounded up to what is wanted"
    assert f" of {percent(expected, 0.85)};" in answer["sentence"], "the same in sentence and table"
    for icc, *row in answer["grid"]["rows"]:
        assert row == sorted(row), icc


def test_every_number_of_the_designer_is_explained() -> None:
    for one in power_form():
        assert one["help"]
        assert one["low"] <= one["default"] <= one["high"]
        assert one["grade"] in ("trial", "literature", "assumption", "")


@pytest.mark.slow
def test_simulated_power_agrees_with_the_formula_within_its_error(tmp_path: Path) -> None:
    from sim.web.power_task import simulate_power

    # Fewer people would let the formula count, a hundred times over, how many are lost by lot.
    power = power_settings({"clusters": 5, "size": 9, "effect": 5.0, "trials": 50, "weeks": 8})
    simulate_power({"power": power}, tmp_path, Heard())
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    (_, trials, simulated, error, low, high, *_), (_, _, _, _, other_low, *_) = result["rows"]
    assert trials == 50
    assert abs(simulated - result["formula"]["power"]) < 4.0 * max(error, 0.02)
    assert other_low >= 0.0
    assert low < simulated < high
    assert "agree within chance" in result["agreement"]
    told = {label: (value, grade) for label, value, _, grade in result["asked"]}
    assert told["Intracluster correlation (ICC)"] == ("0.03", "assumption")
    assert told["Lost to follow-up"] == ("0.26", "trial")


def test_a_formula_that_the_simulation_contradicts_is_said_to_be_wrong() -> None:
    from sim.trials.power.simulated_power import rate
    from sim.web.power_task import beside_formula, share_in_words

    power = power_settings({"clusters": 3})
    assert "agree within chance" in beside_formula(rate(80, 100), 0.83, power)
    told = beside_formula(rate(40, 100), 0.83, power)
    assert "contradict each other (-43.0 points" in told
    assert "few teams" in told
    assert "agree" in beside_formula(rate(0, 50), 0.0, power)
    assert share_in_words(rate(0, 50)).startswith("none of 50 simulated trials (95%")
    assert "0% to 7%" in share_in_words(rate(0, 50))
