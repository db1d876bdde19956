// Draws a team: staff inside, service users outside, with ties of advice and of care.
// A mark's fill says how much; its shape and a sign say what, so that colour is never needed.

import { h, s } from "./dom.js";

const USER_ROOM = 30;
const STAFF_ROOM = 29;
const MARK = 12;
const SHADES = ["#ffffff", "#d3e6f2", "#9fcae1", "#5aa2cc", "#1f77a9", "#004b75"];
const ROSE = ["#ffffff", "#fbe3d0", "#f7c193", "#ec9350", "#c95f0e", "#8a3a00"];

function shade(colours, value) {
  const level = Math.max(0, Math.min(1, value));
  return colours[Math.min(colours.length - 1, Math.floor(level * colours.length))];
}

/** Return angles of as many places on a ring, the first on top. */
function around(count) {
  return Array.from({ length: count }, (_, at) => (2 * Math.PI * at) / count - Math.PI / 2);
}

/** Order users by their first key worker, so that lines of care rarely cross. */
function order(users, slots) {
  return users.map((worker, at) => [worker < 0 ? slots.length : slots[worker], at])
    .sort((one, other) => one[0] - other[0] || one[1] - other[1]).map(([, at]) => at);
}

/** Return each post's place on the ring: posts with a caseload are spread among the others. */
function spread(coordinators) {
  const busy = coordinators.flatMap((one, at) => (one ? [at] : []));
  const others = coordinators.flatMap((one, at) => (one ? [] : [at]));
  const total = coordinators.length;
  const slots = new Array(total).fill(null);
  busy.forEach((place, at) => { slots[Math.floor((at * total) / busy.length)] = place; });
  let free = 0;
  for (const place of others) {
    while (slots[free] !== null) free += 1;
    slots[free] = place;
  }
  const at = new Array(total);
  slots.forEach((place, slot) => { at[place] = slot; });
  return at;
}

/** A drawing of a team that can be brought to any week. */
export class TeamMap {
  constructor(result, onChoose) {
    this.result = result;
    const first = result.frames[0];
    const staff = first.staff.present.length;
    const users = first.users.in_service.length;
    const inner = Math.max(78, (staff * STAFF_ROOM) / (2 * Math.PI));
    const outer = Math.max(inner + 62, (users * USER_ROOM) / (2 * Math.PI));
    this.size = 2 * (outer + MARK + 6);
    this.centre = this.size / 2;
    this.rings = { staff: inner, between: (inner + outer) / 2, users: outer };
    const slots = spread(result.coordinators);
    const ring = around(staff);
    this.staffAt = slots.map((slot) => ring[slot]);
    const places = around(users);
    this.userAt = new Array(users);
    const ordered = order(first.users.worker, slots);
    const turn = this.#nearest(ordered, first.users.worker, places);
    ordered.forEach((user, at) => { this.userAt[user] = places[(at + turn) % users]; });
    this.advice = s("g", { stroke: "#8a9199", "stroke-width": "1", fill: "none" });
    this.care = s("g", { fill: "none" });
    this.people = s("g", {});
    this.marks = new Map();
    for (let place = 0; place < staff; place += 1) {
      const role = result.leaders[place] ? "L" : result.coordinators[place] ? "C" : "";
      this.#person("staff", place, this.#at("staff", this.staffAt[place]), role, onChoose);
    }
    for (let place = 0; place < users; place += 1) this.#person("user", place, this.#at("users", this.userAt[place]), "", onChoose);
    this.element = s("svg", {
      class: "map", viewBox: `0 0 ${this.size} ${this.size}`, role: "group",
      "aria-label": "Map of the team. Arrow keys move from person to person, Enter shows one.",
    }, this.advice, this.care, this.people);
    this.element.addEventListener("keydown", (event) => this.#move(event));
    // No smaller than that, so that every mark stays large enough to be touched.
    this.element.style.minWidth = `${Math.ceil(this.size)}px`;
    const [firstMark] = this.marks.values();
    firstMark.holder.setAttribute("tabindex", "0");
  }

  /** Return by how many places people are turned so that they sit nearest to their workers. */
  #nearest(ordered, workers, places) {
    const away = (turn) => ordered.reduce((sum, user, at) => {
      const worker = workers[user];
      return worker < 0 ? sum : sum - Math.cos(places[(at + turn) % places.length] - this.staffAt[worker]);
    }, 0);
    return places.map((_, turn) => turn).reduce((best, turn) => (away(turn) < away(best) ? turn : best), 0);
  }

