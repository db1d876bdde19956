"""What a scenario may say: every choice with its unit, bounds and meaning.

Weeks in a scenario count from 1: week 1 is the first week of a team's programme, or the first week
after its preparation where there is one. Weeks of assessment count from the start of the
simulation, and 0 is before anything happens. An intensity is a share from 0 to 1: 1 is the element
as its manual has it, for everybody and every week; 0 is none of it.

What acts on a link of the chain is declared in the link's file (`sim.element`); `gathers` adds
these fields to their tables. Here stands the rest: who, when, for how long, sessions, resources.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from sim.element import Element
from sim.errors import unknown
from sim.frameworks import frameworks
from sim.link import elements

MAXIMUM_WEEKS = 1040
"""Longest calendar, twenty years: a bound against slips of the keyboard, not a finding."""

Grade = Literal["trial", "literature", "assumption"]
Group = Literal[
    "trial and bounds",
    "one component alone",
    "one component left out",
    "training style and trainers",
    "support after training",
    "readiness and order of teams",
    "leadership and conditions",
    "longer horizon",
    "beyond the programme",
    "own",
]
Answer = Literal["yes", "partial", "no"]


def number(default: Any, low: float, high: float, unit: str, meaning: str) -> Any:
    """Return a field that is a number between bounds."""
    return Field(default, ge=low, le=high, description=meaning, json_schema_extra={"unit": unit})


def text(meaning: str, longest: int = 2000, **default: Any) -> Any:
    """Return a field that is a text; without a default it must be there and not be empty."""
    if not default:
        default["min_length"] = 1
    return Field(
        max_length=longest, description=meaning, json_schema_extra={"unit": "text"}, **default
    )


def choice(default: Any, meaning: str) -> Any:
    """Return a field that is one of some words."""
    return Field(default, description=meaning, json_schema_extra={"unit": "choice"})


def switch(default: bool, meaning: str) -> Any:
    """Return a field that is yes or no."""
    return Field(default, description=meaning, json_schema_extra={"unit": "true/false"})


def many(meaning: str, unit: str, default: tuple[Any, ...] | None = (), longest: int = 104) -> Any:
    """Return a field that is a list."""
    # TOML and JSON have lists where the model keeps tuples: the container alone is read leniently.
    return Field(
        default,
        strict=False,
        max_length=longest,
        description=meaning,
        json_schema_extra={"unit": unit},
    )


def table(kind: type[BaseModel], meaning: str) -> Any:
    """Return a field that is a table."""
    return Field(default_factory=kind, description=meaning, json_schema_extra={"unit": "table"})


class Part(BaseModel):
    """A table of a scenario: exact types, no unknown fields, never changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Spell(Part):
    """Something done with an intensity over a stretch of weeks."""

    intensity: float = number(0.0, 0.0, 1.0, "0-1", "How much of it: 1 as planned, 0 none.")
    first_week: int = number(1, 1, MAXIMUM_WEEKS, "week", "First week in which it happens.")
    last_week: int | None = number(
        None, 1, MAXIMUM_WEEKS, "week", "Last such week; left out, it lasts as long as the funding."
    )
    every: int = number(1, 1, 104, "weeks", "Weeks from one occasion to the next.")
    continues: bool = switch(False, "Whether it goes on after funding has ended.")

    @model_validator(mode="after")
    def _in_order(self) -> Spell:
        if self.last_week is not None and self.last_week < self.first_week:
            raise ValueError(
                f"last_week = {self.last_week}: must not come before first_week = {self.first_week}"
            )
        return self


def _field_of(one: Element) -> tuple[Any, Any]:
    """Return type and description of an element's field."""
    if one.kind == "spell":
        return Spell, table(Spell, one.help)
    if one.kind == "switch":
        return bool, switch(bool(one.default), one.help)
    return float, number(one.default, one.low, one.high, one.unit, one.help)


_GATHERED: set[str] = set()


def gathers(name: str) -> Callable[[type[Part]], type[Part]]:
    """Return a class decorator that adds the fields of links' elements to a table."""
    _GATHERED.add(name)

    def with_elements(cls: type[Part]) -> type[Part]:
        fields: dict[str, Any] = {
            one.name: _field_of(one) for one in elements() if one.table == name
        }
        made = create_model(cls.__name__, __base__=cls, __module__=cls.__module__, **fields)
        made.__doc__ = cls.__doc__
        return made

    return with_elements


