"""A commented file of targets to start from, and the list of figures that can be targets."""

from __future__ import annotations

from calibration.extractors import EXTRACTORS, Extractor
from calibration.individual import FITTED, MEANING, figure_columns
from calibration.targets import WORDS

HEAD = """\
# Published figures of a trial of your own, for
#
#   refocus calibrate --targets this-file.toml --roster teams.csv --scenario delivered.toml
#
# One table a figure. With --check the file is read and nothing is fitted. Of several trials in one
# fit each has a name: --targets NAME=this-file.toml, or a line trial = "NAME" in every table.
# Figures that you have as individual data need no entry here: see --data. The same figure from both
# is refused, as it would be counted twice.
#
# use:  {uses}. Only what is fitted moves the posterior; checks are
#       laid beside what the fit predicts.
# kind: {kinds}.
#       estimate: a value. interval: a test that was not significant, no value. selected: a value
#       that was reported because one of the tests in `selected_by` was significant. direction: only
#       that it rose or fell. none: what priors rest on.
# se and interval are shown and checked against each other; the fit does not add them, as simulated
# trials have sampling error of their own.

[difference]
pattern = "A1"
title = "QPR, adjusted difference at one year"
kind = "estimate"
value = 1.0                       # replace by the reported figure
se = 1.5
unit = "points, programme - control"
population = "service users followed up"
instrument = "QPR-15"
analysis = "mixed model, baseline and random team intercept"
source = "report, table 2"
evidence = "verbatim"             # or derived, inferred
use = "fit"
extractor = "difference"          # the figure of a simulated trial that it is compared with
direction = "higher with the programme"

# A share: people followed up, of how many.
# [retention]
# pattern = "A2"
# title = "Retention"
# kind = "estimate"
# value = 88
# of = 120
# unit = "service users"
# population = "research sample"
# instrument = "research follow-up"
# analysis = "share"
# source = "report, flow diagram"
# evidence = "verbatim"
# use = "fit"
# extractor = "logit_retention"

# Extractors: name, what it is, the range of published values.
"""


def range_of(figure: Extractor) -> str:
    """Return the range of a published figure in words."""
    low, high = figure.bounds
    if figure.test:
        return "z of a test"
    return "any" if low == -high and high > 1e300 else f"{low:g} to {high:g}"


def targets_template() -> str:
    """Return a commented file of targets."""
    lines = [HEAD.format(uses=", ".join(WORDS["use"]), kinds=", ".join(WORDS["kind"]))]
    lines += [f"#   {name}: {one.label} ({range_of(one)})\n" for name, one in EXTRACTORS.items()]
    return "".join(lines)


def extractor_table() -> str:
    """Return the figures that can be targets as a Markdown table."""
    rows = [
        "| extractor | figure | published values | columns of individual data |",
        "|---|---|---|---|",
    ]
    for name, one in EXTRACTORS.items():
        columns = ", ".join(f"`{each}`" for each in figure_columns(name)) or "-"
        use = " (fitted)" if name in FITTED else ""
        rows.append(f"| `{name}` | {one.label} | {range_of(one)} | {columns}{use} |")
    return "\n".join(rows)


def column_table() -> str:
    """Return the columns of individual data as a Markdown table."""
    rows = ["| column | meaning |", "|---|---|"]
    rows += [f"| `{name}` | {meaning} |" for name, meaning in MEANING.items()]
    return "\n".join(rows)
