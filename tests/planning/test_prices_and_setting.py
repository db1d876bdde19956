"""Prices and settings from files: what is refused and how, what is laid over what."""

from __future__ import annotations

import tomllib
from datetime import date

import numpy as np
import pytest

from sim.errors import InputError
from sim.inputs.roster import described_roster
from sim.parameters.descriptor import GRADES
from sim.planning.prices import prices_from_text, prices_template, read_prices, shipped_prices
from sim.planning.setting import (
    Setting,
    read_setting,
    setting_from_text,
    setting_template,
    wished_starts,
)

ROSTER = described_roster(trusts=1, teams_per_trust=5, intervention_share=1.0)


def test_every_price_without_a_source_is_an_assumption_with_a_wide_range() -> None:
    draws = shipped_prices().draws(400, 1)
    for name, one in shipped_prices().entries.items():
        assert one.about.grade in ("literature", "assumption")
        if "no figure seen" in one.about.source:
            assert one.about.grade == "assumption"
        if one.about.grade == "assumption":
            low, high = np.quantile(draws[name], [0.05, 0.95])
            assert high / low > 2.0, name


def test_own_prices_go_before_the_shipped_ones() -> None:
    prices = prices_from_text(
        'price_year = "2024/25"\nuprating = 1.5\nstaff_hour = 50\n'
        "coach_hour = { value = 60, low = 45, high = 80 }\n"
    )
    values = prices.values()
    assert values["staff_hour"] == 50.0
    assert values["trainer_day"] == 1.5 * shipped_prices().values()["trainer_day"]
    assert values["telephone_hours"] == shipped_prices().values()["telephone_hours"]
    draws = prices.draws(2000, 1)
    assert np.ptp(draws["staff_hour"]) == 0.0
    np.testing.assert_allclose(np.quantile(draws["coach_hour"], [0.05, 0.95]), [45, 80], rtol=0.02)
    ratio = draws["venue_day"] / shipped_prices().draws(2000, 1)["venue_day"]
    np.testing.assert_allclose(ratio, 1.5)
    assert prices.price_year == "2024/25"
    assert not any("unadjusted" in note for note in prices.notes)


def test_prices_keep_the_year_they_are_of() -> None:
    """A year that is only named changes no price; sums of two years are called so."""
    mixed = prices_from_text('price_year = "2024/25"\nstaff_hour = 50')
    assert any("unadjusted" in note for note in mixed.notes)
    assert mixed.price_year == "2024/25 and 2013/14"
    assert mixed.entries["staff_hour"].price_year == "2024/25"
    assert mixed.entries["trainer_day"].price_year == "2013/14"
    assert mixed.entries["trainer_preparation"].price_year == "", "a quantity has no year"
    named = prices_from_text('price_year = "2024/25"')
    assert named.price_year == "2013/14"
    assert any("unadjusted" in note for note in named.notes)
    silent = prices_from_text("staff_hour = 50")
    assert silent.price_year == "2013/14"
    assert any("no price_year" in note for note in silent.notes)
    same = prices_from_text('price_year = "2024/25"\nuprating = 1.0')
    assert same.price_year == "2024/25"
    assert not any("unadjusted" in note for note in same.notes)


def test_evidence_is_in_the_three_words_of_the_registry() -> None:
    prices = prices_from_text(
        'staff_hour = { value = 45.0, low = 40.0, high = 52.0, source = "trust finance" }\n'
        "trainer_day = 600"
    )
    assert {one.about.grade for one in prices.entries.values()} <= set(GRADES)
    assert prices.entries["staff_hour"].about.source == "the planner's own: trust finance"
    assert prices.entries["trainer_day"].about.source == "the planner's own"
    told = prices.notes[0]
    assert told.startswith("2 of ")
    kept = [one for one in prices.entries.values() if not one.own]
    assert f"{sum(one.about.grade == 'assumption' for one in kept)} are assumptions" in told


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("staf_hour = 3", "did you mean 'staff_hour'"),
        ("staff_hour = -1", r"must be a number in \[10, 200\]"),
        ("staff_hour = true", "must be a number"),
        ("staff_hour = { low = 3 }", "lacks its value"),
        ("staff_hour = { value = 40, low = 39 }", "both low and high"),
        ("staff_hour = { value = 40, low = 45, high = 60 }", "low < value < high"),
        ("staff_hour = { value = 40, hihg = 45 }", "did you mean 'high'"),
        ("uprating = 0", r"uprating = 0: must be a number in \[0.1, 10\]"),
        ("staff_hour =", "not valid TOML"),
    ],
)
def test_a_price_that_breaks_a_rule_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as refused:
        prices_from_text(text)
    assert "\n" not in str(refused.value)


