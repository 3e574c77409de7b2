#!/bin/sh
# Puts sluice on a machine, verified: fetches the tarball of this architecture and SHA256SUMS from where
# a release lies, compares, and only then installs.
set -eu

usage() {
    cat <<'TEXT'
Usage: install.sh --from URL [--to DIR] [--sha256 HEX]

  --from URL    where the release lies: an https:// or http:// URL, or a directory, with SHA256SUMS
  --to DIR      where the program goes (default $HOME/.local/bin)
  --sha256 HEX  what the tarball must be; without it SHA256SUMS decides, which guards against damage
                and not against whoever can write where the release lies
TEXT
}

wrong() {
    echo "install.sh: $1" >&2
    exit 2
}

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

from= to= wanted=
while [ $# -gt 0 ]; do
    case $1 in
    --from | --to | --sha256)
        [ $# -ge 2 ] && [ -n "$2" ] || wrong "$1 wants a value"
        case $1 in
        --from) from=${2%/} ;;
        --to) to=$2 ;;
        --sha256) wanted=$2 ;;
        esac
        shift 2
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    *) wrong "$1: unknown; see install.sh --help" ;;
    esac
done
[ -n "$from" ] || wrong "say where the release lies: --from URL"
if [ -z "$to" ]; then
    [ -n "${HOME:-}" ] || wrong "HOME is not set: say --to DIR"
    to=$HOME/.local/bin
fi
case $wanted in
*[!0-9a-f]*) wrong "--sha256 wants 64 hex digits in lower case" ;;
esac
[ -z "$wanted" ] || [ ${#wanted} -eq 64 ] || wrong "--sha256 wants 64 hex digits in lower case"

[ "$(uname -s)" = Linux ] || fail "sluice runs on Linux; this is $(uname -s)"
case $(uname -m) in
x86_64 | amd64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*) fail "there is no sluice for $(uname -m)" ;;
esac

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# bring NAME: from the release into the scratch directory
bring() {
    case $from in
    http://* | https://*)
        if command -v curl >/dev/null 2>&1; then
            curl -fsSL --retry 3 -o "$scratch/$1" "$from/$1" || fail "$from/$1 could not be had"
        elif command -v wget >/dev/null 2>&1; then
            wget -q -O "$scratch/$1" "$from/$1" || fail "$from/$1 could not be had"
        else
            fail "neither curl nor wget is here"
        fi
        ;;
    *) cp "$from/$1" "$scratch/$1" 2>/dev/null || fail "$from/$1 could not be read" ;;
    esac
}

sum_of() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum "$1" | cut -d' ' -f1
    elif command -v openssl >/dev/null 2>&1; then
        openssl dgst -sha256 -r "$1" | cut -d' ' -f1
    else
        fail "neither sha256sum nor openssl is here: nothing can be verified"
    fi
}

bring SHA256SUMS
line=$(grep -E "^[0-9a-f]{64}  sluice-[A-Za-z0-9.+~_-]+-linux-$arch\.tar\.gz$" "$scratch/SHA256SUMS" | head -n 1) ||
    true
[ -n "$line" ] || fail "$from/SHA256SUMS names no tarball for $arch"
name=${line#*  }
stated=${line%%  *}
bring "$name"
found=$(sum_of "$scratch/$name")
[ "$found" = "$stated" ] || fail "$name is damaged: SHA-256 $found, SHA256SUMS says $stated"
if [ -n "$wanted" ] && [ "$found" != "$wanted" ]; then
    fail "$name is not what was asked for: SHA-256 $found, --sha256 says $wanted"
fi

# Nothing but the one file is taken out of it.
root=${name%.tar.gz}
tar -xzf "$scratch/$name" -C "$scratch" "$root/sluice" || fail "$name has no $root/sluice"
"$scratch/$root/sluice" version >/dev/null || fail "the program does not run here"
mkdir -p "$to" || fail "$to cannot be made"
# Whole or not at all: who runs the old one goes on with it.
part=$to/.sluice.$$
cp "$scratch/$root/sluice" "$part" 2>/dev/null || fail "$to cannot be written"
chmod 755 "$part"
mv -f "$part" "$to/sluice" || {
    rm -f "$part"
    fail "$to/sluice cannot be replaced"
}
echo "$("$to/sluice" version | head -n 1) is at $to/sluice"
case :$PATH: in
*:"$to":*) ;;
*) echo "install.sh: $to is not in PATH" >&2 ;;
esac
