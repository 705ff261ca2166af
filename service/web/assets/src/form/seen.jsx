// A form as somebody saw it: drawn like the form itself, read only.
import { createRoot } from "react-dom/client";
import { Guard } from "./Guard.jsx";
import { TaskForm } from "./TaskForm.jsx";

export function drawSeen(place, page) {
  createRoot(place).render(<Guard place={place}><TaskForm page={page} /></Guard>);
}
