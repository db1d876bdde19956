"""The compiled week, written as Python source from the table in `sim.week`.

One function for each stretch of the week, with a loop over teams: phases of the same people in a
row share a loop over places, and a stretch ends where a phase looks at other teams (or, among
staff, at colleagues), which must all have finished what came before. That a phase looks at others
is seen from its steps: only sums over ties, a colleague's `leader`, and `world.member`,
`world.member_of`, `world.team` and `world.other_team` lead to somebody else. Nobody looks beyond
the own trust, so a week's stretches follow each other trust by trust, while its staff are still
close to the processor.

What rules read of parameters, action, team and trust is copied into named tuples before a loop.
Storing in one record might change any other, as far as the compiler can tell, so that it would work
out everything anew for each person; what is in a named tuple cannot change.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import NamedTuple

from sim import events, streams, week
from sim.engines.posts import LANES
from sim.link import Act, Do, Each, Kind, Let, Note, Phase, Rule, Step, Sum
from sim.mechanisms import flow
from sim.parameters import registry
from sim.state import ACTION, KINDS, TEAM, TRUST
from sim.week import rules_of
from sim.week_text import (
    OWN,
    Rewriter,
    act_code,
    call,
    called_acts,
    fields_of,
    indented,
    named,
    names_read,
    phase_code,
    rule_body,
    sum_lines,
    vocabulary,
    world_call,
)

WIDTH = 100
# In the order in which functions of the source take them.
ARGUMENTS = (
    "start",
    "end",
    "place",
    "user",
    "index",
    "team",
    "row",
    "first",
    "action",
    "all_trusts",
    "all_teams",
    "all_staff",
    "all_users",
    "trust_rows",
    "team_rows",
    "actions",
    "p",
    "seed",
    "replication",
    "week",
    "events",
    "count",
)
WORLD = ARGUMENTS[9:]
NUMBERS = "(seed, replication, {}, {}, {}, {})"
IN_TEAM = {"leader": "post_of(all_staff, first)", "world.row": "row"}
SNAPSHOTS = {
    "p": ("Parameters", lambda: registry()),
    "action": ("Action", lambda: [one.name for one in ACTION]),
    "team": ("Team", lambda: [one.name for one in TEAM]),
    "trust": ("Trust", lambda: [one.name for one in TRUST]),
}
OF_A_TEAM = ("action", "team", "trust")
LOOKS_AT_OTHERS = {
    "trust": set(),
    "team": {"member_of", "team", "other_team"},
    "staff": {"member", "member_of", "team", "other_team"},
    "service_user": {"member_of", "team", "other_team"},
}


class Compiled(Rewriter):
    """Writes code over arrays of records."""

    def follow(self, agent: str, rule: str, inputs: list[str], sets: str) -> str:
        """Return the code of following a rule: its fields are stored one by one."""
        if sets:
            return f"{agent}.{sets} = {rule}({', '.join(inputs)})"
        new = f"new_{rule}"
        stored = [f"{agent}.{name} = {new}.{name}" for name in fields_of(named(rule))]
        return "\n".join([f"{new} = {rule}({', '.join(inputs)})", *stored])

    def note(self, event: str) -> str:
        """Return the code of adding an event."""
        who = "NOBODY, NOBODY" if self.kind == "team" else f"place, {self.own}.generation"
        return f"note(events, count, week, index, {event}, {who})"

    def act(self, name: str) -> str:
        """Return the code of an act: written out here, or called where several do it."""
        function = named(name)
        if function in called_acts():
            return f"{name}({', '.join(arguments_of(act_function(function)))})"
        names = self.names if function not in rare_acts() else IN_TEAM
        return "\n".join(Compiled(self.kind, names).rewritten(act_code(function)))

    def loop(self, over: str, one: str, body: str) -> str:
        """Return the code of a loop."""
        if over == "members":
            return "\n".join(posts_loop(one, body.splitlines()))
        return "\n".join(
            [
                "for number in range(len(all_teams)):",
                "    if all_teams[number].trust == index:",
                *indented(action_lines("all_teams[number]"), 2),
                *indented(body.splitlines(), 2),
            ]
        )

    def key(self, agent: str) -> str:
        """Return the code of the key of the person in a place."""
        return person_key(agent, f"{agent}.place")

    def key_of(self, low: str, high: str) -> str:
        """Return the code of a key."""
        return NUMBERS.format(low, high, 0, 0)

    def member(self, place: str) -> str:
        """Return the code of a member."""
        return f"post_of(all_staff, first + {place})"

    def member_of(self, number: str, place: str) -> str:
        """Return the code of a member of another team."""
        first = f"first_post(team_rows[{number}].staff_start, {number})"
        return f"post_of(all_staff, {first} + {place})"

    def team(self, number: str) -> str:
        """Return the code of a team."""
        return f"all_teams[{number}]"

    def row_of(self, number: str) -> str:
        """Return the code of a team's row of the layout."""
        return f"team_rows[{number}]"

    def other_team(self, key: str, at: str) -> str:
        """Return the code of looking for another team."""
        return f"other_team({key}, index, all_teams, {at})"

    def coordinator(self, choice: str) -> str:
        """Return the code of looking for a coordinator."""
        return f"coordinator(all_staff, first, row.staff, {choice})"


