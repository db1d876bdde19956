"""Short uses of the commands that simulate long."""

from __future__ import annotations

COMMANDS = {
    "run": ["run", "usual-care", "coaching-only", "--draws", "3", "--weeks", "10"],
    "compare": [
        "compare",
        "coaching-only",
        "--draws",
        "4",
        "--replications",
        "1",
        "--years",
        "0.2",
    ],
    "plan": ["plan", "coaching-only", "--draws", "4", "--budget", "60000", "--years", "0.5"],
    "power": ["power", "four-point-target", "--simulations", "40", "--no-sensitivity"],
    "trial": ["trial", "refocus", "--trials", "40", "--draws", "20"],
}
FIT = ["calibrate", "--scenario", "coaching-only", "--quiet"]
