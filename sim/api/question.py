"""A function of `sim` and the check that its command makes first, declared once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from sim.errors import nearest

P = ParamSpec("P")
Q = TypeVar("Q")
A = TypeVar("A")
Q_co = TypeVar("Q_co", covariant=True)
A_co = TypeVar("A_co", covariant=True)
# How long work is run (`sim.runs.pieces.How`, whose import takes long): no part of a question.
HOW = ("executor", "workers", "folder", "on_progress", "should_cancel")


class Asked(Protocol[P, Q_co, A_co]):
    """A question: called, it is checked and answered."""

    @property
    def question(self) -> Callable[P, Q_co]:
        """Check what is asked for, as values or as texts, and return it."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> A_co:
        """Check what is asked for and answer it."""


def answered_by(answer: Callable[..., A]) -> Callable[[Callable[P, Q]], Asked[P, Q, A]]:
    """Return a decorator that turns a check of what is asked for into the whole question.

    Parameters
    ----------
    answer : callable
        Takes what the check returns, and how long work is run.
    """

    def declare(check: Callable[P, Q]) -> Asked[P, Q, A]:
        @wraps(check)
        def ask(*args: Any, **options: Any) -> A:
            how = {name: options.pop(name) for name in HOW if name in options}
            for name in options.keys() - signature.parameters.keys():
                hint = nearest(name, [*signature.parameters, *HOW])
                raise TypeError(f"{check.__name__}: has no argument '{name}'{hint}")
            return answer(check(*args, **options), **how)

        returned = answer.__annotations__["return"]
        signature = inspect.signature(check).replace(return_annotation=returned)
        vars(ask).update(question=check, __signature__=signature)
        ask.__annotations__ = {**check.__annotations__, "return": returned}
        return cast("Asked[P, Q, A]", ask)

    return declare
