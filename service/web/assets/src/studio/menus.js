// Our palette, pad and menu to change an element, in place of the library's: they offer what runs.
import CommandInterceptor from "diagram-js/lib/command/CommandInterceptor";
import ALIGN from "bpmn-js/lib/features/align-elements/AlignElementsIcons";
import DISTRIBUTE from "bpmn-js/lib/features/distribute-elements/DistributeElementsIcons";
import { isExpanded } from "bpmn-js/lib/util/DiUtil";
import { getDi, is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { KINDS, kindName, kindOf } from "./kinds.js";

const PALETTE = ["start", "end", "user", "service", "rule", "call", "sub", "exclusive", "parallel", "eventGateway", "waitTimer", "waitMessage", "pool", "group", "note"];
const NEXT = ["user", "service", "exclusive", "end"];
const AFTER_EVENT_GATEWAY = ["waitTimer", "waitMessage"];
const MAY_HAVE_CLOCK = ["bpmn:UserTask", "bpmn:CallActivity", "bpmn:SubProcess"];
const MAY_BE_MANY = ["bpmn:UserTask", "bpmn:CallActivity", "bpmn:SubProcess"];

// the library's icons have inline styles, which the policy of the pages forbids: as attributes they look the same
for (const icons of [ALIGN, DISTRIBUTE]) {
  for (const [name, svg] of Object.entries(icons)) {
    icons[name] = svg.replace(/ style="([^"]*)"/g, (_, style) => style.split(";").filter(Boolean).map((one) => ` ${one.replace(/\s*:\s*/, '="')}"`).join(""));
  }
}

const iconOf = (kind) => `bpmn-icon-${KINDS[kind].icon}`;

function Palette(palette, create, elementFactory, handTool, lassoTool, spaceTool, globalConnect, translate) {
  const begin = (kind) => (event) => {
    const { shape } = KINDS[kind];
    if (kind === "pool") return create.start(event, elementFactory.createParticipantShape());
    const made = elementFactory.createShape({ ...shape });
    if (kind !== "sub") return create.start(event, made);
    const inner = elementFactory.createShape({ type: "bpmn:StartEvent", x: 40, y: 82, parent: made });
    return create.start(event, [made, inner], { hints: { autoSelect: [made] } });
  };
  const tool = (className, title, click) => ({ group: "tools", className: `bpmn-icon-${className}`, title: translate(title), action: { click } });
  this.getPaletteEntries = () => {
    const entries = {
      hand: tool("hand-tool", "Activate hand tool", (event) => handTool.activateHand(event)),
      lasso: tool("lasso-tool", "Activate lasso tool", (event) => lassoTool.activateSelection(event)),
      space: tool("space-tool", "Activate create/remove space tool", (event) => spaceTool.activateSelection(event)),
      connect: tool("connection-multi", "Activate global connect tool", (event) => globalConnect.start(event)),
      line: { group: "tools", separator: true },
    };
    for (const kind of PALETTE) {
      entries[kind] = { group: "elements", className: iconOf(kind), title: KINDS[kind].label, action: { dragstart: begin(kind), click: begin(kind) } };
    }
    return entries;
  };
  palette.registerProvider(this);
}
Palette.$inject = ["palette", "create", "elementFactory", "handTool", "lassoTool", "spaceTool", "globalConnect", "translate"];

