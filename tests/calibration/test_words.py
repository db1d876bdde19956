"""Names as a reader says them."""

from __future__ import annotations

from calibration.findings.words import effect_words, parameter_words
from sim.parameters import registry


def test_effects_are_said_with_measure_delivery_and_months() -> None:
    assert effect_words("qpr_full_12") == "QPR fully implemented after 12 months"
    assert (
        effect_words("inspire_support_delivered_24")
        == "INSPIRE Support as delivered after 24 months"
    )
    assert effect_words("behaviour_delivered_12") == "behaviour_delivered_12"


def test_parameters_are_said_with_their_labels() -> None:
    label, other = registry()["qpr_retest"].label, registry()["qpr_alpha"].label
    assert parameter_words(["qpr_retest", "qpr_alpha"]) == (
        f"{label} (qpr_retest); {other} (qpr_alpha)"
    )
    assert parameter_words([]) == "none"
