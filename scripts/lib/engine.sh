# shellcheck shell=bash
# A throw-away Docker engine on a private socket, beside any engine of the user's and never touching it.
# Everything it has stands in one folder, so that everything it leaves can be found by that folder.

ENGINE_IMAGE=deckwatch-test:latest
ENGINE_START_TIMEOUT=180 # seconds

engine_socket() { printf 'unix://%s/docker.sock' "$1"; }

engine_docker() {
  local dir=$1
  shift
  timeout 180 docker -H "$(engine_socket "$dir")" "$@" </dev/null
}

# Says why no engine can be started here; silent and false where one can.
engine_is_impossible() {
  if ! is_root; then
    echo "it needs root"
  elif ! have dockerd || ! have docker; then
    echo "dockerd or docker is not installed"
  elif ! have containerd; then
    echo "containerd is not installed"
  elif ! have busybox; then
    echo "busybox is not installed, and the test image is made of it"
  elif LC_ALL=C ldd "$(command -v busybox)" 2>&1 | grep -q '=>'; then
    echo "busybox is not a static one (Debian: busybox-static)"
  else
    return 1
  fi
}

# engine_start DIR: an engine with the test image, answering at $(engine_socket DIR).
engine_start() {
  local dir=$1
  if [ ${#dir} -gt 60 ]; then
    echo "The engine's folder needs a shorter path: a socket's may have 107 characters." >&2
    return 1
  fi
  mkdir -p "$dir" || return 1
  rm -f "$dir/dockerd.pid"
  # A process group of its own: Ctrl-C is for the scripts, which then stop it in order.
  setsid dockerd -H "$(engine_socket "$dir")" --data-root "$dir/data" --exec-root "$dir/exec" \
    --pidfile "$dir/dockerd.pid" --bridge=none --iptables=false --ip6tables=false \
    </dev/null >"$dir/dockerd.log" 2>&1 3>&- 9>&- &
  if engine_wait "$dir" && engine_import_image "$dir"; then return 0; fi
  tail -n 20 "$dir/dockerd.log" >&2
  engine_stop "$dir"
  return 1
}

engine_wait() {
  local began=$SECONDS
  while [ $((SECONDS - began)) -lt "$ENGINE_START_TIMEOUT" ]; do
    if timeout 20 docker -H "$(engine_socket "$1")" version </dev/null >/dev/null 2>&1; then return 0; fi
    # No such process any more means that it gave up.
    if [ $((SECONDS - began)) -gt 10 ] && ! engine_pids "$1" | grep -q .; then return 1; fi
    sleep 0.2
  done
  return 1
}

# The image: a static busybox under all its names. Nothing is downloaded.
engine_import_image() {
  local root=$1/rootfs applet
  mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,var,root,www} || return 1
  cp "$(command -v busybox)" "$root/bin/busybox" || return 1
  for applet in $(busybox --list); do
    [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  echo 'deckwatch test' >"$root/www/index.html"
  tar c -C "$root" . | timeout 300 docker -H "$(engine_socket "$1")" \
    import --change 'ENV PATH=/bin' --change 'CMD ["/bin/sh"]' - "$ENGINE_IMAGE" >/dev/null || return 1
  rm -rf "$root"
}

# The processes that name the folder on their command line: dockerd, containerd and its shims.
engine_pids() {
  local file
  for file in /proc/[0-9]*/cmdline; do
    if { tr '\0' '\n' <"$file" | grep -qF -e "$1/data" -e "$1/exec/"; } 2>/dev/null; then
      file=${file#/proc/}
      printf '%s\n' "${file%/cmdline}"
    fi
  done
}

# The processes inside the containers with these ids; they outlive a shim that is killed.
engine_container_pids() {
  local id
  for id in $1; do
    find /sys/fs/cgroup -path "*$id*" -name cgroup.procs -exec cat {} + 2>/dev/null
  done | sort -un
}

# engine_stop DIR: ends everything the engine started and removes everything it left.
# Safe to call twice, and for a folder whose engine is long dead.
engine_stop() {
  local dir=$1 ids containers pids
  [ -n "$dir" ] && [ -d "$dir" ] || return 0
  containers=$(ls "$dir/data/containers" 2>/dev/null || true) # their ids
  if [ -S "$dir/docker.sock" ]; then
    ids=$(timeout 10 docker -H "$(engine_socket "$dir")" ps -aq </dev/null 2>/dev/null || true)
    # shellcheck disable=SC2086 # one word per container
    [ -z "$ids" ] || engine_docker "$dir" rm -f $ids >/dev/null 2>&1 || true
  fi
  engine_end_processes TERM 50 "$(engine_pids "$dir")"
  pids="$(engine_pids "$dir") $(engine_container_pids "$containers")"
  engine_end_processes KILL 25 "$pids"
  engine_unmount "$dir"
  engine_remove_cgroups "$containers"
  rm -rf --one-file-system "$dir"
}

# engine_end_processes SIGNAL TENTHS PIDS: signals them and waits until they are gone.
engine_end_processes() {
  local signal=$1 tenths=$2 pid
  for pid in $3; do kill -s "$signal" "$pid" 2>/dev/null || true; done
  for pid in $3; do
    while [ "$tenths" -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
      sleep 0.1
      tenths=$((tenths - 1))
    done
  done
}

engine_unmount() {
  local point
  awk -v dir="$1/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
    while read -r point; do umount -l "$point" 2>/dev/null || true; done
}

engine_remove_cgroups() {
  local id
  for id in $1; do
    find /sys/fs/cgroup -depth -type d -path "*$id*" -exec rmdir {} + 2>/dev/null || true
  done
}

# engine_for_this_script: starts one for as long as the calling script lives, and exports
# DECKWATCH_TEST_DOCKER. A guard of its own cleans up even when the script is killed outright. Not
# every machine lets an engine run; where it does not, the tests say what they skip.
engine_for_this_script() {
  local reason
  unset DECKWATCH_TEST_DOCKER
  if reason=$(engine_is_impossible); then
    engine_is_skipped "$reason"
    return 0
  fi
  ENGINE_DIR=$(engine_folder) || return 1
  engine_guard "$ENGINE_DIR" $$
  if ! engine_start "$ENGINE_DIR" || ! engine_runs_containers "$ENGINE_DIR"; then
    engine_stop "$ENGINE_DIR"
    engine_is_skipped "it did not start here, see above"
    return 0
  fi
  DECKWATCH_TEST_DOCKER=$(engine_socket "$ENGINE_DIR")
  export DECKWATCH_TEST_DOCKER
  note "Docker $(engine_docker "$ENGINE_DIR" version -f '{{.Server.Version}}') at $DECKWATCH_TEST_DOCKER"
}

engine_is_skipped() {
  # shellcheck disable=SC2034 # read by scripts/test
  ENGINE_SKIPPED=$1
  note "SKIPPED: no Docker engine for the tests: $1."
  note "Tests against a real engine are counted as ignored."
}

# A folder for an engine. A socket's path may have 107 characters, and some TMPDIRs are long.
engine_folder() {
  local base=${TMPDIR:-/tmp}
  [ ${#base} -le 35 ] || base=/tmp
  mktemp -d "$base/deckwatch-engine.XXXXXX"
}

# An engine may answer and yet not be allowed to start a container.
engine_runs_containers() {
  engine_docker "$1" run --rm "$ENGINE_IMAGE" true >/dev/null
}

# engine_guard DIR PID: waits in the background for the end of PID, then stops the engine.
engine_guard() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  setsid bash -c '
    trap "" INT HUP TERM
    . "$DECKWATCH_ROOT/scripts/lib/engine.sh"
    while kill -0 "$2" 2>/dev/null; do sleep 1; done
    engine_stop "$1"
  ' engine-guard "$1" "$2" </dev/null >/dev/null 2>&1 3>&- 9>&- &
}
