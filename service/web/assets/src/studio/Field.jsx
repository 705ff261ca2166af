// One field of a form, to be changed: what it is, when it is shown and required, what it may hold.
import { useEffect, useState } from "react";
import { Conditions, wordsOf } from "./conditions.jsx";
import { FILE_KINDS, KINDS, NAME } from "./form.js";
import { Choices, Dates } from "./FieldParts.jsx";

const Row = ({ label, note, children }) => (
  <div className="field-row"><div className="field-label">{label}</div><div className="field-value">{children}{note && <p className="form-note">{note}</p>}</div></div>
);

/** A whole number or nothing. */
export function Count({ label, value, editable, least = 0, onChange }) {
  return <input type="number" className="form-control form-control-sm studio-number" aria-label={label} disabled={!editable} min={least} step="1" value={value ?? ""} onChange={(event) => onChange(event.target.value === "" ? undefined : Number(event.target.value))} />;
}

function Tick({ label, note, checked, editable, onChange }) {
  return <label className="field-tick"><input type="checkbox" checked={checked} disabled={!editable} onChange={(event) => onChange(event.target.checked)} /> {label}{note && <span className="muted">（{note}）</span>}</label>;
}

/** The id of the data: changed only when the box is left, after its uses were told. */
function Name({ field, editable, taken, onRename }) {
  const [typed, setTyped] = useState(field.name);
  useEffect(() => setTyped(field.name), [field.name]);
  const problem = !NAME.test(typed) ? "用小写英文字母、数字和下划线，以字母开头" : taken(typed) ? "这张表单已有这个名称" : "";
  return (
    <>
      <input className="form-control form-control-sm studio-code" aria-label="数据名" disabled={!editable} value={typed} onChange={(event) => setTyped(event.target.value.trim())} onBlur={() => (typed === field.name || problem ? setTyped(field.name) : onRename(typed, () => setTyped(field.name)))} />
      {problem && typed !== field.name && <p className="studio-bad" role="alert">{problem}</p>}
    </>
  );
}

