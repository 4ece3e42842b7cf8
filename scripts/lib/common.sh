# common.sh - what every script here shares: where things are, how to speak, how to get packages.
# Sourced, never run. Sets ROOT (the checkout), BUILD (build/), CACHE (survives a clean checkout), JOBS.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$ROOT/build
CACHE=${MODELHOOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/modelhook}
JOBS=$(nproc)
# shellcheck disable=SC2034  # the scripts that source this use them
export ROOT BUILD CACHE JOBS
mkdir -p "$BUILD" "$CACHE"

say() { printf '== %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# usage: print the header comment of the calling script (its help) when the first argument asks for it
help_if_asked() {
    case "${1:-}" in
    -h | --help) sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    esac
}

# need_packages PACKAGE...: Debian packages, installed when missing; without root, names the missing ones and stops
need_packages() {
    local missing=() p
    for p in "$@"; do
        dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q ' installed$' || missing+=("$p")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        die "missing Debian packages, install them as root: apt-get install ${missing[*]}"
    fi
    say "installing Debian packages: ${missing[*]}"
    # one package manager at a time, also between two of our scripts
    (
        flock 9
        export DEBIAN_FRONTEND=noninteractive
        apt-get -qq update >/dev/null || true
        apt-get -qq install -y --no-install-recommends "${missing[@]}" >"$CACHE/apt.log" 2>&1
    ) 9>"$CACHE/apt.lock" || { tail -n 20 "$CACHE/apt.log" >&2; die "apt-get could not install: ${missing[*]}"; }
}
