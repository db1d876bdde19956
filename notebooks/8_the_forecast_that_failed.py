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
# # 8 · The forecast that failed
#
# **For** a class on evidence, models or trials; no programming needed to follow.
# **Time** 90 minutes: reading 10, prediction 5, worked cells 30, exercises 35, discussion 10.
# **Machine** about 10 seconds.
#
# ## Learning objectives
#
# By the end you can
#
# 1. score a forecast that is a distribution, and say why "the interval held it" is not enough;
# 2. find where a model was sure of something that nobody had told it;
# 3. tell a change that learns from a failure from one that explains it away;
# 4. say beforehand what a coming result would tell.

# %% [markdown]
# ## Ten minutes of reading
#
# PULSAR was a trial of REFOCUS in Australia: teams began in two yearly steps, the outcome was the long form
# of the QPR. Its result is published. The first version of this model, fitted to REFOCUS alone, wrote down
# a forecast and a rule for scoring it, without looking at the outcome: the *logarithmic score* of a normal
# distribution with the forecast's mean and SD, at the estimate that was found. Beside it stood two rivals
# that need no model: *no effect*, and *the effect of REFOCUS carried over*. The mechanism was to be worth
# its assumptions only if it scored better than both.
#
# It did not. This class is about that: what went wrong, what was changed, and how one would know whether the
# change was any good. The two documents are in the repository and are never rewritten.
#
# A logarithmic score is the log of the density that the forecast gave to what happened. Higher is better.
# It punishes being wrong, and being wrong *with confidence* most; a wide forecast loses a little always and
# never loses much. A difference of 0.5 means that what happened was 1.6 times as probable under one
# forecast as under the other.

# %% [markdown]
# > **Predict first.** A model says: 0.1 points, 90% interval -3.8 to 4.0. A rival says: 1.0 points, -3.8 to
# > 5.9. The trial finds 3.7. Both intervals hold it. Which forecast was better, and by how much? Would you
# > throw the model away?

# %% [markdown]
# ## Worked: the score

# %%
from math import log, pi

found = 3.7  # points of the QPR-22, overall effect (95% interval 0.5 to 6.8)
forecasts = {  # mean and SD, as they stand in the dated forecast
    "mechanism": (0.11, 2.37),
    "no effect": (0.00, 2.36),
    "carried over": (0.98, 2.96),
}


def log_score(mean, sd, value=found):
    """Return the log density of a normal distribution."""
    return -0.5 * ((value - mean) / sd) ** 2 - log(sd) - 0.5 * log(2 * pi)


for name, (mean, sd) in forecasts.items():
    print(f"{name:13s} mean {mean:+.2f}, SD {sd:.2f}: score {log_score(mean, sd):.2f}")

# %% [markdown]
# What would have scored best? Move the mean and the SD of a forecast of your own. Then ask what it would
# have scored had the trial found 0.

# %%
from sim.teaching import ask, quiz, sliders

sliders(
    lambda mean, sd, found: f"score {log_score(mean, sd, found):.2f}",
    mean=(-2.0, 6.0, 0.0),
    sd=(0.5, 8.0, 2.5),
    found=(-2.0, 6.0, found),
)

# %% [markdown]
# ## Worked: how sure, and of what?
#
# The wide interval was mostly the trial's own noise. Take that away, and what the model itself believed
# comes to light: the true effect in SD, before the change, and now under three sets of beliefs.

# %%
import sim

arms = ["usual-care", "refocus-as-delivered"]
beliefs = {
    "both trials": sim.run(arms, draws=40, weeks=52),
    "REFOCUS alone": sim.run(arms, draws=40, weeks=52, posterior="refocus-alone"),
    "prior": sim.run(arms, draws=40, weeks=52, prior_only=True),
}
print("before the change   +0.007 SD (-0.00 to +0.02)")
for name, results in beliefs.items():
    table = results.table("trajectories").query("week == 52 and arm == 'intervention'")
    effect = table.pivot(index="draw", columns="scenario", values="recovery")
    effect = effect["refocus-as-delivered"] - effect["usual-care"]
    low, high = effect.quantile([0.05, 0.95])
    print(f"{name:19s} {effect.mean():+.3f} SD ({low:+.2f} to {high:+.2f}), recovery itself")

# %% [markdown]
# Before, the model was sure that the effect was next to nothing, and no data had said so. A long chain of
# constants, each reasonable, multiplied to 0.007; in 3,000 draws from the priors the largest effect was 0.15
# SD. *What a prior excludes, data cannot bring back.* Now the prior is stated on effects, from trials of
# other programmes, and the constants follow.

# %% [markdown]
# ## Worked: which explanation?
#
# Five explanations of the null result were on the table. What each would have expected PULSAR to find is
# known; here they only have to be *read*: which of them would a trial with 3.7 points speak for?

# %%
ways = sim.mediation("refocus-as-delivered", draws=12, weeks=52)
print(ways)

