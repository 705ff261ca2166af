// Renders the form whose schema, interface schema and data stand in the page as JSON.
import { createRoot } from "react-dom/client";
import { Draft } from "./form/draft.js";
import { Guard } from "./form/Guard.jsx";
import { TaskForm } from "./form/TaskForm.jsx";

Draft.sweep();
for (const root of document.querySelectorAll("[data-form]")) {
  const page = JSON.parse(document.getElementById(root.dataset.form).textContent);
  createRoot(root).render(<Guard place={root}><TaskForm page={page} /></Guard>);
}
