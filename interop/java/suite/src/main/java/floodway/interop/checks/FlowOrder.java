package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.BytesMessage;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.command.ActiveMQTopic;

/** Several who wait for room in one queue. */
public final class FlowOrder extends Fixture {
    private static final int SIZE = 10_000;

    private static Message block(Session session, String from, int number) throws JMSException {
        BytesMessage message = session.createBytesMessage();
        message.setStringProperty("from", from);
        message.setIntProperty("n", number);
        message.writeBytes(new byte[SIZE]);
        return message;
    }

    /** Fills the queue from a connection of its own; the last send waits. */
    private AtomicInteger fill() throws Exception {
        AtomicInteger sent = new AtomicInteger();
        Session session = session(open());
        MessageProducer producer = session.createProducer(queue("small"));
        background(() -> {
            for (int i = 0; i < 200; i++) {
                producer.send(block(session, "filler", i));
                sent.incrementAndGet();
            }
        });
        int[] last = {-1};
        becomes(() -> {
            Thread.sleep(NOTHING * 2);
            boolean still = sent.get() > 50 && sent.get() == last[0];
            last[0] = sent.get();
            return still;
        }, () -> "the queue does not fill up: " + sent.get());
        return sent;
    }

    private static void background(Action action) {
        Thread thread = new Thread(() -> {
            try {
                action.run();
            } catch (Throwable closed) {
                // What is missing is noticed.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Check
    public void fiveWhoWaitGoOnInTheOrderInWhichTheyCame() throws Exception {
        fill();
        List<CountDownLatch> done = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Session session = session(open());
            MessageProducer producer = session.createProducer(queue("small"));
            producer.setDeliveryMode(DeliveryMode.PERSISTENT);
            CountDownLatch answered = new CountDownLatch(1);
            done.add(answered);
            int number = i;
            background(() -> {
                producer.send(block(session, "waiting", number));
                answered.countDown();
            });
            // The next comes after this one has begun to wait.
            holds(!answered.await(NOTHING, TimeUnit.MILLISECONDS), "it does not wait");
        }
        MessageConsumer consumer = session(open()).createConsumer(queue("small"));
        List<Integer> order = new ArrayList<>();
        while (order.size() < 5) {
            Message message = receive(consumer);
            if (message.getStringProperty("from").equals("waiting")) {
                order.add(message.getIntProperty("n"));
            }
        }
        equal(List.of(0, 1, 2, 3, 4), order);
        for (CountDownLatch each : done) {
            holds(each.await(COMES, TimeUnit.MILLISECONDS), "a send never returns");
        }
        while (consumer.receive(NOTHING) != null) {
            // What the filler still has must not stay in the way of the broker's end.
        }
    }

    @Check(improvement = "keeps the message of who left while it waited")
    public void whoeverLeavesWhileWaitingTakesItsMessageAlong() throws Exception {
        fill();
        ActiveMQConnection leaving = open("jms.closeTimeout=500");
        Session session = session(leaving);
        MessageProducer producer = session.createProducer(queue("small"));
        background(() -> producer.send(block(session, "leaver", 0)));
        Thread.sleep(NOTHING);
        leaving.getTransport().stop();
        MessageConsumer consumer = session(open()).createConsumer(queue("small"));
        for (Message message = receive(consumer); message != null;
                message = consumer.receive(NOTHING * 2)) {
            holds(!message.getStringProperty("from").equals("leaver"), "its message came");
        }
    }

    @Check(improvement = "tells of no blocked producer")
    public void listenersAreToldWhoIsBlockedAndWhenItIsOver() throws Exception {
        MessageConsumer told = session(open()).createConsumer(
                new ActiveMQTopic("ActiveMQ.Advisory.ProducerBlocked.>"));
        fill();
        Message begins = receive(told);
        while (!begins.getJMSDestination().toString().contains(name())) {
            begins = receive(told);
        }
        holds(begins.getBooleanProperty("blocked"), "it does not say blocked");
        equal(1024L * 1024, begins.getLongProperty("usageLimit"));
        holds(begins.getStringProperty("explanation").contains("memory limit"), "no explanation");
        MessageConsumer consumer = session(open()).createConsumer(queue("small"));
        for (int i = 0; i < 200; i++) {
            receive(consumer);
        }
        Message ends = receive(told);
        holds(!ends.getBooleanProperty("blocked"), "it does not say when it is over");
        equal(begins.getStringProperty("producerId"), ends.getStringProperty("producerId"));
    }
}
