// The picture of a team: the leader in the middle, staff around, people who use the service outside.
import { s, show } from "./dom.js";

const WIDTH = 420;
const HEIGHT = 300;
const CENTRE = [WIDTH / 2, HEIGHT / 2];
const RADII = [196, 138];
const STAFF_AT = 0.6;
const CORRIDOR = 0.78;
const USERS_AT = 0.94;
const NAMES = ["less", "same", "little", "more", "much"];
// Of 100: where "a little", "more" and "much more" begin.
export const STEPS = { staff: [3, 10, 25], user: [2, 5, 10] };

const at = (angle, part) => [CENTRE[0] + part * RADII[0] * Math.cos(angle), CENTRE[1] + part * RADII[1] * Math.sin(angle)];
const xy = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** Return which of five steps a change (0 to 1) is. */
export function stepOf(kind, change) {
  const points = 100 * change;
  const [little, more, much] = STEPS[kind];
  if (points <= -little) return "less";
  return NAMES[1 + (points >= little) + (points >= more) + (points >= much)];
}

const levelOf = (value) => ["same", "little", "more", "much"][Math.min(3, Math.floor(4 * value))];

function anglesOf(team, firstFrame) {
  const carrying = team.coordinators.map((_, place) => place).filter((place) => team.coordinators[place] && place !== 0);
  const others = team.coordinators.map((_, place) => place).filter((place) => !team.coordinators[place] && place !== 0);
  const order = carrying.flatMap((place, number) => {
    const from = Math.floor((number * others.length) / carrying.length);
    return [place, ...others.slice(from, Math.floor(((number + 1) * others.length) / carrying.length))];
  });
  const angle = new Map(order.map((place, number) => [place, (2 * Math.PI * number) / order.length - Math.PI / 2]));
  const users = new Map();
  for (const place of carrying) {
    const own = firstFrame.users.flatMap((user, number) => (user.worker === place ? [number] : []));
    own.forEach((number, turn) => {
      users.set(number, angle.get(place) + (turn - (own.length - 1) / 2) * 0.19);
    });
  }
  firstFrame.users.forEach((_, number) => {
    if (!users.has(number)) users.set(number, (2 * Math.PI * (number + 0.5)) / firstFrame.users.length - Math.PI / 2);
  });
  return { angle, users };
}

// Straight out where the person sits with the worker, else round through the free ring between both.
function lineTo(from, to) {
  let turn = to - from;
  while (turn > Math.PI) turn -= 2 * Math.PI;
  while (turn < -Math.PI) turn += 2 * Math.PI;
  if (Math.abs(turn) < 0.5) return `M${xy(at(from, STAFF_AT))}L${xy(at(to, USERS_AT))}`;
  const [rx, ry] = RADII.map((radius) => radius * CORRIDOR);
  const arc = `A${rx.toFixed(1)} ${ry.toFixed(1)} 0 0 ${turn > 0 ? 1 : 0} ${xy(at(to, CORRIDOR))}`;
  return `M${xy(at(from, STAFF_AT))}L${xy(at(from, CORRIDOR))}${arc}L${xy(at(to, USERS_AT))}`;
}

export class TeamMap {
  /** Draw into an SVG element; `choose(kind, place)` is called for who is clicked. */
  constructor(place, choose) {
    this.place = place;
    this.choose = choose;
    place.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  }

