"""Draw the theory from the rules themselves, and write its table: what each rule reads and writes.

Which variable a rule moves is found by trying: its inputs are changed one at a time, at many random
points, and what then comes out differently depends on it. An arrow that the rules do not have
cannot be drawn, and one that they have is not left out. Run ``python -m docs.build_theory`` after a
change to a rule.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch
from xml.sax.saxutils import escape

import numpy as np

from docs.build_odd import rules as described_rules
from docs.marked import main, table
from sim.link import Act, Do, Kind, Let, Phase, Sum
from sim.mechanisms.practice import PRACTICES
from sim.mechanisms.recovery import PROCESSES
from sim.mechanisms.relationship import contact
from sim.parameters import defaults
from sim.state import ACTION, KINDS
from sim.week import WEEK
from sim.week_text import names_read

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "theory.md"
PICTURE = ROOT / "docs" / "img" / "theory.svg"
POINTS = 20
"""Random points at which each input is changed."""
SMALL = 1e-12


class Box(NamedTuple):
    """A box of the picture: its words, column and row, and the state variables it stands for."""

    words: str
    column: int
    row: float
    variables: tuple[str, ...]


def each(stem: str) -> tuple[str, ...]:
    """Return a variable of staff for every practice."""
    return tuple(f"staff.{stem}_{one}" for one in PRACTICES)


BOXES = {
    "scenario": Box("what the scenario does", 0, 0.0, ()),
    "trust readiness": Box("NHS trust readiness", 0, 1.2, ("trust.readiness",)),
    "team readiness": Box(
        "team readiness, leader support", 0, 2.4, ("team.readiness", "team.leader_support")
    ),
    "own readiness": Box("practitioner readiness", 0, 3.6, ("staff.readiness",)),
    "priorities": Box(
        "competing priorities, workload",
        0,
        4.8,
        ("staff.priorities", "trust.priorities", "team.workload"),
    ),
    "training": Box(
        "training held, attended",
        1,
        0.6,
        ("team.session_held", "staff.attended", "staff.sessions_attended"),
    ),
    "support felt": Box("coaching and support still felt", 1, 4.2, ("staff.reinforcement",)),
    "norms": Box("team norms", 2, 3.3, ("team.norms",)),
    "values": Box(
        "pro-recovery values",
        2,
        0.0,
        ("staff.values", "staff.values_pending", "team.leader_values_shift"),
    ),
    "knowledge": Box("knowledge of recovery", 2, 1.1, ("staff.knowledge",)),
    "skills": Box("skills", 2, 2.2, each("skill")),
    "intent": Box("intent", 3, 1.1, each("intent")),
    "behaviour": Box(
        "behaviour, habit", 3, 2.9, (*each("behaviour"), *each("habit"), "team.behaviour_shift")
    ),
    "partnership": Box("partnership project", 3, 4.6, ("team.partnership",)),
    "experience": Box(
        "practice met in contacts",
        4,
        1.1,
        (*(f"service_user.experience_{one}" for one in PRACTICES), "service_user.experience_shift"),
    ),
    "relationship": Box(
        "relationship", 4, 2.3, ("service_user.relationship", "service_user.relationship_shift")
    ),
    "support": Box(
        "experienced support", 4, 3.5, ("service_user.support", "service_user.support_shift")
    ),
    "expectations": Box("expectations", 4, 4.7, ("service_user.expectations",)),
    "goals": Box(
        "personal goals",
        4,
        0.0,
        ("service_user.has_goal", "service_user.goal_progress", "service_user.goals_reached"),
    ),
    "recovery": Box(
        "recovery: CHIME",
        5,
        1.7,
        (
            *(f"service_user.{one}" for one in PROCESSES),
            *(f"service_user.gain_{one}" for one in PROCESSES),
        ),
    ),
    "stage": Box("stage of recovery", 5, 0.3, ("service_user.stage",)),
    "health": Box(
        "functioning, quality of life, needs",
        5,
        3.4,
        ("service_user.functioning", "service_user.quality_of_life", "service_user.needs"),
    ),
    "symptoms": Box("symptoms", 5, 4.7, ("service_user.symptoms",)),
}
HOME = {variable: name for name, box in BOXES.items() for variable in box.variables}
COLUMNS = (
    "readiness, priorities",
    "training",
    "team and individual",
    "intent and behaviour",
    "experience of the person",
    "outcome for the person",
)
RECORDS: tuple[Kind, ...] = ("trust", "team", "staff", "service_user")
ARGUMENTS = {"user": "service_user", "worker": "staff", "leader": "peer"}


class Arrow(NamedTuple):
    """An arrow: from one box to another by a rule, and whether more there is more here."""

    source: str
    target: str
    rule: str
    sign: str


def rules_tried() -> Iterator[tuple[tuple[Any, ...], str, Callable[..., Any]]]:
    """Yield steps before a rule, the kind of agent it is for, and the rule."""
    for phase in WEEK:
        before: list[Any] = []
        for step in phase.steps:
            if isinstance(step, Do):
                yield tuple(before), phase.who, step.rule
            elif isinstance(step, Let | Sum):
                before.append(step)
            elif isinstance(step, Act) and step.function.__name__ == "meet_or_miss":
                yield (), phase.who, contact
            elif isinstance(step, Act):
                yield from _of_act(phase, step)


def _of_act(phase: Phase, step: Act) -> Iterator[tuple[tuple[Any, ...], str, Callable[..., Any]]]:
    """Yield the rules of an act whose arguments the picture has."""
    for name in re.findall(r"world\.follow\(\w+, (stage_after_week)\(", _source(step.function)):
        yield (), phase.who, step.function.__globals__[name]


def _source(function: Callable[..., Any]) -> str:
    return inspect.getsource(function)


def point(random: np.random.Generator) -> dict[str, Any]:
    """Return records with random values, as rules get them."""

    def record(variables: Any) -> SimpleNamespace:
        made = SimpleNamespace()
        for one in variables:
            low, high = (-0.4, 0.4) if one.unit == "-1 to 1" else (0.1, 0.9)
            if one.unit == "SD":
                low, high = -1.5, 1.5
            value: float = float(random.uniform(low, high))
            if one.kind == "whole":
                value = int(random.integers(0, 2))
            setattr(made, one.name, value)
        return made

    env: dict[str, Any] = {kind: record(KINDS[kind]) for kind in RECORDS}
    env["peer"] = record(KINDS["staff"])
    env["action"] = record(ACTION)
    for who in ("staff", "peer"):
        env[who].present, env[who].sick, env[who].generation = 1, 0, 0
        env[who].leader = 0
    env["service_user"].stage = int(random.integers(1, 6))
    env["service_user"].arrival_week = 0
    env["service_user"].contact_rate = 1.8
    env["team"].workload = float(random.uniform(0.8, 1.4))
    env["team"].sessions_offered, env["team"].coordinator_posts = 8, 5
    env["team"].sessions_attended = int(random.integers(1, 8))
    env["team"].caseload_total = 100.0
    # A programme that has done something: what people are is above their usual.
    for who in ("staff", "peer", "team"):
        for name in [one for one in vars(env[who]) if "usual" in one]:
            above = name.replace("_usual_", "_").replace("_usual", "")
            setattr(env[who], name, 0.6 * getattr(env[who], above))
    env["p"] = defaults()
    env["key"] = (1, int(random.integers(0, 2**20)), 2, 3, 4, 0)
    env["week"], env["teams"] = 9, 1
    env["uniform"] = float(random.uniform(0.0, env["p"].stage_rate))
    return env


def given(rule: Callable[..., Any], env: dict[str, Any]) -> Any:
    """Call a rule with what its arguments are named after."""
    names = inspect.signature(rule).parameters
    return rule(**{name: env[ARGUMENTS.get(name, name)] for name in names})


def outcome(steps: tuple[Any, ...], rule: Callable[..., Any], env: dict[str, Any]) -> Any:
    """Return what a rule gives after the steps before it."""
    here = dict(env)
    for step in steps:
        if isinstance(step, Let):
            here[step.name] = given(step.rule, here)
        else:
            total = step.start()
            known = {**here, next(iter(inspect.signature(step.add).parameters)): total}
            here[step.name] = given(step.add, known)
    return given(rule, here)


def changes(kind: str, record: Any, read: set[str], random: Any) -> Iterator[tuple[str, Any]]:
    """Yield boxes with the variables of a record that they stand for, and by how much they change.

    What is kept in two parts, of which one is the programme's (`relationship` and
    `relationship_shift`), changes together, as it does in the model.
    """
    known = "staff" if kind == "peer" else kind
    boxes: dict[str, list[str]] = {}
    for name in vars(record):
        box = "scenario" if kind == "action" else HOME.get(f"{known}.{name}", "")
        if box:
            boxes.setdefault(box, []).append(name)
    for box, names in boxes.items():
        together = any(one.endswith("_shift") and kind == "service_user" for one in names)
        for group in [names] if together else [[one] for one in names]:
            if not read & set(group):
                continue
            up = float(random.uniform(0.02, 0.4))
            first = getattr(record, group[0])
            if isinstance(first, int):
                up = 1 if first < 1 or (group[0] == "stage" and first < 5) else -1
            yield box, dict.fromkeys(group, up)


def moves(
    steps: tuple[Any, ...], who: str, rule: Callable[..., Any], targets: list[str]
) -> Iterator[tuple[str, str, float]]:
    """Yield boxes from which and to which a rule leads, with how far one moves the other."""
    random = np.random.default_rng(1)
    used = [rule, *(one for step in steps for one in step if callable(one))]
    names = {one.name for several in (*KINDS.values(), ACTION) for one in several}
    read = set(names_read(used, names))
    # A draw that is given cannot be seen through: then more points have to do.
    seldom = "uniform" in inspect.signature(rule).parameters
    for _ in range(20 * POINTS if seldom else POINTS):
        env = point(random)
        before = outcome(steps, rule, env)._asdict()
        for kind in (*RECORDS, "peer", "action"):
            record = env[kind]
            for source, group in list(changes(kind, record, read, random)):
                for name, up in group.items():
                    setattr(record, name, getattr(record, name) + up)
                after = outcome(steps, rule, env)._asdict()
                for name, up in group.items():
                    setattr(record, name, getattr(record, name) - up)
                for target in targets:
                    moved = (after[target] - before[target]) / next(iter(group.values()))
                    here = HOME[f"{who}.{target}"]
                    if abs(moved) > SMALL and here != source:
                        yield source, here, moved


@cache
def arrows() -> tuple[Arrow, ...]:
    """Return the arrows of the picture, in the order of the week."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for steps, who, rule in rules_tried():
        first = outcome(steps, rule, point(np.random.default_rng(1)))._asdict()
        targets = [name for name in first if f"{who}.{name}" in HOME]
        # What happens or not is a draw, which a small change seldom turns: then its chance is seen.
        drawn = all(isinstance(first[name], int) for name in targets)
        seen = {"happens": lambda uniform, chance: chance} if drawn else {}
        with patch.dict(rule.__globals__, seen):
            for source, here, moved in moves(steps, who, rule, targets) if targets else ():
                found.setdefault((source, here, rule.__name__), []).append(moved)
    return tuple(
        Arrow(*key, "+" if min(by) >= 0 else "\N{MINUS SIGN}" if max(by) <= 0 else "±")
        for key, by in found.items()
    )


