// Whether a text matches a regular expression of a form, in time that grows with the text only.
//
// The browser's own engine tries one way after another: a pattern like (a+)+$ would hold the page for ever. Here all ways
// are followed at once (Thompson 1968). Single characters and classes are still judged by the browser's engine, one
// character at a time, so that they mean the same.

const STEPS_AT_MOST = 2000;
const WRITTEN_AT_MOST = 20_000;
const WORK_AT_MOST = 20_000_000;
const WORD = /^[0-9A-Za-z_]$/;

class Unknown extends Error {}

/** Reads a pattern into a tree: {any: [..]}, {all: [..]}, {repeat, least, most}, {one: RegExp}, {at: "^" | "$" | "\\b" | "\\B"}. */
class Reader {
  constructor(source) {
    this.letters = [...source];
    this.place = 0;
  }

  read() {
    const tree = this.choices();
    if (this.place < this.letters.length) throw new Unknown();
    return tree;
  }

  choices() {
    const any = [this.sequence()];
    while (this.take("|")) any.push(this.sequence());
    return any.length === 1 ? any[0] : { any };
  }

  sequence() {
    const all = [];
    while (this.place < this.letters.length && this.next !== "|" && this.next !== ")") all.push(this.repeated(this.atom()));
    return { all };
  }

  get next() {
    return this.letters[this.place];
  }

  take(text) {
    const found = this.letters.slice(this.place, this.place + text.length).join("") === text;
    if (found) this.place += text.length;
    return found;
  }

  atom() {
    if (this.take("^")) return { at: "^" };
    if (this.take("$")) return { at: "$" };
    if (this.take("\\b")) return { at: "\\b" };
    if (this.take("\\B")) return { at: "\\B" };
    if (this.take("(")) return this.group();
    const from = this.place;
    this.place = this.next === "[" ? this.afterClass() : this.next === "\\" ? this.afterEscape() : from + 1;
    return { one: new RegExp(`^${this.letters.slice(from, this.place).join("")}$`, "u") };
  }

  group() {
    if (this.next === "?" && !this.take("?:")) {
      const named = this.take("?<") && this.next !== "=" && this.next !== "!";
      if (!named) throw new Unknown(); // a look around
      while (!this.take(">")) this.place += 1;
    }
    const inside = this.choices();
    if (!this.take(")")) throw new Unknown();
    return inside;
  }

  afterClass() {
    let place = this.place + 1;
    while (place < this.letters.length && this.letters[place] !== "]") place += this.letters[place] === "\\" ? 2 : 1;
    return place + 1;
  }

  afterEscape() {
    const rest = this.letters.slice(this.place, this.place + 40).join("");
    if (/^\\([1-9]|k<)/.test(rest)) throw new Unknown(); // a back reference
    const long = /^\\(u\{[0-9a-fA-F]+\}|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\})/.exec(rest);
    return this.place + (long ? [...long[0]].length : 2);
  }

  repeated(atom) {
    const rest = this.letters.slice(this.place, this.place + 24).join("");
    const count = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(rest);
    if (!count) return atom;
    this.place += count[0].length;
    const [, sign, low, comma, high] = count;
    if (sign) return { repeat: atom, least: sign === "+" ? 1 : 0, most: sign === "?" ? 1 : Infinity };
    return { repeat: atom, least: Number(low), most: comma ? (high ? Number(high) : Infinity) : Number(low) };
  }
}

/** The tree as steps: {one, to}, {at, to}, {ways: [..]}, {done}. Built from the end, so that every step knows its next. */
class Program {
  steps = [{ done: true }];
  written = 0;

  add(step) {
    if (this.steps.length >= STEPS_AT_MOST) throw new Unknown();
    return this.steps.push(step) - 1;
  }

  /** The first step of `tree`, after which comes the step `to`. */
  write(tree, to) {
    this.written += 1; // a repeat of nothing adds no step and would go on for ever
    if (this.written > WRITTEN_AT_MOST) throw new Unknown();
    if (tree.one) return this.add({ one: tree.one, to });
    if (tree.at) return this.add({ at: tree.at, to });
    if (tree.any) return this.add({ ways: tree.any.map((way) => this.write(way, to)) });
    if (tree.all) return tree.all.reduceRight((next, part) => this.write(part, next), to);
    return this.writeRepeat(tree, to);
  }

  writeRepeat({ repeat, least, most }, to) {
    let next = to;
    if (most === Infinity) {
      next = this.add({ ways: [] });
      this.steps[next].ways = [this.write(repeat, next), to];
    } else {
      for (let left = most - least; left > 0; left -= 1) next = this.add({ ways: [this.write(repeat, next), to] });
    }
    for (let left = least; left > 0; left -= 1) next = this.write(repeat, next);
    return next;
  }
}

function holds(at, letters, place) {
  if (at === "^") return place === 0;
  if (at === "$") return place === letters.length;
  const edge = WORD.test(letters[place - 1] ?? "") !== WORD.test(letters[place] ?? "");
  return (at === "\\b") === edge;
}

/** What some calls of `matches` may cost together. */
export function purse() {
  return { left: WORK_AT_MOST };
}

/** Whether a match of `steps` from `start` stands anywhere in `text`; undefined where `paid` does not hold that much work. */
function search(steps, start, text, paid) {
  const letters = [...text];
  paid.left -= (letters.length + 1) * steps.length;
  if (paid.left < 0) return undefined;
  let waiting = [];
  for (let place = 0; place <= letters.length; place += 1) {
    const seen = new Set();
    const open = [start, ...waiting];
    waiting = [];
    while (open.length) {
      const index = open.pop();
      if (seen.has(index)) continue;
      seen.add(index);
      const step = steps[index];
      if (step.done) return true;
      if (step.ways) open.push(...step.ways);
      else if (step.at) holds(step.at, letters, place) && open.push(step.to);
      else if (place < letters.length && step.one.test(letters[place])) waiting.push(step.to);
    }
  }
  return false;
}

const known = new Map();

function compiled(pattern) {
  if (!known.has(pattern)) {
    let made = null;
    try {
      new RegExp(pattern, "u"); // what the browser itself cannot read, the server judges
      const program = new Program();
      const start = program.write(new Reader(pattern).read(), 0);
      made = { steps: program.steps, start };
    } catch (error) {
      if (!(error instanceof Unknown || error instanceof SyntaxError || error instanceof RangeError)) throw error;
    }
    known.set(pattern, made);
  }
  return known.get(pattern);
}

/** Whether `text` matches `pattern` anywhere; undefined where only the server can tell (look-around, back references, too large). */
export function matches(pattern, text, paid = purse()) {
  const made = compiled(pattern);
  return made ? search(made.steps, made.start, text, paid) : undefined;
}
