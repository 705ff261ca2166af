// The tab 规则表: a decision table with its choices by name; whatever is no choice is one of our expressions.
//
// The page holds {draft: {id, process, revision, editable}, files: {name: text}, open, columns: {field: {title, choices,
// many, kind}}, user, sign_in, urls: {files, check, ask, spelling}}.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { Guard } from "../form/Guard.jsx";
import { asked, noFile, useAsked, useLost } from "./address.jsx";
import { Checker, Findings } from "./Findings.jsx";
import { Conflict, Kept, Saved } from "./Saved.jsx";
import { ask, Saver } from "./saving.js";
import { cellOf, codesOf, Table } from "./table.js";
import "./studio.css";
import "./tables.css";

const POLICIES = { FIRST: "自上而下，取第一条相符的", UNIQUE: "自上而下，取第一条相符的（各条不应重叠）", COLLECT: "取所有相符的" };
const NEW_TABLE = (id, name) => `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="${id}_definitions" name="${name}" namespace="urn:liaison:${id}">
  <decision id="${id}" name="${name}">
    <decisionTable id="${id}_table" hitPolicy="FIRST">
      <output id="${id}_result" label="结果" name="${id}_result" typeRef="Any" />
      <rule id="rule_01">
        <outputEntry id="rule_01_${id}_result">
          <text>None</text>
        </outputEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>
`;

const column = (page, text) => page.columns[text] ?? { title: text, choices: [], many: false };

/** A cell in words: 任意, the names of what it picks, the field that it takes over, or the expression itself. */
function wordsOf(side, text, { choices }, columns) {
  if (side === "inputs" && (text === "-" || text === "")) return { words: "任意", plain: true };
  if (side === "outputs" && (text === "None" || text === "[]")) return { words: "无", plain: true };
  const codes = codesOf(text);
  const known = new Map(choices.map((one) => [one.code, one.name]));
  if (codes && choices.length && codes.every((code) => known.has(code))) return { words: codes.map((code) => known.get(code)).join(side === "inputs" ? " 或 " : "、") };
  const taken = /^\[?([a-z][a-z0-9_]*)\]?$/.exec(text)?.[1];
  if (side === "outputs" && taken in columns) return { words: `同“${columns[taken].title}”` };
  return { words: text, code: true };
}

function CellEditor({ side, text, about, onDone, onClose }) {
  const codes = codesOf(text);
  const known = new Set(about.choices.map((one) => one.code));
  const pickable = about.choices.length > 0;
  const fits = side === "inputs" ? text === "-" || text === "" : text === "None" || text === "[]";
  const [picking, setPicking] = useState(pickable && (fits || (codes?.every((code) => known.has(code)) ?? false)));
  const [chosen, setChosen] = useState(new Set(codes ?? []));
  const [typed, setTyped] = useState(text);
  const many = side === "inputs" || about.many;
  function pick(code) {
    const next = new Set(many ? chosen : []);
    if (chosen.has(code)) next.delete(code);
    else next.add(code);
    setChosen(next);
    const ordered = about.choices.map((one) => one.code).filter((one) => next.has(one));
    onDone(cellOf(side, ordered, about.many), !many);
  }
  return (
    <div className="table-editor" role="dialog" aria-label="填这一格" onKeyDown={(event) => event.key === "Escape" && onClose()}>
      {picking ? (
        <>
          <div className="table-picks">{about.choices.map((one) => (
            <label key={one.code}><input type={many ? "checkbox" : "radio"} checked={chosen.has(one.code)} onChange={() => pick(one.code)} /> {one.name}</label>
          ))}</div>
          <div className="studio-row">
            <button type="button" className="btn btn-sm" onClick={() => { setChosen(new Set()); onDone(cellOf(side, [], about.many), true); }}>{side === "inputs" ? "任意" : "无"}</button>
            <button type="button" className="btn btn-sm" onClick={() => setPicking(false)}>写成式子</button>
            <button type="button" className="btn btn-sm btn-primary" onClick={onClose}>好</button>
          </div>
        </>
      ) : (
        <form onSubmit={(event) => { event.preventDefault(); onDone(typed.trim() || (side === "inputs" ? "-" : "None"), true); }}>
          <input autoFocus className="form-control form-control-sm studio-code" aria-label="式子" value={typed} onChange={(event) => setTyped(event.target.value)} />
          <p className="form-note">{side === "inputs" ? <>写成 <code>{"\"值\""}</code>、<code>{"? in [\"甲\", \"乙\"]"}</code>、<code>{"? > 3"}</code>；任意写 <code>-</code></> : <>写成 <code>{"\"值\""}</code>、<code>[town]</code>、<code>3</code>；没有结果写 <code>None</code></>}</p>
          <div className="studio-row">
            {pickable && <button type="button" className="btn btn-sm" onClick={() => setPicking(true)}>从选项中选</button>}
            <button type="submit" className="btn btn-sm btn-primary">好</button>
          </div>
        </form>
      )}
    </div>
  );
}

