"""The compiled week: the source that `week_source` writes, compiled and kept.

The text stands beside the compiled code, in the folder named after all source it was made from, so
that a person can read it and a debugger finds it. `tests/test_parity.py` holds it and
`RecoveryModel` together bit for bit.
"""

from __future__ import annotations

import hashlib
import importlib.util
import linecache
import os
import sys
from pathlib import Path
from types import ModuleType

import numba

from sim.engines import code_cache, observing
from sim.engines.posts import STAFF_DTYPE, empty_posts, read_posts, write_posts
from sim.engines.rules import (
    CACHE_FOLDER,
    EVENT_DTYPE,
    SCORES_DTYPE,
    STAFF_ROW_DTYPE,
    TEAM_DTYPE,
    TEAM_WEEK_DTYPE,
    TRUST_DTYPE,
    USER_DTYPE,
    compile_rule,
    register_rules,
)
from sim.engines.week_source import week_source
from sim.parameters import registry

__all__ = [
    "CACHE_FOLDER",
    "EVENT_DTYPE",
    "NUMBA_VERSION",
    "SCORES_DTYPE",
    "STAFF_DTYPE",
    "STAFF_ROW_DTYPE",
    "TEAM_DTYPE",
    "TEAM_WEEK_DTYPE",
    "TRUST_DTYPE",
    "USER_DTYPE",
    "assess_staff",
    "assess_users",
    "compile_rule",
    "empty_posts",
    "numba",
    "observe_team_weeks",
    "read_posts",
    "register_rules",
    "run_world",
    "write_posts",
]

NAME = "refocus_compiled_week"


def kept_beside(folder: Path, text: str) -> Path:
    """Write the text into the folder of the compiled code, unless it is there, and return where.

    numba looks at the age of a file, so what is there already stays untouched.
    """
    path = folder / f"{NAME}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        new = folder / f"{NAME}.{os.getpid()}.new"
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    return path


def load(text: str, folder: Path | None) -> ModuleType:
    """Return the module that a text makes; without a folder for compiled code, from memory."""
    if folder is None:
        module = ModuleType(NAME)
        place = f"<{NAME}>"
        linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
        sys.modules[NAME] = module
        exec(compile(text, place, "exec"), vars(module))
        return module
    specification = importlib.util.spec_from_file_location(NAME, kept_beside(folder, text))
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[NAME] = module
    specification.loader.exec_module(module)
    return module


def week_text(folder: Path | None) -> str:
    """Return the source of the compiled week, written unless it is kept.

    It follows from the source that names the folder, and from the names of parameters.
    """
    names = hashlib.blake2b("\n".join(registry()).encode(), digest_size=10).hexdigest()
    return code_cache.kept_text(folder, f"{NAME}.{names}.txt", week_source)


_week = load(week_text(CACHE_FOLDER), CACHE_FOLDER)
run_world = _week.run_world
observe_team_weeks = compile_rule(observing.observe_team_weeks)
assess_users = compile_rule(observing.assess_users)
assess_staff = compile_rule(observing.assess_staff)
NUMBA_VERSION = numba.__version__
