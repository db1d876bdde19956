"""The design file: default and limits of each number, and tables that do not go together."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from sim.errors import InputError
from sim.trials.designs import design_schema
from sim.trials.designs.design_file import design_from_table

# Field, default, smallest and largest value.
NUMBERS = """
Trial:
    clusters none 0 100000
    arms 2 2 8
    size 15 1 100000
    size_variation 0 0 2
    churn 0 0 1
    period_weeks 52 1 520
    steps 4 1 60
    transition_periods 0 0 20
    batches 2 2 20
    batch_lag 1 1 60
    before 1 1 60
    after 1 1 60
    periods 2 2 60
Randomisation:
    strata 1 1 1000
Loss:
    rate 0 0 0.95
    slope 0 -5 5
    arm_difference 0 -5 5
ReadinessRule:
    cut_off 0.5 0 1
    share 0.5 0.01 1
    strata 2 2 10
    reliability 0.7 0.05 1
    screened_per_team 4 1 50
    run_in_weeks 0 0 260
    run_in_intensity 1 0 1
Statistical:
    mean 40 -1000000 1000000
    sd 10.2 1e-09 1000000
    icc 0.03 0 1
    cac 0.8 0 1
    cluster_decay 1 0 1
    iac 0.6 0 1
    effect 4 -1000000 1000000
    treated_sd none 1e-09 1000000
    treated_icc none 0 1
    effect_heterogeneity 0 0 1000000
    effect_correlation 0 -1 1
    effect_by_size 0 -1000000 1000000
Agents:
    added_effect 0 -1000000 1000000
Analysis:
    imputations 20 2 1000
    exposure_period none 1 60
    alpha 0.05 1e-06 0.5
    margin 0 0 1000000
CoPrimary:
    mean 0 -1000000 1000000
    effect 0 -1000000 1000000
    sd 1 1e-09 1000000
    icc 0.03 0 1
    cac none 0 1
    iac none 0 1
    within 0 -1 1
    between 0 -1 1
MediationPart:
    observer_reliability 0.7 0.05 1
    a 0.5 -10 10
    b 0.3 -10 10
    workers 4 1 1000
    mediator_icc 0.2 0 1
    worker_icc 0.05 0 1
Uncertainty:
    effect_se 0 0 1000000
Decision:
    least 0 -1000000 1000000
    wanted 4 -1000000 1000000
    confidence 0.9 0.5 0.999
Target:
    power 0.8 0.05 0.999
    minimum_important_difference none 0 1000000
    cost_per_team 0 0 1000000000
    cost_per_person 0 0 1000000000
Precision:
    simulations 1000 20 1000000
    monte_carlo_se none 0.0005 0.2
    draws 200 0 100000
