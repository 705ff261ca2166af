// What every page has: htmx for lists, the fold-out menu, pickers, and dialogs that keep what was typed.
import htmx from "htmx.org";
import "./base.css";
import "./phrases.js";
import "./ref-pick.js";
import "./lists.js";
import "./filters.js";
import "./waiting.js";
import { Keys, send } from "./post.js";
import { previews } from "./preview.js";
import { resend } from "./resend.js";

// the policy of the pages forbids inline styles and eval
Object.assign(htmx.config, { includeIndicatorStyles: false, allowEval: false, historyCacheSize: 0, selfRequestsOnly: true });
window.htmx = htmx;

// the session's end is minutes away: no page waits for what tells of it
if (document.body.dataset.idle) import("./idle.js");

previews();

const toggle = document.querySelector(".side-toggle");
toggle?.addEventListener("click", () => {
  const open = document.querySelector(".side-body").classList.toggle("show");
  toggle.setAttribute("aria-expanded", String(open));
});

// of the folded groups of the menu one is open
for (const group of document.querySelectorAll(".side-fold")) {
  group.addEventListener("toggle", () => {
    if (!group.open) return;
    for (const other of document.querySelectorAll(".side-fold[open]")) if (other !== group) other.open = false;
  });
}

// <button data-dialog="id"> opens the dialog with that id; <button data-close> closes the one it stands in
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    const select = opener.dataset.choose && dialog?.querySelector("select"); // what the button stands beside is chosen
    if (select) select.value = opener.dataset.choose;
    dialog?.showModal();
  }
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
});

// Ctrl+K, or a press on 搜索, opens the search over the page
const finder = document.querySelector("[data-finder]");
async function find(event) {
  event.preventDefault();
  (await import("./finder.js")).openFinder(finder.getAttribute("href"));
}
if (finder) {
  finder.addEventListener("click", (event) => { if (!event.ctrlKey && !event.metaKey && !event.shiftKey) find(event); });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") find(event);
  });
}

// <details data-keep="diagram">: open or folded as this person left it last, on every page that has one of that name
for (const fold of document.querySelectorAll("details[data-keep]")) {
  const name = `liaison-fold:${document.body.dataset.user ?? ""}:${fold.dataset.keep}`;
  try {
    const kept = localStorage.getItem(name);
    if (kept !== null) fold.open = kept === "open";
  } catch {
    // a browser that keeps nothing shows it open
  }
  fold.addEventListener("toggle", () => {
    try {
      localStorage.setItem(name, fold.open ? "open" : "folded");
    } catch {
      // it is open or folded on this page all the same
    }
  });
}

// <form data-again>: what a plain form had sent when the database was switched; sent again by itself, with its own token
const again = document.querySelector("form[data-again]");
if (again) resend(again);

const keys = new Keys();

/** The fields of a form as JSON: names ending in [] are lists, empty texts are left out. */
function bodyOf(form, button) {
  const body = {};
  const fields = [...new FormData(form)];
  // browsers before 2023 ignore the button that FormData is given
  if (button?.name) fields.push([button.name, button.value]);
  for (const [name, value] of fields) {
    if (name === "csrf_token" || value === "") continue;
    if (name.endsWith("[]")) (body[name.slice(0, -2)] ??= []).push(value);
    else body[name] = value;
  }
  return body;
}

/** The part of a form that is looked at while `button` sends it: the dialog that is open within it, or all of it. */
function scopeOf(form, button) {
  const dialog = button?.closest("dialog");
  return dialog && form.contains(dialog) && dialog.querySelector("[data-outcome]") ? dialog : form;
}

/** The place where a form, or a dialog within it, says what became of it: never that of a dialog that is closed. */
function outcomeOf(scope) {
  return [...scope.querySelectorAll("[data-outcome]")].find((box) => box.closest("dialog:not([open])") === null) ?? scope.querySelector("[data-outcome]");
}

