// What speaks against a need that is being registered: open ones that it may repeat, and doubts; beside its form.
import { useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { newKey, send } from "../post.js";

const ASK_AFTER_MS = 700;
const COMPARED = ["talent_id", "leader_id", "title", "description", "category"];

/** `chosen` are the ids of needs that are to be linked with the new one, `onChoose(ids)` changes them. */
export function Similar({ address, data, chosen, onChoose }) {
  const [found, setFound] = useState({ items: [], doubts: [] });
  const asked = useRef("");
  const compared = JSON.stringify(COMPARED.map((name) => data[name] ?? ""));
  useEffect(() => {
    const timer = setTimeout(async () => {
      const [talent, , title, text] = JSON.parse(compared);
      if (!talent && !title && !text) return setFound({ items: [], doubts: [] });
      asked.current = compared;
      const given = Object.fromEntries(COMPARED.map((name) => [name, data[name]]));
      const result = await send(address, { data: given }, newKey());
      if (asked.current === compared && result.kind === "done") setFound(result.answer);
    }, ASK_AFTER_MS);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- asked again where what is compared differs
  }, [compared, address]);

  const beside = document.getElementById("form-beside");
  if (!beside || (!found.items.length && !found.doubts.length)) return null;
  const tick = (id, on) => onChoose(on ? [...chosen, id] : chosen.filter((one) => one !== id));
  return createPortal(
    <section className="panel">
      <h2>登记前请核对</h2>
      {found.doubts.map((one) => <div className="alert alert-warning" key={one}>{one}</div>)}
      {found.items.length > 0 && <p className="mb-1">以下在办需求与本件相近。是同一件的，不必再登记；有关联的，勾选后提交。</p>}
      <ul className="plain">
        {found.items.map((one) => (
          <li key={one.id}>
            <a href={one.address} target="_blank" rel="noopener"><span className="num">{one.number}</span> {one.title}</a>
            <div className="muted">{one.why}</div>
            <label className="form-check"><input type="checkbox" className="form-check-input" checked={chosen.includes(one.id)} onChange={(event) => tick(one.id, event.target.checked)} /><span className="form-check-label">与本件关联</span></label>
          </li>
        ))}
      </ul>
    </section>,
    beside,
  );
}
