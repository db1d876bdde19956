"""What `docs/calibration.md` says beside the report: how to run it, and trials of one's own."""

from collections.abc import Callable
from pathlib import Path

from calibration.evidence.targets_text import column_table, extractor_table
from calibration.findings.known_truth import known_truth_text
from calibration.findings.markdown import generated

TEXT = Path(__file__).with_suffix(".md")
PARTS: dict[str, Callable[[], str]] = {
    "known-truths": known_truth_text,
    "columns": column_table,
    "extractors": extractor_table,
}


def beside_the_report() -> str:
    """Return the text of `document.md` with its generated parts."""
    parts = {name: generated(name, text()) for name, text in PARTS.items()}
    return "\n" + TEXT.read_text(encoding="utf-8").format_map(parts)
