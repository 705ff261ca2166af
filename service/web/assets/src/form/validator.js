// JSON Schema 2020-12 validation in Chinese, in the words of a form: titles, never property names.
import Ajv2020 from "ajv/dist/2020";
import localize from "ajv-i18n/localize/zh";
import { customizeValidator } from "@rjsf/validator-ajv8";

const OWN_KEYWORDS = ["x-ref", "x-among", "x-prefill", "x-date", "x-within-working-days", "x-warn", "x-print"];

export const validator = customizeValidator(
  {
    AjvClass: Ajv2020,
    extenderFn: (ajv) => {
      for (const keyword of OWN_KEYWORDS) if (!ajv.getKeyword(keyword)) ajv.addKeyword(keyword);
      return ajv;
    },
  },
  localize,
);

/** Every property of the form, also those that stand in an allOf/if/then/else branch: `{name: schema}`. */
export function allProperties(schema, found = {}) {
  for (const [name, property] of Object.entries(schema?.properties ?? {})) found[name] = { ...property, ...found[name] };
  for (const keyword of ["allOf", "anyOf", "oneOf"]) for (const part of schema?.[keyword] ?? []) allProperties(part, found);
  for (const keyword of ["then", "else"]) if (schema?.[keyword]) allProperties(schema[keyword], found);
  return found;
}

const SAYS = {
  required: () => "请填写此项",
  enum: () => "请从所列选项中选择",
  const: () => "请从所列选项中选择",
  oneOf: () => "请从所列选项中选择",
  minItems: ({ limit }) => (limit === 1 ? "请至少选择一项" : `请至少选择 ${limit} 项`),
  uniqueItems: () => "不能重复选择",
  minLength: ({ limit }) => (limit === 1 ? "请填写此项" : `至少 ${limit} 个字`),
  maxLength: ({ limit }) => `最多 ${limit} 个字`,
  format: ({ format }) => (format === "date" ? "请填写日期，如 2026-10-13" : "格式不正确"),
  pattern: () => "不能只填空格",
  type: () => "请填写此项",
};

/** Turns Ajv's findings into one plain sentence a field; findings that only follow from others are dropped. */
export function plain(errors) {
  const seen = new Set();
  return errors
    .filter((error) => error.name !== "if" && !/\/oneOf\/\d+\//.test(error.schemaPath ?? ""))
    .filter((error) => error.name !== "unevaluatedProperties" || errors.length === 1)
    .map((error) => ({ ...error, message: SAYS[error.name]?.(error.params ?? {}) ?? error.message }))
    .filter((error) => {
      const key = `${error.property}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}

/** Findings on dates that JSON Schema cannot say: `x-date` past and future, against the server's `today`. */
export function datesOf(schema, today) {
  const properties = allProperties(schema);
  return (data, errors) => {
    for (const [name, property] of Object.entries(properties)) {
      const value = data?.[name];
      if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d$/.test(value)) continue;
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
    .filter((warn) => validator.isValid(warn.if ?? {}, data, schema))
    .map((warn) => warn.message);
}
