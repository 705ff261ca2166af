// The tab 流程图: the drawing with our palette, the properties of the chosen element beside it, findings below.
//
// The page holds {draft: {id, process, title, revision, editable}, files: {name: text of each diagram}, open, panel, user,
// today, tomorrow, sign_in, urls: {files, check, reckon, spelling, panel}}.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import Modeler from "bpmn-js/lib/Modeler";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn-codes.css";
import "diagram-js-minimap/assets/diagram-js-minimap.css";
import "./studio.css";
import descriptor from "./descriptor.json";
import { Guard } from "../form/Guard.jsx";
import { NO_ELEMENT, asked, noFile, useAsked, useLost } from "./address.jsx";
import { automaticIds } from "./ids.js";
import { panelOf, processOf } from "./element.js";
import { Checker, Findings } from "./Findings.jsx";
import { menus } from "./menus.js";
import { Panel } from "./Panel.jsx";
import { Conflict, Kept, Saved } from "./Saved.jsx";
import { ask, asked as answered, Saver } from "./saving.js";
import { Trail } from "./trail.js";
import { translate } from "./words.js";

const FONT = '"Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "Noto Serif CJK SC", sans-serif';
const WRITE_AFTER_MS = 120;
const STEP = 1.2;

function makeModeler(container, editable, reckonId) {
  const modeler = new Modeler({
    container,
    moddleExtensions: { spiffworkflow: descriptor },
    additionalModules: [menus, { translate: ["value", translate] }, ...(editable ? [] : [reading])],
    textRenderer: { defaultStyle: { fontFamily: FONT }, externalStyle: { fontFamily: FONT } },
  });
  if (editable) automaticIds(modeler, reckonId);
  return modeler;
}

/** A drawing that nothing changes: no palette, no pad, and no rule allows a change. */
const reading = {
  __init__: ["readOnly"],
  paletteProvider: ["value", {}],
  contextPadProvider: ["value", {}],
  readOnly: [
    "type",
    Object.assign(
      function ReadOnly(eventBus, injector) {
        const never = () => false;
        for (const event of ["shape.move.start", "connectionSegment.move.start", "bendpoint.move.start", "connection.reconnect", "resize.start", "element.dblclick", "connect.start"]) eventBus.on(event, 10000, never);
        injector.get("directEditing").activate = never;
        const stack = injector.get("commandStack");
        stack.execute = never;
      },
      { $inject: ["eventBus", "injector"] },
    ),
  ],
};

function useModeler(page, saver) {
  const stage = useRef(null);
  const [modeler, setModeler] = useState(null);
  useEffect(() => {
    const made = makeModeler(stage.current, page.draft.editable, (text) => ask(page.urls.spelling, { text }));
    setModeler(made);
    window.studio = { modeler: made, saver }; // for the tests of the pages
    const seen = new ResizeObserver(() => made.get("canvas").resized());
    seen.observe(stage.current);
    return () => {
      seen.disconnect();
      made.destroy();
    };
  }, [page, saver]);
  return [stage, modeler];
}

const PALETTE_WIDTH = 108;

/** The whole drawing, beside the palette and not under it. */
function fit(modeler) {
  const canvas = modeler.get("canvas");
  canvas.resized();
  canvas.zoom("fit-viewport", "auto");
  const { inner, outer } = canvas.viewbox();
  const left = outer.width > 3 * PALETTE_WIDTH && canvas.getContainer().querySelector(".djs-palette")?.offsetParent ? PALETTE_WIDTH : 12;
  const scale = Math.min((outer.width - left - 12) / inner.width, (outer.height - 24) / inner.height, 1);
  canvas.viewbox({ x: inner.x - left / scale, y: inner.y - Math.max(12, (outer.height - inner.height * scale) / 2) / scale, width: outer.width / scale, height: outer.height / scale });
}

