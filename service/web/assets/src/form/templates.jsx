// The look of a form: label above, help under the label, the error under the field; one column, dense.
import { errorId, helpId, descriptionId, optionId, enumOptionsIsSelected, ariaDescribedByIds } from "@rjsf/utils";

// the browser shows a date in the order of its own language, which may be day before month or month before day
const FOREIGN = !/^zh/i.test(navigator.language);
const SEVERAL_CONTROLS = new Set(["radio", "checkboxes"]);

function grouped(schema, uiSchema) {
  return SEVERAL_CONTROLS.has(uiSchema?.["ui:widget"]) || (schema.type === "boolean" && uiSchema?.["ui:widget"] !== "checkbox");
}

function FieldTemplate({ id, label, required, hidden, children, errors, help, rawDescription, rawErrors, schema, uiSchema, displayLabel, fieldPathId, formData, registry }) {
  if (hidden) return <div hidden>{children}</div>;
  if (schema.type === "object") return <>{children}</>;
  const bad = rawErrors?.length > 0;
  const said = /选填|可不填/.test(label ?? ""); // the form's own title says it already
  const own = uiSchema?.["ui:options"]?.mark; // what must be there, but may stand elsewhere, is neither
  const mark = own ? <span className="form-may">{own}</span> : said ? null : required ? <span className="form-must" aria-hidden="true">*</span> : <span className="form-may">选填</span>;
  const given = registry.formContext?.proposed?.[id.replace(/^root_/, "")];
  const filled = given !== undefined && JSON.stringify(given) === JSON.stringify(formData);
  const title = <>{label}{mark}{filled && <span className="form-filled">系统预填，可修改</span>}</>;
  const description = rawDescription && <div id={descriptionId(fieldPathId)} className="form-note">{rawDescription}</div>;
  const limit = schema.maxLength >= 200 && uiSchema?.["ui:widget"] === "textarea" ? schema.maxLength : null;
  const Box = grouped(schema, uiSchema) ? "fieldset" : "div";
  return (
    <Box className={`form-field${bad ? " form-field-bad" : ""}`} data-field={id}>
      {Box === "fieldset"
        ? <legend className="form-label" id={`${id}__legend`} tabIndex={-1}>{title}</legend>
        : (displayLabel || schema.type === "array") && <label className="form-label" htmlFor={id}>{title}</label>}
      {description}
      {children}
      {limit && <div className="form-limit">最多 {limit} 字</div>}
      {FOREIGN && schema.format === "date" && <div className="form-limit">年-月-日{formData ? `：${formData}` : ""}</div>}
      {errors}
      {!bad && uiSchema?.["ui:options"]?.doubts?.map((message) => <div className="form-doubt" role="status" key={message}>{message}</div>)}
      {help}
    </Box>
  );
}

function FieldErrorTemplate({ errors = [], fieldPathId }) {
  if (!errors.length) return null;
  return <div id={errorId(fieldPathId)} className="form-error">{errors.map((error) => <div key={error}>{error}</div>)}</div>;
}

function FieldHelpTemplate({ help, fieldPathId }) {
  return help ? <div id={helpId(fieldPathId)} className="form-note">{help}</div> : null;
}

function ObjectFieldTemplate({ description, properties }) {
  return (
    <>
      {description && <p className="form-lead">{description}</p>}
      {properties.map((property) => <div key={property.name} hidden={property.hidden}>{property.content}</div>)}
    </>
  );
}

function RadioWidget({ id, options, value, required, disabled, readonly, rawErrors, onChange }) {
  return (
    <div className={`form-choices${options.inline ? " form-choices-inline" : ""}`}>
      {options.enumOptions?.map((option, index) => (
        <label className="form-check" key={String(option.value)} htmlFor={optionId(id, index)}>
          <input
            type="radio"
            className="form-check-input"
            id={optionId(id, index)}
            name={id}
            checked={enumOptionsIsSelected(option.value, value)}
            disabled={disabled || readonly}
            required={required}
            aria-invalid={rawErrors?.length > 0}
            aria-describedby={ariaDescribedByIds(id)}
            onChange={() => onChange(option.value)}
          />
          <span className="form-check-label">{option.label}</span>
        </label>
      ))}
    </div>
  );
}

function TextareaWidget({ id, value, placeholder, options, required, disabled, readonly, rawErrors, onChange }) {
  const bad = rawErrors?.length > 0;
  return (
    <textarea
      id={id}
      className={`form-control form-grow${bad ? " is-invalid" : ""}`}
      rows={options.rows ?? 4}
      style={{ minHeight: `${(options.rows ?? 4) * 1.5 + 0.8}em` }}
      placeholder={placeholder}
      value={value ?? ""}
      required={required}
      disabled={disabled}
      readOnly={readonly}
      aria-invalid={bad}
      aria-describedby={ariaDescribedByIds(id)}
      onChange={(event) => onChange(event.target.value === "" ? options.emptyValue : event.target.value)}
    />
  );
}

function TextWidget({ id, value, placeholder, schema, options, required, disabled, readonly, rawErrors, onChange }) {
  const bad = rawErrors?.length > 0;
  return (
    <input
      type={schema.type === "integer" || schema.type === "number" ? "number" : "text"}
      id={id}
      className={`form-control${bad ? " is-invalid" : ""}`}
      value={value ?? ""}
      placeholder={placeholder}
      required={required}
      disabled={disabled}
      readOnly={readonly}
      aria-invalid={bad}
      aria-describedby={ariaDescribedByIds(id)}
      onChange={(event) => onChange(event.target.value === "" ? options.emptyValue : event.target.value)}
    />
  );
}

function SelectWidget({ id, value, options, placeholder, required, disabled, readonly, rawErrors, onChange }) {
  const bad = rawErrors?.length > 0;
  const chosen = options.enumOptions?.findIndex((option) => option.value === value) ?? -1;
  return (
    <select
      id={id}
      className={`form-select${bad ? " is-invalid" : ""}`}
      value={chosen < 0 ? "" : String(chosen)}
      required={required}
      disabled={disabled || readonly}
      aria-invalid={bad}
      aria-describedby={ariaDescribedByIds(id)}
      onChange={(event) => onChange(event.target.value === "" ? undefined : options.enumOptions[Number(event.target.value)].value)}
    >
      <option value="">{placeholder || "请选择"}</option>
      {options.enumOptions?.map((option, index) => <option key={String(option.value)} value={String(index)}>{option.label}</option>)}
    </select>
  );
}

function DateWidget({ id, value, schema, required, disabled, readonly, rawErrors, onChange, registry }) {
  const { today, tomorrow } = registry.formContext;
  const bad = rawErrors?.length > 0;
  return (
    <input
      type="date"
      id={id}
      className={`form-control form-date${bad ? " is-invalid" : ""}`}
      value={value ?? ""}
      min={schema["x-date"] === "future" ? tomorrow : "1990-01-01"}
      max={schema["x-date"] === "past" ? today : "2199-12-31"}
      required={required}
      disabled={disabled}
      readOnly={readonly}
      aria-invalid={bad}
      aria-describedby={ariaDescribedByIds(id)}
      onChange={(event) => onChange(event.target.value || undefined)}
    />
  );
}

export const templates = { FieldTemplate, FieldErrorTemplate, FieldHelpTemplate, ObjectFieldTemplate };
export const widgets = { TextWidget, SelectWidget, RadioWidget, TextareaWidget, DateWidget, radio: RadioWidget, textarea: TextareaWidget };
