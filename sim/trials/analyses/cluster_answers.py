"""What the analysis of a table says at the level of clusters.

Which clusters were randomised, within which pairs or strata, the tests that compare them, and in
words what was taken from the model and why a test is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial
from sim.trials.analyses.cluster_level import ClusterLevel, cluster_level, strata_of
from sim.trials.analyses.cluster_tests import TTest, constant_within
from sim.trials.analyses.correlations import of_time
from sim.trials.analyses.methods.permutation import of_schedule
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.design_columns import prepare_design

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

FEW_CLUSTERS = 10
LEVEL = 0.05
PAIRS, STRATA = "pairs", "strata"


class Declared(NamedTuple):
    """Pairs or strata of clusters that the user names."""

    kind: str  # {'pairs', 'strata'}
    columns: tuple[str, ...]
    rows: Codes  # (n,) array: Level of each row, from 0
    labels: tuple[str, ...]  # Of the levels

    @property
    def name(self) -> str:
        """Columns in words."""
        return " x ".join(self.columns)


def declared_strata(
    kind: str, columns: Sequence[str], values: Mapping[str, Sequence[str]]
) -> Declared:
    """Return pairs or strata from the labels of each row, by column."""
    table = np.column_stack([np.asarray(values[one], dtype=str) for one in columns])
    levels, rows = np.unique(table, axis=0, return_inverse=True)
    labels = tuple("/".join(one) for one in levels)
    return Declared(kind, tuple(columns), np.asarray(rows.reshape(-1), dtype=np.intp), labels)


def randomised_clusters(
    effects: Sequence[RandomEffect], declared: Declared | None, treatment: Matrix
) -> Codes:
    """Return the grouping that was randomised: the coarsest, or the coarsest within strata.

    Periods that all clusters share are none, and of groupings that cross each other it is the one
    whose members have one treatment each.

    Parameters
    ----------
    effects : sequence of RandomEffect
    declared : Declared or None
    treatment : (n,) array
        The tested column.

    Raises
    ------
    InputError
        If no grouping of the model lies within the declared strata.
    """
    groupings = [one for one in effects if one.slope is None] or list(effects[:1])
    times = of_time([one.name for one in groupings])
    groupings = [one for at, one in enumerate(groupings) if at not in times]
    ordered = sorted(groupings, key=lambda one: one.n_levels)
    if declared is None:
        coarsest = ordered[0].codes[:, None].astype(float)
        crossing = (
            one.codes
            for one in ordered
            if constant_within(treatment[:, None], one.codes)[0]
            and (one is ordered[0] or not constant_within(coarsest, one.codes)[0])
        )
        return next(crossing, ordered[0].codes)
    finest = len(declared.labels)
    for one in ordered:
        within = constant_within(declared.rows[:, None].astype(float), one.codes)[0]
        if within and one.n_levels > finest:
            return one.codes
    names = ", ".join(one.name for one in ordered)
    raise InputError(
        f"{declared.kind} '{declared.name}': each cluster must lie in one of them, and one must "
        f"hold several; groupings of the model: {names}"
    )


def check_pairs(declared: Declared, strata: Codes, treated: NDArray[np.bool_]) -> None:
    """Refuse pairs that are none.

    Raises InputError if a pair has more than two clusters, or both in one arm.
    """
    for one, label in enumerate(declared.labels):
        own = treated[strata == one]
        if own.size > 2:
            raise InputError(
                f"{PAIRS} '{declared.name}': {label} has {own.size} clusters; a pair has two, use "
                "--strata for larger groups"
            )
        if own.size == 2 and own[0] == own[1]:
            raise InputError(
                f"{PAIRS} '{declared.name}': both clusters of {label} are in one arm; use --strata"
            )


def cluster_answers(
    X: Matrix,
    names: Sequence[str],
    tested: int,
    y: Matrix,
    effects: Sequence[RandomEffect],
    declared: Declared | None,
    periods: Codes | None,
    factors: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return the tests of clusters, and what to tell of them.

    Parameters
    ----------
    X : (n, p) array
        Columns of the fitted model.
    names : sequence of str
        Of the columns.
    y : (n,) array
    periods : (n,) array of int or None
        Period of each row, where the model has periods.
    factors : mapping
        Labels of each row of the model's other columns, by column; to name recognised strata.

    Returns
    -------
    dict
        ``cluster_summary``, ``cluster_permutation``, ``strata`` and ``notes``.
    """
    clusters = randomised_clusters(effects, declared, X[:, tested])
    first = np.unique(clusters, return_index=True)[1]
    others = np.delete(X, tested, axis=1)
    of_clusters = others[first][:, constant_within(others, clusters)]
    strata = strata_of(of_clusters) if declared is None else declared.rows[first]
    level = cluster_level(X, tested, clusters, None if declared is None else strata)
    if declared is not None and declared.kind == PAIRS and level is not None:
        check_pairs(declared, strata, level.treated)
    found: dict[str, Any] = {
        "cluster_summary": None,
        "cluster_permutation": None,
        "strata": _strata(strata, declared, clusters, factors),
        "notes": _outside_the_model(declared, level, of_clusters, effects),
    }
    why = why_not(X, names, tested, clusters, effects, level)
    if why:
        found["notes"].append(why)
    elif level is not None:
        found["notes"] += _one_armed(found["strata"], strata, level)
        _compare(found, level, y, names, tested)
    elif periods is None:
        found["notes"] += _finer(X[:, tested], effects, clusters)
    elif int(clusters.max()) > 1:
        trial = AnalysedTrial(X, y, tested, clusters, effects, periods, strata)
        with suppress(InputError):
            found["cluster_permutation"] = of_schedule(trial)._asdict()
    found["notes"] += _few(found, level, clusters)
    return found


