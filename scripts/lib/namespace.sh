#!/usr/bin/env bash
# scripts/lib/namespace.sh COMMAND... - runs a command in a network namespace of its own
#
# There it has nothing but the loopback, may filter it with nft as it likes, and disturbs nobody. The one that
# it left is NAMESPACE_OUTSIDE, as /proc/self/ns/net has it.
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
help_if_asked "$@"

need_packages nftables iproute2 util-linux
mapped=()
[ "$(id -u)" -eq 0 ] || mapped=(--map-root-user)
NAMESPACE_OUTSIDE=$(readlink /proc/self/ns/net)
export NAMESPACE_OUTSIDE PATH=$PATH:/usr/sbin:/sbin
# shellcheck disable=SC2016 # the inner shell's arguments
exec unshare --net "${mapped[@]}" -- sh -c 'ip link set lo up && exec "$@"' sh "$@"
