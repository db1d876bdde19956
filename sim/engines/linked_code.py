"""Options for functions that only compiled code calls."""

from __future__ import annotations

from typing import Any

import numba

NEWEST = (0, 68)
"""The newest numba with which `sim.engines.linked_compiler` was tried; 0.60 is the oldest."""


def linked(version: tuple[int, ...]) -> dict[str, Any]:
    """Return the options for a version of numba.

    Newer ones may be built otherwise: they compile in their own way, which gives the same code and
    takes nearly twice the time.
    """
    if version > NEWEST:
        return {}
    from sim.engines.linked_compiler import LinkedCompiler

    # Python needs no way in.
    return {
        "no_cpython_wrapper": True,
        "no_cfunc_wrapper": True,
        "pipeline_class": LinkedCompiler,
    }


LINKED = linked(numba.version_info.short)
