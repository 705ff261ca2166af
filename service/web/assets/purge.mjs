// What of a library's style sheet the pages use: rules for classes that nothing of the product names are left out, and so
// are animations and custom properties that nothing refers to.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const WORD = /[A-Za-z_][\w-]*/g;
const QUOTED = /"[^"]*"|'[^'\n]*'|`[^`]*`/g; // a class stands in a text, be it of a page or of a program
const BEGUN = /([A-Za-z][\w-]*-)(?=\$\{|\{\{|\{%|["'`]\s*\+|["']\s*~)/g; // "alert-{{ kind }}", `btn-${size}`: every ending may come
const CLASS = /\.(-?[A-Za-z_][\w-]*)/g;

/** The files below `folders` that are `wanted`, each as text. */
function* read(folders, wanted) {
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) yield* read([path], wanted);
      else if (wanted(path)) yield readFileSync(path, "utf8");
    }
  }
}

/** Every text in quotation marks of the files below `folders` that are `wanted`. */
export function textsOf(folders, wanted) {
  const texts = new Set();
  for (const text of read(folders, wanted)) for (const [said] of text.matchAll(QUOTED)) texts.add(said.slice(1, -1));
  return texts;
}

/** Every word of these texts, and every beginning of a word to which a program adds the rest. */
export function wordsOf(folders, wanted) {
  const words = new Set();
  const begun = new Set();
  for (const text of textsOf(folders, wanted)) for (const [word] of text.matchAll(WORD)) words.add(word);
  for (const text of read(folders, wanted)) for (const [, word] of text.matchAll(BEGUN)) begun.add(word);
  return { words, begun: [...begun].filter((one) => one.length > 3) };
}

/** The style sheet as a tree: {head, body} for a rule, {head, inner} for what holds rules, {text} for a statement. */
function parse(css) {
  let at = 0;
  const rules = () => {
    const found = [];
    while (at < css.length && css[at] !== "}") {
      if (/\s/.test(css[at])) { at += 1; continue; }
      if (css.startsWith("/*", at)) {
        const end = css.indexOf("*/", at) + 2;
        found.push({ text: css.slice(at, end) });
        at = end;
        continue;
      }
      const start = at;
      at = past(css, at, "{;");
      if (css[at] === ";" || at >= css.length) {
        at += 1;
        found.push({ text: css.slice(start, at) });
        continue;
      }
      const head = css.slice(start, at);
      at += 1;
      if (/^@(media|supports|layer|container|document)\b/.test(head)) found.push({ head, inner: rules() });
      else {
        const from = at;
        at = head.startsWith("@keyframes") ? pastBlock(css, at) : past(css, at, "}");
        found.push({ head, body: css.slice(from, at) });
      }
      at += 1;
    }
    return found;
  };
  return rules();
}

/** The place of the next of `signs` that stands in no text and in no brackets. */
function past(css, from, signs) {
  let depth = 0;
  for (let at = from; at < css.length; at += 1) {
    const sign = css[at];
    if (sign === "\\") at += 1;
    else if (sign === '"' || sign === "'") {
      at += 1;
      while (css[at] !== sign) at += css[at] === "\\" ? 2 : 1;
    } else if ("([".includes(sign)) depth += 1;
    else if (")]".includes(sign)) depth -= 1;
    else if (depth === 0 && signs.includes(sign)) return at;
  }
  return css.length;
}

function pastBlock(css, from) {
  let at = past(css, from, "{}");
  while (css[at] === "{") at = past(css, past(css, at + 1, "}") + 1, "{}");
  return at;
}

function split(text, sign) {
  const parts = [];
  for (let from = 0; from <= text.length; ) {
    const at = past(text, from, sign);
    parts.push(text.slice(from, at));
    from = at + 1;
  }
  return parts;
}

/** `css` without what `used` ({words, begun} of the product) does not name; `others` are the product's own styles and scripts. */
export function purge(css, { words, begun }, others) {
  const named = (one) => words.has(one) || begun.some((start) => one.startsWith(start));
  const wanted = (selector) => [...selector.replace(/:not\((?:[^()]|\([^()]*\))*\)/g, "").matchAll(CLASS)].every(([, one]) => named(one));
  const keep = (rules) => rules.flatMap((rule) => {
    if (rule.text !== undefined || rule.head.startsWith("@keyframes") || rule.head.startsWith("@font-face")) return [rule];
    if (rule.inner) {
      const inner = keep(rule.inner);
      return inner.length ? [{ ...rule, inner }] : [];
    }
    const head = split(rule.head, ",").filter(wanted).join(",");
    return head ? [{ ...rule, head }] : [];
  });
  let kept = keep(parse(css));
  for (let before = -1, text = print(kept); before !== text.length; text = print(kept)) {
    before = text.length;
    const all = text + others;
    const asked = new Set([...all.matchAll(/(--[\w-]+)(?!\s*:|[\w-])/g)].map(([, one]) => one));
    const moving = (name) => new RegExp(`[:\\s,]${name}[\\s;,}!]|[:\\s,]${name}$`, "m").test(all.replaceAll(`@keyframes ${name}`, ""));
    const lean = (rules) => rules.flatMap((rule) => {
      if (rule.text !== undefined) return [rule];
      if (rule.inner) return [{ ...rule, inner: lean(rule.inner) }];
      if (rule.head.startsWith("@keyframes")) return moving(rule.head.split(/\s+/)[1]) ? [rule] : [];
      const body = split(rule.body, ";").filter((one) => !/^\s*--/.test(one) || asked.has(one.split(":")[0].trim())).join(";");
      return body.trim() ? [{ ...rule, body }] : [];
    });
    kept = lean(kept);
  }
  return print(kept);
}

const print = (rules) => rules.map((rule) => rule.text ?? `${rule.head}{${rule.inner ? print(rule.inner) : rule.body}}`).join("");
