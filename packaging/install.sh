#!/bin/sh
# Installs hawser, one file, where its user may write; needs no root and asks nothing.
#
#   sh install.sh               installs or replaces hawser
#   sh install.sh --uninstall   removes it
#
# HAWSER_VERSION       the version to install
# HAWSER_INSTALL_DIR   where to; by default /usr/local/bin for root, else ~/.local/bin
# HAWSER_BASE_URL      where the releases are: v<version>/SHA256SUMS and the archives below it
# HAWSER_MIRROR        the same for the archive alone: the sums still come from HAWSER_BASE_URL
# HAWSER_SHA256        the archive's sum, from a place of your own: SHA256SUMS is not asked for then
# HAWSER_PUBLIC_KEY    minisign's public key: SHA256SUMS must be signed by it (needs minisign)
set -eu

# the release fills both in
version=${HAWSER_VERSION:-}
base_url=${HAWSER_BASE_URL:-}

main() {
  case ${1:-} in
    '' | --uninstall) ;;
    *) fail "there is no argument $1: --uninstall, or none" ;;
  esac
  dir=${HAWSER_INSTALL_DIR:-$(default_dir)}
  if [ "${1:-}" = --uninstall ]; then
    uninstall
  else
    install_hawser
  fi
}

install_hawser() {
  [ -n "$version" ] || fail 'HAWSER_VERSION says no version'
  [ -n "$base_url" ] || fail 'HAWSER_BASE_URL says no url'
  must_be_https "$base_url"
  must_be_https "${HAWSER_MIRROR:-$base_url}"
  [ ! -d "$dir/hawser" ] || fail "$dir/hawser is a folder"
  umask 022
  name=hawser-$version-$(find_target)
  archive=$name.tar.gz
  mkdir -p "$dir" || fail "$dir can't be made"
  folder=$(mktemp -d "$dir/.hawser-XXXXXX") || fail "$dir can't be written to"
  trap 'rm -rf "$folder"' EXIT
  trap 'exit 1' HUP INT TERM

  sum=$(find_sum)
  download "${HAWSER_MIRROR:-$base_url}/v$version/$archive" "$folder/$archive"
  found=$(sha256 "$folder/$archive")
  [ "$found" = "$sum" ] ||
    fail "$archive is not what was released: its SHA-256 is $found, and should be $sum"
  tar -xzf "$folder/$archive" -C "$folder" "$name/hawser" || fail "$archive can't be unpacked in $dir"
  chmod 755 "$folder/$name/hawser"
  "$folder/$name/hawser" version >"$folder/version" 2>&1 ||
    fail "hawser does not run here: $(cat "$folder/version")"
  mv -f "$folder/$name/hawser" "$dir/hawser" || fail "$dir/hawser can't be replaced"
  say "hawser $version is $dir/hawser"
  case :$PATH: in
    *":$dir:"*) ;;
    *) say "$dir is not in PATH" ;;
  esac
}

uninstall() {
  if [ ! -e "$dir/hawser" ] && [ ! -L "$dir/hawser" ]; then
    say "there is no $dir/hawser"
    return
  fi
  rm -f "$dir/hawser" || fail "$dir/hawser can't be removed"
  say "$dir/hawser is removed"
}

# the archive's SHA-256: as it was given, or of the list, which must be signed where a key was given
find_sum() {
  if [ -n "${HAWSER_SHA256:-}" ]; then
    echo "$HAWSER_SHA256"
    return
  fi
  sums=$folder/SHA256SUMS
  download "$base_url/v$version/SHA256SUMS" "$sums"
  if [ -n "${HAWSER_PUBLIC_KEY:-}" ]; then
    command -v minisign >/dev/null || fail 'HAWSER_PUBLIC_KEY needs minisign, which is missing'
    download "$base_url/v$version/SHA256SUMS.minisig" "$sums.minisig"
    minisign -Vqm "$sums" -P "$HAWSER_PUBLIC_KEY" >&2 ||
      fail 'SHA256SUMS is not signed by HAWSER_PUBLIC_KEY'
  fi
  line=$(grep "^[0-9a-f]\{64\}  $archive\$" "$sums") ||
    fail "SHA256SUMS of version $version has no $archive"
  echo "${line%% *}"
}

find_target() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=macos ;;
    *) fail "there is no hawser for $(uname -s) to install so" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no hawser for $(uname -m)" ;;
  esac
  libc=
  if [ "$os" = linux ] && [ ! -e /lib64/ld-linux-x86-64.so.2 ] &&
    [ ! -e /lib/ld-linux-aarch64.so.1 ]; then
    libc=-musl
  fi
  echo "$os-$arch$libc"
}

# download URL FILE: over TLS alone, whatever the server redirects to
download() {
  if command -v curl >/dev/null; then
    curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location --output "$2" "$1" ||
      fail "$1 can't be fetched"
  elif command -v wget >/dev/null; then
    wget_over_tls "$1" "$2" || fail "$1 can't be fetched"
  else
    fail 'curl and wget are missing'
  fi
}

# wget would follow a redirect to http as well: each is looked at before
wget_over_tls() {
  wget --version 2>/dev/null | grep -q '^GNU Wget' ||
    fail "curl is missing, and this wget is not GNU's"
  url=$1
  for _ in 1 2 3 4 5; do
    must_be_https "$url"
    wget -nv --tries=2 --max-redirect=0 --server-response -O "$2" "$url" 2>"$folder/said" && return
    url=$(sed -n 's/^ *[Ll]ocation: *//p' "$folder/said" | tr -d '\r' | tail -n 1)
    [ -n "$url" ] || break
  done
  cat "$folder/said" >&2
  return 1
}

sha256() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  else
    fail 'sha256sum and shasum are missing'
  fi
}

must_be_https() {
  case $1 in
    https://*) ;;
    *) fail "$1 does not begin with https://" ;;
  esac
}

default_dir() {
  if [ "$(id -u)" = 0 ]; then
    echo /usr/local/bin
  else
    echo "${HOME:?}/.local/bin"
  fi
}

say() {
  echo "$*" >&2
}

fail() {
  say "error: $*"
  exit 1
}

# the last line: of a script that was cut off nothing is run
main "$@"
