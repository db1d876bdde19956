"""The calibration report: one document, as a self-contained page and as `docs/calibration.md`.

The text says what each table means; every figure in it comes from the stored results.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calibration.findings.checks import checks_text
from calibration.findings.markdown import Row, generated, number, table
from calibration.findings.recovery import EFFECT_DRAWS
from calibration.findings.rival_text import both_trials_text
from calibration.findings.second_method import second_method_text
from calibration.findings.words import effect_words, parameter_words
from sim.errors import InputError
from sim.files import write_whole
from sim.report.document import Document


def targets_table(rows: Sequence[Row]) -> str:
    """Return what was reported, how sure it is and how it is used."""
    return table(
        rows,
        (
            ("pattern", "pattern"),
            ("figure", "title"),
            ("value", lambda r: r["value"] if r["of"] is None else int(r["value"])),
            ("SE", "se"),
            ("use", "use"),
            ("evidence", "evidence"),
            ("conflicts between sources", "conflicts"),
        ),
    )


def survivors(rows: Sequence[Row]) -> str:
    """Return in a sentence which explanations could each alone account for the reported result."""
    if not rows:
        return "No difference was given, so explanations of it cannot be weighed."
    weighed = [row for row in rows if row["weight"] is not None]
    most = max(weighed, key=lambda row: row["weight"])
    # A tenth of the best one's support is the usual mark of strong evidence against.
    against = [r["rival"] for r in weighed if r["weight"] < most["weight"] / 10.0]
    ranked = sorted(weighed, key=lambda row: -row["weight"])
    weights = ", ".join(f"{r['rival']} {r['weight']:.2f}" for r in ranked)
    verdict = (
        f"the trial speaks strongly against {', '.join(against)}"
        if against
        else "the trial rules none of them out"
    )
    return (
        "Posterior weight of each explanation of the null result, taken alone and equally likely "
        f"beforehand (0.20): {weights}; {verdict}."
    )


def rival_text(rows: Sequence[Row]) -> str:
    """Return the part of the report on each explanation alone; nothing without rows."""
    if not rows:
        return ""
    return (
        "Can each account for the trial alone? In each rival model only its own explanation holds; "
        "the others are switched off (everybody attends, forgets nothing and acts on intent; "
        "recovery responds at once; the instrument is sharp; full implementation has an effect of "
        "at least .3 SD, an assumption). Under theory failure what people experience has no effect "
        "on recovery. Under chance nothing holds the programme back and sampling error hid its "
        "effect; sampling error is part of every rival. Bayes factor: how much better than chance "
        "a rival predicts the reported difference. Posterior weight: with all five equally likely "
        "beforehand. Only the QPR difference is used, over draws of the priors, which have not "
        "seen it.\n\n"
        + table(
            rows,
            (
                ("only this holds", "rival"),
                ("expected effect as delivered, 12 months (mean, 90%)", "effect"),
                ("Bayes factor against chance", "factor"),
                ("MC SE", "factor_se"),
                ("posterior weight", "weight"),
                ("MC SE", "weight_se"),
            ),
        )
        + "\n\n"
        + survivors(rows)
        + "\n\n"
    )


# Why a figure of the shipped targets may be missed, and on which side the reason holds.
REASONS: dict[str, tuple[str, str]] = {
    "p7_functioning": (
        "above",
        "Staff were not blind, and the model's prior on rater bias shrinks to none; the reported "
        "interval is not symmetric (a suspected misprint). It was not fitted, as bias and benefit "
        "cannot be told apart. Do not use the model for this scale.",
    ),
    "p7_unmet_need_staff": (
        "above",
        "As with functioning: raters were not blind, and bias and benefit cannot be told apart. "
        "Do not use the model for this scale.",
    ),
    "p7_unmet_need_user": (
        "above",
        "Read as user-rated, the change is out of the model's reach: needs hardly respond to what "
        "staff do in it. Do not use the model for this scale.",
    ),
    "p16_goal_named": (
        "above",
        "Which share of users has a goal at the start is an assumption, while the reported share "
        "is of people who were asked to name one. Results on goals rest on an assumption that this "
        "figure contradicts.",
    ),
    "p16_goal_reached": (
        "above",
        "The reported progress is on a scale whose scoring was not seen. Results on goals rest on "
        "assumptions that this figure contradicts.",
    ),
}
FITTED_MISS = (
    "It was fitted, and the model cannot produce it together with the others: do not rely on the "
    "fit for it."
)


def missed(row: Row) -> bool:
    """Return whether a reported figure is where fewer than a tenth of simulated trials are."""
    tail = row.get("tail_selected", row.get("tail"))
    return tail is not None and tail["p"] < 0.1


def miss_text(row: Row) -> str:
    """Return what is to be said about a figure that the posterior predictive misses."""
    name = f"{row['pattern']} {row['title']}"
    tail = row.get("tail_selected", row.get("tail"))
    if row["reported"] is None:
        return f"{name}: only {number(tail)} of simulated trials show what was reported."
    interval = row.get("interval_selected", row["interval"])
    median = row.get("median_selected", row["median"])
    side = "above" if row["reported"] > median else "below"
    text = (
        f"{name}: reported {number(row['reported'])}, {side} the posterior predictive "
        f"{number(interval)}; tail {number(tail)}."
    )
    wanted, reason = REASONS.get(row["name"], ("", ""))
    if row["use"] == "fit":
        return f"{text} {FITTED_MISS}"
    return f"{text} {reason}" if wanted == side else text


def consistent(share: float, nominal: float, error: float) -> str:
    """Return in words how a coverage compares with the nominal one, at two standard errors."""
    if abs(share - nominal) <= 2.0 * error:
        return "consistent with nominal"
    return "below nominal" if share < nominal else "above nominal"


def narrowing(share: float) -> str:
    """Return the end of a sentence: by how much the trial narrowed an interval, if it did."""
    if share < 0.005:
        return ", which did not narrow it"
    return f", which narrowed it by {share:.0%}"


def in_short(results: dict[str, Any]) -> list[str]:
    """Return the main findings, one a line."""
    main = results["sensitivity"][0]
    flags = {row["effect"]: row for row in results["narrowing"]}
    full = flags["qpr_full_12"]
    assumed = [
        effect_words(r["effect"]) for r in results["narrowing"] if r["flag"].startswith("rests on")
    ]
    informed = [r["name"] for r in results["contraction"] if r["verdict"] == "informed"]
    unmoved = [r["name"] for r in results["contraction"] if r["verdict"].startswith("hardly")]
    predictive = results["predictive"]
    estimates = [r for r in predictive if r["use"] == "fit" and r.get("tail") is not None]
    inside = [f"{r['pattern']} {r['title']}" for r in estimates if not missed(r)]
    outside = [f"{r['pattern']} {r['title']}" for r in predictive if missed(r)]
    leading = max(results["explanations"]["rows"], key=lambda row: row["weight"])
    calibrated = len(results["calibrated"])
    return [
        f"Expected effect on the QPR as delivered, 12 months: {number(main['qpr_delivered_12'])} "
        "points (mean, 90% interval over posterior draws; sampling noise of a trial not included).",
        f"Of full implementation: {number(main['qpr_full_12'])} at 12 months, "
        f"{number(main['qpr_full_24'])} at 24 (extrapolation; funding ends at 12).",
        "P(full-implementation effect <= 0): "
        f"{number(main['full_not_above_zero_12'])} at 12 months, "
        f"{number(main['full_not_above_zero_24'])} at 24. P(at least the minimum important "
        f"difference of 4): {number(main['full_above_important_12'])} and "
        f"{number(main['full_above_important_24'])}; of 2.7: "
        f"{number(main['full_above_lower_12'])} and {number(main['full_above_lower_24'])}.",
        "90% interval of the full-implementation effect at 12 months: "
        f"{number(full['prior'][1:])} by the priors alone, {number(full['posterior'][1:])} with "
        f"the trial{narrowing(full['narrowed'])}. These conclusions rest on assumptions, not on "
        f"the trial: {'; '.join(assumed) or 'none'}.",
        "INSPIRE Support, full implementation: "
        f"{number(main['inspire_support_full_12'])} at 12 months, "
        f"{number(main['inspire_support_full_24'])} at 24; Relationship: "
        f"{number(main['inspire_relationship_full_12'])} and "
        f"{number(main['inspire_relationship_full_24'])} "
        "(not calibrated: no REFOCUS figure seen).",
        f"Parameters: {results['varying']} have a prior, {calibrated} of them are calibrated. "
        f"Informed: {parameter_words(informed)}. Hardly moved, so that the prior speaks: "
        f"{parameter_words(unmoved)}. Slightly informed: the other "
        f"{calibrated - len(informed) - len(unmoved)}. All that are not calibrated keep their "
        "priors.",
        survivors(results["rivals"]),
        f"What takes away most of the effect in the model as fitted: {leading['explanation']} "
        f"({leading['weight']:.2f} of the lifts, SE {leading['weight_se']:.2f}). A significant QPR "
        f"difference is found in {number(results['detection'])} of simulated trials.",
        f"Fitted figures inside the central 90% of the posterior predictive: "
        f"{'; '.join(inside) or 'none'}.",
        f"Reported figures outside it, fitted or checked: {'; '.join(outside) or 'none'}.",
    ]


def method_text(results: dict[str, Any]) -> str:
    """Return how the fit was made, from its settings and diagnostics."""
    diagnostics, settings, trial = results["diagnostics"], results["settings"], results["trial"]
    condition = results["condition"]
    selected = next((one for one in results["targets"] if one["kind"] == "selected"), None)
    names = trial["names"]
    several = f"{len(names)} trials ({', '.join(names)}), " if len(names) > 1 else ""
    parts = [
        "For every parameter set whole trials are simulated as the trial was: "
        f"{several}{trial['teams']} teams, {trial['sampled']} sampled users, loss to follow-up, "
        "15- and 22-item QPR from the same answers, a mixed model with baseline and a random "
        "intercept for the team. Their means and covariance give a normal synthetic likelihood of "
        "what was reported; the published standard errors are not added. "
        f"Of {results['varying']} parameters with a prior, {len(results['calibrated'])} are "
        "calibrated; the others are drawn from their priors in every simulated trial."
    ]
    if several:
        parts.append(
            "The trials are fitted together: what a parameter set says of the programme differs "
            "from trial to trial by its spread between trials, and each has chance of its own. "
            f"Effects of scenarios, and explanations of a result, are for {names[0]}."
        )
    if selected is not None and selected["use"] == "fit":
        parts.append(
            f"How participation was judged is drawn for each trial. {selected['pattern']} enters "
            "as its density among trials that would have reported it: at least one of its "
            f"{len(selected['selected_by'])} tests significant, given the other figures."
        )
    parts.append(
        f"Direct method: tempered sequential Monte Carlo, {settings['particles']} particles, "
        f"common random numbers over {settings['replicates']} replications "
        f"({diagnostics['simulated_trials']:,} simulated trials), "
        f"{len(diagnostics['temperatures'])} temperatures, smallest effective sample size "
        f"{min(diagnostics['effective_sample_size']):.0f}, acceptance "
        f"{min(diagnostics['acceptance']):.2f}-{max(diagnostics['acceptance']):.2f}, log evidence "
        f"{diagnostics['log_evidence']:.2f}. Second method, whose draws are shipped: two waves of "
        f"a quadratic emulator on {2 * settings['waves']:,} trials with other random draws, log "
        f"evidence {diagnostics['log_evidence_emulated']:.2f}."
    )
    parts.append(
        f"Condition number of the figures' correlation: {condition['all']:.0f}; of the figures "
        f"whose density is used, {condition['densities']:.0f}. The two figures most alike are "
        f"{condition['pair'][0]} and {condition['pair'][1]} (correlation "
        f"{condition['pair_correlation']:.2f}). Tests enter only by the probability that they are, "
        "or are not, significant, which has no need of an inverse. What weaker correlations would "
        "change is in the table of sensitivities."
    )
    limits = "Covariates beyond baseline are unknown and left out."
    if not trial["own"]:
        limits = (
            "Of the multiple imputation that the trial used only the analysis of those followed "
            "up is simulated; covariates beyond baseline are unknown."
        )
    priors = "; ".join(f"`{name}`: {why}" for name, why in results["prior_overrides"].items())
    parts.append(f"{limits} Priors that differ from the registry's: {priors or 'none'}.")
    return "\n\n".join(parts)


def agreement_text(results: dict[str, Any]) -> str:
    """Return how well the two methods agree, beside what chance explains."""
    one = results["diagnostics"]["agreement"]
    enough = one["root_mean_square_in_errors"] <= 1.5
    judged = (
        "no more than chance explains"
        if enough
        else "more than chance explains: read the posterior means to that precision"
    )
    return (
        "Difference of the posterior means (direct less emulator), in posterior SDs, with its "
        "standard error: from the direct method's frozen replications (jackknife) and from the "
        f"chains of both. Largest difference {one['largest_gap']:.2f} SD, mean "
        f"{one['mean_gap']:.2f}; in standard errors the root mean square is "
        f"{one['root_mean_square_in_errors']:.1f} and {one['beyond_two_errors']} of "
        f"{len(results['agreement'])} exceed 2: {judged}. Ratios of SDs "
        f"{one['smallest_ratio']:.2f}-{one['largest_ratio']:.2f}.\n\n"
        + table(
            results["agreement"],
            (
                ("parameter", "name"),
                ("difference", "gap"),
                ("SE", "standard_error"),
                ("of it: replications", "from_replicates"),
                ("of it: chains", "from_chains"),
                ("in SEs", "in_errors"),
                ("ratio of SDs", "ratio"),
            ),
        )
    )


def recovery_text(results: dict[str, Any]) -> str:
    """Return coverage over synthetic truths in words and as a table."""
    coverage, rows = results["diagnostics"]["coverage"], results["recovery"]
    shares = "; ".join(
        f"{name}: {one['coverage']:.3f} (SE {one['standard_error']:.3f}, "
        f"{consistent(one['coverage'], one['nominal'], one['standard_error'])})"
        for name, one in coverage.items()
    )
    off = [
        f"{row['name']} at {level}%"
        for row in rows
        for level in (50, 90)
        if not row[f"cover_{level}_low"] <= level / 100.0 <= row[f"cover_{level}_high"]
    ]
    return (
        f"{rows[0]['truths']} truths drawn from the prior, simulated with the real target set and "
        "the real rule of reporting, kept when their level, spread, standard error and retention "
        "look like the real ones (a rule on the data alone). Posterior by the emulator method; "
        f"effects are simulated for {EFFECT_DRAWS} draws of each truth's posterior, as users get "
        "them, and judged by the truth's rank among them, which few draws do not bias. "
        f"Over all: {shares}. Of {2 * len(rows)} single intervals (exact binomial, 95%) "
        f"those without the nominal rate are {len(off)}, where chance alone would give about "
        f"{0.05 * 2 * len(rows):.0f}: {', '.join(off) or 'none'}. "
        "Rank test: Kolmogorov-Smirnov against the uniform.\n\n"
        + table(
            rows,
            (
                ("quantity", "name"),
                ("50%", "cover_50"),
                ("", lambda r: (r["cover_50_low"], r["cover_50_high"])),
                ("90%", "cover_90"),
                ("", lambda r: (r["cover_90_low"], r["cover_90_high"])),
                ("correlation with truth", "correlation"),
                ("rank test p", "uniform_p"),
            ),
        )
        + "\n\nINSPIRE: not calibrated: no REFOCUS figure seen."
    )


def trials_text(results: dict[str, Any]) -> str:
    """Return what each trial says alone and with the other, and how each predicts the other."""
    rows = results["leave_one_out"]
    mechanism = next(one for one in rows if one["posterior"] == "refocus-alone")
    forecasts = results["without_mechanism"]
    best = max(forecasts, key=lambda one: one["score"])
    score = mechanism["pulsar_score"][0]
    ranked = (
        f'"{best["forecast"]}" still scores better on PULSAR ({best["score"]:.2f} against '
        f"{score:.2f})"
        if best["score"] > score
        else f"that is better than every forecast without a mechanism (best {best['score']:.2f})"
    )
    return (
        "The same model under other data, all from one emulator. Effects in SD of the QPR-15 after "
        '12 months (mean, 90%); "new trial" adds the spread between trials, not sampling error. '
        "Log scores: a normal with the mean and SD of the predicted estimate, at what was "
        "reported (PULSAR 3.7, REFOCUS 0.68); a trial that a row was fitted to is no prediction. "
        f"PULSAR predicted from REFOCUS by the mechanism: {ranked}.\n\n"
        + table(
            rows,
            (
                ("fitted to", "posterior"),
                ("as delivered", "delivered"),
                ("full", "full"),
                ("new trial, as delivered", "new_trial"),
                ("P(new trial < 0)", "new_trial_negative"),
                ("spread between trials", "spread"),
                ("change of practice, full training", "practice"),
                ("log score of PULSAR (MC SE)", lambda r: scored(r["pulsar_score"])),
                ("log score of REFOCUS (MC SE)", lambda r: scored(r["refocus_score"])),
            ),
        )
        + "\n\nForecasts of PULSAR without a mechanism, with the sampling error of both trials and "
        "the transport (SD 0.1) of the dated forecast:\n\n"
        + table(forecasts, (("forecast", "forecast"), ("log score of PULSAR", "score")))
    )


def scored(score: Sequence[float]) -> str:
    """Return a log score with its Monte Carlo error."""
    return f"{score[0]:.2f} ({score[1]:.2f})"


def sections(results: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """Return title, Markdown text and name of a figure for every section."""
    diagnostics = results["diagnostics"]
    out: list[tuple[str, str, str | None]] = []
    out.append(("In short", "\n".join(f"* {line}" for line in in_short(results)), None))
    out.append(("How it was fitted", method_text(results), None))
    out.append(("Targets", generated("targets", targets_table(results["targets"])), None))
    out.append(
        (
            "Posterior predictive",
            "Each row: 90% interval of the figure over whole simulated trials, so it holds the "
            "trial's own noise. Tail: twice the smaller share beyond the reported value; for "
            "directions the share of trials that show it, for tests the share not significant. "
            "Selected figures are judged among trials that would have reported them.\n\n"
            + table(
                results["predictive"],
                (
                    ("pattern", "pattern"),
                    ("figure", "title"),
                    ("use", "use"),
                    ("reported", "reported"),
                    ("prior predictive", "prior"),
                    ("posterior median", "median"),
                    ("posterior predictive", "interval"),
                    ("tail or share", "tail"),
                    ("if reported: interval", "interval_selected"),
                    ("if reported: tail", "tail_selected"),
                ),
            ),
            "predictive",
        )
    )
    misses = [miss_text(row) for row in results["predictive"] if missed(row)]
    if misses:
        out.append(("The misses", "\n".join(f"* {text}" for text in misses), None))
    own = results["trial"]["own"]
    if not own:
        out.append((CHECKS, generated("checks", checks_text()), None))
    out.append(
        (
            "What the trial says about each parameter",
            "Prior and posterior (shipped draws): median and 90% interval. Contraction and shift "
            "on the prior's normal scale, by both methods; the more cautious one decides the "
            "verdict.\n\n"
            + table(
                results["contraction"],
                (
                    ("parameter", "name"),
                    ("prior", "prior"),
                    ("posterior", "posterior"),
                    ("shift", "shift"),
                    ("contraction", "contraction"),
                    ("shift (direct)", "shift_direct"),
                    ("contraction (direct)", "contraction_direct"),
                    ("figure it moves most", "moved_by"),
                    ("verdict", "verdict"),
                ),
            )
            + "\n\nParameters that are not calibrated although the screen shows that they move a "
            "fitted figure by more than .1 SD, and by more than four standard errors (drawn from "
            "their priors):\n\n"
            + table(
                results["screen"],
                (("parameter", "name"), ("figure", "figure"), ("SD per prior SD", "moves")),
            ),
            "contraction",
        )
    )
    out.append(
        (
            "Implausibility",
            f"Share of the prior that is not ruled out after waves 1 and 2: "
            f"{number(diagnostics['not_ruled_out'])} (every implausibility below 3).\n\n"
            + table(
                results["implausibility"],
                (
                    ("figure", "figure"),
                    ("at the posterior mean", "at_posterior_mean"),
                    ("median over the prior", "median_prior"),
                    ("share of the prior it rules out alone", "ruled_out_alone"),
                ),
            )
            + "\n\nThe emulator's standardised errors on posterior predictive trials that it has "
            "not seen (0 and 1 are ideal):\n\n"
            + table(
                results["emulator_check"], (("figure", "figure"), ("mean", "mean"), ("SD", "sd"))
            ),
            None,
        )
    )
    others = "" if own else f"\n\n{generated('second-method', second_method_text())}"
    out.append(("Do the two methods agree?", agreement_text(results) + others, None))
    out.append(("Recovery of synthetic truths", recovery_text(results), "recovery"))
    out.append(
        (
            "Sensitivity of the conclusions",
            "Mean and 90% interval of expected effects. First shipped draws and priors with "
            "simulated effects. Others: emulated effects, so that differences between them are due "
            "to the analysis (an emulator does not follow the skewness of the effects exactly: "
            "compare these rows with each other). INSPIRE: not "
            "calibrated: no REFOCUS figure seen.\n\n"
            + table(
                results["sensitivity"],
                (
                    ("analysis", "analysis"),
                    ("QPR delivered, 12", "qpr_delivered_12"),
                    ("QPR full, 12", "qpr_full_12"),
                    ("QPR full, 24", "qpr_full_24"),
                    ("INSPIRE Support full, 12", "inspire_support_full_12"),
                    ("INSPIRE Support full, 24", "inspire_support_full_24"),
                    ("INSPIRE Relationship full, 12", "inspire_relationship_full_12"),
                    ("INSPIRE Relationship full, 24", "inspire_relationship_full_24"),
                    ("P(QPR full <= 0), 12", "full_not_above_zero_12"),
                    ("log evidence", "log_evidence"),
                ),
            )
            + "\n\nWhat the trial adds to the priors (both by simulated effects). A conclusion "
            "rests on assumptions when the trial narrowed its 90% interval by less than a "
            "quarter.\n\n"
            + table(
                results["narrowing"],
                (
                    ("effect", lambda r: effect_words(r["effect"])),
                    ("priors alone", "prior"),
                    ("posterior", "posterior"),
                    ("narrowed by", "narrowed"),
                    ("reading", "flag"),
                ),
            ),
            "sensitivity",
        )
    )
    if "without_selected" in results:
        pattern = next(one["pattern"] for one in results["targets"] if one["kind"] == "selected")
        out.append(
            (
                f"With and without {pattern}",
                "The same draws, reweighted to the posterior without the participation contrast "
                "(effective share "
                f"{results['without_selected'][0]['effective_share']:.2f} of the draws). "
                "A conclusion differs where the means differ by over a tenth of the interval.\n\n"
                + table(
                    results["without_selected"],
                    (
                        ("effect", lambda r: effect_words(r["effect"])),
                        (f"with {pattern}", "with"),
                        (f"without {pattern}", "without"),
                        (
                            "differs",
                            lambda r: (
                                "yes"
                                if abs(r["with"][0] - r["without"][0])
                                > 0.1 * (r["with"][2] - r["with"][1])
                                else "no"
                            ),
                        ),
                        (
                            "flag",
                            lambda r: (
                                "not calibrated: no REFOCUS figure seen"
                                if r["effect"].startswith("inspire")
                                else ""
                            ),
                        ),
                    ),
                ),
                None,
            )
        )
    if "leave_one_out" in results:
        out.append(("Both trials together, each alone, and neither", trials_text(results), None))
    sobol_rows = [
        {"effect": name, **row} for name, rows in results["sobol"].items() for row in rows[:4]
    ] + [{"effect": name, **row} for name, rows in results["sobol"].items() for row in rows[-2:]]
    out.append(
        (
            "What the effects depend on",
            "Sobol indices over the prior, from the polynomial emulator; intervals by jackknife "
            "(90%). INSPIRE: not calibrated: no REFOCUS figure seen.\n\n"
            + table(
                sobol_rows,
                (
                    ("effect", lambda r: effect_words(r["effect"])),
                    ("parameter", "parameter"),
                    ("first order", "first_order"),
                    ("total", "total"),
                    ("90%", "total_interval"),
                ),
            )
            + "\n\nOver all parameters, calibrated or not: linear first-order shares.\n\n"
            + table(
                results["main_effects"],
                (
                    ("effect", lambda r: effect_words(r["effect"])),
                    ("parameter", "parameter"),
                    ("share of variance", "share"),
                    ("SE", "standard_error"),
                    ("calibrated", "calibrated"),
                ),
            ),
            "sobol",
        )
    )
    explanations = results["explanations"]
    futures = list(explanations["overall"])
    out.append(
        (
            "Why was it null?",
            rival_text(results["rivals"])
            + ("" if own else generated("rivals", both_trials_text()) + "\n\n")
            + "### What each took away\n\n"
            + "What each took away. Each explanation is switched off alone in every posterior "
            "draw. Lift: how much larger the expected effect as delivered at 12 months would be; "
            "for chance, the expected effect less the reported difference (negative: the trial "
            "found more than expected, so chance hid nothing). Share of lifts: mean over draws of "
            "its share in the sum of the "
            "positive lifts; a measure of size, not a probability. A significant QPR "
            f"difference is found in {number(results['detection'])} of simulated trials (.05 is "
            "what chance gives without any effect). Theory failure off: full implementation has an "
            "effect of at least .3 SD (assumption). Implementation off: everybody attends, "
            "forgets nothing and acts on intent. Lifts multiply, they do not add.\n\n"
            + table(
                explanations["rows"],
                (
                    ("explanation", "explanation"),
                    ("share of lifts", "weight"),
                    ("SE", "weight_se"),
                    ("leads in", "leads"),
                    ("lift, points", "lift"),
                    *(
                        (f"P(effect >= {t})", lambda r, t=t: r["lifted_above"][t])
                        for t in explanations["rows"][0]["lifted_above"]
                    ),
                ),
            )
            + "\n\nWhat each implies: expected effects in the draws where it leads (mean, 90%).\n\n"
            + table(
                [
                    {"future": label, "all": explanations["overall"][label]}
                    | {r["explanation"]: r["predictions"].get(label) for r in explanations["rows"]}
                    for label in futures
                ],
                (
                    ("QPR-15 effect", "future"),
                    ("all draws", "all"),
                    *((r["explanation"], r["explanation"]) for r in explanations["rows"]),
                ),
            )
            + "\n\nThe minimum important difference between groups is 4 on the 15-item form; 2.7 "
            "in case it was set on 22 items."
            + "\n\nBound from randomisation alone: the effect in teams that implemented, if a "
            "share p did and the others had none.\n\n"
            + table(
                results["bound"],
                (("p", "p"), ("effect", "effect"), ("SE", "standard_error"), ("95%", "interval")),
            ),
            "explanations",
        )
    )
    out.append(
        (
            "Which measurement would tell them apart",
            "Expected information (bits) about which of the first four explanations leads, out "
            f"of {results['information'][0]['of']:.2f}. The SEs of future measurements "
            "are assumptions: the trial's own for the QPR. Where the bits are near 0 the "
            "measurement tells next to nothing; bits below 0 are estimation error.\n\n"
            + table(
                results["information"],
                (
                    ("measurement", "measurement"),
                    ("bits", lambda r: number(r["bits"], 3)),
                    ("MC SE", lambda r: number(r["bits_se"], 3)),
                    ("its SE", "standard_error"),
                ),
            ),
            None,
        )
    )
    out.append(
        (
            "Limits",
            "\n".join(
                [
                    "* Parameters that are not calibrated keep their priors; correlations between "
                    "them and the calibrated ones in the posterior are ignored.",
                    "* The likelihood is normal; participation contrasts have heavier tails.",
                    "* Coverage is examined for the emulator method, whose draws are shipped; the "
                    "direct one is a cross-check on the real data only. With few replications it "
                    "tends to be too sure of itself. Truths are sampled with fewer particles than "
                    "the shipped draws, and a sampler of few particles makes intervals a little "
                    "short.",
                    "* Of synthetic truths only those are kept whose contrast would have been "
                    "reported, so their probability of being reported is over all trials; for "
                    "the real trial it is given its other figures. The table of sensitivities "
                    "shows what the difference is worth.",
                    "* Effects of scenarios are for the intervention teams alone, without "
                    "contamination of control teams.",
                    "* Nothing here separates implementation, efficacy and sensitivity beyond what "
                    "the priors say; the table above shows what would.",
                ]
            ),
            None,
        )
    )
    return out


def figures_of(results: dict[str, Any]) -> dict[str, str]:
    """Return all figures as SVG text."""
    from calibration.findings import figures

    return {
        "predictive": figures.svg(figures.predictive_figure(results["predictive"])),
        "contraction": figures.svg(figures.contraction_figure(results["contraction"])),
        "recovery": figures.svg(figures.recovery_figure(results["recovery"])),
        "sensitivity": figures.svg(figures.sensitivity_figure(results["sensitivity"])),
        "sobol": figures.svg(figures.sobol_figure(results["sobol"])),
        "explanations": figures.svg(figures.explanation_figure(results["explanations"]["rows"])),
    }


TITLE = "Calibration: what two thin trials can and cannot tell"
CHECKS = "Checks that no fit used, under the rules of today"
OWN_TITLE = "Calibration: what your own data can and cannot tell"


def page(results: dict[str, Any], invented: bool = False) -> str:
    """Return the report as one HTML page without outside parts."""
    drawn, document = figures_of(results), Document(title_of(results))
    if invented:
        document.paragraph("Invented data: a worked example, not a finding.", "basis")
    for heading, text, figure in sections(results):
        document.heading(heading)
        write_blocks(document, heading, text)
        if figure is not None:
            document.parts.append(
                f'<figure role="img" aria-label="{html.escape(heading)}">{drawn[figure]}</figure>'
            )
    return document.html()


def title_of(results: dict[str, Any]) -> str:
    """Return the title of the report."""
    return OWN_TITLE if results["trial"]["own"] else TITLE


def write_blocks(document: Document, heading: str, text: str) -> None:
    """Add the small part of Markdown that the report uses to a page."""
    import pandas as pd

    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if not line.startswith("<!-- ")]
        if not lines:
            continue
        if lines[0].startswith("| "):
            rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
            document.table(pd.DataFrame(rows[2:], columns=rows[0]), heading)
        elif lines[0].startswith("### "):
            heading = lines[0][4:]
            document.heading(heading, 3)
        elif lines[0].startswith("* "):
            document.bullets([line[2:] for line in lines])
        else:
            document.paragraph(" ".join(lines))


def markdown(results: dict[str, Any], figure_folder: str) -> str:
    """Return the report as Markdown that refers to figures in a folder beside it."""
    parts = [f"# {title_of(results)}\n"]
    for title, text, figure in sections(results):
        parts.append(f"## {title}\n\n{text}\n")
        if figure is not None:
            parts.append(f"![{title}]({figure_folder}/{figure}.svg)\n")
    return "\n".join(parts)


def load_results(folder: Path) -> dict[str, Any]:
    """Read the stored results of a fit.

    Raises InputError when the folder holds no finished fit.
    """
    path = folder / "results.json"
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        results = None
    if not isinstance(results, dict):
        raise InputError(f"folder '{folder}': holds no finished calibration (results.json)")
    return results


def write_page(results: dict[str, Any], path: Path, invented: bool = False) -> None:
    """Write the self-contained page."""
    _write(path, page(results, invented))


def write_markdown(results: dict[str, Any], path: Path, extra: str = "") -> None:
    """Write the report as Markdown, its figures in a folder of the same name beside it."""
    folder = path.with_suffix("")
    for name, text in figures_of(results).items():
        _write(folder / f"{name}.svg", text + "\n")
    _write(path, markdown(results, folder.name) + extra)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        raise InputError(f"file '{path}': cannot be written ({error.strerror})") from error
