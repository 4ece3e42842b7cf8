#!/usr/bin/env bash
# scripts/lib/postgresql.sh - installs PostgreSQL for the tests when missing, prints the folder of its programs
#
# Only the programs are wanted: no cluster is made and no service started; the tests make their own.
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
help_if_asked "$@"

programs() { find /usr/lib/postgresql -path '*/bin/initdb' -printf '%h\n' 2>/dev/null | sort -V | tail -n 1; }

if [ -z "$(programs)" ]; then
    need_packages postgresql-common
    sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    need_packages postgresql-15
fi
found=$(programs)
[ -n "$found" ] || die "PostgreSQL was installed, but no initdb is under /usr/lib/postgresql"
printf '%s\n' "$found"
