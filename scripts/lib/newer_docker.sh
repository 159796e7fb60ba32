# shellcheck shell=bash
# A root file system of the next Debian release with its Docker engine, kept in the cache. The tests run on
# it in addition to the installed engine, because engines differ between versions.

NEWER_DEBIAN=trixie
# Exported for the guard of an engine, which is a separate shell.
export NEWER_DOCKER_ROOT=$DECKWATCH_CACHE/debian-$NEWER_DEBIAN
# The engine runs `ps` to list the processes of a container.
NEWER_DOCKER_PACKAGES=docker.io,busybox-static,ca-certificates,iproute2,procps

# The mirror that apt uses on this machine.
debian_mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 2>/dev/null |
    grep -E '/debian/?$' | head -n 1
}

# Where it cannot be installed, the tests report what they skip.
ensure_newer_docker() {
  [ ! -x "$NEWER_DOCKER_ROOT/usr/sbin/dockerd" ] && can_apt || return 0
  wish debootstrap debootstrap
  have debootstrap && step "Docker of Debian $NEWER_DEBIAN" fetch_newer_docker ||
    note "No newer Docker engine could be fetched (log: $DECKWATCH_CACHE/newer-docker.log)."
}

fetch_newer_docker() {
  local mirror fresh=$NEWER_DOCKER_ROOT.partial
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || return 1
  rm -rf "$fresh"
  # An older keyring does not have the key of the newer release.
  timeout 900 debootstrap --variant=minbase --no-check-gpg --include="$NEWER_DOCKER_PACKAGES" \
    "$NEWER_DEBIAN" "$fresh" "$mirror" </dev/null >"$DECKWATCH_CACHE/newer-docker.log" 2>&1 || {
    rm -rf "$fresh"
    return 1
  }
  rm -rf "$fresh"/var/cache/apt/* "$fresh"/var/lib/apt/lists/* "$NEWER_DOCKER_ROOT"
  mv "$fresh" "$NEWER_DOCKER_ROOT"
}
