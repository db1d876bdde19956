"""Trials simulated piece by piece: what is refused, and the table of their figures."""

from __future__ import annotations

import pytest

from sim.errors import InputError
from sim.runs.pieces import Span
from sim.trials.studies.simulated_trials import check_asked, simulated_trials


def test_no_draw_and_no_trial_are_refused() -> None:
    check_asked(["a draw"], 1)
    with pytest.raises(InputError, match="at least one set of parameter values"):
        check_asked([], 1)
    with pytest.raises(InputError, match="trials = 0: must be at least 1"):
        check_asked(["a draw"], 0)


def test_a_row_for_each_trial_in_their_order() -> None:
    def figures(span: Span) -> list[list[float]]:
        return [[float(number), 0.5 * number] for number in range(span.first, span.last)]

    frame = simulated_trials(
        "own", [Span(0, 2), Span(2, 5)], figures, ["whole", "half"], 1, ["nothing else"]
    )
    assert list(frame.columns) == ["trial", "whole", "half"]
    assert frame["trial"].tolist() == [0, 1, 2, 3, 4]
    assert frame["whole"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert frame["half"].tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
