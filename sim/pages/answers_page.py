"""Stored, dated answers: what the main ways of rolling out reach, change and cost."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sim.api.compare import ComparisonAnswer, compare
from sim.inputs.roster import Roster, described_roster, trial_roster
from sim.pages.home_page import Effect, effects_figure, points
from sim.pages.page import Page, page
from sim.planning.outcomes import QPR, TITLES
from sim.planning.vocabulary import IMPORTANT
from sim.scenarios.library import load_scenario

SEED = 1
STRATEGIES = (
    "refocus-as-delivered",
    "continuing-coaching",
    "priorities-reduced",
    "refocus-full",
    "refocus-full-with-conditions",
)
RELATIONSHIP = "INSPIRE Relationship (0-100)"


class Service(NamedTuple):
    """A service that has stored answers."""

    title: str
    what: str
    roster: Roster


class Row(NamedTuple):
    """What one strategy does in a service, against usual care; `_se`: Monte Carlo error."""

    title: str
    evidence: str
    qpr: float
    qpr_se: float
    low: float
    high: float
    chance: float
    chance_se: float
    reach: float
    practice: float
    relationship: float
    cost: float
    per_person: float

    def rounded(self) -> Row:
        """Return it without figures that nobody reads."""
        title, evidence, *numbers = self
        return Row(str(title), str(evidence), *(round(float(one), 4) for one in numbers))

    @property
    def effect(self) -> Effect:
        """The gain in recovery, for a figure."""
        return Effect(self.title, self.qpr, self.low, self.high, "prog", self.evidence == "trial")


class Stored(NamedTuple):
    """The answer for a service."""

    title: str
    what: str
    sentence: str
    rows: Sequence[Row]


def services() -> tuple[Service, ...]:
    """Return the services that have stored answers."""
    return (
        Service(
            "The trial’s teams",
            "The 27 teams of the REFOCUS trial in two trusts; the 14 that had it get it again.",
            trial_roster(SEED),
        ),
        Service(
            "A small service",
            "Described, not real: one trust with 6 teams of about 12 staff; all get the programme.",
            described_roster(
                trusts=1, teams_per_trust=6, staff_mean=12.0, staff_sd=2.0, intervention_share=1.0
            ),
        ),
        Service(
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


def rows_of(answer: ComparisonAnswer) -> list[Row]:
    """Return the rows of a comparison's answer."""
    headline = answer.tables["headline"]
    differences = answer.tables["differences"]
    near = differences[differences["measure"] == RELATIONSHIP].set_index("scenario")
    gained = differences[differences["measure"] == TITLES[QPR]].set_index("scenario")
    chances = answer.tables["chances"]
    important = chances["QPR difference from base"].str.startswith(
        f"{IMPORTANT:.0f} points or more"
    )
    likely = chances[important].set_index("scenario")
    return [
        Row(
            load_scenario(str(one["scenario"])).title,
            str(one["evidence"]),
            float(one["QPR difference"]),
            float(gained.loc[one["scenario"], "Monte Carlo SE"]),
            float(one["5% (parameters)"]),
            float(one["95% (parameters)"]),
            float(one["P(4 or more)"]),
            float(likely.loc[one["scenario"], "Monte Carlo SE"]),
            float(one["reach at end"]),
            float(one["fidelity gained"]),
            float(near.loc[one["scenario"], "difference from base"]),
            float(one["programme cost, GBP discounted"]),
            float(one["GBP per person"]),
        )
        for one in headline.to_dict("records")
    ]


def stored_answers(draws: int, replications: int) -> list[Stored]:
    """Work the answers out: one year, on sets of values that agree with both trials.

    Parameters
    ----------
    draws : int
        Sets of values, "ways things may work".
    replications : int
        Runs of chance for each.
    """
    found = []
    for service in services():
        answer = compare(
            STRATEGIES,
            roster=service.roster,
            draws=draws,
            replications=replications,
            years=1,
            seed=SEED,
        )
        found.append(
            Stored(service.title, service.what, in_titles(answer.sentence), rows_of(answer))
        )
    return found


def in_titles(sentence: str) -> str:
    """Return a sentence with scenarios called by their titles instead of their files."""
    for name in sorted((*STRATEGIES, "usual-care"), key=len, reverse=True):
        title = "usual care" if name == "usual-care" else f"“{load_scenario(name).title}”"
        sentence = sentence.replace(name, title)
    return sentence


def table(title: str, rows: Sequence[Row], draws: int) -> str:
    """Return the table of a service."""
    heads = (
        "Strategy",
        "Recovery, points (SE)",
        "9 in 10 of the answers",
        "Chance of 4 or more, of 100 (SE)",
        "People reached, of 100",
        "Practice, of 100",
        "Relationship, of 100",
        "Cost, £",
        "Cost a person, £",
    )
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "".join(
        f'<tr><th scope="row">{html.escape(one.title)}</th><td><b>{points(one.qpr, "+")}</b> '
        f"({points(one.qpr_se)})</td>"
        f"<td>{points(one.low, '+')} to {points(one.high, '+')}</td>"
        f"<td>{100 * one.chance:.0f} ({100 * max(one.chance_se, 1 / draws):.0f})</td>"
        f"<td>{100 * one.reach:.0f}</td><td>{points(100 * one.practice, '+')}</td>"
        f"<td>{points(one.relationship, '+')}</td><td>{one.cost:,.0f}</td>"
        f"<td>{one.per_person:,.0f}</td></tr>"
        for one in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(title)}">'
        "<table><caption>"
        "Against usual care after a year; practice is its mean over the year. SE: Monte Carlo "
        "standard error, of the finite number of simulations; of a chance at least that of one in "
        "all</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def answers_page(answers: Sequence[Stored], draws: int, dated: str) -> Page:
    """Return the page of stored answers."""
    parts = [
        '<section class="hero"><h1>Which way of bringing recovery support to teams does what?</h1>'
        '<p class="mute">Five ways beside usual care, the same people and the same luck, one '
        f"year. {html.escape(dated)} With the program installed, <code>refocus compare</code> "
        "and <code>refocus serve</code> answer the same for your own teams and budget.</p>"
        "</section>"
    ]
    for one in answers:
        effects = [row.effect for row in one.rows]
        parts.append(
            f'<section class="card answer"><h2>{html.escape(one.title)}</h2>'
            f'<p class="small mute">{html.escape(one.what)}</p>'
            f'<p class="lead">{html.escape(one.sentence)}</p>'
            f'{effects_figure(effects)}<p class="small mute">Gain in '
            "recovery, points of the QPR (0 to 60). Dot: mean, filled where the strategy was tried "
            "in the trial, open where it rests on assumptions. Band: 9 in 10 of the answers that "
            "agree with two trials; it covers what the parameters may be.</p>"
            f"{table(one.title, one.rows, draws)}</section>"
        )
    return page(
        "answers.html",
        "Which way does what: stored answers",
        "\n".join(parts),
        ("home.css", "answers.css"),
    )


def trial_effects(answers: Sequence[Stored], figures: Mapping[str, float]) -> list[Effect]:
    """Return what the trial found, and what the model says of it as delivered and in full."""
    middle, error = figures["difference"], figures["standard_error"]
    rows = {one.title: one for one in answers[0].rows}
    delivered, full = (
        rows[load_scenario(name).title] for name in ("refocus-as-delivered", "refocus-full")
    )
    return [
        Effect(
            "the trial itself", middle, middle - 1.96 * error, middle + 1.96 * error, "base", True
        ),
        delivered.effect._replace(label="model, as delivered"),
        full.effect._replace(label="model, fully carried out"),
    ]
