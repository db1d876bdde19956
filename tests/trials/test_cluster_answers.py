"""Which clusters were randomised, what compares them, and why a test is left out: small tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.cluster_answers import (
    PAIRS,
    STRATA,
    Declared,
    _few,
    _finer,
    _one_armed,
    _outside_the_model,
    _strata,
    check_pairs,
    cluster_answers,
    declared_strata,
    partially_nested,
    randomised_clusters,
    why_not,
)
from sim.trials.analyses.cluster_level import cluster_level, strata_of
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.random_intercept import fit_rows

TEAM = np.repeat(np.arange(6), 4)
ARM = (TEAM % 2).astype(float)
SITE = (TEAM >= 4).astype(float)
SIZE = np.array([3.0, 5.0, 4.0, 9.0, 7.0, 6.0])
BASE = np.tile([1.0, 2.0, 4.0, 3.0], 6) + SIZE[TEAM]
Y = np.random.default_rng(2).normal(size=24) + 0.7 * SIZE[TEAM] + BASE
ONES = np.ones(24)


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fit these few rows without waiting for the compiler."""
    compiled = "sim.trials.fits.random_intercept_compiled.fit_random_intercept"
    monkeypatch.setattr(compiled, fit_rows)


def effect(name: str, codes: np.ndarray, slope: np.ndarray | None = None) -> RandomEffect:
    return RandomEffect(name, np.asarray(codes), slope)


def means_of(y: np.ndarray) -> np.ndarray:
    return np.bincount(TEAM, y) / 4.0


# Clusters of a trial


def test_what_varies_within_clusters_is_taken_out_and_the_rest_stands_beside_the_arm() -> None:
    x = np.column_stack([ONES, SITE, ARM, BASE, SIZE[TEAM]])
    level = cluster_level(x, 2, TEAM)
    assert level is not None
    assert level.varying.tolist() == np.column_stack([ONES, BASE]).tolist()
    assert level.covariates.tolist() == np.column_stack([ONES, SITE, SIZE[TEAM]])[::4].tolist()
    assert level.treated.tolist() == [False, True] * 3
    assert level.strata.tolist() == [0, 0, 0, 0, 1, 1]
    first = np.column_stack([ONES, BASE])
    left = Y - first @ np.linalg.lstsq(first, Y, rcond=None)[0]
    assert level.means(Y) == pytest.approx(means_of(left))
    second = np.column_stack([ONES, SITE, SIZE[TEAM], ARM])[::4]
    want = np.linalg.lstsq(second, means_of(left), rcond=None)[0][-1]
    found = level.summary_test(Y)
    assert (found.estimate, found.df) == pytest.approx((want, 2.0))
    assert level.permutation_test(Y).estimate == pytest.approx(want)
    assert cluster_level(x, 3, TEAM) is None


def test_declared_strata_are_covariates_of_clusters() -> None:
    strata = np.array([2, 2, 0, 0, 1, 1])
    level = cluster_level(np.column_stack([ONES, ARM]), 1, TEAM, strata)
    assert level is not None
    assert level.strata is strata
    assert level.covariates[:, 1:].T.tolist() == [[0, 0, 0, 0, 1, 1], [1, 1, 0, 0, 0, 0]]
    # With pairs it is the paired t test.
    means = means_of(Y)
    want = stats.ttest_rel(means[1::2], means[::2])
    found = level.summary_test(Y)
    assert (found.t, found.p, found.df) == pytest.approx((want.statistic, want.pvalue, 2.0))


def test_an_effect_is_that_of_one_unit_of_the_arm() -> None:
    whole, half = (
        cluster_level(np.column_stack([ONES, one]), 1, TEAM) for one in (ARM, 3.0 + ARM / 2.0)
    )
    assert whole is not None
    assert half is not None
    assert half.distance == 0.5
    one, two = whole.summary_test(Y), half.summary_test(Y)
    assert (two.estimate, two.se) == pytest.approx((2.0 * one.estimate, 2.0 * one.se))
    assert two.ci95 == pytest.approx(tuple(2.0 * end for end in one.ci95))
    assert (two.p, two.t) == pytest.approx((one.p, one.t))
    both = [level.permutation_test(Y) for level in (whole, half)]
    assert both[1].estimate == pytest.approx(2.0 * both[0].estimate)
    assert both[1].p == both[0].p


