"""What `docs/calibration.md` says beside the report: how to run it, and trials of one's own."""

from calibration.known_truth import known_truth_text
from calibration.markdown import generated
from calibration.targets_text import column_table, extractor_table

EXTRA = f"""
## Recovery, and where the data of a truth lie

The 200 truths were simulated and recovered under the rules of 27 November 2026, a day after the
fit, with the same settings. They are picked by level, spread, standard error and retention;
staff-rated functioning is not among these. Reported were 6.96 points; their trials found 3.2 on
average, and the emulator is fitted to what is plausible for the real trial. The 90% interval of
`staff_rater_bias` holds 52 of the 58 truths whose trial found 4 points or more, and 106 of the 142
others: what the fit says of this bias holds for data like ours, and not in general. All other
parameters together are covered alike in both (.89 and .89).

## Running it

```
refocus calibrate --quick --out results/quick
refocus calibrate --resume results/quick
refocus calibrate --resume results/quick --report
```

The quick fit is for teaching; without `--quick` it is the full one. `python -m calibration` does
the same. A fit that was stopped goes on in its folder and ends the same, as every stage is a pure
function of targets, priors, settings, seed and version of the code; a folder of anything else is
refused. This page, its figures and the posterior that all commands use by default are written by

```
refocus calibrate --out results/calibration --docs docs/calibration.md --ship
```

## Trials of one's own

Individual data, published figures, or both, of one trial or of several:

```
refocus calibrate --data people.csv --scenario delivered.toml --out results/own
refocus template targets --out my-targets.toml
refocus calibrate --data people.csv --targets my-targets.toml --roster teams.csv \\
  --scenario delivered.toml --out results/own
```

Individual data are a table with a row for each person, in any form that `refocus analyse` reads
(CSV, a workbook, Stata, SPSS, Parquet). The figures of the table below are taken from it by the
code that takes them from simulated trials; those marked as fitted move the posterior, the others
are checks. Without `--roster` the teams are those of the data, with defaults for all else. A figure
that is also among the published ones is refused, as it would be counted twice; leave one of them
out, or give the published one `use = "check"`. `--check` reads everything, prints the figures and
fits nothing.

Several trials go into one fit when each has a name; every option is then given again, with the
trial's name before its value. What is given without a name (programme, columns, sheet) holds for
all of them:

```
refocus calibrate --data north=people.csv --roster south=teams.csv --targets south=their.toml \\
  --scenario refocus-as-delivered --scenario south=refocus-full --out results/two-trials
```

`trial = "south"` in a target's table says the same as `south=` before its file. Each trial is
simulated with its own teams, programme and chance; its effect differs from that of the others by
the spread between trials, which is estimated with all else. The report says what each trial alone
would give ("trial south alone", under *Sensitivity of the conclusions*). Effects of scenarios, and
explanations of a result, are those of the first trial. REFOCUS and PULSAR themselves are not
fitted again beside one's own.

{generated("known-truths", known_truth_text())}

Columns of individual data:

{generated("columns", column_table())}

Figures that can be targets:

{generated("extractors", extractor_table())}

### A worked example (invented data)

`calibration/example/` holds a worked example. **Its data are invented**: eight teams, a programme
of coaching training, and figures that nobody measured. A targets file has one table per
figure: its value, how certain it is, where it is from, how it is used, and the extractor that
computes the same figure from a simulated trial.

```
refocus calibrate --targets calibration/example/targets.toml \\
  --roster calibration/example/teams.csv --scenario coaching-only --quick --invented \\
  --out results/example
```

A figure whose extractor does not exist, a negative standard error, a sign that contradicts the
stated direction, or a value that the instrument cannot take is refused by name. A new extractor is
one entry in `calibration/extractors.py` and one line in `sim/trials/studies/refocus_figures.py`.
"""
