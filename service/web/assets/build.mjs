// Bundles every island of src/ into ../static/dist/ as ES modules; chunks that several islands share are split off.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { context, build } from "esbuild";
import { purge, textsOf, wordsOf } from "./purge.mjs";

const out = "../static/dist";
// The oldest browsers that the pages promise to work in; README names them, tests/browser/test_old_browser.py drives one.
const oldest = ["chrome90", "firefox98"];
// The library's style sheet has 540 kB, of which the pages use an eighth. What writes its classes into forms besides us:
const LIBRARY = /@tabler[\\/]core[\\/].*\.css$/;
const WRITERS = ["node_modules/@rjsf/react-bootstrap/lib", "node_modules/react-bootstrap/esm"];
const WRITING = /(?:^|[\\/])@rjsf[\\/]|[\\/](?:Alert|Button|Card|CloseButton|Col|Container|Form|InputGroup|ListGroup|Row)\w*\.js$/;
const lean = {
  name: "lean",
  setup({ onLoad }) {
    onLoad({ filter: LIBRARY }, ({ path }) => {
      const used = wordsOf(["../templates", "src"], (file) => /\.(?:html|jsx?)$/.test(file));
      for (const word of wordsOf(WRITERS, (file) => WRITING.test(file)).words) used.words.add(word);
      const own = ["src", "src/studio"].flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith(".css")).map((name) => readFileSync(`${folder}/${name}`, "utf8"))).join("");
      return { contents: purge(readFileSync(path, "utf8"), used, own), loader: "css" };
    });
  },
};
// Parts of libraries for which the studio has its own, or which no form may name: they are loaded and never asked.
const UNUSED = new RegExp([
  "bpmn-js/lib/features/(?:append-preview/AppendPreview|context-pad/ContextPadProvider|palette/PaletteProvider|popup-menu/(?:ReplaceMenuProvider|PopupEntries)|search/BpmnSearchProvider)",
  "bpmn-js/lib/features/modeling/(?:behavior/(?:CompensateBoundaryEvent|CreateDataObject|DataInputAssociation|DataStore|UpdateCategoryValueRefs)Behavior|cmd/UpdateCategoryValueRefsHandler)",
  "diagram-js/lib/features/complex-preview/ComplexPreview",
  "@rjsf/core/lib/components/fields/Layout(?:Grid|Header|MultiSchema)Field",
  "@rjsf/core/lib/components/widgets/(?:Checkbox|Checkboxes|Radio|Range|Select|Textarea)Widget",
  "@rjsf/core/lib/components/templates/(?:ArrayField|ArrayFieldItem|BaseInput|CyclicSchemaExpand|FieldError|FieldHelp|Grid|MultiSchemaField|ObjectField|OptionalDataControls|WrapIfAdditional)Template",
  "@rjsf/core/lib/components/templates/(?:DescriptionField|ErrorList|TitleField)",
  "@react-icons/all-files/lib/cjs/iconsManifest",
].map((one) => `${one.replaceAll("/", "[\\\\/]")}\\.js$`).join("|"));
// The menus and tips of the editor are drawn by parts that are loaded when the first of them opens.
const MENUS = /(?:popup-menu[\\/]PopupMenu|hover-tooltip[\\/]HoverTooltip|palette[\\/]PaletteTooltip)\.js$/;
const standing = (name) => ({ path: fileURLToPath(new URL(`src/studio/${name}.js`, import.meta.url)) });
const TRANSLATED = /bpmn-js-i18n[\\/]translations[\\/]zn\.js$/;
const SPEAKING = ["bpmn-js", "diagram-js", "diagram-js-direct-editing", "diagram-js-minimap"];
const ours = {
  name: "ours",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /[\\/](?:ui[\\/]index|PopupMenuComponent|PaletteTooltipComponent)\.js$/ }, ({ path, importer }) => (MENUS.test(importer) ? standing(path.includes("Tooltip") ? "tip-later" : "menu-later") : undefined));
    onLoad({ filter: UNUSED }, () => ({ contents: "export default function Unused() {}\nexport const PopupEntries = Unused, IconsManifest = [];" }));
    // of the translation, the words of what is loaded
    onLoad({ filter: TRANSLATED }, async ({ path }) => {
      const said = textsOf(SPEAKING.map((name) => `node_modules/${name}`), (file) => /\/(?:lib|dist)\/.*\.js$/.test(file) && !/\.(?:prod|min|umd|dev)\w*\./.test(file) && !UNUSED.test(file));
      const { default: base } = await import(path);
      return { contents: `export default ${JSON.stringify(Object.fromEntries(Object.entries(base).filter(([key]) => said.has(key))))}` };
    });
  },
};
const options = {
  plugins: [lean, ours],
  entryPoints: {
    base: "src/base.js",
    form: "src/form.jsx",
    diagram: "src/diagram.js",
    replay: "src/replay.js",
    statistics: "src/statistics.js",
    apidocs: "src/apidocs.js",
    "studio-diagram": "src/studio/diagram.jsx",
    "studio-try": "src/studio/try.jsx",
    "studio-tables": "src/studio/tables.jsx",
    "studio-forms": "src/studio/forms.jsx",
    "studio-prints": "src/studio/prints.jsx",
  },
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  target: oldest,
  minify: true,
  jsx: "automatic",
  legalComments: "linked",
  chunkNames: "chunks/[name]-[hash]",
  assetNames: "fonts/[name]-[hash]",
  loader: { ".woff": "file", ".woff2": "file", ".ttf": "file", ".eot": "file", ".svg": "dataurl" },
  // descriptions are plain text; the form library's helper for its own tests names a validator that makes code; nothing of it reaches the bundles; addresses are the browser's to read
  alias: { "@rjsf/validator-ajv8": "./src/form/validator.js", "markdown-to-jsx/react": "./src/form/no-markdown.js", "fast-uri": "./src/form/uri.js" },
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "info",
};
// The script that speaks even in a browser too old for all others: esbuild fails if it is written in more than ES5.
const first = { entryPoints: ["src/first.js"], outdir: out, target: "es5", minify: true, logLevel: "info" };

