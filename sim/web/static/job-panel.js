// Runs a job and shows how far it is: per cent, time left, cancel.

import { follow, read, send } from "./api.js";
import { duration, errorBox, h, say, show } from "./dom.js";
import { lookAgain, noteRun } from "./runs.js";

function inWords(state) {
  if (state.lost) return "Connection lost; trying again. The run goes on for most of a minute without this page; finished answers are kept.";
  if (state.stopping) return "Stopping …";
  if (state.state === "waiting") {
    const ahead = state.ahead > 0 ? `, ${state.ahead} ahead of it` : "";
    const soon = state.seconds_to_start === undefined ? "" : `; begins in ${duration(state.seconds_to_start)}`;
    return `Waiting${ahead}${soon}${state.what ? `: ${state.what}` : ""} …`;
  }
  const parts = [`${percent(state)}%`];
  if (state.seconds_left !== undefined) parts.push(`${duration(state.seconds_left)} left`);
  if (state.what) parts.push(state.what);
  return parts.join(" · ");
}

function percent(state) {
  return state.total > 0 ? Math.floor((100 * state.done) / state.total) : 0;
}

/** Shows one job at a time in an element. */
export class JobPanel {
  constructor(place) {
    this.place = place;
    this.turn = 0;
    this.wish = 0;
  }

  /** Run settings; call `onResult(result, key)` when there is one. */
  async run(kind, settings, onResult) {
    this.wish += 1;
    await this.#attend(() => send("api/jobs", { kind, settings }), onResult, [kind, settings], true);
  }

  /** Show the job of these settings if there is one already; say whether there was. */
  async resume(kind, settings, onResult) {
    this.wish += 1;
    const wish = this.wish;
    const state = await send("api/jobs/find", { kind, settings });
    // Something else has been asked for meanwhile.
    if (wish !== this.wish) return true;
    if (!["waiting", "running", "done"].includes(state.state)) return false;
    await this.#attend(() => Promise.resolve(state), onResult, [kind, settings], false);
    return true;
  }

  /** Bring what has begun into sight when it is out of it; the focus goes along. */
  #reveal(box) {
    const { top, bottom } = box.getBoundingClientRect();
    if (top >= 0 && bottom <= window.innerHeight) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    box.focus({ preventScroll: true });
    box.scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" });
  }

  /** Show how it ended; whoever was on the Cancel button stays at that place. */
  #end(message) {
    const here = this.place.contains(document.activeElement);
    message.setAttribute("tabindex", "-1");
    show(this.place, message);
    if (here) message.focus();
  }

  /** Note that a run is over for this page; it stays in the list until this panel is seen. */
  #over() {
    this.place.dataset.over = "true";
    lookAgain();
  }

  async #attend(begin, onResult, asked, started) {
    this.turn += 1;
    const turn = this.turn;
    const ended = () => turn !== this.turn;
    const bar = h("progress", { max: "100", value: 0, "aria-label": "Progress of the simulation" });
    const words = h("p", { class: "note" }, "Asking the server …");
    const button = h("button", { type: "button" }, "Cancel");
    let told = -1;
    // Cancel may be pressed before the server has named the job; it is then kept until it has.
    let stop = null;
    button.addEventListener("click", () => {
      // Not disabled: that would take the focus away.
      if (button.getAttribute("aria-disabled")) return;
      button.setAttribute("aria-disabled", "true");
      words.textContent = "Stopping …";
      if (stop) stop();
    });
    const onState = (state) => {
      words.textContent = button.getAttribute("aria-disabled") && !state.lost ? "Stopping …" : inWords(state);
      if (state.lost) return;
      bar.value = percent(state);
      const quarter = Math.floor(percent(state) / 25);
      if (quarter > told) {
        say(told < 0 && started ? `The run has begun. ${inWords(state)}` : inWords(state));
        told = quarter;
      }
    };
    const box = h("div", { class: "progress", role: "group", tabindex: "-1", "aria-label": "Run under way" },
      bar, words, h("div", { class: "buttons" }, button));
    delete this.place.dataset.run;
    delete this.place.dataset.over;
    show(this.place, box);
    if (started) this.#reveal(box);
    try {
      let state = await begin();
      const { key } = state;
      if (!ended()) this.place.dataset.run = key;
      // Also when other settings were run meanwhile: it must be found again.
      if (state.state !== "done") noteRun(key, ...asked);
      if (ended()) return;
      stop = async () => {
        try {
          const left = await send(`api/jobs/${key}/cancel`, {});
          if (ended() || left.stopping || ["done", "cancelled", "failed"].includes(left.state)) return;
          // Somebody else waits for the same run, which goes on without this page.
          this.turn += 1;
          this.#over();
          this.#end(h("p", { class: "note" }, "Cancelled here. The run goes on for another browser that waits for it."));
          say("Cancelled here.");
        } catch { /* The next state says what is. */ }
      };
      if (button.getAttribute("aria-disabled")) stop();
      onState(state);
      if (state.state !== "done") state = await follow(key, onState, ended);
      if (state === null || ended()) return;
      this.#over();
      if (state.state === "done") {
        const result = await read(`api/results/${key}/result.json`);
        if (ended()) return;
        show(this.place);
        say("The simulation is done.");
        await onResult(result, key);
      } else if (state.state === "cancelled") {
        this.#end(h("p", { class: "note" }, "Cancelled. Nothing was kept."));
        say("Cancelled.");
      } else {
        this.#end(errorBox(state.error));
      }
    } catch (error) {
      if (!ended()) this.#end(errorBox(error.message));
    }
  }
}
