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
# # 4 · Testing implementation strategies
#
# **For** a class that has met an implementation framework before.
# **Time** 90 minutes: reading 10, prediction 5, worked cells 30, exercises 35, discussion 10.
# **Machine** about 20 seconds; for a real answer 400 draws of the posterior in place of 25 (minutes).
#
# ## Learning objectives
#
# By the end you can
#
# 1. name implementation strategies in ERIC's words and find the lever of each in the model;
# 2. read reach, adoption, fidelity and maintenance as curves over time, in RE-AIM's words and Proctor's;
# 3. compare strategies on common random numbers, and say why that matters;
# 4. report a comparison with an interval that says what it covers.

# %% [markdown]
# ## Ten minutes of reading
#
# **ERIC** lists implementation strategies under agreed names: *conduct ongoing training*, *provide
# clinical supervision*, *remind clinicians*, *assess for readiness*, *alter incentives*, and some
# seventy more. A study that says "we trained the teams" has named one and used several.
#
# **CFIR 2.0** (2022) lists what helps or hinders in five domains: the innovation, the outer setting, the
# inner setting (here: readiness, leadership, workload), individuals, and the process. Its *Outcomes
# Addendum* keeps two kinds of outcome apart: *implementation outcomes* (was it done, and will it be) and
# *innovation outcomes* (did it help those it is for). A determinant explains the first kind.
#
# **Proctor** and colleagues name eight implementation outcomes: acceptability, adoption,
# appropriateness, feasibility, fidelity, cost, penetration, sustainability. **RE-AIM** lists what to
# look at in a service: *reach*, *effectiveness*, *adoption* (of settings and staff), *implementation*
# (fidelity), *maintenance* (what is left when funding ends; Proctor's sustainability). **Normalisation
# process theory (NPT)** asks how a practice becomes what one does anyway: sense-making, engagement,
# collective action, reflection.
#
# One word in one meaning: *reach* here is always the share of service users whose key worker has been
# trained. Where you have read "penetration", the share of those eligible whom it gets to, this is it.
#
# A strategy in this model is a lever on one of these: boosters and coaching feed *reinforcement*;
# relief and protected time make room for new practice; leadership support raises *readiness*; assured
# attendance raises *adoption*.

# %% [markdown]
# > **Predict first.** Five strategies: boosters with telephone support; leadership support; competing
# > priorities reduced; newcomers trained on arrival; full implementation of all parts. Rank them by what they
# > do to (a) fidelity after a year, (b) fidelity a year after funding ended. Which ranks differ, and
# > why?

# %% [markdown]
# ## Worked: the library

# %%
import sim

groups = {}
for scenario in sim.list_scenarios():
    groups.setdefault(scenario.group, []).append(scenario.name)
for group, names in groups.items():
    print(f"{group}: {', '.join(names)}\n")

# %% [markdown]
# ## Worked: RE-AIM as curves
#
# Two years: a funded one, and one after.

# %%
import matplotlib.pyplot as plt

strategies = [
    "usual-care",
    "refocus-as-delivered",
    "refocus-boosters",
    "leadership-support",
    "priorities-reduced",
    "newcomer-induction",
    "refocus-full",
]
worlds = sim.run(strategies, draws=25, replications=1, weeks=104)
figure, panels = plt.subplots(1, 3, figsize=(14, 4))
for variable, panel in zip(["reach", "adoption", "fidelity"], panels, strict=True):
    curves = worlds.weekly(variable)
    for name in strategies:
        panel.plot(curves.index, curves[name], label=name)
    panel.axvline(52, linestyle=":", color="grey")
    panel.set_title(variable)
    panel.set_xlabel("week")
panels[-1].legend(fontsize=7)
plt.show()

