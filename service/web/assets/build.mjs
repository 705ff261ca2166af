// Bundles every island of src/ into ../static/dist/ as ES modules; chunks that several islands share are split off.
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { context, build } from "esbuild";

const out = "../static/dist";
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
  target: "es2022",
  minify: true,
  jsx: "automatic",
  legalComments: "linked",
  chunkNames: "chunks/[name]-[hash]",
  assetNames: "fonts/[name]-[hash]",
  loader: { ".woff": "file", ".woff2": "file", ".ttf": "file", ".eot": "file", ".svg": "dataurl" },
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "info",
};

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
  await (await context(options)).watch();
} else {
  await build(options);
}
