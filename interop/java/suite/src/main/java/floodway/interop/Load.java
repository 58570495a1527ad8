package floodway.interop;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.MessageProducer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTopic;

/** One question per mode: how many messages of 1 KiB a second pass through the stock client. */
public final class Load {
    private static final int SIZE = 1024;

    /** What a mode puts on the broker. */
    private record Mode(String name, boolean isTopic, int delivery, int producers, int consumers) {
    }

    private static final List<Mode> MODES = List.of(
            new Mode("persistent-8-8", false, DeliveryMode.PERSISTENT, 8, 8),
            new Mode("non-persistent-1-1", false, DeliveryMode.NON_PERSISTENT, 1, 1),
            new Mode("non-persistent-8-8", false, DeliveryMode.NON_PERSISTENT, 8, 8),
            new Mode("topic-1-10", true, DeliveryMode.NON_PERSISTENT, 1, 10));

    private final Mode mode;
    private final LongAdder sent = new LongAdder();
    private final LongAdder received = new LongAdder();
    private final AtomicBoolean over = new AtomicBoolean();
    private final List<Connection> connections = new ArrayList<>();

    private Load(Mode mode) {
        this.mode = mode;
    }

    /** Arguments: seconds to measure (default 10), then modes (default: all). */
    public static void main(String[] arguments) throws Exception {
        int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 10;
        List<String> wanted = List.of(arguments).subList(Math.min(1, arguments.length), arguments.length);
        System.out.println("mode, sent/s, received/s, broker CPU µs per message received");
        for (Mode mode : MODES) {
            if (wanted.isEmpty() || wanted.contains(mode.name)) {
                new Load(mode).run(seconds);
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private void run(int seconds) throws Exception {
        String name = "load." + mode.name + "." + System.nanoTime();
        Destination to = mode.isTopic ? new ActiveMQTopic(name) : new ActiveMQQueue(name);
        ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(Setting.tcp(""));
        factory.setWatchTopicAdvisories(false);
        for (int i = 0; i < mode.consumers; i++) {
            session(factory).createConsumer(to).setMessageListener(message -> received.increment());
        }
        for (int i = 0; i < mode.producers; i++) {
            Session session = session(factory);
            Thread thread = new Thread(() -> produce(session, to), "producer");
            thread.setDaemon(true);
            thread.start();
        }
        Thread.sleep(Math.max(2, seconds / 3) * 1000L);
        long sentBefore = sent.sum();
        long receivedBefore = received.sum();
        double cpuBefore = brokerCpuSeconds();
        long begin = System.nanoTime();
        Thread.sleep(seconds * 1000L);
        double took = (System.nanoTime() - begin) / 1e9;
        long sentHere = sent.sum() - sentBefore;
        long receivedHere = received.sum() - receivedBefore;
        double cpu = brokerCpuSeconds() - cpuBefore;
        System.out.printf(Locale.ROOT, "%s, %.0f, %.0f, %.1f%n", mode.name, sentHere / took,
                receivedHere / took, cpu * 1e6 / Math.max(1, receivedHere));
        over.set(true);
        for (Connection each : connections) {
            Thread closing = new Thread(() -> close(each), "close");
            closing.setDaemon(true);
            closing.start();
            closing.join(5_000);
        }
    }

    private Session session(ActiveMQConnectionFactory factory) throws JMSException {
        Connection connection = factory.createConnection();
        connections.add(connection);
        connection.start();
        return connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    }

    private static void close(Connection connection) {
        try {
            connection.close();
        } catch (JMSException gone) {
            // Nothing is measured any more.
        }
    }

    private void produce(Session session, Destination to) {
        try {
            MessageProducer producer = session.createProducer(to);
            producer.setDeliveryMode(mode.delivery);
            while (!over.get()) {
                BytesMessage message = session.createBytesMessage();
                message.writeBytes(new byte[SIZE]);
                producer.send(message);
                sent.increment();
            }
        } catch (JMSException failure) {
            if (!over.get()) {
                System.err.println("a producer ended: " + failure);
            }
        }
    }

    /** Processor time of the broker so far, if the driver told its process; else not a number. */
    private static double brokerCpuSeconds() throws Exception {
        String file = System.getProperty("suite.pid", "");
        if (file.isEmpty()) {
            return Double.NaN;
        }
        String pid = Files.readString(Path.of(file)).trim();
        String line = Files.readString(Path.of("/proc", pid, "stat"));
        String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ");
        // Ticks of user and system time; Linux shows a hundred a second.
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
    }
}