@cache
def grade(name: str) -> str:
    """Return the best grade that a rule's docstring names, with `in part` where it names several.

    A rule that only draws by a probability, a definition, has the grade of the rule that it calls.
    """
    known = {one.name: one for one in described_rules().values()}
    text = known[name].prose
    said = text[text.rfind("Grade:") :] if "Grade:" in text else "Grade: definition."
    named = [one for one in ("trial", "literature", "assumption") if one in said]
    if not named:
        below = [grade(one) for one in known[name].calls if one in known and one != name]
        return next((one for one in below if one != "definition"), "definition")
    return f"{named[0]} in part" if len(named) > 1 else named[0]


def parameters_of(name: str) -> list[str]:
    """Return the parameters that a rule reads, or the rules that it calls."""
    known = {one.name: one for one in described_rules().values()}
    todo, seen, read = [name], set(), []
    while todo:
        here = todo.pop(0)
        if here in seen or here not in known:
            continue
        seen.add(here)
        read += [one for one in known[here].parameters if one not in read]
        todo += [one for one in known[here].calls if one in known]
    return read


def rows() -> str:
    """Return the table of arrows."""
    body = []
    for one in arrows():
        body.append(
            (
                BOXES[one.source].words,
                BOXES[one.target].words,
                one.sign,
                f"[`{one.rule}`](ODD.md#{one.rule})",
                grade(one.rule),
            )
        )
    return table(("from", "to", "sign", "by the rule", "grade"), body)