function Pad(contextPad, modeling, elementFactory, connect, create, popupMenu, rules, translate, autoPlace, eventBus, canvas) {
  const deletable = (elements) => {
    const allowed = rules.allowed("elements.delete", { elements });
    return Array.isArray(allowed) ? elements.every((one) => allowed.includes(one)) : allowed;
  };
  const remove = (elements) => ({
    delete: { group: "edit", className: "bpmn-icon-trash", title: translate("Delete"), action: { click: () => modeling.removeElements([...elements]) } },
  });
  const append = (kind) => {
    const made = () => elementFactory.createShape({ ...KINDS[kind].shape });
    return {
      group: "model",
      className: iconOf(kind),
      title: `接着：${KINDS[kind].label}`,
      action: { click: (_, element) => autoPlace.append(element, made()), dragstart: (event, element) => create.start(event, made(), { source: element }) },
    };
  };
  const clock = (element) => ({
    group: "clock",
    className: iconOf("reminder"),
    title: `加一只钟：${KINDS.reminder.label}`,
    action: {
      click: () => {
        const { x, y, width, height } = element;
        const others = element.attachers.length;
        const place = { x: x + width - 18 - 40 * (others % 3), y: y + height };
        const made = modeling.createShape(elementFactory.createShape({ ...KINDS.reminder.shape }), place, element, { attach: true });
        eventBus.fire("studio.made", { element: made });
      },
    },
  });
  const lanes = (element) => {
    const inner = element.children.filter((one) => is(one, "bpmn:Lane")).length;
    const entry = (name, title, act) => ({ [name]: { group: "lane", className: `bpmn-icon-${name}`, title: translate(title), action: { click: act } } });
    const split = (count) => () => {
      modeling.splitLane(element, count);
      contextPad.open(element, true);
    };
    return {
      ...entry("lane-insert-above", "Add lane above", () => modeling.addLane(element, "top")),
      ...(inner < 2 && element.height >= 120 && entry("lane-divide-two", "Divide into two lanes", split(2))),
      ...(inner < 2 && element.height >= 180 && entry("lane-divide-three", "Divide into three lanes", split(3))),
      ...entry("lane-insert-below", "Add lane below", () => modeling.addLane(element, "bottom")),
    };
  };
  const change = (element) => ({
    group: "edit",
    className: "bpmn-icon-screw-wrench",
    title: translate("Change element"),
    action: {
      click: (event) => {
        const { left, bottom } = canvas.getContainer().querySelector(".djs-context-pad.open").getBoundingClientRect();
        popupMenu.open(element, "bpmn-replace", { x: left, y: bottom + 5, cursor: { x: event.x, y: event.y } }, { title: translate("Change element"), width: 300 });
      },
    },
  });
  this.getMultiElementContextPadEntries = (elements) => (deletable(elements) ? remove(elements) : {});
  this.getContextPadEntries = (element) => {
    const entries = {};
    const bo = element.businessObject;
    if (element.type === "label") return deletable([element]) ? remove([element]) : {};
    if (isAny(bo, ["bpmn:Lane", "bpmn:Participant"]) && isExpanded(element)) Object.assign(entries, lanes(element));
    if (is(bo, "bpmn:FlowNode")) {
      const next = is(bo, "bpmn:EndEvent") ? [] : is(bo, "bpmn:EventBasedGateway") ? AFTER_EVENT_GATEWAY : NEXT;
      for (const kind of next) entries[`append.${kind}`] = append(kind);
      if (isAny(bo, MAY_HAVE_CLOCK)) entries.clock = clock(element);
    }
    if (is(bo, "bpmn:CallActivity") && bo.calledElement) {
      entries.open = { group: "edit", className: "bpmn-icon-subprocess-collapsed", title: "打开这张图", action: { click: () => eventBus.fire("studio.open", { process: bo.calledElement }) } };
    }
    if (!popupMenu.isEmpty(element, "bpmn-replace")) entries.replace = change(element);
    if (isAny(bo, ["bpmn:FlowNode", "bpmn:InteractionNode", "bpmn:SequenceFlow", "bpmn:Group"])) entries["append.note"] = append("note");
    if (isAny(bo, ["bpmn:FlowNode", "bpmn:InteractionNode", "bpmn:TextAnnotation"])) {
      const start = (event, one) => connect.start(event, one);
      entries.connect = { group: "connect", className: "bpmn-icon-connection-multi", title: translate("Connect to other element"), action: { click: start, dragstart: start } };
    }
    return deletable([element]) ? Object.assign(entries, remove([element])) : entries;
  };
  contextPad.registerProvider(this);
}
Pad.$inject = ["contextPad", "modeling", "elementFactory", "connect", "create", "popupMenu", "rules", "translate", "autoPlace", "eventBus", "canvas"];

