"""Finished chunks are kept: a run that was cut off goes on and ends with the identical result."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.agents import Staff
from sim.engines import ensemble
from sim.engines.ensemble import Request, cut
from sim.errors import InputError
from sim.files import NotWrittenError
from sim.runs import chunk_store
from sim.runs import simulate as simulate_module
from sim.runs.pieces import Interrupted
from sim.runs.results import Results
from sim.runs.simulate import simulate
from tests.ensemble.small import assert_identical, in_small_chunks, small_request

ROOT = Path(__file__).parents[2]


@pytest.fixture
def request_(monkeypatch: pytest.MonkeyPatch) -> Request:
    request = small_request(replications=10)
    in_small_chunks(monkeypatch, request)
    return request


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    """Return a result, and the folder in which its chunks are stored."""
    request, folder = small_request(replications=10), tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patched:
        in_small_chunks(patched, request)
        simulate(request, folder=folder)
        return simulate(request, workers=1), folder


@pytest.fixture
def whole(kept: tuple[Results, Path]) -> Results:
    return kept[0]


@pytest.fixture
def stored(kept: tuple[Results, Path], tmp_path: Path) -> Path:
    """Return a folder of its own with all chunks."""
    shutil.copytree(kept[1], tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of the chunks that are run from now on."""
    numbers: list[int] = []
    run_chunk = simulate_module.run_chunk

    def noted(request: Request, chunk: ensemble.Chunk) -> dict[str, np.ndarray]:
        numbers.append(chunk.number)
        return run_chunk(request, chunk)

    monkeypatch.setattr(simulate_module, "run_chunk", noted)
    return numbers


def files(folder: Path) -> list[Path]:
    """Return the pieces in a folder, which hold the folder of one request."""
    return sorted(folder.glob("*/*.npz"))


def test_a_stored_run_is_not_run_again(
    request_: Request, whole: Results, tmp_path: Path, ran: list[int]
) -> None:
    assert_identical(simulate(request_, folder=tmp_path), whole)
    assert sorted(ran) == list(range(8))
    assert [path.name for path in files(tmp_path)] == [f"{number:07d}.npz" for number in range(8)]
    assert_identical(simulate(request_, folder=tmp_path), whole)
    assert len(ran) == 8


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def write_text(path: Path) -> None:
    path.write_text("not a chunk", encoding="utf-8")


