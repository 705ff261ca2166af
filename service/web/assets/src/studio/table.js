// A decision table as its file says it: read from the DMN and written back into the same document, so that all that
// nobody touched stays as it was, comments and ids included. Cells are our own expressions.

const DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/";
const kids = (element, name) => [...(element?.children ?? [])].filter((one) => one.localName === name);
const kid = (element, name) => kids(element, name)[0];
const textOf = (element) => kid(element, "text")?.textContent.trim() ?? "";

export class Table {
  constructor(xml) {
    this.document = new DOMParser().parseFromString(xml, "application/xml");
    this.declaration = /^\s*<\?xml[^>]*\?>\s*/.exec(xml)?.[0] ?? "";
    this.decision = kid(this.document.documentElement, "decision");
    this.table = kid(this.decision, "decisionTable");
    if (!this.table || this.document.querySelector("parsererror")) throw new Error("no decision table");
  }

  get name() {
    return this.decision.getAttribute("name") ?? "";
  }

  set name(value) {
    this.decision.setAttribute("name", value);
  }

  get description() {
    return kid(this.decision, "description")?.textContent ?? "";
  }

  get policy() {
    return this.table.getAttribute("hitPolicy") ?? "UNIQUE";
  }

  set policy(value) {
    this.table.setAttribute("hitPolicy", value);
  }

  get inputs() {
    return kids(this.table, "input").map((one) => ({ id: one.getAttribute("id"), label: one.getAttribute("label") ?? "", text: textOf(kid(one, "inputExpression")), element: one }));
  }

  get outputs() {
    return kids(this.table, "output").map((one) => ({ id: one.getAttribute("id"), label: one.getAttribute("label") ?? "", text: one.getAttribute("name") ?? "", element: one }));
  }

  get rules() {
    return kids(this.table, "rule").map((one) => ({
      id: one.getAttribute("id"),
      description: kid(one, "description")?.textContent ?? "",
      inputs: kids(one, "inputEntry").map(textOf),
      outputs: kids(one, "outputEntry").map(textOf),
      element: one,
    }));
  }

