"""Scales and bounds of figures: inverses, known values, and instruments' ranges."""

from __future__ import annotations

import math

import pytest

from calibration.evidence.extractors import EXTRACTORS, Extractor, extractor_of, figure_name


@pytest.mark.parametrize("scale", ["plain", "log", "logit", "fisher"])
def test_outward_takes_inward_back(scale: str) -> None:
    one = Extractor("x", scale=scale)
    for value in (0.1, 0.5, 0.9):
        assert one.outward(one.inward(value)) == pytest.approx(value)


def test_known_values_of_every_scale() -> None:
    assert Extractor("x").inward(3) == 3.0
    assert Extractor("x", scale="log").inward(math.e) == pytest.approx(1.0)
    assert Extractor("x", scale="fisher").inward(0.5) == pytest.approx(0.5 * math.log(3.0))
    logit = Extractor("x", scale="logit")
    assert logit.inward(0.8) == pytest.approx(math.log(4.0))
    assert logit.outward(0.0) == 0.5
    # 3 of 10, with half a person added to both sides.
    assert logit.inward(3.0, of=10) == pytest.approx(math.log(3.5 / 7.5))
    assert logit.inward(0.0, of=10) == pytest.approx(math.log(0.5 / 10.5))


def test_what_falls_is_reported_with_words_that_fall() -> None:
    assert "lower" in EXTRACTORS["cost_reduction"].upward
    assert "higher" in EXTRACTORS["difference"].upward
    assert {"improved", "better"} <= set(EXTRACTORS["cost_reduction"].upward)


def test_a_figure_has_the_name_of_its_trial_where_there_are_several() -> None:
    assert figure_name("PULSAR", "difference") == "PULSAR: difference"
    assert figure_name("", "difference") == "difference"
    assert extractor_of("PULSAR: difference") == extractor_of("difference") == "difference"


@pytest.mark.parametrize(
    ("name", "reach"),
    [
        ("control_mean", (0.0, 15 * 4)),
        ("difference", (-15 * 4, 15 * 4)),
        ("black_difference", (-15 * 4, 15 * 4)),
        ("pooled_change", (-15 * 4, 15 * 4)),
        # Half-widths and errors are as wide as the scale at the very most.
        ("black_half_width", (0.0, 15 * 4)),
        ("log_se", (0.01, 15 * 4)),
        # The SD of a scale of 60 points is at most half of it.
        ("log_sd", (0.1, 60 / 2)),
        # Interpersonal: five items of 0 to 4.
        ("participation", (-5 * 4, 5 * 4)),
        ("pulsar_overall", (-22 * 4, 22 * 4)),
        ("gaf_difference", (-100, 100)),
        ("inspire_support_difference", (-100, 100)),
        ("inspire_relationship_difference", (-100, 100)),
        ("participation_support", (-100, 100)),
        # CAN: 22 areas of need.
        ("staff_unmet_needs_reduction", (-22, 22)),
        ("user_unmet_needs_reduction", (-22, 22)),
        ("leader_excess", (1 - 5, 5 - 1)),
        ("cost_reduction", (-1e6, 1e6)),
        ("icc_baseline", (-1, 1)),
        ("hope_correlation", (-1, 1)),
        ("empowerment_correlation", (-1, 1)),
        ("goal_named_share", (0, 1)),
        ("goal_reached_share", (0, 1)),
        ("attended_share", (0, 1)),
        ("logit_retention", (0, 1)),
        # Fisher's z of a correlation of 1 is not finite.
        ("rsa_correlation", (-0.99, 0.99)),
        ("z_intrapersonal", (-math.inf, math.inf)),
    ],
)
def test_a_published_figure_lies_within_what_its_scale_can_give(
    name: str, reach: tuple[float, float]
) -> None:
    assert EXTRACTORS[name].bounds == reach
