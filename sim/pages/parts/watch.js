// The page of one team in two worlds: what is chosen, and who draws it.
import { found, h, minus, of100, s, show } from "./dom.js";
import { Lines } from "./lines.js";
import { Lucks } from "./lucks.js";
import { TeamMap } from "./map.js";
import { nameOf, sentences, titleOf } from "./people.js";
import { STOPS } from "./story.js";
import { UNCHANGED, WEEKS, play } from "./worlds.js";

const SPEEDS = { slow: 1200, normal: 600, fast: 200 };
const OTHERS = Array.from({ length: 20 }, (_, number) => 1000 + number);
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

const SLIDERS = [
  { name: "readiness", label: "Team ready for change", high: 100, says: (value) => `${value} of 100`, own: () => 100 * both.usual.readiness },
  { name: "leader", label: "Leader’s support", high: 100, says: (value) => `${value} of 100`, own: () => 100 * both.usual.leader },
  { name: "turnover", label: "Staff who leave in a year", high: 50, says: (value) => `${value} in 100`, own: () => 100 * DATA.turnover },
  { name: "relief", label: "Competing work taken away", high: 100, says: (value) => (value === 0 ? "none" : `${value} of 100`), own: () => 100 * DATA.calendars[settings.calendar].relief },
  { name: "coaching", label: "Coaching after training", high: 100, says: (value) => (value === 0 ? "none" : `${value} of 100`), own: () => 0 },
  { name: "assured", label: "Absences made good", high: 100, says: (value) => (value === 0 ? "none" : `${value} of 100`), own: () => 100 * DATA.calendars[settings.calendar].assured },
];

const settings = { team: 0, calendar: 0, luck: 0, change: { ...UNCHANGED } };
const guesses = new Map();
let both = null;
let week = 40;
let person = { kind: "user", place: 0 };
let stop = 0;
let timer = 0;
let levels = false;

const maps = { usual: new TeamMap(found("map-usual"), choose), programme: new TeamMap(found("map-programme"), choose) };
const charts = { practice: new Lines(found("chart-practice"), "practice", draw), relationship: new Lines(found("chart-relationship"), "relationship", draw) };

function choose(kind, place) {
  person = { kind, place };
  draw();
  announce();
}

function announce() {
  const [usual, programme] = [both.usual.frames[week], both.programme.frames[week]];
  found("told").textContent = `Week ${week}. Practice ${of100(usual.practice)} of 100 under usual care, ${of100(programme.practice)} with the programme. ${sentences(person, both, week)[0].join(" ")}`;
}

function busy(is) {
  document.body.classList.toggle("replaying", is);
  found("lucks").setAttribute("aria-busy", String(is));
}

/** Run both worlds anew; who is chosen and the week stay. */
function replay() {
  busy(true);
  // First, for who plays them does so meanwhile.
  lucks.ask(settings, OTHERS);
  both = play(settings);
  const team = DATA.teams[settings.team];
  const most = person.kind === "staff" ? both.usual.frames[0].staff.length : both.usual.frames[0].users.length;
  if (person.place >= most) person = { kind: person.kind, place: 0 };
  for (const [name, map] of Object.entries(maps)) map.lay(team, both[name]);
  const start = Math.floor(20 * both.usual.frames[0].relationship) / 20;
  charts.practice.load(both, both.programme.sessions, [0, 1]);
  charts.relationship.load(both, both.programme.sessions, [start - 0.1, start + 0.2]);
  drawSliders();
  drawStory();
  draw();
}