function Tools({ modeler, editable, can, onLarge, settling }) {
  const act = (name, options) => () => {
    settling.current?.(); // what is being typed is a step of its own
    modeler.get("editorActions").trigger(name, options);
  };
  const [mapped, setMapped] = useState(false);
  // the small map is loaded when somebody wants it, and has a button of its own from then on
  const map = () => import("diagram-js-minimap").then(({ default: { minimap: [, Minimap] } }) => {
    const made = modeler.get("injector").instantiate(Minimap);
    made._dirty = true; // it has missed all that is drawn already
    made.open();
    setMapped(true);
  }, () => {});
  const zoom = (factor) => () => modeler.get("canvas").zoom(modeler.get("canvas").zoom() * factor);
  return (
    <div className="studio-tools" role="toolbar" aria-label="画图工具">
      {editable && <><button type="button" className="btn btn-sm" disabled={!can.undo} onClick={act("undo")}>撤销</button>
        <button type="button" className="btn btn-sm" disabled={!can.redo} onClick={act("redo")}>重做</button></>}
      {/* a click anywhere closes the search, so it opens after this one */}
      <button type="button" className="btn btn-sm" onClick={() => setTimeout(act("find"))}>查找</button>
      <button type="button" className="btn btn-sm" aria-label="缩小" onClick={zoom(1 / STEP)}>－</button>
      <button type="button" className="btn btn-sm" aria-label="放大" onClick={zoom(STEP)}>＋</button>
      <button type="button" className="btn btn-sm" onClick={() => fit(modeler)}>全图</button>
      {!mapped && <button type="button" className="btn btn-sm" onClick={map}>小地图</button>}
      <button type="button" className="btn btn-sm" onClick={onLarge}>全屏</button>
    </div>
  );
}

function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/xml" }));
  link.download = name.split("/").pop();
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const NEW_DIAGRAM = (id, name) => `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="${id}_definitions" targetNamespace="urn:liaison:${id}">
  <bpmn:process id="${id}" name="${name}" isExecutable="true">
    <bpmn:startEvent id="${id}_begins" name="开始"><bpmn:outgoing>${id}_way</bpmn:outgoing></bpmn:startEvent>
    <bpmn:endEvent id="${id}_ends" name="结束"><bpmn:incoming>${id}_way</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="${id}_way" sourceRef="${id}_begins" targetRef="${id}_ends" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="${id}_diagram">
    <bpmndi:BPMNPlane id="${id}_plane" bpmnElement="${id}">
      <bpmndi:BPMNShape id="${id}_begins_shape" bpmnElement="${id}_begins"><dc:Bounds x="180" y="160" width="36" height="36" /><bpmndi:BPMNLabel><dc:Bounds x="187" y="203" width="22" height="14" /></bpmndi:BPMNLabel></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="${id}_ends_shape" bpmnElement="${id}_ends"><dc:Bounds x="420" y="160" width="36" height="36" /><bpmndi:BPMNLabel><dc:Bounds x="427" y="203" width="22" height="14" /></bpmndi:BPMNLabel></bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="${id}_way_edge" bpmnElement="${id}_way"><di:waypoint x="216" y="178" /><di:waypoint x="420" y="178" /></bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
`;

/** The element whose id a finding names, or the one that stands for the file's process. */
function elementOf(modeler, id) {
  const registry = modeler.get("elementRegistry");
  const found = registry.get(id);
  if (found) return found;
  const root = modeler.get("canvas").getRootElement();
  const pool = root.children?.find((one) => one.businessObject.processRef?.id === id);
  return pool ?? (processOf(root)?.id === id ? root : null);
}

function mark(modeler, found, file) {
  const overlays = modeler.get("overlays");
  overlays.remove({ type: "finding" });
  const worst = new Map();
  for (const one of found?.findings ?? []) {
    const element = one.file === file ? elementOf(modeler, one.element) : null;
    if (!element || element === modeler.get("canvas").getRootElement()) continue;
    const now = worst.get(element) ?? { error: false, lines: [] };
    worst.set(element, { error: now.error || one.severity === "error", lines: [...now.lines, one.message] });
  }
  for (const [element, { error, lines }] of worst) {
    const html = document.createElement("button");
    Object.assign(html, { type: "button", className: `studio-mark ${error ? "is-error" : "is-warning"}`, textContent: error ? "✕" : "！", title: lines.join("\n") });
    html.setAttribute("aria-label", lines.join("；"));
    html.addEventListener("click", () => modeler.get("selection").select(element));
    overlays.add(element, "finding", { position: { top: -9, left: -9 }, html });
  }
}