PLACE = f"place = block * {LANES} + lane - first"
BLOCKS = "for block in range(first >> 2, (first + posts + 3) >> 2):"
ONE_LANE = "{} = lane_of(all_staff, block * BLOCK + lane)"


def posts_loop(one: str, body: Sequence[str]) -> list[str]:
    """Return the code of a loop over a team's posts, each called `one`."""
    return [
        BLOCKS,
        f"    for lane in range({LANES}):",
        f"        {PLACE}",
        "        if place < posts:",
        f"            {ONE_LANE.format(one)}",
        *indented(list(body), 3),
    ]


def person_key(agent: str, place: str) -> str:
    """Return the code of a person's random-number key."""
    return NUMBERS.format("team.key_low", "team.key_high", place, f"{agent}.generation")


def action_lines(team: str) -> list[str]:
    """Return the code that finds what the scenario does in a team this week."""
    return [
        f"programme, since = programme_week({team}, actions.shape[1], week)",
        "action = actions[programme, since]",
    ]


def rare_acts() -> set[Rule]:
    """Return the acts that happen only when a count rises: they need no named tuples."""
    return {
        step.function
        for phase in week.WEEK
        for step in phase.steps
        if isinstance(step, Act) and step.rises
    }


def usual_rules(phases: Sequence[Phase]) -> list[Rule]:
    """Return the rules and acts of phases that do not wait for a count to rise."""
    return [rule for rule in rules_of(phases) if rule not in rare_acts()]


def code_of(phase: Phase) -> list[ast.stmt]:
    """Return what a phase does in the language of acts, its acts written out."""
    acts = [step.function for step in phase.steps if isinstance(step, Act)]
    return [*phase_code(phase), *(one for function in acts for one in act_code(function))]


def looks_at_others(phase: Phase) -> bool:
    """Return whether a phase looks at somebody whose turn in it may come before or after."""
    return any(
        world_call(node)[0] in LOOKS_AT_OTHERS[phase.who]
        # The leader is a colleague like any other.
        or (phase.who == "staff" and isinstance(node, ast.Name) and node.id == "leader")
        for statement in code_of(phase)
        for node in ast.walk(statement)
    )


def stretches(phases: Iterable[Phase]) -> list[list[Phase]]:
    """Return phases cut where everybody must have finished before anybody goes on."""
    found: list[list[Phase]] = []
    alone = True
    for phase in phases:
        if not phase.steps:
            continue
        apart = looks_at_others(phase) or phase.who == "trust"
        if alone or apart:
            found.append([])
        found[-1].append(phase)
        alone = apart
    return found


