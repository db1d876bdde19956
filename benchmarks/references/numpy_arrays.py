"""The small model on NumPy arrays: one array per variable, one expression per phase."""

from __future__ import annotations

import numpy as np

from benchmarks.references import constants as c

Array = np.ndarray


def share(values: Array) -> Array:
    """Return values moved into [0, 1]."""
    return np.clip(values, 0.0, 1.0)


def within_limit(values: Array) -> Array:
    """Return levels on a normal scale moved into +-8 standard deviations."""
    return np.clip(values, -8.0, 8.0)


def logistic(values: Array) -> Array:
    """Return the logistic function."""
    return 1.0 / (1.0 + np.exp(-values))


class ArrayModel:
    """Teams, staff and service users; a step is a week."""

    def __init__(self, teams: int, users_per_team: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.week = 0
        self.teams = teams
        self.staff_team = np.repeat(np.arange(teams), c.STAFF_PER_TEAM)
        self.user_team = np.repeat(np.arange(teams), users_per_team)
        self.begin_staff()
        self.begin_users(users_per_team)
        self.team_readiness_usual = self.around(c.USUAL_READINESS, teams)
        self.team_readiness = self.team_readiness_usual.copy()
        self.norms = np.zeros(teams)
        self.recorded: list[c.Weekly] = []

    def around(self, level: float, *shape: int) -> Array:
        """Return shares drawn around a level."""
        return share(self.rng.normal(level, c.SPREAD, shape))

    def begin_staff(self) -> None:
        """Make the holders of all posts."""
        n = self.teams * c.STAFF_PER_TEAM
        place = np.arange(n) % c.STAFF_PER_TEAM
        self.leader = place == 0
        last = c.FIRST_COORDINATOR + c.COORDINATORS
        self.coordinator = (place >= c.FIRST_COORDINATOR) & (place < last)
        order = self.rng.random((n, c.STAFF_PER_TEAM))
        order[np.arange(n), place] = 2.0
        chosen = np.argsort(order, axis=1)[:, : c.TIES]
        self.ties = chosen + (np.arange(n) - place)[:, None]
        self.generation = np.zeros(n, np.int64)
        self.present = np.ones(n, bool)
        self.sick = np.zeros(n, bool)
        self.attended = np.zeros(n, bool)
        self.weeks_in_post, self.sessions_offered, self.sessions_attended = np.zeros(
            (3, n), np.int64
        )
        self.readiness, self.values, self.knowledge, self.reinforcement = np.zeros((4, n))
        self.readiness_usual, self.values_usual, self.knowledge_usual = np.zeros((3, n))
        several = (3, n, c.PRACTICES)
        self.skill, self.intent, self.behaviour = np.zeros(several)
        self.skill_usual, self.intent_usual, self.behaviour_usual = np.zeros(several)
        self.habit = np.zeros((n, c.PRACTICES))
        self.arrive(np.arange(n))

    def arrive(self, who: Array) -> None:
        """Begin as new people in some posts."""
        n = len(who)
        self.sick[who] = False
        self.reinforcement[who] = 0.0
        for count in (self.weeks_in_post, self.sessions_offered, self.sessions_attended):
            count[who] = 0
        for now, usual, level in (
            (self.readiness, self.readiness_usual, c.USUAL_READINESS),
            (self.values, self.values_usual, c.USUAL_VALUES),
            (self.knowledge, self.knowledge_usual, c.USUAL_KNOWLEDGE),
        ):
            usual[who] = now[who] = self.around(level, n)
        for now, usual, level in (
            (self.skill, self.skill_usual, c.USUAL_SKILL),
            (self.intent, self.intent_usual, c.USUAL_INTENT),
            (self.behaviour, self.behaviour_usual, c.USUAL_BEHAVIOUR),
        ):
            usual[who] = now[who] = self.around(level, n, c.PRACTICES)
        self.habit[who] = self.behaviour_usual[who]

    def begin_users(self, per_team: int) -> None:
        """Make the service users."""
        n = len(self.user_team)
        place = np.arange(n) % max(1, per_team)
        first = self.user_team * c.STAFF_PER_TEAM + c.FIRST_COORDINATOR
        self.worker = first + place % c.COORDINATORS
        self.worker_generation = np.zeros(n, np.int64)
        self.worker_changes = np.zeros(n, np.int64)
        self.in_service, self.in_research = np.ones(n, bool), np.ones(n, bool)
        self.contacts = np.zeros(n, np.int64)
        self.rapport = self.rng.standard_normal(n)
        self.experience = np.full((n, c.PRACTICES), 0.2)
        self.relationship = self.around(c.USUAL_RELATIONSHIP, n)
        self.support = self.around(c.USUAL_SUPPORT, n)
        self.expectations = np.full(n, c.USUAL_EXPECTATIONS)
        self.has_goal = np.zeros(n, bool)
        self.goal_progress = np.zeros(n)
        self.goals_reached = np.zeros(n, np.int64)
        self.stage = self.rng.integers(1, 6, n)
        self.setpoint = self.rng.standard_normal((n, c.PROCESSES))
        self.process = self.setpoint.copy()
        self.gain = np.zeros((n, c.PROCESSES))
        self.health_usual = self.rng.standard_normal((n, 3))
        self.health = self.health_usual.copy()
        self.quality_of_life = np.zeros(n)

    def by_team(self, values: Array) -> Array:
        """Return sums over the staff of each team."""
        return values.reshape(self.teams, c.STAFF_PER_TEAM).sum(axis=1)

    def come_and_go(self) -> None:
        """Leave, fill vacancies, be sick."""
        flow, sick = self.rng.random((2, len(self.present)))
        self.attended[:] = False
        arriving = np.flatnonzero(~self.present & (flow < c.FILLING))
        staying = self.present & (flow >= c.LEAVING)
        self.sick = staying & (sick < c.SICKNESS)
        self.weeks_in_post += staying
        self.present = staying
        self.present[arriving] = True
        self.generation[arriving] += 1
        self.arrive(arriving)

    def take_stock(self) -> None:
        """Count who is there; let norms and readiness follow."""
        count = np.maximum(1, self.by_team(self.present))
        filled = np.maximum(1, self.by_team(self.present & self.coordinator))
        self.workload = np.minimum(2.0, c.COORDINATORS / filled)
        shift = np.where(self.present, self.values - self.values_usual, 0.0)
        values = self.by_team(shift) / count
        rise = (self.behaviour - self.behaviour_usual).mean(axis=1)
        doing = self.by_team(np.where(self.present, rise, 0.0)) / count
        first = slice(None, None, c.STAFF_PER_TEAM)
        self.leader_shift = np.where(self.present[first], shift[first], values)
        self.norms += c.NORMS_PACE * (values + doing - self.norms)
        target = share(self.team_readiness_usual + 0.5 * doing)
        self.team_readiness += c.READINESS_PACE * (target - self.team_readiness)

    def train(self) -> None:
        """Get ready; attend the week's session if there is one, and learn."""
        team = (self.team_readiness - self.team_readiness_usual)[self.staff_team]
        target = (
            self.readiness_usual
            + c.TEAM_TO_STAFF * team
            + c.VALUES_TO_READINESS * (self.values - self.values_usual)
        )
        self.readiness += c.READINESS_PACE * (share(target) - self.readiness)
        if self.week not in c.SESSION_WEEKS:
            return
        self.sessions_offered += self.present
        well = np.flatnonzero(self.present & ~self.sick)
        logit = c.ATTENDANCE_BASE + c.ATTENDANCE_FROM_READINESS * (self.readiness[well] - 0.5)
        who = well[self.rng.random(len(well)) < logistic(logit)]
        self.attended[who] = True
        self.sessions_attended[who] += 1
        noise = self.rng.standard_normal(len(who))
        own = np.maximum(0.0, 1.0 + c.LEARNING_SD * noise)
        self.knowledge[who] += share(c.KNOWLEDGE_GAIN * own) * (1.0 - self.knowledge[who])
        self.values[who] += share(c.VALUES_GAIN * own) * (1.0 - self.values[who])
        self.skill[who] += share(c.SKILL_GAIN * own)[:, None] * (1.0 - self.skill[who])
        self.reinforcement[who] += c.SESSION_FELT * (1.0 - self.reinforcement[who])

    def hear_colleagues(self) -> None:
        """Let values move towards those of colleagues and of the leader."""
        own = self.values - self.values_usual
        there = self.present[self.ties]
        ties = there.sum(axis=1)
        heard = np.where(there, own[self.ties], 0.0).sum(axis=1) / np.maximum(1, ties)
        moved = np.where(ties > 0, c.PEER_WEIGHT * (heard - own), 0.0)
        towards = c.LEADER_WEIGHT * (self.leader_shift[self.staff_team] - own)
        moved += np.where(self.leader, 0.0, towards)
        self.values = share(self.values + np.where(self.present, moved, 0.0))

    def practise(self) -> None:
        """Retain, intend and act."""
        self.reinforcement *= 1.0 - c.FADING
        lost = c.FORGETTING * (1.0 - c.PROTECTION * self.reinforcement)
        self.knowledge += lost * (self.knowledge_usual - self.knowledge)
        self.values += lost * (self.values_usual - self.values)
        shared = (
            c.INTENT_FROM_VALUES * (self.values - self.values_usual)
            + c.INTENT_FROM_NORMS * self.norms[self.staff_team]
            + c.INTENT_FROM_KNOWLEDGE * (self.knowledge - self.knowledge_usual)
        )
        carried = c.TRANSFER + c.TRANSFER_REINFORCED * self.reinforcement
        carried *= 0.5 + self.readiness
        rise = np.maximum(0.0, self.behaviour - self.behaviour_usual)
        self.skill += lost[:, None] * (self.skill_usual - self.skill)
        self.skill += c.BY_DOING * rise * (1.0 - self.skill)
        wanted = shared[:, None] + c.INTENT_FROM_SKILL * (self.skill - self.skill_usual)
        wanted = share(self.intent_usual + (1.0 - self.intent_usual) * wanted)
        self.intent += c.INTENT_PACE * (wanted - self.intent)
        done = (
            self.behaviour_usual
            + carried[:, None] * (self.intent - self.intent_usual)
            + c.HABIT_WEIGHT * (self.habit - self.behaviour_usual)
        )
        self.behaviour += c.BEHAVIOUR_PACE * (share(done) - self.behaviour)
        self.habit += c.HABIT_PACE * (self.behaviour - self.habit)

    def meet_workers(self) -> None:
        """Meet key workers, or miss them."""
        self.contacts[:] = 0
        self.expectations += c.EXPECTATIONS_PACE * (c.USUAL_EXPECTATIONS - self.expectations)
        worker = np.maximum(self.worker, 0)
        known = (self.worker >= 0) & (self.generation[worker] == self.worker_generation)
        meeting = known & self.present[worker] & ~self.sick[worker]
        self.relationship[self.in_service & ~meeting] *= 1.0 - c.RELATIONSHIP_FADING
        who = np.flatnonzero(meeting)
        chance = share(0.5 * c.CONTACT_RATE / self.workload[self.user_team[who]])
        self.contacts[who] = (self.rng.random((2, len(who))) < chance).sum(axis=0)
        who = who[self.contacts[who] > 0]
        worker, number = self.worker[who], self.contacts[who]
        likely = self.behaviour[worker] * (0.5 + 0.5 * self.skill[worker])
        happened = self.rng.random((len(who), c.PRACTICES)) < likely
        pace = c.EXPERIENCE_PACE * number[:, None]
        self.experience[who] += pace * (happened - self.experience[who])
        experience = c.EXPERIENCE_WEIGHT * (self.experience[who].mean(axis=1) - 0.25)
        target = c.USUAL_RELATIONSHIP + c.RAPPORT_WEIGHT * self.rapport[who] + experience
        relationship = self.relationship[who]
        relationship += c.RELATIONSHIP_PACE * number * (share(target) - relationship)
        self.relationship[who] = relationship
        felt = c.SUPPORT_FROM_RELATIONSHIP * (relationship - c.USUAL_RELATIONSHIP)
        target = share(c.USUAL_SUPPORT + felt + experience)
        self.support[who] += c.SUPPORT_PACE * number * (target - self.support[who])
        strove = who[happened[:, -1]]
        draw = self.rng.random(len(strove))
        had = self.has_goal[strove]
        self.has_goal[strove[~had]] = draw[~had] < c.GOAL_NAMING
        going = strove[had]
        self.goal_progress[going] += c.GOAL_STEP * draw[had]
        reached = going[self.goal_progress[going] >= 1.0]
        self.goals_reached[reached] += 1
        self.has_goal[reached] = False
        self.goal_progress[reached] = 0.0

    def recover(self) -> None:
        """Let recovery, health and quality of life move."""
        n = len(self.stage)
        noise = self.rng.standard_normal((n, c.PROCESSES))
        common = c.SHARED_FLUCTUATION * noise[:, :4].sum(axis=1) / 2.0
        strength = c.RESPONSE * np.array(c.RESPONSE_BY_STAGE)[self.stage - 1]
        felt = (self.relationship - c.USUAL_RELATIONSHIP) / c.SPREAD
        felt += (self.support - c.USUAL_SUPPORT) / c.SPREAD
        seen = (self.experience[:, [0, 1, 2, 3, 0]] - 0.25) / c.SPREAD
        response = within_limit(strength[:, None] * (felt[:, None] + seen))
        self.gain += c.RESPONSE_PACE * (response - self.gain)
        drift = -c.SYMPTOMS_TO_RECOVERY * self.health[:, 0]
        level = self.setpoint + self.gain + drift[:, None]
        noise = c.FLUCTUATION * (c.OWN_FLUCTUATION * noise + common[:, None])
        change = c.RECOVERY_PACE * (level - self.process) + noise
        self.process = within_limit(self.process + change)
        level = self.health_usual.copy()
        level[:, 1] += c.RECOVERY_TO_HEALTH * self.process[:, 4]
        level[:, 2] -= self.support - c.USUAL_SUPPORT
        change = c.HEALTH_PACE * (level - self.health)
        change += c.FLUCTUATION * self.rng.standard_normal((n, 3))
        self.health = within_limit(self.health + change)
        target = c.RECOVERY_TO_HEALTH * self.process.mean(axis=1)
        change = c.HEALTH_PACE * (target - self.quality_of_life)
        self.quality_of_life = within_limit(self.quality_of_life + change)

    def move_on(self) -> None:
        """Change stage, leave the service or the research, get another key worker."""
        stage, leaving, change, dropout = self.rng.random((4, len(self.stage)))
        mean = self.process.mean(axis=1)
        up = c.STAGE_RATE * logistic(2.0 * (mean - 0.75 * (self.stage - 3)))
        moved = np.where(stage < up, 1, np.where(stage < c.STAGE_RATE, -1, 0))
        self.stage = np.clip(self.stage + moved, 1, 5)
        self.in_research &= dropout >= c.DROPOUT
        lean = np.clip(mean, -2.0, 2.0)
        going = leaving < c.DISCHARGE * (1.0 + c.DISCHARGE_FROM_RECOVERY * lean)
        self.in_service &= ~going
        self.worker[~self.in_service] = -1
        served = np.flatnonzero(self.worker >= 0)
        worker = self.worker[served]
        there = self.present[worker]
        other = there & (self.generation[worker] != self.worker_generation[served])
        chance = np.where(there, c.WORKER_CHANGE, c.HANDOVER)
        changing = ~other & (change[served] < chance)
        self.change_worker(served[other], worker[other])
        who = served[changing]
        free = (self.present & self.coordinator).reshape(self.teams, c.STAFF_PER_TEAM)
        count = free.sum(axis=1)[self.user_team[who]]
        who, count = who[count > 0], count[count > 0]
        place = np.minimum((self.rng.random(len(who)) * count).astype(int), count - 1)
        nth = np.argsort(~free, axis=1, kind="stable")
        team = self.user_team[who]
        self.change_worker(who, team * c.STAFF_PER_TEAM + nth[team, place])

    def change_worker(self, who: Array, worker: Array) -> None:
        """Begin anew with other workers."""
        same = (self.worker[who] == worker) & (
            self.worker_generation[who] == self.generation[worker]
        )
        who, worker = who[~same], worker[~same]
        self.worker[who] = worker
        self.worker_generation[who] = self.generation[worker]
        self.worker_changes[who] += 1
        self.rapport[who] = self.rng.standard_normal(len(who))
        self.relationship[who] *= 1.0 - c.RELATIONSHIP_LOSS

    def step(self) -> None:
        """Run one week."""
        self.week += 1
        self.come_and_go()
        self.take_stock()
        self.train()
        self.hear_colleagues()
        self.practise()
        self.meet_workers()
        self.recover()
        self.move_on()
        columns = (
            self.present,
            self.values,
            self.knowledge,
            self.skill,
            self.behaviour,
            self.relationship,
            self.support,
            self.process,
            self.in_service,
            self.in_research,
        )
        self.recorded.append(c.Weekly(*(float(column.mean()) for column in columns)))


def run(teams: int, users_per_team: int, weeks: int, seed: int = 1) -> c.Weekly:
    """Run the model and return what it recorded last."""
    model = ArrayModel(teams, users_per_team, seed)
    for _ in range(weeks):
        model.step()
    return model.recorded[-1]
