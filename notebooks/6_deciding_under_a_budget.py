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
# # 6 · Deciding and reporting under a budget
#
# **Time** 90 minutes: reading 10, prediction 5, worked cells 20, exercises 45, marking 10.
# **Machine** about half a minute. You need: changing a number or a line of text, reading a table.
#
# ## Learning objectives
#
# After this class you can
#
# 1. **turn** a budget and a number of trainers into start dates, and say who waits;
# 2. **read** budget impact by year, cost per unit of each outcome, and the chance of a difference that
#    matters;
# 3. **say** what more knowledge would be worth;
# 4. **write** one page for a board that somebody else can check.

# %% [markdown]
# ## Ten minutes of reading
#
# A trust has eight community teams, **£50,000 a year for three years**, and two trainers with 20 days
# a year each. It asks: shall we roll out REFOCUS, and how?
#
# Four kinds of answer should not be mixed:
#
# | answer | asks | in RE-AIM |
# | --- | --- | --- |
# | budget impact | what is spent, in which year, out of whose pocket | implementation (cost) |
# | implementation outcome | whom does it reach, is it done well, does it last | reach, adoption, implementation, maintenance |
# | effectiveness | how likely is a difference that matters (4 QPR points) | effectiveness |
# | value | is it the best use of the money, and is it worth knowing more first | beyond RE-AIM |
#
# *Direct* costs are paid in money: trainers, backfill, materials. *Indirect* ones are time that staff
# would have spent otherwise: real, but on no invoice.
#
# *Frameworks.* **StaRI** asks for the cost and the effect of the strategy and of the intervention
# apart. **CHEERS 2022** lists what a report of an economic evaluation says; **STRESS-ABS** does so
# for an agent-based model. **NICE**'s reference case wants QALYs: *cost per QPR point is outside of
# it*, and has to be labelled so. "Model and simulate change" is itself an **ERIC** strategy.

# %% [markdown]
# ## Predict first
#
# With this money: how many of the eight teams can start in the first year? In which year is spending
# highest? How likely is a QPR difference of 4 points or more after three years? Replace `None`.

# %%
predicted_teams_in_first_year = None
predicted_highest_year = None
predicted_chance_of_four_points = None

# %% [markdown]
# ## Worked 1: the question
#
# A question names scenarios, base case, teams, parameter draws, and the *setting*: what the planner
# has. Nothing is left implicit, so that somebody else can ask the same.

# %%
import sim
from sim.inputs.roster import described_roster
from sim.planning.setting import setting_from_text

trust = described_roster(trusts=1, teams_per_trust=8, intervention_share=1.0)


def answer(budget_per_year, strategies):
    """What the board gets to know, with so much money a year and these strategies."""
    setting = setting_from_text(
        f"""
        start_date = 2026-04-01
        years = 3
        trainers = 2
        trainer_days_per_year = 20
        budget_per_year = {budget_per_year}
        """
    )
    return sim.compare(
        strategies,
        base="usual-care",
        roster=trust,
        setting=setting,
        draws=30,  # for a real answer: 200, and 10 replications
        replications=2,
    )


strategies = ["refocus-as-delivered", "continuing-coaching", "refocus-boosters"]
board = answer(50_000, strategies)
print("Draws are from the", board.comparison.question.chosen.named)

# %% [markdown]
# ## Worked 2: who starts when
#
# The budget makes a queue. Read the last column.

# %%
starts = board.table("starts")
starts[["scenario", "team", "start week", "start date", "why"]]

# %% [markdown]
# ## Worked 3: one line for each strategy

# %%
print(board.sentence)
board.table("headline").set_index("scenario").T

# %% [markdown]
# The two columns of 5% and 95% cover parameter uncertainty. The chance of reaching 4 points comes
# with its own **Monte Carlo error**: 30 draws cannot show that something never happens.

# %%
board.table("chances").query("scenario == 'refocus-as-delivered'").drop(columns="scenario")

# %% [markdown]
# ## Worked 4: money by year
#
# Direct spending is what the cap holds. (The cap holds what is *planned*, at central prices; the bars
# show what is expected, and prices are uncertain.)

# %%
import matplotlib.pyplot as plt

budget = board.table("budget")
figure, axis = plt.subplots(figsize=(8, 3.5))
colours = {"direct": "#0072B2", "indirect": "#E69F00"}
for row, name in enumerate(board.comparison.others):
    base = [0.0, 0.0, 0.0]
    places = [year + 0.27 * (row - 1) for year in range(3)]
    for kind, colour in colours.items():
        chosen = (budget["scenario"] == name) & (budget["cost"] == kind) & (budget["year"] != "all")
        heights = budget.loc[chosen, "mean"].to_numpy() / 1000
        label = kind if row == 0 else None
        axis.bar(places, heights, width=0.24, bottom=base, color=colour, label=label)
        base = base + heights
    for place, height in zip(places, base, strict=True):
        axis.text(place, height + 1.5, "ABC"[row], ha="center", fontsize=9)
