#!/usr/bin/env bash
# Puts a real Apache Kafka for the tests into $SCRUBJAY_TEST_CACHE (default ~/.cache/scrubjay-tests), and Java and Maven on
# the machine if they are missing. Safe to run again; does nothing when all is there.
set -euo pipefail

version=4.3.1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${SCRUBJAY_TEST_CACHE:-${HOME:-/root}/.cache/scrubjay-tests}
target=$cache/kafka-$version

say() { printf 'install-kafka: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

java_version() { # major version of the java on the path, 0 without one
  local text
  text=$(java -version 2>&1) || { echo 0; return; }
  sed -n 's/.*version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p;q' <<<"$text" | grep . || echo 0
}

# shellcheck source=tests/packages.sh
. "$here/packages.sh"

if [ "$(java_version)" -lt 17 ]; then
  apt_install default-jre-headless
  # Older distributions have a default that is too old for Kafka 4.
  [ "$(java_version)" -ge 17 ] || apt_install openjdk-17-jre-headless
  [ "$(java_version)" -ge 17 ] || die "java on the path is still older than 17: put a newer one first on PATH"
fi

if [ -f "$target/complete" ]; then exit 0; fi

command -v mvn >/dev/null || apt_install maven

mkdir -p "$cache"
# Everything is made beside the target and renamed into place, so that a cut install is never taken for a whole one.
temp=$(mktemp -d "$cache/.installing-XXXXXX")
trap 'rm -rf "$temp"' EXIT
cp "$here/kafka/pom.xml" "$here/kafka/log4j2.properties" "$temp/"
say "fetching Apache Kafka $version from Maven Central (45 MB, once) into $target"
try=1
until mvn -B -q -f "$temp/pom.xml" dependency:copy-dependencies -DoutputDirectory="$temp/jars" -DincludeScope=runtime >&2; do
  [ "$try" -lt 3 ] || die "Maven could not fetch the jars: is repo.maven.apache.org (or the mirror of ~/.m2/settings.xml) within reach?"
  try=$((try + 1))
  say "try $try"
  sleep 5
done
# One formatted data folder serves every cluster: a node's identity does not depend on its ports.
printf 'process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:1\nlisteners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1\ncontroller.listener.names=CONTROLLER\nlog.dirs=%s\n' \
  "$temp/formatted" >"$temp/format.properties"
java -Xmx256m -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile="file:$temp/log4j2.properties" -cp "$temp/jars/*" \
  kafka.tools.StorageTool format -t "scrubjayTestsAAAAAAAAA" -c "$temp/format.properties" >"$temp/format.log" 2>&1 || {
  cat "$temp/format.log" >&2
  die "formatting the data folder failed"
}
[ -f "$temp/formatted/meta.properties" ] || die "formatting left no meta.properties"
touch "$temp/complete"
rm -rf "$target"
mv "$temp" "$target" 2>/dev/null || [ -f "$target/complete" ] || die "cannot move the install to $target"
trap - EXIT
say "ready: $target"
