// Saves the files of a draft while somebody edits them, and loses nothing. Every tab of the studio saves through it:
//
//   const saver = new Saver({ files: "/studio/<draft>/files/", revision, user, draft, onState });
//   saver.open(name, content)                 what the server has; answers what this browser kept of an unsaved edit, or null
//   saver.change(name, content)               kept in this browser at once, sent after a pause
//   saver.touch() / saver.rest()              typing has begun / has changed nothing: the state says so at once
//   await saver.remove(name)                  takes the file out of the draft; true when the server did
//   await saver.upload(name, content)         saves what is no text, a picture, at once; true when the server took it
//   await saver.flush()                       sends what waits; true when nothing is left unsaved
//   saver.mine() / saver.theirs()             the way out of a conflict: over theirs, or theirs for mine (answers its text)
//
// onState(state) is told {kind, ...}: saved {at} · saving · waiting (typed, not yet sent) · offline · signed_out ·
// refused {message} · conflict {name, by, at}. Each PUT names the draft's revision (If-Match): where another window or
// person wrote the same file since, the server answers 409 and nothing is overwritten.
import { freshToken, token } from "../post.js";

const PAUSE_MS = 700;
const RETRY_MS = 5000;

export class Saver {
  #files;
  #revision;
  #prefix;
  #onState;
  #known = new Map(); // name -> what the server has
  #waiting = new Map(); // name -> what is to be sent
  #timer = 0;
  #sending = null;
  #conflict = null;
  #touched = false; // something is typed that is no change yet
  #listeners = new Set();