  setCell(rule, side, column, value) {
    const cell = kids(rule.element, side === "inputs" ? "inputEntry" : "outputEntry")[column];
    const text = kid(cell, "text") ?? cell.appendChild(this.#make("text"));
    text.textContent = value;
  }

  describe(rule, value) {
    let element = kid(rule.element, "description");
    if (!value) return element && this.#remove(element);
    if (!element) {
      element = this.#make("description");
      this.#before(rule.element, element, rule.element.firstElementChild);
    }
    element.textContent = value;
    return undefined;
  }

  /** A rule below another (or at the end): it holds always, and its results are empty. */
  addRule(after) {
    const id = this.#free("rule");
    const rule = this.#make("rule", { id });
    for (const one of this.inputs) rule.append(this.#cell("inputEntry", `${id}_${one.id}`, "-"));
    for (const one of this.outputs) rule.append(this.#cell("outputEntry", `${id}_${one.id}`, "None"));
    this.#before(this.table, rule, after ? after.element.nextElementSibling : null);
    return id;
  }

  removeRule(rule) {
    this.#remove(rule.element);
  }

  moveRule(rule, by) {
    const rules = this.rules;
    const at = rules.findIndex((one) => one.id === rule.id);
    const other = rules[at + by];
    if (!other) return;
    const [first, second] = by > 0 ? [rule.element, other.element] : [other.element, rule.element];
    this.table.insertBefore(this.table.removeChild(second), first);
  }

  addColumn(side, label, text) {
    const tag = side === "inputs" ? "input" : "output";
    const id = this.#free(`${text.replace(/\W/g, "_")}_${side === "inputs" ? "in" : "out"}`);
    const column = this.#make(tag, side === "inputs" ? { id, label } : { id, label, name: text, typeRef: "Any" });
    if (side === "inputs") {
      const expression = this.#make("inputExpression", { id: `${id}_expression`, typeRef: "Any" });
      expression.append(this.#make("text", {}, text));
      column.append(expression);
    }
    const last = kids(this.table, tag).pop();
    this.#before(this.table, column, (last ?? kids(this.table, "input").pop())?.nextElementSibling ?? this.table.firstElementChild);
    for (const rule of this.rules) {
      const entry = side === "inputs" ? "inputEntry" : "outputEntry";
      const cell = this.#cell(entry, `${rule.id}_${id}`, side === "inputs" ? "-" : "None");
      const before = side === "inputs" ? kids(rule.element, "outputEntry")[0] : null;
      this.#before(rule.element, cell, before ?? null);
    }
  }

  removeColumn(side, column) {
    const at = this[side].findIndex((one) => one.id === column.id);
    for (const rule of this.rules) this.#remove(kids(rule.element, side === "inputs" ? "inputEntry" : "outputEntry")[at]);
    this.#remove(column.element);
  }

  labelColumn(column, value) {
    column.element.setAttribute("label", value);
  }

  toString() {
    const text = new XMLSerializer().serializeToString(this.document).replace(/^\s*<\?xml[^>]*\?>\s*/, "");
    return `${this.declaration}${text}${text.endsWith("\n") ? "" : "\n"}`;
  }

  #make(tag, attributes = {}, text = null) {
    const element = this.document.createElementNS(this.table.namespaceURI ?? DMN, this.table.prefix ? `${this.table.prefix}:${tag}` : tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== null) element.textContent = text;
    return element;
  }

  #cell(tag, id, text) {
    const cell = this.#make(tag, { id });
    cell.append(this.#make("text", {}, text));
    return cell;
  }

  #before(parent, element, next) {
    parent.insertBefore(element, next);
    this.#indent(element);
  }

  /** A new element stands on a line of its own, as far in as it is deep, and so do its children. */
  #indent(element) {
    let depth = 0;
    for (let one = element.parentElement; one; one = one.parentElement) depth += 1;
    const line = (deep) => this.document.createTextNode(`\n${"  ".repeat(deep)}`);
    const previous = element.previousSibling;
    if (previous?.nodeType === Node.TEXT_NODE && !previous.data.trim()) previous.data = `\n${"  ".repeat(depth)}`;
    else element.parentElement.insertBefore(line(depth), element);
    const next = element.nextSibling;
    if (next?.nodeType !== Node.TEXT_NODE) element.parentElement.insertBefore(line(element.nextElementSibling ? depth : depth - 1), next);
    for (const child of [...element.children]) this.#inside(element, child, depth + 1, line);
    if (element.children.length) element.append(line(depth));
  }

  #inside(parent, child, depth, line) {
    parent.insertBefore(line(depth), child);
    for (const one of [...child.children]) this.#inside(child, one, depth + 1, line);
    if (child.children.length) child.append(line(depth));
  }

  #remove(element) {
    const before = element.previousSibling;
    if (before?.nodeType === Node.TEXT_NODE && !before.data.trim()) before.remove();
    element.remove();
  }

  #free(stem) {
    const taken = new Set([...this.document.getElementsByTagName("*")].map((one) => one.getAttribute("id")));
    if (stem !== "rule" && !taken.has(stem)) return stem;
    for (let number = 1; ; number += 1) {
      const id = `${stem}_${String(number).padStart(2, "0")}`;
      if (!taken.has(id)) return id;
    }
  }
}

const LITERAL = /^(?:"([^"\\]*)"|'([^'\\]*)')$/;

/** The codes that a cell names: `"a"`, `? in ["a", "b"]`, `["a", "b"]`; null for any other expression. */
export function codesOf(text) {
  const one = LITERAL.exec(text);
  if (one) return [one[1] ?? one[2]];
  const list = /^(?:\?\s+in\s+)?\[(.*)\]$/s.exec(text);
  if (!list) return null;
  if (!list[1].trim()) return [];
  const codes = list[1].split(",").map((part) => LITERAL.exec(part.trim()));
  return codes.every(Boolean) ? codes.map((found) => found[1] ?? found[2]) : null;
}

/** The cell that names these codes; `many`: the result is a list whatever their number. */
export function cellOf(side, codes, many) {
  const quoted = codes.map((code) => `"${code}"`);
  if (side === "inputs") return codes.length === 0 ? "-" : codes.length === 1 ? quoted[0] : `? in [${quoted.join(", ")}]`;
  if (many) return `[${quoted.join(", ")}]`;
  return codes.length ? quoted[0] : "None";
}