class Posts(ast.NodeTransformer):
    """Looks staff up as the compiled week holds them (`sim.engines.posts`)."""

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """Leave types out: they are not imported."""
        return ast.arg(node.arg)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Turn ``staff[place]`` into a post."""
        return ast.parse(f"post_of(staff, {ast.unparse(node.slice)})", mode="eval").body


def coordinator_text() -> str:
    """Return the source of `sim.week.coordinator` for staff in blocks."""
    tree = Posts().visit(ast.parse(inspect.getsource(week.coordinator)))
    return f"@compile_part\n{ast.unparse(tree)}"


class Source(NamedTuple):
    """A function of the source: its name, what it says of itself, and its body."""

    name: str
    meaning: str
    body: list[str]


def names_in(lines: Iterable[str]) -> set[str]:
    """Return the plain names that code reads."""
    tree = ast.parse(textwrap.dedent("\n".join(lines)))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def arguments_of(source: Source) -> list[str]:
    """Return the arguments that a function needs, in their order."""
    stored = {
        node.id
        for node in ast.walk(ast.parse("\n".join(source.body)))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    read = names_in(source.body) - stored
    return [name for name in ARGUMENTS if name in read]


def snapshot_lines(
    label: str, rules: Sequence[Rule], body: list[str], kinds: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the named tuples of some code, and the lines that fill them: those of `kinds`."""
    used = names_in(body)
    types, lines = [], []
    for name in kinds:
        suffix, known = SNAPSHOTS[name]
        if f"{name}_now" not in used:
            continue
        fields = names_read(rules, known())
        types.append(f"{label}{suffix} = namedtuple({f'{label}{suffix}'!r}, {list(fields)!r})")
        values = ", ".join(f"{name}.{one}" for one in fields)
        lines.append(f"{name}_now = {label}{suffix}({values})")
    return types, lines


def title(phase: Phase) -> str:
    """Return a name for what is read in a loop that begins with a phase."""
    return "".join(word.capitalize() for word in f"{phase.who}_{phase.name}".split("_"))


def stretch_name(phases: Sequence[Phase]) -> str:
    """Return the name of a stretch."""
    first, last = phases[0], phases[-1]
    name = f"{first.who}_{first.name}"
    return name if first is last else f"{name}_to_{last.who}_{last.name}"


def fresh_lines(kind: Kind) -> list[str]:
    """Return the code that sets every variable of an agent to its value before anything begins."""
    own = OWN[kind]
    values = {one.name: "0.0" if one.kind == "real" else "0" for one in KINDS[kind]}
    if "place" in values:
        values["place"] = "place"
    return [f"{own}.{name} = {value}" for name, value in values.items()]


def is_rare(step: Step) -> bool:
    """Return whether a step waits for a condition or a rise, and sets nothing until then."""
    if isinstance(step, Act):
        return bool(step.rises)
    return isinstance(step, Note) and bool(step.rises or step.when)


def draws_for_all(rule: Rule) -> bool:
    """Return whether a rule draws nothing, or first of all, for everybody, and once."""
    if "key" not in inspect.signature(rule).parameters:
        return True
    body = rule_body(rule)
    later = [node.id for one in body[1:] for node in ast.walk(one) if isinstance(node, ast.Name)]
    return isinstance(body[0], ast.Assign) and "key" not in later


def is_side_by_side(phase: Phase) -> bool:
    """Return whether a phase of staff is rules in a row for everybody, then perhaps rare steps.

    Rules may draw as long as all do; nobody looks at others before an act, which comes last.
    """
    usual = [step for step in phase.steps if not is_rare(step)]
    return (
        phase.who == "staff"
        and [*usual, *rare_steps(phase)] == list(phase.steps)
        and not any(isinstance(step, Act) for step in phase.steps[:-1])
        and all(
            isinstance(step, Let) or (isinstance(step, Do) and step.when is None) for step in usual
        )
        and all(
            draws_for_all(rule) and "leader" not in inspect.signature(rule).parameters
            for rule in rules_of([phase])
            if rule not in rare_acts()
        )
    )


