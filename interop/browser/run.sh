#!/usr/bin/env bash
# Uses the web console with a real browser: interop/browser/run.sh [--why-not]
#
# Installs playwright-core and axe-core with npm, starts the broker (FLOODWAY_BIN, else
# target/release/floodway) on free ports, and drives Chromium (CHROMIUM, else /usr/bin/chromium).
# Screenshots of every page are left in target/interop-browser. Where Chromium is missing it is
# installed with apt-get, if that is there and the user is root. Skips with one line, code 0, if
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

logs="$root/target/interop-browser"
mkdir -p "$logs"

install_chromium() {
    [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || return 0
    {
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
            -o DPkg::Lock::Timeout=600 chromium
    } > "$logs/chromium.log" 2>&1 < /dev/null || true
}

command -v npm > /dev/null || skip "no npm"
[ -x "$FLOODWAY_BIN" ] || skip "no broker at $FLOODWAY_BIN; run cargo build --release"
[ -x "$CHROMIUM" ] || install_chromium
[ -x "$CHROMIUM" ] || skip "no Chromium at $CHROMIUM"
log="$logs/npm.log"
(cd "$here" && npm install --no-audit --no-fund --loglevel=error) > "$log" 2>&1 \
    || skip "npm install failed: $(tail -n 1 "$log")"
[ "${1:-}" != --why-not ] || exit 0
cd "$here"
exec npm test
