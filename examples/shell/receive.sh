#!/usr/bin/env bash
# Receives text messages over plain STOMP, prints their bodies and acknowledges each.
# Usage: receive.sh DESTINATION [COUNT]      (HOST and PORT in the environment)
set -euo pipefail

destination="$1"
count="${2:-1}"

# The next frame, without its NUL.
frame() {
    IFS= read -r -d '' -t 30 -u 3 "$1" || { echo "no message from the broker" >&2; exit 1; }
}

exec 3<>"/dev/tcp/${HOST:-127.0.0.1}/${PORT:-61613}"
printf 'CONNECT\naccept-version:1.2\nhost:localhost\n\n\0' >&3
frame answer
printf 'SUBSCRIBE\nid:1\ndestination:%s\nack:client-individual\n\n\0' "$destination" >&3

for ((n = 0; n < count; n++)); do
    frame message
    if [[ "$message" != *MESSAGE* ]]; then
        echo "$message" >&2
        exit 1
    fi
    # The body is what follows the first empty line; the newline that may precede the frame is not.
    while [[ "$message" == $'\n'* ]]; do message="${message#$'\n'}"; done
    printf '%s\n' "${message#*$'\n\n'}"
    id="$(sed -n 's/^ack://p' <<<"$message" | head -1)"
    printf 'ACK\nid:%s\n\n\0' "$id" >&3
done

# The receipt of DISCONNECT says that the acknowledgements have arrived.
printf 'DISCONNECT\nreceipt:bye\n\n\0' >&3
frame answer
