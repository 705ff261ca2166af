// Shows a process as drawn, with the present position and the path so far; one tab a diagram. Read-only.
//
// The page holds {diagrams: [{id, name, xml, active: [element ids], done: [element ids], ways: [[from, to]],
// marks: {element id: added, removed, changed or moved}, counts: [[from, to, how often, how often by the new version]],
// flows: [[from, to, label, in words, address, weight]], badges: [[element, label, in words, address, tone]],
// heat: {element id: 1 to 5}, hidden}], open: id}.
// Nothing is fetched.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "./diagram.css";

const STEP = 1.25;
const READABLE = 0.9;
const MOVING = /Task$|Event$|Gateway$|CallActivity$|SubProcess$|SequenceFlow$/;
const LIMITS = [0.15, 3];
const FONT = '"Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "Noto Serif CJK SC", sans-serif';

const within = (value, least, most) => Math.max(least, Math.min(value, most));

const lengthOf = ([start, end]) => Math.hypot(end.x - start.x, end.y - start.y);

class Picture {
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.stage = root.querySelector("[data-stage]");
    this.tabs = [...root.querySelectorAll("[role=tab]")];
    this.status = root.querySelector("[data-diagram-status]");
    this.viewer = new NavigatedViewer({
      container: this.stage,
      // a wheel turn over the picture must keep scrolling the page; the buttons zoom
      zoomScroll: { enabled: false },
      textRenderer: { defaultStyle: { fontFamily: FONT }, externalStyle: { fontFamily: FONT } },
    });
    this.#wire();
  }

  #wire() {
    const act = {
      in: () => this.#zoom(STEP),
      out: () => this.#zoom(1 / STEP),
      fit: () => this.fit(),
      here: () => this.here(),
      large: () => this.#large(),
    };
    for (const button of this.root.querySelectorAll("[data-act]")) {
      button.addEventListener("click", () => act[button.dataset.act]());
    }
    this.tabs.forEach((tab, index) => {
      tab.addEventListener("click", () => this.open(tab.dataset.diagram));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = this.tabs[(index + step + this.tabs.length) % this.tabs.length];
        next.focus();
        this.open(next.dataset.diagram);
      });
    });
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "+" || event.key === "=") this.#zoom(STEP);
      else if (event.key === "-") this.#zoom(1 / STEP);
      else if (event.key === "0") this.fit();
    });
    // a page whose case moves on tells where it stands: [{id, active, done, ways, hidden}], one a diagram
    this.root.addEventListener("diagram:show", ({ detail }) => this.#moved(detail));
    document.addEventListener("fullscreenchange", () => requestAnimationFrame(() => this.#settle()));
    new ResizeObserver(() => this.viewer.get("canvas").resized()).observe(this.stage);
  }

  async open(id) {
    const diagram = this.page.diagrams.find((one) => one.id === id) ?? this.page.diagrams[0];
    this.diagram = diagram;
    this.#choose(diagram);
    if (this.drawn === diagram.id) {
      this.#again(diagram);
      return;
    }
    this.drawn = null;
    try {
      await this.viewer.importXML(diagram.xml);
    } catch {
      this.status.textContent = "流程图无法显示，请联系流程管理员检查这张图。";
      this.status.hidden = false;
      this.root.dataset.ready = "";
      return;
    }
    if (this.diagram !== diagram) return; // another one was asked for meanwhile
    this.status.hidden = true;
    this.drawn = diagram.id;
    this.marked = [];
    this.#mark(diagram);
    this.#count(diagram);
    this.#name(diagram);
    this.#settle();
    this.root.dataset.ready = "";
  }

  #choose(diagram) {
    for (const tab of this.tabs) {
      const { hidden, active = [] } = this.page.diagrams.find((one) => one.id === tab.dataset.diagram) ?? {};
      const on = tab.dataset.diagram === diagram.id;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      tab.classList.toggle("active", on);
      tab.hidden = Boolean(hidden);
      const dot = tab.querySelector(".diagram-here");
      if (dot) dot.hidden = !active.length;
    }
  }

  /** The same drawing, where the case stands elsewhere by now: it is not read anew, nor moved while the place is in sight. */
  #again(diagram) {
    const canvas = this.viewer.get("canvas");
    for (const [id, marker] of this.marked) canvas.removeMarker(id, marker);
    this.marked = [];
    this.#mark(diagram);
    this.#name(diagram);
    if (!this.#inSight()) this.#settle();
  }

  #inSight() {
    const { x, y, width, height } = this.viewer.get("canvas").viewbox();
    const elements = (this.diagram.active ?? []).map((id) => this.viewer.get("elementRegistry").get(id)).filter(Boolean);
    return elements.every((one) => one.x >= x && one.y >= y && one.x + one.width <= x + width && one.y + one.height <= y + height);
  }

  #moved(marks) {
    for (const mark of marks) Object.assign(this.page.diagrams.find((one) => one.id === mark.id) ?? {}, mark);
    const shown = this.page.diagrams.filter((one) => !one.hidden);
    const stay = shown.find((one) => one.id === this.diagram?.id);
    const here = stay?.active.length ? stay : shown.find((one) => one.active.length);
    this.open((here ?? stay ?? shown[0] ?? this.page.diagrams[0])?.id);
  }

  #set(id, marker) {
    this.viewer.get("canvas").addMarker(id, marker);
    this.marked.push([id, marker]);
  }

  /** The path so far keeps its colours with a heavier line, the present position is framed, the rest is faint. */
  #mark({ active = [], done = [], ways = [], marks = {}, heat = {} }) {
    for (const [id, level] of Object.entries(heat)) {
      if (this.viewer.get("elementRegistry").get(id)) this.#set(id, `heat-${level}`);
    }
    for (const [id, kind] of Object.entries(marks)) {
      const element = this.viewer.get("elementRegistry").get(id);
      if (element) this.#set(element.id, `diff-${kind}`);
    }
    if (!active.length && !done.length) return;
    const registry = this.viewer.get("elementRegistry");
    const flows = registry.filter((element) => element.type === "bpmn:SequenceFlow");
    const steps = new Set([...done, ...active]);
    const passed = new Set(ways.map(([from, to]) => `${from} ${to}`));
    const told = new Set(flows.filter((flow) => passed.has(`${flow.source?.id} ${flow.target?.id}`)).map((flow) => flow.target.id));
    const walked = new Set(done);
    for (const flow of flows) {
      const [from, to] = [flow.source?.id, flow.target?.id];
      // where the journal does not name the way into an element, it is one from an element that was passed
      const likely = !told.has(to) && steps.has(to) && walked.has(from);
      if (passed.has(`${from} ${to}`) || likely) steps.add(flow.id);
    }
    for (const element of registry.filter((one) => MOVING.test((one.labelTarget ?? one).type))) {
      const id = (element.labelTarget ?? element).id;
      if (active.includes(id)) this.#set(element.id, "trail-active");
      else if (!steps.has(id)) this.#set(element.id, "trail-rest");
      else if (element.type === "bpmn:SequenceFlow" && !element.labelTarget) this.#set(element.id, "trail-flow");
    }
  }

  /** How often each way was gone and would be, in the middle of its longest piece; or its label, as broad as it is busy. */
  #count({ counts = [], flows: labelled = [], badges = [] }) {
    const registry = this.viewer.get("elementRegistry");
    const flows = registry.filter((element) => element.type === "bpmn:SequenceFlow");
    const between = (from, to) => flows.find((one) => one.source?.id === from && one.target?.id === to);
    for (const [from, to, was, would] of counts) {
      const flow = between(from, to);
      if (!flow) continue;
      const text = was === would ? String(was) : `${was} → ${would}`;
      this.#label(flow, Object.assign(document.createElement("span"), { className: `flow-count ${was === would ? "" : "is-other"}`, textContent: text }));
    }
    for (const [from, to, text, title, href, weight] of labelled) {
      const flow = between(from, to);
      if (!flow) continue;
      const line = registry.getGraphics(flow).querySelector(".djs-visual > path");
      if (line) line.style.strokeWidth = `${1.5 + 2.5 * weight}px`;
      if (text) this.#label(flow, this.#link("flow-count", text, title, href));
    }
    for (const [id, text, title, href, tone] of badges) {
      const element = registry.get(id);
      if (!element) continue;
      const html = this.#link(`step-count is-${tone}`, text, title, href);
      // at the upper right corner: the lower edge is where boundary events sit
      this.viewer.get("overlays").add(element, { position: { left: element.width, top: 0 }, html });
    }
  }

  #link(className, textContent, title, href) {
    const link = Object.assign(document.createElement("a"), { className, textContent, title, href });
    link.setAttribute("aria-label", title);
    return link;
  }

  #label(flow, html) {
    const left = Math.min(...flow.waypoints.map((one) => one.x));
    const top = Math.min(...flow.waypoints.map((one) => one.y));
    const pieces = flow.waypoints.slice(1).map((end, at) => [flow.waypoints[at], end]);
    const [start, end] = pieces.reduce((best, one) => (lengthOf(one) > lengthOf(best) ? one : best));
    this.viewer.get("overlays").add(flow, { position: { left: (start.x + end.x) / 2 - left, top: (start.y + end.y) / 2 - top }, html });
  }

  /** What a screen reader hears of the picture: its name and where the case stands. */
  #name({ name, active = [] }) {
    const registry = this.viewer.get("elementRegistry");
    const here = active.map((id) => registry.get(id)?.businessObject.name).filter(Boolean);
    const svg = this.stage.querySelector("svg");
    svg?.setAttribute("role", "img");
    svg?.setAttribute("aria-label", `流程图 ${name}${here.length ? `，当前位置：${here.join("、")}` : ""}`);
  }

  #settle() {
    if ((this.diagram.active ?? []).length) this.here();
    else this.fit();
  }

  fit() {
    const canvas = this.viewer.get("canvas");
    canvas.resized();
    canvas.zoom("fit-viewport", "auto");
  }

  /** The present position in the middle, at a size one can read; no room is lost beside the drawing. */
  here() {
    const canvas = this.viewer.get("canvas");
    const registry = this.viewer.get("elementRegistry");
    const elements = (this.diagram.active ?? []).map((id) => registry.get(id)).filter(Boolean);
    this.fit();
    if (!elements.length || canvas.zoom() >= READABLE) return;
    const left = Math.min(...elements.map((element) => element.x));
    const right = Math.max(...elements.map((element) => element.x + element.width));
    const top = Math.min(...elements.map((element) => element.y));
    const bottom = Math.max(...elements.map((element) => element.y + element.height));
    const width = this.stage.clientWidth / READABLE;
    const height = this.stage.clientHeight / READABLE;
    const { inner } = canvas.viewbox();
    const x = within((left + right) / 2 - width / 2, inner.x, inner.x + inner.width - width);
    const y = within((top + bottom) / 2 - height / 2, inner.y, inner.y + inner.height - height);
    canvas.viewbox({ x, y, width, height });
  }

  #zoom(factor) {
    const canvas = this.viewer.get("canvas");
    canvas.zoom(Math.min(LIMITS[1], Math.max(LIMITS[0], canvas.zoom() * factor)), { x: this.stage.clientWidth / 2, y: this.stage.clientHeight / 2 });
  }

  #large() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen();
  }
}

/** A picture in a folded or hidden part of the page has no size: it is drawn when it first shows, others at leisure,
    so that they are there for who scrolls fast or prints the page. */
function begin(root) {
  const page = JSON.parse(document.getElementById(root.dataset.diagramIsland).textContent);
  let drawn = false;
  const draw = () => {
    if (drawn || !root.clientWidth) return;
    drawn = true;
    seen.disconnect();
    new Picture(root, page).open(page.open);
  };
  const seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && draw());
  seen.observe(root);
  (window.requestIdleCallback ?? setTimeout)(draw);
}

const begun = new WeakSet();
function beginAll() {
  for (const root of document.querySelectorAll("[data-diagram-island]")) {
    if (begun.has(root)) continue;
    begun.add(root);
    begin(root);
  }
}
beginAll();
document.addEventListener("htmx:afterSettle", beginAll); // what came with a piece of the page
