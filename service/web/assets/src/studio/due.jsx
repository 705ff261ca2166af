// 期限: working days from the day the step begins, by a case or not, or a day that a form gives; a day that goes before it.
import { useState } from "react";
import { Choice, choosable, lacking, simple, spoken, usePicks } from "./choice.jsx";
import { Advanced, Expression, Group, Said, Select, Whole, useReckoned } from "./expression.jsx";

const PLAIN = /^working_days\((\d{1,3})\)$/;
const BY_CASE = /^working_days\((\d{1,3})\) if (.+) else working_days\((\d{1,3})\)$/;
const BY_DAY = /^(?:([a-z][\w.]*)|working_days_after\(([a-z][\w.]*), ?(-?\d{1,3})\))$/;
const FIRST = /^([a-z][\w.]*) if (.+?) else (working_days\(.+)$/;
const NO_CASE = { field: "", is: true, value: "" };
const count = (text) => (isCount(text) ? String(Number(text)) : text);
const isCount = (text) => /^\d{1,3}$/.test(text);

/** What an expression says: {first?: {day, chosen?} or {text}, days?, cases?, on?}; null for what is more than that. */
function told(text, fields, days) {
  const rest = (one) => {
    const plain = PLAIN.exec(one);
    if (plain) return { days: plain[1] };
    const parts = BY_CASE.exec(one);
    const chosen = parts && simple(parts[2], fields);
    return chosen ? { cases: { chosen, days: parts[1], rest: parts[3] } } : null;
  };
  const whole = rest(text);
  if (whole) return whole;
  const parts = FIRST.exec(text);
  const after = parts && rest(parts[3]);
  if (after) return { ...after, first: firstDay(parts[1], parts[2], fields, days) };
  const day = BY_DAY.exec(text);
  const name = day?.[1] ?? day?.[2];
  return name && days.some((one) => one.name === name) ? { on: { day: name, after: day[3] ?? "0" } } : null;
}

/** A day that goes before: whenever it is filled in, or where besides one field has one of its choices. */
function firstDay(day, condition, fields, days) {
  if (!days.some((one) => one.name === day)) return { text: `${day} if ${condition}` };
  if (condition === day) return { day };
  const chosen = condition.endsWith(` and ${day}`) ? simple(condition.slice(0, -` and ${day}`.length), fields) : null;
  return chosen ? { day, chosen } : { text: `${day} if ${condition}` };
}

function written({ first, days, cases, on }, fields) {
  if (on) return on.after === "0" ? on.day : `working_days_after(${on.day}, ${on.after})`;
  const head = !first ? "" : first.text ? `${first.text} else ` : `${first.day} if ${first.chosen ? `${spoken(first.chosen, fields)} and ` : ""}${first.day} else `;
  return head + (cases ? `working_days(${cases.days}) if ${spoken(cases.chosen, fields)} else working_days(${cases.rest})` : `working_days(${days})`);
}

function missingOf({ first, days, cases, on }, fields) {
  if (on) return on.day === "" ? "选是哪个日期" : isCount(on.after) ? "" : "填写几个工作日";
  if (first && !first.text) {
    if (first.day === "") return "选优先按哪个日期";
    if (first.chosen && lacking(first.chosen, fields)) return lacking(first.chosen, fields);
  }
  if (!cases) return isCount(days) ? "" : "填写工作日数";
  return lacking(cases.chosen, fields) || (isCount(cases.days) && isCount(cases.rest) ? "" : "填写两种情况各几个工作日");
}

/** 另有优先的日期: none, or a day that a form gives, in a case or always. */
function First({ first, fields, days, onChange, disabled }) {
  const mode = !first ? "none" : first.text ? "text" : first.chosen ? "case" : "filled";
  const modes = [{ value: "none", title: "没有" }, { value: "filled", title: "填了就按它" }, ...(fields.length ? [{ value: "case", title: "某种情况下填了，才按它" }] : []), ...(first?.text ? [{ value: "text", title: "照原来的式子" }] : [])];
  const choose = (next) => onChange(next === "none" ? undefined : next === "text" ? first : { day: first?.day ?? "", ...(next === "case" ? { chosen: NO_CASE } : {}) });
  return (
    <div className="studio-first">
      <label className="studio-row"><span>另有优先的日期</span><Select label="另有优先的日期" value={mode} choices={modes} disabled={disabled} onChange={choose} /></label>
      {mode === "case" && <Choice of="优先时" chosen={first.chosen} fields={fields} disabled={disabled} onChange={(chosen) => onChange({ ...first, chosen })} />}
      {(mode === "case" || mode === "filled") && <div className="studio-row"><span>按</span><Select label="按哪个日期" value={first.day} choices={days.map(({ name, title }) => ({ value: name, title }))} disabled={disabled} onChange={(day) => onChange({ ...first, day })} /></div>}
      {mode !== "none" && <p className="form-note">不合这个条件的，才按{mode === "text" ? "下面的天数" : "上面的天数"}。</p>}
    </div>
  );
}

/** 期限, with the date that it gives today. Unknown expressions stay as they are written; what a choice drops can be had back. */
export function DueWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { reckon, known } = registry.formContext;
  const fields = choosable(known);
  const days = known.filter((one) => one.is === "date");
  const stored = value === undefined ? null : told(value, fields, days);
  const [free, setFree] = useState(false);
  const [dropped, setDropped] = useState(null);
  const [shown, pick, missing] = usePicks(value, stored, (next) => missingOf(next, fields), (next) => onChange(written(next, fields)));
  const mode = free || (value !== undefined && !shown) ? "text" : !shown ? "none" : shown.on ? "day" : shown.cases ? "cases" : "days";
  const said = useReckoned(reckon, "due", value ?? "");
  const off = disabled || readonly;
  const choose = (next) => {
    setFree(next === "text");
    const now = stored?.days ?? stored?.cases?.rest ?? "5";
    const first = stored?.first;
    const loses = next === "none" || (mode === "text" && next !== "text") || (next === "day" && stored) || (stored?.on && next !== "day" && next !== "text") || (stored?.cases && next === "days");
    if (next !== "text") setDropped(value !== undefined && loses ? value : null);
    if (next === "text") pick(null);
    if (next === "none") {
      pick(null);
      onChange(undefined);
    }
    if (next === "days") pick({ first, days: now });
    if (next === "cases") pick(stored?.cases ? stored : { first, cases: { chosen: NO_CASE, days: "", rest: now } });
    if (next === "day") pick({ on: { day: "", after: "0" } });
  };
  const modes = [
    { value: "none", title: "没有期限" },
    { value: "days", title: "几个工作日" },
    ...(fields.length ? [{ value: "cases", title: "分情况，几个工作日" }] : []),
    ...(days.length ? [{ value: "day", title: "按某一项日期" }] : []),
    { value: "text", title: "写成式子" },
  ];
  const expression = <Expression id={`${id}-text`} label="期限的式子" value={value} onChange={onChange} kind="due" reckon={reckon} known={known} disabled={off} />;
  return (
    <>
      <Group missing={missing}>
        <div className="studio-row">
          <Select id={id} value={mode} disabled={off} choices={modes} onChange={choose} />
          {mode === "days" && <><Whole label="工作日数" value={shown.days} disabled={off} onChange={(next) => pick({ ...shown, days: count(next) })} /><span>个工作日</span></>}
        </div>
        {mode === "cases" && (
          <>
            <Choice id={`${id}-field`} chosen={shown.cases.chosen} fields={fields} disabled={off} onChange={(chosen) => pick({ ...shown, cases: { ...shown.cases, chosen } })} />
            <div className="studio-row"><span>这时</span><Whole label="这时的工作日数" value={shown.cases.days} disabled={off} onChange={(next) => pick({ ...shown, cases: { ...shown.cases, days: count(next) } })} /><span>个工作日；其他</span><Whole label="其他的工作日数" value={shown.cases.rest} disabled={off} onChange={(next) => pick({ ...shown, cases: { ...shown.cases, rest: count(next) } })} /><span>个</span></div>
          </>
        )}
        {mode === "day" && <div className="studio-row"><Select label="哪个日期" value={shown.on.day} choices={days.map(({ name, title }) => ({ value: name, title }))} disabled={off} onChange={(day) => pick({ on: { ...shown.on, day } })} /><span>起第</span><Whole label="起第几个工作日" value={shown.on.after} disabled={off} onChange={(after) => pick({ on: { ...shown.on, after: count(after) } })} /><span>个工作日（0 是当天）</span></div>}
        {(mode === "days" || mode === "cases") && (days.length > 0 || shown.first) && <First first={shown.first} fields={fields} days={days} disabled={off} onChange={(first) => pick({ ...shown, first })} />}
      </Group>
      {mode === "text" && expression}
      {mode === "text" && said?.words && <p className="form-note">意思是：{said.words}</p>}
      {mode !== "text" && value !== undefined && <><Said said={said} id={`${id}-said`} /><Advanced>{expression}</Advanced></>}
      {dropped && dropped !== value && <p className="form-note">原来写的是 <code>{dropped}</code> <button type="button" className="btn btn-sm" disabled={off} onClick={() => { pick(null); setFree(false); onChange(dropped); setDropped(null); }}>恢复</button></p>}
    </>
  );
}
