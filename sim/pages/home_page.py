"""The first page: what this is in a minute, the theory as one picture, and three doors."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

from sim.pages.page import Page, page

BOX = 64
THEORY = (
    # x, y, width, title, what it is, colour
    (2, 24, 180, "Readiness", "trust, team, person", "base"),
    (2, 128, 180, "Training that works", "delivery, trainers", "base"),
    (226, 8, 140, "Values", "of team and person", "prog"),
    (226, 84, 140, "Knowledge", "of recovery", "prog"),
    (226, 160, 140, "Skills", "coaching, practices", "prog"),
    (416, 84, 132, "Intention", "plans to do it", "prog"),
    (640, 84, 132, "Practice", "does it", "prog"),
    (822, 84, 132, "Experience", "feels supported", "people"),
    (1004, 84, 132, "Recovery", "hope, well-being", "people"),
)
ARROWS = (
    "M182 56C200 56 202 40 222 40",
    "M182 56C200 56 202 116 222 116",
    "M182 160C200 160 202 116 222 116",
    "M182 160C200 160 202 192 222 192",
    "M366 40C390 40 392 116 412 116",
    "M366 116H412",
    "M366 192C390 192 392 116 412 116",
    "M548 116H576L584 104L594 130L602 116H636",
    "M772 116H818",
    "M954 116H1000",
)
SEEN = (
    (2, 366, "base", "Seen:", "staff and trainers named all of these"),
    (416, 772, "prog", "Seen:", "not all teams took part fully"),
    (822, 1136, "people", "Not settled:", "the trial found no clear difference"),
)
STEPS = (
    ("", "Readiness and training that works", "of the trust, the team and each person"),
    ("", "Values, knowledge, skills", "what training changes in staff"),
    ("", "Intention", "staff plan to do it"),
    ("weak", "The weak link: competing work", "of the business, the health system and each person"),
    ("", "Practice", "staff do it; doing it keeps it alive"),
    ("people", "Experience, then recovery", "people feel supported; hope, well-being"),
)
RIVALS = {
    "incomplete implementation": "It was carried out too little",
    "too short a time": "A year was too short",
    "insensitive measure": "The questionnaire misses gains",
    "theory failure": "Support does not lead to recovery",
    "chance": "Bad luck in the trial",
}
"""What the explanations of the trial's result say, in plain words."""
MINIMUM = 4.0
SCALE = (-2.0, 10.0)


class Effect(NamedTuple):
    """A gain in recovery: middle and interval, points of the QPR-15, and what it rests on."""

    label: str
    middle: float
    low: float
    high: float
    colour: str
    filled: bool


def theory() -> str:
    """Return the theory as a picture, and as steps where there is no room for it."""
    boxes = "".join(
        f'<rect x="{x}" y="{y}" width="{width}" height="{BOX}" rx="9" '
        f'fill="var(--{"people-wash" if colour == "people" else "card"})" '
        f'stroke="var(--{colour})" stroke-width="1.5"/>'
        f'<text x="{x + width / 2}" y="{y + 28}" text-anchor="middle" font-size="15" '
        f'font-weight="650">{title}</text>'
        f'<text x="{x + width / 2}" y="{y + 47}" text-anchor="middle" font-size="12.5">{what}'
        "</text>"
        for x, y, width, title, what, colour in THEORY
    )
    arrows = "".join(
        f'<path d="{one}" fill="none" stroke="var(--ink2)" stroke-width="1.5" '
        'marker-end="url(#head)"/>'
        for one in ARROWS
    )
    seen = "".join(
        f'<path d="M{left} 272H{right}" stroke="var(--{colour})" stroke-width="3"/>'
        f'<text x="{left}" y="290" font-size="13"><tspan font-weight="650">{first}</tspan> '
        f"{rest}</text>"
        for left, right, colour, first, rest in SEEN
    )
    steps = "".join(
        f'<li class="{kind}"><b>{title}</b><br><span class="small mute">{what}</span></li>'
        for kind, title, what in STEPS
    )
    return f"""\
<svg class="theory" viewBox="0 0 1144 296" role="img" aria-label="Readiness and training change \
values, knowledge and skills of staff, these their intention, intention their practice, practice \
what people experience, and experience their recovery. Between intention and practice competing \
work comes in: the weak link."><defs><marker id="head" markerUnits="userSpaceOnUse" \
markerWidth="12" markerHeight="12" refX="7" refY="4" orient="auto">\
<path d="M0 0L8 4L0 8z" fill="var(--ink2)"/></marker></defs>
{arrows}<path d="M700 80C690 44 500 44 484 78" fill="none" stroke="var(--ink2)" \
stroke-dasharray="4 4" marker-end="url(#head)"/>
<text x="592" y="44" text-anchor="middle" font-size="12.5">doing it keeps it alive</text>
<path d="M592 176V140" stroke="var(--people)" stroke-width="3" marker-end="url(#head)"/>
<rect x="496" y="178" width="192" height="72" rx="9" fill="var(--people-wash)" \
stroke="var(--people)" stroke-width="1.5" stroke-dasharray="6 4"/>
<text x="592" y="200" text-anchor="middle" font-size="15" font-weight="650">Competing work</text>
<text x="592" y="218" text-anchor="middle" font-size="12.5">of business, system, person</text>
<text x="592" y="238" text-anchor="middle" font-size="13" font-weight="650">the weak link</text>
{boxes}{seen}</svg>
<ol class="steps">{steps}</ol>"""


