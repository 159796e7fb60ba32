# shellcheck shell=bash
# The output format of the scripts: one line per step, notes indented, errors on stderr.

note() { printf '    %s\n' "$*"; }

die() {
  printf '\nerror: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# 75 → "1 min 15 s"
human_seconds() {
  if [ "$1" -ge 60 ]; then
    printf '%d min %d s' $(($1 / 60)) $(($1 % 60))
  else
    printf '%d s' "$1"
  fi
}

# step "what it does" command [args…]: runs the command and prints its duration.
# A failing command stops the script with its own message.
step() {
  local what=$1 began=$SECONDS
  shift
  printf '==> %s …\n' "$what"
  "$@" || die "$what: failed."
  printf '==> %s: done (%s)\n' "$what" "$(human_seconds $((SECONDS - began)))"
}
