// Runs that this browser asked for and that no panel shows: found again after the page was left,
// closed or used for other settings, to be looked at or cancelled.

import { keep, kept, read, Refused, send } from "./api.js";
import { duration, h, say, show } from "./dom.js";
import { packed } from "./link.js";

const KEPT = "refocus-runs";
const MOST = 12;
const PAUSE = 1500;
const OVER = ["done", "cancelled", "failed"];
const NAMES = { decide: "Decide", plan: "Build and compare", watch: "Follow a team", power: "Plan a trial", fit: "Comparison with the trial" };
const states = new Map();
let timer = 0;

function remembered() {
  try {
    const found = JSON.parse(kept(KEPT) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one?.key === "string" && /^[0-9a-f]{32}$/.test(one.key)) : [];
  } catch {
    return [];
  }
}

function remember(runs) {
  keep(KEPT, runs.length ? JSON.stringify(runs.slice(-MOST)) : null);
}

/** Return what a run is about, in words. */
function titleOf(settings) {
  if (settings.strategies) return `${settings.strategies.length} strategies, ${settings.years} year${settings.years === 1 ? "" : "s"}`;
  const labels = (settings.scenarios ?? [settings.scenario]).map((one) => one?.label).filter(Boolean);
  const weeks = settings.weeks ? `${settings.weeks} weeks` : "";
  return [settings.team, labels.join(", "), weeks].filter(Boolean).join("; ");
}

/** Return settings as a link may hold them: an uploaded list of teams stays out. */
function linkable(settings) {
  return settings.teams?.kind === "own" ? { ...settings, teams: { kind: "own" } } : settings;
}

/** Note a run, so that it is found again however the page is left. */
export function noteRun(key, kind, settings) {
  const runs = remembered().filter((one) => one.key !== key);
  const link = kind === "fit" ? "#about" : `#${kind}/${packed(linkable(settings))}`;
  remember([...runs, { key, name: NAMES[kind] ?? kind, title: titleOf(settings), link }]);
  soon(0);
}

function forget(key) {
  remember(remembered().filter((one) => one.key !== key));
  states.delete(key);
}

/** Look at once how the runs are. */
export function lookAgain() {
  soon(0);
}

/** Return the panel that shows a run to whoever looks at the page now, or null. */
function panelOf(key) {
  const panel = document.querySelector(`[data-run="${key}"]`);
  return panel !== null && panel.closest("[hidden]") === null ? panel : null;
}

function inWords(state) {
  if (state === undefined) return "asking how it is …";
  if (state.state === "done") return "finished";
  if (state.state === "failed") return `not done: ${state.error}`;
  if (state.stopping) return "stopping …";
  if (state.state === "waiting") return state.seconds_to_start === undefined ? "waiting" : `waiting, begins in ${duration(state.seconds_to_start)}`;
  return state.total > 0 ? `${Math.floor((100 * state.done) / state.total)}%` : "running";
}

async function cancel(key, place) {
  try {
    const state = await send(`api/jobs/${key}/cancel`, {});
    // Another browser may want the run still: here it is over.
    if (!state.stopping) forget(key);
  } catch { /* The next look says what is. */ }
  say("Cancelled.");
  place.focus();
  soon(0);
}

/** Look at a run: a link to its settings, which shows how far it is or what it found. */
function line(run, place) {
  const { key, name, title, link } = run;
  const about = h("span", {}, h("strong", {}, name), title ? `: ${title} ` : " ");
  const words = h("span", { class: "note" });
  const away = h("button", { type: "button", class: "quiet" });
  away.addEventListener("click", () => {
    if (OVER.includes(states.get(key)?.state)) {
      forget(key);
      place.focus();
      soon(0);
    } else cancel(key, place);
  });
  const element = h("li", { "data-key": key }, about, words, " ",
    h("a", { class: "button", href: link, "aria-label": `Show the run ${name}: ${title}` }, "Show"), " ", away);
  element.update = () => {
    const state = states.get(key);
    words.textContent = inWords(state);
    const over = OVER.includes(state?.state);
    const text = over ? "Dismiss" : "Cancel";
    if (away.textContent !== text) {
      away.textContent = text;
      away.setAttribute("aria-label", `${text} the run ${name}: ${title}`);
    }
  };
  return element;
}

function draw(runs) {
  const place = document.getElementById("runs");
  const shown = runs.filter((one) => panelOf(one.key) === null);
  if (!shown.length && place.contains(document.activeElement)) document.getElementById("main").focus({ preventScroll: true });
  place.hidden = shown.length === 0;
  let list = place.querySelector("ul");
  if (list === null) {
    place.setAttribute("tabindex", "-1");
    list = h("ul", {});
    show(place, h("p", { class: "label" }, "Your other runs"), list);
  }
  // Lines that stay are kept as they are, so that nobody's focus is lost.
  const there = new Map([...list.children].map((one) => [one.dataset.key, one]));
  for (const [key, one] of there) if (!shown.some((run) => run.key === key)) one.remove();
  for (const run of shown) {
    const element = there.get(run.key) ?? line(run, place);
    if (!element.isConnected) list.append(element);
    element.update();
  }
}

async function look() {
  for (const { key } of remembered()) {
    const panel = panelOf(key);
    if (panel?.dataset.over) forget(key);
    if (panel || OVER.includes(states.get(key)?.state)) continue;
    try {
      const state = await read(`api/jobs/${key}`);
      if (state.state === "done" && states.has(key)) say("A run has finished.");
      if (state.state === "cancelled") forget(key);
      else states.set(key, state);
    } catch (error) {
      // The server was started anew and knows nothing of it.
      if (error instanceof Refused) forget(key);
    }
  }
  const runs = remembered();
  draw(runs);
  return runs.some((one) => !OVER.includes(states.get(one.key)?.state));
}

function soon(wait) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (await look()) soon(document.hidden ? 4 * PAUSE : PAUSE);
  }, wait);
}

window.addEventListener("hashchange", () => soon(100));
// Another tab began a run, or saw one to its end.
window.addEventListener("storage", () => soon(100));
soon(0);
