"""Targets from individual data: the figures that a trial would have published, and a few more.

A table with one row a service user gives the same figures that are taken from simulated trials,
analysed with the same code (`sim.trials.studies.refocus_figures`): data and simulation are treated
alike, loss to follow-up included. What the table does not hold is left to published figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from calibration.evidence.extractors import EXTRACTORS
from calibration.evidence.targets import Target, checked, of_trial
from sim.errors import InputError, nearest
from sim.inputs.control_labels import ARMS, arm_text, arms_note, arms_of
from sim.trials.studies.refocus_figures import anova_icc, contrast, correlation

START, END = "_start", "_end"
SCORES: Mapping[str, tuple[float, float]] = {
    "qpr15": (0.0, 60.0),
    "qpr_intrapersonal": (0.0, 68.0),
    "qpr_interpersonal": (0.0, 20.0),
    "gaf": (0.0, 100.0),
    "cansas_staff": (0.0, 22.0),
    "cansas_user": (0.0, 22.0),
    "inspire_support": (0.0, 100.0),
    "inspire_relationship": (0.0, 100.0),
    "hope": (-np.inf, np.inf),
    "empowerment": (-np.inf, np.inf),
    "rsa_user": (-np.inf, np.inf),
}
"""Scores that a table may hold, with the range of each: columns such as ``qpr15_start``."""
MEANING = {
    "arm": "intervention or control, or a label that means control and one other",
    "team": "the team or ward that was randomised, or that the person is with",
    **{
        f"{name}{when}": f"{name} at {'baseline' if when == START else 'follow-up, empty if lost'}"
        for name in SCORES
        for when in (START, END)
    },
}
REQUIRED = ("arm", "team", "qpr15_start", "qpr15_end")
FEWEST = 6
"""People followed up in each arm below which no difference is taken from a table."""
TENTH, LARGEST_ITEM, MANY = 10.0, 4.0, 10
"""So many people, all within a tenth of a range or of one item, are in another unit; of needs few
may be unmet."""


@dataclass(frozen=True)
class People:
    """The people of a trial."""

    source: str  # Name of the file
    exposed: np.ndarray  # 1 in the intervention arm, shape (people,)
    team: np.ndarray  # Number of each one's team
    teams: tuple[str, ...]  # Names of teams
    scores: Mapping[str, np.ndarray]  # Columns of scores by name; NaN where missing
    notes: tuple[str, ...] = ()  # How the table was read, where that was not plain

    def roster_text(self) -> str:
        """Return the teams as the roster that the trial had: arm and people sampled of each."""
        rows = ["team,arm,sampled"]
        for number, name in enumerate(self.teams):
            own = self.team == number
            arm = "intervention" if self.exposed[own][0] else "control"
            quoted = '"' + name.replace('"', '""') + '"'
            rows.append(f"{quoted},{arm},{int(own.sum())}")
        return "\n".join(rows) + "\n"


def read_people(path: str | Path, sheet: str | None = None) -> People:
    """Read individual data.

    `path`: CSV, a workbook, Stata, SPSS or Parquet, a row for each person; columns as in
    `MEANING`; `sheet`: sheet of a workbook. Raises InputError for a file that cannot be read, a
    column that is lacking or misspelt, arms that are not told apart, a score that cannot be, or a
    team in both arms; all problems of a kind at once.
    """
    from sim.trials.data.data_notes import missing_fields
    from sim.trials.data.trial_table import label_of, read_as_numbers, read_trial_table

    frame, read = read_trial_table(path, sheet)
    where = f"data '{Path(path).name}'"
    unused = _columns(list(frame.columns), where)
    names = [one for one in MEANING if one in frame.columns]
    missing, marks = missing_fields(frame, names, ())
    problems = [
        f"row {np.flatnonzero(missing[one])[0] + 1}: {one} is empty; every row needs it"
        for one in ("arm", "team")
        if missing[one].any()
    ]
    labels = frame["arm"].map(label_of)
    arms = arms_of(labels[~missing["arm"]])
    if not arms:
        shown = ", ".join(f"'{one}'" for one in sorted(set(labels[~missing["arm"]]))[:4])
        problems.append(f"arm holds {shown}: must be {MEANING['arm']}")
    if problems:
        raise InputError.of(where, problems)
    scores: dict[str, np.ndarray] = {}
    for name in (one for one in names if one not in ("arm", "team")):
        values = np.where(missing[name], np.nan, read_as_numbers(frame[name]))
        unread = np.isnan(values) & ~missing[name]
        low, high = SCORES[name.removesuffix(START).removesuffix(END)]
        outside = (values < low) | (values > high) | np.isinf(values)
        for at in np.flatnonzero(unread | outside)[:3]:
            told = "must be a number" if unread[at] else f"lies outside [{low:g}, {high:g}]"
            problems.append(f"row {at + 1}: {name} = '{label_of(frame[name][at])}': {told}")
        known, least = values[np.isfinite(values)], max(high / TENTH, LARGEST_ITEM)
        if not name.startswith("cansas") and len(known) >= MANY and known.max() <= least < high:
            problems.append(
                f"{name}: no value above {known.max():g} of {high:g}; this looks like another "
                "unit, as a mean of items: give sums on the instrument's own range"
            )
        scores[name] = values
    teams, team = np.unique(frame["team"].map(label_of).to_numpy(str), return_inverse=True)
    exposed = np.array([ARMS[0] == arms[arm_text(one)] for one in labels]).astype(np.int64)
    both = [str(one) for number, one in enumerate(teams) if len(set(exposed[team == number])) > 1]
    if both:
        problems.append(f"team '{both[0]}' stands in both arms; a team is of one arm")
    if problems:
        raise InputError.of(where, problems)
    notes = [one for one in (*read, *marks, arms_note(arms), *unused) if one]
    where_is = tuple(str(one) for one in teams)
    return People(Path(path).name, exposed, team.astype(np.int64), where_is, scores, tuple(notes))


def _columns(given: Sequence[str], where: str) -> list[str]:
    """Return notes on columns that nothing is taken from; refuse those that are misspelt.

    Raises InputError for a column that is lacking, or that is nearly the name of another.
    """
    # A column that is another one already was not meant, nor one that stands beside the right one.
    own = [one for one in given if one not in MEANING]
    lacking = [one for one in MEANING if one not in given]
    problems = [
        f"column '{one}' is lacking ({MEANING[one]}){nearest(one, own)}"
        for one in REQUIRED
        if one in lacking
    ]
    for one in own:
        meant = _meant(one)
        if meant in lacking and meant not in REQUIRED:
            problems.append(
                f"column '{one}': nothing is taken from it; did you mean '{meant}'? Write it so, "
                "or call it something else"
            )
    if problems:
        raise InputError.of(where, problems)
    notes = []
    if own:
        listed = ", ".join(f"'{one}'" for one in own[:8])
        notes.append(f"nothing is taken from the column{'s' * (len(own) > 1)} {listed}")
    halves = [
        one
        for one in given
        if one.endswith(END) and one in MEANING and one.removesuffix(END) + START in lacking
    ]
    if halves:
        listed = ", ".join(f"'{one}'" for one in halves)
        notes.append(f"nothing is taken from {listed}, as the score at baseline is not there")
    return notes


def _meant(column: str) -> str:
    """Return the column that another is a misspelling of, in its score or its time; else ""."""
    score, _, time = "_".join(re.split(r"[\W_]+", column.casefold().strip())).rpartition("_")
    scores = get_close_matches(score, SCORES, n=1, cutoff=0.8)
    times = get_close_matches(f"_{time}", (START, END), n=1, cutoff=0.7)
    return scores[0] + times[0] if scores and times else ""


def _difference(people: People, score: str, sign: float = 1.0) -> tuple[float, float]:
    """Return the adjusted difference between arms and its standard error, as trials analyse it."""
    end, start = people.scores[score + END], people.scores[score + START]
    kept = np.isfinite(people.scores["qpr15_end"]).astype(np.int64)
    found = contrast(end, start, people.exposed, kept, people.team, len(people.teams), 1)
    estimate, error = float(found[0]), float(found[1])
    return sign * estimate, error


def _correlated(people: People, score: str) -> float:
    """Return the correlation of a score with the QPR-15 at baseline."""
    other, qpr = people.scores[score + START], people.scores["qpr15_start"]
    both = np.isfinite(other) & np.isfinite(qpr)
    return float(correlation(other[both], qpr[both]))


DIFFERENCES = {
    "difference": ("qpr15", 1.0),
    "gaf_difference": ("gaf", 1.0),
    "staff_unmet_needs_reduction": ("cansas_staff", -1.0),
    "user_unmet_needs_reduction": ("cansas_user", -1.0),
    "inspire_support_difference": ("inspire_support", 1.0),
    "inspire_relationship_difference": ("inspire_relationship", 1.0),
}
TESTS = {"z_intrapersonal": "qpr_intrapersonal", "z_interpersonal": "qpr_interpersonal"}
CORRELATIONS = {
    "hope_correlation": "hope",
    "empowerment_correlation": "empowerment",
    "rsa_correlation": "rsa_user",
}
FITTED = ("control_mean", "log_sd", "difference", "log_se", "logit_retention", *TESTS)
"""Figures of the table that are fitted; the others are checks."""


def figures_of(people: People) -> dict[str, dict[str, Any]]:
    """Return what the data say, by extractor: value, and standard error or counts where known."""
    start, end = people.scores["qpr15_start"], people.scores["qpr15_end"]
    followed = np.isfinite(end)
    arms = [followed & (people.exposed == arm) for arm in (0, 1)]
    least = min(int(one.sum()) for one in arms)
    if least < FEWEST:
        raise InputError(
            f"data '{people.source}': {least} people of one arm were followed up; at least "
            f"{FEWEST} are needed"
        )
    spread = sum(float(((end[one] - end[one].mean()) ** 2).sum()) for one in arms)
    known = np.isfinite(start)
    found: dict[str, dict[str, Any]] = {
        "control_mean": {"value": float(end[arms[0]].mean())},
        "log_sd": {"value": float(np.sqrt(spread / (followed.sum() - 2.0)))},
        "logit_retention": {"value": int(followed.sum()), "of": len(followed)},
        "icc_baseline": {
            "value": float(anova_icc(start[known], people.team[known], len(people.teams)))
        },
        "pooled_change": {"value": float(np.nanmean(end - start))},
    }
    for name, (score, sign) in DIFFERENCES.items():
        if _has(people, score, START, END):
            estimate, error = _difference(people, score, sign)
            found[name] = {"value": estimate, "se": error}
            if name == "difference":
                found["log_se"] = {"value": error}
    for name, score in TESTS.items():
        if _has(people, score, START, END):
            estimate, error = _difference(people, score)
            found[name] = {"value": estimate / error}
    for name, score in CORRELATIONS.items():
        if _has(people, score, START):
            found[name] = {"value": _correlated(people, score)}
    return {
        name: one for name, one in found.items() if all(np.isfinite(each) for each in one.values())
    }


def figure_columns(name: str) -> tuple[str, ...]:
    """Return the columns of individual data that a figure is taken from; empty for none."""
    if name in DIFFERENCES or name == "log_se":
        score = DIFFERENCES.get(name, ("qpr15", 1.0))[0]
        return f"{score}{START}", f"{score}{END}"
    if name in TESTS:
        return f"{TESTS[name]}{START}", f"{TESTS[name]}{END}"
    if name in CORRELATIONS:
        return f"{CORRELATIONS[name]}{START}", f"qpr15{START}"
    return {
        "control_mean": (f"qpr15{END}",),
        "log_sd": (f"qpr15{END}",),
        "logit_retention": (f"qpr15{END}",),
        "icc_baseline": (f"qpr15{START}",),
        "pooled_change": (f"qpr15{START}", f"qpr15{END}"),
    }.get(name, ())


def _has(people: People, score: str, *times: str) -> bool:
    return all(score + when in people.scores for when in times)


def targets_of(people: People, trial: str = "") -> dict[str, Target]:
    """Return the figures of individual data as targets, named ``data_`` and their extractor.

    `trial`: which of several trials they are of.
    """
    made: dict[str, Target] = {}
    for number, (name, figure) in enumerate(figures_of(people).items(), 1):
        table = {
            "pattern": f"D{number}",
            "title": f"{EXTRACTORS[name].label}, from individual data",
            "kind": "estimate",
            "unit": "as its instrument",
            "population": f"{len(people.exposed)} people in {len(people.teams)} teams",
            "instrument": EXTRACTORS[name].label,
            "analysis": "as of simulated trials",
            "source": people.source,
            "evidence": "individual data",
            "use": "fit" if name in FITTED else "check",
            "extractor": name,
            **figure,
        }
        one = of_trial(checked(f"data_{name}", table), trial)
        made[one.name] = one
    return made
