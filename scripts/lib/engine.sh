# shellcheck shell=bash
# A temporary engine on a private socket, separate from any engine of the user's. All of its files are in
# one folder, so that everything it leaves behind can be found by that folder.
#
# There are three kinds: `docker`, the installed engine; `docker-next`, a newer one from the next release of
# Debian, in a separate root file system (`newer_docker.sh`); and `podman`.

ENGINE_IMAGE=deckwatch-test:latest
ENGINE_START_TIMEOUT=180 # seconds
ENGINES_SKIPPED=()       # kinds for which there is no engine here, and why

engine_socket() { printf 'unix://%s/docker.sock' "$1"; }

engine_docker() {
  local dir=$1
  shift
  timeout 180 docker -H "$(engine_socket "$dir")" "$@" </dev/null
}

# engine_is_impossible [KIND]: prints why no engine of that kind can be started here; prints nothing and
# fails where one can.
engine_is_impossible() {
  local kind=${1:-docker}
  if ! is_root; then
    echo "it needs root"
  elif ! have docker; then
    echo "the command docker is not installed"
  elif ! have busybox; then
    echo "busybox is not installed, and the test image is made of it"
  elif LC_ALL=C ldd "$(command -v busybox)" 2>&1 | grep -q '=>'; then
    echo "busybox is not a static one (Debian: busybox-static)"
  else
    "engine_lacks_${kind//-/_}"
  fi
}

engine_lacks_docker() {
  if ! have dockerd || ! have containerd; then
    echo "dockerd or containerd is not installed"
  else
    return 1
  fi
}

engine_lacks_docker_next() {
  if [ ! -x "$NEWER_DOCKER_ROOT/usr/sbin/dockerd" ]; then
    echo "$NEWER_DOCKER_ROOT has no engine: it could not be fetched"
  else
    return 1
  fi
}

engine_lacks_podman() {
  if ! have podman || ! have runc; then
    echo "podman or runc is not installed"
  else
    return 1
  fi
}

