// The choices of a field, and the rules that order its date among others.
import { useState } from "react";
import { ask } from "./saving.js";

/** Choices of one's own, each with the code that is kept, or a list of the settings. */
export function Choices({ page, form, field, editable, change }) {
  const inside = field.kind === "choices";
  const list = (inside ? field.spec.items : field.spec)["x-options"] ?? "";
  const choices = form.choicesOf(field);
  const [fresh, setFresh] = useState("");
  const set = (next) => change((one, own) => one.setChoices(own, next));
  const numbers = ["integer", "number"].includes(field.spec.type);
  if (field.kind === "boolean") {
    const title = (value) => choices.find((one) => one.const === value)?.title ?? "";
    const say = (value, words) => {
      const both = [true, false].map((each) => ({ const: each, title: each === value ? words : title(each) || (each ? "是" : "否") }));
      change((one, own) => one.set(own, "oneOf", words || title(!value) ? both : undefined));
    };
    return [true, false].map((value) => <label key={String(value)} className="field-tick">{value ? "是" : "否"} <input className="form-control form-control-sm" aria-label={value ? "“是”怎样写" : "“否”怎样写"} placeholder={value ? "是" : "否"} disabled={!editable} value={title(value)} onChange={(event) => say(value, event.target.value)} /></label>);
  }
  async function add() {
    const said = numbers ? { id: Math.max(0, ...choices.map((one) => Number(one.const))) + 1 } : await ask(page.urls.spelling, { text: fresh });
    if (!said) return;
    let code = said.id;
    for (let n = 2; choices.some((one) => one.const === code); n += 1) code = `${said.id}_${n}`;
    setFresh("");
    set([...choices, { const: code, title: fresh.trim() }]);
  }
  function move(at, by) {
    const next = [...choices];
    next.splice(at + by, 0, ...next.splice(at, 1));
    set(next);
  }
  return (
    <>
      {!numbers && <select className="form-select form-select-sm" aria-label="选项从哪里来" disabled={!editable} value={list} onChange={(event) => change((one, own) => (event.target.value ? one.setOptions(own, event.target.value) : one.setChoices(own, page.lists[list]?.choices.map((each) => ({ ...each })) ?? [])))}>
        <option value="">在这里列出</option>
        {Object.entries(page.lists).map(([name, one]) => <option key={name} value={name}>用系统设置的名单：{one.title}</option>)}
      </select>}
      {list ? <p className="form-note">{page.lists[list] ? page.lists[list].choices.map((one) => one.title).join("、") : "系统设置里没有这份名单"}</p> : (
        <ol className="field-choices">
          {choices.map((one, at) => (
            <li key={at}>
              <input className="form-control form-control-sm" aria-label={`第 ${at + 1} 个选项`} disabled={!editable} value={one.title ?? ""} onChange={(event) => set(choices.map((each, place) => (place === at ? { ...each, title: event.target.value } : each)))} />
              <input className="form-control form-control-sm studio-code field-code" aria-label={`第 ${at + 1} 个选项的代码`} title="存下来的代码，条件里用它" disabled={!editable || numbers} value={one.const} onChange={(event) => set(choices.map((each, place) => (place === at ? { ...each, const: event.target.value } : each)))} />
              {editable && <span className="field-moves"><button type="button" className="btn btn-sm" aria-label={`上移第 ${at + 1} 个选项`} disabled={at === 0} onClick={() => move(at, -1)}>↑</button><button type="button" className="btn btn-sm" aria-label={`下移第 ${at + 1} 个选项`} disabled={at === choices.length - 1} onClick={() => move(at, 1)}>↓</button><button type="button" className="btn btn-sm" aria-label={`删去第 ${at + 1} 个选项`} disabled={choices.length < 2} onClick={() => set(choices.filter((_, place) => place !== at))}>删</button></span>}
            </li>
          ))}
          {editable && <li><form className="studio-row" onSubmit={(event) => { event.preventDefault(); if (fresh.trim()) add(); }}><input className="form-control form-control-sm" aria-label="新选项" placeholder="新选项" value={fresh} onChange={(event) => setFresh(event.target.value)} /><button type="submit" className="btn btn-sm" disabled={!fresh.trim()}>加上</button></form></li>}
        </ol>
      )}
    </>
  );
}