def rare_steps(phase: Phase) -> list[Step]:
    """Return the rare steps of a phase."""
    return [step for step in phase.steps if is_rare(step)]


def lane_lines(phases: Sequence[Phase]) -> tuple[list[str], list[str]]:
    """Return the named tuples and the code of a loop over staff who are worked out side by side.

    All that rules read is taken from a post first and all that they set is stored at the end; in
    between there is arithmetic alone, which the compiler does for the four of a block at once. Who
    of the four does something rare is kept in the bits of whole numbers, and done after that.
    """
    who = phases[0].who
    own = OWN[who]
    variables = [one.name for one in KINDS[who]]
    known = {name: f"{name}_now" for name in SNAPSHOTS} | {"key": "key", "week": "week"}
    types: list[str] = []
    body: list[str] = []
    read: set[str] = set()
    set_here: list[str] = []

    def called(rule: Rule) -> str:
        """Return the call of a rule with those values of the person that it reads."""
        if own in inspect.signature(rule).parameters:
            fields = names_read([rule], variables) or (variables[0],)
            label = f"{''.join(map(str.capitalize, rule.__name__.split('_')))}Staff"
            types.append(f"{label} = namedtuple({label!r}, {list(fields)!r})")
            known[own] = f"{label}({', '.join(f'{one}_now' for one in fields)})"
            read.update(one for one in fields if one not in set_here)
        return call(rule, known)

    rare = rare_steps(phases[-1])
    for phase in phases:
        for step in phase.steps:
            if isinstance(step, Let):
                body.append(f"{step.name} = {called(step.rule)}")
                known[step.name] = step.name
            elif isinstance(step, Do):
                rule = step.rule
                names = [step.sets] if step.sets else list(fields_of(rule))
                if step.sets:
                    body.append(f"{step.sets}_now = {called(rule)}")
                else:
                    body.append(f"new_{rule.__name__} = {called(rule)}")
                    body += [f"{name}_now = new_{rule.__name__}.{name}" for name in names]
                set_here += [name for name in names if name not in set_here]
    awaited = [mark_of(step) for step in rare]
    conditions = {
        mark: called(when) if when else f"{rises}_now > {rises}_before"
        for mark, when, rises in awaited
    }
    marks = [f"{name} = {name} | int({text}) << lane" for name, text in conditions.items()]
    risen = sorted({rises for _, _, rises in awaited if rises})
    read.update(risen)
    before = [f"{name}_before = {name}_now" for name in risen]
    keys: list[str] = []
    if "key" in names_in([*body, *marks]):
        # That these are words of 32 bits is said, so that four products fit side by side.
        keys = [f"{name}_word = {name} & {streams.MASK32}" for name in ("seed", "replication")]
        keys += [f"{name}_word = team.key_{name} & {streams.MASK32}" for name in ("low", "high")]
        words = "seed_word, replication_word, low_word, high_word"
        before += [PLACE, f"key = ({words}, place, generation_now)"]
        read.add("generation")
    more, taken = snapshot_lines(title(phases[0]), usual_rules(phases), body + marks, OF_A_TEAM)
    loads = [f"{name}_now = {own}.{name}" for name in variables if name in read]
    stores = [f"{own}.{name} = {name}_now" for name in set_here]
    return [*types, *more], [
        *taken,
        *keys,
        BLOCKS,
        *indented(
            [
                *(f"{name} = 0" for name in conditions),
                f"for lane in range({LANES}):",
                f"    {ONE_LANE.format(own)}",
                *indented([*loads, *before, *body, *stores, *marks]),
                *rare_lines(phases[-1], rare, [mark for mark, _, _ in awaited]),
            ]
        ),
    ]


