// The planner's view: settings on one side, results on the other.

import { copyLink, markOld } from "./answer-state.js";
import { keepHere, keptHere, Refused, send } from "./api.js";
import { control } from "./controls.js";
import { download, errorBox, h, say, show } from "./dom.js";
import { JobPanel } from "./job-panel.js";
import { asked, note, packed, turns } from "./link.js";
import { Notes } from "./notes.js";
import { Parameters } from "./parameters.js";
import { FORMAT, readPlan, Unusable, VERSION } from "./plan-file.js";
import { showPlanResult } from "./plan-results.js";
import { ScenarioCard, shortTitle } from "./scenario-card.js";
import { TeamsChoice } from "./teams-choice.js";

const DRAFT = "refocus-plan";
const PAUSE = 200;
const BASICS = ["weeks", "seed", "values", "draws", "replications"];
const WEEKS = { name: "weeks", label: "Weeks to look at", kind: "whole", unit: "weeks", low: 1, high: 1040, default: 52, help: "The trial saw 52. What lies beyond is an extrapolation.", choices: [], optional: false };
const SEED = { name: "seed", label: "Number of the luck", kind: "whole", unit: "", low: 0, high: 4294967295, default: 1, help: "The same number gives the same luck, and the same results. All scenarios share it.", term: "Seed of the random numbers; scenarios use common random numbers.", choices: [], optional: false };
const REPLICATIONS = { name: "replications", label: "Simulations with other luck", kind: "whole", unit: "", low: 2, high: 1000, default: 50, help: "Where things work in one way only; otherwise each way has one.", term: "Replications: runs that differ in their random numbers alone.", choices: [], optional: false };
const VALUES = {
  name: "values", label: "How things may work", kind: "choice", unit: "", choices: ["posterior", "prior", "defaults"], default: "posterior",
  titles: { posterior: "as agrees with two trials", prior: "as if there had been no trial", defaults: "in one way only" },
  help: "In one way only: bands then show luck alone.", term: "Draws from the posterior or the prior of the parameters, or the parameters’ defaults.", optional: false,
};

class Plan {
  constructor(form) {
    this.form = form;
    this.draws = { name: "draws", label: "Ways things may work", kind: "whole", unit: "ways", low: 2, high: form.most_draws, default: 50, help: "More ways, steadier results, more time.", term: "Draws: sets of parameter values, equally weighted.", choices: [], optional: false };
    this.basics = {};
    this.message = h("div", {});
    this.progress = h("div", { id: "plan-progress" });
    this.panel = new JobPanel(this.progress);
    this.output = h("div", { id: "plan-output" });
    this.notes = new Notes();
    this.teams = new TeamsChoice(form.described, () => this.changed());
    this.parameters = new Parameters({}, () => this.changed());
    this.cards = [];
    this.scenarios = h("div", {});
    this.weeks = h("div", {});
    this.horizon = h("div", { id: "plan-horizon" });
    this.begun = false;
    this.turn = turns();
    this.timer = 0;
    this.advanced = h("div", {});
    this.add = h("button", { type: "button", onclick: () => this.addScenario() }, "Add a scenario");
    this.stale = h("div", { class: "stale", hidden: true, role: "status" });
    const load = h("input", { type: "file", accept: ".json,application/json", onchange: () => this.load(load) });
    const place = document.getElementById("plan-form");
    place.addEventListener("submit", (event) => { event.preventDefault(); this.run(); });
    show(place,
      h("h2", {}, "Settings"),
      this.teams.element, this.scenarios, h("div", { class: "buttons" }, this.add),
      h("fieldset", {}, h("legend", {}, "Run"), this.weeks, this.horizon,
        h("details", {}, h("summary", {}, "How sure, and luck"), this.advanced), this.parameters.element),
      h("div", { class: "run" }, h("div", { class: "buttons" },
        h("button", { type: "submit", class: "first", id: "plan-run" }, "Run"),
        h("button", { type: "button", onclick: () => this.reset() }, "Reset all")), this.message),
      h("div", { class: "buttons" },
        h("button", { type: "button", onclick: () => this.save() }, "Save settings (JSON)"),
        h("label", { class: "button file" }, "Load settings", load),
        h("button", { type: "button", onclick: () => this.copyLink() }, "Copy link")));
    this.empty = h("div", { class: "empty" }, h("h2", {}, "Nothing simulated yet"),
      h("p", {}, "Press Run to compare usual care with the REFOCUS programme as it was delivered, in the trial’s own teams. It takes a few seconds."),
      h("p", {}, "Then change one thing at a time: who takes part, boosters, coaching, protected time, turnover."));
    show(document.getElementById("plan-results"), this.progress, this.stale, this.output, this.notes.element);
    show(this.output, this.empty);
    this.shownSettings = null;
  }

