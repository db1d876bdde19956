"""The five changes that CONTRIBUTING walks through, read from its text and made in a folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
SECTION = re.compile(r"^### (\d)\. (.*?)$\n(.*?)(?=^##)", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"^`(?P<path>[\w./-]+)`, (?:new|changed):$", re.MULTILINE)
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


class Edit(NamedTuple):
    """A new file, or lines of a file that change."""

    path: str
    kind: str
    text: str

    @property
    def added(self) -> int:
        """Number of lines that are written."""
        lines = self.text.splitlines()
        return sum(one.startswith("+") for one in lines) if self.kind == "diff" else len(lines)

    def make(self, folder: Path) -> None:
        """Make the change in a folder."""
        path = folder / self.path
        if self.kind != "diff":
            assert not path.exists(), self.path
            path.write_text(self.text, encoding="utf-8")
            return
        lines = self.text.splitlines(keepends=True)
        old = "".join(one[1:] for one in lines if one[0] in " -")
        new = "".join(one[1:] for one in lines if one[0] in " +")
        source = path.read_text(encoding="utf-8")
        assert source.count(old) == 1, f"{self.path} has {source.count(old)} places like\n{old}"
        path.write_text(source.replace(old, new), encoding="utf-8")


def changes() -> dict[str, list[Edit]]:
    """Return the edits of each change, by its number and title."""
    found = {}
    for number, title, text in SECTION.findall(PAGE.read_text(encoding="utf-8")):
        starts = list(FILE.finditer(text))
        ends = [one.start() for one in starts[1:]] + [len(text)]
        found[f"{number}. {title}"] = [
            Edit(start["path"], block["kind"], block["text"])
            for start, end in zip(starts, ends, strict=True)
            for block in BLOCK.finditer(text, start.end(), end)
        ]
    return found
