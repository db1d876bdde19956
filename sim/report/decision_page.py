"""The first page of a report: what was asked, what to choose, how sure, what would change it.

Marks are placed by CSS in percent of a scale that never changes, so that they fit a desk, a phone
and paper. Every number is a `data` element that carries its full value and the cell of the CSV file
that holds it.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from sim.measures.qpr import QPR15_IMPORTANT
from sim.planning.decision import (
    RECOVERY,
    RELATIONSHIP,
    STEPS,
    SUPPORT,
    Cell,
    Decision,
    Step,
    Strategy,
)
from sim.planning.plain_numbers import chance, limit, listed, points, pounds
from sim.planning.ranking import FEWEST, MIXED, Ranking

STYLE = Path(__file__).with_suffix(".css")
MOST_STARTS = 60
MOST_PAIRS = 9
MOST_NAMED = 3
GRADES = {"trial": "trial", "literature": "other studies", "assumption": "assumption"}


def decision_style() -> str:
    """Return the page's style as an element."""
    return f"<style>{STYLE.read_text(encoding='utf-8')}</style>"


def decision_html(decision: Decision) -> str:
    """Return the decision as a part of a page; its style is `decision_style`."""
    return "\n".join(
        [
            '<section class="decision">',
            '<p class="eyebrow">Your question</p>',
            f"<h1>{escape(decision.question)}</h1>",
            f'<p class="tiny mute basis">{escape(decision.basis)}</p>',
            _answer(decision),
            _chain(decision),
            _splits(decision),
            '<div class="halves second">',
            _starts(decision),
            f"<div>{_years(decision)}{_depends(decision)}</div>",
            _outcomes(decision),
            _pairs(decision),
            _worth(decision),
            "</div>",
            f'<p class="foot">{escape(_foot(decision))}</p>',
            "</section>",
        ]
    )


def number(value: float, text: str, *at: str) -> str:
    """Return a number with its full value and where a table holds it.

    Parameters
    ----------
    value : float
        In full.
    text : str
        As shown.
    *at : str
        Table, what tells the row (one or more cells), and column.
    """
    place = escape("|".join(at), quote=True)
    return f'<data value="{value!r}" data-of="{place}">{escape(text)}</data>'


def _answer(decision: Decision) -> str:
    told = "".join(f"<li><b>{escape(few)}</b> {escape(rest)}</li>" for few, rest in decision.points)
    warned = "".join(f'<p class="small"><b>{escape(one)}</b></p>' for one in decision.warnings)
    meter = "".join(f'<i class="{"on" if at < decision.level else ""}"></i>' for at in range(4))
    changes = "".join(f"<li>{escape(one)}</li>" for one in decision.changes)
    would = (
        f'<h3>What would change it</h3><ul class="points small">{changes}</ul>' if changes else ""
    )
    beyond = (
        f'<p class="small mute">{escape(decision.extrapolated)}</p>'
        if decision.extrapolated
        else ""
    )
    return (
        '<div class="answer"><div class="card say"><p class="eyebrow">Short answer</p>'
        f'{warned}<p class="big">{escape(decision.answer)}</p><ul class="points">{told}</ul></div>'
        '<div class="card"><div class="level">'
        f"<h2>How sure is this? {escape(decision.sure)}</h2>"
        f'<span class="meter" aria-hidden="true">{meter}</span></div>'
        f'<p class="small mute">{escape(decision.sure_because)}</p>{beyond}{would}</div></div>'
    )


def _chain(decision: Decision) -> str:
    steps = [_widened(one, decision.strategies) for one in STEPS]
    most = max(
        [one.cash.mean + one.time.mean for one in decision.strategies] + [decision.budget or 0.0]
    )
    heads = "".join(_head(one, decision, at) for at, one in enumerate(steps))
    budget = ""
    if decision.budget and most > 0.0:
        at = 100.0 * decision.budget / most
        side = "r" if at > 70 else "l" if at < 30 else ""
        text = f"your {pounds(decision.budget, True)} cash"
        budget = f'<span class="aim {side}" style="left:{at:.1f}%">{escape(text)}</span>'
    heads += (
        '<div><h3>Cost</h3><p class="tiny mute">cash (solid), staff time; '
        f"{escape(decision.price_year)} prices</p>"
        f'<div class="axis" aria-hidden="true">{budget}</div></div>'
    )
    rows = "".join(_row(decision, one, steps, most) for one in decision.strategies)
    return (
        '<div class="chain"><div class="heading"><h2>From training to recovery, over '
        f"{escape(decision.when)}, against {escape(decision.usual.lower())}</h2>"
        '<p class="tiny mute">Dot: the mean. Band: 9 in 10 of the answers that agree with the '
        f"evidence{escape(decision.chance)}. □: relationship. Dashed: {QPR15_IMPORTANT:g}, the "
        "smallest change that matters. The same scales in every report.</p></div>"
        '<div class="row heads" aria-hidden="true"><div class="tiny mute"><span class="grade '
        'trial"></span> the trial <span class="grade literature"></span> other studies <span '
        f'class="grade"></span> assumptions</div>{heads}</div><ol>{rows}</ol></div>'
    )


