"""Formulas in the notation of lme4, taken apart and refused."""

from __future__ import annotations

import pytest

from sim.errors import InputError
from sim.trials.fits.model_formula import (
    OverTime,
    RandomTerm,
    names_in,
    parse_formula,
    tokens,
    with_column,
    written,
)


def effects(text: str) -> list[tuple[str, int | None]]:
    return [(one.name, one.block) for one in parse_formula(f"y ~ a + {text}").random]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("(1|g)", [("g", None)]),
        ("(x|g)", [("g", 0), ("g.x", 0)]),
        ("(1 + x|g)", [("g", 0), ("g.x", 0)]),
        ("(x||g)", [("g", None), ("g.x", None)]),
        ("(0 + x|g)", [("g.x", None)]),
        ("(x - 1|g)", [("g.x", None)]),
        ("(0 + x + z|g)", [("g.x", 0), ("g.z", 0)]),
        ("(1|g/h)", [("g", None), ("g:h", None)]),
        ("(1|g:h)", [("g:h", None)]),
        ("(1|g/h/i)", [("g", None), ("g:h", None), ("g:h:i", None)]),
        ("(x|g/h)", [("g", 0), ("g.x", 0), ("g:h", 1), ("g:h.x", 1)]),
        ("(1|k) + (x|g/h)", [("k", None), ("g", 1), ("g.x", 1), ("g:h", 2), ("g:h.x", 2)]),
        ("(1|factor(g))", [("g", None)]),
        ("(1|`my team`)", [("my team", None)]),
        ("decay(t|g)", [("g", None)]),
    ],
)
def test_random_effects(text: str, wanted: list[tuple[str, int | None]]) -> None:
    assert effects(text) == wanted


def test_parts_of_a_formula() -> None:
    found = parse_formula(
        "log(y) ~ a*b - 1 + x + offset(log(n)) + decay(wave|team/id) + ar1(t|`the id`)"
    )
    assert (found.response, found.fixed, found.offset) == ("log(y)", "a*b - 1 + x", "log(n)")
    assert found.random == (RandomTerm(("team", "id"), time="wave"),)
    assert found.residual == OverTime(("the id",), "t")
    assert found.fixed_names == ("y", "a", "b", "x", "n")
    assert found.random_names == ("team", "id", "wave", "the id", "t")
    assert parse_formula("y ~ (1|g)").fixed == "1"
    assert parse_formula("y ~ -1 + a + (1|g)").fixed == "- 1 + a"
    assert parse_formula("y ~ +a + (1|g)").fixed == "a"
    assert parse_formula("y ~ a + (x|g)").random_names == ("g", "x")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("y ~ a ~ b + (1|g)", "must have the form outcome ~"),
        ("y + (1|g)", "must have the form outcome ~"),
        ("~ a + (1|g)", "the outcome before ~ is missing"),
        ("y ~ a", r"a random effect such as \(1\|cluster\) is missing"),
        ("y ~ `a + (1|g)", "backticks do not match"),
        ("y ~ a + (1|g", "brackets do not match"),
        ("y ~ a) + (1|g)", "brackets do not match"),
        ("y ~ (a)) + ((1|g)", "brackets do not match"),
        ("y ~ a + + (1|g)", r"a term is missing before '\+'"),
        ("y ~  + + a + (1|g)", r"a term is missing before '\+'"),
        ("y ~ a + (1|g) +", "a term is missing at the end"),
        ("y ~ a + (1|g) + (1|g)", "the random effect 'g' occurs twice"),
        ("y ~ a - (1|g)", "cannot be taken away"),
        ("y ~ a + 1|g", "must be written in brackets"),
        ("y ~ a + (1|g|h)", "must have the form"),
        ("y ~ a + (1||g|h)", "must have the form"),
        ("y ~ a + (|g)", "holds no effect"),
        ("y ~ a + (0|g)", "holds no effect"),
        ("y ~ a + (2|g)", "must be a column or 0 or 1"),
        ("y ~ a + (1|g+h)", "must be a column or a:b"),
        ("y ~ a + ar1(t|g) + ar1(t|h) + (1|g)", "ar1\\(\\) stands there twice"),
        ("y ~ a + ar1(1|g) + (1|g)", r"must have the form ar1\(wave\|person\)"),
        ("y ~ a + offset(x) + offset(z) + (1|g)", "one offset is added"),
        ("y ~ a - offset(x) + (1|g)", "one offset is added"),
        ("y ~ a$ + (1|g)", r"'\$' cannot be read"),
        ("y ~ . + (1|g)", "name each column"),
        ("y ~ a %in% b + (1|g)", "write a:b"),
        ("y ~ my team + (1|g)", "'my team' cannot be read; .* stands in backticks, as `my team`"),
        ("y ~ team log(x) + (1|g)", "stands in backticks, the whole of it"),
        ("y ~ 2 a + (1|g)", "'2 a' cannot be read$"),
        ("y ~ (a) b + (1|g)", r"'\) b' cannot be read$"),
        ("y ~ a (b) + (1|g)", "unknown function 'a'; valid: factor"),
        ("y ~ 2 (b) + (1|g)", r"'2 \(' cannot be read$"),
        ("y ~ relevel(a) + (1|g)", "give --reference COLUMN=LABEL"),
        ("y ~ factor(a + b) + (1|g)", r"factor\(\) takes one column"),
        ("y ~ factor(2) + (1|g)", r"factor\(\) takes one column"),
        ("y ~ factor(a:b) + (1|g)", r"factor\(\) takes one column"),
        ("y ~ factor((a)) + (1|g)", r"factor\(\) takes one column"),
        ("y ~ x + factor(a, b) + (1|g)", r"factor\(\) takes one column"),
    ],
)
def test_what_cannot_be_read(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_formula(text)


def test_factors_and_functions_stand_where_they_may() -> None:
    for text in ("factor(a)", "x + factor( a ) + log(x + 1)", "as.factor(a):C(b)", "poly(x, 2)"):
        assert parse_formula(f"y ~ {text} + (1|g)").fixed == text


def test_pieces_and_names() -> None:
    kinds = [(one.kind, one.text) for one in tokens("log (x)+`a b`*2")]
    assert kinds == [
        ("function", "log"),
        ("blank", " "),
        ("sign", "("),
        ("column", "x"),
        ("sign", ")"),
        ("sign", "+"),
        ("column", "a b"),
        ("sign", "*"),
        ("number", "2"),
    ]
    assert names_in("log(x) + `a b` + x:z + 2") == ("x", "a b", "z")
    assert (written("arm.1"), written("the arm"), written("2arm")) == (
        "arm.1",
        "`the arm`",
        "`2arm`",
    )
    assert with_column("y ~ arm*x + arms + factor(arm)", "arm", "t") == "y ~ t*x + arms + t"
    assert with_column("y ~ `the arm` + C(`the arm`) + C(x)", "the arm", "t") == "y ~ t + t + C(x)"
