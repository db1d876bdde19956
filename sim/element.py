"""Elements: what a scenario can do, told by the link of the chain on which it acts.

An element stands once, in the `LINK` of the file whose rules feel it (`sim.link`). From it follow
the field of a scenario with its bounds, the field of the calendar that rules read as
``action.<name>``, the resources that it takes, the lines of the account that pay for them, its name
in the profile of feasibility, and its control on the web page. A price of its own stands beside the
link's parameters, as a table ``[price.<name>]``.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Literal, NamedTuple

Kind = Literal["spell", "level", "switch", "preparation"]
DIRECT, INDIRECT = "direct", "indirect"
# Lines of the account that several links share.
MANAGERS = "managers' and leaders' time"
BEYOND_REFOCUS = "beyond REFOCUS"


class Use(NamedTuple):
    """A resource that an element takes."""

    name: str  # Name of the resource
    unit: str  # Unit in which it is counted; what is an intensity is counted at intensity 1
    # {'team', 'person', 'trained', 'group', 'place'}: Whether a week of the element counts once for
    # the team, for everybody in post, or for everybody in post who was trained; `group` and `place`
    # are the first and the last with the extra support of teams in which uptake has stayed low.
    per: Literal["team", "person", "trained", "group", "place"] = "team"


class Cost(NamedTuple):
    """What a resource adds to a line of the account: use x price, and x `times` where it has one.

    Attributes
    ----------
    line : str
        Name of the line; several elements may share one.
    use : str
        The resource.
    price : str
        A price, or a quantity such as the hours that one unit takes.
    times : str
        The price of such a quantity; empty where `price` is money.
    kind : {'direct', 'indirect'}
        Paid out, or staff time given.
    """

    line: str
    use: str
    price: str
    times: str = ""
    kind: str = DIRECT


class Element(NamedTuple):
    """One thing that a scenario can do. `spell`, `level` and `switch` make them."""

    table: str  # Table of a scenario in which its field stands, such as ``support``
    name: str  # Name of the field
    label: str  # What it is called among the components of a scenario; empty where it is none
    help: str  # One sentence for whoever sets it
    # {'spell', 'level', 'switch', 'preparation'}: Done over a stretch of weeks of its own; held in
    # every funded week, as a number or as yes or no; held in the weeks of preparation.
    kind: Kind
    unit: str  # Of its value
    # Value of a scenario that does not say, and bounds.
    default: float
    low: float
    high: float
    usual: float  # Value in usual care
    field: str  # Field of the calendar
    # What it takes, and what that costs.
    uses: tuple[Use, ...]
    costs: tuple[Cost, ...]

    @property
    def meaning(self) -> str:
        """What the field of the calendar holds."""
        return self.help[0].lower() + self.help[1:].rstrip(".")

    def of(self, scenario: Any) -> Any:
        """Return what a scenario says of it: a spell, a number, or yes or no."""
        return attrgetter(f"{self.table}.{self.name}")(scenario)


def spell(
    table: str,
    name: str,
    label: str,
    help: str,
    uses: tuple[Use, ...] = (),
    costs: tuple[Cost, ...] = (),
) -> Element:
    """Return an element with an intensity from 0 to 1 over a stretch of weeks."""
    return Element(table, name, label, help, "spell", "0-1", 0.0, 0.0, 1.0, 0.0, name, uses, costs)


def level(
    table: str,
    name: str,
    help: str,
    unit: str = "share",
    *,
    label: str = "",
    default: float = 0.0,
    bounds: tuple[float, float] = (0.0, 1.0),
    usual: float = 0.0,
    field: str = "",
    kind: Kind = "level",
    uses: tuple[Use, ...] = (),
    costs: tuple[Cost, ...] = (),
) -> Element:
    """Return an element that is a number, held in every funded week or while readiness is built."""
    return Element(
        table, name, label, help, kind, unit, default, *bounds, usual, field or name, uses, costs
    )


def switch(table: str, name: str, field: str, label: str, help: str) -> Element:
    """Return an element that is taught unless a scenario says no."""
    return Element(table, name, label, help, "switch", "0/1", 1.0, 0.0, 1.0, 0.0, field, (), ())
