#!/usr/bin/env bash
# Whole processes side by side on one file: what a filter costs in CPU time and memory, start to end.
#
#   python3 ../shared/corpus/make_bulk.py --mb 1024 --density 1 --out /tmp/bulk.log
#   cargo build --release --locked
#   benches/compare.sh /tmp/bulk.log [SCRUBJAY]       default: target/release/scrubjay; RUNS=5
#
# Each reads the file on standard input and writes to a pipe that is emptied, as filters are used. Counted are its own user
# and system CPU seconds (the clock of a busy machine says little), best of RUNS, and its peak memory. The contestants take
# turns. `rg` and `sed` replace three base64url parts by a pattern, which is the usual rule and finds a third of what there
# is to find; the column "left" counts the lines that still have eyJ and 20 more characters afterwards. It is a hint, not a
# judgement: leakcheck judges.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

file=${1:?usage: benches/compare.sh FILE [SCRUBJAY]}
scrubjay=${2:-target/release/scrubjay}
runs=${RUNS:-5}
[ -r "$file" ] || { echo "compare: cannot read $file" >&2; exit 2; }
[ -x "$scrubjay" ] || { echo "compare: no $scrubjay: cargo build --release --locked" >&2; exit 2; }
[ -x /usr/bin/time ] || { echo "compare: no /usr/bin/time: apt-get install time" >&2; exit 2; }

pattern='eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*'
contestant() { # contestant NAME: becomes that process
  case $1 in
    cat) exec "${timed[@]}" cat ;;
    scrubjay) exec "${timed[@]}" "$scrubjay" scrub ;;
    rg) exec "${timed[@]}" rg --passthru --no-line-number --color never --text -r '[jwt]' "$pattern" - ;;
    sed) exec "${timed[@]}" env LC_ALL=C sed -E "s/$pattern/[jwt]/g" ;;
  esac
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
names=(cat scrubjay sed)
if command -v rg >/dev/null; then names+=(rg); else echo "compare: rg is not installed and has no row" >&2; fi

cat "$file" >/dev/null # Brings it into the page cache, where it fits.
for name in "${names[@]}"; do
  timed=()
  # rg ends with 1 when nothing matched: that is no failure.
  (contestant "$name") <"$file" 2>/dev/null | { LC_ALL=C grep -acE 'eyJ[A-Za-z0-9_-]{20}' || true; } >"$work/$name.left" || [ "$name" = rg ]
done
for ((run = 0; run < runs; run++)); do
  for name in "${names[@]}"; do
    # Of its own process, GNU time knows user and system seconds and the peak in KiB.
    timed=(/usr/bin/time -q -a -o "$work/$name.times" -f '%U %S %M')
    (contestant "$name") <"$file" 2>>"$work/$name.errors" | cat >/dev/null || [ "$name" = rg ] || { cat "$work/$name.errors" >&2; exit 1; }
  done
done

bytes=$(stat -L -c %s "$file")
printf '%s, %d bytes, best of %d, %s\n\n' "$(basename "$file")" "$bytes" "$runs" "$(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //' || uname -m)"
echo '| process | user + sys s | GB per CPU s | peak MiB | left |'
echo '|---|---:|---:|---:|---:|'
for name in "${names[@]}"; do
  awk -v name="$name" -v bytes="$bytes" -v left="$(cat "$work/$name.left")" '
    { cpu = $1 + $2; if (NR == 1 || cpu < best) best = cpu; if ($3 > peak) peak = $3 }
    END { printf "| %s | %.2f | %s | %.1f | %d |\n", name, best, (best > 0 ? sprintf("%.2f", bytes / best / 1e9) : "-"), peak / 1024, left }' "$work/$name.times"
done
