// One form of the process: its draft, its checks, its submission, and what to do when something goes wrong.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { withTheme } from "@rjsf/core";
import { Theme } from "@rjsf/react-bootstrap";
import { Keys, send } from "../post.js";
import { Draft } from "./draft.js";
import { FilesWidget } from "./FilesWidget.jsx";
import { More, own, ownUi } from "./More.jsx";
import { RefWidget } from "./RefWidget.jsx";
import { Similar } from "./Similar.jsx";
import { templates, widgets as usual } from "./templates.jsx";
import { drop } from "./uploads.js";
import { allProperties, contradictions, datesOf, plain, titlesOf, validator, warningsOf } from "./validator.js";

const Form = withTheme(Theme);
const widgets = { ...usual, ref: RefWidget, files: FilesWidget };
const UPLOADING = "还有文件正在上传，请等它传完，或取消后再提交";
const FILES = "files";
const SAVE_AFTER_MS = 400;
const NOTHING_KEPT = { load: () => null, save: () => true, clear: () => {} };
const NOTHING_PRESELECTED = { constAsDefaults: "never", emptyObjectFields: "skipDefaults" };

/** The form's own uiSchema, with the pickers added where a property says `x-ref`. */
function completed(uiSchema, schema) {
  const full = { "ui:submitButtonOptions": { norender: true }, ...uiSchema };
  for (const [name, property] of Object.entries(allProperties(schema))) {
    const kind = property["x-ref"] ?? property.items?.["x-ref"];
    if (kind) full[name] = { ...full[name], "ui:widget": kind === FILES ? "files" : "ref" };
    else if (property.type === "boolean" && !full[name]?.["ui:widget"]) full[name] = { ...full[name], "ui:widget": "radio" };
  }
  return full;
}

/** The ids of the files that `data` names in the fields of `schema`. */
function filesOf(schema, data) {
  const fields = Object.entries(allProperties(schema)).filter(([, property]) => property.items?.["x-ref"] === FILES);
  return fields.flatMap(([name]) => data?.[name] ?? []);
}

/** The uiSchema with what is warned of at a field: it stands under the field and stops nobody. */
function withDoubts(uiSchema, doubts) {
  const full = { ...uiSchema };
  for (const { field, message } of doubts) {
    const options = full[field]?.["ui:options"];
    const said = options?.doubts ?? [];
    full[field] = { ...full[field], "ui:options": { ...options, doubts: [...said, message] } };
  }
  return full;
}

/** `/data/reason` or `/reason` of a server's finding -> the field's name; null where it is about the whole form. */
function fieldOf(path, titles) {
  const name = String(path ?? "").replace(/^\/?(data\/)?/, "").split("/")[0];
  return name in titles ? name : null;
}

