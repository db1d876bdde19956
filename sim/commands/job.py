"""The long work of a command: its folder, progress, signals and faults, and how to go on.

While a command runs, its folder holds `job.json`, which says what was asked, and `chunks`, the
pieces that are finished. When the tables are written the job is marked finished and the chunks go.
Whatever stops the command before that keeps them, and says how to go on.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands.terminal_text import spelt_out
from sim.errors import InputError, unknown
from sim.files import NotWrittenError, reason, write_texts
from sim.reading.numbers import whole

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from sim.api.answers import Answer
    from sim.runs.pieces import How, Progress

JOB_FILE = "job.json"
# Held while a process works in the folder.
LOCK_FILE = "job.lock"
CHUNKS = "chunks"
# What they are called while they are removed, so that a kill leaves none that look wanted.
GONE = "chunks.gone"
# What may differ between two parts of one job, and what the parser adds.
NOT_NOTED = {
    "out",
    "resume",
    "workers",
    "cluster",
    "keep_chunks",
    "run",
    "version",
    "debug",
    "command",
    "check",
    "report",
    "docs",
    "ship",
    "quiet",
    "parser",
}
FROM_FOLDERS = ("updated.csv", "updated.json", "rollout.json", "plan.csv", "roster.csv")
"""What other commands read from the folder of a plan or an update."""
OF_THE_OUTPUT = ("format", "no_report", "tables")
"""How an answer is shown, which does not decide it."""


def add_job_options(parser: argparse.ArgumentParser, holds: str) -> None:
    """Add the options of long work; `holds` says what is written into the folder."""
    parser.add_argument("--workers", help="threads (default: all processors)")
    parser.add_argument(
        "--cluster", metavar="tcp://HOST:PORT", help="a Dask scheduler that runs the work"
    )
    parser.add_argument("--out", metavar="DIR", help=f"folder for {holds}")
    parser.add_argument("--resume", metavar="DIR", help="go on with what was cut off in DIR")
    parser.add_argument(
        "--keep-chunks", action="store_true", help="keep finished chunks in the folder's 'chunks'"
    )
    parser.set_defaults(parser=parser)


def say(text: str) -> None:
    """Tell the user something that is not data."""
    print(f"refocus: {spelt_out(text)}", file=sys.stderr, flush=True)


def tell_compiling(sources: Sequence[str] | None = None) -> None:
    """Compile ahead what is not kept, and say how far it is."""
    from sim.engines.code_cache import FIT_SOURCES, first_compilation

    if sources == FIT_SOURCES:
        if first_compilation(FIT_SOURCES):
            say("first analysis after installation or an edit: compiling, some seconds ...")
        return
    from sim.runs.first_run import EXPECTED_SECONDS, compile_week, is_compiled

    if is_compiled():
        return
    say(
        "first simulation after installation or an edit: compiling, about "
        f"{EXPECTED_SECONDS} seconds on a quiet machine, once ..."
    )
    if not sys.stderr.isatty():
        compile_week()
        return
    from tqdm import tqdm

    with tqdm(total=100, unit="%", desc="compiling", dynamic_ncols=True) as bar:

        def show(share: float) -> None:
            bar.n = max(bar.n, round(100 * share))
            # Time goes on where nothing else does.
            bar.refresh()

        compile_week(show)


def arguments_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments that decide a command's answer."""
    return {name: value for name, value in vars(options).items() if name not in NOT_NOTED}


