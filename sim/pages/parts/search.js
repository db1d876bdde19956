// A search over headings and text: every word asked for begins a word of the section.
import { found, h, show } from "./dom.js";

const MOST = 30;
const AROUND = 90;
const WORTH = { title: 20, page: 6, text: 1 };
const [HREF, PAGE, TITLE, TEXT] = [0, 1, 2, 3];

function begins(word) {
  return new RegExp(`(?<![\\p{L}\\p{N}])${word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`, "giu");
}

function worth(one, words, asked) {
  const points = words.map((word) => {
    const times = (text) => text.match(word)?.length ?? 0;
    return WORTH.title * Math.min(1, times(one[TITLE])) + WORTH.page * Math.min(1, times(one[PAGE])) + WORTH.text * Math.min(5, times(one[TEXT]));
  });
  if (points.includes(0)) return 0;
  // A term of that name comes before one that begins with it, and that before what mentions it.
  const [title, name] = [one[TITLE].toLowerCase(), asked.toLowerCase()];
  const named = title === name ? WORTH.title : title.startsWith(name) ? WORTH.title / 2 : 0;
  return points.reduce((sum, value) => sum + value, named) - one[TITLE].length / 100;
}

function around(text, words) {
  const at = Math.max(0, text.search(words[0]));
  const from = at <= AROUND ? 0 : text.indexOf(" ", at - AROUND) + 1;
  const piece = text.slice(from, at + 2 * AROUND);
  const [first] = words;
  const parts = [];
  let done = 0;
  for (const hit of piece.matchAll(first)) {
    parts.push(piece.slice(done, hit.index), h("mark", {}, hit[0]));
    done = hit.index + hit[0].length;
  }
  return [from > 0 ? "… " : "", ...parts, piece.slice(done), at + 2 * AROUND < text.length ? " …" : ""];
}

function search(sections) {
  const asked = found("asked").value.trim();
  const words = asked.split(/\s+/).filter(Boolean).map(begins);
  const hits = asked.length < 2 ? [] : sections.map((one) => [worth(one, words, asked), one]).filter(([value]) => value > 0).sort(([one], [other]) => other - one);
  const many = hits.length > MOST ? `, the first ${MOST}` : "";
  const told = hits.length === 0 ? "Nothing found. Try the beginning of a word." : `${hits.length} place${hits.length > 1 ? "s" : ""}${many}`;
  found("told").textContent = asked.length < 2 ? "" : told;
  show(found("hits"), hits.slice(0, MOST).map(([, one]) => h("li", {},
    h("a", { href: one[HREF] }, one[TITLE]), one[PAGE] === one[TITLE] ? "" : h("span", { class: "mute small" }, ` in ${one[PAGE]}`),
    h("p", { class: "small" }, around(one[TEXT], words)))));
  if (asked !== asLinked()) location.replace(`#${new URLSearchParams({ asked })}`);
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).json();
}

// What was asked stands in the address, so that Back leads to what was found. Not by itself: a word
// that is the name of a place in the page would lead there, away from what is being typed.
const asLinked = () => new URLSearchParams(location.hash.slice(1)).get("asked") ?? "";
found("asked").value = asLinked();
found("search").addEventListener("submit", (event) => event.preventDefault());
unpacked(PACKED).then((sections) => {
  found("asked").addEventListener("input", () => search(sections));
  if (found("asked").value !== "") search(sections);
}).catch(() => { found("told").textContent = "This browser is too old for the search; the pages below need nothing of it."; });
