// Conditions over what was chosen: "办理结果选了…，并且…"; and their words.
import { useState } from "react";

const said = (value) => (value === true ? "是" : value === false ? "否" : String(value));

/** The values that a field can be asked for: [{const, title}]. */
export function valuesOf(form, field, lists) {
  if (!field) return [];
  const own = form.choicesOf(field);
  if (own.length) return own;
  if (field.kind === "boolean") return [true, false].map((value) => ({ const: value, title: said(value) }));
  return lists[field.spec["x-options"]]?.choices ?? [];
}

/** Conditions in words. */
export function wordsOf(form, conditions, otherwise, lists) {
  const parts = conditions.map(({ field, values }) => {
    const about = form.fields.find((one) => one.name === field);
    const known = valuesOf(form, about, lists);
    const names = values.map((value) => known.find((one) => one.const === value)?.title ?? said(value));
    return `“${about?.spec.title ?? field}”是${names.map((one) => `“${one}”`).join("或")}`;
  });
  const all = parts.join("，并且");
  return otherwise ? `不符合“${all}”时` : `${all}时`;
}

/** Asks for conditions; tells of them as soon as each is whole. */
export function Conditions({ form, lists, own, conditions, editable, onChange }) {
  const [typed, setTyped] = useState(conditions.length ? conditions : [{ field: "", values: [] }]);
  const offered = form.fields.filter((one, at, all) => one.name !== own && valuesOf(form, one, lists).length > 0 && all.findIndex((other) => other.name === one.name) === at);
  function change(next) {
    setTyped(next);
    if (next.length && next.every((one) => one.field && one.values.length)) onChange(next);
  }
  if (!offered.length) return <p className="form-note">没有可以作条件的字段：先加一个“选一项”或“是或否”的字段。</p>;
  return (
    <div className="form-conditions">
      {typed.map((one, at) => {
        const values = valuesOf(form, offered.find((field) => field.name === one.field), lists);
        const set = (next) => change(typed.map((other, place) => (place === at ? next : other)));
        return (
          <div key={at} className="form-condition">
            <select className="form-select form-select-sm" aria-label="看哪个字段" disabled={!editable} value={one.field} onChange={(event) => set({ field: event.target.value, values: [] })}>
              <option value="">看哪个字段…</option>
              {offered.map((field) => <option key={field.name} value={field.name} disabled={typed.some((other) => other !== one && other.field === field.name)}>{field.spec.title ?? field.name}</option>)}
            </select>
            <div className="form-values">{values.map((value) => (
              <label key={String(value.const)}><input type="checkbox" disabled={!editable} checked={one.values.includes(value.const)} onChange={(event) => set({ ...one, values: values.map((each) => each.const).filter((each) => (each === value.const ? event.target.checked : one.values.includes(each))) })} /> {value.title ?? String(value.const)}</label>
            ))}</div>
            {editable && typed.length > 1 && <button type="button" className="btn btn-sm" onClick={() => change(typed.filter((_, place) => place !== at))}>去掉这个条件</button>}
          </div>
        );
      })}
      {editable && typed.length < offered.length && typed.every((one) => one.values.length > 0) && <button type="button" className="btn btn-sm" onClick={() => setTyped([...typed, { field: "", values: [] }])}>并且…</button>}
    </div>
  );
}
