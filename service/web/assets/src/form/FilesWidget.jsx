// A list of records of the kind `files`: people choose, drag or photograph files, which go up beside the open form.
import { useEffect, useRef, useState } from "react";
import { ariaDescribedByIds } from "@rjsf/utils";
import { newKey } from "../post.js";
import { preview } from "../preview.js";
import { ADDRESS, drop, present, upload } from "./uploads.js";

const LARGEST = 10_000_000;
const USUAL = ["pdf", "ofd", "doc", "docx", "xls", "xlsx", "wps", "et", "png", "jpg", "jpeg"];
const SHOWN = /\.(pdf|png|jpe?g)$/i;
const PICTURES = new Set(["png", "jpg", "jpeg"]);
const COARSE = window.matchMedia?.("(pointer: coarse)").matches;

function sizeText(bytes) {
  return bytes >= 1_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1000))} KB`;
}

/** Why a file need not even be sent; empty where it may. */
function fault(file, kinds) {
  const kind = file.name.split(".").pop().toLowerCase();
  if (!file.name.includes(".") || !kinds.includes(kind)) return `只能上传 ${kinds.join("、")} 文件，请另存为其中一种后上传`;
  if (file.size === 0) return "文件是空的，请检查后重新上传";
  if (file.size > LARGEST) return `超过 ${LARGEST / 1_000_000} MB，请压缩或拆分后上传`;
  return "";
}

export function FilesWidget({ id, value, schema, required, disabled, readonly, rawErrors, onChange, registry, label }) {
  const { labels, learn, busy } = registry.formContext;
  const kinds = schema["x-file-kinds"] ?? USUAL;
  const most = schema.maxItems ?? 20;
  const ids = Array.isArray(value) ? value : [];
  const closed = disabled || readonly;
  const [going, setGoing] = useState([]); // {key, file, part, message, again}
  const [over, setOver] = useState(false);
  const [gone, setGone] = useState([]);
  const [own, setOwn] = useState(null);
  const picked = useRef(null);
  const photo = useRef(null);
  const requests = useRef(new Map());
  const latest = useRef({});
  const places = useRef(new Map()); // id -> where it was chosen, among those of this visit
  const taken = useRef(0);
  latest.current = { ids, onChange };

  // what a kept draft names may have been cleared away meanwhile
  useEffect(() => {
    if (readonly || !ids.length) return undefined;
    let stands = true;
    present().then((items) => {
      if (!stands || items === null) return;
      const there = new Set(items.map((one) => one.id));
      setOwn(there);
      setGone(ids.filter((one) => !there.has(one) && !(registry.formContext.given ?? []).includes(one)));
    });
    return () => { stands = false; };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- asked once, when the form opens
  }, []);

  const waiting = going.filter((one) => !one.message).length;
  useEffect(() => {
    busy?.(id, waiting);
    return () => busy?.(id, 0);
  }, [busy, id, waiting]);

  const change = (key, more) => setGoing((all) => all.map((one) => (one.key === key ? { ...one, ...more } : one)));
  const forget = (key) => setGoing((all) => all.filter((one) => one.key !== key));

  async function send({ key, file, place }) {
    change(key, { message: "", part: 0, again: false });
    const result = await upload(file, (part) => change(key, { part }), (request) => requests.current.set(key, request));
    requests.current.delete(key);
    if (result.kind === "aborted") return forget(key);
    if (result.kind !== "done") return change(key, { message: result.message, again: result.kind === "failed" });
    learn({ [result.item.id]: result.item.name });
    setOwn((known) => new Set([...(known ?? []), result.item.id]));
    forget(key);
    places.current.set(result.item.id, place);
    const later = latest.current.ids.findIndex((one) => places.current.get(one) > place); // smaller files arrive first
    const next = [...latest.current.ids];
    next.splice(later < 0 ? next.length : later, 0, result.item.id);
    latest.current.ids = next; // several may end before the form is drawn anew
    return latest.current.onChange(next);
  }

  function take(files) {
    if (closed) return;
    const room = most - latest.current.ids.length - waiting;
    const fresh = [...files].map((file, at) => ({ key: newKey(), file, place: taken.current++, part: 0, again: false, message: fault(file, kinds) || (at >= room ? `最多 ${most} 个附件，这一个没有上传` : "") }));
    setGoing((all) => [...all.filter((one) => !one.message), ...fresh]);
    for (const one of fresh) if (!one.message) send(one);
  }

  function remove(one) {
    if (own?.has(one)) drop(one);
    onChange(ids.filter((other) => other !== one));
    setGone(gone.filter((other) => other !== one));
    document.getElementById(id)?.focus();
  }

  const chosen = (event) => {
    take(event.target.files);
    event.target.value = "";
  };
  const dragged = (on) => (event) => {
    if (closed || ![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    setOver(on);
  };
  const address = (one) => (own?.has(one) ? `${ADDRESS}/${one}/view` : `/files/${one}/view`);
  return (
    <div
      className={`form-files${over ? " form-files-over" : ""}${rawErrors?.length ? " is-invalid" : ""}`}
      onDragEnter={dragged(true)}
      onDragOver={dragged(true)}
      onDragLeave={dragged(false)}
      onDrop={(event) => { dragged(false)(event); take(event.dataTransfer?.files ?? []); }}
    >
      {ids.length > 0 && (
        <ul className="plain form-files-list">
          {ids.map((one) => (
            <li key={one}>
              <span className="form-files-name">{labels[one] ?? "附件"}</span>
              {gone.includes(one) && <span className="form-error">已不在（没有提交的附件只保留一段时间），请移除后重新上传</span>}
              {!gone.includes(one) && SHOWN.test(labels[one] ?? "") && <button type="button" className="btn btn-sm" onClick={() => preview(address(one), labels[one])}>预览</button>}
              {!closed && <button type="button" className="btn btn-sm" aria-label={`移除${labels[one] ?? "附件"}`} onClick={() => remove(one)}>移除</button>}
            </li>
          ))}
        </ul>
      )}
      {going.length > 0 && (
        <ul className="plain form-files-list" aria-live="polite">
          {going.map((one) => (
            <li key={one.key}>
              <span className="form-files-name">{one.file.name}</span> <span className="muted num">{sizeText(one.file.size)}</span>
              {one.message ? (
                <>
                  <span className="form-error">{one.message}</span>
                  {one.again && <button type="button" className="btn btn-sm" onClick={() => send(one)}>重试</button>}
                  <button type="button" className="btn btn-sm" onClick={() => forget(one.key)}>移除</button>
                </>
              ) : (
                <>
                  <progress max="1" value={one.part} aria-label={`${one.file.name}上传进度`} />
                  <span className="muted num">{one.part >= 1 ? "正在检查…" : `${Math.round(one.part * 100)}%`}</span>
                  <button type="button" className="btn btn-sm" onClick={() => requests.current.get(one.key)?.abort()}>取消</button>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {!closed && ids.length < most && (
        <div className="form-files-add">
          <input ref={picked} type="file" hidden multiple={most > 1} accept={kinds.map((one) => `.${one}`).join(",")} onChange={chosen} />
          <button
            type="button"
            id={id}
            className="btn btn-sm"
            aria-invalid={rawErrors?.length > 0}
            aria-describedby={ariaDescribedByIds(id)}
            aria-label={`选择文件：${label ?? "附件"}${required ? "（必填）" : ""}`}
            onClick={() => picked.current.click()}
          >选择文件</button>
          {COARSE && kinds.some((one) => PICTURES.has(one)) && (
            <>
              <input ref={photo} type="file" hidden accept="image/jpeg,image/png" capture="environment" onChange={chosen} />
              <button type="button" className="btn btn-sm" onClick={() => photo.current.click()}>拍照</button>
            </>
          )}
          <span className="muted">{COARSE ? "" : "可把文件拖到这里；"}最多 {most} 个，每个不超过 {LARGEST / 1_000_000} MB</span>
        </div>
      )}
      {closed && !ids.length && <span className="muted">没有附件</span>}
    </div>
  );
}