def rules_table() -> str:
    """Return the rules of the picture with the parameters they read."""
    body = []
    for name in dict.fromkeys(one.rule for one in arrows()):
        read = [f"[`{one}`](parameters.md)" for one in parameters_of(name)]
        body.append((f"[`{name}`](ODD.md#{name})", grade(name), ", ".join(read)))
    return table(("rule", "grade", "parameters it reads, with those of the rules it calls"), body)


WIDTH, HEIGHT, LEFT, TOP = 168, 50, 46, 64
GAP_X, GAP_Y = 236, 76
COLOURS = {"trial": "#0072B2", "literature": "#009E73", "assumption": "#D55E00"}
DASHES = {"trial": "", "literature": "", "assumption": "5 4"}


def place(name: str) -> tuple[float, float]:
    """Return the upper left corner of a box."""
    box = BOXES[name]
    return LEFT + GAP_X * box.column, TOP + GAP_Y * box.row


def curve(one: Arrow) -> str:
    """Return the path of an arrow."""
    (x1, y1), (x2, y2) = place(one.source), place(one.target)
    middle = HEIGHT / 2
    if x1 == x2:
        side = -1 if BOXES[one.source].column == 0 else 1
        edge = x1 if side < 0 else x1 + WIDTH
        bow = side * (14 + 0.12 * abs(y2 - y1))
        down = 1 if y2 > y1 else -1
        return (
            f"M{edge:.0f} {y1 + middle + 6 * down:.0f} C{edge + bow:.0f} {y1 + middle:.0f}, "
            f"{edge + bow:.0f} {y2 + middle:.0f}, {edge:.0f} {y2 + middle - 6 * down:.0f}"
        )
    forward = x2 > x1
    start, end = (x1 + WIDTH, x2) if forward else (x1, x2 + WIDTH)
    reach = 60 if forward else -60
    # Arrows that meet a box come in at heights of their own, by where they come from.
    into = y2 + middle + max(-18.0, min(18.0, (y1 - y2) * 0.06))
    out = y1 + middle + max(-18.0, min(18.0, (y2 - y1) * 0.06))
    return (
        f"M{start:.0f} {out:.0f} C{start + reach:.0f} {out:.0f}, {end - reach:.0f} {into:.0f}, "
        f"{end:.0f} {into:.0f}"
    )


