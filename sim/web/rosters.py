"""Uploaded lists of teams: read as data, kept as rows, found by a name nobody can guess."""

from __future__ import annotations

import re
import threading
from hashlib import blake2b
from pathlib import Path

from sim.errors import InputError
from sim.files import write_whole
from sim.inputs.roster.roster_file import roster_from_bytes, roster_from_text, roster_text
from sim.inputs.roster.team import Roster
from sim.web.teams import OWN_TEAMS

ROSTER_NAME = re.compile(r"[0-9a-f]{32}")


class RosterStore:
    """Uploaded lists of teams in a folder.

    Only what the reader of rosters understood is kept, written anew; never the bytes that came.

    Parameters
    ----------
    folder : Path
        Created when missing.
    most : int
        How many are kept; those unused for longest go first.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.folder = folder
        self.most = most
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, content: bytes, source: str) -> tuple[str, Roster]:
        """Read an upload and keep its rows.

        Raises
        ------
        InputError
            As `read_roster_csv`.
        """
        roster = roster_from_bytes(content, source)
        rows = roster_text(roster).encode()
        name = blake2b(rows, digest_size=16).hexdigest()
        with self._lock:
            write_whole(self.folder / f"{name}.csv", rows)
            self._remove_oldest()
        return name, roster

    def read(self, name: str) -> Roster:
        """Return a kept list of teams.

        Raises
        ------
        InputError
            When there is none of that name.
        """
        if not ROSTER_NAME.fullmatch(name):
            raise InputError("roster: not a name that this server gave")
        path = self.folder / f"{name}.csv"
        try:
            text = path.read_text(encoding="utf-8")
            path.touch()
        except OSError:
            raise InputError(
                "roster: your list of teams is no longer kept here; upload it again"
            ) from None
        return roster_from_text(text, OWN_TEAMS)

    def _remove_oldest(self) -> None:
        kept = sorted(self.folder.glob("*.csv"), key=lambda path: path.stat().st_mtime)
        for path in kept[: max(0, len(kept) - self.most)]:
            path.unlink(missing_ok=True)
