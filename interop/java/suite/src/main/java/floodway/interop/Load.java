package floodway.interop;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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

/**
 * One question per mode: how many messages of 1 KiB a second pass through the stock client.
 *
 * <p>{@code [SECONDS [MODE...]]} runs modes against the driver's broker, a line for each. The other
 * two are what floodway-load understands too: {@code list}, and {@code run --scenario MODE --address
 * HOST:PORT --pid PID --label NAME --warmup SECONDS --seconds SECONDS}, which gives a line of JSON.
 *
 * <p>Each producer and each consumer has a connection of its own, as applications of their own have.
 */
public final class Load {
    private static final int SIZE = 1024;
    private static final byte[] BODY = new byte[SIZE];
    /** Nothing moved for so long: what is missing will not come. And the longest that is waited. */
    private static final long QUIET_MS = 2_000;
    private static final long DRAIN_MS = 20_000;

    /** What a mode puts on the broker; it has the name of the same scenario of the load tool. */
    private record Mode(String name, String question, boolean isTopic, int delivery, int producers,
            int consumers, String options) {
        boolean isPersistent() {
            return delivery == DeliveryMode.PERSISTENT;
        }

        int copies() {
            return isTopic ? consumers : 1;
        }
    }

    /** A client as it comes. */
    private static final String PLAIN = "";
    /**
     * What ActiveMQ's documents advise those who want speed. An acknowledgement stands for many
     * messages, a connection with one session calls its listener from its own thread, nobody copies
     * a message that its sender does not touch again or looks for duplicates where no connection
     * fails over, buffers hold more than a few messages, and bytes are spent for time.
     */
    private static final String TUNED = "?jms.optimizeAcknowledge=true&jms.alwaysSessionAsync=false"
            + "&jms.copyMessageOnSend=false&jms.checkForDuplicates=false&ioBufferSize=65536"
            + "&socketBufferSize=262144&wireFormat.tightEncodingEnabled=false";

    private static final List<Mode> MODES = List.of(
            new Mode("persistent-8-wait",
                    "how fast are 8 Java producers that each wait, with 8 consumers on the same queue?",
                    false, DeliveryMode.PERSISTENT, 8, 8, PLAIN),
            new Mode("nonpersistent-1-1",
                    "how much reaches one Java consumer while one producer sends flat out?",
                    false, DeliveryMode.NON_PERSISTENT, 1, 1, PLAIN),
            new Mode("nonpersistent-8-8",
                    "how much reaches 8 Java consumers of one queue while 8 producers send flat out?",
                    false, DeliveryMode.NON_PERSISTENT, 8, 8, PLAIN),
            new Mode("topic-10",
                    "how much reaches 10 Java consumers of a topic while one producer sends flat out?",
                    true, DeliveryMode.NON_PERSISTENT, 1, 10, PLAIN),
            new Mode("nonpersistent-1-1-tuned",
                    "the same as nonpersistent-1-1, by a client whose options are set for speed",
                    false, DeliveryMode.NON_PERSISTENT, 1, 1, TUNED),
            new Mode("nonpersistent-8-8-tuned",
                    "the same as nonpersistent-8-8, by a client whose options are set for speed",
                    false, DeliveryMode.NON_PERSISTENT, 8, 8, TUNED),
            new Mode("topic-10-tuned",
                    "the same as topic-10, by a client whose options are set for speed",
                    true, DeliveryMode.NON_PERSISTENT, 1, 10, TUNED));

    /** Where the load goes. */
    private record Target(String url, String pid, String label) {
    }

    /** Counters and clocks at one moment, times in microseconds. */
    private record Look(long at, long sent, long received, long broker, long own, long machine) {
    }

    private final Mode mode;
    private final Target target;
    private final LongAdder sent = new LongAdder();
    private final LongAdder received = new LongAdder();
    private final AtomicBoolean over = new AtomicBoolean();
    private final List<Connection> connections = new ArrayList<>();
    private final List<Thread> producers = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private String line = "";
    private String json = "";

    private Load(Mode mode, Target target) {
        this.mode = mode;
        this.target = target;
    }

    public static void main(String[] arguments) throws Exception {
        String first = arguments.length > 0 ? arguments[0] : "10";
        if (first.equals("list")) {
            MODES.forEach(mode -> System.out.println(mode.name + "\t" + mode.question));
        } else if (first.equals("run")) {
            runOne(arguments);
        } else {
            int seconds = Integer.parseInt(first);
            List<String> wanted = List.of(arguments).subList(Math.min(1, arguments.length), arguments.length);
            String file = System.getProperty("suite.pid", "");
            String pid = file.isEmpty() ? "" : Files.readString(Path.of(file)).trim();
            for (Mode mode : MODES) {
                if (wanted.isEmpty() || wanted.contains(mode.name)) {
                    Load load = new Load(mode, new Target(Setting.tcp(""), pid, Setting.BROKER));
                    load.run(Math.max(2, seconds / 3), seconds);
                    System.out.println(load.line);
                }
            }
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void runOne(String[] arguments) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (int i = 1; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i], arguments[i + 1]);
        }
        String name = options.getOrDefault("--scenario", "");
        Mode mode = MODES.stream().filter(each -> each.name.equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no mode " + name));
        Load load = new Load(mode, new Target("tcp://" + options.get("--address"),
                options.getOrDefault("--pid", ""), options.getOrDefault("--label", "broker")));
        load.run(Double.parseDouble(options.getOrDefault("--warmup", "2")),
                Double.parseDouble(options.getOrDefault("--seconds", "5")));
        System.err.println(load.line);
        System.out.println(load.json);
    }

