"""What differs between pages read in the repository and on the site."""

from __future__ import annotations

import re
from typing import Any

SOURCE_LINK = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?:sim|calibration|tests|notebooks)/[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turn links to source files, which the site does not carry, into plain text."""
    return SOURCE_LINK.sub(r"\1", markdown)
