// 搜索 (Ctrl+K): a dialog over any page that shows what `/search` finds while somebody types; arrows choose, Enter opens.

const WAIT_MS = 220;

let dialog;
let timer = 0;
let asking = new AbortController();

/** Opens the dialog; the page at `address` answers it, and works alone where there is no script. */
export function openFinder(address) {
  dialog ??= build(address);
  if (!dialog.open) dialog.showModal();
  const field = dialog.querySelector("input");
  field.focus();
  field.select();
}

function build(address) {
  const box = document.createElement("dialog");
  box.className = "box tall finder";
  box.setAttribute("aria-label", "搜索");
  box.innerHTML = `<div class="box-body"><div class="finder-head"><input class="form-control" type="search" maxlength="60" autocomplete="off"
    placeholder="编号、人才、单位、事项、附件或页面" aria-label="搜索" aria-controls="finder-found"><button type="button" class="btn btn-sm" data-close>关闭</button></div>
    <p class="visually-hidden" role="status"></p><div id="finder-found"></div></div>`;
  document.body.append(box);
  const field = box.querySelector("input");
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask(box, address, field.value.trim()), WAIT_MS);
  });
  box.addEventListener("keydown", (event) => steer(box, field, event));
  return box;
}

async function ask(box, address, q) {
  asking.abort();
  asking = new AbortController();
  const place = box.querySelector("#finder-found");
  if (!q) {
    place.replaceChildren();
    return;
  }
  try {
    const answer = await fetch(`${address}?${new URLSearchParams({ q })}`, { headers: { Accept: "text/html" }, signal: asking.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.querySelector("#found");
    if (!answer.ok || !found) throw new Error(String(answer.status));
    place.replaceChildren(...[...found.children].map((one) => document.importNode(one, true)));
    say(box, `找到 ${place.querySelectorAll("a").length} 项`);
  } catch (error) {
    if (error.name === "AbortError") return;
    place.replaceChildren(Object.assign(document.createElement("p"), { className: "muted", textContent: "暂时不能搜索，请刷新页面后再试。" }));
  }
}

function say(box, text) {
  box.querySelector("[role=status]").textContent = text;
}

/** Down and up go through what was found; Enter in the field opens the first. */
function steer(box, field, event) {
  if (event.isComposing) return;
  const links = [...box.querySelectorAll("#finder-found a")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = event.key === "ArrowDown" ? at + 1 : at - 1;
    if (next < 0) field.focus();
    else links[Math.min(next, links.length - 1)]?.focus();
  } else if (event.key === "Enter" && document.activeElement === field) {
    event.preventDefault();
    links[0]?.click();
  }
}