function Changes(popupMenu, modeling, bpmnReplace, bpmnFactory, rules) {
  const into = (element, kind) => ({ label: KINDS[kind].label, className: iconOf(kind), action: () => bpmnReplace.replaceElement(element, { ...KINDS[kind].shape }) });
  const otherwise = (element) => {
    const { sourceRef } = element.businessObject;
    if (!isAny(sourceRef, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway"])) return {};
    const chosen = sourceRef.default === element.businessObject;
    const label = chosen ? "不再作“其他情况”" : "作“其他情况”走的路";
    const icon = chosen ? "bpmn-icon-connection" : "bpmn-icon-default-flow";
    return { otherwise: { label, className: icon, action: () => modeling.updateProperties(element.source, { default: chosen ? undefined : element.businessObject }) } };
  };
  this.getPopupMenuEntries = (element) => {
    if (Array.isArray(element)) return {};
    if (is(element, "bpmn:SequenceFlow")) return otherwise(element);
    if (!rules.allowed("shape.replace", { element })) return {};
    const now = kindOf(element);
    const family = KINDS[now]?.family ?? familyOf(element);
    const entries = {};
    for (const [kind, { family: its }] of Object.entries(KINDS)) {
      if (its && its === family && kind !== now) entries[`into-${kind}`] = into(element, kind);
    }
    return entries;
  };
  this.getPopupMenuHeaderEntries = (element) => {
    if (!isAny(element, MAY_BE_MANY)) return {};
    const loop = element.businessObject.loopCharacteristics;
    const action = () => modeling.updateProperties(element, { loopCharacteristics: loop ? undefined : bpmnFactory.create("bpmn:MultiInstanceLoopCharacteristics") });
    return { many: { className: "bpmn-icon-parallel-mi-marker", title: "名单上每一项同时各办一份", active: Boolean(loop), action } };
  };
  popupMenu.registerProvider("bpmn-replace", this);
  // a menu without a title is called "Results"
  const { open } = popupMenu;
  popupMenu.open = (target, id, position, options) => open.call(popupMenu, target, id, position, { title: "对齐、等距", ...options });
}
Changes.$inject = ["popupMenu", "modeling", "bpmnReplace", "bpmnFactory", "rules"];

/** What an element that does not run may be changed into. */
function familyOf(element) {
  const families = { "bpmn:Gateway": "gateway", "bpmn:Activity": "activity", "bpmn:StartEvent": "start", "bpmn:EndEvent": "end", "bpmn:BoundaryEvent": "boundary", "bpmn:Event": "middle" };
  return Object.entries(families).find(([type]) => is(element, type))?.[1];
}

function Search(elementRegistry, searchPad, canvas) {
  const tokens = (text, pattern) => {
    const at = text.toLowerCase().indexOf(pattern.toLowerCase());
    if (at < 0) return null;
    const end = at + pattern.length;
    return [{ normal: text.slice(0, at) }, { matched: text.slice(at, end) }, { normal: text.slice(end) }].filter((part) => Object.values(part)[0]);
  };
  this.find = (pattern) => {
    const root = canvas.getRootElement();
    const found = [];
    for (const element of elementRegistry.getAll()) {
      if (element === root || element.labelTarget) continue;
      const name = element.businessObject.name ?? element.businessObject.text ?? element.businessObject.categoryValueRef?.value ?? "";
      const matched = tokens(name, pattern) ?? (element.id.toLowerCase() === pattern.toLowerCase() ? [{ normal: name || kindName(element) }] : null);
      if (matched) found.push({ primaryTokens: matched, secondaryTokens: [{ normal: kindName(element) }], element });
    }
    return found;
  };
  searchPad.registerProvider(this);
}
Search.$inject = ["elementRegistry", "searchPad", "canvas"];

/** A clock put onto a task lets the task go on: the library's own clock would end it. */
class GentleClocks extends CommandInterceptor {
  static $inject = ["eventBus", "modeling"];

  constructor(eventBus, modeling) {
    super(eventBus);
    this.postExecuted("shape.replace", ({ context }) => {
      const { newShape, oldShape } = context;
      const clock = is(newShape, "bpmn:BoundaryEvent") && newShape.businessObject.eventDefinitions?.[0]?.$type === "bpmn:TimerEventDefinition";
      if (clock && !is(oldShape, "bpmn:BoundaryEvent")) modeling.updateProperties(newShape, { cancelActivity: false });
    });
  }
}

/** A name taken back leaves nothing behind: the library keeps an empty name, and the label that it made for it. */
class CleanUndo extends CommandInterceptor {
  static $inject = ["eventBus"];

  constructor(eventBus) {
    super(eventBus);
    this.preExecute("element.updateLabel", ({ context }) => {
      const { element } = context;
      context.hadName = element.businessObject.name !== undefined;
      context.hadLabel = Boolean(getDi(element)?.get("label"));
    });
    this.reverted("element.updateLabel", 500, ({ context }) => {
      const { element, hadName, hadLabel } = context;
      if (!hadName && element.businessObject.name === "") element.businessObject.name = undefined;
      if (!hadLabel) getDi(element)?.set("label", undefined);
    });
  }
}

/** A name that is opened to be written and left as it was is no step: nothing would be seen when it is taken back. */
function Untouched(labelEditingProvider) {
  const { update } = labelEditingProvider;
  labelEditingProvider.update = (element, text, before, bounds) => {
    if ((text ?? "").trim() !== (before ?? "").trim() || is(element, "bpmn:TextAnnotation")) update.call(labelEditingProvider, element, text, before, bounds);
  };
}
Untouched.$inject = ["labelEditingProvider"];

const COLOURS = ["bioc:stroke", "bioc:fill", "color:border-color", "color:background-color"];
const coloursOf = (shape) => Object.fromEntries(COLOURS.map((name) => [name, getDi(shape)?.get(name)]).filter(([, value]) => value));

/** A new step looks like those around it: it takes the colours of what it follows, or else of the nearest one. */
class Alike extends CommandInterceptor {
  static $inject = ["eventBus", "elementRegistry"];

  constructor(eventBus, elementRegistry) {
    super(eventBus);
    const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2];
    const nearest = (shape) => {
      const [x, y] = middle(shape);
      const far = (one) => Math.hypot(middle(one)[0] - x, middle(one)[1] - y);
      const others = elementRegistry.filter((one) => one !== shape && is(one, "bpmn:Activity") && !is(one, "bpmn:SubProcess") && Object.keys(coloursOf(one)).length > 0);
      return others.sort((one, other) => far(one) - far(other))[0];
    };
    let before; // a step that is appended: what it follows
    this.preExecute("shape.append", ({ context }) => { before = context.source; });
    this.preExecuted("shape.create", 500, ({ context: { shape, parent, position } }) => {
      const source = before && is(before, "bpmn:Activity") ? before : null;
      before = null;
      if (!is(shape, "bpmn:Activity") || is(shape, "bpmn:SubProcess") || Object.keys(coloursOf(shape)).length || !parent) return;
      const like = source ?? nearest({ ...position, width: 0, height: 0 });
      if (like) for (const [name, value] of Object.entries(coloursOf(like))) getDi(shape).set(name, value);
    });
  }
}

/** The pad at an element stays within the stage: at its right edge it stands on the element's other side, or above it. */
function PadWithin(contextPad, canvas) {
  const { _getPosition } = contextPad;
  contextPad._getPosition = (target) => {
    const place = _getPosition.call(contextPad, target);
    const html = contextPad._current?.html;
    const { clientWidth, clientHeight } = canvas.getContainer();
    if (!html || !("left" in place)) return place;
    const top = Math.max(0, Math.min(place.top, clientHeight - html.offsetHeight - 4));
    if (place.left + html.offsetWidth + 4 <= clientWidth) return { ...place, top };
    const { left } = contextPad._getTargetBounds(target);
    const beside = left - canvas.getContainer().getBoundingClientRect().left - html.offsetWidth - 8;
    return { ...place, top, left: beside >= 0 ? beside : Math.max(0, clientWidth - html.offsetWidth - 4) };
  };
}
PadWithin.$inject = ["contextPad", "canvas"];

const REFERENCES = ["loopDataInputRef", "loopDataOutputRef", "messageRef"];
const ITEMS = { inputDataItem: "bpmn:DataInput", outputDataItem: "bpmn:DataOutput" };

/** A copy keeps its list, its items and its message: the library copies no references, and no id that is known. */
function Copies(eventBus, bpmnFactory) {
  eventBus.on("moddleCopy.canCopyProperty", ({ property, propertyName }) => {
    if (property && REFERENCES.includes(propertyName)) return property;
    if (property && ITEMS[propertyName]) return bpmnFactory.create(ITEMS[propertyName], { id: property.id, name: property.name });
    return undefined;
  });
}
Copies.$inject = ["eventBus", "bpmnFactory"];

/** What is written together is taken back together: a command that holds others. */
function Together(commandStack) {
  commandStack.registerHandler("studio.together", TogetherHandler);
}
Together.$inject = ["commandStack"];

function TogetherHandler() {
  this.preExecute = ({ acts }) => acts.forEach((act) => act());
}

export const menus = {
  __init__: ["alike", "cleanUndo", "gentleClocks", "padWithin", "together", "copies", "untouched"],
  alike: ["type", Alike],
  padWithin: ["type", PadWithin],
  paletteProvider: ["type", Palette],
  contextPadProvider: ["type", Pad],
  replaceMenuProvider: ["type", Changes],
  bpmnSearch: ["type", Search],
  cleanUndo: ["type", CleanUndo],
  gentleClocks: ["type", GentleClocks],
  together: ["type", Together],
  untouched: ["type", Untouched],
  copies: ["type", Copies],
  // a frame around a stage is for the eye: the library would write into every step in which frames it lies
  updateCategoryValueRefsBehavior: ["value", {}],
};
