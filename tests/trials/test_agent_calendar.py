"""Weeks in which teams of agents are measured and begin."""

from __future__ import annotations

import pytest

from sim.errors import InputError
from sim.trials.data.agent_calendar import (
    measured_weeks,
    refuse_taking_away,
    start_weeks,
    takes_away,
)
from sim.trials.designs.design import ReadinessEntry, crossover, parallel, stepped_wedge


def test_weeks_of_measurement_and_of_beginning() -> None:
    wedge = stepped_wedge(2, 2, 5, weeks=10)
    assert measured_weeks(wedge) == [0, 10, 20]
    assert start_weeks(wedge) == [0, 10]
    assert not takes_away(wedge)
    later = stepped_wedge(3, 2, 5, weeks=10, transition_periods=1)
    assert measured_weeks(later) == [0, 10, 20, 30, 40]
    assert start_weeks(later) == [0, 10, 20]
    plain = parallel(2, 5, weeks=26)
    assert (measured_weeks(plain), start_weeks(plain)) == ([26], [0, None])
    prepared = parallel(2, 5, baseline="ancova", weeks=26, readiness=ReadinessEntry(run_in_weeks=4))
    assert measured_weeks(prepared) == [0, 30]
    assert start_weeks(prepared) == [0, None]
    only = parallel(2, 5, weeks=26, readiness=ReadinessEntry(run_in_weeks=4))
    assert (measured_weeks(only), start_weeks(only)) == ([30], [0, None])
    brief = stepped_wedge(2, 2, 5, weeks=1)
    assert (measured_weeks(brief), start_weeks(brief)) == ([0, 1, 2], [0, 1])


def test_training_cannot_be_untaught() -> None:
    for one in (crossover(2, 5), crossover(2, 5, periods=3)):
        assert takes_away(one)
        with pytest.raises(InputError, match="returns treated clusters to control"):
            refuse_taking_away(one)
    refuse_taking_away(stepped_wedge(2, 2, 5))
