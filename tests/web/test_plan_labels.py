"""Claims about what a planner is told: labels as the page has them, whole names in figures."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import get_data_path
from PIL import ImageFont

from sim.errors import InputError
from sim.parameters import registry
from sim.web.checked import read_json
from sim.web.figures import (
    MOST_LINES,
    TEXT,
    WIDTH,
    band_figure,
    interval_figure,
    nested,
    room,
    wrapped,
)
from sim.web.plan_labels import SETTINGS, field_words
from sim.web.plan_settings import LONGEST_LABEL, plan_settings
from sim.web.presets import editable_fields, presets
from sim.web.teams import LABELS

STATIC = Path(__file__).parents[2] / "sim" / "web" / "static"
BASE = {"preset": "usual-care", "label": "Usual care"}


def changed(**changes: Any) -> dict[str, Any]:
    return {"scenarios": [BASE, {"preset": "refocus-full", "label": "Full", "changes": changes}]}


@pytest.mark.parametrize(
    ("settings", "begins"),
    [
        ({"scenarios": [BASE], "weeks": "52"}, "Weeks to look at (weeks) = '52': must be a whole"),
        ({"scenarios": [BASE], "seed": -1}, "Number of the luck (seed) = -1: must be"),
        ({"scenarios": 3}, "Scenarios (scenarios): must be a list"),
        ({"scenarios": [None]}, "Base case: must be a table"),
        ({"scenarios": [BASE, {"preset": "refocus-ful"}]}, "Scenario 1, start from (preset) = "),
        ({"scenarios": [{**BASE, "label": "=1"}]}, 'Base case, name in figures (label) = "=1": '),
        (changed(**{"support.telephone.intensity": 2}),
         "Scenario 1, Telephone: intensity (support.telephone.intensity) = 2: must be a number"),
        (changed(**{"who.teams": "everyone"}), "Scenario 1, Who takes part: teams (who.teams) = "),
        (changed(**{"support.telephone.continues": 1}),
         "Scenario 1, Telephone: continues (support.telephone.continues) = 1: must be true"),
        (changed(**{"support.boosters.sessions": [{"week": 0, "days": 1}]}),
         "Scenario 1: Boosters: sessions (support.boosters.sessions[1].week) = 0: must be"),
        (changed(**{"a\nb": 1}), "Scenario 1: unknown field 'a b'"),
        ({"scenarios": [BASE], "parameters": {"turnover_yearly": 9}},
         f"{registry()['turnover_yearly'].label} (turnover_yearly) = 9"),
        ({"scenarios": [BASE], "teams": {"kind": "described", "trusts": 0}},
         f"{LABELS['trusts']} (teams.trusts) = 0: must be"),
        ({"scenarios": [BASE], "teams": {"kind": "own"}}, "Teams (teams.roster): there is no list"),
    ],
)  # fmt: skip
def test_a_refusal_begins_with_the_label_and_has_the_value_and_the_rule(
    settings: dict[str, Any], begins: str
) -> None:
    with pytest.raises(InputError) as refused:
        plan_settings(settings)
    assert str(refused.value).startswith(begins)
    assert "\n" not in str(refused.value)


def test_the_page_and_the_server_use_the_same_labels_and_lengths() -> None:
    page = (STATIC / "plan.js").read_text(encoding="utf-8")
    shown = dict(re.findall(r'name: "(\w+)", label: "([^"]+)"', page))
    assert shown == {name: SETTINGS[name] for name in shown}
    assert set(shown) == {"weeks", "seed", "values", "draws", "replications"}
    card = (STATIC / "scenario-card.js").read_text(encoding="utf-8")
    assert f"LONGEST_NAME = {LONGEST_LABEL};" in card


def test_every_field_has_words_of_its_own() -> None:
    said = [field_words(name) for name in editable_fields()]
    assert len(set(said)) == len(said)
    assert not any("_" in one or "." in one for one in said)


@pytest.mark.parametrize("label", [one["title"] for one in presets()])
def test_every_title_of_the_library_is_a_name_and_stands_whole_in_figures(label: str) -> None:
    name = re.sub(r"[^\w .,:;()%/+'&-]", "", label)
    assert len(name) <= LONGEST_LABEL
    assert wrapped(name).replace("\n", " ") == name
    assert wrapped(name).count("\n") < MOST_LINES


def names_in(figure: str) -> dict[str, tuple[float, float, float, float]]:
    """Return the names in a drawing and the boxes that they take: left, right, top, bottom."""
    found = {}
    for one in ElementTree.fromstring(figure).iter("{http://www.w3.org/2000/svg}text"):
        lines = [(str(span.text), float(span.get("y", 0))) for span in one]
        wide, x = room([words for words, _ in lines]), float(one[0].get("x", 0))
        left = x - wide if one.get("text-anchor") == "end" else x
        box = (left, left + wide, lines[0][1] - TEXT, lines[-1][1])
        found[" ".join(words for words, _ in lines)] = box
    return found


def test_a_name_has_the_room_that_a_wide_font_takes() -> None:
    """DejaVu is wider than what browsers mostly have; capitals were cut off in it."""
    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", 100)
    names = ["MANAGEMENT WITH", "WWWWWWWW", "@@@@", "mmmm", "ROQOGO", "refocus, delivered"]
    names += [one for each in presets() for one in wrapped(each["title"]).split("\n")]
    for line in names:
        assert font.getlength(line) <= room([line], 100.0), line
        assert room([line], 100.0) < 2.1 * font.getlength(line), line


def test_no_name_is_cut_off_however_long_and_none_lies_on_another() -> None:
    names = ["Usual care", *(f"{number}" + "long name " * 6 for number in range(4))]
    names = [name[:LONGEST_LABEL].strip() for name in names]
    chance = np.random.default_rng(1)
    weeks = np.arange(53)
    lines = [nested(name, weeks, 50.0 + chance.normal(size=(20, 53))) for name in names]
    points = [nested(name, [52], chance.normal(size=(20, 1))) for name in names[1:]]
    for figure, expected in ((band_figure(lines, "points"), names), (
        interval_figure(points, "points"), names[1:])):  # fmt: skip
        found = names_in(figure)
        boxes = sorted((found[name] for name in expected), key=lambda box: box[2])
        for left, right, _, _ in boxes:
            assert 0.0 <= left < right <= WIDTH
        for (*_, bottom), (_, _, top, _) in itertools.pairwise(boxes):
            assert bottom <= top
        height = float(ElementTree.fromstring(figure).get("height", 0))
        assert boxes[0][2] >= 0.0
        assert boxes[-1][3] <= height


def test_half_characters_are_refused_before_they_are_repeated() -> None:
    with pytest.raises(InputError, match="half characters"):
        read_json(b'{"values": "\\ud800"}')
