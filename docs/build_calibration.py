"""Write the parts of `calibration.md` that rest on stored figures and the source, not on the fit.

Run ``python -m docs.build_calibration``; seconds. The rest of the page is written by a fit:
``refocus calibrate --out results/calibration --docs docs/calibration.md --ship``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from calibration.evidence.targets import load_targets
from calibration.evidence.targets_text import column_table, extractor_table
from calibration.findings.checks import checks_text
from calibration.findings.known_truth import known_truth_text
from calibration.findings.report import targets_table
from calibration.findings.rival_text import both_trials_text
from calibration.findings.second_method import second_method_text
from docs.marked import main

PAGE = Path(__file__).resolve().parent / "calibration.md"


def targets() -> str:
    """Return what was reported, as the table of targets has it."""
    return targets_table([vars(one) for one in load_targets().values()])


WANTED: dict[str, Callable[[], str]] = {
    "targets": targets,
    "checks": checks_text,
    "second-method": second_method_text,
    "rivals": both_trials_text,
    "known-truths": known_truth_text,
    "columns": column_table,
    "extractors": extractor_table,
}

if __name__ == "__main__":
    main(PAGE, WANTED)
