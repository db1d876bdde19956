"""Model formulas in lme4's notation: what they may say, and taking them apart.

``outcome ~ arm + base + site + (1|cluster)``. The random part holds ``(1|g)``, ``(1|g:h)``,
``(1|g/h)``, ``(0 + x|g)``, independent effects ``(x||g)`` and correlated ones ``(x|g)``, and
``decay(period|g)``, effects of g by period that are correlated by rho^lag. Residuals of a person
are correlated so by ``ar1(wave|person)``. Names that hold blanks or signs stand in backticks, as in
R.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from sim.errors import InputError

# Functions that the fixed part may use; everything else in it must be a column.
FACTORS = ("factor", "as.factor", "C")
FUNCTIONS = (*FACTORS, "I", "log", "log1p", "exp", "sqrt", "center", "scale", "poly", "ns")
# Covariances over time, each of a column of times within a grouping.
OVER_TIME = ("decay", "ar1")
# What R users write that has another form here.
OTHER_FORMS = {
    "relevel": "write the column alone and give --reference COLUMN=LABEL",
    "as.numeric": "write the column alone; a column of numbers is a number",
    "as.integer": "write the column alone; a column of numbers is a number",
    "as.character": "write factor(COLUMN)",
    "ordered": "write factor(COLUMN)",
    "bs": "write ns(x, 3)",
    "interaction": "write a:b",
    "log2": "write log(x)",
    "log10": "write log(x)",
    "cbind": "the outcome is one column",
    "cut": "make the column of groups in the table, and write factor(COLUMN)",
    "ifelse": "make the column in the table",
    "lag": "make the column in the table",
}

_PLAIN = r"[^\W\d]\w*(?:\.+\w+)*"
_NAME = re.compile(_PLAIN)
_TOKEN = re.compile(
    rf"(?P<quoted>`[^`]*`)|(?P<name>{_PLAIN})|(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)"
    r"|(?P<sign>[<>=!]=|[+\-*/:^(),<>])|(?P<blank>\s+)"
)
# Stands for a name in backticks while a formula is split; a letter that nobody writes.
_HIDDEN = "\ua66e"


class Token(NamedTuple):
    """A piece of the fixed part of a formula."""

    kind: str  # {'column', 'function', 'number', 'sign', 'blank'}
    text: str  # A column's name without backticks


@dataclass(frozen=True)
class RandomTerm:
    """One random effect of a formula."""

    factors: tuple[str, ...]  # Columns whose combination is the grouping
    slope: str | None = None  # Column the effect is multiplied by; None for an intercept
    level: str | None = None  # Label of that column whose rows have the effect; None for a number
    block: int | None = None  # Effects of one block are correlated; None for an independent one
    time: str | None = None  # Column of periods over which the effect fades

    @property
    def group(self) -> str:
        """Name of the grouping."""
        return ":".join(self.factors)

    @property
    def name(self) -> str:
        """Name of the variance."""
        return self.group if self.slope is None else f"{self.group}.{self.slope}{self.level or ''}"


@dataclass(frozen=True)
class OverTime:
    """Residuals of a grouping that are correlated over a column of times."""

    factors: tuple[str, ...]
    time: str


@dataclass(frozen=True)
class ModelFormula:
    """A formula, taken apart."""

    text: str  # As written
    # Left side, and right side without the random effects.
    response: str
    fixed: str
    random: tuple[RandomTerm, ...]
    offset: str = ""  # What is added to the fixed part with coefficient one; empty for nothing
    residual: OverTime | None = None  # Residuals that are correlated over time

    @property
    def fixed_names(self) -> tuple[str, ...]:
        """Names in the response and the fixed part that are not functions."""
        return names_in(" + ".join(filter(None, (self.response, self.fixed, self.offset))))

    @property
    def random_names(self) -> tuple[str, ...]:
        """Names in the random part."""
        found: dict[str, None] = {}
        for one in self.random:
            found.update(dict.fromkeys(one.factors))
            found.update(dict.fromkeys(filter(None, (one.slope, one.time))))
        if self.residual is not None:
            found.update(dict.fromkeys((*self.residual.factors, self.residual.time)))
        return tuple(found)


def parse_formula(text: str) -> ModelFormula:
    """Take a formula apart.

    Parameters
    ----------
    text : str
        Formula in lme4's notation. A name that holds blanks or signs stands in backticks.

    Raises
    ------
    InputError
        If it cannot be read, or holds no random effect or one that is not supported.
    """
    if not isinstance(text, str) or text.count("`") % 2 or _HIDDEN in text:
        raise InputError(f"model '{text}': its backticks do not match")
    quoted: list[str] = re.findall(r"`[^`]*`", text)
    count = iter(range(len(quoted)))
    hidden = re.sub(r"`[^`]*`", lambda _: f"{_HIDDEN}{next(count)}{_HIDDEN}", text)

    def shown(part: str) -> str:
        return re.sub(f"{_HIDDEN}(\\d+){_HIDDEN}", lambda found: quoted[int(found[1])], part)

    def plain(name: str | None) -> str | None:
        return None if name is None else shown(name).strip("`")

    def grouping(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(shown(name).strip("`") for name in names)

    try:
        found = _split(hidden)
        for part in (found.response, found.fixed, found.offset):
            _check_fixed(text, shown(part))
    except InputError as error:
        raise InputError(shown(str(error))) from None
    effects = tuple(
        replace(one, factors=grouping(one.factors), slope=plain(one.slope), time=plain(one.time))
        for one in found.random
    )
    residual = found.residual
    if residual is not None:
        residual = OverTime(grouping(residual.factors), shown(residual.time).strip("`"))
    return ModelFormula(
        text, shown(found.response), shown(found.fixed), effects, shown(found.offset), residual
    )


def _split(text: str) -> ModelFormula:
    """Return a formula taken apart."""
    if text.count("~") != 1:
        raise InputError(
            f"model '{text}': it must have the form outcome ~ arm + covariates + (1|cluster)"
        )
    left, right = (side.strip() for side in text.split("~"))
    if not left:
        raise InputError(f"model '{text}': the outcome before ~ is missing")
    random: list[RandomTerm] = []
    kept = []
    offset, residual = "", None
    for sign, term in _top_level_terms(text, right):
        over = re.fullmatch(rf"({'|'.join(OVER_TIME)})\s*\((.*)\|(.*)\)", term)
        if over is not None:
            time = over[2].strip()
            if not _NAME.fullmatch(time):
                raise InputError(f"model '{text}': '{term}' must have the form ar1(wave|person)")
            [grouping] = _groupings(text, term, over[3].strip().replace("/", ":"))[-1:]
            if over[1] == "decay":
                random.append(RandomTerm(grouping, time=time))
            elif residual is not None:
                raise InputError(f"model '{text}': ar1() stands there twice")
            else:
                residual = OverTime(grouping, time)
            continue
        if re.fullmatch(r"offset\s*\(.*\)", term):
            if sign == "-" or offset:
                raise InputError(f"model '{text}': one offset is added, as + offset(x)")
            offset = term[term.index("(") + 1 : -1].strip()
            continue
        if "|" not in term:
            kept.append(f"{sign} {term}")
            continue
        # A grouping is a factor anyway.
        inner = re.sub(r"\b(?:as\.)?factor\(([^()]*)\)", r"\1", term[1:-1])
        if not (term.startswith("(") and term.endswith(")")) or "(" in inner or ")" in inner:
            raise InputError(
                f"model '{text}': '{term}' must be written in brackets, as (1|cluster)"
            )
        if sign == "-":
            raise InputError(f"model '{text}': a random effect cannot be taken away")
        random.extend(_random_terms(text, inner, len(random)))
    if not random:
        raise InputError(f"model '{text}': a random effect such as (1|cluster) is missing")
    names = [one.name for one in random]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"model '{text}': the random effect '{twice}' occurs twice")
    fixed = " ".join(kept).strip().removeprefix("+").strip() or "1"
    return ModelFormula(text, left, fixed, tuple(random), offset, residual)


def _top_level_terms(text: str, right: str) -> list[tuple[str, str]]:
    """Split at + and - outside brackets, and return each term with its sign."""
    terms: list[tuple[str, str]] = []
    depth = 0
    sign, current = "+", ""
    for position, character in enumerate(right):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
        if character in "+-" and depth == 0:
            if current.strip():
                terms.append((sign, current.strip()))
            elif terms or position:
                raise InputError(f"model '{text}': a term is missing before '{character}'")
            sign, current = character, ""
        else:
            current += character
    if depth != 0:
        raise InputError(f"model '{text}': its brackets do not match")
    if not current.strip():
        raise InputError(f"model '{text}': a term is missing at the end")
    terms.append((sign, current.strip()))
    return terms


def _random_terms(text: str, inner: str, block: int) -> list[RandomTerm]:
    """Read what stands inside the brackets of a random effect."""
    independent = "||" in inner
    parts = inner.split("||" if independent else "|")
    if len(parts) != 2 or "|" in parts[1]:
        raise InputError(f"model '{text}': '({inner})' must have the form (1|cluster)")
    groupings = _groupings(text, inner, parts[1].strip())
    effects = [one.strip() for one in parts[0].replace("-", "+ -").split("+")]
    intercept = True
    slopes = []
    for one in filter(None, effects):
        if one in ("0", "-1", "- 1"):
            intercept = False
        elif _NAME.fullmatch(one):
            slopes.append(one)
        elif one != "1":
            raise InputError(f"model '{text}': '{one}' in '({inner})' must be a column or 0 or 1")
    if not any(effects) or not (intercept or slopes):
        raise InputError(f"model '{text}': '({inner})' holds no effect")
    found = []
    for number, factors in enumerate(groupings):
        together = None if independent or len(slopes) + intercept < 2 else block + number
        if intercept:
            found.append(RandomTerm(factors, block=together))
        found.extend(RandomTerm(factors, slope, block=together) for slope in slopes)
    return found


def _groupings(text: str, inner: str, written: str) -> list[tuple[str, ...]]:
    """Read g, g:h or g/h, the last of which stands for g and g:h."""
    parts = re.split(r"\s*([:/])\s*", written)
    names, marks = parts[::2], parts[1::2]
    if not all(_NAME.fullmatch(one) for one in names):
        raise InputError(f"model '{text}': the grouping in '({inner})' must be a column or a:b")
    current: tuple[str, ...] = (names[0],)
    found = []
    for mark, name in zip(marks, names[1:], strict=True):
        if mark == "/":
            found.append(current)
        current = (*current, name)
    return [*found, current]


def tokens(part: str) -> list[Token]:
    """Return the pieces of a part of a formula that `parse_formula` has accepted."""
    found = []
    for match in _TOKEN.finditer(part):
        kind = str(match.lastgroup)
        if kind == "name":
            called = re.match(r"\s*\(", part[match.end() :])
            found.append(Token("function" if called else "column", match[0]))
        else:
            found.append(
                Token("column", match[0][1:-1]) if kind == "quoted" else Token(kind, match[0])
            )
    return found


def names_in(part: str) -> tuple[str, ...]:
    """Return the names in a part of the formula, in order, without functions."""
    return tuple(dict.fromkeys(one.text for one in tokens(part) if one.kind == "column"))


def with_column(text: str, name: str, other: str) -> str:
    """Return a formula with another column in the place of one, or of the factor made of it."""
    one = rf"`[^`]*`|{_PLAIN}"
    called = rf"(?:{'|'.join(map(re.escape, FACTORS))})\s*\(\s*(?P<inner>{one})\s*\)"

    def put(found: re.Match[str]) -> str:
        return other if (found["inner"] or found[0]).strip("`") == name else found[0]

    return re.sub(rf"{called}|{one}", put, text)


def written(name: str) -> str:
    """Return a column's name as a formula must write it."""
    return name if _NAME.fullmatch(name) else f"`{name}`"


