# shellcheck shell=bash
# The environment of every script here; a developer's shell may source it, too:
#   . scripts/lib/env.sh
# It only sets variables. `scripts/setup` installs what they point to.

DECKWATCH_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DECKWATCH_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/deckwatch
DECKWATCH_TOOLS=$DECKWATCH_CACHE/tools
export DECKWATCH_ROOT DECKWATCH_CACHE DECKWATCH_TOOLS

# shellcheck source=scripts/lib/versions.sh
. "$DECKWATCH_ROOT/scripts/lib/versions.sh"

# Prepends a folder to PATH, once.
deckwatch_path_first() {
  case ":$PATH:" in
    "$1":* | *":$1:"*) ;;
    *) PATH=$1:$PATH ;;
  esac
}

if [ -d "$HOME/.cargo/bin" ] && ! command -v cargo >/dev/null 2>&1; then
  deckwatch_path_first "$HOME/.cargo/bin"
fi
deckwatch_path_first "$DECKWATCH_TOOLS/cargo-deny-$CARGO_DENY_VERSION/bin"
deckwatch_path_first "$DECKWATCH_TOOLS/cargo-leptos-$CARGO_LEPTOS_VERSION/bin"
deckwatch_path_first "$DECKWATCH_TOOLS/deckwatch-split-$(split_version)/bin"
deckwatch_path_first "$DECKWATCH_TOOLS/wasm-bindgen-cli-$WASM_BINDGEN_VERSION/bin"
# wasm-opt comes from npm's binaryen: older versions of distributions break the page silently.
deckwatch_path_first "$DECKWATCH_ROOT/end2end/node_modules/.bin"
export PATH

# The Rust that `scripts/setup` has chosen: the user's own, a toolchain of rustup's, or Debian's.
DECKWATCH_RUST=${DECKWATCH_RUST:-$(cat "$DECKWATCH_CACHE/rust" 2>/dev/null || true)}
case "$DECKWATCH_RUST" in
  "" | own) ;;
  debian) if command -v rustup >/dev/null 2>&1; then export RUSTUP_TOOLCHAIN=debian; else PATH=/usr/bin:$PATH; fi ;;
  *) export RUSTUP_TOOLCHAIN=$DECKWATCH_RUST ;;
esac

# Build output is outside of the clone, so that a fresh clone builds from a warm cache.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$DECKWATCH_CACHE/target}
# Networks fail now and then; retrying is cheaper than starting over.
export CARGO_NET_RETRY=${CARGO_NET_RETRY:-10}
# Without it a plain `cargo build` makes the page request a file that does not exist.
export LEPTOS_OUTPUT_NAME=deckwatch
# Chromium comes from the system; npm must not download another one.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1

# dockerd is in a folder that is only on root's PATH.
case ":$PATH:" in *:/usr/sbin:*) ;; *) PATH=$PATH:/usr/sbin ;; esac

# The browser for the browser tests; empty means Playwright's own.
find_chromium() {
  local name
  for name in chromium chromium-browser google-chrome-stable google-chrome; do
    if DECKWATCH_CHROMIUM=$(command -v "$name"); then
      export DECKWATCH_CHROMIUM
      return 0
    fi
  done
  unset DECKWATCH_CHROMIUM
  return 1
}
