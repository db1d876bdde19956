"""Questions that answer, and sliders, for the notebooks of the course.

Nobody has to write code for them: a question is a list to choose from or a box for a number, and
says in words how the answer is. Without ipywidgets (it comes with the extra ``teach``) the question
is printed with its hint, and a picture is drawn once, as the sliders would start. Where the kernel
has ipywidgets and the page that shows the notebook cannot draw them, the questions stand there to
be read, each hint one click away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from importlib.util import find_spec
from typing import Any

from sim.errors import InputError

NEAR = 3.0
"""An answer within so many times the tolerance is called close."""
UNDRAWN = (
    "To be read here: fields and sliders are drawn where the notebook runs and its Jupyter has the "
    "package ipywidgets."
)
"""What is said where widgets cannot be drawn."""
STEPS = 50
"""Steps from one end of a slider to the other."""


def feedback(
    answer: float | str | None,
    right: float | str | Callable[[], float | str],
    hint: str,
    *,
    within: float = 0.0,
) -> str:
    """Say in words how an answer is.

    Parameters
    ----------
    answer : float, str or None
        A number, a number as people write it (``"1,5"``, ``"40%"``), or one of the words to choose
        from; None and an empty text are not filled in.
    right : float, str or callable
        The right answer, or what works it out, called only once there is an answer.
    hint : str
        Where to look; shown with a wrong answer.
    within : float
        How far from `right` a number may lie.

    Returns
    -------
    str
        One sentence, with the hint where the answer is not right.
    """
    if answer is None or not str(answer).strip():
        return "Not filled in yet."
    wanted = right() if callable(right) else right
    if isinstance(wanted, str):
        matches = str(answer).strip().casefold() == wanted.casefold()
        return "Right." if matches else f"Not yet: {hint}"
    value = number_in(str(answer))
    if value is None:
        return "This asks for a number, such as 0.5 or 40%."
    off = abs(value - wanted)
    if off <= within:
        return "Right."
    if wanted and abs(value + wanted) <= within:
        return f"The size is right, the sign is not: {hint}"
    return f"{'Close, but not yet' if off <= NEAR * within else 'Not yet'}: {hint}"


def number_in(text: str) -> float | None:
    """Return the number that a text says, a percentage as a share; None if it says none."""
    plain = text.strip().replace(",", ".").replace("\N{MINUS SIGN}", "-")
    try:
        return float(plain.removesuffix("%")) / (100.0 if plain.endswith("%") else 1.0)
    except ValueError:
        return None


class Readable:
    """A widget that can also be read where none is drawn.

    A notebook takes the richest form that it can show: the widget, else the page, else the text.
    """

    plain: Sequence[str] = ()
    page: Sequence[str] = ()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        drawn: dict[str, Any] = super()._repr_mimebundle_(**options)  # type: ignore[misc]
        return {
            **drawn,
            "text/plain": "\n".join(self.plain),
            "text/html": "".join([*self.page, f"<p><small>{UNDRAWN}</small></p>"]),
        }


@cache
def readable(kind: type) -> Any:
    """Return a kind of widget that can also be read."""
    return type(kind.__name__, (Readable, kind), {})


def told(hint: str) -> str:
    """Return where to look as a sentence; a hint may be a question."""
    return f"{hint[:1].upper()}{hint[1:]}{'' if hint[-1:] in '.?!' else '.'}"


def read_as_text(question: str, hint: str, choices: Sequence[str]) -> str:
    """Return a question, what can be chosen and the hint as a line of text."""
    listed = f" ({' / '.join(choices)})" if choices else ""
    return f"{question}{listed} {told(hint)}"


def read_as_page(question: str, hint: str, choices: Sequence[str]) -> str:
    """Return the same as HTML, with the hint one click away."""
    listed = "".join(f"<li>{escape(one)}</li>" for one in choices)
    return (
        f"<p><b>{escape(question)}</b></p>{f'<ul>{listed}</ul>' if listed else ''}"
        f"<details><summary>Where to look</summary>{escape(told(hint))}</details>"
    )


def ask(
    question: str,
    right: float | str | Callable[[], float | str],
    hint: str,
    *,
    choices: Sequence[str] = (),
    within: float = 0.0,
) -> Any:
    """Show a question that answers at once.

    Parameters
    ----------
    question : str
        In plain words.
    right, hint, within
        As in `feedback`.
    choices : sequence of str
        What can be chosen; without any, a number is typed (and Enter pressed).

    Returns
    -------
    ipywidgets.VBox or str
        Question, field and feedback, readable where no widget is drawn; without ipywidgets the
        question and where to look.
    """
    if find_spec("ipywidgets") is None:
        return read_as_text(question, hint, choices)
    import ipywidgets

    wide = ipywidgets.Layout(width="auto")
    field: Any
    if choices:
        field = ipywidgets.RadioButtons(options=list(choices), value=None, layout=wide)
    else:
        field = ipywidgets.Text(placeholder="a number, then Enter", continuous_update=False)
    said = ipywidgets.HTML(feedback(None, right, hint))

    def answer(change: dict[str, Any]) -> None:
        said.value = escape(feedback(change["new"], right, hint, within=within))

    field.observe(answer, names="value")
    box = readable(ipywidgets.VBox)([ipywidgets.HTML(f"<b>{escape(question)}</b>"), field, said])
    box.plain = (read_as_text(question, hint, choices),)
    box.page = (read_as_page(question, hint, choices),)
    return box


def quiz(*questions: Any) -> Any:
    """Show several questions, one below the other, as `ask` returned them."""
    if find_spec("ipywidgets") is None:
        # Without widgets `sliders` has drawn its picture, or returns one.
        return "\n".join(str(one) for one in questions if one is not None)
    import ipywidgets

    for number, one in enumerate(questions, start=1):
        if not isinstance(one, ipywidgets.Widget):
            raise InputError(
                f"quiz: question {number} is {one!r}, which nobody can answer; give what "
                "`ask` or `sliders` returned"
            )
    box = readable(ipywidgets.VBox)(list(questions))
    # A widget of somebody else's is shown; it has no words of ours to be read instead.
    box.plain = [text for one in questions for text in getattr(one, "plain", ())]
    box.page = [text for one in questions for text in getattr(one, "page", ())]
    return box


def sliders(picture: Callable[..., Any], **ranges: tuple[float, float, float]) -> Any:
    """Show a picture, or a text, that follows sliders.

    Parameters
    ----------
    picture : callable
        Takes the values by name; what it returns or draws is shown.
    **ranges : tuple of float
        Lowest, highest and starting value of each. Three whole numbers make a slider of whole
        numbers.

    Returns
    -------
    ipywidgets.interactive or object
        Sliders and picture; without ipywidgets what `picture` returns at the starting values.
    """
    if find_spec("ipywidgets") is None:
        return picture(**{name: start for name, (_, _, start) in ranges.items()})
    import ipywidgets

    made: dict[str, Any] = {}
    for name, (low, high, start) in ranges.items():
        settings: dict[str, Any] = {
            "min": low,
            "max": high,
            "value": start,
            "description": name.replace("_", " "),
            "continuous_update": False,
            "style": {"description_width": "initial"},
        }
        if all(isinstance(one, int) for one in (low, high, start)):
            made[name] = ipywidgets.IntSlider(**settings)
        else:
            made[name] = ipywidgets.FloatSlider(
                **settings, step=(high - low) / STEPS, readout_format=".2f"
            )
    # Unasked, a picture that is returned and not drawn would not be shown.
    box = readable(ipywidgets.interactive)(picture, {"auto_display": True}, **made)
    box.plain = [
        f"{one.description}: {one.min:g} to {one.max:g}, here {one.value:g}"
        for one in made.values()
    ]
    box.page = [f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in box.plain)}</ul>"]
    return box
