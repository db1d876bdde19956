"""Reading tables of results: from a file, of one arm, by names that they hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, unknown
from sim.spreadsheet import restored

if TYPE_CHECKING:
    import pandas as pd

ALL_TEAMS = "all teams"
INTERVENTION = "intervention"
USUAL_CARE = "usual-care"


def read_table(file: Path) -> pd.DataFrame:
    """Return a table as `Results.save` left it."""
    import pandas as pd

    if file.suffix == ".parquet":
        return pd.read_parquet(file)
    if file.stat().st_size <= len("\r\n"):
        # A table without rows that has no columns either.
        return pd.DataFrame()
    frame = pd.read_csv(file, keep_default_na=False, na_values=[""], low_memory=False)
    for name in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].fillna("").map(restored)
    return frame


def of_arm(table: pd.DataFrame, arm: str | None) -> pd.DataFrame:
    """Return the rows of an arm; by default the intervention's, or all teams' where there is none.

    Raises
    ------
    InputError
        For an arm that the table does not hold.
    """
    arms = set(table["arm"])
    if arm is None:
        arm = INTERVENTION if INTERVENTION in arms else ALL_TEAMS
    return table[table["arm"] == held_name("arm", arm, arms)]


def held_name(kind: str, name: str, valid: Iterable[Any]) -> str:
    """Return a name that a table holds, or refuse it with the nearest one that it does."""
    names = {str(one) for one in valid}
    if name not in names:
        raise unknown(kind, name, names)
    return name


def assessed(week: int, valid: Iterable[Any]) -> int:
    """Return a week in which an assessment was made, or refuse it."""
    weeks = sorted({int(one) for one in valid})
    if week not in weeks:
        held = ", ".join(str(one) for one in weeks)
        raise InputError(f"week = {week}: no assessment was made then; assessed in weeks {held}")
    return week
