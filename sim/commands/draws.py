"""Options that say which sets of parameter values a command runs over."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

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
    from sim.commands.numbers import whole
    from sim.posterior.choose import chosen_draws

    return chosen_draws(
        whole("draws", given.draws, 0, 100_000),
        prior_only=given.prior_only,
        path=given.posterior,
        seed=seed,
    )
