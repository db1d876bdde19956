"""What scenarios, teams, parameter values and files are meant, from names, texts or objects."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sim.errors import InputError
from sim.reading.numbers import repeated, whole
from sim.reading.text_files import refuse_misspelt

if TYPE_CHECKING:
    from sim.inputs.roster import Roster
    from sim.planning.prices import Prices
    from sim.planning.setting import Setting
    from sim.posterior.choose import ChosenDraws
    from sim.scenarios.schema import Scenario

T = TypeVar("T")
LARGEST_SEED = 2**32 - 1
MOST_DRAWS = 100_000


def as_it_is_or_read(name: str, which: object, kind: type[T], read: Callable[[Any], T]) -> T:
    """Return an object of a kind as it is, or read it from what names it.

    Raises
    ------
    InputError
        For anything that is neither.
    """
    if isinstance(which, kind):
        return which
    if isinstance(which, str | Path):
        return read(which)
    raise InputError(f"{name} = {repeated(which)}: must be a name, a file or a {kind.__name__}")


def chosen_scenario(which: str | Path | Scenario) -> Scenario:
    """Return a scenario, by its name in the library or its file where it is none yet."""
    from sim.scenarios.library import load_scenario
    from sim.scenarios.schema import Scenario

    return as_it_is_or_read("scenario", which, Scenario, load_scenario)


def chosen_scenarios(
    which: str | Path | Scenario | Sequence[str | Path | Scenario],
) -> list[Scenario]:
    """Return one or several scenarios.

    Raises
    ------
    InputError
        When none is named.
    """
    several = [which] if isinstance(which, str) or not isinstance(which, Sequence) else list(which)
    if not several:
        raise InputError("scenarios: name at least one; see 'refocus list scenarios'")
    return [chosen_scenario(each) for each in several]


def chosen_roster(
    which: str | Path | Roster,
    seed: int,
    columns: str | Path | None = None,
    setting: str | Path | Setting | None = None,
) -> Roster:
    """Return the trial's teams (``'trial'``), those of a file, or a roster as it is.

    Parameters
    ----------
    which : str, path or Roster
        As the user says.
    seed : int
        Seed of what the trial's roster leaves open.
    columns : path, optional
        File that says which columns of the roster's file are which.
    setting : path or Setting, optional
        Its first day is that from which weeks are counted where the file has dates.
    """
    from sim.inputs.roster import ColumnMap, Roster, read_column_map, read_roster_csv, trial_roster

    of_file = isinstance(which, str | Path) and which != "trial"
    if columns is not None and not of_file:
        raise InputError("columns: has a meaning only with a file of teams")
    if which == "trial":
        return trial_roster(seed)

    if isinstance(which, str | Path):
        refuse_misspelt("roster", which, ("trial",))

    def read(path: str | Path) -> Roster:
        said = ColumnMap() if columns is None else read_column_map(columns)
        if said.start_date is None and setting is not None:
            said = dataclasses.replace(said, start_date=chosen_setting(setting).start_date)
        return read_roster_csv(Path(path), said)

    return as_it_is_or_read("roster", which, Roster, read)


def chosen_values(
    draws: int | str | Sequence[Mapping[str, float]] | ChosenDraws,
    prior_only: bool,
    posterior: str | Path | None,
    otherwise: str | Path | None = None,
) -> ChosenDraws:
    """Return sets of parameter values: so many draws of a distribution, or those given as they are.

    `otherwise` is the posterior where none is named.

    Raises
    ------
    InputError
        When the distribution has not so many, or what is asked for has no meaning together.
    """
    from sim.posterior.choose import GIVEN, ChosenDraws, chosen_draws

    if isinstance(draws, ChosenDraws):
        return draws
    if isinstance(draws, Sequence) and not isinstance(draws, str):
        if not draws or not all(isinstance(values, Mapping) for values in draws):
            raise InputError("draws: must be a number, or sets of parameter values by name")
        if prior_only or posterior is not None:
            raise InputError("draws: values of your own leave no meaning to posterior or prior")
        return ChosenDraws([dict(values) for values in draws], GIVEN, {})
    count = whole("draws", draws, 0, MOST_DRAWS)
    if count == 0 and (prior_only or posterior is not None):
        other = "prior-only" if prior_only else "posterior"
        raise InputError(f"draws = 0: are the defaults, which leave --{other} without a meaning")
    if posterior is None and count and not prior_only:
        posterior = otherwise
    return chosen_draws(count, prior_only=prior_only, path=posterior)


def parameters_and_fields(
    settings: Mapping[str, Any] | None,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return parameter values and scenario fields apart; fields have a dot in their names."""
    named = dict(settings or {})
    fields = {name: value for name, value in named.items() if "." in name}
    return {name: value for name, value in named.items() if name not in fields}, fields


def chosen_setting(which: str | Path | Setting | None) -> Setting:
    """Return a planner's setting from a file, or as it is; without one, the empty setting."""
    from sim.planning.setting import Setting, read_setting

    if which is None:
        return Setting()
    return as_it_is_or_read("setting", which, Setting, read_setting)


def chosen_prices(which: str | Path | Prices | None) -> Prices:
    """Return prices from a file, or as they are; without any, those shipped."""
    from sim.planning.prices import Prices, read_prices, shipped_prices

    if which is None:
        return shipped_prices()
    return as_it_is_or_read("prices", which, Prices, read_prices)
