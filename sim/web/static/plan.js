// The planner's view: settings on one side, results on the other.

import { control } from "./controls.js";
import { download, errorBox, h, say, show } from "./dom.js";
import { JobPanel } from "./job-panel.js";
import { note, packed } from "./link.js";
import { Notes } from "./notes.js";
import { Parameters } from "./parameters.js";
import { showPlanResult } from "./plan-results.js";
import { ScenarioCard, shortTitle } from "./scenario-card.js";
import { TeamsChoice } from "./teams-choice.js";

const FORMAT = "refocus-plan";
const LARGEST_FILE = 200000;
const WEEKS = { name: "weeks", label: "Weeks to look at", kind: "whole", unit: "weeks", low: 1, high: 1040, default: 52, help: "The trial saw 52. What lies beyond is an extrapolation.", choices: [], optional: false };
const SEED = { name: "seed", label: "Seed of chance", kind: "whole", unit: "", low: 0, high: 4294967295, default: 1, help: "The same seed gives the same results. All scenarios share it.", choices: [], optional: false };
const VALUES = { name: "values", label: "Parameter values", kind: "choice", unit: "", choices: ["posterior", "prior", "defaults"], default: "posterior", help: "Posterior: fitted to the trial, with its uncertainty. Prior: as if without the trial. Defaults: one set, so that bands show chance alone.", optional: false };

