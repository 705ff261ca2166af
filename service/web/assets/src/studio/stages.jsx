// 有哪些环节: the panel of the process has it from the start, so it stands apart from the fields that are loaded later.
import { useState } from "react";

/** 有哪些环节: a list of names in their order; the code of one is made from its name and stays when the name is changed. */
export function StagesWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { spell } = registry.formContext;
  const [fresh, setFresh] = useState("");
  const off = disabled || readonly;
  const stages = (value ?? "").split(/\s+/).filter(Boolean).map((part) => {
    const [code, ...name] = part.split(":");
    return { code, name: name.join(":") };
  });
  // a blank would end the stage
  const tell = (next) => onChange(next.map(({ code, name }) => (name ? `${code}:${name.replace(/\s+/g, "")}` : code)).join(" ") || undefined);
  async function add() {
    const name = fresh.trim();
    const said = name && (await spell(name));
    if (!said?.id) return;
    let code = said.id;
    for (let n = 2; stages.some((one) => one.code === code); n += 1) code = `${said.id}_${n}`;
    setFresh("");
    tell([...stages, { code, name }]);
  }
  const move = (at, by) => {
    const next = [...stages];
    next.splice(at + by, 0, ...next.splice(at, 1));
    tell(next);
  };
  return (
    <ol className="studio-stages" id={id}>
      {stages.map((one, at) => (
        <li key={one.code}>
          <input className="form-control" aria-label={`第 ${at + 1} 个环节`} title={`编号 ${one.code}`} placeholder={one.code} value={one.name} disabled={off} onChange={(event) => tell(stages.map((each, place) => (place === at ? { ...each, name: event.target.value } : each)))} />
          {!off && <><button type="button" className="btn btn-sm" aria-label={`上移${one.name}`} disabled={at === 0} onClick={() => move(at, -1)}>↑</button><button type="button" className="btn btn-sm" aria-label={`删去${one.name}`} onClick={() => tell(stages.filter((_, place) => place !== at))}>删</button></>}
        </li>
      ))}
      {!off && <li><input className="form-control" aria-label="新环节" placeholder="新环节的名称" value={fresh} onChange={(event) => setFresh(event.target.value)} onKeyDown={(event) => { if (event.key === "Enter") { event.preventDefault(); add(); } }} /><button type="button" className="btn btn-sm" disabled={!fresh.trim()} onClick={add}>加上</button></li>}
    </ol>
  );
}