function Studio({ page, place }) {
  const { editable } = page.draft;
  const [state, setState] = useState({ kind: "saved" });
  const saver = useMemo(() => new Saver({ files: page.urls.files, revision: page.draft.revision, user: page.user, draft: page.draft.id, onState: setState }), [page]);
  const [files, setFiles] = useState(page.files);
  const [panel, setPanel] = useState(page.panel);
  const [file, setFile] = useState(page.open);
  const [kept, setKept] = useState(null);
  const [trouble, setTrouble] = useState("");
  const [, setLost, lost] = useLost();
  const [element, setElement] = useState(null);
  const [version, setVersion] = useState(0);
  const [can, setCan] = useState({ undo: false, redo: false });
  const [found, setFound] = useState(null);
  const [checking, setChecking] = useState(false);
  const [stage, modeler] = useModeler(page, saver);
  const side = useRef(null);
  useEffect(() => { side.current.scrollTop = 0; }, [element]);
  const now = useRef({ file, files, found, loading: false });
  Object.assign(now.current, { file, files, found });

  const settling = useRef(null);
  const typing = useCallback(() => saver.touch(), [saver]);
  const rest = useCallback(() => saver.rest(), [saver]);

  const checker = useMemo(() => new Checker(() => ask(page.urls.check, {}), (answer, busy) => {
    setChecking(busy);
    if (answer) setFound(answer);
  }), [page]);

  const trail = useMemo(() => new Trail(), []);
  const tellSteps = useCallback(() => {
    const stack = modeler.get("commandStack");
    setCan({ undo: stack.canUndo() || trail.canUndo, redo: stack.canRedo() || trail.canRedo });
  }, [modeler, trail]);

  const show = useCallback(async (name, text) => {
    now.current.loading = true;
    setTrouble("");
    try {
      await modeler.importXML(text);
      fit(modeler);
      setElement(modeler.get("canvas").getRootElement());
    } catch (error) {
      setTrouble(`这张图打不开：${/[\u4e00-\u9fff]/.test(error.message) ? error.message : "文件里的内容不是能画出来的流程图"}。可下载后修改，或从版本中恢复。`);
    }
    now.current.loading = false;
    tellSteps();
    setVersion((one) => one + 1);
    mark(modeler, now.current.found, name);
  }, [modeler]);

  const open = useCallback(async (name) => {
    settling.current?.();
    await now.current.write?.();
    const text = now.current.files[name];
    setFile(name);
    now.current.file = name;
    history.replaceState(null, "", `#${name}`);
    setKept(saver.open(name, text) ?? null);
    trail.leave();
    trail.begin(name, text);
    await show(name, text);
  }, [saver, show, trail]);

  /** One step back or on: the library's, or where it has forgotten, the text of then. */
  const turn = useCallback(async (back) => {
    const stack = modeler.get("commandStack");
    if (back ? stack.canUndo() : stack.canRedo()) return back ? stack.undo() : stack.redo();
    await now.current.write?.();
    if (!(back ? trail.canUndo : trail.canRedo)) return undefined;
    const name = now.current.file;
    trail.leave();
    trail.begin(name, "");
    const text = trail.turn(back, now.current.files[name]);
    trail.step(-1, 0, text);
    now.current.files = { ...now.current.files, [name]: text };
    setFiles(now.current.files);
    const { x, y, width, height } = modeler.get("canvas").viewbox();
    await show(name, text);
    modeler.get("canvas").viewbox({ x, y, width, height });
    return saver.change(name, text);
  }, [modeler, saver, show, trail]);

  const openProcess = useCallback((id) => {
    const name = Object.keys(now.current.files).find((one) => new RegExp(`<(\\w+:)?process[^>]* id="${id}"`).test(now.current.files[one]));
    if (name) open(name);
  }, [open]);

  // the drawing tells what it says now: into the list of files, this browser, and after a pause to the server
  useEffect(() => {
    if (!modeler) return undefined;
    let timer = 0;
    const changed = () => {
      if (now.current.loading) return;
      saver.touch();
      setVersion((one) => one + 1);
      tellSteps();
      clearTimeout(timer);
      now.current.written = false;
      timer = setTimeout(() => now.current.write(), WRITE_AFTER_MS);
    };
    // before another file is opened, what was changed in this one is written
    now.current.write = async () => {
      clearTimeout(timer);
      if (now.current.written !== false) return;
      now.current.written = true;
      const name = now.current.file;
      const { _stack, _stackIdx } = modeler.get("commandStack");
      const [at, count] = [_stackIdx, _stack.length];
      const { xml } = await modeler.saveXML({ format: true });
      trail.step(at, count, xml);
      now.current.files = { ...now.current.files, [name]: xml };
      setFiles(now.current.files);
      saver.change(name, xml);
    };
    const leaving = () => {
      settling.current?.();
      now.current.write();
    };
    window.addEventListener("pagehide", leaving);
    const chosen = ({ newSelection }) => setElement(newSelection.length === 1 ? (newSelection[0].labelTarget ?? newSelection[0]) : modeler.get("canvas").getRootElement());
    if (editable) modeler.on("commandStack.changed", changed);
    const actions = modeler.get("editorActions");
    for (const [name, back] of [["undo", true], ["redo", false]]) {
      actions.unregister(name);
      actions.register(name, () => { turn(back); });
    }
    modeler.on("selection.changed", chosen);
    modeler.on("studio.open", ({ process }) => openProcess(process));
    modeler.on("studio.made", ({ element: made }) => modeler.get("selection").select(made));
    open(page.open).then(() => {
      if (page.came.file) come(page.came);
      place.dataset.ready = "";
      performance.mark?.("studio-ready");
    });
    return () => {
      clearTimeout(timer);
      window.removeEventListener("pagehide", leaving);
    };
  }, [modeler]);

  useEffect(() => {
    saver.onSaved(async () => {
      checker.soon();
      const next = await ask(page.urls.panel, {});
      if (next) setPanel(next);
    });
    checker.soon(50);
  }, [saver, checker, page]);

  useEffect(() => {
    if (modeler && found) mark(modeler, found, file);
  }, [modeler, found, file, version]);

  // one question at a time for one text: every field that asks the same has the same answer
  const reckon = useMemo(() => {
    const answers = new Map();
    return (kind, text, due, element) => {
      const key = JSON.stringify([kind, text, due, element]);
      if (!answers.has(key)) {
        answers.set(key, ask(page.urls.reckon, { kind, text, due, element }));
        if (answers.size > 500) answers.clear();
      }
      return answers.get(key);
    };
  }, [page, panel]);

  const spell = useCallback((text) => ask(page.urls.spelling, { text }), [page]);
  const seek = useCallback((q, role) => answered(`${page.urls.people}?${new URLSearchParams({ q, role: role ?? "" })}`), [page]);

  function go(finding) {
    const reach = () => {
      const target = elementOf(modeler, finding.element);
      setLost(target || !finding.element || finding.element === "-" ? "" : NO_ELEMENT);
      if (!target) return;
      if (target === modeler.get("canvas").getRootElement()) modeler.get("selection").select([]);
      else {
        modeler.get("selection").select(target);
        modeler.get("canvas").scrollToElement(target, 80);
      }
    };
    if (finding.file !== now.current.file) open(finding.file).then(reach);
    else reach();
  }

  /** Goes where an address leads: into a file of the draft, or nowhere, which is told. */
  function come({ file: name, place: id }) {
    if (name in now.current.files) go({ file: name, element: id });
    else setLost(noFile(name));
  }
  useAsked(come);

  async function takeKept() {
    trail.leave();
    trail.begin(file, kept.content);
    await show(file, kept.content);
    now.current.files = { ...now.current.files, [file]: kept.content };
    setFiles(now.current.files);
    saver.change(file, kept.content);
    setKept(null);
  }

  async function theirs() {
    const text = await saver.theirs();
    if (text === null) return;
    now.current.files = { ...now.current.files, [file]: text };
    setFiles(now.current.files);
    trail.leave();
    trail.begin(file, text);
    await show(file, text);
    checker.soon();
  }

  async function addDiagram() {
    const name = window.prompt("这张图的名称（被调用的流程）");
    if (!name?.trim()) return;
    const said = await ask(page.urls.spelling, { text: name });
    let id = said?.id ?? "";
    if (!id) return;
    for (let n = 2; `bpmn/${id}.bpmn` in files; n += 1) id = `${said.id}_${n}`;
    const path = `bpmn/${id}.bpmn`;
    const text = NEW_DIAGRAM(id, name.trim().replace(/[<>&"]/g, ""));
    now.current.files = { ...now.current.files, [path]: text };
    setFiles(now.current.files);
    saver.open(path, "");
    saver.change(path, text);
    await saver.flush();
    saver.open(path, text);
    open(path);
  }

  async function removeDiagram() {
    if (!window.confirm("把这张图从草稿里删去？以前的版本里仍有这张图。") || !(await saver.remove(file))) return;
    const { [file]: _gone, ...rest } = now.current.files;
    now.current.files = rest;
    setFiles(rest);
    open(`bpmn/${page.draft.process}.bpmn` in rest ? `bpmn/${page.draft.process}.bpmn` : Object.keys(rest)[0]);
  }

  async function makeForm(id, title) {
    const schema = { title: title || "表单", type: "object", properties: { note: { type: "string", title: "说明", maxLength: 500 } }, unevaluatedProperties: false };
    saver.open(`forms/${id}.json`, "");
    saver.change(`forms/${id}.json`, `${JSON.stringify(schema, null, 2)}\n`);
    await saver.flush();
  }

  const names = Object.keys(files);
  return (
    <div className="studio">
      <div className="studio-bar">
        <div className="diagram-tabs" role="tablist" aria-label="流程图文件">
          {names.map((name) => (
            <button type="button" role="tab" key={name} aria-selected={name === file} className={name === file ? "active" : ""} onClick={() => open(name)}>
              {titleOf(files[name])}{countIn(found, name) > 0 && <span className="studio-count" aria-label={`${countIn(found, name)} 处错误`}>{countIn(found, name)}</span>}
            </button>
          ))}
          {editable && <button type="button" className="studio-add" onClick={addDiagram}>＋ 加一张图</button>}
        </div>
        {modeler && <Tools settling={settling} modeler={modeler} editable={editable} can={can} onLarge={() => (document.fullscreenElement ? document.exitFullscreen() : place.requestFullscreen())} />}
        {editable ? <Saved state={state} signIn={page.sign_in} /> : <span className="label-tag">只能查看</span>}
      </div>
      <Conflict state={state} onMine={() => saver.mine()} onTheirs={theirs} onKeepCopy={() => download(file, files[file])} />
      <Kept kept={editable ? kept : null} onTake={takeKept} onLeave={() => { saver.discard(file); setKept(null); }} />
      {trouble && <div className="alert alert-danger" role="alert">{trouble} <button type="button" className="btn btn-sm" onClick={() => download(file, files[file])}>下载</button></div>}
      {lost}
      <div className="studio-work">
        <div className="studio-stage" ref={stage} data-stage />
        <div className="studio-side" ref={side}>
          {modeler && element && <Panel key={keyOf(element)} file={file} main={`bpmn/${page.draft.process}.bpmn`} onRemove={removeDiagram} settling={settling} modeler={modeler} element={element} version={version} panel={panel} editable={editable} reckon={reckon} spell={spell} seek={seek} formsAddress={page.urls.forms} today={page.today} tomorrow={page.tomorrow} onOpen={openProcess} onMakeForm={makeForm} onTyping={typing} onRest={rest} />}
        </div>
      </div>
      <section className="studio-below" aria-label="检查结果"><Findings found={found} checking={checking} has={(name) => name in files} onGo={go} /></section>
    </div>
  );
}

const keys = new WeakMap();
let made = 0;
/** A key for an element that outlives a new id, so that a field keeps its focus. */
function keyOf(element) {
  if (!keys.has(element)) keys.set(element, (made += 1));
  return `${keys.get(element)} ${panelOf(element)}`;
}

const titleOf = (xml) => (/<(?:\w+:)?process\b[^>]*\bname="([^"]*)"/.exec(xml)?.[1] ?? "未命名流程").replace(/&quot;/g, "”").replace(/&amp;/g, "&");
const countIn = (found, name) => (found?.findings ?? []).filter((one) => one.file === name && one.severity === "error").length;

for (const root of document.querySelectorAll("[data-studio-diagram]")) {
  const page = JSON.parse(document.getElementById(root.dataset.studioDiagram).textContent);
  const came = asked();
  if (came.file in page.files) page.open = came.file;
  page.came = came; // opening a file writes its name into the address
  createRoot(root).render(<Guard place={{ dataset: {} }}><Studio page={page} place={root} /></Guard>);
}
