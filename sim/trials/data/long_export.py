"""Long exports of REDCap: one row a person and event, what is known once in the first of them."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from sim.trials.data.trial_table import is_missing, read_trial_table

if TYPE_CHECKING:
    import pandas as pd

EVENT = "redcap_event_name"
REPEATS = ("redcap_repeat_instrument", "redcap_repeat_instance")
_ARM = re.compile(r"_arm_\d+$")


def trial_table(
    data: str | Path | pd.DataFrame, names: Collection[str], sheet: str | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Return the table of a file, or a table as it is, and how it was read.

    Parameters
    ----------
    data : str, Path or DataFrame
        See `sim.trials.data.trial_table.read_trial_table`; long exports are recognised in files.
    names : collection of str
        Columns that are analysed.
    sheet : str, optional
        Sheet of a workbook.
    """
    if not isinstance(data, str | Path):
        return data, []
    frame, notes = read_trial_table(data, sheet)
    frame, more = long_export(frame, names)
    return frame, [*notes, *more]


def long_export(frame: pd.DataFrame, names: Collection[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return a table as a formula needs it, and what was done; any other table as it is.

    Parameters
    ----------
    frame : DataFrame
        With the person in its first column and the event in ``redcap_event_name``.
    names : collection of str
        Columns of the formula. Where it asks for one as ``qpr_total_followup``, column and event,
        the table becomes one row a person.

    Returns
    -------
    frame : DataFrame
    notes : list of str
        Columns that were filled in from another row of the person.
    """
    if EVENT not in frame.columns or len(frame.columns) < 3:
        return frame, []
    person = str(frame.columns[0])
    filled, notes = _filled_in(frame, person)
    events = {one: _ARM.sub("", one) for one in dict.fromkeys(filled[EVENT])}
    wide_names = {
        f"{column}_{event}" for column in filled.columns for event in events.values()
    } - set(filled.columns)
    if not wide_names & set(names):
        return filled, notes
    repeated = [one for one in REPEATS if one in filled and not is_missing(filled[one]).all()]
    if repeated or filled.duplicated([person, EVENT]).any():
        notes.append(f"left long: a person has several rows of one event ({EVENT})")
        return filled, notes
    return _wide(filled, person, events), [
        *notes,
        f"carried to one row for each {person}: columns are named as column and event "
        f"({', '.join(events.values())})",
    ]


def _filled_in(frame: pd.DataFrame, person: str) -> tuple[pd.DataFrame, list[str]]:
    """Fill columns that every person has one value of, in some rows only."""
    filled = frame.copy()
    notes = []
    for name in frame.columns:
        gone = is_missing(frame[name])
        if name in (person, EVENT, *REPEATS) or not gone.any() or gone.all():
            continue
        there = frame.loc[~gone]
        by_event = there.groupby(EVENT).size()
        # Measured at one event only, or known there: a column of one event in all persons.
        if len(by_event) > 1 or there.groupby(person)[name].nunique().max() > 1:
            continue
        known = there.set_index(person)[name]
        filled.loc[gone, name] = frame.loc[gone, person].map(known[~known.index.duplicated()])
        notes.append(
            f"column '{name}' stands in the rows of {by_event.index[0]} only and is filled in "
            f"within {person}: {int(gone.sum())} rows"
        )
    return filled, notes


def _wide(frame: pd.DataFrame, person: str, events: dict[str, str]) -> pd.DataFrame:
    """Return one row a person; columns that differ between events once for each event."""
    keys = [person, *(one for one in (EVENT, *REPEATS) if one in frame.columns)]
    values = [one for one in frame.columns if one not in keys]
    constant = [
        one for one in values if frame.groupby(person)[one].nunique(dropna=False).max() == 1
    ]
    wide = frame.drop_duplicates(person).set_index(person)[constant]
    for event, short in events.items():
        part = frame.loc[frame[EVENT] == event].set_index(person)
        for one in values:
            if one not in constant:
                wide[f"{one}_{short}"] = part[one]
    return wide.reset_index()
