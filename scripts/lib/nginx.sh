#!/usr/bin/env bash
# scripts/lib/nginx.sh - installs nginx for the tests when missing, prints its program
#
# Only the program is wanted: the tests write a configuration of their own and start it with that.
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
help_if_asked "$@"

[ -x /usr/sbin/nginx ] || need_packages nginx-light
[ -x /usr/sbin/nginx ] || die "nginx-light was installed, but there is no /usr/sbin/nginx"
printf '/usr/sbin/nginx\n'
