"""A national run in a fresh process: minutes and peak memory.

``python -m benchmarks.national`` is that process: it prints seconds and bytes as JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.table import Row, at_most

TEAMS, TEAMS_PER_TRUST, USERS_PER_TEAM = 1000, 10, 275
WEEKS, REPLICATIONS = 156, 20
ROOT = Path(__file__).resolve().parents[1]
MINUTES, GIGABYTES = 15.0, 2.0


def run(teams: int, weeks: int, replications: int) -> tuple[float, float]:
    """Run the teams with everybody on their books; return seconds and peak bytes."""
    from sim.inputs.roster import described_roster
    from sim.runs.request import build_request
    from sim.runs.simulate import simulate
    from sim.scenarios.library import load_scenario

    per_trust = min(teams, TEAMS_PER_TRUST)
    roster = described_roster(
        trusts=max(1, teams // per_trust),
        teams_per_trust=per_trust,
        staff_mean=20.0,
        staff_sd=0.0,
        coordinator_share=0.55,
        users_per_coordinator=USERS_PER_TEAM / 11,
        intervention_share=0.5,
    )
    request = build_request(
        [load_scenario("refocus-as-delivered")],
        roster,
        weeks=weeks,
        replications=replications,
        caseload="full",
        collect=("summaries", "trajectories"),
    )
    layout = request.layouts[0]
    assert (layout.staff, layout.users) == (20 * teams, USERS_PER_TEAM * teams)
    start = time.perf_counter()
    simulate(request)
    return time.perf_counter() - start, peak_bytes()


def peak_bytes() -> float:
    """Return the largest resident set of this process since it began.

    On Linux `getrusage` counts what the process was before it became this program, a copy of a
    parent that may be larger; the kernel's own high-water mark does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return 1024.0 * float(line.split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1.0 if sys.platform == "darwin" else 1024.0)


def measure(quick: bool) -> list[Row]:
    """Return minutes and memory of a national run."""
    teams, weeks, replications = (20, 26, 2) if quick else (TEAMS, WEEKS, REPLICATIONS)
    sizes = [str(teams), str(weeks), str(replications)]
    command = [sys.executable, "-m", "benchmarks.national", *sizes]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    seconds, peak = json.loads(said)
    shape = (
        f"{teams:,} teams of 20 staff and {USERS_PER_TEAM} users, {weeks} weeks, {replications} "
        "replications, summaries and trajectories, a fresh process"
    )
    agent_weeks = teams * (20 + USERS_PER_TEAM) * weeks * replications
    return [
        at_most(
            "National run",
            seconds / 60.0,
            MINUTES,
            f"{shape}; {1e9 * seconds / agent_weeks:.0f} ns an agent-week by the wall clock",
            "minutes",
        ),
        at_most("Its peak memory", peak / 1e9, GIGABYTES, "largest resident set", "GB"),
    ]


def main() -> None:
    """Run with the sizes given and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("teams", TEAMS), ("weeks", WEEKS), ("replications", REPLICATIONS)):
        parser.add_argument(name, type=int, nargs="?", default=value)
    print(json.dumps(run(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
