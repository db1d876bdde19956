"""A planned analysis as code for other programs, before there are data."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.errors import InputError
from sim.trials.analyses.declared_analysis import analyse_by_design
from sim.trials.analyses.declared_table import declared_table
from sim.trials.analyses.r_code import LANGUAGES, code
from sim.trials.designs.design_file import (
    changed,
    design_from_text,
    has_use,
    trial_design,
)
from sim.trials.designs.design_schema import DesignFile
from sim.trials.designs.design_text import design_text
from sim.trials.power.power_study import statistical_source

TABLE = "trial.csv"
# Teams are the design's: degrees of freedom and the error of a marginal model go by their number.
# The code is that of any other numbers: these are fitted quickly, and leave no variance at zero.
SMALL = {"size": 4.0, "icc": 0.2, "cac": 0.5, "iac": 0.4, "attrition": 0.0}


def planned_code(file: DesignFile) -> dict[str, str]:
    """Return the analysis that a design declares as a script of each language.

    It is what `refocus analyse --design --code` prints: a trial of the design's teams with few
    people is simulated and analysed, for the names of its columns and coefficients.

    Parameters
    ----------
    file : DesignFile
        With statistical outcomes.

    Returns
    -------
    dict of str
        Script by language; where there is none, why.
    """
    small = {name: value for name, value in SMALL.items() if has_use(file, name)}
    return _of_text(design_text(changed(file, small)))


@lru_cache
def _of_text(text: str) -> dict[str, str]:
    file = design_from_text(text)
    table = declared_table(
        statistical_source(file).simulate(trial_design(file), 1, 0), file, trial_design(file)
    )
    found = {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "design.toml"
        path.write_text(text, encoding="utf-8")
        result = analyse_by_design(table, path)
    for language in LANGUAGES:
        try:
            found[language] = code(language, result, TABLE)
        except InputError as error:
            found[language] = f"{error}\n"
    return found
