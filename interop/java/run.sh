#!/usr/bin/env bash
# Runs the JMS suite: interop/java/run.sh [floodway|activemq] [CLIENT VERSION] [PART OF A NAME...]
#
# Starts the broker in a fresh folder on a free port, runs the checks with that client and leaves
# target/interop-java/results/BROKER-CLIENT.tsv (name, result, mark, reason). With `load` in place
# of parts of names it runs the load client. A first argument --why-not only tells if it can run,
# --classpath CLIENT builds and prints the class path, for `cargo xtask bench --java`.
# ACTIVEMQ_VERSION chooses the real broker. Skips with one line, code 0, if Java, Maven or the
# artifacts are missing. Without parts of names several parts of the suite run at once.
set -euo pipefail
# Several brokers may run at once, and administration has one port.
export FLOODWAY_ADMIN=none

here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
built="$root/target/interop-java"
why_not=""
if [ "${1:-}" = --why-not ]; then
    # Only says why the suite cannot run here, if so.
    why_not=yes
    shift
fi
classpath=""
if [ "${1:-}" = --classpath ]; then
    classpath=yes
fi
broker="${1:-floodway}"
client="${2:-5.19.9}"
shift $(($# < 2 ? $# : 2))
java_flags=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1)
activemq="${ACTIVEMQ_VERSION:-5.19.1}"

skip() {
    echo "SKIPPED java: $1"
    exit 0
}

command -v java > /dev/null || skip "no Java"
major="$(java -version 2>&1 | sed -nE '1s/.*version "([0-9]+).*/\1/p')"
[ "${major:-0}" -ge 17 ] || skip "Java is older than 17"
mkdir -p "$built/results"

# build FOLDER OUTPUT OPTION...: compiles with Maven unless nothing changed since the last time.
build() {
    local project="$here/$1" output="$built/$2" log="$built/maven-$2.log" stamp
    shift 2
    stamp="$(find "$project" -type f -print0 | sort -z | xargs -0 cat | cksum) $*"
    [ -s "$output/classpath" ] && [ "$(cat "$output/stamp" 2> /dev/null)" = "$stamp" ] && return 0
    command -v mvn > /dev/null || skip "no Maven"
    rm -rf "$output/classes" "$output/jakarta"
    if ! mvn -q -B -f "$project" "$@" compile > "$log" 2>&1; then
        grep -q 'COMPILATION ERROR' "$log" && { cat "$log" >&2; exit 1; }
        skip "Maven cannot get what $(basename "$project") needs: $(grep -m1 -oE 'Could not [^>]*' "$log" || tail -n 1 "$log")"
    fi
    echo "$stamp" > "$output/stamp"
}

options=("-Dclient.version=$client")
case "$client" in
    5.19.*) options+=(-Dlegacy.version=5.19.1) ;;
    5.*) ;;
    *) options+=(-Djms=jakarta) ;;
esac
build suite "$client" "${options[@]}"
if [ -n "$classpath" ]; then
    echo "$built/$client/classes:$(cat "$built/$client/classpath")"
    exit 0
fi

top="$(mktemp -d)"
running=()
cleanup() {
    local each
    [ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2> "$top/null" || true
    for each in "$top"/*/pid "$top"/*/*/pid; do
        [ ! -s "$each" ] || "$here/broker.sh" "$(dirname "$each")" kill
    done
    [ -n "${KEEP:-}" ] && echo "kept: $top" || rm -rf "$top"
}
trap cleanup EXIT
trap 'exit 143' TERM INT
# A port that nothing listens on now; the range lies below that of outgoing connections.
# Each is given once.
free_port() {
    local port
    for port in $(shuf -i 20000-32000 -n 50); do
        (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> "$top/null" && continue
        mkdir "$top/port-$port" 2> "$top/null" && break
    done
    echo "$port"
}

# command FOLDER WORD...: the executable that broker.sh starts.
command_in() {
    local folder="$1"
    shift
    {
        echo '#!/bin/sh'
        printf 'exec'
        printf " '%s'" "$@"
        echo
    } > "$folder/command"
    chmod +x "$folder/command"
}

real="$built/broker-$activemq"

case "$broker" in
    floodway)
        binary="${FLOODWAY_BIN:-$root/target/release/floodway}"
        [ -x "$binary" ] || skip "no broker at $binary; run cargo build --release"
        version="$("$binary" --version | awk '{ print $NF }')"
        line=("$binary" start)
        ;;
    activemq)
        version="$activemq"
        options=("-Dbroker.version=$activemq")
        case "$activemq" in 5.*) ;; *) options+=(-Dspring.version=6.2.11) ;; esac
        build activemq "broker-$activemq" "${options[@]}"
        line=(java -Xmx1536m "${java_flags[@]}"
            -cp "$real/classes:$(cat "$real/classpath")"
            floodway.interop.ActiveMq)
        ;;
    *)
        echo "usage: $0 [floodway|activemq] [CLIENT VERSION] [PART OF A NAME...]" >&2
        exit 2
        ;;
esac
[ -z "$why_not" ] || exit 0

# The neighbour, a real ActiveMQ with a network connector to the broker under test, and its command
# line; of a version whose artifacts are all to be had.
real="$built/neighbour"
reason="$(build activemq neighbour -Dbroker.version=6.3.1 -Dspring.version=6.2.11 -Dconsole \
    "-Dbuild.folder=../../../target/interop-java/neighbour")"
classes=()
if [ -z "$reason" ]; then
    classes=(java -Xmx256m "${java_flags[@]}" -cp "$real/classes:$(cat "$real/classpath")")