  usualScenarios() {
    return [{ preset: this.form.usual, label: "Usual care" }, { preset: "refocus-as-delivered", label: "REFOCUS as delivered" }];
  }

  /** Put settings into the form. */
  fill(settings) {
    const basic = (field) => control(field, settings[field.name] ?? field.default, field.default, (name, value) => {
      if (value === undefined) delete this.basics[name];
      else this.basics[name] = value;
      this.changed();
    });
    this.basics = {};
    for (const field of [WEEKS, SEED, VALUES, this.draws, REPLICATIONS]) {
      const value = settings[field.name];
      if (value !== undefined && value !== field.default) this.basics[field.name] = value;
    }
    show(this.weeks, basic(WEEKS));
    show(this.advanced, basic(VALUES), basic(this.draws), basic(REPLICATIONS), basic(SEED));
    this.teams.set(settings.teams);
    this.parameters.set(settings.parameters ?? {});
    const listed = Array.isArray(settings.scenarios) && settings.scenarios.length ? settings.scenarios : this.usualScenarios();
    this.cards = [];
    for (const one of listed.slice(0, this.form.most_scenarios)) this.#addCard(one);
    this.#drawCards();
    this.#showHorizon();
  }

  #addCard(value) {
    const base = this.cards.length === 0;
    const card = new ScenarioCard(this.form, base ? "Base case" : `Scenario ${this.cards.length}`, value,
      (preset) => { if (preset) this.#makeRoom(preset); this.changed(); },
      base ? null : () => this.#remove(card));
    this.cards.push(card);
    return card;
  }

  get #weeksNow() {
    return this.basics.weeks ?? WEEKS.default;
  }

  #makeRoom(preset) {
    // Fewer weeks than the usual ones are somebody's own choice, which stands.
    if (preset.weeks > Math.max(this.#weeksNow, WEEKS.default)) {
      this.#lookAt(preset.weeks);
      say(`Weeks to look at set to ${preset.weeks}, over which “${preset.title}” is described.`);
    }
  }

