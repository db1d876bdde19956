"""Everything measured on a service user, in fixed order: the row of a trial's data."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.measures.catalogue import in_row
from sim.measures.rows import defined, measuring, rules_by_name, score_names

_MEASURED = in_row("user")

if TYPE_CHECKING:

    class UserScores(NamedTuple):
        """One service user's scores at one assessment; missing ones are not numbers."""

        qpr15: float

        def __getattr__(self, name: str) -> Any: ...
else:
    UserScores = namedtuple("UserScores", score_names(_MEASURED))
    UserScores.__doc__ = (
        "One service user's scores at one assessment; missing ones are not numbers."
    )

SOURCE = measuring(
    "user_scores",
    "Return everything that is measured on one service user.",
    ("user", "rater_bias", "p", "key", "week"),
    "UserScores",
    _MEASURED,
)
(user_scores,) = defined(
    __name__, SOURCE, {**rules_by_name(_MEASURED), "UserScores": UserScores}, "user_scores"
)
