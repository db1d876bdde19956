// What the designer shows of a trial over periods, and of any trial for its protocol.

import { send } from "./api.js";
import { lazyDetails } from "./controls.js";
import { download, errorBox, h, s, show, table } from "./dom.js";

const STATES = ["usual care", "programme", "begun, left out", "not measured"];
const CLASSES = ["off", "on", "begun", "not"];
const LEFT = 78;
const ROW = 30;
const WIDEST = 48;
const ROOM = 300;
const LABEL = 34;

/** Return power by correlation within teams and number of teams, of any kind of trial; the library words every number. */
export function powerTable({ teams, own, shown }, where) {
  return h("div", { class: "powers" }, h("h3", {}, "If teams are more or less alike"),
    table(`Power by correlation within teams (ICC) and teams ${where}`, ["ICC", ...teams.map((one) => `${one} teams${one === own ? ", yours" : ""}`)],
      shown));
}

/** Return the smallest difference that is found with the wanted power. */
export function smallestDifference(points, target, average) {
  return points === null
    ? `No difference is found with ${target} power, however large.`
    : `Smallest true difference found with ${target} power: ${points} points, ${average}.`;
}

/** Return sequences by periods as a drawing, with a key and the same as a table. */
function picture({ sequences, weeks }) {
  const step = Math.max(20, Math.min(WIDEST, Math.floor(ROOM / weeks.length)));
  const each = Math.ceil(LABEL / step);
  const width = LEFT + Math.max(step * weeks.length, LABEL) + 8;
  const height = ROW * sequences.length + 24;
  const parts = sequences.map(({ teams, cells }, row) => [
    s("text", { x: LEFT - 8, y: ROW * row + 19, "text-anchor": "end" }, `${teams} ${teams === 1 ? "team" : "teams"}`),
    cells.map((one, at) => s("rect", { class: CLASSES[one], x: LEFT + step * at + 1, y: ROW * row + 2, width: step - 3, height: ROW - 5, rx: 3 })),
  ]);
  const times = weeks.map((week, at) => (at % each === 0 ? s("text", { x: LEFT + step * at, y: height - 5 }, String(week)) : null));
  times.push(s("text", { x: LEFT - 8, y: height - 5, "text-anchor": "end" }, "week"));
  const words = `${sequences.length} sequences over ${weeks.length} periods: ${sequences.map(({ cells }) => cells.join("")).join(", ")}`;
  const used = STATES.filter((_, state) => sequences.some(({ cells }) => cells.includes(state)));
  const drawing = s("svg", { class: "trial", role: "img", width, height, viewBox: `0 0 ${width} ${height}` }, s("title", {}, `${words}. 0 usual care, 1 programme, 2 begun but left out, 3 not measured.`), parts, times);
  const key = used.map((name) => h("li", {}, s("svg", { class: "trial", viewBox: "0 0 22 22", "aria-hidden": "true" }, s("rect", { class: CLASSES[STATES.indexOf(name)], x: 2, y: 2, width: 18, height: 18, rx: 3 })), name));
  return h("section", { id: "power-picture" }, h("h3", {}, "The trial"), drawing, h("ul", { class: "key" }, key),
    h("p", { class: "note" }, "Periods begin in the weeks under them; teams are dealt to the rows by lot."),
    h("details", { class: "small" }, h("summary", {}, "As a table"),
      table("What each sequence gets by the week a period begins in", ["sequence", "teams", ...weeks.map((one) => `week ${one}`)],
        sequences.map(({ teams, cells }, row) => [String(row + 1), teams, ...cells.map((one) => STATES[one])]))));
}

/** Return the answer by formula of a trial over periods. */
export function periodAnswer(found) {
  const { target, detectable, limit } = found.shown;
  const [teams, people] = found.needs;
  return [h("h2", {}, "By formula"),
    h("p", { class: "lead" }, found.sentence),
    found.caution ? h("p", { class: "caution" }, found.caution) : null,
    found.beside ? h("p", { class: "caution", id: "power-beside" }, found.beside) : null,
    picture(found.picture),
    h("div", { class: "figures" },
      h("div", {}, h("h3", {}, "What it takes"),
        h("ul", {},
          h("li", {}, smallestDifference(detectable, target, found.average)),
          h("li", {}, teams === null ? `Teams in all for ${target} power: more than this page looks at.` : `Teams in all for ${target} power, with as many people: ${teams}.`),
          h("li", {}, people === null ? `People per team and period for ${target} power: out of reach.` : `People per team and period for ${target} power, with as many teams: ${people}.`),
          h("li", {}, `With very many people per team these teams have ${limit} power${found.power - found.limit > 0.005 ? ", less than with yours: what builds up is missed" : ""}.`))),
      powerTable(found.grid, "in all")),
    h("details", { class: "small" }, h("summary", {}, "How it was worked out"),
      [...found.words, ...found.lines].map((one) => h("p", {}, `${one[0].toUpperCase()}${one.slice(1)}.`)))];
}

/** Return a text with a button that copies it; where a browser forbids that, it is selected. */
function copied(text, label) {
  const shownText = h("pre", { tabindex: "0", role: "group", "aria-label": label }, text);
  const told = h("span", { role: "status", class: "note" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      told.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(shownText);
      told.textContent = "Selected; copy it with the keyboard.";
    }
  };
  return h("div", { class: "document" }, h("div", { class: "buttons" }, h("button", { type: "button", "aria-label": `Copy ${label}`, onclick: copy }, "Copy"), told), shownText);
}

/** Return the planned analysis in other languages, asked for when it is first opened. */
function codes(settings) {
  const place = h("div", {}, h("p", { class: "note" }, "Writing it: some seconds the first time."));
  const ask = async () => {
    try {
      const found = await send("api/power/code", settings);
      show(place, h("p", { class: "note" }, "It reads the trial’s table, trial.csv, with one line for each person, and for each of a person’s periods; column names can be given in [columns] of the design file. Not run here."),
        Object.entries(found).map(([language, text]) => [h("h4", {}, language), copied(text, `${language} code`)]));
    } catch (error) {
      show(place, errorBox(error.message));
    }
  };
  return lazyDetails("The planned analysis in R and Stata (not run)", () => { ask(); return [place]; }, { id: "power-code" });
}

/** Return the words for a protocol, the code of the analysis, and the design file. */
export function documents(found, settings) {
  const name = "trial.toml";
  return h("section", { id: "power-documents" }, h("h3", {}, "For your protocol"),
    h("p", { class: "note" }, "By formula, with what the design does not say in square brackets."),
    lazyDetails("The words", () => [copied(found.protocol, "the words for a protocol")]),
    codes(settings),
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => download(name, found.file, "application/toml") }, "Design file (TOML)")),
    h("p", { class: "note" }, "At the command line: ", h("code", {}, `refocus power ${name}`), " simulates it, with sensitivity and assurance."));
}
