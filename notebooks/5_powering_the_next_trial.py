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
# # 5 · Powering the next trial
#
# **For** a class that has met the intracluster correlation before.
# **Time** 90 minutes: reading 10, prediction 5, worked cells 30, exercises 35, discussion 10.
# **Machine** about 35 seconds; for a real answer thousands of simulated trials (minutes).
#
# ## Learning objectives
#
# By the end you can
#
# 1. say what the intracluster correlation (ICC) costs, and in which of two ways it is cheaper to pay;
# 2. compute the power of a cluster trial by formula and check it by simulation, with its Monte Carlo
#    error;
# 3. tell *conditional power* from *assurance*, and say why the second is the honest one;
# 4. weigh a stepped wedge, analysed by exposure, and selecting ready teams against a parallel trial.

# %% [markdown]
# ## Ten minutes of reading
#
# A *cluster* trial randomises teams and measures people in them. People of one team resemble each
# other; the ICC is the share of variance that lies between teams. With $m$ people in each team the
# variance of an arm's mean is as large as with $1 + (m - 1)\,\mathrm{ICC}$ times fewer people: the
# *design effect*.
#
# Power is the probability that a trial finds what is there. It is computed for a *target*: an effect
# that one would not want to miss. For the QPR 4 points are the minimum important difference. Power
# for an effect that nobody expects is no use, and so there is a second question: how probable is
# success, given what we believe about the effect now? That is *assurance*: power averaged over what we
# believe.
#
# Two more correlations decide what measuring a team twice is worth. The *cluster autocorrelation* (CAC)
# says how alike a team's true mean stays from one period to the next: 1, the team is always itself; 0,
# every period is another team. The *individual autocorrelation* (IAC) says the same of a person beside
# their team; it counts where the same people are measured again. With both high, a baseline is worth a
# great deal, and so is a stepped wedge.
#
# A *stepped wedge* measures every team in several periods, and lets teams begin one group (sequence)
# after another until all have begun. Each team so is its own control, and time must be taken out by a
# model, as it goes with treatment. What the model assumes of the effect matters: a *constant* effect says
# that a team's first quarter under treatment is like its fourth.
#
# In the words of implementation science: a trial that asks only about service users is an
# effectiveness trial; one that also asks whether teams took it up is a *hybrid* design. REFOCUS could
# not tell a weak intervention from a weak uptake. A hybrid design asks both on purpose.

# %% [markdown]
# > **Predict first.** REFOCUS had 27 teams and 403 people. Write down, before you run anything:
# > what was its power for 4 points? And for 1 point? Which would help more: twice as many people in
# > each team, or half as many again teams?

# %% [markdown]
# ## Worked: the trial as it was
#
# `parallel_power` is the formula for a parallel cluster trial.

# %%
from sim.trials.power.formula_power import parallel_power

refocus = {"sd": 10.2, "clusters": (13, 14), "size": 15, "icc": 0.03, "attrition": 0.26}
for effect in (1.0, 2.0, 4.0):
    found = parallel_power(effect, **refocus, analysis="ancova", cac=0.8, iac=0.6)
    print(f"effect {effect:.0f} points: power {found.power:.2f}, standard error {found.se:.2f}")

# %% [markdown]
# The ICC was not reported for REFOCUS; 0.03 is an assumption from similar trials. What if it is
# different?

# %%
for icc in (0.0, 0.01, 0.03, 0.05, 0.1):
    found = parallel_power(4.0, **{**refocus, "icc": icc}, analysis="ancova", cac=0.8, iac=0.6)
    print(f"ICC {icc:.2f}: power for 4 points {found.power:.2f}")

# %% [markdown]
# Or move the sliders: effect in points, teams in each arm, people in a team. Which of them must move far
# before anything happens?

# %%
from sim.teaching import ask, quiz, sliders


def shown(effect, teams, people, icc):
    """Return the power of a trial with as many teams in each arm, in words."""
    design = {**refocus, "clusters": (teams, teams), "size": people, "icc": icc}
    power = parallel_power(effect, **design, analysis="ancova", cac=0.8, iac=0.6).power
    return f"power {power:.2f}: {2 * teams} teams, {2 * teams * people} people"


sliders(shown, effect=(0.5, 6.0, 4.0), teams=(4, 40, 13), people=(5, 60, 15), icc=(0.0, 0.2, 0.03))

# %% [markdown]
# ## Worked: the same by simulation
#
# A formula is exact for a model of the data that is never quite right. A simulation makes trials one by
# one and analyses each as it would be analysed. Its answer has a *Monte Carlo error*: it would differ a
# little with another seed.
#
# The design `four-point-target` is **not** REFOCUS: it has as few teams as four points are thought to
# need, so its power is lower than what you computed above.

# %%
import sim

answer = sim.power("four-point-target", simulations=400, sensitivity=False)
result = answer.outcome.result
print(f"{result.study.design.total_clusters} teams")
power, null = result.performance.power, result.null.power
print(f"power          {power.value:.3f}, Monte Carlo SE {power.monte_carlo_se:.3f}")
print(f"type I error   {null.value:.3f}, Monte Carlo SE {null.monte_carlo_se:.3f}")

