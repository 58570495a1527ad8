package floodway.interop;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.management.Attribute;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.MBeanOperationInfo;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.TabularData;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * The same situation made on two brokers, and what their MBeans say of it.
 *
 * <p>{@code dump HOST:PORT PASSWORD FILE} makes the situation and writes a line for each attribute and
 * operation; {@code table ACTIVEMQ FLOODWAY OUT} puts two such files side by side, and fails when an
 * attribute has another type.
 */
public final class MBeans {
    private static final String BROKER = "org.apache.activemq:type=Broker,brokerName=jmx";
    private static final String[] TEXT = {"java.lang.String"};
    /** Of each run or machine; only their types are compared. */
    private static final Set<String> OWN = Set.of("BrokerId", "BrokerVersion", "DataDirectory", "Uptime",
            "UptimeMillis", "AverageEnqueueTime", "MaxEnqueueTime", "MinEnqueueTime", "URI", "ConnectURI",
            "PublishableConnectURI", "TransportConnectors", "TotalConnectionsCount", "NextScheduleTime");

    private MBeans() {
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("table")) {
            table(arguments[1], arguments[2], arguments[3]);
            return;
        }
        var url = new JMXServiceURL("service:jmx:jolokia://" + arguments[1] + "/api/jolokia/");
        Map<String, Object> login = Map.of(JMXConnector.CREDENTIALS, new String[] {"admin", arguments[2]});
        try (JMXConnector connector = JMXConnectorFactory.connect(url, login)) {
            Files.write(Path.of(arguments[3]), dump(connector.getMBeanServerConnection()));
        }
    }

    /** Queues, a topic, messages, a limit of its own, an offline durable subscription, a scheduled message. */
    private static Map<String, ObjectName> situation(MBeanServerConnection server) throws Exception {
        ObjectName broker = new ObjectName(BROKER);
        for (String name : List.of("compared", "moved")) {
            server.invoke(broker, "addQueue", new Object[] {name}, TEXT);
        }
        server.invoke(broker, "addTopic", new Object[] {"compared.topic"}, TEXT);
        String[] texts = {TEXT[0], TEXT[0], TEXT[0], TEXT[0]};
        server.invoke(broker, "createDurableSubscriber",
                new Object[] {"client", "subscription", "compared.topic", null}, texts);
        ObjectName queue = new ObjectName(BROKER + ",destinationType=Queue,destinationName=compared");
        ObjectName topic = new ObjectName(BROKER + ",destinationType=Topic,destinationName=compared.topic");
        for (int i = 0; i < 5; i++) {
            server.invoke(queue, "sendTextMessage", new Object[] {"message " + i}, TEXT);
        }
        server.invoke(topic, "sendTextMessage", new Object[] {"told"}, TEXT);
        server.invoke(queue, "moveMatchingMessagesTo", new Object[] {"", "moved", 2},
                new String[] {TEXT[0], TEXT[0], "int"});
        server.setAttribute(queue, new Attribute("MemoryLimit", 3_000_000L));
        Map<String, Object> later = Map.of("AMQ_SCHEDULED_DELAY", 3_600_000L);
        server.invoke(new ObjectName(BROKER + ",destinationType=Queue,destinationName=moved"), "sendTextMessage",
                new Object[] {later, "later"}, new String[] {"java.util.Map", TEXT[0]});
        Map<String, ObjectName> beans = new LinkedHashMap<>();
        beans.put("Broker", broker);
        beans.put("Queue", queue);
        beans.put("Topic", topic);
        beans.put("Durable subscription, offline", server.queryNames(
                new ObjectName(BROKER + ",destinationType=Topic,destinationName=compared.topic,"
                        + "endpoint=Consumer,*"), null).iterator().next());
        beans.put("Connector", new ObjectName(BROKER + ",connector=clientConnectors,connectorName=openwire"));
        beans.put("Scheduler", new ObjectName(BROKER + ",service=JobScheduler,name=JMS"));
        beans.put("Health", new ObjectName(BROKER + ",service=Health"));
        return beans;
    }

    private static List<String> dump(MBeanServerConnection server) throws Exception {
        List<String> lines = new ArrayList<>();
        for (Map.Entry<String, ObjectName> bean : situation(server).entrySet()) {
            MBeanInfo info = server.getMBeanInfo(bean.getValue());
            for (MBeanAttributeInfo one : info.getAttributes()) {
                String access = one.isWritable() ? "rw" : "r";
                lines.add(String.join("\t", bean.getKey(), one.getName(), type(one.getType()) + " " + access,
                        OWN.contains(one.getName()) ? "its own" : value(server, bean.getValue(), one.getName())));
            }
            for (MBeanOperationInfo one : info.getOperations()) {
                String arguments = Arrays.stream(one.getSignature()).map(each -> type(each.getType()))
                        .collect(Collectors.joining(", ", "(", ")"));
                lines.add(String.join("\t", bean.getKey(), one.getName() + arguments, "operation", ""));
            }
        }
        return lines;
    }

    private static String type(String name) {
        return switch (name) {
            case "[Ljavax.management.ObjectName;" -> "ObjectName[]";
            case "[Ljavax.management.openmbean.CompositeData;" -> "CompositeData[]";
            default -> name.substring(name.lastIndexOf('.') + 1);
        };
    }

    private static String value(MBeanServerConnection server, ObjectName bean, String name) {
        try {
            return shown(server.getAttribute(bean, name));
        } catch (Exception failure) {
            return "cannot be read";
        }
    }

    private static String shown(Object value) {
        if (value instanceof Object[] all) {
            return all.length + " entries";
        }
        if (value instanceof CompositeData || value instanceof TabularData || value instanceof Map) {
            return "a structure";
        }
        String text = String.valueOf(value).replaceAll("[\\t\\r\\n|]", " ");
        return text.length() > 60 ? text.substring(0, 57) + "…" : text;
    }

    /** Type and value by bean and name. */
    private static Map<String, Map<String, String[]>> read(String file) throws Exception {
        Map<String, Map<String, String[]>> beans = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of(file))) {
            String[] fields = line.split("\t", -1);
            beans.computeIfAbsent(fields[0], bean -> new TreeMap<>(Comparator.naturalOrder()))
                    .put(fields[1], new String[] {fields[2], fields[3]});
        }
        return beans;
    }

    private static void table(String activemq, String floodway, String out) throws Exception {
        Map<String, Map<String, String[]>> theirs = read(activemq);
        Map<String, Map<String, String[]>> ours = read(floodway);
        Files.createDirectories(Path.of(out).toAbsolutePath().getParent());
        StringBuilder text = new StringBuilder("""
                # MBeans beside ActiveMQ's

                Made by `interop/java/jolokia.sh`: the same situation on Floodway and on ActiveMQ 5.19.1, made and
                read through `javax.management` with Jolokia's JSR-160 connector.
                Of what differs from run to run (ids, times, addresses) only the types are compared.
                What every attribute means here is in [Jolokia](jolokia.md).
                """);
        int differing = 0;
        for (String bean : theirs.keySet()) {
            differing += compare(bean, theirs.get(bean), ours.getOrDefault(bean, Map.of()), text);
        }
        Files.writeString(Path.of(out), text);
        if (differing > 0) {
            System.out.println(differing + " attributes have another type");
            System.exit(1);
        }
    }

    private static int compare(String bean, Map<String, String[]> theirs, Map<String, String[]> ours,
            StringBuilder text) {
        StringBuilder rows = new StringBuilder();
        List<String> absent = new ArrayList<>();
        List<String> same = new ArrayList<>();
        int differing = 0;
        int attributes = 0;
        int operations = 0;
        int operationsHere = 0;
        for (Map.Entry<String, String[]> one : theirs.entrySet()) {
            String[] their = one.getValue();
            String[] our = ours.get(one.getKey());
            boolean isOperation = their[0].equals("operation");
            attributes += isOperation ? 0 : 1;
            operations += isOperation ? 1 : 0;
            if (our == null) {
                absent.add("`" + one.getKey() + "`");
                continue;
            }
            operationsHere += isOperation ? 1 : 0;
            // What may only be read here is shown, and no fault.
            boolean sameAccess = their[0].equals(our[0]);
            boolean sameType = their[0].split(" ")[0].equals(our[0].split(" ")[0]);
            if (isOperation) {
                continue;
            }
            if (!sameType) {
                differing++;
                System.out.println(bean + " " + one.getKey() + ": " + their[0] + " and here " + our[0]);
            }
            if (sameAccess && their[1].equals(our[1])) {
                same.add("`" + one.getKey() + "`");
            } else {
                rows.append("| `%s` | %s | %s | %s |%n".formatted(one.getKey(), their[0], their[1],
                        sameAccess ? our[1] : our[0] + ": " + our[1]));
            }
        }
        text.append("%n## %s%n%n%d of %d attributes have the same type and value, %d of %d operations the same "
                .formatted(bean, same.size(), attributes, operationsHere, operations)).append("arguments.\n");
        if (!rows.isEmpty()) {
            text.append("Another value:\n\n| attribute | type | ActiveMQ | Floodway |\n|---|---|---|---|\n").append(rows);
        }
        text.append("\nThe same: ").append(String.join(", ", same)).append(".\n");
        if (!absent.isEmpty()) {
            text.append("\nNot here: ").append(String.join(", ", absent)).append(".\n");
        }
        return differing;
    }
}