def test_columns_of_two_values_are_strata_together() -> None:
    a, b = np.array([0, 0, 1, 1]), np.array([5.0, 6.0, 5.0, 6.0])
    assert strata_of(np.column_stack([np.ones(4), a])).tolist() == [0, 0, 1, 1]
    assert strata_of(np.column_stack([a, b])).tolist() == [0, 1, 2, 3]
    assert strata_of(np.column_stack([np.ones(4), [1, 2, 3, 3]])).tolist() == [0, 0, 0, 0]


# What was randomised


def test_the_coarsest_grouping_was_randomised() -> None:
    site, team = effect("site", SITE.astype(int)), effect("site:team", TEAM)
    assert randomised_clusters([team, site], None, ARM) is site.codes
    slope = effect("site.arm", SITE.astype(int), ARM)
    assert randomised_clusters([slope, team], None, ARM) is team.codes
    assert randomised_clusters([slope], None, ARM) is slope.codes
    of_team = effect("site:team.arm", TEAM, ARM)
    assert randomised_clusters([of_team, slope], None, SITE) is of_team.codes
    period = effect("period", np.tile([0, 1], 12))
    assert randomised_clusters([period, team], None, ARM) is team.codes
    assert randomised_clusters([period], None, ARM) is period.codes


def test_of_crossed_groupings_that_was_randomised_which_has_one_treatment() -> None:
    ward = effect("ward", np.tile([0, 1, 2, 3], 6))
    team = effect("team", TEAM)
    assert randomised_clusters([ward, team], None, ARM) is team.codes
    assert randomised_clusters([ward, team], None, np.tile([0, 0, 1, 1], 6)) is ward.codes
    either = np.arange(24) % 5
    assert randomised_clusters([ward, team], None, either) is ward.codes


