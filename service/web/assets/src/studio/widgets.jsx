// The fields of the panel that are more than a text: expressions with completion, due dates, who, timers, cycles.
import { useEffect, useId, useRef, useState } from "react";

const CHECK_AFTER_MS = 400;
const WORD = /[A-Za-z_\u4e00-\u9fff][\w.\u4e00-\u9fff]*$/;
const COMPARED = /([a-z_][\w.]*)\s*(?:==|!=|in \[?)\s*'?([^']*)$/;
const MOST = 8;

/** What the server says of an expression at this place: {problems, says}; null until it has answered. */
function useReckoned(reckon, kind, text) {
  const [said, setSaid] = useState(null);
  useEffect(() => {
    if (!text) {
      setSaid(null);
      return undefined;
    }
    let alive = true;
    const timer = setTimeout(async () => {
      const answer = await reckon(kind, text);
      if (alive) setSaid(answer);
    }, CHECK_AFTER_MS);
    return () => {
      alive = false;
      clearTimeout(timer);
    };
  }, [reckon, kind, text]);
  return said;
}

function Said({ said, id }) {
  if (!said) return null;
  return (
    <div id={id} role="status">
      {said.problems?.map((problem) => <div className="form-error" key={problem}>{problem}</div>)}
      {said.says && <div className="studio-says">{said.says}</div>}
    </div>
  );
}