axis.axhline(50, color="black", linestyle="--", linewidth=0.8, label="cap on direct costs")
axis.set_xticks(range(3), ["year 1", "year 2", "year 3"])
axis.set(ylabel="£ thousand", ylim=(0, 1.25 * max(150, base.max())))
axis.legend(frameon=False, ncols=3, loc="upper right")
axis.set_title(
    "   ".join(f"{'ABC'[row]} {name}" for row, name in enumerate(board.comparison.others)),
    fontsize=9,
)
figure.tight_layout()

# %% [markdown]
# ## Worked 5: cost of a unit of each outcome
#
# Every ratio needs a word on how often there is any gain at all (last column). Where some draws have
# none, no honest interval of the ratio exists, and the table shows none.

# %%
board.table("unit-costs").round(0)

# %% [markdown]
# ## Worked 6: for whom?
#
# The trial's interval for black service users was about 4.4 points either way. The model therefore
# shows their *reach* and calls their *effect* unknown. "Unknown" is a finding, and never "no benefit".

# %%
board.table("groups").iloc[:2].T

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 (recall, 10 minutes)
#
# From the tables: (a) how many teams start in the first year (before week 52) as delivered? (b) which
# share of the total cost of *refocus-as-delivered* is indirect? (c) why has cost per QPR point no
# interval? For (b) the cell below shows the costs of three years.

# %%
budget.query("scenario == 'refocus-as-delivered' and year == 'all'")[["cost", "mean"]].round(0)

# %%
from sim.teaching import ask, quiz


def started_in_first_year():
    """Return how many teams start before week 52 as delivered."""
    weeks = board.table("starts").query("scenario == 'refocus-as-delivered'")["start week"]
    return int((weeks.dropna() < 52).sum())


def indirect_share():
    """Return the share of the cost of three years that is indirect."""
    whole = budget.query("scenario == 'refocus-as-delivered' and year == 'all'").set_index("cost")
    return whole.loc["indirect", "mean"] / whole.loc["direct and indirect", "mean"]


quiz(
    ask("(a) How many teams?", started_in_first_year, "count start weeks below 52"),
    ask("(b) Which share?", indirect_share, "indirect, of direct and indirect", within=0.01),
    ask(
        "(c) Why no interval?",
        "in some draws the QPR does not rise",
        "what happens to a ratio when its denominator passes zero?",
        choices=[
            "costs are known exactly",
            "in some draws the QPR does not rise",
            "too few draws were run",
        ],
    ),
)

# %% [markdown] tags=["instructor"]
# **Solution 1.** (a) Count rows, and look at the weeks: several of them start only in the last weeks of
# the year. (b) More than half: time of staff. A board that sees direct costs alone sees less than
# half of the bill. (c) In some draws the QPR does not rise, so the ratio is negative or has no limit.

# %% tags=["solution"]
delivered = starts.query("scenario == 'refocus-as-delivered'")
weeks = list(delivered["start week"].dropna())
in_first_year = sum(week < 52 for week in weeks)
print(f"{in_first_year} of 8 teams start in the first year; the last in week {max(weeks)}")
assert in_first_year == started_in_first_year()
assert 2 <= in_first_year < 8
whole = budget.query("scenario == 'refocus-as-delivered' and year == 'all'").set_index("cost")
share_indirect = whole.loc["indirect", "mean"] / whole.loc["direct and indirect", "mean"]
print(f"indirect share {share_indirect:.0%}")
assert share_indirect == indirect_share()
assert 0.4 < share_indirect < 0.75
assert whole.loc["direct", "mean"] < 1.15 * 150_000

# %% [markdown]
# ### Exercise 2 (change, 10 minutes)
#
# Double the budget: change the number in the cell below to 100_000. Predict first: does reach at the end
# of year 3 double? Does the QPR difference? Then go back to 50_000, put
# `"refocus-full-with-conditions"` in place of `"refocus-as-delivered"`, and read the last line of the red
# text. Last, `"refocus-full-with-conditions"` with 100_000.

# %%
changed = answer(50_000, ["refocus-as-delivered"])  # the number, then the strategy
print("starts in week", list(changed.table("starts")["start week"].dropna()))
changed.table("headline").set_index("scenario")[["QPR difference", "reach at end"]]

# %% [markdown]
# **Your answer** (double-click here to write)
#
# * Twice the budget: reach …, QPR difference …; what changes is …
# * `refocus-full-with-conditions` at £50,000: …; at £100,000: …

# %% [markdown] tags=["instructor"]
# **Solution 2.** All teams start earlier. Reach at the end does not double, as all eight teams are
# reached either way; it can even be a little lower, since more of those trained early have left by then.
# The QPR difference moves by some tenths. Time reached (person-years) changes more than reach at the end.
# `refocus-full-with-conditions` at £50,000 is refused: its protected time and relief from priorities
# cost more for **one** team than the yearly budget, and the message says how much. The cheapest full
# delivery is one that nobody has budgeted. At £100,000 it is allowed, and few of the eight teams ever
# start.

