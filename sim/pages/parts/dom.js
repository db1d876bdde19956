// Making elements: no markup is ever parsed, so that nothing in data can become markup.
const SVG = "http://www.w3.org/2000/svg";

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(2).filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

export function h(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function s(name, attributes, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

export function show(place, ...children) {
  place.replaceChildren(...children.flat(2).filter((one) => one !== null && one !== false));
}

export const found = (name) => document.getElementById(name);
export const minus = (text) => String(text).replace("-", "−");
export const of100 = (value) => Math.round(100 * value);
export const signed = (value) => (Math.round(value) === 0 ? "0" : `${value > 0 ? "+" : "−"}${Math.abs(Math.round(value))}`);
