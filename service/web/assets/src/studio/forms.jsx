// The tab 表单: a form as a list of fields beside the live form; its source where a schema is no list, and on wish.
//
// The page holds {draft: {id, process, revision, editable}, files: {name: text}, open: form, tasks: [{id, name, form}],
// lists: {name: {title, choices}}, records, listings, private: [{code, name}], days: [{form, name, title}], today, user,
// sign_in, urls: {files, check, uses, spelling}}.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { Guard } from "../form/Guard.jsx";
import { asked, noFile, useAsked, useLost } from "./address.jsx";
import { wordsOf } from "./conditions.jsx";
import { Field } from "./Field.jsx";
import { Checker, Findings } from "./Findings.jsx";
import { Form, KINDS, newForm } from "./form.js";
import { Preview } from "./preview.jsx";
import { Conflict, Kept, Saved } from "./Saved.jsx";
import { ask, Saver } from "./saving.js";
import { Source } from "./Source.jsx";
import "./studio.css";
import "./forms.css";

const MOST_UNDONE = 100;
const schemaOf = (name) => `forms/${name}.json`;
const uiOf = (name) => `forms/${name}.ui.json`;
const nameOf = (file) => file.replace(/^forms\//, "").replace(/(\.ui)?\.json$/, "");

/** Where a field is used elsewhere, before it is renamed or removed. */
function Uses({ asked, onGo, onStay }) {
  if (!asked) return null;
  const { title, doing, uses } = asked;
  return (
    <div className="alert alert-warning" role="alertdialog" aria-label="用到这个字段的地方">
      <b>“{title}”还用在 {uses.length} 处，{doing}以后这些地方要一起改：</b>
      <ul>{uses.slice(0, 20).map((one, at) => <li key={at}>{one.place && <b>{one.place}：</b>}{one.words}</li>)}{uses.length > 20 && <li>另有 {uses.length - 20} 处</li>}</ul>
      <div className="studio-row"><button type="button" className="btn btn-sm" onClick={onStay}>不{doing}了</button><button type="button" className="btn btn-sm btn-primary" onClick={onGo}>仍要{doing}</button></div>
    </div>
  );
}

function Editor({ page, name, form, editable, onChange, beforeAsking, goal }) {
  const [open, setOpen] = useState(null);
  const [fresh, setFresh] = useState("");
  const [asked, setAsked] = useState(null);
  const [told, setTold] = useState("");
  const fields = form.fields;
  useEffect(() => {
    const key = goal && fieldAt(form, goal.line);
    if (key) setOpen(key);
  }, [goal]); // a finding was clicked; the form as it is then
  const change = (edit) => {
    try {
      setTold("");
      const next = edit(form);
      onChange(form.texts);
      return next;
    } catch (error) {
      setTold(error.message);
      onChange(null);
      return undefined;
    }
  };
  const edit = (key) => (act) => change((one) => act(one, one.find(key)));
  async function add() {
    const said = await ask(page.urls.spelling, { text: fresh });
    if (!said) return;
    const id = form.unused(said.id);
    change((one) => one.add(id, fresh.trim(), open ? one.find(open)?.name : null));
    setFresh("");
    setOpen(`${id}@`);
  }
  /** Asks the server where the field is used, on what is saved; acts at once where it is used nowhere. */
  async function warn(field, doing, act, stay = () => {}) {
    await beforeAsking();
    const said = await ask(page.urls.uses, { form: name, field: field.name });
    if (said && !said.uses.length) return act();
    setAsked({ title: field.spec.title ?? field.name, doing, uses: said?.uses ?? [{ place: "", words: "没有查到用在哪里，请检查网络后再试" }], act, stay });
    return undefined;
  }
  function rename(field, to, stay) {
    warn(field, "改名", () => {
      change((one) => one.rename(field.name, to));
      setOpen(`${to}${field.key.slice(field.name.length)}`);
    }, stay);
  }
  function remove(field) {
    const others = form.shownBy(field.name).filter((title) => title !== field.spec.title);
    const last = fields.filter((one) => one.name === field.name).length === 1;
    if (last && others.length) return setTold(`“${others.join("”“")}”的显示或必填要看“${field.spec.title ?? field.name}”，请先改这些字段。`);
    const act = () => change((one) => one.remove(one.find(field.key)));
    return last ? warn(field, "删去", act) : act();
  }
  return (
    <div className="form-list">
      <div className="field-head">
        <label>表单的名称 <input className="form-control form-control-sm" disabled={!editable} value={form.title} onChange={(event) => change((one) => one.setForm("title", event.target.value))} /></label>
        <label>表单的说明 <textarea className="form-control form-control-sm" rows={2} disabled={!editable} value={form.schema.description ?? ""} onChange={(event) => change((one) => one.setForm("description", event.target.value || undefined))} /></label>
      </div>
      {told && <p className="alert alert-warning" role="alert">{told}</p>}
      <Uses asked={asked} onGo={() => { asked.act(); setAsked(null); }} onStay={() => { asked.stay(); setAsked(null); }} />
      <ol className="field-list" aria-label="字段">
        {fields.map((field, at) => (
          <li key={field.key} className={open === field.key ? "is-open" : ""}>
            <div className="field-line">
              <button type="button" className="field-name" aria-expanded={open === field.key} onClick={() => setOpen(open === field.key ? null : field.key)}>
                <b>{field.spec.title || field.name}</b> <small className="muted">{KINDS[field.kind]}</small>
                {field.required && <span className="label-tag">必填</span>}{field.asked.length > 0 && <span className="label-tag">有时必填</span>}
                {field.when && <small className="field-when">{wordsOf(form, field.when, field.otherwise, page.lists)}显示</small>}
              </button>
              {editable && <span className="field-moves"><button type="button" className="btn btn-sm" aria-label={`上移“${field.spec.title}”`} disabled={at === 0} onClick={() => edit(field.key)((one, own) => one.move(own, -1))}>↑</button><button type="button" className="btn btn-sm" aria-label={`下移“${field.spec.title}”`} disabled={at === fields.length - 1} onClick={() => edit(field.key)((one, own) => one.move(own, 1))}>↓</button></span>}
            </div>
            {open === field.key && (
              <Field key={field.key} page={page} form={form} field={field} editable={editable} change={edit(field.key)}
                onRename={(to, stay) => rename(field, to, stay)}
                onShow={(when, otherwise) => { const key = change((one) => one.showWhen(one.find(field.key), when, otherwise)); if (key) setOpen(key); }}
                onDuplicate={() => { const id = change((one) => one.duplicate(one.find(field.key))); if (id) setOpen(`${id}${field.key.slice(field.name.length)}`); }}
                onRemove={() => remove(field)} />
            )}
          </li>
        ))}
      </ol>
      {!fields.length && <p className="muted">还没有字段。</p>}
      {editable && <form className="studio-row" onSubmit={(event) => { event.preventDefault(); if (fresh.trim()) add(); }}><input className="form-control form-control-sm" aria-label="新字段的名称" placeholder="新字段的名称，如：家庭住址" value={fresh} onChange={(event) => setFresh(event.target.value)} /><button type="submit" className="btn btn-sm" disabled={!fresh.trim()}>加一个字段</button></form>}
    </div>
  );
}

function Forms({ page, place }) {
  const { editable } = page.draft;
  const [state, setState] = useState({ kind: "saved" });
  const saver = useMemo(() => new Saver({ files: page.urls.files, revision: page.draft.revision, user: page.user, draft: page.draft.id, onState: setState }), [page]);
  const names = (files) => Object.keys(files).filter((one) => !one.endsWith(".ui.json")).map(nameOf);
  const [came] = useState(asked);
  const [, setLost, lost] = useLost();
  const [files, setFiles] = useState(page.files);
  const [name, setName] = useState(schemaOf(nameOf(came.file)) in page.files ? nameOf(came.file) : page.open);
  const [view, setView] = useState("list");
  const [kept, setKept] = useState(null);
  const [found, setFound] = useState(null);
  const [checking, setChecking] = useState(false);
  const [fresh, setFresh] = useState("");
  const [undone, setUndone] = useState([]);
  const [goal, setGoal] = useState(Number(came.place) ? { line: Number(came.place) } : null);
  const [, again] = useState(0);
  const latest = useRef(files);
  latest.current = files;
  const checker = useMemo(() => new Checker(() => ask(page.urls.check, {}), (answer, busy) => {
    setChecking(busy);
    if (answer) setFound(answer);
  }), [page]);
  const [schema, ui] = [files[schemaOf(name)] ?? "", files[uiOf(name)] ?? ""];
  const form = useMemo(() => (name ? new Form(schema, ui) : null), [name, schema, ui]);

  const put = useCallback((texts) => {
    setFiles((all) => ({ ...all, ...texts }));
    for (const [file, text] of Object.entries(texts)) saver.change(file, text);
  }, [saver]);
  const write = useCallback((texts) => {
    const changed = Object.fromEntries(Object.entries(texts).filter(([file, text]) => text !== (latest.current[file] ?? "")));
    if (!Object.keys(changed).length) return;
    const before = Object.fromEntries(Object.keys(changed).map((file) => [file, latest.current[file] ?? ""]));
    setUndone((all) => [...all.slice(1 - MOST_UNDONE), before]);
    put(changed);
  }, [put]);
  function undo() {
    const last = undone[undone.length - 1];
    setUndone(undone.slice(0, -1));
    setName(nameOf(Object.keys(last)[0]));
    put(last);
  }
  useEffect(() => {
    saver.onSaved(() => checker.soon());
    checker.soon(50);
    place.dataset.ready = "";
  }, [saver, checker, place]);
  useEffect(() => {
    if (!name) return;
    const both = [schemaOf(name), uiOf(name)].map((file) => [file, saver.open(file, page.files[file] ?? latest.current[file] ?? "")]).filter(([, one]) => one);
    setKept(both.length ? { at: Math.max(...both.map(([, one]) => one.at)), texts: Object.fromEntries(both.map(([file, one]) => [file, one.content])) } : null);
  }, [name, saver, page]);

  function make(id, title) {
    const texts = newForm(title);
    for (const file of [schemaOf(id), uiOf(id)]) saver.open(file, "");
    put({ [schemaOf(id)]: texts.schema, [uiOf(id)]: texts.ui });
    setName(id);
    setView("list");
    setFresh("");
  }
  /** Takes a form that no step shows out of the draft, with how it is shown. */
  async function drop() {
    for (const file of [uiOf(name), schemaOf(name)]) if (file in files && !(await saver.remove(file))) return;
    const { [schemaOf(name)]: _schema, [uiOf(name)]: _ui, ...left } = files;
    setFiles(left);
    setUndone([]);
    setName(names(left)[0] ?? "");
  }
  async function add() {
    const said = await ask(page.urls.spelling, { text: fresh });
    if (!said) return;
    let id = said.id;
    for (let n = 2; schemaOf(id) in files; n += 1) id = `${said.id}_${n}`;
    make(id, fresh.trim());
  }
  const has = (file) => /^forms\/.*\.json$/.test(file) && schemaOf(nameOf(file)) in files;
  function go({ file, line }) {
    setLost("");
    setName(nameOf(file));
    setView(file.endsWith(".ui.json") ? "ui" : "list");
    setGoal(line ? { line } : null);
  }
  function come({ file, place }) {
    if (has(file)) go({ file, line: Number(place) });
    else setLost(noFile(file));
  }
  useAsked(come);
  useEffect(() => { if (came.file && !has(came.file)) setLost(noFile(came.file)); }, [came]);
  const titled = (one) => {
    const title = /"title"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(files[schemaOf(one)])?.[1];
    const of = page.tasks.filter((task) => task.form === one).map((task) => task.name);
    const called = title ? JSON.parse(title) : one;
    return of.length && !(of.length === 1 && of[0] === called) ? `${called}（${of.join("、")}）` : called;
  };
  const missing = page.tasks.filter((task, at, all) => !(schemaOf(task.form) in files) && all.findIndex((other) => other.form === task.form) === at);
  const shown = view === "list" && form && !form.why ? "list" : view === "ui" ? "ui" : "source";
  return (
    <div className="studio-forms">
      <div className="studio-bar">
        <label className="form-pick">表单 <select className="form-select form-select-sm" value={name} onChange={(event) => { setName(event.target.value); setGoal(null); }}>{names(files).map((one) => <option key={one} value={one}>{titled(one)}</option>)}</select></label>
        <div className="diagram-tabs" role="tablist">{[["list", "字段"], ["source", "源文件"], ["ui", "显示方式的源文件"]].map(([code, words]) => <button type="button" role="tab" key={code} className={shown === code ? "active" : ""} aria-selected={shown === code} onClick={() => setView(code)}>{words}</button>)}</div>
        {editable && <button type="button" className="btn btn-sm" disabled={!undone.length} onClick={undo}>撤销</button>}
        {editable && name && !page.tasks.some((task) => task.form === name) && <button type="button" className="btn btn-sm" onClick={drop}>删去这张表单</button>}
        {editable && <span className="form-new"><input className="form-control form-control-sm" placeholder="新表单的名称" aria-label="新表单的名称" value={fresh} onChange={(event) => setFresh(event.target.value)} /><button type="button" className="btn btn-sm" disabled={!fresh.trim()} onClick={add}>新建</button></span>}
        <Saved state={state} signIn={page.sign_in} />
      </div>
      <Conflict state={state} onMine={() => saver.mine()} onTheirs={async () => { const text = await saver.theirs(); if (text !== null) setFiles((all) => ({ ...all, [state.name]: text })); }} onKeepCopy={() => download(state.name, files[state.name])} />
      <Kept kept={kept} onTake={() => { put(kept.texts); setKept(null); }} onLeave={() => { for (const file of Object.keys(kept.texts)) saver.discard(file); setKept(null); }} />
      {editable && missing.length > 0 && <div className="alert alert-info studio-choice">{missing.map((task) => <span key={task.id}>步骤“{task.name}”还没有表单 <button type="button" className="btn btn-sm" onClick={() => make(task.form, task.name)}>新建它的表单</button></span>)}</div>}
      {lost}
      {!form ? <p className="muted">这个流程没有表单。</p> : (
        <div className="form-columns">
          <div className="form-edit">
            {form.why && <p className="alert alert-info">这张表单不能列成字段：{form.why}。请在源文件里改。</p>}
            {shown === "list" && <Editor key={name} page={page} name={name} form={form} editable={editable} goal={goal} beforeAsking={() => saver.flush()} onChange={(texts) => (texts ? write({ [schemaOf(name)]: texts.schema, [uiOf(name)]: texts.ui }) : again((n) => n + 1))} />}
            {shown !== "list" && <Source key={name + shown} text={shown === "ui" ? ui : schema} label={shown === "ui" ? "显示方式的源文件" : "源文件"} editable={editable} at={goal?.line} onChange={(text) => write({ [shown === "ui" ? uiOf(name) : schemaOf(name)]: text })} />}
            {form.schema?.["x-warn"] && shown === "list" && <p className="form-note">这张表单另有只提醒不阻止的规则，在源文件里改。</p>}
          </div>
          <section className="panel form-live" aria-label="表单的样子"><h2>填写时的样子</h2><Preview page={page} name={name} schema={schema} ui={ui} names={form.why ? NONE : form.order} /></section>
        </div>
      )}
      <div className="studio-below"><Findings found={found} checking={checking} has={has} onGo={go} /></div>
    </div>
  );
}

const NONE = [];

/** The field in whose part of the source a line stands. */
function fieldAt(form, line) {
  const lines = form.texts.schema.split("\n").slice(0, line);
  for (const one of lines.reverse()) {
    const name = /^\s*"([^"\\]*)"\s*:/.exec(one)?.[1];
    const found = name && form.fields.find((field) => field.name === name);
    if (found) return found.key;
  }
  return null;
}

function download(name, text) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: name.split("/").pop() });
  link.click();
  URL.revokeObjectURL(link.href);
}

for (const root of document.querySelectorAll("[data-studio-forms]")) {
  const page = JSON.parse(document.getElementById(root.dataset.studioForms).textContent);
  createRoot(root).render(<Guard place={root}><Forms page={page} place={root} /></Guard>);
}
