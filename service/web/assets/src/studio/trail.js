// What can be taken back of each diagram of a draft. The library knows the steps of the one that is shown, and forgets them
// when another is shown; these are kept as texts.
const MOST_STEPS = 40;

export class Trail {
  #files = new Map();
  #now = null;

  /** A diagram is shown with this text. */
  begin(name, text) {
    if (!this.#files.has(name)) this.#files.set(name, { past: [], future: [] });
    this.#now = { ...this.#files.get(name), steps: new Map([[-1, text]]), at: -1 };
    this.#files.set(name, this.#now);
  }

  /** The library stands at its step `at` of `count`, at which the diagram has this text. */
  step(at, count, text) {
    const { steps } = this.#now;
    if (at === count - 1) for (const key of [...steps.keys()]) if (key > at) steps.delete(key);
    if (at >= 0 && count > 0 && at === count - 1) this.#now.future = [];
    steps.set(at, text);
    this.#now.at = at;
  }

  /** Another diagram is about to be shown: what the library knows becomes texts. */
  leave() {
    if (!this.#now) return;
    const { steps, at } = this.#now;
    const keys = [...steps.keys()].sort((one, other) => one - other);
    this.#now.past.push(...keys.filter((key) => key < at).map((key) => steps.get(key)));
    this.#now.future.unshift(...keys.filter((key) => key > at).map((key) => steps.get(key)));
    if (this.#now.past.length > MOST_STEPS) this.#now.past.splice(0, this.#now.past.length - MOST_STEPS);
    this.#now = null;
  }

  get canUndo() {
    return Boolean(this.#now?.past.length);
  }

  get canRedo() {
    return Boolean(this.#now?.future.length);
  }

  /** The text of the step before (or after); `text` is the present one. */
  turn(back, text) {
    const { past, future } = this.#now;
    const found = back ? past.pop() : future.shift();
    if (back) future.unshift(text);
    else past.push(text);
    return found;
  }
}
