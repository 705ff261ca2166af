// Lists by the keyboard: j and k move over the rows, Enter opens one, x ticks it, / goes to the filter, ? tells the keys.
// Nothing of it while somebody types; who has no use for it turns it off, as single keys must allow (WCAG 2.1.4).
const ROWS = "table.sheet > tbody > tr, ul.notices > li, ol.file-line > li";
const TYPING = "input, textarea, select, [contenteditable], dialog, [data-own-keys], .djs-container, .cm-editor";
const KEYS = [
  ["j 或 ↓", "下一行"],
  ["k 或 ↑", "上一行"],
  ["Enter", "打开本行"],
  ["x", "勾选本行"],
  ["/", "到查询条件"],
  ["?", "显示本说明"],
];
const KEPT = `liaison-keys:${document.body.dataset.user ?? ""}`;

function off() {
  try {
    return localStorage.getItem(KEPT) === "off";
  } catch {
    return false;
  }
}

const shown = () => [...document.querySelectorAll(ROWS)].filter((row) => row.offsetParent !== null && !row.querySelector("th[colspan]"));
const rowOf = (target) => target.closest?.(ROWS);

/** Moves the focus by so many rows; from outside of the list to its first or last row. */
function move(step, target) {
  const rows = shown();
  if (!rows.length) return false;
  const at = rows.indexOf(rowOf(target));
  const to = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + step))];
  to.tabIndex = -1;
  to.focus();
  to.scrollIntoView({ block: "nearest" });
  return true;
}

function open(target) {
  const row = target.matches?.(ROWS) ? target : null; // on a link or a button within, Enter does what it always does
  const link = row?.querySelector("a[href], form button[type=submit]");
  link?.click();
  return Boolean(link);
}

function tick(target) {
  const box = rowOf(target)?.querySelector("input[type=checkbox]");
  box?.click();
  return Boolean(box);
}

function filter() {
  const field = document.querySelector("form.filters input:not([type=hidden]):not([type=checkbox]), form.filters select");
  field?.focus();
  field?.select?.();
  return Boolean(field);
}

let box;
function explain() {
  if (!box) {
    box = document.createElement("dialog");
    box.className = "box";
    box.setAttribute("aria-labelledby", "keys-title");
    const body = Object.assign(document.createElement("div"), { className: "box-body" });
    const title = Object.assign(document.createElement("h2"), { id: "keys-title", textContent: "列表的键盘操作" });
    const list = Object.assign(document.createElement("dl"), { className: "facts" });
    for (const [key, words] of KEYS) {
      const name = document.createElement("dt");
      name.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      list.append(name, Object.assign(document.createElement("dd"), { textContent: words }));
    }
    const label = Object.assign(document.createElement("label"), { className: "form-check mt-2" });
    const choice = Object.assign(document.createElement("input"), { type: "checkbox", className: "form-check-input" });
    choice.addEventListener("change", () => {
      try {
        localStorage.setItem(KEPT, choice.checked ? "on" : "off");
      } catch {
        // a browser that keeps nothing has the keys on
      }
    });
    label.append(choice, Object.assign(document.createElement("span"), { className: "form-check-label", textContent: "使用这些按键（正在填写时不起作用）" }));
    const foot = Object.assign(document.createElement("div"), { className: "box-foot" });
    foot.append(Object.assign(document.createElement("button"), { type: "button", className: "btn btn-primary", textContent: "知道了" }));
    foot.firstChild.addEventListener("click", () => box.close());
    body.append(title, list, label, foot);
    box.append(body);
    document.body.append(box);
  }
  box.querySelector("input").checked = !off();
  if (!box.open) box.showModal();
  return true;
}

document.querySelector("[data-keys]")?.addEventListener("click", explain);

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (target.closest?.(TYPING) && !(target.matches("input[type=checkbox]") && rowOf(target))) return;
  if (off()) return;
  const onRow = Boolean(rowOf(target));
  const done =
    key === "j" || (key === "ArrowDown" && onRow) ? move(1, target)
    : key === "k" || (key === "ArrowUp" && onRow) ? move(-1, target)
    : key === "x" ? tick(target)
    : key === "Enter" ? open(target)
    : key === "/" ? filter()
    : key === "?" ? explain()
    : false;
  if (done) event.preventDefault();
});