class Gathered(Part):
    """A table with fields from links."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


class Session(Part):
    """One training session."""

    week: int = Field(
        ge=1,
        le=MAXIMUM_WEEKS,
        description="Week in which the session is held.",
        json_schema_extra={"unit": "week"},
    )
    days: float = Field(
        ge=0.05,
        le=5.0,
        description="Length of the session; a half-day is 0.5.",
        json_schema_extra={"unit": "days"},
    )


def _own_weeks(sessions: tuple[Session, ...]) -> None:
    weeks = [one.week for one in sessions]
    for week in weeks:
        if weeks.count(week) > 1:
            raise ValueError(f"sessions: week {week} stands twice; a week holds one of each kind")


class Course(Part):
    """A training course for the whole team."""

    sessions: tuple[Session, ...] = many(
        "Sessions, each with week and days. A session teaches its share of the course's days.",
        "week, days",
    )
    trainers: int | None = number(
        None, 0, 20, "trainers", "Trainers at each session; left out when not known."
    )
    lived_experience_trainers: int | None = number(
        None,
        0,
        20,
        "trainers",
        "Trainers among them with lived experience; left out when not known.",
    )

    @model_validator(mode="after")
    def _sensible(self) -> Course:
        _own_weeks(self.sessions)
        if (self.lived_experience_trainers or 0) > (
            self.trainers if self.trainers is not None else 20
        ):
            raise ValueError(
                f"lived_experience_trainers = {self.lived_experience_trainers}: "
                f"must not exceed trainers = {self.trainers}"
            )
        return self

    @property
    def days(self) -> float:
        """Length of the whole course in days."""
        return sum(one.days for one in self.sessions)


@gathers("training.quality")
class Quality(Gathered):
    """Quality of training; 0.5 is the usual, which for this model is the trial's own."""


@gathers("training")
class Training(Gathered):
    """What is taught, and how well."""

    personal_recovery: Course = table(Course, "Personal recovery training.")
    coaching: Course = table(Course, "Coaching for recovery training.")
    quality: Quality = table(Quality, "Quality of all training.")


class Boosters(Part):
    """Booster sessions after the courses."""

    sessions: tuple[Session, ...] = many("Booster sessions, each with week and days.", "week, days")
    share: float = number(
        0.25, 0.0, 1.0, "share", "Share of both courses that each booster refreshes."
    )

    @model_validator(mode="after")
    def _sensible(self) -> Boosters:
        _own_weeks(self.sessions)
        return self


class Stepped(Part):
    """Extra continuing coaching, only in teams where uptake stays low."""

    threshold: float = number(
        0.5, 0.0, 1.0, "share", "Teams below this share of sessions attended get it."
    )
    intensity: float = number(0.0, 0.0, 1.0, "0-1", "How much extra coaching: 1 as planned.")


@gathers("support")
class Support(Gathered):
    """What keeps training alive."""

    boosters: Boosters = table(Boosters, "Booster sessions.")
    stepped: Stepped = table(Stepped, "Extra support where uptake is low.")


@gathers("components.practices")
class Practices(Gathered):
    """Working practices that the training teaches."""


@gathers("components")
class Components(Gathered):
    """Elements of the intervention other than training and its support."""

    practices: Practices = table(Practices, "Which working practices are taught.")


@gathers("beyond")
class Beyond(Gathered):
    """What the REFOCUS programme says it did not address; every effect is an assumption."""


@gathers("readiness")
class Readiness(Gathered):
    """Work on readiness before training begins; other weeks then count from its end."""

    preparation_weeks: int = number(
        0, 0, 260, "weeks", "Weeks of preparation before the programme's week 1."
    )


class Who(Part):
    """Which teams take part."""

    teams: Literal["none", "intervention-arm", "all", "selected"] = choice(
        "intervention-arm",
        "none, those of the intervention arm, all, or those selected on measured readiness.",
    )
    among: Literal["intervention-arm", "all"] = choice(
        "intervention-arm", "Teams that a selection picks from."
    )
    selection: Literal["threshold", "top-share"] = choice(
        "top-share", "Pick by a threshold of measured readiness, or the readiest share of teams."
    )
    selection_value: float = number(
        0.5, 0.0, 1.0, "0-1", "The threshold on the 0-1 readiness scale, or the share picked."
    )
    readiness_reliability: float = number(
        0.7,
        0.05,
        1.0,
        "share",
        "Share of the variance of the readiness score that is real, in a selection and an order.",
    )


class Timing(Part):
    """When the programme starts, and how long is looked at."""

    weeks: int = number(
        52, 1, MAXIMUM_WEEKS, "weeks", "Weeks simulated, unless a run asks for another number."
    )
    start_week: int = number(
        0, 0, MAXIMUM_WEEKS, "weeks", "Weeks of usual care before the first teams start."
    )
    waves: int = number(
        1, 1, 104, "waves", "Groups of teams that start one after the other, as even as can be."
    )
    weeks_between_waves: int = number(
        13, 1, 260, "weeks", "Weeks from the start of one wave to the next."
    )
    order: Literal["roster", "readiness", "random", "need", "equity", "trust"] = choice(
        "roster",
        "Who starts first: the roster's first; the readiest as measured; whom chance draws; those "
        "whose service users report the lowest recovery at the start (QPR-15 of the research "
        "sample); the largest share of black service users (a priority: REFOCUS works no "
        "differently for them); or whole trusts, the roster's first.",
    )


@gathers("conditions")
class Conditions(Gathered):
    """Conditions in the teams that take part, as long as funding lasts."""

    funding_end_week: int = number(
        52,
        0,
        MAXIMUM_WEEKS,
        "week",
        "Last funded week of a team's programme; what is not marked `continues` then stops.",
    )


