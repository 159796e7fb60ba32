// Completes the site: optimizes the WebAssembly, bundles the styles, minifies the scripts, puts a hash of its
// content into the name of each built file, and compresses everything.
//
//   node finish.mjs ROOT      ROOT is the project; the built files are in ROOT/target/site/pkg
import { execFile } from "node:child_process";
import { cp, readFile, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import { nameByContent } from "./names.mjs";

const root = process.argv[2];
const site = join(root, "target/site");
const built = join(site, "pkg");
// The packages are those of the browser tests.
const require = createRequire(join(root, "end2end/package.json"));
const esbuild = require("esbuild");
const lightningcss = require("lightningcss");

// Without inlining: a function inlined into its only caller saves bytes raw, and costs more of them compressed.
// Functions that are alike have names that are alike: next to each other they compress better. Sections that
// only tools read are a hundred bytes in each of some eighty files. See docs/adr/0007-size-of-the-page.md.
const OPTIMIZE = [
  "-Oz",
  "--reorder-functions-by-name",
  "--enable-bulk-memory",
  "--enable-nontrapping-float-to-int",
  "--always-inline-max-function-size=0",
  "--flexible-inline-max-function-size=0",
  "--one-caller-inline-max-function-size=0",
  "--strip-producers",
  "--strip-target-features",
];
// The oldest browsers for which newer CSS is rewritten. Older ones lack more than CSS.
const version = (major, minor = 0) => (major << 16) | (minor << 8);
const BROWSERS = { chrome: version(109), firefox: version(115), safari: version(16, 4), ios_saf: version(16, 4) };

/** Calls `work` with each item, on as many cores as there are. */
async function each(items, work) {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

const files = async (ending) => (await readdir(built)).filter((file) => file.endsWith(ending)).sort();

async function optimize() {
  const run = promisify(execFile);
  await each(await files(".wasm"), (file) => {
    const path = join(built, file);
    return run("wasm-opt", [...OPTIMIZE, path, "-o", path]);
  });
}

async function bundleStyles() {
  const filename = join(root, "style/main.css");
  const { code } = lightningcss.bundle({ filename, minify: true, targets: BROWSERS });
  await writeFile(join(built, "deckwatch.css"), code);
}

async function minifyScripts() {
  for (const file of await files(".js")) {
    const options = { format: "esm", minify: true, target: "esnext" };
    const path = join(built, file);
    const { code } = await esbuild.transform(await readFile(path, "utf8"), options);
    await writeFile(path, code);
  }
}

async function compress() {
  const entries = await readdir(site, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  await each(paths, async (path) => {
    const content = await readFile(path);
    await writeFile(`${path}.br`, await promisify(brotliCompress)(content));
    await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
  });
}

await optimize();
await bundleStyles();
await minifyScripts();
await nameByContent(built);
await cp(join(root, "public"), site, { recursive: true });
await compress();