def test_within_strata_the_coarsest_grouping_inside_them_was_randomised() -> None:
    site, team = effect("site", SITE.astype(int)), effect("site:team", TEAM)
    cell = effect("cell", np.arange(24) // 2)
    of_site = Declared(STRATA, ("site",), SITE.astype(int), ("0", "1"))
    assert randomised_clusters([cell, team, site], of_site, ARM) is team.codes
    crossing = Declared(PAIRS, ("half", "day"), np.tile([0, 1], 12), ("0", "1"))
    with pytest.raises(InputError, match="pairs 'half x day': each cluster must .*: site, site:t"):
        randomised_clusters([team, site], crossing, ARM)


def test_strata_are_combinations_of_columns() -> None:
    values = {"hub": ["b", "a", "b", "b"], "kind": ["x", "x", "z", "x"]}
    found = declared_strata(STRATA, ["hub", "kind"], values)
    assert found.rows.tolist() == [1, 0, 2, 1]
    assert found.labels == ("a/x", "b/x", "b/z")
    assert found.name == "hub x kind"


def test_pairs_have_two_clusters_one_of_each_arm() -> None:
    declared = Declared(PAIRS, ("pair",), TEAM // 2, ("p", "q", "r"))
    check_pairs(declared, np.array([0, 0, 1, 1, 2, 2]), np.array([1, 0, 0, 1, 1, 0]) == 1)
    check_pairs(declared, np.array([0, 1, 1, 2, 2]), np.array([1, 0, 1, 1, 0]) == 1)
    with pytest.raises(InputError, match="'pair': q has 3 clusters"):
        check_pairs(declared, np.array([0, 0, 1, 1, 1]), np.array([1, 0, 0, 1, 1]) == 1)
    with pytest.raises(InputError, match="both clusters of r are in one arm"):
        check_pairs(declared, np.array([0, 0, 1, 1, 2, 2]), np.array([1, 0, 0, 1, 1, 1]) == 1)


# Arms of single people


def test_an_arm_of_single_people_makes_a_trial_partially_nested() -> None:
    def nested(sizes: list[int], arms: list[float]) -> bool:
        clusters = np.repeat(np.arange(len(sizes)), sizes)
        x = np.column_stack([np.ones(len(clusters)), np.array(arms)[clusters]])
        return partially_nested(x, 1, clusters, [effect("team", clusters)])

    assert nested([1, 1, 1, 4, 5], [0, 0, 0, 1, 1])
    assert nested([1, 1, 4, 5], [1, 1, 0, 0])
    assert not nested([1, 2, 4, 5], [1, 1, 0, 0])
    assert not nested([1, 1, 1, 1], [1, 1, 0, 0])
    assert not nested([2, 2, 4, 5], [1, 1, 0, 0])
    assert not nested([1, 4, 5], [1, 0, 0]), "one cluster that lost all but one"
    x = np.column_stack([ONES, np.arange(24) % 2])
    assert not partially_nested(x, 1, TEAM, [effect("team", TEAM)])


def test_an_effect_of_clusters_in_one_arm_alone_makes_it_so_too() -> None:
    x = np.column_stack([ONES, ARM])
    intercept, slope = effect("team", TEAM), effect("team.arm", TEAM, ARM)
    assert partially_nested(x, 1, TEAM, [slope])
    assert partially_nested(x, 1, TEAM, [effect("team.arm", TEAM, 1.0 - ARM)])
    assert not partially_nested(x, 1, TEAM, [intercept, slope])
    dotted = [effect("my.team", TEAM), effect("my.team.arm", TEAM, ARM)]
    assert not partially_nested(x, 1, TEAM, dotted)
    assert not partially_nested(x, 1, TEAM, [effect("team.arm", TEAM, ARM + 1.0)])
    three = np.column_stack([ONES, TEAM % 3])
    assert not partially_nested(three, 1, TEAM, [effect("team.dose", TEAM, TEAM % 3 / 1.0)])
    assert "partially nested" in why_not(x, ("1", "arm"), 1, TEAM, [slope], None)


def test_an_interaction_that_varies_within_clusters_stands_in_the_way() -> None:
    x = np.column_stack([ONES, ARM, BASE, ARM * BASE, ARM * SITE])
    names = ("(Intercept)", "arm", "base", "arm:base", "site:arm")
    team = [effect("team", TEAM)]
    level = cluster_level(x, 1, TEAM)
    found = why_not(x, names, 1, TEAM, team, level)
    assert found.startswith("'arm' also acts through arm:base, site:arm, which varies")
    kept = [0, 1, 2, 4]
    short = tuple(names[j] for j in kept)
    assert why_not(x[:, kept], short, 1, TEAM, team, cluster_level(x[:, kept], 1, TEAM)) == ""
    assert why_not(x, names, 1, TEAM, team, None) == ""


# All answers


def answers(
    x: np.ndarray, names: tuple[str, ...], *more: RandomEffect, **given: Any
) -> dict[str, Any]:
    options: dict[str, Any] = {"declared": None, "periods": None, "factors": {}, "y": Y}
    options |= given
    y = options.pop("y")
    return cluster_answers(x, names, 1, y, [effect("team", TEAM), *more], **options)


def test_two_arms_of_clusters_are_compared() -> None:
    x = np.column_stack([ONES, ARM])
    found = answers(x, ("(Intercept)", "arm"))
    means = means_of(Y)
    want = stats.ttest_ind(means[1::2], means[::2])
    summary = found["cluster_summary"]
    assert summary["n_clusters"] == [3, 3]
    assert summary["p"] == pytest.approx(want.pvalue)
    assert isinstance(summary["ci95"], list)
    assert found["cluster_permutation"]["n_allocations"] == 20
    assert found["strata"] is None
    # Of twenty allocations each and its mirror are as far apart.
    assert found["notes"] == [
        "permutation test: with 20 allocations p cannot be below 0.1",
        "3 clusters in the smaller arm: the cluster summary keeps its level with so few; read it "
        "beside the mixed model",
    ]


def test_clusters_that_do_not_vary_or_are_two_are_not_compared() -> None:
    x = np.column_stack([ONES, ARM])
    names = ("(Intercept)", "arm")
    flat = answers(x, names, y=ARM)
    assert flat["cluster_summary"] is None
    assert len(flat["notes"]) == 1, "of few clusters; nothing went wrong"
    one_flat = np.where(ARM == 1.0, Y, 0.0)
    assert answers(x, names, y=one_flat)["cluster_summary"] is not None
    three = TEAM < 3
    found = cluster_answers(
        x[three], names, 1, Y[three], [effect("team", TEAM[three])], None, None, {}
    )
    assert found["cluster_summary"]["n_clusters"] == [2, 1]
    two = TEAM < 2
    found = cluster_answers(x[two], names, 1, Y[two], [effect("team", TEAM[two])], None, None, {})
    assert found["cluster_summary"] is None


def test_covariates_that_tell_the_arms_are_told() -> None:
    x = np.column_stack([ONES, ARM, SIZE[TEAM], SIZE[TEAM] ** 2, SIZE[TEAM] ** 3, SIZE[TEAM] ** 4])
    found = answers(x, ("(Intercept)", "arm", "a", "b", "c", "d"))
    assert found["cluster_summary"] is None
    assert found["notes"][0].startswith("cluster summary and permutation test are left out: ")


def test_an_interaction_of_clusters_is_not_permuted() -> None:
    x = np.column_stack([ONES, ARM, SITE, ARM * SITE])
    found = answers(x, ("(Intercept)", "arm", "site", "arm:site"))
    assert found["cluster_summary"] is not None
    assert found["cluster_permutation"] is None
    assert "as 'arm' is part of an interaction" in found["notes"][0]
    other = answers(x[:, :3], ("(Intercept)", "arm", "site:hub"))
    assert other["cluster_permutation"] is not None


def test_strata_that_cross_may_leave_one_allocation_or_two() -> None:
    """Each combination of two factors has one arm, or one has a cluster of each."""

    def permuted(one: list[int], other: list[int]) -> tuple[Any, list[str]]:
        x = np.column_stack([ONES, ARM, np.array(one)[TEAM], np.array(other)[TEAM]])
        found = answers(x, ("(Intercept)", "arm", "a", "b"))
        assert found["cluster_summary"] is not None
        return found["cluster_permutation"], found["notes"]

    none, notes = permuted([0, 1, 1, 0, 0, 1], [0, 0, 1, 1, 0, 0])
    assert none is None
    assert "no stratum has clusters of both arms to exchange" in notes[0]
    two, notes = permuted([0, 1, 1, 0, 0, 1], [0, 0, 1, 1, 1, 0])
    assert two["n_allocations"] == 2


def test_strata_of_one_arm_leave_nothing_to_exchange() -> None:
    strata = np.array([0, 1, 0, 1, 0, 1])[TEAM]
    declared = Declared(STRATA, ("hub",), strata, ("a", "b"))
    x = np.column_stack([ONES, ARM])
    with_hub = answers(x, ("(Intercept)", "arm"), declared=declared)
    assert with_hub["cluster_summary"] is None, "the strata tell the arms"
    mixed = Declared(STRATA, ("hub",), np.array([0, 1, 0, 1, 0, 0])[TEAM], ("a", "b"))
    found = answers(x, ("(Intercept)", "arm"), declared=mixed)
    assert found["cluster_permutation"]["n_allocations"] == 4
    assert "1 of 2 strata have clusters of one arm alone" in found["notes"][1]
    assert "does not have the strata" in found["notes"][0]
    assert found["strata"]["n_clusters"] == [4, 2]


def test_pairs_are_checked_and_named() -> None:
    x = np.column_stack([ONES, ARM, *((one == TEAM // 2) for one in (1, 2))])
    names = ("(Intercept)", "arm", "pair1", "pair2")
    pairs = {"pair": [str(one) for one in TEAM // 2], "day": ["1", "2"] * 12, "same": ["s"] * 24}
    found = answers(x, names, factors=pairs)
    assert found["strata"] == {
        "kind": PAIRS,
        "columns": ["pair"],
        "declared": False,
        "n": 3,
        "n_clusters": [2, 2, 2],
    }
    declared = Declared(PAIRS, ("pair",), TEAM // 3, ("p", "q"))
    with pytest.raises(InputError, match="p has 3 clusters"):
        answers(x, names, declared=declared)


def test_a_schedule_is_permuted_where_there_are_three_clusters() -> None:
    clusters = np.repeat(np.arange(4), 4)
    periods = np.tile([0, 0, 1, 1], 4)
    treated = ((clusters < 2) & (periods == 1)).astype(float)
    x = np.column_stack([np.ones(16), treated, periods])
    names = ("(Intercept)", "arm", "period")

    def found(number: int, with_periods: bool = True) -> dict[str, Any]:
        kept = clusters >= 4 - number
        codes = clusters[kept] - (4 - number)
        of = periods[kept] if with_periods else None
        return cluster_answers(
            x[kept], names, 1, Y[:16][kept], [effect("team", codes)], None, of, {}
        )

    assert found(4)["cluster_permutation"]["n_allocations"] == 6
    assert found(3)["cluster_permutation"]["n_allocations"] == 3
    assert found(4, with_periods=False)["cluster_permutation"] is None
    two = clusters >= 1
    codes = clusters[two][clusters[two] < 3] - 1
    rows = np.flatnonzero(two & (clusters < 3))
    pair = cluster_answers(
        x[rows], names, 1, Y[:16][rows], [effect("team", codes)], None, periods[rows], {}
    )
    assert pair["cluster_permutation"] is None


# Words


def test_strata_of_a_model_are_pairs_where_most_have_two() -> None:
    assert _strata(np.zeros(4, int), None, TEAM, {}) is None
    two = _strata(np.array([0, 0, 1, 1, 2, 3]), None, TEAM, {})
    assert two is not None
    assert (two["kind"], two["n"], two["n_clusters"]) == (PAIRS, 4, [2, 2, 1, 1])
    one = _strata(np.array([0, 0, 1, 2, 3, 4]), None, TEAM, {})
    assert one is not None
    assert one["kind"] == STRATA
    three = _strata(np.array([0, 0, 0, 1, 1, 2]), None, TEAM, {})
    assert three is not None
    assert three["kind"] == STRATA


def test_a_column_of_strata_has_several_values_and_one_in_each() -> None:
    labels = {"hub": ["a", "b"], "same": ["s", "s"]}
    own = {name: [pair[one] for one in TEAM // 3] for name, pair in labels.items()}
    own["arm"] = [str(one) for one in TEAM % 2]
    found = _strata(np.array([0, 0, 0, 1, 1, 1]), None, TEAM, own)
    assert found is not None
    assert found["columns"] == ["hub"]


def test_strata_that_lost_an_arm_are_counted() -> None:
    level = cluster_level(np.column_stack([ONES, ARM]), 1, TEAM)
    assert level is not None
    strata = {"columns": ["hub"], "kind": "strata"}

    def lost(*codes: int) -> str:
        return "".join(_one_armed(strata, np.array(codes), level))

    # Teams 1, 3 and 5 are treated.
    assert lost(0, 0, 1, 1, 2, 2) == ""
    assert lost(0, 0, 1, 2, 1, 2).startswith("2 of 3 strata have")
    assert lost(0, 0, 0, 1, 0, 0).startswith("1 of 2 strata have")
    assert lost(0, 1, 1, 1, 1, 1).startswith("1 of 2 strata have")
    assert _one_armed({**strata, "columns": []}, np.array([0, 0, 0, 1, 0, 0]), level) == []
    assert _one_armed(None, np.array([0, 0, 0, 1, 0, 0]), level) == []


def test_declared_strata_that_the_model_lacks_are_told() -> None:
    strata = np.array([0, 0, 0, 0, 1, 1])
    declared = Declared(STRATA, ("hub",), strata[TEAM], ("a", "b"))
    x = np.column_stack([ONES, ARM])
    level = cluster_level(x, 1, TEAM, strata)
    team, hub = effect("team", TEAM), effect("hub", strata[TEAM])
    ones = np.ones((6, 1))
    told = _outside_the_model(declared, level, ones, [team])
    assert "add factor(hub)" in told[0]
    assert _outside_the_model(None, level, ones, [team]) == []
    assert _outside_the_model(declared, None, ones, [team]) == []
    assert _outside_the_model(declared, level, ones, [team, hub]) == []
    slope = effect("hub.arm", strata[TEAM], ARM)
    assert _outside_the_model(declared, level, ones, [team, slope]) != []
    other = effect("half", TEAM // 3)
    assert _outside_the_model(declared, level, ones, [team, other]) != []
    both = np.column_stack([np.ones(6), strata])
    assert _outside_the_model(declared, level, both, [team]) == []


def test_a_finer_grouping_with_one_treatment_each_is_asked_about() -> None:
    site, team = effect("site:hub", SITE.astype(int)), effect("team", TEAM)
    told = _finer(ARM, [site, team], site.codes)
    assert "if team was randomised within site:hub, say --strata site,hub" in told[0]
    assert _finer(ARM, [site], site.codes) == []
    assert _finer(np.arange(24) % 2 / 1.0, [site, team], site.codes) == []
    crossing = effect("ward", np.tile([0, 1, 2, 3], 6))
    assert _finer(np.tile([0.0, 0, 1, 1], 6), [site, crossing], site.codes) == []
    third = effect("area", np.array([0, 0, 1, 1, 2, 2])[TEAM])
    assert len(_finer(SITE, [site, third], site.codes)) == 1
    same = effect("half", SITE.astype(int).copy())
    assert _finer(SITE, [site, same], site.codes) == []


def few(summary: bool, smallest: float | None, arms: tuple[int, int] | None, number: int) -> Any:
    clusters = np.arange(number)
    level = None
    if arms is not None:
        treated = (np.arange(sum(arms)) < arms[1]).astype(float)
        level = cluster_level(
            np.column_stack([np.ones(sum(arms)), treated]), 1, np.arange(sum(arms))
        )
    permuted = None if smallest is None else {"smallest_p": smallest, "n_allocations": 6}
    found = {"cluster_permutation": permuted, "cluster_summary": {} if summary else None}
    return _few(found, level, clusters)


def test_few_clusters_are_told_and_which_tests_keep_their_level() -> None:
    assert few(True, 0.05, None, 10) == []
    assert few(True, 0.051, None, 10) == [
        "permutation test: with 6 allocations p cannot be below 0.051"
    ]
    nine = few(True, 0.05, None, 9)
    assert nine[0].startswith("9 clusters: the cluster summary and the permutation test keep")
    assert few(True, None, None, 9)[0].startswith("9 clusters: the cluster summary keeps its level")
    assert "no test of whole clusters" in few(False, None, None, 9)[0]
    assert few(False, 0.06, None, 9)[1].startswith("9 clusters: small-sample methods are stretched")
    assert few(True, 0.05, (10, 12), 22) == []
    assert few(True, 0.05, (12, 9), 21)[0].startswith("9 clusters in the smaller arm: ")
    assert few(True, 0.05, (9, 12), 21)[0].startswith("9 clusters in the smaller arm: ")
    alone = few(False, None, (1, 6), 7)[0]
    assert alone.startswith("1 cluster in the smaller arm: what is its own cannot be told")
    assert few(False, None, None, 1)[0].startswith("1 cluster: small-sample")
