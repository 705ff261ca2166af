// The tab 试办: plays a draft step by step. All that is kept is the list of steps; the server tells where they lead.
//
// The page holds {editable, begin: {starts, by?, event?, data?, answers?, fill?, steps}, roles, units, user, sign_in,
// urls: {try, keep, diagram, scenarios}}. The drawing beside it is told of each new position by the event diagram:show.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { Guard } from "../form/Guard.jsx";
import { TaskForm } from "../form/TaskForm.jsx";
import { Keys, send } from "../post.js";
import "./studio.css";
import "./try.css";

const WAITS = [1, 3, 5, 7, 10];
const LIGHTS = { red: "is-late", yellow: "is-near", green: "is-good" };

/** The server's state for the steps, the problems of the last step that it refused, and whether it is working. */
function useRehearsal(page) {
  const [said, setSaid] = useState(page.begin);
  const [state, setState] = useState(null);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(true);
  const keys = useMemo(() => new Keys(), []);

  const go = useCallback(
    async (next) => {
      setBusy(true);
      const outcome = await send(page.urls.try, next, keys.of(page.urls.try, next));
      setBusy(false);
      if (outcome.kind !== "done") {
        setProblem(outcome);
        return outcome;
      }
      setProblem(null);
      setSaid(next);
      setState(outcome.answer);
      return outcome;
    },
    [page, keys],
  );
  useEffect(() => {
    // where a way cannot be gone to its end, the page stands before the step that fails, and says why it does
    go(page.begin).then(async (outcome) => {
      const failed = /^\/steps\/(\d+)/.exec(outcome.errors?.[0]?.path ?? "")?.[1];
      if (outcome.kind !== "invalid" || failed === undefined) return;
      await go({ ...page.begin, steps: page.begin.steps.slice(0, Number(failed)) });
      setProblem(outcome);
    });
  }, [go, page]);
  return { said, state, problem, busy, go };
}

function Problem({ problem, onBegin }) {
  if (!problem) return null;
  return (
    <div className="alert alert-danger" role="alert">
      <b>{problem.title ?? "不能这样走"}</b>
      <div>{problem.message}</div>
      {problem.errors?.length > 0 && <ul className="form-summary">{problem.errors.slice(0, 12).map(({ path, message }) => <li key={path + message}>{message}</li>)}</ul>}
      {onBegin && <button type="button" className="btn btn-sm mt-2" onClick={onBegin}>从头开始</button>}
    </div>
  );
}

/** The role that plays a step: who should, or anybody else, to see that they may not. */
function Player({ page, by, onChange }) {
  const [role, unit] = (by ?? "").split("@");
  const chosen = page.roles.find((one) => one.code === role);
  return (
    <div className="try-player">
      <label>以谁的身份 <select className="form-select form-select-sm" value={role} onChange={(event) => onChange(event.target.value || null)}>
        <option value="">应由谁办就是谁</option>
        {page.roles.map((one) => <option key={one.code} value={one.code}>{one.name}</option>)}
      </select></label>
      {chosen?.of_unit && (
        <label>单位 <select className="form-select form-select-sm" value={unit ?? ""} onChange={(event) => onChange(event.target.value ? `${role}@${event.target.value}` : role)}>
          <option value="">不限</option>
          {page.units.map((one) => <option key={one.code} value={one.code}>{one.name}</option>)}
        </select></label>
      )}
    </div>
  );
}

function StepForm({ page, step, today, number, onDo, onBack }) {
  const [data, setData] = useState(step.prefill);
  const [by, setBy] = useState(null);
  const [filled, setFilled] = useState(0);
  const [back, setBack] = useState("");
  const [reason, setReason] = useState("");
  const form = useMemo(
    () => ({
      schema: step.schema,
      ui_schema: step.ui_schema,
      data,
      labels: step.labels,
      url: "",
      extra: {},
      user: page.user,
      task: `try-${number}-${step.label}-${filled}`,
      kept: false,
      today,
      tomorrow: nextDay(today),
      age: 0,
      dates: [],
      records: null,
      submit: "办理这一步",
      sign_in: page.sign_in,
    }),
    [page, step, data, filled, number, today],
  );
  function sample() {
    setData(step.sample);
    setFilled(filled + 1);
  }
  return (
    <section className="panel try-form">
      <h2>{step.name}{step.slot && <span className="muted">（{step.slot}）</span>}</h2>
      <div className="try-tools">
        <Player page={page} by={by} onChange={setBy} />
        <button type="button" className="btn btn-sm" onClick={sample}>填入样例</button>
      </div>
      {Object.keys(step.schema).length ? (
        <TaskForm key={`${number}-${step.label}-${filled}`} page={form} deliver={(given) => onDo(step, given, by)} />
      ) : <p className="alert alert-danger">表单过大，无法显示。</p>}
      {step.back.length > 0 && (
        <details className="fold"><summary>退回</summary>
          <div className="try-back">
            <select className="form-select form-select-sm" aria-label="退回到" value={back} onChange={(event) => setBack(event.target.value)}>
              <option value="">退回到…</option>
              {step.back.map((one) => <option key={one.task} value={one.task}>{one.name}</option>)}
            </select>
            <input className="form-control form-control-sm" placeholder="退回理由" value={reason} onChange={(event) => setReason(event.target.value)} />
            <button type="button" className="btn btn-sm" disabled={!back || !reason.trim()} onClick={() => onBack(step, back, reason.trim(), by)}>退回</button>
          </div>
        </details>
      )}
    </section>
  );
}

