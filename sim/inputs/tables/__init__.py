"""Tables that users hold, in whatever file: one reader for rosters, trial data and targets.

`read_table` reads a file, `table_from_bytes` an upload, `table_from_text` CSV text. All give a
`Table`: headings, lines with their numbers, and what was told while reading. A further format is
one entry of `sim.inputs.tables.formats`.
"""

from __future__ import annotations

from sim.inputs.tables.reader import read_table, table_from_bytes, table_from_text
from sim.inputs.tables.table import Line, Table

__all__ = ["Line", "Table", "read_table", "table_from_bytes", "table_from_text"]
