// What the model is for, what it rests on, and how to cite it.

import { read } from "./api.js";
import { JobPanel } from "./job-panel.js";
import { grade, h, show, table } from "./dom.js";

const TRIAL = "Slade M, Bird V, Clarke E, Le Boutillier C, McCrone P, Macpherson R, et al. Supporting recovery in patients with psychosis through care by community-based adult mental health teams (REFOCUS): a multisite, cluster, randomised, controlled trial. Lancet Psychiatry 2015;2:503–514.";

/** Return a figure with the digits that its source gives. */
const asWritten = (value) => String(value).replace("-", "−");

function list(items) {
  return h("ul", {}, items.map((one) => h("li", {}, one)));
}

async function draw() {
  const facts = await read("api/about");
  const { grades, posterior } = facts;
  const total = grades.trial + grades.literature + grades.assumption;
  const progress = h("div", {});
  const fit = h("div", { id: "fit-output" });
  const panel = new JobPanel(progress);
  const showFit = (found) => show(fit,
    table(`Reported figures and the same in ${found.trials} simulated trials; intervals cover ${found.covers}`, found.columns, found.rows));
  show(document.getElementById("about-content"),
    h("p", { class: "lead" }, "A simulation of trusts, teams, staff and service users in England’s community mental health services, and of how a programme that supports personal recovery is taken up there."),
    h("h2", {}, "What it can say"),
    list([
      "How training, coaching, readiness, leaders, colleagues, workload and turnover may work together on the way to practice, and from there to relationships and recovery.",
      "How ways of rolling a programme out differ under stated assumptions, with their uncertainty.",
      "How large the next trial would have to be, if its simulated services were like real ones.",
    ]),
    h("h2", {}, "What it cannot say"),
    list([
      "Whether the programme works. The REFOCUS trial found no clear difference in recovery (0.68 points, 95% interval −1.7 to 3.1), and cannot tell incomplete implementation, a weak effect and an insensitive measure apart. Neither can this model.",
      "What happens to any one person, or in any one team.",
      "Anything sure beyond twelve months: that is an extrapolation, and marked so.",
      "Anything sure about INSPIRE scores: no REFOCUS figure was seen, so they are not calibrated.",
      "What a programme does for black service users in particular: the trial found no benefit for them, and the model’s figures about groups are assumptions.",
    ]),
    h("h2", {}, "What the trial found, and what was chosen to be told"),
    h("p", {}, `One finding was positive: where teams took part more, support through relationships (QPR Interpersonal, 0 to 20) was higher than where they took part less. It was told because it was significant, one of three such contrasts, and teams chose themselves how far they took part. So it is shown three ways:`),
    table("Higher participation against lower, QPR Interpersonal, points", ["read as", "middle", "from", "to", "what the interval is"], [
      ["the trial’s own figure", asWritten(facts.finding.reported), asWritten(facts.finding.low), asWritten(facts.finding.high), "95% interval, as reported"],
      ["the model, all simulated trials", null, asWritten(facts.finding.all_low), asWritten(facts.finding.all_high), "9 in 10 trials"],
      ["the model, only trials that would have told it", null, asWritten(facts.finding.if_reported_low), asWritten(facts.finding.if_reported_high), "9 in 10 of those trials"],
    ]),
    h("p", {}, "What is told because it is large is on average too large. The model takes it so: it counts as a trial that would have reported a contrast, not as a contrast found wherever one looks."),
    h("h2", {}, "How its numbers are known"),
    h("p", {}, `Of ${total} parameters ${grades.trial} rest on the trial, ${grades.literature} on other literature and ${grades.assumption} on assumptions. Each control and each scenario carries its grade: `,
      grade("trial"), " ", grade("literature"), " ", grade("assumption"), "."),
    list([
      "Trial: a figure that the REFOCUS trial reported, or a count from its programme.",
      "Literature: a figure from other published studies, of other services or other times.",
      "Assumption: nobody has measured it. The model’s makers chose a value and a wide range; results that hang on it are what-ifs.",
    ]),
    h("h2", {}, "Calibration"),
    h("p", {}, `${posterior.draws} sets of values, fitted ${posterior.date} to what the trial reported (${posterior.method}). They inform few parameters; the others keep their priors.`),
    h("details", {}, h("summary", {}, `The ${posterior.calibrated.length} fitted parameters`),
      table("Fitted parameters and what informs them", ["parameter", "informed by"], posterior.calibrated)),
    posterior.coverage.length ? table("Does the fitting find the truth? Share of intervals that held it, in simulated data",
      ["intervals", "should be", "was", "Monte Carlo SE"], posterior.coverage) : null,
    posterior.flags.length ? [h("h3", {}, "What rests on assumptions"),
      list(posterior.flags.map((one) => `${one.charAt(0).toUpperCase()}${one.slice(1)}.`))] : null,
    posterior.rivals.length ? [h("h3", {}, "Why did the trial find no difference?"),
      h("p", {}, `Each of ${posterior.rivals.length} explanations is taken as the only one; all are equally likely before the trial. If only it were true, the programme as delivered would be expected to gain so many QPR points after a year; how well that agrees with the ${posterior.found} points that were found says how likely each is now, of 100. Where all stay near ${Math.round(100 / posterior.rivals.length)}, the trials cannot tell.`),
      table("Explanations of the trial’s result; 9 in 10 of the fitted sets of values lie from and to", ["why so little?", "expected gain, points", "from", "to", "likely after REFOCUS, of 100", "after PULSAR too"], posterior.rivals)] : null,
    h("h3", {}, "Beside the trial"),
    h("p", {}, "Simulate the REFOCUS trial again and again on this machine, analyse each as the trial was, and set its figures beside those reported. Most of them were fitted or chosen for, so that meeting them is no test of the model."),
    h("div", { class: "buttons" }, h("button", { type: "button", id: "fit-run", onclick: () => panel.run("fit", {}, showFit) }, "Compare with the trial")),
    progress, fit,
    h("h2", {}, "Your data"),
    h("p", {}, "The page speaks to one server only: the program that you started. A list of teams that you choose is read as data, kept in that program’s folder so that results are found again, and is never part of a link. Settings stand in the part of the address that browsers do not send."),
    h("h2", {}, "Accessibility"),
    h("p", {}, "Everything works with a keyboard; every figure has a text alternative and a table. What was tried is in docs/accessibility.md of the software."),
    h("h2", {}, "Version, licence, how to cite"),
    h("p", {}, `REFOCUS simulation ${facts.version}, MIT licence. Cite the software with its version (CITATION.cff), the seed and the settings of your run, and the trial:`),
    h("blockquote", {}, TRIAL));
}

/** Begin the view and return it. */
export async function begin() {
  await draw();
  return { open() {} };
}
