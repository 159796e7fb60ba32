# shellcheck shell=bash
# shellcheck disable=SC2034 # PROBLEM and COUNTS are read by scripts/conformance
# Schemathesis, which sends every kind of request that an OpenAPI document describes, and compares the
# answers with the document.

SCHEMATHESIS_VERSION=4.32.5
SCHEMATHESIS_HOME=$DECKWATCH_TOOLS/schemathesis-$SCHEMATHESIS_VERSION
SCHEMATHESIS_CHECKS=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance
# Requests per operation.
SCHEMATHESIS_EXAMPLES=60
# An event stream never ends, so no answer can be compared. Sockets are requested without an upgrade: their
# messages are not in the document.
SCHEMATHESIS_ENDLESS=/api/containers/stream

# Fails with the reason in PROBLEM.
schemathesis_install() {
  python_package "$DECKWATCH_CACHE/schemathesis.log" "$SCHEMATHESIS_HOME" "schemathesis==$SCHEMATHESIS_VERSION"
}

# schemathesis_run ADDRESS FOLDER: tests the server at ADDRESS; sets COUNTS. Fails when an answer does not
# conform.
schemathesis_run() {
  local address=$1 folder=$2/schemathesis rc=0 seed=${DECKWATCH_TEST_SEED:-$RANDOM} ids
  mkdir -p "$folder"
  # Most requests are about containers that exist; with random ids all answers would be the same.
  ids=$(curl -sf "$address/api/containers" | grep -o '"id":"[0-9a-f]*"' | cut -d : -f 2 | paste -sd ,) || return 1
  cat >"$folder/schemathesis.toml" <<TOML
[dictionaries.containers]
values = [$ids]
[parameters]
"path.id" = { dictionary = "containers", probability = 0.8 }
"query.ids" = { dictionary = "containers", probability = 0.5 }
TOML
  (
    cd "$folder" && timeout 1800 "$SCHEMATHESIS_HOME/bin/schemathesis" --config-file schemathesis.toml \
      run "$address/api/openapi.json" --checks "$SCHEMATHESIS_CHECKS" --exclude-path "$SCHEMATHESIS_ENDLESS" \
      --phases examples,coverage,fuzzing --max-examples "$SCHEMATHESIS_EXAMPLES" --request-timeout 30 \
      --continue-on-failure --generation-database none --seed "$seed" --report json --report-dir "$folder" \
      --no-color
  ) </dev/null >"$folder/log" 2>&1 || rc=$?
  COUNTS=$(schemathesis_counts "$folder"/json-*.json) || rc=1
  if [ "$rc" -ne 0 ]; then tail -n 120 "$folder/log" >&2; fi
  return "$rc"
}

# schemathesis_counts REPORT: prints what was tested; fails if it is too little.
schemathesis_counts() {
  "$SCHEMATHESIS_HOME/bin/python" - "$1" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
operations, cases = report["operations"], report["test_cases"]
print("{} requests to {} operations: {} failures, {} errors (seed {})".format(
    cases["generated"], operations["tested"], cases["unique_failures"], cases["errored"], report["seed"]))
sys.exit(operations["tested"] < operations["selected"] or cases["generated"] < 500)
PYTHON
}
