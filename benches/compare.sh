#!/usr/bin/env bash
# Whole processes side by side on one file: what a filter costs in CPU time, time and memory, start to end.
#
#   cargo run --release -p scrubjay-testkit --no-default-features --example text -- web 1 134 >/dev/shm/web.log
#   python3 ../shared/corpus/make_bulk.py --mb 1024 --density 1 --out /dev/shm/bulk.log      or any log
#   cargo build --release --locked
#   benches/compare.sh /dev/shm/bulk.log [SCRUBJAY]      default: target/release/scrubjay; RUNS=5
#   TO=pipe benches/compare.sh …                         output to a pipe that is emptied; default: a file beside the input
#
# Counted are a process's own user and system CPU seconds (the clock of a busy machine says little), best of RUNS, its best
# time by the clock, and its peak memory. The contestants take turns. `cat` copies inside the kernel where it can; `copy`
# is a compiled loop of read and write with nothing in between (benches/copy.rs): the least that a filter can cost. `rg` and
# `sed` replace three base64url parts by a pattern, which is the usual rule and finds a third of what there is to find; the
# column "left" counts the lines that still have eyJ and 20 more characters afterwards. It is a hint, not a judgement:
# leakcheck judges.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

file=${1:?usage: benches/compare.sh FILE [SCRUBJAY]}
scrubjay=${2:-target/release/scrubjay}
runs=${RUNS:-5}
to=${TO:-file}
case $to in file | pipe) ;; *) echo "compare: TO is file or pipe" >&2; exit 2 ;; esac
[ -r "$file" ] || { echo "compare: cannot read $file" >&2; exit 2; }
[ -x "$scrubjay" ] || { echo "compare: no $scrubjay: cargo build --release --locked" >&2; exit 2; }
[ -x /usr/bin/time ] || { echo "compare: no /usr/bin/time: apt-get install time" >&2; exit 2; }

work=$(mktemp -d)
out=$(mktemp "$(dirname "$file")/.compare.XXXXXX")
trap 'rm -rf "$work" "$out"' EXIT
rustc -O --edition 2024 -o "$work/copy" benches/copy.rs

pattern='eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*'
contestant() { # contestant NAME: becomes that process
  case $1 in
    cat) exec "${timed[@]}" cat ;;
    copy) exec "${timed[@]}" "$work/copy" ;;
    "scrubjay "*) exec "${timed[@]}" "$scrubjay" scrub --threads "${1#* }" ;;
    rg) exec "${timed[@]}" rg --passthru --no-line-number --color never --text -r '[jwt]' "$pattern" - ;;
    sed) exec "${timed[@]}" env LC_ALL=C sed -E "s/$pattern/[jwt]/g" ;;
  esac
}

names=(cat copy "scrubjay 1" "scrubjay 2" sed)
if command -v rg >/dev/null; then names+=(rg); else echo "compare: rg is not installed and has no row: apt-get install ripgrep" >&2; fi

cat "$file" >/dev/null # Brings it into the page cache, where it fits.
for name in "${names[@]}"; do
  timed=()
  # rg ends with 1 when nothing matched: that is no failure.
  (contestant "$name") <"$file" 2>/dev/null | { LC_ALL=C grep -acE 'eyJ[A-Za-z0-9_-]{20}' || true; } >"$work/$name.left" || [ "$name" = rg ]
done
for ((run = 0; run < runs; run++)); do
  for name in "${names[@]}"; do
    # Of its own process, GNU time knows user and system seconds, the clock's seconds, and the peak in KiB.
    timed=(/usr/bin/time -q -a -o "$work/$name.times" -f '%U %S %e %M')
    if [ "$to" = file ]; then
      # A new file each time: pages that are there already are cheaper to write to.
      rm -f "$out"
      (contestant "$name") <"$file" 2>>"$work/$name.errors" >"$out"
    else
      (contestant "$name") <"$file" 2>>"$work/$name.errors" | cat >/dev/null
    fi || [ "$name" = rg ] || { cat "$work/$name.errors" >&2; exit 1; }
  done
done

bytes=$(stat -L -c %s "$file")
printf '%s, %d bytes, to a %s, best of %d, %s\n\n' "$(basename "$file")" "$bytes" "$to" "$runs" "$(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //' || uname -m)"
echo '| process | user + sys s | GB per CPU s | of copy | clock s | peak MiB | left |'
echo '|---|---:|---:|---:|---:|---:|---:|'
copy=$(awk '{ cpu = $1 + $2; if (NR == 1 || cpu < best) best = cpu } END { print best }' "$work/copy.times")
for name in "${names[@]}"; do
  awk -v name="$name" -v bytes="$bytes" -v copy="$copy" -v left="$(cat "$work/$name.left")" '
    { cpu = $1 + $2; if (NR == 1 || cpu < best) best = cpu; if (NR == 1 || $3 < clock) clock = $3; if ($4 > peak) peak = $4 }
    END {
      speed = best > 0 ? sprintf("%.2f", bytes / best / 1e9) : "-"
      share = best > 0 ? sprintf("%.0f %%", 100 * copy / best) : "-"
      printf "| %s | %.2f | %s | %s | %.2f | %.1f | %d |\n", name, best, speed, share, clock, peak / 1024, left }' "$work/$name.times"
done
