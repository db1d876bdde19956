"""Runs the mesa-frames reference in an environment of its own, as often as it is asked to.

Reads lines of teams, users per team and weeks; answers each with processor seconds of the whole
process and what the model recorded last.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.references.mesa_frames_polars import run


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        teams, users_per_team, weeks, seed = (int(word) for word in line.split())
        start = time.process_time()
        outcome = run(teams, users_per_team, weeks, seed)
        print(json.dumps([time.process_time() - start, *outcome]), flush=True)


if __name__ == "__main__":
    main()
