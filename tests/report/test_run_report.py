"""Claims about the report of a run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from sim.inputs.roster import trial_roster
from sim.posterior.choose import chosen_draws
from sim.report.run_report import RunFacts, run_report, sentence, standard_error, verdict
from sim.runs.request import build_request
from sim.runs.results import Results
from sim.runs.simulate import simulate
from sim.scenarios.library import load_scenario

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


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(results: Results) -> None:
    page = report_of(results, 0)
    checker = Balanced()
    checker.feed(page)
    assert checker.wrong == []
    assert checker.open == []
    addresses = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')>\s]+)""", page)
    assert addresses
    assert [one for one in addresses if not one.startswith(("#", "data:"))] == []
    assert "<script" not in page


def test_what_the_user_typed_is_text_and_not_markup(results: Results) -> None:
    assert "refocus run &lt;x&gt;" in report_of(results, 0)


def test_the_page_says_what_its_values_are(results: Results) -> None:
    assert "default values chosen by hand" in report_of(results, 0)
    assert "3 draws from the posterior" in report_of(results, 3)
    assert "no REFOCUS figure seen" in report_of(results, 3)


def test_every_figure_has_a_text_and_a_table(results: Results) -> None:
    page = report_of(results, 0)
    figures = page.split("<figure ")[1:]
    assert len(figures) >= 3
    for figure in figures:
        assert 'role="img"' in figure
        assert "<table" in figure
        assert "as a table" in figure
        assert "90%" in figure.split("<figcaption>")[1].split("</figcaption>")[0]


def test_a_scenario_without_effect_is_called_that() -> None:
    text = sentence("nothing", "usual-care", 52, np.zeros(100))
    assert "probably no meaningful difference" in text
    assert "0.00 to 0.00" in text


@pytest.mark.parametrize(
    ("large", "worse", "words"),
    [
        (0.9, 0.0, "probably a meaningful difference"),
        (0.0, 0.9, "probably harm"),
        (0.3, 0.0, "uncertain"),
        (0.0, 0.1, "uncertain"),
        (0.01, 0.0, "probably no meaningful difference"),
    ],
)
def test_the_verdict_follows_the_shares(large: float, worse: float, words: str) -> None:
    assert verdict(large, worse) == words


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
