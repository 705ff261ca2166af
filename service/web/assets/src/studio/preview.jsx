// The form as people will fill it in, while it is changed.
import { Component, useDeferredValue, useMemo, useState } from "react";
import { TaskForm } from "../form/TaskForm.jsx";

/** A form that cannot be drawn as it is typed just now comes back with the next change. */
class Shield extends Component {
  state = { failed: null };

  static getDerivedStateFromProps({ of }, { failed }) {
    return failed !== null && failed !== of ? { failed: null } : null;
  }

  componentDidCatch() {
    this.setState({ failed: this.props.of });
  }

  static getDerivedStateFromError() {
    return {};
  }

  render() {
    return this.state.failed === null ? this.props.children : <p className="muted">这样还显示不了，请先改好。</p>;
  }
}

function withChoices(part, lists) {
  if (Array.isArray(part)) return part.map((one) => withChoices(one, lists));
  if (part === null || typeof part !== "object") return part;
  const full = Object.fromEntries(Object.entries(part).map(([name, one]) => [name, withChoices(one, lists)]));
  const list = typeof part["x-options"] === "string" ? lists[part["x-options"]] : null;
  return list ? { ...full, oneOf: list.choices } : full;
}

/** The rules of dates that this form alone can judge, as the server gives them to a page. */
function rulesOf(schema, names, today) {
  const side = (name) => (name === "today" ? { day: today } : names.includes(name) ? { field: name } : null);
  return (Array.isArray(schema["x-dates"]) ? schema["x-dates"] : []).flatMap((rule) => {
    const before = "not_before" in rule;
    const [value, other] = [side(rule.value ?? rule.field), side(before ? rule.not_before : rule.not_after)];
    return value && other ? [{ field: rule.field, value, other, before, days: rule.days ?? 0, message: String(rule.message ?? ""), refuse: rule.refuse === true }] : [];
  });
}

const nextDay = (today) => new Date(Date.parse(`${today}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

export function Preview({ page, name, schema: schemaText, ui: uiText, names }) {
  const texts = useDeferredValue(`${schemaText}\u0000${uiText}`);
  const [given, setGiven] = useState(null);
  const [filled, setFilled] = useState(0);
  const form = useMemo(() => {
    try {
      const [schema, ui] = texts.split("\u0000").map((text) => JSON.parse(text || "{}"));
      return { schema: withChoices(schema, page.lists), ui_schema: ui, dates: rulesOf(schema, names, page.today) };
    } catch {
      return null;
    }
  }, [texts, page, names]);
  const shown = useMemo(
    () => form && { ...form, data: given ?? {}, labels: {}, url: "", extra: {}, user: page.user, task: `draft-${name}`, kept: false, today: page.today, tomorrow: nextDay(page.today), age: 0, records: null, submit: "试着提交", sign_in: page.sign_in },
    [form, given, page, name],
  );
  if (!shown) return <p className="muted">文件还读不出来，请先改好。</p>;
  async function deliver(data) {
    setGiven(data);
    setFilled(filled + 1);
    return { kind: "done" };
  }
  return (
    <Shield of={texts} key={name}>
      {filled > 0 && <p className="studio-good" role="status">这样填可以提交（没有真的提交）。</p>}
      <TaskForm key={filled} page={shown} deliver={deliver} />
    </Shield>
  );
}