def rare_lines(phase: Phase, rare: Sequence[Step], marks: Sequence[str]) -> list[str]:
    """Return the code of the rare steps of a phase, for those of a block whose bits are set."""
    names = {**IN_TEAM, **{name: f"{name}_now" for name in SNAPSHOTS}}
    if not rare:
        return []
    lines: list[str] = []
    for step, mark in zip(rare, marks, strict=True):
        (done,) = phase_code(phase._replace(steps=(at_once(step),)))
        test = f"if place < posts and {mark} >> lane & 1 == 1:\n    {ast.unparse(done)}"
        lines += Compiled(phase.who, names).rewritten(ast.parse(test).body)
    return [
        f"if {' | '.join(sorted(set(marks)))} > 0:",
        f"    for lane in range({LANES}):",
        f"        {PLACE}",
        f"        {ONE_LANE.format(OWN[phase.who])}",
        *indented(lines, 2),
    ]


def mark_of(step: Step) -> tuple[str, Rule | None, str]:
    """Return the name of what is kept of who a rare step is for: its condition, or what rises."""
    assert isinstance(step, Note | Act)
    when = step.when if isinstance(step, Note) and not step.rises else None
    return (f"{step.rises}_rose" if when is None else f"is_{when.__name__}"), when, step.rises


def at_once(step: Step) -> Step:
    """Return a rare step without what it waits for."""
    if isinstance(step, Note):
        return step._replace(rises="", when=None)
    assert isinstance(step, Act)
    return step._replace(rises="")


def loop_lines(
    phases: Sequence[Phase], total: Phase | None, begins: bool
) -> tuple[list[str], list[str]]:
    """Return the named tuples and the code of one loop over people.

    `phases`: phases of the same people; `total`: phase of the team that follows and begins with
    a sum over members: it is made in this loop; `begins`: whether people begin here.
    """
    if total is None and all(map(is_side_by_side, phases)):
        return lane_lines(phases)
    who = phases[0].who
    own = OWN[who]
    # Who begins does so once: without named tuples a newcomer's rules are compiled for both.
    names = IN_TEAM if begins else {**IN_TEAM, **{name: f"{name}_now" for name in SNAPSHOTS}}
    inside = fresh_lines(who) if begins else []
    body: list[str] = []
    for phase in phases:
        body += Compiled(who, names).rewritten(phase_code(phase))
    rules = usual_rules(phases)
    before: list[str] = []
    if total is not None:
        step = total.steps[0]
        assert isinstance(step, Sum)
        start, _, add = sum_lines(step, {name: name for name in ("team", "action", "p", "week")})
        before = [start]
        body += Compiled(who, {**names, "member": own}).rewritten(ast.parse(add.strip()).body)
        rules += [step.add]
    if "key" in names_in(body):
        inside += [f"key = {person_key(own, 'place')}"]
    types, taken = snapshot_lines(title(phases[0]), rules, body, OF_A_TEAM)
    if who == "staff":
        return types, [*taken, *before, *posts_loop(own, inside + body)]
    one = f"{own} = all_users[row.user_start + place]"
    users = ["for place in range(row.users):", *indented([one, *inside, *body])]
    return types, [*taken, *before, *users]


