"""Where chunks begin and end depends on the request alone, and a chunk on nothing beside it."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from sim.engines.ensemble import Request, cut, run_chunk
from sim.errors import InputError
from sim.runs.simulate import simulate
from tests.ensemble.small import assert_identical, in_small_chunks, rows_of, small_request


@pytest.fixture
def request_() -> Request:
    return small_request(replications=12)


def test_chunks_cover_every_world_once(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_chunks(monkeypatch, request_)
    chunks = cut(request_)
    worlds = [
        (chunk.scenario, chunk.draw, replication)
        for chunk in chunks
        for replication in range(chunk.first, chunk.last)
    ]
    assert len(worlds) == len(set(worlds)) == request_.worlds == 2 * 2 * 12
    assert worlds == sorted(worlds)
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    assert [chunk.worlds for chunk in chunks] == [5, 5, 2] * 4


def test_chunks_do_not_depend_on_the_machine(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_chunks(monkeypatch, request_)
    chunks = cut(request_)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert cut(request_) == chunks
    assert cut(replace(request_, seed=12, collect=("summaries",))) == chunks


def test_a_world_that_fills_a_chunk_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engines.ensemble.WORK_PER_CHUNK", 1)
    assert all(chunk.worlds == 1 for chunk in cut(small_request(3)))


def test_a_chunk_is_the_same_whatever_ran_before(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_chunks(monkeypatch, request_)
    chunk = cut(request_)[4]
    first = run_chunk(request_, chunk)
    for other in reversed(cut(request_)):
        run_chunk(request_, other)
    again = run_chunk(request_, chunk)
    assert all(first[name].tobytes() == again[name].tobytes() for name in request_.collect)


def test_sizes_of_chunks_do_not_change_the_result(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = simulate(request_, workers=1)
    in_small_chunks(monkeypatch, request_)
    assert_identical(simulate(request_, workers=1), whole)


def test_collecting_less_changes_no_number(request_: Request) -> None:
    everything = simulate(request_, workers=1)
    for name in request_.collect:
        alone = simulate(replace(request_, collect=(name,)), workers=1)
        assert alone.arrays[name].tobytes() == everything.arrays[name].tobytes(), name


def test_a_request_can_be_continued_by_another() -> None:
    whole = simulate(small_request(6), workers=1)
    tail = simulate(small_request(2, first_run=4), workers=1)
    for scenario in (0, 1):
        for run in (0, 1):
            late = rows_of(whole, "assessments", scenario=scenario, draw=1, replication=4 + run)
            same = rows_of(tail, "assessments", scenario=scenario, draw=1, replication=run)
            assert late["qpr15"].tobytes() == same["qpr15"].tobytes()


def test_draws_share_chance_unless_they_have_their_own() -> None:
    twice = small_request(2).draws[[0, 0]]
    shared = simulate(small_request(2, draws=twice), workers=1)
    own = simulate(small_request(2, draws=twice, own_chance=True), workers=1)

    def scores(results: object, draw: int) -> bytes:
        return rows_of(results, "assessments", draw=draw)["qpr15"].tobytes()  # type: ignore[arg-type]

    assert scores(shared, 0) == scores(shared, 1)
    assert scores(own, 0) == scores(shared, 0)
    assert scores(own, 1) != scores(own, 0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"replications": 0}, "replications = 0: must be at least 1"),
        ({"weeks": 0}, "weeks = 0: must be at least 1"),
        ({"weeks": 9}, "weeks = 9: the scenario's calendar covers only 8"),
        ({"collect": ("sumaries",)}, "unknown output 'sumaries'; did you mean 'summaries'?"),
    ],
)
def test_what_cannot_be_run_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        replace(small_request(), **changed)  # type: ignore[arg-type]
