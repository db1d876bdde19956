"""Tables of results in files: CSV while they are small, Parquet above, written part by part.

A national roster's tables are larger than memory; they go from the finished chunks into the file,
one part after another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sim.errors import unknown
from sim.files import encoded
from sim.spreadsheet import frame_csv

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("csv", "parquet")
MOST_ROWS_OF_CSV = 200_000
"""Above this a table is Parquet: a spreadsheet holds a million rows, and nobody reads as many."""
ROWS_OF_A_GROUP = 500_000
CSV_NUMBERS = "%.7g"
"""Digits of numbers in CSV files; Parquet keeps all, and the values of draws have all."""


def check_format(chosen: str | None) -> None:
    """Refuse a format that does not exist, with the nearest that does."""
    if chosen is not None and chosen not in FORMATS:
        raise unknown("tables", chosen, FORMATS)


def format_of(rows: int, chosen: str | None) -> str:
    """Return the format of a table: as chosen, else by its rows."""
    if chosen is not None:
        return chosen
    return "csv" if rows < MOST_ROWS_OF_CSV else "parquet"


def write_table(
    path: Path, parts: Iterator[pd.DataFrame], numbers: str | None = CSV_NUMBERS
) -> None:
    """Write the parts of a table into a file, which is there whole or not at all.

    Parameters
    ----------
    path : Path
        Its ending says the format: ``.csv`` or ``.parquet``.
    parts : iterator of DataFrame
        At least one; all with the same columns.
    numbers : str or None
        Format of numbers with a fraction in CSV; None for all digits.
    """
    partial_path = path.with_name(f".{path.name}.{os.getpid()}.part")
    write = _write_csv if path.suffix == ".csv" else _write_parquet
    try:
        with partial_path.open("wb") as file:
            write(file, parts, numbers)
            file.flush()
            os.fsync(file.fileno())
        partial_path.replace(path)
    except BaseException:
        partial_path.unlink(missing_ok=True)
        raise


def _write_csv(file: IO[bytes], parts: Iterator[pd.DataFrame], numbers: str | None) -> None:
    for number, part in enumerate(parts):
        text = frame_csv(part, numbers)
        file.write(encoded(text if number == 0 else text.partition("\n")[2]))


def _write_parquet(file: IO[bytes], parts: Iterator[pd.DataFrame], numbers: str | None) -> None:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    # Groups of a size of their own: many small ones are slow to read, and take more room.
    for group in _groups(parts):
        table = pa.Table.from_pandas(pd.concat(group, ignore_index=True), preserve_index=False)
        if writer is None:
            writer = pq.ParquetWriter(file, table.schema, compression="zstd")
        writer.write_table(table.cast(writer.schema))
    if writer is not None:
        writer.close()


def _groups(parts: Iterator[pd.DataFrame]) -> Iterator[list[pd.DataFrame]]:
    """Yield parts together until they have the rows of a group."""
    group: list[pd.DataFrame] = []
    for part in parts:
        group.append(part)
        if sum(len(one) for one in group) >= ROWS_OF_A_GROUP:
            yield group
            group = []
    if group:
        yield group
