// Four boxes to fill before and after a run. They stay in this browser, and in saved settings.

import { keep, kept } from "./api.js";
import { h, unique } from "./dom.js";

const KEPT = "refocus-notes";
const BOXES = [
  ["question", "Our question"],
  ["hypothesis", "What we expect, and why"],
  ["findings", "What we found"],
  ["decisions", "What we decide"],
];

export class Notes {
  constructor() {
    this.boxes = new Map();
    const fields = BOXES.map(([name, label]) => {
      const box = h("textarea", { id: unique("note"), rows: "2", maxlength: "4000", oninput: () => this.#keep() });
      this.boxes.set(name, box);
      return h("div", { class: "field" }, h("label", { for: box.id }, label), box);
    });
    this.element = h("details", { class: "notes" }, h("summary", {}, "Notes for your discussion"),
      h("p", { class: "help" }, "Kept in this browser and in saved settings; printed with the page."), fields);
    try { this.set(JSON.parse(kept(KEPT) ?? "{}")); } catch { /* Damaged notes are left out. */ }
  }

  get value() {
    return Object.fromEntries([...this.boxes].map(([name, box]) => [name, box.value]));
  }

  set(value) {
    for (const [name, box] of this.boxes) box.value = typeof value[name] === "string" ? value[name].slice(0, 4000) : "";
    this.#keep();
  }

  #keep() {
    keep(KEPT, JSON.stringify(this.value));
  }
}