"""


def number_of(text: str) -> float | int | None:
    if text == "none":
        return None
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def fields() -> list[tuple[str, str, Any, Any, Any]]:
    found, part = [], ""
    for line in NUMBERS.strip().splitlines():
        name, *rest = line.split()
        if not rest:
            part = name.rstrip(":")
            continue
        default, low, high = map(number_of, rest)
        found.append((part, name, default, low, high))
    return found


def fits(part: Any, name: str, value: float) -> bool:
    """Return whether a field takes a number, whatever else the table would lack."""
    try:
        validator = part.__pydantic_validator__
        validator.validate_assignment(part.model_construct(), name, value)
    except ValidationError as error:
        return not any(name in one["loc"] for one in error.errors())
    return True


@pytest.mark.parametrize("part", sorted({one[0] for one in fields()}))
def test_each_number_has_a_default_and_limits(part: str) -> None:
    kind = getattr(design_schema, part)
    for _, name, default, low, high in (one for one in fields() if one[0] == part):
        field = kind.model_fields[name]
        assert field.default == default, name
        whole = "int" in str(field.annotation)
        below, above = (1 if whole else 1e-3 * max(1.0, abs(one)) for one in (low, high))
        assert fits(kind, name, low), (name, low)
        assert fits(kind, name, high), (name, high)
        assert not fits(kind, name, low - below), (name, low)
        assert not fits(kind, name, high + above), (name, high)


PLAIN: dict[str, Any] = {"design": {"clusters": 12}, "statistical": {}}
WEDGE = {"type": "stepped wedge"}
AGENTS: dict[str, Any] = {"statistical": None, "agents": {}}
SECOND = {"effect": 2.0, "sd": 4.0, "icc": 0.1, "within": 0.3, "between": 0.05}
THREE = {"design": {"arms": 3}, "statistical": {"arm_effects": [4.0, 2.0]}}


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """Return a plain design with tables changed; None leaves a table or field out."""
    table = dict(PLAIN)
    for name, value in changes.items():
        own = value if not isinstance(value, dict) else {**table.get(name, {}), **value}
        if isinstance(own, dict):
            own = {key: one for key, one in own.items() if one is not None}
        table[name] = own
    return {name: one for name, one in table.items() if one is not None}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"design": {"clusters": None}}, "clusters"),
        ({"design": {"clusters_by_sequence": [6, 6]}}, "give one of them"),
        ({"design": {"schedule": [[0], [1]]}}, "goes with type = 'matrix'"),
        ({"design": {"type": "matrix"}}, "goes with type = 'matrix'"),
        ({"design": {"type": "matrix", "schedule": [[0, 1], [0, 0]]}}, ""),
        (THREE, ""),
        ({**THREE, "design": {**WEDGE, "arms": 3}}, "arms = 3: goes with type"),
        ({**THREE, "co_primary": SECOND}, "no \\[co_primary\\]"),
        ({"design": {"arms": 3}}, "it lists 2 effects"),
        ({"statistical": {"arm_effects": [4.0]}}, "leave it out, and give effect"),
        ({"design": {"sizes": [5] * 12}}, ""),
        ({"design": {"sizes": [5] * 12, "size": 5}}, "size and sizes"),
        (
            {
                "design": {
                    "clusters": None,
                    "clusters_by_sequence": [6, 60],
                    "unclustered": "control",
                }
            },
            "",
        ),
        ({"design": {"unclustered": "control"}}, "unclustered = 'control': goes with"),
        ({"design": {**WEDGE, "baseline": "change"}}, "only parallel trials"),
        (
            {"design": {**WEDGE, "baseline": "ancova", "sampling": "closed cohort"}},
            "",
        ),
        ({"design": {"type": "crossover", "baseline": "ancova"}}, "only parallel trials"),
        ({"randomisation": {"method": "stratified"}}, "at least 2 strata"),
        ({"randomisation": {"method": "stratified", "strata": 2}}, ""),
        ({"randomisation": {"method": "minimised"}}, "balances strata and needs at least 2"),
        ({"randomisation": {"method": "minimised", "strata": 2}}, ""),
        ({**AGENTS, "randomisation": {"method": "minimised"}}, ""),
        ({"statistical": None}, "give one of the two tables"),
        ({**AGENTS, "statistical": {}}, "give one of the two tables"),
        ({"readiness": {"entry": "cut-off"}}, "know no readiness"),
        ({"readiness": {"run_in_weeks": 1}}, "know no readiness"),
        ({**AGENTS, "readiness": {"run_in_weeks": 1}}, ""),
        ({"analysis": {"random_effects": ["cluster", "worker"]}}, "'worker' needs staff"),
        ({"co_primary": SECOND}, ""),
        ({"co_primary": {**SECOND, "measure": "inspire_support"}}, "co_primary.measure"),
        ({"statistical": {"exposure": [0.0, 1.0]}, "design": WEDGE}, ""),
        ({"statistical": {"exposure": [-0.1, 1.0]}, "design": WEDGE}, "is no share"),
        ({"statistical": {"exposure": [0.5, 1.1]}, "design": WEDGE}, "is no share"),
        ({"statistical": {"exposure": [0.0, 0.0]}, "design": WEDGE}, "one share must be above 0"),
        ({"statistical": {"effect_by_size": 1.0}}, "needs teams of different size"),
        ({"statistical": {"effect_by_size": 1.0}, "design": {"size_variation": 0.5}}, ""),
        ({"statistical": {"outcome": "binary", "mean": 0.3, "effect": 0.1}}, ""),
        ({"statistical": {"outcome": "binary", "mean": 0.3, "effect": 0.1, "sd": 2.0}}, "sd: goes"),
        (
            {
                "statistical": {"outcome": "binary", "mean": 0.3, "effect": 0.1},
                "design": {"baseline": "ancova"},
            },
            "a binary outcome has none",
        ),
        (
            {
                "statistical": {"outcome": "binary", "mean": 0.3, "effect": 0.1},
                "attrition": {"rate": 0.005, "mechanism": "not at random"},
            },
            "lost 'completely at random'",
        ),
        ({"decision": {"least": 4.0, "wanted": 4.0}}, ""),
        ({"decision": {"least": 5.0, "wanted": 4.0}}, "asks for more than"),
        ({"analysis": {"better": "lower"}, "decision": {"least": -1.0, "wanted": -4.0}}, ""),
        (
            {"analysis": {"better": "lower"}, "decision": {"least": -4.0, "wanted": -1.0}},
            "asks for more than",
        ),
        ({"mediation": {"team_columns": [1, 2]}}, ""),
        ({"mediation": {"team_columns": [0, 2]}}, r"at least \[1, 2\]"),
        ({"mediation": {"team_columns": [1, 1]}}, r"at least \[1, 2\]"),
        ({"mediation": {"worker_icc": 0.96}}, ""),
        ({"mediation": {"worker_icc": 0.98}}, "at most 1 together"),
        ({**AGENTS, "attrition": {"rate": 0.005}}, "agents leave by mechanisms"),
        ({**AGENTS, "design": {"sizes": [5] * 12}}, "goes with \\[statistical\\]"),
    ],
)
def test_tables_that_go_together(changes: dict[str, Any], told: str) -> None:
    if not told:
        assert design_from_table(changed(changes)).design.type
        return
    with pytest.raises(InputError, match=told):
        design_from_table(changed(changes))
