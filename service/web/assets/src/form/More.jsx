// Further matters of one registration: each fills in what matters do not share, and becomes a case of its own.

/** The schema without the fields that all share. */
export function own(schema, shared) {
  const kept = (name) => !shared.includes(name);
  return {
    ...schema,
    title: undefined,
    description: undefined,
    properties: Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => kept(name))),
    required: (schema.required ?? []).filter(kept),
  };
}

export function ownUi(uiSchema, shared) {
  return { ...uiSchema, "ui:order": uiSchema["ui:order"]?.filter((name) => !shared.includes(name)) };
}

/** `seed` is what the service knows of each; `render(position, value, onChange)` draws the form of one matter. */
export function More({ matters, seed, onChange, render }) {
  const put = (position, value) => onChange(matters.map((one, at) => (at === position ? value : one)));
  return (
    <>
      {matters.map((value, position) => (
        <section className="matter-more" key={position} aria-label={`第 ${position + 2} 件事项`}>
          <h2>第 {position + 2} 件事项　<button type="button" className="btn btn-sm" onClick={() => onChange(matters.filter((_, at) => at !== position))}>删去这一件</button></h2>
          {render(position, value, (next) => put(position, next))}
        </section>
      ))}
      <p className="mt-2 mb-2"><button type="button" className="btn btn-sm" onClick={() => onChange([...matters, { ...seed }])}>同时登记另一件事项</button>　<span className="muted">一件事项一张处理单，对象、领导、形式和日期相同，各件互相关联。</span></p>
    </>
  );
}
