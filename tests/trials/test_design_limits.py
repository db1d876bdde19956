"""What a design may be: the last value that is taken, the first that is refused, and shapes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.designs.design import (
    Attrition,
    Design,
    ReadinessEntry,
    arm_sizes,
    compares_clusters,
    crossover,
    first_treated,
    has_baseline,
    has_two_arms,
    one_each,
    parallel,
    randomisation_words,
    sized,
    stepped_wedge,
)
from tests.trials.schedules import NONE, RUN_IN, C, T


def made(schedule: Any, clusters: Any = None, size: float = 5, **more: Any) -> Design:
    rows = np.array(schedule)
    return Design("d", rows, (2,) * len(rows) if clusters is None else clusters, size, **more)


@pytest.mark.parametrize(
    ("of", "name", "taken", "refused"),
    [
        (Attrition, "rate", (0.0, 0.95), (-0.01, 0.96)),
        (ReadinessEntry, "minimum", (0.0, 1.0), (-0.01, 1.01)),
        (ReadinessEntry, "share", (0.001, 1.0), (0.0, 1.01)),
        (ReadinessEntry, "strata", (1, 10), (0, 11)),
        (ReadinessEntry, "reliability", (0.05, 1.0), (0.04, 1.01)),
        (ReadinessEntry, "screened_per_team", (1, 50), (0, 51)),
        (ReadinessEntry, "run_in_weeks", (0, 1), (-1,)),
        (ReadinessEntry, "run_in_intensity", (0.0, 1.0), (-0.01, 1.01)),
    ],
)
def test_limits_of_loss_and_readiness(of: Any, name: str, taken: Any, refused: Any) -> None:
    for value in taken:
        assert getattr(of(**{name: value}), name) == value
    for value in refused:
        with pytest.raises(InputError, match=rf"{name} = {value}: must be"):
            of(**{name: value})


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [
        ("size", (1.0, 100_000), (0.9, 100_001)),
        ("size_variation", (0.0, 2.0), (-0.1, 2.1)),
        ("strata", (1, 4), (0, 5)),
    ],
)
def test_limits_of_a_design(name: str, taken: Any, refused: Any) -> None:
    design = parallel(4, 10)
    for value in taken:
        assert getattr(replace(design, **{name: value}), name) == value
    for value in refused:
        with pytest.raises(InputError, match=rf"^{name} = {value}: must be"):
            replace(design, **{name: value})


def test_strata_are_at_most_half_the_clusters() -> None:
    with pytest.raises(InputError, match=r"half the number of clusters \(4\)"):
        parallel(4, 10, strata=5)
    with pytest.raises(InputError, match=r"strata = 2: must"):
        replace(crossover(1, 5), strata=2)


def test_a_design_has_at_most_100000_clusters() -> None:
    assert parallel(50_000, 1).total_clusters == 100_000
    with pytest.raises(InputError, match="100001 in all: at most 100000"):
        parallel((50_000, 50_001), 1)


def test_what_is_not_given() -> None:
    assert Attrition() == Attrition(0.0, "completely at random", 0.0, 0.0)
    assert ReadinessEntry() == ReadinessEntry(None, None, 1, 0.7, 4, 0, 1.0)
    plain = made([[T], [C]])
    assert (plain.size_variation, plain.churn, plain.strata, plain.period_weeks) == (0, 0, 1, 52)
    assert (plain.treated_arms, plain.sizes, plain.unclustered) == (1, (), None)
    for one in (parallel(2, 5), stepped_wedge(2, 2, 5), crossover(2, 5)):
        assert (one.size_variation, one.churn, one.strata, one.period_weeks) == (0, 0, 1, 52)


def test_readiness_has_one_criterion() -> None:
    for one in ({"minimum": 0.0}, {"share": 0.5}, {"strata": 2}):
        assert ReadinessEntry(**one).decides
        assert ReadinessEntry(**one).asked
    assert not ReadinessEntry().asked
    worked = ReadinessEntry(run_in_weeks=1)
    assert worked.asked
    assert not worked.decides
    for two in (
        {"minimum": 0.5, "share": 0.5},
        {"minimum": 0.5, "strata": 2},
        {"share": 0.5, "strata": 2},
    ):
        with pytest.raises(InputError, match="give one of minimum, share and strata"):
            ReadinessEntry(**two)


def test_churn_is_of_an_open_cohort() -> None:
    for churn in (0.0, 1.0):
        assert stepped_wedge(2, 2, 5, sampling="open cohort", churn=churn).churn == churn
    for churn in (-0.1, 1.1):
        with pytest.raises(InputError, match="must be from 0 to 1"):
            stepped_wedge(2, 2, 5, sampling="open cohort", churn=churn)
    with pytest.raises(InputError, match="churn = 0.01: replaces people of an open cohort"):
        stepped_wedge(2, 2, 5, churn=0.01)


@pytest.mark.parametrize(
    ("schedule", "clusters", "told"),
    [
        ([C, T], (2, 2), "at least one sequence and one period"),
        (np.zeros((2, 0), int), (2, 2), "at least one sequence and one period"),
        ([[C], [4]], (2, 2), "entries must be 0"),
        ([[C], [T]], (2, 2, 2), r"a number for each of the 2 sequences"),
        ([[C], [T]], (-1, 2), "whole numbers of 0 or more"),
        ([[C], [T]], (2.5, 2), "whole numbers of 0 or more"),
        ([[C], [T]], (2, 0), "treats nobody"),
        ([[C], [T]], (0, 2), "no control observation"),
        ([[C], [T]], (1, 2), "one cluster in an arm"),
        ([[C], [T]], (2, 1), "one cluster in an arm"),
        ([[C, C, T], [C, T, T]], (1, 0), r"treats all clusters from period 3 on"),
        ([[C, T, NONE], [C, C, RUN_IN]], None, r"nobody is measured in the last period \(3\)"),
        ([[C, C, T], [C, C, T]], None, r"treats all clusters from period 3 on"),
        ([[T, C], [T, C]], None, r"treats all clusters from period 1 on"),
        ([[C, NONE, T], [NONE, T, NONE], [C, NONE, T]], None, "in no period are treated and"),
    ],
)
def test_what_cannot_answer_its_question(schedule: Any, clusters: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        made(schedule, clusters)


def test_one_cluster_that_crosses_is_not_randomised() -> None:
    assert made([[C, T], [T, C]], (1, 1)).total_clusters == 2
    assert made([[C], [T]], (2, 2)).total_clusters == 4


@pytest.mark.parametrize(
    ("schedule", "more", "told"),
    [
        ([[T, T], [C, C]], {"baseline": "ancova"}, "every cluster is in control"),
        (
            [[C, T, T], [C, C, T]],
            {"baseline": "ancova", "sampling": "open cohort"},
            "a baseline of their own",
        ),
        ([[C, T, T], [C, C, T]], {"baseline": "change", "sampling": "closed cohort"}, "two arms"),
        ([[C, T], [C, C]], {"baseline": "change"}, "same people twice"),
    ],
)
def test_a_baseline_needs_what_it_compares(schedule: Any, more: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        made(schedule, **more)


def test_a_wedge_may_have_baselines_of_its_own_people() -> None:
    for rows in ([[C, T, T], [C, C, T]], [[C, C, T], [C, T, T]]):
        got = made(rows, baseline="ancova", sampling="closed cohort")
        assert not got.is_parallel


@pytest.mark.parametrize(
    ("schedule", "more", "parallel_trial"),
    [
        ([[T], [C]], {}, True),
        ([[C, T], [C, C]], {}, False),
        ([[C, T], [C, C]], {"baseline": "change", "sampling": "closed cohort"}, True),
        ([[NONE, T], [NONE, C]], {}, True),
        ([[RUN_IN, T], [NONE, C]], {}, True),
        ([[NONE, T], [C, C]], {}, False),
        ([[T, T, NONE], [C, C, C]], {}, False),
        ([[C, T], [T, C]], {}, False),
        ([[NONE, T], [T, T], [NONE, C]], {}, False),
        ([[NONE, T], [T, C], [NONE, C]], {}, False),
        ([[T, T], [NONE, T], [C, NONE]], {}, False),
        ([[NONE, T, T], [NONE, NONE, T], [NONE, C, C]], {}, False),
    ],
)
def test_which_matrix_is_a_parallel_trial(schedule: Any, more: Any, parallel_trial: bool) -> None:
    assert made(schedule, **more).is_parallel == parallel_trial


def test_a_sequence_without_clusters_makes_no_difference() -> None:
    assert made([[T], [C], [NONE]], (2, 3, 0)).is_parallel
    assert made([[T], [C], [C]], (2, 1, 1)).is_parallel


def test_what_a_matrix_says() -> None:
    rows = np.array([[C, C, C], [C, RUN_IN, T], [T, C, T], [NONE, T, C]])
    assert first_treated(rows).tolist() == [-1, 2, 0, 1]
    uneven = made([[C, T], [C, C], [C, T]], (2, 3, 4))
    assert arm_sizes(uneven) == (3, 6)
    assert uneven.by_cluster[:, 1].tolist() == [1, 1, 0, 0, 0, 1, 1, 1, 1]
    assert uneven.periods == 2
    wedge, two = stepped_wedge(2, 2, 5), parallel(3, 1)
    assert [compares_clusters(one) for one in (wedge, two)] == [False, True]
    assert [has_two_arms(one) for one in (wedge, two, uneven)] == [False, True, True]
    assert [has_baseline(one) for one in (wedge, two)] == [True, False]
    assert [one_each(one) for one in (two, replace(two, size=2), wedge)] == [True, False, False]
    assert not one_each(replace(two, size_variation=0.5))
    # Treated at different times, and others never: clusters are compared only within themselves.
    assert not has_two_arms(made([[C, T, T], [C, C, T], [C, C, C]]))
    assert has_two_arms(made([[NONE, T], [T, T], [C, C]]))
    # All begin at once, and are compared with themselves.
    assert not has_two_arms(made([[T, C], [C, T]]))
    assert not has_two_arms(made([[T, C], [T, T]]))


def test_shapes_of_trials() -> None:
    wedge = stepped_wedge(3, 4, 5, transition_periods=1)
    rows = [[C, RUN_IN, T, T, T], [C, C, RUN_IN, T, T], [C, C, C, RUN_IN, T]]
    assert wedge.schedule.tolist() == rows
    assert wedge.clusters == (4, 4, 4)
    assert stepped_wedge(2, 3, 5).schedule.tolist() == [[C, T, T], [C, C, T]]
    assert crossover(2, 5).schedule.tolist() == [[C, T], [T, C]]
    assert crossover(2, 5, periods=3).schedule.tolist() == [[C, T, C], [T, C, T]]
    assert crossover(2, 5).clusters == (2, 2)
    assert parallel((2, 3), 5).clusters == (3, 2)
    assert parallel(2, 5).schedule.tolist() == [[T], [C]]
    adjusted = parallel(2, 5, baseline="change")
    assert adjusted.schedule.tolist() == [[C, T], [C, C]]
    assert adjusted.sampling == "closed cohort"
    for wrong in (lambda: crossover(2, 5, periods=1), lambda: stepped_wedge(0, 2, 5)):
        with pytest.raises(InputError, match="= [01]: "):
            wrong()
    # One step alone leaves no control beside the treated: the rule of the matrix, not the number.
    with pytest.raises(InputError, match="treats all clusters from period 2"):
        stepped_wedge(1, 2, 5)


def test_listed_sizes() -> None:
    got = sized(parallel(2, 5), [1, 3, 5, 7])
    assert got.size == 4.0
    assert got.size_variation == pytest.approx(np.sqrt(5.0) / 4.0)
    assert max(sized(parallel(2, 5), [100_000] * 4).sizes) == 100_000
    with pytest.raises(InputError, match="3 teams are listed, but 4 are randomised"):
        sized(parallel(2, 5), [1, 2, 3])
    for wrong in (0, 0.5, 1.5, 100_001):
        with pytest.raises(InputError, match=f"sizes: {wrong:g} is no number"):
            sized(parallel(2, 5), [1, 2, 3, wrong])


@pytest.mark.parametrize(
    ("schedule", "sampling", "told"),
    [
        ([[C, T], [C, C]], "cross-sectional", "measured once"),
        ([[T], [C]], "closed cohort", "with one period"),
        ([[NONE, T], [C, C]], "closed cohort", "not measured in the first"),
        ([[C, T], [C, C]], "open cohort", ""),
        ([[T, T], [C, C]], "closed cohort", ""),
    ],
)
def test_loss_by_the_baseline_needs_one(schedule: Any, sampling: str, told: str) -> None:
    nobody = Attrition(0.0, "at random", 1.0)
    assert made(schedule, sampling=sampling, attrition=nobody).attrition is nobody
    for mechanism in ("completely at random", "not at random"):
        made(schedule, sampling=sampling, attrition=Attrition(0.2, mechanism))
    loss = Attrition(0.005, "at random", 1.0)
    if not told:
        assert made(schedule, sampling=sampling, attrition=loss).attrition is loss
        return
    with pytest.raises(InputError, match=told):
        made(schedule, sampling=sampling, attrition=loss)


def test_words_of_the_randomisation() -> None:
    assert randomisation_words(parallel(4, 5)) == "simple randomisation"
    drawn = parallel(4, 5, randomisation="stratified", strata=2)
    assert randomisation_words(drawn) == "stratified randomisation, 2 strata"
    ready = ReadinessEntry(strata=2)
    within = "randomisation within 2 strata of measured readiness"
    assert randomisation_words(parallel(4, 5, readiness=ready)) == within
    balanced = parallel(4, 5, readiness=ready, randomisation="minimised")
    assert randomisation_words(balanced) == "minimised randomisation"
