package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.BitSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.BytesMessage;
import javax.jms.DeliveryMode;
import javax.jms.IllegalStateException;
import javax.jms.InvalidDestinationException;
import javax.jms.JMSException;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.ResourceAllocationException;
import javax.jms.Session;
import javax.jms.StreamMessage;
import javax.jms.TextMessage;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQMessageProducer;
import org.apache.activemq.AsyncCallback;
import org.apache.activemq.command.ActiveMQMessage;

/** Ways to send: at once, with a window, compressed, into a queue that is full. */
public final class Producers extends Fixture {
    /** More than a queue of 1 MB takes. */
    private static final int MANY = 300;
    private static final int SIZE = 10_000;

    private static BytesMessage block(Session session, int number) throws JMSException {
        BytesMessage message = session.createBytesMessage();
        message.setIntProperty("n", number);
        message.writeBytes(new byte[SIZE]);
        return message;
    }

    /** A thread that sends MANY blocks; gives how many sends have returned. */
    private AtomicInteger sendMany(ActiveMQConnection connection, Queue to, int mode) throws Exception {
        Session session = session(connection);
        MessageProducer producer = session.createProducer(to);
        producer.setDeliveryMode(mode);
        AtomicInteger sent = new AtomicInteger();
        Thread thread = new Thread(() -> {
            try {
                for (int i = 0; i < MANY; i++) {
                    producer.send(block(session, i));
                    sent.incrementAndGet();
                }
            } catch (JMSException failure) {
                sent.set(-1);
            }
        }, "sender");
        thread.setDaemon(true);
        thread.start();
        return sent;
    }

    /** Waits until the sender makes no more progress. */
    private static void stalls(AtomicInteger sent) throws Exception {
        int[] last = {-1};
        becomes(() -> {
            Thread.sleep(NOTHING * 2);
            boolean still = sent.get() == last[0];
            last[0] = sent.get();
            return still;
        }, () -> "the sender does not stall");
        holds(sent.get() < MANY, "all " + MANY + " were sent");
    }

    private void drains(Queue queue, AtomicInteger sent) throws Exception {
        MessageConsumer consumer = session(open()).createConsumer(queue);
        BitSet got = new BitSet();
        for (int i = 0; i < MANY; i++) {
            int number = receive(consumer).getIntProperty("n");
            holds(!got.get(number), number + " came twice");
            got.set(number);
        }
        becomes(() -> sent.get() == MANY, () -> sent.get() + " sends returned");
    }

    @Check
    public void asynchronousSendsArriveInOrder() throws Exception {
        Session session = session(open("jms.useAsyncSend=true"));
        MessageProducer producer = session.createProducer(queue());
        for (int i = 0; i < 1000; i++) {
            producer.send(session.createTextMessage(Integer.toString(i)));
        }
        MessageConsumer consumer = session().createConsumer(queue());
        for (int i = 0; i < 1000; i++) {
            texts(consumer, Integer.toString(i));
        }
    }

    @Check
    public void alwaysSynchronousSendsArrive() throws Exception {
        Session session = session(open("jms.alwaysSyncSend=true"));
        number(session, queue(), 20);
        texts(session().createConsumer(queue()), "1", "2", "3");
    }

    @Check
    public void callbackTellsOfTheSend() throws Exception {
        Session session = session();
        ActiveMQMessageProducer producer = (ActiveMQMessageProducer) session.createProducer(queue());
        CountDownLatch done = new CountDownLatch(10);
        for (int i = 0; i < 10; i++) {
            producer.send(session.createTextMessage("x"), new AsyncCallback() {
                @Override
                public void onSuccess() {
                    done.countDown();
                }

                @Override
                public void onException(JMSException failure) {
                    // The latch then stays above zero.
                }
            });
        }
        holds(done.await(COMES, TimeUnit.MILLISECONDS), done.getCount() + " callbacks are missing");
    }

