# static-fetch.sh - Debian source packages by apt, from the mirror that this machine already uses.
# Sourced, never run. The machine's own apt configuration is read and left as it is: lists, downloads
# and the list of sources are in a folder of ours. What arrives is checked by apt: the keyring signs
# the release file, which holds the digest of the index, which holds the digest of every file.
# shellcheck shell=bash

# newest first: where a version is looked for when the pinned one is gone
STATIC_SUITES=(trixie bookworm)
STATIC_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# static_mirror SUFFIX: the address of the Debian archive ("" the main one, "-security") in apt's own words,
# which reads both kinds of sources files. Another vendor's archive may bear Debian's suite names: apt
# tells them apart by the origin once it has the lists, and otherwise the first one named is taken.
static_mirror() {
    apt-get indextargets --format $'$(RELEASE)\t$(COMPONENT)\t$(ORIGIN)\t$(REPO_URI)' 'Created-By: Packages' |
        awk -F '\t' -v suffix="$1" '
            $1 ~ "^(bookworm|trixie|forky|sid|stable|oldstable|testing|unstable)" suffix "$" &&
                $2 == "main" && ($3 == "Debian" || $3 ~ /^\$/) && !found { print $4; found = 1 }'
}

# static_apt FOLDER TOOL ARGUMENT...: an apt tool that sees our sources only
static_apt() {
    local folder=$1 tool=$2
    shift 2
    "$tool" -q -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::SourceList="$folder/debian.sources" \
        -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root \
        -o APT::Get::AllowUnauthenticated=false -o Acquire::AllowInsecureRepositories=false \
        -o Acquire::Retries=3 "$@"
}

static_stanza() {
    printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' "$1" "$2" "$STATIC_KEYRING"
}

# static_lists FOLDER: what the suites offer today
static_lists() {
    local folder=$1 main security
    main=$(static_mirror "")
    security=$(static_mirror -security)
    [ -n "$main" ] || die "apt knows no Debian archive here: name one in /etc/apt/sources.list.d/debian.sources"
    mkdir -p "$folder/lists/partial" "$folder/cache" "$folder/files"
    {
        static_stanza "$main" "${STATIC_SUITES[*]}"
        [ -z "$security" ] || static_stanza "$security" "${STATIC_SUITES[*]/%/-security}"
    } >"$folder/debian.sources"
    static_apt "$folder" apt-get update >"$folder/update.log" 2>&1 ||
        { tail -n 20 "$folder/update.log" >&2; die "apt could not read the lists of source packages"; }
}

# static_offered FOLDER PACKAGE: the versions on offer, best first
static_offered() {
    local suite
    for suite in "${STATIC_SUITES[@]}"; do
        static_apt "$1" apt-cache madison "$2" |
            awk -F ' *[|] *' -v suite="$suite" '$3 ~ " " suite "(-security)?/" { print $2 }' | sort -rV
    done
}

# static_download FOLDER PACKAGE VERSION: 0 when all its files are in FOLDER/files
static_download() {
    (cd "$1/files" && static_apt "$1" apt-get source --download-only --only-source "$2=$3") \
        >"$1/$2.log" 2>&1
}

# static_fetch FOLDER PACKAGE VERSION: the package in FOLDER/files, pinned or the next best;
# prints "PACKAGE VERSION", the one that came
static_fetch() {
    local folder=$1 package=$2 pinned=$3 version offered
    mapfile -t offered < <(static_offered "$folder" "$package")
    for version in "$pinned" "${offered[@]}"; do
        if static_download "$folder" "$package" "$version"; then
            [ "$version" = "$pinned" ] || say "$package $pinned is gone: taking $version instead"
            [ "$version" = "${offered[0]:-$version}" ] || say "$package $version: ${offered[0]} is listed, the pin may be raised"
            printf '%s %s\n' "$package" "$version"
            return
        fi
    done
    tail -n 5 "$folder/$package.log" >&2
    die "no version of $package can be fetched, neither $pinned nor: ${offered[*]:-none offered}"
}

# static_unpack FOLDER PACKAGE VERSION DESTINATION
static_unpack() {
    dpkg-source --no-copy -x "$1/files/${2}_${3#*:}.dsc" "$4" >"$1/$2.log" 2>&1 ||
        { tail -n 5 "$1/$2.log" >&2; die "$2 $3 cannot be unpacked"; }
}
