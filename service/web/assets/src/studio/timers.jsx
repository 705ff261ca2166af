// Times: when a clock goes off, when a process begins by itself.
import { useState } from "react";
import { Expression, Said, Select, Whole, useReckoned } from "./expression.jsx";

const DAYS = /^working_days\((\d{1,3})\)$/;
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
