"""Which label of a factor the others are compared with: given, recognised as control, or first.

An effect has a direction, and sorting labels decides it by the alphabet: TAU comes after REFOCUS.
A reference that the user names goes first; otherwise a label that means control in ordinary use is
taken and told; otherwise the label that sorts first, as in R, is taken and told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sim.errors import InputError, unknown

GIVEN, RECOGNISED, FIRST = "given", "recognised as control", "sorts first"

# Labels that mean control in ordinary use, in small letters and without signs.
CONTROL = frozenset(
    (
        *("control", "controls", "ctrl", "ctl", "con"),
        *("placebo", "pbo", "sham", "vehicle", "standard", "usual", "routine"),
        *("tau", "etau", "cau", "bau", "sau", "soc", "uc", "euc"),
        *(
            "comparison",
            "comparator",
            "wl",
            "wlc",
            "waitlist",
            "wait list",
            "waitlisted",
            "wait listed",
            "waiting list",
        ),
        *("untreated", "unexposed", "untrained", "waiting"),
        *("nothing", "no treatment", "no intervention"),
        *("delayed", "delayed start", "delayed intervention", "deferred"),
        "standard of care",
        *(
            f"{kind} as usual"
            for kind in ("care", "treatment", "business", "practice", "services", "support")
        ),
        *(
            f"{one} {kind}"
            for one in (
                *("usual", "standard", "routine", "ordinary", "normal"),
                *("current", "existing", "conventional"),
            )
            for kind in ("care", "practice", "treatment", "services")
        ),
        # Nordic, German, Dutch, French, Italian, Spanish and Portuguese labels of trials.
        *("kontroll", "kontrol", "kontrolle", "kontrollgruppe", "kontrollgrupp", "controle"),
        *("contrôle", "témoin", "groupe contrôle", "groupe témoin", "controllo", "grupo control"),
        *("controlegroep", "grupo controle", "gruppo di controllo", "kontrollgruppen"),
        *("standardbehandlung", "regelversorgung", "gebruikelijke zorg", "soins usuels"),
        *("soins courants", "atención habitual", "tratamiento habitual", "cure abituali"),
    )
)
# Labels that mean control where there is one other.
ABSENT = frozenset(
    (
        *("0", "no", "none", "off", "false", "never", "without"),
        *("before", "pre", "baseline", "not yet"),
        *("nein", "nej", "nei", "nee", "non", "não", "ohne", "sans", "sin", "senza", "zonder"),
    )
)
# What may stand beside control in a label; with any other word it is something else, as "infection
# control", "TAU plus coaching" and "self-control training" are.
_NAMES = (
    r"(?:arm|group|condition|team|cluster|site|ward|practice)s?"
    r"|patients|participants|clients|people"
)
_KINDS = (
    r"(?:active|attention|enhanced|minimal|concurrent|historical|matched|parallel|untreated|wait"
    r"|waiting|list|waitlist|only|alone|the|of)"
)
_BESIDE = re.compile(rf"{_NAMES}|{_KINDS}|[a-z]|\d+")
_LONGEST = 4  # Words of a label in `CONTROL`


class Reference(NamedTuple):
    """The label that the others of a factor are compared with."""

    label: str
    chosen: str  # {'given', 'recognised as control', 'sorts first'}


def control_label(levels: Sequence[str]) -> str | None:
    """Return the one label that means control in ordinary use, or None.

    Parameters
    ----------
    levels : sequence of str
        Labels of a factor.

    Returns
    -------
    str or None
        None too if several labels mean control, as "TAU" beside "waiting list".
    """
    words = {one: _words(one) for one in levels}
    # What all labels hold tells nothing: "arm 0" beside "arm 1".
    shared = frozenset.intersection(*map(frozenset, words.values())) if words else frozenset()
    plain = {
        one: " ".join(two for two in found if two not in shared) for one, found in words.items()
    }
    names = CONTROL | ABSENT if len(levels) == 2 else CONTROL
    found = [one for one in levels if plain[one] in names or " ".join(words[one]) in names]
    found = found or [one for one in levels if _is_control(words[one])]
    if found:
        return found[0] if len(found) == 1 else None
    if len(levels) == 2:
        for one, other in (tuple(levels), tuple(levels)[::-1]):
            denied = rf"(?:(?:no|non|not|without) |un){re.escape(' '.join(words[other]))}"
            if (plain[one], plain[other]) == ("n", "y") or re.fullmatch(
                denied, " ".join(words[one])
            ):
                return one
    return None


def _words(label: str) -> list[str]:
    """Return the words of a label in small letters, in one form of every letter."""
    plain = unicodedata.normalize("NFKC", label).casefold().replace("+", " plus ")
    found = " ".join(re.sub(r"[^\w]|_", " ", plain).split())
    return found.replace("t a u", "tau").split()


def _is_control(words: Sequence[str]) -> bool:
    """Return whether a label says control and nothing but which, as "Control arm (2)"."""
    at, found = 0, False
    while at < len(words):
        size = next(
            (n for n in range(_LONGEST, 0, -1) if " ".join(words[at : at + n]) in CONTROL), 0
        )
        if not size and not _BESIDE.fullmatch(words[at]):
            return False
        found = found or bool(size)
        at += max(size, 1)
    return found


def choose_reference(levels: Sequence[str], given: str | None = None) -> Reference:
    """Return the reference of a factor.

    Parameters
    ----------
    levels : sequence of str
        Its labels, in the order in which they sort.
    given : str, optional
        What the user named.
    """
    if given is not None:
        return Reference(given, GIVEN)
    control = control_label(levels)
    return Reference(levels[0], FIRST) if control is None else Reference(control, RECOGNISED)


def read_references(
    given: Sequence[str], levels: Mapping[str, Sequence[str]], tested: Sequence[str]
) -> dict[str, str]:
    """Return the reference that a user names for each factor.

    Parameters
    ----------
    given : sequence of str
        ``LABEL`` for the tested factor, or ``COLUMN=LABEL``.
    levels : mapping from column to labels
        Columns that are, or can be, factors.
    tested : sequence of str
        Columns of the tested term.

    Raises
    ------
    InputError
        If a column is no factor of the model, has no such label, or is named twice; or if a label
        alone does not tell which factor is meant.
    """
    found: dict[str, str] = {}
    for text in given:
        column, _, label = text.partition("=")
        column, label = column.strip().strip("`"), label.strip()
        if "=" not in text or column not in levels:
            # The label itself may hold a sign of equality.
            label = text.strip()
            own = [one for one in tested if one in levels]
            if not own and "=" not in text:
                raise InputError(f"reference = '{text}': the tested term has no factor")
            holds = [one for one in own if _same_label(label, levels[one]) is not None]
            if len(holds) > 1:
                raise InputError(
                    f"reference = '{text}': {' and '.join(holds)} have this label; write "
                    f"{holds[0]}={label}"
                )
            if not holds and "=" in text:
                raise unknown("factor for --reference", column, levels)
            column = holds[0] if holds else own[0]
        matched = _same_label(label, levels[column])
        if matched is None:
            raise unknown(f"label of '{column}' for --reference", label, levels[column])
        if column in found:
            raise InputError(f"reference = '{text}': '{column}' has a reference already")
        found[column] = matched
    return found


def _same_label(label: str, levels: Sequence[str]) -> str | None:
    """Return the label that is meant: the same, or the only one that differs in capitals alone."""
    if label in levels:
        return label
    alike = [one for one in levels if one.casefold() == label.casefold()]
    return alike[0] if len(alike) == 1 else None
