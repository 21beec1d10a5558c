# Packages of the distribution, for the install scripts beside this file, which source it. `say` and `die` are theirs.

# apt_install PACKAGE…: with sudo only when not root; asks for the lists once.
apt_updated=
apt_install() {
  command -v apt-get >/dev/null || die "this machine has no apt-get: install $* yourself, then run this again"
  local as=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo: run 'apt-get install $*' as root, then run this again"
    as=(sudo)
  fi
  if [ -z "$apt_updated" ]; then
    say "apt-get update"
    "${as[@]}" apt-get update -qq >&2
    apt_updated=1
  fi
  say "apt-get install $*"
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}
