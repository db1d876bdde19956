"""Progress is told in worlds, and cancelling leaves what is finished usable."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from pathlib import Path

import pytest

from sim.engines.ensemble import Chunk, Request, cut
from sim.runs import simulate as simulate_module
from sim.runs.pieces import Cancelled, Progress
from sim.runs.simulate import simulate
from tests.ensemble.small import assert_identical, in_small_chunks, small_request


@pytest.fixture
def request_(monkeypatch: pytest.MonkeyPatch) -> Request:
    request = small_request(replications=15)
    in_small_chunks(monkeypatch, request)
    return request


def cancel_after(worlds: int) -> tuple[Callable[[Progress], None], Callable[[], bool]]:
    """Return callbacks that cancel once so many worlds are done."""
    seen = [0]

    def note(progress: Progress) -> None:
        seen[0] = progress.done

    return note, lambda: seen[0] >= worlds


@pytest.mark.parametrize("workers", [1, 3])
def test_progress_rises_to_the_total(request_: Request, workers: int) -> None:
    told: list[Progress] = []
    simulate(request_, workers=workers, on_progress=told.append)
    done = [one.done for one in told]
    assert done[0] == 0
    assert done == sorted(done)
    assert done[-1] == told[-1].total == request_.worlds == 60
    assert len(told) == 1 + len(cut(request_))
    assert all(one.total == 60 for one in told)
    seconds = [one.seconds for one in told]
    assert seconds == sorted(seconds)
    assert isnan(told[0].seconds_left)
    assert all(one.seconds_left >= 0.0 for one in told[1:])
    assert told[-1].seconds_left == 0.0
    for one in told[1:]:
        expected = one.seconds / one.done * (one.total - one.done)
        assert one.seconds_left == pytest.approx(expected, rel=1e-9)


def test_the_time_left_counts_only_what_this_call_ran(request_: Request, tmp_path: Path) -> None:
    note, wanted = cancel_after(30)
    with pytest.raises(Cancelled):
        simulate(request_, workers=1, folder=tmp_path, on_progress=note, should_cancel=wanted)
    told: list[Progress] = []
    simulate(request_, workers=1, folder=tmp_path, on_progress=told.append)
    begun = told[0].done
    assert begun >= 30
    assert isnan(told[0].seconds_left)
    second = told[1]
    pace = (second.done - begun) / second.seconds
    assert second.seconds_left == pytest.approx((60 - second.done) / pace, rel=1e-9)


def test_what_was_finished_when_cancelled_is_usable(request_: Request, tmp_path: Path) -> None:
    whole = simulate(request_, workers=1)
    note, wanted = cancel_after(20)
    with pytest.raises(Cancelled, match="cancelled after 20 of 60 worlds") as caught:
        simulate(request_, workers=1, folder=tmp_path, on_progress=note, should_cancel=wanted)
    stopped = caught.value
    assert (stopped.done, stopped.total) == (20, 60)
    assert stopped.results is not None
    frame = stopped.results.table("summaries")
    assert len(frame[["scenario", "draw", "replication"]].drop_duplicates()) == 20
    for name, array in stopped.results.arrays.items():
        assert array.tobytes() == whole.arrays[name][: len(array)].tobytes()
    assert_identical(simulate(request_, folder=tmp_path), whole)


def test_cancelled_before_anything_ran(request_: Request) -> None:
    with pytest.raises(Cancelled) as caught:
        simulate(request_, workers=1, should_cancel=lambda: True)
    assert caught.value.results is None
    assert caught.value.done == 0


def test_a_piece_that_fails_is_not_swallowed(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(request: Request, chunk: Chunk) -> None:
        raise ZeroDivisionError(f"chunk {chunk.number}")

    monkeypatch.setattr(simulate_module, "run_chunk", fails)
    with pytest.raises(ZeroDivisionError):
        simulate(request_, workers=2)
