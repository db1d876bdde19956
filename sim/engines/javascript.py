"""The compiled week as JavaScript: the third executor, for a browser without a server.

What is translated is the source of the compiled week (`sim.engines.week_source`) and every rule
that it calls, in the restricted Python that rules keep to; there is no second wording of a rule.
Arithmetic is the same in both languages (IEEE 754 doubles; no engine of JavaScript fuses a product
and a sum), logarithms and exponentials are the model's own (`sim.elementary`), so that the states
agree bit for bit. `PRIMITIVES` are what is not translated: a block of random words, whose 64-bit
products JavaScript lacks, and how memory is laid out.

What the translation does not know it refuses, naming the function and the line.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import math
import textwrap
from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import FunctionType
from typing import Any, NoReturn

from sim import events
from sim.engines.week_source import week_source
from sim.errors import InputError
from sim.parameters import registry
from sim.population import TEAM_LAYOUT, TRUST_LAYOUT, Layout
from sim.state import ACTION, KINDS
from sim.streams import MULTIPLIER_0, MULTIPLIER_1, WEYL_0, WEYL_1

UNCHANGED = ("Parameters", "Action", "Staff")
NOT_TRANSLATED = ("run_world",)
OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.And: "&&",
    ast.Or: "||",
    ast.Not: "!",
    ast.USub: "-",
}
BITS: dict[type[ast.AST], str] = {
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>>",
}
CALLS = {
    "int": "Math.trunc({})",
    "float": "Number({})",
    "sqrt": "Math.sqrt({})",
    "len": "{}.length",
    "np.int64": "{}",
    "np.empty": "new Array({})",
}
MANY = 128
"""From so many fields on V8 gives each record that is written out a shape of its own, and throws
away what it compiled for the shape before."""
RESERVED = frozenset(
    """
    arguments await break case catch class const continue debugger default delete do else enum
    eval export extends false finally for function if implements import in instanceof interface
    let new null package private protected public return static super switch this throw true try
    typeof var void while with yield
    """.split()  # noqa: SIM905
)
PRIMITIVES = f"""\
const BLOCK = 4;
function first_post(staff_start, team) {{ return ((staff_start >> 2) + team) << 2; }}
function post_of(memory, number) {{ return memory[number]; }}
const lane_of = post_of;
function note(events, count, week, team, kind, place, generation) {{
  count[0] += 1;
  if (events) events.push([week, team, kind, place, generation]);
}}
function high_word(a, b) {{
  const a0 = a & 65535, a1 = a >>> 16, b0 = b & 65535, b1 = b >>> 16;
  const one = Math.imul(a1, b0), other = Math.imul(a0, b1);
  const carried = (Math.imul(a0, b0) >>> 16) + (one & 65535) + (other & 65535);
  return Math.imul(a1, b1) + (one >>> 16) + (other >>> 16) + (carried >>> 16) >>> 0;
}}
function philox(c0, c1, c2, c3, k0, k1) {{
  for (let turn = 0; turn < 10; turn++) {{
    const high0 = high_word({MULTIPLIER_0}, c0), low0 = Math.imul({MULTIPLIER_0}, c0);
    const high1 = high_word({MULTIPLIER_1}, c2), low1 = Math.imul({MULTIPLIER_1}, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + {WEYL_0}) >>> 0;
    k1 = (k1 + {WEYL_1}) >>> 0;
  }}
  return [c0, c1, c2, c3];
}}"""
GIVEN = {"BLOCK", "first_post", "post_of", "lane_of", "note", "philox"}
RUNTIME = """\
function filled(kind, values) {
  const made = EMPTY[kind]();
  FIELDS[kind].forEach((name, at) => { made[name] = values[at]; });
  return made;
}
function parameters(values) { return new Parameters(values); }
function layout(data) {
  const programmes = data.programmes.map(weeks =>
    weeks.map(which => filled("action", data.actions[which])));
  return {
    trusts: data.trusts.map(one => filled("trust_layout", one)),
    teams: data.teams.map(one => filled("team_layout", one)),
    actions: programmes,
    selection_mode: data.selection[0],
    selection_value: data.selection[1],
    selection_reliability: data.selection[2],
  };
}
function start(layout, p, seed, replication) {
  const rows = layout.teams;
  const posts = rows.reduce((sum, row) => sum + row.staff, 0);
  const users = rows.reduce((sum, row) => sum + row.users, 0);
  const all = (kind, count) => Array.from({length: count}, EMPTY[kind]);
  const world = {
    layout, p, seed, replication, week: 0, events: [], count: [0],
    trusts: all("trust", layout.trusts.length),
    teams: all("team", rows.length),
    staff: all("staff", ((posts >> 2) + rows.length) * BLOCK),
    users: all("service_user", users),
  };
  begin_world(world.trusts, world.teams, world.staff, world.users, layout.trusts, rows,
    layout.actions, layout.selection_mode, layout.selection_value, layout.selection_reliability,
    p, seed, replication);
  return world;
}
function step(world) {
  world.week += 1;
  run_week(world.trusts, world.teams, world.staff, world.users, world.layout.trusts,
    world.layout.teams, world.layout.actions, world.p, world.seed, world.replication, world.week,
    world.events, world.count);
  return world;
}
function members(world, index) {
  const row = world.layout.teams[index];
  const first = first_post(row.staff_start, index);
  return world.staff.slice(first, first + row.staff);
}"""


class Translator(ast.NodeVisitor):
    """Turns one function into JavaScript.

    Parameters
    ----------
    name : str
        Name of the function, for messages.
    scope : mapping
        What names outside of the function are.
    """

    def __init__(self, name: str, scope: Mapping[str, Any]) -> None:
        self.name = name
        self.scope = scope
        self.local: set[str] = set()
        self.fresh = 0
        self.needs: dict[str, Any] = {}

    def refuse(self, node: ast.AST, why: str) -> NoReturn:
        """Raise an error that names the place."""
        raise InputError(
            f"{self.name}: {ast.unparse(node)}: {why} (line {getattr(node, 'lineno', '?')})"
        )

    def generic_visit(self, node: ast.AST) -> NoReturn:
        """Refuse what is not known."""
        self.refuse(node, f"{type(node).__name__} is not translated to JavaScript")

    def function(self, tree: ast.FunctionDef) -> str:
        """Return a function."""
        if tree.args.defaults or tree.args.kwonlyargs or tree.args.vararg or tree.args.kwarg:
            self.refuse(tree, "only plain arguments are translated to JavaScript")
        given = [one.arg for one in tree.args.args]
        stored = [
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ]
        self.local = {*given, *stored}
        body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
        lines = self.block(body)
        declared = sorted({safe(name) for name in stored if name != "_"} - set(given))
        head = [f"  let {', '.join(declared)};"] if declared else []
        return "\n".join(
            [
                f"function {safe(tree.name)}({', '.join(map(safe, given))}) {{",
                *head,
                *lines,
                "}",
            ]
        )

    def block(self, statements: Iterable[ast.stmt]) -> list[str]:
        """Return the lines of some statements, moved to the right."""
        return [f"  {line}" for one in statements for line in self.visit(one)]

    # Statements: lists of lines.

    def visit_Return(self, node: ast.Return) -> list[str]:
        """Return a return statement."""
        return ["return;" if node.value is None else f"return {self.visit(node.value)};"]

    def visit_Expr(self, node: ast.Expr) -> list[str]:
        """Return a call for what it does."""
        return [f"{self.visit(node.value)};"]

    def visit_Assign(self, node: ast.Assign) -> list[str]:
        """Return an assignment; a tuple is taken apart by its places."""
        (target,) = node.targets
        value = self.visit(node.value)
        if isinstance(target, ast.Tuple):
            self.fresh += 1
            whole = f"parts_{self.fresh}"
            names = [self.visit(one) for one in target.elts]
            taken = [f"{n} = {whole}[{at}];" for at, n in enumerate(names) if n != "_"]
            return [f"const {whole} = {value};", *taken]
        return [f"{self.visit(target)} = {value};"]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> list[str]:
        """Return an assignment without its type."""
        assert node.value is not None
        return [f"{self.visit(node.target)} = {self.visit(node.value)};"]

    def visit_AugAssign(self, node: ast.AugAssign) -> list[str]:
        """Return an assignment of a sum, product or shift to its first part."""
        target = self.visit(node.target)
        load = ast.parse(ast.unparse(node.target), mode="eval").body
        return [f"{target} = {self.visit(ast.BinOp(load, node.op, node.value))};"]

    def visit_If(self, node: ast.If) -> list[str]:
        """Return a choice."""
        lines = [f"if ({self.visit(node.test)}) {{", *self.block(node.body)]
        if node.orelse:
            lines += ["} else {", *self.block(node.orelse)]
        return [*lines, "}"]

    def visit_While(self, node: ast.While) -> list[str]:
        """Return a loop."""
        return [f"while ({self.visit(node.test)}) {{", *self.block(node.body), "}"]

    def visit_For(self, node: ast.For) -> list[str]:
        """Return a loop over whole numbers in order."""
        if not (
            isinstance(node.iter, ast.Call)
            and ast.unparse(node.iter.func) == "range"
            and len(node.iter.args) <= 2
            and isinstance(node.target, ast.Name)
        ):
            self.refuse(node.iter, "only loops over range are translated to JavaScript")
        name = safe(node.target.id)
        *low, high = (self.visit(one) for one in node.iter.args)
        first = low[0] if low else "0"
        if name == "_":
            name = f"turn_{node.lineno}"
            first = f"let {name} = {first}"
        else:
            first = f"{name} = {first}"
        return [f"for ({first}; {name} < {high}; {name}++) {{", *self.block(node.body), "}"]

    # Expressions: text.

    def visit_Constant(self, node: ast.Constant) -> str:
        """Return a number."""
        return literal(node.value) if isinstance(node.value, int | float) else self.refuse(node, "")

    def visit_Name(self, node: ast.Name) -> str:
        """Return a local name, or what a name outside of the function is."""
        name = node.id
        if name in self.local or name in GIVEN or name == "_":
            return safe(name)
        if name not in self.scope:
            self.refuse(node, "is not known")
        value = self.scope[name]
        if isinstance(value, int | float):
            return literal(value)
        self.needs[name] = value
        return safe(name)

    def visit_Attribute(self, node: ast.Attribute) -> str:
        """Return a variable of a record."""
        return f"{self.visit(node.value)}.{node.attr}"

    def visit_Subscript(self, node: ast.Subscript) -> str:
        """Return an element of an array or a tuple."""
        if ast.unparse(node).endswith(".shape[1]"):
            assert isinstance(node.value, ast.Attribute)
            return f"{self.visit(node.value.value)}[0].length"
        places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return self.visit(node.value) + "".join(f"[{self.visit(one)}]" for one in places)

    def visit_Tuple(self, node: ast.Tuple) -> str:
        """Return a tuple."""
        return f"[{', '.join(self.visit(one) for one in node.elts)}]"

    def visit_IfExp(self, node: ast.IfExp) -> str:
        """Return a choice between two values."""
        parts = (self.visit(one) for one in (node.test, node.body, node.orelse))
        return "({} ? {} : {})".format(*parts)

    def visit_BoolOp(self, node: ast.BoolOp) -> str:
        """Return conditions joined."""
        return f"({f' {OPERATORS[type(node.op)]} '.join(self.visit(one) for one in node.values)})"

    def visit_UnaryOp(self, node: ast.UnaryOp) -> str:
        """Return minus or not."""
        return f"({OPERATORS[type(node.op)]}{self.visit(node.operand)})"

    def visit_Compare(self, node: ast.Compare) -> str:
        """Return a comparison; what stands between two is compared twice."""
        sides = [self.visit(one) for one in (node.left, *node.comparators)]
        pairs = [
            f"{one} {OPERATORS[type(how)]} {other}"
            for one, how, other in zip(sides, node.ops, sides[1:], strict=False)
        ]
        return f"({' && '.join(pairs)})"

    def visit_BinOp(self, node: ast.BinOp) -> str:
        """Return arithmetic; bits are those of 32-bit words without a sign."""
        one, other = self.visit(node.left), self.visit(node.right)
        how = type(node.op)
        if how in BITS:
            return f"(({one} {BITS[how]} {other}) >>> 0)"
        if how is ast.FloorDiv:
            return f"Math.floor({one} / {other})"
        if how is ast.Mod:
            return f"({one} - {other} * Math.floor({one} / {other}))"
        if how not in OPERATORS:
            self.refuse(node, f"{how.__name__} is not translated to JavaScript")
        return f"({one} {OPERATORS[how]} {other})"

    def visit_Call(self, node: ast.Call) -> str:
        """Return a call of a rule or a record of its named tuple."""
        called = ast.unparse(node.func)
        if called in CALLS:
            return CALLS[called].format(self.visit(node.args[0]))
        made = self.scope.get(called)
        if isinstance(made, type) and issubclass(made, tuple):
            if made.__name__.endswith(UNCHANGED) and made.__module__ == __name__:
                # Nobody changes these while they are read, so a copy for the compiler's sake says
                # nothing here.
                assert isinstance(node.args[0], ast.Attribute)
                return self.visit(node.args[0].value)
            fields = made._fields  # type: ignore[attr-defined]
            defaults = made._field_defaults  # type: ignore[attr-defined]
            values = {name: literal(value) for name, value in defaults.items()}
            values |= dict(zip(fields, map(self.visit, node.args), strict=False))
            values |= {str(one.arg): self.visit(one.value) for one in node.keywords}
            return f"{{{', '.join(f'{name}: {values[name]}' for name in fields)}}}"
        if node.keywords:
            self.refuse(node, "arguments of rules by name are not translated to JavaScript")
        return f"{self.visit(node.func)}({', '.join(map(self.visit, node.args))})"


class InPlace(ast.NodeTransformer):
    """Takes back that what is read and set of a post is kept in names of its own meanwhile.

    The compiler of Python works out four posts at once that way; an engine of JavaScript would make
    a record of thirty numbers for each rule and post.
    """

    def __init__(self, tree: ast.FunctionDef) -> None:
        self.kept: dict[str, ast.Attribute] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                for name, what in (node.targets[0], node.value), (node.value, node.targets[0]):
                    if (
                        isinstance(name, ast.Name)
                        and isinstance(what, ast.Attribute)
                        and name.id == f"{what.attr}_now"
                        and ast.unparse(what.value) == "staff"
                    ):
                        self.kept[name.id] = what

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Return the variable of the post that a name stands for."""
        return self.kept.get(node.id, node)

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        """Return an assignment unless it says nothing any more."""
        self.generic_visit(node)
        return None if ast.unparse(node.targets[0]) == ast.unparse(node.value) else node


