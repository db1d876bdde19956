"""Claims about jobs: queue, cancelling, dying workers, time, shared and found again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sim.web import jobs
from sim.web.fingerprint import key_of
from sim.web.jobs import Job, JobManager, QueueFull
from sim.web.limits import Limits
from sim.web.results_store import ResultsStore

LIMITS = replace(Limits(), waiting_jobs=3, waiting_jobs_each=2, grace_seconds=0.5, job_seconds=30.0)
Submit = Callable[..., Job]


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(tmp_path, most=5, room=10_000)


@pytest.fixture
def manager(store: ResultsStore) -> Iterator[JobManager]:
    made = JobManager(store, LIMITS)
    made.start()
    yield made
    made.stop()


def submit(manager: JobManager, task: str, by: str = "one", **settings: Any) -> Job:
    place = f"tests.web.tasks:{task}"
    return manager.submit(key_of(task, settings), task, place, settings, by)


def wait(job: Job, state: str, seconds: float = 30.0) -> Job:
    end = time.monotonic() + seconds
    while job.state != state:
        assert not job.over, f"{job.state} instead of {state}: {job.error}"
        assert time.monotonic() < end, f"still {job.state} after {seconds} s"
        time.sleep(0.01)
    return job


def test_a_job_is_done_and_found_again_by_its_settings(
    manager: JobManager, store: ResultsStore
) -> None:
    job = wait(submit(manager, "quick", n=4), "done")
    assert store.path(job.key, "result.json").read_text() == '{"n": 4}'  # type: ignore[union-attr]
    assert submit(manager, "quick", by="another", n=4) is job
    assert submit(manager, "quick", n=5) is not job
    assert manager.find("0" * 32) is None


def test_where_no_process_can_be_started_a_run_says_so(
    store: ResultsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: str) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "Worker", refused)
        manager = JobManager(store, LIMITS)
        manager.start()
        job = wait(submit(manager, "quick", n=1), "failed")
        assert "no worker process can be started here" in job.error
        assert "Permission denied" in job.error
    # The next run finds out whether it still is so.
    wait(submit(manager, "quick", n=1), "done")
    manager.stop()


def test_results_outlive_the_server(manager: JobManager, store: ResultsStore) -> None:
    key = wait(submit(manager, "quick", n=1), "done").key
    later = JobManager(ResultsStore(store.folder, most=5, room=10_000), LIMITS)
    found = later.find(key)
    assert found is not None
    assert found.state == "done"


def test_a_second_browser_sees_the_same_job_and_its_progress(manager: JobManager) -> None:
    job = submit(manager, "patient", by="one", steps=10_000)
    assert submit(manager, "patient", by="two", steps=10_000) is job
    wait(job, "running")
    end = time.monotonic() + 30.0
    while manager.described(job, by="two")["done"] == 0 and time.monotonic() < end:
        time.sleep(0.01)
    told = manager.described(job, by="two")
    assert told["state"] == "running"
    assert told["done"] > 0
    assert told["others"] == 1
    manager.cancel(job.key, "one")
    time.sleep(0.4)
    assert job.state == "running", "one browser's cancel must not end another's job"
    manager.cancel(job.key, "two")
    wait(job, "cancelled", 5.0)


def test_a_job_that_listens_stops_soon_and_leaves_nothing(
    manager: JobManager, store: ResultsStore
) -> None:
    job = submit(manager, "patient", steps=10_000)
    wait(job, "running")
    time.sleep(0.3)
    begun = time.monotonic()
    manager.cancel(job.key, "one")
    wait(job, "cancelled", 5.0)
    assert time.monotonic() - begun < 1.0
    assert not store.has(job.key)
    assert [one for one in store.folder.iterdir() if one.name.startswith("unfinished")] == []


def test_a_job_that_nobody_asks_for_any_more_ends(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.web.jobs.ABANDONED_SECONDS", 0.6)
    left = submit(manager, "patient", steps=3000)
    kept = submit(manager, "patient", by="another", steps=50)
    also_left = submit(manager, "patient", steps=2000)
    end = time.monotonic() + 30.0
    while not (kept.over and also_left.over) and time.monotonic() < end:
        manager.find(kept.key, "another")
        time.sleep(0.05)
    assert [left.state, kept.state, also_left.state] == ["cancelled", "done", "cancelled"]


def test_a_queue_says_how_long(manager: JobManager) -> None:
    wait(submit(manager, "quick", n=1), "done")
    first = wait(submit(manager, "patient", steps=10_000), "running")
    second = submit(manager, "quick", n=2)
    unknown = submit(manager, "deaf", by="another")
    time.sleep(0.3)
    told = manager.described(second)
    assert told["ahead"] == 0
    assert told["seconds_to_start"] == pytest.approx(
        manager.described(first)["seconds_left"], rel=0.2
    )
    assert manager.described(unknown)["seconds_to_start"] >= told["seconds_to_start"]
    for job, by in ((first, "one"), (second, "one"), (unknown, "another")):
        manager.cancel(job.key, by)


def test_a_job_that_does_not_listen_is_ended_and_the_next_one_runs(manager: JobManager) -> None:
    job = submit(manager, "deaf")
    wait(job, "running")
    time.sleep(0.3)
    manager.cancel(job.key, "one")
    wait(job, "cancelled", 10.0)
    wait(submit(manager, "quick", n=2), "done")


def test_a_worker_that_dies_is_told_and_replaced(manager: JobManager) -> None:
    job = submit(manager, "dying")
    wait(job, "failed")
    assert "try again" in job.error
    wait(submit(manager, "quick", n=3), "done")
    again = submit(manager, "dying")
    assert again is not job, "a failed job may be tried again"


def test_mistakes_are_told_and_errors_say_nothing_of_the_machine(
    manager: JobManager, capfd: pytest.CaptureFixture[str]
) -> None:
    job = wait(submit(manager, "refusing"), "failed")
    assert job.error == "weeks = 0: must be at least 1"
    job = wait(submit(manager, "failing"), "failed")
    assert "RuntimeError" in job.error
    assert "secret" not in job.error
    assert "tests" not in job.error


def test_a_job_has_only_so_long(store: ResultsStore) -> None:
    manager = JobManager(store, replace(LIMITS, job_seconds=0.3, grace_seconds=0.3))
    manager.start()
    try:
        for task in ("patient", "deaf"):
            job = wait(submit(manager, task, steps=10_000), "failed")
            assert "took longer than" in job.error
    finally:
        manager.stop()


def test_the_queue_is_bounded_for_one_browser_and_for_all(manager: JobManager) -> None:
    first = submit(manager, "patient", by="a", steps=10_001)
    wait(first, "running")
    submit(manager, "patient", by="a", steps=10_002)
    with pytest.raises(QueueFull, match="of this browser"):
        submit(manager, "patient", by="a", steps=10_003)
    submit(manager, "patient", by="b", steps=10_004)
    last = submit(manager, "patient", by="b", steps=10_005)
    with pytest.raises(QueueFull, match="3 runs are waiting"):
        submit(manager, "patient", by="c", steps=10_006)
    assert manager.described(last)["ahead"] == 2
    manager.cancel(last.key, "b")
    assert last.state == "cancelled", "a waiting job is taken from the queue at once"
    submit(manager, "patient", by="c", steps=10_006)


def test_stopping_ends_running_jobs_and_processes_soon(store: ResultsStore) -> None:
    manager = JobManager(store, LIMITS)
    manager.start()
    job = submit(manager, "deaf")
    wait(job, "running")
    begun = time.monotonic()
    manager.stop()
    assert time.monotonic() - begun < 5.0
    assert job.state == "cancelled"
    with pytest.raises(QueueFull):
        submit(manager, "quick", n=1)


def test_the_oldest_results_make_room(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, most=3, room=1000)
    keys = [f"{number:032x}" for number in range(6)]
    for number, key in enumerate(keys):
        folder = store.new_folder()
        (folder / "result.json").write_text("x" * (100 if number < 5 else 900))
        store.take(folder, key)
        time.sleep(0.02)
        assert store.has(key), "a new result stays, however large"
    assert [key for key in keys if store.has(key)] == [keys[4], keys[5]]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("../" + "0" * 29, "result.json"),
        ("0" * 32, "../secret.json"),
        ("0" * 32, ".hidden.json"),
        ("0" * 32, "result.json/../../secret.json"),
        ("0" * 32, "result.py"),
        ("0" * 32, "result.json\0.svg"),
        ("0" * 31 + "G", "result.json"),
    ],
)
def test_no_name_leads_out_of_a_result(tmp_path: Path, key: str, name: str) -> None:
    store = ResultsStore(tmp_path / "results", most=3, room=1000)
    (tmp_path / "secret.json").write_text("{}")
    (store.folder / ("0" * 32)).mkdir()
    (store.folder / ("0" * 32) / ".hidden.json").write_text("{}")
    assert store.path(key, name) is None
