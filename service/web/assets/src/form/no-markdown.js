// Stands for the form library's reader of Markdown: descriptions of our forms are plain text, and it is 30 kB.
export function Markdown({ children }) {
  return children ?? null;
}