/** Says something where the person looks: it is scrolled to, and read aloud. */
function tell(scope, kind, title, lines, link) {
  const box = outcomeOf(scope);
  box.className = `alert alert-${kind}`;
  box.setAttribute("role", "alert");
  box.hidden = false;
  box.replaceChildren(Object.assign(document.createElement("b"), { textContent: title }));
  for (const line of lines) box.append(Object.assign(document.createElement("div"), { textContent: line }));
  if (link) {
    box.append(Object.assign(document.createElement("a"), { className: "btn btn-sm mt-2", target: "_blank", rel: "noopener", ...link }));
  }
  box.scrollIntoView({ block: "nearest" });
}

/** The field that a finding's path ("/topics", "/opinions/0/text") is about: its box on the page, or null. */
function boxOf(form, path) {
  const name = CSS.escape((path ?? "").split("/")[1] ?? "");
  if (!name) return null;
  const field = form.querySelector(`[data-fault="${name}"], [name="${name}"]:not([type=hidden]), [name="${name}[]"]:not([type=hidden]), ref-pick[name^="${name}"]`);
  return field?.closest(".form-field") ?? null;
}

function unmark(form) {
  form.querySelectorAll(".form-error[data-told]").forEach((said) => said.remove());
  form.querySelectorAll(".form-field-bad").forEach((box) => {
    box.classList.remove("form-field-bad");
    box.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
  });
}

/** Says each fault at its field, and in the box as a link to it. */
function mark(form, errors) {
  const links = outcomeOf(form).querySelectorAll("div");
  errors.forEach((error, n) => {
    const box = boxOf(form, error.path);
    if (!box) return;
    const id = `fault-${n}`;
    const field = box.querySelector("input:not([type=hidden]), select, textarea");
    box.classList.add("form-field-bad");
    box.append(Object.assign(document.createElement("div"), { className: "form-error", id, textContent: error.message }));
    box.lastChild.dataset.told = "";
    field?.setAttribute("aria-invalid", "true");
    field?.setAttribute("aria-describedby", id);
    const link = Object.assign(document.createElement("a"), { href: `#${id}`, textContent: error.message });
    link.addEventListener("click", (event) => {
      event.preventDefault();
      box.closest("details")?.setAttribute("open", "");
      box.scrollIntoView({ block: "center" });
      field?.focus({ preventScroll: true });
    });
    links[n]?.replaceChildren(link);
  });
}

/** Goes on from the version that somebody else made meanwhile: fields that nobody touched here become as they are now. */
function catchUp(form, { version, later }) {
  const hidden = form.querySelector("[name=version]");
  if (hidden) hidden.value = version;
  for (const [name, now] of Object.entries(later ?? {})) {
    const fields = [...form.elements].filter((field) => field.name === name);
    const untouched = fields.every(asShown);
    fields.forEach((field) => become(field, now, untouched));
  }
}

/** Whether nobody has touched a field since the page showed it. */
function asShown(field) {
  if (field.options) return [...field.options].every((one) => one.selected === one.defaultSelected);
  return field.type === "radio" ? field.checked === field.defaultChecked : field.value === field.defaultValue;
}

/** Makes `now` what the field was shown with, and where it is `untouched` what stands in it. */
function become(field, now, untouched) {
  if (field.options) {
    if (untouched) field.value = now;
    const chosen = field.value;
    [...field.options].forEach((one) => { one.defaultSelected = one.value === now; });
    field.value = chosen;
  } else if (field.type === "radio") {
    const checked = untouched ? field.value === now : field.checked;
    field.defaultChecked = field.value === now;
    field.checked = checked;
  } else {
    if (untouched) field.value = now;
    field.defaultValue = now;
  }
}

/** Goes to `address` and shows its top (or its #part), also where it is the present page: asked for once, as what it has to tell is told once. */
function arrive(address) {
  const next = new URL(address, window.location.href);
  if (next.pathname !== window.location.pathname || next.search !== window.location.search) {
    window.location.assign(next);
    return;
  }
  history.scrollRestoration = "manual";
  history.replaceState(history.state, "", next);
  window.location.reload();
}

