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
# # 0 · A tour without code
#
# **Time** 90 minutes: reading 10, prediction 5, tour together 25, exercises 40, discussion 10.
# **Machine** a minute (a run on the page takes a few seconds).
#
# Everything happens on a page in your browser. No line of Python has to be written; cells marked
# *optional* repeat what the page did, for those who want to see it.
#
# ## Learning objectives
#
# After this class you can
#
# 1. **describe** what the REFOCUS programme asked of teams, and what its trial found;
# 2. **test** one strategy against a base case, and read the band around the answer;
# 3. **apply** the four boxes *question, hypothesis, findings, decisions* to a run of your own.

# %% [markdown]
# ## Ten minutes of reading
#
# REFOCUS (England, 2009-2014) asked whole community mental health teams to support *personal
# recovery*: a life that is worth living with or without symptoms, as the person defines it. Teams
# got two courses (three half-days on recovery, a day and two half-days on coaching), reflection
# groups, telephone support on request and a project done together with service users.
#
# The **logic model** of the programme is a chain:
#
# > training → values, knowledge, skill → intent → **practice** → what the service user experiences
# > → hope, empowerment, quality of life → **personal recovery (QPR)**
#
# Four working practices stand in the middle: coaching; understanding values and treatment
# preferences; assessing strengths; supporting goal-striving.
#
# A cluster trial in 27 teams found a difference in the QPR (15 items, 0 to 60) of **0.68 points, 95%
# confidence interval -1.7 to 3.1**. The smallest difference between groups that matters is about 4.
# Where teams had taken part more, one part of the score was better.
#
# This software simulates such teams week by week. Two words are needed today:
#
# * **Base case**: what you compare with. Here it is *Usual care*, in the same simulated teams with
#   the same chance, so that only the strategy differs.
# * **Band**: simulated worlds differ, because parameters are uncertain and because of chance. The
#   dark band holds the middle 50% of worlds, the light one the middle 90%.
#
# *Frameworks.* StaRI asks every report to keep two strands apart: the **implementation strategy**
# (how teams are brought to do something: courses, telephone support) and the **intervention** (what
# is done with service users: the four practices). Keep both columns in mind during the tour.

# %% [markdown]
# ## Predict first
#
# Before anybody presses *Run*, write down:
#
# | | your number |
# | --- | --- |
# | QPR points gained in a year by REFOCUS as it was delivered | |
# | QPR points gained if it had been implemented fully | |
# | Share of staff who attended at least one session, as delivered | |
#
# Compare with a neighbour. Where do you differ most, and why?

# %% [markdown]
# ## The tour
#
# 1. Open a terminal in the project's folder, type `refocus serve --open`, and leave it running. (If
#    `refocus` is not found: `. .venv/bin/activate` first.) The first run after installation takes
#    half a minute longer.
# 2. On the page, under **Build and compare**, open *Notes for your discussion* and fill in **Our question** and
#    **What we expect, and why**. A question names a strategy, a base case, an outcome and a time.
# 3. Leave *Base case* at **Usual care** and *Scenario 1* at **REFOCUS as delivered**. Open *What this
#    scenario rests on* and find one assumption.
# 4. Press **Run**. Read from the top: the sentence; then the difference in QPR with its bar; then the
#    courses week by week.
# 5. Follow the chain: *Adoption*, *Fidelity*, *Relationship with the worker*, *Personal recovery*.
#    Which link loses most?
# 6. Press **Add a scenario** and choose **REFOCUS fully implemented**. Run again. What changed first
#    in the chain, what last?
# 7. Under **Follow a team**, look at one team for a minute. This is *one* run of chance: it shows how
#    the model works, never what to expect.
# 8. Fill in **What we found** and **What we decide**, then *Save settings (JSON)*: your notes and
#    your run travel in one file.

# %% [markdown]
# ## Optional: the same run in three lines
#
# This is what the page did. Run the cell with Shift+Enter.

