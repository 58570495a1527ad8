#!/usr/bin/env bash
# Puts Jolokia's own JMX connector to Floodway: interop/java/jolokia.sh
#
# Starts the broker (FLOODWAY_BIN, else target/release/floodway) in a fresh folder and runs the
# program of interop/java/jolokia. Skips with one line, code 0, if Java, Maven or the connector
# are missing.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
built="$root/target/interop-java/jolokia"
binary="${FLOODWAY_BIN:-$root/target/release/floodway}"

skip() {
    echo "SKIPPED jolokia: $1"
    exit 0
}

command -v java > /dev/null || skip "no Java"
command -v mvn > /dev/null || skip "no Maven"
[ -x "$binary" ] || skip "no broker at $binary; run cargo build --release"
mkdir -p "$built"
mvn -q -B -f "$here/jolokia" compile dependency:build-classpath \
    -Dmdep.outputFile="$built/classpath" > "$built/maven.log" 2>&1 \
    || skip "Maven cannot build it: $(tail -n 1 "$built/maven.log")"

home="$(mktemp -d)"
trap 'kill "$pid" 2> /dev/null || true; wait "$pid" 2> /dev/null || true; rm -rf "$home"' EXIT
echo 'admin: secret, admin' > "$home/jetty-realm.properties"
cat > "$home/activemq.xml" << XML
<beans xmlns="http://www.springframework.org/schema/beans">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="jmx" dataDirectory="$home/data">
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:0"/>
    </transportConnectors>
  </broker>
</beans>
XML
NO_COLOR=1 "$binary" start --config "$home/activemq.xml" --data "$home/data" --admin 127.0.0.1:0 \
    > "$home/log" 2>&1 &
pid=$!
address=""
for _ in $(seq 200); do
    address="$(sed -nE 's#.*administration listening on http://([0-9.:]+).*#\1#p' "$home/log")"
    [ -z "$address" ] || break
    sleep 0.05
done
[ -n "$address" ] || { cat "$home/log" >&2; exit 1; }
java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -cp "$built/classes:$(cat "$built/classpath")" floodway.interop.Jolokia "$address" secret
