"""How often each test rejects in the REFOCUS design when there is nothing to find.

Two sources: normal outcomes with given correlations, and the agent-based model under usual care
with team labels drawn anew. Twenty-seven teams of fifteen, fourteen of them in the intervention arm
within trusts as in the trial; outcome at one year adjusted for baseline and trust, random intercept
for the team.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.fits.t_distribution import two_sided_p

Matrix = NDArray[np.float64]

TRUSTS = ((18, 9), (9, 5))
PEOPLE = 15
CAC, IAC = 0.8, 0.6
ALPHA = 0.05
BATCH = 1000
TESTED = 1
TESTS = (
    "Kenward-Roger",
    "between-within t",
    "Satterthwaite",
    "cluster-summary t",
    "cluster-summary t, trust in the first stage",
    "z (never)",
)


@dataclass(frozen=True)
class TypeOneError:
    """Rejection rates at the 5% level without an effect."""

    setting: str
    # By test.
    rates: dict[str, float]
    monte_carlo_se: dict[str, float]
    singular: float  # Share of mixed models with no variance between teams
    failed: float  # Share of trials without an estimate; they count as not rejected
    icc: float  # Mean estimated ICC
    trials: int


def teams() -> tuple[np.ndarray, np.ndarray]:
    """Return the trust of each team, and how many teams of each trust are in the intervention."""
    trust = np.repeat(np.arange(len(TRUSTS)), [number for number, _ in TRUSTS])
    return trust, np.array([chosen for _, chosen in TRUSTS])


def drawn_arms(trust: np.ndarray, chosen: np.ndarray, count: int, rng: Any) -> np.ndarray:
    """Return arms of teams, one allocation a row, drawn within trusts."""
    arms = np.zeros((count, len(trust)), int)
    for one, number in enumerate(chosen):
        at = np.flatnonzero(trust == one)
        order = rng.permuted(np.tile(np.arange(len(at)), (count, 1)), axis=1)
        arms[:, at] = order < number
    return arms


def rejections(codes: np.ndarray, X: Matrix, Y: Matrix) -> dict[str, np.ndarray]:
    """Return which tests reject, in each of many trials with the same teams.

    Parameters
    ----------
    codes : (n,) array of int
        Team of each person, from 0.
    X : (T, n, 4) array
        Intercept, arm, baseline, trust.
    Y : (T, n) array
        Outcome; NaN where lost.

    Returns
    -------
    dict
        By test, and ``singular``, ``failed`` and ``icc``.
    """
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept_batch

    fits = fit_random_intercept_batch(codes, X, Y, TESTED)
    k = int(codes.max()) + 1
    with np.errstate(invalid="ignore", divide="ignore"):
        t = fits["estimate"] / fits["se"]
        variance = fits["cluster_variance"] + fits["residual_variance"]
        found = {
            "Kenward-Roger": fits["kenward_roger_p"] < ALPHA,
            "between-within t": two_sided_p(t, float(k - 3)) < ALPHA,
            "Satterthwaite": fits["satterthwaite_p"] < ALPHA,
            "z (never)": two_sided_p(t, np.inf) < ALPHA,
            "singular": fits["singular"] == 1.0,
            "failed": fits["status"] != 0.0,
            "icc": fits["cluster_variance"] / variance,
        }
    second, first = summary_p(codes, X, Y)
    return {
        **found,
        "cluster-summary t": second < ALPHA,
        "cluster-summary t, trust in the first stage": first < ALPHA,
    }


def summary_p(codes: np.ndarray, X: Matrix, Y: Matrix) -> tuple[Matrix, Matrix]:
    """Return p values of two cluster-summary tests.

    The first regresses team means, adjusted for baseline, on arm and trust together, with teams - 3
    degrees of freedom. The second takes trust out with the baseline and then compares arms by
    Student's t with teams - 2: trust costs nothing there, so it rejects too often.
    """
    k = int(codes.max()) + 1
    seen = np.isfinite(Y)
    y = np.where(seen, Y, 0.0)
    members = np.eye(k)[codes]
    sizes = seen.astype(float) @ members
    arm = X[:, np.unique(codes, return_index=True)[1], 1]
    trust = X[:, np.unique(codes, return_index=True)[1], 3]

    def means(columns: Sequence[int]) -> Matrix:
        others = X[..., list(columns)] * seen[..., None]
        cross = np.einsum("tni,tnj->tij", others, others)
        beta = np.linalg.solve(cross, np.einsum("tni,tn->ti", others, y)[..., None])[..., 0]
        left = (y - np.einsum("tni,ti->tn", others, beta)) * seen
        return np.asarray((left @ members) / sizes)

    return _t_of_arm(means((0, 2)), arm, trust), _t_of_arm(means((0, 2, 3)), arm, None)


def _t_of_arm(means: Matrix, arm: Matrix, trust: Matrix | None) -> Matrix:
    """Return p values of the arm in a regression of team means."""
    columns = [np.ones_like(arm), arm] + ([] if trust is None else [trust])
    x = np.stack(columns, axis=-1)
    inverse = np.linalg.inv(np.einsum("tki,tkj->tij", x, x))
    beta = np.einsum("tij,tkj,tk->ti", inverse, x, means)
    left = means - np.einsum("tki,ti->tk", x, beta)
    df = means.shape[1] - x.shape[-1]
    se = np.sqrt((left**2).sum(axis=1) / df * inverse[:, 1, 1])
    return two_sided_p(beta[:, 1] / se, float(df))


def normal_trials(
    icc: float, count: int, rng: np.random.Generator, lost: float = 0.0, people: int = PEOPLE
) -> tuple[np.ndarray, Matrix, Matrix]:
    """Return teams, columns and outcomes of trials with normal outcomes and no effect.

    Total variance 1; cluster autocorrelation .8 and individual autocorrelation .6 from baseline to
    follow-up; a share `lost` of follow-ups is missing at random.
    """
    trust, chosen = teams()
    k = len(trust)
    codes = np.repeat(np.arange(k), people)
    arms = drawn_arms(trust, chosen, count, rng)

    def normal(variance: float, columns: int) -> Matrix:
        return sqrt(variance) * rng.standard_normal((count, columns))

    cluster = normal(icc * CAC, k)
    person = normal((1 - icc) * IAC, len(codes))
    waves = [
        (cluster + normal(icc * (1 - CAC), k))[:, codes]
        + person
        + normal((1 - icc) * (1 - IAC), len(codes))
        for _ in range(2)
    ]
    X = np.empty((count, len(codes), 4))
    X[..., 0], X[..., 1] = 1.0, arms[:, codes]
    X[..., 2], X[..., 3] = waves[0], trust[codes]
    if lost > 0.0:
        waves[1][rng.random(waves[1].shape) < lost] = np.nan
    return codes, X, waves[1]


def normal_error(
    icc: float, count: int, seed: int = 1, lost: float = 0.0, setting: str = ""
) -> TypeOneError:
    """Return rejection rates over trials with normal outcomes.

    Raises
    ------
    InputError
        If no trial is asked for or the ICC is out of range.
    """
    if count < 1 or not 0.0 <= icc < 1.0:
        raise InputError(
            f"trials = {count}, icc = {icc}: must be at least 1, and from 0 to below 1"
        )
    rng = np.random.Generator(np.random.Philox(key=[seed, int(round(1e6 * icc))]))
    parts = []
    for first in range(0, count, BATCH):
        parts.append(rejections(*normal_trials(icc, min(BATCH, count - first), rng, lost)))
    joined = {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}
    name = setting or f"normal outcomes, ICC {icc:g}"
    rates = {test: float(joined[test].mean()) for test in TESTS}
    errors = {test: sqrt(p * (1.0 - p) / count) for test, p in rates.items()}
    return _error(name, rates, errors, joined, count)


def _error(
    setting: str,
    rates: dict[str, float],
    errors: dict[str, float],
    joined: Mapping[str, np.ndarray],
    count: int,
) -> TypeOneError:
    return TypeOneError(
        setting,
        rates,
        errors,
        float(joined["singular"].mean()),
        float(joined["failed"].mean()),
        float(np.nanmean(joined["icc"])),
        count,
    )


def relabelled_error(
    draws: Sequence[Mapping[str, float]],
    labels: int,
    seed: int = 1,
    *,
    measures: Sequence[str] = ("qpr15",),
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[TypeOneError]:
    """Return rejection rates on the agent-based model under usual care, labels drawn anew.

    Parameters
    ----------
    draws : sequence of mappings
        Sets of parameter values, one for each simulated world.
    labels : int
        Allocations of teams to arms in each world.
    measures : sequence of str
        Outcomes, columns of the table of assessments.
    on_progress : callable, optional
        Called with worlds analysed and to do.

    Returns
    -------
    list of TypeOneError
        One for each measure. Monte Carlo errors take worlds as the units, as allocations of one
        world share its outcomes.
    """
    from sim.inputs.roster import trial_roster
    from sim.runs.request import build_request
    from sim.runs.simulate import simulate
    from sim.scenarios.library import load_scenario

    if not draws or labels < 2:
        raise InputError("draws: at least one set is needed, and at least 2 allocations each")
    roster = trial_roster(seed)
    request = build_request(
        [load_scenario("usual-care")],
        roster,
        draws=list(draws),
        weeks=52,
        replications=1,
        seed=seed,
        collect=("assessments",),
        own_chance=True,
    )
    rows = simulate(request, workers=workers).arrays["assessments"]
    names = sorted({row.trust for row in roster.rows})
    trust = np.array([names.index(row.trust) for row in roster.rows])
    treated = np.array([row.arm == "intervention" for row in roster.rows])
    chosen = np.array([int(treated[trust == one].sum()) for one in range(len(names))])
    rng = np.random.Generator(np.random.Philox(key=[seed, 577_215]))
    found: dict[str, list[dict[str, np.ndarray]]] = {name: [] for name in measures}
    for world in range(len(draws)):
        own = np.sort(rows[rows["draw"] == world], order=["week", "team", "place"])
        start, end = own[own["week"] == 0], own[own["week"] == 52]
        arms = drawn_arms(trust, chosen, labels, rng)
        for name in measures:
            kept = (end["in_research"] == 1) & np.isfinite(start[name]) & np.isfinite(end[name])
            team = end["team"][kept]
            used, codes = np.unique(team, return_inverse=True)
            X = np.empty((labels, len(codes), 4))
            X[..., 0], X[..., 1] = 1.0, arms[:, used][:, codes]
            X[..., 2], X[..., 3] = start[name][kept], trust[used][codes]
            Y = np.broadcast_to(end[name][kept], (labels, len(codes)))
            found[name].append(rejections(codes, X, np.ascontiguousarray(Y)))
        if on_progress is not None:
            on_progress(world + 1, len(draws))
    results = []
    for name, parts in found.items():
        by_world = {test: np.array([one[test].mean() for one in parts]) for test in TESTS}
        joined = {key: np.concatenate([one[key] for one in parts]) for key in parts[0]}
        rates = {test: float(values.mean()) for test, values in by_world.items()}
        errors = {
            test: float(values.std(ddof=1)) / sqrt(len(parts)) if len(parts) > 1 else float("nan")
            for test, values in by_world.items()
        }
        setting = f"agent-based, {name}, {len(parts)} worlds, labels drawn {labels} times"
        results.append(_error(setting, rates, errors, joined, len(parts) * labels))
    return results
