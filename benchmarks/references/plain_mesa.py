"""The small model on plain Mesa: one object per person, one method per phase."""

from __future__ import annotations

from collections.abc import Callable
from math import exp

import mesa

from benchmarks.references import constants as c


def share(value: float) -> float:
    """Return a value moved into [0, 1]."""
    return 0.0 if value < 0.0 else 1.0 if value > 1.0 else value


def within_limit(value: float) -> float:
    """Return a level on a normal scale moved into +-8 standard deviations."""
    return -8.0 if value < -8.0 else 8.0 if value > 8.0 else value


def logistic(value: float) -> float:
    """Return the logistic function."""
    return 1.0 / (1.0 + exp(-value))


class Team(mesa.Agent):
    """A team: who is there, norms, readiness."""

    def __init__(self, model: PlainModel) -> None:
        super().__init__(model)
        self.members: list[Staff] = []
        self.readiness_usual = share(self.random.gauss(c.USUAL_READINESS, c.SPREAD))
        self.readiness = self.readiness_usual
        self.norms = 0.0
        self.workload = 1.0
        self.leader_shift = 0.0

    def take_stock(self) -> None:
        """Count who is there; let norms and readiness follow."""
        present = [one for one in self.members if one.present]
        count = max(1, len(present))
        filled = max(1, sum(one.coordinator for one in present))
        self.workload = min(2.0, c.COORDINATORS / filled)
        values = sum(one.values - one.values_usual for one in present) / count
        doing = sum(
            (sum(one.behaviour) - sum(one.behaviour_usual)) / c.PRACTICES for one in present
        )
        leader = self.members[0]
        self.leader_shift = leader.values - leader.values_usual if leader.present else values
        self.norms += c.NORMS_PACE * (values + doing / count - self.norms)
        target = share(self.readiness_usual + 0.5 * doing / count)
        self.readiness += c.READINESS_PACE * (target - self.readiness)