def points(value: float, sign: str = "") -> str:
    """Return points with a decimal and a true minus; what rounds to nothing has no sign."""
    text = f"{value:{sign}.1f}"
    return "0" if float(text) == 0.0 else text.replace("-", "−")


def effects_figure(effects: Sequence[Effect]) -> str:
    """Return effects on one axis, on which the smallest that matters is always shown.

    The scale is the same everywhere; it may only widen.
    """
    low = min(SCALE[0], *(one.low for one in effects))
    high = max(SCALE[1], *(one.high for one in effects))

    def x(value: float) -> float:
        return 10 + 340 * (value - low) / (high - low)

    # Names stand above their bars, so that letters are as large on a telephone.
    bottom = 24 + 42 * len(effects)
    rows = "".join(
        f'<text x="0" y="{38 + 42 * at}" font-size="13" stroke="var(--card)" stroke-width="4" '
        f'paint-order="stroke">{html.escape(one.label)}</text>'
        f'<rect x="{x(one.low):.1f}" y="{46 + 42 * at}" width="{x(one.high) - x(one.low):.1f}" '
        f'height="8" rx="4" fill="var(--{one.colour}-soft)"/>'
        f'<circle cx="{x(one.middle):.1f}" cy="{50 + 42 * at}" r="5" stroke="var(--{one.colour})" '
        f'stroke-width="2" fill="var(--{one.colour if one.filled else "card"})"/>'
        for at, one in enumerate(effects)
    )
    ticks = "".join(
        f'<path d="M{x(tick):.1f} 20V{bottom}" stroke="var(--rule)"/>'
        f'<text x="{x(tick):.1f}" y="{bottom + 14}" text-anchor="middle" font-size="12">'
        f"{str(tick).replace('-', '−')}</text>"
        for tick in range(-2, int(high) + 1, 2)
    )
    words = "; ".join(
        f"{one.label} {points(one.middle)}, {points(one.low)} to {points(one.high)}"
        for one in effects
    )
    return f"""\
<svg class="effects" viewBox="0 0 360 {bottom + 20}" role="img" aria-label="Gain in recovery, \
points of the QPR: {html.escape(words)}. The smallest that matters is 4.">{ticks}
<path d="M{x(MINIMUM):.1f} 16V{bottom}" stroke="var(--ink)" stroke-width="1.5" \
stroke-dasharray="5 3"/><text x="{x(MINIMUM):.1f}" y="11" text-anchor="middle" font-size="12" \
font-weight="600">smallest that matters</text>{rows}</svg>"""


