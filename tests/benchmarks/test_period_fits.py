"""The second implementation of fits over periods gives what the program's own gives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.formula_grid import fits
from sim.trials.analyses.analysis_plan import analyse_trial, default_plan
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import Design, crossover, stepped_wedge
from tests.trials.closed_forms import from_matrix

DESIGNS = (
    stepped_wedge(3, 3, 8.0),
    crossover(6, 5.0),
    from_matrix([[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1]] * 5, 1.0),
    replace(stepped_wedge(4, 2, 6.0), sampling="closed cohort"),
)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda one: one.name)
def test_both_implementations_agree(design: Design) -> None:
    source = StatisticalSource(0.0, 10.0, Correlations(0.15, 0.7, 0.5), 4.0)
    plan = default_plan(design)
    for number, quick in enumerate(fits(source, design, plan, 3, seed=2)):
        own = analyse_trial(source.simulate(design, 2, number), design, plan)
        for name in ("estimate", "se", "df", "p"):
            assert getattr(quick, name) == pytest.approx(getattr(own, name), rel=1e-5), name