function Cell({ page, side, text, of, editing, editable, onEdit, onDone, onClose }) {
  const about = column(page, of.text);
  const { words, code, plain } = wordsOf(side, text, about, page.columns);
  return (
    <td className={`table-cell is-${side}`}>
      <button type="button" className={`table-value ${plain ? "muted" : ""}`} disabled={!editable} aria-expanded={editing} onClick={editing ? onClose : onEdit}>{code ? <code>{words}</code> : words}</button>
      {editing && <CellEditor side={side} text={text} about={about} onDone={onDone} onClose={onClose} />}
    </td>
  );
}

function Heading({ side, of, editable, only, onLabel, onRemove }) {
  const [open, setOpen] = useState(false);
  return (
    <th scope="col" className={`is-${side}`}>
      <button type="button" className="table-value" disabled={!editable} aria-expanded={open} onClick={() => setOpen(!open)}>{of.label || of.text}</button>
      <small className="muted">{side === "inputs" ? "条件" : "结果"}</small>
      {open && (
        <div className="table-editor" role="dialog" aria-label="这一列">
          <label>列的名称 <input className="form-control form-control-sm" value={of.label} onChange={(event) => onLabel(event.target.value)} /></label>
          <p className="form-note">数据名 <code>{of.text}</code></p>
          <div className="studio-row"><button type="button" className="btn btn-sm" disabled={only} onClick={() => { setOpen(false); onRemove(); }}>删去这一列</button><button type="button" className="btn btn-sm btn-primary" onClick={() => setOpen(false)}>好</button></div>
        </div>
      )}
    </th>
  );
}

/** Asks for a new column: a condition over known data, or a result under a name of its own. */
function NewColumn({ page, side, onAdd }) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [label, setLabel] = useState("");
  const fields = Object.entries(page.columns);
  const fine = side === "inputs" ? text.trim() : /^[a-z][a-z0-9_]*$/.test(text);
  if (!open) return <button type="button" className="btn btn-sm" onClick={() => setOpen(true)}>{side === "inputs" ? "加一列条件" : "加一列结果"}</button>;
  return (
    <span className="table-new">
      <input className="form-control form-control-sm" list={`columns-${side}`} aria-label={side === "inputs" ? "按哪项数据" : "结果写入的数据名"} placeholder={side === "inputs" ? "按哪项数据" : "数据名（英文）"} value={text} onChange={(event) => { setText(event.target.value); setLabel(page.columns[event.target.value]?.title ?? label); }} />
      <datalist id={`columns-${side}`}>{fields.map(([name, one]) => <option key={name} value={name}>{one.title}</option>)}</datalist>
      <input className="form-control form-control-sm" aria-label="列的名称" placeholder="列的名称" value={label} onChange={(event) => setLabel(event.target.value)} />
      <button type="button" className="btn btn-sm btn-primary" disabled={!fine || !label.trim()} onClick={() => { onAdd(label.trim(), text.trim()); setOpen(false); setText(""); setLabel(""); }}>加上</button>
      <button type="button" className="btn btn-sm" onClick={() => setOpen(false)}>不加</button>
    </span>
  );
}

