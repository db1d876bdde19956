// Reads saved settings. What cannot be used is refused in one line that names field, value and rule.

export const FORMAT = "refocus-plan";
export const VERSION = 1;
const LARGEST = 200000;
const LONGEST_NOTE = 4000;
const FIELDS = ["format", "version", "settings", "notes"];
const NOTES = ["question", "hypothesis", "findings", "decisions"];

/** What is wrong with a file, in words. */
export class Unusable extends Error {}

const isTable = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function told(value) {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function onlyKnown(where, table, known) {
  const other = Object.keys(table).find((one) => !known.includes(one));
  if (other !== undefined) throw new Unusable(`unknown field “${other.slice(0, 60)}”${where}; there are ${known.join(", ")}.`);
}

function parsed(text) {
  try {
    const content = JSON.parse(text);
    // What cannot be written again is nested too deeply to be settings.
    JSON.stringify(content);
    return content;
  } catch {
    throw new Unusable("this is not JSON text, so it holds no settings of this page.");
  }
}

/** Return the settings and notes in a file's text; the settings' own rules are the server's. */
export function planIn(text) {
  const content = parsed(text);
  if (!isTable(content) || content.format !== FORMAT) {
    throw new Unusable(`holds no settings of this page: format = ${told(isTable(content) ? content.format : content)}: must be "${FORMAT}".`);
  }
  if (content.version !== VERSION) throw new Unusable(`version = ${told(content.version)}: must be ${VERSION}; other versions of this page wrote others.`);
  onlyKnown("", content, FIELDS);
  if (!isTable(content.settings)) throw new Unusable(`settings = ${told(content.settings)}: must be a table of settings (a JSON object).`);
  const notes = content.notes ?? {};
  if (!isTable(notes)) throw new Unusable(`notes = ${told(notes)}: must be a table of texts (a JSON object).`);
  onlyKnown(" in notes", notes, NOTES);
  for (const [name, note] of Object.entries(notes)) {
    if (typeof note !== "string" || note.length > LONGEST_NOTE) throw new Unusable(`notes.${name} = ${told(note)}: must be a text of at most ${LONGEST_NOTE} letters.`);
  }
  return { settings: content.settings, notes };
}

/** Return what a chosen file holds. */
export async function readPlan(file) {
  if (file.size > LARGEST) throw new Unusable(`${file.size} bytes are too many for settings; at most ${LARGEST}.`);
  return planIn(await file.text());
}