def team_function(phases: Sequence[Phase], begun: set[Kind]) -> tuple[list[str], Source]:
    """Return the named tuples and the function of a stretch that runs team by team.

    `begun` holds the kinds of agents that have begun; None are given for the week itself.
    """
    types: list[str] = []
    lines: list[str] = []
    in_team = {**IN_TEAM, "key": TEAM_KEY}
    if begun.issuperset(one.who for one in phases):
        in_team["p"] = "p_now"
    left = list(phases)
    while left:
        phase = left.pop(0)
        if phase.who == "team":
            if "team" not in begun:
                lines += fresh_lines("team")
                begun.add("team")
            lines += Compiled("team", in_team).rewritten(phase_code(phase))
            continue
        together = [phase]
        abreast = is_side_by_side(phase)
        while (
            left
            and left[0].who == phase.who
            and is_side_by_side(left[0]) == abreast
            and not (abreast and rare_steps(together[-1]))
        ):
            together.append(left.pop(0))
        total = None
        if left and left[0].who == "team" and phase.who == "staff" and not abreast:
            first = left[0].steps[0]
            if isinstance(first, Sum) and first.over == "members":
                total = left.pop(0)
        begins = phase.who not in begun
        begun.add(phase.who)
        found, loop = loop_lines(together, total, begins)
        types += found
        lines += loop
        if total is not None:
            lines += Compiled("team", in_team).rewritten(phase_code(total, skip_sum=True))
    # Parameters are the same for all teams: what rules make of them alone is worked out once.
    more, taken = snapshot_lines(title(phases[0]), usual_rules(phases), lines, ["p"])
    head = ["team = all_teams[index]", "row = team_rows[index]"]
    used = names_in(lines)
    if "first" in used:
        head.append("first = first_post(row.staff_start, index)")
    if "posts" in used:
        # What is stored in a post might change the row, as far as the compiler can tell.
        head.append("posts = row.staff")
    if "trust" in used:
        head.append("trust = all_trusts[row.trust]")
    if "action" in used:
        head += action_lines("team")
    meaning = "; ".join(f"{one.who}: {one.name}" for one in phases)
    loop = ["for index in range(start, end):", *indented([*head, *lines])]
    return [*more, *types], Source(stretch_name(phases), meaning, [*taken, *loop])


TEAM_KEY = NUMBERS.format("team.key_low", "team.key_high", 0, 0)
TRUST_NAMES = {
    "teams": "trust_rows[index].teams",
    "world.row": "trust_rows[index]",
    "key": NUMBERS.format("trust.key_low", "trust.key_high", 0, 0),
}


def trust_function(phases: Sequence[Phase], begun: set[Kind]) -> Source:
    """Return the function of a stretch that runs trust by trust."""
    lines = ["trust = all_trusts[index]"]
    if "trust" not in begun:
        lines += fresh_lines("trust")
        begun.add("trust")
    for phase in phases:
        lines += Compiled("trust", TRUST_NAMES).rewritten(phase_code(phase))
    loop = ["for index in range(len(all_trusts)):", *indented(lines)]
    return Source(stretch_name(phases), "; ".join(f"trust: {one.name}" for one in phases), loop)


def act_function(function: Rule) -> Source:
    """Return the function of an act that several do."""
    lines = Compiled(called_acts()[function], IN_TEAM).rewritten(act_code(function))
    return Source(function.__name__, str(function.__doc__), lines)


def passes(phases: Sequence[Phase], begun: set[Kind]) -> tuple[list[str], list[Source], list[str]]:
    """Return the named tuples and functions of phases, and the lines that call these."""
    weekly = bool(begun)
    types: list[str] = []
    functions: list[Source] = []
    calls: list[str] = []
    of_teams: list[str] = []
    for stretch in stretches(phases):
        if stretch[0].who == "trust":
            function = trust_function(stretch, begun)
            calls += by_group(of_teams) if weekly else of_teams
            calls.append(call_of(function))
            of_teams = []
        else:
            found, function = team_function(stretch, begun)
            types += found
            of_teams.append(call_of(function))
        functions.append(function)
    return types, functions, calls + (by_group(of_teams) if weekly else of_teams)


def call_of(function: Source) -> str:
    """Return the line that calls a function of the source."""
    return f"{function.name}({', '.join(arguments_of(function))})"


def by_group(calls: Sequence[str]) -> list[str]:
    """Return the lines that call functions of teams for one trust after the other."""
    if not calls:
        return []
    return [
        "end = 0",
        "for start in range(len(all_teams)):",
        "    if start == end:",
        "        end = end_of_trusts(team_rows, trust_rows, start)",
        *indented(list(calls), 2),
    ]


