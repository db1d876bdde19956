"""`sim.load`: what a command left in a folder, read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.api.answers import FROM_PYTHON, Answer
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from sim.runs.results import Results

JOB, OF_A_RUN = "job.json", "metadata.json"
CONTENTS = {
    "compare": "comparison.json",
    "plan": "plan.json",
    "power": "power.json",
    "update": "update.json",
    "trial": "summary.json",
}


class SavedAnswer(Answer):
    """What a command left in a folder.

    Attributes
    ----------
    folder : Path
        Where it stands.
    command : str
        The command's name.
    """

    def __init__(self, folder: Path, command: str) -> None:
        self.folder, self.command = folder, command

    @property
    def text(self) -> str:
        """What the answer is, and its sentence where it has one."""
        sentence = self.content().get("sentence", "")
        lines = [f"refocus {self.command}, saved in {self.folder}", sentence]
        lines.append(f"Tables: {', '.join(self.tables)}")
        return "\n".join(line for line in lines if line)

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Tables by name."""
        from sim.runs.result_tables import read_table

        return {path.stem: read_table(path) for path in sorted(self.folder.glob("*.csv"))}

    def differences(self) -> pd.DataFrame:
        """Return differences from the base, of a comparison."""
        return self.table("differences")

    def csv(self) -> str:
        """Return the first table as it was saved."""
        name = next(iter(self.tables))
        return (self.folder / f"{name}.csv").read_text(encoding="utf-8")

    def content(self, command: str = FROM_PYTHON) -> dict[str, Any]:
        """Return everything as plain data, as far as the command left it."""
        file = self.folder / CONTENTS.get(self.command, "")
        found = read_json(file) if file.is_file() else {}
        return found if isinstance(found, dict) else {}


def load(folder: str | Path) -> Results | SavedAnswer:
    """Read what a command left in a folder with ``--out``, or `save` did.

    Parameters
    ----------
    folder : path
        Such as ``results/first-run``.

    Returns
    -------
    Results or SavedAnswer
        Results of a run, whose tables are read when they are asked for; tables and words of a
        comparison, a plan, an update, a power calculation or a trial.

    Raises
    ------
    InputError
        When the folder is none that a command finished; one line that says what it lacks.
    """
    path = Path(folder)
    if not path.is_dir():
        raise InputError(f"folder '{folder}': does not exist, or is no folder")
    job = read_json(path / JOB) if (path / JOB).is_file() else {}
    command = str(job.get("command", ""))
    if job and not job.get("finished", False):
        raise InputError(
            f"folder '{folder}': is not finished; go on with: refocus {command} --resume {folder}"
        )
    if (path / OF_A_RUN).is_file():
        return saved_run(path)
    if command == "run" or not command:
        command = next((one for one, file in CONTENTS.items() if (path / file).is_file()), "")
    if not command:
        files = " or ".join((OF_A_RUN, *CONTENTS.values()))
        raise InputError(f"folder '{folder}': was left by no command: it lacks {files}")
    return SavedAnswer(path, command)


def saved_run(folder: Path) -> Results:
    """Return the results of a run that was saved."""
    from sim.runs.results import Results

    metadata = read_json(folder / OF_A_RUN)
    labels = metadata.pop("labels", None)
    if not isinstance(labels, dict) or "request" not in metadata:
        raise InputError(f"file '{folder / OF_A_RUN}': is no run's: it lacks labels or request")
    results = Results({}, labels, metadata, folder=folder)
    if not results.tables:
        raise InputError(f"folder '{folder}': lacks the tables of the run, such as summaries.csv")
    return results


def read_json(path: Path) -> dict[str, Any]:
    """Return an object of a JSON file, or refuse the file in one line."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"file '{path}': cannot be read as JSON") from error
    if not isinstance(found, dict):
        raise InputError(f"file '{path}': must hold an object")
    return found