# %% [markdown]
# Support and relationship, the road of the programme's theory, carry little: what goes from practice to
# recovery by a road that experienced support does not see carries most. That is an assumption made visible,
# not a finding.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 (recall, 10 minutes)
#
# The forecast `N(2, 1)` is narrow, the forecast `N(2, 4)` wide. The trial finds 2, or 8. Decide without
# computing; then run the cell, and choose.


# %%
def better(value):
    """Return which forecast scores better."""
    return "narrow" if log_score(2, 1, value) > log_score(2, 4, value) else "wide"


quiz(
    *[
        ask(
            f"The trial finds {value}: which scores better?",
            lambda value=value: better(value),
            hint,
            choices=["narrow", "wide"],
        )
        for value, hint in ((2, "where is each density higher?"), (8, "how many SD away is 8?"))
    ]
)

# %% [markdown] tags=["instructor"]
# **Solution 1.** Narrow, then wide: precision pays when one is right.

# %% tags=["solution"]
assert (better(2), better(8)) == ("narrow", "wide")

# %% [markdown]
# ### Exercise 2 (change, 10 minutes)
#
# The mechanism's SD held 0.1 SD (1.5 points) for transport to another country, an assumption that hid most
# of the miss. Take it out of the mechanism and of the carried-over forecast and score again. Which of the
# two loses by it?

# %%
transport = 1.5  # points; change what is subtracted below
for name, (mean, sd) in forecasts.items():
    without = (sd**2 - 0.0 * transport**2) ** 0.5
    print(f"{name:13s} SD {without:.2f}, score {log_score(mean, without):.2f}")

# %% [markdown]
# **Your answer** (double-click here to write)
#
# Without transport the mechanism scores …, carried over …; that shows …

# %% [markdown] tags=["instructor"]
# **Solution 2.** The mechanism falls to about -3.4, carrying over stays at about -2.4: the allowance for
# transport protected who was sure of the wrong thing.

# %% tags=["solution"]
bare = {name: log_score(m, (s**2 - transport**2) ** 0.5) for name, (m, s) in forecasts.items()}
print({name: round(score, 2) for name, score in bare.items()})
assert bare["mechanism"] < log_score(*forecasts["mechanism"]) - 0.3
assert abs(bare["carried over"] - log_score(*forecasts["carried over"])) < 0.1

# %% [markdown]
# ### Exercise 3 (design, 15 minutes)
#
# A third trial, RETAFORM in France, has not reported. Forecasts of its estimate (SD, with the trial's own
# error of 0.10): mechanism mean 0.12, SD 0.13; carried over 0.17, SD 0.13; no effect 0.00, SD 0.10. For
# which results will the mechanism score best? Find the range, then decide: how often would that happen if
# the mechanism were *right*? Is one trial a test?

# %%
retaform = {"mechanism": (0.12, 0.13), "carried over": (0.17, 0.13), "no effect": (0.0, 0.10)}
error = 0.10


def best(estimate):
    """Return which forecast scores best at an estimate."""
    scores = {
        name: log_score(mean, (sd**2 + error**2) ** 0.5, estimate)
        for name, (mean, sd) in retaform.items()
    }
    return max(scores, key=scores.get)


for estimate in (-0.1, 0.0, 0.1, 0.2, 0.3):
    print(f"{estimate:+.1f}: {best(estimate)}")

# %% [markdown]
# **Your answer** (double-click here to write)
#
# * The mechanism scores best between … and …
# * If it were right, that would happen in about … of trials, so that …

# %% [markdown] tags=["instructor"]
# **Solution 3.** It is best in a narrow band only, so that it would "win" rarely even if it were right: one
# trial of this size can hardly tell these forecasts apart. Scores have to be summed over trials, or forecasts
# have to differ in something else than the mean (the shape over time, which teams gain).

# %% tags=["solution"]
import numpy as np

drawn = np.random.default_rng(1).normal(0.12, (0.13**2 + error**2) ** 0.5, 4000)
wins = np.array([best(one) == "mechanism" for one in drawn])
print(
    f"best from {drawn[wins].min():.2f} to {drawn[wins].max():.2f}; in {wins.mean():.0%} of trials"
)
assert 0.02 < wins.mean() < 0.4

# %% [markdown]
# ## Common misreadings
#
# * *"The interval held the outcome, so the forecast was right."* All three intervals held it. They differed
#   in what they thought likely.
# * *"The model has been fixed, so it would have forecast PULSAR."* It has seen PULSAR. Fitted to REFOCUS alone
#   it still scores below carrying over (-2.60 against -2.42).
# * *"A model that forecasts worse than no model is useless."* For forecasting, yes. What it is for is to say
#   what a planner can do about the effect, with an honest width.
# * *"They changed the priors after the failure, so anything goes."* Ask what rule was written down before
#   the numbers were computed, and what the new version forecasts that has not happened yet.

# %% [markdown] tags=["instructor"]
# ## For the instructor
#
# * Read the page *The PULSAR forecast, scored* yourself; its table of shifts along the chain is worth drawing on
#   the board.
# * The class is about honesty as a method: a dated forecast, a rule, a score, a page that is not rewritten.
