// One team, two worlds: the declared week (written by sim.engines.javascript) run with usual care and
// with the programme, with the same people and the same luck.

export const YEAR = 52;
export const WEEKS = 104;

const mean = (all) => (all.length ? all.reduce((sum, one) => sum + one, 0) / all.length : Number.NaN);

/** What a visitor may change; `null` leaves the team as it is. */
export const UNCHANGED = { readiness: null, leader: null, turnover: null, relief: null, coaching: null, assured: null };

function parametersFor(change) {
  const p = refocus.parameters(DATA.parameters);
  if (change.readiness !== null) p.readiness_reliability = 1;
  if (change.leader !== null) {
    p.leader_support_mean = change.leader;
    p.leader_support_sd = 0;
  }
  return p;
}

function layoutFor(settings, withProgramme, p) {
  const { change } = settings;
  const team = DATA.teams[settings.team];
  const calendar = DATA.calendars[settings.calendar];
  const layout = refocus.layout({
    trusts: [team.trust],
    teams: [team.row],
    actions: calendar.actions,
    programmes: calendar.programmes.map((weeks, row) => (withProgramme || row === 0 ? weeks : calendar.programmes[0])),
    selection: [0, 0, 1],
  });
  const [row] = layout.teams;
  if (change.readiness !== null) row.readiness_given = change.readiness;
  if (change.turnover !== null) row.turnover_multiplier = change.turnover / p.turnover_yearly;
  if (withProgramme) {
    layout.actions[1].slice(0, YEAR).forEach((action, week) => {
      if (change.relief !== null) action.priorities_relief = change.relief;
      if (change.assured !== null) action.attendance_assured = change.assured;
      if (change.coaching !== null && week >= calendar.trained) action.supervision = change.coaching;
    });
  }
  return layout;
}

function frameOf(world) {
  const staff = refocus.members(world, 0).map((one) => ({
    present: one.present === 1,
    generation: one.generation,
    practice: refocus.rules.mean_behaviour(one),
    intention: (one.intent_coaching + one.intent_values + one.intent_strengths + one.intent_goals) / 4,
    skill: (one.skill_coaching + one.skill_values + one.skill_strengths + one.skill_goals) / 4,
    sessions: one.sessions_attended,
    moved: one.moved === 1,
  }));
  const users = world.users.map((one) => ({
    support: one.support,
    relationship: one.relationship,
    recovery: refocus.rules.recovery_mean(one),
    inService: one.in_service === 1,
    generation: one.generation,
    worker: one.worker,
    changes: one.worker_changes,
    goals: one.goals_reached,
  }));
  const there = staff.filter((one) => one.present);
  return {
    staff,
    users,
    practice: mean(there.map((one) => one.practice)),
    intention: mean(there.map((one) => one.intention)),
    skill: mean(there.map((one) => one.skill)),
    relationship: mean(users.filter((one) => one.inService).map((one) => one.relationship)),
    support: mean(users.filter((one) => one.inService).map((one) => one.support)),
    recovery: mean(users.filter((one) => one.inService).map((one) => one.recovery)),
  };
}

// The same for all lucks, and read only.
const made = { of: "", p: null, layouts: [] };

function begun(settings, withProgramme, luck) {
  const of = JSON.stringify([settings.team, settings.calendar, settings.change]);
  if (made.of !== of) {
    const p = parametersFor(settings.change);
    Object.assign(made, { of, p, layouts: [false, true].map((one) => layoutFor(settings, one, p)) });
  }
  return refocus.start(made.layouts[Number(withProgramme)], made.p, DATA.seed, luck);
}

// What changes the programme alone leaves usual care as it was: its worlds are kept until the team changes.
const kept = { of: "", worlds: new Map() };

function usual(settings, name, run) {
  const { readiness, leader, turnover } = settings.change;
  const of = JSON.stringify([settings.team, settings.calendar, readiness, leader, turnover]);
  if (kept.of !== of) {
    kept.of = of;
    kept.worlds.clear();
  }
  if (!kept.worlds.has(name)) kept.worlds.set(name, run());
  return kept.worlds.get(name);
}

function worldOf(settings, withProgramme) {
  const world = begun(settings, withProgramme, settings.luck);
  const [team] = world.teams;
  const { readiness_usual: readiness, leader_support_usual: leader } = team;
  const frames = [frameOf(world)];
  const sessions = [];
  while (world.week < WEEKS) {
    refocus.step(world);
    if (team.session_held === 1) sessions.push(world.week);
    frames.push(frameOf(world));
  }
  const events = world.events.map(([week, , kind, place, generation]) => ({ week, kind: refocus.EVENTS[kind], place, generation }));
  const ties = refocus.members(world, 0).map((one) => [one.tie_0, one.tie_1, one.tie_2].filter((place) => place >= 0));
  return { frames, sessions, events, ties, readiness, leader };
}

/** Run both worlds of a team for two years. */
export function play(settings) {
  return { usual: usual(settings, `shown ${settings.luck}`, () => worldOf(settings, false)), programme: worldOf(settings, true) };
}

function afterAYear(settings, withProgramme, luck) {
  const world = begun(settings, withProgramme, luck);
  while (world.week < YEAR) refocus.step(world);
  return frameOf(world);
}

/** Return the difference between both worlds after a year under one luck, of 100. */
export function differenceAfterAYear(settings, luck) {
  const before = usual(settings, luck, () => afterAYear(settings, false, luck));
  const after = afterAYear(settings, true, luck);
  return { practice: 100 * (after.practice - before.practice), relationship: 100 * (after.relationship - before.relationship) };
}