  #lookAt(weeks) {
    const input = this.weeks.querySelector("input");
    input.value = String(weeks);
    input.dispatchEvent(new Event("input"));
  }

  /** Say how the weeks of the run and those of the chosen scenarios go together. */
  #showHorizon() {
    const weeks = this.#weeksNow;
    const longest = this.cards.map((one) => one.preset).reduce((one, other) => (other.weeks > one.weeks ? other : one));
    if (longest.weeks <= WEEKS.default) {
      show(this.horizon);
      return;
    }
    const described = `“${longest.title}” is described over ${longest.weeks} weeks.`;
    if (weeks >= longest.weeks) {
      show(this.horizon, h("p", { class: "help" }, `${described} All scenarios are run for the ${weeks} weeks set here.`));
      return;
    }
    const input = this.weeks.querySelector("input");
    show(this.horizon, h("p", { class: "caution" }, `${described} What it does after week ${weeks} is not simulated.`),
      h("button", { type: "button", onclick: () => { this.#lookAt(longest.weeks); input.focus(); } }, `Look at ${longest.weeks} weeks`));
  }

  #remove(card) {
    this.cards = this.cards.filter((one) => one !== card);
    const values = this.cards.map((one) => one.value);
    this.cards = [];
    for (const one of values) this.#addCard(one);
    this.#drawCards();
    this.changed();
    this.add.focus();
  }

  reset() {
    this.fill({});
    this.changed();
    show(this.message);
    say("Settings are back to the usual.");
  }

  addScenario() {
    const used = new Set(this.cards.map((one) => one.value.preset));
    const wanted = ["refocus-boosters", "refocus-full", "continuing-coaching", ...this.form.presets.map((one) => one.name)];
    const names = new Set(this.form.presets.map((one) => one.name));
    const preset = wanted.find((one) => !used.has(one) && names.has(one));
    const full = this.form.presets.find((one) => one.name === preset);
    const card = this.#addCard({ preset, label: shortTitle(full.title) });
    this.#drawCards();
    this.#makeRoom(full);
    this.changed();
    card.element.querySelector("select").focus();
  }

  #drawCards() {
    show(this.scenarios, this.cards.map((one) => one.element));
    this.add.hidden = this.cards.length >= this.form.most_scenarios;
  }

  settings(linked = false) {
    const basics = BASICS.filter((name) => Object.hasOwn(this.basics, name)).map((name) => [name, this.basics[name]]);
    const value = { teams: linked ? this.teams.linkable : this.teams.value, ...Object.fromEntries(basics), scenarios: this.cards.map((one) => one.value) };
    delete value[value.values === "defaults" ? "draws" : "replications"];
    if (Object.keys(this.parameters.value).length) value.parameters = this.parameters.value;
    return value;
  }

  changed() {
    this.#markOld();
    this.#showHorizon();
    this.#remember();
  }

  /** Mark the answer as old when the settings are others, or cannot be used. */
  #markOld() {
    const old = this.shownSettings !== null && this.shownSettings !== JSON.stringify(this.settings());
    markOld(this, old, "Settings have changed since this answer.", () => this.run(),
      () => { this.fill(JSON.parse(this.shownSettings)); this.changed(); this.output.querySelector("h2").focus(); });
  }

  /**
   * Keep the settings in this tab and in the address as they change: a reload, another view and
   * the Back button lose nothing. An uploaded list of teams is in neither.
   */
  #remember() {
    if (!this.begun || this.#wrong()) return;
    const settings = this.settings(true);
    const usual = packed(settings) === this.usual;
    keepHere(DRAFT, usual ? null : JSON.stringify(settings));
    clearTimeout(this.timer);
    const before = location.hash;
    // Browsers limit how often the address may change; another one by then is another entry's.
    this.timer = setTimeout(() => {
      if (location.hash !== before || !["", "plan"].includes(asked().view)) return;
      if (!usual) note("plan", settings);
      else if (location.hash.length > 1) note("plan", null);
    }, PAUSE);
  }

  #wrong() {
    return document.querySelector("#plan-form [aria-invalid=true]");
  }

  #draft() {
    try {
      const found = JSON.parse(keptHere(DRAFT) ?? "null");
      return found !== null && typeof found === "object" ? found : null;
    } catch {
      return null;
    }
  }

  async run() {
    show(this.message);
    const wrong = this.#wrong();
    if (wrong) {
      for (let one = wrong.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
      const card = wrong.closest("fieldset.scenario")?.querySelector("legend").textContent;
      show(this.message, errorBox(`${card ? `${card}: ` : ""}${wrong.closest("[data-field]").rule()}`));
      wrong.focus();
      return;
    }
    const settings = this.settings();
    // What a link still asks for comes too late.
    this.turn();
    clearTimeout(this.timer);
    note("plan", this.settings(true), true);
    await this.panel.run("plan", settings, (result, key) => this.showResult(result, key, settings, true));
  }

  showResult(result, key, settings, focus) {
    this.shownSettings = JSON.stringify(settings);
    if (asked().view === "plan" && asked().settings !== null) note("plan", asked().settings, true);
    this.#markOld();
    const heading = showPlanResult(this.output, result, key);
    if (focus) heading.focus({ preventScroll: !matchMedia("(max-width: 56rem)").matches });
  }

  /** Have the server check settings that somebody else may have written. */
  async #checked(settings) {
    const own = settings.teams?.kind === "own" ? { kind: "trial" } : settings.teams;
    const state = await send("api/jobs/find", { kind: "plan", settings: { ...settings, ...(own === undefined ? {} : { teams: own }) } });
    return state.state;
  }

  async open(settings, broken) {
    const latest = this.turn();
    const again = this.begun;
    if (!this.begun) {
      this.fill({});
      this.usual = packed(this.settings(true));
      this.begun = true;
    }
    if (broken) {
      show(this.message, errorBox(`The link is damaged; ${again ? "your settings are as they were" : "these are the usual settings"}.`));
      return;
    }
    if (settings === null) {
      if (again) this.#remember();
      else await this.#openOwn(this.#draft());
      return;
    }
    if (again && packed(settings) === packed(this.settings(true))) return;
    const draft = this.#draft();
    if (draft !== null && packed(draft) === packed(settings)) {
      await this.#openOwn(draft);
      return;
    }
    try {
      await this.#checked(settings);
    } catch (error) {
      if (!(error instanceof Refused)) throw new Error("The server does not answer.");
      if (latest()) {
        this.fill({});
        show(this.message, errorBox(`This link cannot be used; these are the usual settings. ${error.message}`));
      }
      return;
    }
    if (!latest()) return;
    this.fill(settings);
    this.changed();
    // The address has these settings already.
    clearTimeout(this.timer);
    show(this.message);
    if (settings.teams?.kind === "own" && !this.teams.roster) {
      show(this.message, errorBox("This link was made with somebody’s own list of teams, which is not in it. Choose a file, or the trial’s teams."));
      return;
    }
    await this.#resume();
  }

  /** Go on with this tab's own settings. */
  async #openOwn(draft) {
    if (draft === null) return;
    try {
      this.fill(draft);
    } catch {
      keepHere(DRAFT, null);
      this.fill({});
      show(this.message, errorBox("The settings that this tab kept cannot be read any more; these are the usual ones."));
      return;
    }
    this.changed();
    if (draft.teams?.kind !== "own" || this.teams.roster) await this.#resume();
  }

  /** Show the run of these settings if there is one already. */
  async #resume() {
    const now = this.settings();
    try {
      await this.panel.resume("plan", now, (result, key) => this.showResult(result, key, now, false));
    } catch (error) {
      show(this.message, errorBox(error.message));
    }
  }

  save() {
    const content = { format: FORMAT, version: VERSION, settings: this.settings(true), notes: this.notes.value };
    download("refocus-plan.json", `${JSON.stringify(content, null, 1)}\n`, "application/json");
  }

  async load(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      const { settings, notes } = await readPlan(file);
      await this.#checked(settings);
      // Only now that all of it is known to be right.
      this.fill(settings);
      this.notes.set(notes);
      this.changed();
      show(this.message);
      say(`${file.name} loaded.`);
    } catch (error) {
      const known = error instanceof Unusable || error instanceof Refused;
      const why = known ? error.message : "the server does not answer, so its settings could not be checked.";
      show(this.message, errorBox(`${file.name}: ${why} Your settings are as they were.`));
    }
  }

  async copyLink() {
    note("plan", this.settings(true));
    await copyLink(this.message, this.teams);
  }
}

/** Begin the view and return it. */
export function begin(form) {
  return new Plan(form);
}
