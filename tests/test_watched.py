"""A team that is watched does what it does in the whole service, to the last bit.

One week on Mesa after the others on the compiled week follows the same rules with the same inputs.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engines.mesa_model import RecoveryModel
from sim.engines.watched import around, watched_week
from tests.worlds import Recipe, State, first_difference, mesa_state, recipes

WEEKS = 8
# Numbers of teams and trusts within a layout, which name others and change nothing.
NUMBERS = {"trust": 0, "cross_team": 0}


def state_of(model: RecoveryModel, name: str) -> State:
    """Return one team's people, and its trust, without the numbers that others have."""
    team = next(one for one in model.teams if one.name == name)
    whole = mesa_state(model)
    staff = team.row.staff_start
    users = team.row.user_start
    found = {
        "trust": whole["trust"][[model.trusts.index(team.trust_agent)]],
        "team": whole["team"][[team.index]],
        "staff": whole["staff"][staff : staff + team.row.staff],
        "service_user": whole["service_user"][users : users + team.row.users],
    }
    for kind, field in (("team", "trust"), ("staff", "cross_team")):
        found[kind][field] = NUMBERS[field]
    return found


@given(recipes(), st.integers(0, 10))
@settings(max_examples=8)
def test_a_watched_team_is_the_same_in_every_bit(recipe: Recipe, which: int) -> None:
    layout, p = recipe.layout(WEEKS), recipe.parameters()
    name = layout.team_names[which % len(layout.team_names)]
    chance = (recipe.seed, recipe.replication)
    part = around(layout, name, p, *chance)
    assert part.users == layout.teams["users"][layout.team_names.index(name)]
    whole, alone = RecoveryModel(layout, p, *chance), RecoveryModel(part, p, *chance)
    own = next(one for one in alone.teams if one.name == name)
    for one in (own, *own.members, *own.users):
        one.watched = True
    for week in range(WEEKS + 1):
        if week > 0:
            whole.step()
            alone.step()
        assert first_difference(state_of(whole, name), state_of(alone, name), week) == ""
    last = watched_week(layout, name, p, *chance, WEEKS)
    for one, gone_on in zip(
        (own, *own.members, *own.users), (last, *last.members, *last.users), strict=True
    ):
        assert gone_on.steps == [step for step in one.steps if step.week == WEEKS]
    whole.release()
    alone.release()
