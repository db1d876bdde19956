"""Write the generated parts of `words-of-the-field.md`: names of implementation science.

Run ``python -m docs.build_words`` after a new element, field, instrument or scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from docs.marked import main, table
from sim.frameworks import Words, frameworks, joined, own_words
from sim.measures.catalogue import catalogue
from sim.planning.outcomes import TITLES, outcome_words
from sim.scenarios.library import list_scenarios, load_scenario
from sim.scenarios.words import determinants_of, field_words, strategies_of

PAGE = Path(__file__).resolve().parent / "words-of-the-field.md"
DELIVERED = "refocus-as-delivered"
PAID = "Programme costs"


def lists() -> str:
    """Return the published lists with their sources."""
    return "\n".join(
        f"- **{one.title}** ({len(one.names)} names). {one.source.rstrip('.')}."
        for one in frameworks().values()
    )


def contents() -> str:
    """Return what every field that does something is called."""
    rows = [
        (f"`{field}`", joined(words.eric) or "-", joined(words.cfir) or "-", words.why)
        for field, words in field_words().items()
    ]
    return table(("field", "ERIC strategy", "CFIR 2.0 determinant", "on the names"), rows)


def changed(names: Iterable[str], base: tuple[str, ...]) -> str:
    """Return what a scenario has beside or without what REFOCUS as delivered has."""
    own = tuple(names)
    more = [one for one in own if one not in base]
    less = [one for one in base if one not in own]
    if len(less) > 1:
        return f"only {joined(own)}" if own else "none"
    return joined((*(f"with {one}" for one in more), *(f"without {one}" for one in less)))


def scenarios() -> str:
    """Return the scenarios whose names differ from those of REFOCUS as delivered."""
    base = load_scenario(DELIVERED)
    named = {one: one(base) for one in (strategies_of, determinants_of)}
    rows = [(f"**`{DELIVERED}`**", *(joined(names) for names in named.values()))]
    same = []
    for entry in list_scenarios():
        scenario = load_scenario(entry.name)
        told = [changed(function(scenario), names) for function, names in named.items()]
        if any(told):
            rows.append((f"`{entry.name}`", *(one or "the same" for one in told)))
        elif entry.name != DELIVERED:
            same.append(f"`{entry.name}`")
    shown = table(("scenario", "strategies (ERIC)", "determinants (CFIR 2.0)"), rows)
    return f"{shown}\nThe same as `{DELIVERED}`: {', '.join(same)}.\n"


def outcomes() -> str:
    """Return what planners' outcomes and the scores of instruments are called."""
    rows = [
        _outcome(name, TITLES.get(name, PAID), words) for name, words in outcome_words().items()
    ]
    rows += [
        _outcome(name, one.title, own_words()[name])
        for name, one in catalogue().items()
        if name in own_words()
    ]
    return table(("name", "what it is", "Proctor", "RE-AIM", "on the names"), rows)


def _outcome(name: str, title: str, words: Words) -> tuple[str, ...]:
    determinant = f"CFIR 2.0: {joined(words.cfir)}. " if words.cfir else ""
    names = (joined(words.proctor) or "-", joined(words.re_aim) or "-")
    return (f"`{name}`", title, *names, f"{determinant}{words.why}")


WANTED: dict[str, Callable[[], str]] = {
    "lists": lists,
    "contents": contents,
    "scenarios": scenarios,
    "outcomes": outcomes,
}


if __name__ == "__main__":
    main(PAGE, WANTED)
