"""Claims about the report of a run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from sim.agents import Staff
from sim.inputs.roster import roster_from_text, trial_roster
from sim.posterior.choose import chosen_draws
from sim.report.run_report import (
    RunFacts,
    last_assessment,
    run_report,
    sentence,
    standard_error,
)
from sim.runs.request import build_request
from sim.runs.results import Results
from sim.runs.simulate import simulate
from sim.scenarios.expand import expand
from sim.scenarios.library import adjusted, load_scenario

VOID = {"meta", "br", "hr", "img", "input", "link", "path", "use", "line", "rect", "circle"}


class Balanced(HTMLParser):
    """Notes whether every element that is opened is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def results() -> Results:
    scenarios = [load_scenario("usual-care"), load_scenario("refocus-as-delivered")]
    request = build_request(
        scenarios,
        trial_roster(1),
        replications=3,
        collect=("summaries", "trajectories", "assessments", "team_weeks"),
    )
    return simulate(request)


def report_of(results: Results, count: int) -> str:
    scenarios = [load_scenario(name) for name in results.labels["scenario"]]
    facts = RunFacts(scenarios, trial_roster(1), {}, "refocus run <x>", chosen_draws(count))
    return run_report(results, facts)


@pytest.fixture(scope="module")
def page(results: Results) -> str:
    """Return a report with its figures."""
    return report_of(results, 0)


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(page: str) -> None:
    checker = Balanced()
    checker.feed(page)
    assert checker.wrong == []
    assert checker.open == []
    addresses = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')>\s]+)""", page)
    assert addresses
    assert [one for one in addresses if not one.startswith(("#", "data:"))] == []
    assert "<script" not in page


def test_what_the_user_typed_is_text_and_not_markup(page: str) -> None:
    assert "refocus run &lt;x&gt;" in page


@pytest.mark.usefixtures("unpainted")
def test_the_page_says_what_its_values_are_and_first_what_it_rests_on(results: Results) -> None:
    assert "default values chosen by hand" in report_of(results, 0)
    page = report_of(results, 3)
    assert "3 draws from the posterior" in page
    assert "no REFOCUS figure seen" in page
    assert page.index('<p class="basis">Rests on ') < page.index('<p class="lead">')


def test_one_world_has_neither_interval_nor_chances() -> None:
    text = sentence("one", "usual-care", 52, np.array([[0.97]]))
    assert "(one world)." in text
    assert "Chances" not in text


def test_every_figure_has_a_text_and_a_table(page: str) -> None:
    figures = page.split("<figure ")[1:]
    assert len(figures) >= 3
    for figure in figures:
        assert 'role="img"' in figure
        assert "<table" in figure
        assert "as a table" in figure
        assert "90%" in figure.split("<figcaption>")[1].split("</figcaption>")[0]


@pytest.mark.usefixtures("unpainted")
def test_a_scenario_without_effect_is_called_that() -> None:
    text = sentence("nothing", "usual-care", 52, np.zeros((100, 1)))
    assert text.startswith("nothing: no difference at all.")
    assert "0.00 to 0.00" in text


def test_the_standard_error_of_a_share_is_binomial_and_never_nought() -> None:
    assert standard_error(0.5, 100) == pytest.approx(0.05)
    assert standard_error(0.0, 100) == pytest.approx(np.sqrt(0.01 * 0.99 / 100))


def test_a_table_to_download_holds_no_formula() -> None:
    import base64

    import pandas as pd

    from sim.report.document import download

    frame = pd.DataFrame({"team": ["=1+1", "North"], "score": [-1.5, float("nan")]})
    link = download(frame, "teams")
    text = base64.b64decode(link.split("base64,")[1].split('"')[0]).decode()
    assert text.splitlines()[1].startswith("'=1+1,-1.5")
    assert text.splitlines()[2] == "North,"


SMALL = roster_from_text("team,staff,sampled\nA,4,4\nB,4,4\n")


def short_report(names: list[str], weeks: int, changes: dict[str, object] | None = None) -> str:
    """Return the report of a short run on the readable model, which needs no compiling."""
    scenarios = [adjusted(load_scenario(one), changes or {}) for one in names]
    request = build_request(
        scenarios,
        SMALL,
        weeks=weeks,
        replications=2,
        collect=("summaries", "trajectories", "assessments", "team_weeks"),
    )
    notes = [note for one in scenarios for note in expand(one, SMALL, weeks).notes]
    facts = RunFacts(scenarios, SMALL, {}, "refocus run", chosen_draws(0), notes)
    return run_report(simulate(request, engine="mesa"), facts)


@pytest.mark.usefixtures("unpainted")
@pytest.mark.parametrize("name", ["usual-care", "refocus-as-delivered"])
def test_a_scenario_alone_has_a_report(name: str) -> None:
    page = short_report([name], 3)
    assert f"Under {name}, personal recovery (QPR-15) stood at" in page
    assert "in week 3." in page
    other = {"usual-care": "refocus-as-delivered"}.get(name, "usual-care")
    assert f"name a second scenario, such as {other}." in page


@pytest.mark.usefixtures("unpainted")
@pytest.mark.parametrize("weeks", [1, 10])
def test_a_run_shorter_than_the_programme_is_judged_at_its_end(weeks: int) -> None:
    page = short_report(["usual-care", "refocus-full"], weeks)
    assert f"points in week {weeks} compared with usual-care" in page
    assert "in week 0" not in page
    assert f"assessment in week 52 lies after the {weeks} weeks simulated" in page


@pytest.mark.usefixtures("unpainted")
def test_a_programme_that_never_starts_or_is_never_measured_is_told() -> None:
    late = short_report(["usual-care", "refocus-full"], 4, {"timing.start_week": 30})
    assert "the programme starts in no team within the 4 weeks simulated" in late
    unseen = short_report(["usual-care", "refocus-full"], 4, {"assessment.weeks": [0]})
    assert "refocus-full: cannot be told." in unseen
    assert "never measured after the start" in unseen


def test_scenarios_with_other_assessments_are_compared_when_both_were_measured() -> None:
    request = build_request(
        [
            load_scenario("usual-care"),
            adjusted(load_scenario("refocus-full"), {"assessment.weeks": [0, 2, 4]}),
        ],
        SMALL,
        weeks=4,
        replications=2,
        collect=("summaries",),
    )
    results = simulate(request, engine="mesa")
    assert (last_assessment(results, 1), last_assessment(results, 1, 0)) == (4, 4)
    rows = results.arrays["summaries"]
    results.arrays["summaries"] = rows[~((rows["scenario"] == 0) & (rows["week"] == 4))]
    assert last_assessment(results, 1, 0) == 0


class Unmoved(Staff):
    """Staff whom nothing moves."""

    def intend(self) -> None:
        """Intend what was intended before."""


@pytest.mark.usefixtures("unpainted")
def test_an_own_class_is_named_with_its_source_and_nothing_was_fitted_with_it() -> None:
    scenarios = [load_scenario("usual-care")]
    request = build_request(scenarios, SMALL, weeks=2, replications=1)
    results = simulate(request, engine="mesa", agent_classes={"staff": Unmoved})
    own = results.metadata["agent_classes"]["staff"]
    assert own["class"].endswith("test_run_report.Unmoved")
    assert len(own["source"]) == 16
    page = run_report(results, RunFacts(scenarios, SMALL, {}, "refocus run", chosen_draws(2)))
    assert f"Own agent class for staff: {own['class']} (source {own['source']})." in page
