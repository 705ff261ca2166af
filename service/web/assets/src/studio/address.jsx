// The part of an address behind its mark names a file of the draft and a place in it: #bpmn/request.bpmn!accept
import { useEffect, useRef, useState } from "react";

/** {file, place} as the address names them; both empty where it names none. */
export function asked() {
  const [file = "", place = ""] = decodeURIComponent(window.location.hash.slice(1)).split("!");
  return { file, place };
}

/** Calls `go({file, place})` whenever a link within this page names a file. */
export function useAsked(go) {
  const latest = useRef(go);
  latest.current = go;
  useEffect(() => {
    const heard = () => asked().file && latest.current(asked());
    window.addEventListener("hashchange", heard);
    return () => window.removeEventListener("hashchange", heard);
  }, []);
}

/** What a link has named and the draft has no longer, told until something else is opened: [words, tell, alert]. */
export function useLost() {
  const [lost, setLost] = useState("");
  const alert = lost && <div className="alert alert-warning studio-choice" role="alert"><span>{lost}</span><button type="button" className="btn btn-sm" onClick={() => setLost("")}>知道了</button></div>;
  return [lost, setLost, alert];
}

export const noFile = (file) => `草稿里没有文件 ${file}：可能已经删去或改了名。`;
export const NO_ELEMENT = "图里已经没有这个图形：可能已经删去或改了编号。";
