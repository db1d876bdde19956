// Two worlds over time: programme solid, usual care dashed, what is still to come faint.
import { of100, s, show } from "./dom.js";
import { WEEKS, YEAR } from "./worlds.js";

const SIDE = { left: 30, right: 100, top: 6, bottom: 20 };

export class Lines {
  constructor(place, name, redraw) {
    this.place = place;
    this.name = name;
    this.scale = [0, 1];
    this.size = [place.clientWidth, place.clientHeight];
    // Asked for while it is drawn, the browser would lay the page out in between.
    new ResizeObserver(([{ contentRect: { width, height } }]) => {
      if (String([width, height]) === String(this.size)) return;
      this.size = [width, height];
      redraw();
    }).observe(place);
  }

  /** Keep the weeks of both worlds; the scale follows the team's start, never what came of it. */
  load(both, sessions, scale) {
    this.both = [both.usual, both.programme].map((world) => world.frames.map((frame) => frame[this.name]));
    this.sessions = sessions;
    const all = this.both.flat();
    // A scale may widen, never narrow.
    this.scale = [Math.min(scale[0], Math.floor(20 * Math.min(...all)) / 20), Math.max(scale[1], Math.ceil(20 * Math.max(...all)) / 20)];
  }

  draw(week) {
    const width = Math.max(260, this.size[0] || 400);
    const height = this.size[1] || 104;
    const [low, high] = this.scale;
    const x = (at) => SIDE.left + ((width - SIDE.left - SIDE.right) * at) / WEEKS;
    const y = (value) => SIDE.top + ((height - SIDE.top - SIDE.bottom) * (high - value)) / (high - low);
    const path = (values, from) => values.map((value, at) => `${at ? "L" : "M"}${x(from + at).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    const ticks = [low, (low + high) / 2, high];
    const ends = this.both.map((values) => y(values[week]));
    // Labels at the end of the lines keep a line apart.
    const apart = Math.abs(ends[0] - ends[1]) < 15;
    const middle = (ends[0] + ends[1]) / 2;
    const labelled = apart ? (ends[0] > ends[1] ? [middle + 8, middle - 8] : [middle - 8, middle + 8]) : ends;
    const colours = ["var(--base)", "var(--prog)"];
    const words = ["usual care", "programme"];
    this.place.setAttribute("viewBox", `0 0 ${width} ${height}`);
    show(this.place,
      s("rect", { x: x(YEAR), y: SIDE.top, width: x(WEEKS) - x(YEAR), height: height - SIDE.top - SIDE.bottom, fill: "var(--sunk)" }),
      s("text", { x: x(WEEKS) - 4, y: height - SIDE.bottom - 4, "font-size": 12, "text-anchor": "end" }, "nobody has measured"),
      ticks.map((tick) => [
        s("line", { x1: x(0), x2: x(WEEKS), y1: y(tick), y2: y(tick), stroke: "var(--rule)" }),
        s("text", { x: SIDE.left - 6, y: y(tick) + 4, "font-size": 12, "text-anchor": "end" }, String(of100(tick))),
      ]),
      [0, 26, YEAR, 78, WEEKS].map((tick) => s("text", { x: x(tick), y: height - 4, "font-size": 12, "text-anchor": tick === 0 ? "start" : "middle" }, tick === 0 ? "start" : `${tick}${tick === WEEKS ? " weeks" : ""}`)),
      this.sessions.map((at) => s("path", { d: `M${x(at).toFixed(1)} ${height - SIDE.bottom - 7}l-4 7h8z`, fill: "var(--people)" })),
      this.both.map((values, world) => [
        s("path", { d: path(values.slice(week), week), fill: "none", stroke: colours[world], "stroke-width": 1.5, opacity: 0.35, "stroke-dasharray": world ? "none" : "5 3" }),
        s("path", { d: path(values.slice(0, week + 1), 0), fill: "none", stroke: colours[world], "stroke-width": 2.5, "stroke-dasharray": world ? "none" : "5 3" }),
        s("circle", { cx: x(week), cy: ends[world], r: 3.5, fill: colours[world] }),
        s("text", { x: x(WEEKS) + 6, y: labelled[world] + 4, "font-size": 12, "font-weight": 600, fill: "var(--ink)" }, `${words[world]} ${of100(values[week])}`),
      ]),
      s("line", { x1: x(week), x2: x(week), y1: SIDE.top, y2: height - SIDE.bottom, stroke: "var(--ink)" }));
  }
}
