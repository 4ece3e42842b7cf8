#!/usr/bin/env bash
# scripts/lib/check-types.sh - mypy --strict and pyright on the Python package and on scripts that use it
#
# tests/types holds the scripts, and what the two must find; the Python of the README is taken from it as it stands.
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
help_if_asked "$@"
cd "$ROOT"

rm -rf "$BUILD/types"
mkdir -p "$BUILD/types"
scripts/lib/readme-python.py README.md "$BUILD/types"
mypy=$("$ROOT/scripts/lib/venv.sh" types)/bin/mypy
pyright=$("$ROOT/scripts/lib/npm-tool.sh" pyright) || die "pyright could not be installed"
mapfile -t package < <(git ls-files 'dataproc/modelhook/*.py' ':!dataproc/modelhook/airflow*' ':!dataproc/modelhook/connection.py')
"$mypy" --config-file tests/types/mypy.ini --cache-dir "$BUILD/mypy" "${package[@]}" >&2
for script in tests/types/*.py "$BUILD"/types/*.py; do # each is a module of its own
    "$mypy" --config-file tests/types/mypy.ini --cache-dir "$BUILD/mypy" "$script" >&2
done
"$pyright" --project tests/types --pythonpath "$("$ROOT/scripts/lib/venv.sh" types)/bin/python" >&2
