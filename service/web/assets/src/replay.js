// Walks through a case step by step: slider, play button, keyboard. The page's address always names the step.
//
// The page holds {at, keys: [{process: diagram id}, one a version], page, steps: [{seq, url, version, active:
// [[process, element]], passed: [[process, element, from]], back: number of the step that took it back}]}. What is said
// of a step comes from its url; the drawing is told by the event diagram:show.
import "./replay.css";

const PLAY_EVERY_MS = 1600;
const TYPING = /^(INPUT|SELECT|TEXTAREA)$/;

/** What each drawing shows after the step at `place`: the way there without what was taken back by then. */
export function marksAt({ steps, keys }, place) {
  const now = steps[place];
  const mine = keys[now.version];
  const marks = new Map();
  for (const each of keys) for (const id of Object.values(each)) marks.set(id, { id, hidden: true, active: [], done: [], ways: [] });
  for (const id of Object.values(mine)) marks.get(id).hidden = false;
  for (const step of steps.slice(0, place + 1)) {
    if (step.back !== null && step.back <= now.seq) continue;
    for (const [process, node, from] of step.passed) {
      const mark = marks.get(mine[process]);
      if (!mark) continue;
      mark.done.push(node);
      if (from !== null) mark.ways.push([from, node]);
    }
  }
  for (const [process, node] of now.active) marks.get(mine[process])?.active.push(node);
  return [...marks.values()];
}

class Player {
  constructor(bar, page) {
    this.bar = bar;
    this.page = page;
    this.at = page.at;
    this.slider = bar.querySelector("[data-slider]");
    this.play = bar.querySelector("[data-play]");
    this.box = document.querySelector("[data-step]");
    this.drawing = document.querySelector("[data-diagram-island]");
    this.lines = [...document.querySelectorAll("[data-steps] a")];
    this.timer = null;
    this.asked = 0;
    bar.hidden = false;
    document.body.dataset.replaying = "";
    this.#wire();
    this.#told();
  }

  #wire() {
    const to = { first: () => 0, previous: () => this.at - 1, next: () => this.at + 1, last: () => this.page.steps.length - 1 };
    for (const button of this.bar.querySelectorAll("[data-go]")) {
      button.addEventListener("click", () => this.#go(to[button.dataset.go]()));
    }
    this.slider.addEventListener("input", () => this.#go(Number(this.slider.value)));
    this.play.addEventListener("click", () => (this.timer === null ? this.#start() : this.#stop()));
    this.lines.forEach((line, place) => {
      line.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.#go(place);
      });
    });
    // a step that another one speaks of is a link with its address
    this.box.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      const place = link ? this.#placeOf(link) : -1;
      if (place < 0 || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.#go(place);
    });
    document.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      if (TYPING.test(event.target.tagName) || event.target.closest?.("[role=tab], [contenteditable], svg")) return;
      event.preventDefault();
      this.#go(this.at + step);
    });
  }

  #placeOf(link) {
    const address = new URL(link.href, window.location.href);
    if (address.pathname !== this.page.page || !address.searchParams.has("at")) return -1;
    const seq = Number(address.searchParams.get("at"));
    return this.page.steps.findIndex((step) => step.seq === seq);
  }

  #start() {
    if (this.at === this.page.steps.length - 1) this.#show(0);
    this.play.textContent = "暂停";
    this.timer = setInterval(() => {
      if (this.at >= this.page.steps.length - 1) this.#stop();
      else this.#show(this.at + 1);
    }, PLAY_EVERY_MS);
  }

  #stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "播放";
  }

  /** Somebody moves by hand: what plays stops. */
  #go(place) {
    if (this.timer !== null) this.#stop();
    this.#show(place);
  }

  #show(place) {
    const next = Math.max(0, Math.min(place, this.page.steps.length - 1));
    if (next === this.at) return;
    this.at = next;
    const step = this.page.steps[next];
    window.history.replaceState(null, "", `${this.page.page}?at=${step.seq}`);
    this.drawing?.dispatchEvent(new CustomEvent("diagram:show", { detail: marksAt(this.page, next) }));
    this.#told();
    this.#fetch(step);
  }

  #told() {
    this.slider.value = String(this.at);
    this.slider.setAttribute("aria-valuetext", `第 ${this.at + 1} 步，共 ${this.page.steps.length} 步：${this.lines[this.at]?.textContent.trim().replace(/\s+/g, " ")}`);
    this.lines.forEach((line, place) => {
      if (place === this.at) line.setAttribute("aria-current", "step");
      else line.removeAttribute("aria-current");
    });
    const list = this.lines[this.at]?.closest("ol");
    const line = this.lines[this.at];
    if (!list || !line) return;
    const [top, bottom] = [line.offsetTop - list.offsetTop, line.offsetTop - list.offsetTop + line.offsetHeight];
    if (top < list.scrollTop || bottom > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 2;
  }

  async #fetch(step) {
    const asked = ++this.asked;
    try {
      const answer = await fetch(step.url, { headers: { Accept: "text/html" } });
      const text = await answer.text();
      if (asked !== this.asked) return;
      if (!answer.ok || answer.redirected) {
        window.location.assign(`${this.page.page}?at=${step.seq}`);
        return;
      }
      const open = new Set([...this.box.querySelectorAll("details[data-seen-form][open]")].map((one) => one.dataset.seenForm));
      this.box.innerHTML = text;
      watchForms(this.box);
      for (const form of this.box.querySelectorAll("details[data-seen-form]")) form.open = open.has(form.dataset.seenForm);
    } catch {
      if (asked === this.asked) this.box.querySelector("#step h2")?.insertAdjacentHTML("afterend", '<p class="alert alert-danger">没有取到这一步的内容，请检查网络后再试。</p>');
    }
  }
}

/** A form is drawn when somebody unfolds it: most look at the table. */
function watchForms(root) {
  for (const fold of root.querySelectorAll("details[data-seen-form]")) {
    fold.addEventListener("toggle", async () => {
      const place = fold.querySelector("[data-form-place]");
      if (!fold.open || place.dataset.drawn !== undefined) return;
      place.dataset.drawn = "";
      const page = JSON.parse(document.getElementById(fold.dataset.seenForm).textContent);
      if (page.refused) return;
      const { drawSeen } = await import("./form/seen.jsx");
      drawSeen(place, page);
    });
  }
}

const bar = document.querySelector("[data-replay]");
if (bar) {
  const page = JSON.parse(document.getElementById(bar.dataset.replay).textContent);
  watchForms(document);
  window.replay = new Player(bar, page);
}
