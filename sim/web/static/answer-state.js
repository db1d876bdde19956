// What a view says of its answer: that it is of another question, and where its link is.

import { h, show } from "./dom.js";

/**
 * Mark the answer of a view, in `output`, as one to another question, or as current.
 * `stale` says so in `words`, and offers to ask again or to undo the change.
 */
export function markOld({ output, stale }, old, words, again, undo) {
  output.classList.toggle("old", old);
  if (old && stale.hidden) {
    show(stale, h("p", {}, words), h("p", { class: "buttons" },
      h("button", { type: "button", onclick: again }, "Ask again"),
      h("button", { type: "button", onclick: undo }, "Undo the change")));
  }
  stale.hidden = !old;
}

/** Copy the link of a view and say so in `message`; one's own list of teams is never in it. */
export async function copyLink(message, teams) {
  const without = teams.kind === "own" ? " Your list of teams is not in it." : "";
  let told = "Link copied.";
  try {
    await navigator.clipboard.writeText(location.href);
  } catch {
    told = "Copy the link from the address bar.";
  }
  show(message, h("p", { class: "note", role: "status" }, told + without));
}
