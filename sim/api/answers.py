"""Answers: shown in a terminal or a notebook, read as tables, saved as files."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, unknown
from sim.spreadsheet import frame_csv

if TYPE_CHECKING:
    import pandas as pd

FROM_PYTHON = "made from Python, not by a command"


class Answer(ABC):
    """The answer to a question: its words, its tables, its files."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The answer as a page of plain text."""

    @property
    def protocol(self) -> str:
        """Words for a trial's protocol.

        Raises
        ------
        InputError
            For an answer that has none.
        """
        raise InputError("format = 'protocol': goes with the power of one design")

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Tables by name, as they are saved."""
        return {}

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by name.

        Raises
        ------
        InputError
            For a name that does not exist.
        """
        if name not in self.tables:
            raise unknown("table", name, self.tables)
        return self.tables[name]

    @abstractmethod
    def csv(self) -> str:
        """Return the table that answers best as CSV."""

    @abstractmethod
    def content(self, command: str = FROM_PYTHON) -> Any:
        """Return everything as plain data, ready for JSON."""

    def files(self, command: str = FROM_PYTHON) -> dict[str, str | bytes]:
        """Return report, tables and workbook by name of file."""
        return {f"{name}.csv": frame_csv(table) for name, table in self.tables.items()}

    def save(self, folder: Path | str, command: str = FROM_PYTHON) -> list[Path]:
        """Write report and tables into a folder, and return their paths.

        Parameters
        ----------
        folder : path
            Created when missing.
        command : str
            The command that repeats it, for the report.

        Raises
        ------
        NotWrittenError
            When the folder cannot be written.
        """
        from sim.files import write_texts

        return write_texts(Path(folder), self.files(command))

    def printed(self, form: str, command: str = FROM_PYTHON) -> str:
        """Return what a command prints: 'text', 'csv', 'json' or 'protocol'."""
        if form == "protocol":
            return self.protocol.rstrip("\n") + "\n"
        if form == "json":
            return as_json(self.content(command))
        return self.csv() if form == "csv" else self.text.rstrip("\n") + "\n"

    def __repr__(self) -> str:
        return self.text.rstrip("\n")

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.text)}</pre>"


def as_json(content: Any) -> str:
    """Return plain data as JSON."""
    return json.dumps(content, indent=1) + "\n"
