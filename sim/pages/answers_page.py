"""Stored, dated answers: the decision pages of `refocus compare` for three services."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sim.api.compare import ComparisonAnswer, compare
from sim.pages.home_page import Effect, points
from sim.pages.page import Page, page, part
from sim.pages.services import SEED, STRATEGIES, services
from sim.planning.outcomes import QPR, TITLES
from sim.planning.vocabulary import IMPORTANT
from sim.report.decision_page import STYLE, decision_html
from sim.scenarios.library import load_scenario


class Row(NamedTuple):
    """The gain in recovery of one strategy against usual care, QPR-15; `_se`: Monte Carlo error."""

    title: str
    evidence: str
    qpr: float
    qpr_se: float
    low: float
    high: float
    chance: float
    chance_se: float

    @property
    def effect(self) -> Effect:
        """The gain, for a figure."""
        return Effect(self.title, self.qpr, self.low, self.high, "prog", self.evidence == "trial")


class Stored(NamedTuple):
    """The answer for a service; `decision` is HTML with styles in its elements."""

    file: str
    title: str
    what: str
    rows: Sequence[Row]
    decision: str


def rows_of(answer: ComparisonAnswer) -> list[Row]:
    """Return the rows of a comparison's answer, without figures that nobody reads."""
    differences, chances = answer.tables["differences"], answer.tables["chances"]
    gained = differences[differences["measure"] == TITLES[QPR]].set_index("scenario")
    important = chances["QPR difference from base"].str.startswith(
        f"{IMPORTANT:.0f} points or more"
    )
    likely = chances[important].set_index("scenario")
    return [
        Row(
            load_scenario(str(one["scenario"])).title,
            str(one["evidence"]),
            *(
                round(float(number), 4)
                for number in (
                    one["QPR difference"],
                    gained.loc[one["scenario"], "Monte Carlo SE"],
                    one["5% (parameters)"],
                    one["95% (parameters)"],
                    one["P(4 or more)"],
                    likely.loc[one["scenario"], "Monte Carlo SE"],
                )
            ),
        )
        for one in answer.tables["headline"].to_dict("records")
    ]


def table(title: str, rows: Sequence[Row], draws: int) -> str:
    """Return the gains in recovery with their Monte Carlo errors as a table."""
    heads = ("Strategy", "Recovery (SE)", "9 in 10 of the answers", "4 or more, of 100 (SE)")
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "".join(
        f'<tr><th scope="row">{html.escape(one.title)}</th><td>{points(one.qpr, "+")} '
        f"({points(one.qpr_se)})</td><td>{points(one.low, '+')} to {points(one.high, '+')}</td>"
        f"<td>{100 * one.chance:.0f} ({100 * max(one.chance_se, 1 / draws):.0f})</td></tr>"
        for one in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(title)}">'
        "<table><caption>Recovery against usual care after a year, QPR points. SE: Monte Carlo "
        "standard error, of the finite number of simulations; of a chance at least that of one in "
        f"all</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


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
    for one in services():
        answer = compare(
            STRATEGIES,
            roster=one.roster,
            draws=draws,
            replications=replications,
            years=1,
            seed=SEED,
        )
        found.append(
            Stored(one.file, one.title, one.what, rows_of(answer), decision_html(answer.decision))
        )
    return found


def with_rules(text: str) -> tuple[str, str]:
    """Return HTML whose styles stand in a style sheet, as a strict policy wants it, and that."""
    found: dict[str, int] = {}

    def numbered(match: re.Match[str]) -> str:
        return f'data-s="{found.setdefault(match[1], len(found))}"'

    plain = re.sub(r'style="([^"]*)"', numbered, text)
    rules = "\n".join(
        f'.decision [data-s="{number}"] {{ {style} }}' for style, number in found.items()
    )
    return plain, rules


def answers_page(
    answers: Sequence[Stored], at: int, draws: int, dated: str, *, bare: bool = False
) -> Page:
    """Return the page of a stored answer, with links to the others.

    Parameters
    ----------
    answers : sequence of Stored
        All that there are.
    at, draws : int
        Which one, and on how many ways things may work.
    dated : str
        When and with what they were worked out.
    bare : bool
        To be shown within another page: without links.
    """
    one = answers[at]
    decision, rules = with_rules(one.decision)
    links = "".join(
        f'<li><a href="{each.file}"{" aria-current=page" if each is one else ""}>'
        f"{html.escape(each.title)}</a></li>"
        for each in answers
    )
    choice = f'<nav aria-label="Services"><ul class="services">{links}</ul></nav>'
    body = f"""\
{"" if bare else choice}<p class="small mute stored"><b>A stored answer. \
{html.escape(one.title)}.</b> {html.escape(one.what)} {html.escape(dated)}</p>
{decision}
{table(one.title, one.rows, draws)}"""
    return page(
        one.file,
        f"{one.title}: a stored answer",
        body,
        style="\n".join([STYLE.read_text(encoding="utf-8"), part("answers.css"), rules]),
        bare=bare,
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
