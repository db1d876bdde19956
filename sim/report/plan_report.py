"""The report of a search: who gets what and when, and whether searching was worth it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.planning.knowing import FEWEST_DRAWS
from sim.planning.plan_knowing import driver_rows
from sim.planning.plan_notes import plan_notes
from sim.planning.plan_tables import DIGITS, evidence_rows, frame_of, plan_rows, score_rows
from sim.planning.plan_text import (
    COSTS_MEAN,
    GAIN_COVERS,
    KNOWING_NEEDS,
    UNITS,
    cost_text,
    curse,
    effect_text,
    heading,
    made_with,
    rests_text,
    tie_text,
    verdict,
)
from sim.planning.worth_knowing import knowing_rows, knowing_sentences
from sim.report.decision_page import decision_html, decision_style
from sim.report.document import Document
from sim.report.figures import Point, interval_figure
from sim.report.readable import PRINT_STYLE
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    from sim.planning.decision import Decision
    from sim.planning.plan_study import PlanOutcome
    from sim.planning.worth_knowing import Known


def plan_report(
    outcome: PlanOutcome,
    covers: str,
    command: str,
    decision: Decision,
    knowing: tuple[Known, ...] = (),
) -> str:
    """Return the report as a self-contained HTML page: the decision, and an annex.

    Parameters
    ----------
    outcome : PlanOutcome
        The answer.
    covers : str
        What intervals over draws cover.
    command : str
        The command that repeats it.
    decision : Decision
        What it leads to.
    knowing : tuple of Known
        What it is worth to know more.
    """
    page = Document(decision.question, opening=decision_html(decision))
    page.parts += [PRINT_STYLE, decision_style(), '<section class="annex">']
    page.heading("Annex")
    if basis := rests_text(outcome):
        page.paragraph(basis, "basis")
    page.paragraph(verdict(outcome))
    if tie := tie_text(outcome):
        page.paragraph(tie)
    page.paragraph(f"{effect_text(outcome)} The best plan may still change hardly anything.")
    page.paragraph(
        "The two trials inform few parameters. Beyond month 12 everything is an extrapolation. "
        "Nothing is known about effects by ethnicity, and "
        "none changes a team's place here.",
        "caution",
    )
    _plans(page, outcome)
    _worth(page, outcome, covers)
    _money(page, outcome)
    _knowing(page, outcome, knowing)
    _evidence(page, outcome)
    page.heading("Notes on teams, packages, budget and rules")
    page.bullets(plan_notes(outcome))
    page.heading("How it was found")
    page.bullets(
        [
            "What each package does in each team is simulated for a few start weeks with all teams "
            "treated; benefits are taken to add up over teams, which the score on fresh draws does "
            "not.",
            "A mixed-integer linear programme (HiGHS) chooses under budget, trainer-days and "
            "trainers at the same time.",
            "All plans were scored on draws that the search never saw, with chance of their own. "
            f"Search against rule: {GAIN_COVERS}.",
            made_with(outcome),
        ]
    )
    page.heading("How to repeat it")
    page.code(command)
    page.parts.append("</section>")
    return page.html()


def _plans(page: Document, outcome: PlanOutcome) -> None:
    page.heading("Who gets what, and when")
    rows = plan_rows(outcome)
    if rows:
        page.table(frame_of(rows), f"{heading(outcome)}, in the order of starting", "plan")
    else:
        page.paragraph("Nobody gets a package.")
    left = len(outcome.question.roster.rows) - len(rows)
    page.paragraph(f"{left} of {len(outcome.question.roster.rows)} teams go on as usual.")
    if outcome.differ:
        page.heading("The search's plan, beside it", 3)
        page.paragraph("Not recommended: see the first sentence.")
        page.table(
            frame_of(plan_rows(outcome, outcome.search)),
            f"The search's plan: {outcome.search.teams} teams, in the order of starting",
            "search-plan",
        )
    page.paragraph(COSTS_MEAN)


def _worth(page: Document, outcome: PlanOutcome, covers: str) -> None:
    unit = UNITS[outcome.question.objective]
    page.heading("Beside simple rules")
    points = [Point(one.plan.name, one.mean, one.low, one.high) for one in outcome.scores]
    page.figure(
        interval_figure([(unit, points)], ((0.0, "usual care"),)),
        "The worth of each plan with its interval.",
        f"Worth at the end, on draws that the search never saw: {unit}. Point: mean; bar: central "
        f"90%, covers {covers}. Plans share draws and chance: their differences are known better "
        "than the bars suggest.",
        data_frame(score_rows(outcome)),
        "scores",
    )
    if outcome.search.teams:
        page.paragraph(curse(outcome))
    recommended = outcome.recommended
    page.paragraph(
        f"Regret: in a single draw the best of the compared plans is on average "
        f"{recommended.regret:.{DIGITS}f} better than the recommended plan (95% of draws: at most "
        f"{recommended.regret_high:.{DIGITS}f})."
    )


def _money(page: Document, outcome: PlanOutcome) -> None:
    page.heading("Money and trainers")
    plans = [("The recommended plan", outcome.recommended)]
    if outcome.differ:
        plans.append(("The search's plan", outcome.search))
    trainers = outcome.question.capacity.trainers
    page.bullets(
        [
            *[
                f"{name}: {cost_text(outcome, score)} Trainer-days in sessions: "
                f"{score.trainer_days:.0f}."
                for name, score in plans
            ],
            f"Trainers at the same time: {'no limit' if trainers is None else trainers}.",
        ]
    )


def _knowing(page: Document, outcome: PlanOutcome, knowing: tuple[Known, ...]) -> None:
    page.heading("What the answer depends on, and what knowing more is worth")
    drivers = driver_rows(outcome)
    if len(drivers):
        page.table(
            drivers,
            "Rank correlation, over the draws that the search saw and the fresh ones, of what is "
            "not known with the gain of the plan to take, and with its lead over the best plan "
            "that does something else. 'no': not told from chance",
            "drivers",
        )
    if not knowing:
        few = len(outcome.question.draws) < FEWEST_DRAWS
        page.paragraph(KNOWING_NEEDS if few else "One plan can be chosen: no study changes that.")
        return
    page.bullets(knowing_sentences(knowing))
    page.table(
        knowing_rows(knowing),
        "Expected gain of the choice among usual care, the search's plan and the best rule for "
        "each package, if something were known first (EVPPI of groups of parameters, EVSI of "
        "studies), by regression over the draws that the search saw and the fresh ones. 'Held "
        "out': paid by draws that the regression did not see; the first figure errs upward, this "
        "one downward. Worth under twice its Monte Carlo SE is not told from none",
        "worth-knowing",
    )
    page.paragraph(
        "What a study costs, the wait for it, and its use elsewhere are not counted; nor is doubt "
        "about the model itself."
    )


def _evidence(page: Document, outcome: PlanOutcome) -> None:
    page.heading("Evidence for the packages")
    page.table(
        frame_of([dict(row) for row in evidence_rows(outcome)]),
        "Evidence for what is done in each package, not for how well it works",
        "packages",
    )
    for package in outcome.question.packages:
        if package.assumed:
            page.heading(f"Assumptions of {package.name}", 3)
            page.bullets(list(package.assumed))
