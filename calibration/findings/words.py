"""Names of effects and parameters as a reader says them."""

from __future__ import annotations

from collections.abc import Iterable

from sim.parameters import registry

_MEASURES = {
    "qpr": "QPR",
    "inspire_support": "INSPIRE Support",
    "inspire_relationship": "INSPIRE Relationship",
}
_DELIVERIES = {"delivered": "as delivered", "full": "fully implemented"}
_EFFECTS = {
    f"{measure}_{how}_{months}": f"{said} {delivery} after {months} months"
    for measure, said in _MEASURES.items()
    for how, delivery in _DELIVERIES.items()
    for months in (12, 24)
}


def effect_words(name: str) -> str:
    """Return an effect's name in words; a name that is not known as it is."""
    return _EFFECTS.get(name, name)


def parameter_words(names: Iterable[str]) -> str:
    """Return parameters' labels with their names, or 'none'."""
    known = registry()
    return "; ".join(f"{known[name].label} ({name})" for name in names) or "none"
