//! Divides the WebAssembly of the page into the module that is loaded first and the parts that are loaded
//! later, which `#[lazy]` marks: `deckwatch-split MODULE FIRST FOLDER`.
//!
//! Reads the compiled `MODULE` with its relocations, writes the one that is loaded first to `FIRST`, for
//! `wasm-bindgen`, and everything else to `FOLDER`.

use std::{collections::BTreeMap, env, error::Error, fs, path::PathBuf};
use wasm_split_cli_support::{Options, transform};

/// The script that loads parts. The underscores are replaced by a hash of the same length, because the name is
/// in the module, too.
const LOADER: &str = "./__wasm_split.______________________.js";
/// The script of `wasm-bindgen`, from which the loader takes the module.
const SCRIPT: &str = "./deckwatch.js";
/// The list of the files of each part, without endings.
const PARTS: &str = "__wasm_split_manifest.json";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [module, first, folder] = arguments.as_slice() else {
        return Err("usage: deckwatch-split MODULE FIRST FOLDER".into());
    };
    let module = fs::read(module)?;
    let mut options = Options::new(&module);
    options.output_dir = folder;
    options.main_out_path = first;
    options.main_module = SCRIPT;
    options.link_name = LOADER;
    // Sorted: the same parts give the same file.
    let parts: BTreeMap<_, _> = transform(options)?.prefetch_map.into_iter().collect();
    fs::write(folder.join(PARTS), serde_json::to_vec(&parts)?)?;
    Ok(())
}