def partially_nested(
    X: Matrix, tested: int, clusters: Codes, effects: Sequence[RandomEffect]
) -> bool:
    """Return whether one arm has clusters and the other single people."""
    column = X[:, tested]
    intercepts = {one.name for one in effects if one.slope is None}
    for one in effects:
        group = one.name.rsplit(".", 1)[0]
        if one.slope is not None and group not in intercepts:
            low, high = column == column.min(), column == column.max()
            if (low | high).all() and any((one.slope[side] == 0.0).all() for side in (low, high)):
                return True
    sizes = np.bincount(clusters)
    upper = np.bincount(clusters, column == column.max()) / sizes
    if not np.isin(upper, (0.0, 1.0)).all():
        return False
    arms = [sizes[upper == side] for side in (0.0, 1.0)]
    single = [one.size > 1 and (one == 1).all() for one in arms]
    return bool(single[0] != single[1])


def why_not(
    X: Matrix,
    names: Sequence[str],
    tested: int,
    clusters: Codes,
    effects: Sequence[RandomEffect],
    level: ClusterLevel | None,
) -> str:
    """Return why clusters cannot be compared; an empty text where they can, or are not whole."""
    if partially_nested(X, tested, clusters, effects):
        return (
            "partially nested: one arm has clusters and the other single people, so that tests "
            "that count clusters (between-within, cluster summary, permutation) are left out; read "
            "Kenward-Roger or Satterthwaite, with the cluster effect in its arm alone, as "
            "(0 + arm | cluster)"
        )
    if level is None:
        return ""
    parts = set(names[tested].split(":"))
    with_others = [j for j, one in enumerate(names) if j != tested and parts <= set(one.split(":"))]
    if not constant_within(X[:, with_others], clusters).all():
        return (
            f"'{names[tested]}' also acts through {', '.join(names[j] for j in with_others)}, "
            "which varies within clusters: cluster summary and permutation test are left out"
        )
    return ""


def _compare(
    found: dict[str, Any], level: ClusterLevel, y: Matrix, names: Sequence[str], tested: int
) -> None:
    """Add the tests of two arms of whole clusters."""
    means = level.means(y)
    if level.treated.size < 3 or all(
        np.ptp(means[arm]) == 0.0 for arm in (level.treated, ~level.treated)
    ):
        return
    try:
        summary = level.summary_test(y)
    except InputError as error:
        found["notes"].append(f"cluster summary and permutation test are left out: {error}")
        return
    found["cluster_summary"] = {
        "n_clusters": [int((~level.treated).sum()), int(level.treated.sum())],
        **_fields(summary),
    }
    # Under another allocation an interaction's column would be another.
    if any(names[tested] in one.split(":") for one in names if ":" in one):
        found["notes"].append(
            f"permutation test: left out, as '{names[tested]}' is part of an interaction"
        )
        return
    permuted = level.permutation_test(y)
    if permuted.n_allocations == 1:
        found["notes"].append(
            "permutation test: left out, as no stratum has clusters of both arms to exchange"
        )
        return
    found["cluster_permutation"] = permuted._asdict()


def _fields(test: TTest) -> dict[str, Any]:
    return {**test._asdict(), "ci95": list(test.ci95)}


