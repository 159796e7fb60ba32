# shellcheck shell=bash
# The build tools, each in a separate folder of the cache, named after its version. They are built once with
# a fast profile: their own release profiles take three times as long.

# cargo_tool NAME VERSION BINARY CRATES [cargo install options…]
# CRATES is how many crates are compiled for it, for the progress that is shown. With the option --path FOLDER
# the tool is the one in that folder.
cargo_tool() {
  local name=$1 version=$2 binary=$3
  local home=$DECKWATCH_TOOLS/$name-$version
  shift 3
  [ ! -x "$home/bin/$binary" ] || return 0
  ! is_on_path "$binary" "$version" || return 0
  step "$name $version" install_cargo_tool "$name" "$version" "$binary" "$home" "$@"
}

# is_on_path BINARY VERSION: whether the user's own tool has exactly this version.
is_on_path() {
  local printed
  printed=$("$1" --version 2>/dev/null) || return 1
  case " $printed " in *" $2 "*) return 0 ;; esac
  return 1
}

install_cargo_tool() {
  local name=$1 version=$2 binary=$3 home=$4
  shift 4
  local fresh=$home.partial
  rm -rf "$fresh"
  mkdir -p "$fresh"
  binstall_tool "$name" "$version" "$fresh" ||
    build_cargo_tool "$name" "$version" "$fresh" "$@" || return 1
  [ -x "$fresh/bin/$binary" ] || return 1
  rm -rf "$home"
  mv "$fresh" "$home"
}

# A prebuilt binary, if cargo-binstall is installed and finds one quickly.
binstall_tool() {
  have cargo-binstall || return 1
  timeout 120 cargo-binstall --no-confirm --disable-telemetry --disable-strategies compile \
    --root "$3" "$1@$2" </dev/null >/dev/null 2>&1 || return 1
  note "taken as a ready binary by cargo-binstall"
}

build_cargo_tool() {
  local name=$1 version=$2 root=$3 crates=$4
  shift 4
  local log=$DECKWATCH_CACHE/$name.log progress failed=0 package=("$name" --version "=$version")
  case " $* " in *" --path "*) package=() ;; esac
  note "building it from source, once (log: $log)"
  : >"$log"
  # In the background, and not the build: Ctrl-C must end that. Without the lock of the setup.
  show_progress "$log" "$crates" 9>&- &
  progress=$!
  # From the root folder, so that no setting of this project applies.
  (
    cd / && env -u RUSTFLAGS CARGO_TARGET_DIR="$DECKWATCH_CACHE/tools-target" \
      CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
      CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_DEBUG=false \
      cargo install ${package[@]+"${package[@]}"} --root "$root" --no-track "$@" </dev/null
  ) >"$log" 2>&1 || failed=1
  kill "$progress"
  wait "$progress" 2>/dev/null || true
  [ "$failed" = 0 ] || tail -n 25 "$log" >&2
  return "$failed"
}

# show_progress LOG CRATES: while this script runs, prints every half minute how many crates are compiled and
# how long the rest takes at this rate.
show_progress() {
  local began=$SECONDS compiled left
  while sleep 30 >/dev/null 2>&1 && kill -0 "$$" 2>/dev/null; do
    compiled=$(grep -c '^ *Compiling ' "$1" || true)
    left=$((compiled > 0 && $2 > compiled ? (SECONDS - began) * ($2 - compiled) / compiled : 0))
    note "$compiled of $2 crates compiled, about $(human_seconds "$left") left"
  done
}

ensure_build_tools() {
  # wasm-bindgen reads and writes whole modules: some optimization pays off at every build.
  # Not --locked: its lock file may name crates that a mirror does not have yet.
  cargo_tool wasm-bindgen-cli "$WASM_BINDGEN_VERSION" wasm-bindgen 161 --bin wasm-bindgen \
    --config profile.release.opt-level=1
  cargo_tool deckwatch-split "$(split_version)" deckwatch-split 31 --path "$DECKWATCH_ROOT/scripts/site/split" --locked \
    --config profile.release.opt-level=1
}

# For development, which rebuilds and reloads on every change.
ensure_cargo_leptos() {
  # With no_downloads it uses every tool from PATH and fails instead of downloading.
  cargo_tool cargo-leptos "$CARGO_LEPTOS_VERSION" cargo-leptos 601 --locked --features no_downloads
}

ensure_cargo_deny() {
  cargo_tool cargo-deny "$CARGO_DENY_VERSION" cargo-deny 141 --locked
}

# Once no tool is missing, the folder in which they were built is no longer needed.
drop_tools_target() { rm -rf "$DECKWATCH_CACHE/tools-target"; }

# --- from npm: wasm-opt, and the dependencies of the browser tests ----------------------------

node_is_recent() { [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 18 ]; }

ensure_node_modules() {
  local wanted stamp=$DECKWATCH_ROOT/end2end/node_modules/.deckwatch-stamp
  need node nodejs npm
  need npm npm
  node_is_recent || die "Node 18 or newer is needed, not $(node --version)."
  wanted=$(sha256sum "$DECKWATCH_ROOT/end2end/package-lock.json" | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  step "wasm-opt and Playwright from npm" install_node_modules
  printf '%s\n' "$wanted" >"$stamp"
}

install_node_modules() {
  local try
  for try in 1 2 3; do
    if (cd "$DECKWATCH_ROOT/end2end" && npm ci --no-audit --no-fund --loglevel=error </dev/null); then
      return 0
    fi
    [ "$try" = 3 ] || sleep $((try * 10))
  done
  return 1
}
