"""Take the pictures of the page that README shows: ``python -m docs.build_pictures``.

They are of the static pages, which need no server. Each carries the hash of the stored answers that
it shows, so that a picture of other numbers is noticed (`tests/docs/test_pictures.py`).
"""

from __future__ import annotations

import sys
import tempfile
from hashlib import sha256
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from scripts.browser import HOW, system_browser
from sim.pages.write import pages

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

FOLDER = Path(__file__).resolve().parent / "img"
PICTURES = {
    "web-decide.png": "answers.html",
    "web-watch.png": "watch.html",
    "web-power.png": "power.html",
}
"""The pages by the names of their pictures."""
STAMP = "answers"
SIZE: ViewportSize = {"width": 1280, "height": 860}


def shown() -> str:
    """Return the hash of the stored answers."""
    return sha256(resources.files("sim.pages").joinpath("stored.json").read_bytes()).hexdigest()


def small(picture: bytes) -> bytes:
    """Return a screenshot in 128 colours, which is a third of its size, with its stamp."""
    kept = PngInfo()
    kept.add_text(STAMP, shown())
    out = BytesIO()
    Image.open(BytesIO(picture)).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
        out, "PNG", optimize=True, pnginfo=kept
    )
    return out.getvalue()


def main() -> int:
    """Write the pictures; return 1 where no browser starts."""
    from playwright.sync_api import sync_playwright

    browser_path = system_browser()
    if browser_path is None:
        print(f"no picture is taken: no browser starts here; {HOW}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        view = browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
        for name, one in pages().items():
            (Path(folder) / name).write_text(one.text, encoding="utf-8")
        for picture, name in PICTURES.items():
            view.goto((Path(folder) / name).as_uri(), wait_until="load")
            view.wait_for_timeout(1500)
            (FOLDER / picture).write_bytes(small(view.screenshot()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