# %% [markdown]
# Does the simulated power differ from the formula by more than about three Monte Carlo errors? The
# result carries that comparison:

# %%
print(f"simulated less formula: {result.gap.difference:+.3f}, {result.gap.errors:+.1f} errors")
for sentence in result.gap.explanation:
    print("-", sentence)

# %% [markdown]
# ## Worked: what do we believe about the effect?
#
# The model's posterior says what REFOCUS, fully implemented, would do after a year. Assurance is the
# power averaged over it.

# %%
import numpy as np

worlds = sim.run(["usual-care", "refocus-full"], draws=60, replications=1)
believed = worlds.differences()["refocus-full"].to_numpy()
low, high = np.quantile(believed, [0.05, 0.95])
print(f"believed effect: mean {believed.mean():.2f}, 90% from {low:.2f} to {high:.2f}")


def assurance(effects, **design):
    """Return power averaged over believed effects; finding harm is no success."""
    powers = [
        parallel_power(float(e), analysis="ancova", cac=0.8, iac=0.6, **design).power
        for e in effects
        if e > 0
    ]
    return sum(powers) / len(effects)


four = parallel_power(4.0, **refocus, analysis="ancova", cac=0.8, iac=0.6).power
print(f"power for 4 points: {four:.2f}; assurance: {assurance(believed, **refocus):.2f}")

# %% [markdown]
# The two numbers answer different questions. *If the effect were 4 points, would we find it?* Yes,
# probably. *Will this trial succeed?* That is less sure: what full implementation does is believed to
# be somewhere between nothing and a good deal, on evidence from other programmes and two thin trials.

# %% [markdown]
# ## Worked: a stepped wedge, analysed for what it is for
#
# Practice needs about a year to change. The design `stepped-wedge-slow` has 24 teams in four sequences
# and five periods of a quarter; the true effect builds up to 4 points over four periods. Three analyses
# of the same trial, by formula:

# %%
for estimand in ("constant effect", "time-averaged effect", "long-term effect"):
    by_formula = sim.power(
        "stepped-wedge-slow", formula_only=True, settings={"estimand": estimand}
    ).content()["formula"]
    print(f"{estimand:22s} expects {by_formula['expected']:+.2f}, power {by_formula['power']:.2f}")

# %% [markdown]
# A model with one constant effect expects *less than nothing* here, although every team gains: late
# periods of exposure have negative weights in it. Asked for the effect after four periods of exposure,
# the same trial expects what is true. The price is a wider interval, as that effect is seen in the last
# period alone. Name the estimand before the design is judged.

# %% [markdown]
# ## Worked: selecting ready teams
#
# Would a trial in ready teams find more? The same year in all 27 teams, with and without REFOCUS as
# delivered, and the true gain of service users by the readiness of their team at the start:

# %%
year = sim.run(
    ["usual-care", "refocus-full"], draws=20, replications=1, weeks=52, collect=["team_weeks"]
).table("team_weeks")
keys = ["draw", "team"]
start = year.query("week == 0 and scenario == 'usual-care'").set_index(keys)["team_readiness"]
end = year.query("week == 52 and arm == 'intervention'")
end = end.pivot(index=keys, columns="scenario", values="recovery")
gained = (end["refocus-full"] - end["usual-care"]).dropna()
rank = start.loc[gained.index].groupby("draw").rank(pct=True)
for words, chosen in (("readiest third", rank > 2 / 3), ("the others", rank <= 2 / 3)):
    by_draw = gained[chosen].groupby("draw").mean()
    error = by_draw.std() / len(by_draw) ** 0.5
    print(f"{words:15s} gained {by_draw.mean():+.2f} SD (standard error over draws {error:.2f})")

# %% [markdown]
# The programme's authors proposed it: measured readiness as a way of choosing teams. It raises the effect
# that a trial looks for as far as readiness decides uptake, less what is lost because a readiness score is
# not readiness (reliability), and it changes the question: the trial then speaks for ready teams.
# `refocus power readiness-selected` counts the price, teams that are screened and not taken.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 (recall, 10 minutes)
#
# With the numbers in `refocus`, what is the design effect at follow-up? How many independent people
# are the people followed up worth? Compute both by hand, with the formula from the reading, and write
# them into the boxes.

# %%
from sim.trials.designs.correlation import design_effect as library

followed_up = refocus["size"] * (1 - refocus["attrition"])
quiz(
    ask(
        "What is the design effect at follow-up?",
        lambda: library(followed_up, refocus["icc"]),
        "m counts those of a team who are followed up",
        within=0.02,
    ),
    ask(
        "How many independent people are those followed up worth?",
        lambda: sum(refocus["clusters"]) * followed_up / library(followed_up, refocus["icc"]),
        "divide those followed up by the design effect",
        within=5,
    ),
)

# %% [markdown] tags=["instructor"]
# **Solution 1.** Students often forget the loss to follow-up: *m* is the number of people of a team who
# are followed up, not of those recruited. The design effect here is that of one measurement; adjusting
# for baseline helps on top.

