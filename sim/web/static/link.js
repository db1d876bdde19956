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

/** Return a function that begins a turn and returns whether that is still the latest. */
export function turns() {
  let latest = 0;
  return () => {
    latest += 1;
    const turn = latest;
    return () => turn === latest;
  };
}

/** Return the view and the settings that an address asks for. */
export function asked() {
  const [view, text] = location.hash.slice(1).split("/", 2);
  return { view, settings: text ? unpacked(text) : null, broken: Boolean(text) && unpacked(text) === null };
}

/**
 * Put settings into the address; null stands for a view without any.
 * The entry of a run is kept, so that Back leads to it and to what it found; other entries are
 * replaced. `ran` says that these settings are those of a run.
 */
export function note(view, settings, ran = false) {
  const hash = settings === null ? `#${view}` : `#${view}/${packed(settings)}`;
  const same = location.hash === hash;
  const kept = Boolean(history.state?.ran);
  if (kept && !same) history.pushState({ ran }, "", hash);
  else history.replaceState({ ran: ran || (same && kept) }, "", hash);
}
