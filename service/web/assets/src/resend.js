// A plain form that met a switch of the database: the page that says so holds what was sent, and sends it again.

const MOST = 12;

/** How often what carries `once` was sent again by itself in this tab; a browser that keeps nothing never does. */
function tries(once, count) {
  try {
    const name = `liaison-again:${once}`;
    if (count !== undefined) sessionStorage.setItem(name, String(count));
    return Number(sessionStorage.getItem(name));
  } catch {
    return MOST;
  }
}

/** Sends the form when the server said that it will be back (`data-again`, seconds), a dozen times at most. */
export function resend(form) {
  const once = form.elements.once.value;
  const tried = tries(once);
  if (tried >= MOST) return;
  form.querySelector("[data-waiting]").hidden = false;
  setTimeout(() => {
    tries(once, tried + 1);
    form.requestSubmit();
  }, Number(form.dataset.again) * 1000);
}
