// Shows what a plan's simulation found.

import { term } from "./controls.js";
import { h, show, table } from "./dom.js";
import { picture } from "./picture.js";

function groups(figures) {
  const found = new Map();
  for (const one of figures) {
    if (!found.has(one.group)) found.set(one.group, []);
    found.get(one.group).push(one);
  }
  return [...found];
}

/** Show a result and return its heading. */
export function showPlanResult(place, result, key) {
  const folder = `api/results/${key}`;
  const heading = h("h2", { tabindex: "-1", id: "plan-heading" }, "What the simulation says");
  const { size } = result;
  show(place, heading,
    h("p", {}, h("strong", {}, result.rests_on)),
    result.lead.map((one) => h("p", { class: "lead" }, one)),
    h("p", { class: "caution" }, result.caution),
    h("p", {}, h("strong", {}, "Bands and bars: "), `5 in 10 (dark or thick) within 9 in 10 (light or thin) of the simulations, about the middle one. They cover ${result.covers}. In the courses, bands lie around the base case and each line ends in its own bar.`),
    term(`Medians with central 50% and 90% intervals over worlds (a draw of the parameters with one replication each); they cover ${result.covers_term ?? result.covers}. Tables also have means with their Monte Carlo standard errors. Scenarios share draws and random numbers.`),
    h("details", {}, h("summary", {}, "How precise this is, and what counts as important"), h("p", {}, result.precision)),
    h("div", { class: "buttons" },
      h("a", { class: "button", href: `${folder}/report.html`, target: "_blank", rel: "noopener" }, "Printable report"),
      result.tables.map((one) => h("a", { class: "button", href: `${folder}/${one.name}.csv`, download: `${one.name}.csv` }, "All differences (CSV)")),
      h("a", { class: "button", href: `${folder}/result.json`, download: "refocus-result.json" }, "Result (JSON)")),
    groups(result.figures).map(([title, members]) => [
      h("h3", {}, title),
      h("div", { class: "figures" }, members.map((one) => picture(one, folder, result.stamp))),
    ]),
    result.tables.map((one) => h("details", { class: "small" }, h("summary", {}, one.title), table(one.title, one.columns, one.rows))),
    h("details", {}, h("summary", {}, "The teams, and how to repeat this"),
      h("p", {}, `${size.teams} teams, ${size.staff} posts, ${size.service_users} service users; ${size.weeks} weeks; seed ${size.seed}. ${result.stamp}`),
      result.notes.length ? h("ul", {}, result.notes.map((one) => h("li", {}, one))) : null,
      h("p", {}, "Scenario files for the command line: ", result.settings.scenarios.map((one, at) => [
        at ? ", " : "", h("a", { href: `${folder}/scenario-${at + 1}.toml`, download: `scenario-${at + 1}.toml` }, one.label)]),
        result.settings.teams.kind === "described" ? [", ", h("a", { href: `${folder}/teams.csv`, download: "teams.csv" }, "the teams")] : null, "."),
      h("pre", {}, result.command)));
  return heading;
}
