// The designer's view: a formula at once, simulated trials behind it.

import { send } from "./api.js";
import { control } from "./controls.js";
import { errorBox, h, say, show, shown, table } from "./dom.js";
import { JobPanel } from "./job-panel.js";
import { asked, note, turns } from "./link.js";
import { documents, periodAnswer, powerTable, smallestDifference } from "./period-trial.js";
import { PresetChoice } from "./preset-choice.js";
import { shortTitle } from "./scenario-card.js";

const WAIT = 300;
const TREATMENT = "refocus-full";
const PARTS = [
  ["The trial", ["clusters", "size", "weeks", "attrition"]],
  ["What is looked for", ["effect", "sd", "icc", "cac", "correlation", "target"]],
];
const PERIOD_PARTS = [
  ["The trial", ["clusters", "steps", "periods", "schedule", "transition_periods", "size", "period_weeks", "sampling", "attrition"]],
  ["What is looked for", ["effect", "exposure", "sd", "icc", "cac", "iac", "target"]],
  ["The analysis", ["estimand", "exposure_period"]],
  ["In the simulation only", ["trials"]],
];
const PARALLEL = "parallel";
const AT_EXPOSURE = "effect at exposure";
/** What another design has too, in the same sense. */
const SHARED = ["size", "effect", "sd", "icc", "cac", "target", "trials"];
const CHOICES = {
  analysis: { name: "analysis", label: "Analysis", kind: "choice", unit: "", choices: ["ancova", "follow-up"], default: "ancova", help: "Ancova adjusts for the baseline of the same people; follow-up compares the arms afterwards.", optional: false },
  readiness: { name: "readiness", label: "Which teams enter", kind: "choice", unit: "", choices: ["everybody", "share", "minimum"], default: "everybody", help: "By a readiness score with error (reliability 0.7), of four times as many teams as are needed: the share of teams with the highest scores, or those at a minimum.", optional: false },
};