// Printed documents are set in this type where the machine has no 仿宋 of its own; the licence goes with it.
function copyPrintType() {
  const type = "node_modules/@expo-google-fonts/noto-serif-sc";
  mkdirSync(`${out}/print`, { recursive: true });
  for (const name of ["400Regular/NotoSerifSC_400Regular.ttf", "700Bold/NotoSerifSC_700Bold.ttf", "LICENSE_FONT"]) {
    cpSync(`${type}/${name}`, `${out}/print/${name.split("/").pop()}`);
  }
}

const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
// Others' work that a package brings along in its own files, and the type of printed documents.
const BROUGHT_ALONG = { "@tabler/core": ["bootstrap"] };
const COPIED = ["@expo-google-fonts/noto-serif-sc"];
// The type's package is under one licence, the type itself under another.
const LICENCES = { "@expo-google-fonts/noto-serif-sc": "OFL-1.1", "bpmn-js": "LicenseRef-bpmn.io" };

/** The files of a package, with those of a folder of licences. */
function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    if (!one.isDirectory()) return [one.name];
    return /^licen[cs]es?$/i.test(one.name) ? readdirSync(`${folder}/${one.name}`).map((name) => `${one.name}/${name}`) : [];
  });
}

/** Writes which packages stand in the bundles, with their licences, for the page that tells of them. */
function writeLicences({ outputs }) {
  const folders = new Set(COPIED.map((name) => `node_modules/${name}`));
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = PACKAGE.exec(path)?.[1];
      if (!folder || !bytesInOutput) continue;
      folders.add(folder);
      const own = folder.split("node_modules/").pop();
      for (const name of BROUGHT_ALONG[own] ?? []) folders.add(`node_modules/${name}`);
    }
  }
  const found = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const files = filesOf(folder).filter((file) => /^(licen[cs]e|notice|copying)|\.license\.txt$/i.test(file)).sort();
    const text = files.map((file) => readFileSync(`${folder}/${file}`, "utf8").trim()).join("\n\n");
    return { name, version, licence: LICENCES[name] ?? license ?? "", text };
  });
  const same = (one, other) => one.name === other.name && one.version === other.version;
  const once = found.filter((one, at) => found.findIndex((other) => same(one, other)) === at);
  once.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : one.version < other.version ? -1 : 1));
  writeFileSync(`${out}/licences.json`, JSON.stringify(once));
}

rmSync(out, { recursive: true, force: true });
copyPrintType();
if (process.argv.includes("--watch")) {
  for (const one of [first, options]) await (await context(one)).watch();
} else {
  await build(first);
  writeLicences((await build({ ...options, metafile: true })).metafile);
}