const lucks = new Lucks((differences) => {
  const told = (name) => {
    const all = differences.map((one) => one[name]).sort((one, other) => one - other);
    const text = (value) => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(1)}`;
    return `${text((all[9] + all[10]) / 2)} (${text(all[1])} to ${text(all[18])})`;
  };
  busy(false);
  show(found("lucks"), h("b", {}, "In twenty lucks after a year: "), `practice ${told("practice")}, relationship ${told("relationship")} of 100; middle, and 18 of 20.`);
});

function drawSliders() {
  for (const one of SLIDERS) {
    const own = Math.round(one.own());
    const value = settings.change[one.name] === null ? own : Math.round(100 * settings.change[one.name]);
    const input = found(`slide-${one.name}`);
    input.value = String(value);
    input.setAttribute("aria-valuetext", one.says(value));
    found(`value-${one.name}`).textContent = one.says(value);
    found(`own-${one.name}`).setAttribute("cx", `${(100 * own) / one.high}%`);
  }
}

function makeSliders() {
  show(found("sliders"), SLIDERS.map((one) => h("div", { class: "slider" },
    h("label", { for: `slide-${one.name}` }, one.label),
    h("output", { id: `value-${one.name}`, for: `slide-${one.name}` }),
    h("input", { type: "range", id: `slide-${one.name}`, min: 0, max: one.high, step: 1, oninput: (event) => {
      settings.change[one.name] = Number(event.target.value) / 100;
      replay();
    } }),
    s("svg", { "aria-hidden": "true" },
      s("circle", { id: `own-${one.name}`, cy: 3, r: 3, fill: "var(--ink)" })))));
}

function drawPerson() {
  show(found("sentences"), sentences(person, both, week).map(([first, rest]) => h("li", {}, h("b", {}, first), ` ${rest}`)));
  const people = [
    ["People who use the service", both.usual.frames[0].users.map((_, place) => ({ kind: "user", place }))],
    ["Staff", both.usual.frames[0].staff.map((_, place) => ({ kind: "staff", place }))],
  ];
  const select = found("person");
  if (select.dataset.size !== `${people[0][1].length} ${people[1][1].length}`) {
    select.dataset.size = `${people[0][1].length} ${people[1][1].length}`;
    show(select, people.map(([label, all]) => h("optgroup", { label }, all.map((one) => h("option", { value: `${one.kind} ${one.place}` }, nameOf(one))))));
  }
  select.value = `${person.kind} ${person.place}`;
  found("person-title").textContent = titleOf(person, both, week);
}

function draw() {
  for (const [name, map] of Object.entries(maps)) map.paint(both[name].frames[week], person, levels);
  for (const chart of Object.values(charts)) chart.draw(week);
  const scrub = found("week");
  scrub.value = String(week);
  scrub.setAttribute("aria-valuetext", `week ${week}`);
  found("week-told").textContent = week === 0 ? "Before it starts" : `Week ${week} of ${WEEKS}`;
  drawPerson();
  if (timer) return;
  for (const name of ["usual", "programme"]) {
    const frame = both[name].frames[week];
    const more = frame.staff.filter((one, place) => one.present && one.practice - both[name].frames[0].staff[place].practice >= 0.03).length;
    found(`map-${name}`).setAttribute("aria-label", `The team in week ${week} ${name === "usual" ? "under usual care" : "with the programme"}: ${more} of ${frame.staff.length} posts do more of what is taught than at the start.`);
  }
  drawTable();
}

function drawTable() {
  if (!found("numbers").open) return;
  const weeks = [...new Set([0, 13, 26, 39, 52, 78, WEEKS, week])].sort((one, other) => one - other);
  show(found("table"),
    h("caption", {}, "Means of this team, of 100"),
    h("thead", {}, h("tr", {}, ["Week", "Practice, usual care", "Practice, programme", "Relationship, usual care", "Relationship, programme"].map((one) => h("th", { scope: "col" }, one)))),
    h("tbody", {}, weeks.map((at) => h("tr", {}, h("th", { scope: "row" }, String(at)),
      ["practice", "relationship"].flatMap((name) => ["usual", "programme"].map((world) => h("td", {}, (100 * both[world].frames[at][name]).toFixed(1))))))));
}

function drawStory() {
  const one = STOPS[stop];
  const text = (what) => (typeof what === "function" ? what(both) : what);
  const guess = guesses.get(stop);
  const right = one.answer(both);
  found("stop-number").textContent = `Stop ${stop + 1} of ${STOPS.length}: guess first`;
  found("stop-title").textContent = one.title;
  found("question").textContent = text(one.question);
  show(found("options"), one.options.map((option, at) => h("button", { type: "button", "aria-pressed": String(guess === at), onclick: () => {
    guesses.set(stop, at);
    drawStory();
    found("options").children[at].focus();
    found("told").textContent = `${verdict(one, at, right)} ${one.said(both)}`;
  } }, option)));
  const open = guess !== undefined;
  found("happened").hidden = !open;
  show(found("bars"), open ? one.bars(both).flatMap((each) => [
    h("span", {}, each.label),
    s("svg", { viewBox: "0 0 200 16", width: "100%", height: 16, role: "img", "aria-label": `${each.label}: ${each.text}` },
      s("rect", { x: 0, y: 2, width: Math.max(2, Math.min(1, each.value) * 120), height: 12, rx: 3, fill: "var(--prog)" }),
      s("text", { x: Math.max(2, Math.min(1, each.value) * 120) + 6, y: 13, "font-size": 13, "font-weight": 600 }, minus(each.text))),
  ]) : []);
  show(found("said"), open ? [h("b", {}, verdict(one, guess, right)), ` ${one.said(both)}`] : "Choose what you expect. Then you see what this team did, and why.");
  found("back").disabled = stop === 0;
  found("next").textContent = stop === STOPS.length - 1 ? "From the start" : `Next: ${STOPS[stop + 1].title.toLowerCase()}`;
}

function verdict(one, guess, right) {
  if (right === null) return "It cannot be seen here.";
  return guess === right ? "As you guessed." : `Not so: “${one.options[right]}”.`;
}

function go(to) {
  stop = (to + STOPS.length) % STOPS.length;
  pause();
  week = STOPS[stop].week(both);
  const looked = STOPS[stop].person?.(both);
  if (looked) person = looked;
  drawStory();
  draw();
  announce();
}

function pause() {
  window.clearInterval(timer);
  timer = 0;
  found("play").textContent = still.matches ? "Next training day" : "Play";
}

function playOn() {
  if (still.matches) {
    week = both.programme.sessions.find((one) => one > week) ?? (week < WEEKS ? Math.min(WEEKS, 26 * (Math.floor(week / 26) + 1)) : 0);
    draw();
    announce();
    return;
  }
  if (timer) {
    pause();
    draw();
    announce();
    return;
  }
  if (week === WEEKS) week = 0;
  found("play").textContent = "Pause";
  timer = window.setInterval(() => {
    week += 1;
    if (week === WEEKS) {
      pause();
      announce();
    }
    draw();
  }, SPEEDS[found("speed").value]);
}

function turnTo(to) {
  pause();
  week = Math.max(0, Math.min(WEEKS, to));
  draw();
  announce();
}

function begin() {
  makeSliders();
  show(found("team"), DATA.teams.map((team, at) => h("option", { value: at }, team.title)));
  show(found("calendar"), DATA.calendars.map((one, at) => h("option", { value: at }, one.title)));
  found("team").onchange = (event) => {
    settings.team = Number(event.target.value);
    replay();
    announce();
  };
  found("calendar").onchange = (event) => {
    settings.calendar = Number(event.target.value);
    for (const name of ["relief", "assured", "coaching"]) settings.change[name] = null;
    replay();
    announce();
  };
  found("reset").onclick = () => {
    settings.change = { ...UNCHANGED };
    replay();
    announce();
  };
  found("luck").onclick = () => {
    settings.luck += 1;
    replay();
    announce();
  };
  found("person").onchange = (event) => {
    const [kind, place] = event.target.value.split(" ");
    choose(kind, Number(place));
  };
  found("week").oninput = (event) => {
    pause();
    week = Number(event.target.value);
    draw();
  };
  found("week").onchange = announce;
  found("earlier").onclick = () => turnTo(week - 1);
  found("later").onclick = () => turnTo(week + 1);
  found("play").onclick = playOn;
  found("speed").onchange = () => {
    if (!timer) return;
    pause();
    playOn();
  };
  found("levels").onchange = (event) => {
    levels = event.target.checked;
    found("legend-change").hidden = levels;
    found("legend-levels").hidden = !levels;
    draw();
  };
  found("back").onclick = () => go(stop - 1);
  found("next").onclick = () => go(stop + 1);
  found("numbers").ontoggle = drawTable;
  still.onchange = pause;
  pause();
  replay();
  go(0);
}

begin();
