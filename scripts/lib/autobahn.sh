# shellcheck shell=bash
# shellcheck disable=SC2034 # PROBLEM and COUNTS are read by scripts/conformance
# The Autobahn suite, which tests WebSocket servers. It needs Python 2.7 and old versions of its libraries.

AUTOBAHN_VERSION=25.10.1
AUTOBAHN_HOME=$DECKWATCH_TOOLS/autobahn-$AUTOBAHN_VERSION
# Framing, pings, reserved bits, opcodes, fragmentation, UTF-8, closing, and automatic fragmentation. The
# others need messages of 16 MiB (9) or compression (12, 13), which the server does not have.
AUTOBAHN_CASES='"1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"'

# Fails with the reason in PROBLEM.
autobahn_install() {
  local log=$DECKWATCH_CACHE/autobahn.log old new
  [ ! -e "$AUTOBAHN_HOME/complete" ] || return 0
  PROBLEM="there is no Python 2.7 (with pyenv: pyenv install 2.7.18)"
  old=$(find_python 2.7) || return 1
  # The last virtualenv that makes environments of Python 2.7 runs on these.
  PROBLEM="there is no Python 3.8 to 3.11 with pip"
  new=$(find_python 3.11 3.10 3.9 3.8) || return 1
  PROBLEM="not all packages could be installed (log: $log)"
  : >"$log"
  rm -rf "$AUTOBAHN_HOME"
  mkdir -p "$AUTOBAHN_HOME"
  pip "$log" "$new" install --target "$AUTOBAHN_HOME/virtualenv" 'virtualenv<20.22' &&
    PYTHONPATH=$AUTOBAHN_HOME/virtualenv "$new" -m virtualenv -p "$old" --pip 20.3.4 --setuptools 44.0.0 \
      --wheel 0.36.2 "$AUTOBAHN_HOME/environment" </dev/null >>"$log" 2>&1 &&
    autobahn_packages "$log" "$AUTOBAHN_HOME/environment/bin/python" &&
    touch "$AUTOBAHN_HOME/complete"
}

# autobahn_packages LOG PYTHON
autobahn_packages() {
  pip "$1" "$2" install incremental==16.10.1 six==1.16.0 txaio==2.1.0 zope.interface==4.6.0 \
    pyOpenSSL==19.1.0 cryptography==3.3.2 Twisted==19.10.0 jinja2==2.11.3 markupsafe==1.1.1 \
    Werkzeug==1.0.1 klein==17.10.0 service-identity==18.1.0 unittest2==1.1.0 &&
    pip "$1" "$2" install --no-deps autobahn==0.10.9 "autobahntestsuite==$AUTOBAHN_VERSION"
}

# autobahn_run PORT FOLDER: tests the echo at PORT; sets COUNTS. Fails when a case does.
autobahn_run() {
  local port=$1 folder=$2 rc=0
  mkdir -p "$folder"
  cat >"$folder/cases.json" <<JSON
{"outdir": "$folder/report", "servers": [{"agent": "deckwatch", "url": "ws://127.0.0.1:$port/"}],
 "cases": [$AUTOBAHN_CASES], "exclude-cases": [], "exclude-agent-cases": {}}
JSON
  (cd "$folder" && timeout 600 "$AUTOBAHN_HOME/environment/bin/wstest" -m fuzzingclient -s cases.json) \
    </dev/null >"$folder/log" 2>&1 || rc=$?
  if [ "$rc" -ne 0 ] || [ ! -e "$folder/report/index.json" ]; then
    tail -n 20 "$folder/log" >&2
    COUNTS="the suite itself failed"
    return 1
  fi
  COUNTS=$(autobahn_verdict "$folder/report/index.json") || rc=$?
  return "$rc"
}

# autobahn_verdict INDEX: prints how many cases had which verdict; names those that failed, and then fails.
autobahn_verdict() {
  "$AUTOBAHN_HOME/environment/bin/python" - "$1" <<'PYTHON'
import collections, json, sys
cases = json.load(open(sys.argv[1]))["deckwatch"]
behaviours = collections.Counter(case["behavior"] for case in cases.values())
closes = collections.Counter(case["behaviorClose"] for case in cases.values())
show = lambda counts: ", ".join("%d %s" % (n, verdict) for verdict, n in counts.most_common())
print("%d cases: %s; closes: %s" % (len(cases), show(behaviours), show(closes)))
bad = ("FAILED", "WRONG CODE", "UNCLEAN", "UNIMPLEMENTED")
failed = sorted(name for name, case in cases.items() if case["behavior"] in bad or case["behaviorClose"] in bad)
for name in failed:
    sys.stderr.write("    case %s: %s, close %s\n" % (name, cases[name]["behavior"], cases[name]["behaviorClose"]))
sys.exit(bool(failed) or len(cases) < 200)
PYTHON
}
