"""One fit here over one of lme4 or geepack on the same tables: `make bench-r`, where R is.

Processor time of either side, R's by `system.time` in the session that fits, without its start.
Here a fit of the marginal model has five errors for few clusters, geepack's the plain one; a mixed
model has Satterthwaite's and Kenward-Roger's tests of the arm on both sides.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.mixed_model_speed import trials
from benchmarks.table import Row, markdown, reported
from benchmarks.timing import median_seconds_in_turns
from sim.trials.fits.gee import FAMILIES, fit_gee
from sim.trials.fits.random_intercept_compiled import fit_random_intercept_batch

BINARY, LINEAR, COMPILED = 200, 20, 4000
SCRIPT = """\
suppressMessages({{library(lmerTest); library(pbkrtest); library(geepack)}})
d <- read.csv({path}); parts <- split(d, d$trial)
spent <- function(work) {{ t <- system.time(work); sum(t[c(1, 2)]) / length(parts) }}
{fits}
"""
MARGINAL = """\
fit <- function(x) geeglm(y ~ arm, id = team, data = x, family = binomial, corstr = "exchangeable")
cat(spent(for (x in parts) fit(x)), "\\n")"""
MIXED = """\
fit <- function(x) contest1D(lmer(y ~ arm + base + site + (1 | team), x), c(0, 1, 0, 0),
                             ddf = "Kenward-Roger")
cat(spent(for (x in parts) fit(x)), "\\n")"""


def in_r(fits: str, columns: dict[str, np.ndarray]) -> float:
    """Return R's seconds a fit of a table that is split by its column ``trial``."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "trials.csv"
        values = np.column_stack(list(columns.values()))
        np.savetxt(table, values, delimiter=",", header=",".join(columns), comments="")
        script = Path(folder) / "fit.R"
        script.write_text(SCRIPT.format(path=f'"{table}"', fits=fits), encoding="utf-8")
        done = subprocess.run(["Rscript", script], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"Rscript: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout.split()[-1])


def marginal() -> Row:
    """Return how a marginal model of a binary outcome compares."""
    rng = np.random.default_rng(1)
    team = np.repeat(np.arange(16), 25)
    x = np.column_stack([np.ones(team.size), team % 2])
    risks = np.clip(0.3 + 0.1 * rng.standard_normal((BINARY, 16)), 0.05, 0.9)[:, team]
    y = (rng.random(risks.shape) < risks).astype(float)

    def own() -> None:
        for outcome in y:
            fit_gee(x, outcome, team, FAMILIES["binomial"])

    here = median_seconds_in_turns({"own": own}, 3)["own"] / BINARY
    each = {"trial": np.arange(BINARY).repeat(team.size), "team": np.tile(team, BINARY)}
    theirs = in_r(MARGINAL, each | {"arm": each["team"] % 2, "y": y.ravel()})
    detail = f"16 teams of 25; 1,000 trials {1000 * here:.1f} s here, {1000 * theirs:.1f} s there"
    return reported("geepack's geeglm over a marginal model", f"{theirs / here:.1f} x", detail)


def mixed() -> Row:
    """Return how a mixed model with exact tests compares."""
    team, columns, outcomes = trials(COMPILED)
    works = {"own": lambda: fit_random_intercept_batch(team, columns, outcomes, 1)}
    here = median_seconds_in_turns(works, 3)["own"] / COMPILED
    each = {"trial": np.arange(LINEAR).repeat(team.size), "team": np.tile(team, LINEAR)}
    names = ("arm", "base", "site")
    each |= {one: columns[:LINEAR, :, k].ravel() for k, one in enumerate(names, 1)}
    theirs = in_r(MIXED, each | {"y": outcomes[:LINEAR].ravel()})
    detail = f"27 teams of 15; 10,000 trials {1e4 * here:.1f} s here, {1e4 * theirs:.0f} s there"
    what = "lmerTest with Kenward-Roger over a mixed model"
    return reported(what, f"{theirs / here:,.0f} x", detail)


if __name__ == "__main__":
    if shutil.which("Rscript") is None:
        raise SystemExit("Rscript is not installed: nothing to compare with")
    print(markdown([marginal(), mixed()]))
