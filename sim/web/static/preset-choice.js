// Chooses a scenario of the library: grouped as the library is, and found by a word.

import { h, show, unique } from "./dom.js";

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const plain = (text) => text.toLowerCase().replace(/[-_]/g, " ");

/** A select with a search field; `value` is the name of the preset. */
export class PresetChoice {
  constructor(presets, value, label, onChange = () => {}) {
    this.presets = presets;
    this.select = h("select", { id: unique("preset"), onchange: () => onChange(this.value) });
    this.told = h("span", { class: "help", role: "status" });
    this.find = h("input", {
      type: "search", class: "wide find", autocomplete: "off", "aria-label": `${label}: find by a word`,
      placeholder: `Find among ${presets.length} by a word`,
      oninput: () => this.#search(),
      onkeydown: (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        const [first] = this.#found();
        if (first === undefined || !this.find.value.trim()) return;
        this.find.value = "";
        this.#search(first.name);
        this.select.focus();
        onChange(this.value);
      },
    });
    this.element = h("div", { class: "field preset" }, h("label", { for: this.select.id }, label), this.select, this.find, this.told);
    this.#draw(presets, value);
  }

  get value() {
    return this.select.value;
  }

  set value(name) {
    this.find.value = "";
    this.#search(name);
  }

  #found() {
    const words = plain(this.find.value).split(/\s+/).filter(Boolean);
    return this.presets.filter((one) => {
      const all = plain(`${one.name} ${one.title} ${one.group} ${one.description}`);
      return words.every((word) => all.includes(word));
    });
  }

  #search(chosen = this.value) {
    const found = this.#found();
    this.told.textContent = this.find.value.trim() ? `${found.length || "None"} of ${this.presets.length} found; Enter takes the first.` : "";
    this.#draw(found, chosen);
  }

  /** List presets in their groups; what is chosen stays among them. */
  #draw(listed, chosen) {
    const groups = new Map();
    const kept = this.presets.filter((one) => one.name === chosen && !listed.includes(one));
    for (const one of kept) groups.set("Chosen", [one]);
    for (const one of listed) {
      const name = capital(one.group.replaceAll("-", " "));
      groups.set(name, [...(groups.get(name) ?? []), one]);
    }
    show(this.select, [...groups].map(([name, members]) => h("optgroup", { label: name },
      members.map((one) => h("option", { value: one.name }, one.title)))));
    this.select.value = chosen;
  }
}