def _check_fixed(text: str, part: str) -> None:
    """Check that a part of the formula is names, numbers, operators and known functions."""
    position = 0
    for match in _TOKEN.finditer(part):
        if match.start() != position:
            break
        position = match.end()
    if position != len(part):
        known = re.search(rf"\b({'|'.join(map(re.escape, OTHER_FORMS))})\s*\(", part)
        hint = "" if known is None else f"; {OTHER_FORMS[known[1]]}"
        if re.search(r"\b(?:factor|C)\s*\([^()]*,", part):
            hint = "; factor() takes one column, its reference is set by --reference COLUMN=LABEL"
        elif part[position:].startswith("."):
            hint = "; name each column"
        elif part[position:].startswith("%in%"):
            hint = "; write a:b"
        raise InputError(f"model '{text}': '{part[position:]}' cannot be read{hint}")
    pieces = [one for one in tokens(part) if one.kind != "blank"]
    _check_order(text, pieces)
    for at, one in enumerate(pieces):
        if one.kind != "function":
            continue
        if one.text not in FUNCTIONS:
            other = OTHER_FORMS.get(one.text)
            more = f"valid: {', '.join(FUNCTIONS)}" if other is None else other
            raise InputError(f"model '{text}': unknown function '{one.text}'; {more}")
        if one.text in FACTORS and (
            [two.kind for two in pieces[at + 1 : at + 4]] != ["sign", "column", "sign"]
            or pieces[at + 3].text != ")"
        ):
            raise InputError(
                f"model '{text}': {one.text}() takes one column; its reference is set by "
                "--reference COLUMN=LABEL"
            )


def _check_order(text: str, pieces: list[Token]) -> None:
    """Check that an operator stands between any two names or numbers."""
    for one, other in pairwise(pieces):
        ends = one.kind in ("column", "number") or one.text == ")"
        begins = other.kind in ("column", "number", "function") or other.text == "("
        if ends and begins:
            both = f"{one.text} {other.text}"
            names = one.kind == "column" and other.kind in ("column", "function")
            shown = f"as `{both}`" if other.kind == "column" else "the whole of it"
            hint = f"; a name with blanks stands in backticks, {shown}" if names else ""
            raise InputError(f"model '{text}': '{both}' cannot be read{hint}")
