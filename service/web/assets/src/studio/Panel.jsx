// The properties of the chosen element: a form over the schema that the server gives for its kind.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { withTheme } from "@rjsf/core";
import { Theme } from "@rjsf/react-bootstrap";
import { templates as formTemplates, widgets as formWidgets } from "../form/templates.jsx";
import { validator } from "../form/validator.js";
import { difference, panelOf, propertiesOf, read, write } from "./element.js";
import { kindName } from "./kinds.js";
import { ExpressionWidget } from "./expression.jsx";
import { later } from "./later.jsx";
import { StagesWidget } from "./stages.jsx";

const Form = withTheme(Theme);
const WRITE_AFTER_MS = 250;
const NOTHING_FILLED_IN = { constAsDefaults: "never", emptyObjectFields: "skipDefaults" };

function FieldTemplate({ id, label, hidden, children, errors, rawDescription, schema, classNames }) {
  if (hidden) return <div hidden>{children}</div>;
  if (id === "root") return <>{children}</>;
  if (schema.type === "object" && schema.properties) return <fieldset className="studio-fields"><legend>{label}</legend>{children}</fieldset>;
  if (schema.type === "boolean") return <div className={`form-field ${classNames ?? ""}`} data-field={id}>{children}{rawDescription && <div className="form-note">{rawDescription}</div>}</div>;
  return (
    <div className="form-field" data-field={id}>
      <label className="form-label" htmlFor={id}>{label}</label>
      {children}
      {errors}
      {rawDescription && <div className="form-note">{rawDescription}</div>}
    </div>
  );
}

function ObjectFieldTemplate({ properties }) {
  return <>{properties.map((property) => <div key={property.name}>{property.content}</div>)}</>;
}

function CheckboxWidget({ id, value, label, disabled, readonly, onChange }) {
  return (
    <label className="form-check studio-check" htmlFor={id}>
      <input type="checkbox" className="form-check-input" id={id} checked={Boolean(value)} disabled={disabled || readonly} onChange={(event) => onChange(event.target.checked)} />
      <span className="form-check-label">{label}</span>
    </label>
  );
}

const templates = { ...formTemplates, FieldTemplate, ObjectFieldTemplate };
const part = (name) => later(() => import("./parts.jsx"), name);
const widgets = {
  ...formWidgets, CheckboxWidget, expression: ExpressionWidget, stages: StagesWidget,
  due: part("DueWidget"), who: part("WhoWidget"), condition: part("ConditionWidget"), value: part("ValueWidget"), about: part("AboutWidget"),
  list: part("ListWidget"), each: part("EachWidget"), name: part("NameWidget"),
};

/** A field whose value is no text, shown by one of our widgets. */
const whole = (Widget) => function Whole({ formData, onChange, fieldPathId, uiSchema, registry, disabled, readonly }) {
  const tell = (value) => onChange(value, fieldPathId.path, undefined, fieldPathId.$id);
  return <Widget id={fieldPathId.$id} value={formData} onChange={tell} options={uiSchema?.["ui:options"] ?? {}} registry={registry} disabled={disabled} readonly={readonly} />;
};
const fields = { timer: whole(part("TimerWidget")), cycle: whole(part("CycleWidget")) };

/** The schema of the element's panel: that of its kind, with what depends on what the element is and says. */
function schemaOf(panel, element, data) {
  const kind = panel.kinds[panelOf(element)];
  const properties = { ...kind.schema.properties };
  const ui = { ...kind.ui };
  if (properties.parameters) {
    const action = panel.actions[data.action];
    if (action && Object.keys(action.parameters).length) {
      const others = Object.keys(data.parameters ?? {}).filter((name) => !(name in action.parameters));
      const unknown = Object.fromEntries(others.map((name) => [name, { type: "string", title: `${name}（这个动作没有，清空即删去）` }]));
      properties.parameters = { ...properties.parameters, properties: { ...action.parameters, ...unknown } };
      ui.parameters = Object.fromEntries(Object.keys(action.parameters).map((name) => [name, { "ui:widget": "value" }]));
    } else delete properties.parameters;
    if (action) properties.action = { ...properties.action, description: `${action.does.split(/[。；]/)[0]}。` };
  }
  if (properties.list && !data.many) for (const name of ["list", "item", "results", "each"]) delete properties[name];
  if (properties.results && !data.each) delete properties.results;
  if (properties.condition && data.otherwise) delete properties.condition;
  for (const name of Object.keys(propertiesOf(element))) {
    if (properties[name] && (properties[name]["x-keep"] ?? "property") === "property") continue;
    properties[`other:${name}`] = { type: "string", title: `${name}（系统不认识，清空即删去）`, "x-keep": "property" };
  }
  for (const [name, property] of Object.entries(properties)) {
    const known = property.oneOf && data[name] !== undefined && !property.oneOf.some((one) => one.const === data[name]);
    if (known) properties[name] = { ...property, oneOf: [{ const: data[name], title: `${data[name]}（没有这一项）` }, ...property.oneOf] };
  }
  return { title: kind.title, help: kind.help, schema: { type: "object", properties }, ui: { "ui:submitButtonOptions": { norender: true }, ...ui } };
}

