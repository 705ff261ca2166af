// Holds data against a JSON Schema 2020-12 without compiling it: the pages forbid code made at run time.
//
// The server decides. What only it can tell (formats but dates, patterns that pattern.js does not judge, references outside
// the schema) is neither right nor wrong here but unsure, and so is whatever depends on it: `not`, `oneOf`, `if` and the rest
// find something only where it is wrong whichever way the unsure turns out. A schema that unfolds without end is TooLarge.
import { matches, purse } from "./pattern.js";

const STEPS_AT_MOST = 200_000;
const DEPTH_AT_MOST = 200;
const COMPARED_AT_MOST = 1000;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A schema that takes more than a form ever needs. */
export class TooLarge extends Error {
  name = "TooLarge";
}

/** Stands for a schema that is not here. */
const ELSEWHERE = {};

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const own = (object, name) => Object.prototype.hasOwnProperty.call(object, name);
const lengthOf = (text) => [...text].length;

const TYPES = {
  null: (value) => value === null,
  boolean: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number" && Number.isFinite(value),
  integer: (value) => Number.isInteger(value),
  array: Array.isArray,
  object: isObject,
};

export function equal(one, other) {
  if (one === other) return true;
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((item, at) => equal(item, other[at]));
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => own(other, name) && equal(one[name], other[name]));
}

function isDate(text) {
  const [, year, month, day] = (/^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []).map(Number);
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= DAYS[month - 1] + (leap ? 1 : 0);
}

/** The contrary of what is true, false or (undefined) unsure. */
const not = (known) => (known === undefined ? undefined : !known);

// Per kind of data: keyword -> whether `limit` is broken by `value`; undefined where only the server can tell.
const NUMBER = {
  maximum: (limit, value) => value > limit,
  minimum: (limit, value) => value < limit,
  exclusiveMaximum: (limit, value) => value >= limit,
  exclusiveMinimum: (limit, value) => value <= limit,
  multipleOf: (limit, value) => Math.abs(Math.round(value / limit) - value / limit) > 1e-8,
};
const STRING = {
  maxLength: (limit, value) => lengthOf(value) > limit,
  minLength: (limit, value) => lengthOf(value) < limit,
  pattern: (limit, value, purse) => not(matches(limit, value, purse)),
  format: (limit, value) => (limit === "date" ? !isDate(value) : undefined),
};
const ARRAY = {
  maxItems: (limit, value) => value.length > limit,
  minItems: (limit, value) => value.length < limit,
  uniqueItems: (limit, value) => limit && (value.length > COMPARED_AT_MOST ? undefined : value.some((item, at) => value.slice(0, at).some((other) => equal(item, other)))),
};
const OBJECT = {
  maxProperties: (limit, value) => Object.keys(value).length > limit,
  minProperties: (limit, value) => Object.keys(value).length < limit,
};
const ANY = {
  const: (limit, value) => !equal(limit, value),
  enum: (limit, value) => !limit.some((one) => equal(one, value)),
};

/** Whether a part holds: true, false, or undefined where it is unsure. */
const holds = (part) => (part.findings.length ? false : part.unsure ? undefined : true);

/** One check of one piece of data: collects findings and which properties and items a schema has looked at. */
class Check {
  constructor(root) {
    this.root = root;
    this.steps = 0;
    this.purse = purse(); // what all patterns together may cost
  }

