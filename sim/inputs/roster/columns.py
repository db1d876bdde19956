"""The columns of a roster file: what each means, and what holds where it is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sim.errors import InputError, nearest
from sim.inputs.tables.numbers import plain_number
from sim.reading.numbers import number_in

LONGEST_NAME = 100
_YES = frozenset({"1", "yes", "y", "true"})
_NO = frozenset({"0", "no", "n", "false"})


@dataclass(frozen=True, slots=True)
class RosterColumn:
    """One column.

    Attributes
    ----------
    name : str
        Heading.
    kind : {'name', 'choice', 'whole', 'number', 'yes/no'}
        What its cells hold.
    unit : str
        Unit.
    default : str
        What holds where the column or a cell is missing, in words.
    low, high : float or None
        Bounds of a number, both included.
    choices : tuple of str
        What a choice can be.
    grade : str
        Evidence grade of the default: trial, literature or assumption.
    help : str
        Meaning.
    also : tuple of str
        Other headings under which people have it, small and with underscores for blanks.
    fractions : bool
        Whether a whole number may be given with a fraction, as whole-time equivalents are; the
        nearest whole number is simulated.
    """

    name: str
    kind: Literal["name", "choice", "whole", "number", "yes/no"]
    unit: str
    default: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    grade: str
    help: str
    also: tuple[str, ...] = ()
    fractions: bool = False

    @property
    def rule(self) -> str:
        """What a cell must hold, in words."""
        if self.kind == "name":
            return f"must be a name of 1 to {LONGEST_NAME} printable characters"
        if self.kind == "choice":
            return f"must be one of {', '.join(self.choices)}"
        if self.kind == "yes/no":
            return "must be yes or no"
        noun = "a whole number" if self.kind == "whole" else "a number"
        return f"must be {noun} in [{self.low:g}, {self.high:.7g}] ({self.unit})"

    def read(self, text: str, decimal: str = ".") -> str | int | float:
        """Return what a filled cell holds.

        Parameters
        ----------
        text : str
            The cell, without spaces around it.
        decimal : {'.', ','}
            Mark of decimals of the file.

        Raises
        ------
        InputError
            When the cell breaks the column's rule.
        """
        if self.kind == "name":
            return self._name(text)
        if self.kind == "choice":
            wanted = " ".join(text.lower().split())
            if wanted not in self.choices:
                raise self._wrong(text, nearest(wanted, self.choices))
            return wanted
        if self.kind == "yes/no":
            if text.lower() not in _YES | _NO:
                raise self._wrong(text)
            return 1 if text.lower() in _YES else 0
        return self._number(text, decimal)

    def _name(self, text: str) -> str:
        name = " ".join(text.split())
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise self._wrong(text)
        return name.lower() if self.name == "type" else name

    def _number(self, text: str, decimal: str) -> int | float:
        written = plain_number(text, decimal)
        value = None if written is None else number_in(written.text)
        if value is None:
            raise self._wrong(text)
        if written is not None and written.percent:
            # Exactly: 9.7 / 100.0 is not 0.097.
            value = float(Decimal(written.text).scaleb(-2))
        if self.fractions and math.isfinite(value):
            value = math.floor(value + 0.5)
        low = float("-inf") if self.low is None else self.low
        high = float("inf") if self.high is None else self.high
        if not low <= value <= high:
            # A share of 27 is meant as 27%.
            hint = f"; did you mean {text}%?" if self.unit == "share" and 1 < value <= 100 else ""
            raise self._wrong(text, hint)
        if self.kind == "number":
            return value
        if not float(value).is_integer():
            raise self._wrong(text)
        return int(value)

    def _wrong(self, text: str, hint: str = "") -> InputError:
        shown = text if len(text) <= 40 else f"{text[:37]}..."
        return InputError(f"{self.name} = {shown!r}: {self.rule}{hint}")


def _column(
    name: str,
    kind: Literal["name", "choice", "whole", "number", "yes/no"],
    unit: str,
    default: str,
    help: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    grade: str = "assumption",
    also: str = "",
    fractions: bool = False,
) -> RosterColumn:
    return RosterColumn(
        name, kind, unit, default, low, high, choices, grade, help, tuple(also.split()), fractions
    )


ROSTER_COLUMNS: tuple[RosterColumn, ...] = (
    _column(
        "team",
        "name",
        "text",
        "none: must be given",
        "Identifier of the team. Its random draws depend on it: renaming a team is another team.",
        also="team_name service service_name cmht unit name_of_team",
    ),
    _column(
        "trust",
        "name",
        "text",
        "one trust for all",
        "Name of the trust it belongs to; small and capital letters are the same.",
        also="trust_name nhs_trust organisation organization provider org employer",
    ),
    _column(
        "type",
        "name",
        "text",
        "recovery",
        "Type of team, such as recovery, psychosis or assertive outreach.",
        also="team_type service_type type_of_team",
    ),
    _column(
        "arm",
        "choice",
        "choice",
        "intervention",
        "Arm of a trial; leave it out where there is no trial.",
        choices=("intervention", "control"),
        also="allocation alloc trial_arm randomised_to treatment_arm",
    ),
    _column(
        "staff",
        "whole",
        "posts",
        "20",
        "Posts of all disciplines, the leader's included.",
        1,
        500,
        grade="trial",
        also="staff_wte wte fte whole_time_equivalents posts headcount total_staff "
        "staff_in_post number_of_staff establishment",
        fractions=True,
    ),
    _column(
        "coordinators",
        "whole",
        "posts",
        "9 of every 20 staff",
        "Posts that carry a caseload, at most as many as staff.",
        1,
        500,
        grade="literature",
        also="care_coordinators coordinators_wte care_coordinators_wte "
        "co_ordinators care_co_ordinators keyworkers key_workers case_holders",
        fractions=True,
    ),
    _column(
        "caseload",
        "whole",
        "service users",
        "25 per coordinator",
        "Service users on the team's books.",
        1,
        20000,
        grade="literature",
        also="clients service_users patients total_caseload caseload_size number_of_service_users",
    ),
    _column(
        "sampled",
        "whole",
        "service users",
        "15, or the caseload where that is smaller",
        "Service users in the research sample, at most as many as the caseload.",
        1,
        20000,
        grade="trial",
        also="sample research_sample sample_size",
    ),
    _column(
        "readiness",
        "number",
        "points",
        "not measured",
        "Measured readiness of the team for change, on the range of the instrument.",
        -1.0e6,
        1.0e6,
        also="readiness_score readiness_mean oric",
    ),
    _column(
        "readiness_low",
        "number",
        "points",
        "0",
        "Lowest possible score of the readiness instrument.",
        -1.0e6,
        1.0e6,
        also="readiness_min readiness_minimum",
    ),
    _column(
        "readiness_high",
        "number",
        "points",
        "1",
        "Highest possible score of the readiness instrument.",
        -1.0e6,
        1.0e6,
        also="readiness_max readiness_maximum",
    ),
    _column(
        "reflects",
        "yes/no",
        "yes/no",
        "drawn by chance",
        "Whether the team already meets to reflect.",
        also="reflective_practice team_reflection reflection",
    ),
    _column(
        "share_black",
        "number",
        "share",
        "0.273, as in the trial",
        "Share of service users of a black African, Caribbean, British or other black background.",
        0.0,
        1.0,
        grade="trial",
        also="percent_black pct_black proportion_black black",
    ),
    _column(
        "turnover_multiplier",
        "number",
        "ratio",
        "1",
        "Staff leaving rate of the team relative to the usual.",
        0.1,
        5.0,
        also="relative_turnover turnover_ratio",
    ),
    _column(
        "start_week",
        "whole",
        "weeks",
        "as the scenario says",
        "Weeks before the team's programme starts.",
        0,
        1040,
        also="start_date programme_start start",
    ),
)
