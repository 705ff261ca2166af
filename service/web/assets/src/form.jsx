// Renders the form whose schema, interface schema and data stand in the page as JSON.
import { createRoot } from "react-dom/client";
import { Draft } from "./form/draft.js";
import { Guard } from "./form/Guard.jsx";
import { TaskForm } from "./form/TaskForm.jsx";

/** Stands where a form is too large to be shown. */
function Refused({ why }) {
  return (
    <div className="alert alert-danger" role="alert">
      <b>表单无法显示</b>
      <div>{why}</div>
    </div>
  );
}

Draft.sweep();
for (const root of document.querySelectorAll("[data-form]")) {
  const page = JSON.parse(document.getElementById(root.dataset.form).textContent);
  createRoot(root).render(<Guard place={root}>{page.refused ? <Refused why={page.refused} /> : <TaskForm page={page} />}</Guard>);
}
