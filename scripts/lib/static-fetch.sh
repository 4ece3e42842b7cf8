# static-fetch.sh - Debian source packages by apt, from the mirror that this machine already uses.
# Sourced, never run. The machine's own apt configuration is read and left as it is: lists, downloads
# and the list of sources are in a folder of ours. What arrives is checked by apt: the keyring signs
# the release file, which holds the digest of the index, which holds the digest of every file.
# shellcheck shell=bash

# newest first: where a version is looked for when the pinned one is gone
STATIC_SUITES=(trixie bookworm)
STATIC_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# static_targets FOLDER: "SUITE<tab>COMPONENT<tab>ORIGIN<tab>ADDRESS" of what the machine installs from, in apt's
# own words, which reads both kinds of sources files. apt tells only of what it has lists of; where it has none
# yet, and we may be nobody to fetch them, they are fetched into our folder.
static_targets() {
    local format=$'$(RELEASE)\t$(COMPONENT)\t$(ORIGIN)\t$(REPO_URI)' own=(-o "Dir::State::Lists=$1/machine")
    if ! apt-get indextargets --format "$format" 'Created-By: Packages' | grep .; then
        mkdir -p "$1/machine/partial"
        apt-get -qq "${own[@]}" -o Dir::Cache="$1/cache" -o APT::Sandbox::User=root update \
            >"$1/machine.log" 2>&1 || true
        apt-get "${own[@]}" indextargets --format "$format" 'Created-By: Packages'
    fi
}

# static_mirror FOLDER SUFFIX: the address of the Debian archive, "" the main one or "-security". Other vendors
# use Debian's names of suites too, but not its name of origin.
static_mirror() {
    static_targets "$1" | awk -F '\t' -v suffix="$2" '
        $1 ~ "^(bookworm|trixie|forky|sid|stable|oldstable|testing|unstable)" suffix "$" &&
            $2 == "main" && $3 == "Debian" && !found { print $4; found = 1 }'
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
    mkdir -p "$folder/lists/partial" "$folder/cache" "$folder/files"
    main=$(static_mirror "$folder" "")
    security=$(static_mirror "$folder" -security)
    [ -n "$main" ] || die "apt knows no Debian archive here: name one in /etc/apt/sources.list.d/debian.sources"
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
            if [ "$version" != "$pinned" ]; then
                say "$package $pinned is gone: taking $version instead"
            elif [ "$version" != "${offered[0]:-$version}" ]; then
                say "$package $version as pinned; the list has ${offered[0]} too"
            fi
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
