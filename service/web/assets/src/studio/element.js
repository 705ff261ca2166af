// What an element of the drawing says, as the fields of its panel, and back. The server's schema of a kind names for each
// field where it stands in the file (`x-keep`); a field without that is an extension property of its own name.
import { is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { kindOf } from "./kinds.js";

const PANELS = {
  user: "user", service: "service", rule: "rule", call: "call", sub: "sub",
  exclusive: "decision", inclusive: "decision", parallel: "gateway", eventGateway: "gateway",
  start: "event", end: "event", terminate: "event", milestone: "event",
  startTimer: "cycle", waitTimer: "wait", reminder: "clock", deadline: "clock",
  waitMessage: "message", boundaryMessage: "message", group: "group", note: "note",
};
const TIMES = ["timeDate", "timeDuration", "timeCycle"];

/** Which of the server's panels an element has. */
export function panelOf(element) {
  const bo = element.businessObject;
  if (isAny(bo, ["bpmn:Process", "bpmn:Collaboration", "bpmn:Participant"])) return "process";
  if (is(bo, "bpmn:Lane")) return "lane";
  if (is(bo, "bpmn:SequenceFlow")) {
    const branches = isAny(bo.sourceRef, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway"]) && bo.sourceRef.outgoing?.length > 1;
    return branches || bo.conditionExpression ? "branch" : "flow";
  }
  return PANELS[kindOf(element)] ?? "other";
}

/** The process that an element is, or stands for. */
export function processOf(element) {
  const bo = element.businessObject;
  if (is(bo, "bpmn:Process")) return bo;
  if (is(bo, "bpmn:Participant")) return bo.processRef;
  return bo.participants?.find((one) => one.processRef)?.processRef;
}

const owner = (element) => (panelOf(element) === "process" ? processOf(element) : element.businessObject);
const extension = (bo, type) => bo?.extensionElements?.values?.find((one) => one.$type === `spiffworkflow:${type}`);
const timerOf = (bo) => bo.eventDefinitions?.find((one) => one.$type === "bpmn:TimerEventDefinition");
const messageOf = (bo) => bo.eventDefinitions?.find((one) => one.$type === "bpmn:MessageEventDefinition");

/** Every extension property of an element by name. */
export function propertiesOf(element) {
  return Object.fromEntries((extension(owner(element), "Properties")?.properties ?? []).map((one) => [one.name, one.value ?? ""]));
}

const READ = {
  name: (bo, element) => (is(bo, "bpmn:Group") ? bo.categoryValueRef?.value : is(bo, "bpmn:TextAnnotation") ? bo.text : panelOf(element) === "process" ? processOf(element)?.name : bo.name),
  id: (bo, element) => owner(element)?.id,
  documentation: (bo, element) => owner(element)?.documentation?.[0]?.text,
  action: (bo) => extension(bo, "ServiceTaskOperator")?.id,
  result: (bo) => extension(bo, "ServiceTaskOperator")?.resultVariable,
  parameters: (bo) => Object.fromEntries((extension(bo, "ServiceTaskOperator")?.parameterList?.parameters ?? []).map((one) => [one.id, one.value])),
  decision: (bo) => extension(bo, "CalledDecisionId")?.value,
  called: (bo) => bo.calledElement,
  condition: (bo) => bo.conditionExpression?.body,
  otherwise: (bo) => bo.sourceRef.default === bo,
  many: (bo) => Boolean(bo.loopCharacteristics),
  list: (bo) => bo.loopCharacteristics?.loopDataInputRef?.id,
  item: (bo) => bo.loopCharacteristics?.inputDataItem?.id,
  results: (bo) => bo.loopCharacteristics?.loopDataOutputRef?.id,
  each: (bo) => bo.loopCharacteristics?.outputDataItem?.id,
  timer: (bo) => {
    const definition = timerOf(bo);
    const kind = TIMES.find((one) => definition?.[one]);
    return kind && { kind, text: definition[kind].body ?? "" };
  },
  message: (bo) => messageOf(bo)?.messageRef?.name,
};

const keep = (name, schema) => schema["x-keep"] ?? "property";

/** The fields of `schema` as the element has them; what it has not is left out. */
export function read(element, schema) {
  const said = propertiesOf(element);
  const data = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    const where = keep(name, property);
    let value = where === "property" ? said[name] : READ[where]?.(element.businessObject, element);
    if (where === "property" && value !== undefined && property.type === "boolean") value = value === property["x-true"];
    if (value !== undefined && value !== "") data[name] = value;
  }
  return data;
}

/** What of the panel differs from the element: `{field: value}`; undefined for what was emptied. */
export function difference(element, schema, data) {
  const now = read(element, schema);
  const changed = {};
  for (const name of Object.keys(schema.properties)) {
    const next = data[name] === "" ? undefined : data[name];
    if (JSON.stringify(now[name] ?? null) !== JSON.stringify(next ?? null) && !(now[name] === undefined && next === false)) changed[name] = next;
  }
  return changed;
}

/** Writes `changed` into the element as one step that can be taken back. */
export function write(modeler, element, schema, changed) {
  const acts = [];
  const modeling = modeler.get("modeling");
  const factory = modeler.get("bpmnFactory");
  const bo = owner(element);
  const set = (properties) => acts.push(() => (bo === element.businessObject ? modeling.updateProperties(element, properties) : modeling.updateModdleProperties(element, bo, properties)));
  const within = (part, properties) => acts.push(() => modeling.updateModdleProperties(element, part, properties));
  const by = (where) => Object.keys(changed).filter((name) => keep(name, schema.properties[name]) === where);

  for (const [name, value] of Object.entries(changed)) {
    switch (keep(name, schema.properties[name])) {
      case "name":
        if (panelOf(element) === "process") {
          set({ name: value });
          if (is(element, "bpmn:Participant")) acts.push(() => modeling.updateLabel(element, value ?? ""));
        } else acts.push(() => modeling.updateLabel(element, value ?? ""));
        break;
      case "id":
        if (value) set({ id: value });
        break;
      case "documentation":
        set({ documentation: value ? [factory.create("bpmn:Documentation", { text: value })] : [] });
        break;
      case "called":
        set({ calledElement: value });
        break;
      case "condition":
        set({ conditionExpression: value === undefined ? undefined : factory.create("bpmn:FormalExpression", { body: value }) });
        break;
      case "otherwise":
        acts.push(() => modeling.updateProperties(element.source, { default: value ? element.businessObject : undefined }));
        if (value && element.businessObject.conditionExpression && !("condition" in changed)) set({ conditionExpression: undefined });
        break;
      case "timer": {
        const times = Object.fromEntries(TIMES.map((one) => [one, undefined]));
        if (value) times[value.kind] = factory.create("bpmn:FormalExpression", { body: value.text });
        within(timerOf(bo), times);
        break;
      }
      case "message":
        acts.push(() => writeMessage(modeler, element, value));
        break;
      default:
    }
  }
  if (by("many").length || ["list", "item", "results", "each"].some((where) => by(where).length)) acts.push(() => writeLoop(modeler, element, { ...read(element, schema), ...changed }));
  const extensions = nextExtensions(factory, bo, schema, changed, by);
  if (extensions) set({ extensionElements: extensions });
  if (acts.length) modeler.get("commandStack").execute("studio.together", { acts });
}

/** The extension elements with what changed in them; undefined where nothing did. Others' elements stay where they are. */
function nextExtensions(factory, bo, schema, changed, by) {
  const properties = by("property");
  const operator = ["action", "result", "parameters"].some((where) => by(where).length);
  const decision = by("decision");
  if (!properties.length && !operator && !decision.length) return undefined;
  let values = [...(bo.extensionElements?.values ?? [])];
  const put = (type, made) => {
    const at = values.findIndex((one) => one.$type === `spiffworkflow:${type}`);
    if (!made) values = values.filter((_, index) => index !== at);
    else if (at < 0) values.push(made);
    else values[at] = made;
  };
  if (properties.length) {
    const told = (name) => (schema.properties[name].type === "boolean" ? (changed[name] ? schema.properties[name]["x-true"] : undefined) : changed[name]);
    const kept = (extension(bo, "Properties")?.properties ?? []).filter((one) => !(properties.includes(one.name) && told(one.name) === undefined));
    const list = kept.map((one) => factory.create("spiffworkflow:Property", { name: one.name, value: properties.includes(one.name) ? String(told(one.name)) : one.value }));
    for (const name of properties) if (told(name) !== undefined && !kept.some((one) => one.name === name)) list.push(factory.create("spiffworkflow:Property", { name, value: String(told(name)) }));
    put("Properties", list.length ? within(factory.create("spiffworkflow:Properties", { properties: list }), list) : undefined);
  }
  if (operator) {
    const old = extension(bo, "ServiceTaskOperator");
    const action = "action" in changed ? changed.action : old?.id;
    const given = "parameters" in changed ? (changed.parameters ?? {}) : READ.parameters(bo);
    const list = Object.entries(given).filter(([, value]) => value !== undefined && value !== "").map(([id, value]) => factory.create("spiffworkflow:Parameter", { id, type: "str", value: String(value) }));
    const made = factory.create("spiffworkflow:ServiceTaskOperator", { id: action, resultVariable: "result" in changed ? changed.result : old?.resultVariable });
    if (list.length || old?.parameterList) made.parameterList = within(factory.create("spiffworkflow:Parameters", { parameters: list }), list, made);
    put("ServiceTaskOperator", action ? made : undefined);
  }
  if (decision.length) put("CalledDecisionId", changed.decision ? factory.create("spiffworkflow:CalledDecisionId", { value: changed.decision }) : undefined);
  if (!values.length) return null;
  return within(factory.create("bpmn:ExtensionElements", { values }), values, bo);
}

function within(parent, children, grandparent) {
  for (const child of children) child.$parent = parent;
  if (grandparent) parent.$parent = grandparent;
  return parent;
}

/** "Of each item of a list one": the list and its item are data of the process, which the file declares by id. */
function writeLoop(modeler, element, { many, list, item, results, each }) {
  const modeling = modeler.get("modeling");
  const factory = modeler.get("bpmnFactory");
  if (!many) return modeling.updateProperties(element, { loopCharacteristics: undefined });
  const process = processAround(element.businessObject);
  const declared = [...(process.properties ?? [])];
  const data = (id) => {
    if (!id) return undefined;
    const known = declared.find((one) => one.id === id);
    if (known) return known;
    const made = factory.create("bpmn:Property", { id, name: id });
    made.$parent = process;
    declared.push(made);
    return made;
  };
  const loop = factory.create("bpmn:MultiInstanceLoopCharacteristics");
  loop.loopDataInputRef = data(list);
  loop.loopDataOutputRef = data(results);
  loop.inputDataItem = item ? factory.create("bpmn:DataInput", { id: item, name: item }) : undefined;
  loop.outputDataItem = each ? factory.create("bpmn:DataOutput", { id: each, name: each }) : undefined;
  for (const part of [loop.inputDataItem, loop.outputDataItem]) if (part) part.$parent = loop;
  loop.$parent = element.businessObject;
  if (declared.length !== (process.properties ?? []).length) modeling.updateModdleProperties(element, process, { properties: declared });
  return modeling.updateProperties(element, { loopCharacteristics: loop });
}

function processAround(bo) {
  let found = bo;
  while (found && found.$type !== "bpmn:Process") found = found.$parent;
  return found;
}

function writeMessage(modeler, element, name) {
  const modeling = modeler.get("modeling");
  const factory = modeler.get("bpmnFactory");
  const definitions = modeler.getDefinitions();
  const definition = messageOf(element.businessObject);
  if (!name) return modeling.updateModdleProperties(element, definition, { messageRef: undefined });
  let message = definitions.rootElements.find((one) => one.$type === "bpmn:Message" && one.name === name);
  if (!message) {
    message = factory.create("bpmn:Message", { name });
    message.$parent = definitions;
    modeling.updateModdleProperties(element, definitions, { rootElements: [...definitions.rootElements, message] });
  }
  return modeling.updateModdleProperties(element, definition, { messageRef: message });
}