  /** Lay a team out: the same places in both worlds and all weeks. */
  lay(team, world) {
    const first = world.frames[0];
    this.first = first;
    // A moved slider leaves everybody in place.
    const laid = JSON.stringify([team.coordinators, world.ties, first.users.map((one) => one.worker)]);
    if (laid === this.laid) return;
    this.laid = laid;
    this.angles = anglesOf(team, first);
    const spot = (place) => (place === 0 ? CENTRE : at(this.angles.angle.get(place), STAFF_AT));
    const ties = world.ties.flatMap((asked, place) => asked.map((other) => {
      const middle = spot(place).map((value, axis) => (value + spot(other)[axis]) / 4 + CENTRE[axis] / 2);
      return s("path", { d: `M${xy(spot(place))}Q${xy(middle)} ${xy(spot(other))}`, stroke: "var(--rule)", fill: "none" });
    }));
    this.lines = first.users.map(() => s("path", { fill: "none", "stroke-linecap": "round" }));
    this.staff = first.staff.map((_, number) => {
      const [x, y] = spot(number);
      const radius = number === 0 ? 14 : team.coordinators[number] ? 11 : 8;
      const ring = number === 0 ? s("circle", { cx: x, cy: y, r: radius + 4, fill: "var(--card)", stroke: "var(--ink2)", "stroke-width": 1.5 }) : null;
      const shape = s("circle", { cx: x, cy: y, r: radius, class: "fade", stroke: "var(--ink2)", "stroke-width": 1.5 });
      const mark = s("text", { x, y: y + 4.5, "text-anchor": "middle", "font-size": 14, "font-weight": 700 });
      const chosen = s("circle", { cx: x, cy: y, r: radius + (number === 0 ? 8 : 5), fill: "none", stroke: "var(--ink)", "stroke-width": 2.5 });
      const group = s("g", { class: "person-mark", onclick: () => this.choose("staff", number) }, chosen, ring, shape, mark);
      return { group, shape, mark, chosen };
    });
    this.users = first.users.map((_, number) => {
      const [x, y] = at(this.angles.users.get(number), USERS_AT);
      const shape = s("rect", { x: x - 9, y: y - 9, width: 18, height: 18, rx: 4, class: "fade", stroke: "var(--ink2)", "stroke-width": 1.5 });
      const mark = s("text", { x, y: y + 4.5, "text-anchor": "middle", "font-size": 14, "font-weight": 700 });
      const chosen = s("rect", { x: x - 13, y: y - 13, width: 26, height: 26, rx: 7, fill: "none", stroke: "var(--ink)", "stroke-width": 2.5 });
      const group = s("g", { class: "person-mark", onclick: () => this.choose("user", number) }, chosen, shape, mark);
      return { group, shape, mark, chosen };
    });
    show(this.place, ties, this.lines, this.staff.map((one) => one.group), this.users.map((one) => one.group));
  }

  /** Paint a week: change since the start, or levels. */
  paint(frame, chosen, levels) {
    const paintOne = (kind, node, number, value, start, gone, isNew) => {
      const step = gone ? "same" : levels ? levelOf(value) : stepOf(kind, value - start);
      node.shape.setAttribute("fill", `var(--${step})`);
      node.shape.setAttribute("stroke-dasharray", gone ? "2 3" : "none");
      node.mark.textContent = gone ? "" : step === "less" ? "−" : isNew ? "+" : "";
      node.mark.setAttribute("fill", step === "much" ? "var(--on-prog)" : "var(--ink)");
      node.chosen.setAttribute("visibility", chosen.kind === kind && chosen.place === number ? "visible" : "hidden");
    };
    frame.staff.forEach((one, number) => {
      paintOne("staff", this.staff[number], number, one.practice, this.first.staff[number].practice, !one.present, one.generation > 0);
    });
    frame.users.forEach((one, number) => {
      paintOne("user", this.users[number], number, one.support, this.first.users[number].support, !one.inService, one.generation > 0);
      const line = this.lines[number];
      const there = one.inService && one.worker >= 0 && frame.staff[one.worker].present;
      line.setAttribute("visibility", there ? "visible" : "hidden");
      if (!there) return;
      const step = stepOf("user", one.relationship - this.first.users[number].relationship);
      const from = one.worker === 0 ? this.angles.users.get(number) : this.angles.angle.get(one.worker);
      line.setAttribute("d", lineTo(from, this.angles.users.get(number)));
      line.setAttribute("stroke", step === "less" ? "var(--people)" : step === "same" ? "var(--edge)" : "var(--prog)");
      line.setAttribute("stroke-width", { less: 2, same: 1.5, little: 2.5, more: 3.5, much: 5 }[step]);
      line.setAttribute("stroke-dasharray", step === "less" ? "5 3" : "none");
    });
  }
}
