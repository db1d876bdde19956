"""The small model on mesa-frames: one Polars table of staff and one of service users.

Needs nothing else of this project, so that it can run in an environment of its own:
mesa-frames asks for NumPy 1. A phase draws its random numbers for everybody, needed or not, as
one does on columns.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from mesa_frames import AgentSetPolars, ModelDF

from benchmarks.references import constants as c

col = pl.col
PRACTICES, PROCESSES = range(c.PRACTICES), range(c.PROCESSES)


def share(value: pl.Expr) -> pl.Expr:
    """Return values moved into [0, 1]."""
    return value.clip(0.0, 1.0)


def within_limit(value: pl.Expr) -> pl.Expr:
    """Return levels on a normal scale moved into +-8 standard deviations."""
    return value.clip(-8.0, 8.0)


def logistic(value: pl.Expr) -> pl.Expr:
    """Return the logistic function."""
    return 1.0 / (1.0 + (-value).exp())


def towards(name: str, target: pl.Expr, pace: pl.Expr | float) -> pl.Expr:
    """Return a column moved a share of the way to a target."""
    return (col(name) + pace * (target - col(name))).alias(name)


class People(AgentSetPolars):
    """What both tables share."""

    def put(self, *columns: pl.Expr, **named: pl.Expr | np.ndarray) -> None:
        """Set columns, all from the table as it is."""
        several = {
            name: pl.Series(one) if isinstance(one, np.ndarray) else one
            for name, one in named.items()
        }
        self.agents = self.agents.with_columns(*columns, **several)

    def uniforms(self, *names: str) -> None:
        """Draw uniform columns."""
        rows = self.model.random.random((len(names), len(self.agents)))
        self.put(**dict(zip(names, rows, strict=True)))

    def normals(self, *names: str) -> None:
        """Draw standard normal columns."""
        rows = self.model.random.standard_normal((len(names), len(self.agents)))
        self.put(**dict(zip(names, rows, strict=True)))

    def around(self, level: float) -> np.ndarray:
        """Return shares drawn around a level, one for each row."""
        drawn = self.model.random.normal(level, c.SPREAD, len(self.agents))
        return np.clip(drawn, 0.0, 1.0)


LEVELS = {
    "readiness": c.USUAL_READINESS,
    "values": c.USUAL_VALUES,
    "knowledge": c.USUAL_KNOWLEDGE,
    **{f"skill_{k}": c.USUAL_SKILL for k in PRACTICES},
    **{f"intent_{k}": c.USUAL_INTENT for k in PRACTICES},
    **{f"behaviour_{k}": c.USUAL_BEHAVIOUR for k in PRACTICES},
}


class Staff(People):
    """Holders of posts, with what belongs to their team in every row."""

    def __init__(self, model: ModelDF, teams: int) -> None:
        super().__init__(model)
        n = teams * c.STAFF_PER_TEAM
        place = np.arange(n) % c.STAFF_PER_TEAM
        self += pl.DataFrame({"unique_id": np.arange(n), "place": place})
        order = model.random.random((n, c.STAFF_PER_TEAM))
        order[np.arange(n), place] = 2.0
        ties = np.argsort(order, axis=1)[:, : c.TIES] + (np.arange(n) - place)[:, None]
        usual = np.clip(model.random.normal(c.USUAL_READINESS, c.SPREAD, teams), 0.0, 1.0)
        counts = ("generation", "weeks_in_post", "sessions_offered", "sessions_attended")
        last = c.FIRST_COORDINATOR + c.COORDINATORS
        self.put(
            (col("unique_id") // c.STAFF_PER_TEAM).alias("team"),
            (col("place") == 0).alias("leader"),
            ((col("place") >= c.FIRST_COORDINATOR) & (col("place") < last)).alias("coordinator"),
            pl.lit(True).alias("present"),
            pl.lit(False).alias("sick"),
            *(pl.lit(0, pl.Int64).alias(name) for name in counts),
            *(pl.lit(0.0).alias(name) for name in ("reinforcement", "norms")),
            **{f"tie_{k}": ties[:, k] for k in range(c.TIES)},
            team_readiness=np.repeat(usual, c.STAFF_PER_TEAM),
            team_readiness_usual=np.repeat(usual, c.STAFF_PER_TEAM),
        )
        for name, level in LEVELS.items():
            usual = self.around(level)
            self.put(**{name: usual, f"{name}_usual": usual})
        self.put(*(col(f"behaviour_{k}").alias(f"habit_{k}") for k in PRACTICES))

    def step(self) -> None:
        """Run a week of staff."""
        self.come_and_go()
        self.take_stock()
        self.train()
        self.hear_colleagues()
        self.practise()

    def come_and_go(self) -> None:
        """Leave, fill vacancies, be sick; newcomers begin with draws of their own."""
        self.uniforms("flow", "unwell")
        arriving = ~col("present") & (col("flow") < c.FILLING)
        staying = col("present") & (col("flow") >= c.LEAVING)
        self.put(
            arriving=arriving,
            present=arriving | staying,
            sick=staying & (col("unwell") < c.SICKNESS),
            generation=col("generation") + arriving,
            weeks_in_post=col("weeks_in_post") + staying,
        )
        if not self.agents["arriving"].any():
            return
        new = {name: pl.Series(self.around(level)) for name, level in LEVELS.items()}
        fresh = pl.when(col("arriving"))
        both = [
            fresh.then(values).otherwise(col(f"{name}{end}")).alias(f"{name}{end}")
            for name, values in new.items()
            for end in ("", "_usual")
        ]
        none = [
            fresh.then(0).otherwise(col(name)).alias(name)
            for name in (
                "weeks_in_post",
                "sessions_offered",
                "sessions_attended",
                "reinforcement",
            )
        ]
        habits = [
            fresh.then(new[f"behaviour_{k}"]).otherwise(col(f"habit_{k}")).alias(f"habit_{k}")
            for k in PRACTICES
        ]
        self.put(*both, *none, *habits)

    def take_stock(self) -> None:
        """Count who is there; let norms and readiness follow."""
        rise = sum((col(f"behaviour_{k}") - col(f"behaviour_{k}_usual")) for k in PRACTICES)
        self.put(
            shift=pl.when(col("present")).then(col("values") - col("values_usual")).otherwise(0.0),
            rise=pl.when(col("present")).then(rise / c.PRACTICES).otherwise(0.0),
        )
        count = col("present").sum().over("team").clip(1)
        filled = (col("present") & col("coordinator")).sum().over("team").clip(1)
        self.put(
            workload=(c.COORDINATORS / filled).clip(None, 2.0),
            values_mean=col("shift").sum().over("team") / count,
            doing=col("rise").sum().over("team") / count,
            head=col("shift").first().over("team"),
            head_present=col("present").first().over("team"),
        )
        target = share(col("team_readiness_usual") + 0.5 * col("doing"))
        self.put(
            towards("norms", col("values_mean") + col("doing"), c.NORMS_PACE),
            towards("team_readiness", target, c.READINESS_PACE),
            leader_shift=pl.when(col("head_present"))
            .then(col("head"))
            .otherwise(col("values_mean")),
        )

    def train(self) -> None:
        """Get ready; attend the week's session if there is one, and learn."""
        target = share(
            col("readiness_usual")
            + c.TEAM_TO_STAFF * (col("team_readiness") - col("team_readiness_usual"))
            + c.VALUES_TO_READINESS * (col("values") - col("values_usual"))
        )
        self.put(towards("readiness", target, c.READINESS_PACE))
        if self.model.week not in c.SESSION_WEEKS:
            return
        self.uniforms("comes")
        self.normals("own")
        logit = c.ATTENDANCE_BASE + c.ATTENDANCE_FROM_READINESS * (col("readiness") - 0.5)
        self.put(
            attended=col("present") & ~col("sick") & (col("comes") < logistic(logit)),
            own=(1.0 + c.LEARNING_SD * col("own")).clip(0.0),
        )
        gain = col("attended") * col("own")
        self.put(
            towards("knowledge", pl.lit(1.0), share(c.KNOWLEDGE_GAIN * gain)),
            towards("values", pl.lit(1.0), share(c.VALUES_GAIN * gain)),
            *(towards(f"skill_{k}", pl.lit(1.0), share(c.SKILL_GAIN * gain)) for k in PRACTICES),
            towards("reinforcement", pl.lit(1.0), c.SESSION_FELT * col("attended")),
            sessions_offered=col("sessions_offered") + col("present"),
            sessions_attended=col("sessions_attended") + col("attended"),
        )

    def hear_colleagues(self) -> None:
        """Let values move towards those of colleagues and of the leader."""
        self.put(own=col("values") - col("values_usual"))
        there = [col("present").gather(col(f"tie_{k}")) for k in range(c.TIES)]
        said = [(col("own") * col("present")).gather(col(f"tie_{k}")) for k in range(c.TIES)]
        self.put(
            ties=sum(one.cast(pl.Int64) for one in there),
            heard=sum(said),
        )
        heard = col("heard") / col("ties").clip(1) - col("own")
        moved = pl.when(col("ties") > 0).then(c.PEER_WEIGHT * heard).otherwise(0.0)
        led = c.LEADER_WEIGHT * (col("leader_shift") - col("own"))
        moved = moved + pl.when(col("leader")).then(0.0).otherwise(led)
        self.put(values=share(col("values") + col("present") * moved))

    def practise(self) -> None:
        """Retain, intend and act."""
        self.put(reinforcement=col("reinforcement") * (1.0 - c.FADING))
        self.put(lost=c.FORGETTING * (1.0 - c.PROTECTION * col("reinforcement")))
        self.put(
            towards("knowledge", col("knowledge_usual"), col("lost")),
            towards("values", col("values_usual"), col("lost")),
            *(towards(f"skill_{k}", col(f"skill_{k}_usual"), col("lost")) for k in PRACTICES),
        )
        carried = c.TRANSFER + c.TRANSFER_REINFORCED * col("reinforcement")
        rises = [(col(f"behaviour_{k}") - col(f"behaviour_{k}_usual")).clip(0.0) for k in PRACTICES]
        self.put(
            *(
                towards(f"skill_{k}", pl.lit(1.0), c.BY_DOING * rise)
                for k, rise in zip(PRACTICES, rises, strict=True)
            ),
            shared=c.INTENT_FROM_VALUES * (col("values") - col("values_usual"))
            + c.INTENT_FROM_NORMS * col("norms")
            + c.INTENT_FROM_KNOWLEDGE * (col("knowledge") - col("knowledge_usual")),
            carried=carried * (0.5 + col("readiness")),
        )
        intents = []
        for k in PRACTICES:
            usual = col(f"intent_{k}_usual")
            able = c.INTENT_FROM_SKILL * (col(f"skill_{k}") - col(f"skill_{k}_usual"))
            wanted = share(usual + (1.0 - usual) * (col("shared") + able))
            intents.append(towards(f"intent_{k}", wanted, c.INTENT_PACE))
        self.put(*intents)
        acts = []
        for k in PRACTICES:
            usual = col(f"behaviour_{k}_usual")
            done = usual + col("carried") * (col(f"intent_{k}") - col(f"intent_{k}_usual"))
            done = share(done + c.HABIT_WEIGHT * (col(f"habit_{k}") - usual))
            acts.append(towards(f"behaviour_{k}", done, c.BEHAVIOUR_PACE))
        self.put(*acts)
        habits = (towards(f"habit_{k}", col(f"behaviour_{k}"), c.HABIT_PACE) for k in PRACTICES)
        self.put(*habits)


