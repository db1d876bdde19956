"""Claims about questions with feedback, and sliders: friendly, exact, and there without widgets."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import InputError
from sim.teaching import UNDRAWN, ask, feedback, quiz, sliders

HINT = "look at the last row"


@pytest.mark.parametrize(
    ("answer", "right", "said"),
    [
        (None, 0.3, "Not filled in yet."),
        ("  ", 0.3, "Not filled in yet."),
        (0.3, 0.3, "Right."),
        ("0,31", 0.3, "Right."),
        ("31 %", 0.3, "Right."),
        ("0.34", 0.3, f"Close, but not yet: {HINT}"),
        ("0.9", 0.3, f"Not yet: {HINT}"),
        ("\N{MINUS SIGN}0.3", 0.3, f"The size is right, the sign is not: {HINT}"),
        ("nan", 0.3, f"Not yet: {HINT}"),
        ("many", 0.3, "This asks for a number, such as 0.5 or 40%."),
        ("Practice ", "practice", "Right."),
        ("recovery", "practice", f"Not yet: {HINT}"),
    ],
)
def test_feedback_says_how_an_answer_is(answer: Any, right: float | str, said: str) -> None:
    assert feedback(answer, right, HINT, within=0.02) == said


def test_the_right_answer_is_worked_out_once_there_is_an_answer() -> None:
    def right() -> float:
        raise ZeroDivisionError

    assert feedback(None, right, HINT) == "Not filled in yet."
    with pytest.raises(ZeroDivisionError):
        feedback(1, right, HINT)


def test_a_question_answers_what_is_typed_or_chosen() -> None:
    pytest.importorskip("ipywidgets")
    _, field, said = ask("How many <teams>?", 27, "count them").children
    assert said.value == "Not filled in yet."
    field.value = "26"
    assert said.value == "Not yet: count them"
    field.value = "27"
    assert said.value == "Right."
    shown, field, said = ask(
        "First?", "hope & skill", "a > b", choices=["hope & skill", "b"]
    ).children
    assert field.value is None, "nothing is chosen for the student"
    field.value = "b"
    assert said.value == "Not yet: a &gt; b"
    field.value = "hope & skill"
    assert said.value == "Right."
    assert shown.value == "<b>First?</b>"
    assert len(quiz(ask("One?", 1, "count"), ask("Two?", 2, "count")).children) == 2


def test_a_quiz_shows_widgets_of_others_and_refuses_what_is_none() -> None:
    widgets = pytest.importorskip("ipywidgets")
    shown = quiz(ask("One?", 1, "count"), widgets.Checkbox())
    assert len(shown.children) == 2
    assert shown._repr_mimebundle_()["text/plain"] == "One? Count."
    with pytest.raises(InputError, match="question 2 is 'Two', which nobody can answer"):
        quiz(ask("One?", 1, "count"), "Two")


def test_sliders_draw_anew_with_the_values_chosen() -> None:
    pytest.importorskip("ipywidgets")
    seen: list[tuple[int, float]] = []
    shown = sliders(
        lambda teams, icc: seen.append((teams, icc)), teams=(4, 60, 27), icc=(0.0, 0.2, 0.05)
    )
    shown.update()
    shown.children[0].value = 40
    assert seen[0] == (27, 0.05)
    assert shown.auto_display, "what is returned is shown"
    assert seen[-1] == (40, 0.05)


def test_a_page_that_draws_no_widgets_shows_something_to_read() -> None:
    pytest.importorskip("ipywidgets")
    shown = quiz(ask("How many <teams>?", 27, "count them"), ask("First?", "a", "b?", choices="ab"))
    forms = shown._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in forms, "drawn where that can be"
    assert forms["text/plain"] == "How many <teams>? Count them.\nFirst? (a / b) B?"
    assert "VBox" not in str(forms)
    page = forms["text/html"]
    assert "<b>How many &lt;teams&gt;?</b>" in page
    assert "<ul><li>a</li><li>b</li></ul>" in page
    assert "<details><summary>Where to look</summary>Count them.</details>" in page
    assert page.count(UNDRAWN) == 1
    moved = sliders(lambda team_size: team_size, team_size=(4, 60, 27))._repr_mimebundle_()
    assert moved["text/plain"] == "team size: 4 to 60, here 27"


def test_without_widgets_the_question_stands_there_and_the_picture_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sim.teaching.find_spec", lambda _: None)
    assert ask("How many?", 27, "count them") == "How many? Count them."
    assert quiz(ask("One?", 1, "count"), "Two?") == "One? Count.\nTwo?"
    assert sliders(lambda icc: f"power at {icc}", icc=(0.0, 0.2, 0.05)) == "power at 0.05"
    drawn = sliders(lambda icc: None, icc=(0.0, 0.2, 0.05))
    number = sliders(lambda icc: icc, icc=(0.0, 0.2, 0.05))
    assert quiz(drawn, number, ask("One?", 1, "count")) == "0.05\nOne? Count."