# %%
import sim

results = sim.run(["usual-care", "refocus-as-delivered", "refocus-full"], draws=50, replications=2)
gained = results.differences("qpr15")
gained.describe(percentiles=[0.05, 0.25, 0.75, 0.95]).round(2)

# %% [markdown]
# Each row of `gained` is one simulated world: the mean QPR of the intervention arm's service users,
# minus the same world under usual care. The rows `5%` and `95%` of the summary are the ends of the
# light band. They cover replication noise and parameter uncertainty.
#
# The README and the calibration page print somewhat other numbers, above all for full implementation:
# they used more draws of the parameters and other runs of chance, and every such mean carries Monte
# Carlo noise. Add `seed=2` inside `sim.run(...)` to see how far it goes.

# %%
import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5))
for scenario, colour in [("refocus-as-delivered", "#0072B2"), ("refocus-full", "#D55E00")]:
    fidelity = results.weekly("fidelity")
    left.plot(fidelity.index, fidelity[scenario], color=colour, label=scenario)
    values = gained[scenario].sort_values()
    right.plot(values, range(1, len(values) + 1), color=colour, label=scenario)
left.plot(fidelity.index, fidelity["usual-care"], color="grey", linestyle=":", label="usual-care")
left.set(xlabel="week", ylabel="fidelity (0 to 1)", title="Practice moves first", ylim=(0, None))
left.legend(frameon=False, fontsize=8)
right.axvline(0, color="grey", linewidth=0.8)
right.axvline(4, color="black", linestyle="--", linewidth=0.8)
right.text(3.9, 2, "4 points matter", rotation=90, ha="right", fontsize=8)
right.set(
    xlabel="QPR points gained at 52 weeks",
    ylabel="worlds, sorted",
    title=f"{len(gained)} worlds each",
    ylim=0,
)
figure.tight_layout()

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 (recall, 10 minutes)
#
# From the page, after step 4: between which two values do 90% of worlds lie for REFOCUS as delivered?
# Then run the two cells below, choose, and see how it went.

# %%
from sim.teaching import ask

ask(
    "What is everything compared with?",
    "usual care",
    "the page calls it the base case",
    choices=["no mental health care", "usual care", "the trial's control arm as published"],
)

# %%
ask(
    "What does the band not cover?",
    "a wrong form of the model",
    "the page says what it covers; the other two are in it",
    choices=["luck between runs", "a wrong form of the model", "how strong each effect is"],
)

# %% [markdown]
# **Your answer** (double-click here to write)
#
# * The base case is …
# * 90% of worlds lie between … and … points.
# * The band covers …; it does not cover …

# %% [markdown] tags=["instructor"]
# **Solution 1.** Usual care in the same simulated teams. The cell below prints the two values for
# the optional cell's worlds; the page's are close to them. The band covers parameter uncertainty and
# replication noise. It does not cover error in the *form* of the model, the noise of a trial's sample
# around the expected effect, or variation between persons.

# %% tags=["solution"]
low, high = gained["refocus-as-delivered"].quantile([0.05, 0.95])
print(f"as delivered: {low:.2f} to {high:.2f}")
assert -1 < low < 1
assert 1 < high < 4
assert gained["refocus-full"].mean() > gained["refocus-as-delivered"].mean() > 0

# %% [markdown]
# ### Exercise 2 (change, 15 minutes)
#
# In *Scenario 1* open **Change what is done** and change **one** thing: add boosters, take away a
# share of competing priorities, or end the funding earlier. Predict the direction for fidelity and for
# the QPR, run, and fill in the four boxes. Name the CFIR 2.0 domain that your change belongs to:
# innovation, outer setting, inner setting, individuals, or implementation process.

# %% [markdown]
# **Your answer** (double-click here to write)
#
# | | predicted | found |
# | --- | --- | --- |
# | fidelity: up, down or the same | | |
# | QPR: up, down or the same | | |
#
# CFIR domain of the change: …