def _widened(step: Step, strategies: tuple[Strategy, ...]) -> Step:
    """Return a step whose scale holds all values; scales are widened, never narrowed."""
    from dataclasses import replace

    cells = [one.cells[step.name] for one in strategies]
    if step.name == SUPPORT:
        cells += [one.cells[RELATIONSHIP] for one in strategies]
    values = [x for cell in cells for x in (cell.mean, cell.low, cell.high) if x == x]
    return replace(step, low=min([step.low, *values]), high=max([step.high, *values]))


def _at(step: Step, value: float) -> float:
    return 100.0 * (value - step.low) / (step.high - step.low)


def _head(step: Step, decision: Decision, place: int) -> str:
    arrow = "<i>→</i>" if place else ""
    about = step.about
    if step.name in decision.now:
        now = decision.now[step.name]
        about += f"; {limit(now, 0)} now"
    marks = []
    unit = " of 100" if step.gain else "%"
    if step.low == 0.0:
        marks = [(0.0, "0", "l"), (step.high, f"{step.high:.0f}{unit}", "r")]
    else:
        marks = [(0.0, "0", "")]
        if step.name == RECOVERY:
            marks.append((QPR15_IMPORTANT, f"{QPR15_IMPORTANT:g}", "aim"))
        else:
            marks.append((step.high, f"{step.high:.0f}{unit}", "r"))
    axis = "".join(
        f'<span class="{kind}" style="left:{_at(step, value):.1f}%">{text}</span>'
        for value, text, kind in marks
    )
    return (
        f'<div><h3>{arrow}{escape(step.title)}</h3><p class="tiny mute">{escape(about)}</p>'
        f'<div class="axis">{axis}</div></div>'
    )


def _row(decision: Decision, one: Strategy, steps: list[Step], most: float) -> str:
    pick = one.name == decision.chosen
    word = decision.tag(one.name)
    kind = "tag" if word == "Tie" else "tag first"
    tag = f' <span class="{kind}">{word}</span>' if word else ""
    cells = "".join(_cell(one, step) for step in steps)
    return (
        f'<li class="row{" pick" if pick else ""}"><div class="who"><h3>{escape(one.title)}{tag}'
        f'</h3><p class="tiny mute about">{escape(one.about)}</p><p class="tiny">{one.teams} of '
        f'{decision.teams} teams start · <span class="grade {escape(one.grade)}" '
        f'aria-hidden="true"></span> {GRADES[one.grade]}</p></div>{cells}'
        f"{_cost(decision, one, most)}</li>"
    )


def _cell(one: Strategy, step: Step) -> str:
    cell = one.cells[step.name]
    shown = points(cell.mean, step.digits) if step.gain else f"{limit(cell.mean, step.digits)}%"
    value = number(cell.mean, shown, "decision", one.name, step.title, "mean")
    second = second_marks = ""
    kind = "scale"
    marks = _marks(step, cell, one.grade)
    if step.name == SUPPORT:
        other = one.cells[RELATIONSHIP]
        text = number(other.mean, points(other.mean), "decision", one.name, "Relationship", "mean")
        second = f' <span class="nowrap">□ {text}</span>'
        second_marks = _marks(step, other, one.grade, " b")
        kind = "scale two"
    lines = [f'<i class="end" style="left:{x}%"></i>' for x in (0, 100)]
    if step.low < 0.0:
        lines.append(f'<i class="zero" style="left:{_at(step, 0.0):.1f}%"></i>')
    if step.name == RECOVERY:
        lines.append(f'<i class="aim" style="left:{_at(step, QPR15_IMPORTANT):.1f}%"></i>')
    return (
        f'<div class="cell" data-label="{escape(step.title)}"><p class="value"><b>{value}</b> '
        f'<span class="nowrap">{_limits(cell, step.digits, one.name, step.title)}</span>'
        f"{second}</p>"
        f'<div class="{kind}" aria-hidden="true">{"".join(lines)}{marks}{second_marks}</div></div>'
    )


