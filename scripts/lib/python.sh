# shellcheck shell=bash
# Interpreters of Python and packages from PyPI, each set in an environment of its own in the cache.

# python_candidates VERSION: prints the interpreters that may have this version, best first.
python_candidates() {
  command -v "python$1" || true
  compgen -G "$HOME/.pyenv/versions/$1*/bin/python" || true
}

# find_python VERSION…: prints the first interpreter that has one of these versions, e.g. 3.11.
find_python() {
  local version candidate
  for version in "$@"; do
    while read -r candidate; do
      # The interpreters of pyenv's shims exist also where that version is not chosen.
      if [ "$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$version" ]; then
        printf '%s\n' "$candidate"
        return 0
      fi
    done < <(python_candidates "$version")
  done
  return 1
}

# python_package LOG HOME PACKAGE==VERSION: installs a package in an environment of its own in HOME, once. Fails
# with the reason in PROBLEM.
python_package() {
  local log=$1 home=$2 package=$3 python
  [ ! -e "$home/complete" ] || return 0
  PROBLEM="there is no Python 3.10 or newer with venv and pip"
  python=$(find_python 3.11 3.12 3.13 3.14 3.10) || return 1
  PROBLEM="not all packages could be installed (log: $log)"
  : >"$log"
  rm -rf "$home"
  "$python" -m venv "$home" </dev/null >>"$log" 2>&1 &&
    pip "$log" "$home/bin/python" install "$package" &&
    touch "$home/complete"
}

# pip LOG PYTHON ARGUMENTS…: pip without questions; the end of its output is shown when it fails.
pip() {
  local log=$1 python=$2
  shift 2
  if timeout 900 "$python" -m pip --disable-pip-version-check --no-input "$@" </dev/null >>"$log" 2>&1; then
    return 0
  fi
  tail -n 5 "$log" >&2
  return 1
}
