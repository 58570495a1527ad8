#!/usr/bin/env bash
# Makes (or reuses) the Python environment of the suites and prints the path of its python.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
venv="${INTEROP_VENV:-$here/../target/interop-venv}"
stamp="$venv/.requirements"

if ! cmp -s "$here/requirements.txt" "$stamp"; then
    rm -rf "$venv"
    python3 -m venv "$venv" >&2
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        -r "$here/requirements.txt" >&2
    cp "$here/requirements.txt" "$stamp"
fi
echo "$venv/bin/python"
