#!/bin/sh
# Installs the brokers that `cargo xtask bench` compares with: Debian's activemq, nats-server and
# rabbitmq-server. Their services are neither started nor enabled; the benchmark starts its own
# processes with data folders and loopback ports of its own.
set -eu

packages="${*:-activemq nats-server rabbitmq-server}"

missing=""
for package in $packages; do
    status="$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)"
    case "$status" in
        *" installed") echo "$package is there" ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed:$missing; needs root and apt-get, the benchmark skips what is missing" >&2
    exit 0
fi

# Package scripts ask this file whether they may start a service; 101 means no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT INT TERM
elif ! grep -q 'exit 101' "$policy"; then
    echo "$policy exists and may let services start; not installing" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086 # a list of names
apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=600 $missing

# A service that was enabled by its package would start with the next boot.
if command -v systemctl >/dev/null; then
    for package in $missing; do
        systemctl disable "$package" >/dev/null 2>&1 || true
    done
fi
