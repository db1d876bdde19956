"""The calibration report: one document, as a self-contained page and as `docs/calibration.md`.

The text says what each table means; every figure in it comes from the stored results.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.files import write_whole

Row = dict[str, Any]


def number(value: Any, digits: int = 2) -> str:
    """Return a figure as a reader wants it; a dash when there is none."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        return f"{number(value['p'])} (MC SE {number(value['se'], 3)})"
    if isinstance(value, list | tuple):
        if len(value) == 3:
            return f"{number(value[0])} ({number(value[1])} to {number(value[2])})"
        return " to ".join(number(one) for one in value)
    if isinstance(value, float):
        if math.isnan(value):
            return "-"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}f}"
    return str(value)


def table(rows: Sequence[Row], columns: Sequence[tuple[str, str | Callable[[Row], Any]]]) -> str:
    """Return rows as a Markdown table."""
    lines = [
        "| " + " | ".join(title for title, _ in columns) + " |",
        "|" + "---|" * len(columns),
    ]
    for row in rows:
        cells = [number(row.get(key) if isinstance(key, str) else key(row)) for _, key in columns]
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines)


# What is to be said about a pattern that the posterior predictive misses.
DISCUSSION = {
    "P7": "P7: staff-rated functioning and unmet need rose more than the model's benefit and rater "
    "bias make likely. The reported functioning interval is not symmetric (a suspected misprint), "
    "and staff were not blind; the model has a prior on rater bias that shrinks to none, and the "
    "figure was not fitted, as bias and benefit cannot be told apart. Read as user-rated, the "
    "change in unmet need is out of the model's reach. Do not use the model for these two scales.",
    "P16": "P16: fewer goals are named and reached than reported. That half of users have a "
    "goal at the start is an assumption, while the reported share is of people asked to name one; "
    "the reported progress is over three months on a scale whose scoring was not seen. Results on "
    "goals rest on assumptions that this pattern contradicts.",
    "P2": "P2: the adjusted difference lies in the tail; the fit should not be used.",
    "P1": "P1: level or spread lies in the tail; the fit should not be used.",
    "P4": "P4: even among trials that would have reported it, the contrast is unusual.",
}