/** What may stand where the cursor is: known data by name or title, and the values of the field that is compared. */
function offers(known, before, listed = []) {
  if (listed.length && /^'?[\w\u4e00-\u9fff]*$/.test(before)) {
    const typed = before.replace("'", "");
    const fitting = listed.filter(({ text, title }) => text !== before && `${text}${title}`.includes(typed));
    if (fitting.length) return fitting.map((one) => ({ ...one, from: 0 }));
  }
  const compared = COMPARED.exec(before);
  const field = compared && known.find((one) => one.name === compared[1]);
  if (field?.values?.length) {
    const typed = compared[2];
    return field.values.filter(({ value, title }) => `${value}${title}`.includes(typed)).slice(0, MOST)
      .map(({ value, title }) => ({ text: typeof value === "string" ? `'${value}'` : String(value), title, from: before.length - typed.length - (before.endsWith(`'${typed}`) && typed !== "" || /'$/.test(before) ? 1 : 0) }));
  }
  const word = WORD.exec(before)?.[0] ?? "";
  if (!word) return [];
  return known.filter(({ name, title }) => name !== word && (name.startsWith(word) || title.includes(word))).slice(0, MOST)
    .map(({ name, title, insert }) => ({ text: insert ?? name, title, from: before.length - word.length }));
}

function Expression({ id, value, onChange, kind, reckon, known, listed, disabled, placeholder, label }) {
  const [text, setText] = useState(value ?? "");
  const [open, setOpen] = useState([]);
  const [at, setAt] = useState(0);
  const field = useRef(null);
  const list = useId();
  const said = useReckoned(reckon, kind, text);
  const typed = useRef(value);
  if (value !== typed.current) {
    typed.current = value;
    if ((value ?? "") !== text) setText(value ?? "");
  }
  const change = (next, cursor) => {
    setText(next);
    typed.current = next || undefined;
    onChange(next || undefined);
    setOpen(offers(known, next.slice(0, cursor), listed));
    setAt(0);
  };
  const take = (offer) => {
    const cursor = field.current.selectionStart;
    const next = text.slice(0, offer.from) + offer.text + text.slice(cursor);
    change(next, -1);
    setOpen([]);
    const place = offer.from + offer.text.length;
    requestAnimationFrame(() => field.current?.setSelectionRange(place, place));
  };
  const key = (event) => {
    if (!open.length) return;
    if (event.key === "ArrowDown") setAt((now) => (now + 1) % open.length);
    else if (event.key === "ArrowUp") setAt((now) => (now + open.length - 1) % open.length);
    else if (event.key === "Enter" || event.key === "Tab") take(open[at]);
    else if (event.key === "Escape") setOpen([]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="studio-expression">
      <textarea
        id={id} ref={field} rows={1} className={`form-control studio-code${said?.problems?.length ? " is-invalid" : ""}`} value={text} disabled={disabled}
        placeholder={placeholder} spellCheck={false} role="combobox" aria-label={label} aria-expanded={open.length > 0} aria-controls={list}
        aria-activedescendant={open.length ? `${list}-${at}` : undefined} aria-invalid={Boolean(said?.problems?.length)} aria-describedby={`${id}-said`}
        onChange={(event) => change(event.target.value.replace(/\n/g, " "), event.target.selectionStart)} onKeyDown={key} onFocus={() => !text && setOpen(offers(known, "", listed))} onBlur={() => setTimeout(() => setOpen([]), 150)}
      />
      {open.length > 0 && (
        <ul className="studio-offers" role="listbox" id={list}>
          {open.map((offer, index) => (
            <li key={offer.text} id={`${list}-${index}`} role="option" aria-selected={index === at} onMouseDown={(event) => { event.preventDefault(); take(offer); }}>
              <span>{offer.title}</span><code>{offer.text}</code>
            </li>
          ))}
        </ul>
      )}
      <Said said={said?.says || said?.problems?.length ? said : { says: listed?.find((one) => one.text === text)?.title }} id={`${id}-said`} />
    </div>
  );
}

export function ExpressionWidget({ id, value, onChange, options, schema, registry, disabled, readonly, placeholder }) {
  const { reckon, known } = registry.formContext;
  return <Expression id={id} value={value} onChange={onChange} kind={options.kind ?? "condition"} reckon={reckon} known={known} listed={schema["x-offers"]} disabled={disabled || readonly} placeholder={placeholder} />;
}

const CHOICE = /^([a-z][a-z0-9_]*) (==|!=) '([^']*)'$/;
const FLAG = /^(not )?([a-z][a-z0-9_]*)$/;
const isFlag = (field) => field.values?.some((one) => typeof one.value === "boolean");

/** `decision == 'accept'`, `on_the_spot`, `not on_the_spot` as {field, is, value}; null for what is more than that. */
function simple(text, fields) {
  const choice = CHOICE.exec(text ?? "");
  if (choice) return fields.some((one) => one.name === choice[1] && !isFlag(one)) ? { field: choice[1], is: choice[2] === "==", value: choice[3] } : null;
  const flag = FLAG.exec(text ?? "");
  return flag && fields.some((one) => one.name === flag[2] && isFlag(one)) ? { field: flag[2], is: !flag[1], value: true } : null;
}

function spoken({ field, is, value }, fields) {
  if (isFlag(fields.find((one) => one.name === field))) return is ? field : `not ${field}`;
  return `${field} ${is ? "==" : "!="} '${value}'`;
}

/** Which field, is or is not, which choice. */
function Choice({ id, chosen, fields, onChange, disabled }) {
  const field = fields.find((one) => one.name === chosen.field);
  const take = (name) => {
    const next = fields.find((one) => one.name === name);
    onChange({ field: name, is: true, value: next.values[0].value });
  };
  const flag = isFlag(field);
  const known = flag || field.values.some((one) => one.value === chosen.value);
  return (
    <div className="studio-row">
      <Select id={id} label="哪一项" value={chosen.field} disabled={disabled} choices={fields.map(({ name, title }) => ({ value: name, title }))} onChange={take} />
      <Select label="是不是" value={chosen.is ? "is" : "not"} disabled={disabled} choices={[{ value: "is", title: "是" }, { value: "not", title: "不是" }]} onChange={(next) => onChange({ ...chosen, is: next === "is" })} />
      {!flag && <Select label="哪个选项" value={chosen.value} disabled={disabled} choices={[...(known ? [] : [{ value: chosen.value, title: `没有这个选项：${chosen.value}` }]), ...field.values.map(({ value, title }) => ({ value: String(value), title }))]} onChange={(next) => onChange({ ...chosen, value: next })} />}
    </div>
  );
}

const choosable = (known) => known.filter((one) => one.values?.every(({ value }) => ["string", "boolean"].includes(typeof value)));

/** 条件: a field of a form and one of its choices, or an expression for what is more than that. */
export function ConditionWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { reckon, known } = registry.formContext;
  const fields = choosable(known);
  const [free, setFree] = useState(false);
  const chosen = simple(value, fields);
  const mode = free || (value && !chosen) || !fields.length ? "text" : "choice";
  const off = disabled || readonly;
  const begin = () => {
    setFree(false);
    if (!chosen) onChange(spoken({ field: fields[0].name, is: true, value: fields[0].values[0].value }, fields));
  };
  return (
    <>
      <Select id={id} label="怎样写条件" value={value || free ? mode : "none"} disabled={off} choices={[...(value || free ? [] : [{ value: "none", title: "还没有写" }]), { value: "choice", title: "某一项选了什么" }, { value: "text", title: "写成式子" }]} onChange={(next) => (next === "text" ? setFree(true) : begin())} />
      {mode === "choice" && chosen && <Choice id={`${id}-field`} chosen={chosen} fields={fields} disabled={off} onChange={(next) => onChange(spoken(next, fields))} />}
      {mode === "text" && <Expression id={`${id}-text`} label="条件的式子" value={value} onChange={onChange} kind="condition" reckon={reckon} known={known} disabled={off} />}
    </>
  );
}

function Select({ id, value, choices, onChange, disabled, label }) {
  return (
    <select id={id} className="form-select" value={value} disabled={disabled} aria-label={label} onChange={(event) => onChange(event.target.value)}>
      {choices.map(({ value: one, title }) => <option key={one} value={one}>{title}</option>)}
    </select>
  );
}

function Whole({ value, onChange, disabled, label }) {
  return <input className="form-control studio-number" type="number" min={0} max={999} step={1} value={value} disabled={disabled} aria-label={label} onChange={(event) => onChange(event.target.value)} />;
}

const DAYS = /^working_days\((\d{1,3})\)$/;

const PLAIN = /^((?:.+ else )?)working_days\((\d{1,3})\)$/;
const BY_CASE = /^((?:.+ else )?)working_days\((\d{1,3})\) if (.+) else working_days\((\d{1,3})\)$/;

/** `… else working_days(7)` as what goes before it (`agreed_date if … else `, often nothing) and the days; else null. */
function plainDays(text) {
  const parts = PLAIN.exec(text ?? "");
  return parts && { head: parts[1], days: parts[2] };
}

function byCase(text, fields) {
  const parts = BY_CASE.exec(text ?? "");
  const chosen = parts && simple(parts[3], fields);
  return chosen && { head: parts[1], days: parts[2], chosen, rest: parts[4] };
}

/** 期限: none, a number of working days from the day the step begins, by a case or not, or an expression; with the date
    that it gives today. What goes before the days in an expression stays; what a choice drops can be had back. */
export function DueWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { reckon, known } = registry.formContext;
  const fields = choosable(known);
  const cases = byCase(value, fields);
  const plain = cases ? null : plainDays(value);
  const [free, setFree] = useState(false);
  const [dropped, setDropped] = useState(null);
  const told = value === undefined ? "none" : cases ? "cases" : plain ? "days" : "text";
  const shown = free ? "text" : told;
  const said = useReckoned(reckon, "due", shown === "days" || shown === "cases" ? value : "");
  const off = disabled || readonly;
  const head = cases?.head ?? plain?.head ?? "";
  const write = (next) => onChange(`${next.head}working_days(${next.days}) if ${spoken(next.chosen, fields)} else working_days(${next.rest})`);
  const choose = (next) => {
    setFree(next === "text");
    if (next === "text") return;
    const now = plain?.days ?? cases?.rest ?? "5";
    setDropped(value !== undefined && (told === "text" || next === "none" || (told === "cases" && next === "days")) ? value : null);
    if (next === "none") onChange(undefined);
    if (next === "days") onChange(`${head}working_days(${now})`);
    if (next === "cases" && !cases) write({ head, days: now, chosen: { field: fields[0].name, is: true, value: fields[0].values[0].value }, rest: now });
  };
  const whole = (text, act) => /^\d{1,3}$/.test(text) && act(String(Number(text)));
  const modes = [
    { value: "none", title: "没有期限" },
    { value: "days", title: "几个工作日" },
    ...(fields.length ? [{ value: "cases", title: "分情况，几个工作日" }] : []),
    { value: "text", title: "按日期或式子" },
  ];
  return (
    <>
      <div className="studio-row">
        <Select id={id} value={shown} disabled={off} choices={modes} onChange={choose} />
        {shown === "days" && <><Whole label="工作日数" value={plain.days} disabled={off} onChange={(next) => whole(next, (one) => onChange(`${head}working_days(${one})`))} /><span>个工作日</span></>}
      </div>
      {head && (shown === "days" || shown === "cases") && <p className="form-note">另有优先的日期：<code>{head.replace(/ else $/, "")}</code>；不合这个条件的才按下面的天数。</p>}
      {shown === "cases" && (
        <>
          <Choice id={`${id}-field`} chosen={cases.chosen} fields={fields} disabled={off} onChange={(chosen) => write({ ...cases, chosen })} />
          <div className="studio-row"><span>这时</span><Whole label="这时的工作日数" value={cases.days} disabled={off} onChange={(next) => whole(next, (one) => write({ ...cases, days: one }))} /><span>个工作日；其他</span><Whole label="其他的工作日数" value={cases.rest} disabled={off} onChange={(next) => whole(next, (one) => write({ ...cases, rest: one }))} /><span>个</span></div>
        </>
      )}
      {shown === "text" && <Expression id={`${id}-text`} label="期限的式子" value={value} onChange={onChange} kind="due" reckon={reckon} known={known} disabled={off} />}
      {(shown === "days" || shown === "cases") && <Said said={said} id={`${id}-said`} />}
      {dropped && dropped !== value && <p className="form-note">原来写的是 <code>{dropped}</code> <button type="button" className="btn btn-sm" disabled={off} onClick={() => { onChange(dropped); setDropped(null); }}>恢复</button></p>}
    </>
  );
}

/** 谁办: the lane's role, another role, one unit, or one leader. */
export function WhoWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { reckon, known, roles, lane } = registry.formContext;
  const [prefix, text] = value?.includes(":") ? [value.slice(0, value.indexOf(":")), value.slice(value.indexOf(":") + 1)] : [value === undefined ? "lane" : "role", value ?? ""];
  const choices = [
    { value: "lane", title: lane ? `所在泳道：${lane}` : "所在泳道的角色" },
    { value: "role", title: "另一个角色" },
    { value: "unit", title: "某个单位的人" },
    { value: "leader", title: "某位领导本人" },
  ];
  const choose = (next) => onChange({ lane: undefined, role: roles[0]?.value, unit: "unit:unit", leader: "leader:leader_id" }[next]);
  const off = disabled || readonly;
  return (
    <>
      <Select id={id} value={prefix} choices={choices} disabled={off} onChange={choose} />
      {prefix === "role" && <Select id={`${id}-role`} label="角色" value={text} choices={roles.some((one) => one.value === text) ? roles : [{ value: text, title: `没有这个角色：${text}` }, ...roles]} disabled={off} onChange={onChange} />}
      {(prefix === "unit" || prefix === "leader") && (
        <Expression key={prefix} id={`${id}-text`} label={prefix === "unit" ? "给出单位的数据" : "给出领导任职的数据"} value={text} onChange={(next) => onChange(`${prefix}:${next ?? ""}`)} kind="candidates" reckon={reckon} known={known} disabled={off} />
      )}
    </>
  );
}

