// Shows a PDF or picture of this service in a dialog over the page; nothing of the file runs in the page.

function box() {
  const found = document.getElementById("file-preview");
  if (found) return found;
  const made = document.createElement("dialog");
  made.id = "file-preview";
  made.className = "box file-preview";
  const head = document.createElement("div");
  head.className = "file-preview-head";
  const title = document.createElement("h2");
  title.id = "file-preview-title";
  const apart = document.createElement("a");
  apart.className = "btn btn-sm";
  apart.target = "_blank";
  apart.rel = "noopener";
  apart.textContent = "在新窗口打开";
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn btn-sm";
  close.textContent = "关闭";
  close.addEventListener("click", () => made.close());
  head.append(title, apart, close);
  const body = document.createElement("div");
  body.className = "file-preview-body";
  made.append(head, body);
  made.setAttribute("aria-labelledby", title.id);
  made.addEventListener("close", () => body.replaceChildren());
  document.body.append(made);
  return made;
}

/** Opens the preview of the file at `address`, which is called `name`. */
export function preview(address, name) {
  const made = box();
  made.querySelector("h2").textContent = name;
  made.querySelector("a").href = address;
  const body = made.querySelector(".file-preview-body");
  const picture = /\.(png|jpe?g)$/i.test(name);
  const shown = document.createElement(picture ? "img" : "iframe");
  shown.src = address;
  shown[picture ? "alt" : "title"] = name;
  if (picture) {
    shown.addEventListener("error", () => {
      const said = document.createElement("p");
      said.className = "alert alert-warning";
      said.textContent = "图片无法显示，请下载后查看。";
      body.replaceChildren(said);
    });
  }
  body.replaceChildren(shown);
  made.showModal();
}

/** Links with `data-preview` (the file's name) open the preview instead of going away. */
export function previews() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-preview]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    preview(link.href, link.dataset.preview);
  });
}