# engine_start DIR [KIND]: starts an engine with the test image, which answers at $(engine_socket DIR).
engine_start() {
  local dir=$1 kind=${2:-docker}
  if [ ${#dir} -gt 60 ]; then
    echo "The engine's folder needs a shorter path: a socket's may have 107 characters." >&2
    return 1
  fi
  mkdir -p "$dir" || return 1
  rm -f "$dir/dockerd.pid"
  "engine_spawn_${kind//-/_}" "$dir"
  if engine_wait "$dir" && engine_import_image "$dir"; then return 0; fi
  tail -n 20 "$dir/dockerd.log" >&2
  engine_stop "$dir"
  return 1
}

# Every engine has a separate process group: Ctrl-C is for the scripts, which then stop it in order.
engine_spawn_docker() {
  local dir=$1
  setsid dockerd -H "$(engine_socket "$dir")" --data-root "$dir/data" --exec-root "$dir/exec" \
    --pidfile "$dir/dockerd.pid" --bridge=none --iptables=false --ip6tables=false \
    </dev/null >"$dir/dockerd.log" 2>&1 3>&- 9>&- &
}

# The newer engine runs in a mount namespace whose root is its own file system. A plain chroot is not
# enough, because runc refuses to remount its root. The folder has the same path inside, so that the socket,
# the logs and the command line are the same from both sides.
engine_spawn_docker_next() {
  local dir=$1
  # shellcheck disable=SC2016 # expanded by the inner shell
  setsid unshare -m bash -ec '
    root=$1 dir=$2 socket=$3
    mount --make-rprivate /
    mount --bind "$root" "$root"
    for point in proc sys dev; do mount --rbind "/$point" "$root/$point"; done
    mount -t tmpfs tmpfs "$root/run"
    mkdir -p "$root/run/old" "$root$dir"
    mount --bind "$dir" "$root$dir"
    cd "$root"
    pivot_root . run/old
    umount -l /run/old
    exec dockerd -H "$socket" --data-root "$dir/data" --exec-root "$dir/exec" \
      --pidfile "$dir/dockerd.pid" --bridge=none --iptables=false --ip6tables=false \
      --storage-driver=vfs
  ' newer-docker "$NEWER_DOCKER_ROOT" "$dir" "$(engine_socket "$dir")" \
    </dev/null >"$dir/dockerd.log" 2>&1 3>&- 9>&- &
}

# Options that `docker run` would need on machines without systemd, or where limits may not be raised, are
# defaults of this engine.
engine_spawn_podman() {
  local dir=$1
  mkdir -p "$dir/data" "$dir/exec"
  cat >"$dir/containers.conf" <<EOF_CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
EOF_CONF
  CONTAINERS_CONF=$dir/containers.conf setsid podman --root "$dir/data" --runroot "$dir/exec/run" \
    --tmpdir "$dir/exec/tmp" --storage-driver vfs system service --time=0 "$(engine_socket "$dir")" \
    </dev/null >"$dir/dockerd.log" 2>&1 3>&- 9>&- &
}

engine_wait() {
  local began=$SECONDS
  while [ $((SECONDS - began)) -lt "$ENGINE_START_TIMEOUT" ]; do
    if timeout 20 docker -H "$(engine_socket "$1")" version </dev/null >/dev/null 2>&1; then return 0; fi
    # The process has ended, so the engine has failed.
    if [ $((SECONDS - began)) -gt 10 ] && ! engine_pids "$1" | grep -q .; then return 1; fi
    sleep 0.2
  done
  return 1
}

# The image: a static busybox under all of its names. Nothing is downloaded.
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

# The processes with the folder on their command line: dockerd, containerd and its shims.
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

# engine_stop DIR: ends everything that the engine has started and removes everything that it has left. Safe
# to call twice, and for a folder whose engine has ended long ago.
engine_stop() {
  local dir=$1 ids containers pids
  [ -n "$dir" ] && [ -d "$dir" ] || return 0
  containers=$(ls "$dir/data/containers" "$dir/data/vfs-containers" 2>/dev/null || true) # their ids
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
  # The path at which the newer engine sees the folder.
  rmdir "${NEWER_DOCKER_ROOT:?}$dir" 2>/dev/null || true
}

# engine_end_processes SIGNAL TENTHS PIDS: signals them and waits for their end.
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

# engine_for_this_script [KIND]: starts one for the lifetime of the calling script, sets ENGINE_DIR and
# exports its address as DECKWATCH_TEST_DOCKER, _DOCKER_NEXT or _PODMAN. A separate guard cleans up even
# when the script is killed. Not every machine can run an engine; where it cannot, the tests report what
# they skip.
engine_for_this_script() {
  local kind=${1:-docker} reason variable
  variable=$(engine_variable "$kind")
  unset "$variable"
  ENGINE_DIR=
  if reason=$(engine_is_impossible "$kind"); then
    engine_is_skipped "$kind" "$reason"
    return 0
  fi
  ENGINE_DIR=$(engine_folder) || return 1
  engine_guard "$ENGINE_DIR" $$
  if ! engine_start "$ENGINE_DIR" "$kind" || ! engine_runs_containers "$ENGINE_DIR"; then
    engine_stop "$ENGINE_DIR"
    engine_is_skipped "$kind" "it did not start here, see above"
    return 0
  fi
  export "$variable=$(engine_socket "$ENGINE_DIR")"
  note "$kind $(engine_docker "$ENGINE_DIR" version -f '{{.Server.Version}}') at ${!variable}"
}

engine_variable() {
  local name=${1//-/_}
  echo "DECKWATCH_TEST_${name^^}"
}

engine_is_skipped() {
  # shellcheck disable=SC2034 # read by scripts/test
  ENGINES_SKIPPED+=("$1: $2")
  note "SKIPPED: no engine of the kind $1 for the tests: $2."
  note "Tests against it are counted as ignored."
}

# A folder for an engine. The path of a socket may have at most 107 characters, and some TMPDIRs are long.
engine_folder() {
  local base=${TMPDIR:-/tmp}
  [ ${#base} -le 35 ] || base=/tmp
  mktemp -d "$base/deckwatch-engine.XXXXXX"
}

# An engine may answer and yet not be able to start a container.
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
