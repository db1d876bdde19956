"""How the compiled week holds staff: in blocks of four, variable by variable.

A processor works out four people at once where their values of a variable stand side by side. So
memory holds blocks of four posts, and in a block four values of the first variable, four of the
second, and so on. Every team begins with a block of its own; places in its last block that belong
to nobody are worked out and never read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.state import STAFF, record_fields

if TYPE_CHECKING:
    from sim.population import Layout

LANES = 4
CACHE_LINE = 64
"""Bytes that a processor moves at once; the memory of posts begins where such a line does."""
STAFF_DTYPE = np.dtype(record_fields(STAFF))
BLOCK = LANES * len(STAFF)
"""Numbers in a block."""
_one_of_four: Any = {
    "names": STAFF_DTYPE.names,
    "formats": [STAFF_DTYPE[name] for name in STAFF_DTYPE.names or ()],
    "offsets": [8 * LANES * at for at in range(len(STAFF))],
}
ONE_OF_FOUR = np.dtype(_one_of_four)
"""One post, as it lies in a block."""


def first_post(staff_start: Any, team: Any) -> Any:
    """Return the number of a team's first post, a multiple of four; others follow in order.

    Parameters
    ----------
    staff_start : int or array of int
        Posts of all teams before it.
    team : int or array of int
        Number of teams before it: none of them leaves more than one block unfilled.
    """
    return ((staff_start >> 2) + team) << 2


def at_post(number: Any) -> Any:
    """Return where the first variable of a post stands in memory."""
    return (number >> 2) * BLOCK + (number & 3)


def empty_posts(layout: Layout) -> np.ndarray:
    """Return memory for all posts of a layout, from the beginning of a line of the cache.

    NumPy begins anywhere, so that four values of a variable would often lie in two lines.
    """
    count = ((layout.staff >> 2) + len(layout.teams)) * BLOCK
    room = np.zeros(count + CACHE_LINE // 8)
    start = -room.ctypes.data % CACHE_LINE // 8
    return room[start : start + count]


def places(layout: Layout) -> np.ndarray:
    """Return where the first variable of each post stands, in the order of the layout."""
    rows = layout.teams
    first = first_post(rows["staff_start"], np.arange(len(rows)))
    return at_post(np.repeat(first - rows["staff_start"], rows["staff"]) + np.arange(layout.staff))


def read_posts(memory: np.ndarray, layout: Layout) -> np.ndarray:
    """Return all posts as an array of records, in the order of the layout."""
    at = places(layout)
    found = np.empty(layout.staff, STAFF_DTYPE)
    for number, name in enumerate(STAFF_DTYPE.names or ()):
        found[name] = memory[at + LANES * number].view(STAFF_DTYPE[name])
    return found


def write_posts(memory: np.ndarray, layout: Layout, staff: np.ndarray) -> None:
    """Put records into memory: what `read_posts` returns."""
    at = places(layout)
    for number, name in enumerate(STAFF_DTYPE.names or ()):
        memory[at + LANES * number] = np.ascontiguousarray(staff[name]).view(np.float64)
