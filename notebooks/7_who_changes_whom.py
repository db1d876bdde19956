# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7 · Who changes whom
#
# **For** a class that has met networks or peer influence before.
# **Time** 90 minutes: reading 10, prediction 5, worked cells 30, exercises 35, discussion 10.
# **Machine** about 15 seconds; for a real answer 50 draws of the posterior (a minute).
#
# ## Learning objectives
#
# By the end you can
#
# 1. say why two people who are alike and tied need not have influenced each other;
# 2. read a counterfactual: the same year, the same luck, one thing switched off;
# 3. tell who moved whom in one team, and why that is no advice about a real team;
# 4. judge a rule for placing a champion over many simulated teams.

# %% [markdown]
# ## Ten minutes of reading
#
# Colleagues who ask one another for advice come to resemble each other. In data that has three readings:
# they *influence* each other, they were alike and therefore *chose* each other (homophily), or something
# met both, a course that both went to. Cross-sections cannot tell these apart, and panels only with strong
# assumptions. Correlation among friends is not influence.
#
# In a simulation one can do what no study can: let the year happen again with the same people, sick days,
# sessions and meetings, and let one person not hear one other. Chance here is keyed by who, why and when,
# so that nothing else changes. The difference is the effect of that tie, exactly, *in the model*.
#
# What the model assumes: values move along advice ties towards the mean of those who are asked, and
# towards the leader's as far as the leader backs the work (Friedkin and Johnsen's anchored opinions). What
# travels is a *shift* from one's own usual, so that an untrained team stands still. That attitudes move
# towards those of advisers was seen in a panel of mental health staff; how far they move was not, and is
# an assumption. One consequence surprises people: talk with those who did *not* move pulls back those who
# did. Influence evens out, and need not lift the mean.
#
# Implementation science has names for people in such places: *champions* (ERIC: "identify and prepare
# champions"), *opinion leaders*, *early adopters*.

# %% [markdown]
# > **Predict first.** A team of some twenty goes through REFOCUS. Write down: if nobody had asked or
# > followed anybody, would staff values at the end of the year be higher or lower, and by how much of the
# > whole gain? Who is worth most as a champion: the leader, the most asked, or somebody else?

# %% [markdown]
# ## Worked: one team's year

# %%
import sim

team = "SLaM-01"
year = sim.influence("refocus-as-delivered", team)
print(year)

# %%
year.plot()

# %% [markdown]
# Left: a row is somebody, a column whose values they moved. Orange lifted, purple held back. Most cells are
# nearly white: few pairs matter. Right: the team's mean as it was, and had nobody talked. Grey lines are
# sessions; between them values fade.
#
# Look at one row as a table. Each number is the difference of two whole years:

# %%
moved = year.table("moved")
who = moved.groupby("source")["values"].mean().sort_values()
print("held others back most:", who.index[0], f"{who.iloc[0]:+.4f}")
print("lifted others most:   ", who.index[-1], f"{who.iloc[-1]:+.4f}")
moved[moved["source"] == who.index[-1]].sort_values("values", ascending=False).head(4)

# %% [markdown]
# ## Worked: a tie by hand
#
# Is it true? Follow one person for one week without the model: take what they held, what those whom they
# ask held, and the rule from the reading.

# %%
from sim.engines.mesa_model import RecoveryModel

world = RecoveryModel(seed=1).run_weeks(5)
staff = next(one for one in world.teams if one.name == team).members
person = next(one for one in staff if one.present and one.place and one.values > one.values_usual)
asked = [staff[place] for place in (person.tie_0, person.tie_1, person.tie_2) if place >= 0]
shift = person.values - person.values_usual
heard = sum(one.values - one.values_usual for one in asked if one.present) / max(
    1, sum(one.present for one in asked)
)
print(f"staff {person.place}: own shift {shift:+.4f}; asks {[one.place for one in asked]}")
print(f"their mean shift {heard:+.4f}: talk pulls {'up' if heard > shift else 'down'}")

# %% [markdown]
# ## Worked: what it is worth, over many teams
#
# One team is one story. Six simulated years of the same posts, each with other people and other ties:

# %%
many = sim.influence("refocus-as-delivered", team, of=["colleague", "champion"], replications=6)
table = many.table("mean")
table[table["measure"].isin(["values", "recovery"])].round(4)

# %% [markdown]
# *each* is the mean effect of one person, *largest* that of the most influential in each world. On average
# a colleague is worth nearly nothing: some lift and some hold back. A champion, whose values stand at 1
# all year, is worth something everywhere, and several times as much in the best place.

# %% [markdown]
# ## Exercises
#
# Each tells you how it went.
#
# ### Exercise 1 (recall, 10 minutes)
#
# From the picture and the tables above: whose values did the person who lifted others most move *most*?
# And would taking everybody's talk away have raised or lowered the team's mean values? Run the cell, and
# choose.

# %%
from sim.teaching import ask, quiz

