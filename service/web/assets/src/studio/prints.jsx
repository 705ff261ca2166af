// The tab 打印模板: a template beside the paper that it makes, and what it may name.
//
// The page holds {draft: {id, process, revision, editable}, files: {name: text}, pictures: [name], words: [name] and
// house_words: [name] (Word templates, the draft's and the house's), house: {name: {title, text}}, names: {fields,
// steps: [{id, title, of}], case, step: [{id, title}]}, cases: [{id, title}], sees: whether cases are seen at all,
// scenarios: [{name, title, steps: [words]}], user, sign_in, urls: {files, check, preview, paper, spelling}}.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { Guard } from "../form/Guard.jsx";
import { Keys, send } from "../post.js";
import { asked, noFile, useAsked, useLost } from "./address.jsx";
import { Checker, Findings } from "./Findings.jsx";
import { Conflict, Kept, Saved } from "./Saved.jsx";
import { ask, Saver } from "./saving.js";
import { Source } from "./Source.jsx";
import "./studio.css";
import "./forms.css";
import "./prints.css";

const stemOf = (name) => name.replace(/^print\//, "").replace(/\.typ$/, "");
const isPaper = (name) => name.endsWith(".typ") && name !== "print/common.typ";
const titleOf = (text, name) => /^\ufeff?\s*\/\/\s*(.+)/.exec(text)?.[1].trim() || stemOf(name);
const NEW = (title) => `// ${title}
#import "common.typ": *
#show: paper.with(title: "${title.replace(/["\\]/g, "")}")
#align(center, text(size: 19pt, weight: "bold")[${title.replace(/[\\[\]#*_$@<>\x60]/g, "")}])

编号：#data.case.number　发起人：#data.case.starter

#for one in data.steps [#one.name（#one.unit_name，#one.on）：#listed(one.fields.map(it => it.title + "：" + it.words))

]
`;

/** The paper as pictures, made anew after each save and on another case. */
function Paper({ page, name, round, ready }) {
  const [on, setOn] = useState({}); // {case}, {number}, {scenario, upto}; empty: a made-up case
  const [number, setNumber] = useState("");
  const [shown, setShown] = useState(null);
  const [busy, setBusy] = useState(false);
  const state = useRef({ busy: false, again: false, on: {} });
  const now = useCallback(async () => {
    const { current } = state;
    current.again = current.busy; // one at a time: the last that was asked for comes next
    if (current.busy) return;
    current.busy = true;
    setBusy(true);
    await ready();
    const body = { name: stemOf(name), ...current.on };
    const outcome = await send(page.urls.preview, body, new Keys().of(page.urls.preview, body)); // asked anew each time
    current.busy = false;
    if (current.again) return now();
    setBusy(false);
    return setShown(outcome.kind === "done" ? outcome.answer : { problem: outcome.errors[0]?.message ?? outcome.message ?? "没有得到预览，请稍后再试。" });
  }, [page, name, ready]);
  useEffect(() => {
    state.current.on = on;
    const timer = setTimeout(now, 900);
    return () => clearTimeout(timer);
  }, [on, round, now]);
  const scenario = page.scenarios.find((one) => one.name === on.scenario);
  const pick = (value) => setOn(value.startsWith("s:") ? { scenario: value.slice(2) } : value ? { case: value.slice(2) } : {});
  return (
    <section className="panel form-live print-paper" aria-label="印出来的样子"><h2>印出来的样子</h2>
      <div className="studio-row">
        <select className="form-select form-select-sm" aria-label="用哪件事项的内容" value={on.scenario ? `s:${on.scenario}` : on.case ? `c:${on.case}` : ""} onChange={(event) => pick(event.target.value)}>
          <option value="">{on.number ? `${on.number} 的内容` : "样例内容"}</option>
          {page.scenarios.length > 0 && <optgroup label="用例">{page.scenarios.map((one) => <option key={one.name} value={`s:${one.name}`}>{one.title}</option>)}</optgroup>}
          {page.cases.length > 0 && <optgroup label="办结的事项">{page.cases.map((one) => <option key={one.id} value={`c:${one.id}`}>{one.title}</option>)}</optgroup>}
        </select>
        {scenario && <select className="form-select form-select-sm" aria-label="办到哪一步" value={on.upto ?? ""} onChange={(event) => setOn({ scenario: on.scenario, ...(event.target.value && { upto: event.target.value }) })}><option value="">走到最后</option>{scenario.steps.map((words, at) => <option key={at} value={String(at + 1)}>走到{words}</option>)}</select>}
        {page.sees && <form className="studio-row" onSubmit={(event) => { event.preventDefault(); setOn(number.trim() ? { number: number.trim() } : {}); }}><input className="form-control form-control-sm print-number" aria-label="事项的编号" placeholder="或写事项的编号" value={number} onChange={(event) => setNumber(event.target.value)} /><button className="btn btn-sm" type="submit">看这件</button></form>}
        <a className="btn btn-sm" target="_blank" rel="noopener" href={`${page.urls.paper}${stemOf(name)}.pdf?${new URLSearchParams(on)}`}>打开 PDF</a>
        <span className="muted" role="status">{busy ? "正在排版…" : ""}</span>
      </div>
      {page.scenarios.length === 0 && <p className="form-note">在“试办”里存成的用例会列在这里，可以看它走到每一步时印出来的样子。</p>}
      {shown?.problem && <p className="alert alert-danger" role="alert">{shown.problem}</p>}
      {shown?.pages?.map((one, at) => <img key={at} className={`print-page ${busy ? "is-old" : ""}`} src={one} alt={`第 ${at + 1} 页`} />)}
      {shown?.count > (shown?.pages?.length ?? 0) && <p className="form-note">共 {shown.count} 页，这里只显示前 {shown.pages.length} 页。</p>}
    </section>
  );
}

/** What a template may name; a click writes it where the cursor stands. */
function Names({ names, onPick }) {
  const [sought, setSought] = useState("");
  const fits = (one) => !sought || `${one.title}${one.id}${one.of ?? ""}`.includes(sought);
  const group = (title, list, text) => {
    const found = list.filter(fits);
    return found.length > 0 && (
      <details className="fold" open={Boolean(sought)}><summary>{title}（{found.length}）</summary>
        <ul className="print-names">{found.map((one) => <li key={one.id}><button type="button" disabled={!onPick} onClick={() => onPick(text(one))}>{one.title}{one.of && <small className="muted">（{one.of}）</small>} <code>{text(one)}</code></button></li>)}</ul>
      </details>
    );
  };
  return (
    <section className="panel"><h2>可以印的内容</h2>
      <input className="form-control form-control-sm" aria-label="找可以印的内容" placeholder="找一找，如：日期" value={sought} onChange={(event) => setSought(event.target.value.trim())} />
      {group("填写的内容（最后一次填的）", names.fields, (one) => `#field("${one.id}")`)}
      {group("事项", names.case, (one) => `#data.case.${one.id}`)}
      {group("某一步（最近一次办的）", names.steps, (one) => `#let it = step("${one.id}")`)}
      {group("一步里有什么", names.step, (one) => `#it.${one.id}`)}
    </section>
  );
}

/** The Word template of a paper: changed in Word, so it is taken down and sent up; beside it what it makes, as text. */
function Word({ page, name, own, house, editable, round, onTake, onRemove }) {
  const [shown, setShown] = useState(null);
  const stem = stemOf(name), file = `print/${stem}.docx`, there = own.includes(file), given = house.includes(file);
  useEffect(() => {
    let gone = false;
    setShown(null);
    if (there || given) fetch(`${page.urls.paper}${stem}/words`, { headers: { Accept: "application/json" } }).then((answer) => answer.json()).then((said) => { if (!gone) setShown(said.paragraphs ? said : { problem: said.detail ?? said.message ?? "没有得到预览，请稍后再试。" }); }, () => { if (!gone) setShown({ problem: "没有得到预览，请稍后再试。" }); });
    return () => { gone = true; };
  }, [page, stem, there, given, round]);
  return (
    <section className="panel print-word" aria-label="Word 模板"><h2>Word 模板</h2>
      <p className="form-note">{there ? "本流程自己的 Word 模板。" : given ? "现在用的是系统的 Word 模板。" : "这种文书还没有 Word 模板。"}下载后用 Word 修改再上传；<code>{"{{ … }}"}</code>、<code>{"{% … %}"}</code> 要保留原样，内容的名称与上面的相同，例如 <code>{"{{ case.number }}"}</code>。</p>
      <div className="studio-row">
        {(there || given) && <a className="btn btn-sm" href={there ? page.urls.files + file : `${page.urls.paper}house/${stem}.docx`} download={`${stem}.docx`}>下载模板</a>}
        {(there || given) && <a className="btn btn-sm" href={`${page.urls.paper}${stem}.docx`}>下载样例文书</a>}
        {editable && <label className="btn btn-sm print-upload">{there ? "换一个" : "上传"}<input type="file" className="visually-hidden" accept=".docx" aria-label="上传 Word 模板" onChange={(event) => { const [one] = event.target.files; event.target.value = ""; if (one) onTake(file, one); }} /></label>}
        {editable && there && <button type="button" className="btn btn-sm" onClick={() => onRemove(file)}>{given ? "改回系统的" : "删去"}</button>}
      </div>
      {shown?.problem && <p className="alert alert-danger" role="alert">{shown.problem}</p>}
      {shown?.paragraphs && <details className="fold"><summary>填入样例内容后的文字（{shown.paragraphs.length} 段）</summary><div className="print-words">{shown.paragraphs.map((one, at) => <p key={at}>{one}</p>)}</div></details>}
    </section>
  );
}

function Prints({ page, place }) {
  const { editable } = page.draft;
  const [state, setState] = useState({ kind: "saved" });
  const saver = useMemo(() => new Saver({ files: page.urls.files, revision: page.draft.revision, user: page.user, draft: page.draft.id, onState: setState }), [page]);
  const [came] = useState(asked);
  const [, setLost, lost] = useLost();
  const [files, setFiles] = useState(page.files);
  const [pictures, setPictures] = useState(page.pictures);
  const [words, setWords] = useState(page.words);
  const papers = [...new Set([...Object.keys(page.house), ...Object.keys(files)])].filter(isPaper).sort();
  const others = Object.keys(files).filter((one) => !isPaper(one));
  const [name, setName] = useState(came.file in page.files || came.file in page.house ? came.file : (papers[0] ?? ""));
  const [round, setRound] = useState(0);
  const [kept, setKept] = useState(null);
  const [found, setFound] = useState(null);
  const [checking, setChecking] = useState(false);
  const [fresh, setFresh] = useState("");
  const write = useRef(null);
  const checker = useMemo(() => new Checker(() => ask(page.urls.check, {}), (answer, busy) => {
    setChecking(busy);
    if (answer) setFound(answer);
  }, 2500), [page]);
  const ready = useCallback(() => saver.flush(), [saver]);
  const put = useCallback((file, text) => {
    setFiles((all) => ({ ...all, [file]: text }));
    saver.change(file, text);
  }, [saver]);
  useEffect(() => {
    saver.onSaved(() => {
      checker.soon();
      setRound((n) => n + 1);
    });
    checker.soon(50);
    place.dataset.ready = "";
  }, [saver, checker, place]);
  useEffect(() => setKept(name in page.files ? saver.open(name, page.files[name]) : null), [name, saver, page]);
  const has = (file) => file in files || file in page.house;
  function come({ file }) {
    setLost(has(file) ? "" : noFile(file));
    if (has(file)) setName(file);
  }
  useAsked(come);
  useEffect(() => { if (came.file) come(came); }, [came]);
  function make(file, text) {
    saver.open(file, "");
    put(file, text);
    setName(file);
  }
  async function add() {
    const said = await ask(page.urls.spelling, { text: fresh });
    if (!said) return;
    let id = said.id;
    for (let n = 2; `print/${id}.typ` in files || ["common", "sheet", "circular"].includes(id); n += 1) id = `${said.id}_${n}`;
    make(`print/${id}.typ`, NEW(fresh.trim()));
    setFresh("");
  }
  async function take(file) {
    const target = `print/${file.name.toLowerCase().replace(/[^a-z0-9_.]/g, "_").replace(/^[^a-z]+/, "file_")}`;
    if (/\.(typ|toml|svg)$/.test(target)) return make(target, await file.text());
    if (await saver.upload(target, file)) setPictures((all) => [...new Set([...all, target])].sort());
    return undefined;
  }
  async function takeWord(target, file) {
    if (await saver.upload(target, file)) setWords((all) => [...new Set([...all, target])].sort());
  }
  async function remove(file) {
    if (!(await saver.remove(file))) return;
    setPictures((all) => all.filter((one) => one !== file));
    setWords((all) => all.filter((one) => one !== file));
    setFiles(({ [file]: _gone, ...rest }) => rest);
    if (file === name && !(file in page.house)) setName(papers.find((one) => one !== file) ?? "");
  }
  const own = name in files;
  const text = files[name] ?? page.house[name]?.text ?? "";
  const called = (one) => page.house[one]?.title ?? (isPaper(one) ? titleOf(files[one], one) : one.replace(/^print\//, ""));
  return (
    <div className="studio-forms studio-prints">
      <div className="studio-bar">
        <label className="form-pick">打印件 <select className="form-select form-select-sm" value={name} onChange={(event) => setName(event.target.value)}>
          {!name && <option value="">还没有</option>}
          {papers.map((one) => <option key={one} value={one}>{called(one)}{one in files ? "" : "（系统的模板）"}</option>)}
          {others.map((one) => <option key={one} value={one}>{called(one)}（公用的部分）</option>)}
        </select></label>
        {name && <a className="btn btn-sm" href={own ? page.urls.files + name : `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`} download={name.split("/").pop()}>下载</a>}
        {editable && own && <button type="button" className="btn btn-sm" onClick={() => remove(name)}>{name in page.house ? "改回系统的模板" : "删去"}</button>}
        {editable && <label className="btn btn-sm print-upload">上传<input type="file" className="visually-hidden" accept=".typ,.toml,.svg,.png" onChange={(event) => { const [file] = event.target.files; event.target.value = ""; if (file) take(file); }} /></label>}
        {editable && <span className="form-new"><input className="form-control form-control-sm" placeholder="新打印件的名称" aria-label="新打印件的名称" value={fresh} onChange={(event) => setFresh(event.target.value)} /><button type="button" className="btn btn-sm" disabled={!fresh.trim()} onClick={add}>新建</button></span>}
        <Saved state={state} signIn={page.sign_in} />
      </div>
      <Conflict state={state} onMine={() => saver.mine()} onTheirs={async () => { const theirs = await saver.theirs(); if (theirs !== null) setFiles((all) => ({ ...all, [state.name]: theirs })); }} onKeepCopy={() => download(state.name, files[state.name])} />
      <Kept kept={kept} onTake={() => { put(name, kept.content); setKept(null); }} onLeave={() => { saver.discard(name); setKept(null); }} />
      {pictures.length > 0 && <p className="form-note print-pictures">图片：{pictures.map((one) => <span key={one}><code>{one.replace("print/", "")}</code>{editable && <button type="button" className="btn btn-sm" onClick={() => remove(one)}>删去</button>} </span>)}</p>}
      {lost}
      {!name ? <p className="muted">这个流程还没有自己的打印件。写一个名称，点“新建”。</p> : (
        <div className="form-columns">
          <div className="form-edit">
            {!own && <div className="alert alert-info studio-choice"><span>现在用的是系统的模板，所有流程共用。</span>{editable && <button type="button" className="btn btn-sm" onClick={() => make(name, text)}>改成本流程自己的</button>}</div>}
            <Source key={name + own} text={text} language={name.endsWith(".typ") ? "typst" : "plain"} label="模板" editable={editable && own} onChange={(typed) => put(name, typed)} onReady={(at) => { write.current = at; }} />
            <Names names={page.names} onPick={editable && own ? (words) => write.current?.insert(words) : null} />
            {isPaper(name) && <Word page={page} name={name} own={words} house={page.house_words} editable={editable} round={round} onTake={takeWord} onRemove={remove} />}
          </div>
          {isPaper(name) && <Paper key={name} page={page} name={name} round={round} ready={ready} />}
        </div>
      )}
      <div className="studio-below"><Findings found={found} checking={checking} has={has} onGo={come} /></div>
    </div>
  );
}

function download(name, text) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([text], { type: "text/plain" })), download: name.split("/").pop() });
  link.click();
  URL.revokeObjectURL(link.href);
}

for (const root of document.querySelectorAll("[data-studio-prints]")) {
  const page = JSON.parse(document.getElementById(root.dataset.studioPrints).textContent);
  createRoot(root).render(<Guard place={root}><Prints page={page} place={root} /></Guard>);
}