/** 试一试: values in, the answering rule and its results out, by the engine. */
function TryIt({ page, name, table, text, onRules }) {
  const [data, setData] = useState({});
  const [said, setSaid] = useState(null);
  useEffect(() => { setSaid(null); onRules([]); }, [text, onRules]);
  async function go() {
    const found = await ask(page.urls.ask, { name, text, data });
    setSaid(found ?? { failed: true });
    onRules(found?.rules ?? []);
  }
  const named = (output) => {
    const value = said.outputs[output.text];
    const known = new Map(column(page, output.text).choices.map((one) => [one.code, one.name]));
    const words = (Array.isArray(value) ? value : [value]).map((one) => known.get(one) ?? (one === null || one === undefined ? "无" : String(one)));
    return words.join("、") || "无";
  };
  const needed = [...new Set(table.inputs.map((one) => one.text))];
  return (
    <section className="panel"><h2>试一试</h2>
      <div className="studio-row">
        {needed.map((field) => {
          const about = column(page, field);
          return (
            <label key={field}>{about.title} {about.choices.length ? (
              <select className="form-select form-select-sm" value={data[field] ?? ""} onChange={(event) => setData({ ...data, [field]: event.target.value || null })}>
                <option value="">未填</option>{about.choices.map((one) => <option key={one.code} value={one.code}>{one.name}</option>)}
              </select>
            ) : about.kind === "boolean" ? (
              <select className="form-select form-select-sm" value={String(data[field] ?? "")} onChange={(event) => setData({ ...data, [field]: event.target.value === "" ? null : event.target.value === "true" })}>
                <option value="">未填</option><option value="true">是</option><option value="false">否</option>
              </select>
            ) : <input className="form-control form-control-sm" value={data[field] ?? ""} onChange={(event) => setData({ ...data, [field]: event.target.value === "" ? null : /^-?\d+(\.\d+)?$/.test(event.target.value) ? Number(event.target.value) : event.target.value })} />}</label>
          );
        })}
        <button type="button" className="btn btn-sm btn-primary" onClick={go}>看结果</button>
      </div>
      {said && !said.failed && (said.rules.length ? <p role="status">用第 <b>{said.rules.map((id) => table.rules.findIndex((one) => one.id === id) + 1).join("、")}</b> 条：{table.outputs.map((one) => `${one.label || one.text} ${named(one)}`).join("；")}</p> : <p role="status" className="studio-bad">没有一条相符，没有结果。</p>)}
      {said?.failed && <p role="alert" className="studio-bad">算不出结果，请先按下面的检查改好。</p>}
    </section>
  );
}

/** The number of the rule that stands at a line of the file; 0 for none. */
const ruleAt = (text, line) => text.split("\n").slice(0, line || 0).join("\n").match(/<(?:\w+:)?rule\b/g)?.length ?? 0;

