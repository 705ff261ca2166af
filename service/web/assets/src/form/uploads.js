// Sends files one by one beside an open form, tells how far each is, and says in Chinese what became of it.
import { freshToken, token } from "../post.js";

export const ADDRESS = "/files/staged";
const OFFLINE = "没有连接到服务器，请检查网络后重试";
const FAILED = "没有上传成功，请稍后重试；仍不成功时请联系系统管理员";

/** The parts of a refusal that a person reads. */
function said(request) {
  try {
    const problem = JSON.parse(request.responseText);
    return { type: problem.type, message: problem.errors?.[0]?.message ?? problem.detail ?? problem.title };
  } catch {
    return {};
  }
}

function once(file, onProgress, hold) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    hold(request);
    const body = new FormData();
    body.append("file", file, file.name);
    request.open("POST", ADDRESS);
    request.setRequestHeader("Accept", "application/json, application/problem+json");
    request.setRequestHeader("X-CSRFToken", token());
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("error", () => resolve(null));
    request.addEventListener("abort", () => resolve("aborted"));
    request.send(body);
  });
}

/**
 * Uploads `file`: `{kind, item, message}` with kind `done` (`item`: `{id, name, size, shown}`), `refused` (the file is
 * wrong, trying again does not help), `failed` (try again) or `aborted`. `hold(request)` gets what can be aborted.
 */
export async function upload(file, onProgress, hold) {
  let request = await once(file, onProgress, hold);
  if (request && request !== "aborted" && request.status === 400 && said(request).type === "csrf" && (await freshToken().catch(() => 0)) === 200) {
    request = await once(file, onProgress, hold);
  }
  if (request === "aborted") return { kind: "aborted" };
  if (!request || !request.status) return { kind: "failed", message: OFFLINE };
  if (request.status === 201) return { kind: "done", item: JSON.parse(request.responseText) };
  const { type, message } = said(request);
  if (request.status === 401 || type === "csrf") return { kind: "failed", message: "登录已过期，请在新窗口登录后重试" };
  if (request.status === 413) return { kind: "refused", message: message ?? "文件过大，请压缩或拆分后上传" };
  if (request.status === 422) return { kind: "refused", message: message ?? FAILED };
  return { kind: "failed", message: message ?? FAILED };
}

/** The ids of the reader's own files that are not handed in; null where nobody answers. */
export async function present() {
  try {
    const answer = await fetch(ADDRESS, { headers: { Accept: "application/json" } });
    return answer.ok ? (await answer.json()).items : null;
  } catch {
    return null;
  }
}

/** Removes a file that is not wanted any more; what fails is swept away some days later. */
export function drop(id) {
  fetch(`${ADDRESS}/${id}/drop`, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": token() } }).catch(() => {});
}
