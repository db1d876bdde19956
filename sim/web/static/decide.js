// The planner's question as a sentence whose parts can be changed, and its answer.

import { copyLink, markOld } from "./answer-state.js";
import { Refused, send } from "./api.js";
import { term } from "./controls.js";
import { errorBox, h, say, show, unique } from "./dom.js";
import { JobPanel } from "./job-panel.js";
import { asked, note, turns } from "./link.js";
import { PresetChoice } from "./preset-choice.js";
import { TeamsChoice } from "./teams-choice.js";

const NUMBERS = {
  budget: { label: "Pounds a year", low: 0, high: 1e10, empty: "any money" },
  trainers: { label: "Trainers", low: 0, high: 1000, empty: "any number" },
};
const TEAMS = { trial: "the trial’s teams", described: "a service like mine", own: "my own teams" };
const AIMS = {
  recovery: "recovery", reach: "how many people it reaches", practice: "practice of staff", support: "the support people feel",
  "cost-per-person-reached": "cost of a person reached", "cost-per-qpr-point": "cost of a point of recovery",
};

function mark(input, wrong) {
  if (wrong) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

/** Print a frame as soon as all of it is there. */
function print(frame) {
  if (!frame.dataset.loaded) frame.addEventListener("load", () => print(frame), { once: true });
  else {
    frame.contentWindow.focus();
    frame.contentWindow.print();
  }
}

class Decide {
  constructor(form) {
    this.form = form.decide;
    this.presets = new Map(form.presets.map((one) => [one.name, one]));
    this.shown = null;
    this.begun = false;
    this.turn = turns();
    this.message = h("div", {});
    this.stale = h("div", { class: "stale", role: "status", hidden: true });
    this.progress = h("div", { id: "decide-progress" });
    this.panel = new JobPanel(this.progress);
    this.output = h("div", { id: "decide-output" });
    this.teams = new TeamsChoice(form.described, () => this.#changed());
    this.kind = h("select", { "aria-label": "Teams", onchange: () => { this.teams.set({ kind: this.kind.value }); this.#changed(); } },
      Object.entries(TEAMS).map(([name, words]) => h("option", { value: name }, words)));
    this.years = h("select", { "aria-label": "Years", onchange: () => this.#changed() },
      Array.from({ length: this.form.most_years }, (_, at) => h("option", { value: String(at + 1) }, at ? `${at + 1} years` : "1 year")));
    this.aim = h("select", { "aria-label": "What matters most", onchange: () => this.#changed() },
      this.form.aims.map(([name, title]) => h("option", { value: name }, AIMS[name] ?? title)));
    const number = (name) => h("input", {
      type: "text", inputmode: "numeric", autocomplete: "off", "aria-label": NUMBERS[name].label, placeholder: NUMBERS[name].empty,
      "data-part": name, oninput: () => this.#changed(),
    });
    this.budget = number("budget");
    this.trainers = number("trainers");
    this.start = h("input", { type: "date", id: unique("start"), onchange: () => this.#changed() });
    this.draws = h("input", { type: "number", id: unique("draws"), min: "2", max: String(this.form.most_draws), value: String(this.form.draws), oninput: () => this.#changed() });
    this.list = h("ul", { class: "strategies" });
    const others = form.presets.filter((one) => one.name !== form.usual);
    this.another = new PresetChoice(others, others[0].name, "Another strategy");
    const place = document.getElementById("decide-form");
    place.addEventListener("submit", (event) => { event.preventDefault(); this.run(); });
    show(place,
      h("h1", { class: "question" }, "What should ", this.kind, " get with ", h("span", { class: "nowrap" }, "£ ", this.budget, " a year"), " and ",
        h("span", { class: "nowrap" }, this.trainers, " trainers"), ", over ", this.years, ", if ", this.aim, " matters most?"),
      h("div", { class: "asking" },
        h("button", { type: "submit", class: "first", id: "decide-run" }, "Ask"),
        h("details", { id: "decide-more" }, h("summary", {}, "Teams, strategies, first day, how sure"),
          h("div", { class: "columns" },
            h("div", {}, this.teams.element,
              h("fieldset", {}, h("legend", {}, "When, and how sure"),
                h("div", { class: "field" }, h("label", { for: this.start.id }, "First day"), this.start, h("p", { class: "help" }, "Without one, starts are told in weeks.")),
                h("div", { class: "field" }, h("label", { for: this.draws.id }, "Ways things may work"), this.draws,
                  h("p", { class: "help" }, `More ways, steadier results, more time. (2 to ${this.form.most_draws})`), term("Draws from the posterior: sets of parameter values that agree with two trials, equally weighted. Each has one replication, with common random numbers.")))),
            h("fieldset", {}, h("legend", {}, "Strategies, each beside usual care"), this.list, this.another.element,
              h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => this.#add(this.another.value) }, "Add this one")))))),
      this.message);
    show(document.getElementById("decide-results"), this.progress, this.stale, this.output);
    window.addEventListener("beforeprint", () => this.#toPaper());
    window.addEventListener("afterprint", () => this.output.querySelector(".paper")?.remove());
  }

  #fill(settings) {
    this.kind.value = settings.teams?.kind ?? "trial";
    this.teams.set(settings.teams ?? { kind: "trial" });
    this.years.value = String(settings.years ?? 1);
    this.aim.value = settings.rank_by ?? "recovery";
    this.budget.value = settings.budget === undefined ? "" : settings.budget.toLocaleString("en-GB");
    this.trainers.value = settings.trainers ?? "";
    this.start.value = settings.start ?? "";
    this.draws.value = String(settings.draws ?? this.form.draws);
    this.strategies = [...(settings.strategies ?? this.form.strategies)];
    this.#drawList();
    this.#check();
  }

  #drawList() {
    show(this.list, this.strategies.map((name) => {
      const { title, description } = this.presets.get(name);
      return h("li", {}, h("span", {}, h("strong", {}, title), h("br"), h("span", { class: "help" }, description)),
        h("button", { type: "button", class: "quiet", "aria-label": `Leave out ${title}`, onclick: () => { this.#leaveOut(name); } }, "Leave out"));
    }));
  }

  #leaveOut(name) {
    this.strategies = this.strategies.filter((one) => one !== name);
    this.#drawList();
    this.#changed();
    this.another.find.focus();
    say(`${this.presets.get(name).title} is left out.`);
  }

  #add(name) {
    const { title } = this.presets.get(name);
    if (this.strategies.includes(name)) say(`${title} is among them already.`);
    else {
      this.strategies.push(name);
      this.#drawList();
      this.#changed();
      say(`${title} is added.`);
    }
  }

  /** Return a number of the sentence; undefined when there is none, NaN when it cannot be used. */
  #number(name) {
    const text = this[name].value.replace(/[£,\s]/g, "");
    if (!text) return undefined;
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    return value >= NUMBERS[name].low && value <= NUMBERS[name].high ? value : NaN;
  }

  /** Mark what cannot be used; return it in words, or an empty text. */
  #check() {
    const wrong = [];
    for (const [name, { label, low, high }] of Object.entries(NUMBERS)) {
      const bad = Number.isNaN(this.#number(name));
      mark(this[name], bad);
      if (bad) {
        wrong.push(`${label} = “${this[name].value}”: must be a whole number from ${low} to ${high.toLocaleString("en-GB")}, or nothing.`);
      }
    }
    const draws = Number(this.draws.value);
    const few = !(Number.isInteger(draws) && draws >= 2 && draws <= this.form.most_draws);
    mark(this.draws, few);
    if (few) wrong.push(`Ways things may work = “${this.draws.value}”: must be a whole number from 2 to ${this.form.most_draws}.`);
    if (!this.strategies.length) wrong.push("Strategies: add one at least.");
    if (this.strategies.length > this.form.most_strategies) wrong.push(`Strategies: ${this.strategies.length} are too many; at most ${this.form.most_strategies}.`);
    const described = document.querySelector("#decide-form [data-field] [aria-invalid=true]");
    if (described) wrong.push(described.closest("[data-field]").rule());
    return wrong.join(" ");
  }

  settings(linked = false) {
    const value = {
      teams: linked ? this.teams.linkable : this.teams.value, strategies: this.strategies, years: Number(this.years.value),
      rank_by: this.aim.value, draws: Number(this.draws.value),
    };
    for (const name of Object.keys(NUMBERS)) if (this.#number(name) !== undefined) value[name] = this.#number(name);
    if (this.start.value) value.start = this.start.value;
    return value;
  }

  #changed() {
    this.kind.value = this.teams.kind;
    const wrong = this.#check();
    show(this.message, wrong ? h("p", { class: "caution", role: "status" }, wrong) : null);
    this.#markOld();
    if (!wrong && this.begun && asked().view === "decide") note("decide", this.settings(true));
  }

  #markOld() {
    const old = this.shown !== null && this.shown !== JSON.stringify(this.settings());
    markOld(this, old, "The question has changed since this answer.", () => this.run(),
      () => { this.#fill(JSON.parse(this.shown)); this.#changed(); });
  }

  async run() {
    const wrong = this.#check();
    if (wrong) {
      show(this.message, errorBox(wrong));
      const field = document.querySelector("#decide-form [aria-invalid=true]");
      if (field?.closest("#decide-more")) document.getElementById("decide-more").open = true;
      field?.focus();
      return;
    }
    // What a link still asks for comes too late.
    this.turn();
    show(this.message);
    document.getElementById("decide-more").open = false;
    const settings = this.settings();
    note("decide", this.settings(true), true);
    await this.panel.run("decide", settings, (result, key) => this.#show(result, key, settings));
  }

  /** Show an answer in a frame of its own: its styles are its own, and so is its paper. */
  #frame(source, title) {
    const frame = h("iframe", { src: source, title, class: "answer" });
    const fit = () => {
      const inside = frame.contentDocument?.documentElement;
      // Its own height: the scroll height is never less than the frame, which then could only grow.
      if (inside) frame.style.height = `${inside.offsetHeight}px`;
    };
    frame.addEventListener("load", () => {
      frame.dataset.loaded = "yes";
      // The page around it has margins already.
      for (const one of [frame.contentDocument.body, ...frame.contentDocument.querySelectorAll("main > .wrap")]) one.style.padding = "0";
      fit();
      new ResizeObserver(fit).observe(frame.contentDocument.body);
    });
    return frame;
  }

  /** Lay the answer out in the page itself: a frame would be cut through its lines where a sheet of paper ends. */
  #toPaper() {
    const frame = this.output.querySelector("iframe");
    if (!frame) return;
    if (!frame.dataset.loaded) {
      frame.after(h("p", { class: "paper" }, "The answer was still being loaded when this was printed: print it again."));
      return;
    }
    const inside = document.importNode(frame.contentDocument.documentElement, true);
    // The page's policy lets no text of a style in, but a sheet.
    const styles = [...inside.querySelectorAll("style")];
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles.map((one) => one.textContent.replaceAll(":root", "html")).join("\n"));
    for (const one of styles) one.remove();
    const paper = h("div", { class: "paper" });
    const root = paper.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(inside);
    frame.after(paper);
  }

  #show(result, key, settings) {
    const folder = `api/results/${key}`;
    this.shown = JSON.stringify(settings);
    this.#markOld();
    const frame = this.#frame(`${folder}/report.html`, `Answer: ${result.question}`);
    const file = (name, words) => (result.files.includes(name) ? h("a", { class: "button", href: `${folder}/${name}`, download: name }, words) : null);
    show(this.output,
      h("div", { class: "buttons answer-files" },
        file("decision.xlsx", "Workbook"),
        h("button", { type: "button", onclick: () => print(frame) }, "Print"),
        h("button", { type: "button", onclick: () => copyLink(this.message, this.teams) }, "Share"),
        file("summary.docx", "One page of text"),
        h("a", { class: "button", href: `${folder}/report.html`, target: "_blank", rel: "noopener" }, "On a page of its own")),
      result.left_out.length ? h("div", { class: "caution" }, h("p", {}, "Left out, as it is not possible with what there is:"),
        h("ul", {}, result.left_out.map((one) => h("li", {}, one)))) : null,
      frame,
      h("details", {}, h("summary", {}, "How to repeat this"),
        h("p", {}, `Version ${result.version}, ${result.date}. Save `, h("a", { href: `${folder}/setting.toml`, download: "setting.toml" }, "setting.toml"), " and ",
          h("a", { href: `${folder}/teams.csv`, download: "teams.csv" }, "teams.csv"), ", then:"), h("pre", {}, result.command)));
    say(result.answer);
  }

  #showStored() {
    if (this.output.childElementCount) return;
    show(this.output, this.#frame("pages/stored-answer.html", "A stored answer for the trial’s teams"));
  }

  async open(settings, broken) {
    const latest = this.turn();
    const again = this.begun;
    if (!again) {
      this.#fill({});
      this.begun = true;
      if (settings === null) this.#showStored();
    }
    show(this.message, broken ? errorBox(`The link is damaged; ${again ? "your question is as it was" : "this is the usual question"}.`) : null);
    if (settings === null) return;
    const own = settings.teams?.kind === "own";
    if (own && !this.teams.roster) {
      this.#showStored();
      show(this.message, errorBox("This link was made with somebody’s own list of teams, which is not in it. Choose a file, or other teams."));
      return;
    }
    const full = own ? { ...settings, teams: { kind: "own", roster: this.teams.roster.id } } : settings;
    try {
      await send("api/jobs/find", { kind: "decide", settings: full });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (!latest()) return;
      this.#showStored();
      show(this.message, errorBox(`This link cannot be used. ${error.message}`));
      return;
    }
    if (!latest()) return;
    this.#fill(settings);
    this.#changed();
    const now = this.settings();
    const found = await this.panel.resume("decide", now, (result, key) => this.#show(result, key, now));
    if (!found) this.#showStored();
  }
}

/** Begin the view and return it. */
export function begin(form) {
  return new Decide(form);
}
