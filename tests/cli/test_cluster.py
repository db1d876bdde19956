"""A cluster that the user names: the same bytes, every command's work travels, faults are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.cli import main
from sim.commands.job import JOB_FILE
from sim.errors import InputError
from sim.runs import cluster
from sim.runs.pieces import Interrupted, run_pieces, spans
from tests.cli.long_commands import COMMANDS, FIT

distributed = pytest.importorskip("distributed")
cloudpickle = pytest.importorskip("cloudpickle")


class Sent:
    """What a task came to."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def done(self) -> bool:
        return True

    def result(self) -> Any:
        return self.value

    def cancel(self) -> None:
        return None


class ReachedError(Exception):
    """One piece travelled and came back the same."""


class Elsewhere:
    """A cluster of one worker that is sent everything, and stops after one piece."""

    def ncores(self) -> dict[str, int]:
        return {"worker": 1}

    def close(self) -> None:
        return None

    def submit(self, task: Callable[..., Any], *given: Any, pure: bool) -> Sent:
        here = [one.value if isinstance(one, Sent) else one for one in given]
        there, arguments = cloudpickle.loads(cloudpickle.dumps((task, here)))
        found = there(*arguments)
        if isinstance(found, Mapping):
            same(found, task(*here))
            raise ReachedError
        return Sent(found)


def same(found: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]) -> None:
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert array.tobytes() == found[name].tobytes(), name


@pytest.mark.parametrize("command", [*COMMANDS, "calibrate"])
def test_the_work_of_every_command_travels(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "connect", lambda address: Elsewhere())
    given = COMMANDS.get(command, [*FIT, "--quick"])
    with pytest.raises(ReachedError):
        main([*given, "--out", str(tmp_path / "o"), "--cluster", "tcp://there:1", "--debug"])


@pytest.fixture(scope="module")
def address() -> Any:
    """Return the address of a scheduler with two workers, in this process for speed."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address=":0",
    ) as local:
        yield local.scheduler_address


def test_a_run_on_a_cluster_is_the_same_bytes(address: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert main([*COMMANDS["run"], "--no-report", "--out", str(here)]) == 0
    assert main([*COMMANDS["run"], "--no-report", "--out", str(there), "--cluster", address]) == 0
    files = {one.name for one in here.iterdir()}
    assert files == {one.name for one in there.iterdir()}
    # The folder's name stands in what was asked; where it ran does not.
    for name in files - {JOB_FILE}:
        assert (here / name).read_bytes() == (there / name).read_bytes(), name
    assert "cluster" not in (there / JOB_FILE).read_text()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--cluster", "there:8786"], "cluster = 'there:8786': must be the address of a Dask"),
        (["--cluster", "tcp://127.0.0.1:1"], "no Dask scheduler answers there"),
        (["--cluster", "tcp://127.0.0.1:1", "--workers", "2"], "workers: has no meaning with"),
    ],
)
def test_what_a_cluster_may_not_be(
    given: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cluster, "SECONDS_TO_ANSWER", 0.5)
    assert main([*COMMANDS["run"], *given]) == 2
    assert message in capsys.readouterr().err


class Version:
    """A version that is another one where it is sent to."""

    def __call__(self) -> str:
        return "ours"

    def __reduce__(self) -> Any:
        return _theirs, ()


def _theirs() -> Callable[[], str]:
    return lambda: "theirs"


def test_workers_of_another_version_are_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "source_version", Version())
    with pytest.raises(InputError, match="worker tcp://.* has another version of the model"):
        cluster.connect(address)


def test_a_scheduler_without_workers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SECONDS_FOR_A_WORKER", 0.2)
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, protocol="tcp", dashboard_address=":0"
        ) as local,
        pytest.raises(InputError, match="the scheduler has no workers"),
    ):
        cluster.connect(local.scheduler_address)


def test_a_cluster_that_takes_no_more_is_as_a_pool_that_broke() -> None:
    class Gone:
        def ncores(self) -> dict[str, int]:
            return {"worker": 1}

        def submit(self, *work: Any, pure: bool) -> None:
            if len(work) == 3:
                raise distributed.client.ClosedClientError("Client is closed.")

    with pytest.raises(BrokenExecutor, match="takes no more pieces"):
        cluster.submitter(Gone(), len)([1])


def test_a_cluster_that_goes_away_keeps_what_is_finished(tmp_path: Path) -> None:
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=":0"
    ) as local:
        client = distributed.Client(local, set_as_default=False)

        def gone(progress: Any) -> None:
            if progress.done:
                client.close()

        with pytest.raises(Interrupted, match="resume with the same folder"):
            run_pieces(
                spans(0, 40, 1),
                lambda piece: {"rows": np.array([piece.first])},
                ("rows",),
                executor=client,
                workers=1,
                folder=tmp_path,
                on_progress=gone,
            )
    assert list(tmp_path.rglob("*.npz"))
    found = run_pieces(
        spans(0, 40, 1),
        lambda piece: {"rows": np.array([piece.first])},
        ("rows",),
        folder=tmp_path,
        workers=1,
    )
    assert [int(one["rows"][0]) for _, one in sorted(found.items())] == list(range(40))
