# go-toolchain.sh - a Go that is new enough for the servers that the tests build. Sourced, never run, after common.sh.
#
# Debian 12's Go is too old for them, but it can fetch a newer one: toolchains are ordinary modules of Go's
# module proxy, checked against its checksum database.
# shellcheck shell=bash

GO_TOOLCHAIN=v0.0.1-go1.26.0.linux-amd64

# go_toolchain: prints the folder of that Go; what comes as a module has no run bits
go_toolchain() {
    local go=/usr/lib/go-1.19/bin/go folder
    need_packages golang-1.19-go ca-certificates || return 1
    folder=$(cd / && "$go" mod download -json "golang.org/toolchain@$GO_TOOLCHAIN" |
        python3 -c 'import json, sys; said = json.load(sys.stdin); print(said.get("Dir") or sys.exit(said["Error"]))') ||
        return 1
    find "$folder/bin" "$folder/pkg/tool" -type f -exec chmod +x {} + || return 1
    printf '%s\n' "$folder"
}

# go_settle BUILD: programs are built for themselves alone, from modules that are kept, with objects in BUILD
go_settle() {
    export GOPATH=$CACHE/go/path GOCACHE=$1 GOTOOLCHAIN=local GOFLAGS=-modcacherw CGO_ENABLED=0
    unset GOROOT
}
