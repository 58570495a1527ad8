#!/usr/bin/env bash
# Starts, stops (SIGTERM) or kills (SIGKILL) the broker whose folder is the first argument, or starts
# it afresh, without data.
# The folder holds the executable `command`, the number `port`, and gets `pid` and `broker.log`.
set -euo pipefail

home="$1"
port="$(cat "$home/port")"

is_alive() {
    [ -s "$home/pid" ] && kill -0 "$(cat "$home/pid")" 2> "$home/null"
}

end() {
    is_alive || return 0
    kill "-$1" "$(cat "$home/pid")"
    for _ in $(seq 600); do
        is_alive || return 0
        sleep 0.05
    done
    echo "the broker does not end" >&2
    exit 1
}

case "$2" in
    start)
        "$home/command" >> "$home/broker.log" 2>&1 < /dev/null &
        echo $! > "$home/pid"
        for _ in $(seq 1200); do
            if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> "$home/null"; then exit 0; fi
            is_alive || break
            sleep 0.05
        done
        tail -n 20 "$home/broker.log" >&2
        echo "the broker does not listen on port $port" >&2
        exit 1
        ;;
    stop) end TERM ;;
    kill) end KILL ;;
    fresh)
        # As if it had never run.
        end KILL
        rm -rf "$home/data"
        mkdir "$home/data"
        exec "$0" "$home" start
        ;;
    *) echo "usage: $0 FOLDER start|stop|kill|fresh" >&2; exit 2 ;;
esac
