package floodway.interop;

import floodway.interop.Flow.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.management.Attribute;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;

/**
 * MBeans looked at while messages flow, and what each attribute tells: a value that does not move, or the
 * {@link Law} that it follows.
 */
final class UnderLoad implements AutoCloseable {
    /** Put behind the name of an MBean. */
    static final String WHILE = ", while messages flow";
    private static final int LOOKS = 25;
    /** Messages between two looks; the growth over all of them is many times what happens in one. */
    private static final int BETWEEN = 200;
    /** A look during which more happened is taken again, so many times at most. */
    private static final int BLUR = 60;
    private static final int TRIES = 50;
    /** Bytes: what waits is some tenths of it. */
    private static final long MEMORY = 16_000_000;
    /** Bytes: what waits is some hundredths of it, and all that is sent less. */
    private static final long STORE = 250_000_000;

    /** Of a backlog that comes and goes in milliseconds: whether a look meets it is chance. */
    private static final Set<String> MOMENTARY = Set.of("DispatchQueueSize", "SlowConsumer", "Slow");

    private final MBeanServerConnection server;
    private final String broker;
    private final Set<String> own;
    private final Flow flow;
    private final Map<String, Bean> beans = new LinkedHashMap<>();

    /** An MBean, and what it can tell of: its own destination first, or of all. */
    private record Bean(ObjectName name, List<List<Part>> scopes, String[] attributes, List<Look> looks) {
    }

    /** Of what each run has its own values of, only whether they move is told. */
    UnderLoad(MBeanServerConnection server, String broker, Set<String> own) throws Exception {
        this.server = server;
        this.broker = broker;
        this.own = own;
        Object uri = server.invoke(new ObjectName(broker), "getTransportConnectorByType",
                new Object[] {"tcp"}, new String[] {"java.lang.String"});
        flow = new Flow(uri.toString().split("\\?")[0]);
    }

    /** Looks at all of them, first before anything flows. */
    void run() throws Exception {
        for (ObjectName one : List.of(destination("Queue", Flow.QUEUE), destination("Topic", Flow.TOPIC))) {
            server.setAttribute(one, new Attribute("MemoryLimit", MEMORY));
        }
        server.setAttribute(new ObjectName(broker), new Attribute("StoreLimit", STORE));
        addBeans();
        for (Bean bean : beans.values()) {
            look(bean);
        }
        flow.start();
        for (int i = 0; i < LOOKS; i++) {
            flow.awaitSent(BETWEEN);
            for (Bean bean : beans.values()) {
                look(bean);
            }
        }
    }

    /** The names under which they are shown, and the MBeans. */
    Map<String, ObjectName> names() {
        Map<String, ObjectName> names = new LinkedHashMap<>();
        beans.forEach((name, bean) -> names.put(name, bean.name));
        return names;
    }

    @Override
    public void close() throws Exception {
        flow.close();
    }

    private void addBeans() throws Exception {
        List<Part> queue = List.of(flow.queue);
        List<Part> topic = List.of(flow.topic);
        add("Broker", new ObjectName(broker), List.of(List.of(flow.queue, flow.topic), queue));
        add("Queue", destination("Queue", Flow.QUEUE), List.of(queue));
        add("Topic", destination("Topic", Flow.TOPIC), List.of(topic));
        addConsumers();
        addProducers();
        for (String client : List.of(Flow.TAKING, Flow.SENDING)) {
            boolean takes = client.equals(Flow.TAKING);
            add(takes ? "Connection of consumers" : "Connection of producers",
                    new ObjectName(broker + ",connector=clientConnectors,connectorName=openwire,"
                            + "connectionViewType=clientId,connectionName=" + client),
                    takes ? List.of(List.of(flow.queue, flow.topic)) : List.of());
        }
        add("Connector", new ObjectName(broker + ",connector=clientConnectors,connectorName=openwire"),
                List.of());
    }