// what the file calls an unknown property, without the mark that keeps it apart from the fields of the panel
const bare = (schema) => ({ ...schema, properties: Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name.replace(/^other:/, ""), one])) });
const plain = (data) => Object.fromEntries(Object.entries(data).map(([name, value]) => [name.replace(/^other:/, ""), value]));

const ID = { user: /^[a-z][a-z0-9_]{0,59}$/, service: /^[a-z][a-z0-9_]{0,59}$/, rule: /^[a-z][a-z0-9_]{0,59}$/, call: /^[a-z][a-z0-9_]{0,59}$/ };

function idProblem(modeler, element, id) {
  const pattern = ID[panelOf(element)] ?? /^[A-Za-z][A-Za-z0-9_]{0,59}$/;
  if (!pattern.test(id)) return "用小写英文字母、数字和下划线，以字母开头";
  const taken = modeler.get("moddle").ids.assigned(id);
  return taken && taken !== element.businessObject ? "已有图形用了这个编号，请换一个" : "";
}

export function Panel({ file, main, modeler, element, version, panel, editable, reckon, spell, seek, today, tomorrow, onOpen, onMakeForm, formsAddress, onTyping, onRest, onRemove, settling }) {
  const [madeForm, setMadeForm] = useState("");
  const [typed, setTyped] = useState(null); // what is on its way into the drawing
  const timer = useRef(0);
  const pending = useRef(null);
  const kind = panel.kinds[panelOf(element)];
  const stored = useMemo(() => {
    const first = read(element, bare(schemaOf(panel, element, {}).schema));
    const { schema } = schemaOf(panel, element, read(element, bare(schemaOf(panel, element, first).schema))); // what one says shows the next
    const all = read(element, bare(schema));
    return Object.fromEntries(Object.keys(schema.properties).filter((name) => all[name.replace(/^other:/, "")] !== undefined).map((name) => [name, all[name.replace(/^other:/, "")]]));
  }, [panel, element, version]);
  const data = typed ?? stored;
  const { schema, ui, title, help } = useMemo(() => schemaOf(panel, element, data), [panel, element, data]);
  const reckonHere = useCallback((what, text) => reckon(what, text, (element.host && propertiesOf(element.host).due) ?? "", element.id), [reckon, element, version]);
  const known = useMemo(() => {
    const meant = panelOf(element) === "clock" ? panel.known_at_clock : (panel.branches[element.id] ?? []);
    return [...meant, ...panel.known.filter(({ name }) => !meant.some((one) => one.name === name))];
  }, [panel, element, version]);
  const lane = laneOf(modeler, element);
  const near = useMemo(() => {
    const of = (positions) => positions?.map((at) => panel.known[at]);
    return { before: of(panel.before[element.id]) ?? known, inside: panel.inside[element.id] ?? [], slots: panel.slots[element.id] ?? [] };
  }, [panel, element, version, known]);
  const context = {
    reckon: reckonHere, known, ...near, roles: panel.roles, units: panel.units, people: panel.people, lane: lane?.name, laneRole: lane?.id, spell, seek, today, tomorrow,
    named: proposals(element, data, panel.known),
  };
  const fault = data.id !== undefined && data.id !== element.id && kind.schema.properties.id && !kind.schema.properties.id.readOnly ? idProblem(modeler, element, data.id) : "";

  const settle = useCallback(() => {
    clearTimeout(timer.current);
    const waiting = pending.current;
    pending.current = null;
    if (!waiting) return;
    const changed = difference(element, bare(waiting.schema), plain(waiting.data));
    if (changed.id !== undefined && idProblem(modeler, element, changed.id)) delete changed.id;
    if (Object.keys(changed).length) write(modeler, element, bare(waiting.schema), changed);
    else onRest();
    setTyped((now) => (now === waiting.data && !("id" in waiting.data && waiting.data.id !== element.id) ? null : now));
  }, [modeler, element, onRest]);
  useEffect(() => {
    settling.current = settle; // whoever opens another file first writes what is typed here
    return settle;
  }, [settle, settling]);

  function changed({ formData }, id) {
    if (!id || !editable) return;
    const next = completed(named(element, formData, panel.roles), data, element, panel.known);
    setTyped(next);
    onTyping();
    pending.current = { data: next, schema };
    clearTimeout(timer.current);
    timer.current = setTimeout(settle, WRITE_AFTER_MS);
  }

  /** The form that was made is the one of the step, also when the step gets another id. */
  function choose(name) {
    setMadeForm(name);
    if (propertiesOf(element).form === undefined) write(modeler, element, bare(schema), { form: name });
  }

  const bo = element.businessObject;
  const form = bo.$type === "bpmn:UserTask" ? (propertiesOf(element).form ?? element.id) : "";
  return (
    <section className="studio-panel" aria-label="属性">
      <h2>{title ?? kindName(element)}</h2>
      {help && <p className="form-note">{help}</p>}
      <Form
        tagName="div" schema={schema} uiSchema={ui} formData={data} formContext={context} validator={validator} templates={templates} widgets={widgets} fields={fields}
        experimental_defaultFormStateBehavior={NOTHING_FILLED_IN} noValidate disabled={!editable} showErrorList={false}
        extraErrors={fault ? { id: { __errors: [fault] } } : undefined} onChange={changed} onBlur={settle}
      ><></></Form>
      {crowded(element) && <p className="form-note" role="status">图上的框写不下这么长的名称：请写短些，或把框拖大。</p>}
      {bo.$type === "bpmn:CallActivity" && bo.calledElement && <button type="button" className="btn btn-sm" onClick={() => onOpen(bo.calledElement)}>打开这张图</button>}
      {panelOf(element) === "process" && editable && file !== main && <button type="button" className="btn btn-sm" onClick={onRemove}>删去这张图</button>}
      {form && editable && !panel.forms.includes(form) && (
        <div className="alert alert-warning">还没有这张表单。<button type="button" className="btn btn-sm" onClick={() => onMakeForm(form, bo.name ?? "").then(() => choose(form))}>新建表单</button></div>
      )}
      {form && madeForm === form && panel.forms.includes(form) && (
        <div className="alert alert-success" role="status">已建表单“{bo.name || form}”，里面先有一项“说明”。<a href={`${formsAddress}#forms/${form}.json`}>去加一个字段</a></div>
      )}
    </section>
  );
}

