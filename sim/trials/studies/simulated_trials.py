"""A trial simulated many times, piece by piece: a table of one row for each trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from sim.errors import InputError
from sim.runs.chunk_store import fingerprint, source_version
from sim.runs.pieces import How, Span, run_pieces
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd


def check_asked(draws: Sequence[Any], count: int) -> None:
    """Refuse no draw and no trial.

    Raises
    ------
    InputError
        If there is no draw or no trial is asked for.
    """
    if not draws:
        raise InputError("draws: at least one set of parameter values is needed")
    if count < 1:
        raise InputError(f"trials = {count}: must be at least 1")


def simulated_trials(
    trial: str,
    pieces: Sequence[Span],
    figures_of: Callable[[Span], Sequence[Sequence[float]]],
    columns: Sequence[str],
    seed: int,
    decides: Sequence[Any],
    **how: Unpack[How],
) -> pd.DataFrame:
    """Simulate trials piece by piece.

    Parameters
    ----------
    trial : str
        Its name.
    pieces : sequence of Span
        Numbers of the trials, in order and without a gap.
    figures_of : callable
        Returns the figures of a piece's trials, a row for each.
    columns : sequence of str
        What the figures are.
    seed : int
        Seed of chance.
    decides : sequence
        What else decides the figures; stored pieces of other work are not used.
    **how
        See `sim.runs.pieces.How`.

    Returns
    -------
    DataFrame
        One row for each trial: its number and its figures.
    """

    def run(span: Span) -> dict[str, np.ndarray]:
        return {"figures": np.array(figures_of(span), float)}

    count = pieces[-1].last
    found = run_pieces(
        pieces,
        run,
        ("figures",),
        identity=lambda: fingerprint(source_version(), trial, *decides, seed),
        told={"trial": trial, "trials": count, "seed": seed},
        unit="trials",
        **how,
    )
    rows = np.concatenate([found[piece.number]["figures"] for piece in pieces])
    frame = data_frame(rows, columns=list(columns))
    frame.insert(0, "trial", np.arange(count))
    return frame
