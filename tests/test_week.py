"""The table of the week, and the code of both engines that is written from it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings

from sim import week
from sim.agents import ServiceUser, Staff, Team, Trust
from sim.engines import week_source
from sim.engines.mesa_model import RecoveryModel
from sim.engines.posts import BLOCK, LANES, empty_posts, places
from sim.errors import InputError
from sim.link import Do, Let, Phase, phase
from sim.week import BEGIN, WEEK, rules_of
from sim.week_text import call, fields_of, names_read, phase_code
from tests.worlds import DTYPES, Recipe, State, first_difference, mesa_state, recipes

WEEKS = 6
AGENTS = {"trust": Trust, "team": Team, "staff": Staff, "service_user": ServiceUser}


@cache
def source() -> str:
    """Return the source to be compiled, written once for all tests."""
    return week_source.week_source()


def plain_week() -> tuple[dict[str, Callable[..., None]], list[tuple[int, ...]]]:
    """Return the functions of the source to be compiled, as plain Python, and their events."""
    noted: list[tuple[int, ...]] = []

    def note(_: Any, __: Any, at: int, team: int, *what: int) -> None:
        noted.append((at, team, *map(int, what)))

    def as_it_is(function: Any) -> Any:
        return function

    lines = source().splitlines()
    kept = [line for line in lines if "import compile_part" not in line]
    scope = {
        "compile_part": as_it_is,
        "compile_rule": as_it_is,
        "note": note,
        "post_of": lambda staff, number: staff[number],
        "lane_of": lambda staff, at: staff[at // BLOCK * LANES + at % BLOCK],
    }
    exec(compile("\n".join(kept), "<the compiled week, not compiled>", "exec"), scope)
    return scope, noted


def difference(recipe: Recipe) -> str:
    """Return the first difference between the agents and the source, run as plain Python."""
    functions, noted = plain_week()
    layout, p = recipe.layout(WEEKS), recipe.parameters()
    model = RecoveryModel(layout, p, recipe.seed, recipe.replication)
    counts = (len(layout.trusts), len(layout.teams), layout.staff, layout.users)
    state: State = {
        kind: np.zeros(count, dtype)
        for (kind, dtype), count in zip(DTYPES.items(), counts, strict=True)
    }
    # Every team begins a block of four posts.
    posts = np.zeros(len(empty_posts(layout)) // BLOCK * LANES, DTYPES["staff"])
    at = places(layout) // BLOCK * LANES + places(layout) % BLOCK
    for array in (*state.values(), posts):
        array.view(np.uint8).fill(0xAB)
    rows = [array.view(np.recarray) for array in (layout.trusts, layout.teams, layout.actions)]
    arrays = [array.view(np.recarray) for array in ({**state, "staff": posts}).values()]
    chance = (p, recipe.seed, recipe.replication)
    selection = (layout.selection_mode, layout.selection_value, layout.selection_reliability)
    nothing = np.zeros(0, np.int64)
    found = ""
    for now in range(WEEKS + 1):
        unused = (nothing, None, None, 0, None, None, [0], nothing)
        functions["run_world"](*arrays, *rows, *selection, *chance, now, now, *unused)
        state["staff"] = posts[at]
        if now > 0:
            model.step()
        found = found or first_difference(state, mesa_state(model), now)
    model.release()
    return found or ("" if sorted(noted) == sorted(model.events) else "events differ")


@given(recipes())
@settings(max_examples=10)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_the_source_gives_the_bits_of_the_agents_before_anything_is_compiled(
    recipe: Recipe,
) -> None:
    assert difference(recipe) == ""


def test_every_phase_is_a_method_of_its_agent_that_can_be_read_and_overridden() -> None:
    for one in (*BEGIN, *WEEK):
        method = getattr(AGENTS[one.who], one.name)
        assert inspect.getdoc(method) == one.meaning
        assert f"def {one.name}(self)" in inspect.getsource(method)
    heard = inspect.getsource(Staff.hear_colleagues)
    assert "peers = add_peer(peers, self.team.members[self.tie_0])" in heard
    assert "self.follow('hear_colleagues', pending_values, self, self.team, peers," in heard


def test_what_a_rule_of_the_table_sets_are_variables_of_its_agent() -> None:
    for one in (*BEGIN, *WEEK):
        for step in one.steps:
            if isinstance(step, Do):
                known = set(DTYPES[one.who].names or ())
                sets = (step.sets,) if step.sets else fields_of(step.rule)
                assert set(sets) <= known, step.rule.__name__


class Mood(NamedTuple):
    values: float


def mood(staff: Any, wether: float) -> Mood:
    """A rule that asks for something nobody has."""
    return Mood(wether)


def like_the_leader(staff: Any, leader: Any) -> Mood:
    """A rule that looks at a colleague."""
    return Mood(leader.values)


def weather(p: Any) -> float:
    """Not a rule of the model."""
    return 1.0


def silent(staff: Any):  # type: ignore[no-untyped-def]
    """Do not say what is set."""


def test_an_input_that_the_phase_does_not_know_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"input of the rule mood 'wether'; did you mean 'weather"):
        phase_code(phase("feel", "staff", "Feel.", Let("weather", weather), Do(mood)))
    with pytest.raises(InputError, match="unknown input of the rule mood 'wether'"):
        call(mood, {"staff": "staff"})
    with pytest.raises(InputError, match="silent: must be annotated"):
        fields_of(silent)


def test_a_rule_that_returns_a_number_sets_the_variable_that_its_step_names() -> None:
    code = phase_code(phase("feel", "staff", "Feel.", Do(weather, sets="values")))
    assert [ast.unparse(one) for one in code] == ["world.follow(staff, weather(p), 'values')"]
    names = week_source.IN_TEAM
    assert week_source.Compiled("staff", names).rewritten(code) == ["staff.values = weather(p)"]
    with pytest.raises(InputError, match="weather: must be annotated with the named tuple"):
        fields_of(weather)


def names(stretches: list[list[Phase]]) -> list[list[str]]:
    return [[one.name for one in stretch] for stretch in stretches]


def test_a_stretch_ends_where_a_phase_looks_at_others() -> None:
    found = names(week_source.stretches(WEEK))
    for alone in ("show_commitment", "come_and_go", "hear_colleagues"):
        assert [alone] in found
    assert [len(one) for one in found] == [1, 1, 8, 1, 7]
    led = phase("follow", "staff", "Follow the leader.", Do(like_the_leader))
    assert names(week_source.stretches([WEEK[13], led, WEEK[14]])) == [
        ["retain"],
        ["follow"],
        ["intend"],
    ]
    # Users look at the staff of their own team, who are done by then.
    users = [one for one in WEEK if one.who == "service_user"]
    assert names(week_source.stretches(users)) == [[one.name for one in users]]


def test_a_named_tuple_holds_what_rules_read_and_no_more() -> None:
    attend = next(one for one in WEEK if one.name == "attend")
    read = names_read(rules_of([attend]), ("session_held", "norms", "participation_propensity"))
    assert read == ("session_held", "participation_propensity")


def test_four_people_are_worked_out_at_once_where_everybody_follows_the_same_rules() -> None:
    abreast = [one.name for one in WEEK if week_source.is_side_by_side(one)]
    assert abreast == [
        "come_and_go",
        "get_ready",
        "settle_values",
        "retain",
        "intend",
        "act",
    ]
    # Who attends draws, others do not; an act that is not the last might change what follows.
    come_and_go = next(one for one in WEEK if one.name == "come_and_go")
    employed, left, arrived = come_and_go.steps
    for steps in ((employed, arrived, left), (left, employed), (arrived._replace(rises=""),)):
        assert not week_source.is_side_by_side(come_and_go._replace(steps=steps))


@pytest.mark.parametrize(
    ("trusts", "ends"),
    [
        ([0, 0, 1, 1, 1, 2], [2, 5, 6]),
        ([0, 1, 0, 1, 2, 2], [4, 6]),
        ([1, 0, 0, 2, 1, 3], [5, 6]),
        ([2, 1, 0], [1, 2, 3]),
    ],
)
def test_teams_that_may_look_at_each_other_run_together(trusts: list[int], ends: list[int]) -> None:
    teams = [SimpleNamespace(trust=one) for one in trusts]
    rows = [SimpleNamespace(teams=trusts.count(one)) for one in range(max(trusts) + 1)]
    found = [0]
    while found[-1] < len(teams):
        found.append(week.end_of_trusts(teams, rows, found[-1]))
    assert found[1:] == ends


ALLOWED_CALLS = {"range", "len", "namedtuple", "int", "float", "note"}


def test_the_source_can_be_read_by_another_language() -> None:
    """Loops, branches, assignments, rules and records: nothing that a translation could not say."""
    tree = ast.parse(source())
    functions = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    # Named tuples, and what is written down of a world.
    made = {
        target.id
        for one in tree.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    imported = {
        alias.name for one in tree.body if isinstance(one, ast.ImportFrom) for alias in one.names
    }
    for function in (one for one in tree.body if isinstance(one, ast.FunctionDef)):
        for node in ast.walk(function):
            assert not isinstance(
                node, ast.ListComp | ast.Lambda | ast.While | ast.Try | ast.With | ast.Yield
            )
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id in functions | imported | made | ALLOWED_CALLS, node.func.id
    assert max(map(len, source().splitlines())) <= week_source.WIDTH


def test_the_table_is_printed_with_every_phase_and_step() -> None:
    text = week_source.table_text()
    for one in (*BEGIN, *WEEK):
        assert f"{one.name:<17} {one.meaning}" in text
    assert "note 'goal reached', when goals_reached rises" in text
    assert "learning, when attended" in text
    assert "sums: add_member over members" in text


def test_the_source_stands_beside_the_compiled_code_and_is_left_alone_when_it_is_there(
    tmp_path: Path,
) -> None:
    from sim.engines.compiled import NAME, kept_beside, load

    path = kept_beside(tmp_path, "one = 1\n")
    before = path.stat().st_mtime_ns
    assert (path.name, path.read_text(encoding="utf-8")) == (f"{NAME}.py", "one = 1\n")
    assert kept_beside(tmp_path, "one = 1\n").stat().st_mtime_ns == before
    assert kept_beside(tmp_path, "one = 2\n").read_text(encoding="utf-8") == "one = 2\n"
    assert list(tmp_path.iterdir()) == [path]
    assert load("two = 2\n", None).two == 2
    assert vars(week)["WEEK"] is WEEK