class Users(People):
    """Service users."""

    def __init__(self, model: ModelDF, teams: int, per_team: int) -> None:
        super().__init__(model)
        n = teams * per_team
        place = np.arange(n) % max(1, per_team)
        first = np.arange(n) // max(1, per_team) * c.STAFF_PER_TEAM + c.FIRST_COORDINATOR
        # Identifiers go on where those of staff end.
        self += pl.DataFrame({"unique_id": teams * c.STAFF_PER_TEAM + np.arange(n)})
        counts = ("worker_generation", "worker_changes", "contacts", "goals_reached")
        self.put(
            *(pl.lit(True).alias(name) for name in ("in_service", "in_research")),
            *(pl.lit(0, pl.Int64).alias(name) for name in counts),
            *(pl.lit(0.2).alias(f"experience_{k}") for k in PRACTICES),
            *(pl.lit(0.0).alias(f"gain_{k}") for k in PROCESSES),
            pl.lit(c.USUAL_EXPECTATIONS).alias("expectations"),
            pl.lit(False).alias("has_goal"),
            pl.lit(0.0).alias("goal_progress"),
            pl.lit(0.0).alias("quality_of_life"),
            worker=first + place % c.COORDINATORS,
            relationship=self.around(c.USUAL_RELATIONSHIP),
            support=self.around(c.USUAL_SUPPORT),
            stage=model.random.integers(1, 6, n),
        )
        self.normals("rapport")
        for name in (*(f"process_{k}" for k in PROCESSES), "symptoms", "functioning", "needs"):
            usual = model.random.standard_normal(n)
            self.put(**{name: usual, f"{name}_usual": usual})

    def step(self) -> None:
        """Run a week of service users."""
        self.meet_worker()
        self.recover()
        self.move_on()

    def look_up(self, *names: str) -> dict[str, pl.Series]:
        """Return columns of each user's key worker; rows without one hold somebody else's."""
        staff = self.model.staff.agents
        at = self.agents["worker"].clip(0)
        return {name: staff[name].gather(at) for name in names}

    def meet_worker(self) -> None:
        """Meet the key worker, or miss them."""
        behaviour = [f"behaviour_{k}" for k in PRACTICES]
        skill = [f"skill_{k}" for k in PRACTICES]
        found = self.look_up("present", "sick", "generation", "workload", *behaviour, *skill)
        self.uniforms("first", "second", "naming", *(f"u_{k}" for k in PRACTICES))
        known = (col("worker") >= 0) & (col("worker_generation") == found["generation"])
        self.put(meeting=known & found["present"] & ~found["sick"])
        chance = share(0.5 * c.CONTACT_RATE / pl.lit(found["workload"]))
        came = (col("first") < chance).cast(pl.Int64) + (col("second") < chance).cast(pl.Int64)
        fading = ~col("meeting") & col("in_service")
        self.put(
            towards("expectations", pl.lit(c.USUAL_EXPECTATIONS), c.EXPECTATIONS_PACE),
            contacts=col("meeting") * came,
            relationship=col("relationship") * (1.0 - c.RELATIONSHIP_FADING * fading),
        )
        happened = [
            col(f"u_{k}")
            < pl.lit(found[f"behaviour_{k}"]) * (0.5 + 0.5 * pl.lit(found[f"skill_{k}"]))
            for k in PRACTICES
        ]
        pace = c.EXPERIENCE_PACE * col("contacts")
        self.put(
            *(
                towards(f"experience_{k}", one.cast(pl.Float64), pace)
                for k, one in zip(PRACTICES, happened, strict=True)
            ),
            strove=happened[-1] & (col("contacts") > 0),
        )
        experience = sum(col(f"experience_{k}") for k in PRACTICES) / c.PRACTICES
        self.put(felt=c.EXPERIENCE_WEIGHT * (experience - 0.25))
        target = share(c.USUAL_RELATIONSHIP + c.RAPPORT_WEIGHT * col("rapport") + col("felt"))
        self.put(towards("relationship", target, c.RELATIONSHIP_PACE * col("contacts")))
        above = c.SUPPORT_FROM_RELATIONSHIP * (col("relationship") - c.USUAL_RELATIONSHIP)
        target = share(c.USUAL_SUPPORT + above + col("felt"))
        going = col("strove") & col("has_goal")
        self.put(
            towards("support", target, c.SUPPORT_PACE * col("contacts")),
            goal_progress=col("goal_progress") + going * c.GOAL_STEP * col("naming"),
            has_goal=col("has_goal") | (col("strove") & (col("naming") < c.GOAL_NAMING)),
        )
        self.put(reached=col("goal_progress") >= 1.0)
        self.put(
            goals_reached=col("goals_reached") + col("reached"),
            has_goal=col("has_goal") & ~col("reached"),
            goal_progress=col("goal_progress") * ~col("reached"),
        )

    def recover(self) -> None:
        """Let recovery, health and quality of life move."""
        health = ("symptoms", "functioning", "needs")
        self.normals(*(f"z_{k}" for k in PROCESSES), *(f"z_{name}" for name in health))
        self.put(
            strength=c.RESPONSE
            * (col("stage") - 1).replace_strict(
                list(range(5)), list(c.RESPONSE_BY_STAGE), return_dtype=pl.Float64
            ),
            felt=(col("relationship") - c.USUAL_RELATIONSHIP) / c.SPREAD
            + (col("support") - c.USUAL_SUPPORT) / c.SPREAD,
            common=c.SHARED_FLUCTUATION * sum(col(f"z_{k}") for k in range(4)) / 2.0,
        )
        gains = []
        for k in PROCESSES:
            seen = (col(f"experience_{k % c.PRACTICES}") - 0.25) / c.SPREAD
            response = within_limit(col("strength") * (col("felt") + seen))
            gains.append(towards(f"gain_{k}", response, c.RESPONSE_PACE))
        self.put(*gains)
        processes = {}
        for k in PROCESSES:
            name = f"process_{k}"
            level = col(f"{name}_usual") + col(f"gain_{k}")
            level = level - c.SYMPTOMS_TO_RECOVERY * col("symptoms")
            noise = c.FLUCTUATION * (c.OWN_FLUCTUATION * col(f"z_{k}") + col("common"))
            change = c.RECOVERY_PACE * (level - col(name)) + noise
            processes[name] = within_limit(col(name) + change)
        self.put(**processes)
        levels = {
            "symptoms": col("symptoms_usual"),
            "functioning": col("functioning_usual") + c.RECOVERY_TO_HEALTH * col("process_4"),
            "needs": col("needs_usual") - (col("support") - c.USUAL_SUPPORT),
        }
        moved = {
            name: within_limit(
                col(name) + c.HEALTH_PACE * (level - col(name)) + c.FLUCTUATION * col(f"z_{name}")
            )
            for name, level in levels.items()
        }
        self.put(mean=sum(col(f"process_{k}") for k in PROCESSES) / c.PROCESSES, **moved)
        target = c.RECOVERY_TO_HEALTH * col("mean")
        change = c.HEALTH_PACE * (target - col("quality_of_life"))
        self.put(quality_of_life=within_limit(col("quality_of_life") + change))

    def move_on(self) -> None:
        """Change stage, leave the service or the research, get another key worker."""
        self.uniforms("u_stage", "leaving", "change", "dropout", "choice")
        up = c.STAGE_RATE * logistic(2.0 * (col("mean") - 0.75 * (col("stage") - 3)))
        rises = col("u_stage") < up
        falls = ~rises & (col("u_stage") < c.STAGE_RATE)
        chance = c.DISCHARGE * (1.0 + c.DISCHARGE_FROM_RECOVERY * col("mean").clip(-2.0, 2.0))
        self.put(
            stage=(col("stage") + rises.cast(pl.Int64) - falls.cast(pl.Int64)).clip(1, 5),
            in_research=col("in_research") & (col("dropout") >= c.DROPOUT),
            in_service=col("in_service") & (col("leaving") >= chance),
        )
        self.put(worker=pl.when(col("in_service")).then(col("worker")).otherwise(-1))
        found = self.look_up("present", "generation")
        staff = self.model.staff.agents
        # Filled coordinator posts of each team, in the order of places.
        free = staff.filter(col("present") & col("coordinator")).group_by(
            "team", maintain_order=True
        )
        posts = free.agg(col("unique_id").alias("posts"), pl.len().alias("free"))
        place = self.model.user_team.join(posts, on="team", how="left")
        nth = (self.agents["choice"] * place["free"]).cast(pl.Int64)
        self.put(offered=place["posts"].list.get(nth, null_on_oob=True))
        served = col("worker") >= 0
        other = served & found["present"] & (col("worker_generation") != found["generation"])
        chance = pl.when(found["present"]).then(c.WORKER_CHANGE).otherwise(c.HANDOVER)
        changing = served & ~other & (col("change") < chance) & col("offered").is_not_null()
        self.put(other=other, changing=changing)
        self.put(worker_after=pl.when("changing").then("offered").otherwise("worker"))
        after = self.agents["worker_after"].clip(0)
        generation = staff["generation"].gather(after)
        new = (col("worker_after") != col("worker")) | (col("worker_generation") != generation)
        self.put(new=(col("other") | col("changing")) & new)
        if not self.agents["new"].any():
            return
        self.normals("fresh")
        self.put(
            worker=pl.when("new").then("worker_after").otherwise("worker"),
            worker_generation=pl.when("new").then(generation).otherwise("worker_generation"),
            worker_changes=col("worker_changes") + col("new"),
            rapport=pl.when("new").then("fresh").otherwise("rapport"),
            relationship=col("relationship") * (1.0 - c.RELATIONSHIP_LOSS * col("new")),
        )


