// 常用语 for every long text field: a button beside it, and Alt+C in it, open a list; Enter or a click puts the words in.
import { newKey, send } from "./post.js";

const LONG = "textarea:not([data-plain])";
let shown = null;

async function choices() {
  try {
    const answer = await fetch("/phrases/choices", { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** Puts words at the caret, as if they had been typed: whoever listens to the field hears of it. */
function put(field, words) {
  const start = field.selectionStart ?? field.value.length;
  const end = field.selectionEnd ?? start;
  const value = field.value.slice(0, start) + words + field.value.slice(end);
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(field, value); // React keeps its own
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  field.setSelectionRange(start + words.length, start + words.length);
}

function made(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function close() {
  shown?.remove();
  shown = null;
}

async function open(field, beside) {
  if (shown?.field === field) {
    close();
    field.focus();
    return;
  }
  close();
  const list = made("ul", { role: "listbox", className: "phrase-list" });
  list.setAttribute("aria-label", "常用语");
  const note = made("div", { className: "muted phrase-note" });
  note.setAttribute("role", "status");
  const keep = made("button", { type: "button", className: "btn btn-sm", textContent: "存为常用语" });
  const all = made("a", { href: "/phrases", target: "_blank", rel: "noopener", textContent: "管理常用语" });
  const box = made("div", { className: "phrase-box" }, list, note, made("div", { className: "phrase-foot" }, keep, all));
  box.field = field;
  shown = box;
  beside.after(box);

  const draw = async () => {
    const found = await choices();
    list.replaceChildren();
    note.textContent = found === null ? "常用语暂时取不到，请稍后再试。" : found.items.length ? "" : "还没有常用语。写好一段话后按“存为常用语”，下次就能选用。";
    for (const one of found?.items ?? []) {
      const item = made("li", { role: "option", tabIndex: -1, textContent: one.text });
      if (one.shared) item.append(made("span", { className: "label-tag", textContent: "本单位" }));
      const choose = () => {
        close();
        put(field, one.text);
        send(one.address, {}, newKey());
      };
      item.addEventListener("click", choose);
      item.addEventListener("keydown", (event) => {
        const next = { ArrowDown: item.nextSibling ?? list.firstChild, ArrowUp: item.previousSibling ?? list.lastChild }[event.key];
        if (next) next.focus();
        else if (event.key === "Enter" || event.key === " ") choose();
        else return;
        event.preventDefault();
      });
      list.append(item);
    }
    (list.firstChild ?? keep).focus();
  };

  keep.addEventListener("click", async () => {
    const words = field.value.slice(field.selectionStart, field.selectionEnd).trim() || field.value.trim();
    if (!words) {
      note.textContent = "请先在文字框里写好要存的话。";
      return;
    }
    const result = await send("/phrases", { text: words }, newKey());
    if (result.kind === "done") draw();
    else note.textContent = result.errors[0]?.message ?? result.message ?? "没有存上，请稍后再试。";
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // a dialog around it stays open
    event.stopPropagation();
    close();
    field.focus();
  });
  await draw();
}

function offer(field) {
  if (field.dataset.phrases !== undefined || field.disabled || field.readOnly) return;
  field.dataset.phrases = "";
  const button = made("button", { type: "button", className: "btn btn-sm phrase-open", textContent: "常用语", title: "Alt+C" });
  button.setAttribute("aria-keyshortcuts", "Alt+C");
  button.addEventListener("click", () => open(field, button));
  field.after(button);
}

function offerAll(root = document) {
  root.querySelectorAll?.(LONG).forEach(offer);
}

if (document.body.querySelector(".side-me")) {
  offerAll();
  // forms draw themselves after the page, and pieces of a page come later
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node.nodeType === 1) (node.matches(LONG) ? offer(node) : offerAll(node));
  }).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.code !== "KeyC" || !event.target.matches?.(LONG)) return;
    event.preventDefault();
    const beside = event.target.parentElement.querySelector(".phrase-open");
    if (beside) open(event.target, beside);
  });
  document.addEventListener("click", (event) => {
    if (shown && !shown.contains(event.target) && !event.target.matches(".phrase-open")) close();
  });
}
