// Plays a team's weeks, and says of a person what changed them and why.

import { errorBox, h, say, show, shown, table, unique } from "./dom.js";
import { TeamMap, mapKey } from "./team-map.js";

const STEP = 900;
const SETTLED = 150;
const STAFF_ROWS = [
  ["readiness", "Readiness"], ["values", "Pro-recovery values"], ["knowledge", "Knowledge"],
  ["skill", "Skill, mean of four practices"], ["intent", "Intent"], ["behaviour", "Practice with service users"],
];
const USER_ROWS = [
  ["relationship", "Relationship with the key worker"], ["support", "Support experienced"],
  ["recovery", "Recovery processes, mean (SD)"],
];
const TEAM_CARDS = [
  ["team_readiness", "Team readiness"], ["leader_support", "Leader support"], ["adoption", "Staff who attended training"],
  ["fidelity", "Practice delivered"], ["relationship", "Relationship, mean"], ["workload", "Workload (1 is usual)"],
];
const PHASES = {
  begin: "Begins", come_and_go: "Comes and goes", arrive: "Arrives", get_ready: "Gets ready", attend: "Attends training",
  learn: "Learns", hear_colleagues: "Hears colleagues", settle_values: "Settles values", retain: "Keeps or forgets",
  intend: "Forms intent", act: "Acts", meet_worker: "Meets the key worker", recover: "Recovers", move_on: "Moves on",
  take_stock: "Takes stock", hold_session: "Holds a session", record_training: "Records training", remember_leaver: "Remembers who left",
};
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const label = (name) => capital(name.split(".").pop().replaceAll("_", " "));

export class Player {
  constructor(result, readWeek) {
    this.result = result;
    this.readWeek = readWeek;
    this.records = new Map();
    this.week = 0;
    this.chosen = "team";
    this.timer = 0;
    this.heading = h("h2", { tabindex: "-1" }, `${result.team.name} under “${result.title}”`);
    this.map = new TeamMap(result, (name) => this.choose(name, true));
    this.play = h("button", { type: "button", class: "first", onclick: () => this.toggle() }, "Play");
    this.slider = h("input", {
      type: "range", id: unique("week"), min: "0", max: String(result.weeks), step: "1", value: "0", "aria-label": "Week",
      oninput: () => { this.stop(); this.go(Number(this.slider.value)); },
    });
    // An output is read out at every change: not while the weeks go by.
    this.output = h("output", { for: this.slider.id, "aria-live": "off" });
    this.cards = h("ul", { class: "cards" });
    this.news = h("div", {});
    this.why = h("section", { class: "why", "aria-label": "Who is shown", id: unique("why") });
    this.members = h("div", { class: "small" });
    const controls = h("div", { class: "player", role: "group", "aria-label": "Weeks" }, this.play,
      h("button", { type: "button", "aria-label": "Back one week", onclick: () => { this.stop(); this.go(this.week - 1, true); } }, "Back"),
      h("button", { type: "button", "aria-label": "Next week", onclick: () => { this.stop(); this.go(this.week + 1, true); } }, "Next"),
      this.slider, this.output);
    const gets = result.team.gets_programme ? "gets the programme" : "does not get the programme";
    this.element = h("div", {}, this.heading,
      h("p", { class: "note" }, `${capital(result.team.type)} team of ${result.team.trust}; it ${gets}. One run of chance, version ${result.version}.`),
      controls,
      h("div", { class: "watch" },
        h("div", {}, this.cards, h("div", { class: "scroll map-holder", role: "group", tabindex: "0", "aria-label": "Map of the team" }, this.map.element), mapKey(),
          h("h3", {}, "What happened this week"), this.news),
        h("div", {}, this.why,
          h("h3", {}, "Everybody"), this.members)));
    this.go(0);
    this.choose("team", false);
  }

  nameOf(name) {
    if (name === "team") return "The team";
    const [kind, text] = name.split("-");
    const place = Number(text);
    if (kind === "user") return `Service user ${place + 1}`;
    if (this.result.leaders[place]) return `Leader (post ${place + 1})`;
    return `${this.result.coordinators[place] ? "Care coordinator" : "Staff"} (post ${place + 1})`;
  }