const ABOUT_DUE = /^working_days_after\(due_on, (-?\d{1,3})\)$/;

function timeMode({ kind, text } = {}) {
  if (kind === "timeDate" && text === "due_on") return { mode: "on", days: 0 };
  const moved = kind === "timeDate" && ABOUT_DUE.exec(text);
  if (moved) return Number(moved[1]) < 0 ? { mode: "before", days: -Number(moved[1]) } : { mode: "after", days: Number(moved[1]) };
  const days = kind === "timeDate" && DAYS.exec(text);
  if (days) return { mode: "days", days: Number(days[1]) };
  const span = kind === "timeDuration" && /^'P(\d{1,3})D'$/.exec(text);
  if (span) return { mode: "calendar", days: Number(span[1]) };
  return { mode: kind === "timeDuration" ? "duration" : "date", days: 1 };
}

const TIME_OF = {
  before: (days) => ({ kind: "timeDate", text: `working_days_after(due_on, -${days})` }),
  on: () => ({ kind: "timeDate", text: "due_on" }),
  after: (days) => ({ kind: "timeDate", text: `working_days_after(due_on, ${days})` }),
  days: (days) => ({ kind: "timeDate", text: `working_days(${days})` }),
  calendar: (days) => ({ kind: "timeDuration", text: `'P${days}D'` }),
};
const COUNTED = { before: ["到期前", "个工作日"], after: ["逾期", "个工作日"], days: ["从这时起", "个工作日"], calendar: ["从这时起", "天（自然日）"] };

