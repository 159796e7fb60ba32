# shellcheck shell=bash
# Installs everything that is needed, in the right order: `setup run`, `setup dev` or `setup test`.

# shellcheck source=scripts/lib/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
for part in say system rust tools python newer_docker sshd kubectl; do
  # shellcheck source=/dev/null
  . "$DECKWATCH_ROOT/scripts/lib/$part.sh"
done

# setup run|dev|test
setup() {
  local began=$SECONDS level=$1
  mkdir -p "$DECKWATCH_TOOLS"
  # One at a time: two clones would otherwise build the same tool concurrently.
  exec 9>"$DECKWATCH_CACHE/setup.lock"
  if have flock; then flock 9; fi

  need cc gcc libc6-dev
  ensure_rust
  ensure_node_modules
  ensure_build_tools
  [ "$level" != dev ] || ensure_cargo_leptos
  if [ "$level" = test ]; then
    ensure_rust_lints
    need brotli brotli
    need openssl openssl # tests make certificates
    ensure_chromium
    ensure_engine_binaries
    ensure_newer_docker
    ensure_proxies
    ensure_sshd
    ensure_kubectl
    ensure_cargo_deny
  fi
  drop_tools_target

  exec 9>&-
  printf '==> setup (%s): ready (%s)\n' "$level" "$(human_seconds $((SECONDS - began)))"
}

# The browser tests use the system's Chromium, or Playwright's own where there is none.
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

# A separate engine for the tests. Where it cannot be installed, tests that need one stay ignored.
ensure_engine_binaries() {
  wish dockerd docker.io
  # Newer Debian releases have the command in a separate package.
  wish docker docker-cli
  wish containerd containerd
  wish busybox busybox-static
  wish podman podman
  # Podman's default, crun, refuses the hybrid cgroups of some machines.
  wish runc runc
  # The engine itself runs `ps` to list the processes of a container.
  wish ps procps
}

# Proxies for the browser tests, started only by the tests. Tests of a proxy that cannot be installed report
# that they are skipped.
ensure_proxies() {
  local name
  for name in nginx haproxy caddy; do
    without_services wish "$name" "$name" || note "$name could not be installed."
  done
}