def function_text(source: Source, given: Sequence[str], decorator: str = "compile_part") -> str:
    """Return the text of a function."""
    meaning = source.meaning
    if "\n" not in meaning:
        meaning = textwrap.fill(meaning, WIDTH - 10, subsequent_indent="    ")
    lines = [f'"""{meaning}"""', *source.body]
    return "\n".join([f"@{decorator}", f"def {source.name}({', '.join(given)}):", *indented(lines)])


TAKING_PART = [
    "room = np.empty(len(all_teams))",
    "starts = np.empty(len(all_teams), np.int64)",
    "select_teams(all_teams, room, mode, value, reliability, p, seed, replication)",
    "order_teams(all_teams, all_users, team_rows, room, starts, reliability, p, seed, replication)",
]
ASSESSMENTS = """\
if every_week == 1:
    observe_team_weeks(all_trusts, all_teams, all_staff, all_users, team_rows, p, team_weeks[week])
if following < assessments.shape[0] and assessments[following] == week:
    assess_users(
        all_teams, all_staff, all_users, team_rows, p, seed, replication, week, scores[following],
        flags[following]
    )
    if staff_rows.shape[0] > 0:
        assess_staff(
            all_teams, all_staff, team_rows, p, seed, replication, week, staff_rows[following]
        )
    following += 1""".splitlines()
OBSERVING = ("observe_team_weeks", "assess_users", "assess_staff")
LAYOUT = ("trust_rows", "team_rows", "actions", "mode", "value", "reliability")
STATE = ("all_trusts", "all_teams", "all_staff", "all_users")
RESULTS = (
    "assessments",
    "scores",
    "flags",
    "every_week",
    "team_weeks",
    "events",
    "count",
    "staff_rows",
)
RUN_WORLD = """\
Run one world and write assessments and team-weeks.

    A world that was run to a week, and perhaps looked at and changed, goes on from the next.

    Parameters
    ----------
    all_trusts, all_teams, all_staff, all_users
        State arrays to work in; a beginning overwrites what they hold.
    trust_rows, team_rows, actions, mode, value, reliability
        The layout.
    p
        Parameter record.
    seed, replication
        Key of the world.
    since, weeks
        First and last week to run; the world begins in week 0.
    assessments
        Weeks of assessment, ascending.
    scores, flags
        Output of shape (assessments, users) and (assessments, users, 6).
    every_week
        1 to write team-weeks after every week, 0 not at all.
    team_weeks
        Output of shape (weeks + 1, teams), or (0, teams).
    events, count
        Output of events and their number; with no room only the number is kept.
    staff_rows
        Output of shape (assessments, posts), or (0, posts).
    """


def imports(body: str) -> str:
    """Return the import statements of what the source uses."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    acts = {one.__name__ for one in called_acts()}
    groups: dict[str, list[str]] = {}
    for name in sorted(used):
        if name not in vocabulary() or name in vars(events) or name in {*acts, "coordinator"}:
            continue
        value = named(name)
        if callable(value):
            groups.setdefault(value.__module__, []).append(name)
        elif isinstance(value, int):
            groups.setdefault(home_of(name).__name__, []).append(name)
    return "\n".join(
        f"from {module} import ({', '.join(names)})" for module, names in sorted(groups.items())
    )


def home_of(name: str) -> ModuleType:
    """Return the module that a constant of the week comes from."""
    return next(module for module in (streams, flow) if name in vars(module))


def broken(line: str) -> str:
    """Return a line broken after commas where it is too long; all commas are within brackets."""
    if len(line) <= WIDTH or '"""' in line:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    joined = re.sub("(?<!,) ", "\0", line.strip())
    return textwrap.fill(
        joined,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        break_long_words=False,
        break_on_hyphens=False,
    ).replace("\0", " ")