/** `page`: the page's data; `change(edit)` changes the form: edit(form, field). */
export function Field({ page, form, field, editable, change, onRename, onShow, onDuplicate, onRemove }) {
  const { spec, kind, ui } = field;
  const lists = page.lists;
  const text = kind === "text" || kind === "long";
  const set = (key, value, inside = false) => change((one, own) => one.set(own, key, value, inside));
  const setUi = (key, value) => change((one, own) => one.setUi(own, key, value));
  const taken = (name) => name !== field.name && form.order.includes(name);
  const [asking, setAsking] = useState(false);
  const [conditional, setConditional] = useState(false);
  const only = field.asked.length === 1 && !field.asked[0].otherwise ? field.asked[0] : null;
  const must = field.required ? "yes" : asking || field.asked.length ? "when" : "no";
  const prefill = spec["x-prefill"] === true ? "same" : spec["x-prefill"] ? "path" : "no";
  return (
    <div className="field-editor">
      <Row label="名称"><input className="form-control form-control-sm" aria-label="字段的名称" disabled={!editable} value={spec.title ?? ""} onChange={(event) => set("title", event.target.value)} /></Row>
      <Row label="数据名" note="流程图的条件、规则表和打印模板用它来取这项数据。"><Name field={field} editable={editable} taken={taken} onRename={onRename} /></Row>
      <Row label="种类">
        <select className="form-select form-select-sm" aria-label="种类" disabled={!editable || kind === "other"} value={kind} onChange={(event) => change((one, own) => one.setKind(own, event.target.value))}>
          {Object.entries(KINDS).map(([code, name]) => (code !== "other" || kind === "other") && <option key={code} value={code}>{name}</option>)}
        </select>
        {kind === "other" && <p className="form-note">这个字段的写法超出了列表能说的，请在“源文件”里改它的细节。</p>}
      </Row>
      <Row label="填写说明"><textarea className="form-control form-control-sm" rows={2} aria-label="填写说明" disabled={!editable} value={spec.description ?? ""} onChange={(event) => set("description", event.target.value || undefined)} /></Row>
      {(kind === "choice" || kind === "choices" || kind === "boolean") && <Row label="选项"><Choices page={page} form={form} field={field} editable={editable} change={change} /></Row>}
      {(kind === "ref" || kind === "refs") && (
        <Row label="选什么">
          <select className="form-select form-select-sm" aria-label="选什么" disabled={!editable} value={(kind === "refs" ? spec.items : spec)["x-ref"]} onChange={(event) => set("x-ref", event.target.value, kind === "refs")}>
            {page.records.filter((one) => one.code !== "files").map((one) => <option key={one.code} value={one.code}>{one.name}</option>)}
          </select>
          <select className="form-select form-select-sm" aria-label="从哪份名单" disabled={!editable} value={(kind === "refs" ? spec.items : spec)["x-among"] ?? ""} onChange={(event) => set("x-among", event.target.value || undefined, kind === "refs")}>
            <option value="">全部都可以选</option>{page.listings.map((one) => <option key={one.code} value={one.code}>只从名单选：{one.name}</option>)}
          </select>
        </Row>
      )}
      <Row label="何时显示">
        <select className="form-select form-select-sm" aria-label="何时显示" disabled={!editable} value={field.when || conditional ? "when" : "always"} onChange={(event) => {
          setConditional(event.target.value === "when");
          if (event.target.value === "always" && field.when) onShow(null, false);
        }}><option value="always">总是显示</option><option value="when">符合条件时才显示</option></select>
        {field.when || conditional ? (
          <>
            <Conditions key={JSON.stringify(field.when)} form={form} lists={lists} own={field.name} conditions={field.when ?? []} editable={editable} onChange={(next) => { setConditional(false); onShow(next, field.otherwise); }} />
            {field.when && <Tick label="反过来：不符合时才显示" checked={field.otherwise} editable={editable} onChange={(value) => onShow(field.when, value)} />}
          </>
        ) : null}
      </Row>
      <Row label="必填">
        <select className="form-select form-select-sm" aria-label="必填" disabled={!editable} value={must} onChange={(event) => {
          setAsking(event.target.value === "when");
          change((one, own) => {
            if (!own.at) one.askWhen(own, null);
            one.setRequired(own, event.target.value === "yes");
          });
        }}><option value="no">可以不填</option><option value="yes">{field.when ? "显示时必填" : "必填"}</option>{!field.at && <option value="when">符合条件时必填</option>}</select>
        {must === "when" && (only || !field.asked.length ? (
          <Conditions key={`asked${JSON.stringify(only?.when ?? null)}`} form={form} lists={lists} own={field.name} conditions={only?.when ?? []} editable={editable} onChange={(next) => { setAsking(false); change((one, own) => one.askWhen(own, next)); }} />
        ) : <p className="form-note">{field.asked.map((one) => wordsOf(form, one.when, one.otherwise, lists)).join("；")}必填。</p>)}
      </Row>
      {text && <Row label="字数">最少 <Count label="最少字数" value={spec.minLength} editable={editable} onChange={(value) => set("minLength", value)} /> 最多 <Count label="最多字数" value={spec.maxLength} least={1} editable={editable} onChange={(value) => set("maxLength", value)} />{kind === "long" && <> 显示 <Count label="显示几行" value={ui["ui:options"]?.rows} least={2} editable={editable} onChange={(value) => setUi("ui:options", value === undefined ? undefined : { ...ui["ui:options"], rows: value })} /> 行</>}</Row>}
      {text && <Row label="格子里的提示"><input className="form-control form-control-sm" aria-label="格子里的提示" disabled={!editable} value={ui["ui:placeholder"] ?? ""} onChange={(event) => setUi("ui:placeholder", event.target.value || undefined)} /></Row>}
      {text && spec.pattern !== undefined && spec.pattern !== "\\S" && <Row label="格式要求" note="式子，须整段相符时以 ^ 开头、$ 结尾。"><input className="form-control form-control-sm studio-code" aria-label="格式要求" disabled={!editable} value={spec.pattern} onChange={(event) => set("pattern", event.target.value || undefined)} /></Row>}
      {(kind === "integer" || kind === "number") && <Row label="大小">最小 <Count label="最小" least={undefined} value={spec.minimum} editable={editable} onChange={(value) => set("minimum", value)} /> 最大 <Count label="最大" least={undefined} value={spec.maximum} editable={editable} onChange={(value) => set("maximum", value)} /></Row>}
      {kind === "files" && <Row label="收哪些文件" note="都不选，收全部种类。">{FILE_KINDS.map((one) => <Tick key={one} label={one} checked={(spec["x-file-kinds"] ?? []).includes(one)} editable={editable} onChange={(on) => {
        const next = FILE_KINDS.filter((each) => (each === one ? on : (spec["x-file-kinds"] ?? []).includes(each)));
        set("x-file-kinds", next.length ? next : undefined);
      }} />)}</Row>}
      {(kind === "choices" || kind === "refs" || kind === "files") && <Row label="项数">最少 <Count label="最少几项" value={spec.minItems} editable={editable} onChange={(value) => set("minItems", value)} /> 最多 <Count label="最多几项" least={1} value={spec.maxItems} editable={editable} onChange={(value) => set("maxItems", value)} /></Row>}
      {kind === "choice" && <Row label="样子"><select className="form-select form-select-sm" aria-label="样子" disabled={!editable} value={ui["ui:widget"] ?? "select"} onChange={(event) => setUi("ui:widget", event.target.value === "radio" ? "radio" : undefined)}><option value="radio">全部列出，点选一项</option><option value="select">下拉列表</option></select></Row>}
      {kind === "date" && <Row label="日期要求">
        <select className="form-select form-select-sm" aria-label="日期要求" disabled={!editable} value={spec["x-date"] ?? ""} onChange={(event) => set("x-date", event.target.value || undefined)}><option value="">不限</option><option value="past">今天或以前</option><option value="future">今天以后</option></select>
        <Tick label="须是工作日" checked={spec["x-workday"] === true} editable={editable} onChange={(value) => set("x-workday", value || undefined)} />
        <span>离今天最多 <Count label="离今天最多几个工作日" least={1} value={spec["x-within-working-days"]} editable={editable} onChange={(value) => set("x-within-working-days", value)} /> 个工作日</span>
      </Row>}
      {(kind === "date" || form.datesOf(field.name).length > 0) && <Row label="日期的先后"><Dates page={page} form={form} field={field} editable={editable} change={change} /></Row>}
      <Row label="预先填上">
        <select className="form-select form-select-sm" aria-label="预先填上" disabled={!editable} value={prefill} onChange={(event) => set("x-prefill", event.target.value === "same" ? true : event.target.value === "path" ? "file.values.name" : undefined)}><option value="no">不预填</option><option value="same">已有的同名数据</option><option value="path">取自数据里的一处</option></select>
        {prefill === "path" && <input className="form-control form-control-sm studio-code" aria-label="取自哪一处" disabled={!editable} value={spec["x-prefill"]} onChange={(event) => set("x-prefill", event.target.value || true)} />}
      </Row>
      <Row label="系统填好" note="花括号里写式子，例如 {today()}、{talent.town}、{facts.answers}，能用的名称见流程图指南；填好的可以改。决定去向的字段不能填好。"><textarea className="form-control form-control-sm studio-code" rows={1} aria-label="系统填好" disabled={!editable} value={spec["x-fill"] ?? ""} onChange={(event) => set("x-fill", event.target.value || undefined)} /></Row>
      <Row label="其他">
        <Tick label="只说本步骤的事" note="不盖住别的表单填的同名数据" checked={spec["x-own"] === true} editable={editable} onChange={(value) => set("x-own", value || undefined)} />
        <Tick label="一次登记几件事项时共用" note="只用在发起的表单里" checked={spec["x-shared"] === true} editable={editable} onChange={(value) => set("x-shared", value || undefined)} />
        {(kind === "ref" || kind === "refs") && <label className="field-tick">不能与 <select className="form-select form-select-sm" aria-label="不能与哪个字段选同一项" disabled={!editable} value={spec["x-unlike"] ?? ""} onChange={(event) => set("x-unlike", event.target.value || undefined)}><option value="">不限</option>{form.fields.filter((one, at, all) => one.kind === "ref" && one.name !== field.name && all.findIndex((other) => other.name === one.name) === at).map((one) => <option key={one.name} value={one.name}>{one.spec.title ?? one.name}</option>)}</select> 选同一项</label>}
        {kind === "ref" && spec["x-ref"] === "units" && <Tick label="不能选本轮已在办理的单位" note="改派用：一个单位一轮只办一份" checked={spec["x-new-unit"] === true} editable={editable} onChange={(value) => set("x-new-unit", value || undefined)} />}
        {kind === "choice" && (spec.oneOf ?? []).length > 0 && <label className="field-tick">其他单位继续办理时才能选 <select className="form-select form-select-sm" aria-label="其他单位继续办理时才能选哪一项" disabled={!editable} value={spec["x-others-go-on"] ?? ""} onChange={(event) => set("x-others-go-on", event.target.value || undefined)}><option value="">不限</option>{spec.oneOf.map((one) => <option key={one.const} value={one.const}>{one.title ?? one.const}</option>)}</select></label>}
        <Tick label="印在需求处理单上" checked={spec["x-print"] === true} editable={editable} onChange={(value) => set("x-print", value || undefined)} />
        <label className="field-tick">个人信息 <select className="form-select form-select-sm" aria-label="个人信息" disabled={!editable} value={spec["x-private"] ?? ""} onChange={(event) => set("x-private", event.target.value || undefined)}><option value="">不是</option>{page.private.map((one) => <option key={one.code} value={one.code}>{one.name}</option>)}</select></label>
      </Row>
      {editable && <div className="studio-row field-ops"><button type="button" className="btn btn-sm" onClick={onDuplicate}>照此再加一个</button><button type="button" className="btn btn-sm" onClick={onRemove}>删去这个字段</button></div>}
    </div>
  );
}
