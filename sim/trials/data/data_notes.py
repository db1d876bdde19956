"""What the fields of a trial's table make one ask: told, never changed in silence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, unknown
from sim.inputs.tables.table import OTHER_MARKS
from sim.trials.data.trial_table import (
    is_missing,
    is_text,
    label_of,
    read_as_numbers,
    whole_number,
)

if TYPE_CHECKING:
    import pandas as pd

Flags = NDArray[np.bool_]

# Numbers that often stand for a missing value.
_CODES = (-1, *(-9, -8, -7), *(-99, -98, -97, -88, -77, -66), *(-999, -998, -997, -888, -777))
_LARGE_CODES = (9, *(77, 88, 97, 98, 99), *(777, 888, 997, 998, 999), *(7777, 8888, 9998, 9999))
CODES = (*_CODES, -9999, -9998, -8888, *_LARGE_CODES, 99999)
# Times the range of all others that a lone number may lie from them.
ALONE = 5.0
# Share of clusters with both arms up to which they are taken for errors.
FEW_MIXED = 0.25
# Signs that nobody sees: control signs, joiners and those of direction.
_UNSEEN = r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
# Names of columns that say which person a row is of.
_PERSON = re.compile(
    r"^(?:record|person|people|participant|patient|subject|client|user|service_?user|study|p|s|u)"
    r"?[ _.]?(?:id|no|nr|num|number|code)$|^(?:person|participant|patient|subject|client)$",
    re.I,
)
# Slips of labels that are told one by one.
_SHOWN = 5
_VISIT = re.compile(
    r"event|visit|wave|period|time|month|week|quarter|occasion|assessment|follow|phase", re.I
)


def missing_fields(
    frame: pd.DataFrame, used: Sequence[str], codes: Sequence[str]
) -> tuple[dict[str, Flags], list[str]]:
    """Return which fields of the used columns are missing, and what was taken for it.

    Parameters
    ----------
    used : sequence of str
        Columns.
    codes : sequence of str
        Values that stand for missing: ``CODE`` in every used column, or ``COLUMN=CODE``.

    Returns
    -------
    missing : dict from column to (n,) array of bool
    notes : list of str

    Raises
    ------
    InputError
        If a code names a column that is not used, or is empty.
    """
    missing = {name: is_missing(frame[name]) for name in used}
    texts = {
        name: frame[name].astype("str").str.strip().value_counts()
        for name in used
        if is_text(frame[name])
    }
    notes = []
    for mark in OTHER_MARKS:
        counts = {name: int(found.get(mark, 0)) for name, found in texts.items()}
        if any(counts.values()):
            notes.append(f"'{mark}' is taken as missing: {_counted(counts)}")
    for text in codes:
        column, sign, code = text.rpartition("=")
        column, code = column.strip().strip("`"), code.strip()
        if not code:
            raise InputError(f"missing = '{text}': must be CODE or COLUMN=CODE, as -99")
        if sign and column not in used:
            raise unknown("column for --missing", column, used)
        counts = {}
        for name in [column] if sign else used:
            hit = _equal(frame[name], code) & ~missing[name]
            counts[name] = int(hit.sum())
            missing[name] = missing[name] | hit
        where = _counted(counts) if any(counts.values()) else "no field of the columns used has it"
        notes.append(f"'{code}' is taken as missing, as --missing says: {where}")
    return missing, notes


def _equal(values: pd.Series, code: str) -> Flags:
    """Return which fields are a code, as text or as a number."""
    found = (values.astype("str").str.strip() == code).to_numpy(dtype=bool)
    try:
        number = float(code)
    except ValueError:
        return np.asarray(found)
    numbers = read_as_numbers(values)
    return np.asarray(found | (numbers == number))


def _counted(counts: Mapping[str, int]) -> str:
    """Return counts by column in words."""
    return ", ".join(
        f"{n} {'field' if n == 1 else 'fields'} of {name}" for name, n in counts.items() if n
    )


def suspected_codes(complete: pd.DataFrame, used: Sequence[str]) -> list[str]:
    """Return a note for each number that looks like a code for missing.

    A code is suspected where it lies beyond all other values by more than half their range, or is
    negative where no other value is.

    Parameters
    ----------
    complete : DataFrame
        Rows that are analysed.
    used : sequence of str
        Columns.
    """
    notes = []
    for name in used:
        numbers = read_as_numbers(complete[name])
        there = numbers[np.isfinite(numbers)]
        rest = np.unique(there[~np.isin(there, CODES)])
        if rest.size < 2:
            continue
        for code in np.unique(there[np.isin(there, CODES)]):
            if rest[0] <= code <= rest[-1]:
                continue
            if _is_odd(float(code), rest):
                count = int((there == code).sum())
                rows = "1 row has" if count == 1 else f"{count} rows have"
                notes.append(
                    f"column '{name}': {rows} {code:g}, the others lie in {rest[0]:g} to "
                    f"{rest[-1]:g}; if it stands for missing, give --missing {code:g}"
                )
    return notes


def implausible_numbers(complete: pd.DataFrame, used: Sequence[str]) -> list[str]:
    """Return a note for each column with numbers that cannot be, or that no other makes likely.

    In a column named as a score of an instrument, what lies outside its range. In any other,
    what lies further from the median than a thousand times the width of the middle half, or than a
    million where half of the column is one number; or one row's number that lies further from the
    next than `ALONE` times the range of all others, as 399 for 39.9.

    Parameters
    ----------
    complete : DataFrame
        Rows that are analysed.
    used : sequence of str
        Columns.
    """
    from sim.measures.catalogue import catalogue

    notes = []
    for name in used:
        numbers = read_as_numbers(complete[name])
        there = numbers[np.isfinite(numbers) & ~np.isin(numbers, CODES)]
        if there.size < 4:
            continue
        known = catalogue().get(name)
        low, middle, high = np.quantile(there, (0.25, 0.5, 0.75), method="inverted_cdf")
        if known is not None:
            far = there[(there < known.minimum) | (there > known.maximum)]
            beside = f"{known.title} goes from {known.minimum:g} to {known.maximum:g}"
        else:
            reach = 1000.0 * (high - low) if high > low else 1e6
            far = there[np.abs(there - middle) > reach]
            beside = f"half of all lie in {low:g} to {high:g}"
            if not far.size:
                far, beside = _alone(there)
        if far.size:
            worst = far[np.argmax(np.abs(far - middle))]
            rows = "1 row has" if far.size == 1 else f"{far.size} rows have numbers such as"
            notes.append(f"column '{name}': {rows} {worst:g}, but {beside}; is it meant?")
    return notes


def _alone(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], str]:
    """Return the number that lies far from all others, which are many, and where those lie."""
    ordered = np.sort(values)
    for rest, lone in ((ordered[:-1], ordered[-1:]), (ordered[1:], ordered[:1])):
        width = rest[-1] - rest[0]
        gap = max(float(lone[0] - rest[-1]), float(rest[0] - lone[0]))
        if np.unique(rest).size >= 10 and gap > ALONE * width:
            return lone, f"the others lie in {rest[0]:g} to {rest[-1]:g}"
    return ordered[:0], ""


def repeated_rows(frame: pd.DataFrame, used: Sequence[str]) -> str | None:
    """Return a note if rows are the same as others in every column of the file, or None.

    Chance makes such rows where columns have few values: one column of the model must have so many
    that hardly two rows share one.

    Parameters
    ----------
    frame : DataFrame
        All columns of the rows that are analysed.
    used : sequence of str
        Columns of the model.
    """
    twice = int(frame.duplicated().sum())
    if not twice:
        return None
    distinct = frame.drop_duplicates()
    if max(distinct[name].nunique() for name in used) < 0.8 * len(distinct):
        return None
    rows = "1 row is" if twice == 1 else f"{twice} rows are"
    return (
        f"{rows} the same as an earlier row in every column of the file; if rows were "
        "entered or joined twice, keep one of each: standard errors are too small otherwise"
    )


def people_twice(frame: pd.DataFrame, used: Sequence[str], groups: Collection[str]) -> str | None:
    """Return a note if people stand in several rows and the model has no effect of them, or None.

    Numbers that begin anew in every group are not of one person.

    Parameters
    ----------
    frame : DataFrame
        All columns of the rows that are analysed.
    used : sequence of str
        Columns of the model.
    groups : collection of str
        Those of its random effects.
    """
    own = [one for one in groups if one in frame.columns]
    for name in map(str, frame.columns):
        if name in used or not _PERSON.search(name) or is_missing(frame[name]).any():
            continue
        if any(frame.groupby(name)[one].nunique().max() > 1 for one in own):
            continue
        rows = frame[name].value_counts()
        again = int((rows > 1).sum())
        if again > 0.1 * len(rows) and rows.iloc[0] <= 20:
            return (
                f"column '{name}': {again} of {len(rows)} stand in several rows, which the model "
                f"takes for different people; if they were measured again, add (1|{name}) and the "
                "visit, or keep one row of each"
            )
    return None


def strays(
    treatment: NDArray[np.float64], clusters: NDArray[np.intp], names: Sequence[str], term: str
) -> str | None:
    """Return a note if a few clusters have both arms where the others have one, or None.

    Parameters
    ----------
    treatment : (n,) array
        The tested column, of two values.
    clusters : (n,) array of int
    names : sequence of str
        Of the clusters.
    term : str
    """
    upper = treatment == treatment.max()
    if np.unique(treatment).size != 2:
        return None
    sizes = np.bincount(clusters)
    count = np.bincount(clusters, upper)
    mixed = (count > 0) & (count < sizes)
    if not mixed.any() or mixed.sum() > FEW_MIXED * (sizes > 1).sum():
        return None
    fewer = int(np.minimum(count, sizes - count)[mixed].sum())
    listed = ", ".join(names[at] for at in np.flatnonzero(mixed)[:4])
    return (
        f"'{term}' differs within {int(mixed.sum())} of {sizes.size} clusters ({listed}; {fewer} "
        f"row{'' if fewer == 1 else 's'} unlike the rest of the cluster): if clusters were "
        "randomised this is an error of entry or a change of treatment, and tests of whole "
        "clusters are left out for it"
    )


def _is_odd(code: float, rest: NDArray[np.float64]) -> bool:
    """Return whether a code lies oddly beside the other values, sorted."""
    gap = float(rest[0] - code if code < rest[0] else code - rest[-1])
    steps = np.diff(rest)
    whole = bool((rest == np.round(rest)).all())
    if code == 9.0:
        return whole and gap >= 3.0 and bool((steps == 1.0).all())
    negative = code < 0.0 <= rest[0] and rest.size > 2
    return negative or code != -1.0 and gap > 0.5 * float(rest[-1] - rest[0])


def label_notes(complete: pd.DataFrame, used: Sequence[str]) -> dict[str, list[str]]:
    """Return notes on labels that blanks or capitals make one, or two.

    Parameters
    ----------
    complete : DataFrame
        Rows that are analysed, fields as given.
    used : sequence of str
        Columns that hold labels.

    Returns
    -------
    dict from column to notes
    """
    notes: dict[str, list[str]] = {}
    for name in used:
        given = [str(one) if isinstance(one, str) else label_of(one) for one in complete[name]]
        told: list[str] = []
        labels: dict[str, set[str]] = {}
        for one in dict.fromkeys(given):
            labels.setdefault(one.strip(), set()).add(one)
        padded = {label: kinds for label, kinds in labels.items() if len(kinds) > 1}
        if padded:
            shown = ", ".join(f"'{one}'" for one in list(padded)[:3])
            told.append(
                f"column '{name}': {shown} with and without blanks at its ends counts as one label"
            )
        whole: dict[str, list[str]] = {}
        if np.isfinite(read_as_numbers(complete[name])).all():
            for label in labels:
                whole.setdefault(whole_number(label), []).append(label)
        # 1 and 1.0 are what programs make of a number; 1 and 01 may be two things.
        for kinds in whole.values():
            if len({one.split(".")[0].lstrip("+") for one in kinds}) > 1:
                shown = " and ".join(f"'{one}'" for one in sorted(kinds)[:4])
                told.append(f"column '{name}': {shown} are one number and count as one label")
        alike: dict[str, list[str]] = {}
        for label in whole or labels:
            key = _alike(label)
            key = str(Decimal(label).normalize()) if whole else re.sub(r"\b0+(?=\d)", "", key)
            alike.setdefault(key, []).append(label)
        slips = [kinds for kinds in alike.values() if len(kinds) > 1]
        for kinds in slips[:_SHOWN]:
            shown = " and ".join(f"'{one}'" for one in sorted(kinds)[:4])
            if whole:
                how = "are one number"
            elif len({_composed(one) for one in kinds}) == 1:
                how = "look the same, their accents are coded in other ways,"
            else:
                how = "differ in capitals, blanks or zeros alone"
            told.append(f"column '{name}': {shown} {how} and count as {len(kinds)} labels")
        if len(slips) > _SHOWN:
            told.append(f"column '{name}': so it is with {len(slips) - _SHOWN} more labels")
        if told:
            notes[name] = told
    return notes


def _composed(label: str) -> str:
    """Return a label with each accented letter in one form."""
    return unicodedata.normalize("NFKC", label)


def _alike(label: str) -> str:
    """Return what labels that only look apart by a slip have in common."""
    seen = re.sub(_UNSEEN, "", _composed(label)).casefold()
    return " ".join(re.sub(r"[\s_\u2010-\u2015-]+", " ", seen).split())


def dropped_by_visit(
    frame: pd.DataFrame, missing: Mapping[str, Flags], outcome: Sequence[str], groups: Sequence[str]
) -> str | None:
    """Return how many rows drop out at each visit, where the visits differ in it.

    In a long export the team or arm may stand in the first row of a person only; every later row
    then drops out.

    Parameters
    ----------
    frame : DataFrame
        The whole table.
    missing : mapping from column to (n,) array of bool
        Fields of the used columns that are missing.
    outcome, groups : sequence of str
        Columns of the outcome, and of groupings, which are no visits.

    Returns
    -------
    str or None
        None if no visit loses half of its rows while another keeps them.
    """
    lost = {name: flags for name, flags in missing.items() if name not in outcome}
    dropped = np.logical_or.reduce(list(lost.values())) if lost else np.zeros(0, dtype=bool)
    if not dropped.any() or dropped.all():
        return None
    best: tuple[float, str, NDArray[np.str_], NDArray[np.intp]] | None = None
    for name in frame.columns:
        named = _VISIT.search(str(name)) is not None
        if name in outcome or name in groups or (name in lost and lost[name].any()):
            continue
        if frame[name].nunique() > 60 or is_missing(frame[name]).any():
            continue
        labels, code = np.unique([label_of(one) for one in frame[name]], return_inverse=True)
        if not 2 <= labels.size <= 60:
            continue
        share = np.bincount(code, dropped) / np.bincount(code)
        contrast = float(share.max() - share.min()) + (0.1 if named else 0.0)
        few = labels.size <= 12 or named
        differ = few and share.max() >= 0.5 and share.max() - share.min() >= 0.4
        if differ and (best is None or contrast > best[0]):
            best = (contrast, str(name), labels, code)
    if best is None:
        return None
    _, name, labels, code = best
    counts = np.bincount(code)
    gone = np.bincount(code, dropped).astype(int)
    order = list(dict.fromkeys(code))[:8]
    listed = ", ".join(f"{labels[one]} {gone[one]} of {counts[one]}" for one in order)
    columns = [one for one, flags in lost.items() if flags.any()]
    filled = ~np.logical_or.reduce([missing[one] for one in outcome if one in missing])
    wasted = int((filled & dropped).sum())
    return (
        f"rows left out because {' and '.join(columns)} {'is' if len(columns) == 1 else 'are'} "
        f"missing, by {name}: {listed}; {wasted} of them have an outcome: fill in "
        f"{' and '.join(columns)} in every row if they are known from another row of the person"
    )


def outcome_note(name: str, y: NDArray[np.float64]) -> str | None:
    """Return what a linear model makes of an outcome with two values, or None."""
    values = np.unique(y)
    if values.size != 2:
        return None
    if values.tolist() == [0.0, 1.0]:
        what = "effects are differences of proportions (risk differences)"
        offered = "; --family binomial gives odds and risk ratios of a logistic model"
    else:
        what, offered = "effects are differences of its mean", ""
    return (
        f"outcome '{name}' has two values, {values[0]:g} and {values[1]:g}, and is fitted by a "
        f"linear model: {what}; tests are approximate where a proportion is near 0 or 1{offered}"
    )
