"""A complete set of parameter values, as rules read it: by attribute, or as a record.

Agents read a frozen object with one slot per parameter; the ensemble reads a record of a
structured NumPy array with the same names. Both hold 64-bit floats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import make_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sim.errors import InputError

if TYPE_CHECKING:
    import numpy as np


class ParameterSet:
    """One value for every parameter, read by attribute (`p.qpr_retest`) and never changed.

    Built by `sim.parameters.resolve`, `defaults` or `from_record`. Two sets are equal when they
    have the same names and values. Sets can be pickled, and so sent to other processes.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> float: ...

    def as_dict(self) -> dict[str, float]:
        """Return the values by name, in the registry's order."""
        names: tuple[str, ...] = self.__slots__
        return {name: getattr(self, name) for name in names}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as names and values, because the class is built at run time."""
        values = self.as_dict()
        return build, (tuple(values), tuple(values.values()))


@cache
def _class_for(names: tuple[str, ...]) -> type[ParameterSet]:
    made = make_dataclass(
        "ParameterSet",
        [(name, float) for name in names],
        bases=(ParameterSet,),
        namespace={"__doc__": ParameterSet.__doc__, "__reduce__": ParameterSet.__reduce__},
        frozen=True,
        slots=True,
    )
    return cast(type[ParameterSet], made)


def build(names: tuple[str, ...], values: Iterable[float]) -> ParameterSet:
    """Build a set from checked values, one for each name and in that order."""
    return _class_for(names)(*values)


def dtype_of(names: Iterable[str]) -> np.dtype[np.void]:
    """Return the NumPy type of a record with one 64-bit float per name."""
    import numpy as np

    return np.dtype([(name, "f8") for name in names])


def records(names: tuple[str, ...], sets: Iterable[ParameterSet]) -> np.ndarray:
    """Return sets as a structured array.

    Parameters
    ----------
    names : tuple of str
        The parameters, in the order of the record's fields.
    sets : iterable of ParameterSet
        Sets that have exactly these parameters.

    Returns
    -------
    numpy.ndarray
        Shape ``(number of sets,)``, all fields 64-bit floats.

    Raises
    ------
    InputError
        When a set has other parameters.
    """
    import numpy as np

    rows, wanted = [], set(names)
    for number, one in enumerate(sets):
        values: Mapping[str, float] = one.as_dict()
        if values.keys() != wanted:
            odd = sorted(values.keys() ^ set(names))[0]
            raise InputError(f"parameter set {number}: '{odd}' is missing or does not exist")
        rows.append(tuple(values[name] for name in names))
    return np.array(rows, dtype=dtype_of(names))