function nextDay(today) {
  const day = new Date(`${today}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + 1);
  return day.toISOString().slice(0, 10);
}

function Open({ state, chosen, onChoose }) {
  if (state.end) return <p className="alert alert-success">事项已结束：{state.end_name || state.end}</p>;
  if (!state.open.length) return <p className="alert alert-warning">现在没有待办的步骤{state.timers.length || state.messages.length ? "，要等定时或消息" : "，也没有什么可等的：流程停在这里了"}。</p>;
  return (
    <ul className="try-open">
      {state.open.map((one) => (
        <li key={one.label}>
          <button type="button" className={`try-task ${LIGHTS[one.light] ?? ""}`} aria-pressed={one.label === chosen} onClick={() => onChoose(one.label)}>
            <b>{one.name}</b>{one.slot && <span>（{one.slot}）</span>}
            <small className={one.nobody ? "studio-bad" : "muted"}>由{one.who}办理{one.due && `，期限 ${one.due}`}{one.late > 0 && `，已超期 ${one.late} 个工作日`}{one.paused && "，暂停计时"}</small>
            {one.basis && <small className="muted">{one.basis}</small>}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Clock({ state, busy, onWait, onUntil }) {
  const [until, setUntil] = useState("");
  return (
    <div className="try-clock">
      <span>现在 <b className="num">{state.now}</b></span>
      <span className="try-waits">过 {WAITS.map((days) => <button type="button" className="btn btn-sm" key={days} disabled={busy || Boolean(state.end)} onClick={() => onWait(days)}>{days}</button>)} 个工作日</span>
      <span className="try-waits"><input type="datetime-local" className="form-control form-control-sm" aria-label="到这个时间" value={until} onChange={(event) => setUntil(event.target.value)} />{until && <span className="studio-day" title="年-月-日 时:分">{until.replace("T", " ")}</span>}<button type="button" className="btn btn-sm" disabled={busy || !until || Boolean(state.end)} onClick={() => onUntil(until)}>到这时</button></span>
    </div>
  );
}

function Way({ said, state, busy, onBackTo }) {
  return (
    <section className="panel"><h2>走过的步骤</h2>
      <ol className="try-way">
        <li className="muted">{said.starts.replace("T", " ")} 开始{said.steps.length > 0 && <button type="button" className="btn btn-sm" disabled={busy} onClick={() => onBackTo(0)}>从头再来</button>}</li>
        {state.steps.map((text, index) => (
          <li key={index}>{text}{index < state.steps.length - 1 && <button type="button" className="btn btn-sm" disabled={busy} onClick={() => onBackTo(index + 1)}>回到这里</button>}</li>
        ))}
      </ol>
    </section>
  );
}

function Told({ state }) {
  return (
    <section className="panel"><h2>会发出的提醒</h2>
      {state.notices.length ? <ul className="plain try-told">{state.notices.map((one, index) => <li key={index}><span className="num muted">{one.at}</span> 给{one.to}：{one.text}</li>)}</ul> : <p className="muted">还没有。</p>}
      <h2>将要到的定时</h2>
      {state.timers.length ? <ul className="plain try-told">{state.timers.map((one, index) => <li key={index}><span className="num muted">{one.at}</span> {one.name}</li>)}</ul> : <p className="muted">没有。</p>}
    </section>
  );
}

function Begin({ said, busy, onBegin }) {
  const [starts, setStarts] = useState(said.starts);
  useEffect(() => setStarts(said.starts), [said.starts]);
  return (
    <div className="try-waits"><label>开始时间 <input type="datetime-local" className="form-control form-control-sm" value={starts.slice(0, 16)} onChange={(event) => setStarts(event.target.value)} /> <span className="studio-day" title="年-月-日 时:分">{starts.slice(0, 16).replace("T", " ")}</span></label>
      <button type="button" className="btn btn-sm" disabled={busy || !starts || starts === said.starts} onClick={() => onBegin(starts)}>按这个时间重走</button></div>
  );
}

function Keep({ page, said, disabled }) {
  const from = page.begin.scenario;
  const [title, setTitle] = useState(from?.title ?? "");
  const [outcome, setOutcome] = useState(null);
  const keys = useMemo(() => new Keys(), []);
  async function keep(over) {
    const { scenario: _from, ...steps } = said;
    const body = { ...steps, title, ...(over ? { scenario: over } : {}) };
    setOutcome(await send(page.urls.keep, body, keys.of(page.urls.keep, body)));
  }
  return (
    <section className="panel"><h2>存成用例</h2>
      <div className="try-waits">
        <input className="form-control form-control-sm" placeholder="这个用例是什么情形，如 逾期后通报" maxLength={100} value={title} onChange={(event) => setTitle(event.target.value)} />
        {from?.name.startsWith("scenarios/") && <button type="button" className="btn btn-sm btn-primary" disabled={disabled || !title.trim()} onClick={() => keep(from.name)}>存回原用例</button>}
        <button type="button" className={`btn btn-sm${from ? "" : " btn-primary"}`} disabled={disabled || !title.trim()} onClick={() => keep(null)}>{from ? "另存为新用例" : "存成用例"}</button>
      </div>
      {outcome?.kind === "done" && <p className="alert alert-success" role="status">已存为用例，以后每次检查都会照此运行。<a href={page.urls.scenarios}>查看用例</a></p>}
      {outcome && outcome.kind !== "done" && <Problem problem={outcome} />}
    </section>
  );
}

function Try({ page, root }) {
  const { said, state, problem, busy, go } = useRehearsal(page);
  const [chosen, setChosen] = useState(null);
  useEffect(() => {
    if (!state) return;
    const drawing = document.querySelector("[data-diagram-island]");
    drawing?.dispatchEvent(new CustomEvent("diagram:show", { detail: state.drawing }));
    if (!state.open.some((one) => one.label === chosen)) setChosen(state.open[0]?.label ?? null);
  }, [state, chosen]);
  useEffect(() => {
    root.dataset.ready = busy ? "busy" : String(said.steps.length);
  }, [root, busy, said]);

  const add = (...steps) => go({ ...said, steps: [...said.steps, ...steps] });
  const whose = (step) => (step.unit && step.label.includes("/") ? { unit: step.unit } : {});
  async function take(step, data, by) {
    const place = `/steps/${said.steps.length}`;
    const outcome = await add({ do: step.task, ...whose(step), ...(by ? { by } : {}), data });
    if (outcome.kind === "invalid") return { ...outcome, errors: outcome.errors.map((one) => ({ ...one, path: one.path.replace(place, "") })) };
    return outcome;
  }
  const step = state?.open.find((one) => one.label === chosen);
  if (!state) return problem ? <Problem problem={problem} onBegin={() => go({ ...page.begin, steps: [] })} /> : <p className="muted">正在开始…</p>;
  return (
    <div className="try" aria-busy={busy}>
      <Clock state={state} busy={busy} onWait={(days) => add({ wait: days })} onUntil={(until) => add({ until })} />
      {problem && problem.kind !== "invalid" && <Problem problem={problem} />}
      {problem?.kind === "invalid" && (!step || said.steps.length < page.begin.steps.length) && <Problem problem={problem} />}
      <div className="try-columns">
        <div>
          <section className="panel"><h2>待办</h2><Open state={state} chosen={chosen} onChoose={setChosen} />
            {state.messages.map((name) => <button type="button" className="btn btn-sm" key={name} disabled={busy} onClick={() => add({ message: name })}>收到消息 {name}</button>)}
          </section>
          {step && <StepForm key={`${said.steps.length}-${step.label}`} page={page} step={step} today={state.today} number={said.steps.length} onDo={take}
            onBack={(one, target, reason, by) => add({ give_back: target, from: one.task, ...whose(one), ...(by ? { by } : {}), reason })} />}
        </div>
        <div>
          <Way said={said} state={state} busy={busy} onBackTo={(count) => go({ ...said, steps: said.steps.slice(0, count) })} />
          <Told state={state} />
          {page.editable && <Keep page={page} said={said} disabled={busy || !said.steps.length} />}
          <section className="panel"><h2>数据</h2>
            {state.data.length ? <dl className="facts">{state.data.map((one) => [<dt key={`${one.name}t`}>{one.name}</dt>, <dd key={`${one.name}d`}>{one.value}</dd>])}</dl> : <p className="muted">还没有。</p>}
            <Begin said={said} busy={busy} onBegin={(starts) => go({ ...said, starts })} />
          </section>
        </div>
      </div>
    </div>
  );
}

for (const root of document.querySelectorAll("[data-studio-try]")) {
  const page = JSON.parse(document.getElementById(root.dataset.studioTry).textContent);
  createRoot(root).render(<Guard place={root}><Try page={page} root={root} /></Guard>);
}