/** The rules of `x-dates` that are said at a field. */
export function Dates({ page, form, field, editable, change }) {
  const title = field.spec.title ?? field.name;
  const here = form.fields.filter((one, at, all) => one.kind === "date" && one.name !== field.name && all.findIndex((other) => other.name === one.name) === at);
  const elsewhere = page.days.filter((one, at, all) => !form.order.includes(one.name) && all.findIndex((other) => other.name === one.name) === at);
  const days = [{ name: "today", title: "今天" }, ...here.map((one) => ({ name: one.name, title: one.spec.title ?? one.name })), ...page.tasks.map((one) => ({ name: `step:${one.id}`, title: `“${one.name}”办完的那天` })), ...elsewhere];
  const called = (name) => days.find((one) => one.name === name)?.title ?? name;
  const message = (before, other, more) => `${title}${before ? "早于" : "晚于"}${called(other)}${more ? (more > 0 ? `后 ${more} 天` : `前 ${-more} 天`) : ""}（{date}），请核对。`;
  return (
    <>
      {form.datesOf(field.name).map(({ rule, place }) => {
        const before = "not_before" in rule;
        const other = before ? rule.not_before : rule.not_after;
        const usual = message(before, other, rule.days);
        const put = (next) => change((one) => one.setDate(place, next));
        const again = (isBefore, to, more) => {
          const { not_before: _b, not_after: _a, days: _d, message: told, refuse, ...rest } = rule;
          put({ ...rest, [isBefore ? "not_before" : "not_after"]: to, ...(more ? { days: more } : {}), message: told === usual ? message(isBefore, to, more) : told, ...(refuse ? { refuse } : {}) });
        };
        return (
          <div key={place} className="field-date">
            <div className="studio-row">
              {rule.value && <span>{called(rule.value)}</span>}
              <select className="form-select form-select-sm" aria-label="早晚" disabled={!editable} value={before ? "before" : "after"} onChange={(event) => again(event.target.value === "before", other, rule.days)}><option value="before">不早于</option><option value="after">不晚于</option></select>
              <select className="form-select form-select-sm" aria-label="同哪一天比" disabled={!editable} value={other} onChange={(event) => again(before, event.target.value, rule.days)}>
                {!days.some((one) => one.name === other) && <option value={other}>{other}</option>}
                {days.map((one) => <option key={one.name} value={one.name}>{one.title}</option>)}
              </select>
              <span>再加</span><input type="number" className="form-control form-control-sm studio-number" aria-label="再加几天" disabled={!editable} value={rule.days ?? ""} onChange={(event) => again(before, other, event.target.value === "" ? 0 : Number(event.target.value))} /><span>天</span>
              <select className="form-select form-select-sm" aria-label="不符时" disabled={!editable} value={rule.refuse ? "refuse" : "warn"} onChange={(event) => { const { refuse: _r, ...rest } = rule; put(event.target.value === "refuse" ? { ...rest, refuse: true } : rest); }}><option value="warn">只提醒</option><option value="refuse">不让提交</option></select>
              {editable && <button type="button" className="btn btn-sm" onClick={() => put(null)}>删</button>}
            </div>
            <input className="form-control form-control-sm" aria-label="不符时的话" disabled={!editable} value={rule.message ?? ""} onChange={(event) => put({ ...rule, message: event.target.value })} />
          </div>
        );
      })}
      {editable && <button type="button" className="btn btn-sm" onClick={() => change((one) => one.setDate(one.dates.length, { field: field.name, not_before: "today", days: -365, message: message(true, "today", -365) }))}>加一条先后</button>}
    </>
  );
}
