"""Every parameter's one home: a TOML file per link of the causal chain, and the registry.

`prior_distribution` and `sample_prior` load SciPy when they are first asked for; the rest loads
neither NumPy nor SciPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.parameters.descriptor import FAMILIES, GRADES, Parameter, Prior
from sim.parameters.registry import (
    LINKS,
    defaults,
    from_record,
    parameter_dtype,
    parse_setting,
    registry,
    resolve,
    resolved_records,
    to_record,
)
from sim.parameters.sets import ParameterSet

if TYPE_CHECKING:
    from sim.parameters.priors import prior_distribution, sample_prior

__all__ = [
    "FAMILIES",
    "GRADES",
    "LINKS",
    "Parameter",
    "ParameterSet",
    "Prior",
    "defaults",
    "from_record",
    "parameter_dtype",
    "parse_setting",
    "prior_distribution",
    "registry",
    "resolve",
    "resolved_records",
    "sample_prior",
    "to_record",
]


def __getattr__(name: str) -> Any:
    """Load the priors, and with them SciPy, only when they are used."""
    if name in ("prior_distribution", "sample_prior"):
        from sim.parameters import priors

        return getattr(priors, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
