// "One field has one of its choices": picked from lists, for conditions and for what is counted by cases.
import { useEffect, useState } from "react";
import { Advanced, Expression, Group, Select } from "./expression.jsx";

const CHOICE = /^([a-z][a-z0-9_]*) (==|!=) '([^']*)'$/;
const FLAG = /^(not )?([a-z][a-z0-9_]*)$/;
const NOTHING = { field: "", is: true, value: "" };
const isFlag = (field) => Boolean(field?.values?.some((one) => typeof one.value === "boolean"));

/** The fields that have choices. */
export const choosable = (known) => known.filter((one) => one.values?.every(({ value }) => ["string", "boolean"].includes(typeof value)));

/** `decision == 'accept'`, `on_the_spot`, `not on_the_spot` as {field, is, value}; null for what is more than that. */
export function simple(text, fields) {
  const choice = CHOICE.exec(text ?? "");
  if (choice) return fields.some((one) => one.name === choice[1] && !isFlag(one)) ? { field: choice[1], is: choice[2] === "==", value: choice[3] } : null;
  const flag = FLAG.exec(text ?? "");
  return flag && fields.some((one) => one.name === flag[2] && isFlag(one)) ? { field: flag[2], is: !flag[1], value: true } : null;
}

export function spoken({ field, is, value }, fields) {
  if (isFlag(fields.find((one) => one.name === field))) return is ? field : `not ${field}`;
  return `${field} ${is ? "==" : "!="} '${value}'`;
}

/** What of a choice is still to be made, in words; empty when it is complete. */
export function lacking(chosen, fields) {
  const field = fields.find((one) => one.name === chosen.field);
  return !field ? "选是哪一项" : !isFlag(field) && chosen.value === "" ? "选是哪个选项" : "";
}

/** Which field, is or is not, which choice. Another field begins without a choice. */
export function Choice({ id, chosen, fields, onChange, disabled, of = "" }) {
  const field = fields.find((one) => one.name === chosen.field);
  const flag = isFlag(field);
  const known = !field || flag || chosen.value === "" || field.values.some((one) => one.value === chosen.value);
  return (
    <div className="studio-row studio-choices">
      <Select id={id} label={`${of}哪一项`} value={chosen.field} disabled={disabled} choices={fields.map(({ name, title }) => ({ value: name, title }))} onChange={(name) => onChange({ field: name, is: true, value: isFlag(fields.find((one) => one.name === name)) ? true : "" })} />
      {field && <Select label={`${of}是不是`} value={chosen.is ? "is" : "not"} disabled={disabled} choices={[{ value: "is", title: "是" }, { value: "not", title: "不是" }]} onChange={(next) => onChange({ ...chosen, is: next === "is" })} />}
      {field && !flag && <Select label={`${of}哪个选项`} value={chosen.value} disabled={disabled} choices={[...(known ? [] : [{ value: chosen.value, title: `没有这个选项：${chosen.value}` }]), ...field.values.map(({ value, title }) => ({ value: String(value), title }))]} onChange={(next) => onChange({ ...chosen, value: next })} />}
    </div>
  );
}

/** A value that is put together of several picks: [what is shown, change, what is still lacking]. While anything is lacking it
    is kept here, and `write` is not called; another `value` of the drawing, as after a step back, lets go of it. */
export function usePicks(value, stored, lackingOf, write) {
  const [picking, setPicking] = useState(null);
  useEffect(() => setPicking(null), [value]);
  const change = (next) => {
    if (next && !lackingOf(next)) {
      setPicking(null);
      write(next);
    } else setPicking(next);
  };
  return [picking ?? stored, change, picking ? lackingOf(picking) : ""];
}

/** 条件: a field of a form and one of its choices, or an expression for what is more than that. */
export function ConditionWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { reckon, known } = registry.formContext;
  const fields = choosable(known);
  const [free, setFree] = useState(false);
  const [chosen, pick, missing] = usePicks(value, simple(value, fields), (next) => lacking(next, fields), (next) => onChange(spoken(next, fields)));
  const mode = free || (value && !chosen) || !fields.length ? "text" : chosen ? "choice" : "none";
  const off = disabled || readonly;
  const choose = (next) => {
    setFree(next === "text");
    pick(next === "choice" && !simple(value, fields) ? NOTHING : null);
  };
  const modes = [...(value || free ? [] : [{ value: "none", title: "还没有写" }]), { value: "choice", title: "某一项选了什么" }, { value: "text", title: "写成式子" }];
  return (
    <>
      <Select id={id} label="怎样写条件" value={mode} disabled={off} choices={modes} onChange={choose} />
      {mode === "choice" && <Group missing={missing}><Choice id={`${id}-field`} chosen={chosen} fields={fields} disabled={off} onChange={pick} /></Group>}
      {mode === "text" && <Expression id={`${id}-text`} label="条件的式子" value={value} onChange={onChange} kind="condition" reckon={reckon} known={known} disabled={off} />}
      {mode === "choice" && value && <Advanced><Expression id={`${id}-text`} label="条件的式子" value={value} onChange={onChange} kind="condition" reckon={reckon} known={known} disabled={off} /></Advanced>}
    </>
  );
}
