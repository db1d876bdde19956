// One scenario: a preset, a name, and what is changed in it.

import { control, lazyDetails, valueText } from "./controls.js";
import { grade, h, show, unique } from "./dom.js";
import { PresetChoice } from "./preset-choice.js";

/** Longest name of a scenario, and how it is written: as the server has it. */
const LONGEST_NAME = 64;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_ .,:;()%/+'&-]*$/u;

/** Return a name for a scenario, no longer than the server takes. */
export function shortTitle(title) {
  const plain = title.replace(/[^\p{L}\p{N} .,:;()%/+'&-]/gu, "").trim();
  const whole = plain.length > LONGEST_NAME ? plain.slice(0, LONGEST_NAME).replace(/\s+\S*$/, "") : plain;
  return whole.trim() || "Scenario";
}

/** A scenario that can be changed; `value` is what the server takes. */
export class ScenarioCard {
  constructor(form, role, value, onChange, onRemove) {
    this.form = form;
    this.onChange = onChange;
    this.role = role;
    this.fields = new Map(form.groups.flatMap((group) => group.sections.flatMap((one) => one.fields.map((field) => [field.name, field]))));
    this.preset = form.presets.find((one) => one.name === value.preset) ?? form.presets[0];
    this.label = value.label ?? shortTitle(this.preset.title);
    this.changes = { ...value.changes };
    const preset = new PresetChoice(form.presets, this.preset.name, "Start from", (name) => this.#take(name));
    this.name = h("input", {
      id: unique("name"), type: "text", class: "wide", maxlength: String(LONGEST_NAME), value: this.label, autocomplete: "off",
      oninput: () => { this.label = this.name.value; this.#markName(); this.onChange(); },
    });
    this.named = h("div", { class: "field", "data-field": "label" }, h("label", { for: this.name.id }, "Name in figures"), this.name);
    this.named.rule = () => `Name in figures = “${this.label}”: must begin with a letter or digit and have no other signs than . , : ; ( ) % / + ' & -`;
    this.about = h("div", {});
    this.list = h("div", {});
    this.editor = h("div", {});
    const remove = onRemove ? h("button", { type: "button", class: "quiet", onclick: onRemove }, "Remove this scenario") : null;
    this.element = h("fieldset", { class: "scenario" }, h("legend", {}, role),
      preset.element,
      this.about,
      this.named,
      this.list, this.editor, remove);
    this.#draw();
  }

  #markName() {
    if (NAME.test(this.label)) this.name.removeAttribute("aria-invalid");
    else this.name.setAttribute("aria-invalid", "true");
  }

  get value() {
    return { preset: this.preset.name, label: this.label, changes: this.changes };
  }

  #usual(name) {
    return Object.hasOwn(this.preset.values, name) ? this.preset.values[name] : this.fields.get(name).default;
  }

  #take(name) {
    const named = this.label === shortTitle(this.preset.title);
    this.preset = this.form.presets.find((one) => one.name === name);
    this.changes = {};
    if (named || !this.label) this.name.value = this.label = shortTitle(this.preset.title);
    this.#markName();
    this.#draw();
    this.onChange(this.preset);
  }

  #draw() {
    show(this.about,
      h("p", { class: "help" }, this.preset.description, " ", grade(this.preset.grade)),
      h("details", {}, h("summary", {}, "What this scenario rests on"),
        h("p", { class: "help" }, `Source: ${this.preset.source}`),
        this.preset.assumptions.length ? h("ul", { class: "help" }, this.preset.assumptions.map((one) => h("li", {}, one))) : null));
    show(this.editor, lazyDetails("Change what is done", () => this.form.groups.map((group) => this.#group(group))));
    this.#drawChanges();
  }

  #group(group) {
    return lazyDetails(group.title, () => [h("p", { class: "help" }, group.help), ...group.sections.map((section) => {
      const controls = section.fields.map((field) => {
        const usual = this.#usual(field.name);
        const value = Object.hasOwn(this.changes, field.name) ? this.changes[field.name] : usual;
        return control(field, value, usual, (name, now) => this.#change(name, now));
      });
      if (!section.title) return h("div", {}, controls);
      return h("details", { class: "group" }, h("summary", {}, section.title), h("p", { class: "help" }, section.help), controls);
    })], { class: "group" });
  }

  #change(name, value) {
    if (value === undefined) delete this.changes[name];
    else this.changes[name] = value;
    this.#drawChanges();
    this.onChange();
  }

  /** Take all changes back; groups that are open stay so, and show it. */
  #undo() {
    this.changes = {};
    for (const one of this.editor.querySelectorAll("[data-field]")) one.put(this.#usual(one.dataset.field));
    this.#drawChanges();
    this.editor.querySelector("summary").focus();
    this.onChange();
  }

  #drawChanges() {
    const names = Object.keys(this.changes);
    if (!names.length) {
      show(this.list);
      return;
    }
    const lines = names.map((name) => {
      const field = this.fields.get(name);
      const place = name.split(".").slice(0, -1).join(", ").replaceAll("_", " ");
      const label = field ? `${place}: ${field.label.toLowerCase()}` : name;
      const from = field ? ` (was ${valueText(this.#usual(name))})` : "";
      return h("li", {}, `${label} ${valueText(this.changes[name])}${from}`);
    });
    const undo = h("button", { type: "button", class: "quiet", onclick: () => this.#undo() }, "Undo all changes");
    show(this.list, h("p", { class: "label" }, `Changed (${names.length}) `, grade("assumption")), h("ul", { class: "changes" }, lines), undo);
  }
}
