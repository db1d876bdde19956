"""Write the generated parts of `evidence.md`: studies of others and what they say together.

Run ``python -m docs.build_evidence`` after a change of `calibration/evidence/effects.toml`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from calibration.evidence.meta_analysis import Study, pool, read_effects
from calibration.findings.pushforward import HEADLINES, read
from docs.marked import main, table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "evidence.md"
PICTURE = ROOT / "docs" / "img" / "effects.svg"


def shown(value: float | None) -> str:
    """Return an effect with two decimals and a true minus; a dash for none."""
    return "-" if value is None else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def row(study: Study) -> tuple[str, ...]:
    """Return a study's row of the table."""
    role = "in the prior" if study.pooled else f"listed: {study.why}"
    effect = "not significant" if study.d is None and study.how == "null" else shown(study.d)
    return study.name, study.outcome, effect, shown(study.se), str(study.steps), role, study.source


def studies() -> str:
    """Return the table of studies."""
    heading = ("study", "outcome", "d", "SE", "steps away", "use", "source")
    return table(heading, [row(one) for one in read_effects()[1]])


def together() -> str:
    """Return in sentences what the pooled studies say."""
    rule, found = read_effects()
    pooled = pool(found, rule)
    low, high = (pooled.new_mean + side * 1.645 * pooled.new_sd for side in (-1.0, 1.0))
    return (
        f"Together: mean effect of such programmes {shown(pooled.mean)} (SD {pooled.mean_sd:.2f}), "
        f"SD between programmes {pooled.between:.2f}. For one more programme, REFOCUS as "
        f"delivered, that is **{shown(pooled.new_mean)}** (SD {pooled.new_sd:.2f}; 9 in 10 from "
        f"{shown(low)} to {shown(high)}). The agnostic prior beside it: "
        f"{shown(rule.agnostic_mean)} "
        f"(SD {rule.agnostic_sd:.2f}).\n"
    )


def picture() -> str:
    """Return the forest plot as SVG."""
    from matplotlib import pyplot as plt

    from calibration.findings.figures import BLUE, GREY, ORANGE, svg

    rule, found = read_effects()
    pooled = pool(found, rule)
    rows = [one for one in found if one.se is not None]
    figure, axes = plt.subplots(figsize=(8.0, 0.42 * (len(rows) + 3)))
    labels = []
    for at, one in enumerate(rows):
        place = len(rows) + 1 - at
        colour = BLUE if one.pooled else GREY
        assert one.se is not None
        centre = 0.0 if one.d is None else one.d
        style = "--" if one.d is None else "-"
        ends = [centre - 1.96 * one.se, centre + 1.96 * one.se]
        axes.plot(ends, [place, place], style, color=colour, lw=2)
        if one.d is not None:
            axes.plot([centre], [place], "o", color=colour, ms=6)
        labels.append((place, one.name + ("" if one.pooled else " (listed)")))
    for place, name, mean, sd in (
        (1, "REFOCUS as delivered, by the rule", pooled.new_mean, pooled.new_sd),
        (0, "agnostic prior", rule.agnostic_mean, rule.agnostic_sd),
    ):
        axes.plot([mean - 1.645 * sd, mean + 1.645 * sd], [place, place], color=ORANGE, lw=6)
        axes.plot([mean], [place], "o", color=ORANGE, ms=7)
        labels.append((place, name))
    axes.axvline(0.0, color="black", lw=0.6)
    axes.set_yticks([place for place, _ in labels], [name for _, name in labels], fontsize=9)
    axes.set_xlabel(
        "effect, SD of the outcome: 95% interval of studies (dashed: reported as not significant,\n"
        "no number), 90% of the priors (thick)",
        fontsize=9,
    )
    return svg(figure)


def before_and_after() -> str:
    """Return what priors and posteriors say of every headline, then and now."""
    rows = read()
    names = list(dict.fromkeys(one["posterior"] for one in rows))
    cells = {(one["posterior"], one["headline"]): one for one in rows}

    def cell(name: str, headline: str) -> str:
        one = cells[name, headline]
        digits = 1 if abs(one["mean"]) >= 10.0 else 3 if abs(one["mean"]) < 0.1 else 2
        mean, low, high = (f"{one[key]:.{digits}f}" for key in ("mean", "low", "high"))
        if headline.startswith("null"):
            return mean
        return f"{mean} ({low} to {high})".replace("-", "\N{MINUS SIGN}")

    body = [
        (words, *(cell(name, headline) for name in names)) for headline, words in HEADLINES.items()
    ]
    return table(("headline", *names), body)


WANTED: dict[str, Callable[[], str]] = {
    "studies": studies,
    "together": together,
    "pushforward": before_and_after,
}

if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    main(PAGE, WANTED)
