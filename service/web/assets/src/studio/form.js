// A form as a list of fields: it looks into the parsed JSON Schema and uiSchema and changes them in place, so that all
// that nobody touched stays as it was, order of keys and letters included.
import { JsonText, NoJson } from "./jsontext.js";

const TOP = new Set(["$schema", "$id", "$comment", "title", "description", "type", "properties", "required", "unevaluatedProperties", "additionalProperties", "allOf"]);
const SPEC_ORDER = ["type", "title", "description", "format", "oneOf", "x-options", "items", "x-ref", "x-among", "minLength", "maxLength", "pattern", "minimum", "maximum", "minItems", "maxItems", "uniqueItems", "x-file-kinds", "x-date", "x-workday", "x-within-working-days", "x-prefill", "x-fill", "x-own", "x-shared", "x-private", "x-print", "x-unlike", "x-new-unit", "x-others-go-on"];
const FORM_ORDER = ["$schema", "title", "description", "type", "properties", "required", "allOf", "unevaluatedProperties", "x-dates", "x-warn"];
const BRANCH_ORDER = ["properties", "required"];
const UI_ORDER = ["ui:widget", "ui:options", "ui:placeholder", "ui:help"];
const KEPT_BY_KIND = ["title", "description", "x-prefill", "x-fill", "x-own", "x-shared", "x-private", "x-print"];

export const NAME = /^[a-z][a-z0-9_]{0,59}$/;

/** Kind of a field -> what people call it; 其他 is what only the source can say. */
export const KINDS = { text: "一行文字", long: "多行文字", date: "日期", integer: "整数", number: "数字", boolean: "是或否", choice: "选一项", choices: "可选几项", ref: "选一条记录", refs: "选几条记录", files: "附件", other: "其他写法" };

/** Ends of the names of files that the service takes. */
export const FILE_KINDS = ["pdf", "ofd", "doc", "docx", "xls", "xlsx", "wps", "et", "png", "jpg", "jpeg"];

const has = (object, name) => Object.prototype.hasOwnProperty.call(object, name);
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** `object[key] = value` where the key has its usual place; `undefined` takes it away. */
export function assign(object, key, value, order) {
  if (value === undefined) {
    delete object[key];
    return;
  }
  if (has(object, key)) {
    object[key] = value;
    return;
  }
  const before = new Set(order.slice(0, order.indexOf(key)));
  const names = Object.keys(object);
  let at = 0;
  names.forEach((name, place) => {
    if (before.has(name)) at = place + 1;
  });
  if (!order.includes(key)) at = names.length;
  const after = names.slice(at).map((name) => [name, object[name]]);
  for (const [name] of after) delete object[name];
  object[key] = value;
  for (const [name, one] of after) object[name] = one;
}

/** Gives every key its new place and name, the object staying the same one. */
function rebuild(object, entries) {
  for (const name of Object.keys(object)) delete object[name];
  for (const [name, value] of entries) object[name] = value;
}

const isChoice = (one) => isObject(one) && has(one, "const") && ["string", "number", "boolean"].includes(typeof one.const);
const areChoices = (spec) => Array.isArray(spec?.oneOf) && spec.oneOf.every((one) => isChoice(one) && Object.keys(one).every((key) => key === "const" || key === "title"));

/** The kind of a field, by its schema and how it is shown. */
export function kindOf(spec, ui) {
  if (!isObject(spec)) return "other";
  if (["properties", "$ref", "allOf", "anyOf", "not", "if", "enum", "const"].some((key) => has(spec, key))) return "other";
  const { type } = spec;
  if (type === "array") {
    if (!isObject(spec.items)) return "other";
    if (spec.items["x-ref"]) return spec.items["x-ref"] === "files" ? "files" : "refs";
    return areChoices(spec.items) || spec.items["x-options"] ? "choices" : "other";
  }
  if (has(spec, "oneOf") && !areChoices(spec)) return "other";
  if (type === "boolean") return !has(spec, "oneOf") || same(spec.oneOf.map((one) => one.const).sort(), [false, true]) ? "boolean" : "other";
  if (has(spec, "oneOf") || has(spec, "x-options")) return ["string", "integer", "number"].includes(type) ? "choice" : "other";
  if (type === "string") {
    if (spec["x-ref"]) return "ref";
    if (spec.format === "date") return "date";
    if (has(spec, "format")) return "other";
    return ui?.["ui:widget"] === "textarea" ? "long" : "text";
  }
  return ["integer", "number"].includes(type) ? type : "other";
}

