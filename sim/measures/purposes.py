"""Which random draws belong to which instrument.

An instrument with number n owns the purposes MEASURE_FIRST + 100 n to MEASURE_FIRST + 100 n + 99.
Blocks 0-49 are drawn anew at every assessment, blocks 50-99 once for each person (week 0). A number
is never given to another instrument: results depend on it.
"""

from __future__ import annotations

from sim.streams import MEASURE_FIRST

Key = tuple[int, int, int, int, int, int]


def purpose(number: int, block: int) -> int:
    """Return the purpose of one block of the instrument with a number."""
    return MEASURE_FIRST + 100 * number + block