# %% tags=["solution"]
from sim.errors import InputError

richer = answer(100_000, ["refocus-as-delivered"])
richer_weeks = list(richer.table("starts")["start week"].dropna())
poorer, better = (
    one.table("headline").set_index("scenario").loc["refocus-as-delivered"]
    for one in (board, richer)
)
print(f"last start: week {max(weeks)}, with twice the budget week {max(richer_weeks)}")
print(f"reach {poorer['reach at end']:.2f} and {better['reach at end']:.2f}")
print(f"QPR difference {poorer['QPR difference']:.2f} and {better['QPR difference']:.2f}")
assert sum(richer_weeks) < sum(weeks)
assert better["reach at end"] < 1.5 * poorer["reach at end"]
assert abs(better["QPR difference"] - poorer["QPR difference"]) < 1
try:
    answer(50_000, ["refocus-full-with-conditions"])
except InputError as refused:
    print(refused)
else:
    raise AssertionError("the full programme should not fit into this budget")
full = answer(100_000, ["refocus-full-with-conditions"]).table("starts")["start week"]
started = list(full.dropna())
print(f"refocus-full-with-conditions with £100,000 a year starts in week {started}")
assert 0 < len(started) < len(full) / 2

# %% [markdown]
# ### Exercise 3 (design, 25 minutes): one page for the board
#
# Write at most 300 words. A neighbour marks it with this list (from CHEERS 2022, STRESS-ABS and
# StaRI), one point each:
#
# 1. base case and alternatives named; 2. perspective (who pays) and time horizon; 3. direct and
# indirect cost by year, price year; 4. chance of a difference that matters, with its threshold and
# Monte Carlo error; 5. what each interval covers; 6. implementation outcomes (reach, fidelity,
# maintenance) apart from effectiveness; 7. groups, with "unknown" where it is unknown; 8. the
# assumption that would most change the decision; 9. what the model cannot say; 10. the decision asked
# for, and what would make you change your mind.
#
# One more number may help: what it would be worth to *know* the parameters before deciding. The cell
# below gives the **expected value of perfect information** for each willingness to pay for one QPR
# point for one person, and the chance that each strategy is best.

# %%
value = board.value
board.table("acceptability").iloc[::8].round(2).T

# %% [markdown]
# **Your page for the board** (double-click here to write; at most 300 words)
#
# * Question, base case, alternatives, who pays, over which time: …
# * Costs by year: …
# * What changes in practice, and for whom: …
# * How likely is a difference that matters, and what the intervals cover: …
# * What the model cannot say, and what would change our mind: …
# * The decision asked for: …
#
# Points from your neighbour: … of 10

# %% [markdown] tags=["instructor"]
# **Solution 3.** A page that gets ten points decides *not* to roll out for the sake of the QPR, or
# rolls out for reach and support with an evaluation built in (a hybrid type 2 design: notebook 5).
# Both are fine if they follow from the page. What loses points most often: intervals without what
# they cover; indirect costs left out; "no effect in black service users".
#
# The perfect-information value is per person on the books; times people and years it bounds what a
# further study may cost. At £0 per point it is zero: if nothing is worth paying for, nothing is worth
# knowing.

# %% tags=["solution"]
assert value.perfect_information[0] == 0.0
assert (value.perfect_information >= 0.0).all()
assert value.names[value.best[0]] == "usual-care", "at no willingness to pay, nothing is bought"
chance = board.table("chances")
four = chance[chance["QPR difference from base"].str.startswith("4 points")]
assert (four["probability"] < 0.1).all()
assert (four["Monte Carlo 95% high"] > 0.02).all(), "thirty draws never prove 'never'"
people = board.comparison.prepared.covered.people
print(f"people on the books: {people:.0f}")
print(f"perfect information is worth at most £{people * value.perfect_information.max():,.0f}")

# %% [markdown]
# ## Common misreadings
#
# * **"0% chance."** 0 of 30 draws. The 95% limits of the Monte Carlo error reach about 11%.
# * **"Cheapest per person reached is best."** Reach is not effect; nor is fidelity.
# * **"Service costs fall, so it pays for itself."** The trial's difference was £1,062 lower per person,
#   95% interval from £1,103 higher to £3,017 lower. That includes zero, and the model adds no evidence
#   to it.
# * **"Readiness-first is fair because it is efficient."** Ask who waits (notebook 4).

# %% [markdown] tags=["instructor"]
# ## Instructor notes
#
# * *Prices* are in `sim/planning/prices.toml`, each with source and grade; many are assumptions.
#   `refocus template prices` prints them for a trust's own figures.
# * *Same from the command line*, with a report: `refocus compare refocus-as-delivered
#   continuing-coaching refocus-boosters --setting setting.toml --out results/board`.
# * *Pacing*: keep 25 minutes for the page and 10 for marking. The tables are quick; the sentences are
#   not.
# * *With more machine*: 200 draws and 10 replications take some minutes; Monte Carlo limits of a 0%
#   chance shrink to about 2%.
