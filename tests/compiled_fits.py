"""Compile the fits of trials, so that processes of tests that share the code find it there.

Run as ``python -m tests.compiled_fits``, beside what compiles the week.
"""

from __future__ import annotations

import gc
from unittest.mock import patch

import numpy as np

from benchmarks.formula_grid import simulated
from sim.engines.one_world import OneWorld
from sim.parameters import defaults, to_record
from sim.trials.designs.design_file import design_from_table
from sim.trials.fits.random_intercept_compiled import fit_random_intercept_batch
from sim.trials.studies.refocus_trial import refocus_design, simulate_trial

WEDGE = {
    "design": {"type": "stepped wedge", "steps": 2, "clusters": 6, "size": 4},
    "statistical": {"mean": 0.0, "sd": 1.0, "icc": 0.1, "cac": 0.5, "effect": 0.4},
}


def compile_fits() -> None:
    """Fit small trials in every way that has compiled code of its own."""
    # Compiling makes little that a search for cycles could free.
    gc.disable()
    codes = np.repeat(np.arange(4), 3)
    columns = np.column_stack([np.ones(12), codes % 2])
    fit_random_intercept_batch(codes, columns, np.random.default_rng(1).normal(size=(2, 12)), 1)
    simulated(design_from_table(WEDGE), 1)
    # The figures of the REFOCUS trial have code of their own, also of a world that stays empty: its
    # week is compiled meanwhile.
    with patch.object(OneWorld, "run_to", lambda world, _: world):
        simulate_trial(refocus_design(1), to_record(defaults())[0], 0, True, {})


if __name__ == "__main__":
    compile_fits()
