// The names of the built files.
import { expect, test } from "@playwright/test";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nameByContent } from "../../scripts/site/names.mjs";

const LOADER = `__wasm_split.${"_".repeat(22)}.js`;
const HASH = /\.([\w-]{22})\./;

/** Names the files of a small site; returns their contents by name. */
async function built({ part = "part", style = "style", module = "module" } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "site-"));
  const contents = {
    "chunk_1.wasm": "shared",
    "split_logs.wasm": part,
    "deckwatch.css": style,
    "deckwatch.js": `import * as l from "./${LOADER}";`,
    "deckwatch.wasm": `${module} ./${LOADER}`,
    [LOADER]: 'import{initSync}from"./deckwatch.js";load("./chunk_1.wasm");load("./split_logs.wasm")',
    "__wasm_split_manifest.json": '{"logs":["chunk_1","split_logs"]}',
  };
  for (const [file, content] of Object.entries(contents)) await writeFile(join(folder, file), content);
  await nameByContent(folder);
  const files = await readdir(folder);
  const pairs = files.map(async (file) => [file, await readFile(join(folder, file), "utf8")]);
  const site = Object.fromEntries(await Promise.all(pairs));
  await rm(folder, { recursive: true });
  return site;
}

const name = (site, start, ending) => Object.keys(site).find((file) => file.startsWith(start) && file.endsWith(ending));

test("every name has a hash, and every reference leads to a file", async () => {
  const site = await built();
  expect(Object.keys(site)).toHaveLength(7);
  for (const file of Object.keys(site)) expect(file).toMatch(HASH);
  for (const content of Object.values(site)) {
    for (const [, file] of content.matchAll(/\.\/([\w.-]+)/g)) expect(Object.keys(site)).toContain(file);
  }
  const parts = JSON.parse(site[name(site, "__wasm_split_manifest", ".json")]);
  for (const part of parts.logs) expect(Object.keys(site)).toContain(`${part}.wasm`);
});

test("a changed file and all that lead to it have new names, and no other", async () => {
  const before = Object.keys(await built());
  const renamed = async (change) => {
    const after = Object.keys(await built(change));
    const gone = before.filter((file) => !after.includes(file));
    return gone.map((file) => file.replace(HASH, ".")).sort();
  };
  expect(await renamed({})).toEqual([]);
  expect(await renamed({ style: "other" })).toEqual(["deckwatch.css"]);
  const entry = ["__wasm_split.js", "deckwatch.js", "deckwatch.wasm"];
  expect(await renamed({ module: "other!" })).toEqual(entry);
  const part = ["__wasm_split.js", "__wasm_split_manifest.json", "deckwatch.js", "deckwatch.wasm", "split_logs.wasm"];
  expect(await renamed({ part: "other" })).toEqual(part);
});
