// A person in plain sentences: what changed, why, and what did not. Names are made up.
import { minus, of100 } from "./dom.js";

const STAFF = ["Femi", "Anna", "Bilal", "Carys", "Dev", "Edith", "Finn", "Grace", "Hamid", "Ines", "Joel", "Kemi", "Liam", "Mina", "Nils", "Olu", "Pia", "Ravi", "Sana", "Tom", "Uma", "Vera", "Will", "Xenia", "Yusuf", "Zoe"];
const USERS = ["Farah", "George", "Hana", "Ivan", "Jade", "Kofi", "Lena", "Marcus", "Nadia", "Oscar", "Priya", "Quinn", "Rosa", "Sam", "Tariq", "Una", "Viktor", "Wanda", "Yaw", "Zara", "Alex", "Bea", "Cyril", "Dora", "Emil"];

const from = (names, place) => (place < names.length ? names[place] : `${names[place % names.length]} ${1 + Math.floor(place / names.length)}`);

/** Return the made-up name of a person in a place. */
export function nameOf({ kind, place }) {
  return from(kind === "staff" ? STAFF : USERS, place);
}

function moved(usual, programme, start) {
  const points = 100 * (programme - usual);
  const both = `${of100(start)} of 100 at the start, now ${of100(programme)} (usual care: ${of100(usual)}).`;
  if (Math.abs(points) < 2) return ["The programme makes hardly a difference here.", both];
  return [points > 0 ? null : "Less with the programme than without.", both];
}

function staffSentences(place, before, usual, programme, name) {
  const [first, now, other] = [before.staff[place], programme.staff[place], usual.staff[place]];
  if (!now.present || !other.present) {
    const where = now.present ? "under usual care" : other.present ? "with the programme" : "in both worlds";
    return [[`${name}’s post is empty ${where}.`, "Who left took the training along."]];
  }
  const somebody = now.generation > 0 ? `A newcomer holds ${name}’s post.` : null;
  const [none, levels] = moved(other.practice, now.practice, first.practice);
  const gain = { skill: 100 * (now.skill - other.skill), intention: 100 * (now.intention - other.intention), practice: 100 * (now.practice - other.practice) };
  const lost = gain.intention - gain.practice;
  return [
    [somebody ?? none ?? `${name} does more of what was taught than under usual care.`, levels],
    ["Why:", `went to ${now.sessions} of the training sessions. Skill ${minus(Math.round(gain.skill))}, intention ${minus(Math.round(gain.intention))} points above usual care.`],
    ["What it did not do:", lost > 3 ? `${Math.round(lost)} points of intention found no room in the week: other work, too little coaching.` : "little was lost between intention and practice."],
  ];
}

function userSentences(place, before, usual, programme, name) {
  const [first, now, other] = [before.users[place], programme.users[place], usual.users[place]];
  if (!now.inService || !other.inService) {
    const where = now.inService ? "under usual care" : other.inService ? "with the programme" : "in both worlds";
    return [[`${name} has left the service ${where}.`, "Another person may take the place."]];
  }
  if (now.generation > 0) return [[`Somebody new has ${name}’s place on the list.`, `They feel ${of100(now.support)} of 100 supported.`]];
  const [none, levels] = moved(other.support, now.support, first.support);
  const worker = now.worker < 0 ? null : programme.staff[now.worker];
  const who = worker === null ? "nobody" : nameOf({ kind: "staff", place: now.worker });
  const why = worker === null || !worker.present
    ? "there is no key worker at the moment."
    : `${who} went to ${worker.sessions} sessions and does ${of100(worker.practice)} of 100 of what was taught (usual care: ${of100(usual.staff[now.worker].practice)}).`;
  const apart = now.recovery - other.recovery;
  return [
    [none ?? `${name} feels more supported than under usual care.`, levels],
    ["Why:", why + (now.changes > 0 ? ` The key worker changed ${now.changes === 1 ? "once" : `${now.changes} times`}.` : "")],
    [Math.abs(apart) < 0.2 ? "What it did not do:" : "Beyond that:", Math.abs(apart) < 0.2
      ? "recovery hardly differs; most of it has other causes."
      : `recovery is ${Math.abs(apart).toFixed(1)} standard deviations ${apart > 0 ? "further" : "behind"} with the programme.`],
  ];
}

/** Return sentences about a person: what stands out, and the rest. */
export function sentences(person, both, week) {
  const frames = [both.usual.frames[0], both.usual.frames[week], both.programme.frames[week]];
  const make = person.kind === "staff" ? staffSentences : userSentences;
  return make(person.place, ...frames, nameOf(person));
}

/** Return what a person is called in a list. */
export function titleOf(person, both, week) {
  const name = nameOf(person);
  if (person.kind === "staff") return person.place === 0 ? `${name}, team leader` : name;
  const { worker } = both.programme.frames[week].users[person.place];
  return worker < 0 ? `${name}, without a key worker` : `${name}, who sees ${nameOf({ kind: "staff", place: worker })}`;
}
