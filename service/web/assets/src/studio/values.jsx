// What a system action is given, and which units a step decides on: picked from lists of words; an expression for the rest.
import { useState } from "react";
import { Choice, choosable, lacking, simple, spoken, usePicks } from "./choice.jsx";
import { Advanced, Expression, Group, Select } from "./expression.jsx";

const TEXT = /^'((?:[^'\\]|\\['\\])*)'$/;
const WHOLE = /^-?\d{1,9}$/;
const FLAGS = { True: true, true: true, False: false, false: false };
const SLOTS = "slots:";
const quoted = (text) => `'${text.replace(/[\\']/g, "\\$&")}'`;
const unquoted = (text) => TEXT.exec(text)?.[1].replace(/\\(.)/g, "$1");
/** Data that can be picked: no functions of the language. */
export const picks = (known) => known.filter((one) => one.insert === undefined).map(({ name, title }) => ({ value: name, title }));

/** What an expression says: {mode, is}; mode text for what is more than one value. */
function told(text, known, listed) {
  if (text === undefined) return { mode: "none", is: "" };
  if (listed.some((one) => one.text === text)) return { mode: "listed", is: text };
  if (known.some((one) => one.name === text && one.insert === undefined)) return { mode: "data", is: text };
  if (TEXT.test(text)) return { mode: "words", is: unquoted(text) };
  if (WHOLE.test(text)) return { mode: "number", is: text };
  if (text in FLAGS) return { mode: "flag", is: FLAGS[text] ? "True" : "False" };
  return text === "None" || text === "null" ? { mode: "empty", is: "" } : { mode: "text", is: text };
}

const WRITTEN = { none: () => undefined, data: (is) => is, listed: (is) => is, words: quoted, number: (is) => is, flag: (is) => is, empty: () => "None" };
const ASKED = { data: "选是哪一项", listed: "从名单里选一个", words: "填写文字", number: "填写整数", flag: "选是还是否" };

/** One value of a system action. */
export function ValueWidget({ id, value, onChange, schema, registry, disabled, readonly }) {
  const { reckon, known, before } = registry.formContext;
  const listed = schema["x-offers"] ?? [];
  const [free, setFree] = useState(false);
  const stored = told(value, known, listed);
  const lackingOf = ({ mode, is }) => (mode in ASKED && (is === "" || (mode === "number" && !WHOLE.test(is))) ? ASKED[mode] : "");
  const [shown, pick, missing] = usePicks(value, stored, lackingOf, ({ mode, is }) => onChange(WRITTEN[mode](is)));
  const mode = free ? "text" : shown.mode;
  const off = disabled || readonly;
  const modes = [
    { value: "none", title: "还没有写" },
    { value: "data", title: "前面填过的、得出的某一项" },
    ...(listed.length ? [{ value: "listed", title: "从名单里选" }] : []),
    { value: "words", title: "写定一段文字" },
    { value: "number", title: "写定一个整数" },
    { value: "flag", title: "写定是或否" },
    { value: "empty", title: "空（不填）" },
    { value: "text", title: "其他表达式" },
  ].filter((one) => !(listed.length && ["words", "number", "flag"].includes(one.value) && one.value !== mode));
  const choose = (next) => {
    setFree(next === "text");
    if (next === "text") pick(null);
    else pick(next === stored.mode ? stored : { mode: next, is: "" });
  };
  const set = (is) => pick({ mode, is });
  const data = picks(before);
  const here = mode === "data" && shown.is && !data.some((one) => one.value === shown.is);
  const title = schema.title.replace("（可不写）", "");
  return (
    <>
      <Group missing={missing}>
        <Select id={id} value={mode} choices={modes} disabled={off} onChange={choose} />
        {mode === "data" && <Select label={`${title}：哪一项`} value={shown.is} choices={here ? [...data, ...picks(known).filter((one) => one.value === shown.is)] : data} disabled={off} onChange={set} />}
        {mode === "listed" && <Select label={`${title}：名单`} value={shown.is} choices={listed.map((one) => ({ value: one.text, title: one.title }))} disabled={off} onChange={set} />}
        {mode === "words" && <input className="form-control" aria-label={`${title}：文字`} value={shown.is} maxLength={300} disabled={off} onChange={(event) => set(event.target.value)} />}
        {mode === "number" && <input className="form-control studio-number" type="number" step={1} aria-label={`${title}：整数`} value={shown.is} disabled={off} onChange={(event) => set(event.target.value)} />}
        {mode === "flag" && <Select label={`${title}：是或否`} value={shown.is} choices={[{ value: "True", title: "是" }, { value: "False", title: "否" }]} disabled={off} onChange={set} />}
      </Group>
      {mode === "text" && <Expression id={`${id}-text`} label={`${title}的表达式`} value={value} onChange={onChange} kind="parameter" reckon={reckon} known={known} listed={listed} disabled={off} />}
      {!["text", "none", "empty"].includes(mode) && value && <Advanced><Expression id={`${id}-text`} label={`${title}的表达式`} value={value} onChange={onChange} kind="parameter" reckon={reckon} known={known} listed={listed} disabled={off} /></Advanced>}
    </>
  );
}

/** Which units a step decides on, as `about` says it. */
function toldAbout(value, { known, units, slots }) {
  if (value === undefined) return { mode: "none", is: "" };
  if (value.startsWith(SLOTS)) {
    const chosen = simple(value.slice(SLOTS.length).trim(), slots);
    return chosen ? { mode: "slots", chosen } : { mode: "text", is: value };
  }
  const fixed = unquoted(value);
  if (fixed !== undefined) return { mode: units.some((one) => one.value === fixed) ? "fixed" : "text", is: fixed };
  return { mode: ofUnits(known).some((one) => one.name === value) ? "data" : "text", is: value };
}

const ofUnits = (known) => known.filter((one) => one.is === "unit" || one.of === "unit");
const ABOUT = { none: () => undefined, data: ({ is }) => is, fixed: ({ is }) => `'${is}'` };

/** 决定的是哪些单位的事: those of the round that has just ended, those that data name, one by name. */
export function AboutWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { reckon, known, before, units, slots: here } = registry.formContext;
  const slots = choosable(here);
  const [free, setFree] = useState(false);
  const stored = toldAbout(value, { known, units, slots });
  const lackingOf = (next) => (next.mode === "slots" ? lacking(next.chosen, slots) : next.mode === "data" && !next.is ? "选是哪一项" : next.mode === "fixed" && !next.is ? "选是哪个单位" : "");
  const [shown, pick, missing] = usePicks(value, stored, lackingOf, (next) => onChange(next.mode === "slots" ? `${SLOTS}${spoken(next.chosen, slots)}` : ABOUT[next.mode](next)));
  const mode = free ? "text" : shown.mode;
  const off = disabled || readonly;
  const modes = [
    { value: "none", title: "不写（在单位名下，或者不分单位）" },
    ...(slots.length || mode === "slots" ? [{ value: "slots", title: "各单位办完的，选了某个选项的那些单位" }] : []),
    ...(ofUnits(known).length ? [{ value: "data", title: "某一项里的单位" }] : []),
    { value: "fixed", title: "固定一个单位" },
    { value: "text", title: "其他表达式" },
  ];
  const choose = (next) => {
    setFree(next === "text");
    if (next === "text") pick(null);
    else if (next === stored.mode) pick(stored);
    else pick(next === "slots" ? { mode: next, chosen: { field: "", is: true, value: "" } } : { mode: next, is: "" });
  };
  const near = ofUnits(before);
  const data = picks(near.some((one) => one.name === shown.is) || !shown.is ? near : [...near, ...ofUnits(known).filter((one) => one.name === shown.is)]);
  const text = <Expression id={`${id}-text`} label="哪些单位的表达式" value={value} onChange={onChange} kind="about" reckon={reckon} known={known} disabled={off} />;
  return (
    <>
      <Group missing={missing}>
        <Select id={id} value={mode} choices={modes} disabled={off} onChange={choose} />
        {mode === "slots" && <Choice id={`${id}-field`} of="各单位的" chosen={shown.chosen} fields={slots} disabled={off} onChange={(chosen) => pick({ mode, chosen })} />}
        {mode === "data" && <Select label="哪一项里的单位" value={shown.is} choices={data} disabled={off} onChange={(is) => pick({ mode, is })} />}
        {mode === "fixed" && <Select label="哪个单位" value={shown.is} choices={units} disabled={off} onChange={(is) => pick({ mode, is })} />}
      </Group>
      {mode === "text" && text}
      {mode !== "text" && mode !== "none" && value && <Advanced>{text}</Advanced>}
    </>
  );
}
