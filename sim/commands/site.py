"""`refocus site`: a folder of pages that need no server and no internet."""

from __future__ import annotations

import argparse

EXAMPLES = """\
examples:
  refocus site --out refocus-site
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "site",
        help="write pages that need no server: answers, power, a team in two worlds",
        description="Write a folder of pages that work from a laptop without internet, or from any "
        "web server: stored answers, stored power, and a team in two worlds, its weeks simulated "
        "by the browser. DIR/index.html is the first page.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="a new folder")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Write the pages."""
    from pathlib import Path

    from sim.pages.write import write_pages

    files = write_pages(Path(given.out))
    size = sum(one.stat().st_size for one in files)
    print(f"{len(files)} pages, {size / 1e6:.1f} MB; open {files[0]}")
    return 0
