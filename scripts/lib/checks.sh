# shellcheck shell=bash
# The checks of `scripts/test`, one function each. They run with `set -e`; their output goes to a log that
# is shown when they fail, while the output of `tell` is always shown.

# shellcheck disable=SC2034 # read by scripts/test
CHECKS=(fmt screenshots clippy-ssr clippy-hydrate docs test deny build size browser)
# Limits in bytes, compressed with Brotli, for the JavaScript and WebAssembly that a page needs to become
# interactive, and for each part that is loaded later. See docs/adr/0007-size-of-the-page.md.
PART_BUDGET=$((150 * 1024))
# The first views: name, KiB, and the part that it needs in addition to the module of all pages.
FIRST_VIEWS=("overview 420" "containers 420 containers" "container 420 container" "logs 420 logs")

tell() { note "$*" >&3; }

check_fmt() { cargo fmt --check; }

# Fails when the styles have changed since the screenshots were taken.
check_screenshots() {
  [ "$(look_hash)" = "$(cat "$LOOK_FILE")" ] && return 0
  echo "The styles have changed since the screenshots were taken: run scripts/screenshots."
  return 1
}

check_clippy_ssr() { cargo clippy --features ssr --all-targets -- -D warnings; }

check_clippy_hydrate() {
  cargo clippy --lib --features hydrate --target wasm32-unknown-unknown -- -D warnings
}

check_docs() {
  RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --features ssr --document-private-items
}

# The test suites that need a real engine, one per line: the suite (a name for `cargo test --test`), the
# kind of engine, and a filter for the names of the tests, if not all are meant. Such tests have `#[ignore =
# "needs …"]`, so that a run without the engine counts them as ignored, never as passed.
ENGINE_SUITES=(
  "engines docker docker::"
  "engines docker-next docker::"
  "engines podman podman::"
  "server docker"
)

check_test() {
  local failed=0 suite kind filter
  # The user's engine must not influence the tests.
  unset DOCKER_HOST
  cargo test --features ssr --no-fail-fast || failed=$?
  tell "tests: $(test_counts <"$LOG")"
  kubectl_suite || failed=$?
  # They need no engine.
  SKIPPED=(--skip kubectl::)
  if [ -z "${DECKWATCH_TEST_SSHD:-}" ]; then
    SKIPPED+=(--skip ssh::)
    tell "tests of engines behind SSH: SKIPPED, there is no SSH server"
  fi
  if [ -z "${DECKWATCH_TEST_DOCKER_NEXT:-}" ] || [ -z "${DECKWATCH_TEST_PODMAN:-}" ]; then
    SKIPPED+=(--skip real_hosts::)
    tell "tests of several engines: SKIPPED, there are not three"
  fi
  for suite in "${ENGINE_SUITES[@]}"; do
    read -r suite kind filter <<<"$suite"
    engine_suite "$suite" "$kind" "$filter" || failed=$?
  done
  return "$failed"
}

# The tests in which a real kubectl uses the fake cluster.
kubectl_suite() {
  if [ -z "${DECKWATCH_TEST_KUBECTL:-}" ]; then
    tell "tests with kubectl: SKIPPED, there is no kubectl"
    return 0
  fi
  ignored_tests "tests with kubectl" server kubectl::
}

# engine_suite SUITE KIND [FILTER]: runs the ignored tests of SUITE, which find the engine in
# DECKWATCH_TEST_DOCKER. Without an engine they stay ignored, which is reported.
engine_suite() {
  local address
  address=$(engine_variable "$2")
  if [ -z "${!address:-}" ]; then
    tell "tests of $1 on $2: SKIPPED, there is no such engine"
    return 0
  fi
  DECKWATCH_TEST_DOCKER=${!address} \
    ignored_tests "tests of $1 on $2" "$1" ${3:+"$3"} "${SKIPPED[@]}"
}

# ignored_tests WHAT SUITE ARGUMENTS…: runs the ignored tests of SUITE, and reports their results as WHAT.
ignored_tests() {
  local failed=0 before what=$1 suite=$2
  shift 2
  before=$(wc -l <"$LOG")
  cargo test --features ssr --no-fail-fast --test "$suite" -- --ignored "$@" || failed=$?
  tell "$what: $(tail -n "+$((before + 1))" "$LOG" | test_counts)"
  return "$failed"
}

