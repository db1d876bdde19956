// Speaks to the server. Every mistake arrives as one line that can be shown.

const TRIES = 8;

/** What the server refused, in one line. */
export class Refused extends Error {}

function stored(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

/** Keep a text in this browser, if it lets us. */
export function keep(name, text) {
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch { /* Private windows may refuse; the page works without. */ }
}

/** Return a text kept in this browser, or null. */
export function kept(name) {
  return stored(name);
}

/** Keep a text in this tab, through reloads, until it is closed; null forgets it. */
export function keepHere(name, text) {
  try {
    if (text === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, text);
  } catch { /* As above. */ }
}

/** Return a text kept in this tab, or null. */
export function keptHere(name) {
  try { return sessionStorage.getItem(name); } catch { return null; }
}

function newSession() {
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(numbers, (one) => one.toString(16).padStart(8, "0")).join("");
}

const session = stored("refocus-session") ?? newSession();
keep("refocus-session", session);

async function ask(path, options = {}) {
  const headers = { "x-refocus-session": session, ...options.headers };
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The server does not answer.");
  }
  const type = response.headers.get("content-type") ?? "";
  const body = type.startsWith("application/json") ? await response.json() : null;
  if (!response.ok) throw new Refused(body?.error ?? `The server answered ${response.status}.`);
  return body;
}

/** Read JSON from the server. */
export function read(path) {
  return ask(path);
}

/** Send JSON to the server and return its answer. */
export function send(path, value) {
  return ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
  });
}

/** Send a list of teams. */
export function sendRoster(content) {
  return ask("api/rosters", { method: "POST", headers: { "content-type": "text/csv" }, body: content });
}

const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

/**
 * Follow a job until it is over, and return its last state.
 * A lost connection is waited for; `ended` says whether to stop looking.
 */
export async function follow(key, onState, ended) {
  let failures = 0;
  for (;;) {
    let state;
    try {
      // The clock of a page in the background is slowed down: there the server waits.
      state = await read(document.hidden && failures === 0 ? `api/jobs/${key}?wait=20` : `api/jobs/${key}`);
      failures = 0;
    } catch (error) {
      failures += 1;
      if (error instanceof Refused || failures > TRIES) throw error;
      onState({ state: "running", what: "connection lost, trying again", lost: true });
      await pause(Math.min(500 * 2 ** failures, 8000));
      continue;
    }
    if (ended()) return null;
    onState(state);
    if (["done", "cancelled", "failed"].includes(state.state)) return state;
    if (!document.hidden) await pause(350);
    if (ended()) return null;
  }
}
