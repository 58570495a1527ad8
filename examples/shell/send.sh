#!/usr/bin/env bash
# Sends one persistent text message over plain STOMP and waits for the broker's receipt.
# Usage: send.sh DESTINATION BODY      (HOST and PORT in the environment)
set -euo pipefail

destination="$1"
body="$2"

# The next frame, without its NUL.
frame() {
    IFS= read -r -d '' -t 30 -u 3 "$1" || { echo "no answer from the broker" >&2; exit 1; }
}

exec 3<>"/dev/tcp/${HOST:-127.0.0.1}/${PORT:-61613}"
printf 'CONNECT\naccept-version:1.2\nhost:localhost\n\n\0' >&3
frame answer
printf 'SEND\ndestination:%s\npersistent:true\nreceipt:sent\n\n%s\0' "$destination" "$body" >&3
frame answer
printf 'DISCONNECT\n\n\0' >&3

if [[ "$answer" != *RECEIPT* ]]; then
    echo "$answer" >&2
    exit 1
fi
echo sent
