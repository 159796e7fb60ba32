# shellcheck shell=bash
# The release build, made only when its sources have changed. The site is embedded in the binary, so a build
# is one file; it is kept in the cache under the hash of its sources, so that a second clone with the same
# sources starts at once.

BUILDS=$DECKWATCH_CACHE/builds
BUILDS_KEPT=6

# Files that do not affect the build.
NO_SOURCES=(end2end examples scripts tests benches docs .ci .github .cargo/audit.toml deny.toml)

# The names of the source files, NUL-separated: tracked and new ones, without ignored ones.
source_files() {
  local path excluded=() pruned=()
  for path in "${NO_SOURCES[@]}"; do
    excluded+=(":(exclude)$path")
    pruned+=(-o -path "./$path")
  done
  cd "$DECKWATCH_ROOT" || return 1
  git ls-files -z --cached --others --exclude-standard -- . "${excluded[@]}" ':(exclude)*.md' 2>/dev/null ||
    find . \( -path ./target -o -path ./.git "${pruned[@]}" \) -prune -o -type f ! -name '*.md' -print0
}

# One hash of the sources, the compiler and the tools.
source_hash() {
  {
    rustc --version
    printf '%s\n' "$WASM_BINDGEN_VERSION"
    (cd "$DECKWATCH_ROOT" && sha256sum end2end/package-lock.json scripts/site/*.mjs scripts/lib/build.sh)
    split_version
    # A file that was deleted but is still in the index is omitted.
    source_files | sort -zu | { cd "$DECKWATCH_ROOT" && xargs -0 sha256sum 2>/dev/null; } || true
  } | sha256sum | cut -c1-20
}

# build_site: builds the page into target/site, as `cargo leptos build --release --split` does, but names each
# file after what is in it at the end; see docs/adr/0020-own-build-of-the-site.md.
build_site() {
  local built=$DECKWATCH_ROOT/target/site/pkg folder=$CARGO_TARGET_DIR/front/wasm32-unknown-unknown/wasm-release
  rm -rf "$DECKWATCH_ROOT/target/site"
  mkdir -p "$built"
  # With the places in the module that refer to code, which splitting has to change.
  cargo build --lib --profile wasm-release --target wasm32-unknown-unknown --target-dir "$CARGO_TARGET_DIR/front" \
    --no-default-features --features hydrate,split --config 'build.rustflags=["-Clink-args=--emit-relocs"]' &&
    deckwatch-split "$folder/deckwatch.wasm" "$folder/first.wasm" "$built" &&
    wasm-bindgen --target web --no-typescript --keep-lld-exports --no-demangle --out-name deckwatch \
      --out-dir "$built" "$folder/first.wasm" &&
    mv "$built/deckwatch_bg.wasm" "$built/deckwatch.wasm" &&
    node "$DECKWATCH_ROOT/scripts/site/finish.mjs" "$DECKWATCH_ROOT"
}

# release_build: sets BUILD to the folder with `deckwatch` and `pkg/`.
release_build() {
  local hash
  hash=$(source_hash)
  BUILD=$BUILDS/$hash
  if [ -x "$BUILD/deckwatch" ]; then
    touch "$BUILD"
    return 0
  fi
  mkdir -p "$BUILDS"
  # One at a time: the target folder has only one finished binary.
  exec 8>"$DECKWATCH_CACHE/build.lock"
  if have flock; then flock 8; fi
  # The site first: it is embedded in the server.
  (cd "$DECKWATCH_ROOT" && build_site && cargo build --release --bin deckwatch --no-default-features --features ssr) \
    </dev/null 8>&- || return 1
  if [ "$(source_hash)" != "$hash" ]; then
    echo "The sources changed while they were built; please start again." >&2
    return 1
  fi
  keep_build
  exec 8>&-
}

keep_build() {
  local fresh=$BUILD.partial
  rm -rf "$fresh"
  mkdir -p "$fresh"
  cp "$CARGO_TARGET_DIR/release/deckwatch" "$fresh/" &&
    cp -r "$DECKWATCH_ROOT/target/site/pkg" "$fresh/pkg" || return 1
  rm -rf "$BUILD"
  mv "$fresh" "$BUILD"
  # shellcheck disable=SC2012 # the names are hashes
  ls -td "$BUILDS"/* | tail -n "+$((BUILDS_KEPT + 1))" | xargs -r rm -rf
}
