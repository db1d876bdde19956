"""Values that nobody means, for every place where a user can give one."""

from __future__ import annotations

NUMBERS = (
    "nan",
    "inf",
    "-inf",
    "-0",
    "1e308",
    "-1e308",
    "1e999",
    "9" * 400,
    "9" * 5000,
    "0." + "0" * 400 + "1",
    "²",
    "٣",
    "３",
    "1_000",
    "0x10",
    "1,5",
    "½",
    "True",
)
"""Numbers as text: not finite, too large, too long, and in digits that are not 0 to 9."""

TEXTS = (
    "",
    " ",
    "\t",
    "\u00a0",
    "garbage",
    "--",
    "\x1b[31mred\x1b[0m",
    "a\nb",
    "a\x00b",
    "a\x85b",
    "\u202eabc",
    "\udcff",
    "x" * 300,
    "x" * 5000,
    "x/" * 3000,
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "<script>alert(1)</script>",
    "{value}",
    "%s%n",
    "a = 1",
    "=",
    "a=",
    "=1",
)
"""Text: empty, blank, steering a terminal, too long for a path, acting in a spreadsheet or page."""

TYPED = (
    float("nan"),
    float("inf"),
    float("-inf"),
    -0.0,
    1e308,
    -1e308,
    int("9" * 400),
    True,
    [],
    [[]],
    {},
    {"a": 1},
    [float("nan")],
    ["x"],
    *NUMBERS,
    *TEXTS,
)
"""Values as TOML and JSON can hold them."""

LONGEST_LINE = 1300


def problem_of(message: str) -> str:
    """Return what is wrong with a message for a user's mistake, or nothing."""
    if "\n" in message.rstrip("\n"):
        return "more than one line"
    if not message.rstrip("\n").isprintable():
        return "holds signs that do not print"
    return "too long" if len(message) > LONGEST_LINE else ""