class FramesModel(ModelDF):
    """Two tables of people; a step is a week."""

    def __init__(self, teams: int, users_per_team: int, seed: int) -> None:
        super().__init__(seed)
        self.week = 0
        self.agents += Staff(self, teams)
        self.agents += Users(self, teams, users_per_team)
        self.staff = self.get_agents_of_type(Staff)
        self.users = self.get_agents_of_type(Users)
        self.user_team = pl.DataFrame({"team": np.repeat(np.arange(teams), users_per_team)})
        self.recorded: list[c.Weekly] = []

    def step(self) -> None:
        """Run one week."""
        self.week += 1
        self.staff.do("step")
        self.users.do("step")
        staff = self.staff.agents.select(
            col("present").mean(),
            col("values").mean(),
            col("knowledge").mean(),
            skill=sum(col(f"skill_{k}").mean() for k in PRACTICES) / c.PRACTICES,
            behaviour=sum(col(f"behaviour_{k}").mean() for k in PRACTICES) / c.PRACTICES,
        )
        users = self.users.agents.select(
            col("relationship", "support", "mean", "in_service", "in_research").mean()
        )
        self.recorded.append(c.Weekly(*staff.row(0), *users.row(0)))


def run(teams: int, users_per_team: int, weeks: int, seed: int = 1) -> c.Weekly:
    """Run the model and return what it recorded last."""
    model = FramesModel(teams, users_per_team, seed)
    for _ in range(weeks):
        model.step()
    return model.recorded[-1]
