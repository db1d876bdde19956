"""The library loads, says what the trial did, inherits as promised, and explains its errors."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InputError
from sim.scenarios.fields import scenario_fields
from sim.scenarios.library import (
    FOLDER,
    adjusted,
    list_scenarios,
    load_scenario,
    parse_choice,
    scenario_from_text,
    scenario_names,
)
from sim.scenarios.text import scenario_template, scenario_text

HEAD = 'title = "a"\ndescription = "b"\ngrade = "assumption"\nsource = "c"\n'
REQUIRED = {
    "usual-care",
    "refocus-as-delivered",
    "refocus-full",
    "coaching-only",
    "refocus-boosters",
    "readiness-selected",
}


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of nested tables by dotted name."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        inner = isinstance(value, dict)
        found |= flat(value, f"{prefix}{name}.") if inner else {f"{prefix}{name}": value}
    return found


def test_the_library_holds_what_it_must_and_lists_it() -> None:
    assert set(scenario_names()) >= REQUIRED
    listed = list_scenarios()
    assert sorted(one.name for one in listed) == list(scenario_names())
    assert len({one.title for one in listed}) == len(listed)


@pytest.mark.parametrize("name", scenario_names())
def test_every_file_speaks_for_itself(name: str) -> None:
    """Title, description, grade and source are its own, not those of what it extends."""
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    assert {"group", "title", "description", "grade", "source"} <= table.keys()
    assert load_scenario(name).name == name


def test_training_as_delivered_is_that_of_the_trial() -> None:
    """3.5 days a person; spacing 2-4 weeks and 3 months, and one month (seed of the trial)."""
    training = load_scenario("refocus-as-delivered").training
    recovery, coaching = training.personal_recovery, training.coaching
    assert [one.days for one in recovery.sessions] == [0.5, 0.5, 0.5]
    assert [one.days for one in coaching.sessions] == [1.0, 0.5, 0.5]
    assert recovery.days + coaching.days == 3.5
    first, second, third = (one.week for one in recovery.sessions)
    assert 2 <= second - first <= 4
    assert 12 <= third - second <= 14
    weeks = [one.week for one in coaching.sessions]
    assert [b - a for a, b in zip(weeks, weeks[1:], strict=False)] == [4, 4]
    assert (recovery.trainers, recovery.lived_experience_trainers) == (2, 1)
    assert load_scenario("refocus-as-delivered").conditions.funding_end_week == 52


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        (
            "refocus-full",
            {
                "training.quality.engagement",
                "training.quality.delivery",
                "training.quality.modelling",
                "conditions.attendance_assured",
            },
        ),
        ("readiness-selected", {"who.teams"}),
        (
            "refocus-boosters",
            {"support.boosters.sessions", "support.telephone.intensity"},
        ),
    ],
)
def test_a_variant_differs_from_the_trial_only_where_it_says(name: str, changed: set[str]) -> None:
    words = {"name", "group", "title", "description", "grade", "source", "assumptions"}
    base = flat(load_scenario("refocus-as-delivered").model_dump())
    variant = flat(load_scenario(name).model_dump())
    different = {key for key, value in variant.items() if value != base[key]}
    assert {one for one in different - words if not one.startswith("feasibility.")} == changed


def test_what_the_base_assumes_is_assumed_by_the_variant() -> None:
    base = load_scenario("refocus-as-delivered").assumed
    variant = load_scenario("family-involvement").assumed
    assert variant[: len(base)] == base
    assert len(variant) > len(base)


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ('extends = "refocus-boosters"', ("little is assumed", "none is assumed")),
        ('extends = "refocus-full"', ("is 0.5 by definition: the trial's",)),
        ('extends = "coaching-only"', ("partnership", "reflection", "telephone")),
        ('extends = "usual-care"\n[timing]\nweeks = 104', ("over the year",)),
        (
            'extends = "refocus-boosters"\n[support.telephone]\nintensity = 1.0',
            ("reaches half",),
        ),
    ],
)
def test_an_assumption_goes_with_what_it_is_about(text: str, gone: tuple[str, ...]) -> None:
    told = " ".join(scenario_from_text(text, "x").assumed)
    assert [one for one in gone if one in told] == []


def test_an_assumption_goes_with_what_is_set_and_stays_with_what_is_not() -> None:
    of = load_scenario("refocus-boosters")
    reaches = "Telephone support reaches half of trained staff each week."
    for field, value, stays in (
        ("support.telephone.intensity", 1.0, False),
        ("support.telephone.intensity", 0.5, True),
        ("support.telephone.every", 2, True),
    ):
        assert (reaches in adjusted(of, {field: value}).assumed) is stays
    with pytest.raises(InputError, match="did you mean 'support.telephone.intensity'"):
        scenario_from_text(
            'extends = "usual-care"\n'
            'assumptions = [{ text = "A.", about = ["support.telefone.intensity"] }]',
            "x",
        )


def test_how_feasible_one_programme_was_is_not_said_of_another() -> None:
    assert load_scenario("rollout-random").feasibility.manualised == "yes"
    assert load_scenario("family-involvement").feasibility.manualised is None


def test_inheritance_merges_tables_and_replaces_lists(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        HEAD + "[training.quality]\ndelivery = 0.9\nmodelling = 0.8\n"
        "[training.coaching]\nsessions = [{week = 1, days = 1.0}, {week = 2, days = 1.0}]\n",
        encoding="utf-8",
    )
    (tmp_path / "b.toml").write_text(
        'extends = "a.toml"\n[training.quality]\nmodelling = 0.1\n'
        "[training.coaching]\nsessions = [{week = 9, days = 2.0}]\n",
        encoding="utf-8",
    )
    (tmp_path / "c.toml").write_text('extends = "b.toml"\ntitle = "C"\n', encoding="utf-8")
    read = load_scenario(tmp_path / "c.toml")
    assert (read.training.quality.delivery, read.training.quality.modelling) == (0.9, 0.1)
    assert [one.week for one in read.training.coaching.sessions] == [9]
    assert (read.name, read.title) == ("c", "C")


@pytest.mark.parametrize("base", scenario_names())
def test_what_a_scenario_is_and_how_it_is_known_is_never_taken_over(base: str) -> None:
    """A file that only changes something is an assumption, whatever it extends."""
    of = load_scenario(base)
    mine = scenario_from_text(f'extends = "{base}"\n[conditions]\nattendance_assured = 0.9\n', "x")
    assert (mine.grade, mine.group, mine.title) == ("assumption", "own", "x")
    assert mine.source != of.source
    assert mine.description != of.description
    assert of.title in mine.description
    assert mine.assumptions == of.assumptions


@pytest.mark.parametrize("name", ["usual-care", "refocus-as-delivered", "continuing-coaching"])
def test_evidence_on_a_programme_is_none_on_a_changed_one(name: str) -> None:
    of = load_scenario(name)
    assert of.grade != "assumption"
    looked_at = adjusted(of, {"assessment.weeks": [0, 8], "timing.weeks": 8, "who.teams": "all"})
    same = adjusted(of, {"conditions.protected_time": of.conditions.protected_time})
    assert (looked_at.grade, same.grade) == (of.grade, of.grade)
    for field in ("conditions.protected_time", "parameters.turnover_yearly"):
        changed = adjusted(of, {field: 0.125})
        assert changed.grade == "assumption"
        assert changed.source.endswith(f"changed here: {field}.")


def test_adding_a_scenario_is_adding_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(HEAD, encoding="utf-8")
    assert scenario_names(tmp_path) == ("mine",)
    assert load_scenario("mine", tmp_path).title == "a"


@pytest.mark.parametrize("length", [1, 2, 3])
def test_scenarios_that_extend_each_other_in_a_circle_are_refused(
    tmp_path: Path, length: int
) -> None:
    for number in range(length):
        text = f'extends = "s{(number + 1) % length}.toml"\n'
        (tmp_path / f"s{number}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="extends itself: s0 -> .*s0"):
        load_scenario(tmp_path / "s0.toml")


@pytest.mark.parametrize("name", scenario_names())
def test_the_text_of_a_scenario_loads_to_the_same_scenario(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario_from_text(scenario_text(scenario), name) == scenario
    assert scenario_from_text(scenario_text(scenario, comments=True), name) == scenario


def test_awkward_text_and_parameters_survive_the_text_form() -> None:
    words = 'A "quoted" \\ back, £, tab\t, newline\n, bell\x07, delete\x7f, # no comment'
    scenario = adjusted(
        load_scenario("usual-care"), {"description": words, "parameters.qpr_retest": 0.8}
    )
    assert scenario_from_text(scenario_text(scenario), "usual-care") == scenario


def test_the_template_loads_and_names_every_field() -> None:
    template = scenario_template()
    scenario = scenario_from_text(template, "mine")
    trial = load_scenario("refocus-as-delivered")
    assert scenario.training == trial.training
    assert scenario.support == trial.support
    assert scenario.title != trial.title
    for name, field in scenario_fields().items():
        if field.kind == "table":
            continue
        assert name.rsplit(".", 1)[-1] in template
    # What is commented out may be used as it stands.
    filled = "\n".join(
        line[2:] if line.startswith("# ") and " = " in line and "(" not in line else line
        for line in template.split("# Short title", 1)[1].splitlines()
    )
    assert scenario_from_text("# Short title" + filled, "mine").feasibility.flexible == "yes"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training.quality]\ndelivry = 1.0", "unknown field 'training.quality.delivry'; did you"),
        ("funding_end_week = 3", "did you mean 'conditions.funding_end_week'"),
        ("[whoo]\na = 1", "unknown field 'whoo'; did you mean 'who'"),
        ("[training.quality]\ndelivery = 1.4", r"delivery = 1.4: must be a number in \[0, 1\]"),
        ("[training.quality]\ndelivery = nan", r"delivery = nan: must be a number in \[0, 1\]"),
        ("[conditions]\nfunding_end_week = true", "funding_end_week = true: must be a whole"),
        ('[who]\nteams = "slected"', "one of none, .*; did you mean 'selected'"),
        ("who = 3", "who = 3: must be a table with fields such as who.teams"),
        (
            "[training.coaching]\nsessions = [{week = 1, days = 1}, {week = 0, days = 1}]",
            r"sessions\[2\].week = 0: must be a whole number in \[1, 1040\] \(week\)",
        ),
        (
            "[training.coaching]\nsessions = [{week = 3, days = 1}, {week = 3, days = 1}]",
            "training.coaching.sessions: week 3 stands twice",
        ),
        (
            "[training.coaching]\ntrainers = 1\nlived_experience_trainers = 2",
            "must not exceed trainers = 1",
        ),
        (
            "[support]\ntelephone = {first_week = 9, last_week = 8}",
            "support.telephone.last_week = 8: must not come before first_week = 9",
        ),
        ("[assessment]\nweeks = [52, 0]", r"assessment.weeks = \[52, 0\]: must ascend"),
        ("[assessment]\nweeks = []", "must name at least one week"),
        ("[assessment]\nweeks = [-1]", r"must lie in \[0, 1040\]"),
        ("[parameters]\nqpr_retst = 0.7", "unknown parameter 'qpr_retst'; .*'qpr_retest'"),
        ("[parameters]\nqpr_retest = 7.0", "'qpr_retest' = 7.0: must be a number in"),
        ("[parameters]\nqpr_retest = nan", "parameters.qpr_retest = nan: must be a finite number"),
        ('name = "x"', "unknown field 'name'"),
        ("extends = 3", "extends = 3: must name one scenario"),
        ('extends = "refocus-ful"', "unknown scenario 'refocus-ful'; did you mean 'refocus-full'"),
        ("a = [", "is not valid TOML"),
        ('"a\\nb" = 3', "unknown field 'a b'"),
    ],
)
def test_an_error_names_field_value_rule_and_nearest_name(text: str, message: str) -> None:
    extra, table = (text, "") if text[0] != "[" else ("", text)
    with pytest.raises(InputError, match=message) as raised:
        scenario_from_text(f"{extra}\n{HEAD}{table}", "mine")
    assert "\n" not in str(raised.value)


def test_a_missing_field_is_explained() -> None:
    with pytest.raises(InputError, match="field 'title' is missing: Short title.*3 more"):
        scenario_from_text("", "mine")


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("refocus-ful", "did you mean 'refocus-full'"),
        ("nowhere.toml", "does not exist"),
        ("folder", "unknown scenario 'folder'"),
    ],
)
def test_a_scenario_that_is_not_there(which: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_scenario(which)


def test_files_that_are_no_scenarios(tmp_path: Path) -> None:
    (tmp_path / "usual.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        load_scenario(tmp_path / "usual.toml")
    with pytest.raises(InputError, match="did you mean 'usual.toml'"):
        load_scenario(tmp_path / "usul.toml")
    with pytest.raises(InputError, match="is a folder"):
        load_scenario(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode()
    (tmp_path / "mine.toml").write_bytes(content)
    assert load_scenario(tmp_path / "mine.toml").title == "a"


def test_a_change_touches_nothing_else() -> None:
    base = load_scenario("refocus-as-delivered")
    changed = adjusted(base, {"support.telephone": {"intensity": 0.3}, "timing.waves": 2})
    before, after = flat(base.model_dump()), flat(changed.model_dump())
    assert {name for name in after if after[name] != before[name]} == {
        "assumptions",
        "grade",
        "source",
        "support.telephone.intensity",
        "timing.waves",
    }
    assert adjusted(base, {}) == base
    assert adjusted(base, {"training.coaching.trainers": None}).training.coaching.trainers is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conditions.funding_end_week=26", 26),
        ("training.quality.delivery = 0.25", 0.25),
        ("components.practices.goals=false", False),
        ("who.teams=all", "all"),
        ("assessment.weeks=[0, 26, 52]", [0, 26, 52]),
        ("parameters.qpr_retest=0.8", 0.8),
    ],
)
def test_a_choice_on_the_command_line(text: str, expected: Any) -> None:
    name, value = parse_choice(text)
    assert value == expected
    assert type(value) is type(expected)
    adjusted(load_scenario("refocus-as-delivered"), {name: value})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "must have the form field=value"),
        ("=3", "must have the form field=value"),
        ("conditions.funding_end=3", "did you mean 'conditions.funding_end_week'"),
        ("funding_end_week=3", "did you mean 'conditions.funding_end_week'"),
    ],
)
def test_a_choice_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_choice(text)


def test_entries_of_a_list_are_not_set_one_by_one() -> None:
    with pytest.raises(InputError, match="'sessions' is a list"):
        adjusted(
            load_scenario("refocus-as-delivered"),
            {"training.coaching.sessions.week": 3},
        )
