#!/usr/bin/env bash
# Puts Python's jwcrypto, which tests/interop.rs opens claim sets with, and jsonschema, which judges by the schemas that the
# program prints, into $SCRUBJAY_TEST_CACHE (default ~/.cache/scrubjay-tests). Their packages are pinned by hash (tests/interop/requirements.txt). Node's jose comes with
# tests/install-oidc.sh. Safe to run again; does nothing when all is there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${SCRUBJAY_TEST_CACHE:-${HOME:-/root}/.cache/scrubjay-tests}
target=$cache/interop
wanted=$here/interop/requirements.txt

say() { printf 'install-interop: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

works() { PYTHONPATH=$target python3 -c 'import jsonschema, jwcrypto.jwe' 2>/dev/null; }
if cmp -s "$wanted" "$target/requirements.txt" && works; then exit 0; fi

# shellcheck source=tests/packages.sh
. "$here/packages.sh"
python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip

mkdir -p "$cache"
# Made beside the target and renamed into place, so that a cut install is never taken for a whole one.
temp=$(mktemp -d "$cache/.installing-XXXXXX")
trap 'rm -rf "$temp"' EXIT
say "fetching jwcrypto and jsonschema (6 MB, once) into $target"
PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
  --target "$temp/packages" --requirement "$wanted" >&2 || die "pip could not fetch them: is PyPI within reach?"
cp "$wanted" "$temp/packages/requirements.txt"
rm -rf "$target"
mv "$temp/packages" "$target"
works || die "they do not run here"
say "ready: $target"
