// Checks of a form in the browser, in Chinese and in the words of a form: titles, never property names.
import { createErrorHandler, getDefaultFormState, toErrorSchema, unwrapErrorHandler, validationDataMerge } from "@rjsf/utils";
import { findings, fits, TooLarge } from "./schema.js";

/** `findings`, or none where only the server can tell. */
function told(schema, data, root) {
  try {
    return findings(schema, data, root);
  } catch (error) {
    if (error instanceof TooLarge || error instanceof RangeError) return null;
    throw error;
  }
}

/** Whether `data` fits, as far as that can be told here: true, false or undefined. */
function judged(schema, data, root) {
  try {
    return fits(schema, data, root);
  } catch (error) {
    if (error instanceof TooLarge || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What the form library asks of a validator. */
export const validator = {
  validateFormData(data, schema, customValidate, transformErrors, uiSchema) {
    const raw = (told(schema, data, schema) ?? []).map(({ keyword, path, params }) => ({
      name: keyword,
      property: path.map((part) => `.${part}`).join(""),
      params,
      message: "内容不符合要求",
      stack: "",
    }));
    const errors = transformErrors ? transformErrors(raw, uiSchema) : raw;
    const errorSchema = toErrorSchema(errors);
    if (!customValidate) return { errors, errorSchema };
    const full = getDefaultFormState(validator, schema, data, schema, true);
    const handler = customValidate(full, createErrorHandler(full), uiSchema, errorSchema);
    return validationDataMerge({ errors, errorSchema }, unwrapErrorHandler(handler));
  },

  isValid(schema, data, root) {
    return told(schema, data, root)?.length === 0;
  },

  rawValidation(schema, data) {
    return { errors: told(schema, data, schema) ?? [] };
  },
};

export default validator;

/** Every property of the form, also those that stand in an allOf/if/then/else branch: `{name: schema}`. */
export function allProperties(schema, found = {}) {
  for (const [name, property] of Object.entries(schema?.properties ?? {})) found[name] = { ...property, ...found[name] };
  for (const keyword of ["allOf", "anyOf", "oneOf"]) for (const part of schema?.[keyword] ?? []) allProperties(part, found);
  for (const keyword of ["then", "else"]) if (schema?.[keyword]) allProperties(schema[keyword], found);
  return found;
}

/** Field → its title in the branch that `data` takes; one that no taken branch defines keeps the first title it has. */
export function titlesOf(schema, data) {
  const found = Object.fromEntries(Object.entries(allProperties(schema)).map(([name, { title }]) => [name, title ?? "本项"]));
  const walk = (part) => {
    for (const [name, { title }] of Object.entries(part?.properties ?? {})) if (title) found[name] = title;
    for (const one of part?.allOf ?? []) walk(one);
    const unmet = part?.if && told(part.if, data, schema);
    if (unmet) walk(unmet.length ? part.else : part.then);
  };
  walk(schema);
  return found;
}

// What the server says, without the title, which stands at the field already.
const SAYS = {
  required: () => "请填写此项",
  enum: () => "请从所列选项中选择",
  const: () => "请从所列选项中选择",
  oneOf: () => "请从所列选项中选择",
  minItems: ({ limit }) => (limit === 1 ? "请至少选择一项" : `请至少选择 ${limit} 项`),
  maxItems: ({ limit }) => `最多 ${limit} 项`,
  uniqueItems: () => "不能重复选择",
  minLength: ({ limit }) => (limit === 1 ? "请填写此项" : `至少 ${limit} 个字`),
  maxLength: ({ limit }) => `最多 ${limit} 个字`,
  minimum: ({ limit }) => `不能小于 ${limit}`,
  maximum: ({ limit }) => `不能大于 ${limit}`,
  exclusiveMinimum: ({ limit }) => `应大于 ${limit}`,
  exclusiveMaximum: ({ limit }) => `应小于 ${limit}`,
  multipleOf: ({ limit }) => `应是 ${limit} 的整数倍`,
  format: ({ format }) => (format === "date" ? "请填写日期，如 2026-10-13" : "格式不正确"),
  pattern: ({ pattern }) => (pattern === "\\S" ? "不能只填空格" : "格式不正确"),
  type: () => "请填写此项",
};

/** One plain sentence a field; findings that only follow from others are dropped. */
export function plain(errors) {
  const seen = new Set();
  return errors
    .filter((error) => error.name !== "unevaluatedProperties" || errors.length === 1)
    .map((error) => ({ ...error, message: SAYS[error.name]?.(error.params ?? {}) ?? error.message }))
    .filter((error) => {
      if (seen.has(error.property)) return false;
      seen.add(error.property);
      return true;
    });
}

const DAY = /^\d{4}-\d\d-\d\d$/;

/** The day `days` after `day`, both as texts. */
function moved(day, days) {
  const moment = new Date(`${day}T00:00:00Z`);
  moment.setUTCDate(moment.getUTCDate() + days);
  return Number.isNaN(moment.getTime()) ? day : moment.toISOString().slice(0, 10);
}

/** The rules on dates (`x-dates`, with their days filled in by the server) that `data` breaks: `{field, message, refuse}`. */
export function contradictions(rules, data) {
  const day = (side) => side.day ?? data?.[side.field];
  return (rules ?? []).flatMap(({ field, value, other, before, days, message, refuse }) => {
    const [given, reference] = [day(value), day(other)];
    if (!DAY.test(given ?? "") || !DAY.test(reference ?? "")) return [];
    const limit = moved(reference, days);
    if (before ? given >= limit : given <= limit) return [];
    return [{ field, refuse, message: message.split("{date}").join(reference) }];
  });
}

/** Findings that JSON Schema cannot say: `x-date` past and future against the server's `today`, `rules` on dates, and
 * fields that must not have the same value (`x-unlike`). */
export function datesOf(schema, today, rules) {
  const properties = allProperties(schema);
  return (data, errors) => {
    for (const { field, message, refuse } of contradictions(rules, data)) if (refuse) errors[field]?.addError(message);
    for (const [name, property] of Object.entries(properties)) {
      const value = data?.[name];
      const taken = data?.[property["x-unlike"]];
      if (taken && [value].flat().includes(taken)) errors[name]?.addError(`与“${properties[property["x-unlike"]]?.title ?? ""}”选了同一项，请改选或删去`);
      if (typeof value !== "string" || !DAY.test(value)) continue;
      if (property["x-date"] === "past" && value > today) errors[name].addError("不能晚于今天");
      if (property["x-date"] === "future" && value <= today) errors[name].addError("必须晚于今天");
    }
    return errors;
  };
}

/** The form-level `x-warn` sentences that hold for `data` when `age` working days have passed since the task opened. */
export function warningsOf(schema, data, age) {
  return (schema["x-warn"] ?? [])
    .filter((warn) => age > (warn.after_working_days ?? -1))
    .filter((warn) => judged(warn.if ?? {}, data, schema)) // the server warns too, of what only it can tell
    .map((warn) => warn.message);
}
