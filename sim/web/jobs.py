"""Jobs: a bounded queue, worker processes kept warm, progress, cancelling, and results kept.

A job is named after its settings, so that asking for the same again, from another tab or after a
reload, finds the job that is waiting or running, or its results.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from sim.web.limits import Limits
from sim.web.results_store import ResultsStore
from sim.web.worker import work

WAITING, RUNNING, DONE, CANCELLED, FAILED = "waiting", "running", "done", "cancelled", "failed"
POLL_SECONDS = 0.1
PRESENT_SECONDS = 6.0
# A page in the background waits for its answer at the server: browsers slow its clock down.
ABANDONED_SECONDS = 45.0
"""A browser that has not asked for so long no longer counts as waiting for a job."""
REMEMBERED = 500
LONGEST_START = 180.0


class QueueFull(Exception):  # noqa: N818 (it is an answer)
    """No more jobs are taken now."""


@dataclass
class Job:
    """One job."""

    key: str  # Name after its settings
    # What is done, and the function that does it (``module:name``).
    kind: str
    task: str
    settings: dict[str, Any]  # Checked settings
    state: str = WAITING  # ``waiting``, ``running``, ``done``, ``cancelled`` or ``failed``
    # Progress, in units of the task.
    done: int = 0
    total: int = 0
    what: str = ""  # What is being done, in words
    error: str = ""  # Why it failed, in one line
    begun: float = 0.0
    ended: float = 0.0
    stop: bool = False
    # When each browser that waits for it last asked.
    asked_by: dict[str, float] = field(default_factory=dict)

    def abandoned(self, now: float) -> bool:
        """Return whether no browser has asked for it for a while: pages ask every few seconds."""
        return all(now - last > ABANDONED_SECONDS for last in self.asked_by.values())

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in (DONE, CANCELLED, FAILED)


class JobManager:
    """Takes jobs, gives them to worker processes, and knows how each of them is.

    Parameters
    ----------
    store : ResultsStore
        Where results are kept.
    limits : Limits
        Sizes and times.
    workers : int
        Worker processes, each doing one job at a time.
    warm_up : str
        Function that loads what jobs need (``module:name``).
    """

    def __init__(
        self, store: ResultsStore, limits: Limits, workers: int = 1, warm_up: str = ""
    ) -> None:
        self.store = store
        self.limits = limits
        self.warm_up = warm_up
        self._lock = threading.Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: list[Job] = []
        self._ready = 0
        self._took: dict[str, float] = {}
        self._closing = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"jobs-{number}", daemon=True)
            for number in range(workers)
        ]

    def start(self) -> None:
        """Start the worker processes."""
        for one in self._threads:
            one.start()

    def stop(self) -> None:
        """Cancel what runs, end the worker processes, and wait for that."""
        with self._lock:
            self._closing = True
            for job in self._jobs.values():
                job.stop = True
            self._lock.notify_all()
        for one in self._threads:
            if one.is_alive():
                one.join(self.limits.grace_seconds + 5.0)

    @property
    def ready(self) -> bool:
        """Whether a worker process is loaded."""
        return self._ready > 0

    def submit(self, key: str, kind: str, task: str, settings: dict[str, Any], by: str) -> Job:
        """Take a job, or find the one with the same key.

        Raises
        ------
        QueueFull
            When too many jobs are waiting, in all or for this browser.
        """
        with self._lock:
            job = self._known(key)
            if job is not None and job.state in (WAITING, RUNNING, DONE) and not job.stop:
                job.asked_by[by] = time.monotonic()
                return job
            own = sum(1 for one in self._jobs.values() if not one.over and by in one.asked_by)
            if own >= self.limits.waiting_jobs_each:
                raise QueueFull(
                    f"queue: {own} runs of this browser are waiting or running; "
                    "wait for one of them or cancel it"
                )
            if len(self._waiting) >= self.limits.waiting_jobs or self._closing:
                raise QueueFull(
                    f"queue: {len(self._waiting)} runs are waiting already; try again in a minute"
                )
            job = Job(key, kind, task, settings)
            job.asked_by[by] = time.monotonic()
            self._jobs[key] = job
            self._jobs.move_to_end(key)
            self._waiting.append(job)
            self._forget_old()
            self._lock.notify()
            return job

    def find(self, key: str, by: str = "") -> Job | None:
        """Return the job of a key, or None; notes that a browser still waits for it."""
        with self._lock:
            job = self._known(key)
            if job is not None and by:
                job.asked_by[by] = time.monotonic()
            return job

    def cancel(self, key: str, by: str) -> Job | None:
        """Stop waiting for a job; it ends when no other browser waits for it."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.over:
                return job
            job.asked_by.pop(by, None)
            now = time.monotonic()
            if any(now - last < PRESENT_SECONDS for last in job.asked_by.values()):
                return job
            job.stop = True
            if job.state == WAITING:
                self._waiting.remove(job)
                self._end(job, CANCELLED)
            return job

    def described(self, job: Job, by: str = "") -> dict[str, Any]:
        """Return what a browser is told of a job."""
        with self._lock:
            told: dict[str, Any] = {
                "key": job.key,
                "kind": job.kind,
                "state": job.state,
                "done": job.done,
                "total": job.total,
                "what": job.what,
                "error": job.error,
                "stopping": job.stop and not job.over,
                "others": sum(1 for one in job.asked_by if one != by),
            }
            if job.state == WAITING:
                told["ahead"] = self._waiting.index(job) if job in self._waiting else 0
                if (wait := self._wait(job)) is not None:
                    told["seconds_to_start"] = round(wait, 1)
                if not self._ready:
                    told["what"] = "the simulator is getting ready"
            if job.begun:
                seconds = (job.ended or time.monotonic()) - job.begun
                told["seconds"] = round(seconds, 1)
                if job.state == RUNNING and job.done > 0:
                    told["seconds_left"] = round(seconds * (job.total - job.done) / job.done, 1)
            return told

    def _wait(self, job: Job) -> float | None:
        """Return how long a waiting job still waits, None where nothing tells it yet."""
        now = time.monotonic()
        lasts: list[float | None] = []
        for one in self._jobs.values():
            if one.state == RUNNING:
                gone = now - one.begun
                known = self._took.get(one.kind)
                left = gone * (one.total - one.done) / one.done if one.done > 0 else None
                lasts.append(left if left is not None else known and max(0.0, known - gone))
        for one in self._waiting:
            if one is job:
                break
            lasts.append(self._took.get(one.kind))
        known_ones = [one for one in lasts if one is not None]
        return sum(known_ones) / len(self._threads) if len(known_ones) == len(lasts) else None

    def _known(self, key: str) -> Job | None:
        job = self._jobs.get(key)
        if job is not None and (job.state != DONE or self.store.has(key)):
            return job
        if self.store.has(key):
            job = Job(key, "", "", {}, state=DONE)
            self._jobs[key] = job
            return job
        return None

    def _forget_old(self) -> None:
        for key in [key for key, job in self._jobs.items() if job.over]:
            if len(self._jobs) <= REMEMBERED:
                return
            del self._jobs[key]

    def _end(self, job: Job, state: str, error: str = "") -> None:
        job.state = state
        job.error = error
        job.ended = time.monotonic()

    def _next(self) -> Job | None:
        with self._lock:
            while True:
                while not self._waiting and not self._closing:
                    self._lock.wait()
                if self._closing:
                    return None
                job = self._waiting.pop(0)
                if not job.abandoned(time.monotonic()):
                    break
                self._end(job, CANCELLED)
            job.state = RUNNING
            job.begun = time.monotonic()
            return job

    def _serve(self) -> None:
        """Keep one worker process and give it one job after another."""
        worker, why = self._begun()
        try:
            while (job := self._next()) is not None:
                if worker is None or not worker.alive:
                    worker, why = self._begun()
                if worker is not None:
                    self._run(worker, job)
                else:
                    with self._lock:
                        self._end(job, FAILED, why)
        finally:
            if worker is not None:
                worker.end()

    def _begun(self) -> tuple[Worker | None, str]:
        """Return a worker process that is loaded, or None and why there can be none."""
        try:
            worker = Worker(self.warm_up)
        except (OSError, ImportError) as error:
            # Processes share a semaphore, which Linux keeps in shared memory.
            why = "run: no worker process can be started here (is /dev/shm writable?)"
            return None, f"{why}: {error}"
        self._await_ready(worker)
        return worker, ""

    def _await_ready(self, worker: Worker) -> None:
        end = time.monotonic() + LONGEST_START
        while time.monotonic() < end and not self._closing:
            try:
                if worker.pipe.poll(POLL_SECONDS) and worker.pipe.recv()[0] == "ready":
                    worker.ready = True
                    with self._lock:
                        self._ready += 1
                    return
            except (EOFError, OSError):
                return

    def _run(self, worker: Worker, job: Job) -> None:
        """Run one job on a worker process to its end, whichever that is."""
        folder = self.store.new_folder()
        told: tuple[Any, ...] = ("failed", "the worker process ended; try again")
        try:
            worker.stop.clear()
            worker.pipe.send((job.task, job.settings, str(folder)))
            told = self._follow(worker, job)
        except (EOFError, OSError):
            worker.end()
        with self._lock:
            if not worker.alive and worker.ready:
                worker.ready = False
                self._ready -= 1
            if told[0] == "done":
                self.store.take(folder, job.key)
                self._end(job, DONE)
                took = job.ended - job.begun
                self._took[job.kind] = 0.5 * (took + self._took.get(job.kind, took))
            elif told[0] in ("refused", "failed", "time"):
                self._end(job, FAILED, told[1])
            else:
                self._end(job, CANCELLED)
        with contextlib.suppress(OSError):
            shutil.rmtree(folder, ignore_errors=True)

    def _follow(self, worker: Worker, job: Job) -> tuple[Any, ...]:
        """Take note of a job's progress until it ends; end its process when it will not stop."""
        last = time.monotonic() + self.limits.job_seconds
        patience = 0.0
        in_time = True
        while True:
            if worker.pipe.poll(POLL_SECONDS):
                message = worker.pipe.recv()
                if message[0] == "progress":
                    with self._lock:
                        _, job.done, job.total, job.what = message
                else:
                    return message if in_time else self._too_long()
            now = time.monotonic()
            with self._lock:
                # Nobody is there any more: others need the processor.
                job.stop = job.stop or job.abandoned(now)
            if patience:
                if now > patience:
                    worker.end()
                    return ("stopped",) if in_time else self._too_long()
            elif job.stop or now > last:
                in_time = job.stop
                worker.stop.set()
                patience = now + self.limits.grace_seconds

    def _too_long(self) -> tuple[str, str]:
        return (
            "time",
            f"run: took longer than {self.limits.job_seconds:.0f} seconds and was stopped; "
            "ask for fewer sets of values, weeks or teams",
        )


class Worker:
    """A worker process and the server's end of its pipe."""

    def __init__(self, warm_up: str) -> None:
        # Spawned, not forked: the server has threads, and compiled code has its own.
        context = multiprocessing.get_context("spawn")
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        self.stop = context.Event()
        self.ready = False
        self.process = context.Process(
            target=work, args=(theirs, self.stop, warm_up), name="refocus-worker", daemon=True
        )
        self.process.start()
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.is_alive()

    def end(self) -> None:
        """End the process, whatever it does."""
        self.pipe.close()
        if self.process.is_alive():
            self.process.kill()
        self.process.join(5.0)
