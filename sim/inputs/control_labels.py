"""Labels of arms that mean control in ordinary use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

ARMS = ("intervention", "control")

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
# Labels that mean it alone: beside words that all labels share they may be about these, as in
# "pre-op physio" beside "post-op physio" and, in Spanish, "con coaching" beside "coaching".
ALONE = frozenset(("con", "before", "pre", "baseline"))
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
    found = [one for one in levels if plain[one] in names - ALONE or " ".join(words[one]) in names]
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


def arms_of(labels: Iterable[str]) -> dict[str, str]:
    """Return which arm each label of a trial of two arms means, by its text in small letters.

    Parameters
    ----------
    labels : iterable of str
        Cells of a column of arms.

    Returns
    -------
    dict from text to {'intervention', 'control'}
        Empty where there are not two labels, or neither or both say that they are the control.
    """
    found = sorted({arm_text(one) for one in labels})
    if set(found) <= set(ARMS):
        return {one: one for one in found}
    control = control_label(found) if len(found) == 2 else None
    return {} if control is None else {one: ARMS[one == control] for one in found}


def arm_text(label: str) -> str:
    """Return a label of an arm in small letters and single blanks."""
    return " ".join(label.casefold().split())


def arms_note(arms: Mapping[str, str]) -> str:
    """Return how labels of arms are read; empty where they are the two words themselves."""
    if set(arms) <= set(ARMS):
        return ""
    (control,) = (one for one, arm in arms.items() if arm == "control")
    (other,) = set(arms) - {control}
    return (
        f"arm: '{control}' is read as control, because this label means control in ordinary use, "
        f"and '{other}' as intervention; write control and intervention to say otherwise"
    )
