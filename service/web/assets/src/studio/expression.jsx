// An expression with completion and instant checking, and the small parts that the fields of the panel share.
import { useEffect, useId, useRef, useState } from "react";

const CHECK_AFTER_MS = 400;
const WORD = /[A-Za-z_\u4e00-\u9fff][\w.\u4e00-\u9fff]*$/;
const COMPARED = /([a-z_][\w.]*)\s*(?:==|!=|in \[?)\s*'?([^']*)$/;
const MOST = 8;

/** What the server says of an expression at this place: {problems, says}; null until it has answered. */
export function useReckoned(reckon, kind, text) {
  const [said, setSaid] = useState(null);
  useEffect(() => {
    if (!text) {
      setSaid(null);
      return undefined;
    }
    let alive = true;
    const timer = setTimeout(async () => {
      const answer = await reckon(kind, text);
      if (alive) setSaid(answer);
    }, CHECK_AFTER_MS);
    return () => {
      alive = false;
      clearTimeout(timer);
    };
  }, [reckon, kind, text]);
  return said;
}

export function Said({ said, id }) {
  if (!said) return null;
  return (
    <div id={id} role="status">
      {said.problems?.map((problem) => <div className="form-error" key={problem}>{problem}</div>)}
      {said.says && <div className="studio-says">{said.says}</div>}
    </div>
  );
}

/** What may stand where the cursor is: known data by name or title, and the values of the field that is compared. */
function offers(known, before, listed = []) {
  if (listed.length && /^'?[\w\u4e00-\u9fff]*$/.test(before)) {
    const typed = before.replace("'", "");
    const fitting = listed.filter(({ text, title }) => text !== before && `${text}${title}`.includes(typed));
    if (fitting.length) return fitting.map((one) => ({ ...one, from: 0 }));
  }
  const compared = COMPARED.exec(before);
  const field = compared && known.find((one) => one.name === compared[1]);
  if (field?.values?.length) {
    const typed = compared[2];
    return field.values.filter(({ value, title }) => `${value}${title}`.includes(typed)).slice(0, MOST)
      .map(({ value, title }) => ({ text: typeof value === "string" ? `'${value}'` : String(value), title, from: before.length - typed.length - (before.endsWith(`'${typed}`) && typed !== "" || /'$/.test(before) ? 1 : 0) }));
  }
  const word = WORD.exec(before)?.[0] ?? "";
  if (!word) return [];
  return known.filter(({ name, title }) => name !== word && (name.startsWith(word) || title.includes(word))).slice(0, MOST)
    .map(({ name, title, insert }) => ({ text: insert ?? name, title, from: before.length - word.length }));
}

export function Expression({ id, value, onChange, kind, reckon, known, listed, disabled, placeholder, label }) {
  const [text, setText] = useState(value ?? "");
  const [open, setOpen] = useState([]);
  const [at, setAt] = useState(0);
  const field = useRef(null);
  const list = useId();
  const said = useReckoned(reckon, kind, text);
  const typed = useRef(value);
  if (value !== typed.current) {
    typed.current = value;
    if ((value ?? "") !== text) setText(value ?? "");
  }
  const change = (next, cursor) => {
    setText(next);
    typed.current = next || undefined;
    onChange(next || undefined);
    setOpen(offers(known, next.slice(0, cursor), listed));
    setAt(0);
  };
  const take = (offer) => {
    const cursor = field.current.selectionStart;
    const next = text.slice(0, offer.from) + offer.text + text.slice(cursor);
    change(next, -1);
    setOpen([]);
    const place = offer.from + offer.text.length;
    requestAnimationFrame(() => field.current?.setSelectionRange(place, place));
  };
  const key = (event) => {
    if (!open.length) return;
    if (event.key === "ArrowDown") setAt((now) => (now + 1) % open.length);
    else if (event.key === "ArrowUp") setAt((now) => (now + open.length - 1) % open.length);
    else if (event.key === "Enter" || event.key === "Tab") take(open[at]);
    else if (event.key === "Escape") setOpen([]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="studio-expression">
      <textarea
        id={id} ref={field} rows={1} className={`form-control studio-code${said?.problems?.length ? " is-invalid" : ""}`} value={text} disabled={disabled}
        placeholder={placeholder} spellCheck={false} role="combobox" aria-label={label} aria-expanded={open.length > 0} aria-controls={list}
        aria-activedescendant={open.length ? `${list}-${at}` : undefined} aria-invalid={Boolean(said?.problems?.length)} aria-describedby={`${id}-said`}
        onChange={(event) => change(event.target.value.replace(/\n/g, " "), event.target.selectionStart)} onKeyDown={key} onFocus={() => !text && setOpen(offers(known, "", listed))} onBlur={() => setTimeout(() => setOpen([]), 150)}
      />
      {open.length > 0 && (
        <ul className="studio-offers" role="listbox" id={list}>
          {open.map((offer, index) => (
            <li key={offer.text} id={`${list}-${index}`} role="option" aria-selected={index === at} onMouseDown={(event) => { event.preventDefault(); take(offer); }}>
              <span>{offer.title}</span><code>{offer.text}</code>
            </li>
          ))}
        </ul>
      )}
      <Said said={said?.says || said?.problems?.length ? said : { says: listed?.find((one) => one.text === text)?.title }} id={`${id}-said`} />
    </div>
  );
}

export function ExpressionWidget({ id, value, onChange, options, schema, registry, disabled, readonly, placeholder }) {
  const { reckon, known } = registry.formContext;
  return <Expression id={id} value={value} onChange={onChange} kind={options.kind ?? "condition"} reckon={reckon} known={known} listed={schema["x-offers"]} disabled={disabled || readonly} placeholder={placeholder} />;
}

export function Select({ id, value, choices, onChange, disabled, label }) {
  return (
    <select id={id} className="form-select" value={value} disabled={disabled} aria-label={label} onChange={(event) => onChange(event.target.value)}>
      {!choices.some((one) => one.value === value) && <option value={value}>请选择…</option>}
      {choices.map(({ value: one, title }) => <option key={one} value={one}>{title}</option>)}
    </select>
  );
}

export function Whole({ value, onChange, disabled, label }) {
  return <input className="form-control studio-number" type="number" min={0} max={999} step={1} value={value} disabled={disabled} aria-label={label} onChange={(event) => onChange(event.target.value)} />;
}

/** The expression itself, for who writes one: behind a fold, where the words above say the same. */
export function Advanced({ children }) {
  const [open, setOpen] = useState(false);
  return <details className="fold studio-advanced" onToggle={(event) => setOpen(event.currentTarget.open)}><summary>高级：写成式子</summary>{open && children}</details>;
}

/** What belongs together and is not complete yet: it complains only when it is left, and what was said before stays. */
export function Group({ missing, children }) {
  const [left, setLeft] = useState(false);
  return (
    <div className="studio-group" onFocus={() => setLeft(false)} onBlur={(event) => setLeft(!event.currentTarget.contains(event.relatedTarget))}>
      {children}
      {missing && <p className={left ? "form-error" : "form-note"} role={left ? "alert" : undefined}>{left ? `还没有选完：请${missing}。` : `请${missing}，选完才写进图里。`}</p>}
    </div>
  );
}
