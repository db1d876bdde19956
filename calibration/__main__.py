"""Entrance of `python -m calibration`."""

import sys

from calibration.cli import main

if __name__ == "__main__":
    sys.exit(main())
