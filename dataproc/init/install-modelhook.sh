#!/usr/bin/env bash
# install-modelhook.sh - puts modelhook on every node: an initialization action for Yandex and Google clusters
#
#   install-modelhook.sh [FROM [SHA256]]
#
# FROM is where the static program lies: s3://, s3a://, gs://, hdfs://, https://, http://, file:// or a path.
# SHA256 is the digest that it must have, 64 hexadecimal digits. Each is looked for, in this order, in
#   the arguments                                 Yandex: the script's arguments
#   MODELHOOK_FROM, MODELHOOK_SHA256              the environment
#   modelhook-from, modelhook-sha256              the node's metadata attributes (both clouds have them)
# and the digest, last, in the file FROM.sha256, as sha256sum writes it: that one guards against a torn
# copy alone, since who can change the program there can change its digest too.
#
# Installs to MODELHOOK_TO, /usr/local/bin/modelhook unless given. What is there already stays when its digest
# is the right one. The new program is fetched beside its place, checked, run once, and renamed: whoever starts
# modelhook meanwhile gets the old one or the new one, whole. Several at once take turns. Without the right
# program the status is 1, nothing was changed, and the last line says why.
set -euo pipefail

say() { printf 'install-modelhook: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# metadata NAME: an attribute of this node; empty where there is none or no metadata service
metadata() {
    curl -sf --noproxy '*' --connect-timeout 2 --max-time 5 -H 'Metadata-Flavor: Google' \
        "http://${GCE_METADATA_HOST:-169.254.169.254}/computeMetadata/v1/instance/attributes/$1" 2>/dev/null || true
}

# digest_of FILE
digest_of() {
    local line
    line=$(sha256sum "$1") || return 1
    printf '%s\n' "${line%% *}"
}

# is_there PROGRAM...: the first that this node has, or nothing
is_there() {
    local program
    for program in "$@"; do
        if command -v "$program" >/dev/null; then
            printf '%s\n' "$program"
            return
        fi
    done
}

# fetch FROM FILE: by what the node has for that scheme
fetch() {
    local program
    case "$1" in
    https://* | http://*)
        curl -sSfL --retry 5 --retry-connrefused --connect-timeout 10 --max-time 300 -o "$2" "$1"
        ;;
    gs://*)
        program=$(is_there gcloud gsutil hadoop)
        case "$program" in
        gcloud) gcloud storage cp --quiet "$1" "$2" ;;
        gsutil) gsutil -q cp "$1" "$2" ;;
        hadoop) hadoop fs -get -f "$1" "$2" ;;
        *) say "no gcloud, gsutil or hadoop here to fetch $1 with"; return 1 ;;
        esac
        ;;
    s3://* | s3a://*)
        program=$(is_there hadoop aws)
        case "$program" in
        hadoop) hadoop fs -get -f "s3a://${1#s3*://}" "$2" ;;
        aws) aws ${AWS_ENDPOINT_URL_S3:+--endpoint-url "$AWS_ENDPOINT_URL_S3"} s3 cp --quiet "s3://${1#s3*://}" "$2" ;;
        *) say "no hadoop or aws here to fetch $1 with"; return 1 ;;
        esac
        ;;
    hdfs://*) hadoop fs -get -f "$1" "$2" ;;
    file://*) cp -- "${1#file://}" "$2" ;;
    *://*) say "$1: a scheme that this script does not know"; return 1 ;;
    *) cp -- "$1" "$2" ;;
    esac
}

# wanted_digest FROM FILE: the digest in FROM.sha256, fetched to FILE
wanted_digest() {
    local line
    fetch "$1.sha256" "$2" || return 1
    IFS= read -r line <"$2" || [ -n "${line:-}" ] || return 1
    printf '%s\n' "${line%%[[:space:]]*}"
}

case "${1:-}" in
-h | --help) sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
[ $# -le 2 ] || die "more than two arguments; --help tells"
from=${1:-${MODELHOOK_FROM:-$(metadata modelhook-from)}}
[ -n "$from" ] || die "where is the program? give its address as argument, MODELHOOK_FROM or metadata modelhook-from"
wanted=${2:-${MODELHOOK_SHA256:-$(metadata modelhook-sha256)}}
to=${MODELHOOK_TO:-/usr/local/bin/modelhook}
folder=$(dirname "$to")
mkdir -p "$folder" || die "$folder cannot be made"
[ -w "$folder" ] || die "$folder cannot be written: run this as root, or set MODELHOOK_TO"
[ ! -d "$to" ] || die "$to is a folder: MODELHOOK_TO is the program's own path"

# one at a time; the lock is on the folder, so that no file is left for it
exec 9<"$folder"
flock -w 600 9 || die "another installation has kept $folder locked for ten minutes"
new=$(mktemp "$to.XXXXXX") || die "$folder cannot be written"
trap 'rm -f "$new"' EXIT
trap 'exit 1' HUP INT TERM

if [ -z "$wanted" ]; then
    wanted=$(wanted_digest "$from" "$new") || die "$from.sha256 could not be fetched, and no digest was given"
fi
wanted=${wanted,,}
[[ $wanted =~ ^[0-9a-f]{64}$ ]] || die "\"${wanted:0:80}\" is not a SHA-256 digest: 64 hexadecimal digits"
if [ -x "$to" ] && [ "$(digest_of "$to")" = "$wanted" ]; then
    say "$to is there already, $wanted"
    exit 0
fi

fetch "$from" "$new" || die "$from could not be fetched"
got=$(digest_of "$new")
[ "$got" = "$wanted" ] || die "$from has the digest $got, not $wanted: not installed"
chmod 0755 "$new"
version=$("$new" --version 9<&- | head -n 1) || die "$from does not run on this machine ($(uname -m)): not installed"
sync "$new"
mv -f -- "$new" "$to"
say "$to installed: $version, $wanted"
