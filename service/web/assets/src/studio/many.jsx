// 各办一份: of which list, how each item and each result is called. Names are made from words; nobody types one.
import { useState } from "react";
import { Advanced, Expression, Select } from "./expression.jsx";
import { picks } from "./values.jsx";

const NEW = " new";

/** 哪份名单: the lists that forms, tables and actions before this step give. */
export function ListWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { reckon, known, before } = registry.formContext;
  const lists = known.filter((one) => one.list);
  const [free, setFree] = useState(false);
  const mode = free || (value !== undefined && !lists.some((one) => one.name === value)) ? "text" : "list";
  const off = disabled || readonly;
  const near = before.filter((one) => one.list || one.name === value);
  const offered = near.some((one) => one.name === value) || !value ? near : [...near, ...lists.filter((one) => one.name === value)];
  const text = <Expression id={`${id}-text`} label="名单的表达式" value={value} onChange={onChange} kind="collection" reckon={reckon} known={known} disabled={off} />;
  return (
    <>
      <Select id={id} value={mode === "text" ? NEW : (value ?? "")} disabled={off} choices={[...picks(offered), { value: NEW, title: "其他表达式" }]} onChange={(next) => { setFree(next === NEW); if (next !== NEW) onChange(next); }} />
      {mode === "text" && text}
      {mode === "list" && value && <Advanced>{text}</Advanced>}
    </>
  );
}

/** 每一份最后的结论: a field of what each one fills in; or none. */
export function EachWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { inside, known } = registry.formContext;
  const offered = picks(inside);
  const there = value === undefined || offered.some((one) => one.value === value) ? [] : [{ value, title: known.find((one) => one.name === value)?.title ?? value }];
  return <Select id={id} value={value ?? ""} disabled={disabled || readonly} choices={[{ value: "", title: "不收" }, ...there, ...offered]} onChange={(next) => onChange(next || undefined)} />;
}

/** A name under which later steps find something: kept, proposed, or made from words that somebody types. */
export function NameWidget({ id, value, onChange, options, schema, registry, disabled, readonly }) {
  const { known, spell, named } = registry.formContext;
  const [typing, setTyping] = useState(null);
  const off = disabled || readonly;
  const proposed = named?.[options.of];
  const title = (name) => known.find((one) => one.name === name)?.title ?? (name === proposed?.value ? proposed.title : schema.title);
  const choices = [...(value ? [{ value, title: `${title(value)}（${value}）` }] : []), ...(proposed && proposed.value !== value ? [{ value: proposed.value, title: `${proposed.title}（${proposed.value}）` }] : []), { value: NEW, title: "另起一个名称…" }];
  async function take() {
    const words = typing?.trim();
    setTyping(null);
    if (!words) return;
    const said = await spell(words);
    if (!said?.id) return;
    let name = said.id;
    for (let n = 2; known.some((one) => one.name === name) && name !== value; n += 1) name = `${said.id}_${n}`;
    onChange(name);
  }
  if (typing === null)
    return <Select id={id} value={value ?? ""} disabled={off} choices={options.empty ? [{ value: "", title: options.empty }, ...choices] : choices} onChange={(next) => (next === NEW ? setTyping("") : onChange(next || undefined))} />;
  return (
    <div className="studio-row">
      <input id={id} className="form-control" placeholder="写中文名称，如 各单位的答复" aria-label={`${schema.title}：新的名称`} value={typing} autoFocus maxLength={40} onChange={(event) => setTyping(event.target.value)} onBlur={take} onKeyDown={(event) => { if (event.key === "Enter") { event.preventDefault(); take(); } else if (event.key === "Escape") setTyping(null); }} />
    </div>
  );
}
