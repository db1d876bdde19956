"""Write the numbers of the story of a hybrid trial from the commands that it shows.

Run ``python -m docs.build_story``; some minutes, and Rscript with lmerTest and pbkrtest.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from docs.marked import main, table

if TYPE_CHECKING:
    from sim.api.analyse import Analysis
    from sim.api.power import PowerAnswer

PAGE = Path(__file__).resolve().parent / "how-to" / "hybrid-trial.md"
DESIGN = "hybrid-wedge"
SIMULATIONS = 300
CONSTANT = "constant effect"
DATA = "results/story/first-trial.csv"


@cache
def simulated(estimand: str | None = None) -> PowerAnswer:
    """Return what `refocus power` finds, with another estimand where one is named."""
    from sim.api.power import PowerAnswer, power

    settings = {} if estimand is None else {"analysis.estimand": estimand}
    found = power(DESIGN, simulations=SIMULATIONS, settings=settings, sensitivity=False)
    assert isinstance(found, PowerAnswer)
    return found


def fenced(text: str, language: str = "text") -> str:
    """Return text as a block of the page."""
    inner = text.strip("\n")
    return f"```{language}\n{inner}\n```"


def design() -> str:
    """Return the design file."""
    from sim.trials.designs.design_file import FOLDER

    return fenced((FOLDER / f"{DESIGN}.toml").read_text(encoding="utf-8"), "toml")


def by_formula() -> str:
    """Return power by formula, from where the numbers begin."""
    from sim.api.power import power

    return fenced(power(DESIGN, formula_only=True).text.split("\n\n", 1)[1])


def both_models() -> str:
    """Return simulated and formula power of the exposure-time and of the constant analysis."""
    rows = []
    for title, estimand in (("effect by exposure, averaged", None), (CONSTANT, CONSTANT)):
        outcome = simulated(estimand).outcome
        result, both = outcome.result, outcome.both
        assert both is not None
        assert result.null is not None
        assert result.formula is not None
        p = result.performance
        rows.append(
            (
                title,
                f"{p.true_effect:.2f}",
                f"{p.mean_estimate:.2f}",
                f"{p.power.value:.3f} ({p.power.monte_carlo_se:.3f})",
                f"{result.formula.power:.3f}",
                f"{p.coverage.value:.3f} ({p.coverage.monte_carlo_se:.3f})",
                f"{result.null.power.value:.3f} ({result.null.power.monte_carlo_se:.3f})",
                f"{both.each[1].value:.3f} ({both.each[1].monte_carlo_se:.3f})",
                f"{both.all_of.value:.3f} ({both.all_of.monte_carlo_se:.3f})",
            )
        )
    heading = (
        "analysis",
        "true effect, QPR",
        "mean estimate",
        "power, QPR (MC SE)",
        "by formula",
        "coverage of 95% intervals",
        "type I error",
        "power, INSPIRE",
        "power, both",
    )
    return table(heading, rows)


def protocol() -> str:
    """Return the paragraphs on sample size."""
    text = simulated().protocol.split("## Sample size\n\n")[1].split("\n## ")[0]
    return "> " + text.strip().replace("\n", "\n> ")


def analysed() -> str:
    """Return the declared analysis of the first simulated trial: the plan and its answer."""
    text = _analysis()[0].text
    return fenced(text.split("\n\n")[0]) + "\n\n" + fenced(_exposure(text))


def _exposure(text: str) -> str:
    """Return the section on effects by exposure."""
    return next(one for one in text.split("\n\n") if one.startswith("By period of exposure"))


@cache
def _analysis() -> tuple[Analysis, str]:
    """Return the declared analysis of the first simulated trial, and what R prints of it."""
    from sim.api.analyse import analyse
    from sim.files import write_texts
    from sim.spreadsheet import frame_csv

    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            text = frame_csv(simulated().first_trial, "%.6g")
            write_texts(Path(DATA).parent, {Path(DATA).name: text})
            found = analyse(DATA, design=DESIGN)
            Path("analysis.R").write_text(found.code(), encoding="utf-8")
            done = subprocess.run(
                ["Rscript", "--vanilla", "analysis.R"], capture_output=True, text=True, check=True
            )
        finally:
            os.chdir(home)
    return found, done.stdout


def in_r() -> str:
    """Return the script, of the first outcome, and what R printed of both."""
    found, printed = _analysis()
    script = found.code().split("\n\n# 1 minus 0")[0]
    return fenced(script, "r") + "\n\n" + fenced(printed)


def numbers(text: str) -> list[tuple[float, float, float, float]]:
    """Return estimate, standard error, df and p of each outcome that R printed on the page."""
    lines = re.findall(r"^1 +(-?[\d.e-]+) +([\d.e-]+) +([\d.]+) +\S+ +([\d.e-]+)$", text, re.M)
    return [(float(a), float(b), float(c), float(d)) for a, b, c, d in lines]


WANTED: dict[str, Callable[[], str]] = {
    "design": design,
    "by-formula": by_formula,
    "both-models": both_models,
    "protocol": protocol,
    "analysed": analysed,
    "in-r": in_r,
}


if __name__ == "__main__":
    main(PAGE, WANTED)