/** 到什么时间: in words for what owners mean mostly, an expression for the rest. */
export function TimerWidget({ id, value, onChange, options, registry, disabled, readonly }) {
  const { reckon, known } = registry.formContext;
  const told = timeMode(value);
  const [free, setFree] = useState(false);
  const mode = free && !(told.mode in TIME_OF) ? told.mode : free ? "date" : told.mode;
  const off = disabled || readonly;
  const choices = [
    ...(options.due ? [{ value: "before", title: "到期前几个工作日" }, { value: "on", title: "到期当日" }, { value: "after", title: "逾期几个工作日" }] : []),
    { value: "days", title: "几个工作日以后" },
    { value: "calendar", title: "几天以后（自然日）" },
    { value: "date", title: "某个日期或时刻（式子）" },
    { value: "duration", title: "一段时间（式子）" },
  ];
  const choose = (next) => {
    setFree(!(next in TIME_OF));
    if (next in TIME_OF) onChange(TIME_OF[next](told.days || 1));
    else onChange({ kind: next === "date" ? "timeDate" : "timeDuration", text: next === "date" ? (value?.kind === "timeDate" ? value.text : "") : "'P1D'" });
  };
  const said = useReckoned(reckon, "timer-date", mode in TIME_OF && value?.kind === "timeDate" ? value.text : "");
  return (
    <>
      <Select id={id} value={mode} choices={choices} disabled={off} onChange={choose} />
      {COUNTED[mode] && <div className="studio-row"><span>{COUNTED[mode][0]}</span><Whole label="天数" value={told.days} disabled={off} onChange={(next) => /^\d{1,3}$/.test(next) && onChange(TIME_OF[mode](Number(next)))} /><span>{COUNTED[mode][1]}</span></div>}
      {(mode === "date" || mode === "duration") && (
        <Expression key={mode} id={`${id}-text`} label="时间的式子" value={value?.text} onChange={(text) => onChange({ kind: mode === "date" ? "timeDate" : "timeDuration", text: text ?? "" })} kind={mode === "date" ? "timer-date" : "timer-duration"} reckon={reckon} known={known} disabled={off} />
      )}
      {mode in TIME_OF && <Said said={said} id={`${id}-said`} />}
    </>
  );
}

