"""`refocus site`: a folder of pages that need no server and no internet."""

from __future__ import annotations

import argparse

EXAMPLES = """\
examples:
  refocus site --out refocus-site
  refocus site --run-notebooks --out refocus-site
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "site",
        help="write pages that need no server: answers, power, two worlds, documentation",
        description="Write a folder of pages that work from a laptop without internet, or from any "
        "web server: stored answers, stored power, a team in two worlds, its weeks simulated by "
        "the browser, and the documentation and course with a search. DIR/index.html is the first "
        "page.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="a new folder")
    parser.add_argument(
        "--run-notebooks",
        action="store_true",
        help="run the course's notebooks first (some minutes), so that their pages show what they "
        "print and draw",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the pages."""
    from pathlib import Path

    from sim.pages.documentation import left_out
    from sim.pages.write import write_pages

    files = write_pages(Path(options.out), run=options.run_notebooks)
    size = sum(one.stat().st_size for one in files)
    print(f"{len(files)} pages, {size / 1e6:.1f} MB; open {files[0]}")
    if why := left_out():
        print(f"without the documentation and its search: {why}")
    return 0
