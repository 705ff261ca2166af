// <ref-pick kind="units" name="lead_unit" multiple value='["hrss"]'>: picks talents, leaders, units, people, cases or briefs by typing
// Chinese characters or pinyin initials; `src` asks another address than that of the API. An ARIA combobox; in a plain form its hidden inputs carry the values.

const WAIT_MS = 180;
const HINT = {
  talents: "输入姓名或拼音首字母，如 zs",
  leaders: "输入领导姓名或拼音首字母",
  units: "输入单位名称或拼音首字母，如 rsj",
  people: "输入姓名或拼音首字母",
  cases: "输入编号、标题或拼音首字母",
  briefs: "从名单中选取",
};
// kinds whose list has another name in the API
const LISTS = { cases: "requests" };

let serial = 0;

/** What an item of `/api/v1/{kind}` is called and stands for: `{value, label, detail}`. */
export function choice(item) {
  const value = String(item.id ?? item.code ?? item.person_id);
  const label = item.name ?? (item.month ? `${item.leader.name}${item.year}年${item.month}月专报` : [item.number, item.title].filter(Boolean).join(" "));
  const detail = [item.unit_name ?? item.employer ?? item.town_name, item.post].filter(Boolean).join(" · ");
  return { value, label, detail };
}

export class RefPick extends HTMLElement {
  static observedAttributes = ["disabled"];
  #values = [];
  #labels = new Map();
  #options = [];
  #active = -1;
  #timer = 0;
  #asking = new AbortController();
  #built = false;
  #quiet = false;

