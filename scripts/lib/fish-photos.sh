#!/usr/bin/env bash
# scripts/lib/fish-photos.sh - fetches real photos of eight fish species, prints their folder
#
# They are those of the Debian package tuxpaint-stamps-default (GPL-2): cut-outs, one photo to a species.
# The package is fetched by apt, which checks its signature, unpacked into the cache and not installed.
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
help_if_asked "$@"

folder=$CACHE/fish-photos
inside=./usr/share/tuxpaint/stamps/animals/fish
wanted=(./usr/share/doc/tuxpaint-stamps-default/copyright)
for species in bluegroper butterflyfish clownfish coraltrout dolphinfish lionfish moonwrasse stripedfish; do
    wanted+=("$inside/$species.png")
done

# fetch WORK: leaves the photos and the package's copyright in WORK/photos; every step says || return,
# because set -e is off where the caller asks for the result
fetch() {
    cd "$1" || return 1
    mkdir photos || return 1
    apt-get -qq download tuxpaint-stamps-default >apt.log 2>&1 ||
        { apt-get -qq update && apt-get -qq download tuxpaint-stamps-default; } >>apt.log 2>&1 ||
        { cat apt.log >&2; return 1; }
    dpkg-deb --fsys-tarfile tuxpaint-stamps-default_*.deb >all.tar || return 1
    tar -x -f all.tar --transform='s,.*/,,' -C photos "${wanted[@]}" || return 1
}

if [ ! -d "$folder" ]; then
    (
        flock 9
        [ ! -d "$folder" ] || exit 0
        say "fetching fish photos (161 MB)"
        work=$(mktemp -d "$CACHE/fish-photos.XXXXXX") || exit 1
        trap 'rm -rf "$work"' EXIT
        fetch "$work" || exit 1
        mv "$work/photos" "$folder"
    ) 9>"$CACHE/fish-photos.lock" || die "the fish photos could not be fetched"
fi
printf '%s\n' "$folder"
