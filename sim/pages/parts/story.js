// A guided story of six stops: each asks for a guess first, then shows what this team did.
import { of100, signed } from "./dom.js";
import { nameOf } from "./people.js";
import { WEEKS, YEAR } from "./worlds.js";

const AFTER_TRAINING = 20;
const nearest = (values, value) => values.reduce((best, one, at) => (Math.abs(one - value) < Math.abs(values[best] - value) ? at : best), 0);
const bar = (label, value, text, chosen) => ({ label, value, text, chosen });

function present(world, week) {
  return world.frames[week].staff.filter((one) => one.present);
}

// The user whose support the programme changes most among those who stay with the service.
function moved(both) {
  const [usual, programme] = [both.usual.frames[YEAR], both.programme.frames[YEAR]];
  let best = 0;
  let most = -1;
  programme.users.forEach((one, place) => {
    const gain = one.support - usual.users[place].support;
    if (one.inService && one.generation === 0 && one.worker >= 0 && gain > most) [best, most] = [place, gain];
  });
  return best;
}

// The first trained member, not the leader, who leaves and is replaced.
function leaver(both) {
  const { events, frames } = both.programme;
  return events.find(({ kind, place, week }) => {
    if (kind !== "staff left" || place === 0 || week < 5 || week > WEEKS - 30) return false;
    const last = frames[week - 1].staff[place];
    return last.sessions > 0 && frames.slice(week, week + 27).some((frame) => frame.staff[place].generation > last.generation);
  });
}

export const STOPS = [
  {
    title: "Meet the team",
    week: () => 0,
    question: "Before any training: how much of what will be taught do staff already do, of 100?",
    options: ["about 10", "about 30", "about 60"],
    answer: (both) => nearest([0.1, 0.3, 0.6], both.programme.frames[0].practice),
    bars: (both) => [bar("Practice", both.programme.frames[0].practice, `${of100(both.programme.frames[0].practice)} of 100`)],
    said: () => "Nobody starts from nothing. The double ring is the team leader, circles are staff, squares are people who use the service. Both pictures are the same: nothing has happened yet.",
  },
  {
    title: "Training days",
    week: () => AFTER_TRAINING,
    question: (both) => `${both.programme.sessions.length} sessions were held. To how many did a member of staff go, on average?`,
    options: ["1 or 2", "about 3", "4 or more"],
    answer: (both) => nearest([1.5, 3, 4.5], average(present(both.programme, AFTER_TRAINING).map((one) => one.sessions))),
    bars: (both) => {
      const went = average(present(both.programme, AFTER_TRAINING).map((one) => one.sessions));
      return [bar("Went to", went / 6, `${went.toFixed(1)} sessions`)];
    },
    said: () => "Who is ready, backed by the leader and not pressed by other work goes more often. Newcomers missed what came before them. Move “Absences made good” and look again.",
  },
  {
    title: "Into practice",
    week: () => 40,
    question: "The last training day is over in week 18. What has grown most by week 40?",
    options: ["Skill", "Intention", "Practice"],
    answer: (both) => {
      const gains = gainsAt(both, 40);
      return gains.indexOf(Math.max(...gains));
    },
    bars: (both) => ["Skill", "Intention", "Practice"].map((label, at) => bar(label, gainsAt(both, 40)[at] / 60, signed(gainsAt(both, 40)[at]))),
    said: () => "The weak link: intention outruns practice. Practice needs room in the week and coaching; habit pulls it back. Move “Competing work taken away” and see which of the three follows.",
  },
  {
    title: "One relationship",
    week: () => YEAR,
    person: (both) => ({ kind: "user", place: moved(both) }),
    question: (both) => `${nameOf({ kind: "user", place: moved(both) })} is the one whom the programme reaches most here. By how much more supported, of 100?`,
    options: ["under 5", "5 to 15", "over 15"],
    answer: (both) => nearest([2, 9, 22], 100 * gainOf(both, moved(both))),
    bars: (both) => [
      bar("This person", gainOf(both, moved(both)) / 0.3, signed(100 * gainOf(both, moved(both)))),
      bar("All, mean", (both.programme.frames[YEAR].support - both.usual.frames[YEAR].support) / 0.3, signed(100 * (both.programme.frames[YEAR].support - both.usual.frames[YEAR].support))),
    ],
    said: () => "A programme for staff reaches people through contacts alone, a little each week, and only where the key worker does it. Most are reached far less than this one.",
  },
  {
    title: "A worker leaves",
    week: (both) => (leaver(both) ? Math.min(WEEKS, leaver(both).week + 26) : YEAR),
    person: (both) => (leaver(both) ? { kind: "staff", place: leaver(both).place } : null),
    question: (both) => (leaver(both)
      ? `${nameOf({ kind: "staff", place: leaver(both).place })}, who was trained, leaves in week ${leaver(both).week}. Half a year on, what does that post do, against what it did before?`
      : "In this luck no trained member leaves. What would happen to that post’s practice?"),
    options: ["more", "about the same", "less"],
    answer: (both) => {
      if (!leaver(both)) return null;
      const [before, after] = leaverPractice(both);
      return after - before > 0.03 ? 0 : after - before < -0.03 ? 2 : 1;
    },
    bars: (both) => (leaver(both) ? ["Before", "After"].map((label, at) => bar(label, leaverPractice(both)[at], `${of100(leaverPractice(both)[at])} of 100`)) : []),
    said: (both) => (leaver(both)
      ? "Training leaves with who was trained. A newcomer (+) has their own habits and was not there. Move “Staff who leave in a year”, or try other luck."
      : "Try other luck: sooner or later somebody leaves."),
  },
  {
    title: "Does it last?",
    week: () => WEEKS,
    question: "The programme ends in week 52. A year later, how much of the gain in practice is left?",
    options: ["nearly all", "about half", "hardly any"],
    answer: (both) => nearest([0.9, 0.5, 0.1], kept(both)),
    bars: (both) => [YEAR, WEEKS].map((week) => bar(`Week ${week}`, practiceGap(both, week) / 0.6, signed(100 * practiceGap(both, week)))),
    said: () => "The grey weeks are what nobody has measured: the trial looked at one year. Here skill fades, people leave and coaching has ended; habit keeps some of it.",
  },
];

function average(all) {
  return all.reduce((sum, one) => sum + one, 0) / Math.max(1, all.length);
}

function gainsAt(both, week) {
  return ["skill", "intention", "practice"].map((name) => 100 * (both.programme.frames[week][name] - both.programme.frames[0][name]));
}

function gainOf(both, place) {
  return both.programme.frames[YEAR].users[place].support - both.usual.frames[YEAR].users[place].support;
}

function leaverPractice(both) {
  const { week, place } = leaver(both);
  const { frames } = both.programme;
  return [frames[week - 1].staff[place].practice, frames[Math.min(WEEKS, week + 26)].staff[place].practice];
}

function practiceGap(both, week) {
  return both.programme.frames[week].practice - both.usual.frames[week].practice;
}

function kept(both) {
  const gap = practiceGap(both, YEAR);
  return gap <= 0 ? 0 : practiceGap(both, WEEKS) / gap;
}
