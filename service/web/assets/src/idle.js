// Tells before the session ends for want of use, or at its age; and keeps what was typed until its person is back.
import { present } from "./post.js";

const { idle, left, user } = document.body.dataset;
const IDLE = Number(idle) * 1000;
const ENDS = Date.now() + Number(left) * 1000;
const WARN = Math.min(120_000, IDLE / 4);
const WARN_END = 300_000;
const EVERY = Math.min(60_000, IDLE / 5); // the server notes a use once a minute
const KEY = "liaison-heard";

let heard = Date.now();
let active = heard;
let asking = false;
let seen = false; // the end of the session at its age was told

/** When the server last heard of any page of this browser: other tabs keep the session too. */
function lastHeard() {
  try {
    return Math.max(heard, Number(localStorage.getItem(KEY)) || 0);
  } catch {
    return heard;
  }
}

function note() {
  heard = Date.now();
  try {
    localStorage.setItem(KEY, String(heard));
  } catch {
    // a browser that keeps nothing: each page counts for itself
  }
}

const box = document.createElement("dialog");
box.className = "box";
box.setAttribute("aria-labelledby", "idle-title");
box.innerHTML = '<div class="box-body"><h2 id="idle-title"></h2><p role="status"></p><div class="box-foot"></div></div>';
const [title, said, ops] = box.firstChild.children;
let shown = "";

function show(kind, head, text, button) {
  said.textContent = text;
  if (shown === kind) return;
  shown = kind;
  title.textContent = head;
  box.classList.toggle("idle-over", kind === "over");
  ops.replaceChildren(button);
  if (!box.isConnected) document.body.append(box);
  if (!box.open) box.showModal();
}

function hide() {
  shown = "";
  if (box.open) box.close();
}

function button(text, work) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-primary", textContent: text });
  made.addEventListener("click", work);
  return made;
}

/** Uses the session; gives whether it is there, and somebody else's page is made anew. */
async function ask() {
  if (asking) return true;
  asking = true;
  try {
    const { status, username } = await present();
    if (status === 401) return false;
    if (username !== undefined && username !== user) window.location.reload();
    if (status === 200) note();
    return true;
  } catch {
    return true; // no network says nothing of the session
  } finally {
    asking = false;
  }
}

async function goOn() {
  if (await ask()) hide();
  else over();
}

function over() {
  const there = Object.assign(document.createElement("a"), { className: "btn btn-primary", href: "/sign-in", target: "_blank", rel: "noopener", textContent: "在新窗口登录" });
  show("over", "已退出登录", "您填写的内容仍保留在本页。请在新窗口登录，然后回到本页继续。", there);
}

async function look() {
  const now = Date.now();
  if (shown === "over") return;
  if (active > lastHeard() && now - lastHeard() >= EVERY && !shown) {
    if (!(await ask())) over();
    return;
  }
  const rest = IDLE - (now - lastHeard());
  const end = ENDS - now;
  if (rest <= 0 || end <= 0) {
    // another tab may have gone on, or this machine slept: only the server knows
    if (end <= 0 || now - lastHeard() >= IDLE) over();
  } else if (rest <= WARN) {
    const words = rest > 60_000 ? `${Math.ceil(rest / 60_000)} 分钟` : `${Math.ceil(rest / 1000)} 秒`;
    show("soon", "即将退出登录", `许久没有操作，${words}后将自动退出登录。`, button("继续使用", goOn));
  } else if (end <= WARN_END && !seen) {
    show("end", "登录即将到时", `登录已久，${Math.ceil(end / 60_000)} 分钟后须重新登录。请先保存正在填写的内容。`, button("知道了", () => { seen = true; hide(); }));
  } else if (shown === "soon") {
    hide();
  }
}

if (idle) {
  note();
  // no "scroll": a page also scrolls by itself
  for (const kind of ["keydown", "pointerdown", "input", "wheel", "touchmove"]) {
    document.addEventListener(kind, () => { active = Date.now(); }, { passive: true, capture: true });
  }
  // nothing but the buttons closes it
  box.addEventListener("cancel", (event) => event.preventDefault());
  window.setInterval(look, Math.min(5000, IDLE / 20));
  document.addEventListener("visibilitychange", async () => {
    if (document.visibilityState !== "visible") return;
    if (shown === "over") await goOn();
    else look();
  });
  window.addEventListener("focus", () => { if (shown === "over") goOn(); });
}
