"""Pages that need no server: each one file, with its style, scripts and data inside.

A browser that opens a file from disk loads no modules, fetches nothing and starts no worker from
another file. So a page carries everything, and its policy names the very scripts and styles that
may run by their hashes: nothing else does, and nothing is asked of any host.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

DOORS = (
    ("index.html", "Home"),
    ("answers.html", "Decide"),
    ("watch.html", "Watch"),
    ("power.html", "Plan a trial"),
    ("learn.html", "Learn"),
)
FOOT = (
    "A simulation of how teams take up recovery support. It is not evidence that the programme "
    "works, and not for decisions about one person. Everything runs on your own computer; this "
    "page asks nothing of any other."
)
BRAND = (
    '<svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true"><circle cx="6" cy="11" '
    'r="5" fill="none" stroke="currentColor" stroke-width="2"/><circle cx="16" cy="11" r="5" '
    'fill="var(--prog)"/></svg>'
)

HEADER = 'REFOCUS simulation</a><nav aria-label="Main">'
"""What every page of the folder has, and nothing of a user's own."""


class Page(NamedTuple):
    """A page: its HTML, and the policy that it keeps to."""

    text: str
    policy: str


@cache
def part(name: str) -> str:
    """Return a file of `sim/pages/parts`."""
    return resources.files("sim.pages").joinpath("parts", name).read_text(encoding="utf-8")


def bundled(names: Iterable[str]) -> str:
    """Return JavaScript modules as one plain script, each before those that import it.

    What another such script of the page gave before can be imported as well.
    """
    lines = ["(() => {", '"use strict";', "const modules = (globalThis.modules ??= {});"]
    for name in names:
        text = re.sub(
            r'^import (\{.*\}) from "\./(.*)";$',
            r'const \1 = modules["\2"];',
            part(name),
            flags=re.M,
        )
        given = re.findall(r"^export (?:const|class|function) (\w+)", text, flags=re.M)
        plain = re.sub(r"^export ", "", text, flags=re.M)
        lines += [
            f'modules["{name}"] = (() => {{',
            plain,
            f"return {{ {', '.join(given)} }};",
            "})();",
        ]
    return "\n".join([*lines, "})();"])


def closed_up(style: str) -> str:
    """Return a style sheet without comments and blanks: each page carries its own."""
    bare = re.sub(r"/\*.*?\*/", "", style, flags=re.S)
    return re.sub(r"\s*([{}])\s*|(;)\s+", r"\1\2", bare)


def allowed(text: str) -> str:
    """Return the source of a policy that allows one script or style: its hash."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def page(
    name: str,
    title: str,
    body: str,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    *,
    style: str = "",
    bare: bool = False,
    workers: bool = False,
) -> Page:
    """Return a page.

    Parameters
    ----------
    name : str
        Its file, which may stand in a folder; in `DOORS` or found by way of *Learn*.
    title : str
        Title.
    body : str
        HTML of what stands in its middle.
    styles : sequence of str
        Names of style sheets among the parts, besides ``site.css``.
    scripts : sequence of str
        Scripts in their order.
    style : str
        Style after that of the named sheets.
    bare : bool
        To be shown within another page: without header and footer.
    workers : bool
        Its scripts may start themselves in workers.
    """
    style = closed_up("\n".join([*map(part, ("tokens.css", "site.css", *styles)), style]))
    for one in scripts:
        assert "</script" not in one.lower()
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src {allowed(style)}",
            f"script-src {' '.join(map(allowed, scripts)) or chr(39) + 'none' + chr(39)}",
            *(["img-src data:"] if 'src="data:' in body else []),
            *(["worker-src blob:"] if workers else []),
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    up = "../" * name.count("/")
    here = "learn.html" if up else name
    doors = "".join(
        f'<li><a href="{up}{file}"{" aria-current=page" if file == here else ""}>{label}</a></li>'
        for file, label in DOORS
    )
    return Page(
        "\n".join(
            [
                '<!doctype html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">',
                f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>",
                ""
                if bare
                else '<a class="skip" href="#main">Skip to content</a>'
                f'<header class="top"><div class="wrap"><a class="brand" href="{up}index.html">'
                f"{BRAND}{HEADER}<ul>{doors}</ul></nav></div></header>",
                f'<main id="main" tabindex="-1"><div class="wrap">\n{body}\n</div></main>',
                ""
                if bare
                else f'<footer class="foot"><div class="wrap"><p>{FOOT}</p></div></footer>',
                *(f"<script>{one}</script>" for one in scripts),
                "</body>\n</html>\n",
            ]
        ),
        policy,
    )
