"""Settings shared by all tests.

Property-based tests draw few examples, so that a run stays short. In continuous integration they
draw the same ones each time; `HYPOTHESIS_PROFILE=thorough` draws many.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Compiling takes long at the first example only, which says nothing about the claim under test.
_SLOW_START = [HealthCheck.too_slow]

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=20,
    suppress_health_check=_SLOW_START,
    print_blob=True,
)
settings.register_profile(
    "local", deadline=None, max_examples=20, suppress_health_check=_SLOW_START
)
settings.register_profile(
    "thorough", deadline=None, max_examples=500, suppress_health_check=_SLOW_START
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "local")
)
