// Bundles every island of src/ into ../static/dist/ as ES modules; chunks that several islands share are split off.
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { context, build } from "esbuild";

const out = "../static/dist";
// The oldest browsers that the pages promise to work in; README names them, tests/browser/test_old_browser.py drives one.
const oldest = ["chrome90", "firefox98"];
const options = {
  entryPoints: {
    base: "src/base.js",
    form: "src/form.jsx",
    diagram: "src/diagram.js",
    apidocs: "src/apidocs.js",
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
  // the form library's helper for its own tests names a validator that makes code; nothing of it reaches the bundles
  alias: { "@rjsf/validator-ajv8": "./src/form/validator.js" },
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

rmSync(out, { recursive: true, force: true });
copyPrintType();
if (process.argv.includes("--watch")) {
  for (const one of [first, options]) await (await context(one)).watch();
} else {
  await Promise.all([first, options].map((one) => build(one)));
}
