# shellcheck shell=bash
# Installs packages of the operating system. Root is needed only here.

is_root() { [ "$(id -u)" -eq 0 ]; }

can_apt() { is_root && have apt-get; }

APT_TRIES=4

# apt_install PACKAGE…: never prompts, waits for other installations, and updates the package lists when
# they are missing or outdated. It retries, because networks and mirrors fail now and then.
apt_install() {
  note "apt-get install $*"
  local try
  for ((try = 1; try <= APT_TRIES; try++)); do
    if apt_quietly install -y --no-install-recommends "$@"; then return 0; fi
    [ "$try" -lt "$APT_TRIES" ] || break
    sleep $(((try - 1) * 10))
    apt_quietly update || true
  done
  tail -n 15 "$DECKWATCH_CACHE/apt.log" >&2
  return 1
}

apt_quietly() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l timeout 1200 apt-get -qq \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold "$@" \
    </dev/null >"$DECKWATCH_CACHE/apt.log" 2>&1
}

# wish COMMAND PACKAGE… : installs an optional command. Without it something is skipped, which is reported
# there.
wish() {
  local command=$1
  shift
  if have "$command" || ! can_apt; then return 0; fi
  apt_install "$@" || note "$command could not be installed."
}

POLICY=/usr/sbin/policy-rc.d

# without_services COMMAND…: runs it while packages may not start services, which would use ports. A policy
# of the machine itself is kept.
without_services() {
  local result=0 is_ours=
  if is_root && [ -d "${POLICY%/*}" ] && [ ! -e "$POLICY" ]; then
    printf '#!/bin/sh\n# Made by the setup of Deckwatch, for a moment.\nexit 101\n' >"$POLICY" &&
      chmod 755 "$POLICY" || return 1
    is_ours=1
  fi
  "$@" || result=$?
  [ -z "$is_ours" ] || rm -f "$POLICY"
  return "$result"
}

# need COMMAND PACKAGE… : installs a required command, from a package of the distribution.
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