/** 有哪些环节: a list of names in their order; the code of one is made from its name and stays when the name is changed. */
export function StagesWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { spell } = registry.formContext;
  const [fresh, setFresh] = useState("");
  const off = disabled || readonly;
  const stages = (value ?? "").split(/\s+/).filter(Boolean).map((part) => {
    const [code, ...name] = part.split(":");
    return { code, name: name.join(":") };
  });
  // a blank would end the stage
  const tell = (next) => onChange(next.map(({ code, name }) => (name ? `${code}:${name.replace(/\s+/g, "")}` : code)).join(" ") || undefined);
  async function add() {
    const name = fresh.trim();
    const said = name && (await spell(name));
    if (!said?.id) return;
    let code = said.id;
    for (let n = 2; stages.some((one) => one.code === code); n += 1) code = `${said.id}_${n}`;
    setFresh("");
    tell([...stages, { code, name }]);
  }
  const move = (at, by) => {
    const next = [...stages];
    next.splice(at + by, 0, ...next.splice(at, 1));
    tell(next);
  };
  return (
    <ol className="studio-stages" id={id}>
      {stages.map((one, at) => (
        <li key={one.code}>
          <input className="form-control" aria-label={`第 ${at + 1} 个环节`} title={`编号 ${one.code}`} placeholder={one.code} value={one.name} disabled={off} onChange={(event) => tell(stages.map((each, place) => (place === at ? { ...each, name: event.target.value } : each)))} />
          {!off && <><button type="button" className="btn btn-sm" aria-label={`上移${one.name}`} disabled={at === 0} onClick={() => move(at, -1)}>↑</button><button type="button" className="btn btn-sm" aria-label={`删去${one.name}`} onClick={() => tell(stages.filter((_, place) => place !== at))}>删</button></>}
        </li>
      ))}
      {!off && <li><input className="form-control" aria-label="新环节" placeholder="新环节的名称" value={fresh} onChange={(event) => setFresh(event.target.value)} onKeyDown={(event) => { if (event.key === "Enter") { event.preventDefault(); add(); } }} /><button type="button" className="btn btn-sm" disabled={!fresh.trim()} onClick={add}>加上</button></li>}
    </ol>
  );
}