else
    echo "${reason/SKIPPED/without a neighbour,}"
fi

# prepare HOME: everything that the brokers of one suite need, each in its folder.
prepare() {
    local home="$1" port flow bridge
    mkdir "$home" "$home/data" "$home/flow" "$home/flow/data"
    port="$(free_port)"
    echo "$port" > "$home/port"
    free_port > "$home/spread"
    sed -e "s#PORT#$port#; s#SPREAD#$(cat "$home/spread")#; s#DATA#$home/data#" \
        "$here/conf/activemq.xml" > "$home/activemq.xml"
    command_in "$home" "${line[@]}" "$home/activemq.xml"
    # The same broker with small limits, for the checks that fill it.
    flow="$(free_port)"
    echo "$flow" > "$home/flow/port"
    sed -e "s#PORT#$flow#; s#DATA#$home/flow/data#" "$here/conf/flow.xml" > "$home/flow/activemq.xml"
    command_in "$home/flow" "${line[@]}" "$home/flow/activemq.xml"
    [ ${#classes[@]} -gt 0 ] || return 0
    mkdir "$home/bridge" "$home/bridge/data"
    bridge="$(free_port)"
    echo "$bridge" > "$home/bridge/port"
    sed -e "s#TARGET#$port#; s#PORT#$bridge#; s#DATA#$home/bridge/data#" "$here/conf/bridge.xml" \
        > "$home/bridge/activemq.xml"
    command_in "$home/bridge" "${classes[@]}" floodway.interop.ActiveMq "$home/bridge/activemq.xml"
}

# suite HOME MAIN ARGUMENT...: the checks, or the load, against a broker of its own.
suite() {
    local home="$1" main="$2" neighbour=()
    shift 2
    "$here/broker.sh" "$home" start || { echo "$broker did not start" >&2; return 1; }
    if [ ${#classes[@]} -gt 0 ]; then
        neighbour=("-Dsuite.bridge='$here/broker.sh' '$home/bridge'"
            "-Dsuite.bridge.port=$(cat "$home/bridge/port")"
            "-Dsuite.console=$(printf "'%s' " "${classes[@]}") org.apache.activemq.console.Main")
    fi
    exec java -Xmx768m "${java_flags[@]}" -cp "$built/$client/classes:$(cat "$built/$client/classpath")" \
        -Dsuite.port="$(cat "$home/port")" -Dsuite.spread.port="$(cat "$home/spread")" \
        -Dsuite.broker="$broker" -Dsuite.version="$version" -Dsuite.client="$client" \
        -Dsuite.control="'$here/broker.sh' '$home'" -Dsuite.flow="'$here/broker.sh' '$home/flow'" \
        -Dsuite.flow.port="$(cat "$home/flow/port")" -Dsuite.pid="$home/pid" \
        "${neighbour[@]}" "$main" "$@"
}

# Parts of the suite that run at once, each with brokers of its own: checks mostly wait. In the
# order of the groups; what the last three have, the first leaves out.
lanes=("!flow memory:,!flow vm cursor:,!flow topic:,!flow store:,!flow temp:,!flow order:,!large:,!neighbours:,!restarts:"
    "flow memory:,flow vm cursor:,flow topic:"
    "flow store:,flow temp:,flow order:"
    "large:,neighbours:,restarts:")
results="$built/results/$broker-$client.tsv"
if [ $# -gt 0 ]; then
    results="$built/results/part.tsv"
    lanes=("$(IFS=,; echo "$*")")
    case "$*" in *!*) many=no ;; *) many=yes ;; esac
    if [ $# -ge 6 ] && [ "$many" = yes ]; then
        lanes=("" "" "")
        for ((i = 1; i <= $#; i++)); do
            lanes[i % 3]+="${lanes[i % 3]:+,}${!i}"
        done
    fi
fi

# lane NUMBER: runs one part to its end; results stay in its folder.
lane() {
    local parts
    IFS=, read -ra parts <<< "${lanes[$1]}"
    suite "$top/lane$1" floodway.interop.Runner "$top/$1.tsv" "${parts[@]}"
}

echo "$broker $version, client $client"
code=0
counts='^[0-9]+ passed, [0-9]+ failed, '
if [ "${1:-}" = load ]; then
    prepare "$top/lane"
    (suite "$top/lane" floodway.interop.Load "${@:2}") || code=$?
elif [ ${#lanes[@]} -eq 1 ]; then
    prepare "$top/lane0"
    (lane 0) || code=$?
    cp "$top/0.tsv" "$results"
else
    for each in "${!lanes[@]}"; do
        prepare "$top/lane$each"
        (lane "$each") > "$top/$each.log" 2>&1 < /dev/null &
        running+=($!)
    done
    for each in "${running[@]}"; do
        wait "$each" || code=$?
    done
    running=()
    # One head, then all lines; one line of counts at the end.
    {
        head -n 1 "$top/0.tsv"
        for each in "${!lanes[@]}"; do tail -n +2 "$top/$each.tsv"; done
    } > "$results"
    for each in "${!lanes[@]}"; do cat "$top/$each.log"; done > "$top/log"
    grep -vE "$counts" "$top/log" || true
    { grep -E "$counts" "$top/log" || true; } | awk '{ p += $1; f += $3; s += $5; k += $7 }
        END { printf "%d passed, %d failed, %d skipped, %d known or improvements\n", p, f, s, k }'
fi
if [ -n "${KEEP:-}" ]; then cat "$top"/lane*/broker.log > "$built/results/$broker-$client.log"; fi
exit "$code"
