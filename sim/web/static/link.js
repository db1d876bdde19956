// Settings in the part of the address that never leaves the browser.

/** Return a value as text that fits an address. */
export function packed(value) {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  let text = "";
  for (const one of bytes) text += String.fromCharCode(one);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Return the value in such a text, or null when it holds none. */
export function unpacked(text) {
  try {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(plain, (one) => one.charCodeAt(0));
    const value = JSON.parse(new TextDecoder().decode(bytes));
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** Return the view and the settings that an address asks for. */
export function asked() {
  const [view, text] = location.hash.slice(1).split("/", 2);
  return { view, settings: text ? unpacked(text) : null, broken: Boolean(text) && unpacked(text) === null };
}

/** Put settings into the address, without a new entry in the history. */
export function note(view, settings) {
  history.replaceState(null, "", `#${view}/${packed(settings)}`);
}