def _limits(cell: Cell, digits: int, name: str, title: str) -> str:
    if cell.low != cell.low:
        return "no range"
    low, high = (
        number(value, limit(value, digits), "decision", name, title, column)
        for value, column in ((cell.low, "5%"), (cell.high, "95%"))
    )
    return f"{low} to {high}"


def _marks(step: Step, cell: Cell, grade: str, extra: str = "") -> str:
    band = ""
    if cell.low == cell.low:
        left, right = _at(step, cell.low), _at(step, cell.high)
        band = (
            f'<i class="band{extra}" style="left:{left:.1f}%;width:{max(0.0, right - left):.1f}%">'
            "</i>"
        )
    dot = f'<i class="dot {grade}{extra}" style="left:{_at(step, cell.mean):.1f}%"></i>'
    return f"{band}{dot}"


def _cost(decision: Decision, one: Strategy, most: float) -> str:
    cash, time = one.cash.mean, one.time.mean
    marks = ""
    if most > 0.0:
        part, rest = 100.0 * cash / most, 100.0 * time / most
        marks = (
            f'<i class="cash" style="width:{part:.1f}%"></i>'
            f'<i class="time" style="left:{part:.1f}%;width:{rest:.1f}%"></i>'
        )
        if decision.budget:
            marks += f'<i class="budget" style="left:{100.0 * decision.budget / most:.1f}%"></i>'
    shown = number(cash, pounds(cash, True), "decision", one.name, "Cash", "mean")
    staff = number(time, pounds(time, True), "decision", one.name, "Staff time", "mean")
    return (
        f'<div class="cell cost" data-label="Cost over {escape(decision.when)}"><p class="value">'
        f'<b>{shown}</b> <span class="nowrap">+ {staff} time</span></p>'
        f'<div class="scale" aria-hidden="true">{marks}</div></div>'
    )


def _starts(decision: Decision) -> str:
    if not decision.starts:
        return (
            f'<div class="card"><h2>When each team starts</h2><p class="small">'
            f"{escape(decision.start_note)}</p></div>"
        )
    weeks = decision.weeks

    def at(week: int) -> float:
        return 100.0 * min(week, weeks) / weeks

    marks = "".join(
        f'<i class="mark" style="left:{at(week):.1f}%"></i>' for week, _ in decision.dates
    )
    labels = "".join(
        f'<span class="{"l" if not place else "r" if at(week) > 96 else ""}'
        f'{" odd" if place % 2 else ""}" '
        f'style="left:{at(week):.1f}%">{escape(text)}</span>'
        for place, (week, text) in enumerate(decision.dates)
        if not (at(week) < 96 and place == len(decision.dates) - 1)
    )
    lines = [f'<span></span><div class="axis">{labels}</div>']
    shown = decision.starts[:MOST_STARTS]
    for trust in dict.fromkeys(one.trust for one in shown):
        lines.append(f'<span class="trust">{escape(trust)}</span>')
        for one in sorted((s for s in shown if s.trust == trust), key=lambda s: s.week):
            run = at(one.week + one.lasts) - at(one.week)
            days = "".join(
                f'<i class="day" style="left:{at(week):.1f}%"></i>'
                for week in one.sessions
                if week < weeks
            )
            extra = f' title="{escape(one.package, quote=True)}"' if one.package else ""
            lines.append(
                f'<span class="name"{extra}>{escape(one.team)}</span><div class="lane">{marks}'
                f'<i class="run" style="left:{at(one.week):.1f}%;width:{run:.1f}%"></i>{days}</div>'
            )
    more = len(decision.starts) - len(shown)
    left = f" {more} more stand in the table of starts." if more > 0 else ""
    return (
        '<div class="card"><h2>When each team starts</h2><p class="small mute">Under '
        f"{escape(decision.first.title)}. Dark marks are training days.</p>"
        f'<div class="starts">{"".join(lines)}</div>'
        f'<p class="small">{escape(decision.start_note)}{left}</p></div>'
    )


