"""Memory does not grow with the number of replications beyond the tables asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Ten times the replications; states of all agents and weeks would take 600 MB more.
FEW, MANY = 200, 2000
BOUND_MB = 60.0

PROGRAM = """
import resource, sys
from sim.runs.simulate import simulate
from tests.ensemble.small import small_request
request = small_request(int(sys.argv[1]) // 4, weeks=10, collect=("summaries",))
results = simulate(request, workers=2)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak * (1 if sys.platform == "darwin" else 1024), results.arrays["summaries"].nbytes)
"""


def peak_and_tables(worlds: int) -> tuple[float, float]:
    """Return the peak memory of a process of its own and the size of its tables, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(worlds)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    peak, tables = done.stdout.split()
    return float(peak) / 1e6, float(tables) / 1e6


def test_memory_stays_flat() -> None:
    few, small = peak_and_tables(FEW)
    many, large = peak_and_tables(MANY)
    print(few, small, many, large)
    assert large > 9 * small
    assert many - few < BOUND_MB
