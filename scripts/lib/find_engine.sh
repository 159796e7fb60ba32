# shellcheck shell=bash
# Finds the container engine that `scripts/run` shows: the one in DOCKER_HOST, else Docker's default socket,
# else Podman's.

# engine_answers URL
engine_answers() {
  case "$1" in
    unix://*)
      local path=${1#unix://}
      [ -S "$path" ] || return 1
      if have curl; then
        curl -sf -m 3 -o /dev/null --unix-socket "$path" http://localhost/_ping
      else
        [ -w "$path" ]
      fi
      ;;
    tcp://*)
      # With TLS the check would need the user's certificates; the program itself reports errors.
      if [ -n "${DOCKER_TLS_VERIFY:-}" ] || ! have curl; then return 0; fi
      curl -sf -m 3 -o /dev/null "http://${1#tcp://}/_ping"
      ;;
  esac
}

# Sets ENGINE to the address of an engine that answers, or fails.
find_engine() {
  local url
  if [ -n "${DOCKER_HOST:-}" ]; then
    ENGINE=$DOCKER_HOST
    engine_answers "$ENGINE"
    return
  fi
  for url in unix:///var/run/docker.sock \
    "unix://${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/podman/podman.sock" unix:///run/podman/podman.sock; do
    ENGINE=$url
    if engine_answers "$url"; then return 0; fi
  done
  return 1
}

explain_missing_engine() {
  if [ -n "${DOCKER_HOST:-}" ]; then
    note "No container engine answers at DOCKER_HOST=$DOCKER_HOST."
  elif [ -S /var/run/docker.sock ] && ! [ -w /var/run/docker.sock ]; then
    note "Docker's socket /var/run/docker.sock is there, but you may not use it."
    note "To connect it: sudo usermod -aG docker \"\$USER\", sign in again, and start again."
  else
    note "No container engine was found: neither Docker's socket nor Podman's answers."
    note "To connect one: start Docker, or: systemctl --user start podman.socket,"
    note "or name it: DOCKER_HOST=unix:///path/to/docker.sock scripts/run"
  fi
  note "Until then a synthetic host named \`demo\` with 24 containers is shown beside this host's real figures."
}