    /** Consumers come in the order of their ids, as they were made. */
    private void addConsumers() throws Exception {
        List<ObjectName> all = endpoints("Queue,destinationName=" + Flow.QUEUE, "Consumer");
        for (int i = 0; i < all.size(); i++) {
            Tally tally = flow.queue.groups().get(0).get(i);
            add("Consumer of a queue" + (i == 0 ? "" : ", another"), all.get(i),
                    List.of(List.of(new Part(flow.queue.producers(), List.of(List.of(tally))))));
        }
        all = endpoints("Topic,destinationName=" + Flow.TOPIC, "Consumer");
        for (int i = 0; i < all.size(); i++) {
            List<Part> told = List.of(new Part(flow.topic.producers(), List.of(flow.topic.groups().get(i))));
            String name = switch (i) {
                case 0 -> "Subscriber of a topic";
                case 1 -> "Subscriber of a topic, another";
                default -> "Durable subscription";
            };
            add(name, all.get(i), List.of(told));
        }
    }

    private void addProducers() throws Exception {
        List<ObjectName> all = endpoints("Queue,destinationName=" + Flow.QUEUE, "Producer");
        for (int i = 0; i < all.size(); i++) {
            add("Producer of a queue" + (i == 0 ? "" : ", another"), all.get(i),
                    List.of(List.of(new Part(List.of(flow.queue.producers().get(i)), List.of()))));
        }
        all = endpoints("Topic,destinationName=" + Flow.TOPIC, "Producer");
        add("Producer of a topic", all.get(0),
                List.of(List.of(new Part(flow.topic.producers(), List.of()))));
    }

    /** Clients number what they make; durable subscriptions have another form of id, and come last. */
    private List<ObjectName> endpoints(String of, String kind) throws Exception {
        var found = server.queryNames(new ObjectName(broker + ",destinationType=" + of + ",endpoint=" + kind + ",*"),
                null);
        Map<String, ObjectName> sorted = new TreeMap<>();
        for (ObjectName one : found) {
            String id = Objects.requireNonNullElse(one.getKeyProperty("consumerId"), one.getKeyProperty("producerId"));
            sorted.put(id.startsWith("Durable") ? "~" + id : id, one);
        }
        return List.copyOf(sorted.values());
    }

    private ObjectName destination(String type, String name) throws Exception {
        return new ObjectName(broker + ",destinationType=" + type + ",destinationName=" + name);
    }

    /** With those of its attributes that can be read. */
    private void add(String name, ObjectName bean, List<List<Part>> scopes)
            throws Exception {
        String[] all = Arrays.stream(server.getMBeanInfo(bean).getAttributes()).map(MBeanAttributeInfo::getName)
                .filter(one -> {
                    try {
                        server.getAttribute(bean, one);
                        return true;
                    } catch (Exception unreadable) {
                        return false;
                    }
                }).toArray(String[]::new);
        beans.put(name + WHILE, new Bean(bean, scopes, all, new ArrayList<>()));
    }

    private void look(Bean bean) throws Exception {
        Look look = null;
        for (int i = 0; i < TRIES && (look == null || look.blur() > BLUR); i++) {
            Look.Facts before = Look.Facts.of(flow);
            Map<String, Object> values = new HashMap<>();
            server.getAttributes(bean.name, bean.attributes).asList()
                    .forEach(one -> values.put(one.getName(), one.getValue()));
            look = new Look(before, Look.Facts.of(flow), values);
        }
        bean.looks.add(look);
    }

    /** What an attribute of a bean tells over all looks. */
    String tells(String name, String attribute) {
        Bean bean = beans.get(name);
        if (!List.of(bean.attributes).contains(attribute)) {
            return "cannot be read";
        }
        if (MOMENTARY.contains(attribute)) {
            return "of the moment";
        }
        String law = law(bean, attribute);
        if (law != null) {
            return law;
        }
        Set<String> values = bean.looks.stream().skip(1).map(look -> MBeans.shown(look.values().get(attribute)))
                .collect(Collectors.toSet());
        if (values.size() > 1) {
            return "moves";
        }
        return own.contains(attribute) ? "its own" : values.iterator().next();
    }

    private static String law(Bean bean, String attribute) {
        if (!bean.looks.stream().allMatch(look -> look.values().get(attribute) instanceof Number)) {
            return null;
        }
        return bean.scopes.stream().map(parts -> Law.judge(parts, attribute, bean.looks))
                .filter(Objects::nonNull).findFirst().orElse(null);
    }
}