def picture() -> str:
    """Return the picture as SVG; its arrows lead to the rules when it is opened by itself."""
    width = LEFT * 2 + GAP_X * 5 + WIDTH
    height = TOP + int(GAP_Y * 4.8) + HEIGHT + 46
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="t d" '
        'font-family="DejaVu Sans, Helvetica, Arial, sans-serif">',
        '<title id="t">The theory, drawn from the rules</title>',
        '<desc id="d">Boxes are what the model keeps of trusts, teams, staff and service users; '
        "an arrow is there where a rule lets one move another. The page has all of them as a "
        "table.</desc>",
        '<rect width="100%" height="100%" fill="white"/>',
        "<defs>",
    ]
    for name, colour in COLOURS.items():
        parts.append(
            f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>'
        )
    parts.append("</defs>")
    for number, words in enumerate(COLUMNS):
        parts.append(
            f'<text x="{LEFT + GAP_X * number + WIDTH / 2:.0f}" y="26" text-anchor="middle" '
            f'font-size="13" font-weight="bold">{escape(words)}</text>'
        )
    drawn: dict[tuple[str, str], list[Arrow]] = {}
    for one in arrows():
        drawn.setdefault((one.source, one.target), []).append(one)
    for (source, target), several in drawn.items():
        first = several[0]
        kind = grade(first.rule).split()[0]
        kind = kind if kind in COLOURS else "assumption"
        rules = "; ".join(f"{one.rule} ({one.sign}, {grade(one.rule)})" for one in several)
        said = f"{BOXES[source].words} to {BOXES[target].words}: {rules}"
        faint = ' opacity="0.35"' if source == "scenario" else ""
        parts.append(
            f'<a href="../ODD.html#{first.rule}"><path d="{curve(first)}" fill="none" '
            f'stroke="{COLOURS[kind]}" stroke-width="1.6" stroke-dasharray="{DASHES[kind]}" '
            f'marker-end="url(#{kind})"{faint}><title>{escape(said)}</title></path></a>'
        )
    for name, box in BOXES.items():
        x, y = place(name)
        lines = wrapped(box.words)
        parts.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="6" '
            'fill="#f6f6f4" stroke="#444"/>'
        )
        for at, line in enumerate(lines):
            height_of = y + HEIGHT / 2 + 5 + 16 * (at - (len(lines) - 1) / 2)
            parts.append(
                f'<text x="{x + WIDTH / 2:.0f}" y="{height_of:.0f}" text-anchor="middle" '
                f'font-size="13">{escape(line)}</text>'
            )
    foot = height - 14
    for at, (name, words) in enumerate(
        (
            ("trial", "a figure or finding of the trial, at least in part"),
            ("literature", "other studies, at least in part"),
            ("assumption", "assumption"),
        )
    ):
        x = LEFT + 370 * at
        parts.append(
            f'<path d="M{x} {foot - 4}h34" stroke="{COLOURS[name]}" stroke-width="2" '
            f'stroke-dasharray="{DASHES[name]}" marker-end="url(#{name})"/>'
            f'<text x="{x + 44}" y="{foot}" font-size="12">{words}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def wrapped(words: str) -> list[str]:
    """Return words on one or two lines of about a box's width."""
    if len(words) <= 21:
        return [words]
    spaces = [at for at, one in enumerate(words) if one == " "]
    middle = min(spaces, key=lambda at: abs(at - len(words) / 2))
    return [words[:middle], words[middle + 1 :]]


WANTED: dict[str, Callable[[], str]] = {"arrows": rows, "rules": rules_table}

if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    main(PAGE, WANTED)
