"""Power of the next trial without a server: tables that the library worked out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import floor
from typing import Any

from sim.api.power import power
from sim.pages.page import Page, bundled, page

DESIGN = "four-point-target"
ICC = (0.01, 0.03, 0.05, 0.11)
CLUSTERS = (10, 14, 18, 24, 36, 60)
SIZES = (10, 15, 20)
EFFECTS = (2.0, 4.0)
ENOUGH = 0.8


def power_cells(
    icc: Sequence[float] = ICC,
    clusters: Sequence[int] = CLUSTERS,
    sizes: Sequence[int] = SIZES,
    effects: Sequence[float] = EFFECTS,
) -> list[list[float]]:
    """Return the formula's answers.

    Returns
    -------
    list of list
        ICC, teams in both arms, people in a team, effect in QPR points, power, smallest
        detectable difference.
    """
    answer = power(
        DESIGN,
        formula_only=True,
        grid={"icc": icc, "clusters": clusters, "size": sizes, "effect": effects},
    )
    names = ("set_icc", "set_clusters", "set_size", "set_effect", "power", "detectable")
    return [
        [round(float(row[name]), 4) for name in names]
        for row in answer.tables["power"].to_dict("records")
    ]


def of_hundred(power: float) -> str:
    """Return a chance of 100 that claims no certainty and is not rounded up to the aim."""
    if power > 0.99:
        return "over 99"
    whole = f"{100.0 * power:.0f}"
    under = power < ENOUGH <= float(whole) / 100.0
    return f"{floor(1000.0 * power) / 10.0:.1f}" if under else whole


def power_page(cells: Sequence[Sequence[float]], dated: str) -> Page:
    """Return the page of stored power."""
    # The page writes these and rounds nothing itself.
    words = [[of_hundred(power), f"{points:.1f}"] for *_, power, points in cells]
    data: dict[str, Any] = {
        "cells": [[*one, *word] for one, word in zip(cells, words, strict=True)]
    }
    body = f"""\
<section class="hero"><h1>How many teams does the next trial need?</h1>
<p class="mute">A parallel trial in which whole teams are given the programme or go on as usual: \
recovery (QPR-15) after a year, adjusted for its start, SD 10.2, a quarter lost to follow-up, \
two-sided 5%, Kenward–Roger. {dated}</p></section>
<section class="card"><p class="row"><label>People assessed in each team <select id="size">\
</select></label><label>Effect, points <select id="effect"></select></label>\
<label>Show <select id="what"><option value="4">chance of finding it, of 100</option>\
<option value="5">smallest difference found 8 times in 10, points</option></select></label></p>
<p class="lead" id="said" role="status"></p>
<div class="scroll" tabindex="0" role="region" aria-label="Table"><table id="table"></table></div>
<p class="small mute">ICC: how alike the people of one team are; 0.03 is a planning value, \
0.01 to 0.11 what other trials found. Teams are in both arms together. Shaded: under 80 of 100. \
Worked out by the library for these values and none between them; the formula is of the design \
“{DESIGN}”, and how far such formulas were from simulated trials stands in the documentation \
(validation of power). Stepped wedges, crossovers, agents and analysis of data need the program: \
<code>refocus power</code>.</p>
<noscript><p>The table needs JavaScript; <code>refocus power {DESIGN} --formula-only</code> \
does not.</p></noscript></section>"""
    script = f"const POWER = {json.dumps(data, separators=(',', ':'))};"
    return page(
        "power.html",
        "Plan a trial: stored power",
        body,
        ("home.css", "power.css"),
        (script, bundled(("dom.js", "power.js"))),
    )
