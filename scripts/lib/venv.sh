#!/usr/bin/env bash
# scripts/lib/venv.sh NAME... - makes the Python environments of the tests and the demo, prints the folder of each
#
# tests/requirements/NAME.in says what an environment is for, NAME.txt pins every package in it. An
# environment lives in the cache under its name and the digest of its pins: a second call is instant,
# two calls at once make it once, and one that was interrupted is made anew.
#
#   scripts/lib/venv.sh tensorflow test   the folders, one a line; the interpreter is bin/python
#   scripts/lib/venv.sh --pin NAME...     resolve NAME.in anew and write NAME.txt
#
# Sourced, it gives the function `venv NAME`, which prints the folder.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    # shellcheck source=scripts/lib/common.sh
    . "$(dirname "$0")/common.sh"
fi

# the minor version that the pins were resolved for
VENV_PYTHON=3.11

# venv_python: prints an interpreter of that version which can make environments; the system's own first,
# since it does not vanish with a version manager
venv_python() {
    local python
    for python in /usr/bin/python3 python3 "python$VENV_PYTHON"; do
        if "$python" -c "import ensurepip, sys; sys.exit('%d.%d' % sys.version_info[:2] != '$VENV_PYTHON')" \
            2>/dev/null; then
            command -v "$python"
            return 0
        fi
    done
    return 1
}

# venv_is_ready DIR: finished, and its interpreter still there
venv_is_ready() { [ -e "$1/.ready" ] && [ -x "$1/bin/python" ]; }

# uv_in_cache ARGUMENT...: the installer, with its own cache beside the environments and no settings of the user
uv_in_cache() {
    local installer
    installer=$(venv uv) || return 1
    UV_CACHE_DIR=$CACHE/uv UV_DEFAULT_INDEX=${PIP_INDEX_URL:-${UV_DEFAULT_INDEX:-}} \
        "$installer/bin/uv" --no-config "$@" >&2
}

# venv_make NAME DIR PYTHON: in DIR itself, because an environment cannot be moved; .ready comes last, and
# every step says || return, because set -e is off where the caller asks for the result
venv_make() {
    local name=$1 dir=$2 python=$3 pins=$ROOT/tests/requirements/$1.txt
    say "making the Python environment $name"
    rm -rf "$dir" || return 1
    if [ "$name" = uv ]; then
        "$python" -m venv "$dir" >&2 || return 1
        "$dir/bin/pip" install -q --disable-pip-version-check --no-deps -r "$pins" >&2 || return 1
    else
        uv_in_cache venv -q --python "$python" "$dir" || return 1
        uv_in_cache pip install -q --no-deps --compile-bytecode --python "$dir/bin/python" -r "$pins" || return 1
    fi
    touch "$dir/.ready"
}

# venv NAME: makes the environment unless it is there, prints its folder
venv() {
    local name=$1 pins=$ROOT/tests/requirements/$1.txt dir python
    [ -f "$pins" ] || die "no environment is called $name: $pins is missing"
    dir=$CACHE/venv/$name-$(sha256sum "$pins" | cut -c1-12)
    if ! venv_is_ready "$dir"; then
        if ! python=$(venv_python); then
            need_packages python3 python3-venv
            python=$(venv_python) || die "needs Python $VENV_PYTHON with its venv module, as in Debian 12"
        fi
        mkdir -p "$CACHE/venv"
        (
            flock 8
            venv_is_ready "$dir" || venv_make "$name" "$dir" "$python" 8>&-
        ) 8>"$dir.lock" || die "the Python environment $name could not be made in $dir"
    fi
    printf '%s\n' "$dir"
}

# venv_pin NAME: resolves the direct requirements anew; the next `venv NAME` makes what was resolved
venv_pin() {
    local folder=$ROOT/tests/requirements python package
    local without=()
    python=$(venv_python) || die "needs Python $VENV_PYTHON with its venv module"
    # packages that others require, and that are left out
    while read -r package; do
        without+=(--no-emit-package "$package")
    done < <(sed -n 's/^# without: //p' "$folder/$1.in" | tr ' ' '\n')
    uv_in_cache pip compile -q --upgrade --no-annotate --no-header "${without[@]}" --python "$python" \
        "$folder/$1.in" -o "$folder/$1.txt" || return 1
    # a package that is wanted without what it requires
    sed -n 's/^# alone: //p' "$folder/$1.in" >>"$folder/$1.txt"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    help_if_asked "$@"
    action=venv
    if [ "${1:-}" = --pin ]; then
        action=venv_pin
        shift
    fi
    [ $# -gt 0 ] || die "which environment? one of: $(cd "$ROOT/tests/requirements" && echo ./*.txt | sed 's/\.\///g; s/\.txt//g')"
    for name in "$@"; do
        "$action" "$name"
    done
fi