class Staff(mesa.Agent):
    """The holder of a post."""

    def __init__(self, model: PlainModel, team: Team, place: int) -> None:
        super().__init__(model)
        self.team = team
        self.place = place
        self.leader = place == 0
        self.coordinator = c.FIRST_COORDINATOR <= place < c.FIRST_COORDINATOR + c.COORDINATORS
        self.generation = 0
        others = [other for other in range(c.STAFF_PER_TEAM) if other != place]
        self.ties = self.random.sample(others, c.TIES)
        self.present = True
        self.arrive()
        team.members.append(self)

    def arrive(self) -> None:
        """Begin as a new person in the post."""
        gauss = self.random.gauss
        self.sick = False
        self.weeks_in_post = 0
        self.attended = False
        self.sessions_offered = 0
        self.sessions_attended = 0
        self.reinforcement = 0.0
        self.readiness_usual = share(gauss(c.USUAL_READINESS, c.SPREAD))
        self.readiness = self.readiness_usual
        self.values_usual = share(gauss(c.USUAL_VALUES, c.SPREAD))
        self.values = self.values_pending = self.values_usual
        self.knowledge_usual = share(gauss(c.USUAL_KNOWLEDGE, c.SPREAD))
        self.knowledge = self.knowledge_usual
        practices = range(c.PRACTICES)
        self.skill_usual = [share(gauss(c.USUAL_SKILL, c.SPREAD)) for _ in practices]
        self.skill = list(self.skill_usual)
        self.intent_usual = [share(gauss(c.USUAL_INTENT, c.SPREAD)) for _ in practices]
        self.intent = list(self.intent_usual)
        self.behaviour_usual = [share(gauss(c.USUAL_BEHAVIOUR, c.SPREAD)) for _ in practices]
        self.behaviour = list(self.behaviour_usual)
        self.habit = list(self.behaviour_usual)

    def come_and_go(self) -> None:
        """Leave, fill the vacancy, or stay and perhaps be sick."""
        flow, sick = self.random.random(), self.random.random()
        self.attended = False
        if not self.present:
            if flow < c.FILLING:
                self.generation += 1
                self.present = True
                self.arrive()
        elif flow < c.LEAVING:
            self.present = False
        else:
            self.sick = sick < c.SICKNESS
            self.weeks_in_post += 1

    def train(self) -> None:
        """Get ready; attend the week's session if there is one, and learn."""
        team = self.team
        target = (
            self.readiness_usual
            + c.TEAM_TO_STAFF * (team.readiness - team.readiness_usual)
            + c.VALUES_TO_READINESS * (self.values - self.values_usual)
        )
        self.readiness += c.READINESS_PACE * (share(target) - self.readiness)
        if self.model.week not in c.SESSION_WEEKS or not self.present:
            return
        self.sessions_offered += 1
        if self.sick:
            return
        chance = logistic(c.ATTENDANCE_BASE + c.ATTENDANCE_FROM_READINESS * (self.readiness - 0.5))
        if self.random.random() >= chance:
            return
        self.attended = True
        self.sessions_attended += 1
        own = max(0.0, 1.0 + c.LEARNING_SD * self.random.gauss(0.0, 1.0))
        self.knowledge += share(c.KNOWLEDGE_GAIN * own) * (1.0 - self.knowledge)
        self.values += share(c.VALUES_GAIN * own) * (1.0 - self.values)
        gain = share(c.SKILL_GAIN * own)
        self.skill = [one + gain * (1.0 - one) for one in self.skill]
        self.reinforcement += c.SESSION_FELT * (1.0 - self.reinforcement)

    def hear_colleagues(self) -> None:
        """Let values move towards those of colleagues and of the leader."""
        self.values_pending = self.values
        if not self.present:
            return
        own = self.values - self.values_usual
        members = self.team.members
        shifts = [
            members[tie].values - members[tie].values_usual
            for tie in self.ties
            if members[tie].present
        ]
        if shifts:
            self.values_pending += c.PEER_WEIGHT * (sum(shifts) / len(shifts) - own)
        if not self.leader:
            self.values_pending += c.LEADER_WEIGHT * (self.team.leader_shift - own)

    def practise(self) -> None:
        """Retain, intend and act."""
        self.values = share(self.values_pending)
        self.reinforcement *= 1.0 - c.FADING
        lost = c.FORGETTING * (1.0 - c.PROTECTION * self.reinforcement)
        self.knowledge += lost * (self.knowledge_usual - self.knowledge)
        self.values += lost * (self.values_usual - self.values)
        shared = (
            c.INTENT_FROM_VALUES * (self.values - self.values_usual)
            + c.INTENT_FROM_NORMS * self.team.norms
            + c.INTENT_FROM_KNOWLEDGE * (self.knowledge - self.knowledge_usual)
        )
        carried = (c.TRANSFER + c.TRANSFER_REINFORCED * self.reinforcement) * (0.5 + self.readiness)
        for k in range(c.PRACTICES):
            usual = self.skill_usual[k]
            rise = max(0.0, self.behaviour[k] - self.behaviour_usual[k])
            skill = self.skill[k] + lost * (usual - self.skill[k])
            skill += c.BY_DOING * rise * (1.0 - skill)
            self.skill[k] = skill
            wanted = self.intent_usual[k]
            wanted += (1.0 - wanted) * (shared + c.INTENT_FROM_SKILL * (skill - usual))
            intent = self.intent[k] + c.INTENT_PACE * (share(wanted) - self.intent[k])
            self.intent[k] = intent
            done = (
                self.behaviour_usual[k]
                + carried * (intent - self.intent_usual[k])
                + c.HABIT_WEIGHT * (self.habit[k] - self.behaviour_usual[k])
            )
            self.behaviour[k] += c.BEHAVIOUR_PACE * (share(done) - self.behaviour[k])
            self.habit[k] += c.HABIT_PACE * (self.behaviour[k] - self.habit[k])