class Assessment(Part):
    """When service users and staff are assessed."""

    weeks: tuple[int, ...] = many(
        "Weeks of assessment, counted from the start of the simulation; 0 is before anything.",
        "weeks",
        (0, 52),
    )

    @model_validator(mode="after")
    def _ascending(self) -> Assessment:
        if not self.weeks:
            raise ValueError("weeks = []: must name at least one week")
        if list(self.weeks) != sorted(set(self.weeks)):
            raise ValueError(f"weeks = {list(self.weeks)}: must ascend, each week once")
        if self.weeks[0] < 0 or self.weeks[-1] > MAXIMUM_WEEKS:
            raise ValueError(f"weeks = {list(self.weeks)}: must lie in [0, {MAXIMUM_WEEKS}]")
        return self


class Resources(Part):
    """What delivery takes. Left out means not known; costing and SAFE then say so."""

    hours_per_day: float = number(7.5, 1.0, 12.0, "hours", "Working hours in a day of training.")
    preparation_hours: float | None = number(
        None, 0.0, 100.0, "hours", "Hours that each person prepares for all sessions together."
    )
    trainer_preparation_hours: float | None = number(
        None, 0.0, 1000.0, "hours", "Hours that trainers prepare and travel, per team."
    )
    extra_posts_per_team: float | None = number(
        None, 0.0, 20.0, "posts", "Posts added to each team for the programme."
    )
    materials_per_team: float | None = number(
        None, 0.0, 1.0e6, "GBP", "Cost of materials, per team."
    )
    set_up_per_team: float | None = number(None, 0.0, 1.0e6, "GBP", "Cost of setting up, per team.")


class Feasibility(Part):
    """Answers to SAFE themes that no number of the scenario settles; left out is not rated."""

    time_consuming: Answer | None = choice(None, "Whether it takes much time to provide.")
    costly_to_set_up: Answer | None = choice(None, "Whether it is costly to set up.")
    adverse_events: Answer | None = choice(None, "Whether serious adverse events are known.")
    applicable: Answer | None = choice(None, "Whether it suits the people served.")
    manualised: Answer | None = choice(None, "Whether there is a manual.")
    flexible: Answer | None = choice(None, "Whether it can be adapted.")
    effective: Answer | None = choice(None, "Whether it is likely to be effective.")
    cost_saving: Answer | None = choice(None, "Whether it saves costs.")
    matches_goals: Answer | None = choice(None, "Whether it serves goals given priority.")
    can_be_piloted: Answer | None = choice(None, "Whether it can be tried on a small scale.")
    reversible: Answer | None = choice(None, "Whether it can be undone.")


class Assumption(Part):
    """What is assumed of some fields: gone where a scenario that extends this one changes one."""

    text: str = text("A sentence.")
    about: tuple[str, ...] = many("Dotted names of the fields.", "names")


class Scenario(Part):
    """One scenario: who gets what, when, and under which conditions."""

    name: str = text("Name: that of its file, without the ending.", 100)
    title: str = text("Short title, as figures show it.", 120)
    description: str = text("Plain description of what is done.")
    group: Group = choice("own", "Heading under which lists show it.")
    grade: Grade = Field(
        description="How it is known: from the trial, from other literature, or assumed.",
        json_schema_extra={"unit": "choice"},
    )
    source: str = text("Where the description comes from.")
    assumptions: tuple[str | Assumption, ...] = many(
        "What in it is assumed, one sentence each; of certain fields as { text, about }.", "text"
    )
    strategies: tuple[str, ...] = many(
        "Implementation strategies by their ERIC names that no other field shows.", "ERIC names"
    )
    who: Who = table(Who, "Which teams take part.")
    timing: Timing = table(Timing, "When the programme starts, and how long is looked at.")
    readiness: Readiness = table(Readiness, "Work on readiness before training begins.")
    training: Training = table(Training, "What is taught, and how well.")
    support: Support = table(Support, "What keeps training alive.")
    components: Components = table(Components, "Elements other than training and its support.")
    beyond: Beyond = table(Beyond, "What the REFOCUS programme did not address.")
    conditions: Conditions = table(Conditions, "Conditions in the teams that take part.")
    assessment: Assessment = table(Assessment, "When assessments are made.")
    resources: Resources = table(Resources, "What delivery takes.")
    feasibility: Feasibility = table(Feasibility, "Answers to SAFE themes; left out is not rated.")
    parameters: dict[str, float] = Field(
        default_factory=dict,
        description="Values of model parameters that replace what a run would use, by name.",
        json_schema_extra={"unit": "as the parameter"},
    )

    @property
    def assumed(self) -> tuple[str, ...]:
        """What is assumed, in sentences."""
        return tuple(one if isinstance(one, str) else one.text for one in self.assumptions)

    @model_validator(mode="after")
    def _known_strategies(self) -> Scenario:
        for one in self.strategies:
            frameworks()["eric"].checked(one, "strategies")
        return self


for _one in elements():
    if _one.table not in _GATHERED:
        raise unknown(f"table of the scenario element '{_one.name}'", _one.table, _GATHERED)
