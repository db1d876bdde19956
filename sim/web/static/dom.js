// Builds parts of the page from plain values. Text is always set as text, never read as markup.

const SVG = "http://www.w3.org/2000/svg";
let lastNumber = 0;

/** Return an identifier that no other element has. */
export function unique(prefix) {
  lastNumber += 1;
  return `${prefix}-${lastNumber}`;
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "open") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(3).filter((one) => one !== null && one !== undefined && one !== false));
  return element;
}

/** Return an HTML element with attributes, listeners (onclick, ...) and children. */
export function h(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Return an SVG element. */
export function s(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Show other children in an element. */
export function show(element, ...children) {
  element.replaceChildren(...children.flat(3).filter((one) => one !== null && one !== undefined && one !== false));
}

let clearing = 0;

/** Tell a screen reader something that happened. */
export function say(text) {
  const region = document.getElementById("status");
  region.textContent = "";
  clearTimeout(clearing);
  clearing = setTimeout(() => { region.textContent = text; }, 60);
}

/** Return a number as people read it. */
export function shown(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  const digits = Number.isInteger(value) ? 0 : Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 10 ? 2 : 3;
  return value.toFixed(digits).replace("-", "−");
}

/** Return a time as people say it. */
export function duration(seconds) {
  if (seconds < 1.5) return "about a second";
  if (seconds < 90) return `about ${Math.round(seconds)} seconds`;
  return `about ${Math.round(seconds / 60)} minutes`;
}

/** Return a table that scrolls sideways by itself. */
export function table(caption, columns, rows) {
  const head = h("thead", {}, h("tr", {}, columns.map((one) => h("th", { scope: "col" }, one))));
  const body = h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, at) => {
    const text = cell instanceof Node ? cell : shown(cell);
    if (at === 0) return h("th", { scope: "row" }, text);
    return h("td", { class: typeof cell === "number" ? "number" : null }, text);
  }))));
  return h("div", { class: "scroll", role: "group", tabindex: "0", "aria-label": caption },
    h("table", {}, h("caption", {}, caption), head, body));
}

/** Return an error message that is read out at once. */
export function errorBox(message) {
  return h("div", { class: "error", role: "alert" }, h("strong", {}, "Not done. "), message);
}

/** Return a badge that says how something is known. */
export function grade(name) {
  return h("span", { class: `grade ${name}` }, `evidence: ${name}`);
}

/** Save content as a file. */
export function download(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
