"""Options that say which values a command runs over: draws of parameters, and `--set`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from sim.commands.allowed_options import by_name
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.posterior.choose import ChosenDraws


def add_draw_options(parser: argparse.ArgumentParser, default: int) -> None:
    """Add ``--draws``, ``--prior-only`` and ``--posterior``."""
    from sim.posterior import NAMES

    parser.add_argument(
        "--draws",
        default=str(default),
        help=f"sets of parameter values from the posterior (default {default}); 0: the defaults",
    )
    parser.add_argument(
        "--prior-only", action="store_true", help="draw from the priors, as if without the trial"
    )
    parser.add_argument(
        "--posterior",
        metavar="NAME",
        help=f"fitted to which data: {', '.join(NAMES)} (default {NAMES[0]}), a CSV file of "
        "your own ('refocus calibrate'), or the folder of a 'refocus update'",
    )


def given_draws(options: argparse.Namespace, otherwise: str | None = None) -> ChosenDraws:
    """Return the sets of parameter values that the options ask for, and tell what they are not.

    `otherwise` is the posterior where no option names one.
    """
    from sim.api.choices import chosen_values

    chosen = chosen_values(options.draws, options.prior_only, options.posterior, otherwise)
    for note in chosen.notes:
        print(f"refocus: posterior: {note}", file=sys.stderr, flush=True)
    return chosen


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return parameter values and scenario fields by name from the texts of ``--set``."""
    from sim.parameters import parse_setting
    from sim.scenarios.library import parse_choice

    found = by_name(
        "set",
        (
            parse_choice(text) if "." in text.partition("=")[0] else parse_setting(text)
            for text in options.set
        ),
    )
    for option in ("weeks", "years"):
        if "timing.weeks" in found and getattr(options, option, None) is not None:
            raise InputError(f"--set timing.weeks: --{option} sets it; leave one of them out")
    return found