/** An `if` as conditions that all hold: [{field, values, plain}]; null where it says more. */
function conditionsOf(test) {
  if (!isObject(test) || !isObject(test.properties) || Object.keys(test).some((key) => key !== "properties" && key !== "required")) return null;
  const names = Object.keys(test.properties);
  if (!names.length || !Array.isArray(test.required) || !same([...test.required].sort(), [...names].sort())) return null;
  const found = [];
  for (const field of names) {
    const one = test.properties[field];
    const keys = isObject(one) ? Object.keys(one) : [];
    if (keys.length !== 1 || !(keys[0] === "const" || (keys[0] === "enum" && Array.isArray(one.enum)))) return null;
    found.push({ field, values: keys[0] === "const" ? [one.const] : one.enum });
  }
  return found;
}

function testOf(conditions) {
  const properties = {};
  for (const { field, values } of conditions) properties[field] = values.length === 1 ? { const: values[0] } : { enum: values };
  return { properties, required: conditions.map((one) => one.field) };
}

/** Why this schema is no list of fields, in words; "" where it is one. */
function whyNot(schema, ui) {
  if (!isObject(schema) || !isObject(ui)) return "表单的文件不是一个对象";
  if (schema.type !== "object" || !isObject(schema.properties ?? {})) return "表单没有写明是一组字段（type、properties）";
  if (has(schema, "required") && !Array.isArray(schema.required)) return "必填的名单（required）不是一个名单";
  const odd = Object.keys(schema).find((key) => !TOP.has(key) && !key.startsWith("x-"));
  if (odd) return `表单里用了“${odd}”`;
  const strange = (properties) => Object.entries(properties ?? {}).find(([, spec]) => !isObject(spec))?.[0];
  if (strange(schema.properties)) return `字段“${strange(schema.properties)}”的写法不是一个对象`;
  if (has(schema, "allOf") && !Array.isArray(schema.allOf)) return "条件（allOf）不是一个名单";
  for (const [at, entry] of (schema.allOf ?? []).entries()) {
    const where = `第 ${at + 1} 个条件（allOf）`;
    if (!isObject(entry) || Object.keys(entry).some((key) => !["if", "then", "else"].includes(key))) return `${where}不是“如果……就……”的写法`;
    if (!conditionsOf(entry.if)) return `${where}不只是“某项选了什么”`;
    for (const branch of [entry.then, entry.else]) {
      if (branch === undefined) continue;
      if (!isObject(branch) || Object.keys(branch).some((key) => !BRANCH_ORDER.includes(key)) || !isObject(branch.properties ?? {}) || !Array.isArray(branch.required ?? [])) return `${where}里面还有条件或其他写法`;
      if (strange(branch.properties)) return `字段“${strange(branch.properties)}”的写法不是一个对象`;
    }
  }
  return "";
}

export class Form {
  #schema;
  #ui;

  /** Reads both texts. `why` says why they are no list of fields; then only `title` may be asked. */
  constructor(schemaText, uiText) {
    this.why = "";
    try {
      this.#schema = new JsonText(schemaText);
      this.#ui = new JsonText(uiText?.trim() ? uiText : "{}\n");
      this.why = whyNot(this.schema, this.ui);
    } catch (error) {
      if (!(error instanceof NoJson)) throw error;
      this.why = `${this.#schema ? "显示方式的" : ""}文件不是有效的 JSON：第 ${error.line} 行附近`;
    }
  }

  get schema() {
    return this.#schema?.value;
  }

  get ui() {
    return this.#ui?.value;
  }