    @Check
    public void windowLetsEverythingThrough() throws Exception {
        Session session = session(open("jms.useAsyncSend=true&jms.producerWindowSize=20000"));
        MessageProducer producer = session.createProducer(queue());
        for (int i = 0; i < 100; i++) {
            producer.send(block(session, i));
        }
        MessageConsumer consumer = session().createConsumer(queue());
        for (int i = 0; i < 100; i++) {
            equal(i, receive(consumer).getIntProperty("n"));
        }
    }

    @Check
    public void windowBoundsWhatAFullQueueIsSent() throws Exception {
        ActiveMQConnection connection = open("jms.useAsyncSend=true&jms.producerWindowSize=50000");
        AtomicInteger sent = sendMany(connection, queue("small"), DeliveryMode.PERSISTENT);
        stalls(sent);
        drains(queue("small"), sent);
    }

    @Check(improvement = "messages that waited for room may overtake each other")
    public void windowKeepsOrderThroughAFullQueue() throws Exception {
        ActiveMQConnection connection = open("jms.useAsyncSend=true&jms.producerWindowSize=50000");
        AtomicInteger sent = sendMany(connection, queue("small"), DeliveryMode.PERSISTENT);
        stalls(sent);
        MessageConsumer consumer = session(open()).createConsumer(queue("small"));
        for (int i = 0; i < MANY; i++) {
            equal(i, receive(consumer).getIntProperty("n"));
        }
    }

    @Check
    public void synchronousSenderWaitsForRoom() throws Exception {
        AtomicInteger sent = sendMany(open(), queue("small"), DeliveryMode.PERSISTENT);
        stalls(sent);
        drains(queue("small"), sent);
    }

    @Check
    public void asynchronousSenderWaitsForRoom() throws Exception {
        AtomicInteger sent = sendMany(open(), queue("small"), DeliveryMode.NON_PERSISTENT);
        becomes(() -> sent.get() > 50, () -> "only " + sent.get() + " were sent");
        drains(queue("small"), sent);
    }

    @Check
    public void waitingSenderDoesNotStopOthersOnItsConnection() throws Exception {
        ActiveMQConnection connection = open();
        AtomicInteger sent = sendMany(connection, queue("small"), DeliveryMode.PERSISTENT);
        stalls(sent);
        Session session = session(connection);
        send(session, queue(), "a", "b");
        texts(session.createConsumer(queue()), "a", "b");
        drains(queue("small"), sent);
    }

    @Check(improvement = "reads nothing more from that connection, acknowledgements included")
    public void waitingAsynchronousSenderDoesNotStopConsumersOnItsConnection() throws Exception {
        ActiveMQConnection connection = open("jms.prefetchPolicy.queuePrefetch=1");
        number(session(), queue(), 10);
        MessageConsumer consumer = session(connection).createConsumer(queue());
        AtomicInteger sent = sendMany(connection, queue("small"), DeliveryMode.NON_PERSISTENT);
        becomes(() -> sent.get() > 80, () -> "only " + sent.get() + " were sent");
        Thread.sleep(NOTHING * 2);
        // In a thread, because the client itself may wait for the socket to take an acknowledgement.
        AtomicInteger got = new AtomicInteger();
        Thread receiving = new Thread(() -> {
            try {
                while (got.get() < 10 && consumer.receive(COMES) != null) {
                    got.incrementAndGet();
                }
            } catch (JMSException closed) {
                // The count says how far it came.
            }
        });
        receiving.setDaemon(true);
        receiving.start();
        receiving.join(COMES);
        int meanwhile = got.get();
        drains(queue("small"), sent);
        equal(10, meanwhile);
    }