def _years(decision: Decision) -> str:
    most = max([cash + time for _, cash, time in decision.years] + [decision.yearly or 0.0])
    if most <= 0.0:
        return ""
    rows = []
    for year, cash, time in decision.years:
        part, rest = 100.0 * cash / most, 100.0 * time / most
        line = ""
        if decision.yearly is not None:
            line = f'<i class="budget" style="left:{100.0 * decision.yearly / most:.1f}%"></i>'
        rows.append(
            f"<span>{escape(year)}</span>"
            f'<div class="scale" aria-hidden="true"><i class="cash" style="width:{part:.1f}%"></i>'
            f'<i class="time" style="left:{part:.1f}%;width:{rest:.1f}%"></i>{line}</div>'
            f"<span>{_year_money(decision, cash, 'direct', year)} + "
            f"{_year_money(decision, time, 'indirect', year)}</span>"
        )
    against = f" Line: {pounds(decision.yearly)} a year." if decision.yearly is not None else ""
    over = (
        f'<p class="small">More cash than the budget: {escape(listed(list(decision.over)))}.</p>'
        if decision.over
        else ""
    )
    return (
        '<div class="card"><h2>Cost by year</h2><p class="small mute">Solid: cash. Open: staff '
        f'time.{against}</p><div class="years">{"".join(rows)}</div>{over}</div>'
    )


def _year_money(decision: Decision, value: float, kind: str, year: str) -> str:
    return number(
        value, pounds(value, True), "budget", decision.chosen, kind, year.split()[-1], "mean"
    )


def _depends(decision: Decision) -> str:
    if not decision.depends:
        return ""
    rows = "".join(
        f'<span>{escape(label)}</span><i class="{"told" if told else ""}" '
        f'style="width:{100.0 * abs(value):.0f}%"></i><span>{limit(value, 1)}</span>'
        for label, value, told in decision.depends
    )
    return (
        '<div class="card" style="margin-top:12px"><h2>What the gain depends on</h2>'
        '<p class="small mute">Rank correlation with what is not known, for the first choice; '
        f'dashed: not told from chance.</p><div class="bars">{rows}</div></div>'
    )


def _outcomes(decision: Decision) -> str:
    if len(decision.strategies) < 2:
        return ""
    rows = []
    for one in decision.rankings:
        first = one.names[0]
        others = _others(decision, one)
        mean = _ranked(one)
        best = number(
            one.best[0],
            chance(one.best[0], decision.draws),
            "ranking",
            one.aim.name,
            first,
            "chance that it is best",
        )
        regret = "not told"
        if one.regrets[0] == one.regrets[0]:
            text = pounds(one.regrets[0]) if one.aim.less else limit(one.regrets[0], 2)
            regret = number(one.regrets[0], text, "ranking", one.aim.name, first, "regret")
        rows.append(
            f"<tr><th scope=row>{escape(one.aim.title)}</th>"
            f"<td>{escape(decision.title(first))}</td>"
            f'<td class="n">{mean}</td><td class="n">{best}</td><td class="n">{regret}</td>'
            f"<td>{escape(others)}</td></tr>"
        )
    return (
        '<div class="card wide"><h2>First on every outcome</h2><p class="small mute">The top row '
        "is the outcome that you ranked on. Regret: how much better, on average, the best choice "
        "would be if one knew how things work. Tie: neither is better in 95 of 100 ways that "
        f"things may work{few_told(decision)}.{BY_MEAN if decision.own_tags else ''}</p>"
        '<div class="under" tabindex="0"><table><thead><tr><th>Outcome'
        '</th><th>First</th><th class="n">mean</th><th class="n">first in</th><th class="n">regret'
        f"</th><th>Tie with it</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div></div>"
    )


BY_MEAN = (
    " The plan to take, and what is a tie with it above, go by the mean over all of them, which "
    "may be told where single ways are not."
)


def few_told(decision: Decision) -> str:
    """Return why every pair is a tie, where that is for want of draws."""
    if decision.draws >= FEWEST:
        return ""
    return (
        f"; of fewer than {FEWEST} ways, as here, none is told, though the mean over them may be: "
        "ask for more draws"
    )


def _others(decision: Decision, one: Ranking) -> str:
    """Return which strategies are a tie with the first, in a few words."""
    others = one.tied[1:]
    if len(others) == len(one.names) - 1:
        return "all others"
    if len(others) > MOST_NAMED:
        return f"{len(others)} of the {len(one.names) - 1} others"
    return listed([decision.title(name) for name in others]) or "none"


def _ranked(one: Ranking) -> str:
    value = one.means[0]
    text = pounds(value) if one.aim.less else points(value, 1)
    return number(value, text, "ranking", one.aim.name, one.names[0], "mean")


