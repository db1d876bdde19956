// Shows one view at a time, as the address says.

import { read } from "./api.js";
import { errorBox, h, show } from "./dom.js";
import { asked } from "./link.js";

const VIEWS = {
  decide: { title: "Decide", load: () => import("./decide.js") },
  plan: { title: "Build and compare", load: () => import("./plan.js") },
  watch: { title: "Follow a team", load: () => import("./watch.js") },
  power: { title: "Plan a trial", load: () => import("./power.js") },
  about: { title: "About", load: () => import("./about.js") },
};
const FIRST = "decide";
const begun = new Map();
let forms = null;

async function start(view) {
  forms ??= read("api/form");
  const [module, form] = await Promise.all([VIEWS[view].load(), forms]);
  return module.begin(form);
}

async function go(moved) {
  const wanted = asked();
  const known = Object.hasOwn(VIEWS, wanted.view);
  const view = known ? wanted.view : FIRST;
  const lost = document.getElementById("lost");
  if (known || !wanted.view) show(lost);
  else show(lost, errorBox(`This page has no “${wanted.view.slice(0, 40)}”; the first view is shown instead.`));
  for (const name of Object.keys(VIEWS)) {
    document.getElementById(`view-${name}`).hidden = name !== view;
    const link = document.querySelector(`nav a[href="#${name}"]`);
    if (name === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    // On a phone the views are wider than the screen.
    if (name === view) link.closest("nav").scrollLeft = link.offsetLeft - link.closest("nav").offsetLeft - 40;
  }
  document.title = `${VIEWS[view].title} – REFOCUS simulation`;
  if (moved) {
    document.getElementById("main").focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  try {
    if (!begun.has(view)) begun.set(view, start(view));
    const running = await begun.get(view);
    if (wanted.view === view) await running.open(wanted.settings, wanted.broken);
    else await running.open(null, false);
  } catch (error) {
    begun.delete(view);
    forms = null;
    const again = h("button", { type: "button", onclick: () => { note.remove(); go(false); } }, "Try again");
    const note = h("div", {}, errorBox(error.message), h("p", {}, again));
    document.getElementById(`view-${view}`).append(note);
  }
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});
window.addEventListener("hashchange", () => go(true));
// On paper every table is open.
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll(".results details:not([open])")];
  for (const one of opened) one.open = true;
});
window.addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
show(document.getElementById("status"));
go(false);
