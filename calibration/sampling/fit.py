"""The fit in stages, each stored: screen, direct sampling, emulator waves, effects, predictions.

Every stage is a pure function of targets, priors, settings, seed and the version of the code; a fit
that is stopped goes on where it was and ends the same, as rows that are stored are not run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from calibration.evidence.extractors import figure_name
from calibration.evidence.pulsar import (
    STANDARD_ERROR,
    PulsarReference,
    pulsar_reference,
    true_overall,
)
from calibration.evidence.targets import Target
from calibration.sampling.emulator import Emulator, fit_emulator, plausible
from calibration.sampling.likelihood import Data, log_likelihood, make_data, shrunk
from calibration.sampling.priors import Space, hypercube, make_space
from calibration.sampling.rivals import rival_effects
from calibration.sampling.runs import code_version, run_rows, thread_space
from calibration.sampling.scenarios import (
    EFFECTS,
    EffectDesign,
    counterfactual_effects,
    effect_design,
    full_effects,
    scenario_effects,
)
from calibration.sampling.smc import Sample, generator, tempered_smc
from calibration.sampling.solve import SOLVED, References, Twins, deviate, references, solve
from sim.errors import InputError
from sim.runs.chunk_store import fingerprint
from sim.runs.pieces import How
from sim.trials.studies.refocus_figures import AT, FIGURES, PLACE
from sim.trials.studies.refocus_trial import TrialDesign, refocus_design, simulate_trial

# First replication number of each use, so that no two share their draws unless they mean to.
WAVE, PREDICTIVE, EFFECT, SCREEN, TRUTH, UNSEEN, RECOVERED = (
    number * 1_000_000 for number in (1, 2, 3, 4, 5, 6, 20)
)
# The share of the full effect that is delivered, on average over the prior (effects.toml).
DELIVERED_SHARE = 0.365
# SD of the QPR-22 in PULSAR's units: that of the forecast, inferred from the trial's planning.
QPR22_SD = 14.7
# RSA and QPR were seen in 120 people, and are simulated in 403: on the Fisher scale.
RSA_EXTRA_ERROR = (1.0 / 117.0 - 1.0 / 400.0) ** 0.5
COVERAGE_DRAWS = 60
# The figure of PULSAR that is fitted.
PULSAR_OVERALL = "pulsar_overall"
# Background sets of the direct likelihood, each solved once and used by several replications.
BACKGROUNDS = 4
# States per chain of moves under the emulator.
EMULATED_LENGTH = 10


@dataclass(frozen=True)
class Settings:
    """How much work each stage does."""

    # Trials of the screen, of each of two emulator waves, and parameter sets of effect emulators.
    screen: int = 1300
    waves: int = 2000
    effects: int = 700
    # Of the direct sampler.
    particles: int = 96
    replicates: int = 16
    length: int = 4
    # Particles of the sampler under the emulator; three eighths per synthetic truth.
    emulated: int = 4000
    # Draws of the posterior predictive, of counterfactuals, and synthetic truths.
    predictive: int = 600
    explained: int = 200
    truths: int = 200
    draws: int = 1000  # Draws that the posterior's file holds
    seed: int = 1  # Seed of everything


FULL = Settings()
QUICK = Settings(
    screen=600,
    waves=1200,
    effects=300,
    particles=64,
    replicates=12,
    emulated=2000,
    predictive=200,
    explained=60,
    truths=50,
)


class Solved(NamedTuple):
    """Parameter records with their constants solved, and the gains that `deviate` needs."""

    records: np.ndarray
    gains: np.ndarray

    def first(self, count: int) -> Solved:
        """Return the first of them."""
        return Solved(self.records[:count], self.gains[:count])


def _anyhow(stage: str) -> How:
    return How()


@dataclass
class Fit:
    """Everything that one calibration needs and keeps."""

    targets: dict[str, Target]  # Targets by name
    settings: Settings  # How much work
    designs: dict[str, TrialDesign]  # The trials by name; a single one needs none
    effects: EffectDesign  # The scenarios, in the intervention teams of the first trial
    space: Space  # Parameters that vary
    references: References  # Services in which constants are solved from effects
    part: Callable[[str], How] = _anyhow  # Returns how the stage with a name is run
    # Whether nothing is printed; whether it is a user's own trial.
    quiet: bool = False
    own: bool = False

    def __post_init__(self) -> None:
        self.version = code_version()
        self.data = make_data(self.targets)
        # Where each figure stands in a row: the trials' rows, one after the other.
        self.places = {
            figure_name(trial, name): number * FIGURES + place
            for number, trial in enumerate(self.designs)
            for name, place in PLACE.items()
        }
        self.pulsar: PulsarReference | None = None
        if PULSAR_OVERALL in self.data.figures:
            draws = self.space.records(
                np.zeros((COVERAGE_DRAWS, self.space.size)),
                self.backgrounds(SCREEN, COVERAGE_DRAWS),
            )
            names = draws.dtype.names or ()
            self.pulsar = pulsar_reference(
                [{name: float(one[name]) for name in names} for one in draws], self.settings.seed
            )

    def __getstate__(self) -> dict[str, Any]:
        """Return what a worker elsewhere needs: not how stages are run here."""
        return {**vars(self), "part": _anyhow}

    def identity(self, stage: str, *parts: Any) -> str:
        """Return the fingerprint of a stage's inputs."""
        return fingerprint(
            stage,
            self.version,
            self.settings.seed,
            self.space.calibrated,
            self.space.tables,
            self.space.fixed.tobytes(),
            [one.teams.tobytes() for trial in self.designs.values() for one in trial.layouts],
            [one.actions.tobytes() for trial in self.designs.values() for one in trial.layouts],
            [layout.actions.tobytes() for layout in self.effects.layouts],
            [
                (layout.teams.tobytes(), layout.actions.tobytes())
                for layout in self.references.layouts
            ],
            *parts,
        )

    def say(self, text: str) -> None:
        """Print a line unless quiet."""
        if not self.quiet:
            print(text, flush=True)

    def rows(
        self, stage: str, count: int, one: Callable[[int], np.ndarray], *parts: Any
    ) -> np.ndarray:
        """Run (or read) the rows of a stage."""
        return run_rows(stage, count, one, self.identity(stage, count, *parts), **self.part(stage))

    def twins(self) -> Twins:
        """Return the calling thread's twins of the reference scenarios."""
        space = thread_space()
        if ("twins", id(self.references)) not in space:
            space["twins", id(self.references)] = Twins(self.references)
        twins: Twins = space["twins", id(self.references)]
        return twins

    def solved(self, stage: str, records: np.ndarray) -> Solved:
        """Find the solved constants of records (`calibration.sampling.solve`), kept as a stage."""

        def one(i: int) -> np.ndarray:
            p = records[i].copy()
            gains = solve(p, self.twins())
            return np.array([*(float(p[name]) for name in SOLVED), *gains])

        found = self.rows(f"solved-{stage}", len(records), one, records.tobytes())
        out = records.copy()
        for column, name in enumerate(SOLVED):
            out[name] = found[:, column]
        return Solved(out, found[:, len(SOLVED) :])

    def records(self, stage: str, scores: np.ndarray, backgrounds: np.ndarray) -> Solved:
        """Return parameter records for scores of the calibrated parameters, constants solved."""
        return self.solved(stage, self.space.records(scores, backgrounds))

    def pulsar_truth(self, record: np.ndarray, replication: int) -> float:
        """Return what PULSAR's analysis is expected to give; NaN where it is not fitted."""
        if self.pulsar is None:
            return float("nan")
        return true_overall(self.pulsar, record, replication, thread_space())

    def every_trial(
        self,
        record: np.ndarray,
        gains: np.ndarray,
        replication: int,
        checks: bool,
        truth: float | None = None,
    ) -> np.ndarray:
        """Simulate every trial for one solved record; REFOCUS with PULSAR, where it is fitted.

        Each trial's effect differs from that of the record by its own draw of the spread between
        trials, which is that of a programme as delivered (by as much more in a trial of more of
        it). What is known of sampling in the other studies is added to what is simulated.

        Returns
        -------
        numpy.ndarray
            Figures of the trials, one after the other (`places`).
        """
        own = len(self.designs) - 1
        draws = generator(self.settings.seed, 9, replication).standard_normal(4 + own)
        spread = float(record["between_trials_sd"])
        space, rows = thread_space(), []
        for design, away in zip(self.designs.values(), (draws[0], *draws[4:]), strict=True):
            p = record.copy()
            deviate(p, (float(gains[0]), float(gains[1])), spread * away / DELIVERED_SHARE)
            rows.append(simulate_trial(design, p, replication, checks, space))
        figures = np.concatenate(rows)
        if not self.own:
            figures[AT.rsa_correlation] += RSA_EXTRA_ERROR * draws[3]
        if self.pulsar is not None:
            expected = self.pulsar_truth(record, replication) if truth is None else truth
            figures[AT.pulsar_overall] = (
                expected + spread * QPR22_SD * draws[1] + STANDARD_ERROR * draws[2]
            )
        return figures

    def trials(self, stage: str, solved: Solved, first: int, checks: bool = False) -> np.ndarray:
        """Simulate the trials once per record, each with its own replication, from `first` on."""
        return self.rows(
            stage,
            len(solved.records),
            lambda i: self.every_trial(solved.records[i], solved.gains[i], first + i, checks),
            solved.records.tobytes(),
            first,
            checks,
        )

    def backgrounds(self, first: int, count: int) -> np.ndarray:
        """Return prior draws of all varying parameters for consecutive replications."""
        seed = self.settings.seed
        return np.array([self.space.background(seed, first + i) for i in range(count)])


