package floodway.interop;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import javax.management.Attribute;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * A tool that speaks JMX, over Jolokia's connector instead of RMI: names, attributes of several
 * types, a change, operations. Arguments: host:port, password of the user admin.
 */
public final class Jolokia {
    private static int checks;

    private Jolokia() {}

    public static void main(String[] arguments) throws Exception {
        var url = new JMXServiceURL("service:jmx:jolokia://" + arguments[0] + "/api/jolokia/");
        Map<String, Object> login =
                Map.of(JMXConnector.CREDENTIALS, new String[] {"admin", arguments[1]});
        try (JMXConnector connector = JMXConnectorFactory.connect(url, login)) {
            use(connector.getMBeanServerConnection());
        }
        System.out.println(checks + " checks passed");
    }

    private static void use(MBeanServerConnection server) throws Exception {
        Set<ObjectName> brokers =
                server.queryNames(new ObjectName("org.apache.activemq:type=Broker,brokerName=*"), null);
        check("one broker is found", brokers.size() == 1);
        ObjectName broker = brokers.iterator().next();
        check("it is registered", server.isRegistered(broker));
        check("its domain is listed", Arrays.asList(server.getDomains()).contains("org.apache.activemq"));

        server.invoke(
                broker, "addQueue", new Object[] {"jmx"}, new String[] {"java.lang.String"});
        ObjectName queue = new ObjectName(broker + ",destinationType=Queue,destinationName=jmx");
        check("a number is read", server.getAttribute(queue, "QueueSize").equals(0L));
        check("a text is read", "jmx".equals(server.getAttribute(queue, "Name")));
        check("a truth is read", server.getAttribute(queue, "Paused").equals(false));
        check("a fraction is read", server.getAttribute(queue, "AverageEnqueueTime").equals(0.0));
        // The connector gives names as structures.
        var names = (CompositeData[]) server.getAttribute(broker, "Queues");
        check("names are read", names.length == 1
                && queue.equals(new ObjectName(names[0].get("objectName").toString())));

        MBeanInfo info = server.getMBeanInfo(queue);
        MBeanAttributeInfo limit = Arrays.stream(info.getAttributes())
                .filter(one -> one.getName().equals("MemoryLimit")).findFirst().orElseThrow();
        check("what can be written is told", limit.isWritable() && limit.getType().equals("long"));
        server.setAttribute(queue, new Attribute("MemoryLimit", 3_000_000L));
        check("it is written", server.getAttribute(queue, "MemoryLimit").equals(3_000_000L));
        check("several are read", server.getAttributes(
                queue, new String[] {"QueueSize", "EnqueueCount"}).size() == 2);

        String[] text = {"java.lang.String"};
        Object id = server.invoke(queue, "sendTextMessage", new Object[] {"hello"}, text);
        check("a message is sent", id.toString().startsWith("ID:"));
        check("it is there", server.getAttribute(queue, "QueueSize").equals(1L));
        // The connector has no form for empty maps, and so none for messages, whoever sends them.
        Object size = server.invoke(queue, "cursorSize", new Object[0], new String[0]);
        check("it is counted", Integer.valueOf(1).equals(size) || Long.valueOf(1).equals(size));
        Object moved = server.invoke(queue, "moveMatchingMessagesTo",
                new Object[] {"", "jmx.moved"}, new String[] {"java.lang.String", "java.lang.String"});
        check("it is moved", Integer.valueOf(1).equals(moved));
        server.invoke(queue, "purge", new Object[0], new String[0]);
        server.invoke(broker, "removeQueue", new Object[] {"jmx"}, text);
        check("what was removed is gone", !server.isRegistered(queue));
    }

    private static void check(String what, boolean passed) {
        if (!passed) {
            throw new AssertionError(what);
        }
        checks++;
        System.out.println("ok   " + what);
    }
}
