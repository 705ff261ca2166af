// The numbers beside 待办 and 提醒 in the menu stay true: asked for once a minute, and only by a page that is looked at.
// Asking is no use of the session: whoever goes away is signed out all the same.
const EVERY = 60_000;
const badges = [...document.querySelectorAll("[data-waiting]")];
let asked = Date.now();
let over = false;

async function look() {
  if (over || document.visibilityState !== "visible" || Date.now() - asked < EVERY) return;
  asked = Date.now();
  try {
    const answer = await fetch("/waiting", { headers: { Accept: "application/json" }, redirect: "manual" });
    over = answer.status === 401 || answer.status === 403;
    if (answer.ok) show(await answer.json());
  } catch {
    // the next time
  }
}

function show(told) {
  for (const badge of badges) {
    const number = told[badge.dataset.waiting];
    if (!number || badge.textContent === number.shown) continue;
    badge.textContent = number.shown;
    badge.hidden = number.shown === "";
    badge.setAttribute("aria-label", number.words);
  }
}

if (badges.length) {
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}