def start(
    targets: dict[str, Target],
    settings: Settings,
    *,
    designs: Mapping[str, TrialDesign] | None = None,
    effects: EffectDesign | None = None,
    calibrated: tuple[str, ...] | None = None,
    services: References | None = None,
    part: Callable[[str], How] = lambda stage: How(),
    quiet: bool = False,
) -> Fit:
    """Prepare a calibration; `part` returns how the stage with a name is run.

    `designs` are one's own trials by name (REFOCUS if not given).
    `services` are those in which constants are solved (REFOCUS's intervention teams if not given).
    """
    return Fit(
        targets,
        settings,
        {"": refocus_design(settings.seed)} if designs is None else dict(designs),
        effects or effect_design(settings.seed),
        make_space() if calibrated is None else make_space(calibrated),
        services or references(settings.seed),
        part,
        quiet,
        own=designs is not None,
    )


def screen(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Simulate trials over all priors; return scores of all varying parameters, and figures."""
    count = fit.settings.screen
    scores = hypercube(count, len(fit.space.names), fit.settings.seed)
    solved = fit.records("screen", scores[:, fit.space.places], scores)
    return scores, fit.trials("screen", solved, SCREEN, True)


def screened(fit: Fit, scores: np.ndarray, figures: np.ndarray) -> np.ndarray:
    """Return standardised linear coefficients, shape (varying parameters, figures).

    A coefficient is the shift of the figure, in its standard deviations over simulated trials, for
    one prior standard deviation of the parameter; its standard error is about 1 / sqrt(trials).
    """
    out = np.empty((scores.shape[1], figures.shape[1]))
    for column in range(figures.shape[1]):
        y = figures[:, column]
        good = np.isfinite(y)
        if good.sum() < scores.shape[1] + 10 or y[good].std() == 0.0:
            out[:, column] = np.nan
            continue
        x = np.concatenate([np.ones((good.sum(), 1)), scores[good]], axis=1)
        out[:, column] = np.linalg.lstsq(x, (y[good] - y[good].mean()) / y[good].std())[0][1:]
    return out


class Direct:
    """The direct synthetic log likelihood: replicated trials with common random numbers.

    Each replication has one set of draws, one drawing of the roster and one way of judging
    participation, and one of `BACKGROUNDS` sets of background parameters, the same for all
    parameter sets. Backgrounds are a Latin hypercube.
    """

    def __init__(self, fit: Fit, first: int = 0, replicates: int | None = None) -> None:
        self.fit, self.first = fit, first
        self.replicates = replicates or fit.settings.replicates
        self.backgrounds = hypercube(
            BACKGROUNDS, len(fit.space.names), fit.settings.seed + 31 + first
        )
        self.places = [fit.places[name] for name in fit.data.figures]
        self.common: np.ndarray | None = None

    def figures(self, scores: np.ndarray, stage: str) -> np.ndarray:
        """Return figures of every parameter set and replication, (n, replicates, figures)."""
        fit, count = self.fit, self.replicates
        places = self.places

        def one(row: int) -> np.ndarray:
            calibrated = np.repeat(scores[row : row + 1], BACKGROUNDS, axis=0)
            records = fit.space.records(calibrated, self.backgrounds)
            gains = [np.array(solve(record, fit.twins())) for record in records]
            truths = [fit.pulsar_truth(records[b], self.first + b) for b in range(BACKGROUNDS)]

            def trial(r: int) -> np.ndarray:
                b = r % BACKGROUNDS
                return fit.every_trial(records[b], gains[b], self.first + r, False, truths[b])

            return np.array([trial(r) for r in range(count)])[:, places]

        return fit.rows(stage, len(scores), one, scores, self.first, count, fit.data.figures)

    def moments(self, scores: np.ndarray, stage: str) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and covariance, shrunk towards the pooled one of the first stage seen."""
        figures = self.figures(scores, stage)
        if self.common is None:
            _, separate = shrunk(figures, None)
            self.common = separate.mean(axis=0)
        return shrunk(figures, self.common)

    def __call__(self, scores: np.ndarray, stage: str) -> np.ndarray:
        """Return log likelihoods for the sampler."""
        return log_likelihood(*self.moments(scores, stage), self.fit.data)


def sample_directly(fit: Fit, direct: Direct | None = None) -> Sample:
    """Run the direct sampler (the first method)."""
    direct = Direct(fit) if direct is None else direct
    settings = fit.settings
    return tempered_smc(
        direct,
        fit.space.size,
        particles=settings.particles,
        length=settings.length,
        seed=settings.seed,
        report=lambda text: fit.say(f"sampler: {text}"),
    )


@dataclass
class Waves:
    """Two waves of emulation."""

    emulator: Emulator  # Of the last wave
    first: Emulator
    kept: list[float]  # Share of the prior that was not implausible after each wave
    # All points and their trials.
    scores: np.ndarray
    figures: np.ndarray


def emulate(fit: Fit) -> Waves:
    """Run the emulator waves (the second method)."""
    count, size = fit.settings.waves, fit.space.size
    places = [fit.places[name] for name in fit.data.figures]
    scores = hypercube(count, size, fit.settings.seed + 7)
    solved = fit.records("wave-1", scores, fit.backgrounds(WAVE, count))
    figures = fit.trials("wave-1", solved, WAVE)[:, places]
    first = fit_emulator(scores, figures)
    # Candidates of the second wave: prior points that the first does not rule out, a little wider.
    draws = generator(fit.settings.seed, 777)
    pool = draws.standard_normal((50_000, size))
    kept = plausible(first, pool, fit.data)
    shares = [float(kept.mean())]
    second = pool[kept][:count]
    if len(second) < count:
        raise InputError(
            "targets: too little of the prior can produce them; see the implausibility table"
        )
    solved = fit.records("wave-2", second, fit.backgrounds(WAVE + count, count))
    more = fit.trials("wave-2", solved, WAVE + count)[:, places]
    inside = plausible(first, scores, fit.data)
    scores, figures = (
        np.concatenate([scores[inside], second]),
        np.concatenate([figures[inside], more]),
    )
    last = fit_emulator(scores, figures)
    shares.append(float(plausible(last, pool, fit.data).mean()))
    return Waves(last, first, shares, scores, figures)


def emulated_particles(settings: Settings, share: float = 1.0) -> int:
    """Return particles of the sampler under the emulator, a whole number of chains."""
    return EMULATED_LENGTH * max(8, round(settings.emulated * share / EMULATED_LENGTH))


def sample_emulated(
    fit: Fit, emulator: Emulator, data: Data | None = None, share: float = 1.0, seed: int = 0
) -> Sample:
    """Sample the posterior under an emulator; a second or so."""
    wanted = fit.data if data is None else data
    places = np.array([fit.data.figures.index(name) for name in wanted.figures])

    def one(z: np.ndarray, stage: str) -> np.ndarray:
        mean, cov = emulator.distribution(z)
        return log_likelihood(mean[:, places], cov[:, places[:, None], places[None]], wanted)

    return tempered_smc(
        one,
        fit.space.size,
        particles=emulated_particles(fit.settings, share),
        length=EMULATED_LENGTH,
        seed=fit.settings.seed + 1000 + seed,
    )


def emulate_effects(fit: Fit) -> tuple[Emulator, np.ndarray, np.ndarray]:
    """Emulate the effects that users read; return emulator, scores and effects.

    What the calibrated parameters leave open (background parameters) is the emulator's spread.
    """
    count = fit.settings.effects
    scores = hypercube(count, fit.space.size, fit.settings.seed + 11)
    records = fit.records("effects", scores, fit.backgrounds(EFFECT, count)).records
    effects = effects_of_records(fit, "effects", records, EFFECT)
    return fit_emulator(scores, effects, weighted=False), scores, effects


def effects_of(fit: Fit, stage: str, scores: np.ndarray, first: int) -> np.ndarray:
    """Simulate effects for scores, each with other draws of chance and other background."""
    records = fit.records(stage, scores, fit.backgrounds(first, len(scores))).records
    return effects_of_records(fit, stage, records, first)


def effects_of_records(fit: Fit, stage: str, records: np.ndarray, first: int) -> np.ndarray:
    """Simulate effects for solved records, each with other draws of chance."""
    return fit.rows(
        stage,
        len(records),
        lambda i: full_effects(
            fit.effects, records[i], range(first + i, first + i + 1), thread_space()
        ),
        records.tobytes(),
    )


def effects_again(fit: Fit, scores: np.ndarray) -> np.ndarray:
    """Return effects of the first eighth of the emulator's points with other draws of chance."""
    count = max(len(scores) // 8, 40)
    records = fit.records("effects-again", scores[:count], fit.backgrounds(EFFECT, count)).records
    return effects_of_records(fit, "effects-again", records, EFFECT + 700_000)


def explain(fit: Fit, solved: Solved) -> tuple[np.ndarray, np.ndarray]:
    """Return scenario effects and counterfactual effects for records, one replication each."""

    def one(i: int) -> np.ndarray:
        run = range(PREDICTIVE + i, PREDICTIVE + i + 1)
        space = thread_space()
        return np.concatenate(
            [
                scenario_effects(fit.effects, solved.records[i], run, space),
                counterfactual_effects(fit.effects, solved.records[i], solved.gains[i], run, space),
            ]
        )

    both = fit.rows("explanations", len(solved.records), one, solved.records.tobytes())
    split = both.shape[1] - 6
    return both[:, :split], both[:, split:]


def rivals(fit: Fit, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return expected effects of rival models, and of the whole model, over draws of the priors."""
    scores = generator(fit.settings.seed, 33).standard_normal((count, fit.space.size))
    solved = fit.records("unseen", scores, fit.backgrounds(UNSEEN, count))

    def one(i: int) -> np.ndarray:
        run = range(UNSEEN + i, UNSEEN + i + 1)
        return rival_effects(fit.effects, solved.records[i], solved.gains[i], run, thread_space())

    alone = fit.rows("rivals", count, one, solved.records.tobytes())
    whole = effects_of_records(fit, "unseen-effects", solved.records, UNSEEN)
    return alone, whole[:, EFFECTS.index("qpr_delivered_12")]
