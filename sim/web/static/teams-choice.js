// Which teams: the trial's, a described service, or an uploaded list.

import { keep, kept, read, sendRoster } from "./api.js";
import { control } from "./controls.js";
import { errorBox, h, say, show, unique } from "./dom.js";

const KEPT = "refocus-roster";
const LARGEST = 1000000;

/** Return the uploaded list that this browser remembers, or null. */
export function rememberedRoster() {
  try { return JSON.parse(kept(KEPT) ?? "null"); } catch { return null; }
}

/** Lets somebody choose teams; `value` is what the server takes. */
export class TeamsChoice {
  constructor(described, onChange) {
    this.described = described;
    this.onChange = onChange;
    this.numbers = {};
    this.kind = "trial";
    this.roster = rememberedRoster();
    const name = unique("teams");
    const options = [
      ["trial", "The 27 teams of the REFOCUS trial"],
      ["described", "A service like mine, described"],
      ["own", "My own list of teams"],
    ];
    this.radios = options.map(([kind, label]) => {
      const input = h("input", {
        type: "radio", name, value: kind, checked: kind === this.kind, onchange: () => this.#choose(kind),
      });
      return h("label", { class: "choice" }, input, label);
    });
    this.inside = h("div", {});
    this.element = h("fieldset", {}, h("legend", {}, "Teams"), this.radios, this.inside);
    this.#choose(this.kind, false);
  }

  get value() {
    if (this.kind === "own") return { kind: "own", roster: this.roster?.id ?? "" };
    return this.kind === "trial" ? { kind: "trial" } : { kind: "described", ...this.numbers };
  }

  /** The same without an uploaded list, which must not travel in a link. */
  get linkable() {
    return this.kind === "own" ? { kind: "own" } : this.value;
  }

  /** Take over what a link or a file asks for; an uploaded list is the one this browser has. */
  set(value) {
    const kind = value?.kind ?? "trial";
    const { kind: _, roster: __, ...numbers } = value ?? {};
    this.numbers = numbers;
    this.#choose(["trial", "described", "own"].includes(kind) ? kind : "trial", false);
  }

  #choose(kind, tell = true) {
    this.kind = kind;
    for (const label of this.radios) {
      const input = label.querySelector("input");
      input.checked = input.value === kind;
    }
    if (kind === "described") {
      show(this.inside, this.described.map((field) => control(
        field, this.numbers[field.name] ?? field.default, field.default,
        (name, value) => {
          if (value === undefined) delete this.numbers[name];
          else this.numbers[name] = value;
          this.onChange();
        },
      )), h("p", { class: "help" }, "All these teams may get the programme; sizes are drawn around your figures."));
    } else if (kind === "own") this.#showOwn();
    else show(this.inside);
    if (tell) this.onChange();
  }

  #showOwn() {
    const message = h("div", {});
    const input = h("input", { type: "file", accept: ".csv,.tsv,.txt,.xlsx", onchange: () => this.#upload(input, message) });
    const known = this.roster
      ? h("p", {}, `${this.roster.name}: ${this.roster.teams.length} teams, ${this.roster.staff} posts.`)
      : h("p", { class: "help" }, "No list yet. It stays on the machine that runs this page and is never part of a link.");
    const parts = [
      known,
      h("div", { class: "buttons" },
        h("label", { class: "button file" }, this.roster ? "Choose another file" : "Choose a file of teams", input),
        h("a", { class: "button", href: "api/rosters/template.csv", download: "teams.csv" }, "Get a template")),
      message,
    ];
    if (this.roster?.notes.length) {
      parts.push(h("details", {}, h("summary", {}, "What was filled in"),
        h("ul", {}, this.roster.notes.map((one) => h("li", {}, one)))));
    }
    show(this.inside, ...parts);
    if (this.roster) {
      read(`api/rosters/${this.roster.id}`).catch((error) => {
        this.roster = null;
        keep(KEPT, null);
        this.#showOwn();
        this.inside.append(errorBox(error.message));
      });
    }
  }

  async #upload(input, message) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    if (file.size > LARGEST) {
      show(message, errorBox(`${file.name}: ${file.size} bytes are too many for a list of teams; at most ${LARGEST}.`));
      return;
    }
    try {
      const facts = await sendRoster(file);
      this.roster = { id: facts.roster, name: file.name, teams: facts.teams, staff: facts.staff, notes: facts.notes };
      keep(KEPT, JSON.stringify(this.roster));
      this.#showOwn();
      say(`${facts.teams.length} teams read.`);
      this.onChange();
    } catch (error) {
      show(message, errorBox(error.message));
    }
  }
}
