"""Text that is printed cannot steer a terminal, whatever a user's files hold.

Labels of a table, titles of a design and headings of one's own are repeated as they stand. A sign
among them that moves the cursor, colours the rest or turns the direction of writing is spelt out.
"""

from __future__ import annotations

import re
from typing import Any, TextIO

# Control signs but the end of a line and a tab, those of direction, and halves of a character.
_STEERING = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
STEERING = re.compile(rf"[{_STEERING}]|\r(?!\n)")


def steers(text: str) -> bool:
    """Return whether text holds a sign that steers a terminal, or that is no character."""
    return STEERING.search(text) is not None


def spelt_out(text: str) -> str:
    """Return text with each sign that steers as its number, in the form that JSON reads too."""
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class SpeltOut:
    """A stream that spells out what would steer a terminal; in all else the stream it is given."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text."""
        return self._stream.write(spelt_out(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