  /**
   * {findings, unsure, names: Set of properties, places: Set of items, open} of `schema` at `path`, where `value` stands:
   * `unsure` where there may be more findings, `open` where more properties or items may have been looked at.
   */
  at(schema, value, path, depth = 0) {
    this.steps += 1;
    if (this.steps > STEPS_AT_MOST || depth > DEPTH_AT_MOST) throw new TooLarge();
    const seen = { findings: [], unsure: false, names: new Set(), places: new Set(), open: false };
    if (schema === false) seen.findings.push({ keyword: "false", path, params: {} });
    if (schema === ELSEWHERE) seen.unsure = seen.open = true;
    if (!isObject(schema) || schema === ELSEWHERE) return seen;
    const inner = (part, data, where) => this.at(part, data, where, depth + 1);
    const say = (keyword, params, where = path) => seen.findings.push({ keyword, path: where, params });
    const limits = (table) => {
      for (const [keyword, broken] of Object.entries(table)) {
        if (!own(schema, keyword)) continue;
        const wrong = broken(schema[keyword], value, this.purse);
        if (wrong) say(keyword, { limit: schema[keyword], [keyword]: schema[keyword] });
        else if (wrong === undefined) seen.unsure = true;
      }
    };
    if (own(schema, "type") && ![].concat(schema.type).some((type) => TYPES[type]?.(value))) say("type", { type: schema.type });
    if (typeof value === "number") limits(NUMBER);
    if (typeof value === "string") limits(STRING);
    limits(ANY);
    this.combined({ schema, value, path, inner, say, seen });
    if (Array.isArray(value)) this.list({ schema, value, path, inner, say, seen, limits });
    if (isObject(value)) this.record({ schema, value, path, inner, say, seen, limits });
    return seen;
  }

  combined({ schema, value, path, inner, say, seen }) {
    const take = (part) => {
      within(seen, part);
      learn(part);
    };
    const learn = (part) => {
      if (part.findings.length) return;
      seen.open ||= part.open;
      part.names.forEach((name) => seen.names.add(name));
      part.places.forEach((place) => seen.places.add(place));
    };
    for (const word of ["$ref", "$dynamicRef"]) {
      if (typeof schema[word] === "string") take(inner(this.referred(schema[word]), value, path));
    }
    /** Of what may hold or not, nothing is known: neither whether it is right nor what it has looked at. */
    const leave = () => {
      seen.unsure = true;
      seen.open = true;
    };
    if (own(schema, "not")) {
      const held = holds(inner(schema.not, value, path));
      if (held) say("not", {});
      else if (held === undefined) seen.unsure = true;
    }
    if (Array.isArray(schema.anyOf)) {
      const ways = schema.anyOf.map((way) => inner(way, value, path));
      ways.filter(holds).forEach(learn);
      const unsure = ways.some((way) => holds(way) === undefined);
      if (unsure) seen.open = true;
      if (!ways.some(holds) && unsure) seen.unsure = true;
      else if (!ways.some(holds)) {
        ways.forEach((way) => seen.findings.push(...way.findings));
        say("anyOf", {});
      }
    }
    if (Array.isArray(schema.oneOf)) {
      const ways = schema.oneOf.map((way) => inner(way, value, path));
      const [sure, maybe] = [ways.filter(holds), ways.filter((way) => holds(way) === undefined)];
      if (sure.length > 1 || sure.length + maybe.length === 0) say("oneOf", {});
      else if (maybe.length) leave();
      sure.forEach(learn);
    }
    for (const part of schema.allOf ?? []) take(inner(part, value, path));
    if (own(schema, "if")) {
      const condition = inner(schema.if, value, path);
      const held = holds(condition);
      if (held === undefined) leave();
      else {
        learn(condition);
        const branch = held ? "then" : "else";
        if (own(schema, branch)) take(inner(schema[branch], value, path));
      }
    }
    for (const [name, part] of Object.entries(schema.dependentSchemas ?? {})) {
      if (isObject(value) && own(value, name)) take(inner(part, value, path));
    }
  }

  list({ schema, value, path, inner, say, seen, limits }) {
    limits(ARRAY);
    const first = schema.prefixItems ?? [];
    value.forEach((item, at) => {
      const part = at < first.length ? first[at] : schema.items;
      if (part === undefined) return;
      within(seen, inner(part, item, [...path, at]));
      seen.places.add(at);
    });
    if (own(schema, "contains")) {
      const held = value.map((item, at) => holds(inner(schema.contains, item, [...path, at])));
      held.forEach((one, at) => one && seen.places.add(at));
      const [sure, maybe] = [held.filter(Boolean).length, held.filter((one) => one === undefined).length];
      const [least, most] = [schema.minContains ?? 1, schema.maxContains ?? Infinity];
      if (maybe) seen.open = true;
      if (sure + maybe < least || sure > most) say("contains", { minContains: least });
      else if (sure < least || sure + maybe > most) seen.unsure = true;
    }
    if (!own(schema, "unevaluatedItems")) return;
    value.forEach((item, at) => {
      if (seen.places.has(at)) return;
      const held = holds(inner(schema.unevaluatedItems, item, [...path, at]));
      if (held === false && !seen.open) say("unevaluatedItems", {});
      else if (!held) seen.unsure = true;
      seen.places.add(at);
    });
  }