def safe(name: str) -> str:
    """Return a name that JavaScript accepts."""
    return f"{name}_" if name in RESERVED else name


def literal(value: float) -> str:
    """Return a number as JavaScript reads it: the same double."""
    if isinstance(value, bool):
        return str(int(value))
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "(-Infinity)"
    return repr(value)


def source_scope(tree: ast.Module) -> dict[str, Any]:
    """Return what the names of the source of the compiled week are, without compiling it."""
    scope: dict[str, Any] = {"START": 0, "NOBODY": -1}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and str(node.module) not in {
            "sim",
            "collections",
            "sim.engines",
            "sim.engines.rules",
            "sim.engines.posts",
        }:
            module = importlib.import_module(str(node.module))
            scope |= {one.name: getattr(module, one.name) for one in node.names}
        elif isinstance(node, ast.Assign):
            (target,) = node.targets
            name = ast.unparse(target)
            if name in vars(events):
                scope[name] = vars(events)[name]
            elif isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "namedtuple":
                fields = ast.literal_eval(node.value.args[1])
                scope[name] = namedtuple(name, fields, module=__name__)
        elif isinstance(node, ast.FunctionDef):
            scope[node.name] = node
    return scope


def parsed(function: FunctionType) -> ast.FunctionDef:
    """Return the tree of a function's source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return tree


def translated(roots: Mapping[str, Any], scope: Mapping[str, Any]) -> list[str]:
    """Return JavaScript of functions and of all that they call.

    Parameters
    ----------
    roots : mapping
        Functions, or trees of functions, by name.
    scope : mapping
        What names are where a tree came from.

    Raises
    ------
    InputError
        For what is not translated, and for two different things of one name.
    """
    found: dict[str, Any] = {}
    parts: list[str] = []
    todo = dict(roots)
    while todo:
        name, value = todo.popitem()
        found[name] = value
        if isinstance(value, tuple):
            parts.append(f"const {safe(name)} = {json.dumps(value)};")
            continue
        tree = value if isinstance(value, ast.FunctionDef) else parsed(value)
        one = Translator(name, scope if tree is value else value.__globals__)
        parts.append(one.function(tree))
        for needed, what in one.needs.items():
            if {**found, **todo}.get(needed, what) is not what:
                raise InputError(f"{needed}: two rules of this name cannot both be translated")
            if needed not in found:
                todo[needed] = what
    return sorted(parts)


@cache
def week_javascript() -> str:
    """Return a script that defines `refocus`: the start of a world and its weeks.

    Returns
    -------
    str
        A script without modules. ``refocus.start(layout, p, seed, replication)`` returns a world,
        ``refocus.step(world)`` runs a week of it; ``refocus.parameters(values)`` makes `p` from
        numbers in the order of ``refocus.FIELDS.parameters``, ``refocus.layout(data)`` a
        layout from `layout_data`; ``refocus.rules`` has some rules under their names.
    """
    from sim.elementary import ln
    from sim.measures.qpr import qpr_scores
    from sim.mechanisms.influence import mean_behaviour
    from sim.mechanisms.recovery import recovery_mean

    tree = ast.parse(week_source())
    scope = source_scope(tree)
    roots: dict[str, Any] = {
        node.name: InPlace(node).visit(node)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name not in NOT_TRANSLATED
    }
    shown = {one.__name__: one for one in (ln, qpr_scores, mean_behaviour, recovery_mean)}
    fields: dict[str, list[str]] = {
        kind: [one.name for one in variables] for kind, variables in KINDS.items()
    }
    fields |= {
        "action": [one.name for one in ACTION],
        "parameters": list(registry()),
        "trust_layout": list(TRUST_LAYOUT.names or ()),
        "team_layout": list(TEAM_LAYOUT.names or ()),
    }
    small = [kind for kind in fields if kind != "parameters"]
    large = [kind for kind in small if len(fields[kind]) >= MANY]
    assert not large, f"{large}: need a constructor, as parameters have"
    rules = ", ".join(["philox", "uniforms", "normals", "exp", *shown])
    return "\n".join(
        [
            "// Written by sim.engines.javascript from the declared week and its rules.",
            "const refocus = (() => {",
            '"use strict";',
            f"const FIELDS = {json.dumps(fields)};",
            f"const EVENTS = {json.dumps(events.EVENT_NAMES)};",
            # Written out, so that an engine knows the shape of its records.
            f"const EMPTY = {{{', '.join(empty(kind, fields[kind]) for kind in small)}}};",
            constructor("Parameters", fields["parameters"]),
            PRIMITIVES,
            *translated(roots | shown, scope),
            RUNTIME,
            f"return {{FIELDS, EVENTS, parameters, layout, start, step, members, "
            f"rules: {{{rules}}}}};",
            "})();",
            "",
        ]
    )


def empty(kind: str, names: Iterable[str]) -> str:
    """Return a function that makes a record of zeros."""
    return f"{kind}: () => ({{{', '.join(f'{name}: 0' for name in names)}}})"


def constructor(name: str, fields: Sequence[str]) -> str:
    """Return a function that makes records of one shape, however many fields they have."""
    given = "".join(f"  this.{field} = values[{at}];\n" for at, field in enumerate(fields))
    return f"function {name}(values) {{\n{given}}}"


def layout_data(layout: Layout) -> dict[str, Any]:
    """Return what ``refocus.layout`` makes a layout from, as JSON can hold it.

    Weeks in which the same is done share one row of ``actions``.
    """
    rows: dict[tuple[float, ...], int] = {}
    programmes = [
        [rows.setdefault(tuple(week.tolist()), len(rows)) for week in programme]
        for programme in layout.actions
    ]
    return {
        "trusts": layout.trusts.tolist(),
        "teams": layout.teams.tolist(),
        "actions": list(rows),
        "programmes": programmes,
        "selection": [
            layout.selection_mode,
            layout.selection_value,
            layout.selection_reliability,
        ],
    }
