// The class's view: one team, week by week.

import { read, send } from "./api.js";
import { control } from "./controls.js";
import { errorBox, h, say, show, unique } from "./dom.js";
import { JobPanel } from "./job-panel.js";
import { note, turns } from "./link.js";
import { Player } from "./player.js";
import { PresetChoice } from "./preset-choice.js";
import { shortTitle } from "./scenario-card.js";
import { rememberedRoster } from "./teams-choice.js";

const WEEKS = { name: "weeks", label: "Weeks", kind: "whole", unit: "", low: 1, high: 156, default: 52, help: "", choices: [], optional: false };
const CHANCE = { name: "replication", label: "Luck, by number", kind: "whole", unit: "", low: 0, high: 9999, default: 0, help: "", choices: [], optional: false };

class Watch {
  constructor(form) {
    this.form = form;
    this.numbers = { weeks: WEEKS.default, replication: CHANCE.default };
    this.message = h("div", {});
    this.progress = h("div", {});
    this.panel = new JobPanel(this.progress);
    this.output = h("div", {});
    this.player = null;
    this.turn = turns();
    this.source = h("select", { id: unique("source"), class: "short", onchange: () => this.#listTeams() });
    this.team = h("select", { id: unique("team") });
    this.preset = new PresetChoice(form.presets, "refocus-as-delivered", "Scenario", () => this.#markOld());
    this.stale = h("p", { class: "stale", hidden: true, role: "status" }, "Settings have changed since this team was shown; press “Show this team” for them.");
    this.shown = null;
    this.boxes = h("div", { class: "bar" });
    const place = document.getElementById("watch-form");
    place.addEventListener("submit", (event) => { event.preventDefault(); this.run(); });
    for (const kind of ["input", "change"]) place.addEventListener(kind, () => this.#markOld());
    show(place,
      h("div", { class: "field" }, h("label", { for: this.source.id }, "Service"), this.source),
      h("div", { class: "field" }, h("label", { for: this.team.id }, "Team"), this.team),
      this.preset.element,
      this.boxes,
      h("div", { class: "field" }, h("button", { type: "submit", class: "first", id: "watch-run" }, "Show this team")));
    show(document.getElementById("watch-results"), this.message, this.progress, this.stale, this.output);
    show(this.output, h("div", { class: "empty" }, h("h2", {}, "No team shown yet"),
      h("p", {}, "Choose a team and a scenario, and press “Show this team”. Then play, pause or step through the weeks, and choose a person to see what changed them and why.")));
    this.#numbers();
    this.#sources();
  }

  #numbers() {
    show(this.boxes, [WEEKS, CHANCE].map((field) => control(field, this.numbers[field.name], field.default,
      (name, value) => { this.numbers[name] = value === undefined ? field.default : value; })));
  }

  #sources() {
    const own = rememberedRoster();
    const chosen = this.source.value;
    show(this.source, h("option", { value: "trial" }, "REFOCUS trial"),
      own ? h("option", { value: "own" }, own.name) : null);
    if (chosen === "own" && own) this.source.value = "own";
  }

  get teams() {
    return this.source.value === "own" ? { kind: "own", roster: rememberedRoster()?.id ?? "" } : { kind: "trial" };
  }

  async #listTeams(wanted) {
    const asked = this.teams;
    try {
      const { teams } = await send("api/teams", { teams: asked });
      // Another service was chosen meanwhile.
      if (JSON.stringify(asked) !== JSON.stringify(this.teams)) return;
      show(this.team, teams.map(([name, type, arm]) => h("option", { value: name }, `${name} (${type}, ${arm})`)));
      if (wanted && teams.some(([name]) => name === wanted)) this.team.value = wanted;
    } catch (error) {
      show(this.message, errorBox(error.message));
    }
  }

  settings(linked = false) {
    const preset = this.form.presets.find((one) => one.name === this.preset.value);
    return {
      teams: linked && this.source.value === "own" ? { kind: "own" } : this.teams,
      team: this.team.value,
      weeks: this.numbers.weeks,
      replication: this.numbers.replication,
      scenario: { preset: preset.name, label: shortTitle(preset.title) },
    };
  }

  /** Mark the team that is shown as another than the one that is chosen. */
  #markOld() {
    const old = this.shown !== null && this.shown !== JSON.stringify(this.settings());
    this.stale.hidden = !old;
    this.output.classList.toggle("old", old);
  }

  async run() {
    show(this.message);
    const wrong = document.querySelector("#watch-form [aria-invalid=true]");
    if (wrong) {
      show(this.message, errorBox(wrong.closest("[data-field]").rule()));
      wrong.focus();
      return;
    }
    // What a link still asks for comes too late.
    this.turn();
    const settings = this.settings();
    note("watch", this.settings(true), true);
    await this.panel.run("watch", settings, (result, key) => this.#show(result, key, settings, true));
  }

  async #show(result, key, settings, focus) {
    this.player?.stop();
    this.shown = JSON.stringify(settings);
    this.#markOld();
    const team = await read(`api/results/${key}/team-${result.teams.indexOf(settings.team)}.json`);
    if (this.shown !== JSON.stringify(settings)) return;
    this.player = new Player(team, (week) => send("api/watch/why", { settings, week }));
    show(this.output, this.player.element);
    if (focus) {
      this.player.heading.focus({ preventScroll: true });
      this.player.heading.scrollIntoView({ block: "nearest" });
      say(`${settings.team} is ready: week 0 of ${team.weeks}.`);
    }
  }

  async open(settings, broken) {
    const latest = this.turn();
    this.#sources();
    if (broken) show(this.message, errorBox("The link is damaged; choose a team."));
    if (settings === null) {
      if (!this.team.options.length) await this.#listTeams();
      return;
    }
    const own = settings.teams?.kind === "own";
    if (own && !rememberedRoster()) {
      show(this.message, errorBox("This link was made with somebody’s own list of teams, which is not in it."));
      await this.#listTeams();
      return;
    }
    try {
      await send("api/jobs/find", { kind: "watch", settings: { ...settings, ...(own ? { teams: { kind: "own", roster: rememberedRoster().id } } : {}) } });
    } catch (error) {
      if (!latest()) return;
      show(this.message, errorBox(`This link cannot be used; choose a team. ${error.message}`));
      if (!this.team.options.length) await this.#listTeams();
      return;
    }
    if (!latest()) return;
    show(this.message);
    if (own) this.source.value = "own";
    if (typeof settings.scenario?.preset === "string") this.preset.value = settings.scenario.preset;
    for (const field of [WEEKS, CHANCE]) {
      if (Number.isInteger(settings[field.name])) this.numbers[field.name] = settings[field.name];
    }
    this.#numbers();
    await this.#listTeams(settings.team);
    if (!latest()) return;
    const now = this.settings();
    try {
      await this.panel.resume("watch", now, (result, key) => this.#show(result, key, now, false));
    } catch (error) {
      show(this.message, errorBox(error.message));
    }
  }
}

/** Begin the view and return it. */
export function begin(form) {
  return new Watch(form);
}