# %% tags=["solution"]
followed = refocus["size"] * (1 - refocus["attrition"])
people_followed = sum(refocus["clusters"]) * followed
design_effect = 1 + (followed - 1) * refocus["icc"]
worth = people_followed / design_effect
print(f"design effect {design_effect:.2f}; {people_followed:.0f} people are worth {worth:.0f}")
assert design_effect == library(followed, refocus["icc"])
assert 1.2 < design_effect < 1.4
assert worth < people_followed

# %% [markdown]
# ### Exercise 2 (change, 10 minutes)
#
# You can pay for about 400 more people. Compare: (a) 27 teams of 30; (b) 54 teams of 15. Use an
# effect of 2 points and ICCs of 0.01 and 0.1. Which is better, and when does it matter most? The cell
# gives (a) at an ICC of 0.01: change it, or write a loop.


# %%
def power_of(clusters, size, icc):
    """Return the power for 2 points, with all else as in REFOCUS."""
    design = {**refocus, "clusters": clusters, "size": size, "icc": icc}
    return parallel_power(2.0, **design, analysis="ancova", cac=0.8, iac=0.6).power


print(f"27 teams of 30, ICC 0.01: {power_of((13, 14), 30, 0.01):.2f}")

# %% [markdown]
# **Your answer** (double-click here to write)
#
# | | ICC 0.01 | ICC 0.1 |
# | --- | --- | --- |
# | (a) 27 teams of 30 | | |
# | (b) 54 teams of 15 | | |
#
# Better is …; it matters most where …

# %% [markdown] tags=["instructor"]
# **Solution 2.** More teams, at both; at the low ICC the two differ little, at the high one clearly. The
# lesson is which resource is scarce: a team costs a training course, a person a questionnaire.

# %% tags=["solution"]
lead = {}
for icc in (0.01, 0.1):
    more_people, more_teams = power_of((13, 14), 30, icc), power_of((27, 27), 15, icc)
    lead[icc] = more_teams - more_people
    print(f"ICC {icc}: more people {more_people:.2f}, more teams {more_teams:.2f}")
assert all(one > 0 for one in lead.values())
assert lead[0.1] > 2 * lead[0.01]

# %% [markdown]
# ### Exercise 3 (design, 15 minutes)
#
# A commissioner wants a stepped wedge, because every team gets the training in the end. Practice needs
# about a year to change: the effect of 4 points builds up over it. The parallel trial waits for a year and
# then asks; the stepped wedge is analysed with a constant effect, as most protocols have it. You know from
# above what that does. Run the cell below (about five seconds), change what you doubt, and write three sentences of advice. In a terminal
# `refocus power stepped-wedge-slow --simulations 150 --no-sensitivity` says more about the design.

# %%
found = {
    name: sim.power(name, simulations=40, seed=2, sensitivity=False).outcome.result
    for name in ("stepped-wedge-slow", "parallel-slow")
}
for name, one in found.items():
    rate = one.performance.power
    print(
        f"{name}: {one.study.design.total_clusters} teams, power {rate.value:.2f} "
        f"(Monte Carlo SE {rate.monte_carlo_se:.2f}), bias {one.performance.bias:+.2f}"
    )

# %% [markdown]
# **Your answer** (double-click here to write)
#
# 1. For the commissioner's question the better design is …, because …
# 2. The other one would …
# 3. What could change this advice is …

# %% [markdown] tags=["instructor"]
# **Solution 3.** No single answer. Good advice names: the bias when slow uptake is analysed as if it
# were immediate, that it belongs to the analysis and not to the design (by exposure, power is .56 and there
# is none), and what the wider interval then costs; secular trends; that in a stepped wedge all teams are measured more often; that a
# parallel trial with a year of follow-up answers the commissioner's question about the *lasting* effect.
# Whether everybody getting it is an argument depends on whether it works, which is what is asked. The
# comparison is fair in teams and people: 24 teams and 1,800 answers in both.

# %% tags=["solution"]
slow, parallel = (found[name].performance for name in ("stepped-wedge-slow", "parallel-slow"))
print(f"the parallel trial's power is higher by {parallel.power.value - slow.power.value:.2f}")
assert parallel.power.value > slow.power.value + 0.3
assert slow.bias < -0.5 < parallel.bias, "an effect that builds up is underestimated"

# %% [markdown]
# ## Common misreadings
#
# * *"Power was 80%, so the null result shows that it does not work."* Power was for 4 points. The
#   interval, -1.7 to 3.1, says what is ruled out: 4 points and more, not 2.
# * *"Simulated power 0.81 beats formula power 0.80."* Look at the Monte Carlo error first.
# * *"Selecting ready teams raises power, so do it."* It changes the question: the effect in ready teams
#   is not the effect in teams. Say for whom the trial speaks.
# * *"More people always help."* With a large ICC the next person in the same team tells little new.

# %% [markdown] tags=["instructor"]
# ## For the instructor
#
# * Predictions for the box: power for 4 points is high under the assumed ICC, for 1 point low; teams
#   beat people. Collect predictions before the first cell is run.
# * Hybrid designs: ask the class which implementation outcome (reach, adoption, fidelity) they would
#   make co-primary, and whether the trial has power for it; teams, not people, are then the sample.