/** `goal`: {line} of the file whose rule is shown. */
function Editor({ page, name, text, editable, goal, onChange }) {
  const [editing, setEditing] = useState(null);
  const [answering, setAnswering] = useState([]);
  const [sought, setSought] = useState(0);
  const rows = useRef(null);
  useEffect(() => {
    const number = ruleAt(text, goal.line);
    setSought(number);
    if (number) rows.current?.children[number - 1]?.scrollIntoView({ block: "center" });
  }, [goal]);
  const table = useMemo(() => {
    try {
      return new Table(text);
    } catch {
      return null;
    }
  }, [text]);
  if (!table) return <p className="alert alert-danger">这个文件不是能编辑的规则表，可下载后修改。</p>;
  const change = (edit) => {
    edit(table);
    onChange(table.toString());
  };
  const { inputs, outputs, rules } = table;
  return (
    <>
      <div className="studio-row table-head">
        <label>名称 <input className="form-control form-control-sm" value={table.name} disabled={!editable} onChange={(event) => change((one) => { one.name = event.target.value; })} /></label>
        <label>取哪一条 <select className="form-select form-select-sm" value={table.policy} disabled={!editable} onChange={(event) => change((one) => { one.policy = event.target.value; })}>
          {Object.entries(POLICIES).map(([code, words]) => <option key={code} value={code}>{words}</option>)}
        </select></label>
        {editable && <><NewColumn page={page} side="inputs" onAdd={(label, of) => change((one) => one.addColumn("inputs", label, of))} /><NewColumn page={page} side="outputs" onAdd={(label, of) => change((one) => one.addColumn("outputs", label, of))} /></>}
      </div>
      <div className="sheet-scroll table-scroll"><table className="sheet table-rules">
        <thead><tr><th scope="col">序</th>
          {["inputs", "outputs"].flatMap((side) => table[side].map((of) => <Heading key={of.id} side={side} of={of} editable={editable} only={side === "outputs" && outputs.length === 1} onLabel={(value) => change((one) => one.labelColumn(one[side].find((each) => each.id === of.id), value))} onRemove={() => change((one) => one.removeColumn(side, one[side].find((each) => each.id === of.id)))} />))}
          <th scope="col">说明</th>{editable && <th scope="col"><span className="visually-hidden">操作</span></th>}</tr></thead>
        <tbody ref={rows}>{rules.map((rule, at) => (
          <tr key={rule.id} className={answering.includes(rule.id) || at + 1 === sought ? "is-answering" : ""}>
            <th scope="row" className="num">{at + 1}</th>
            {["inputs", "outputs"].flatMap((side) => (side === "inputs" ? inputs : outputs).map((of, place) => {
              const key = `${rule.id}-${of.id}`;
              return <Cell key={key} page={page} side={side} of={of} text={rule[side][place] ?? ""} editable={editable} editing={editing === key} onEdit={() => setEditing(key)} onClose={() => setEditing(null)} onDone={(value, close) => { change((one) => one.setCell(one.rules[at], side, place, value)); if (close) setEditing(null); }} />;
            }))}
            <td><input className="form-control form-control-sm" aria-label={`第 ${at + 1} 条的说明`} value={rule.description} disabled={!editable} onChange={(event) => change((one) => one.describe(one.rules[at], event.target.value))} /></td>
            {editable && <td className="table-ops"><button type="button" className="btn btn-sm" aria-label={`上移第 ${at + 1} 条`} disabled={at === 0} onClick={() => change((one) => one.moveRule(one.rules[at], -1))}>↑</button><button type="button" className="btn btn-sm" aria-label={`下移第 ${at + 1} 条`} disabled={at === rules.length - 1} onClick={() => change((one) => one.moveRule(one.rules[at], 1))}>↓</button><button type="button" className="btn btn-sm" aria-label={`在第 ${at + 1} 条下加一条`} onClick={() => change((one) => one.addRule(one.rules[at]))}>＋</button><button type="button" className="btn btn-sm" aria-label={`删去第 ${at + 1} 条`} disabled={rules.length === 1} onClick={() => change((one) => one.removeRule(one.rules[at]))}>删</button></td>}
          </tr>
        ))}</tbody>
      </table></div>
      <TryIt page={page} name={name} table={table} text={text} onRules={setAnswering} />
    </>
  );
}

