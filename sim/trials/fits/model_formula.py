"""Model formulas in lme4's notation: what they may say, and taking them apart.

``outcome ~ arm + base + site + (1|cluster)``. The random part may hold independent effects only:
``(1|g)``, ``(1|g:h)``, ``(1|g/h)``, ``(0 + x|g)`` and ``(x||g)``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sim.errors import InputError

# Functions that the fixed part may use; everything else in it must be a column.
FUNCTIONS = ("C", "factor", "as.factor", "I", "log", "log1p", "exp", "sqrt", "center", "scale")

_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_ALLOWED = re.compile(r"[\w\s+\-*/:^().,]*")
# A number may not run into a name; a point belongs to a number or stands inside a name.
_WORD = re.compile(r"[^\W\d]\w*(?:\.\w+)*|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+|[+\-*/:^(),]|\s+")


@dataclass(frozen=True)
class RandomTerm:
    """One independent random effect of a formula.

    Attributes
    ----------
    factors : tuple of str
        Columns whose combination is the grouping.
    slope : str or None
        Column the effect is multiplied by; None for an intercept.
    """

    factors: tuple[str, ...]
    slope: str | None = None

    @property
    def group(self) -> str:
        """Name of the grouping."""
        return ":".join(self.factors)

    @property
    def name(self) -> str:
        """Name of the variance."""
        return self.group if self.slope is None else f"{self.group}.{self.slope}"


@dataclass(frozen=True)
class ModelFormula:
    """A formula, taken apart.

    Attributes
    ----------
    text : str
        As written.
    response, fixed : str
        Left side, and right side without the random effects.
    random : tuple of RandomTerm
    """

    text: str
    response: str
    fixed: str
    random: tuple[RandomTerm, ...]

    @property
    def fixed_names(self) -> tuple[str, ...]:
        """Names in the response and the fixed part that are not functions."""
        return names_in(f"{self.response} + {self.fixed}")

    @property
    def random_names(self) -> tuple[str, ...]:
        """Names in the random part."""
        found: dict[str, None] = {}
        for one in self.random:
            found.update(dict.fromkeys(one.factors))
            if one.slope is not None:
                found[one.slope] = None
        return tuple(found)


def parse_formula(text: str) -> ModelFormula:
    """Take a formula apart.

    Parameters
    ----------
    text : str
        Formula in lme4's notation.

    Returns
    -------
    ModelFormula

    Raises
    ------
    InputError
        If it cannot be read, or holds no random effect or one that is not supported.
    """
    if not isinstance(text, str) or text.count("~") != 1:
        raise InputError(
            f"model '{text}': it must have the form outcome ~ arm + covariates + (1|cluster)"
        )
    left, right = (side.strip() for side in text.split("~"))
    if not left:
        raise InputError(f"model '{text}': the outcome before ~ is missing")
    random: list[RandomTerm] = []
    kept = []
    for sign, term in _top_level_terms(text, right):
        inner = term[1:-1] if term.startswith("(") and term.endswith(")") else term
        if "|" not in term:
            kept.append(f"{sign} {term}")
            continue
        if inner is term or "(" in inner or ")" in inner:
            raise InputError(
                f"model '{text}': '{term}' must be written in brackets, as (1|cluster)"
            )
        if sign == "-":
            raise InputError(f"model '{text}': a random effect cannot be taken away")
        random.extend(_random_terms(text, inner))
    if not random:
        raise InputError(f"model '{text}': a random effect such as (1|cluster) is missing")
    names = [one.name for one in random]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"model '{text}': the random effect '{twice}' occurs twice")
    fixed = " ".join(kept).strip().removeprefix("+").strip() or "1"
    for part in (left, fixed):
        _check_fixed(text, part)
    return ModelFormula(text, left, fixed, tuple(random))


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


def _random_terms(text: str, inner: str) -> list[RandomTerm]:
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
    if not independent and len(slopes) + intercept > 1:
        raise InputError(
            f"model '{text}': '({inner})' has correlated effects, which are not supported; "
            f"write ({parts[0].strip()} || {parts[1].strip()}) for independent ones"
        )
    found = []
    for factors in groupings:
        if intercept:
            found.append(RandomTerm(factors))
        found.extend(RandomTerm(factors, slope) for slope in slopes)
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


def _check_fixed(text: str, part: str) -> None:
    """Check that a part of the formula is names, numbers, operators and known functions."""
    position = 0
    for match in _WORD.finditer(part):
        if match.start() != position:
            break
        position = match.end()
    if position != len(part) or not _ALLOWED.fullmatch(part):
        raise InputError(f"model '{text}': '{part[position:]}' cannot be read")
    called = re.search(r"[)\d]\s*\(", part)
    if called:
        raise InputError(f"model '{text}': '{part[called.start() :]}' cannot be read")
    for match in re.finditer(r"([^\W\d][\w.]*)\s*\(", part):
        if match[1] not in FUNCTIONS:
            raise InputError(
                f"model '{text}': unknown function '{match[1]}'; valid: {', '.join(FUNCTIONS)}"
            )


def names_in(part: str) -> tuple[str, ...]:
    """Return the names in a part of the formula, in order, without functions."""
    found = dict.fromkeys(
        match[0] for match in re.finditer(r"(?<![\w.])[^\W\d]\w*(?:\.\w+)*\b(?![\w.]*\s*\()", part)
    )
    return tuple(found)