# %% [markdown]
# *Reach* jumps when training is held: a trained worker has been reached, whatever follows. *Fidelity*
# is what service users can notice, and it moves far less. Which step between the two loses most?
#
# Maintenance: how far is fidelity above usual care, a year after funding ended? A *share* of the gain
# that is kept would punish who gained most, and says nothing where little was gained; so it is shown as
# the gain itself, at both times, with the central 90% of worlds.

# %%
table = worlds.table("trajectories").query("arm == 'intervention'")
for name in strategies[1:]:
    shown = []
    for week in (52, 104):
        now = table[table.week == week].pivot(
            index=["draw", "replication"], columns="scenario", values="fidelity"
        )
        gain = now[name] - now["usual-care"]
        low, high = gain.quantile([0.05, 0.95])
        shown.append(f"week {week}: {gain.mean():+.3f} ({low:+.3f} to {high:+.3f})")
    print(f"{name:22s} {'   '.join(shown)}")

# %% [markdown]
# ## Worked: common random numbers
#
# Two services never have the same luck: who leaves, who meets whom. A simulation can give two
# strategies **the same** luck, so that what differs is the strategy. It can also give them the same
# *draw*, the same values of what we do not know. These are two things. How much does each help?

# %%
import numpy as np

from sim.inputs.roster import trial_roster

teams = trial_roster(1)


def scores(results):
    """Return the QPR after a year, a row for each draw and a column for each strategy."""
    table = results.table("summaries")
    table = table[(table.measure == "qpr15") & (table.arm == "intervention") & (table.week == 52)]
    return table.pivot(index="draw", columns="scenario", values="mean")


here = scores(worlds)
elsewhere = scores(sim.run("usual-care", roster=teams, draws=25, replications=1, weeks=52, seed=2))
full = here["refocus-full"].to_numpy()
spread = {
    "same draw, same luck  ": full - here["usual-care"].to_numpy(),
    "same draw, other luck ": full - elsewhere["usual-care"].to_numpy(),
    "other draw, other luck": full - np.roll(elsewhere["usual-care"].to_numpy(), 1),
}
for words, differences in spread.items():
    print(f"SD of the difference, {words} {differences.std(ddof=1):.2f}")

# %% [markdown]
# Common random numbers are the step from the second row to the first. The step from the third to the
# second is another thing: comparing strategies *within* one set of assumptions. What is left in the first
# row is how much the effect itself differs between draws.

# %% [markdown]
# ## Worked: the same budget, another order
#
# Four waves, a quarter of a year apart, all 27 teams: the same courses and the same money. Only the
# *order* differs (ERIC: "stage implementation scale up"; readiness-first also needs "assess for
# readiness"). Who waits?

# %%
orders = ["rollout-random", "rollout-readiness-first", "rollout-equity-first"]
rollouts = sim.run(
    ["usual-care", *orders],
    draws=15,
    replications=1,
    collect=("summaries", "trajectories", "team_weeks"),
)
print(rollouts.weekly("reach", arm="all teams").loc[[13, 26, 39, 52, 104], orders].round(2))

team_weeks = rollouts.table("team_weeks")
begun = team_weeks[team_weeks["sessions_offered"] > 0]
first = begun.groupby(["scenario", "draw", "team"], observed=True)["week"].min().reset_index()
share = {row.team: row.share_black for row in teams.rows}
largest = sorted(share, key=share.get, reverse=True)[:9]
waits = first[first["team"].isin(largest)].groupby("scenario", observed=True)["week"].mean()
print("\nmean week of the first course, nine teams with the largest share of black service users:")
print(waits.round(0))

# %% [markdown]
# Reach is the same in the end and nearly the same on the way: order decides *who waits*, far more than
# how much is gained. That makes it a question of fairness, which the model can show and not answer.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 (recall, 10 minutes)
#
# For each of the four strategies below name the ERIC strategy it comes closest to, the CFIR domain it
# acts on, and the RE-AIM dimension where you expect its effect. Then type `refocus explain
# leadership-support` in a terminal (the first six lines are enough) and check one of yours.

