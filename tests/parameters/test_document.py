"""The page of parameters says what the registry says."""

from __future__ import annotations

from dataclasses import replace

from sim.parameters import LINKS, Parameter, Prior, registry
from sim.parameters.document import HOME, document

ONE = Parameter(
    "gain",
    "training",
    "Gain in skill",
    "share",
    0.25,
    (0.0, 1.0),
    Prior("beta", (("a", 2.0), ("b", 6.0))),
    "assumption",
    "source | with a bar",
    "How much of the gap closes.",
)


def test_the_page_is_up_to_date() -> None:
    assert HOME.read_text(encoding="utf-8") == document(), (
        "docs/parameters.md is stale: run `python -m docs`"
    )


def test_every_parameter_has_a_row() -> None:
    text = document()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [
        name for link in LINKS for name, one in registry().items() if one.link == link
    ]
    assert f"{len(rows)} parameters: " in text


def test_a_row_shows_every_field() -> None:
    assert (
        "| `gain` | Gain in skill | share | 0.25 | 0 to 1 | beta(a 2, b 6) | assumption "
        "| source \\| with a bar | How much of the gap closes. |\n"
    ) in document({"gain": ONE})


def test_links_come_in_the_order_of_the_chain() -> None:
    first = replace(ONE, name="will", link="readiness")
    text = document({"gain": ONE, "will": first, "own": replace(ONE, name="own", link="mine")})
    heads = [line for line in text.splitlines() if line.startswith("## ")]
    assert heads == ["## Readiness", "## Training", "## mine"]
    assert "3 parameters: 0 trial, 0 literature, 3 assumption." in text
