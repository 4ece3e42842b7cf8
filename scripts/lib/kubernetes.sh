#!/usr/bin/env bash
# scripts/lib/kubernetes.sh - builds a real Kubernetes control plane, prints the folder of its programs
#
# In that folder: etcd, kube-apiserver, kube-controller-manager, and kwok, which plays the nodes: it sets the
# status of pods as a kubelet would, by the rules in stages/. All are Go modules, checked against Go's checksum
# database, and are kept in the cache under their versions. The first call takes ten minutes or more.
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/lib/go-toolchain.sh
. "$(dirname "$0")/go-toolchain.sh"
help_if_asked "$@"

# Kubernetes' own modules have its version, with 0 in front
KUBERNETES=1.37.2 ETCD=v3.7.3 KWOK=v0.8.0
LIBRARIES=v0.${KUBERNETES#*.}
folder=$CACHE/go/kubernetes-$KUBERNETES-etcd-$ETCD-kwok-$KWOK

# module FOLDER: a module that requires the servers. Kubernetes replaces its libraries by folders of its own
# repository, which only count where it is the main module: here they are the released ones.
module() {
    local source
    go mod download "k8s.io/kubernetes@v$KUBERNETES" || return 1
    source=$(go env GOMODCACHE)/k8s.io/kubernetes@v$KUBERNETES
    mkdir -p "$1/etcd" || return 1
    {
        printf 'module testbed\n\ngo 1.26.0\n\ngodebug default=go1.26\n\n'
        printf 'require (\n\tk8s.io/kubernetes v%s\n\tgo.etcd.io/etcd/server/v3 %s\n)\n\nreplace (\n' "$KUBERNETES" "$ETCD"
        sed -n '/^replace (/,/^)/p' "$source/go.mod" | awk -v version="$LIBRARIES" '/=>/ { print "\t" $1 " => " $1 " " version }'
        printf ')\n'
    } >"$1/go.mod"
    printf '//go:build tools\n\npackage tools\n\nimport (\n\t_ "k8s.io/kubernetes/cmd/%s"\n\t_ "k8s.io/kubernetes/cmd/%s"\n)\n' \
        kube-apiserver kube-controller-manager >"$1/tools.go"
    printf 'package main\n\nimport (\n\t"os"\n\n\t"go.etcd.io/etcd/server/v3/etcdmain"\n)\n\nfunc main() { etcdmain.Main(os.Args) }\n' \
        >"$1/etcd/main.go"
    (cd "$1" && go mod tidy)
}

# make WORK: every step says || return, because set -e is off where the caller asks for the result
make() {
    local root
    go_settle "$CACHE/go/kubernetes-build"
    root=$(go_toolchain) || return 1
    export PATH=$root/bin:$PATH
    module "$1/source" || return 1
    mkdir "$1/made" || return 1
    (cd "$1/source" && go build -trimpath -ldflags '-s -w' -o "$1/made/" ./etcd k8s.io/kubernetes/cmd/kube-apiserver \
        k8s.io/kubernetes/cmd/kube-controller-manager) || return 1
    (cd / && GOBIN=$1/made go install -trimpath -ldflags '-s -w' "sigs.k8s.io/kwok/cmd/kwok@$KWOK") || return 1
    cp -r "$(go env GOMODCACHE)/sigs.k8s.io/kwok@$KWOK/kustomize/stage" "$1/made/stages" || return 1
    rm -rf "$CACHE/go/kubernetes-build" # several GB
}

if [ ! -d "$folder" ]; then
    mkdir -p "$CACHE/go"
    (
        flock 9
        [ ! -d "$folder" ] || exit 0
        say "building Kubernetes $KUBERNETES, etcd $ETCD and kwok $KWOK (ten minutes or more)"
        work=$(mktemp -d "$CACHE/go/work.XXXXXX") || exit 1
        trap 'rm -rf "$work"' EXIT
        make "$work" >"$CACHE/go/kubernetes.log" 2>&1 9>&- || { tail -n 20 "$CACHE/go/kubernetes.log" >&2; exit 1; }
        chmod -R u+w "$work/made"
        mv "$work/made" "$folder"
    ) 9>"$CACHE/go/kubernetes.lock" || die "Kubernetes could not be built"
fi
printf '%s\n' "$folder"
