#!/usr/bin/env bash
# scripts/lib/hadoop.sh - makes the real Hadoop of the tests, prints its class path
#
# Maven fetches the jars of HDFS and YARN that tests/spark/hadoop.xml names into the cache; there
# tests/spark/MiniHadoop.java is compiled, which starts them in one JVM. tests/support/hadoop.py runs it.
# The folder is named by the digest of both files: a second call is instant, two at once make it once.
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
help_if_asked "$@"

pom=$ROOT/tests/spark/hadoop.xml
source=$ROOT/tests/spark/MiniHadoop.java
folder=$CACHE/hadoop-$(cat "$pom" "$source" | sha256sum | cut -c1-12)

# make WORK: every step says || return, because set -e is off where the caller asks for the result
make() {
    need_packages openjdk-17-jdk-headless maven || return 1
    mvn -q -B -f "$pom" -Dmaven.repo.local="$CACHE/maven" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$1/jars" >"$1/maven.log" 2>&1 ||
        { tail -n 20 "$1/maven.log" >&2; return 1; }
    # the daemons' web servers want a folder of pages each, and be it an empty one
    mkdir -p "$1"/classes/webapps/{hdfs,datanode,static} || return 1
    javac -d "$1/classes" -cp "$1/jars/*" "$source" || return 1
}

if [ ! -d "$folder" ]; then
    (
        flock 9
        [ ! -d "$folder" ] || exit 0
        say "fetching Hadoop (100 MB)"
        work=$(mktemp -d "$CACHE/hadoop.XXXXXX") || exit 1
        trap 'rm -rf "$work"' EXIT
        make "$work" 9>&- || exit 1
        mv "$work" "$folder"
    ) 9>"$CACHE/hadoop.lock" || die "Hadoop could not be made"
fi
printf '%s\n' "$folder/classes:$folder/jars/*"
