"""The static folder: pages that work from any web server, and from a folder without one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from functools import cache
from pathlib import Path

from sim.errors import InputError
from sim.pages.answers_page import answers_page, trial_effects
from sim.pages.documentation import STUDENTS, documentation, run_notebooks
from sim.pages.home_page import home_page
from sim.pages.page import HEADER, Page
from sim.pages.power_page import power_page
from sim.pages.stored import Numbers, stored
from sim.pages.watch_page import watch_page
from sim.planning.vocabulary import rival_weights
from sim.posterior import BOTH_TRIALS, REFOCUS_ALONE
from sim.trials.studies.published import published_figures


def rivals() -> list[tuple[str, float, float]]:
    """Return the explanations of the trial's result, how much of 1 each keeps after it and both."""
    first, both = rival_weights(REFOCUS_ALONE), rival_weights(BOTH_TRIALS)
    return sorted(((name, first[name], both[name]) for name in both), key=lambda one: -one[2])


def home(numbers: Numbers) -> Page:
    """Return the first page."""
    figures = {name: float(one["value"]) for name, one in published_figures().items()}
    return home_page(trial_effects(numbers.answers, figures), numbers.told, rivals())


@cache
def pages() -> dict[str, Page]:
    """Return all pages by the names of their files."""
    numbers = stored()
    return {
        "index.html": home(numbers),
        **{
            one.file: answers_page(numbers.answers, at, numbers.draws, numbers.told)
            for at, one in enumerate(numbers.answers)
        },
        "watch.html": watch_page(),
        "power.html": power_page(numbers.power, f"{numbers.worked_out}."),
    }


@cache
def stored_answer() -> Page:
    """Return the first stored answer, to be shown within another page."""
    numbers = stored()
    return answers_page(numbers.answers, 0, numbers.draws, numbers.told, bare=True)


def write_pages(folder: Path, *, run: bool = False) -> list[Path]:
    """Write the static folder and return its files.

    Pages that were written there before and are none any more are removed.

    Parameters
    ----------
    folder : Path
        Where to; new, or of such pages.
    run : bool
        Run the course's notebooks first (minutes), so that their pages show what they give.

    Raises
    ------
    InputError
        When the folder holds anything but such pages, or notebooks cannot be run here.
    """
    if folder.is_file():
        raise InputError(f"out = '{folder}': is a file; name a new folder")
    before = [one for one in sorted(folder.rglob("*")) if not one.is_dir()]
    for one in before:
        if not is_page(one):
            name = one.relative_to(folder).as_posix()
            raise InputError(f"out = '{folder}': holds something else ({name}); name a new folder")
    # What cannot be written is told before minutes of work.
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        if run:
            run_notebooks(Path(place))
        made = {**pages(), **documentation(Path(place) if run else STUDENTS)}
    for name, page in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(page.text, encoding="utf-8")
    files = [folder / name for name in made]
    for one in set(before) - set(files):
        one.unlink()
        with contextlib.suppress(OSError):
            os.removedirs(one.parent)
    return files


def is_page(path: Path) -> bool:
    """Return whether a file is a page of such a folder, of any version."""
    return path.suffix == ".html" and HEADER in path.read_text(encoding="utf-8", errors="replace")
