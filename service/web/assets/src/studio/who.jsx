// 谁办: the lane's role, another role, the people of a unit, a leader; in lists of words.
import { useEffect, useRef, useState } from "react";
import { Advanced, Expression, Group, Select } from "./expression.jsx";
import { usePicks } from "./choice.jsx";

const FIXED = /^'([a-z0-9_-]+)'$/;
const PERSON = /^'([a-z][a-z0-9._-]{1,31})'$/;

/** What `candidates` says as {mode, is}; mode text for what no list has. */
function said(value, { roles, units, known }) {
  if (value === undefined) return { mode: "lane", is: "" };
  const [, prefix, text] = /^(unit|leader|person):\s*(.*)$/.exec(value) ?? [];
  if (prefix === "person" && PERSON.test(text)) return { mode: "one", is: PERSON.exec(text)[1] };
  if (prefix === "person" && text === "initiator") return { mode: "starter", is: "" };
  if (!prefix) return { mode: roles.some((one) => one.value === value) ? "role" : "text", is: value };
  const fixed = prefix === "unit" && FIXED.exec(text);
  if (fixed) return { mode: units.some((one) => one.value === fixed[1]) ? "fixed" : "text", is: fixed[1] };
  return { mode: known.some((one) => one.is === prefix && one.name === text) ? prefix : "text", is: text };
}

const WRITTEN = { lane: () => undefined, role: (is) => is, unit: (is) => `unit:${is}`, fixed: (is) => `unit:'${is}'`, leader: (is) => `leader:${is}`, one: (is) => `person:'${is}'`, starter: () => "person:initiator", person: (is) => `person:${is}` };
const ASKED = { role: "选是哪个角色", unit: "选单位由哪一项给出", fixed: "选是哪个单位", leader: "选领导由哪一项给出", one: "选是哪个人", person: "选是哪一项里的人" };

const PAUSE = 250;
const met = {}; // everybody who was found on this page, by account

/** One person, found by name, pinyin or unit. */
function Person({ id, value, people, role, lane, seek, disabled, onChange }) {
  const [asked, setAsked] = useState(null);
  const [found, setFound] = useState([]);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const words = met[value] ? told(met[value]) : (people[value] ?? value);
  const look = (text) => {
    setAsked(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(async () => {
      const items = (await seek(text, role))?.items ?? [];
      for (const one of items) met[one.value] = one;
      setFound(items);
    }, PAUSE);
  };
  const take = (one) => {
    setAsked(null);
    onChange(one.value);
  };
  if (asked === null && value)
    return <div className="studio-row"><b id={id}>{words}</b>{!disabled && <button type="button" className="btn btn-sm" onClick={() => look("")}>换人</button>}</div>;
  return (
    <div className="studio-person">
      <input id={id} className="form-control" type="search" placeholder="写姓名、拼音或单位" aria-label="找人：姓名、拼音或单位" value={asked ?? ""} disabled={disabled} autoFocus={asked !== null} onFocus={() => asked === null && look("")} onChange={(event) => look(event.target.value)} />
      {asked !== null && (
        <ul className="studio-people" aria-label="找到的人">
          {found.map((one) => <li key={one.value}><button type="button" className="studio-finding" onClick={() => take(one)}><b>{one.name}</b> {one.post}{role && !one.roles.includes(role) && <small className="studio-bad"> 没有“{lane ?? role}”这个角色</small>}</button></li>)}
          {found.length === 0 && asked && <li className="muted">没有找到能用账号的人</li>}
        </ul>
      )}
    </div>
  );
}

const told = ({ name, post }) => (post ? `${name}（${post}）` : name);

export function WhoWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { reckon, known, before, roles, units, people, lane, laneRole, seek } = registry.formContext;
  const [free, setFree] = useState(false);
  const stored = said(value, { roles, units, known });
  const [shown, pick, missing] = usePicks(value, stored, (next) => (next.mode in ASKED && !next.is ? ASKED[next.mode] : ""), (next) => onChange(WRITTEN[next.mode](next.is)));
  const mode = free ? "text" : shown.mode;
  const off = disabled || readonly;
  // what is there before this step; what is chosen already is shown wherever it comes from
  const given = (kind) => known.filter((one) => one.is === kind && (before.includes(one) || one.name === stored.is)).map(({ name, title }) => ({ value: name, title }));
  const lists = { role: roles, unit: given("unit"), fixed: units, leader: given("leader"), person: given("person").filter((one) => one.value !== "initiator") };
  const modes = [
    { value: "lane", title: lane ? `所在泳道：${lane}` : "所在泳道的角色" },
    { value: "role", title: "另一个角色" },
    { value: "unit", title: "某一项里的单位（如责任单位）的人" },
    { value: "fixed", title: "固定一个单位的人" },
    { value: "leader", title: "某一项里的领导本人（如联系领导、分管领导）" },
    { value: "one", title: "指定一个人" },
    { value: "starter", title: "发起人本人" },
    { value: "person", title: "某一项里选的人" },
    { value: "text", title: "写成式子" },
  ].filter((one) => !(one.value in lists) || lists[one.value].length || one.value === mode);
  const choose = (next) => {
    setFree(next === "text");
    if (next === "text") pick(null);
    else pick(next === stored.mode ? stored : { mode: next, is: "" });
  };
  const expression = <Expression id={`${id}-text`} label="谁办的式子" value={value} onChange={onChange} kind="who" reckon={reckon} known={known} disabled={off} />;
  return (
    <>
      <Group missing={missing}>
        <Select id={id} value={mode} choices={modes} disabled={off} onChange={choose} />
        {mode in lists && <Select id={`${id}-is`} label={ASKED[mode].slice(1)} value={shown.is} choices={lists[mode]} disabled={off} onChange={(is) => pick({ mode, is })} />}
        {mode === "one" && <Person id={`${id}-is`} value={shown.is} people={people} role={laneRole} lane={lane} seek={seek} disabled={off} onChange={(is) => pick({ mode, is })} />}
        {["unit", "fixed", "leader"].includes(mode) && <p className="form-note">由所在泳道的角色{lane ? `（${lane}）` : ""}来办，只限{mode === "leader" ? "这位领导本人" : "这个单位的人"}。</p>}
        {["one", "starter", "person"].includes(mode) && <p className="form-note">由所在泳道的角色{lane ? `（${lane}）` : ""}来办，只限这一个人；这个人离岗、没有这个角色了，由同一角色的其他人代办。</p>}
      </Group>
      {mode === "text" ? expression : value !== undefined && <Advanced>{expression}</Advanced>}
    </>
  );
}
