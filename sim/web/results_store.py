"""Finished results in a folder: found again by their key, the oldest removed."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from pathlib import Path

KEY = re.compile(r"[0-9a-f]{32}")
FILE = re.compile(r"[a-z0-9][a-z0-9_-]{0,80}\.(json|svg|png|csv|html|toml|xlsx|docx)")
MAIN_FILE = "result.json"
MEDIA_TYPES = {
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".toml": "text/plain; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class ResultsStore:
    """Finished results.

    Parameters
    ----------
    folder : Path
        Created when missing.
    most : int
        How many are kept.
    room : int
        Bytes for all of them.
    """

    def __init__(self, folder: Path, most: int, room: int) -> None:
        self.folder = folder
        self.most = most
        self.room = room
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        for left_over in folder.glob("unfinished-*"):
            shutil.rmtree(left_over, ignore_errors=True)

    def new_folder(self) -> Path:
        """Return an empty folder to write results in."""
        return Path(tempfile.mkdtemp(prefix="unfinished-", dir=self.folder))

    def has(self, key: str) -> bool:
        """Return whether results are there."""
        return bool(KEY.fullmatch(key)) and (self.folder / key / MAIN_FILE).is_file()

    def take(self, written: Path, key: str) -> None:
        """Take over a folder that is finished; the first of two with the same key stays."""
        with self._lock:
            target = self.folder / key
            if target.exists():
                shutil.rmtree(written, ignore_errors=True)
            else:
                written.rename(target)
            self._remove_oldest(target)

    def path(self, key: str, name: str) -> Path | None:
        """Return a file of a result, or None; names with anything else in them find nothing."""
        if not (KEY.fullmatch(key) and FILE.fullmatch(name)):
            return None
        path = self.folder / key / name
        if not path.is_file():
            return None
        path.parent.touch()
        return path

    def _remove_oldest(self, spared: Path) -> None:
        kept = [one for one in self.folder.iterdir() if KEY.fullmatch(one.name) and one != spared]
        kept.sort(key=lambda one: one.stat().st_mtime, reverse=True)
        room = self.room - size_of(spared)
        for number, one in enumerate(kept, 1):
            room -= size_of(one)
            if number >= self.most or room < 0:
                shutil.rmtree(one, ignore_errors=True)


def size_of(folder: Path) -> int:
    """Return the bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
