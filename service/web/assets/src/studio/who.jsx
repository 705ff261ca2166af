// 谁办: the lane's role, another role, the people of a unit, a leader; in lists of words.
import { useState } from "react";
import { Advanced, Expression, Group, Select } from "./expression.jsx";
import { usePicks } from "./choice.jsx";

const FIXED = /^'([a-z0-9_-]+)'$/;

/** What `candidates` says as {mode, is}; mode text for what no list has. */
function told(value, { roles, units, known }) {
  if (value === undefined) return { mode: "lane", is: "" };
  const [, prefix, text] = /^(unit|leader):\s*(.*)$/.exec(value) ?? [];
  if (!prefix) return { mode: roles.some((one) => one.value === value) ? "role" : "text", is: value };
  const fixed = prefix === "unit" && FIXED.exec(text);
  if (fixed) return { mode: units.some((one) => one.value === fixed[1]) ? "fixed" : "text", is: fixed[1] };
  return { mode: known.some((one) => one.is === prefix && one.name === text) ? prefix : "text", is: text };
}

const WRITTEN = { lane: () => undefined, role: (is) => is, unit: (is) => `unit:${is}`, fixed: (is) => `unit:'${is}'`, leader: (is) => `leader:${is}` };
const ASKED = { role: "选是哪个角色", unit: "选单位由哪一项给出", fixed: "选是哪个单位", leader: "选领导由哪一项给出" };

export function WhoWidget({ id, value, onChange, registry, disabled, readonly }) {
  const { reckon, known, roles, units, lane } = registry.formContext;
  const [free, setFree] = useState(false);
  const stored = told(value, { roles, units, known });
  const [shown, pick, missing] = usePicks(value, stored, (next) => (next.mode in ASKED && !next.is ? ASKED[next.mode] : ""), (next) => onChange(WRITTEN[next.mode](next.is)));
  const mode = free ? "text" : shown.mode;
  const off = disabled || readonly;
  const given = (kind) => known.filter((one) => one.is === kind).map(({ name, title }) => ({ value: name, title }));
  const lists = { role: roles, unit: given("unit"), fixed: units, leader: given("leader") };
  const modes = [
    { value: "lane", title: lane ? `所在泳道：${lane}` : "所在泳道的角色" },
    { value: "role", title: "另一个角色" },
    { value: "unit", title: "某一项里的单位（如责任单位）的人" },
    { value: "fixed", title: "固定一个单位的人" },
    { value: "leader", title: "某一项里的领导本人（如联系领导、分管领导）" },
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
        {["unit", "fixed", "leader"].includes(mode) && <p className="form-note">由所在泳道的角色{lane ? `（${lane}）` : ""}来办，只限{mode === "leader" ? "这位领导本人" : "这个单位的人"}。</p>}
      </Group>
      {mode === "text" ? expression : value !== undefined && <Advanced>{expression}</Advanced>}
    </>
  );
}