def files_of(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return a hash of every file that an argument names, as far as they are there.

    Of a folder, which a plan or an update left, each file that is read from it.
    """
    named = [
        one
        for value in arguments.values()
        for one in (value if isinstance(value, list) else [value])
        if isinstance(one, str)
    ]
    # Of several trials each file is given as NAME=FILE.
    named += [one.partition("=")[2] for one in named if "=" in one]
    found = {}
    for name in named:
        # Not a pipe, which can be read once only.
        with contextlib.suppress(OSError, ValueError):
            inside = [str(Path(name) / one) for one in FROM_FOLDERS] if Path(name).is_dir() else []
            for path in (name, *inside):
                if Path(path).is_file():
                    found[path] = blake2b(Path(path).read_bytes(), digest_size=16).hexdigest()
    return found


def read_job(folder: Path) -> dict[str, Any] | None:
    """Return what a folder says of its job; None when it holds none that can be read."""
    try:
        found = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    kinds = {"command": str, "arguments": dict, "files": dict, "source": str, "finished": bool}
    if not isinstance(found, dict):
        return None
    return found if all(isinstance(found.get(k), t) for k, t in kinds.items()) else None


def resumed(
    options: argparse.Namespace, formats: Sequence[str] = (), finished_too: bool = False
) -> argparse.Namespace:
    """Return the options of the job that `options.resume` holds; those given without one.

    Parameters
    ----------
    options : argparse.Namespace
        What the command was given.
    formats : sequence of str
        Forms in which the answer can be printed, where the command has a choice.
    finished_too : bool
        Whether something can be done with a job that is finished.

    Raises
    ------
    InputError
        When the folder holds no job, or another command's, or a finished one, or when what is given
        is not what the job was begun with; for a format that does not exist.
    """
    if options.resume is not None:
        options = _resumed(options, finished_too)
    if formats and options.format not in formats:
        raise unknown("format", options.format, formats)
    return options


def _resumed(options: argparse.Namespace, finished_too: bool) -> argparse.Namespace:
    name = options.resume
    if options.out is not None and options.out != name:
        raise InputError(f"out = '{options.out}' and resume = '{name}': name one folder, not two")
    job = read_job(Path(name))
    if job is None:
        raise InputError(
            f"resume = '{name}': holds nothing to go on with; see 'refocus {options.command} --out'"
        )
    if job["command"] != options.command:
        raise InputError(
            f"resume = '{name}': was begun by 'refocus {job['command']}', not by "
            f"'refocus {options.command}'"
        )
    if job["finished"]:
        remove_chunks(Path(name))
    if job["finished"] and not finished_too:
        raise InputError(f"resume = '{name}': is finished; nothing is left to do")
    noted = job["arguments"]
    for own in explicit(options):
        if own in noted and getattr(options, own) != noted[own]:
            raise InputError(
                f"{own.replace('_', '-')}: with --resume the folder knows it "
                f"({shown(noted[own])}); leave it out, or name another folder"
            )
    for path, digest in job["files"].items():
        if files_of({"": path}).get(path) != digest:
            raise InputError(
                f"resume = '{name}': the file '{path}' is not there, or has changed since; put it "
                "back, or name another folder"
            )
    return argparse.Namespace(**{**vars(options), **noted, "out": name})


def command_of(options: argparse.Namespace) -> str:
    """Return the command that repeats what was asked, with its defaults written out."""
    words, asked = ["refocus", options.command], []
    for action in options.parser._actions:
        value = getattr(options, action.dest, None)
        values = value if isinstance(value, list) else [value]
        if action.dest in (*NOT_NOTED, *OF_THE_OUTPUT) or values in ([], [None], [False]):
            continue
        written = [] if value is True else [str(text) for text in values]
        if not action.option_strings:
            words += written
        elif isinstance(action, argparse._AppendAction) and action.nargs is None:
            asked += [part for text in written for part in (action.option_strings[-1], text)]
        else:
            asked += [action.option_strings[-1], *written]
    return " ".join(shlex.quote(part) for part in [*words, *asked, "--out", "DIR"])


def explicit(options: argparse.Namespace) -> set[str]:
    """Return the names of the arguments that were written out, not left at their defaults."""
    found = set(options.parser.stood)
    for action in options.parser._actions:
        # A positional argument that is not given is empty.
        if not action.option_strings and getattr(options, action.dest, None) not in (None, []):
            found.add(action.dest)
    return found - NOT_NOTED


def shown(value: Any) -> str:
    """Return an argument's value as it is written."""
    return " ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


class Stop:
    """Ctrl-C and SIGTERM: a wish to stop while pieces run, the end at once otherwise."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self.patient = False

    def __call__(self) -> bool:
        """Return whether somebody wishes to stop."""
        return self.signal is not None

    def heard(self, number: int, frame: Any) -> None:
        """Note a signal; the second one ends at once."""
        again, self.signal = self.signal is not None, number
        if again or not self.patient:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for signals, in the main thread."""
        before = {}
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                before[number] = signal.signal(number, self.heard)
        except ValueError:
            # Another thread cannot, and is not what a signal means.
            pass
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Job:
    """Long work that is under way.

    Attributes
    ----------
    folder : Path or None
        Where the answer goes.
    stop : Stop
        Whether somebody wishes to stop.
    """

    def __init__(self, options: argparse.Namespace, unit: str) -> None:
        self.options = options
        self.unit = unit
        self.folder = None if options.out is None else Path(options.out)
        self.workers = (
            None if options.workers is None else whole("workers", options.workers, 1, 1024)
        )
        if self.workers is not None and options.cluster is not None:
            raise InputError("workers: has no meaning with --cluster, which has workers of its own")
        self.executor: Any = None
        self.stop = Stop()
        self.new = False
        self._lock: BaseFileLock | None = None
        self._bars: list[Any] = []

    @property
    def hint(self) -> str:
        """How to go on."""
        if self.folder is None:
            return ""
        return (
            f"; go on with: refocus {self.options.command} --resume {shlex.quote(str(self.folder))}"
        )

    def begin(self) -> None:
        """Note in the folder what is run there.

        Raises
        ------
        InputError
            When the folder cannot be written, or holds something else.
        """
        if self.folder is None:
            return
        name, arguments = self.options.out, arguments_of(self.options)
        asked = {
            "command": self.options.command,
            "arguments": arguments,
            "files": files_of(arguments),
        }
        from sim.runs.chunk_store import source_version

        source = source_version()
        try:
            self.new = not self.folder.exists()
            if not self.new and not self.folder.is_dir():
                raise InputError(f"out = '{name}': exists and is no folder")
            found = read_job(self.folder)
            if found is None and not self.new and others_in(self.folder):
                raise InputError(f"out = '{name}': holds something else; name another folder")
            self.folder.mkdir(parents=True, exist_ok=True)
            self._hold()
            found = read_job(self.folder)
            if found is not None:
                refuse_other(name, found, asked, source)
            by = f"process {os.getpid()} on {platform.node()}"
            self.note({**asked, "source": source, "finished": False, "by": by})
        except InputError as error:
            if isinstance(error, NotWrittenError):
                raise InputError(f"out = '{name}': {error}; nothing was run") from error
            raise
        except (OSError, ValueError) as error:
            raise InputError(
                f"out = '{name}': cannot be written ({reason(error)}); nothing was run"
            ) from error

    def _hold(self) -> None:
        """Keep other processes out of the folder.

        Raises InputError when one works there, with its number.
        """
        from filelock import FileLock, Timeout

        assert self.folder is not None
        lock = FileLock(self.folder / LOCK_FILE)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            by = (read_job(self.folder) or {}).get("by", "another process")
            raise InputError(
                f"out = '{self.options.out}': {by} works in this folder; wait for it, or name "
                "another folder"
            ) from None
        self._lock = lock

    def close(self) -> None:
        """Let other processes into the folder."""
        if self._lock is not None:
            # Where a file that is open cannot be removed, it stays.
            with contextlib.suppress(OSError):
                Path(self._lock.lock_file).unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def note(self, job: Mapping[str, Any]) -> None:
        """Write what the folder says of its job."""
        assert self.folder is not None
        self.noted = dict(job)
        write_texts(self.folder, {JOB_FILE: json.dumps(self.noted, indent=1) + "\n"})

    def how(self, label: str = "") -> How:
        """Return how a part of the work is run, with a progress bar of its own."""
        return {
            "executor": self.executor,
            "workers": self.workers,
            "folder": None if self.folder is None else self.folder / CHUNKS,
            "on_progress": self._bar(label),
            "should_cancel": self.stop,
        }

    @contextlib.contextmanager
    def running(self, tells_itself: bool = False) -> Iterator[Callable[[str], How]]:
        """While pieces run a signal waits for those that are under way; yields `how`.

        One that came when the last piece was done is heard at the end, unless `tells_itself`: what
        runs then says itself how far it came.
        """
        self.stop.patient = True
        try:
            yield self.how
        finally:
            self.stop.patient = False
            while self._bars:
                self._bars.pop().close()
        if self.stop() and not tells_itself:
            raise KeyboardInterrupt

    def finished(self) -> None:
        """Mark the job finished and remove its chunks, unless they are to be kept."""
        if self.folder is None:
            return
        self.noted.pop("by", None)
        self.note({**self.noted, "finished": True})
        if not self.options.keep_chunks:
            remove_chunks(self.folder)  # Of a finished job here before: no name is given twice
            with contextlib.suppress(OSError):
                (self.folder / CHUNKS).rename(self.folder / GONE)
            remove_chunks(self.folder)

    def give(self, answer: Answer, sentence: Callable[[], str]) -> None:
        """Print an answer, or save it in the folder and tell it in a sentence."""
        command = command_of(self.options)
        if self.folder is None:
            print(answer.printed(self.options.format, command), end="")
            return
        written = answer.save(self.folder, command)
        self.finished()
        say(sentence())
        for path in written:
            print(path)

    def withdrawn(self) -> None:
        """Leave nothing behind of what was refused before any piece was finished."""
        if self.folder is None or any((self.folder / CHUNKS).rglob("*.npz")):
            return
        shutil.rmtree(self.folder / CHUNKS, ignore_errors=True)
        self.close()
        if not others_in(self.folder):
            with contextlib.suppress(OSError):
                (self.folder / JOB_FILE).unlink(missing_ok=True)
                if self.new:
                    self.folder.rmdir()

    def _bar(self, label: str) -> Callable[[Progress], None] | None:
        """Return what shows progress when somebody is looking."""
        if not sys.stderr.isatty():
            return None
        from tqdm import tqdm

        bars = self._bars

        def show(progress: Progress) -> None:
            if not bars:
                bars.append(
                    tqdm(desc=label or None, unit=self.unit, dynamic_ncols=True, leave=not label)
                )
            bars[-1].total = progress.total
            bars[-1].update(progress.done - bars[-1].n)
            # More may follow, of this part or of another; then a new bar goes on.
            if progress.done >= progress.total:
                bars.pop().close()

        return show


def remove_chunks(folder: Path) -> None:
    """Remove the chunks of work that is finished, as far as they have not gone yet."""
    shutil.rmtree(folder / GONE, ignore_errors=True)


def others_in(folder: Path) -> bool:
    """Return whether a folder holds more than a job's own files."""
    return not {one.name for one in folder.glob("*")} <= {JOB_FILE, LOCK_FILE}


def refuse_other(
    name: str, found: Mapping[str, Any], asked: Mapping[str, Any], source: str
) -> None:
    """Refuse a folder that holds another question's answer, finished or not.

    Raises InputError naming what differs.
    """
    state = "the answer to" if found["finished"] else "unfinished work on"
    other = f"out = '{name}': holds {state} another question"
    if found["command"] != asked["command"]:
        raise InputError(f"{other} ('refocus {found['command']}'); name another folder")
    before, now = found["arguments"], asked["arguments"]
    for one in sorted({*before, *now}):
        if before.get(one) != now.get(one):
            raise InputError(
                f"{other} ({one.replace('_', '-')} = {shown(before.get(one))}, not "
                f"{shown(now.get(one))}); name another folder"
            )
    for path in sorted({*found["files"], *asked["files"]}):
        if found["files"].get(path) != asked["files"].get(path):
            raise InputError(f"{other} (the file '{path}' has changed); name another folder")
    if found["source"] != source:
        if found["finished"]:
            raise InputError(
                f"out = '{name}': holds the answer of another version of the model; name another "
                "folder"
            )
        say(f"out = '{name}': the model has changed since; what was finished is computed again")


@contextlib.contextmanager
def job(options: argparse.Namespace, unit: str = "world") -> Iterator[Job]:
    """Do a command's long work in its folder.

    Parameters
    ----------
    options : argparse.Namespace
        The command's arguments, all of them checked; those that decide the answer are noted.
    unit : str
        What progress counts.

    Yields
    ------
    Job
        To run pieces with, and to mark finished when all is written.

    Raises
    ------
    InputError
        When the folder cannot be used; when a disk is full, a worker process died, memory is not
        enough or SIGTERM came. It then says how to go on.
    KeyboardInterrupt
        After Ctrl-C; how to go on has then been told.
    """
    from sim.runs.pieces import Cancelled, Interrupted

    work = Job(options, unit)
    with work.stop.listening(), contextlib.closing(work):
        work.begin()
        try:
            if options.cluster is not None:
                from sim.runs.cluster import connect

                work.executor = connect(options.cluster)
            yield work
        except (NotWrittenError, Interrupted) as stopped:
            raise InputError(f"{stopped}{work.hint}") from stopped
        except InputError:
            work.withdrawn()
            raise
        except (Cancelled, KeyboardInterrupt) as stopped:
            text = str(stopped).rstrip(".") or "interrupted"
            if work.stop.signal == signal.SIGTERM:
                raise InputError(f"SIGTERM: {text}{work.hint}") from stopped
            say(f"{text}{work.hint}")
            raise KeyboardInterrupt from stopped
        except BrokenPipeError:
            raise
        except OSError as error:
            where = f"'{error.filename}'" if error.filename else "output"
            raise InputError(f"{where}: {reason(error)}{work.hint}") from error
        except MemoryError as error:
            advice = "ask for less, or fewer --workers"
            raise InputError(f"memory: not enough; {advice}{work.hint}") from error
        finally:
            if work.executor is not None:
                work.executor.close()
