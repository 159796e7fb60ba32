# shellcheck shell=bash
# A recent Rust compiler with the wasm32 target: the user's own if it is suitable; else rustup installs what
# is missing. Where rustup's server is unreachable, Debian has a current compiler with its sources, and the
# standard library for wasm32 is built from them in under a minute.
#
# The choice is stored in the cache: `own`, a toolchain of rustup's, or `debian`.

WASM=wasm32-unknown-unknown

rust_is_recent() {
  local version
  have cargo && have rustc || return 1
  version=$(rustc --version 2>/dev/null | cut -d' ' -f2)
  printf '%s\n' "$RUST_VERSION" "${version%%-*}" | sort -CV
}

# Whether the compiler on PATH is recent and can compile for wasm32.
rust_is_ready() {
  local lib
  rust_is_recent || return 1
  lib=$(rustc --print target-libdir --target "$WASM" 2>/dev/null) || return 1
  compgen -G "$lib/libstd[-.]*rlib" >/dev/null
}

remember_rust() {
  DECKWATCH_RUST=$1
  printf '%s\n' "$1" >"$DECKWATCH_CACHE/rust"
  # shellcheck source=scripts/lib/env.sh
  . "$DECKWATCH_ROOT/scripts/lib/env.sh"
}

rustup_server_answers() {
  local server=${RUSTUP_DIST_SERVER:-https://static.rust-lang.org}
  if have curl; then
    curl -sfI -m 5 -o /dev/null "$server/dist/channel-rust-stable.toml.sha256"
  fi
}

rust_from_rustup() {
  have rustup || return 1
  if ! rustup_server_answers; then
    note "rustup's server does not answer."
    return 1
  fi
  if rust_is_recent; then
    note "rustup target add $WASM"
    timeout 300 rustup -q target add "$WASM" </dev/null && rust_is_ready && remember_rust own
  else
    note "rustup toolchain install $RUST_VERSION, with $WASM (yours is left as it is)"
    timeout 600 rustup -q toolchain install "$RUST_VERSION" --no-self-update --profile minimal \
      -c rustfmt -c clippy -t "$WASM" </dev/null && remember_rust "$RUST_VERSION" && rust_is_ready
  fi
}

debian_rust_packages() {
  # The linker is a separate package; its version is in the name that rust-lld points to.
  local lld
  lld=$(readlink /usr/bin/rust-lld 2>/dev/null || true)
  printf '%s\n' rustc-web cargo-web rust-web-src rust-web-clippy rustfmt-web rust-web-llvm "$lld"
}

is_installed() { [ "$(dpkg-query -Wf '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_debian_rust() {
  local missing package
  # Twice, because the target of rust-lld is known only after the first round.
  for _ in 1 2; do
    missing=()
    for package in $(debian_rust_packages); do
      is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    is_root || die "Debian's Rust packages are missing and only root can install them." \
      "Either: rustup target add $WASM (needs the internet)" "or:     sudo apt-get install ${missing[*]}"
    apt_install "${missing[@]}" || return 1
  done
}

DEBIAN_WASM_STD=/usr/lib/rustlib/$WASM/lib

# A standard library built by another compiler cannot be used: the stamp names its compiler.
debian_wasm_std_fits() {
  [ "$(cat "$DEBIAN_WASM_STD/.built-by" 2>/dev/null)" = "$(/usr/bin/rustc --version)" ]
}

# Builds the standard library for wasm32 from Debian's sources and installs it next to the host's.
build_debian_wasm_std() {
  local version work
  ! debian_wasm_std_fits || return 0
  version=$(/usr/bin/rustc --version | cut -d' ' -f2)
  is_root || die "The wasm32 standard library has to be put under /usr/lib/rustlib." \
    "Run \`scripts/setup\` once as root, or: rustup target add $WASM (needs the internet)"
  note "building the wasm32 standard library from /usr/src/rustc-$version (about a minute)"
  work=$(mktemp -d)
  cp -r "/usr/src/rustc-$version/library" "$work/library"
  (
    cd "$work/library" && env -u RUSTUP_TOOLCHAIN RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work/target" \
      RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes -Cdebuginfo=0 -Copt-level=3" \
      /usr/bin/cargo build -q --release --target "$WASM" --manifest-path sysroot/Cargo.toml \
      --features panic-unwind,compiler-builtins-mem </dev/null
  ) || {
    rm -rf "$work"
    return 1
  }
  rm -rf "$DEBIAN_WASM_STD"
  install -d "$DEBIAN_WASM_STD" &&
    cp "$work/target/$WASM"/release/deps/*.rlib "$DEBIAN_WASM_STD/" &&
    /usr/bin/rustc --version >"$DEBIAN_WASM_STD/.built-by" || return 1
  rm -rf "$work"
}

rust_from_debian() {
  have apt-get && have dpkg || return 1
  note "taking Debian's compiler, with a wasm32 standard library built from its sources."
  install_debian_rust && build_debian_wasm_std || return 1
  if have rustup; then rustup toolchain link debian /usr; fi
  remember_rust debian
  rust_is_ready
}

rust_is_settled() {
  [ -f "$DECKWATCH_CACHE/rust" ] && rust_is_ready &&
    { [ "$DECKWATCH_RUST" != debian ] || debian_wasm_std_fits; }
}

settle_rust() {
  if [ "$DECKWATCH_RUST" != debian ]; then
    if rust_is_ready; then
      remember_rust own
      return 0
    fi
    rust_from_rustup && return 0
  fi
  rust_from_debian && return 0
  die "No Rust $RUST_VERSION or newer with the target $WASM could be had." \
    "Install Rust from https://rustup.rs, then: rustup target add $WASM"
}

ensure_rust() {
  rust_is_settled || step "Rust with the wasm32 target" settle_rust
}

# Formatting and lints, which a minimal rustup profile lacks.
ensure_rust_lints() {
  cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 && return 0
  have rustup && [ "$DECKWATCH_RUST" != debian ] &&
    timeout 300 rustup component add rustfmt clippy </dev/null && return 0
  die "rustfmt or clippy is missing." "Install them: rustup component add rustfmt clippy"
}
