// A field whose schema says `x-ref`: people pick a name, the data keeps the id or code.
import { useEffect, useRef } from "react";
import { ariaDescribedByIds } from "@rjsf/utils";
import "../ref-pick.js";

export function RefWidget({ id, value, schema, required, disabled, readonly, rawErrors, onChange, registry, multiple }) {
  const { labels, learn, records } = registry.formContext;
  const many = multiple || schema.type === "array";
  const pick = useRef(null);
  const latest = useRef(onChange);
  latest.current = onChange;

  useEffect(() => {
    const element = pick.current;
    const picked = (event) => {
      learn(event.detail.labels);
      latest.current(many ? event.detail.value : (event.detail.value ?? undefined));
    };
    element.addEventListener("pick", picked);
    return () => element.removeEventListener("pick", picked);
  }, [many, learn]);

  useEffect(() => {
    pick.current.labels = labels;
    pick.current.value = value;
  });

  useEffect(() => {
    const input = pick.current.input;
    input.setAttribute("aria-invalid", String(rawErrors?.length > 0));
    input.setAttribute("aria-required", String(Boolean(required)));
    input.setAttribute("aria-describedby", ariaDescribedByIds(id));
  });

  return (
    <ref-pick
      ref={pick}
      kind={schema["x-ref"] ?? schema.items?.["x-ref"]}
      src={(schema["x-among"] ?? schema.items?.["x-among"]) ? (records ?? undefined) : undefined}
      input-id={id}
      multiple={many ? "" : undefined}
      disabled={disabled || readonly ? "" : undefined}
      class={rawErrors?.length ? "is-invalid" : undefined}
    />
  );
}
