// Sends what a person typed, and says in Chinese what became of it. Never throws: the caller keeps the text on screen.

const OFFLINE = "没有连接到服务器，内容仍保留在本页。请检查网络后再次提交。";
// 502 and 504 are a proxy's own words: the process that had the request is gone, or has not answered
const PASSING = [502, 503, 504];
const LONGEST_MS = 90_000;
const AGAIN = { title: "正在切换数据库", message: "内容仍保留在本页，正在自动再次提交，请不要关闭本页。同一内容不会提交两次。" };
const FAILED = "系统暂时无法处理，内容仍保留在本页。请稍后再次提交；仍不成功时请联系系统管理员。";

/** A random key. `crypto.randomUUID` exists only on https and localhost, and the intranet may be plain http. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Keys that make a repeated submission harmless: the same address and body keep their key until they succeed, so a
 * retry after a lost answer is recognized; a changed body gets a fresh key.
 */
export class Keys {
  #last = { text: null, key: null };

  of(url, body) {
    const text = `${url}\n${JSON.stringify(body)}`;
    if (this.#last.text !== text) this.#last = { text, key: newKey() };
    return this.#last.key;
  }
}

export function token() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

/** After signing in again in another tab this page's token is stale: fetches the present one. The answer's status. */
export async function freshToken() {
  return (await present()).status;
}

/** The same; the answer's status, and who is signed in now. */
export async function present() {
  const answer = await fetch("/session/token", { headers: { Accept: "application/json" } });
  if (!answer.ok) return { status: answer.status };
  const { token, username } = await answer.json();
  const meta = document.querySelector('meta[name="csrf-token"]');
  if (meta) meta.content = token;
  document.querySelectorAll("input[name=csrf_token]").forEach((field) => { field.value = token; });
  return { status: answer.status, username };
}

async function post(url, body, key) {
  return fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, application/problem+json",
      "X-CSRFToken": token(),
      "Idempotency-Key": key,
    },
    body: JSON.stringify(body),
  });
}

async function json(answer) {
  try {
    return await answer.json();
  } catch {
    return {};
  }
}

/**
 * The answer to `ask`, which sends something with a key: asked again while the server says that it will be back, or a
 * proxy that it cannot be reached, for a minute and a half. `tell` is given words for the reader before each wait.
 */
export async function insist(ask, tell = () => {}, { now = Date.now, wait = (ms) => new Promise((done) => { setTimeout(done, ms); }) } = {}) {
  const end = now() + LONGEST_MS;
  for (;;) {
    const answer = await ask();
    const seconds = Number(answer.headers.get("Retry-After")) || 5;
    if (!PASSING.includes(answer.status) || now() + seconds * 1000 > end) return answer;
    tell(AGAIN);
    await wait(seconds * 1000);
  }
}

/**
 * Posts `body` as JSON, and again by itself while the database is being switched (`insist`); `tell` shows that.
 *
 * Answers `{kind, title, message, errors, location, answer}` (`answer`: all that the server said), where somebody else changed the record `{version, later}` too, with kind `done`, `invalid` (422), `conflict` (409),
 * `signed_out` (401), `refused` (403, 404) or `failed` (no answer, 429, 5xx).
 */
export async function send(url, body, key, tell) {
  let answer;
  let problem;
  try {
    answer = await insist(() => post(url, body, key), tell);
    problem = await json(answer);
    if (answer.status === 400 && problem.type === "csrf") {
      const status = await freshToken();
      if (status === 401) return { kind: "signed_out", errors: [] };
      if (status === 200) {
        answer = await insist(() => post(url, body, key), tell);
        problem = await json(answer);
      }
    }
  } catch {
    return { kind: "failed", title: "未能提交", message: OFFLINE, errors: [] };
  }
  const outcome = { answer: problem, title: problem.title, message: problem.detail, errors: problem.errors ?? [], location: problem.location, version: problem.version, later: problem.later };
  if (answer.ok) return { ...outcome, kind: "done" };
  if (answer.status === 422) return { ...outcome, kind: "invalid" };
  if (answer.status === 409) return { ...outcome, kind: "conflict" };
  if (answer.status === 401) return { ...outcome, kind: "signed_out" };
  if (answer.status === 400 || answer.status === 403 || answer.status === 404 || answer.status === 413) {
    return { ...outcome, kind: "refused", message: outcome.message ?? FAILED };
  }
  return { ...outcome, kind: "failed", title: outcome.title ?? "未能提交", message: outcome.message ?? FAILED };
}