class Power {
  constructor(form) {
    this.form = form;
    this.shape = PARALLEL;
    this.changes = {};
    /** What was changed in each design. */
    this.kept = new Map();
    this.timer = 0;
    this.turn = 0;
    this.opened = turns();
    this.message = h("div", {});
    this.answer = h("div", { id: "power-answer" });
    // Where the answer lies below the form, it is told beside the field that is changed.
    this.short = h("button", { type: "button", class: "short-answer", id: "power-short", hidden: true, onclick: () => { this.answer.scrollIntoView(); } });
    this.progress = h("div", {});
    this.panel = new JobPanel(this.progress);
    this.output = h("div", { id: "power-output" });
    this.changed = h("div", { id: "power-changed", role: "status" });
    this.shown = null;
    const treatments = form.presets.filter((one) => one.name !== form.usual);
    this.preset = new PresetChoice(treatments, TREATMENT, "What treated teams get", () => this.#soon());
    this.controls = h("div", {});
    const place = document.getElementById("power-form");
    place.addEventListener("submit", (event) => { event.preventDefault(); this.run(); });
    this.shapes = form.shapes.map((one) => h("input", { type: "radio", name: "shape", value: one, onchange: () => this.#choose(one) }));
    show(place, h("h2", {}, "Design"),
      h("fieldset", { class: "shapes" }, h("legend", {}, "Kind of trial"),
        this.shapes.map((one) => h("label", { class: "choice" }, one, one.value === "matrix" ? "matrix: any sequences" : one.value))),
      this.controls,
      h("div", { class: "run" }, this.short, h("div", { class: "buttons" },
        h("button", { type: "submit", class: "first", id: "power-run" }, "Simulate the trial"),
        h("button", { type: "button", onclick: () => { this.#fill({ design: this.shape }); this.#soon(); } }, "Reset all")), this.message));
    show(document.getElementById("power-results"), this.answer, this.progress, this.output);
  }

  get fields() {
    if (this.shape === PARALLEL) return new Map([...this.form.power.map((one) => [one.name, one]), ...Object.entries(CHOICES)]);
    return new Map(this.form.period_power.filter((one) => one.shapes.includes(this.shape)).map((one) => [one.name, one]));
  }

  /** Another kind of trial: what it has in common with the one before is as it was there. */
  #choose(shape) {
    const fields = this.fields;
    const value = (name) => this.changes[name] ?? fields.get(name).default;
    const common = Object.fromEntries(SHARED.map((name) => [name, value(name)]));
    this.kept.set(this.shape, this.changes);
    this.#fill({ ...this.kept.get(shape), ...common, design: shape });
    this.#soon();
  }

  #fill(settings) {
    this.shape = settings.design ?? PARALLEL;
    this.changes = {};
    for (const one of this.shapes) one.checked = one.value === this.shape;
    const fields = this.fields;
    const one = (name) => {
      const field = fields.get(name);
      const value = settings[name] ?? field.default;
      if (JSON.stringify(value) !== JSON.stringify(field.default)) this.changes[name] = value;
      return control(field, value, field.default, (changed, now, right) => {
        if (now === undefined) delete this.changes[changed];
        else this.changes[changed] = now;
        this.#fitting();
        if (right) this.#soon();
        else this.#old();
      });
    };
    const part = ([title, names]) => {
      const here = names.filter((name) => fields.has(name));
      return here.length ? h("fieldset", {}, h("legend", {}, title), here.map(one)) : null;
    };
    if (this.shape !== PARALLEL) {
      show(this.controls, PERIOD_PARTS.map(part));
      this.#fitting();
      return;
    }
    const treatment = settings.scenario?.preset;
    if (typeof treatment === "string") this.preset.value = treatment === this.form.usual ? TREATMENT : treatment;
    show(this.controls,
      PARTS.map(([title, names]) => h("fieldset", {}, h("legend", {}, title), names.map(one), names.includes("clusters") ? one("analysis") : null)),
      h("fieldset", {}, h("legend", {}, "In the simulation only"),
        this.preset.element,
        one("readiness"), one("cut_off"), one("run_in"), one("trials")));
  }

  /** Show the period of exposure only where it means something. */
  #fitting() {
    const field = this.controls.querySelector("[data-field=exposure_period]");
    if (field) field.hidden = this.#estimand() !== AT_EXPOSURE;
  }

  #estimand() {
    return this.changes.estimand ?? this.fields.get("estimand")?.default;
  }

  settings() {
    if (this.shape !== PARALLEL) {
      const { exposure_period: at, ...rest } = this.changes;
      const used = this.#estimand() === AT_EXPOSURE && at !== undefined ? { exposure_period: at } : {};
      return { design: this.shape, ...rest, ...used };
    }
    const preset = this.form.presets.find((one) => one.name === this.preset.value);
    return { ...this.changes, scenario: { preset: preset.name, label: shortTitle(preset.title) } };
  }

  #soon() {
    const other = this.shown !== null && this.shown !== JSON.stringify(this.settings());
    this.output.classList.toggle("old", other);
    show(this.changed, other ? h("p", { class: "caution" }, "The settings were changed after this result was computed; simulate again for theirs.") : null);
    clearTimeout(this.timer);
    const before = location.hash;
    // Another address by then is another entry's.
    this.timer = setTimeout(async () => {
      if (await this.#formula() && location.hash === before && asked().view === "power") note("power", this.settings());
    }, WAIT);
  }

  /** An answer to other settings than those that stand there, one of which cannot be used. */
  #old() {
    this.turn += 1;
    clearTimeout(this.timer);
    const wrong = document.querySelector("#power-form [aria-invalid=true]").closest("[data-field]");
    show(this.message, h("p", { class: "caution", role: "status" }, `The answer is for the settings before. ${wrong.rule()}`));
    for (const one of [this.answer, this.output]) one.classList.add("old");
    this.#tell("the settings before");
  }

  /** Show the formula's answer and return whether there is one; what is told meanwhile stays. */
  async #formula(told = null) {
    this.turn += 1;
    show(this.message, told);
    show(this.short, "Power by formula is being worked out");
    const turn = this.turn;
    const settings = this.settings();
    try {
      const found = await send("api/power/formula", settings);
      if (turn !== this.turn) return false;
      this.#showFormula(found, settings);
      return true;
    } catch (error) {
      if (turn !== this.turn) return false;
      show(this.message, told, errorBox(error.message));
      this.answer.classList.add("old");
      this.#tell("the settings before");
      return false;
    }
  }

  #tell(old = "") {
    this.short.hidden = !this.power;
    show(this.short, "Power by formula: ", h("b", {}, this.power), old ? `, of ${old}` : "");
  }

  #showFormula(found, settings) {
    this.power = found.shown.power;
    this.#tell();
    if (settings.design !== undefined) {
      this.answer.classList.remove("old");
      show(this.answer, periodAnswer(found), documents(found, settings));
      say(found.sentence);
      return;
    }
    const source = `api/power/curve.svg?settings=${encodeURIComponent(JSON.stringify(settings))}`;
    this.answer.classList.remove("old");
    const needs = found.needs.map(([, teams, people], at) => [found.shown.targets[at], teams ?? "out of reach", people ?? "out of reach"]);
    show(this.answer, h("h2", {}, "By formula"),
      h("p", { class: "lead" }, found.sentence),
      h("p", {}, smallestDifference(found.shown.detectable, found.shown.target, "at the last measurement")),
      h("p", { class: "note" }, `${found.applies} Standard error of the difference ${found.se.toFixed(2)} points; ${found.test} with ${shown(found.df)} degrees of freedom (${found.df_rule}).`),
      h("div", { class: "figures" },
        h("figure", {}, h("h3", {}, "Power by number of teams"),
          h("img", { src: source, width: "403", height: "238", alt: `Power rises with the number of teams in each arm: ${found.shown.curve}.` }),
          h("figcaption", {}, "By formula; the dot is your design."),
          h("details", { class: "small" }, h("summary", {}, "Numbers"),
            table("Power by number of teams in each arm", ["teams in each arm", "power"], found.curve.map(([teams, power]) => [String(teams), power])))),
        h("div", {}, h("h3", {}, "What it takes"),
          table("Teams or people needed by formula", ["power", "teams in each arm, with as many people", "people per team, with as many teams"], needs)),
        powerTable(found.grid, "in each arm")),
      documents(found, settings));
    say(found.sentence);
  }

  async run() {
    show(this.message);
    const wrong = document.querySelector("#power-form [aria-invalid=true]");
    if (wrong) {
      show(this.message, errorBox(`${this.fields.get(wrong.closest("[data-field]").dataset.field)?.label ?? "A setting"}: this value cannot be used; the line under it says why.`));
      wrong.focus();
      return;
    }
    // What a link still asks for comes too late.
    this.opened();
    note("power", this.settings(), true);
    await this.panel.run("power", this.settings(), (result, key) => this.#showResult(result, key, true));
  }

  #showResult(result, key, focus) {
    const folder = `api/results/${key}`;
    const heading = h("h2", { tabindex: "-1", id: "power-heading" }, "By simulating whole trials");
    const { settings } = result;
    const parallel = settings.design === undefined;
    this.shown = JSON.stringify(this.settings());
    this.output.classList.remove("old");
    show(this.changed);
    show(this.output, heading, h("p", { class: "lead" }, result.sentence),
      parallel ? h("div", { class: "figures" },
        h("figure", {}, h("h3", {}, "Formula and simulation"),
          h("img", { src: `${folder}/curve.svg`, width: "403", height: "238", alt: result.sentence }),
          h("figcaption", {}, `${settings.clusters} teams in each arm, ${settings.size} people per team, ${settings.weeks} weeks. Upright bars: 95% intervals that cover Monte Carlo error alone.`))) : null,
      h("div", { id: "power-table" }, table("Simulated power", result.columns, result.rows)),
      [result.agreement].flat().map((one) => h("p", {}, one)),
      this.changed,
      h("details", { class: "small", open: "" }, h("summary", {}, "The settings behind this"),
        table("Settings of the simulated trial", ["setting", "value", "unit", "evidence"], result.asked)),
      h("p", { class: "caution" }, parallel
        ? "The first row checks the formula. The second says what the model expects of such a trial; it rests mainly on assumptions, and is no estimate from data."
        : "Outcomes come from the means and correlations above, not from the simulated services; for those put [agents] in place of [statistical] in the design file and use refocus power."),
      h("div", { class: "buttons" },
        h("a", { class: "button", href: `${folder}/power.csv`, download: "power.csv" }, "CSV"),
        parallel ? h("a", { class: "button", href: `${folder}/curve.svg`, download: "power.svg" }, "SVG") : null,
        h("a", { class: "button", href: `${folder}/result.json`, download: "power.json" }, "Result (JSON)"),
        h("button", { type: "button", onclick: () => window.print() }, "Print this page")),
      h("p", { class: "note" }, result.stamp));
    if (focus) heading.focus();
  }

  async open(settings, broken) {
    const latest = this.opened();
    const again = this.controls.childElementCount > 0;
    const damaged = broken ? errorBox(`The link is damaged; ${again ? "your settings are as they were" : "these are the usual settings"}.`) : null;
    if (broken) show(this.message, damaged);
    if (settings === null && again) return;
    if (settings !== null && again && JSON.stringify(settings) === JSON.stringify(this.settings())) return;
    if (settings !== null) {
      try {
        await send("api/jobs/find", { kind: "power", settings });
      } catch (error) {
        if (!latest()) return;
        if (!again) this.#fill({});
        await this.#formula(errorBox(`This link cannot be used; your settings are as they were. ${error.message}`));
        return;
      }
    }
    if (!latest()) return;
    this.#fill(settings ?? {});
    await this.#formula(damaged);
    if (settings === null || !latest()) return;
    try {
      await this.panel.resume("power", this.settings(), (result, key) => this.#showResult(result, key, false));
    } catch (error) {
      show(this.message, errorBox(error.message));
    }
  }
}

/** Begin the view and return it. */
export function begin(form) {
  return new Power(form);
}
