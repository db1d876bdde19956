// A figure drawn by the server, its table, and its files.

import { download, h, table } from "./dom.js";

const SCALE = 3;
const NOTE_SIZE = 9;

/** Save a drawing as PNG, with a note under it. */
async function savePng(image, name, stamp) {
  await image.decode();
  const width = image.naturalWidth;
  const height = image.naturalHeight;
  const canvas = h("canvas", { width: width * SCALE, height: (height + 3 * NOTE_SIZE) * SCALE });
  const pen = canvas.getContext("2d");
  pen.scale(SCALE, SCALE);
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height + 3 * NOTE_SIZE);
  pen.drawImage(image, 0, 0, width, height);
  pen.fillStyle = "#535a61";
  pen.font = `${NOTE_SIZE - 2}px sans-serif`;
  pen.fillText(stamp, 6, height + 1.5 * NOTE_SIZE, width - 12);
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
  download(`${name}.png`, blob, "image/png");
}

/** Return a figure with heading, drawing, caption, table and downloads. */
export function picture(one, folder, stamp) {
  const image = h("img", { src: `${folder}/${one.name}.svg`, alt: one.alt, width: "403", height: "238" });
  image.addEventListener("load", () => { image.width = image.naturalWidth; image.height = image.naturalHeight; });
  return h("figure", {},
    h("h4", {}, one.title),
    image,
    h("figcaption", {}, one.caption),
    h("details", { class: "small" }, h("summary", {}, "Numbers and files"),
      h("div", { class: "buttons" },
        h("a", { class: "button", href: `${folder}/${one.name}.csv`, download: `${one.name}.csv`, "aria-label": `CSV of ${one.title}` }, "CSV"),
        h("button", { type: "button", "aria-label": `PNG of ${one.title}`, onclick: () => savePng(image, one.name, stamp) }, "PNG"),
        h("a", { class: "button", href: `${folder}/${one.name}.svg`, download: `${one.name}.svg`, "aria-label": `SVG of ${one.title}` }, "SVG")),
      table(one.title, one.columns, one.rows)));
}
