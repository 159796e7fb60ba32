# shellcheck shell=bash
# shellcheck disable=SC2034 # PROBLEM and COUNTS are read by scripts/conformance
# Prometheus and its promtool: the machine's own, or a copy of Debian's package in the cache. The package is
# never installed, because it would start a server.

PROMETHEUS_HOME=$DECKWATCH_TOOLS/prometheus
# Series that a server with synthetic containers has.
PROMETHEUS_SERIES=(deckwatch_uptime_seconds deckwatch_container_running deckwatch_http_sent_bytes_total
  deckwatch_socket_duration_seconds_count deckwatch_source_state deckwatch_alarms)

# Fails with the reason in PROBLEM.
prometheus_install() {
  local log=$DECKWATCH_CACHE/prometheus.log fresh=$PROMETHEUS_HOME.partial
  if have prometheus && have promtool; then return 0; fi
  PATH=$PATH:$PROMETHEUS_HOME/usr/bin
  if have prometheus && have promtool; then return 0; fi
  PROBLEM="it is not on PATH, and there is no apt-get"
  have apt-get && have dpkg-deb || return 1
  PROBLEM="the package could not be fetched (log: $log)"
  rm -rf "$fresh"
  mkdir -p "$fresh"
  (cd "$fresh" && apt-get download prometheus && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb) \
    </dev/null >"$log" 2>&1 || return 1
  rm -rf "$PROMETHEUS_HOME"
  mv "$fresh" "$PROMETHEUS_HOME"
  # A library of the package may be missing here.
  PROBLEM="the package does not run here (log: $log)"
  promtool --version >>"$log" 2>&1 && prometheus --version >>"$log" 2>&1
}

# prometheus_run ADDRESS FOLDER: sets COUNTS. Fails when promtool objects, or a scrape does not succeed.
prometheus_run() {
  local address=$1 folder=$2/prometheus
  mkdir -p "$folder"
  curl -sf "$address/metrics" >"$folder/metrics" || return 1
  # It also objects to matters of style, on standard error, with success.
  promtool check metrics <"$folder/metrics" >"$folder/promtool.log" 2>&1 || true
  if [ -s "$folder/promtool.log" ]; then
    COUNTS="promtool objects"
    cat "$folder/promtool.log" >&2
    return 1
  fi
  prometheus_scrape "${address#http://}" "$folder"
}

# prometheus_scrape TARGET FOLDER: runs a Prometheus until it has scraped TARGET twice.
prometheus_scrape() {
  local target=$1 folder=$2 port tenths=300 scrapes=0 series
  port=$(free_port)
  cat >"$folder/prometheus.yml" <<YAML
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: deckwatch
    static_configs: [{targets: ["$target"]}]
YAML
  prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" \
    --web.listen-address="127.0.0.1:$port" >"$folder/log" 2>&1 &
  PROCESSES+=($!)
  while [ "$scrapes" -lt 2 ] && [ "$tenths" -gt 0 ]; do
    sleep 0.2
    tenths=$((tenths - 2))
    scrapes=$(prometheus_value "$port" 'count_over_time(up{job="deckwatch"}[1m])')
  done
  COUNTS="$scrapes scrapes of $(prometheus_value "$port" 'scrape_samples_scraped{job="deckwatch"}') samples"
  [ "$scrapes" -ge 2 ] && [ "$(prometheus_value "$port" 'min_over_time(up{job="deckwatch"}[1m])')" = 1 ] || return 1
  for series in "${PROMETHEUS_SERIES[@]}"; do
    [ "$(prometheus_value "$port" "count($series)")" != 0 ] || return 1
  done
}

# prometheus_value PORT QUERY: prints the value of an instant query, 0 when there is none.
prometheus_value() {
  curl -sf --data-urlencode "query=$2" "http://127.0.0.1:$1/api/v1/query" |
    sed -n 's/.*"value":\[[^,]*,"\([^"]*\)"\].*/\1/p' | grep . || echo 0
}