def _pairs(decision: Decision) -> str:
    ranking = decision.ranking
    names = ranking.names[:MOST_PAIRS]
    if len(names) < 2:
        return ""
    rows = []
    for place, name in enumerate(names):
        cells = []
        for other in names:
            if name == other:
                cells.append('<td class="n mute">·</td>')
                continue
            pair = ranking.pair(name, other)
            if pair.better.same == 1.0:
                cells.append('<td class="n">same</td>')
                continue
            share = pair.better if pair.first == name else pair.better.mirrored()
            text = f"{100.0 * share.share_better:.0f}{'=' if pair.tie else ''}"
            held = (
                ("pairs", ranking.aim.name, name, other)
                if pair.first == name
                else ("pairs", ranking.aim.name, other, name)
            )
            value = pair.better.share_better
            if pair.first == name:
                shown = number(value, text, *held, "share of draws in which a is better")
            else:
                shown = escape(text)
            cells.append(f'<td class="n">{shown}</td>')
        rows.append(
            f"<tr><th scope=row>{place + 1} {escape(decision.title(name))}</th>"
            f"{''.join(cells)}</tr>"
        )
    heads = "".join(f'<th class="n">{place + 1}</th>' for place in range(len(names)))
    return (
        '<div class="card wide"><h2>Which is better than which, on '
        f"{escape(ranking.aim.title.lower())}"
        '</h2><p class="small mute">In how many of 100 ways that things may work is the row better '
        "than the column? The same people meet the same luck. =: a tie, not told apart"
        f"{few_told(decision)}.</p>"
        f'<div class="under" tabindex="0"><table><thead><tr><td></td>{heads}</tr></thead><tbody>'
        f"{''.join(rows)}"
        "</tbody></table></div></div>"
    )


def _worth(decision: Decision) -> str:
    if not decision.frontier:
        return ""
    rows = []
    for one in decision.frontier:
        if one.beaten_by:
            note = f"no: {_titled(decision, one.beaten_by)}"
            step = ""
        else:
            note = "yes"
            step = (
                number(
                    one.step_cost,
                    pounds(one.step_cost),
                    "frontier",
                    one.name,
                    "GBP for each point more than the one below",
                )
                if one.step_cost == one.step_cost
                else ""
            )
        cost = number(
            one.cost,
            pounds(one.cost, True),
            "frontier",
            one.name,
            "GBP more than usual care",
        )
        gained = number(
            one.effect,
            f"{one.effect:,.0f}",
            "frontier",
            one.name,
            "QPR points gained, all people together",
        )
        rows.append(
            f"<tr><th scope=row>{escape(decision.title(one.name))}</th><td class=n>{cost}</td>"
            f"<td class=n>{gained}</td><td class=n>{step}</td><td>{escape(note)}</td></tr>"
        )
    return (
        '<div class="card wide"><h2>What a point would have to be worth</h2><p class="small mute">'
        f"Cost ({escape(decision.cost_covers)}) and QPR points of all people together, cheapest "
        "first. A choice pays where one point for one person is worth what stands in its row or "
        "more. Beside one that is off the frontier stands what gives as much for less, or more for "
        "the same. No accepted worth exists, and none is made up here.</p>"
        '<div class="under" tabindex="0"><table><thead><tr><td></td>'
        '<th class="n">cost</th><th class="n">points</th><th class="n">pays from</th>'
        "<th>on the frontier</th></tr></thead><tbody>"
        f"{''.join(rows)}</tbody></table></div></div>"
    )


def _titled(decision: Decision, text: str) -> str:
    return MIXED.join(decision.title(one) for one in text.split(MIXED))


def _splits(decision: Decision) -> str:
    if not decision.splits:
        return ""
    told = "".join(f"<li>{escape(one)}</li>" for one in decision.splits)
    return (
        '<div class="card split"><h2>What is REFOCUS, and what is relief of the system</h2>'
        f'<ul class="points small" style="margin-top:6px">{told}</ul></div>'
    )


def _foot(decision: Decision) -> str:
    return (
        f"Each choice was simulated {decision.draws * decision.runs:,} times: {decision.draws} "
        f"ways things may work, {decision.runs} of chance each, with the same luck for all. "
        f"Ranges: {decision.covers}. A simulation of how teams take up recovery support: no "
        "evidence that the programme works, and not for decisions about one person."
    )
