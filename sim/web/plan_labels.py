"""Names of a plan's settings as the page shows them, for messages to its users."""

from __future__ import annotations

import re

from sim.web.presets import TITLES, editable_fields, label_from_name

SETTINGS = {
    "teams": "Teams",
    "weeks": "Weeks to look at",
    "values": "How things may work",
    "draws": "Ways things may work",
    "replications": "Simulations with other luck",
    "seed": "Number of the luck",
    "parameters": "Model parameters",
    "scenarios": "Scenarios",
}
"""Labels by key. The page has the same in its own forms."""

# Names that stand in quotes are what somebody wrote, and stay as they are.
DOTTED = re.compile(r"(?<!['\w.])([a-z_]+(?:\.[a-z_]+)+)(?:\[\d+\](?:\.[a-z_]+)?)?")


def setting(name: str) -> str:
    """Return a setting's label, with its key for those who edit a file."""
    return f"{SETTINGS[name]} ({name})"


def place(number: int) -> str:
    """Return what the page calls the scenario with a number, counted from one."""
    return "Base case" if number == 1 else f"Scenario {number - 1}"


def field_words(name: str) -> str:
    """Return a scenario field's label under that of its section, such as "Telephone: intensity"."""
    section, _, last = name.rpartition(".")
    title = TITLES.get(section, label_from_name(section.rpartition(".")[2]))
    return f"{title}: {label_from_name(last).lower()}"


def field_named(name: str) -> str:
    """Return a scenario field's label with its key."""
    return f"{field_words(name)} ({name})"


def in_page_words(where: str, preset: str, message: str) -> str:
    """Return what a scenario's own rules say in the page's words.

    Parameters
    ----------
    where : str
        What the page calls the scenario.
    preset : str
        Name under which the rules know it.
    message : str
        What they say, in one line.
    """
    line = message.removeprefix(f"scenario '{preset}': ")
    known = editable_fields()

    def labelled(found: re.Match[str]) -> str:
        name = found[1]
        while name and name not in known:
            name = name.rpartition(".")[0]
        return f"{field_words(name)} ({found[0]})" if name else found[0]

    return f"{where}: {DOTTED.sub(labelled, line)}"