  get texts() {
    return { schema: this.#schema.toString(), ui: this.#ui.toString() };
  }

  get title() {
    return isObject(this.schema) && typeof this.schema.title === "string" ? this.schema.title : "";
  }

  setForm(key, value) {
    assign(this.schema, key, value, FORM_ORDER);
  }

  /** The fields in the order of the page. A name that stands under several conditions gives several rows. */
  get fields() {
    const found = [];
    const add = (name, spec, required, at) => found.push({ name, spec, required, at, key: `${name}@${at ? `${at.entry}${at.branch}` : ""}`, ui: isObject(this.ui[name]) ? this.ui[name] : {}, when: at ? conditionsOf(this.schema.allOf[at.entry].if) : null, otherwise: at?.branch === "else", asked: [] });
    for (const [name, spec] of Object.entries(this.schema.properties ?? {})) add(name, spec, (this.schema.required ?? []).includes(name), null);
    this.#branches((branch, at) => {
      for (const [name, spec] of Object.entries(branch.properties ?? {})) add(name, spec, (branch.required ?? []).includes(name), at);
    });
    this.#branches((branch, at) => {
      for (const name of branch.required ?? []) {
        if (has(branch.properties ?? {}, name)) continue;
        for (const one of found) if (one.name === name) one.asked.push({ at, when: conditionsOf(this.schema.allOf[at.entry].if), otherwise: at.branch === "else" });
      }
    });
    const order = this.order;
    return found.map((one, place) => ({ one, place })).sort((a, b) => order.indexOf(a.one.name) - order.indexOf(b.one.name) || a.place - b.place).map(({ one }) => ({ ...one, kind: kindOf(one.spec, one.ui) }));
  }

  /** Names in the order of the page, each once. */
  get order() {
    const names = [...Object.keys(this.schema.properties ?? {})];
    this.#branches((branch) => names.push(...Object.keys(branch.properties ?? {})));
    const given = Array.isArray(this.ui["ui:order"]) ? this.ui["ui:order"].filter((name) => names.includes(name)) : [];
    return [...new Set([...given, ...names])];
  }

  get dates() {
    return Array.isArray(this.schema["x-dates"]) ? this.schema["x-dates"] : [];
  }

  find(key) {
    return this.fields.find((one) => one.key === key);
  }

  /** What of this form names the field: titles of fields that are shown or asked by it. */
  shownBy(name) {
    return [...new Set(this.fields.filter((one) => [one.when, ...one.asked.map((asked) => asked.when)].some((when) => when?.some((condition) => condition.field === name))).map((one) => one.spec.title ?? one.name))];
  }

  unused(base) {
    const taken = new Set(this.order);
    for (let n = 1; ; n += 1) {
      const name = n === 1 ? base : `${base}_${n}`;
      if (!taken.has(name)) return name;
    }
  }

  /** A new field below another (or last). */
  add(name, title, after = null) {
    const order = this.order;
    this.schema.properties ??= {};
    this.schema.properties[name] = { type: "string", title, maxLength: 100 };
    const at = after ? order.indexOf(after) + 1 : order.length;
    this.#reorder([...order.slice(0, at), name, ...order.slice(at)]);
  }

  duplicate(field) {
    const name = this.unused(field.name.replace(/_\d+$/, ""));
    const spec = JSON.parse(JSON.stringify(field.spec));
    if (typeof spec.title === "string") spec.title = `${spec.title}（副本）`;
    const order = this.order;
    const home = this.#home(field.at);
    home.properties[name] = spec;
    if (field.required) home.required.push(name);
    if (has(this.ui, field.name)) this.ui[name] = JSON.parse(JSON.stringify(this.ui[field.name]));
    const at = order.indexOf(field.name) + 1;
    this.#reorder([...order.slice(0, at), name, ...order.slice(at)]);
    return name;
  }

  remove(field) {
    const home = this.#home(field.at);
    delete home.properties[field.name];
    this.#require(home, field.name, false);
    this.#sweep();
    if (!this.fields.some((one) => one.name === field.name)) {
      this.#forget(field.name);
      delete this.ui[field.name];
      this.#dates(this.dates.filter((one) => one.field !== field.name));
    }
    this.#reorder(this.order);
  }

  move(field, by) {
    const order = this.order;
    const at = order.indexOf(field.name);
    const to = at + by;
    if (to < 0 || to >= order.length) return;
    order.splice(to, 0, ...order.splice(at, 1));
    this.#reorder(order);
  }

  rename(old, name) {
    const renamed = (object) => has(object, old) && rebuild(object, Object.entries(object).map(([key, value]) => [key === old ? name : key, value]));
    const listed = (list) => Array.isArray(list) && list.includes(old) && list.splice(0, list.length, ...list.map((one) => (one === old ? name : one)));
    const part = (one) => {
      if (!isObject(one)) return;
      if (isObject(one.properties)) renamed(one.properties);
      listed(one.required);
    };
    part(this.schema);
    for (const entry of this.schema.allOf ?? []) for (const one of [entry.if, entry.then, entry.else]) part(one);
    for (const one of this.schema["x-warn"] ?? []) part(one?.if);
    for (const rule of this.dates) for (const key of ["field", "value", "not_before", "not_after"]) if (rule[key] === old) rule[key] = name;
    renamed(this.ui);
    listed(this.ui["ui:order"]);
  }

  /** Sets a word of a field's schema, `undefined` takes it away; `inside`: of the items of a list. */
  set(field, key, value, inside = false) {
    assign(inside ? field.spec.items : field.spec, key, value, SPEC_ORDER);
  }

  setUi(field, key, value) {
    const ui = isObject(this.ui[field.name]) ? this.ui[field.name] : {};
    assign(ui, key, value, UI_ORDER);
    if (Object.keys(ui).length) this.ui[field.name] = ui;
    else delete this.ui[field.name];
  }

  setRequired(field, required) {
    this.#require(this.#home(field.at), field.name, required);
    if (field.kind === "files" && [undefined, 0, 1].includes(field.spec.minItems)) this.set(field, "minItems", required ? 1 : undefined);
    if (!["text", "long"].includes(field.kind)) return;
    const bare = !has(field.spec, "minLength") && !has(field.spec, "pattern");
    const usual = field.spec.minLength === 1 && (!has(field.spec, "pattern") || field.spec.pattern === "\\S");
    if (required && bare) {
      this.set(field, "minLength", 1);
      this.set(field, "pattern", "\\S");
    } else if (!required && usual) {
      this.set(field, "minLength", undefined);
      this.set(field, "pattern", undefined);
    }
  }

  /** Whether a field that is always shown is required only when the conditions hold; null: never so. */
  askWhen(field, conditions) {
    for (const { at } of field.asked) this.#require(this.schema.allOf[at.entry][at.branch], field.name, false);
    this.#require(this.#home(field.at), field.name, false);
    if (conditions) this.#require(this.#place(conditions, "then"), field.name, true);
    this.#sweep();
  }

  /** Shows a field always (null) or when the conditions hold (`otherwise`: when they do not); answers its new key. */
  showWhen(field, conditions, otherwise = false) {
    const { name, spec, required } = field;
    const home = this.#home(field.at);
    delete home.properties[name];
    this.#require(home, name, false);
    if (field.at === null) for (const { at } of field.asked) this.#require(this.schema.allOf[at.entry][at.branch], name, false);
    const branch = otherwise ? "else" : "then";
    let place = this.schema;
    if (conditions) place = this.#place(conditions, branch);
    place.properties ??= {};
    if (has(place.properties, name)) throw new Error("一个名称在同一条件下只能有一个字段");
    assign(place, "properties", place.properties, conditions ? BRANCH_ORDER : FORM_ORDER);
    place.properties[name] = spec;
    this.#require(place, name, required);
    this.#sweep();
    this.#reorder(this.order);
    return this.fields.find((one) => one.name === name && one.spec === spec).key;
  }

  /** Another kind: what belongs to the old kind alone goes, names and help stay. */
  setKind(field, kind, extra = {}) {
    const kept = Object.fromEntries(KEPT_BY_KIND.filter((key) => has(field.spec, key)).map((key) => [key, field.spec[key]]));
    const choices = this.choicesOf(field).filter((one) => typeof one.const === "string");
    const all = { ...shapeOf(kind, field.required, choices, extra), ...kept };
    rebuild(field.spec, SPEC_ORDER.filter((key) => has(all, key)).map((key) => [key, all[key]]));
    this.setUi(field, "ui:widget", kind === "long" ? "textarea" : kind === "choice" ? "radio" : undefined);
    this.setUi(field, "ui:options", kind === "long" ? { rows: 4 } : undefined);
  }

  choicesOf({ spec }) {
    const from = spec.type === "array" ? spec.items : spec;
    return areChoices(from) ? from.oneOf : [];
  }

  setChoices(field, choices) {
    this.set(field, "x-options", undefined, field.kind === "choices");
    this.set(field, "oneOf", choices, field.kind === "choices");
  }

  /** Choices from a list of the settings in place of one's own. */
  setOptions(field, list) {
    this.set(field, "oneOf", undefined, field.kind === "choices");
    this.set(field, "x-options", list, field.kind === "choices");
  }

  /** The rules of dates that are said at a field, each with its place among all. */
  datesOf(name) {
    return this.dates.map((rule, place) => ({ rule, place })).filter(({ rule }) => rule.field === name);
  }

  setDate(place, rule) {
    const all = [...this.dates];
    if (rule === null) all.splice(place, 1);
    else all[place] = rule;
    this.#dates(all);
  }

  #dates(all) {
    if (all.length === this.dates.length && all.every((one, place) => one === this.dates[place])) return;
    if (all.length && Array.isArray(this.schema["x-dates"])) this.schema["x-dates"].splice(0, Infinity, ...all);
    else assign(this.schema, "x-dates", all.length ? all : undefined, FORM_ORDER);
  }

  #branches(look) {
    (this.schema.allOf ?? []).forEach((entry, at) => {
      for (const branch of ["then", "else"]) if (entry[branch] !== undefined) look(entry[branch], { entry: at, branch });
    });
  }

  #home(at) {
    return at ? this.schema.allOf[at.entry][at.branch] : this.schema;
  }

  /** The branch for these conditions, made where there is none. */
  #place(conditions, branch) {
    const wanted = testOf(conditions);
    if (!Array.isArray(this.schema.allOf)) assign(this.schema, "allOf", [], FORM_ORDER);
    let entry = this.schema.allOf.find((one) => same(one.if, wanted));
    if (!entry) this.schema.allOf.push((entry = { if: wanted }));
    entry[branch] ??= {};
    return entry[branch];
  }

  #require(home, name, required) {
    const list = home.required ?? [];
    const at = list.indexOf(name);
    if (required && at < 0) {
      if (!has(home, "required")) assign(home, "required", list, home === this.schema ? FORM_ORDER : BRANCH_ORDER);
      list.push(name);
    } else if (!required && at >= 0) {
      list.splice(at, 1);
      if (!list.length && home !== this.schema) delete home.required;
    }
  }

  /** Nothing of a name that no field has is required. */
  #forget(name) {
    this.#require(this.schema, name, false);
    this.#branches((branch) => this.#require(branch, name, false));
    this.#sweep();
  }

  /** Conditions under which nothing is left go. */
  #sweep() {
    for (const entry of this.schema.allOf ?? []) {
      for (const branch of ["then", "else"]) {
        if (entry[branch] === undefined) continue;
        if (has(entry[branch], "properties") && !Object.keys(entry[branch].properties).length) delete entry[branch].properties;
        if (!Object.keys(entry[branch]).length) delete entry[branch];
      }
    }
    if (!this.schema.allOf) return;
    const left = this.schema.allOf.filter((entry) => has(entry, "then") || has(entry, "else"));
    if (left.length === this.schema.allOf.length) return;
    if (left.length) this.schema.allOf.splice(0, Infinity, ...left);
    else delete this.schema.allOf;
  }

  /** The order of the page; the fields of the schema follow it where they stand together. */
  #reorder(order) {
    if (!same(this.ui["ui:order"], order)) {
      if (Array.isArray(this.ui["ui:order"])) this.ui["ui:order"].splice(0, Infinity, ...order);
      else rebuild(this.ui, [["ui:order", order], ...Object.entries(this.ui)]);
    }
    const sort = (home) => {
      const names = Object.keys(home?.properties ?? {});
      const sorted = [...names].sort((a, b) => order.indexOf(a) - order.indexOf(b));
      if (!same(names, sorted)) rebuild(home.properties, sorted.map((name) => [name, home.properties[name]]));
    };
    sort(this.schema);
    this.#branches(sort);
  }
}

