// The model's own numbers: found by name, set for all scenarios.

import { read } from "./api.js";
import { control, lazyDetails } from "./controls.js";
import { errorBox, h, show, unique } from "./dom.js";

/** Parameters that are set; `value` is what the server takes. */
export class Parameters {
  constructor(value, onChange) {
    this.value = { ...value };
    this.onChange = onChange;
    this.groups = null;
    this.asking = null;
    this.labels = new Map();
    this.usual = new Map();
    this.list = h("p", { class: "help" });
    this.inside = h("div", {});
    this.element = h("details", {}, h("summary", {}, "Model parameters"),
      h("p", { class: "help" }, "For all scenarios. A parameter that is set here keeps this value in every set of values; its uncertainty then drops out of the bands."),
      this.list, this.inside);
    this.element.addEventListener("toggle", () => { if (this.element.open && this.groups === null) this.#load(); });
    this.#count();
  }

  set(value) {
    this.value = { ...value };
    this.#count();
    for (const one of this.inside.querySelectorAll("[data-field]")) this.#renew(one);
  }

  /** Show what is set in a control that is there already; its group stays open. */
  #renew(element) {
    const { field } = element.dataset;
    element.put(this.value[field] ?? this.usual.get(field));
  }

  #count() {
    const names = Object.keys(this.value);
    this.list.textContent = names.length
      ? `Set: ${names.map((one) => `${this.labels.get(one) ?? one} = ${this.value[one]}`).join("; ")}.`
      : "None is set: all keep the values they have.";
    // Set by a link or a file before anybody opened the list: their labels are not here yet.
    if (names.length && this.groups === null) this.#load();
  }

  async #load() {
    if (this.asking) return;
    try {
      this.asking = read("api/parameters");
      this.groups = await this.asking;
      for (const field of this.groups.flatMap((group) => group.fields)) {
        this.labels.set(field.name, field.label);
        this.usual.set(field.name, Number(field.default.toPrecision(8)));
      }
      this.#count();
      this.#draw();
    } catch (error) {
      this.asking = null;
      show(this.inside, errorBox(error.message));
    }
  }

  #draw() {
    const find = h("input", { id: unique("find"), type: "search", class: "wide", autocomplete: "off", oninput: () => this.#search(find.value, found) });
    const found = h("div", {});
    const groups = this.groups.map((group) => lazyDetails(`${group.title} (${group.fields.length})`,
      () => group.fields.map((field) => this.#control(field)), { class: "group" }));
    show(this.inside, h("div", { class: "field" }, h("label", { for: find.id }, "Find a parameter"), find), found, groups);
  }

  #search(text, place) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) {
      show(place);
      return;
    }
    const fits = this.groups.flatMap((group) => group.fields).filter((field) => {
      const all = `${field.name} ${field.label} ${field.help}`.toLowerCase();
      return words.every((one) => all.includes(one));
    });
    show(place, h("p", { class: "help", role: "status" }, fits.length ? `${fits.length} found${fits.length > 12 ? ", the first 12 shown" : ""}.` : "None found."),
      fits.slice(0, 12).map((field) => this.#control(field)));
  }

  #control(field) {
    const described = { ...field, kind: "number", choices: [], optional: false, help: `${field.help} Prior: ${field.prior}.` };
    const usual = this.usual.get(field.name);
    const holder = control(described, this.value[field.name] ?? usual, usual, (name, now) => {
      if (now === undefined) delete this.value[name];
      else this.value[name] = now;
      this.#count();
      // The same parameter may stand among those found and in its group.
      for (const one of this.inside.querySelectorAll(`[data-field="${name}"]`)) {
        if (one !== holder) this.#renew(one);
      }
      this.onChange();
    });
    return holder;
  }
}
