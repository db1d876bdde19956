"""Writing the posterior as a data file that `sim` reads, with its provenance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from calibration.findings.words import effect_words
from calibration.sampling.fit import PREDICTIVE, Fit, Solved
from calibration.sampling.priors import CALIBRATED, OVERRIDES, described
from calibration.sampling.smc import generator
from sim.errors import InputError
from sim.files import write_whole
from sim.parameters import registry
from sim.posterior.rules import rules_hash
from sim.runs.chunk_store import fingerprint

GENERAL_FLAGS = [
    "results that rest on INSPIRE: not calibrated: no REFOCUS figure seen",
    "results beyond month 12: extrapolation",
]


def draws_of(
    fit: Fit, scores: np.ndarray, count: int, stage: str = "draws"
) -> tuple[np.ndarray, Solved]:
    """Return equally weighted draws: scores, and full records with their constants solved.

    Particles in an order drawn by key; when more draws than particles are wanted, particles come
    again, each time with other background parameters.
    """
    order = generator(fit.settings.seed, 2024).permutation(len(scores))
    chosen = np.resize(order, count)
    return scores[chosen], fit.records(stage, scores[chosen], fit.backgrounds(PREDICTIVE, count))


def csv_text(fit: Fit, records: np.ndarray) -> str:
    """Return the draws as CSV: what varies or was solved, four significant digits, in bounds."""
    known = registry()
    text = StringIO()
    names = tuple(name for name, one in known.items() if one.varies or one.solved)
    text.write(",".join(names) + "\n")
    for record in records:
        values = []
        for name in names:
            low, high = known[name].bounds
            values.append(f"{min(max(float(f'{record[name]:.4g}'), low), high):.4g}")
        text.write(",".join(values) + "\n")
    return text.getvalue()


def provenance(fit: Fit, results: dict[str, Any], count: int) -> dict[str, Any]:
    """Return where the draws came from."""
    return {
        "what": "posterior draws of the model's parameters, equally weighted",
        "method": "emulated synthetic likelihood, with a direct sampler as cross-check",
        **common(fit, count, [one.name for one in fit.targets.values() if one.use == "fit"]),
        "diagnostics": results["diagnostics"],
        "hardly_moved": [
            row["name"] for row in results["contraction"] if row["verdict"].startswith("hardly")
        ],
        "conclusions": {row["effect"]: row["flag"] for row in results["narrowing"]},
        "rivals": results["rivals"],
        "flags": flags(results),
    }


def common(fit: Fit, count: int, fitted: list[str]) -> dict[str, Any]:
    """Return what is to be said of every set of draws of a fit."""
    known = described()
    return {
        "date": date.today().isoformat(),
        "draws": count,
        "targets": {"hash": fingerprint(sorted(map(repr, fit.targets.values()))), "fitted": fitted},
        "calibrated": {
            name: {
                "prior": str(known[name].prior),
                "why": CALIBRATED.get(name, "chosen by the user"),
            }
            for name in fit.space.calibrated
        },
        "prior_overrides": {name: why for name, (_, _, why) in OVERRIDES.items()},
        "background": "all other parameters with a prior are drawn from it, independently",
        "code_version": fit.version,
        "rules": {"hash": rules_hash()},
        "settings": asdict(fit.settings),
    }


def flags(results: dict[str, Any]) -> list[str]:
    """Return what is to be said wherever results over the posterior are shown."""
    hardly = [
        registry()[r["name"]].label
        for r in results["contraction"]
        if r["verdict"].startswith("hardly")
    ]
    assumed = [
        effect_words(r["effect"])
        for r in results["narrowing"]
        if r["flag"].startswith("rests on assumptions")
    ]
    out = [GENERAL_FLAGS[0]]
    if assumed:
        out.append(
            "conclusions that rest on assumptions, not on the trial (their 90% interval is not a "
            f"quarter narrower than the prior's): {'; '.join(assumed)}"
        )
    left = results["varying"] - len(results["calibrated"])
    out.append(
        f"{left} of {results['varying']} parameters with a prior were not calibrated; "
        f"calibrated ones that hardly moved: {'; '.join(hardly) or 'none'}"
    )
    out += GENERAL_FLAGS[1:]
    return out


def beside_provenance(fit: Fit, count: int, without: Sequence[str] | None) -> dict[str, Any]:
    """Return where draws came from that were fitted to less than all targets.

    `without` names the patterns left out; None for draws of the priors.
    """
    what = "draws of the priors, equally weighted"
    method = "drawn; no trial data used"
    fitted: list[str] = []
    if without is not None:
        what = "posterior draws of the model's parameters, equally weighted"
        method = (
            f"emulated synthetic likelihood, as for all targets but without {', '.join(without)}"
        )
        fitted = [
            one.name
            for one in fit.targets.values()
            if one.use == "fit" and one.pattern not in without
        ]
    return {"what": what, "method": method, **common(fit, count, fitted), "flags": GENERAL_FLAGS}


def write_posterior(fit: Fit, records: np.ndarray, told: dict[str, Any], path: Path) -> None:
    """Write draws and provenance, each whole or not at all.

    Raises InputError when the files cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, csv_text(fit, records).encode())
        text = json.dumps(told, indent=1)
        write_whole(path.with_suffix(".json"), (text + "\n").encode())
    except OSError as error:
        raise InputError(f"posterior '{path}': cannot be written ({error.strerror})") from error
