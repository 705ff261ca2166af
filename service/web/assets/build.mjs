// Bundles every island of src/ into ../static/dist/ as ES modules; chunks that several islands share are split off.
import { rmSync } from "node:fs";
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

rmSync(out, { recursive: true, force: true });
if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  await build(options);
}