def answer_in_words(delivered: Effect, full: Effect) -> str:
    """Return the model's answer as a sentence, with the assumption that it hangs on."""

    def told(one: Effect) -> str:
        return f"{points(one.middle, '+')} ({points(one.low, '+')} to {points(one.high, '+')})"

    matters = "less than" if round(delivered.middle, 1) < MINIMUM else "at least"
    return (
        f"Carried out as in the trial, {told(delivered)} of 60 points is expected after a year: "
        f"{matters} the {MINIMUM:.0f} that matter. Carried out in full, {told(full)}, on "
        "assumptions that no trial has tested."
    )


def rivals_table(rivals: Sequence[tuple[str, float, float]]) -> str:
    """Return how likely each explanation is after the trial and after both, of 100."""
    body = "".join(
        f'<tr><th scope="row">{html.escape(RIVALS.get(name, name))}</th>'
        f"<td>{round(100 * one)}</td><td>{round(100 * two)}</td></tr>"
        for name, one, two in rivals
    )
    return (
        '<table class="rivals"><thead><tr><th scope="col">Why so little?</th><th scope="col">after '
        'REFOCUS</th><th scope="col">after PULSAR too</th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def home_page(
    effects: Sequence[Effect], dated: str, rivals: Sequence[tuple[str, float, float]]
) -> Page:
    """Return the page.

    Parameters
    ----------
    effects : sequence of Effect
        What the trial found and what the model says.
    dated : str
        What the model's numbers were worked out with, in words.
    rivals : sequence of tuple
        Explanations of the trial's result, and how much of 1 each keeps after it and after both
        trials.
    """
    said = html.escape(answer_in_words(*effects[1:]))
    body = f"""\
<section class="hero"><h1>Staff were trained. Why did so little change for the people they \
support?</h1>
<p class="mute">The REFOCUS trial, England, 2011: fourteen community mental health teams learned \
to support recovery, thirteen went on as usual. After a year people’s recovery hardly differed. \
This simulation rebuilds those teams, person by person, so that you can ask what it would take.\
</p></section>
<section class="card"><h2>How it should work, and where it gives way</h2>{theory()}</section>
<ul class="doors">
<li class="card door"><p class="eyebrow">Planner</p><h2>I have teams and a budget</h2>
<p class="small mute">What the main ways of rolling out reach, change and cost, for the trial’s \
teams and two other services.</p><a class="btn main" href="answers.html">See what to do</a></li>
<li class="card door"><p class="eyebrow">Researcher</p><h2>I plan the next trial</h2>
<p class="small mute">How many teams find an effect: power by formula for teams, people in each, \
how alike they are, and the effect.</p><a class="btn" href="power.html">Plan a trial</a></li>
<li class="card door"><p class="eyebrow">Teacher or student</p><h2>I want to see why it is hard</h2>
<p class="small mute">Watch one team twice, with and without the programme, under the same luck. \
Six stops, each with a guess first.</p><a class="btn" href="watch.html">Watch a team</a></li>
</ul>
<section class="two"><div class="card"><h2>What it says so far</h2>
<p>{said}</p>
<p class="small mute">Gain in recovery after a year, against usual care. Recovery is what people \
say of themselves in a questionnaire, the QPR-15, from 0 to 60.</p>
{effects_figure(effects)}
<p class="small mute">Dot: middle, filled where it rests on the trial, open where on assumptions. \
Band: 9 in 10 of the answers (the trial: its 95% interval). {html.escape(dated)}</p></div>
<div class="card"><h2>What it cannot say</h2><ul class="no">
<li><b>It is no evidence that the programme works.</b> It says what follows from assumptions that \
the trials do not contradict.</li>
<li><b>It cannot say why the trial found so little.</b> How likely each explanation is now, of \
100, where all were taken as equally likely before. PULSAR, a later trial in Australia, found \
more. {rivals_table(rivals)}</li>
<li><b>It is not for decisions about one person or one team.</b> Beyond a year nobody has \
measured what the programme does.</li></ul>
<p class="small more"><a href="learn.html">How the model works, how to install it, how to cite \
it</a></p></div></section>"""
    return page("index.html", "REFOCUS simulation", body, ("home.css",))
