// JSON that is changed here and there and written again: what nobody touched stays as it was written, letter by letter.

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const OTHER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const DEEPEST = 200;

/** A text that is no JSON: `line` is where. */
export class NoJson extends Error {
  constructor(text, at) {
    super("no JSON");
    this.line = text.slice(0, at).split("\n").length;
  }
}

export class JsonText {
  #text;
  #at = 0;
  #kept = new WeakMap(); // object or list -> {text, indent, seal}: how it was written, how far in, and its content then
  #end;

  /** Throws NoJson. */
  constructor(text) {
    this.#text = text.replace(/^\ufeff/, "");
    this.value = this.#read(0);
    this.#skip();
    if (this.#at < this.#text.length) throw new NoJson(this.#text, this.#at);
    this.#end = /\s*$/.exec(this.#text)[0];
  }

  toString() {
    return this.#write(this.value, "") + this.#end;
  }

  #skip() {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #token(pattern) {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found) throw new NoJson(this.#text, this.#at);
    this.#at = pattern.lastIndex;
    return JSON.parse(found[0]);
  }

  #take(sign) {
    this.#skip();
    if (this.#text[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #need(sign) {
    if (!this.#take(sign)) throw new NoJson(this.#text, this.#at);
  }

  #read(depth) {
    this.#skip();
    const from = this.#at;
    const first = this.#text[from];
    if (depth > DEEPEST) throw new NoJson(this.#text, from);
    if (first === '"') return this.#token(STRING);
    if (first !== "{" && first !== "[") return this.#token(OTHER);
    this.#at += 1;
    const list = first === "[";
    const value = list ? [] : {};
    const close = list ? "]" : "}";
    if (!this.#take(close)) {
      do {
        this.#skip();
        const name = list ? value.length : this.#token(STRING);
        if (!list) this.#need(":");
        // `__proto__` is a name like any other
        Object.defineProperty(value, name, { value: this.#read(depth + 1), writable: true, enumerable: true, configurable: true });
      } while (this.#take(","));
      this.#need(close);
    }
    const indent = /^[ \t]*/.exec(this.#text.slice(this.#text.lastIndexOf("\n", from) + 1))[0];
    this.#kept.set(value, { text: this.#text.slice(from, this.#at), indent, seal: JSON.stringify(value) });
    return value;
  }

  #write(value, indent, flat = false) {
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    const kept = this.#kept.get(value);
    if (kept && kept.indent === indent && kept.seal === JSON.stringify(value)) return kept.text;
    const list = Array.isArray(value);
    const names = Object.keys(value);
    if (!names.length) return list ? "[]" : "{}";
    const inline = flat || (kept && kept.text.length > 2 && !kept.text.includes("\n"));
    const inner = inline ? indent : `${indent}  `;
    const lines = list && value.some((one) => this.#isFlat(one)); // a new row of a list of one-line rows is one line too
    const parts = names.map((name) => `${list ? "" : `${JSON.stringify(name)}: `}${this.#write(value[name], inner, inline || lines)}`);
    if (!list) this.#join(value, names, parts);
    const [open, close] = list ? ["[", "]"] : ["{", "}"];
    if (inline) return list ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
    return `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${indent}${close}`;
  }

  /** Choices that the settings give stand on the line of the list's name as the server wrote them, or not at all. */
  #join(value, names, parts) {
    const [word, choices] = [names.indexOf("x-options"), names.indexOf("oneOf")];
    if (word < 0 || choices < 0) return;
    if (choices === word + 1 && this.#isFlat(value.oneOf)) parts[word] += `, "oneOf": ${this.#kept.get(value.oneOf).text}`;
    parts.splice(choices, 1);
  }

  #isFlat(one) {
    const kept = one !== null && typeof one === "object" ? this.#kept.get(one) : null;
    return Boolean(kept && kept.text.length > 2 && !kept.text.includes("\n"));
  }
}
