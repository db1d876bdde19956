"""Claims about the first simulation: what it compiles is shown, kept once, and never by two."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sim.cli import main
from sim.engines import code_cache
from sim.runs import first_run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of compiled code, empty."""
    monkeypatch.setenv("REFOCUS_CACHE_DIR", str(tmp_path))
    return tmp_path / code_cache.source_hash()


def pieces(folder: Path, count: int, pause: float = 0.0) -> None:
    for number in range(count):
        (folder / f"rule.{number}.nbi").touch()
        (folder / f"rule.{number}.nbc").touch()
        time.sleep(pause)


def test_the_bar_moves_and_ends_at_its_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_run, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(first_run, "SHARES", (0.2, 0.4, 0.6, 0.8, 1.0))
    monkeypatch.setattr(first_run, "_smallest_run", lambda: pieces(folder, 5, 0.05))
    told: list[float] = []
    first_run.compile_week(told.append)
    assert told == sorted(told)
    assert len(set(told)) > 3
    assert told[-1] == 1.0
    assert max(told[:-1]) < 1.0
    assert first_run.is_compiled()


def test_the_bar_moves_between_pieces_and_never_beyond_the_next() -> None:
    for kept in range(len(first_run.SHARES) + 2):
        shares = [first_run.share_done(kept, float(one)) for one in range(300)]
        assert shares == sorted(shares)
        assert shares[-1] <= first_run.share_done(kept + 1, 0.0)
    assert first_run.share_done(0, 0.4 * first_run.EXPECTED_SECONDS) == pytest.approx(0.4)


def test_what_is_kept_is_not_compiled_again_and_what_was_cut_off_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off() -> None:
        pieces(folder, 2)
        raise KeyboardInterrupt

    monkeypatch.setattr(first_run, "_smallest_run", cut_off)
    with pytest.raises(KeyboardInterrupt):
        first_run.compile_week()
    assert not first_run.is_compiled(), "half of it is not all of it"
    runs: list[int] = []
    monkeypatch.setattr(first_run, "_smallest_run", lambda: (runs.append(1), pieces(folder, 3)))
    first_run.compile_week()
    first_run.compile_week()
    assert len(runs) == 1


def test_two_that_come_at_once_compile_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    monkeypatch.setattr(
        first_run, "_smallest_run", lambda: (runs.append(1), pieces(folder, 3, 0.1))
    )
    both = [threading.Thread(target=first_run.compile_week) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(runs) == 1


def test_the_smallest_run_compiles_the_week() -> None:
    """Its types are those of every simulation, so that none compiles the week once more."""
    first_run._smallest_run()
    from sim.engines import compiled

    assert len(compiled.run_world.signatures) == 1
    folder = code_cache.cache_root() / code_cache.source_hash()
    assert sum(1 for _ in folder.rglob("*.nbc")) >= len(first_run.SHARES)


def test_without_a_compiler_a_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import numba

    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    with pytest.raises(code_cache.InputError, match="NUMBA_DISABLE_JIT = '1': must be unset"):
        code_cache.compiler(None)
    assert main(["list", "scenarios"]) == 0
