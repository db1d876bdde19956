"""Write every generated page of the documentation anew: ``python -m docs``.

Pages that only restate the source take seconds. With ``--results``, the figures and numbers that
come from simulations over the shipped posterior are made again too (most of an hour on two cores);
`refocus reproduce` does that. With ``--check``, nothing is written; stale pages are named, and the
exit code is 1.

`docs/prediction-pulsar.md` is not among them: a forecast that was fixed on a date is a record.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from calibration.findings import pushforward
from docs import (
    build_architecture,
    build_calibration,
    build_evidence,
    build_levers,
    build_odd,
    build_outcomes,
    build_readme,
    build_referee,
    build_reference,
    build_security,
    build_split,
    build_story,
    build_strategies,
    build_tables,
    build_theory,
    build_trials,
    build_words,
)
from docs.marked import filled
from sim.parameters import document as parameters
from sim.scenarios import document as scenarios
from sim.scenarios import levers

FOLDER = Path(__file__).resolve().parent
VALIDATION = FOLDER / "validation-trials.md"


def marked(page: Path, wanted: dict[str, Callable[[], str]]) -> Callable[[], str]:
    """Return what writes a page whose generated parts stand between marks."""
    return lambda: filled(page.read_text(encoding="utf-8"), wanted)


def validation() -> str:
    """Return how often tests of trials reject without an effect."""
    from benchmarks.type_one_error import page, run

    return page(*run(quick=False), quick=False)


SOURCE_PAGES: dict[Path, Callable[[], str]] = {
    parameters.HOME: parameters.document,
    scenarios.HOME: scenarios.document,
    build_odd.PAGE: marked(build_odd.PAGE, build_odd.WANTED),
    build_tables.PAGE: marked(build_tables.PAGE, build_tables.WANTED),
    build_reference.COMMAND_LINE: marked(
        build_reference.COMMAND_LINE, build_reference.WANTED_COMMANDS
    ),
    build_reference.PYTHON: marked(build_reference.PYTHON, build_reference.WANTED_PYTHON),
    build_calibration.PAGE: marked(build_calibration.PAGE, build_calibration.WANTED),
    build_evidence.PICTURE: build_evidence.picture,
    build_evidence.PAGE: marked(build_evidence.PAGE, build_evidence.WANTED),
    build_levers.PAGE: marked(build_levers.PAGE, build_levers.WANTED),
    build_outcomes.PAGE: marked(build_outcomes.PAGE, build_outcomes.WANTED),
    build_referee.PAGE: marked(build_referee.PAGE, build_referee.WANTED),
    build_security.PAGE: marked(build_security.PAGE, build_security.WANTED),
    build_words.PAGE: marked(build_words.PAGE, build_words.WANTED),
    build_theory.PICTURE: build_theory.picture,
    build_theory.PAGE: marked(build_theory.PAGE, build_theory.WANTED),
    build_architecture.PICTURE: build_architecture.picture,
    build_architecture.PAGE: marked(build_architecture.PAGE, build_architecture.PARTS),
}
RESULT_PAGES: dict[Path, Callable[[], str]] = {
    pushforward.HOME: pushforward.anew,
    build_split.PAGE: build_split.text,
    levers.MEASURED: build_levers.text,
    build_readme.PICTURE: build_readme.picture,
    build_readme.WORLDS: lambda: build_readme.worlds().to_csv(index=False),
    build_readme.PAGE: marked(build_readme.PAGE, build_readme.PARTS),
    build_strategies.PAGE: marked(build_strategies.PAGE, build_strategies.PARTS),
    VALIDATION: validation,
    build_trials.TRIALS: lambda: build_trials.wedge_trials().to_csv(index=False),
    build_trials.PAGE: marked(build_trials.PAGE, build_trials.PARTS),
    build_story.PAGE: marked(build_story.PAGE, build_story.WANTED),
}


def renewed(pages: dict[Path, Callable[[], str]], check: bool) -> list[Path]:
    """Write pages anew, or only look; return those that were out of date."""
    stale = []
    for path, make in pages.items():
        print(f"{path.relative_to(FOLDER.parent)} ...", file=sys.stderr)
        text = make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path)
            if not check:
                path.write_text(text, encoding="utf-8", newline="\n")
    return stale


def main() -> int:
    """Renew or check pages; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs", description=__doc__)
    parser.add_argument("--results", action="store_true", help="simulated figures and numbers too")
    parser.add_argument("--check", action="store_true", help="write nothing; name what is stale")
    given = parser.parse_args()
    # Results first: pages made from the source print some of them.
    pages = {**(RESULT_PAGES if given.results else {}), **SOURCE_PAGES}
    stale = renewed(pages, given.check)
    for path in stale:
        print(f"{'stale' if given.check else 'renewed'}: {path.relative_to(FOLDER.parent)}")
    if not stale:
        print("everything is up to date")
    return 1 if given.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