# %% [markdown]
# **Your answer** (double-click here to write)
#
# | strategy | ERIC | CFIR domain | RE-AIM |
# | --- | --- | --- | --- |
# | `refocus-boosters` | | | |
# | `leadership-support` | | | |
# | `priorities-reduced` | | | |
# | `newcomer-induction` | | | |

# %%
from sim.teaching import ask


def most_adopted():
    """Return the strategy with the highest adoption in week 52."""
    return worlds.weekly("adoption").loc[52, list(strategies)].idxmax()


ask(
    "In this model, which strategy raises adoption most by week 52?",
    most_adopted,
    "whom does a course reach that it otherwise misses?",
    choices=["refocus-boosters", "leadership-support", "priorities-reduced", "newcomer-induction"],
)

# %% [markdown] tags=["instructor"]
# **Solution 1.** One good answer is printed below. "Revise professional roles" is only the nearest name
# that ERIC has for taking work away. Let the class look an answer up: `worlds.weekly("adoption")`
# rises most under newcomer induction and hardly under leadership support. Where a strategy is *expected*
# to act and where it acts in this model are two questions.

# %% tags=["solution"]
answer = {
    "refocus-boosters": ("conduct ongoing training", "process", "maintenance"),
    "leadership-support": (
        "recruit, designate, and train for leadership",
        "inner setting",
        "adoption",
    ),
    "priorities-reduced": ("revise professional roles", "inner setting", "implementation"),
    "newcomer-induction": ("conduct ongoing training", "individuals", "maintenance"),
}
assert set(answer) < set(strategies)
assert most_adopted() == "newcomer-induction"
for name, (eric, cfir, re_aim) in answer.items():
    print(f"{name:22s} ERIC: {eric}; CFIR: {cfir}; RE-AIM: {re_aim}")

# %% [markdown]
# ### Exercise 2 (change, 10 minutes)
#
# Take REFOCUS as delivered and change **one** field at a time: assure attendance, reduce competing
# priorities, add supervision. Which single change moves fidelity most? Predict, then complete the cell
# below: the first change is there, the other two fields are `conditions.priorities_relief` and
# `support.supervision.intensity` (0 to 1 each).

# %%
from sim.scenarios.library import adjusted, load_scenario

delivered = load_scenario("refocus-as-delivered")
changes = {
    "attendance": {"conditions.attendance_assured": 1.0},
    # add "priorities" and "supervision" here
}


def fidelity_added(changes):
    """Return what each change adds to fidelity in week 52, over REFOCUS as delivered."""
    variants = [
        adjusted(delivered, change).model_copy(update={"name": name})
        for name, change in changes.items()
    ]
    results = sim.run([delivered, *variants], draws=15, replications=1)
    end = results.weekly("fidelity").loc[52]
    return end[list(changes)] - end["refocus-as-delivered"]


fidelity_added(changes).round(3)

# %% [markdown]
# **Your answer** (double-click here to write)
#
# Most is added by …; I had predicted …, because …

# %% [markdown] tags=["instructor"]
# **Solution 2.** See below; in most draws it is the step from intent to behaviour that counts, which
# supervision carries and competing priorities block. NPT's word for it is collective action.

# %% tags=["solution"]
added = fidelity_added(
    {
        "attendance": {"conditions.attendance_assured": 1.0},
        "priorities": {"conditions.priorities_relief": 1.0},
        "supervision": {"support.supervision.intensity": 1.0},
    }
)
print(added.round(3))
assert (added > 0).all()

# %% [markdown]
# ### Exercise 3 (design, 15 minutes)
#
# Your service can fund two changes. Design the pair that keeps most fidelity a year **after** funding
# ended. Report it in the way of StaRI: the strategy and the intervention apart, context, outcomes of
# both, with an interval and what it covers. `"support.supervision.continues": True` lets supervision go
# on after the funded year; it counts with supervision as one change.

# %%
my_pair = {"conditions.attendance_assured": 1.0}  # change it, and add a second


