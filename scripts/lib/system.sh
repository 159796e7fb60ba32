# shellcheck shell=bash
# Packages of the operating system. Only here is root needed.

is_root() { [ "$(id -u)" -eq 0 ]; }

can_apt() { is_root && have apt-get; }

apt_install() {
  note "apt-get install $*"
  local tries
  for tries in 1 2; do
    if DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
      -o DPkg::Lock::Timeout=300 "$@" </dev/null >"$DECKWATCH_CACHE/apt.log" 2>&1; then
      return 0
    fi
    # Stale or empty package lists are the usual reason: fetch them and try once more.
    [ "$tries" = 2 ] || apt-get -qq update >/dev/null 2>&1 || true
  done
  tail -n 15 "$DECKWATCH_CACHE/apt.log" >&2
  return 1
}

# need COMMAND PACKAGE… : makes sure that a command is there, from a distribution's package.
need() {
  local command=$1
  shift
  if ! have "$command"; then
    if can_apt; then
      step "$command" apt_install "$@"
    fi
    have "$command" ||
      die "\`$command\` is missing." "Install it and start again; on Debian or Ubuntu: sudo apt-get install $*"
  fi
}