  connectedCallback() {
    if (this.#built) return;
    this.#built = true;
    const given = this.getAttribute("value");
    if (given && !this.#values.length) this.#values = given.startsWith("[") ? JSON.parse(given) : [given];
    for (const [value, label] of Object.entries(JSON.parse(this.getAttribute("labels") ?? "{}"))) {
      this.#labels.set(value, label);
    }
    this.#build();
    this.#render();
  }

  get multiple() {
    return this.hasAttribute("multiple");
  }

  set multiple(on) {
    this.toggleAttribute("multiple", on !== false && on != null);
  }

  /** The chosen id; an array of ids where `multiple`. Undefined where nothing is chosen. */
  get value() {
    if (this.multiple) return [...this.#values];
    return this.#values[0];
  }

  set value(value) {
    const next = value == null || value === "" ? [] : [].concat(value).map(String);
    if (next.join("\n") === this.#values.join("\n")) return;
    this.#values = next;
    if (this.#built) this.#render();
  }

  /** Names of ids already known, so that a value shows as a name at once. */
  set labels(labels) {
    for (const [value, label] of Object.entries(labels ?? {})) this.#labels.set(value, label);
    if (this.#built) this.#render();
  }

  /** The name under which `value` was picked. */
  labelOf(value) {
    return this.#labels.get(value);
  }

  focus() {
    this.input?.focus();
  }

  #build() {
    const id = this.getAttribute("input-id") || `pick-${++serial}`;
    this.classList.add("ref-pick");
    this.innerHTML = `
      <div class="ref-pick-box form-control">
        <span class="ref-pick-chosen"></span>
        <input type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" autocomplete="off"
               autocapitalize="off" spellcheck="false">
      </div>
      <ul role="listbox" hidden></ul>
      <div class="visually-hidden" role="status"></div>
      <div data-values hidden></div>`;
    this.input = this.querySelector("input");
    this.list = this.querySelector("ul");
    this.status = this.querySelector("[role=status]");
    this.input.id = id;
    this.list.id = `${id}-list`;
    this.input.setAttribute("aria-controls", this.list.id);
    for (const name of ["aria-describedby", "aria-invalid", "aria-required", "aria-label"]) {
      if (this.hasAttribute(name)) {
        this.input.setAttribute(name, this.getAttribute(name));
        this.removeAttribute(name);
      }
    }
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("focus", () => this.#quiet || this.#ask());
    this.input.addEventListener("blur", () => this.#close());
    this.querySelector(".ref-pick-box").addEventListener("click", () => {
      if (this.#quiet) this.#ask();
      this.#quiet = false;
      this.input.focus();
    });
    // mousedown: the choice is made before the input loses its focus
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(Number(option.dataset.index));
    });
  }

  #render() {
    const chosen = this.querySelector(".ref-pick-chosen");
    chosen.replaceChildren(
      ...this.#values.map((value) => {
        const chip = document.createElement("span");
        chip.className = "ref-pick-chip";
        chip.textContent = this.#labels.get(value) ?? "（名称未载入）";
        const remove = document.createElement("button");
        remove.type = "button";
        remove.textContent = "×";
        remove.setAttribute("aria-label", `移除 ${chip.textContent}`);
        remove.addEventListener("click", (event) => {
          event.stopPropagation();
          this.#remove(value);
          // no list opens by itself: it would cover the chips of the field below, of which one may be the next to go
          this.#quiet = true;
          this.input.focus();
        });
        if (!this.hasAttribute("disabled")) chip.append(remove);
        return chip;
      }),
    );
    const name = this.getAttribute("name");
    this.querySelector("[data-values]").replaceChildren(
      ...(name ? this.#values : []).map((value) => {
        const hidden = document.createElement("input");
        Object.assign(hidden, { type: "hidden", name, value });
        return hidden;
      }),
    );
    const full = !this.multiple && this.#values.length > 0;
    this.input.classList.toggle("ref-pick-full", full);
    this.input.placeholder = this.#values.length ? "" : (HINT[this.getAttribute("kind")] ?? "");
    this.input.disabled = this.hasAttribute("disabled");
  }

  attributeChangedCallback() {
    if (this.#built) this.#render();
  }

  #typed() {
    clearTimeout(this.#timer);
    // what is listed belongs to the text before: Enter must not choose from it
    this.#asking.abort();
    this.#say("正在查找…");
    this.#timer = setTimeout(() => this.#ask(), WAIT_MS);
  }

  async #ask() {
    // a question that a later one overtook is ended, not just ignored: unread, its answer would hold a connection
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const query = new URLSearchParams({ q: this.input.value.trim(), limit: "12" });
    let items;
    try {
      const answer = await fetch(`${this.getAttribute("src") ?? `/api/v1/${LISTS[this.getAttribute("kind")] ?? this.getAttribute("kind")}`}?${query}`, { headers: { Accept: "application/json" }, signal });
      if (!answer.ok) return this.#say(answer.status === 401 ? "登录已过期，请重新登录后再选择" : "名单暂时无法载入");
      items = (await answer.json()).items;
    } catch {
      return signal.aborted ? undefined : this.#say("没有连接到服务器，名单无法载入");
    }
    if (signal.aborted || document.activeElement !== this.input) return;
    this.#options = items.map(choice).filter((option) => !this.#values.includes(option.value));
    this.#open();
  }

  #say(text) {
    this.#options = [];
    this.#show([Object.assign(document.createElement("li"), { className: "ref-pick-none", textContent: text })]);
    this.status.textContent = text;
  }

  #open() {
    if (!this.#options.length) return this.#say("没有找到，请换个姓名、名称或拼音首字母");
    this.#active = this.input.value.trim() ? 0 : -1;
    this.#show(
      this.#options.map((option, index) => {
        const row = document.createElement("li");
        row.id = `${this.list.id}-${index}`;
        row.setAttribute("role", "option");
        row.dataset.index = String(index);
        row.append(Object.assign(document.createElement("b"), { textContent: option.label }));
        if (option.detail) row.append(Object.assign(document.createElement("small"), { textContent: option.detail }));
        return row;
      }),
    );
    this.status.textContent = `${this.#options.length} 项可选，用上下键选择，回车确定`;
    this.#mark();
  }

  #show(rows) {
    this.list.replaceChildren(...rows);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  #close() {
    this.#quiet = false;
    clearTimeout(this.#timer);
    this.#asking.abort();
    this.list.hidden = true;
    this.#options = [];
    this.#active = -1;
    this.input.value = "";
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #mark() {
    for (const row of this.list.children) {
      const on = Number(row.dataset.index) === this.#active;
      row.setAttribute("aria-selected", String(on));
      if (on) {
        this.input.setAttribute("aria-activedescendant", row.id);
        row.scrollIntoView({ block: "nearest" });
      }
    }
    if (this.#active < 0) this.input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    if (event.isComposing) return; // Enter that ends an input-method composition is no choice
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) return void this.#ask();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.#active = Math.max(0, Math.min(this.#options.length - 1, this.#active + step));
      this.#mark();
    } else if (event.key === "Enter" && !this.list.hidden) {
      event.preventDefault();
      if (this.#active >= 0) this.#choose(this.#active);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    } else if (event.key === "Backspace" && !this.input.value && this.#values.length) {
      this.#remove(this.#values.at(-1));
    }
  }

  #choose(index) {
    const option = this.#options[index];
    this.#labels.set(option.value, option.label);
    this.#values = this.multiple ? [...this.#values, option.value] : [option.value];
    this.#changed();
    this.#close();
  }

  #remove(value) {
    this.#values = this.#values.filter((other) => other !== value);
    this.#changed();
  }

  #changed() {
    this.#render();
    this.dispatchEvent(new CustomEvent("pick", { bubbles: true, detail: { value: this.value, labels: Object.fromEntries(this.#labels) } }));
  }
}

customElements.define("ref-pick", RefPick);
