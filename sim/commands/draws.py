"""Options that say which sets of parameter values a command runs over."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from sim.errors import InputError

if TYPE_CHECKING:
    from sim.posterior.choose import ChosenDraws


def add_draw_options(parser: argparse.ArgumentParser, default: int) -> None:
    """Add ``--draws``, ``--prior-only`` and ``--posterior``."""
    parser.add_argument(
        "--draws",
        default=str(default),
        help=f"sets of parameter values from the posterior (default {default}); 0: the defaults",
    )
    parser.add_argument(
        "--prior-only", action="store_true", help="draw from the priors, as if without the trial"
    )
    parser.add_argument(
        "--posterior", metavar="FILE", help="a posterior of your own (CSV); see 'refocus calibrate'"
    )


def given_draws(given: argparse.Namespace, seed: int) -> ChosenDraws:
    """Return the sets of parameter values that the options ask for."""
    from sim.posterior.choose import chosen_draws
    from sim.reading.numbers import whole

    count = whole("draws", given.draws, 0, 100_000)
    if count == 0 and (given.prior_only or given.posterior is not None):
        other = "prior-only" if given.prior_only else "posterior"
        raise InputError(f"draws = 0: are the defaults, which leave --{other} without a meaning")
    chosen = chosen_draws(
        count,
        prior_only=given.prior_only,
        path=given.posterior,
        seed=seed,
    )
    for note in chosen.notes:
        print(f"refocus: posterior: {note}", file=sys.stderr, flush=True)
    return chosen
