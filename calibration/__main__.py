"""Entrance of `python -m calibration`: the same as `refocus calibrate`."""

import sys
from collections.abc import Sequence

from sim.cli import main as refocus


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `refocus calibrate`; return the exit code."""
    return refocus(["calibrate", *(sys.argv[1:] if arguments is None else arguments)])


if __name__ == "__main__":
    sys.exit(main())