function shapeOf(kind, required, choices, { list = "", ref = "units" } = {}) {
  const options = list ? { "x-options": list } : { oneOf: choices.length ? choices : [{ const: "option_1", title: "选项一" }, { const: "option_2", title: "选项二" }] };
  const text = required ? { minLength: 1, pattern: "\\S" } : {};
  switch (kind) {
    case "text":
      return { type: "string", maxLength: 100, ...text };
    case "long":
      return { type: "string", maxLength: 2000, ...text };
    case "date":
      return { type: "string", format: "date" };
    case "choice":
      return { type: "string", ...options };
    case "choices":
      return { type: "array", items: { type: "string", ...options }, maxItems: 30, uniqueItems: true };
    case "ref":
      return { type: "string", minLength: 1, maxLength: 64, "x-ref": ref };
    case "refs":
      return { type: "array", items: { type: "string", minLength: 1, maxLength: 64, "x-ref": ref }, maxItems: 30, uniqueItems: true };
    case "files":
      return { type: "array", items: { type: "string", minLength: 1, maxLength: 64, "x-ref": "files" }, ...(required ? { minItems: 1 } : {}), maxItems: 10, uniqueItems: true, "x-own": true };
    default:
      return { type: kind };
  }
}

/** The two texts of a new form with one field. */
export function newForm(title) {
  const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", title, type: "object", properties: { note: { type: "string", title: "说明", maxLength: 2000 } }, required: [], unevaluatedProperties: false };
  const ui = { "ui:order": ["note"], note: { "ui:widget": "textarea", "ui:options": { rows: 4 } } };
  return { schema: `${JSON.stringify(schema, null, 2)}\n`, ui: `${JSON.stringify(ui, null, 2)}\n` };
}