    @Check
    public void fullQueueRefusesByPolicy() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue("fail"));
        fails(ResourceAllocationException.class, () -> {
            for (int i = 0; i < MANY; i++) {
                producer.send(block(session, i));
            }
        });
        MessageConsumer consumer = session.createConsumer(queue("fail"));
        equal(0, receive(consumer).getIntProperty("n"));
    }

    @Check
    public void sendTimeoutEndsTheWait() throws Exception {
        Session session = session(open("jms.sendTimeout=300"));
        MessageProducer producer = session.createProducer(queue("small"));
        fails(JMSException.class, () -> {
            for (int i = 0; i < MANY; i++) {
                producer.send(block(session, i));
            }
        });
        MessageConsumer drain = session(open()).createConsumer(queue("small"));
        while (drain.receive(500) != null) {
            // The late sends must not stay in the way of the broker's end.
        }
    }

    @Check
    public void uncommittedMessagesDoNotWaitForThemselves() throws Exception {
        Session session = session(Session.SESSION_TRANSACTED);
        MessageProducer producer = session.createProducer(queue());
        for (int i = 0; i < MANY; i++) {
            producer.send(block(session, i));
        }
        session.commit();
        MessageConsumer consumer = session().createConsumer(queue());
        for (int i = 0; i < MANY; i++) {
            equal(i, receive(consumer).getIntProperty("n"));
        }
    }

    @Check
    public void producerWithoutDestinationSendsAnywhere() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(null);
        for (int i = 0; i < 5; i++) {
            producer.send(queue("to" + i), session.createTextMessage("x" + i));
        }
        for (int i = 0; i < 5; i++) {
            texts(session.createConsumer(queue("to" + i)), "x" + i);
        }
    }

    @Check
    public void producerWithoutDestinationNeedsOne() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(null);
        // The exception changed from client 5 to 6.
        Throwable refused = fails(Exception.class, () -> producer.send(session.createMessage()));
        holds(refused instanceof UnsupportedOperationException
                || refused instanceof InvalidDestinationException, "refused with " + refused);
    }

    @Check
    public void producerWithDestinationTakesNoOther() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        fails(UnsupportedOperationException.class,
                () -> producer.send(queue("other"), session.createMessage()));
    }

    @Check
    public void closedProducerCannotSend() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        producer.close();
        fails(IllegalStateException.class, () -> producer.send(session.createMessage()));
    }

    @Check
    public void producersDefaultsApply() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
        producer.setPriority(7);
        producer.setTimeToLive(60_000);
        producer.send(session.createMessage());
        Message got = receive(session.createConsumer(queue()));
        equal(DeliveryMode.NON_PERSISTENT, got.getJMSDeliveryMode());
        equal(7, got.getJMSPriority());
        holds(got.getJMSExpiration() > 0, "no expiration");
    }

    @Check
    public void producersOfOneSessionKeepEachItsOrder() throws Exception {
        Session session = session();
        MessageProducer[] producers = {session.createProducer(queue()), session.createProducer(queue())};
        for (int i = 0; i < 100; i++) {
            producers[i % 2].send(session.createTextMessage(Integer.toString(i)));
        }
        MessageConsumer consumer = session.createConsumer(queue());
        for (int i = 0; i < 100; i++) {
            texts(consumer, Integer.toString(i));
        }
    }

    // Compression.

    private Session compressing() throws Exception {
        return session(open("jms.useCompression=true"));
    }

    private Message compressed(Session session, Message message) throws Exception {
        session.createProducer(queue()).send(message);
        Message got = receive(session().createConsumer(queue()));
        holds(((ActiveMQMessage) got).isCompressed(), "it is not compressed");
        return got;
    }

    @Check
    public void compressedTextIsReadByAll() throws Exception {
        Session session = compressing();
        String text = "compress me ü ".repeat(1000);
        equal(text, ((TextMessage) compressed(session, session.createTextMessage(text))).getText());
    }

    @Check
    public void compressedBytesAreReadByAll() throws Exception {
        Session session = compressing();
        BytesMessage got = (BytesMessage) compressed(session, block(session, 1));
        equal((long) SIZE, got.getBodyLength());
        equal(SIZE, got.readBytes(new byte[SIZE]));
    }

    @Check
    public void compressedMapIsReadByAll() throws Exception {
        Session session = compressing();
        MapMessage map = session.createMapMessage();
        map.setString("key", "value");
        equal("value", ((MapMessage) compressed(session, map)).getString("key"));
    }

    @Check
    public void compressedStreamIsReadByAll() throws Exception {
        Session session = compressing();
        StreamMessage stream = session.createStreamMessage();
        stream.writeString("first");
        stream.writeLong(2);
        StreamMessage got = (StreamMessage) compressed(session, stream);
        equal("first", got.readString());
        equal(2L, got.readLong());
    }
}
