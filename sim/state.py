"""What the state of each kind of agent consists of: who and where, and what links keep.

A link declares the variables that it owns in its file of `sim.mechanisms`, and `KINDS` gathers them
(`sim.link`). Here stands what belongs to no link: keys of random numbers, membership, places, and
what the layout says of a team.

A Mesa agent carries these variables as attributes; the ensemble carries the same ones as fields of
a record. `docs/ODD.md` lists them from here. Whole numbers are counts, places and switches (0/1);
real numbers are shares in [0, 1] unless their unit says otherwise.
"""

from __future__ import annotations

from sim.link import Kind, Variable, elements, own_variables
from sim.link import real as _real
from sim.link import whole as _whole

TRUST = (
    _whole("key_low", "random-number key, low word", "word"),
    _whole("key_high", "random-number key, high word", "word"),
    *own_variables("trust"),
)

TEAM = (
    _whole("key_low", "random-number key, low word", "word"),
    _whole("key_high", "random-number key, high word", "word"),
    _whole("trust", "index of the trust", "index"),
    _whole("team_type", "number of the team type", "index"),
    _whole("programme", "row of the scenario's calendar that the team follows", "index"),
    _whole("start_week", "week in which the team's programme starts; -1 for never", "week"),
    _real("caseload_total", "service users on the team's books, sampled or not", "users"),
    _whole("coordinator_posts", "posts that carry a caseload"),
    _whole("first_coordinator", "place of the first of these posts", "place"),
    *own_variables("team"),
)

STAFF = (
    _whole("place", "place (post) in the team, permanent", "index"),
    _whole("generation", "which person in this place, 0 for the first", "index"),
    _whole("leader", "whether the post is the team leader's", "0/1"),
    _whole("coordinator", "whether the post carries a caseload", "0/1"),
    _whole("present", "1 while the post is filled, 0 while vacant", "0/1"),
    *own_variables("staff"),
)

SERVICE_USER = (
    _whole("place", "place on the team's list, permanent", "index"),
    _whole("generation", "which person in this place, 0 for the first", "index"),
    _whole("arrival_week", "week in which the person came; 0 for the start", "week"),
    _whole("sampled", "whether drawn for the research sample", "0/1"),
    *own_variables("service_user"),
)

ACTION = (
    _real("prt_session", "share of the personal recovery curriculum taught this week"),
    _real("coaching_session", "share of the coaching curriculum taught this week"),
    _real("session_days", "length of this week's training", "days"),
    _real("booster", "share of the curriculum refreshed in a booster this week"),
    _real("stepped_threshold", "extra support only where uptake is below this share"),
    _real("stepped_support", "intensity of that extra support"),
    *(
        _real(one.field, one.meaning, "0-1" if one.unit == "share" else one.unit)
        for one in elements()
    ),
)
"""What a scenario can do in a week: sessions and stepped support, and the elements of links."""

KINDS: dict[Kind, tuple[Variable, ...]] = {
    "trust": TRUST,
    "team": TEAM,
    "staff": STAFF,
    "service_user": SERVICE_USER,
}


def record_fields(variables: tuple[Variable, ...]) -> list[tuple[str, str]]:
    """Return ``(name, NumPy type)`` pairs: 64-bit floats for real, 64-bit integers for whole."""
    return [(one.name, "f8" if one.kind == "real" else "i8") for one in variables]