  stateOf(name, week) {
    const [kind, text] = name.split("-");
    const place = Number(text);
    const { staff, users } = this.result.frames[week];
    if (kind === "staff") {
      if (!staff.present[place]) return "vacant post";
      const more = staff.attended[place] ? ", attended training" : staff.sick[place] ? ", absent" : "";
      return `practice ${staff.behaviour[place].toFixed(2)}${more}`;
    }
    if (!users.in_service[place]) return "no longer in the service";
    return `relationship ${users.relationship[place].toFixed(2)}, support ${users.support[place].toFixed(2)}`;
  }

  toggle() {
    if (this.timer) {
      this.stop();
      say(this.#inWords());
      return;
    }
    if (this.week >= this.result.weeks) this.go(0);
    this.play.textContent = "Pause";
    this.timer = setInterval(() => {
      if (!this.element.isConnected) this.stop();
      else if (this.week >= this.result.weeks) {
        this.stop();
        say(this.#inWords());
      }
      else if (this.element.offsetParent !== null) this.go(this.week + 1);
    }, STEP);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.play.textContent = "Play";
    this.#drawWhy();
  }

  go(week, tell = false) {
    this.week = Math.max(0, Math.min(this.result.weeks, week));
    this.slider.value = String(this.week);
    this.slider.setAttribute("aria-valuetext", `week ${this.week} of ${this.result.weeks}`);
    this.output.textContent = `Week ${this.week} of ${this.result.weeks}`;
    this.map.draw(this.week, this.chosen, (name) => this.nameOf(name), (name, at) => this.stateOf(name, at));
    this.#drawCards();
    this.#drawNews();
    this.#drawMembers();
    this.#drawWhy();
    if (tell) say(this.#inWords());
  }

  #inWords() {
    return `Week ${this.week}. ${this.newsOf(this.week).join(". ")}`;
  }

  choose(name, focus) {
    this.chosen = name;
    this.map.draw(this.week, name, (one) => this.nameOf(one), (one, at) => this.stateOf(one, at));
    this.#drawMembers();
    this.#drawWhy();
    if (focus) say(`${this.nameOf(name)} is shown.`);
  }

  newsOf(week) {
    const events = this.result.events.filter((one) => one[0] === week).map(([, what, place]) => {
      if (place < 0) return capital(what);
      const who = what.startsWith("staff") ? `post ${place + 1}` : `service user ${place + 1}`;
      return `${capital(what)}: ${who}`;
    });
    const { staff } = this.result.frames[week];
    const attended = staff.attended.reduce((one, other) => one + other, 0);
    if (attended) events.push(`${attended} of ${staff.present.reduce((one, other) => one + other, 0)} staff attended`);
    return events;
  }

  #drawCards() {
    const { team } = this.result.frames[this.week];
    const begin = this.result.frames[0].team;
    show(this.cards, TEAM_CARDS.map(([name, text]) => {
      const change = team[name] - begin[name];
      const since = Math.abs(change) < 0.0005 ? "as in week 0" : `${change > 0 ? "+" : "−"}${Math.abs(change).toFixed(2)} since week 0`;
      return h("li", {}, h("strong", {}, team[name].toFixed(2)), text, h("br"), h("span", { class: "note" }, since));
    }));
  }

  #drawNews() {
    const events = this.newsOf(this.week);
    show(this.news, events.length ? h("ul", {}, events.map((one) => h("li", {}, one))) : h("p", { class: "note" }, "Nothing out of the ordinary."));
  }