class User(mesa.Agent):
    """A service user."""

    def __init__(self, model: PlainModel, team: Team, place: int) -> None:
        super().__init__(model)
        self.team = team
        gauss = self.random.gauss
        self.worker: Staff | None = team.members[c.FIRST_COORDINATOR + place % c.COORDINATORS]
        self.worker_generation = 0
        self.worker_changes = 0
        self.in_service = self.in_research = True
        self.contacts = 0
        self.rapport = gauss(0.0, 1.0)
        self.experience = [0.2] * c.PRACTICES
        self.relationship = share(gauss(c.USUAL_RELATIONSHIP, c.SPREAD))
        self.support = share(gauss(c.USUAL_SUPPORT, c.SPREAD))
        self.expectations = c.USUAL_EXPECTATIONS
        self.has_goal = False
        self.goal_progress = 0.0
        self.goals_reached = 0
        self.stage = self.random.randint(1, 5)
        self.setpoint = [gauss(0.0, 1.0) for _ in range(c.PROCESSES)]
        self.process = list(self.setpoint)
        self.gain = [0.0] * c.PROCESSES
        self.symptoms_usual, self.functioning_usual, self.needs_usual = (
            gauss(0.0, 1.0) for _ in range(3)
        )
        self.symptoms, self.functioning = self.symptoms_usual, self.functioning_usual
        self.needs = self.needs_usual
        self.quality_of_life = 0.0

    def meet_worker(self) -> None:
        """Meet the key worker, or miss them."""
        self.contacts = 0
        self.expectations += c.EXPECTATIONS_PACE * (c.USUAL_EXPECTATIONS - self.expectations)
        worker = self.worker
        if (
            worker is None
            or not worker.present
            or worker.sick
            or worker.generation != self.worker_generation
        ):
            if self.in_service:
                self.relationship *= 1.0 - c.RELATIONSHIP_FADING
            return
        random = self.random.random
        chance = share(0.5 * c.CONTACT_RATE / self.team.workload)
        self.contacts = (random() < chance) + (random() < chance)
        if self.contacts == 0:
            return
        pace = c.EXPERIENCE_PACE * self.contacts
        strove = False
        for k in range(c.PRACTICES):
            strove = random() < worker.behaviour[k] * (0.5 + 0.5 * worker.skill[k])
            self.experience[k] += pace * (float(strove) - self.experience[k])
        experience = sum(self.experience) / c.PRACTICES
        target = share(
            c.USUAL_RELATIONSHIP
            + c.RAPPORT_WEIGHT * self.rapport
            + c.EXPERIENCE_WEIGHT * (experience - 0.25)
        )
        self.relationship += c.RELATIONSHIP_PACE * self.contacts * (target - self.relationship)
        target = share(
            c.USUAL_SUPPORT
            + c.SUPPORT_FROM_RELATIONSHIP * (self.relationship - c.USUAL_RELATIONSHIP)
            + c.EXPERIENCE_WEIGHT * (experience - 0.25)
        )
        self.support += c.SUPPORT_PACE * self.contacts * (target - self.support)
        if strove:
            if not self.has_goal:
                self.has_goal = random() < c.GOAL_NAMING
            else:
                self.goal_progress += c.GOAL_STEP * random()
                if self.goal_progress >= 1.0:
                    self.goals_reached += 1
                    self.has_goal = False
                    self.goal_progress = 0.0

    def recover(self) -> None:
        """Let recovery, health and quality of life move."""
        gauss = self.random.gauss
        strength = c.RESPONSE * c.RESPONSE_BY_STAGE[self.stage - 1]
        felt = (self.relationship - c.USUAL_RELATIONSHIP) / c.SPREAD
        felt += (self.support - c.USUAL_SUPPORT) / c.SPREAD
        drift = -c.SYMPTOMS_TO_RECOVERY * self.symptoms
        noises = [gauss(0.0, 1.0) for _ in range(c.PROCESSES)]
        common = c.SHARED_FLUCTUATION * sum(noises[:4]) / 2.0
        for k in range(c.PROCESSES):
            seen = self.experience[k % c.PRACTICES] - 0.25
            response = within_limit(strength * (felt + seen / c.SPREAD))
            self.gain[k] += c.RESPONSE_PACE * (response - self.gain[k])
            level = self.setpoint[k] + self.gain[k] + drift
            noise = c.FLUCTUATION * (c.OWN_FLUCTUATION * noises[k] + common)
            change = c.RECOVERY_PACE * (level - self.process[k]) + noise
            self.process[k] = within_limit(self.process[k] + change)
        mean = sum(self.process) / c.PROCESSES
        pace, size = c.HEALTH_PACE, c.FLUCTUATION
        change = pace * (self.symptoms_usual - self.symptoms) + size * gauss(0.0, 1.0)
        self.symptoms = within_limit(self.symptoms + change)
        level = self.functioning_usual + c.RECOVERY_TO_HEALTH * self.process[4]
        change = pace * (level - self.functioning) + size * gauss(0.0, 1.0)
        self.functioning = within_limit(self.functioning + change)
        level = self.needs_usual - (self.support - c.USUAL_SUPPORT)
        change = pace * (level - self.needs) + size * gauss(0.0, 1.0)
        self.needs = within_limit(self.needs + change)
        change = pace * (c.RECOVERY_TO_HEALTH * mean - self.quality_of_life)
        self.quality_of_life = within_limit(self.quality_of_life + change)

    def move_on(self) -> None:
        """Change stage, leave the service or the research, get another key worker."""
        random = self.random.random
        stage, leaving, change, dropout = random(), random(), random(), random()
        mean = sum(self.process) / c.PROCESSES
        up = c.STAGE_RATE * logistic(2.0 * (mean - 0.75 * (self.stage - 3)))
        if stage < up:
            self.stage = min(5, self.stage + 1)
        elif stage < c.STAGE_RATE:
            self.stage = max(1, self.stage - 1)
        if self.in_research and dropout < c.DROPOUT:
            self.in_research = False
        if not self.in_service:
            return
        lean = max(-2.0, min(2.0, mean))
        if leaving < c.DISCHARGE * (1.0 + c.DISCHARGE_FROM_RECOVERY * lean):
            self.in_service = False
            self.worker = None
            return
        worker = self.worker
        if worker is None:
            return
        if worker.present and worker.generation != self.worker_generation:
            self.change_worker(worker)
        elif change < (c.WORKER_CHANGE if worker.present else c.HANDOVER):
            members = self.team.members
            there = [one for one in members if one.coordinator and one.present]
            if there:
                self.change_worker(self.random.choice(there))

    def change_worker(self, worker: Staff) -> None:
        """Begin anew with another worker."""
        if worker is self.worker and worker.generation == self.worker_generation:
            return
        self.worker = worker
        self.worker_generation = worker.generation
        self.worker_changes += 1
        self.rapport = self.random.gauss(0.0, 1.0)
        self.relationship *= 1.0 - c.RELATIONSHIP_LOSS