const LETTER = 12;
const LINE = 14.4;
/** Whether the name of a step is longer than its box holds. */
function crowded({ businessObject: { $type, name }, width, height }) {
  if (!/Task$|Activity$/.test($type) || !name) return false;
  const lines = name.split("\n").map((line) => Math.ceil((line.length * LETTER) / (width - 10)));
  return lines.reduce((sum, one) => sum + one, 0) * LINE > height;
}

/** A lane that becomes another role's takes its name, where it had none of its own. */
function named(element, data, roles) {
  if (panelOf(element) !== "lane" || data.id === element.id) return data;
  const own = data.name && !roles.some(({ title }) => title === data.name);
  return own ? data : { ...data, name: roles.find(({ value }) => value === data.id)?.title ?? data.name };
}

/** The names that are proposed for what a step gives to later ones: {item, results, result}, each {value, title}. */
function proposals(element, data, known) {
  const list = known.find((one) => one.name === data.list);
  const each = known.find((one) => one.name === data.each);
  const one = data.list && (list?.of === "unit" ? { value: "unit", title: "这个单位" } : { value: data.list.replace(/s$/, "") === data.list ? `${data.list}_item` : data.list.slice(0, -1), title: `“${list?.title ?? data.list}”里的一项` });
  const name = element.businessObject.name;
  return {
    item: one || undefined,
    results: data.each ? { value: `all_${data.each}`, title: `各份的“${each?.title ?? data.each}”` } : undefined,
    result: { value: `${element.id}_result`.slice(0, 60), title: name ? `“${name}”的结果` : "这个动作的结果" },
  };
}

/** What follows from a choice: another list calls its items otherwise; results are gathered where there is one of each. */
function completed(next, before, element, known) {
  if (!next.many) return next;
  const proposed = proposals(element, next, known);
  const done = { ...next };
  if (next.list && (!next.item || (next.list !== before.list && next.item === before.item))) done.item = proposed.item.value;
  if (next.each && !next.results) done.results = proposed.results.value;
  if (!next.each) delete done.results;
  return done;
}

/** The lane in which an element stands, {id, name}: its id is the role. */
function laneOf(modeler, element) {
  const bo = element.businessObject;
  const inLane = modeler.get("elementRegistry").filter((one) => one.type === "bpmn:Lane" && one.businessObject.flowNodeRef?.includes(bo) && !one.children.some((child) => child.type === "bpmn:Lane"));
  return inLane[0]?.businessObject;
}
