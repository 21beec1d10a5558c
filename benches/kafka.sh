#!/usr/bin/env bash
# `scrubjay run --once` with a real broker: CPU seconds, time and peak memory of file → file, file → Kafka and Kafka → Kafka.
#
#   python3 ../shared/corpus/make_bulk.py --mb 256 --density 1 --out /dev/shm/bulk.log       or any log
#   tests/install-kafka.sh; cargo build --release --locked && cargo build --profile ci --locked -p scrubjay-testkit --example test-kafka
#   benches/kafka.sh /dev/shm/bulk.log [SCRUBJAY]      default: target/release/scrubjay; RUNS=3; COMPRESSION=lz4
#
# The broker runs on the same cores; only scrubjay's own process is counted. A record is a line. What comes out is counted: as many
# records as went in, or the row is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

file=$(realpath "${1:?usage: benches/kafka.sh FILE [SCRUBJAY]}")
scrubjay=${2:-target/release/scrubjay}
runs=${RUNS:-3}
compression=${COMPRESSION:-lz4}
broker=target/ci/examples/test-kafka
for need in "$file" "$scrubjay" "$broker" /usr/bin/time; do
  [ -r "$need" ] || { echo "kafka: no $need: see the head of this file" >&2; exit 2; }
done

work=$(mktemp -d)
mkfifo "$work/stop"
"$broker" <"$work/stop" >"$work/address" 2>"$work/broker.log" &
exec 3>"$work/stop"
trap 'exec 3>&-; wait; rm -rf "$work"' EXIT
until [ -s "$work/address" ]; do
  kill -0 $! 2>/dev/null || { cat "$work/broker.log" >&2; exit 1; }
  sleep 0.2
done
address=$(cat "$work/address")
jars=$(echo "${SCRUBJAY_TEST_CACHE:-$HOME/.cache/scrubjay-tests}"/kafka-*/jars)
tool() { java -Xmx256m -XX:TieredStopAtLevel=1 -cp "$jars/*" "org.apache.kafka.tools.$1" --bootstrap-server "$address" "${@:2}" 2>"$work/tool.log"; }
topic() { tool TopicCommand --create --topic "$1" --partitions 4 --replication-factor 1 >/dev/null; }
records() { tool GetOffsetShell --topic "$1" | awk -F: '{ all += $3 } END { print all + 0 }'; }

bytes=$(stat -c %s "$file")
lines=$(LC_ALL=C grep -ac '' "$file")
topic raw
tool ConsoleProducer --topic raw --compression-codec "$compression" --command-property batch.size=262144 \
  --command-property linger.ms=20 <"$file" >/dev/null || { cat "$work/tool.log" >&2; exit 1; }
[ "$(records raw)" = "$lines" ] || { echo "kafka: $(records raw) records were produced of $lines" >&2; exit 1; }
read_file="{type: file, include: [\"$file\"], start: beginning}"
read_kafka="{type: kafka, brokers: \"$address\", topics: [raw], group: GROUP, start: beginning}"

measure() { # measure NAME SOURCE SINK-KIND
  for ((run = 0; run < runs; run++)); do
    rm -rf "$work/state" "$work/out"
    local to="$1-$run" sink
    to=${to// /-}
    sink="{type: file, path: \"$work/out/clean.log\"}"
    if [ "$3" = kafka ]; then
      topic "$to"
      sink="{type: kafka, brokers: \"$address\", topic: $to, compression: $compression}"
    fi
    printf 'version: 1\nstate_dir: %s/state\nsources:\n  raw: %s\nsinks:\n  clean: %s\npipelines:\n  - {from: raw, to: clean}\n' \
      "$work" "${2/GROUP/$to}" "$sink" >"$work/pipeline.yaml"
    /usr/bin/time -q -a -o "$work/times-$1" -f '%U %S %e %M' "$scrubjay" run --once -c "$work/pipeline.yaml" >"$work/said" 2>&1 ||
      { cat "$work/said" >&2; exit 1; }
    local out
    if [ "$3" = kafka ]; then out=$(records "$to"); else out=$(cat "$work"/out/* | LC_ALL=C grep -ac ""); fi
    [ "$out" = "$lines" ] || { echo "kafka: $1: $out records of $lines" >&2; exit 1; }
  done
  awk -v name="$1" -v bytes="$bytes" -v lines="$lines" '
    { cpu = $1 + $2; if (NR == 1 || cpu < best) { best = cpu; user = $1; sys = $2 } if (NR == 1 || $3 < clock) clock = $3; if ($4 > peak) peak = $4 }
    END { printf "| %s | %.2f | %.2f | %.1f | %.2f | %.2f | %.0f |\n", name, user, sys, best / bytes * 1e9, best / lines * 1e6, clock, peak / 1024 }' "$work/times-$1"
}

printf '%s, %d bytes, %d records, %s, best of %d, %s\n\n' "$(basename "$file")" "$bytes" "$lines" "$compression" "$runs" \
  "$(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //' || uname -m)"
echo '| `run --once` | user s | system s | CPU s per GB | µs per record | clock s | peak MiB |'
echo '|---|---:|---:|---:|---:|---:|---:|'
measure 'file to file' "$read_file" file
measure 'file to kafka' "$read_file" kafka
measure 'kafka to file' "$read_kafka" file
measure 'kafka to kafka' "$read_kafka" kafka
