// Stored power: chosen columns of a table that the library worked out.
import { found, h, show } from "./dom.js";

const [ICC, TEAMS, SIZE, EFFECT, CHANCE] = [0, 1, 2, 3, 4];
// What is shown stands in words this far behind its number.
const WORDS = 2;
const ENOUGH = 0.8;
const PLANNING = 0.03;
const { cells } = POWER;
const values = (column) => [...new Set(cells.map((cell) => cell[column]))].sort((one, other) => one - other);

function draw() {
  const [size, effect, what] = ["size", "effect", "what"].map((name) => Number(found(name).value));
  const chosen = cells.filter((cell) => cell[SIZE] === size && cell[EFFECT] === effect);
  const at = (icc, teams) => chosen.find((cell) => cell[ICC] === icc && cell[TEAMS] === teams);
  const enough = values(TEAMS).find((teams) => at(PLANNING, teams)[CHANCE] >= ENOUGH);
  show(found("said"), enough === undefined
    ? `With an ICC of ${PLANNING}, none of these numbers of teams finds ${effect} points 8 times in 10.`
    : `With an ICC of ${PLANNING}, ${enough} teams of ${size} people find ${effect} points 8 times in 10.`);
  show(found("table"),
    h("caption", {}, "Rows: teams in both arms; columns: ICC"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Teams"), values(ICC).map((icc) => h("th", { scope: "col" }, `ICC ${icc}`)))),
    h("tbody", {}, values(TEAMS).map((teams) => h("tr", {}, h("th", { scope: "row" }, String(teams)), values(ICC).map((icc) => {
      const cell = at(icc, teams);
      return h("td", { class: cell[CHANCE] >= ENOUGH ? "enough" : "below" }, cell[what + WORDS]);
    })))));
}

function choices(name, column, usual) {
  show(found(name), values(column).map((value) => h("option", { value, selected: value === usual }, String(value))));
  found(name).onchange = draw;
}

choices("size", SIZE, 15);
choices("effect", EFFECT, 4);
found("what").onchange = draw;
draw();
