// A text in CodeMirror, which is loaded when somebody first looks at a source. It stands in a shadow root: its styles
// are then sheets made by script, and the page needs no permission for styles written into it.
import { useEffect, useRef, useState } from "react";

/** `language`: json, typst or plain; `at`: a line to go to; `onChange(text)` while somebody types; `onReady({insert})`:
    what writes where the cursor stands. */
export function Source({ text, language = "json", label, editable, at, onChange, onReady }) {
  const place = useRef(null);
  const view = useRef(null);
  const latest = useRef(onChange);
  const shown = useRef(text);
  const told = useRef([]); // what was typed and has not come back as `text` yet: an echo of it may be older than what stands here
  const drawn = useRef(text);
  const [failed, setFailed] = useState(false);
  latest.current = onChange;
  drawn.current = text;
  const begun = useRef(onReady);
  begun.current = onReady;

  useEffect(() => {
    let gone = false;
    import("./editor.js")
      .then(({ editor }) => {
        if (gone) return;
        view.current = editor(place.current, { text: shown.current, language, label, editable, onChange: (typed) => { shown.current = typed; told.current = typed === drawn.current ? [] : [...told.current, typed]; latest.current(typed); } });
        place.current.dataset.ready = "";
        begun.current?.(view.current);
      })
      .catch(() => setFailed(true));
    return () => {
      gone = true;
      view.current?.destroy();
      view.current = null;
    };
  }, [language, label, editable]);

  useEffect(() => {
    const echo = told.current.lastIndexOf(text);
    told.current = echo < 0 ? [] : told.current.slice(echo + 1);
    if (echo >= 0 || text === shown.current) return;
    shown.current = text;
    view.current?.put(text);
  }, [text]);

  useEffect(() => {
    if (at) view.current?.go(at);
  }, [at]);

  if (failed) return <textarea className="form-control studio-code source-plain" rows={24} aria-label={label} value={text} readOnly={!editable} onChange={(event) => onChange(event.target.value)} />;
  return <div className="source" ref={place} />;
}
