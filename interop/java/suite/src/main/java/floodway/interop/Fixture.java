package floodway.interop;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.jms.Topic;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTopic;

/** What every check begins with: connections that are closed afterwards, names of its own, asserts. */
public abstract class Fixture {
    /** How long what must come is waited for, and how long what must not come. */
    protected static final long COMES = 5_000;
    protected static final long NOTHING = 200;
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final List<AutoCloseable> opened = Collections.synchronizedList(new ArrayList<>());
    private final int number = NUMBERS.incrementAndGet();
    private ActiveMQConnection shared;
    private String check = "";

    /** Something that a check expects to throw. */
    @FunctionalInterface
    public interface Action {
        void run() throws Throwable;
    }

    /** Something that a check waits for. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws Exception;
    }

    final void begin(String name) {
        check = name;
    }

    final void end() {
        List<AutoCloseable> all;
        synchronized (opened) {
            all = new ArrayList<>(opened);
        }
        Collections.reverse(all);
        for (AutoCloseable each : all) {
            try {
                each.close();
            } catch (Exception | Error failure) {
                // A check may have broken its connections on purpose.
            }
        }
    }

    // Connections and sessions.

    protected final <T extends AutoCloseable> T later(T closing) {
        opened.add(closing);
        return closing;
    }

    /** Where the broker of these checks listens. */
    protected int port() {
        return Setting.PORT;
    }

    protected final ActiveMQConnectionFactory factory(String options) {
        ActiveMQConnectionFactory made = new ActiveMQConnectionFactory(Setting.tcp(port(), options));
        made.setTrustAllPackages(true);
        return made;
    }

    /** A new connection, started; options as in a broker URL. */
    protected final ActiveMQConnection open(String options) throws JMSException {
        ActiveMQConnection connection = unstarted(options);
        connection.start();
        return connection;
    }

    protected final ActiveMQConnection open() throws JMSException {
        return open("");
    }

    protected final ActiveMQConnection unstarted(String options) throws JMSException {
        return track(factory(options).createConnection());
    }

    protected final ActiveMQConnection track(Connection made) {
        ActiveMQConnection connection = (ActiveMQConnection) made;
        opened.add(connection::close);
        return connection;
    }

    /** A started connection with a client id of its own. */
    protected final ActiveMQConnection openAs(String client) throws JMSException {
        ActiveMQConnection connection = unstarted("");
        connection.setClientID(client);
        connection.start();
        return connection;
    }

    /** A started connection that reconnects by itself; options are those of failover. */
    protected final ActiveMQConnection failover(String options) throws JMSException {
        ActiveMQConnectionFactory made = new ActiveMQConnectionFactory("failover:(" + Setting.tcp("")
                + ")?initialReconnectDelay=50&maxReconnectDelay=200"
                + (options.isEmpty() ? "" : "&" + options));
        ActiveMQConnection connection = track(made.createConnection());
        connection.start();
        return connection;
    }

    /** The connection that sessions of this check share unless it says otherwise. */
    protected final ActiveMQConnection connection() throws JMSException {
        if (shared == null) {
            shared = open();
        }
        return shared;
    }

    protected final Session session() throws JMSException {
        return connection().createSession(false, Session.AUTO_ACKNOWLEDGE);
    }

    protected final Session session(int mode) throws JMSException {
        return connection().createSession(mode == Session.SESSION_TRANSACTED, mode);
    }

    protected static Session session(Connection connection) throws JMSException {
        return connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    }

    // Destinations.

    /** A name that no other check uses. */
    protected final String name() {
        return check + "." + number;
    }

    protected final Queue queue() {
        return new ActiveMQQueue("q." + name());
    }

    /** A queue whose first level chooses a policy of the broker's configuration. */
    protected final Queue queue(String first) {
        return new ActiveMQQueue(first + "." + name());
    }

    protected final Topic topic() {
        return new ActiveMQTopic("t." + name());
    }

    protected final Topic topic(String first) {
        return new ActiveMQTopic(first + "." + name());
    }

    // Sending and receiving.

    protected static void send(Session session, Destination to, String... texts) throws JMSException {
        MessageProducer producer = session.createProducer(to);
        for (String text : texts) {
            producer.send(session.createTextMessage(text));
        }
        producer.close();
    }

    /** Messages "1" to "count". */
    protected static void number(Session session, Destination to, int count) throws JMSException {
        MessageProducer producer = session.createProducer(to);
        producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
        for (int i = 1; i <= count; i++) {
            producer.send(session.createTextMessage(Integer.toString(i)));
        }
        producer.close();
    }

    protected static Message receive(MessageConsumer consumer) throws JMSException {
        Message message = consumer.receive(COMES);
        holds(message != null, "no message came");
        return message;
    }

    protected static String text(MessageConsumer consumer) throws JMSException {
        return ((TextMessage) receive(consumer)).getText();
    }

    protected static void texts(MessageConsumer consumer, String... expected) throws JMSException {
        List<String> got = new ArrayList<>();
        for (int i = 0; i < expected.length; i++) {
            Message message = consumer.receive(COMES);
            if (message == null) {
                break;
            }
            got.add(((TextMessage) message).getText());
        }
        equal(Arrays.asList(expected), got);
    }

    protected static void nothing(MessageConsumer consumer) throws JMSException {
        Message message = consumer.receive(NOTHING);
        holds(message == null, "a message came that should not: " + describe(message));
    }

    /** Sends one message to itself through the broker and gives what arrived. */
    @SuppressWarnings("unchecked")
    protected final <M extends Message> M through(M message) throws JMSException {
        Session session = session();
        Queue queue = queue();
        MessageConsumer consumer = session.createConsumer(queue);
        session.createProducer(queue).send(message);
        return (M) receive(consumer);
    }

    private static String describe(Message message) throws JMSException {
        return message instanceof TextMessage text ? "text " + text.getText() : String.valueOf(message);
    }

    // Asserts.

    protected static void holds(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    protected static void equal(Object expected, Object actual) {
        boolean same = expected instanceof byte[] left && actual instanceof byte[] right
                ? Arrays.equals(left, right) : Objects.equals(expected, actual);
        holds(same, "expected " + brief(expected) + ", got " + brief(actual));
    }

    private static String brief(Object value) {
        String text = value instanceof byte[] bytes ? Arrays.toString(bytes) : String.valueOf(value);
        return text.length() > 200 ? text.substring(0, 200) + "…" : text;
    }

    protected static <T extends Throwable> T fails(Class<T> expected, Action action) {
        try {
            action.run();
        } catch (Throwable failure) {
            if (expected.isInstance(failure)) {
                return expected.cast(failure);
            }
            throw new AssertionError("expected " + expected.getSimpleName() + ", got " + failure, failure);
        }
        throw new AssertionError("expected " + expected.getSimpleName() + ", got no failure");
    }

    /** Waits, without a fixed time, for what must become true. */
    protected static void becomes(Condition condition, Supplier<String> otherwise) throws Exception {
        long end = System.nanoTime() + COMES * 1_000_000;
        while (!condition.holds()) {
            holds(System.nanoTime() < end, otherwise.get());
            Thread.sleep(10);
        }
    }
}