const CYCLE = /^R\/(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::00)?\+08:00\/P(\d{1,2})([DWMY])$/;
const PERIODS = [{ value: "1Y", title: "每年" }, { value: "6M", title: "每半年" }, { value: "3M", title: "每季度" }, { value: "1M", title: "每月" }, { value: "1W", title: "每周" }, { value: "1D", title: "每天" }];

/** 什么时候自动开始: the first day, the time of day and how often. */
export function CycleWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { reckon, known, tomorrow } = registry.formContext;
  const off = disabled || readonly;
  const told = CYCLE.exec(value?.text ?? "");
  if (value?.text && !told) return <Expression id={id} value={value.text} onChange={(text) => onChange({ kind: "timeCycle", text: text ?? "" })} kind="timer-cycle" reckon={reckon} known={known} disabled={off} />;
  const [, day = tomorrow, time = "09:00", count = "1", unit = "Y"] = told ?? [];
  const period = `${count}${unit}`;
  const set = (next) => {
    const all = { day, time, period, ...next };
    if (all.day && all.time) onChange({ kind: "timeCycle", text: `R/${all.day}T${all.time}:00+08:00/P${all.period}` });
  };
  const periods = PERIODS.some((one) => one.value === period) ? PERIODS : [{ value: period, title: `每 ${count} ${{ D: "天", W: "周", M: "个月", Y: "年" }[unit]}` }, ...PERIODS];
  return (
    <div className="studio-row">
      <Select id={id} label="多久一次" value={period} choices={periods} disabled={off} onChange={(next) => set({ period: next })} />
      <span>从</span>
      <input className="form-control" type="date" aria-label="第一天" value={day} disabled={off} onChange={(event) => set({ day: event.target.value })} />
      <span className="studio-day" title="年-月-日">{day}</span>
      <input className="form-control" type="time" aria-label="时刻" value={time} disabled={off} onChange={(event) => set({ time: event.target.value })} />
      <span>起</span>
    </div>
  );
}