def _strata(
    used: Codes, declared: Declared | None, clusters: Codes, factors: Mapping[str, Sequence[str]]
) -> dict[str, Any] | None:
    """Return pairs or strata in words; those of the model are named by its columns."""
    sizes = np.bincount(used)
    if sizes.size < 2:
        return None
    if declared is not None:
        kind, columns = declared.kind, list(declared.columns)
    else:
        kind = PAIRS if sizes.max() == 2 and (sizes == 2).sum() > 1 else STRATA
        columns = [name for name, labels in factors.items() if _follows(labels, used[clusters])]
    return {
        "kind": kind,
        "columns": columns,
        "declared": declared is not None,
        "n": int(sizes.size),
        "n_clusters": [int(one) for one in sizes],
    }


def _follows(labels: Sequence[str], strata: Codes) -> bool:
    """Return whether a column has several values, and one in each stratum."""
    codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)[1].reshape(-1)
    return bool(codes.max() > 0 and constant_within(codes[:, None].astype(float), strata)[0])


def _outside_the_model(
    declared: Declared | None,
    level: ClusterLevel | None,
    of_clusters: Matrix,
    effects: Sequence[RandomEffect],
) -> list[str]:
    """Return what to say of declared strata that the mixed model does not have."""
    if declared is None:
        return []
    k = len(of_clusters)
    both = of_clusters if level is None else np.column_stack([of_clusters, level.covariates])
    zeros = np.zeros(k)
    inside = len(prepare_design(both, zeros).kept) == len(prepare_design(of_clusters, zeros).kept)
    random = any(
        one.slope is None
        and one.n_levels == len(declared.labels)
        and constant_within(declared.rows[:, None].astype(float), one.codes)[0]
        for one in effects
    )
    if inside or random or level is None:
        return []
    written = " + ".join(f"factor({one})" for one in declared.columns)
    return [
        f"the mixed model does not have the {declared.kind}, so that its tests reject too rarely "
        f"where clusters of one are alike: add {written}"
    ]


def _one_armed(strata: dict[str, Any] | None, codes: Codes, level: ClusterLevel) -> list[str]:
    """Return how many pairs or strata have lost an arm."""
    # Without a column they are arms that are not compared.
    if strata is None or not strata["columns"]:
        return []
    treated, sizes = np.bincount(codes, level.treated), np.bincount(codes)
    number = int(((treated == 0) | (treated == sizes)).sum())
    if number == 0:
        return []
    return [
        f"{number} of {sizes.size} {strata['kind']} have clusters of one arm alone, which tell "
        "nothing of the difference in the tests of whole clusters"
    ]


def _finer(treatment: Matrix, effects: Sequence[RandomEffect], clusters: Codes) -> list[str]:
    """Return what to write if a grouping within the coarsest one was randomised."""
    coarse = [one.name for one in effects if one.slope is None and one.codes is clusters]
    for one in effects:
        if (
            coarse
            and one.slope is None
            and one.n_levels > int(clusters.max()) + 1
            and constant_within(treatment[:, None], one.codes)[0]
            and constant_within(clusters[:, None].astype(float), one.codes)[0]
        ):
            return [
                f"if {one.name} was randomised within {coarse[0]}, say "
                f"--strata {coarse[0].replace(':', ',')} for the tests that compare whole clusters"
            ]
    return []


def _few(found: Mapping[str, Any], level: ClusterLevel | None, clusters: Codes) -> list[str]:
    """Return what to read where there are few clusters."""
    permuted, notes = found["cluster_permutation"], []
    held = [] if found["cluster_summary"] is None else ["cluster summary"]
    if permuted is not None and permuted["smallest_p"] > LEVEL:
        notes = [
            f"permutation test: with {permuted['n_allocations']} allocations p cannot be below "
            f"{permuted['smallest_p']:.3g}"
        ]
    elif permuted is not None:
        held.append("permutation test")
    number, which = int(clusters.max()) + 1, ""
    if level is not None:
        number, which = int(min(level.treated.sum(), (~level.treated).sum())), " in the smaller arm"
    if number >= FEW_CLUSTERS:
        return notes
    told = f"{number} cluster{'' if number == 1 else 's'}{which}: "
    if number == 1 and level is not None:
        told += (
            "what is its own cannot be told from the treatment, and no test holds its level "
            "unless it is like those of the other arm; if its people are in no cluster, give each "
            "a label of their own"
        )
    elif not held:
        told += "small-sample methods are stretched, and no test of whole clusters is beside them"
    elif len(held) == 1:
        told += f"the {held[0]} keeps its level with so few; read it beside the mixed model"
    else:
        told += f"the {' and the '.join(held)} keep their level with so few; read them beside "
        told += "the mixed model"
    return [*notes, told]
