"""The services that have stored answers, and the strategies that are answered for."""

from __future__ import annotations

from typing import NamedTuple

from sim.inputs.roster import Roster, described_roster, trial_roster

SEED = 1
STRATEGIES = (
    "refocus-as-delivered",
    "continuing-coaching",
    "priorities-reduced",
    "refocus-full",
    "refocus-full-with-conditions",
)


class Service(NamedTuple):
    """A service that has a stored answer."""

    file: str
    title: str
    what: str
    roster: Roster


def services() -> tuple[Service, ...]:
    """Return the services that have stored answers."""
    return (
        Service(
            "answers.html",
            "The trial’s teams",
            "The 27 teams of the REFOCUS trial in two trusts; the 14 that had it get it again.",
            trial_roster(SEED),
        ),
        Service(
            "answers-small.html",
            "A small service",
            "Described, not real: one trust with 6 teams of about 12 staff; all get the programme.",
            described_roster(
                trusts=1, teams_per_trust=6, staff_mean=12.0, staff_sd=2.0, intervention_share=1.0
            ),
        ),
        Service(
            "answers-large.html",
            "A large service under pressure",
            "Described, not real: three trusts with 8 teams of about 24 staff each, 35 people for "
            "each care coordinator and half as many leavers again; all get the programme.",
            described_roster(
                trusts=3,
                teams_per_trust=8,
                staff_mean=24.0,
                users_per_coordinator=35.0,
                turnover_multiplier=1.5,
                intervention_share=1.0,
            ),
        ),
    )
