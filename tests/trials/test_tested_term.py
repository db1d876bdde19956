"""The tested term in the words of a table: references, directions, and what a name stands for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.analyses.tested_term import (
    AS_IN_R,
    chosen_references,
    coded_fixed_part,
    compared_labels,
    control_is_larger,
    direction,
    notes_on_term,
    where_it_holds,
)
from sim.trials.data.reference_level import FIRST, GIVEN, RECOGNISED, Reference
from sim.trials.data.trial_table import as_labels
from sim.trials.fits.fixed_part import Part
from sim.trials.fits.model_formula import parse_formula

TABLE = pd.DataFrame(
    {
        "y": np.arange(12.0),
        "arm": as_labels(pd.Series(["b", "c", "a"] * 4)),
        "got": as_labels(pd.Series(["new", "usual care"] * 6)),
        "one": [0.0, 1.0] * 6,
        "two": [0.0, 2.0] * 6,
        "dose": [0.0, 0.5, 1.0] * 4,
        "site": as_labels(pd.Series(["n", "s", "s", "n"] * 3)),
        "team": as_labels(pd.Series(list("abcdef") * 2)),
        "ward": as_labels(pd.Series([f"w{k % 8}" for k in range(12)])),
        "seven": as_labels(pd.Series([f"s{k % 7}" for k in range(12)])),
    }
)


def taken(model: str, term: str, *references: str, several: bool = False, doubt: Any = None) -> Any:
    """Return the fixed part, its references and the tested columns."""
    formula = parse_formula(f"y ~ {model} + (1|team)")
    chosen = chosen_references(references, formula, TABLE, term)
    return coded_fixed_part(formula, TABLE, chosen, term, doubt or {}, several=several)


def told(model: str, term: str, *references: str) -> tuple[str, list[str]]:
    """Return which minus which a term is, and the notes on it."""
    fixed, chosen, at = taken(model, term, *references)
    return direction(fixed.parts[at[0]], TABLE), notes_on_term(fixed, at[0], TABLE, chosen)


def part(written: str, level: str | None = None, reference: str | None = None) -> Part:
    return Part(written, written, level, reference)


def test_references_are_given_recognised_or_first() -> None:
    formula = parse_formula("y ~ arm + got + one + two + dose + (1|team)")
    found = chosen_references(["a", "one=1"], formula, TABLE, "arm")
    assert found == {
        "arm": Reference("a", GIVEN),
        "got": Reference("usual care", RECOGNISED),
        "one": Reference("1", GIVEN),
    }
    assert chosen_references([], formula, TABLE, "arm")["arm"] == Reference("a", FIRST)
    assert chosen_references(["two=2"], formula, TABLE, "arm")["two"].label == "2"
    with pytest.raises(InputError, match=r"'dose' is a number in the model; write factor\(dose\)"):
        chosen_references(["dose=0.5"], formula, TABLE, "arm")
    # A label alone is of the tested term's column.
    assert chosen_references(["1"], formula, TABLE, "one")["one"] == Reference("1", GIVEN)


def test_a_coefficient_of_r_is_answered_with_r_s_sign() -> None:
    fixed, chosen, at = taken("got + dose", "gotusual care")
    assert fixed.names[at[0]] == "gotusual care"
    assert chosen["got"] == Reference("new", AS_IN_R)
    words, notes = told("got + dose", "gotusual care")
    assert words == "usual care minus new"
    assert notes == [
        "'gotusual care' is R's name of a coefficient and has R's sign, usual care minus new; "
        "--term got answers new minus usual care"
    ]
    with pytest.raises(InputError, match="'usual care' is the reference of 'got', as --reference"):
        taken("got + dose", "gotusual care", "got=usual care")
    with pytest.raises(InputError, match="name another label, as armb"):
        taken("arm", "arma", "arm=a")
    with pytest.raises(InputError, match="unknown term 'arma'"):
        taken("arm", "arma")
    with pytest.raises(InputError, match="unknown term 'side'"):
        taken("arm", "side")


def test_which_minus_which() -> None:
    assert told("got", "got")[0] == "new minus usual care"
    assert told("one", "one")[0] == "1 minus 0"
    assert told("two", "two")[0] == "per unit of two"
    assert told("dose", "dose")[0] == "per unit of dose"
    assert told("got*dose", "got:dose")[0] == "new minus usual care per unit of dose"
    both = "got (new minus usual care) by site (s minus n)"
    assert told("got*site", "site:got")[0] == both
    assert told("got*site*dose", "got:dose:site")[0] == f"{both} per unit of dose"
    assert direction((), TABLE).startswith("mean where every number is 0")
    assert direction([part("arm", "a")], TABLE) == "arm a, without a reference"
    pair = [part("arm", "a"), part("got", "new", "usual care")]
    assert direction(pair, TABLE) == ("(arm a, without a reference) by got (new minus usual care)")


def test_labels_that_a_coefficient_compares() -> None:
    new = part("got", "new", "usual care")
    given = {"got": Reference("usual care", GIVEN)}
    want = {"column": "got", "level": "new", "reference": "usual care", "chosen": GIVEN}
    assert compared_labels([new], TABLE, given) == want
    assert compared_labels([new, part("dose")], TABLE, given) is None
    assert compared_labels([part("dose")], TABLE, given) is None
    one = compared_labels([part("one")], TABLE, {})
    assert one is not None
    assert (one["level"], one["reference"], one["chosen"]) == ("1", "0", RECOGNISED)
    five = TABLE.assign(one=TABLE["one"] + 5.0)
    later = compared_labels([part("one")], five, {})
    assert later is not None
    assert (later["level"], later["reference"], later["chosen"]) == ("6", "5", FIRST)


def test_the_control_arm_may_have_the_larger_number() -> None:
    pair = {"column": "got", "level": "new", "reference": "usual care", "chosen": RECOGNISED}
    assert not control_is_larger(pair)
    turned = {**pair, "level": "usual care", "reference": "new", "chosen": FIRST}
    assert control_is_larger(turned)
    assert not control_is_larger({**turned, "chosen": GIVEN})
    with pytest.raises(InputError, match="neither 'a' nor 'b' of 'got'"):
        control_is_larger({**pair, "level": "b", "reference": "a"})
    with pytest.raises(InputError, match="compares two arms"):
        control_is_larger(None)


def test_how_a_reference_was_found_is_told() -> None:
    assert told("got", "got", "got=new")[1] == []
    recognised = told("got", "got")[1]
    assert "because this label means control" in recognised[0]
    assert "--reference got=new sets another" in recognised[0]
    first = told("arm", "armb")[1]
    assert "'a' of arm is the reference because it sorts first" in first[0]
    assert "--reference arm=LABEL sets another" in first[0]
    assert "control" in told("one", "one")[1][0]
    assert told("dose", "dose")[1] == []


def test_an_effect_in_interactions_holds_at_their_zero() -> None:
    fixed, _, at = taken("got*site + got:dose + got:ward", "got")
    found = where_it_holds(fixed, at[0])
    assert found[0] == "with got:site in the model this is the effect where site is n"
    assert "with got:dose in the model this is the effect where dose is 0" in found
    assert len(found) == 2 + 7
    fixed, _, at = taken("got*site*dose", "got:site")
    assert where_it_holds(fixed, at[0]) == [
        "with got:site:dose in the model this is the effect where dose is 0"
    ]
    fixed, _, at = taken("got*site*dose", "got:site:dose")
    assert where_it_holds(fixed, at[0]) == []
    assert where_it_holds(fixed, fixed.names.index("(Intercept)")) == []
    # Each label has a coefficient, and one note holds for all.
    three = taken("got*arm", "got")
    notes = notes_on_term(three[0], three[2][0], TABLE, three[1])
    assert sum("where arm is a" in one for one in notes) == 1


def test_a_term_of_several_coefficients_is_one_where_it_may_be() -> None:
    with pytest.raises(InputError, match="it has 2 coefficients, name one of armb, armc$"):
        taken("arm", "arm")
    assert len(taken("arm", "arm", several=True)[2]) == 2
    assert len(taken("arm*got", "got:arm", several=True)[2]) == 2
    assert taken("arm", "armc", several=True)[0].names[1:] == ("armb", "armc")
    doubt = {"arm": ["labels b and B of arm differ by a slip"]}
    with pytest.raises(InputError, match="name one of armb, armc; labels b and B"):
        taken("arm", "arm", several=True, doubt=doubt)
    assert len(taken("got", "got", several=True, doubt={"got": ["slip"]})[2]) == 1
    with pytest.raises(InputError, match=r"7 coefficients, name one of .*w6, \.\.\.$"):
        taken("ward", "ward")
    with pytest.raises(InputError, match=r"6 coefficients, name one of [^.]*s6$"):
        taken("seven", "seven")


def test_a_coefficient_has_several_names() -> None:
    fixed = taken("factor(dose) + got", "got")[0]
    at = fixed.names.index("factor(dose)0.5")
    for name in ("factor(dose)0.5", "as.factor(dose)0.5", "C(dose) 0.5", "dose0.5", "`dose`0.5"):
        assert taken("factor(dose) + got", name)[2] == (at,)
