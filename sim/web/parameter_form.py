"""The parameter registry as a form."""

from __future__ import annotations

from typing import Any

from sim.parameters import registry
from sim.parameters.registry import LINKS


def parameter_form() -> list[dict[str, Any]]:
    """Return the links of the causal chain, each with its parameters' controls."""
    groups: dict[str, list[dict[str, Any]]] = {link: [] for link in LINKS}
    for one in registry().values():
        groups.setdefault(one.link, []).append(
            {
                "name": one.name,
                "label": one.label,
                "unit": one.unit,
                "default": one.default,
                "low": one.bounds[0],
                "high": one.bounds[1],
                "grade": one.grade,
                "source": one.source,
                "prior": str(one.prior),
                "help": one.help,
            }
        )
    return [
        {"name": link, "title": LINKS.get(link, link), "fields": fields}
        for link, fields in groups.items()
        if fields
    ]