def sections(results: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """Return title, Markdown text and name of a figure for every section."""
    diagnostics = results["diagnostics"]
    settings = results["settings"]
    coverage = diagnostics["coverage"]
    agreement = diagnostics["agreement"]
    main = results["sensitivity"][0]
    missed = [
        f"{row['pattern']} {row['title'].lower()}"
        for row in results["predictive"]
        if row["kind"] in ("estimate", "selected")
        and row.get("tail") is not None
        and row.get("tail_selected", row["tail"])["p"] < 0.1
    ]
    informed = [r["name"] for r in results["contraction"] if r["verdict"] == "informed"]
    unmoved = [r for r in results["contraction"] if r["verdict"].startswith("hardly")]
    out: list[tuple[str, str, str | None]] = []
    out.append(
        (
            "In short",
            "\n".join(
                [
                    f"* Expected effect on the QPR as delivered, 12 months: "
                    f"{number(main['qpr_delivered_12'])} points (mean, 90% interval over posterior "
                    "draws; sampling noise of a trial not included).",
                    f"* Of full implementation: {number(main['qpr_full_12'])} at 12 months, "
                    f"{number(main['qpr_full_24'])} at 24 (extrapolation; funding ends at 12).",
                    f"* P(full-delivery effect at 12 months <= 0) = "
                    f"{number(main['full_not_above_zero'])}; P(at least the minimum important "
                    f"difference of 4) = {number(main['full_above_important'])}.",
                    f"* INSPIRE Support, full implementation, 12 months: "
                    f"{number(main['inspire_support_full_12'])}; Relationship: "
                    f"{number(main['inspire_relationship_full_12'])} "
                    "(not calibrated: no REFOCUS figure seen).",
                    f"* The trial informs {len(informed)} of {len(results['contraction'])} "
                    f"calibrated parameters ({', '.join(informed) or 'none'}); {len(unmoved)} "
                    "hardly move, and those not calibrated keep their priors. Conclusions about "
                    "the effect rest mainly on assumptions, not on the trial.",
                    "* Reported values outside the central 90% of the posterior predictive: "
                    + ("; ".join(missed) if missed else "none")
                    + ".",
                ]
            ),
            None,
        )
    )
    out.append(
        (
            "How it was fitted",
            f"""\
For every parameter set whole trials are simulated as the trial was: 27 teams, sampled users, loss
to follow-up, 15- and 22-item QPR from the same answers, a mixed model with baseline and a random
intercept for the team, participation judged in a way drawn for each trial. Their means and
covariance give a normal synthetic likelihood of what was reported; the published standard errors
are not added. The participation contrast (P4) enters divided by the probability that one of its
three tests is significant. Of {results["varying"]} parameters with a prior,
{len(results["calibrated"])} are calibrated; the others are drawn from their priors in every
simulated trial.

Direct method: tempered sequential Monte Carlo, {settings["particles"]} particles, common random
numbers over {settings["replicates"]} replications ({diagnostics["simulated_trials"]:,} simulated
trials), {len(diagnostics["temperatures"])} temperatures, smallest effective sample size
{min(diagnostics["effective_sample_size"]):.0f}, acceptance
{min(diagnostics["acceptance"]):.2f}-{max(diagnostics["acceptance"]):.2f}, log evidence
{diagnostics["log_evidence"]:.2f}. Second method: two waves of a quadratic emulator on
{2 * settings["waves"]:,} trials with other random draws, log evidence
{diagnostics["log_evidence_emulated"]:.2f}. The methods' posterior means differ by at most
{agreement["largest_gap"]:.2f} posterior SD (mean {agreement["mean_gap"]:.2f}); ratios of their SDs
{agreement["smallest_ratio"]:.2f}-{agreement["largest_ratio"]:.2f}. Condition number of the targets'
correlation: {results["condition_number"]:.0f}.

Of the multiple imputation that the trial used only the analysis of those followed up is simulated;
covariates beyond baseline are unknown. Retention (P6) is fitted against a flat prior on loss to
follow-up, as the registry's prior is the trial's own figure and would count it twice. The QPR's
sensitivity to change, fixed at 1 elsewhere, has a uniform prior on .4-1 here (assumption).""",
            None,
        )
    )
    out.append(
        (
            "Targets",
            table(
                results["targets"],
                (
                    ("pattern", "pattern"),
                    ("figure", "title"),
                    ("value", lambda r: r["value"] if r["use"] != "held out" else "-"),
                    ("SE", "se"),
                    ("use", "use"),
                    ("evidence", "evidence"),
                    ("conflicts between sources", "conflicts"),
                ),
            ),
            None,
        )
    )
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
    discussed = [DISCUSSION[p] for p in DISCUSSION if any(m.split()[0] == p for m in missed)]
    if discussed:
        out.append(("The misses", "\n".join(f"* {text}" for text in discussed), None))
    out.append(
        (
            "What the trial says about each parameter",
            "Prior and posterior: median and 90% interval. Contraction and shift on the prior's "
            "normal scale. Two methods.\n\n"
            + table(
                results["contraction"],
                (
                    ("parameter", "name"),
                    ("prior", "prior"),
                    ("posterior", "posterior"),
                    ("shift", "shift"),
                    ("contraction", "contraction"),
                    ("shift (emulator)", "shift_emulated"),
                    ("contraction (emulator)", "contraction_emulated"),
                    ("figure it moves most", "moved_by"),
                    ("verdict", "verdict"),
                ),
            )
            + "\n\nParameters that are not calibrated although the screen shows that they move a "
            "fitted figure by more than .1 SD (drawn from their priors):\n\n"
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
    shares = "; ".join(
        f"{name}: {one['coverage']:.3f} (SE {one['standard_error']:.3f})"
        for name, one in coverage.items()
    )
    out.append(
        (
            "Recovery of synthetic truths",
            f"{results['recovery'][0]['truths']} truths drawn from the prior, simulated with "
            "the real target set and the real rule of reporting, kept when their level, spread, "
            "standard error and retention look like the real ones (a rule on the data alone). "
            "Posterior by the emulator method. "
            f"Over all: {shares}. Intervals in the figure and table: exact binomial 95%. "
            "Rank test: Kolmogorov-Smirnov against the uniform.\n\n"
            + table(
                results["recovery"],
                (
                    ("quantity", "name"),
                    ("50%", "cover_50"),
                    ("", lambda r: (r["cover_50_low"], r["cover_50_high"])),
                    ("90%", "cover_90"),
                    ("", lambda r: (r["cover_90_low"], r["cover_90_high"])),
                    ("correlation with truth", "correlation"),
                    ("rank test p", "uniform_p"),
                ),
            ),
            "recovery",
        )
    )
    out.append(
        (
            "Sensitivity of the conclusions",
            "Mean and 90% interval of expected effects. First row: the shipped draws with "
            "simulated effects. Others: emulated effects, so that differences between them are due "
            "to the analysis; second row: the direct method. INSPIRE: not calibrated: no "
            "REFOCUS figure seen.\n\n"
            + table(
                results["sensitivity"],
                (
                    ("analysis", "analysis"),
                    ("QPR delivered, 12", "qpr_delivered_12"),
                    ("QPR full, 12", "qpr_full_12"),
                    ("QPR full, 24", "qpr_full_24"),
                    ("INSPIRE Support full, 12", "inspire_support_full_12"),
                    ("INSPIRE Relationship full, 12", "inspire_relationship_full_12"),
                    ("P(full <= 0)", "full_not_above_zero"),
                    ("log evidence", "log_evidence"),
                ),
            ),
            "sensitivity",
        )
    )
    if "without_selected" in results:
        out.append(
            (
                "With and without P4",
                "The same draws, reweighted to the posterior without the participation contrast "
                "(effective share "
                f"{results['without_selected'][0]['effective_share']:.2f} of the draws). "
                "A conclusion differs where the means differ by over a tenth of the interval.\n\n"
                + table(
                    results["without_selected"],
                    (
                        ("effect", "effect"),
                        ("with P4", "with"),
                        ("without P4", "without"),
                        (
                            "differs",
                            lambda r: (
                                "yes"
                                if abs(r["with"][0] - r["without"][0])
                                > 0.1 * (r["with"][2] - r["with"][1])
                                else "no"
                            ),
                        ),
                    ),
                ),
                None,
            )
        )
    sobol_rows = [
        {"effect": name, **row} for name, rows in results["sobol"].items() for row in rows[:4]
    ] + [{"effect": name, **rows[-1]} for name, rows in results["sobol"].items()]
    out.append(
        (
            "What the effects depend on",
            "Sobol indices over the prior, from the polynomial emulator; intervals by bootstrap "
            "(90%). INSPIRE: not calibrated: no REFOCUS figure seen.\n\n"
            + table(
                sobol_rows,
                (
                    ("effect", "effect"),
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
                    ("effect", "effect"),
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
            "Each explanation is switched off alone in every posterior draw. Lift: how much larger "
            "the expected effect as delivered at 12 months would be; for chance, the expected "
            "effect less the reported difference (negative: the trial was lucky). Weight: mean "
            "share of the positive lifts. Theory failure off: the effect of experience on recovery "
            "is at least .4 (assumption). Implementation off: everybody attends, forgets nothing "
            "and acts on intent. Lifts multiply, they do not add.\n\n"
            + table(
                explanations["rows"],
                (
                    ("explanation", "explanation"),
                    ("weight", "weight"),
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
            "are assumptions: the trial's own for the QPR. A trial like this one tells next to "
            "nothing where the bits are near 0; bits below 0 are estimation error.\n\n"
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
                    "tends to be too sure of itself.",
                    "* The participation contrast is conditioned on being reported given the other "
                    "targets; synthetic truths condition on it alone. The two differ only as far "
                    "as the contrast goes with the other figures.",
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
    from calibration import figures

    return {
        "predictive": figures.svg(figures.predictive_figure(results["predictive"])),
        "contraction": figures.svg(figures.contraction_figure(results["contraction"])),
        "recovery": figures.svg(figures.recovery_figure(results["recovery"])),
        "sensitivity": figures.svg(figures.sensitivity_figure(results["sensitivity"])),
        "sobol": figures.svg(figures.sobol_figure(results["sobol"])),
        "explanations": figures.svg(figures.explanation_figure(results["explanations"]["rows"])),
    }


TITLE = "Calibration: what one thin trial can and cannot tell"
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 13px; display: block;
  overflow-x: auto; }
th, td { border-bottom: 1px solid #ccc; padding: .25rem .6rem; text-align: left;
  vertical-align: top; }
svg { max-width: 100%; height: auto; }
"""


def page(results: dict[str, Any], invented: bool = False) -> str:
    """Return the report as one HTML page without outside parts."""
    drawn = figures_of(results)
    parts = []
    if invented:
        parts.append("<p><strong>Invented data: a worked example, not a finding.</strong></p>")
    for title, text, figure in sections(results):
        parts.append(f"<h2>{html.escape(title)}</h2>")
        parts.append(to_html(text))
        if figure is not None:
            parts.append(
                f'<figure role="img" aria-label="{html.escape(title)}">{drawn[figure]}</figure>'
            )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{TITLE}</title><style>{STYLE}</style></head><body>"
        f"<h1>{TITLE}</h1>{''.join(parts)}</body></html>\n"
    )


def to_html(text: str) -> str:
    """Return the small part of Markdown that the report uses as HTML."""
    out = []
    for block in text.split("\n\n"):
        lines = block.split("\n")
        if lines[0].startswith("| "):
            rows = [[c.strip() for c in line.strip("|").split("|")] for line in lines]
            head = "".join(f"<th>{html.escape(c)}</th>" for c in rows[0])
            body = "".join(
                "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>"
                for row in rows[2:]
            )
            out.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        elif lines[0].startswith("* "):
            out.append(
                "<ul>" + "".join(f"<li>{html.escape(line[2:])}</li>" for line in lines) + "</ul>"
            )
        else:
            out.append(f"<p>{html.escape(' '.join(lines))}</p>")
    return "".join(out)


def markdown(results: dict[str, Any], figure_folder: str) -> str:
    """Return the report as Markdown that refers to figures in a folder beside it."""
    parts = [f"# {TITLE}\n"]
    for title, text, figure in sections(results):
        parts.append(f"## {title}\n\n{text}\n")
        if figure is not None:
            parts.append(f"![{title}]({figure_folder}/{figure}.svg)\n")
    return "\n".join(parts)


def load_results(folder: Path) -> dict[str, Any]:
    """Read the stored results of a fit.

    Raises
    ------
    InputError
        When the folder holds no finished fit.
    """
    path = folder / "results.json"
    try:
        results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            f"folder '{folder}': holds no finished calibration (results.json)"
        ) from None
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