class Plan {
  constructor(form) {
    this.form = form;
    this.draws = { name: "draws", label: "Sets of values", kind: "whole", unit: "sets", low: 2, high: form.most_draws, default: 50, help: "More sets, steadier results, more time.", choices: [], optional: false };
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
    this.advanced = h("div", {});
    this.add = h("button", { type: "button", onclick: () => this.addScenario() }, "Add a scenario");
    this.stale = h("p", { class: "note", hidden: true }, "Settings have changed since this result. Run again to see their effect.");
    const load = h("input", { type: "file", accept: ".json,application/json", onchange: () => this.load(load) });
    const place = document.getElementById("plan-form");
    place.addEventListener("submit", (event) => { event.preventDefault(); this.run(); });
    show(place,
      h("h2", {}, "Settings"),
      this.teams.element, this.scenarios, h("div", { class: "buttons" }, this.add),
      h("fieldset", {}, h("legend", {}, "Run"), this.weeks,
        h("details", {}, h("summary", {}, "Uncertainty and chance"), this.advanced), this.parameters.element),
      h("div", { class: "run" }, h("div", { class: "buttons" },
        h("button", { type: "submit", class: "first", id: "plan-run" }, "Run"),
        h("button", { type: "button", onclick: () => { this.fill({}); this.changed(); say("Settings are back to the usual."); } }, "Reset all")), this.message),
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
    for (const field of [WEEKS, SEED, VALUES, this.draws]) {
      const value = settings[field.name];
      if (value !== undefined && value !== field.default) this.basics[field.name] = value;
    }
    show(this.weeks, basic(WEEKS));
    show(this.advanced, basic(VALUES), basic(this.draws), basic(SEED));
    this.teams.set(settings.teams);
    this.parameters.set(settings.parameters ?? {});
    const listed = Array.isArray(settings.scenarios) && settings.scenarios.length ? settings.scenarios : this.usualScenarios();
    this.cards = [];
    for (const one of listed.slice(0, this.form.most_scenarios)) this.#addCard(one);
    this.#drawCards();
  }

  #addCard(value) {
    const base = this.cards.length === 0;
    const card = new ScenarioCard(this.form, base ? "Base case" : `Scenario ${this.cards.length}`, value,
      (preset) => { if (preset) this.#makeRoom(preset); this.changed(); },
      base ? null : () => this.#remove(card));
    this.cards.push(card);
    return card;
  }

  #makeRoom(preset) {
    if (preset.weeks > (this.basics.weeks ?? WEEKS.default)) {
      this.basics.weeks = preset.weeks;
      const input = this.weeks.querySelector("input");
      input.value = String(preset.weeks);
      input.dispatchEvent(new Event("input"));
      say(`Weeks to look at set to ${preset.weeks}, which this scenario needs.`);
    }
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

  addScenario() {
    const used = new Set(this.cards.map((one) => one.value.preset));
    const wanted = ["refocus-boosters", "refocus-full", "continuing-coaching", ...this.form.presets.map((one) => one.name)];
    const names = new Set(this.form.presets.map((one) => one.name));
    const preset = wanted.find((one) => !used.has(one) && names.has(one));
    const title = this.form.presets.find((one) => one.name === preset).title;
    const card = this.#addCard({ preset, label: shortTitle(title) });
    this.#drawCards();
    this.changed();
    card.element.querySelector("select").focus();
  }

  #drawCards() {
    show(this.scenarios, this.cards.map((one) => one.element));
    this.add.hidden = this.cards.length >= this.form.most_scenarios;
  }

  settings(linked = false) {
    const value = { teams: linked ? this.teams.linkable : this.teams.value, ...this.basics, scenarios: this.cards.map((one) => one.value) };
    if (value.values === "defaults") delete value.draws;
    if (Object.keys(this.parameters.value).length) value.parameters = this.parameters.value;
    return value;
  }

  changed() {
    this.stale.hidden = this.shownSettings === null || this.shownSettings === JSON.stringify(this.settings());
  }

  async run() {
    show(this.message);
    const wrong = document.querySelector("#plan-form [aria-invalid=true]");
    if (wrong) {
      for (let one = wrong.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
      show(this.message, errorBox(`${wrong.closest("[data-field]").dataset.field}: this value cannot be used.`));
      wrong.focus();
      return;
    }
    const settings = this.settings();
    note("plan", this.settings(true));
    await this.panel.run("plan", settings, (result, key) => this.showResult(result, key, settings, true));
  }

  showResult(result, key, settings, focus) {
    this.shownSettings = JSON.stringify(settings);
    this.stale.hidden = true;
    const heading = showPlanResult(this.output, result, key);
    if (focus) heading.focus({ preventScroll: !matchMedia("(max-width: 56rem)").matches });
  }

  async open(settings, broken) {
    if (broken) {
      this.fill({});
      show(this.message, errorBox("The link is damaged; these are the usual settings."));
      return;
    }
    if (settings === null) {
      if (!this.cards.length) this.fill({});
      return;
    }
    if (this.cards.length && packed(settings) === packed(this.settings(true))) return;
    this.fill(settings);
    if (settings.teams?.kind === "own" && !this.teams.roster) {
      show(this.message, errorBox("This link was made with somebody’s own list of teams, which is not in it. Choose a file, or the trial’s teams."));
      return;
    }
    const now = this.settings();
    try {
      await this.panel.resume("plan", now, (result, key) => this.showResult(result, key, now, false));
    } catch (error) {
      show(this.message, errorBox(error.message));
    }
  }

  save() {
    const content = { format: FORMAT, version: 1, settings: this.settings(true), notes: this.notes.value };
    download("refocus-plan.json", `${JSON.stringify(content, null, 1)}\n`, "application/json");
  }

  async load(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      if (file.size > LARGEST_FILE) throw new Error("too large");
      const content = JSON.parse(await file.text());
      const settings = content.format === FORMAT ? content.settings : null;
      if (settings === null || typeof settings !== "object") throw new Error("no settings");
      this.fill(settings);
      this.notes.set(content.notes ?? {});
      this.changed();
      show(this.message);
      say(`${file.name} loaded.`);
    } catch {
      show(this.message, errorBox(`${file.name}: holds no settings of this page.`));
    }
  }

  async copyLink() {
    note("plan", this.settings(true));
    const without = this.teams.kind === "own" ? " Your list of teams is not in it." : "";
    try {
      await navigator.clipboard.writeText(location.href);
      show(this.message, h("p", { class: "note", role: "status" }, `Link copied.${without}`));
    } catch {
      show(this.message, h("p", { class: "note", role: "status" }, `Copy the link from the address bar.${without}`));
    }
  }
}

/** Begin the view and return it. */
export function begin(form) {
  return new Plan(form);
}
