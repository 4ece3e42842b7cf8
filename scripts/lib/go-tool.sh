#!/usr/bin/env bash
# scripts/lib/go-tool.sh NAME... - builds servers that are written in Go, prints the path of each program
#
#   versitygw         an S3 server that checks signatures and checksums
#   minio             another, with temporary keys
#   fake-gcs-server   Google Cloud Storage, by others: checksums, composing, no tokens
#   toxiproxy         a proxy that breaks connections on demand
#   aemm              the metadata service of an EC2 instance, by Amazon
#
# Programs are kept in the cache under their versions; what several of them have in common is compiled once
# where they are named in one call.
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/lib/go-toolchain.sh
. "$(dirname "$0")/go-toolchain.sh"
help_if_asked "$@"

# find_tool NAME: sets package and version
find_tool() {
    case "$1" in
    versitygw) package=github.com/versity/versitygw/cmd/versitygw version=v1.8.0 ;;
    minio) package=github.com/minio/minio version=v0.0.0-20260212201848-7aac2a2c5b7c ;;
    fake-gcs-server) package=github.com/fsouza/fake-gcs-server version=v1.56.1 ;;
    toxiproxy) package=github.com/Shopify/toxiproxy/v2/cmd/server version=v2.5.0 ;;
    aemm) package=github.com/aws/amazon-ec2-metadata-mock/cmd/ec2-metadata-mock version=v1.13.0 ;;
    *) die "no such program: $1 (there are: versitygw, minio, fake-gcs-server, toxiproxy, aemm)" ;;
    esac
}

# build FOLDER: the program in it, the only file there
build() {
    local root
    go_settle "$CACHE/go/build"
    root=$(go_toolchain) || return 1
    (cd / && GOBIN=$1 "$root/bin/go" install -trimpath -ldflags=-s "$package@$version")
}

# make NAME: its program, unless it is there
make() (
    find_tool "$1"
    program=$CACHE/go/$1-$version
    [ ! -x "$program" ] || exit 0
    say "building $1 $version (one to four minutes)"
    work=$(mktemp -d "$CACHE/go/work.XXXXXX") || exit 1
    trap 'rm -rf "$work"' EXIT
    build "$work" >"$CACHE/go/$1.log" 2>&1 || { tail -n 20 "$CACHE/go/$1.log" >&2; exit 1; }
    mv "$work"/* "$program"
)

# are_there NAME...: whether nothing has to be built
are_there() {
    local name
    for name in "$@"; do
        find_tool "$name"
        [ -x "$CACHE/go/$name-$version" ] || return 1
    done
}

[ $# -gt 0 ] || die "none named"
if ! are_there "$@"; then
    mkdir -p "$CACHE/go"
    (
        flock 9
        for name in "$@"; do
            make "$name" 9>&- || die "$name could not be built"
        done
        rm -rf "$CACHE/go/build" # several times the size of what it made
    ) 9>"$CACHE/go.lock"
fi
for name in "$@"; do
    find_tool "$name"
    printf '%s\n' "$CACHE/go/$name-$version"
done