class PlainModel(mesa.Model):
    """Teams, staff and service users; a step is a week."""

    def __init__(self, teams: int, users_per_team: int, seed: int) -> None:
        super().__init__(rng=seed)
        self.week = 0
        self.datacollector = mesa.DataCollector(
            model_reporters={
                "staff_present": lambda m: m.staff_mean(lambda one: one.present),
                "values": lambda m: m.staff_mean(lambda one: one.values),
                "knowledge": lambda m: m.staff_mean(lambda one: one.knowledge),
                "skill": lambda m: m.staff_mean(lambda one: sum(one.skill)) / c.PRACTICES,
                "behaviour": lambda m: m.staff_mean(lambda one: sum(one.behaviour)) / c.PRACTICES,
                "relationship": lambda m: m.user_mean(lambda one: one.relationship),
                "support": lambda m: m.user_mean(lambda one: one.support),
                "recovery": lambda m: m.user_mean(lambda one: sum(one.process)) / c.PROCESSES,
                "in_service": lambda m: m.user_mean(lambda one: one.in_service),
                "in_research": lambda m: m.user_mean(lambda one: one.in_research),
            }
        )
        for _ in range(teams):
            team = Team(self)
            for place in range(c.STAFF_PER_TEAM):
                Staff(self, team, place)
            for place in range(users_per_team):
                User(self, team, place)

    def staff_mean(self, value: Callable[[Staff], float]) -> float:
        """Return the mean of something over staff."""
        staff = self.agents_by_type[Staff]
        return sum(value(one) for one in staff) / len(staff)

    def user_mean(self, value: Callable[[User], float]) -> float:
        """Return the mean of something over service users."""
        users = self.agents_by_type[User]
        return sum(value(one) for one in users) / len(users)

    def step(self) -> None:
        """Run one week."""
        self.week += 1
        teams, staff = self.agents_by_type[Team], self.agents_by_type[Staff]
        staff.do("come_and_go")
        teams.do("take_stock")
        staff.do("train")
        staff.do("hear_colleagues")
        staff.do("practise")
        users = self.agents_by_type[User]
        users.do("meet_worker")
        users.do("recover")
        users.do("move_on")
        self.datacollector.collect(self)


def run(teams: int, users_per_team: int, weeks: int, seed: int = 1) -> c.Weekly:
    """Run the model and return what it recorded last."""
    model = PlainModel(teams, users_per_team, seed)
    for _ in range(weeks):
        model.step()
    recorded = model.datacollector.model_vars
    # Mesa 3.3 keeps every model alive through its counter of agents.
    kept = getattr(mesa.Agent, "_ids", None)
    if kept is not None:
        kept.pop(model, None)
    return c.Weekly(*(recorded[name][-1] for name in c.Weekly._fields))