  record({ schema, value, path, inner, say, seen, limits }) {
    limits(OBJECT);
    for (const name of schema.required ?? []) if (!has(value, name)) say("required", { missingProperty: name }, [...path, name]);
    for (const [name, needed] of Object.entries(schema.dependentRequired ?? {})) {
      if (has(value, name)) for (const other of needed) if (!has(value, other)) say("required", { missingProperty: other }, [...path, other]);
    }
    for (const name of Object.keys(value).filter((one) => value[one] !== undefined)) {
      const parts = [];
      if (own(schema.properties ?? {}, name)) parts.push(schema.properties[name]);
      let maybe = false;
      for (const [pattern, part] of Object.entries(schema.patternProperties ?? {})) {
        const match = matches(pattern, name, this.purse);
        if (match) parts.push(part);
        else if (match === undefined) maybe = true;
      }
      if (maybe) seen.unsure = true;
      const more = maybe ? undefined : schema.additionalProperties;
      if (!parts.length && more === false) say("additionalProperties", { additionalProperty: name });
      else if (!parts.length && more !== undefined) parts.push(more);
      for (const part of parts) within(seen, inner(part, value[name], [...path, name]));
      if (parts.length) seen.names.add(name);
      if (own(schema, "propertyNames")) {
        const held = holds(inner(schema.propertyNames, name, path));
        if (held === false) say("propertyNames", {});
        else if (held === undefined) seen.unsure = true;
      }
      if (own(schema, "unevaluatedProperties") && !seen.names.has(name)) {
        const held = holds(inner(schema.unevaluatedProperties, value[name], [...path, name]));
        if (held === false && !seen.open && !maybe) say("unevaluatedProperties", { unevaluatedProperty: name });
        else if (!held) seen.unsure = true;
      }
    }
    if (own(schema, "unevaluatedProperties")) Object.keys(value).forEach((name) => seen.names.add(name));
  }

  /** The schema that `#/$defs/name`, `#anchor` or `#` names; ELSEWHERE where it names none here. */
  referred(reference) {
    const place = reference.replace(/^.*#/, "#");
    if (place === "#") return this.root;
    if (!place.startsWith("#/")) return anchored(this.root, place.slice(1)) ?? ELSEWHERE;
    return place.slice(2).split("/").reduce((part, name) => {
      const key = decodeURIComponent(name).replace(/~1/g, "/").replace(/~0/g, "~");
      return part !== null && typeof part === "object" && own(part, key) ? part[key] : undefined;
    }, this.root) ?? ELSEWHERE;
  }
}

/** Takes over what was found in a part that has to hold. */
function within(seen, part) {
  for (const one of part.findings) seen.findings.push(one);
  seen.unsure ||= part.unsure;
}

/** A field that React keeps as undefined is not there. */
function has(value, name) {
  return own(value, name) && value[name] !== undefined;
}

function anchored(schema, name) {
  if (schema === null || typeof schema !== "object") return undefined;
  if (schema.$anchor === name || schema.$dynamicAnchor === name) return schema;
  for (const part of Object.values(schema)) {
    const found = anchored(part, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * What in `data` does not fit `schema`: `[{keyword, path, params}]`, path as names and positions from the top; a missing
 * property's path names it. References are looked up in `root`.
 *
 * Raises TooLarge where the schema unfolds without end.
 */
export function findings(schema, data, root = schema) {
  return new Check(root).at(schema, data, []).findings;
}

/** Whether `data` fits `schema`: true, false, or undefined where only the server can tell. Raises as `findings`. */
export function fits(schema, data, root = schema) {
  return holds(new Check(root).at(schema, data, []));
}
