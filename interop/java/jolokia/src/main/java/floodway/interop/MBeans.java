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
 * <p>{@code dump HOST:PORT PASSWORD FILE} makes the situation, then {@link Traffic}, and writes a line
 * for each attribute and operation; {@code table ACTIVEMQ FLOODWAY OUT SUMMARY} puts two such files side by side, all of it
 * into OUT and the sums between two marks of SUMMARY, and fails when an attribute has another type.
 */
public final class MBeans {
    private static final String BROKER = "org.apache.activemq:type=Broker,brokerName=jmx";
    private static final String[] TEXT = {"java.lang.String"};
    /** Of each run or machine; only their types are compared. */
    private static final Set<String> OWN = Set.of("BrokerId", "BrokerVersion", "DataDirectory", "Uptime",
            "UptimeMillis", "AverageEnqueueTime", "MaxEnqueueTime", "MinEnqueueTime", "URI", "ConnectURI",
            "PublishableConnectURI", "TransportConnectors", "TotalConnectionsCount", "NextScheduleTime");

    /** Around the part of the summary that is ours; as in Table.java. */
    private static final String BEGIN = "<!-- management names: written by interop/java/jolokia.sh -->";
    private static final String END = "<!-- end of management names -->";
    /** What ActiveMQ's console, its command line or Amazon MQ's metrics read. */
    private static final Map<String, List<String>> READ = toolsRead();

    /** One MBean type: how many attributes and operations ActiveMQ has, and what became of them here. */
    private record Sums(String bean, int attributes, int operations, int operationsHere, List<String> same,
            List<String> differing, List<String> absent, int otherTypes) {
    }

    private MBeans() {
    }