def kept_of(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as stored:
        return {name: stored[name] for name in stored.files}


def leave_a_table_out(path: Path) -> None:
    np.savez(path, **{name: one for name, one in kept_of(path).items() if name != "events"})  # type: ignore[arg-type]


def put_another_chunk_there(path: Path) -> None:
    path.write_bytes(path.with_name("0000002.npz").read_bytes())


def change_a_number(path: Path) -> None:
    """Change one value and save a file that is whole in itself."""
    kept = kept_of(path)
    kept["summaries"]["mean"][0] += 1.0
    np.savez(path, **kept)  # type: ignore[arg-type]


def of_another_request(path: Path) -> None:
    kept = kept_of(path)
    kept["seal"][0] = "0" * 32
    np.savez(path, **kept)  # type: ignore[arg-type]


def of_another_size(path: Path) -> None:
    kept = kept_of(path)
    kept["seal"][2] = "4"
    np.savez(path, **kept)  # type: ignore[arg-type]


DAMAGES = [
    Path.unlink,
    cut_short,
    flip_a_bit,
    empty,
    write_text,
    leave_a_table_out,
    put_another_chunk_there,
    change_a_number,
    of_another_request,
    of_another_size,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_chunk_is_run_again(
    damage: Callable[[Path], Any],
    request_: Request,
    whole: Results,
    stored: Path,
    ran: list[int],
) -> None:
    damage(files(stored)[3])
    assert_identical(simulate(request_, folder=stored), whole)
    assert ran == [3]


def test_a_file_that_was_being_written_is_no_chunk(
    request_: Request, whole: Results, stored: Path
) -> None:
    last = files(stored)[-1]
    last.rename(last.with_name(f".{last.name}.123.part"))
    assert_identical(simulate(request_, folder=stored), whole)


def other_seed(request: Request) -> Request:
    return replace(request, seed=request.seed + 1)


def other_parameter(request: Request) -> Request:
    draws = request.draws.copy()
    draws["qpr_retest"][1] += 1e-9
    return replace(request, draws=draws)


def other_calendar(request: Request) -> Request:
    actions = request.layouts[1].actions.copy()
    actions["telephone"][1, 2] = 0.5
    layouts = (request.layouts[0], replace(request.layouts[1], actions=actions))
    return replace(request, layouts=layouts)


def more_replications(request: Request) -> Request:
    return replace(request, replications=request.replications + 1)


def less_collected(request: Request) -> Request:
    return replace(request, collect=("summaries",))


def other_name(request: Request) -> Request:
    return replace(request, names=("programme", "usual"))


@pytest.mark.parametrize(
    "other",
    [
        other_seed,
        other_parameter,
        other_calendar,
        more_replications,
        less_collected,
        other_name,
    ],
)
def test_chunks_of_another_request_are_not_used_and_left_alone(
    other: Callable[[Request], Request], request_: Request, stored: Path, ran: list[int]
) -> None:
    before = {path: path.read_bytes() for path in files(stored)}
    simulate(other(request_), folder=stored)
    assert sorted(ran) == [chunk.number for chunk in cut(other(request_))]
    assert {path: path.read_bytes() for path in before} == before
    assert len(files(stored)) == len(before) + len(ran)


def test_engines_and_own_agents_do_not_share_chunks(request_: Request, tmp_path: Path) -> None:
    class Eager(Staff):
        pass

    short = replace(request_, replications=1, collect=("summaries",))
    simulate(short, folder=tmp_path, engine="mesa")
    stored = len(files(tmp_path))
    for given in ({}, {"engine": "mesa", "agent_classes": {"staff": Eager}}):
        simulate(short, folder=tmp_path, **given)  # type: ignore[arg-type]
        assert len(files(tmp_path)) % stored == 0
    assert len(files(tmp_path)) == 3 * stored


def test_chunks_of_another_version_of_the_source_are_run_again(
    request_: Request,
    whole: Results,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ran: list[int],
) -> None:
    with monkeypatch.context() as older:
        older.setattr(chunk_store, "source_version", lambda: "an older version")
        simulate(request_, folder=tmp_path)
    for path in files(tmp_path):
        change_a_number(path)
    ran.clear()
    assert_identical(simulate(request_, folder=tmp_path), whole)
    assert len(ran) == 8


def test_every_file_that_can_decide_a_chunk_is_part_of_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "sim"
    for name in (
        "runs/chunk_store.py",
        "trials/new/rule.py",
        "report/page.py",
        "mechanisms/a.toml",
    ):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("1", encoding="utf-8")
    monkeypatch.setattr(chunk_store, "__file__", str(package / "runs/chunk_store.py"))
    version = chunk_store.source_version.__wrapped__
    before = version()
    for name, decides in (
        ("report/page.py", False),
        ("trials/new/rule.py", True),
        ("mechanisms/a.toml", True),
    ):
        (package / name).write_text(f"{name} 2", encoding="utf-8")
        assert (version() != before) is decides, name
        before = version()


def test_the_folder_says_in_words_what_it_holds(stored: Path) -> None:
    (path,) = stored.glob("*/request.json")
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["scenarios"] == ["programme", "usual care"]
    assert (told["worlds"], told["seed"], told["weeks"]) == (40, 11, 8)


def test_a_folder_that_cannot_be_made_is_refused_before_anything_runs(
    request_: Request, tmp_path: Path, ran: list[int]
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way", encoding="utf-8")
    with pytest.raises(InputError, match=r"a file/run': cannot be written .*nothing was run"):
        simulate(request_, folder=blocked / "run")
    assert ran == []
    assert blocked.read_text(encoding="utf-8") == "in the way"


def test_a_disk_that_is_full_between_two_works_keeps_the_first(
    request_: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(request_, folder=tmp_path)

    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(chunk_store, "write_whole", full)
    with pytest.raises(NotWrittenError, match="No space left .*stored before are kept, resume"):
        chunk_store.ChunkStore(tmp_path, "another", ["a"], {})


def test_a_full_disk_is_told_and_loses_nothing_finished(
    request_: Request, whole: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_whole = chunk_store.write_whole

    def full_after_three(path: Path, content: bytes) -> None:
        if path.name == "0000003.npz":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_whole(path, content)

    monkeypatch.setattr(chunk_store, "write_whole", full_after_three)
    with pytest.raises(Interrupted, match=r"chunk 3 .*No space left .*resume") as caught:
        simulate(request_, workers=1, folder=tmp_path)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, InputError)
    assert [path.name for path in files(tmp_path)] == [f"{number:07d}.npz" for number in range(3)]
    finished = caught.value.results
    assert finished is not None
    for name, array in finished.arrays.items():
        # Chunk 3 could not be stored, but is not lost either.
        assert array.tobytes() == whole.arrays[name][: len(array)].tobytes()
    assert len(np.unique(finished.arrays["summaries"][["draw", "replication"]])) == 20
    monkeypatch.setattr(chunk_store, "write_whole", write_whole)
    assert_identical(simulate(request_, folder=tmp_path), whole)


def test_writing_to_a_disk_that_really_is_full_is_an_error_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no device that is always full")
    from sim.files import write_whole

    target = tmp_path / "chunk.npz"
    target.with_name(f".{target.name}.{os.getpid()}.part").symlink_to(full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(target, b"x" * 100_000)
    assert list(tmp_path.iterdir()) == []


PROGRAM = """
import sys
import pytest
from sim.runs.simulate import simulate
from tests.ensemble.small import in_small_chunks, small_request
request = small_request(replications=10)
in_small_chunks(pytest.MonkeyPatch(), request)

def slowly(progress):
    print(progress.done, flush=True)
    import time
    time.sleep(0.1)

simulate(request, workers=1, folder=sys.argv[1], on_progress=slowly)
"""


def test_a_run_killed_outright_ends_with_the_identical_result(
    request_: Request, whole: Results, tmp_path: Path, ran: list[int]
) -> None:
    folder = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 15:
                break
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    stored = files(folder)
    assert 3 <= len(stored) < len(cut(request_))
    assert_identical(simulate(request_, folder=folder), whole)
    assert len(ran) == len(cut(request_)) - len(stored)
    assert time.time() - stored[0].stat().st_mtime < 600