def week_source() -> str:
    """Return the source of the compiled week.

    Raises
    ------
    InputError
        When a rule in the table asks for something that its phase does not know, or does not say
        what it sets.
    """
    types, functions, weekly = passes(week.WEEK, {"trust", "team", "staff", "service_user"})
    begin_types, begin_functions, beginning = passes(week.BEGIN, set())
    parts = [
        coordinator_text(),
        *(
            function_text(one, arguments_of(one))
            for one in (
                *map(act_function, called_acts()),
                *begin_functions,
                *functions,
            )
        ),
    ]
    given_begin = (*STATE, *LAYOUT, "p", "seed", "replication")
    meaning = "Fill the state arrays with the people of a world."
    everybody = ["week = START", "start = START", "end = len(all_teams)"]
    begin = Source("begin_world", meaning, [*everybody, *beginning, *TAKING_PART])
    parts.append(function_text(begin, given_begin))
    run_week = Source("run_week", "Run one week of one world.", weekly)
    given_week = (*STATE, *LAYOUT[:3], *WORLD[7:])
    parts.append(function_text(run_week, given_week))
    world = Source(
        "run_world",
        RUN_WORLD,
        [
            "if since == 0:",
            "    count[0] = 0",
            f"    begin_world({', '.join(given_begin)})",
            "following = 0",
            "for before in range(assessments.shape[0]):",
            "    if assessments[before] < since:",
            "        following = before + 1",
            "for week in range(since, weeks + 1):",
            "    if week > 0:",
            f"        run_week({', '.join(given_week)})",
            *indented(ASSESSMENTS),
        ],
    )
    given = (*STATE, *LAYOUT, "p", "seed", "replication", "since", "weeks", *RESULTS)
    parts.append(function_text(world, given, "compile_rule"))
    code = "\n\n\n".join(parts)
    event_names = [
        name for name in vars(events) if re.search(rf"\b{name}\b", code) and name.isupper()
    ]
    head = "\n".join(
        [
            '"""The week and the start of a world, written by `week_source` from `sim.week`."""',
            "",
            "from collections import namedtuple",
            "",
            "import numpy as np",
            "",
            "from sim import events as kinds",
            "from sim.engines import observing",
            "from sim.engines.posts import BLOCK, first_post",
            "from sim.engines.rules import compile_part, compile_rule, lane_of, note, post_of",
            imports(code),
            "",
            "# Typed, so that what gets them is compiled once.",
            "START = np.int64(0)",
            "NOBODY = np.int64(-1)",
            *(f"{name} = np.int64(kinds.{name})" for name in event_names),
            *(f"{name} = compile_part(observing.{name})" for name in OBSERVING),
            "",
            *begin_types,
            *types,
        ]
    )
    return "\n".join(broken(line) for line in f"{head}\n\n\n{code}\n".splitlines()) + "\n"


def table_text() -> str:
    """Return the start of a world and the week as a table of phases."""
    return "\n".join(
        ["The start of a world", *phase_lines(week.BEGIN), "", "A week", *phase_lines(week.WEEK)]
    )


def phase_lines(phases: Iterable[Phase]) -> list[str]:
    """Return the rows of a table of phases, a step a line."""
    lines = []
    for number, one in enumerate(phases, 1):
        steps = [step_text(step) for step in one.steps] or ["no rule: the engine looks it up"]
        lines.append(f"  {number:>2}  {one.who:<13} {one.name:<17} {one.meaning}")
        lines += [f"{'':37}{step}" for step in steps]
    return lines


def step_text(step: Step) -> str:
    """Return a step in words."""
    if isinstance(step, Sum):
        return f"{step.name}: {step.add.__name__} over {step.over}"
    if isinstance(step, Let):
        return f"{step.name}: {step.rule.__name__}"
    if isinstance(step, Each):
        return f"{step.rule.__name__} for each member, when {step.when.__name__}"
    if isinstance(step, Do):
        return f"{step.rule.__name__}{f', when {step.when.__name__}' if step.when else ''}"
    done = (
        f"note {events.EVENT_NAMES[step.event]!r}"
        if isinstance(step, Note)
        else step.function.__name__
    )
    if step.rises:
        return f"{done}, when {step.rises} rises"
    return f"{done}, when {step.when.__name__}" if isinstance(step, Note) and step.when else done
