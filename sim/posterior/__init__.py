"""The shipped posteriors: draws of the parameters under some data, and their provenance.

`both-trials` is fitted to REFOCUS and PULSAR and is what every command uses by default;
`refocus-alone` is the same fit without PULSAR; `prior` is the same model before either. Of each,
the CSV file holds one equally weighted draw a row, and the JSON file says which targets, priors,
version of the model, rules, seeds and diagnostics they came from. Constants that are solved from
effects stand in columns of their own, so that nothing is solved when a command runs. Parameters
that no column names are drawn from their priors when draws are chosen (`sim.posterior.choose`).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.parameters import registry, resolve
from sim.reading.numbers import number_in
from sim.reading.text_files import read_text, refuse_misspelt

FOLDER = Path(__file__).parent
BOTH_TRIALS, REFOCUS_ALONE, PRIOR = "both-trials", "refocus-alone", "prior"
NAMES = (BOTH_TRIALS, REFOCUS_ALONE, PRIOR)
UPDATED = "updated.csv"
"""The draws in a folder that `refocus update` left."""
LARGEST_FILE = 50_000_000
# Of this alone, what Python takes for a number is one as users write it.
_PLAIN = re.compile(r"[0-9eE.,+\-\s]*", re.ASCII)


def posterior_file(name: Path | str | None = None) -> Path:
    """Return the file of a shipped posterior by its name (the default: both trials), or a path.

    Of a folder that an update left, its updated draws.
    """
    if name is None:
        name = BOTH_TRIALS
    if name in NAMES:
        return FOLDER / f"{name}.csv"
    refuse_misspelt("posterior", name, NAMES)
    inside = Path(name) / UPDATED
    if Path(name).is_dir() and not inside.is_file():
        raise InputError(
            f"posterior '{name}': is a folder without {UPDATED}; name one that 'refocus update' "
            "left, or a CSV file"
        )
    return inside if inside.is_file() else Path(name)


def load_posterior(path: Path | str | None = None) -> tuple[list[dict[str, float]], dict[str, Any]]:
    """Read posterior draws and their provenance.

    Parameters
    ----------
    path : path or str, optional
        The name of a shipped posterior (both trials when not given), or a CSV file with one column
        per parameter and one draw a row; a file of the same name that ends in ``.json``, if it is
        there, is its provenance.

    Returns
    -------
    draws : list of dict
        Parameter values by name, equally weighted.
    provenance : dict
        Targets, priors, version, seeds and diagnostics; empty when there is no such file.

    Raises
    ------
    InputError
        When the file cannot be read, a column is no parameter, or a value is out of its bounds.
    """
    draws, provenance = _load(posterior_file(path))
    return [dict(one) for one in draws], dict(provenance)


@lru_cache(maxsize=4)
def _load(path: Path) -> tuple[tuple[dict[str, float], ...], dict[str, Any]]:
    text = read_text(path, "posterior", LARGEST_FILE)
    lines = list(csv.reader(text.splitlines()))
    if len(lines) < 2:
        raise InputError(f"posterior '{path}': holds no draws")
    names = tuple(lines[0])
    if len(set(names)) != len(names):
        raise InputError(f"posterior '{path}': a parameter stands in two columns")
    draws = _all_at_once(names, lines[1:]) if _PLAIN.fullmatch(text.partition("\n")[2]) else []
    for number, line in enumerate(lines[1:] if not draws else (), 2):
        if len(line) != len(names):
            raise InputError(
                f"posterior '{path}', line {number}: {len(line)} of {len(names)} values"
            )
        draws.append(_checked(dict(zip(names, line, strict=True)), path, number))
    beside = path.with_suffix(".json")
    provenance: dict[str, Any] = {}
    if beside.exists():
        try:
            provenance = json.loads(beside.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"provenance '{beside}': cannot be read ({error})") from None
    return tuple(draws), provenance


def _all_at_once(names: Sequence[str], lines: Sequence[Sequence[str]]) -> list[dict[str, float]]:
    """Return the draws of a file without a fault; of another none, so that it is read by line."""
    import numpy as np

    known = registry()
    try:
        # Adding zero turns minus zero into zero.
        values = np.array(lines, dtype=float) + 0.0
        low, high = np.array([known[name].bounds for name in names]).T
    except (KeyError, ValueError):
        return []
    if values.shape[1:] != low.shape or not ((low <= values) & (values <= high)).all():
        return []
    return [dict(zip(names, line, strict=True)) for line in values.tolist()]


def _checked(texts: dict[str, str], path: Path, number: int) -> dict[str, float]:
    """Return the numbers of a line; refuse what is no parameter, no number or out of bounds."""
    known = registry()
    values: dict[str, float] = {}
    for name, text in texts.items():
        found = number_in(text)
        one = known.get(name)
        if one is None or found is None or not one.bounds[0] <= found <= one.bounds[1]:
            given: Any = text if found is None else found
            try:
                resolve({name: given})
            except InputError as error:
                raise InputError(f"posterior '{path}', line {number}: {error}") from None
        else:
            values[name] = found
    return values
