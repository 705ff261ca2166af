// On a phone the conditions of a list fold behind a button, all but the first: the list is what one came for.
import htmx from "htmx.org";

const FEW = 3;
let shown = false; // as the reader left it, when the list is asked anew

const holds = (field) => [...field.querySelectorAll("input, select")].some((one) => one.value && one.type !== "checkbox" && !(one.options && one.options[0].value));

function fold(form) {
  const fields = [...form.children].filter((one) => one.matches("details, .filter-pick") || one.querySelector(".form-control, .form-select"));
  if (fields.length <= FEW || form.querySelector(".filters-toggle")) return;
  const set = fields.slice(1).flatMap((one) => (one.matches("details") ? [...one.querySelectorAll(".filters > div")] : [one])).filter(holds).length;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn filters-toggle";
  button.textContent = set ? `筛选条件（已设 ${set} 项）` : "筛选条件";
  const show = () => {
    form.classList.toggle("filters-folded", !shown);
    button.setAttribute("aria-expanded", String(shown));
  };
  button.addEventListener("click", () => {
    shown = !shown;
    show();
  });
  fields[0].classList.add("filters-first");
  fields[0].after(button);
  show();
}

htmx.onLoad((element) => {
  for (const form of element.querySelectorAll("form.filters[data-auto]")) fold(form);
});
