# shellcheck shell=bash
# What has to be there, and in which order. `setup run` or `setup test`.

# shellcheck source=scripts/lib/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
for part in say system rust tools newer_docker sshd; do
  # shellcheck source=/dev/null
  . "$DECKWATCH_ROOT/scripts/lib/$part.sh"
done

# setup run|test
setup() {
  local began=$SECONDS level=$1
  mkdir -p "$DECKWATCH_TOOLS"
  # One at a time: two clones would otherwise build the same tool side by side.
  exec 9>"$DECKWATCH_CACHE/setup.lock"
  if have flock; then flock 9; fi

  need cc gcc libc6-dev
  ensure_rust
  ensure_node_modules
  ensure_build_tools
  if [ "$level" = test ]; then
    ensure_rust_lints
    need brotli brotli
    need openssl openssl # tests make certificates
    ensure_chromium
    ensure_engine_binaries
    ensure_newer_docker
    ensure_proxies
    ensure_sshd
    ensure_cargo_deny
  fi
  drop_tools_target

  exec 9>&-
  printf '==> setup (%s): ready (%s)\n' "$level" "$(human_seconds $((SECONDS - began)))"
}

# The browser tests take the system's Chromium; Playwright's own where there is none.
ensure_chromium() {
  find_chromium && return 0
  wish chromium chromium
  find_chromium && return 0
  note "no Chromium on PATH: asking Playwright for its own"
  (
    cd "$DECKWATCH_ROOT/end2end" && unset PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD &&
      timeout 300 npx --no-install playwright install chromium </dev/null
  ) || die "No Chromium could be had." "Install it; on Debian: sudo apt-get install chromium"
}

# An engine of our own for the tests. Where it cannot be had, tests that need one stay ignored.
ensure_engine_binaries() {
  wish dockerd docker.io
  # Newer Debian has the command in a package of its own.
  wish docker docker-cli
  wish containerd containerd
  wish busybox busybox-static
  wish podman podman
  # Podman's own choice, crun, refuses the hybrid cgroups of some machines.
  wish runc runc
  # The engine itself runs `ps` to tell a container's processes.
  wish ps procps
}

# Proxies for the browser tests, started by the tests alone. Behind one that cannot be had they say
# that they are skipped.
ensure_proxies() {
  local name
  for name in nginx haproxy caddy; do
    without_services wish "$name" "$name" || note "$name could not be installed."
  done
}
