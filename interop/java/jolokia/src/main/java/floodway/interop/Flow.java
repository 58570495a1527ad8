package floodway.interop;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import javax.jms.Connection;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.Topic;
import org.apache.activemq.ActiveMQConnectionFactory;

/**
 * Clients of ActiveMQ's own that send and take all the time: two producers and two consumers of a queue,
 * a producer, two subscribers and a durable subscriber of a topic.
 *
 * <p>Sends are persistent and wait for the broker's answer, acknowledgements are commits of a few
 * messages: so it is known of each whether it was only begun or has been done.
 */
final class Flow implements AutoCloseable {
    static final String QUEUE = "flowing";
    static final String TOPIC = "flowing.topic";
    static final String TAKING = "flow-taking";
    static final String SENDING = "flow-sending";
    static final int BODY = 8_000;
    private static final String TEXT = "x".repeat(BODY);
    private static final int BATCH = 10;
    private static final int PREFETCH = 50;
    private static final int RECEIVE_MS = 60_000;
    /** Between two sends of a producer, so that little happens while an MBean is read. */
    private static final int PAUSE_MS = 2;

    final Part queue;
    final Part topic;
    private final Connection sending;
    private final Connection taking;
    private final Pace together = new Pace(150, 450);
    private final List<Pace> paces = new ArrayList<>(List.of(together));
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicReference<Exception> failure = new AtomicReference<>();
    private volatile boolean ended;

    /** A queue or a topic: each of its messages goes to one consumer of each group. */
    record Part(List<Tally> producers, List<List<Tally>> groups) {
    }

    /** Something that a client does until the end. */
    private interface Work {
        void go() throws Exception;
    }

    /** Everybody is connected when it returns, and nothing is sent. */
    Flow(String address) throws JMSException {
        var factory = new ActiveMQConnectionFactory(address + "?jms.prefetchPolicy.all=" + PREFETCH);
        sending = open(factory, SENDING);
        taking = open(factory, TAKING);
        List<Tally> shared = List.of(consumer(QUEUE, together), consumer(QUEUE, together));
        List<Pace> each = new ArrayList<>();
        List<List<Tally>> groups = new ArrayList<>();
        for (String name : new String[] {TOPIC, TOPIC, "steady"}) {
            Pace pace = new Pace(100, 250);
            each.add(pace);
            groups.add(List.of(consumer(name, pace)));
        }
        paces.addAll(each);
        queue = new Part(List.of(producer(false, List.of(together)), producer(false, List.of(together))),
                List.of(shared));
        topic = new Part(List.of(producer(true, each)), groups);
    }

    private static Connection open(ActiveMQConnectionFactory factory, String name) throws JMSException {
        Connection connection = factory.createConnection();
        connection.setClientID(name);
        connection.start();
        return connection;
    }

    void start() {
        threads.forEach(Thread::start);
    }

    private Tally producer(boolean publishes, List<Pace> paces) throws JMSException {
        Session session = sending.createSession(false, Session.AUTO_ACKNOWLEDGE);
        MessageProducer producer = session.createProducer(
                publishes ? session.createTopic(TOPIC) : session.createQueue(QUEUE));
        Tally tally = new Tally(0, 0);
        add(() -> {
            while (!ended) {
                for (Pace pace : paces) {
                    pace.awaitRoom();
                }
                Message message = session.createTextMessage(TEXT);
                long begun = Tally.micros();
                message.setLongProperty("begun", begun);
                tally.begin();
                producer.send(message);
                tally.confirm(begun);
                paces.forEach(Pace::sent);
                Thread.sleep(PAUSE_MS);
            }
        });
        return tally;
    }

    /** A consumer of the queue, a subscriber of the topic, or a durable one of this name. */
    private Tally consumer(String name, Pace pace) throws JMSException {
        Session session = taking.createSession(true, Session.SESSION_TRANSACTED);
        Topic topic = session.createTopic(TOPIC);
        MessageConsumer consumer = switch (name) {
            case QUEUE -> session.createConsumer(session.createQueue(QUEUE));
            case TOPIC -> session.createConsumer(topic);
            default -> session.createDurableSubscriber(topic, name);
        };
        Tally tally = new Tally(PREFETCH, BATCH);
        add(() -> {
            while (!ended) {
                long begun = 0;
                for (int i = 0; i < BATCH; i++) {
                    Message message = consumer.receive(RECEIVE_MS);
                    if (message == null) {
                        throw new IllegalStateException("no message came to a consumer of " + name);
                    }
                    tally.receive(message.getLongProperty("begun"));
                    begun += message.getLongProperty("begun");
                }
                // Transactions stay open for most of the time.
                if (!pace.awaitCredit(BATCH)) {
                    return;
                }
                tally.beginBatch(BATCH, begun);
                session.commit();
                tally.confirmBatch(BATCH, begun);
                pace.taken(BATCH);
            }
        });
        return tally;
    }

    private void add(Work work) {
        threads.add(new Thread(() -> {
            try {
                work.go();
            } catch (Exception caught) {
                if (!ended) {
                    failure.compareAndSet(null, caught);
                }
            }
        }));
    }

    /** Waits until both the queue's and the topic's producers have sent so many more. */
    void awaitSent(int more) throws Exception {
        long[] wanted = {sent(queue) + more, sent(topic) + more};
        while (sent(queue) < wanted[0] || sent(topic) < wanted[1]) {
            if (failure.get() != null) {
                throw failure.get();
            }
            Thread.sleep(1);
        }
    }

    private static long sent(Part part) {
        return part.producers.stream().mapToLong(one -> one.seen().confirmed()).sum();
    }

    @Override
    public void close() throws Exception {
        ended = true;
        paces.forEach(Pace::end);
        sending.close();
        taking.close();
        for (Thread thread : threads) {
            thread.join();
        }
    }
}