    private static Map<String, List<String>> toolsRead() {
        List<String> destination = List.of("Name", "QueueSize", "EnqueueCount", "DequeueCount", "DispatchCount",
                "InFlightCount", "ExpiredCount", "ConsumerCount", "ProducerCount", "MemoryPercentUsage",
                "MemoryUsageByteCount", "MemoryLimit", "TempUsagePercentUsage", "AverageEnqueueTime",
                "AverageMessageSize", "Subscriptions");
        Map<String, List<String>> read = new LinkedHashMap<>();
        read.put("Broker", List.of("BrokerName", "BrokerId", "BrokerVersion", "Uptime", "CurrentConnectionsCount",
                "TotalConnectionsCount", "TotalEnqueueCount", "TotalDequeueCount", "TotalMessageCount",
                "TotalConsumerCount", "TotalProducerCount", "MemoryLimit", "MemoryPercentUsage", "StoreLimit",
                "StorePercentUsage", "TempLimit", "TempPercentUsage", "JobSchedulerStoreLimit",
                "JobSchedulerStorePercentUsage", "Queues", "Topics", "DurableTopicSubscribers",
                "InactiveDurableTopicSubscribers"));
        List<String> queue = new ArrayList<>(destination);
        queue.addAll(List.of("Paused", "CursorMemoryUsage", "CursorPercentUsage", "MessageGroups"));
        read.put("Queue", queue);
        read.put("Topic", destination);
        List<String> subscription = List.of("ClientId", "SubscriptionName", "DestinationName", "Selector", "Active",
                "PrefetchSize", "PendingQueueSize", "DispatchedQueueSize", "DispatchedCounter", "EnqueueCounter",
                "DequeueCounter", "SlowConsumer");
        read.put("Durable subscription, offline", subscription);
        read.put("Connector", List.of("ConnectionCount"));
        read.put("Scheduler", List.of("AllJobs", "NextScheduleTime"));
        read.put("Health", List.of("CurrentStatus"));
        read.put("Broker, with clients", read.get("Broker"));
        read.put("Queue, with clients", queue);
        read.put("Queue of a transaction", queue);
        read.put("Topic, with clients", destination);
        for (String one : List.of("Consumer of a queue", "Subscriber of a topic", "Durable subscription, online")) {
            read.put(one, subscription);
        }
        read.put("Producer", List.of("ClientId", "DestinationName", "ProducerBlocked", "SentCount"));
        read.put("Connection", List.of("ClientId", "RemoteAddress", "Active", "Slow", "Blocked",
                "DispatchQueueSize", "ActiveTransactionCount", "Consumers", "Producers"));
        return read;
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("table")) {
            table(arguments[1], arguments[2], arguments[3], arguments[4]);
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

    /** First of what JMX alone can make, then with clients that have sent and taken, and are still there. */
    private static List<String> dump(MBeanServerConnection server) throws Exception {
        List<String> lines = new ArrayList<>(lines(server, situation(server)));
        try (Traffic traffic = new Traffic(server, BROKER)) {
            Map<String, ObjectName> beans = traffic.beans();
            lines.addAll(settled(server, beans));
        }
        return lines;
    }

    /** What is told when it has told the same twice: acknowledgements are on their way for a moment. */
    private static List<String> settled(MBeanServerConnection server, Map<String, ObjectName> beans)
            throws Exception {
        List<String> before = List.of();
        for (int look = 0; look < 40; look++) {
            List<String> now = lines(server, beans);
            if (now.equals(before)) {
                break;
            }
            before = now;
            Thread.sleep(250);
        }
        return before;
    }

    private static List<String> lines(MBeanServerConnection server, Map<String, ObjectName> beans)
            throws Exception {
        List<String> lines = new ArrayList<>();
        for (Map.Entry<String, ObjectName> bean : beans.entrySet()) {
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
        String text = String.valueOf(value).replaceAll("[\\t\\r\\n|]", " ")
                .replaceAll("ID:[^ ,}]+", "ID:…").replaceAll("127\\.0\\.0\\.1:[0-9]+", "127.0.0.1:…");
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

    private static void table(String activemq, String floodway, String out, String summary) throws Exception {
        Map<String, Map<String, String[]>> theirs = read(activemq);
        Map<String, Map<String, String[]>> ours = read(floodway);
        Files.createDirectories(Path.of(out).toAbsolutePath().getParent());
        StringBuilder text = new StringBuilder("""
                # MBeans beside ActiveMQ's

                Made by `interop/java/jolokia.sh`: the same situation on Floodway and on ActiveMQ 5.19.1, made and
                read through `javax.management` with Jolokia's JSR-160 connector; from *Broker, with clients* on
                with clients of ActiveMQ's that have sent and taken messages and are still connected.
                Of what differs from run to run (ids, times, addresses) only the types are compared.
                What every attribute means here is in [Jolokia](jolokia.md).
                """);
        List<Sums> sums = new ArrayList<>();
        for (String bean : theirs.keySet()) {
            sums.add(compare(bean, theirs.get(bean), ours.getOrDefault(bean, Map.of()), text));
        }
        Files.writeString(Path.of(out), text);
        summarize(Path.of(summary), section(sums, theirs, ours));
        int differing = sums.stream().mapToInt(Sums::otherTypes).sum();
        if (differing > 0) {
            System.out.println(differing + " attributes have another type");
            System.exit(1);
        }
    }

    /** Puts the section between its marks, or before the first other section. */
    private static void summarize(Path file, String section) throws Exception {
        String text = Files.readString(file);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END, Math.max(begin, 0));
        if (begin >= 0 && end >= 0) {
            text = text.substring(0, begin) + section + text.substring(end + END.length());
        } else {
            int first = text.indexOf("\n## ");
            int at = first < 0 ? text.length() : first;
            text = text.substring(0, at) + "\n" + section + "\n" + text.substring(at);
        }
        Files.writeString(file, text);
    }

    /** How many names are as in ActiveMQ, and those that its own tools read, one by one. */
    private static String section(List<Sums> sums, Map<String, Map<String, String[]>> theirs,
            Map<String, Map<String, String[]>> ours) {
        StringBuilder text = new StringBuilder(BEGIN).append("""


                ## Management names

                The same situation (queues with messages, sent and moved, a topic, an offline durable subscription, a scheduled message; then clients of ActiveMQ's that have sent and taken some hundred messages and are still connected) made on both brokers and read over Jolokia; every single name is in [MBeans](mbeans.md).
                *The same* is type, access and value, of what each run or machine has its own values of only type and access; an operation is the same when it takes the same arguments.
                Why values differ is in [Jolokia](jolokia.md#what-values-mean-here).

                | MBean | attributes | the same | differing in value or access | of another type | not here | operations | the same |
                |---|---|---|---|---|---|---|---|
                """);
        for (Sums one : sums) {
            text.append("| %s | %d | %d | %s | %d | %s | %d | %d |%n".formatted(one.bean, one.attributes,
                    one.same.size(), counted(one.differing), one.otherTypes, counted(one.absent), one.operations,
                    one.operationsHere));
        }
        text.append("""

                What ActiveMQ's console, its command line or Amazon MQ's metrics read, as far as this situation has it:

                | MBean | attribute | type | ActiveMQ | Floodway | |
                |---|---|---|---|---|---|
                """);
        READ.forEach((bean, names) -> names.forEach(name -> {
            String[] their = theirs.getOrDefault(bean, Map.of()).get(name);
            String[] our = ours.getOrDefault(bean, Map.of()).get(name);
            if (their != null) {
                text.append("| %s | `%s` | %s | %s | %s | %s |%n".formatted(bean, name, their[0].split(" ")[0],
                        their[1], our == null ? "-" : our[1], verdict(their, our)));
            }
        }));
        return text.append("\n").append(END).toString();
    }

    private static String counted(List<String> names) {
        return names.isEmpty() ? "0" : names.size() + ": " + String.join(", ", names);
    }

    private static String verdict(String[] their, String[] our) {
        if (our == null) {
            return "not here";
        }
        if (!their[0].split(" ")[0].equals(our[0].split(" ")[0])) {
            return "another type";
        }
        if (their[1].equals("its own")) {
            return "same type";
        }
        return their[1].equals(our[1]) ? "same" : "another value";
    }

    private static Sums compare(String bean, Map<String, String[]> theirs, Map<String, String[]> ours,
            StringBuilder text) {
        StringBuilder rows = new StringBuilder();
        List<String> others = new ArrayList<>();
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
                others.add("`" + one.getKey() + "`");
                rows.append("| `%s` | %s | %s | %s |%n".formatted(one.getKey(), their[0], their[1],
                        sameAccess ? our[1] : our[0] + ": " + our[1]));
            }
        }
        text.append("%n## %s%n%n%d of %d attributes have the same type and value, %d of %d operations the same "
                .formatted(bean, same.size(), attributes, operationsHere, operations)).append("arguments.\n");
        if (!rows.isEmpty()) {
            text.append("Another value:\n\n| attribute | type | ActiveMQ | Floodway |\n|---|---|---|---|\n").append(rows);
        }
        if (!same.isEmpty()) {
            text.append("\nThe same: ").append(String.join(", ", same)).append(".\n");
        }
        if (!absent.isEmpty()) {
            text.append("\nNot here: ").append(String.join(", ", absent)).append(".\n");
        }
        return new Sums(bean, attributes, operations, operationsHere, same, others, absent, differing);
    }
}