def two_years(pair, name):
    """Run usual care, REFOCUS as delivered and a pair of changes for two years."""
    scenario = adjusted(delivered, pair).model_copy(update={"name": name})
    return sim.run(["usual-care", delivered, scenario], draws=15, replications=1, weeks=104)


def with_interval(gains):
    """Write the mean of worlds and the interval that holds 90% of them."""
    low, high = gains.quantile([0.05, 0.95])
    return f"{gains.mean():+.3f} (90% of worlds: {low:+.3f} to {high:+.3f})"


def fidelity_kept(worlds, name):
    """Return fidelity in week 104 over REFOCUS as delivered, one number for each world."""
    table = worlds.table("trajectories").query("arm == 'intervention' and week == 104")
    late = table.pivot(index=["draw", "replication"], columns="scenario", values="fidelity")
    return late[name] - late["refocus-as-delivered"]


mine = two_years(my_pair, "my-pair")
print("fidelity at two years, over as delivered:", with_interval(fidelity_kept(mine, "my-pair")))
qpr = mine.differences("qpr15", base="refocus-as-delivered")["my-pair"]
print("QPR at two years, over as delivered:     ", with_interval(qpr))

# %% [markdown]
# **Your answer** (double-click here to write)
#
# * Strategy (what was done with teams): …
# * Intervention (what service users meet): …
# * Context: …
# * Outcome of the strategy: fidelity …, of the intervention: QPR …; the intervals cover …

# %% [markdown] tags=["instructor"]
# **Solution 3.** Assured attendance with supervision that continues keeps more fidelity than relief from
# competing priorities with the same supervision: conditions end with the funding, and only support can
# be marked `continues`. The intervals cover parameter uncertainty and replication noise, not
# the form of the model.

# %% tags=["solution"]
supervised = {"support.supervision.intensity": 1.0, "support.supervision.continues": True}
kept_by = {}
for name, first_change in {
    "attendance": "conditions.attendance_assured",
    "priorities": "conditions.priorities_relief",
}.items():
    pair_of_changes = two_years({first_change: 1.0, **supervised}, name)
    kept_by[name] = fidelity_kept(pair_of_changes, name)
    gained = pair_of_changes.differences("qpr15", base="refocus-as-delivered")[name]
    print(f"{name} and supervision that continues: fidelity {with_interval(kept_by[name])}")
    print(f"    QPR {with_interval(gained)}")
assert (kept_by["attendance"] > 0).mean() > 0.9
assert kept_by["attendance"].mean() > fidelity_kept(mine, "my-pair").mean()

# %% [markdown]
# ## Common misreadings
#
# * *"Reach was 90%, so it was implemented."* Reach counts who could have got it. Fidelity is what was
#   done. Both are implementation outcomes; whether it helped is an innovation outcome.
# * *"Strategy A beats B by 0.02."* By how much does that change recovery, and with what interval?
# * *"The curves of A and B overlap, so they do not differ."* Bands show levels; on common random numbers
#   the *difference* may be clear.
# * *"Adding strategies adds their effects."* They share bottlenecks: assured attendance is worth little
#   where practice then fades, and supervision little where nobody was trained.

# %% [markdown] tags=["instructor"]
# ## For the instructor
#
# * The prediction box: most students overrate boosters, and underrate how much stands between intent and
#   behaviour. Relief makes room for what was learnt, and for nothing else; it ends with the funding, and
#   competing priorities are back at once.
# * The largest loss between reach and fidelity lies between intent and behaviour (competing priorities)
#   and in fading skill. Ask for NPT's word for it: collective action.
# * The three rows keep apart what common random numbers do (the same luck) and what the same draw does.
#   Most is gained by the draw: without it, strategies are compared across sets of assumptions.
# * Everything about sizes is an assumption; the exercise trains reasoning, not facts about strategies.
#   Let students change a prior and see a ranking turn.
