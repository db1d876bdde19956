// Other lucks of both worlds, spread over workers, one a core; where a browser starts none, they are
// played here, a slice of time at once, so that the page answers meanwhile.
import { differenceAfterAYear } from "./worlds.js";

// Milliseconds of simulating after which the page may answer in between; more would be felt.
const SLICE = 40;
const MOST_WORKERS = 4;
const inPage = typeof document !== "undefined";
// The scripts up to this one: the week, the teams and what runs them. A worker needs no more.
const SCRIPTS = inPage ? [...document.scripts].map((one) => one.textContent) : [];

/** Plays the lucks it was asked for last, and tells their differences. */
class Player {
  constructor(slice, tell) {
    // Not a timer: after a few of them browsers wait four milliseconds before each.
    const line = new MessageChannel();
    let [question, found] = [null, []];
    line.port1.onmessage = ({ data }) => {
      if (data !== question.turn) return;
      const end = performance.now() + slice;
      do found.push(differenceAfterAYear(question.settings, question.lucks[found.length]));
      while (found.length < question.lucks.length && performance.now() < end);
      if (found.length < question.lucks.length) line.port2.postMessage(data);
      else tell({ turn: data, found });
    };
    this.postMessage = (asked) => {
      [question, found] = [asked, []];
      line.port2.postMessage(asked.turn);
    };
  }
}

/** Asks for lucks; an answer that a later question overtook is not told. */
export class Lucks {
  constructor(tell) {
    this.turn = 0;
    this.tell = tell;
    this.players = [];
    const cores = Math.min(MOST_WORKERS, navigator.hardwareConcurrency ?? 1);
    try {
      const address = URL.createObjectURL(new Blob([SCRIPTS.join("\n")]));
      for (let core = 0; cores > 1 && core < cores; core++) {
        const worker = new Worker(address);
        worker.onmessage = ({ data }) => this.hear(data);
        worker.onerror = () => this.alone();
        this.players.push(worker);
      }
    } catch {
      this.alone();
    }
    if (!this.players.length) this.alone();
  }

  /** Go on without workers. */
  alone() {
    for (const one of this.players) one.terminate?.();
    this.players = [new Player(SLICE, (answer) => this.hear(answer))];
    if (this.asked) this.ask(...this.asked);
  }

  ask(settings, lucks) {
    this.asked = [settings, lucks];
    this.turn += 1;
    this.found = [];
    const shares = this.players.map((_, at) => lucks.filter((_one, place) => place % this.players.length === at));
    this.players.forEach((one, at) => { one.postMessage({ turn: this.turn, settings, lucks: shares[at] }); });
  }

  hear({ turn, found }) {
    if (turn !== this.turn) return;
    this.found.push(...found);
    if (this.found.length === this.asked[1].length) this.tell(this.found);
  }
}

if (!inPage) {
  const player = new Player(0, (answer) => self.postMessage(answer));
  self.onmessage = ({ data }) => player.postMessage(data);
}
