// Holds data against a JSON Schema 2020-12 without compiling it: the pages forbid code made at run time.
//
// The server decides; what is left to it here: formats but dates, patterns that pattern.js does not judge, references
// outside the schema, and schemas that unfold without end.
import { matches } from "./pattern.js";

const STEPS_AT_MOST = 200_000;
const DEPTH_AT_MOST = 200;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A schema that takes more than a form ever needs. */
export class TooLarge extends Error {
  name = "TooLarge";
}

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

// Per kind of data: keyword -> whether `limit` is broken by `value`.
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
  pattern: (limit, value) => matches(limit, value) === false,
  format: (limit, value) => limit === "date" && !isDate(value),
};
const ARRAY = {
  maxItems: (limit, value) => value.length > limit,
  minItems: (limit, value) => value.length < limit,
  uniqueItems: (limit, value) => limit && value.some((item, at) => value.slice(0, at).some((other) => equal(item, other))),
};
const OBJECT = {
  maxProperties: (limit, value) => Object.keys(value).length > limit,
  minProperties: (limit, value) => Object.keys(value).length < limit,
};
const ANY = {
  const: (limit, value) => !equal(limit, value),
  enum: (limit, value) => !limit.some((one) => equal(one, value)),
};

/** One check of one piece of data: collects findings and which properties and items a schema has looked at. */
class Check {
  constructor(root) {
    this.root = root;
    this.steps = 0;
  }

  /** {findings, names: Set of properties, places: Set of items} of `schema` at `path`, where `value` stands. */
  at(schema, value, path, depth = 0) {
    this.steps += 1;
    if (this.steps > STEPS_AT_MOST || depth > DEPTH_AT_MOST) throw new TooLarge();
    const seen = { findings: [], names: new Set(), places: new Set() };
    if (schema === false) seen.findings.push({ keyword: "false", path, params: {} });
    if (!isObject(schema)) return seen;
    const inner = (part, data, where) => this.at(part, data, where, depth + 1);
    const say = (keyword, params, where = path) => seen.findings.push({ keyword, path: where, params });
    const limits = (table) => {
      for (const [keyword, broken] of Object.entries(table)) {
        if (own(schema, keyword) && broken(schema[keyword], value)) say(keyword, { limit: schema[keyword], [keyword]: schema[keyword] });
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
      seen.findings.push(...part.findings);
      learn(part);
      return part;
    };
    const learn = (part) => {
      if (part.findings.length) return;
      part.names.forEach((name) => seen.names.add(name));
      part.places.forEach((place) => seen.places.add(place));
    };
    for (const word of ["$ref", "$dynamicRef"]) {
      if (typeof schema[word] === "string") take(inner(this.referred(schema[word]), value, path));
    }
    if (own(schema, "not") && !inner(schema.not, value, path).findings.length) say("not", {});
    if (Array.isArray(schema.anyOf)) {
      const ways = schema.anyOf.map((way) => inner(way, value, path));
      ways.forEach(learn);
      if (ways.every((way) => way.findings.length)) {
        ways.forEach((way) => seen.findings.push(...way.findings));
        say("anyOf", {});
      }
    }
    if (Array.isArray(schema.oneOf)) {
      const ways = schema.oneOf.map((way) => inner(way, value, path));
      if (ways.filter((way) => !way.findings.length).length === 1) ways.forEach(learn);
      else say("oneOf", {});
    }
    for (const part of schema.allOf ?? []) take(inner(part, value, path));
    if (own(schema, "if")) {
      const condition = inner(schema.if, value, path);
      learn(condition);
      const branch = condition.findings.length ? "else" : "then";
      if (own(schema, branch)) take(inner(schema[branch], value, path));
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
      seen.findings.push(...inner(part, item, [...path, at]).findings);
      seen.places.add(at);
    });
    if (own(schema, "contains")) {
      const found = [...value.keys()].filter((at) => !inner(schema.contains, value[at], [...path, at]).findings.length);
      found.forEach((at) => seen.places.add(at));
      const [least, most] = [schema.minContains ?? 1, schema.maxContains ?? Infinity];
      if (found.length < least || found.length > most) say("contains", { minContains: least });
    }
    if (!own(schema, "unevaluatedItems")) return;
    value.forEach((item, at) => {
      if (seen.places.has(at)) return;
      if (inner(schema.unevaluatedItems, item, [...path, at]).findings.length) say("unevaluatedItems", {});
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
      for (const [pattern, part] of Object.entries(schema.patternProperties ?? {})) if (matches(pattern, name)) parts.push(part);
      const more = schema.additionalProperties;
      if (!parts.length && more === false) say("additionalProperties", { additionalProperty: name });
      else if (!parts.length && more !== undefined) parts.push(more);
      for (const part of parts) seen.findings.push(...inner(part, value[name], [...path, name]).findings);
      if (parts.length) seen.names.add(name);
      if (own(schema, "propertyNames") && inner(schema.propertyNames, name, path).findings.length) say("propertyNames", {});
      if (own(schema, "unevaluatedProperties") && !seen.names.has(name)) {
        if (inner(schema.unevaluatedProperties, value[name], [...path, name]).findings.length) say("unevaluatedProperties", { unevaluatedProperty: name });
      }
    }
    if (own(schema, "unevaluatedProperties")) Object.keys(value).forEach((name) => seen.names.add(name));
  }

  /** The schema that `#/$defs/name`, `#anchor` or `#` names; true (anything goes) where it names none here. */
  referred(reference) {
    const place = reference.replace(/^.*#/, "#");
    if (place === "#") return this.root;
    if (!place.startsWith("#/")) return anchored(this.root, place.slice(1)) ?? true;
    return place.slice(2).split("/").reduce((part, name) => {
      const key = decodeURIComponent(name).replace(/~1/g, "/").replace(/~0/g, "~");
      return part !== null && typeof part === "object" && own(part, key) ? part[key] : undefined;
    }, this.root) ?? true;
  }
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
