// CodeMirror with what the studio's sources need; a chunk of its own.
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { StreamLanguage } from "@codemirror/language";
import { linter } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { basicSetup, EditorView } from "codemirror";

const WORDS = {
  Find: "查找", Replace: "替换为", next: "下一处", previous: "上一处", all: "全部选中", "match case": "区分大小写", regexp: "按式子", "by word": "整词",
  replace: "替换", "replace all": "全部替换", close: "关闭", "current match": "当前", "replaced $ matches": "替换了 $ 处", "replaced match on line $": "替换了第 $ 行",
  "on line": "在行", "Go to line": "到第几行", go: "去", Diagnostics: "问题", "No diagnostics": "没有问题", "Fold line": "收起", "Unfold line": "展开", "folded code": "收起的内容", unfold: "展开", to: "到", "Folded lines": "收起的行", "Unfolded lines": "展开的行", Completions: "可选", "Selection deleted": "已删去", "Control character": "控制字符",
};

const typst = StreamLanguage.define({
  name: "typst",
  token(stream) {
    if (stream.match(/\/\/.*/)) return "comment";
    if (stream.match(/"(?:[^"\\]|\\.)*"/)) return "string";
    if (stream.sol() && stream.match(/=+ .*/)) return "heading";
    if (stream.match(/#?\b(?:let|set|show|import|include|if|else|for|in|while|return|none|true|false|auto|not|and|or)\b/)) return "keyword";
    if (stream.match(/#[a-zA-Z_][\w-]*/)) return "variableName";
    if (stream.match(/\d+(?:\.\d+)?(?:pt|mm|cm|em|%|fr)?/)) return "number";
    stream.next();
    return null;
  },
});

const theme = EditorView.theme({
  "&": { fontSize: "13px", height: "100%", background: "#fff" },
  "&.cm-focused": { outline: "2px solid #1f5fa8" },
  ".cm-scroller": { fontFamily: 'ui-monospace, "Cascadia Mono", Consolas, "Noto Sans Mono CJK SC", monospace', lineHeight: "1.5" },
  ".cm-content": { paddingBottom: "30px" },
});

const jsonWords = () => {
  const parse = jsonParseLinter();
  return linter((view) => parse(view).map((one) => ({ ...one, message: "写法有误，请核对这里的引号、逗号和括号" })));
};

/** Typing over several lines: the browser would join them with styles written into the page, which it may not have. */
function overLines(event, view) {
  const { main } = view.state.selection;
  const { doc } = view.state;
  if (event.inputType !== "insertText" || !event.data || view.composing || view.state.readOnly || doc.lineAt(main.from).number === doc.lineAt(main.to).number) return false;
  event.preventDefault();
  view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  return true;
}

/** An editor in `place`: `put(text)` shows another text, `insert(text)` writes
    where the cursor stands, `go(line)` goes to a line. */
export function editor(place, { text, language, label, editable, onChange }) {
  const root = place.shadowRoot ?? place.attachShadow({ mode: "open" });
  let putting = false;
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      selection: { anchor: language === "typst" ? text.length : 0 }, // what is written in by a click comes after all that is there
      extensions: [
        basicSetup,
        theme,
        EditorState.phrases.of(WORDS),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label }),
        EditorState.readOnly.of(!editable),
        ...(language === "json" ? [json(), jsonWords()] : language === "typst" ? [typst] : []),
        EditorView.domEventHandlers({ beforeinput: overLines }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !putting) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    destroy: () => view.destroy(),
    put(next) {
      putting = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
      putting = false;
    },
    insert(words) {
      view.dispatch(view.state.replaceSelection(words), { userEvent: "input.paste", scrollIntoView: true });
      view.focus();
    },
    go(line) {
      const { from } = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
      view.focus();
    },
  };
}