own = moved[moved["source"] == who.index[-1]]
right_person = own.loc[own["values"].idxmax(), "target"]
weeks = year.table("weeks").iloc[-1]
right_talk = "raises" if weeks["values without talk"] > weeks["values"] else "lowers"
quiz(
    ask(
        "Whose values moved most?",
        right_person,
        "look for the darkest orange in that row",
        choices=sorted(own["target"].unique()),
    ),
    ask(
        "Taking everybody's talk away … the mean",
        right_talk,
        "compare the two lines at week 52",
        choices=["raises", "lowers"],
    ),
)

# %% [markdown] tags=["instructor"]
# **Solution 1.** In this team talk lowers the mean. It is the point of the class: influence is no engine by
# itself, it spreads what there is, the lack of it too.

# %% tags=["solution"]
assert right_talk == "raises"
print(right_person, right_talk)

# %% [markdown]
# ### Exercise 2 (change, 10 minutes)
#
# Who stayed away decides what talk does. Assure attendance (`conditions.attendance_assured`) and ask
# again: does talk still hold the team back? Change the number and run the cell.

# %%
assured = 0.0  # 0 as it was, 1 everybody comes
again = sim.influence(
    "refocus-as-delivered",
    team,
    of=["all talk"],
    settings={"conditions.attendance_assured": assured},
)
end = again.table("weeks").iloc[-1]
print(f"values {end['values']:+.4f}, had nobody talked {end['values without talk']:+.4f}")

# %% [markdown]
# **Your answer** (double-click here to write)
#
# With everybody there talk …, because …

# %% [markdown] tags=["instructor"]
# **Solution 2.** It does, and no less: that some stayed away is not the reason. Each gains as far as there
# is room, and talk pulls towards those who are asked and towards the leader, who begins higher and has less
# room. Let the class test that explanation with `of=["leader"]` before they believe it.

# %% tags=["solution"]
everybody = sim.influence(
    "refocus-as-delivered",
    team,
    of=["all talk"],
    settings={"conditions.attendance_assured": 1.0},
)
last = everybody.table("weeks").iloc[-1]
gap_then = weeks["values without talk"] - weeks["values"]
gap_now = last["values without talk"] - last["values"]
print(f"talk held values back by {gap_then:.4f}; with everybody there by {gap_now:.4f}")
assert last["values"] > weeks["values"]
assert gap_now > 0
assert gap_then > 0

# %% [markdown]
# ### Exercise 3 (design, 15 minutes)
#
# You may place one champion in each of many teams and do not know who influences whom. Compare two rules
# that need little: *take the leader*, and *take whom most colleagues ask* (a question that a short survey
# answers). The cell prepares both numbers for every world; work out the two means and what a champion in
# a random place is worth, and advise.

# %%
champions = many.table("effects").query("kind == 'champion' and measure == 'values'")
ties = sim.run("refocus-as-delivered", draws=0, replications=6, weeks=1, collect=["ties"])


def most_asked(world):
    """Return whom most colleagues ask in a world, as `champions` names people."""
    graph = ties.network(replication=world, team=team)
    asks = [other for _, other, kind in graph.edges(data="kind") if kind == "advice"]
    here = [one for one in asks if one.startswith(team)]
    name = max(sorted(set(here)), key=here.count).split("/")[1]
    return "leader" if name == "staff 0" else name


chosen = {world: most_asked(world) for world in range(6)}
print(chosen)
champions.groupby("world")["last"].agg(["mean", "max"]).round(4)

# %% [markdown]
# **Your answer** (double-click here to write)
#
# * The leader is worth … on average, the most asked …, a random place …
# * I advise …, because …; what could change it is …

# %% [markdown] tags=["instructor"]
# **Solution 3.** Whom most ask is worth more than a random place; the leader is worth most by far, as the
# model lets everybody follow one leader as far as that leader backs the work. Both rest on assumed weights.
# Six worlds are few: let the class say what the standard error is before they advise.

# %% tags=["solution"]
worth = champions.set_index(["world", "source"])["last"]
by_survey = [worth[world, name] for world, name in chosen.items()]
at_random = worth.groupby("world").mean()
leaders = [worth[world, "leader"] for world in chosen if (world, "leader") in worth.index]
print(f"most asked {sum(by_survey) / 6:+.4f}, random place {at_random.mean():+.4f}")
print(f"leader {sum(leaders) / len(leaders):+.4f}, in {len(leaders)} worlds with one at the start")
assert sum(by_survey) / 6 > at_random.mean()

# %% [markdown]
# ## Common misreadings
#
# * *"The model shows that staff 15 is influential."* It shows what follows from ties that were drawn at
#   random for a simulated team. About a real team it says nothing.
# * *"The effects of all colleagues add up to the effect of talk."* Switched off one at a time they overlap:
#   who is not heard is replaced by those who still are.
# * *"No influence on average, so networks do not matter."* Mean zero hides large effects of both signs, and
#   a champion makes use of the ties that a course does not.
# * *"Exact, so there is no uncertainty."* Exact in one world with one set of values. Over draws the answer
#   has an interval, and the size of influence is an assumption.

# %% [markdown] tags=["instructor"]
# ## For the instructor
#
# * Most classes predict that talk lifts the mean. Collect the predictions before the first cell is run.
# * `sim.engines.counterfactuals.KINDS` lists what else can be switched: a session, a leaver, the leader's
#   lead, norms. Each is one word in `of=`.
