#!/usr/bin/env bash
# Uses the web console with a real browser: interop/browser/run.sh [--why-not]
#
# Installs playwright-core and axe-core with npm, starts the broker (FLOODWAY_BIN, else
# target/release/floodway) on free ports, and drives Chromium (CHROMIUM, else /usr/bin/chromium).
# Screenshots of every page are left in target/interop-browser. Skips with one line, code 0, if
# Node, npm's packages, Chromium or the broker are missing; --why-not only says so.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
export FLOODWAY_BIN="${FLOODWAY_BIN:-$root/target/release/floodway}"
export CHROMIUM="${CHROMIUM:-/usr/bin/chromium}"

skip() {
    echo "SKIPPED browser: $1"
    exit 0
}

command -v npm > /dev/null || skip "no npm"
[ -x "$CHROMIUM" ] || skip "no Chromium at $CHROMIUM"
[ -x "$FLOODWAY_BIN" ] || skip "no broker at $FLOODWAY_BIN; run cargo build --release"
log="$root/target/interop-browser/npm.log"
mkdir -p "$(dirname "$log")"
(cd "$here" && npm install --no-audit --no-fund --loglevel=error) > "$log" 2>&1 \
    || skip "npm install failed: $(tail -n 1 "$log")"
[ "${1:-}" != --why-not ] || exit 0
cd "$here"
exec npm test