// The office's time, whatever zone this computer is set to; 24 hours, as on every page.
const OFFICE_TIME = { timeZone: "Asia/Shanghai", hourCycle: "h23", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" };

function clockText(moment) {
  return new Intl.DateTimeFormat("zh-CN", OFFICE_TIME).format(moment);
}

function Notice({ outcome, signIn }) {
  if (!outcome || outcome.kind === "invalid") return null;
  const serious = ["again", "conflict", "signed_out"].includes(outcome.kind) ? "warning" : "danger";
  return (
    <div className={`alert alert-${serious}`} role="alert">
      <b>{outcome.title ?? (outcome.kind === "signed_out" ? "登录已过期" : "未能提交")}</b>
      <div>{outcome.kind === "signed_out" ? "您填写的内容仍保留在本页。请在新窗口登录，然后回到本页再次提交。" : outcome.message}</div>
      {outcome.kind === "signed_out" && <a className="btn btn-sm mt-2" href={signIn} target="_blank" rel="noopener">在新窗口登录</a>}
      {outcome.kind === "conflict" && <a className="btn btn-sm mt-2" href="" target="_blank" rel="noopener">在新窗口查看最新情况</a>}
    </div>
  );
}

function Summary({ problems, titles, rest }) {
  if (!problems.length && !rest.length) return null;
  const count = problems.length + rest.length;
  return (
    <div className="alert alert-danger" role="alert" tabIndex={-1} id="form-summary">
      <b>有 {count} 处需要修改</b>
      <ul className="form-summary">
        {problems.map(({ name, message }) => (
          <li key={name}><a href={`#root_${name}`} onClick={(event) => goTo(event, name)}>{titles[name] ?? "本项"}</a>：{message}</li>
        ))}
        {rest.map((message) => <li key={message}>{message}</li>)}
      </ul>
    </div>
  );
}

function goTo(event, name) {
  event.preventDefault();
  const box = document.querySelector(`[data-field="root_${name}"]`);
  const control = box?.querySelector("input:not([type=hidden]), textarea, select, legend");
  box?.scrollIntoView({ block: "center" });
  control?.focus({ preventScroll: true });
}

/** What follows from a picked record: `{values, labels}` by field; nothing where nobody answers. */
async function follows(address, field, value) {
  try {
    const answer = await fetch(`${address}?${new URLSearchParams({ [field]: value })}`, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : { values: {}, labels: {} };
  } catch {
    return { values: {}, labels: {} };
  }
}

const empty = (value) => value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);
const alike = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** `deliver(data)` takes the place of sending the form: it answers as `send` does, and its caller shows what comes next.
    A page that is not `kept` leaves nothing of what is typed in the browser; one that is `readonly` shows what was. */
export function TaskForm({ page, deliver }) {
  const draft = useMemo(() => (page.kept === false ? NOTHING_KEPT : new Draft(page.user, page.task)), [page]);
  const kept = useMemo(() => draft.load(), [draft]);
  const keys = useMemo(() => new Keys(), []);
  const uiSchema = useMemo(() => completed(page.ui_schema ?? {}, page.schema), [page]);
  const checkDates = useMemo(() => datesOf(page.schema, page.today, page.dates), [page]);
  const labels = useRef({ ...page.labels, ...kept?.labels });
  const [data, setData] = useState(kept?.data ?? page.data ?? {});
  // field -> what the service filled in: said at the field for as long as it stands there
  const [proposed, setProposed] = useState(() => Object.fromEntries((page.proposed ?? []).map((name) => [name, page.data[name]])));
  // what the service filled in, signed: sent along, so that the journal keeps what stood here
  const filled = useRef(page.extra?.filled);
  const [more, setMore] = useState(kept?.more ?? []);
  const [links, setLinks] = useState([]);
  const [restored, setRestored] = useState(kept?.at ?? null);
  const [saved, setSaved] = useState(null);
  const titles = useMemo(() => titlesOf(page.schema, data), [page, data]);
  const [problems, setProblems] = useState([]);
  const [rest, setRest] = useState([]);
  const [extra, setExtra] = useState({});
  const [outcome, setOutcome] = useState(null);
  const [sending, setSending] = useState(false);
  const timer = useRef(0);
  const dirty = useRef(Boolean(kept));
  const done = useRef(false);

  const learn = useCallback((more) => Object.assign(labels.current, more), []);
  // field -> how many of its files are on their way
  const uploading = useRef({});
  const busy = useCallback((id, count) => { uploading.current[id] = count; }, []);
  const given = useMemo(() => filesOf(page.schema, page.data), [page]);
  const context = useMemo(
    () => ({ labels: labels.current, learn, busy, given, records: page.records, today: page.today, tomorrow: page.tomorrow, proposed }),
    [learn, busy, given, page, proposed],
  );
  const others = useRef(more);
  const keep = useCallback(
    (next) => setSaved(draft.save(next, labels.current, others.current) ? Date.now() : "refused"),
    [draft],
  );
  const present = useRef(data);
  present.current = data;
  others.current = more;

  useEffect(() => {
    const leaving = () => {
      if (dirty.current && !done.current) draft.save(present.current, labels.current, others.current);
    };
    window.addEventListener("pagehide", leaving);
    return () => window.removeEventListener("pagehide", leaving);
  }, [draft]);

  /** `typed` without what the form was refilled with (撤回) for another decision: a field that is now called otherwise,
   * such as 理由 and 备注, is begun anew, unless the person has written in it. */
  function asDecided(typed) {
    const [then, now] = [titlesOf(page.schema, present.current), titlesOf(page.schema, typed)];
    const stale = Object.keys(typed).filter((field) => then[field] && now[field] && then[field] !== now[field]
      && !empty(page.data?.[field]) && alike(typed[field], page.data[field]) && !(field in proposed));
    return stale.length ? Object.fromEntries(Object.entries(typed).filter(([field]) => !stale.includes(field))) : typed;
  }

  function changed({ formData: typed }, id) {
    const formData = id ? asDecided(typed) : typed;
    setData(formData);
    if (!id) return; // the library's own first computation, nothing was typed
    dirty.current = true;
    const name = id.replace(/^root_/, "");
    setExtra(({ [name]: _gone, ...others }) => others);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => !done.current && keep(formData), SAVE_AFTER_MS);
    if (page.knows && formData[name] && page.schema.properties?.[name]?.["x-ref"]) fillIn(name, formData[name]);
  }

  /** What the service knows of a picked record stands in the fields that nobody has filled in. */
  async function fillIn(field, value) {
    const found = await follows(page.knows, field, value);
    if (present.current[field] !== value) return; // another one was picked meanwhile
    learn(found.labels);
    if (found.filled) filled.current = found.filled;
    const fresh = Object.fromEntries(
      Object.entries(found.values).filter(([name]) => name !== field && (empty(present.current[name]) || alike(present.current[name], proposed[name]))),
    );
    setProposed((now) => ({ ...now, ...fresh }));
    setData((now) => ({ ...now, ...fresh }));
  }

  function discard() {
    clearTimeout(timer.current);
    const named = [present.current, ...others.current].flatMap((one) => filesOf(page.schema, one));
    for (const one of named) if (!given.includes(one)) drop(one);
    draft.clear();
    dirty.current = false;
    setData(page.data ?? {});
    setMore([]);
    setRestored(null);
    setSaved(null);
    setProblems([]);
    setRest([]);
    setExtra({});
  }

  function refused(found, others = []) {
    const byField = new Map();
    for (const { name, message } of found) if (!byField.has(name)) byField.set(name, message);
    setProblems([...byField].map(([name, message]) => ({ name, message })));
    setRest(others);
    requestAnimationFrame(() => document.getElementById("form-summary")?.focus());
  }

  async function submit({ formData }) {
    if (Object.values(uploading.current).some((count) => count > 0)) {
      refused([], [UPLOADING]);
      return;
    }
    setSending(true);
    setOutcome(null);
    setProblems([]);
    setRest([]);
    setExtra({});
    const body = { ...page.extra, data: formData };
    if (filled.current) body.filled = filled.current;
    if (more.length) body.more = more;
    if (links.length) body.links = links;
    const result = deliver ? await deliver(formData) : await send(page.url, body, keys.of(page.url, body), (words) => setOutcome({ kind: "again", ...words }));
    if (result.kind === "done") {
      done.current = true;
      clearTimeout(timer.current);
      draft.clear();
      if (deliver) return;
      window.location.assign(result.location ?? "/");
      return;
    }
    setSending(false);
    keep(formData);
    setOutcome(result);
    if (result.kind !== "invalid") return;
    const known = result.errors.map((error) => {
      const [, position] = /^\/more\/(\d+)/.exec(error.path ?? "") ?? [];
      if (position !== undefined) return { name: null, message: `第 ${Number(position) + 2} 件：${error.message}` };
      const name = fieldOf(error.path, titles);
      const title = `${titles[name]}：`; // the server's sentence begins with the title, which stands at the field already
      return { name, message: error.message.startsWith(title) ? error.message.slice(title.length) : error.message };
    });
    setExtra(Object.fromEntries(known.filter(({ name }) => name).map(({ name, message }) => [name, { __errors: [message] }])));
    const others = known.filter(({ name }) => !name).map(({ message }) => message);
    refused(known.filter(({ name }) => name), known.length ? others : [result.message ?? "内容未通过检查"]);
  }

  const warnings = warningsOf(page.schema, data, page.age ?? 0);
  const doubts = contradictions(page.dates, data).filter(({ refuse }) => !refuse);
  const doubted = JSON.stringify(doubts);
  const ownSchema = useMemo(() => own(page.schema, page.shared ?? []), [page]);
  const ownUiSchema = useMemo(() => ownUi(uiSchema, page.shared ?? []), [page, uiSchema]);
  const shownUi = useMemo(() => withDoubts(uiSchema, JSON.parse(doubted)), [uiSchema, doubted]);
  return (
    <>
      {restored && (
        <div className="alert alert-info form-restored" role="status">
          <span>已恢复您 {clockText(restored)} 未提交的内容。</span>
          <button type="button" className="btn btn-sm" onClick={discard}>放弃，重新填写</button>
        </div>
      )}
      <Summary problems={problems} titles={titles} rest={rest} />
      {page.similar && <Similar address={page.similar} data={data} chosen={links} onChoose={setLinks} />}
      <Form
        schema={page.schema}
        uiSchema={shownUi}
        formData={data}
        formContext={context}
        validator={validator}
        templates={templates}
        widgets={widgets}
        customValidate={checkDates}
        transformErrors={plain}
        extraErrors={extra}
        experimental_defaultFormStateBehavior={NOTHING_PRESELECTED}
        showErrorList={false}
        noHtml5Validate
        omitExtraData
        disabled={sending}
        readonly={Boolean(page.readonly)}
        onChange={changed}
        onSubmit={submit}
        onError={(errors) => refused(errors.map((error) => ({ name: fieldOf(error.property?.replace(/^\./, ""), titles), message: error.message })).filter(({ name }) => name))}
      >
        {page.shared?.length > 0 && (
          <More
            matters={more}
            seed={Object.fromEntries(Object.entries(proposed).filter(([name]) => !page.shared.includes(name)))}
            onChange={(next) => { dirty.current = true; setMore(next); clearTimeout(timer.current); timer.current = setTimeout(() => !done.current && keep(present.current), SAVE_AFTER_MS); }}
            render={(position, value, put) => (
              <Form
                tagName="div"
                idPrefix={`more${position}`}
                schema={ownSchema}
                uiSchema={ownUiSchema}
                formData={value}
                formContext={context}
                validator={validator}
                templates={templates}
                widgets={widgets}
                experimental_defaultFormStateBehavior={NOTHING_PRESELECTED}
                noHtml5Validate
                omitExtraData
                disabled={sending}
                onChange={({ formData }, id) => id && put(formData)}
              >
                <></>
              </Form>
            )}
          />
        )}
        {warnings.map((message) => <div className="alert alert-warning" role="status" key={message}>{message}</div>)}
        <Notice outcome={outcome} signIn={page.sign_in} />
        {page.readonly ? <></> : <div className="form-foot">
          <button type="submit" className="btn btn-primary" disabled={sending}>{sending ? "正在提交…" : page.submit}</button>
          <span className="form-saved" role="status">
            {page.kept === false ? "" : saved === "refused" ? "浏览器未能保存草稿，请勿关闭本页" : saved ? `草稿已保存 ${clockText(saved)}` : ""}
          </span>
        </div>}
      </Form>
    </>
  );
}
