"""What a Dask scheduler costs: the same commands on threads, on one worker and on two.

    python -m benchmarks.dask_workers               # a national comparison and a quick calibration
    python -m benchmarks.dask_workers comparison

Processor time is counted, of the command and of the workers apart, so that other work on the
machine spoils it less than the wall clock. Compiled code is in the cache before. Everything that a
command writes is compared between its runs, file by file.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TEAMS, TEAMS_PER_TRUST, STAFF, CASELOAD = 1000, 10, 20, 275
COMPARISON = (
    *("compare", "refocus-as-delivered", "refocus-boosters", "--roster", "national.csv"),
    *("--draws", "12", "--replications", "2"),
)
CALIBRATION = ("calibrate", "--quick", "--quiet")
PORT = 18786


class Taken(NamedTuple):
    """Seconds: by the wall clock, of the command's processor time, and of its workers'."""

    wall: float
    command: float
    workers: float


def write_roster(path: Path, teams: int) -> None:
    """Write a service of teams of 20 staff and 275 people on their books."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["team", "trust", "staff", "coordinators", "caseload"])
        for team in range(teams):
            rows.writerow([f"T{team}", f"Trust {team // TEAMS_PER_TRUST}", STAFF, 11, CASELOAD])


def processor_seconds(process: int) -> float:
    """Return the processor time that a process and its children, waited for or not, have used."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    threads = Path(f"/proc/{process}/task").glob("*/children")
    children = [child for each in threads for child in each.read_text().split()]
    own = sum(int(field) for field in fields[11:15]) / ticks
    return own + sum(processor_seconds(int(child)) for child in children)


def run(arguments: tuple[str, ...], folder: Path, out: str, cluster: str | None) -> Taken:
    """Run a command of the package and return what it took; the workers' time is not in it."""
    more = ("--out", out, *(("--cluster", cluster) if cluster else ("--workers", "2")))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "sim.cli", *arguments, *more],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(time.perf_counter() - start, used, 0.0)


def run_on_workers(arguments: tuple[str, ...], folder: Path, out: str, workers: int) -> Taken:
    """Run a command on a scheduler with some workers of one thread each, made for it."""
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://127.0.0.1:{PORT}"]
    shared = {
        "cwd": folder,
        "env": {**os.environ, "PYTHONPATH": str(ROOT)},
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    begun = [subprocess.Popen([*dask, "--port", str(PORT), "--no-dashboard"], **shared)]  # type: ignore[call-overload]
    try:
        for _ in range(workers):
            more = ("--nthreads", "1", "--nworkers", "1", "--no-dashboard")
            begun.append(subprocess.Popen([*worker, *more], **shared))  # type: ignore[call-overload]
        time.sleep(15)
        idle = sum(processor_seconds(process.pid) for process in begun[1:])
        taken = run(arguments, folder, out, f"tcp://127.0.0.1:{PORT}")
        used = sum(processor_seconds(process.pid) for process in begun[1:]) - idle
        return taken._replace(workers=used)
    finally:
        for process in reversed(begun):
            process.terminate()
        for process in begun:
            process.wait(30)


def contents(folder: Path) -> dict[str, str]:
    """Return a hash of every file that a command wrote."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def main() -> None:
    """Run the works on threads, on one worker and on two, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    works = {"comparison": COMPARISON, "calibration": CALIBRATION}
    parser.add_argument("work", nargs="?", choices=works, help="one of the two alone")
    parser.add_argument("--teams", type=int, default=TEAMS)
    given = parser.parse_args()
    for name in [given.work] if given.work else works:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write_roster(folder / "national.csv", given.teams)
            threads = run(works[name], folder, "threads", None)
            print(f"{name}, threads: {threads.wall:.0f} s, processor {threads.command:.1f} s")
            for workers in (1, 2):
                out = f"workers-{workers}"
                taken = run_on_workers(works[name], folder, out, workers)
                whole = taken.command + taken.workers
                here, there = contents(folder / "threads"), contents(folder / out)
                differ = [key for key in {**here, **there} if here.get(key) != there.get(key)]
                print(
                    f"{name}, {workers} worker(s): {taken.wall:.0f} s, processor {whole:.1f} s "
                    f"(command {taken.command:.1f}, workers {taken.workers:.1f}), efficiency "
                    f"{threads.command / whole:.2f}; files that differ: {differ or 'none'}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