  #drawMembers() {
    const { staff, users } = this.result.frames[this.week];
    const button = (name) => h("button", {
      type: "button", class: "quiet", "aria-pressed": String(this.chosen === name), onclick: () => this.choose(name, true), "data-choose": name,
    }, this.nameOf(name));
    const had = document.activeElement?.dataset?.choose;
    const open = [...this.members.querySelectorAll("details")].map((one) => one.open);
    const staffTable = table(`Staff in week ${this.week}`, ["who", "practice", "skill", "sessions", "this week"],
      staff.present.map((there, place) => [button(`staff-${place}`),
        there ? staff.behaviour[place] : null, there ? staff.skill[place] : null, there ? staff.sessions_attended[place] : null,
        there ? (staff.attended[place] ? "attended" : staff.sick[place] ? "absent" : "") : "vacant"]));
    const userTable = table(`Service users in week ${this.week}`, ["who", "key worker", "relationship", "support", "contacts"],
      users.in_service.map((there, place) => [button(`user-${place}`),
        there ? (users.worker[place] < 0 ? "none" : `post ${users.worker[place] + 1}`) : "left", there ? users.relationship[place] : null,
        there ? users.support[place] : null, there ? users.contacts[place] : null]));
    show(this.members, button("team"),
      h("details", { open: open[0] ?? false }, h("summary", {}, "Staff as a table"), staffTable),
      h("details", { open: open[1] ?? false }, h("summary", {}, "Service users as a table"), userTable));
    if (had) this.members.querySelector(`[data-choose="${had}"]`)?.focus({ preventScroll: true });
  }

  #drawWhy() {
    const record = this.records.get(this.week);
    const steps = record?.people?.[this.chosen] ?? [];
    // Kept while the next week is read.
    if (this.why.querySelector("details")) this.open = this.why.querySelector("details[open]")?.dataset.rule;
    show(this.why, h("h2", {}, `${this.nameOf(this.chosen)} in week ${this.week}`), this.#state(),
      h("h3", {}, "What changed, and by which rule"),
      this.#noSteps(record, steps), steps.map((step) => this.#step(record, step, this.open)));
    if (!record && this.week > 0 && !this.timer) this.#read(this.week);
  }

  #noSteps(record, steps) {
    if (steps.length) return null;
    if (record instanceof Error) return errorBox(record.message);
    const why = this.week === 0 ? "Week 0 is before anything happens. Step to week 1."
      : record ? "No rule was followed this week." : this.timer ? "Pause to see it." : "Reading …";
    return h("p", { class: "note" }, why);
  }

  /** Ask what a week's people did, once it is clear that this week is looked at. */
  async #read(week) {
    clearTimeout(this.asking);
    await new Promise((done) => { this.asking = setTimeout(done, SETTLED); });
    if (this.week !== week || this.timer || this.records.has(week) || !this.element.isConnected) return;
    this.records.set(week, await this.readWeek(week).catch((error) => error));
    if (this.week === week) this.#drawWhy();
    // Whoever comes back to a week that could not be read asks again.
    if (this.records.get(week) instanceof Error) this.records.delete(week);
  }

  #state() {
    const [kind, text] = this.chosen.split("-");
    if (kind === "team") {
      const before = this.result.frames[Math.max(0, this.week - 1)].team;
      const now = this.result.frames[this.week].team;
      return table("The team’s state", ["what", "last week", "now"],
        [...TEAM_CARDS, ["norms", "Norms (shift)"], ["staff_present", "Posts filled"]].map(([name, what]) => [what, before[name], now[name]]));
    }
    const place = Number(text);
    const part = kind === "staff" ? "staff" : "users";
    const before = this.result.frames[Math.max(0, this.week - 1)][part];
    const now = this.result.frames[this.week][part];
    const rows = (kind === "staff" ? STAFF_ROWS : USER_ROWS).map(([name, what]) => [what, before[name][place], now[name][place]]);
    return table("State", ["what", "last week", "now"], rows);
  }

  #step(record, step, open) {
    const full = (number) => record.names[number];
    const meaning = (number) => {
      const [text, unit] = record.meanings[number];
      return text ? `${capital(text)}${unit ? ` (${unit})` : ""}` : "";
    };
    const changes = step.changes.length
      ? table("Before and after", ["what", "before", "after"], step.changes.map(([number, before, after]) => [label(full(number)), before, after]))
      : h("p", { class: "note" }, "Nothing changed.");
    const rule = `${step.phase}/${step.rule}`;
    return h("details", { "data-rule": rule, open: rule === open },
      h("summary", {}, `${PHASES[step.phase] ?? label(step.phase)}: ${step.changes.length ? `${step.changes.length} changed` : "no change"}`),
      changes,
      h("details", {}, h("summary", {}, `The rule: ${step.rule.replaceAll("_", " ")}`), h("pre", {}, record.rules[step.rule] || "No text.")),
      h("details", {}, h("summary", {}, `What it read: ${step.inputs.length} values`),
        table("Inputs", ["input", "value", "meaning"], step.inputs.map(([number, value]) => [full(number).replaceAll("_", " "), shown(value), meaning(number)]))));
  }
}