  #at(ring, angle, part = 1) {
    const radius = part * this.rings[ring];
    return [this.centre + radius * Math.cos(angle), this.centre + radius * Math.sin(angle)];
  }

  /** From post to post through the middle of the ring, so that no other post is crossed. */
  #adviceLine(from, to) {
    const [one, bend, other] = [this.#at("staff", from), this.#at("staff", (from + to) / 2, Math.cos((to - from) / 2) * 0.3), this.#at("staff", to)];
    return `M${one}Q${bend} ${other}`;
  }

  /** From a post straight out, round between both rings, and straight out to the person. */
  #careLine(from, to) {
    const turn = Math.atan2(Math.sin(to - from), Math.cos(to - from));
    const { between } = this.rings;
    return `M${this.#at("staff", from)}L${this.#at("between", from)}A${between} ${between} 0 0 ${turn > 0 ? 1 : 0} ${this.#at("between", to)}L${this.#at("users", to)}`;
  }

  #person(kind, place, [x, y], letter, onChoose) {
    const name = `${kind}-${place}`;
    const mark = kind === "staff"
      ? s("circle", { class: "mark", cx: x, cy: y, r: MARK, stroke: "#1b1f23", "stroke-width": "1.3" })
      : s("rect", { class: "mark", x: x - MARK, y: y - MARK, width: 2 * MARK, height: 2 * MARK, rx: "3", stroke: "#1b1f23", "stroke-width": "1.3" });
    const sign = s("text", { x, y: y + 4, "text-anchor": "middle" });
    const holder = s("g", {
      class: "person", role: "button", tabindex: "-1", "data-person": name,
      onclick: () => { this.#take(name); onChoose(name); },
      onkeydown: (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          onChoose(name);
        }
      },
    }, mark, sign);
    this.people.append(holder);
    this.marks.set(name, { holder, mark, sign, letter });
  }

  #take(name) {
    for (const [other, { holder }] of this.marks) holder.setAttribute("tabindex", other === name ? "0" : "-1");
  }

  #move(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const now = document.activeElement?.dataset?.person;
    if (!step || !now) return;
    event.preventDefault();
    const names = [...this.marks.keys()];
    const next = names[(names.indexOf(now) + step + names.length) % names.length];
    this.#take(next);
    this.marks.get(next).holder.focus();
  }

  /** Draw a week; `chosen` is the person that is shown beside the map. */
  draw(week, chosen, nameOf, stateOf) {
    const { staff, users } = this.result.frames[week];
    const lines = [];
    staff.ties.forEach((places, from) => {
      if (!staff.present[from]) return;
      for (const to of places) {
        if (!staff.present[to]) continue;
        const mine = chosen === `staff-${from}` || chosen === `staff-${to}`;
        lines.push(s("path", { d: this.#adviceLine(this.staffAt[from], this.staffAt[to]), "stroke-width": mine ? 2.2 : 0.7, stroke: mine ? "#1b1f23" : "#b4bac0" }));
      }
    });
    this.advice.replaceChildren(...lines);
    const cares = [];
    users.worker.forEach((worker, user) => {
      if (worker < 0 || !users.in_service[user]) return;
      cares.push(s("path", {
        d: this.#careLine(this.staffAt[worker], this.userAt[user]), stroke: "#a65200", "stroke-width": 0.8 + 5 * users.relationship[user],
        "stroke-dasharray": users.contacts[user] > 0 ? null : "3 4", "stroke-opacity": "0.75",
      }));
    });
    this.care.replaceChildren(...cares);
    for (const [name, { holder, mark, sign, letter }] of this.marks) {
      const [kind, text] = name.split("-");
      const place = Number(text);
      const there = kind === "staff" ? staff.present[place] : users.in_service[place];
      const level = kind === "staff" ? staff.behaviour[place] : users.support[place];
      const fill = there ? shade(kind === "staff" ? SHADES : ROSE, level) : "#ffffff";
      mark.setAttribute("fill", fill);
      mark.setAttribute("stroke-dasharray", there ? "none" : "2 3");
      mark.setAttribute("stroke-width", name === chosen ? "3.5" : "1.3");
      const dark = there && level >= 4 / 6;
      sign.setAttribute("class", dark ? "on-dark" : "");
      sign.textContent = kind === "staff" && there && staff.attended[place] ? "✓" : kind === "staff" && there && staff.sick[place] ? "–" : letter;
      holder.setAttribute("aria-label", `${nameOf(name)}: ${stateOf(name, week)}`);
      holder.setAttribute("aria-pressed", String(name === chosen));
    }
  }
}

/** Return what the signs of the map mean. */
export function mapKey() {
  const circle = (fill, dash) => s("svg", { viewBox: "0 0 28 28", "aria-hidden": "true" }, s("circle", { cx: 14, cy: 14, r: 11, fill, stroke: "#1b1f23", "stroke-width": "1.5", "stroke-dasharray": dash }));
  const square = (fill, dash) => s("svg", { viewBox: "0 0 28 28", "aria-hidden": "true" }, s("rect", { x: 3, y: 3, width: 22, height: 22, rx: 3, fill, stroke: "#1b1f23", "stroke-width": "1.5", "stroke-dasharray": dash }));
  const line = (width, colour, dash) => s("svg", { viewBox: "0 0 28 28", "aria-hidden": "true" }, s("line", { x1: 2, y1: 14, x2: 26, y2: 14, stroke: colour, "stroke-width": width, "stroke-dasharray": dash }));
  return h("ul", { class: "key" },
    h("li", {}, circle(SHADES[1]), "member of staff (L leader, C care coordinator); darker: more recovery-supporting practice"),
    h("li", {}, circle("#fff", "2 3"), "vacant post"),
    h("li", {}, "✓ attended training this week"),
    h("li", {}, "– absent this week"),
    h("li", {}, square(ROSE[2]), "service user; darker: more support experienced"),
    h("li", {}, square("#fff", "2 3"), "no longer in the service"),
    h("li", {}, line(4, "#a65200"), "key worker; wider: better relationship"),
    h("li", {}, line(3, "#a65200", "3 4"), "no contact this week"),
    h("li", {}, line(1.5, "#8a9199"), "asks for advice"));
}