// <form data-send>: sent in the background, so that a refusal leaves the text where it is; a button with a formaction
// sends the same fields there
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-send]")) return;
  event.preventDefault();
  const button = event.submitter ?? form.querySelector("[type=submit]");
  const scope = scopeOf(form, button);
  const url = button.getAttribute("formaction") ?? form.action;
  const body = bodyOf(form, event.submitter);
  unmark(form);
  button.disabled = true;
  const result = await send(url, body, keys.of(url, body), ({ title, message }) => tell(scope, "warning", title, [message]));
  if (result.kind === "done") {
    arrive(result.location ?? window.location.pathname);
    return;
  }
  button.disabled = false;
  if (result.kind === "signed_out") {
    tell(scope, "warning", "登录已过期", ["您填写的内容仍保留。请在新窗口登录，然后回到本页再次提交。"], { href: form.dataset.signIn ?? "/sign-in", textContent: "在新窗口登录" });
  } else if (result.kind === "conflict" && result.version !== undefined) {
    catchUp(form, result);
    const lines = result.errors.map((error) => error.message);
    tell(scope, "warning", "没有保存：您填写期间，他人修改了这条记录", [...lines, "请核对后再次保存。"]);
    mark(scope, result.errors);
  } else if (result.kind === "conflict") {
    tell(scope, "warning", result.title ?? "情况已变化", [result.message], { href: window.location.href, textContent: "在新窗口查看最新情况" });
  } else {
    const lines = result.errors.length ? result.errors.map((error) => error.message) : [result.message];
    tell(scope, "danger", result.kind === "invalid" ? "有内容需要修改" : (result.title ?? "未能提交"), lines);
    mark(scope, result.errors);
  }
});

// a filter that changes sends its form at once; without script its button does
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form && event.target.matches("select, input[type=date], input[type=checkbox]")) form.requestSubmit();
});
document.addEventListener("pick", (event) => event.target.closest("form[data-auto]")?.requestSubmit());

// <select data-offers="other[]">: whoever is picked in the field of that name can be chosen there too
document.addEventListener("pick", (event) => {
  const { value, labels } = event.detail;
  const picked = [].concat(value ?? []);
  const name = event.target.getAttribute("name");
  for (const select of event.target.closest("form")?.querySelectorAll(`select[data-offers="${CSS.escape(name ?? "")}"]`) ?? []) {
    const chosen = select.value;
    select.querySelectorAll("option[data-picked]").forEach((option) => option.remove());
    for (const one of picked) {
      const option = new Option(`提出人：${labels[one] ?? one}`, one);
      option.dataset.picked = "";
      select.append(option);
    }
    select.value = [...select.options].some((option) => option.value === chosen) ? chosen : "";
    select.hidden = select.options.length < 3;
  }
});

// data-opens-with="topic[]=4": the fold opens when that box is ticked; data-optional-with: the field need not be filled then
document.addEventListener("change", (event) => {
  const { form, name, value, checked, type } = event.target;
  if (!form || type !== "checkbox") return;
  const mark = CSS.escape(`${name}=${value}`);
  if (checked) form.querySelectorAll(`details[data-opens-with="${mark}"]`).forEach((fold) => fold.setAttribute("open", ""));
  form.querySelectorAll(`[data-optional-with="${mark}"]`).forEach((field) => (field.required = !checked));
  form.querySelectorAll(`[data-not-with="${mark}"]`).forEach((star) => (star.hidden = checked));
});