# test_counts: sums up the results of the test programs on standard input.
test_counts() {
  awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
    END { printf "%d passed, %d failed, %d ignored\n", passed, failed, ignored }'
}

check_deny() {
  cargo deny check bans licenses sources
  if GIT_TERMINAL_PROMPT=0 timeout 15 git ls-remote -q https://github.com/RustSec/advisory-db HEAD; then
    cargo deny check advisories
  else
    tell "advisories: SKIPPED, the RustSec database cannot be reached from here"
  fi
}

# Reused when the sources have not changed since; the same build that `scripts/run` starts.
check_build() { release_build; }

# compressed FILE…: prints the total size of these files of the build, each compressed with Brotli.
compressed() {
  local file total=0
  for file in "$@"; do
    total=$((total + $(brotli -q 11 -c "$BUILD/pkg/$file" | wc -c)))
  done
  printf '%s\n' "$total"
}

# part_files [PART]: prints the files of a part, one per line; without an argument the names of all parts.
part_files() {
  node -e '
    const [, manifest, part] = process.argv;
    const parts = JSON.parse(require("fs").readFileSync(manifest));
    console.log((part ? parts[part].map((stem) => `${stem}.wasm`) : Object.keys(parts).sort()).join("\n"));
  ' "$BUILD"/pkg/__wasm_split_manifest*.json "$@"
}

# within NAME BYTES BUDGET: prints the size; fails if it exceeds the budget.
within() {
  tell "$(printf '%-28s %7d bytes with Brotli, %d of %d KiB' "$1" "$2" $((($2 + 1023) / 1024)) $(($3 / 1024)))"
  [ "$2" -le "$3" ]
}

check_size() {
  local all name view budget part parts files failed=0
  release_build
  # Loaded by every page: the module, the script that starts it, and the loader of parts.
  all=$(cd "$BUILD/pkg" && compressed deckwatch.*wasm deckwatch.*js __wasm_split.*js)
  for view in "${FIRST_VIEWS[@]}"; do
    read -r name budget part <<<"$view"
    files=()
    [ -z "$part" ] || mapfile -t files < <(part_files "$part")
    within "first view: $name" $((all + $(compressed ${files[@]+"${files[@]}"}))) $((budget * 1024)) || failed=1
  done
  mapfile -t parts < <(part_files)
  for part in "${parts[@]}"; do
    mapfile -t files < <(part_files "$part")
    within "part: $part" "$(compressed "${files[@]}")" "$PART_BUDGET" || failed=1
  done
  return "$failed"
}

check_browser() {
  local failed=0 counts
  release_build
  cd end2end || return 1
  DECKWATCH_BIN=$BUILD/deckwatch CI=1 npx --no-install playwright test || failed=$?
  counts=$(grep -E '^ +[0-9]+ (passed|failed|flaky|skipped|did not run)' "$LOG" | tr -s ' \n' ' ' || true)
  tell "browser tests:${counts:- none ran}"
  return "$failed"
}

# failed_tests LOG: the names of the tests that failed, did not end, or failed only at first.
failed_tests() {
  awk '/^test .* has been running for over / { slow[$2] = 1 }
    /^test .* \.\.\. / { delete slow[$2] }
    /^test .* \.\.\. FAILED$/ { print $2 }
    /^error: test failed, to rerun pass/ { sub(/.*rerun pass /, ""); print "in " $0 }
    END { for (name in slow) print name " did not end" }' "$1"
  awk '/^ +[0-9]+ (failed|flaky|interrupted)$/ { kind = $2; next }
    /^ +[0-9]+ / { kind = "" }
    kind && /^    [^ ]/ { sub(/^ +/, ""); print kind ": " $0 }' "$1"
}

# engines_of CHECK: the kinds of engines that it needs.
engines_of() {
  case "$1" in
    test) echo docker docker-next podman ;;
    browser) echo docker ;;
  esac
}
