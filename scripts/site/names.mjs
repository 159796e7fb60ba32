// Puts a hash of its content into the name of each built file.
import { createHash } from "node:crypto";
import { readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

// What scripts/site/split writes in place of the hash in the name of the loader.
const PLACEHOLDER = "_".repeat(22);
const LOADER = `__wasm_split.${PLACEHOLDER}.js`;
const PARTS = "__wasm_split_manifest.json";
const SCRIPT = "deckwatch.js";
const MODULE = "deckwatch.wasm";
const STYLE = "deckwatch.css";

/** A hash of 22 characters that may be in URLs. */
function hash(...contents) {
  const sum = createHash("sha256");
  for (const content of contents) sum.update(content);
  return sum.digest().subarray(0, 16).toString("base64url");
}

const named = (file, hash) => file.replace(/\.[^.]+$/, `.${hash}$&`);
const stem = (file) => file.replace(/\.wasm$/, "");

/** `bytes` with each `old` replaced by `name`, which is as long: the module has the lengths of names. */
function replaceBytes(bytes, old, name) {
  if (!bytes.includes(old)) throw new Error(`the module does not name ${old}`);
  for (let at = bytes.indexOf(old); at >= 0; at = bytes.indexOf(old, at)) bytes.write(name, at);
  return bytes;
}

/**
 * Names every file in `folder` after its content, including the names of other files in it: what refers to a
 * changed file gets a new name, too, so that a browser never combines files of two builds from its cache.
 */
export async function nameByContent(folder) {
  const read = (file) => readFile(join(folder, file));
  const text = async (file) => (await read(file)).toString();
  const write = (file, content) => writeFile(join(folder, file), content);
  const renameByHash = async (file) => {
    const name = named(file, hash(await read(file)));
    await rename(join(folder, file), join(folder, name));
    return name;
  };

  // Parts name no other file.
  const all = (await readdir(folder)).sort();
  const names = new Map();
  for (const part of all.filter((file) => file.endsWith(".wasm") && file !== MODULE)) {
    names.set(part, await renameByHash(part));
  }
  await renameByHash(STYLE);
  const needed = JSON.parse(await text(PARTS));
  const renamed = (old) => stem(names.get(`${old}.wasm`));
  for (const part of Object.keys(needed)) needed[part] = needed[part].map(renamed);
  await write(PARTS, JSON.stringify(needed));
  await renameByHash(PARTS);

  // The module and the script name the loader, which names the script and all parts: one hash for the three.
  let loader = await text(LOADER);
  for (const [old, name] of names) loader = loader.replaceAll(`./${old}`, `./${name}`);
  const [script, module] = [await text(SCRIPT), await read(MODULE)];
  const common = hash(loader, script, module);
  const [newLoader, newScript] = [LOADER.replace(PLACEHOLDER, common), named(SCRIPT, common)];
  await write(newLoader, loader.replaceAll(`./${SCRIPT}`, `./${newScript}`));
  await write(newScript, script.replaceAll(LOADER, newLoader));
  await write(named(MODULE, common), replaceBytes(module, LOADER, newLoader));
  await Promise.all([LOADER, SCRIPT, MODULE].map((file) => rm(join(folder, file))));
}
