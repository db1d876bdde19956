// Draws a control for a described number, switch, choice or list, with unit, help and reset.

import { grade, h, unique } from "./dom.js";

function listText(value) {
  return value.map((one) => (typeof one === "object" ? `${one.week}: ${one.days}` : String(one))).join(", ");
}

function listValue(text, sessions) {
  const parts = text.split(",").map((one) => one.trim()).filter(Boolean);
  return parts.map((part) => {
    if (!sessions) return Number(part);
    const [week, days] = part.split(":").map((one) => Number(one.trim()));
    return { week, days };
  });
}

/** Return a value as a reader sees it. */
export function valueText(value) {
  if (value === null || value === undefined) return "not set";
  if (Array.isArray(value)) return value.length ? listText(value) : "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
}

/** Say which rule a value of a field breaks: label, value, rule. */
function ruleText(field, written, sessions) {
  const unit = field.unit && field.unit !== "0-1" ? ` (${field.unit})` : "";
  const rules = {
    whole: `must be a whole number from ${field.low} to ${field.high}${unit}`,
    number: `must be a number from ${field.low} to ${field.high}${unit}`,
    rows: "must be one line per sequence, of digits 0 to 3, as 0011",
    list: sessions ? "must be week: days, as in 1: 0.5, 3: 0.5" : "must be numbers with commas between them",
  };
  const value = written.trim() === "" ? "nothing" : `“${written.trim().slice(0, 40)}”`;
  return `${field.label} = ${value}: ${rules[field.kind] ?? "must be one of those listed"}.`;
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * Return a control.
 * `field`: name, label, kind, unit, low, high, choices, optional, default, help, grade;
 * `value`: what it shows; `usual`: what reset goes back to; `onChange(name, value)`: value is
 * undefined when it is the usual one.
 * The element has `put(value)`, which shows another value without telling of a change, and
 * `rule()`, which says in words what is wrong with a value that does not fit.
 */
export function control(field, value, usual, onChange) {
  const id = unique("field");
  const sessions = field.name.endsWith(".sessions");
  const holder = h("div", { class: "field", "data-field": field.name });
  const described = [];
  let input;
  let slider = null;

  const current = () => {
    if (field.kind === "switch") return input.checked;
    if (field.kind === "list") return listValue(input.value, sessions);
    if (field.kind === "rows") return input.value;
    if (field.kind === "choice") return input.value === "" ? null : input.value;
    return input.value.trim() === "" ? null : Number(input.value);
  };
  const fits = (now) => {
    if (field.kind === "list") {
      return now.every((one) => (sessions ? one.week > 0 && one.days > 0 : Number.isFinite(one)));
    }
    if (field.kind === "rows") return /^[0-3\s,;]*[0-3][0-3\s,;]*$/.test(now);
    if (now === null) return field.optional;
    if (field.kind === "number" || field.kind === "whole") {
      const inside = Number.isFinite(now) && now >= field.low && now <= field.high;
      return inside && (field.kind === "number" || Number.isInteger(now));
    }
    return true;
  };
  const mark = () => {
    const now = current();
    const right = fits(now);
    if (right) input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
    const other = !same(now, usual ?? null);
    holder.classList.toggle("changed", other);
    reset.hidden = !other;
    return { now, right, other };
  };
  const changed = () => {
    const { now, right, other } = mark();
    if (slider !== null && Number.isFinite(now)) slider.value = String(now);
    onChange(field.name, other ? now : undefined, right);
  };
  const put = (now) => {
    if (field.kind === "switch") input.checked = Boolean(now);
    else if (field.kind === "list") input.value = listText(now ?? []);
    else input.value = now === null || now === undefined ? "" : String(now);
    if (slider !== null) slider.value = String(now ?? field.low);
  };
  const reset = h("button", {
    type: "button", class: "quiet", hidden: true,
    "aria-label": `Reset ${field.label} to ${valueText(usual)}`,
    onclick: () => { put(usual); changed(); input.focus(); },
  }, "reset");

  const common = { id, oninput: () => changed() };
  if (field.kind === "switch") {
    input = h("input", { ...common, type: "checkbox" });
  } else if (field.kind === "choice") {
    const empty = field.optional ? [h("option", { value: "" }, "not known")] : [];
    input = h("select", common, empty, field.choices.map((one) => h("option", { value: one }, field.titles?.[one] ?? one.replaceAll("-", " "))));
  } else if (field.kind === "list") {
    input = h("input", { ...common, type: "text", class: "wide", autocomplete: "off", spellcheck: "false" });
  } else if (field.kind === "rows") {
    input = h("textarea", { ...common, rows: 5, autocomplete: "off", spellcheck: "false" });
  } else {
    const step = field.kind === "whole" ? "1" : "any";
    input = h("input", { ...common, type: "number", min: field.low, max: field.high, step, inputmode: "decimal" });
    if (field.kind === "number" && field.low === 0 && field.high === 1) {
      slider = h("input", {
        type: "range", min: "0", max: "1", step: "0.05", "aria-label": `${field.label}, slider`,
        oninput: () => { input.value = slider.value; changed(); },
      });
    }
  }
  const helps = [];
  const range = field.kind === "number" || field.kind === "whole" ? `${field.low} to ${field.high}` : "";
  if (field.help || range || sessions) {
    const helpId = unique("help");
    described.push(helpId);
    const format = sessions ? "Write week: days, as in 1: 0.5, 3: 0.5." : "";
    helps.push(h("p", { class: "help", id: helpId }, [field.help, format, range ? `(${range})` : ""].filter(Boolean).join(" ")));
  }
  if (field.term) helps.push(term(field.term));
  if (field.source) helps.push(h("p", { class: "help" }, `Source: ${field.source}`));
  if (described.length) input.setAttribute("aria-describedby", described.join(" "));
  const unit = field.unit && field.unit !== "0-1" ? h("span", { class: "unit" }, field.unit) : null;
  const badge = field.grade ? grade(field.grade) : null;
  if (field.kind === "switch") {
    holder.append(h("div", { class: "row" }, h("label", { class: "choice", for: id }, input, field.label), badge, reset), ...helps);
  } else {
    holder.append(h("label", { for: id }, field.label), h("div", { class: "row" }, input, slider, unit, badge, reset), ...helps);
  }
  put(value);
  mark();
  holder.put = (now) => { put(now); mark(); };
  holder.rule = () => ruleText(field, input.value, sessions);
  return holder;
}

/** Return the statistician's word for something, one click away. */
export function term(words) {
  return h("details", { class: "term" }, h("summary", {}, "In a statistician’s words"), h("p", {}, words));
}

/** Return a details element that is filled when it is first opened. */
export function lazyDetails(title, fill, attributes = {}) {
  const holder = h("details", attributes, h("summary", {}, title));
  holder.addEventListener("toggle", () => {
    if (holder.open && holder.childElementCount === 1) holder.append(...fill().filter(Boolean));
  });
  return holder;
}