function Tables({ page, place }) {
  const { editable } = page.draft;
  const [state, setState] = useState({ kind: "saved" });
  const saver = useMemo(() => new Saver({ files: page.urls.files, revision: page.draft.revision, user: page.user, draft: page.draft.id, onState: setState }), [page]);
  const [came] = useState(asked);
  const [, setLost, lost] = useLost();
  const [files, setFiles] = useState(page.files);
  const [file, setFile] = useState(came.file in page.files ? came.file : page.open);
  const [goal, setGoal] = useState({ line: Number(came.place) });
  const [kept, setKept] = useState(null);
  const [found, setFound] = useState(null);
  const [checking, setChecking] = useState(false);
  const [fresh, setFresh] = useState("");
  const checker = useMemo(() => new Checker(() => ask(page.urls.check, {}), (answer, busy) => {
    setChecking(busy);
    if (answer) setFound(answer);
  }), [page]);
  const change = useCallback((text) => {
    setFiles((all) => ({ ...all, [file]: text }));
    saver.change(file, text);
  }, [file, saver]);
  useEffect(() => {
    saver.onSaved(() => checker.soon());
    checker.soon(50);
    place.dataset.ready = "";
  }, [saver, checker, place]);
  useEffect(() => setKept(file ? saver.open(file, page.files[file] ?? "") : null), [file, saver, page]);
  function come({ file: name, place }) {
    setLost(name in files ? "" : noFile(name));
    if (name in files) go({ file: name, line: Number(place) });
  }
  function go({ file: name, line }) {
    setLost("");
    setFile(name);
    setGoal({ line });
  }
  useAsked(come);
  useEffect(() => { if (came.file && !(came.file in page.files)) setLost(noFile(came.file)); }, [came, page]);
  async function add() {
    const said = await ask(page.urls.spelling, { text: fresh });
    if (!said) return;
    const name = `bpmn/${said.id}.dmn`;
    if (name in files) return;
    const text = NEW_TABLE(said.id, fresh);
    setFiles((all) => ({ ...all, [name]: text }));
    setFile(name);
    setFresh("");
    saver.open(name, "");
    saver.change(name, text);
  }
  const named = (name) => /<(?:\w+:)?decision [^>]*name="([^"]*)"/.exec(files[name])?.[1] || name;
  return (
    <div className="studio-tables">
      <div className="studio-bar"><div className="diagram-tabs" role="tablist">{Object.keys(files).sort().map((name) => <button type="button" role="tab" key={name} className={name === file ? "active" : ""} aria-selected={name === file} onClick={() => go({ file: name })}>{named(name)}</button>)}
        {editable && <span className="table-new"><input className="form-control form-control-sm" placeholder="新规则表的名称" aria-label="新规则表的名称" value={fresh} onChange={(event) => setFresh(event.target.value)} /><button type="button" className="btn btn-sm" disabled={!fresh.trim()} onClick={add}>新建</button></span>}</div>
        <Saved state={state} signIn={page.sign_in} /></div>
      <Conflict state={state} onMine={() => saver.mine()} onTheirs={async () => { const text = await saver.theirs(); if (text !== null) setFiles((all) => ({ ...all, [state.name]: text })); }} onKeepCopy={() => download(file, files[file])} />
      <Kept kept={kept} onTake={() => { change(kept.content); setKept(null); }} onLeave={() => { saver.discard(file); setKept(null); }} />
      {lost}
      {file ? <Editor key={file} goal={goal} page={page} name={file} text={files[file]} editable={editable} onChange={change} /> : <p className="muted">这个流程没有规则表。</p>}
      <div className="studio-below"><Findings found={found} checking={checking} has={(name) => name in files} onGo={go} /></div>
    </div>
  );
}

function download(name, text) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([text], { type: "application/xml" })), download: name.split("/").pop() });
  link.click();
  URL.revokeObjectURL(link.href);
}

for (const root of document.querySelectorAll("[data-studio-tables]")) {
  const page = JSON.parse(document.getElementById(root.dataset.studioTables).textContent);
  createRoot(root).render(<Guard place={root}><Tables page={page} place={root} /></Guard>);
}