def test_templates_load() -> None:
    assert prices_from_text(prices_template()).values() == shipped_prices().values()
    opened = "\n".join(
        line.removeprefix("# ")
        for line in prices_template().splitlines()
        if line.removeprefix("# ").split(" = ")[0] in shipped_prices().entries
        and "{" not in line
        and not line.startswith("#  ")
    )
    assert set(tomllib.loads(opened)) == set(shipped_prices().entries)
    assert setting_from_text(setting_template()).start_date == date(2027, 4, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("start_date = 2027-04-01\n[[waves]]\ndate = 2027-03-01", "before start_date = 2027-04-01"),
        ("[[waves]]\ndate = 2027-03-01", "start_date is missing"),
        ("years = 1\nstart_date = 2027-04-01\n[[waves]]\ndate = 2029-03-01", "after the 1 years"),
        (
            "start_date = 2027-04-01\n[[waves]]\ndate = 2027-05-01\n[[waves]]\ndate = 2027-04-09",
            "must come after wave 1",
        ),
        ("trainer = 3", "did you mean 'trainers'"),
        ("trainers = 2.5", "whole number"),
        ("budget_per_year = -1", "budget_per_year = -1: must be a number"),
        ("discount_rate = 3.5", "discount_rate = 3.5: must be a number"),
        ("start_date = 'soon'", "must be a date such as"),
        ("waves = 3", r"headed \[\[waves\]\]"),
    ],
)
def test_a_setting_that_breaks_a_rule_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as refused:
        setting_from_text(text)
    assert "\n" not in str(refused.value)


def test_waves_without_names_share_teams_out_in_roster_order() -> None:
    setting = setting_from_text(
        "start_date = 2027-04-01\n[[waves]]\ndate = 2027-04-01\n[[waves]]\ndate = 2027-07-01"
    )
    starts = np.array([0, 0, -1, 0, 0])
    assert wished_starts(setting, ROSTER, starts).tolist() == [0, 0, -1, 13, 13]
    assert wished_starts(Setting(), ROSTER, starts).tolist() == starts.tolist()


def test_waves_with_names_start_those_teams_only() -> None:
    text = 'start_date = 2027-04-01\n[[waves]]\ndate = 2027-04-15\nteams = ["t001-002", "T001-003"]'
    starts = np.array([0, 0, -1, 0, 0])
    found = wished_starts(setting_from_text(text), ROSTER, starts)
    assert found.tolist() == [-1, 2, -1, -1, -1]
    with pytest.raises(InputError, match="is not in the roster"):
        wished_starts(setting_from_text(text.replace("T001-003", "Somewhere")), ROSTER, starts)
    with pytest.raises(InputError, match="stands already in wave 1"):
        wished_starts(setting_from_text(text.replace("T001-003", "T001-002")), ROSTER, starts)


def test_missing_files_are_told_by_name(tmp_path) -> None:  # type: ignore[no-untyped-def]
    for read in (read_prices, read_setting):
        with pytest.raises(InputError, match="does not exist"):
            read(tmp_path / "nothing.toml")
        with pytest.raises(InputError, match="is a folder"):
            read(tmp_path)


@pytest.mark.parametrize("year", ['"1850"', '"20145"', '"2024/26"', '"soon"', "2024.5", "true"])
def test_a_price_year_is_a_year(year: str) -> None:
    with pytest.raises(InputError, match="price_year = .*must be a year such as"):
        prices_from_text(f"price_year = {year}")


def test_uprating_needs_the_year_it_leads_to() -> None:
    with pytest.raises(InputError, match="give price_year as well"):
        prices_from_text("uprating = 1.3")
    dearer = prices_from_text('uprating = 1.3\nprice_year = "2024/25"')
    usual = shipped_prices().values()
    assert dearer.values()["staff_hour"] == pytest.approx(1.3 * usual["staff_hour"])
    assert dearer.price_year == "2024/25"
    assert prices_from_text("price_year = 2024\nuprating = 1.3").price_year == "2024"


def test_waves_by_trust_start_all_teams_of_a_trust_and_a_slip_is_refused() -> None:
    roster = described_roster(trusts=2, teams_per_trust=2, intervention_share=1.0)
    start = "start_date = 2027-04-01\n[[waves]]\ndate = 2027-04-01\n"
    later = "[[waves]]\ndate = 2027-04-15\n"
    first, second = (f"trust-00{one}" for one in (1, 2))
    ready = np.zeros(4, np.int64)

    def wished(text: str) -> list[int]:
        return wished_starts(setting_from_text(text), roster, ready).tolist()

    assert wished(f'{start}trusts = ["{first}"]\n{later}trusts = ["{second}"]') == [0, 0, 2, 2]
    assert wished(f'{start}trusts = ["{second.upper()}"]') == [-1, -1, 0, 0]
    one = roster.rows[0].team
    assert wished(f'{start}teams = ["{one}"]\n{later}trusts = ["{second}"]') == [0, -1, 2, 2]
    for text, says in (
        ('trusts = ["trust-01"]', "trust 'trust-01': is not in the roster; did you mean 'trust-0"),
        (f'teams = ["{first}"]', f"team '{first}': is not in the roster; it is a trust"),
        ("trusts = 3", "trusts: must be a list of trust names"),
        ('trust = ["x"]', "unknown field 'trust'; did you mean 'trusts'"),
    ):
        with pytest.raises(InputError, match=says):
            wished(start + text)
    with pytest.raises(InputError, match=f"'{one}' of trust '{first}': stands already in wave 1"):
        wished(f'{start}teams = ["{one}"]\n{later}trusts = ["{first}"]')