# %% [markdown] tags=["instructor"]
# **Solution 2.** Any single change is right as long as the direction was predicted first. Taking away
# competing priorities (CFIR: inner setting, relative priority) makes room for the new practice of
# those who were trained; without training it changes nothing. Boosters (implementation process) slow
# the loss of skill. Ending the funding early (outer or inner setting, depending on who pays) lowers
# fidelity afterwards. The point to draw out: how far practice moves is fairly sure, how far recovery
# follows is not: its band is wide and holds zero.

# %% tags=["solution"]
relieved = sim.run(
    ["usual-care", "refocus-as-delivered", "priorities-reduced"], draws=25, replications=1
)
fidelity = relieved.weekly("fidelity").loc[52]
print(fidelity.round(3))
assert fidelity["priorities-reduced"] > fidelity["refocus-as-delivered"] > fidelity["usual-care"]
# Practice rises in every world, the QPR not in all: whether it follows is what nobody knows.
assert (relieved.differences()["priorities-reduced"] < 0).any()

# %% [markdown]
# ### Exercise 3 (design, 15 minutes)
#
# In pairs: a manager has heard that "REFOCUS was shown not to work". Design **one** comparison on
# the page that would help this manager to a better sentence. Write question and hypothesis, run,
# and end with a sentence that names the effect, the band, what it covers, and one limit.

# %% [markdown]
# **Your answer** (double-click here to write)
#
# * Question: …
# * Hypothesis: …
# * Sentence for the manager: …

# %% [markdown] tags=["instructor"]
# **Solution 3.** One good answer: *as delivered* against *fully implemented*, base usual care. The
# cell below writes the sentence with the numbers of the optional cell's worlds. On the page, and with
# another seed, they differ by a few tenths.
#
# Mark with four questions: is the base case named? Is there a band, and is it said what it covers?
# Is the trial's null *not* turned into proof of no effect? Is there a limit that could change the
# decision?


# %% tags=["solution"]
def in_words(scenario):
    """Return the mean and the light band of a scenario's worlds."""
    low, high = gained[scenario].quantile([0.05, 0.95])
    return f"{gained[scenario].mean():.2f} (90% of worlds: {low:.2f} to {high:.2f})"


print(
    "As delivered, the model expects a gain of",
    in_words("refocus-as-delivered"),
    "QPR points after",
)
print("a year; implemented fully,", in_words("refocus-full"), "points; 4 would matter.")
print("The bands cover replication noise and parameter uncertainty; most parameters are")
print("assumptions, and no service has delivered the programme fully.")
low, high = gained["refocus-full"].quantile([0.05, 0.95])
assert 1 < gained["refocus-full"].mean() < 5
assert low < 1.5
assert high > 4, "it may matter, and nobody knows"

# %% [markdown]
# ## Common misreadings
#
# * **"The band shows how different people are."** No: it shows how different simulated *worlds* are
#   in their *mean*. People differ by about 10 points (SD).
# * **"The trial showed no effect."** It showed an interval from -1.7 to 3.1. No effect lies in it, and
#   so does a modest one.
# * **"Follow a team is a forecast."** It is one run of chance.
# * **"Full implementation would have worked."** In the model it does more, because evidence from other
#   programmes went in as a prior; in some worlds it does nothing, and in most less than 4 points.

# %% [markdown] tags=["instructor"]
# ## Instructor notes
#
# * *Before class*: install, and start `refocus serve` once, so that rules are compiled. One machine
#   per pair is best; the page also runs on a phone's browser if the teacher serves it.
# * *Pacing*: stop after step 4 and let three pairs read the sentence aloud. Most leave out what the
#   interval covers. That is the lesson of the day.
# * *Trap*: students compare the level of the QPR at week 52 with week 0 (natural improvement) in
#   place of the difference from the base case.
# * *Bridge to class 1*: collect on the board why the number is small. You will get most of the five
#   rival explanations from the class.
