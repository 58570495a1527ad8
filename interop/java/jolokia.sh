#!/usr/bin/env bash
# Puts Jolokia's own JMX connector to Floodway and to a real ActiveMQ: interop/java/jolokia.sh
#
# Starts each broker in a fresh folder (Floodway: FLOODWAY_BIN, else target/release/floodway;
# ActiveMQ 5.19.1 with Jolokia's agent), runs the program of interop/java/jolokia on both, makes the
# same situation on both, then lets messages flow, and writes docs/mbeans.md, and its part of
# docs/compatibility.md, from what their MBeans say. Fails if an attribute that ActiveMQ's own tools
# read tells another thing here without a reason given in Marked.java. Skips with one line, code 0, if
# Java, Maven or the artifacts are missing.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
built="$root/target/interop-java/jolokia"
real="$root/target/interop-java/broker-5.19.1"
binary="${FLOODWAY_BIN:-$root/target/release/floodway}"
agent_version=2.1.1

skip() {
    echo "SKIPPED jolokia: $1"
    exit 0
}

build() {
    mvn -q -B "$@" > "$built/maven.log" 2>&1 && return
    if grep -q 'COMPILATION ERROR' "$built/maven.log"; then
        cat "$built/maven.log"
        exit 1
    fi
    skip "Maven cannot build it: $(grep -m 1 ERROR "$built/maven.log")"
}

command -v java > /dev/null || skip "no Java"
command -v mvn > /dev/null || skip "no Maven"
[ -x "$binary" ] || skip "no broker at $binary; run cargo build --release"
mkdir -p "$built" "$real"
build -f "$here/jolokia" compile dependency:build-classpath -Dmdep.outputFile="$built/classpath"
build -f "$here/activemq" compile dependency:build-classpath -Dmdep.outputFile="$real/classpath" \
    -Dbroker.version=5.19.1 -Dbuild.folder="$real"
build dependency:copy -Dartifact="org.jolokia:jolokia-agent-jvm:$agent_version:jar:javaagent" \
    -DoutputDirectory="$built"

home="$(mktemp -d)"
pids=()
trap 'kill "${pids[@]}" 2> /dev/null || true; wait 2> /dev/null || true; rm -rf "$home"' EXIT

# The configuration of a broker in a folder of its own.
configure() {
    mkdir -p "$home/$1"
    cat > "$home/$1/activemq.xml" << XML
<beans xmlns="http://www.springframework.org/schema/beans"
       xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
       xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd
       http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="jmx" dataDirectory="$home/$1/data"
          schedulerSupport="true">
    <managementContext><managementContext createConnector="false"/></managementContext>
    <systemUsage><systemUsage>
      <memoryUsage><memoryUsage limit="64 mb"/></memoryUsage>
      <storeUsage><storeUsage limit="1 gb"/></storeUsage>
      <tempUsage><tempUsage limit="1 gb"/></tempUsage>
    </systemUsage></systemUsage>
    <transportConnectors>
      <transportConnector name="openwire" uri="tcp://127.0.0.1:0"/>
    </transportConnectors>
  </broker>
</beans>
XML
}

# Waits until the log of a broker says where it can be asked.
address_in() {
    local found
    for _ in $(seq 600); do
        found="$(sed -nE "s#$2#\\1#p" "$home/$1/log" | head -n 1)"
        [ -z "$found" ] || { echo "$found"; return; }
        sleep 0.05
    done
    cat "$home/$1/log" >&2
    return 1
}

configure floodway
echo 'admin: secret, admin' > "$home/floodway/jetty-realm.properties"
NO_COLOR=1 "$binary" start --config "$home/floodway/activemq.xml" --data "$home/floodway/data" \
    --admin 127.0.0.1:0 > "$home/floodway/log" 2>&1 &
pids+=($!)
configure activemq
agent="$built/jolokia-agent-jvm-$agent_version-javaagent.jar"
# Else each answer of the agent waits 40 ms for the acknowledgement of its head.
java -XX:+UseSerialGC -Dsun.net.httpserver.nodelay=true -javaagent:"$agent=port=0,host=127.0.0.1,user=admin,password=secret,agentContext=/api/jolokia" \
    -cp "$real/classes:$(cat "$real/classpath")" floodway.interop.ActiveMq \
    "$home/activemq/activemq.xml" > "$home/activemq/log" 2>&1 &
pids+=($!)
for broker in floodway activemq; do
    case "$broker" in
        floodway) pattern='.*administration listening on http://([0-9.:]+).*' ;;
        activemq) pattern='.*Agent started with URL http://([0-9.:]+)/.*' ;;
    esac
    address="$(address_in "$broker" "$pattern")"
    if [ "$broker" = activemq ]; then address_in activemq '.*(Apache ActiveMQ .* started).*' > /dev/null; fi
    java=(java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$built/classes:$(cat "$built/classpath")")
    echo "$broker:"
    "${java[@]}" floodway.interop.Jolokia "$address" secret
    "${java[@]}" floodway.interop.MBeans dump "$address" secret "$built/$broker.tsv"
done
"${java[@]}" floodway.interop.MBeans table "$built/activemq.tsv" "$built/floodway.tsv" \
    "$root/docs/mbeans.md" "$root/docs/compatibility.md"