  constructor({ files, revision, user, draft, onState = () => {} }) {
    this.#files = files;
    this.#revision = revision;
    this.#prefix = `studio:${user}:${draft}:`;
    this.#onState = onState;
    window.addEventListener("online", () => this.flush());
    window.addEventListener("beforeunload", (event) => {
      if (this.#waiting.size && !this.#kept()) event.preventDefault();
    });
  }

  get revision() {
    return this.#revision;
  }

  get unsaved() {
    return this.#touched || this.#waiting.size > 0;
  }

  /** Calls `listener` after every file that the server took. */
  onSaved(listener) {
    this.#listeners.add(listener);
  }

  open(name, content) {
    this.#known.set(name, content);
    const kept = this.#load(name);
    if (!kept || kept.content === content) {
      this.#forget(name);
      return null;
    }
    return kept;
  }

  /** Lets go of what this browser kept of a file. */
  discard(name) {
    this.#waiting.delete(name);
    this.#forget(name);
  }

  change(name, content) {
    this.#touched = false;
    if (content === this.#known.get(name)) {
      this.discard(name);
      if (!this.#waiting.size) this.#saved();
      return;
    }
    this.#waiting.set(name, content);
    this.#keep(name, content);
    if (this.#conflict) return;
    this.#onState({ kind: "waiting" });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), PAUSE_MS);
  }

  /** Something is being typed that has not become a change yet. */
  touch() {
    this.#touched = true;
    if (!this.#conflict) this.#onState({ kind: "waiting" });
  }

  /** What was typed has become no change. */
  rest() {
    this.#touched = false;
    if (!this.#waiting.size && !this.#sending) this.#saved();
  }

  async flush() {
    clearTimeout(this.#timer);
    if (this.#sending) await this.#sending;
    if (this.#conflict || !this.#waiting.size) return !this.#waiting.size;
    this.#sending = this.#send();
    try {
      await this.#sending;
    } finally {
      this.#sending = null;
    }
    return !this.#waiting.size;
  }

  /** Takes a file out of the draft; whether the server did. */
  remove(name) {
    return this.#atOnce("DELETE", name);
  }

  upload(name, content) {
    return this.#atOnce("PUT", name, content);
  }

  async #atOnce(method, name, content) {
    await this.flush();
    const { status, said } = await this.#call(method, name, content);
    if (status === 409 && said.same_file === false) {
      this.#revision = said.revision;
      return this.#atOnce(method, name, content);
    }
    if (status !== 200) {
      this.#onState(status === 0 ? { kind: "offline" } : { kind: "refused", message: said.detail ?? "没有办成，请刷新本页后再试。" });
      return false;
    }
    this.#revision = said.revision;
    this.discard(name);
    this.#known.delete(name);
    for (const listener of this.#listeners) listener(name);
    return true;
  }

  /** Mine over theirs: sends it on their revision. */
  async mine() {
    if (!this.#conflict) return true;
    this.#revision = this.#conflict.revision;
    this.#conflict = null;
    return this.flush();
  }

  /** Theirs for mine: what they wrote, as text; mine is let go of. */
  async theirs() {
    const { name, revision } = this.#conflict;
    const answer = await fetch(this.#address(name), { headers: { Accept: "text/plain, application/json" }, cache: "no-store" });
    if (!answer.ok) return null;
    const content = await answer.text();
    this.#conflict = null;
    this.#revision = revision;
    this.discard(name);
    this.#known.set(name, content);
    this.#saved();
    if (this.#waiting.size) this.flush();
    return content;
  }

  #address(name) {
    return this.#files + name.split("/").map(encodeURIComponent).join("/");
  }

  async #send() {
    for (const [name, content] of [...this.#waiting]) {
      this.#onState({ kind: "saving" });
      const { status, said } = await this.#call("PUT", name, content);
      if (status === 200 || status === 201) {
        this.#revision = said.revision;
        this.#known.set(name, content);
        if (this.#waiting.get(name) === content) this.discard(name);
        for (const listener of this.#listeners) listener(name);
        continue;
      }
      if (status === 409 && said.revision !== undefined) {
        if (said.same_file === false) {
          this.#revision = said.revision; // somebody wrote another file of the draft: nothing of ours is touched
          return this.#send();
        }
        this.#conflict = { name, revision: said.revision };
        return this.#onState({ kind: "conflict", name, by: said.by, at: said.at });
      }
      if (status === 401) return this.#onState({ kind: "signed_out" });
      if (status === 0 || status >= 500 || status === 429) {
        this.#timer = setTimeout(() => this.flush(), RETRY_MS);
        return this.#onState({ kind: "offline" });
      }
      return this.#onState({ kind: "refused", message: said.detail ?? "没有保存，请刷新本页后再试。" });
    }
    if (this.#waiting.size) return this.#send();
    return this.#saved();
  }

  #saved() {
    this.#onState(this.#touched ? { kind: "waiting" } : { kind: "saved", at: new Date() });
  }

  async #call(method, name, body, again = false) {
    try {
      const answer = await fetch(this.#address(name), {
        method,
        headers: { "Content-Type": "application/octet-stream", Accept: "application/json, application/problem+json", "If-Match": `"${this.#revision}"`, "X-CSRFToken": token() },
        body,
      });
      const said = await answer.json().catch(() => ({}));
      if (answer.status === 400 && said.type === "csrf" && !again) {
        if ((await freshToken()) === 401) return { status: 401, said };
        return this.#call(method, name, body, true);
      }
      return { status: answer.status, said };
    } catch {
      return { status: 0, said: {} };
    }
  }

  #keep(name, content) {
    try {
      localStorage.setItem(this.#prefix + name, JSON.stringify({ content, at: Date.now() }));
    } catch {
      /* a full or forbidden store: the page asks before it is left */
    }
  }

  #kept() {
    return [...this.#waiting].every(([name, content]) => this.#load(name)?.content === content);
  }

  #load(name) {
    try {
      return JSON.parse(localStorage.getItem(this.#prefix + name));
    } catch {
      return null;
    }
  }

  #forget(name) {
    try {
      localStorage.removeItem(this.#prefix + name);
    } catch {
      /* nothing was kept */
    }
  }
}

/** Asks the server beside the page: POST of JSON, answered as JSON; null where there is no answer to go by. */
export async function ask(url, body, again = false) {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() },
      body: JSON.stringify(body),
    });
    const said = await answer.json().catch(() => null);
    if (answer.status === 400 && said?.type === "csrf" && !again) return (await freshToken()) === 200 ? ask(url, body, true) : null;
    return answer.ok ? said : null;
  } catch {
    return null;
  }
}

/** What the server answers to a question that changes nothing; null where it does not answer. */
export async function asked(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
