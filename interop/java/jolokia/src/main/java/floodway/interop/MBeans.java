package floodway.interop;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
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
 * <p>{@code dump HOST:PORT PASSWORD FILE} makes the situation, then {@link Traffic}, then
 * {@link UnderLoad}, and writes a line for each attribute and operation;
 * {@code table ACTIVEMQ FLOODWAY OUT SUMMARY} puts two such files side by side, all of it into OUT and
 * the sums between two marks of SUMMARY, and fails when an attribute has another type, or one of the
 * {@link Marked} ones tells another thing without a reason.
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

    private static final Set<String> FAULTS = Set.of("not here", "another type", "another value");

    /** One MBean type: how many attributes and operations ActiveMQ has, and what became of them here. */
    private record Sums(String bean, int attributes, int operations, int operationsHere, List<String> same,
            List<String> differing, List<String> absent, int otherTypes) {
    }

    private MBeans() {
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
        lines.addAll(underLoad(server));
        return lines;
    }

    /** The same lines, but what an attribute tells over many looks instead of a value. */
    private static List<String> underLoad(MBeanServerConnection server) throws Exception {
        try (UnderLoad load = new UnderLoad(server, BROKER, OWN)) {
            load.run();
            return lines(server, load.names(), load::tells);
        }
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
        return lines(server, beans, (bean, attribute) ->
                OWN.contains(attribute) ? "its own" : value(server, beans.get(bean), attribute));
    }

    /** What a bean's attribute tells is given by the last argument. */
    private static List<String> lines(MBeanServerConnection server, Map<String, ObjectName> beans,
            BinaryOperator<String> tells) throws Exception {
        List<String> lines = new ArrayList<>();
        for (Map.Entry<String, ObjectName> bean : beans.entrySet()) {
            MBeanInfo info = server.getMBeanInfo(bean.getValue());
            for (MBeanAttributeInfo one : info.getAttributes()) {
                String access = one.isWritable() ? "rw" : "r";
                lines.add(String.join("\t", bean.getKey(), one.getName(), type(one.getType()) + " " + access,
                        tells.apply(bean.getKey(), one.getName())));
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

    static String shown(Object value) {
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
                Sections *…, while messages flow* have instead of values what they tell over many looks, see
                [Compatibility](compatibility.md#management-names-under-load).
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
        List<String> unexplained = unexplained(theirs, ours);
        unexplained.forEach(System.out::println);
        if (differing > 0 || !unexplained.isEmpty()) {
            System.out.println(differing + " attributes have another type, " + unexplained.size()
                    + " that tools read another value without a reason");
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

                """);
        marked(text, false, theirs, ours);
        text.append("""

                ## Management names under load

                The same attributes while clients of ActiveMQ's send to and take from a queue and a topic on each broker, read in 25 looks of 200 messages each at the least.
                The clients know of each message whether its sending or its acknowledgement was begun, and whether it was confirmed, just before each reading and just after; a name such as *as sent* means that every reading lay between the two, and that readings of a tenth less or more (of amounts that come and go: half or twice) would not have.
                A value is one that did not move, *moves* one that follows nothing clients know, *of the moment* a backlog of milliseconds, of which only the type is compared.
                `interop/java/jolokia.sh` fails where Floodway tells another thing than ActiveMQ without a reason given here.

                | | what the readings are |
                |---|---|
                | as sent | grown by the messages sent |
                | as acknowledged | grown by the messages acknowledged, at each subscription |
                | as dispatched | grown at least by the messages received, at most by what was acknowledged and fits in windows |
                | sent, not acknowledged | the difference of the two |
                | dispatched, not acknowledged | likewise, and windows are mostly in use |
                | sent, not dispatched | likewise |
                | bytes of what waits | bodies of what is not acknowledged and up to 15 % more; of a topic, by all subscriptions to by one |
                | percent of the limit | the same, of the bean's memory limit |
                | percent of the store | at least what waits, at most what was sent and 64 MiB, of the store's limit; 0 or twenty times as much would not be |
                | bytes of a message | a body and up to 15 % more |
                | transactions open | at most one for each consumer, mostly as many as clients have open |
                | average until dispatch | between the average times until there was room in the window and until the message was received, 15 % more or less |
                | average until acknowledgement | likewise until the commit |

                """);
        marked(text, true, theirs, ours);
        return text.append("\n").append(END).toString();
    }

    private static void marked(StringBuilder text, boolean underLoad, Map<String, Map<String, String[]>> theirs,
            Map<String, Map<String, String[]>> ours) {
        text.append("| MBean | attribute | type | ActiveMQ | Floodway | |\n|---|---|---|---|---|---|\n");
        Marked.READ.forEach((bean, names) -> names.forEach(name -> {
            String[] their = theirs.getOrDefault(bean, Map.of()).get(name);
            String[] our = ours.getOrDefault(bean, Map.of()).get(name);
            if (their != null && bean.endsWith(UnderLoad.WHILE) == underLoad) {
                text.append("| %s | `%s` | %s | %s | %s | %s |%n".formatted(bean.replace(UnderLoad.WHILE, ""), name,
                        their[0].split(" ")[0], their[1], our == null ? "-" : our[1], verdict(bean, name, their, our)));
            }
        }));
    }

    /** Marked attributes that tell another thing without a reason. */
    private static List<String> unexplained(Map<String, Map<String, String[]>> theirs,
            Map<String, Map<String, String[]>> ours) {
        List<String> found = new ArrayList<>();
        Marked.READ.forEach((bean, names) -> names.forEach(name -> {
            String[] their = theirs.getOrDefault(bean, Map.of()).get(name);
            String[] our = ours.getOrDefault(bean, Map.of()).get(name);
            if (their != null && FAULTS.contains(verdict(bean, name, their, our))) {
                found.add(bean + " " + name + ": " + their[1] + " and here " + (our == null ? "nothing" : our[1]));
            }
        }));
        return found;
    }

    private static String counted(List<String> names) {
        return names.isEmpty() ? "0" : names.size() + ": " + String.join(", ", names);
    }

    private static String verdict(String bean, String name, String[] their, String[] our) {
        if (our == null) {
            return "not here";
        }
        if (!their[0].split(" ")[0].equals(our[0].split(" ")[0])) {
            return "another type";
        }
        if (their[1].equals(our[1])) {
            return Set.of("its own", "of the moment").contains(our[1]) ? "same type" : "same";
        }
        return Objects.requireNonNullElse(Marked.reason(bean, name, our[1]), "another value");
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