    private void run(double warmup, double seconds) throws Exception {
        String name = "load." + mode.name + "." + System.nanoTime();
        Destination to = mode.isTopic ? new ActiveMQTopic(name) : new ActiveMQQueue(name);
        ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(target.url + mode.options);
        factory.setWatchTopicAdvisories(false);
        for (int i = 0; i < mode.consumers; i++) {
            session(factory).createConsumer(to).setMessageListener(message -> received.increment());
        }
        for (int i = 0; i < mode.producers; i++) {
            Session session = session(factory);
            Thread thread = new Thread(() -> produce(session, to), "producer");
            thread.setDaemon(true);
            producers.add(thread);
        }
        producers.forEach(Thread::start);
        Thread.sleep((long) (warmup * 1000));
        Look before = look();
        Thread.sleep((long) (seconds * 1000));
        Look after = look();
        over.set(true);
        long missing = drain();
        report(before, after, missing);
        close();
    }

    /** Waits until everything sent has come or nothing moves any more; gives what is missing. */
    private long drain() throws InterruptedException {
        long begin = System.currentTimeMillis();
        long changed = begin;
        long last = -1;
        while (true) {
            long missing = sent.sum() * mode.copies() - received.sum();
            boolean ended = producers.stream().noneMatch(Thread::isAlive);
            long now = System.currentTimeMillis();
            if (missing != last) {
                last = missing;
                changed = now;
            }
            if ((ended && missing <= 0) || now - changed > QUIET_MS || now - begin > DRAIN_MS) {
                return Math.max(0, missing);
            }
            Thread.sleep(10);
        }
    }

    private void report(Look before, Look after, long missing) {
        double seconds = (after.at - before.at) / 1e6;
        double sentRate = (after.sent - before.sent) / seconds;
        double receivedRate = (after.received - before.received) / seconds;
        long broker = after.broker - before.broker;
        long own = after.own - before.own;
        long others = Math.max(0, after.machine - before.machine - broker - own);
        double perMessage = (double) broker / Math.max(1, after.received - before.received);
        double percent = 1 / seconds / 1e4;
        line = String.format(Locale.ROOT, "%s %s: sent %.0f/s, consumed %.0f/s; broker %.2f us/msg "
                + "(%.0f %% of a core); client %.0f %%, others %.0f %%%s%s", target.label, mode.name,
                sentRate, receivedRate, perMessage, broker * percent, own * percent, others * percent,
                missing > 0 ? "; NOT RECEIVED " + missing : "",
                failures.isEmpty() ? "" : "; FAILED: " + failures.get(0));
        String confirmed = mode.isPersistent()
                ? String.format(Locale.ROOT, "\"confirmed_per_second\":%.3f,", sentRate) : "";
        String scenario = String.format(Locale.ROOT, "{\"name\":\"%s\",\"question\":\"%s\","
                + "\"producer_count\":%d,\"consumer_count\":%d,\"size_bytes\":%d,\"persistent\":%b,"
                + "\"headline\":\"%s\"}", mode.name, mode.question, mode.producers, mode.consumers,
                SIZE, mode.isPersistent(), mode.isPersistent() ? "confirmed" : "consumed");
        String load = String.format(Locale.ROOT, "{\"seconds\":%.3f,\"sent_per_second\":%.3f,%s"
                + "\"consumed_per_second\":%.3f,\"broker_cpu_us_per_message\":%.4f,"
                + "\"broker_cpu_percent\":%.2f,\"load_cpu_percent\":%.2f,\"other_cpu_percent\":%.2f}",
                seconds, sentRate, confirmed, receivedRate, perMessage, broker * percent, own * percent,
                others * percent);
        json = String.format(Locale.ROOT, "{\"broker\":\"%s\",\"scenario\":%s,\"load\":%s,"
                + "\"sent_total\":%d,\"consumed_total\":%d,\"undrained\":%d,\"failures\":[%s]}",
                target.label, scenario, load, sent.sum(), received.sum(), missing,
                failures.isEmpty() ? "" : "\"" + failures.get(0).replaceAll("[\"\\\\\\p{Cntrl}]", " ") + "\"");
    }

    private Session session(ActiveMQConnectionFactory factory) throws JMSException {
        Connection connection = factory.createConnection();
        connections.add(connection);
        connection.start();
        return connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    }

    private void close() throws InterruptedException {
        for (Connection each : connections) {
            Thread closing = new Thread(() -> close(each), "close");
            closing.setDaemon(true);
            closing.start();
            closing.join(5_000);
        }
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
                message.writeBytes(BODY);
                producer.send(message);
                sent.increment();
            }
        } catch (JMSException failure) {
            if (!over.get()) {
                synchronized (failures) {
                    failures.add("a producer ended: " + failure);
                }
            }
        }
    }

    private Look look() throws Exception {
        long own = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
        return new Look(System.nanoTime() / 1000, sent.sum(), received.sum(), brokerMicros(), own / 1000,
                machineMicros());
    }

    /** Processor time of the broker so far; 0 if nobody told which process it is. */
    private long brokerMicros() throws Exception {
        if (target.pid.isEmpty()) {
            return 0;
        }
        String stat = Files.readString(Path.of("/proc", target.pid, "stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return ticks(fields[11]) + ticks(fields[12]);
    }

    /** Busy time of all processors. */
    private static long machineMicros() throws Exception {
        String[] fields = Files.readAllLines(Path.of("/proc/stat")).get(0).split(" +");
        return ticks(fields[1]) + ticks(fields[2]) + ticks(fields[3]) + ticks(fields[6]) + ticks(fields[7]);
    }

    /** Linux shows a hundred ticks a second. */
    private static long ticks(String field) {
        return Long.parseLong(field) * 10_000;
    }
}
