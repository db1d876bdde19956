"""The fit in stages, each stored: screen, direct sampling, emulator waves, effects, predictions.

Every stage is a pure function of targets, priors, settings, seed and the version of the code; a fit
that is stopped goes on where it was and ends the same, as rows that are stored are not run again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.emulator import Emulator, fit_emulator, plausible
from calibration.likelihood import Data, log_likelihood, make_data, shrunk
from calibration.priors import Space, hypercube, make_space
from calibration.rivals import rival_effects
from calibration.runs import code_version, run_rows, thread_space
from calibration.scenarios import (
    EffectDesign,
    counterfactual_effects,
    effect_design,
    full_effects,
    scenario_effects,
)
from calibration.smc import Sample, generator, tempered_smc
from calibration.targets import Target
from calibration.trial import PLACE, TrialDesign, refocus_design, simulate_trial
from sim.errors import InputError
from sim.runs.chunk_store import fingerprint
from sim.runs.pieces import How

# First replication number of each use, so that no two share their draws unless they mean to.
WAVE, PREDICTIVE, EFFECT, SCREEN, TRUTH, RECOVERED = (
    number * 1_000_000 for number in (1, 2, 3, 4, 5, 20)
)
# States per chain of moves under the emulator.
EMULATED_LENGTH = 10


@dataclass(frozen=True)
class Settings:
    """How much work each stage does.

    Attributes
    ----------
    screen, waves, effects : int
        Trials of the screen, of each of two emulator waves, and parameter sets of effect emulators.
    particles, replicates, length : int
        Of the direct sampler.
    emulated : int
        Particles of the sampler under the emulator; three eighths per synthetic truth.
    predictive, explained, truths : int
        Draws of the posterior predictive, of counterfactuals, and synthetic truths.
    seed : int
        Seed of everything.
    """

    screen: int = 2500
    waves: int = 4000
    effects: int = 1500
    particles: int = 400
    replicates: int = 40
    length: int = 4
    emulated: int = 4000
    predictive: int = 1000
    explained: int = 600
    truths: int = 200
    seed: int = 1


FULL = Settings()
QUICK = Settings(
    screen=600,
    waves=1200,
    effects=300,
    particles=128,
    replicates=12,
    emulated=2000,
    predictive=200,
    explained=60,
    truths=50,
)


@dataclass
class Fit:
    """Everything that one calibration needs and keeps.

    Attributes
    ----------
    targets : dict
        Targets by name.
    settings : Settings
        How much work.
    design, effects : TrialDesign, EffectDesign
        The trial and the scenarios.
    space : Space
        Parameters that vary.
    part : callable
        Returns how the stage with a name is run.
    quiet, own : bool
        Whether nothing is printed; whether it is a user's own trial.
    """

    targets: dict[str, Target]
    settings: Settings
    design: TrialDesign
    effects: EffectDesign
    space: Space
    part: Callable[[str], How] = lambda stage: How()
    quiet: bool = False
    own: bool = False

    def __post_init__(self) -> None:
        self.version = code_version()
        self.data = make_data(self.targets)

    def identity(self, stage: str, *parts: Any) -> str:
        """Return the fingerprint of a stage's inputs."""
        return fingerprint(
            stage,
            self.version,
            self.settings.seed,
            self.space.calibrated,
            self.space.tables,
            self.space.fixed.tobytes(),
            [layout.teams.tobytes() for layout in self.design.layouts],
            [layout.actions.tobytes() for layout in self.design.layouts],
            [layout.actions.tobytes() for layout in self.effects.layouts],
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
        return run_rows(
            stage,
            count,
            one,
            self.identity(stage, count, *parts),
            **self.part(stage),
        )

    def trials(
        self, stage: str, records: np.ndarray, first: int, checks: bool = False
    ) -> np.ndarray:
        """Simulate one trial per record, each with its own replication, from `first` on."""
        return self.rows(
            stage,
            len(records),
            lambda i: simulate_trial(self.design, records[i], first + i, checks, thread_space()),
            records.tobytes(),
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
    design: TrialDesign | None = None,
    effects: EffectDesign | None = None,
    calibrated: tuple[str, ...] | None = None,
    part: Callable[[str], How] = lambda stage: How(),
    quiet: bool = False,
) -> Fit:
    """Prepare a calibration; `part` returns how the stage with a name is run."""
    return Fit(
        targets,
        settings,
        design or refocus_design(settings.seed),
        effects or effect_design(settings.seed),
        make_space() if calibrated is None else make_space(calibrated),
        part,
        quiet,
        own=design is not None,
    )


def screen(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Simulate trials over all priors; return scores of all varying parameters, and figures."""
    count = fit.settings.screen
    scores = hypercube(count, len(fit.space.names), fit.settings.seed)
    records = fit.space.records(scores[:, fit.space.places], scores)
    return scores, fit.trials("screen", records, SCREEN, True)


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

    Each replication has one set of draws, one drawing of the roster, one way of judging
    participation and one set of background parameters, the same for all parameter sets. Backgrounds
    are a Latin hypercube over the replications.
    """

    def __init__(self, fit: Fit, first: int = 0, replicates: int | None = None) -> None:
        self.fit, self.first = fit, first
        self.replicates = replicates or fit.settings.replicates
        self.backgrounds = hypercube(
            self.replicates, len(fit.space.names), fit.settings.seed + 31 + first
        )
        self.places = [PLACE[name] for name in fit.data.figures]
        self.common: np.ndarray | None = None

    def figures(self, scores: np.ndarray, stage: str) -> np.ndarray:
        """Return figures of every parameter set and replication, (n, replicates, figures)."""
        fit, count = self.fit, self.replicates
        places = self.places

        def one(row: int) -> np.ndarray:
            calibrated = np.repeat(scores[row : row + 1], count, axis=0)
            records = fit.space.records(calibrated, self.backgrounds)
            return np.array(
                [
                    simulate_trial(fit.design, records[r], self.first + r, False, thread_space())
                    for r in range(count)
                ]
            )[:, places]

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
    """Two waves of emulation.

    Attributes
    ----------
    emulator : Emulator
        Of the last wave.
    kept : list of float
        Share of the prior that was not implausible after each wave.
    scores, figures : numpy.ndarray
        All points and their trials.
    """

    emulator: Emulator
    first: Emulator
    kept: list[float]
    scores: np.ndarray
    figures: np.ndarray


def emulate(fit: Fit) -> Waves:
    """Run the emulator waves (the second method)."""
    count, size = fit.settings.waves, fit.space.size
    places = [PLACE[name] for name in fit.data.figures]
    scores = hypercube(count, size, fit.settings.seed + 7)
    records = fit.space.records(scores, fit.backgrounds(WAVE, count))
    figures = fit.trials("wave-1", records, WAVE)[:, places]
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
    records = fit.space.records(second, fit.backgrounds(WAVE + count, count))
    more = fit.trials("wave-2", records, WAVE + count)[:, places]
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
    fit: Fit,
    emulator: Emulator,
    data: Data | None = None,
    share: float = 1.0,
    seed: int = 0,
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
    records = fit.space.records(scores, fit.backgrounds(EFFECT, count))
    effects = fit.rows(
        "effects",
        count,
        lambda i: full_effects(
            fit.effects, records[i], range(EFFECT + i, EFFECT + i + 1), thread_space()
        ),
        records.tobytes(),
    )
    return fit_emulator(scores, effects, weighted=False), scores, effects


def effects_of(fit: Fit, stage: str, scores: np.ndarray, first: int) -> np.ndarray:
    """Simulate effects for scores, each with other draws of chance and other background."""
    records = fit.space.records(scores, fit.backgrounds(first, len(scores)))
    return fit.rows(
        stage,
        len(scores),
        lambda i: full_effects(
            fit.effects, records[i], range(first + i, first + i + 1), thread_space()
        ),
        records.tobytes(),
    )


def effects_again(fit: Fit, scores: np.ndarray) -> np.ndarray:
    """Return effects of the first eighth of the emulator's points with other draws of chance."""
    count = max(len(scores) // 8, 40)
    records = fit.space.records(scores[:count], fit.backgrounds(EFFECT, count))
    first = EFFECT + 700_000
    return fit.rows(
        "effects-again",
        count,
        lambda i: full_effects(
            fit.effects, records[i], range(first + i, first + i + 1), thread_space()
        ),
        records.tobytes(),
    )


def explain(fit: Fit, records: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return scenario effects and counterfactual effects for records, one replication each."""

    def one(i: int) -> np.ndarray:
        run = range(PREDICTIVE + i, PREDICTIVE + i + 1)
        space = thread_space()
        return np.concatenate(
            [
                scenario_effects(fit.effects, records[i], run, space),
                counterfactual_effects(fit.effects, records[i], run, space),
            ]
        )

    both = fit.rows("explanations", len(records), one, records.tobytes())
    split = both.shape[1] - 6
    return both[:, :split], both[:, split:]


def rivals(fit: Fit, records: np.ndarray) -> np.ndarray:
    """Return the expected effect of each rival model for records, one replication each.

    The replications are those of `explain`, so that rivals and the model as fitted share their
    chance.
    """

    def one(i: int) -> np.ndarray:
        run = range(PREDICTIVE + i, PREDICTIVE + i + 1)
        return rival_effects(fit.effects, records[i], run, thread_space())

    return fit.rows("rivals", len(records), one, records.tobytes())
