# shellcheck shell=bash
# An SSH server for the tests of engines behind SSH: the machine's own, or a copy in the cache. It is never
# installed, because that would open the machine to others at its next start.

SSHD_FOLDER=$DECKWATCH_CACHE/sshd
SSHD_PACKAGES=(openssh-server libwrap0)

# Exports DECKWATCH_TEST_SSHD if there is one. Without it the tests report what they skip.
ensure_sshd() {
  unset DECKWATCH_TEST_SSHD
  have ssh || wish ssh openssh-client
  if [ ! -x "$SSHD_FOLDER/sshd" ] && ! have sshd && can_apt; then
    fetch_sshd || note "no SSH server could be fetched (log: $DECKWATCH_CACHE/sshd.log)"
  fi
  find_sshd || true
}

find_sshd() {
  # It must be called by its absolute path.
  DECKWATCH_TEST_SSHD=$(command -v sshd || true)
  if [ -z "$DECKWATCH_TEST_SSHD" ] && [ -x "$SSHD_FOLDER/sshd" ]; then
    DECKWATCH_TEST_SSHD=$SSHD_FOLDER/sshd
  fi
  [ -n "$DECKWATCH_TEST_SSHD" ] && have ssh && export DECKWATCH_TEST_SSHD
}

fetch_sshd() {
  local fresh=$SSHD_FOLDER.partial package
  rm -rf "$fresh"
  mkdir -p "$fresh"
  (
    cd "$fresh" && apt-get download "${SSHD_PACKAGES[@]}" &&
      for package in *.deb; do dpkg-deb -x "$package" . || exit 1; done
  ) </dev/null >"$DECKWATCH_CACHE/sshd.log" 2>&1 || return 1
  rm -f "$fresh"/*.deb
  # Its library is next to it. It executes itself for each connection, by this path.
  cat >"$fresh/sshd" <<'EOF'
#!/bin/sh
here=$(dirname "$0")
libraries=$(find "$here" -name 'libwrap.so.0' -exec dirname {} \; | head -n 1)
LD_LIBRARY_PATH=$libraries exec "$here/usr/sbin/sshd" "$@"
EOF
  chmod 755 "$fresh/sshd"
  rm -rf "$SSHD_FOLDER"
  mv "$fresh" "$SSHD_FOLDER"
}
