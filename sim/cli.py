"""The command line: `refocus COMMAND`.

Commands are in `sim.commands`, one file each. A user's mistake is told in one line and ends with
exit code 2; only `--debug` shows a traceback.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import sim
from sim.commands import (
    analyse,
    compare,
    explain,
    listing,
    plan,
    power,
    reproduce,
    run,
    site,
    teams,
    template,
    trial,
    update,
)
from sim.commands.allowed_options import check_used
from sim.commands.terminal_text import SpeltOut, steers
from sim.errors import InputError, unknown
from sim.files import reason
from sim.web import command as serve

EXAMPLES = """\
examples:
  refocus run usual-care refocus-as-delivered --out results/first-run
  refocus run refocus-boosters usual-care --roster teams.csv --years 2 --out results/boosters
  refocus list scenarios
  refocus explain experience_to_recovery
  refocus template teams > teams.csv
  refocus analyse data.csv --model 'fu ~ arm + base + (1|cluster)' --term arm
  refocus power two-point-target --find clusters --target 0.8
  refocus trial refocus

`refocus COMMAND --help` shows the options of a command.
"""
COMMANDS = (
    run,
    compare,
    plan,
    update,
    listing,
    explain,
    template,
    teams,
    analyse,
    power,
    trial,
    serve,
    site,
    reproduce,
)
# What a program reads.
DATA_FORMATS = ("csv", "json", "pdf-ready")
# Share of letters that an option must have in common with what was written to be suggested.
ALIKE = 0.7


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are told like all others: one line, exit code 2.

    Attributes
    ----------
    stood : list of str
        Options that stood in the arguments, by name.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        if "epilog" in named:
            # Examples stay as they are written.
            named["formatter_class"] = argparse.RawDescriptionHelpFormatter
        super().__init__(*args, **named)
        self.stood: list[str] = []

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments, with the nearest valid name."""
        choice = re.search(r"invalid choice: '([^']*)'", message)
        if choice is not None:
            raise unknown("command", choice.group(1), self.commands())
        raise InputError(f"{message}; see '{self.prog} --help'")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and remember in `stood` which options stood there."""
        self.stood = []
        return super().parse_known_args(args, namespace)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        if action.option_strings:
            self.stood.append(action.dest)
        found = super()._get_values(action, arg_strings)
        if action.nargs is None and not isinstance(found, str):
            # A value of two dashes alone is taken for the end of options.
            raise InputError(f"{action.dest.replace('_', '-')} = '--': must be a value")
        return found

    def options(self) -> list[str]:
        """Return the options of this parser, without those of its commands."""
        return [one for action in self._actions for one in action.option_strings]

    def commands(self) -> dict[str, Any]:
        """Return the parsers of its commands by name."""
        found: dict[str, Any] = {}
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                found.update(action.choices)
        return found


def stray_argument(parser: Parser, command: str | None, stray: str) -> InputError:
    """Return the error for an argument that the command does not have.

    The hint names an option of this command that is written almost alike, or else the field of its
    setting, or the command that has the option.
    """
    name = stray.split("=", 1)[0]
    commands = parser.commands()
    prog = f"{parser.prog} {command}" if command in commands else parser.prog
    if not stray.startswith("-"):
        return InputError(f"unexpected argument '{stray}'; see '{prog} --help'")
    own = commands[command].options() if command in commands else parser.options()
    bare = {one.lstrip("-"): one for one in own if one.startswith("--")}
    near = get_close_matches(name.lstrip("-").lower(), list(bare), n=1, cutoff=ALIKE)
    owners = sorted(one for one, other in commands.items() if name in other.options())
    key = name.lstrip("-").replace("-", "_")
    field = None
    if "--setting" in own and len(key) > 3:
        from sim.planning.setting import FIELDS

        field = next((one for one in FIELDS if one.startswith(key)), None)
    if near:
        hint = f"; did you mean '{bare[near[0]]}'?"
    elif field is not None:
        hint = (
            f": here it is '{field}' in a file that --setting names ('{parser.prog} template "
            "setting' prints one)"
        )
    elif owners:
        listed = " and ".join(f"'{parser.prog} {one}'" for one in owners[:3])
        hint = f": it is an option of {listed}"
    else:
        hint = ""
    return InputError(f"unknown option '{name}'{hint}; see '{prog} --help'")


def check_values(options: argparse.Namespace) -> None:
    """Refuse values that no option can use: empty, not UTF-8, or with control characters.

    Raises InputError: one line that names the option.
    """
    for name, value in vars(options).items():
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, str):
                continue
            option = name.replace("_", "-")
            if not one.strip():
                raise InputError(f"{option} = '{one}': must not be empty")
            if steers(one):
                raise InputError(
                    f"{option} = '{one}': must be text in UTF-8 without control characters"
                )


def installed_commands() -> list[Any]:
    """Return commands that other installed packages bring, by the entry points `refocus.commands`.

    Each is a module like those in `sim.commands`; one that cannot be loaded is left out.
    """
    from importlib.metadata import entry_points

    found = []
    for one in sorted(entry_points(group="refocus.commands"), key=lambda one: one.name):
        try:
            found.append(one.load())
        except ImportError:
            continue
    return found


def build_parser() -> Parser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="refocus",
        description="Simulate how community mental health teams take up recovery support: the "
        "REFOCUS programme, its trial, and other ways of implementing it.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="store_true", help="show the version and stop")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for command in (*COMMANDS, *installed_commands()):
        command.add_arguments(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments without the program's name; those of the process when not given.

    Returns
    -------
    int
        0 done, 1 an error of the software, 2 a mistake in what was given, 130 interrupted.
    """
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    try:
        parser = build_parser()
        options, strays = parser.parse_known_args(arguments)
        # Where it stands, before or after the command, does not matter.
        strays = [one for one in strays if one != "--debug"]
        if strays:
            raise stray_argument(parser, options.command, strays[0])
        if options.version:
            print(f"refocus {sim.__version__}")
            return 0
        if options.command is None:
            parser.print_help()
            return 0
        check_values(options)
        own = parser.commands()[options.command]
        check_used(own, options, own.stood)
        # Data that go to a file or a program are left as they are.
        shown = getattr(options, "format", "text") not in DATA_FORMATS or sys.stdout.isatty()
        with contextlib.redirect_stdout(SpeltOut(sys.stdout) if shown else sys.stdout):
            code = int(options.run(options))
        # A disk that is full is told here, not at exit.
        sys.stdout.flush()
        return code
    except InputError as error:
        if debug:
            raise
        for line in error.lines():
            print(f"refocus: {line}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("refocus: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to say, not even at exit.
        silence()
        return 0
    except OSError as error:
        if debug:
            raise
        # What the machine does not let us do is no fault of the software: a full disk, a name that
        # is too long, a folder that is not ours.
        where = f"'{error.filename}'" if error.filename else "output"
        print(f"refocus: {InputError(f'{where}: {reason(error)}')}", file=sys.stderr)
        silence()
        return 2
    except Exception as error:
        if debug:
            raise
        return unexpected(error)


def silence() -> None:
    """Drop output that cannot be written, which at exit would change the exit code."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def unexpected(error: Any) -> int:
    """Tell of an error that is ours, not the user's."""
    print(
        f"refocus: unexpected {type(error).__name__}: {error}; this is an error of the software, "
        "please report it (--debug shows where)",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