@pytest.mark.parametrize(
    ("field", "low", "high", "below", "above"),
    [
        ("years", 1 / 52, 20, 0.019, 20.1),
        ("trainers", 0, 1000, -1, 1001),
        ("trainer_days_per_year", 0.5, 260, 0.49, 260.5),
        ("budget_per_year", 0, 10_000_000_000, -0.005, 10_000_000_001),
        ("discount_rate", 0, 0.2, -0.005, 0.201),
    ],
)
def test_limits_of_a_setting_belong_to_it(
    field: str, low: float, high: float, below: float, above: float
) -> None:
    for inside in (low, high):
        setting_from_text(f"{field} = {inside}")
    for outside in (below, above):
        with pytest.raises(InputError, match=field):
            setting_from_text(f"{field} = {outside}")


def test_a_setting_that_says_nothing_has_the_rate_of_nice_and_a_hundred_days() -> None:
    found = setting_from_text("")
    assert (found.discount_rate, found.capacity.days_per_year) == (0.035, 100.0)
    assert (found.years, found.capacity.trainers, found.capacity.budget_per_year) == (None,) * 3
    assert found.date_of(3) is None
    assert setting_from_text("start_date = 2027-04-01").date_of(2) == date(2027, 4, 15)


def test_waves_begin_within_the_time_and_one_after_the_other() -> None:
    def waves(*dates: str) -> str:
        return "years = 1\nstart_date = 2027-04-01\n" + "".join(
            f"[[waves]]\ndate = {one}\n" for one in dates
        )

    # The first day, and the last of 364.
    assert len(setting_from_text(waves("2027-04-01", "2028-03-29")).waves) == 2
    for dates, fault in (
        (("2028-03-30",), "after the 1 years"),
        (("2027-05-01", "2027-05-01"), "must come after wave 1"),
        (("2027-03-31",), "wave 1: date = 2027-03-31: lies before"),
    ):
        with pytest.raises(InputError, match=fault):
            setting_from_text(waves(*dates))


@pytest.mark.parametrize(
    ("year", "good"),
    [
        ("1990", True),
        ("1989", False),
        ("2100", True),
        ("2101", False),
        ("1999/00", True),
        ("2024/24", False),
        ("2024/25", True),
    ],
)
def test_a_price_year_lies_between_1990_and_2100(year: str, good: bool) -> None:
    if good:
        prices_from_text(f'price_year = "{year}"')
        return
    with pytest.raises(InputError, match="price_year"):
        prices_from_text(f'price_year = "{year}"')


def test_an_own_range_holds_its_middle_90_percent() -> None:
    prices = prices_from_text("coach_hour = { value = 60, low = 40, high = 90 }")
    prior = prices.entries["coach_hour"].about.prior
    assert prior["median"] == pytest.approx(60.0)
    # ln(90 / 40) is twice 1.645 sigma.
    assert prior["sigma"] == pytest.approx(np.log(2.25) / 3.2897, rel=1e-4)
    one = prices.draws(1, 1)["coach_hour"]
    assert one.tolist() == [60.0], "one draw has the central values"
    two = prices.draws(2, 1)["coach_hour"]
    assert len(two) == 2
    assert np.ptp(two) > 0.0
    assert [len(prices.draws(count, 1)["coach_hour"]) for count in (0, 1)] == [1, 1]


def test_notes_count_assumptions_and_tell_of_a_year_that_is_missing() -> None:
    shipped = shipped_prices()
    assumed = sum(one.about.grade == "assumption" for one in shipped.entries.values())
    assert shipped.notes[0].startswith(f"{assumed} of {len(shipped.entries)} prices")
    for text, missing in (("", False), ("telephone_hours = 0.5", False), ("staff_hour = 50", True)):
        told = prices_from_text(text).notes
        assert any("no price_year" in one for one in told) is missing


def test_a_name_like_no_other_gets_the_list_of_all() -> None:
    with pytest.raises(InputError, match="'zzzzzzzz'; valid: backfill_hour, "):
        prices_from_text("zzzzzzzz = 3")


def test_a_low_end_lies_above_nought_however_little() -> None:
    fine = prices_from_text("backfill_share = { value = 0.5, low = 0.005, high = 0.9 }")
    assert fine.entries["backfill_share"].own
    with pytest.raises(InputError, match="must be 0 < low < value < high"):
        prices_from_text("backfill_share = { value = 0.5, low = 0, high = 0.9 }")
