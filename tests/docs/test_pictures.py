"""The pictures that README shows are of the numbers of today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from docs.build_pictures import FOLDER, PICTURES, STAMP, shown
from sim.pages.write import pages

README = Path(__file__).resolve().parents[2] / "README.md"


def test_every_picture_of_the_page_in_the_readme_is_made_by_the_command() -> None:
    pictures = re.findall(r"docs/img/([\w-]+\.png)", README.read_text(encoding="utf-8"))
    assert sorted(pictures) == sorted(PICTURES)
    assert sorted(one.name for one in FOLDER.glob("*.png")) == sorted(PICTURES)
    assert set(PICTURES.values()) <= set(pages())


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_shows_the_stored_answers_of_today(name: str) -> None:
    with Image.open(FOLDER / name) as picture:
        stamped = picture.info.get(STAMP)
    assert stamped == shown(), "python -m docs.build_pictures takes it again"