// <select data-drafts="id">: the text field of that id holds what the chosen option drafts, until somebody types there
document.addEventListener("change", ({ target }) => {
  const field = document.getElementById(target.dataset?.drafts ?? "");
  if (!field) return;
  const drafts = [...target.options].map((option) => option.dataset.draft ?? "");
  if (field.value.trim() && !drafts.includes(field.value)) return;
  field.value = target.selectedOptions[0]?.dataset.draft ?? "";
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// a browser that cannot fit a text field to its text (field-sizing) is helped
if (!CSS.supports("field-sizing", "content")) {
  const grow = (field) => {
    if (field.scrollHeight > field.clientHeight) field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
  };
  document.querySelectorAll("textarea.form-grow").forEach(grow); // what the page brought, or somebody typed before this ran
  document.addEventListener("input", ({ target }) => target.matches?.("textarea.form-grow") && grow(target));
}

// A browser cuts what is pasted beyond maxlength without a word, and counts a rare character as two. With script, all of
// it stays, is counted as the server counts, and is told at the field until it fits.
document.addEventListener("focusin", ({ target }) => {
  if (!target.hasAttribute?.("maxlength") || !["text", "textarea"].includes(target.type)) return;
  target.dataset.longest = target.getAttribute("maxlength");
  target.removeAttribute("maxlength");
});
document.addEventListener("input", ({ target }) => {
  const longest = Number(target.dataset?.longest);
  if (!longest) return;
  const count = [...target.value.trim()].length;
  const fault = count > longest ? `最多 ${longest} 字，现有 ${count} 字，请精简。` : "";
  target.setCustomValidity(fault);
  let said = target.parentElement.querySelector("[data-too-long]");
  if (!said && fault) {
    said = Object.assign(document.createElement("div"), { className: "form-error" });
    said.dataset.tooLong = "";
    said.setAttribute("role", "status");
    target.after(said);
  }
  if (said) said.textContent = fault;
});

// A date outside the years that are usual for its field is doubted at the field, in words that stop nobody.
document.addEventListener("input", ({ target }) => {
  const { usualFrom, usualUntil } = target.dataset ?? {};
  if (!usualFrom || target.type !== "date") return;
  const doubted = target.value && (target.value < usualFrom || target.value > usualUntil);
  let said = target.parentElement.querySelector("[data-doubt]");
  if (!said && doubted) {
    said = Object.assign(document.createElement("div"), { className: "form-doubt" });
    said.dataset.doubt = "";
    said.setAttribute("role", "status");
    target.after(said);
  }
  if (!said) return;
  said.hidden = !doubted;
  said.textContent = doubted ? "这个日期离今天很远，请核对年份；确实如此的，仍可提交。" : "";
});

// <input data-tick-all="task[]">: ticks all boxes of that name in its form; <b data-ticked="task[]"> says how many are.
// <button data-needs="task[]"> can be pressed, and <span data-unticked="task[]"> is gone, once one is.
function countTicked(form) {
  const count = (name) => form.querySelectorAll(`input[name="${CSS.escape(name)}"]:checked`).length;
  for (const place of form?.querySelectorAll("[data-ticked]") ?? []) place.textContent = count(place.dataset.ticked);
  for (const button of form?.querySelectorAll("[data-needs]") ?? []) button.disabled = count(button.dataset.needs) === 0;
  for (const words of form?.querySelectorAll("[data-unticked]") ?? []) words.hidden = count(words.dataset.unticked) > 0;
}
document.addEventListener("change", ({ target }) => {
  if (target.type !== "checkbox" || !target.form) return;
  const name = target.dataset.tickAll;
  if (name) target.form.querySelectorAll(`input[name="${CSS.escape(name)}"]`).forEach((box) => { box.checked = target.checked; });
  countTicked(target.form);
});
// a list comes with the page, by a filter, or back from the browser's memory with its boxes as they were
function countAll() {
  new Set([...document.querySelectorAll("[data-needs]")].map((button) => button.form)).forEach(countTicked);
}
countAll();
window.addEventListener("pageshow", countAll);
document.addEventListener("htmx:afterSettle", countAll);

// <main data-reload="60">: is fetched anew every so many seconds, and stays as it is while nobody answers
const living = document.querySelector("[data-reload]");
if (living) {
  setInterval(async () => {
    try {
      const answer = await fetch(window.location.href);
      if (answer.redirected) window.location.reload();
      const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-reload]");
      if (fresh) living.replaceChildren(...fresh.childNodes);
    } catch {
      // the next time
    }
  }, Number(living.dataset.reload) * 1000);
}
