package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import floodway.interop.Setting;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.BytesMessage;
import javax.jms.DeliveryMode;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.ResourceAllocationException;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;

/**
 * What becomes of a send that finds no room: each way to send, and each setting of the policy. A
 * subclass says which limit is met. Each check has a broker of its own, with small limits.
 */
public abstract class Flow extends Fixture {
    /** Ways to send; a network bridge is the fourth. */
    protected enum Row {
        SYNCHRONOUS("jms.alwaysSyncSend=true"),
        WINDOW("jms.useAsyncSend=true&jms.producerWindowSize=50000"),
        ASYNCHRONOUS("jms.useAsyncSend=true");

        final String options;

        Row(String options) {
            this.options = options;
        }
    }

    /** The first level of the destinations: which limit they meet. */
    protected abstract String place();

    /** More messages than it takes. */
    protected abstract int many();

    protected int size() {
        return 10_000;
    }

    protected int mode() {
        return DeliveryMode.PERSISTENT;
    }

    /** Whether producerFlowControl="false" means this limit. */
    protected boolean isFreed() {
        return true;
    }

    protected Destination destination(String column) {
        return queue(place() + "." + column);
    }

    /** Whoever takes the messages later; topics need one from the beginning. */
    protected MessageConsumer consumer(Destination to) throws Exception {
        return session(open()).createConsumer(to);
    }

    @Override
    protected final int port() {
        return Setting.FLOW_PORT;
    }

    /** A thread that sends, and what came of it. */
    protected final class Sender {
        final ActiveMQConnection connection;
        final Destination to;
        final MessageConsumer waiting;
        final AtomicInteger returned = new AtomicInteger();
        final AtomicBoolean isOver = new AtomicBoolean();
        /** Numbers that a send refused, and what the connection told without being asked. */
        final List<Integer> refused = Collections.synchronizedList(new ArrayList<>());
        final ConcurrentLinkedQueue<JMSException> told = new ConcurrentLinkedQueue<>();
        private final int count;

        Sender(Row row, String column) throws Exception {
            this(row, column, many());
        }

        Sender(Row row, String column, int count) throws Exception {
            Setting.flow("fresh");
            this.count = count;
            connection = open(row.options);
            connection.setExceptionListener(told::add);
            to = destination(column);
            waiting = to instanceof javax.jms.Topic ? consumer(to) : null;
            Thread thread = new Thread(this::send, "sender");
            thread.setDaemon(true);
            thread.start();
        }

        private void send() {
            try {
                Session session = session(connection);
                MessageProducer producer = session.createProducer(to);
                producer.setDeliveryMode(mode());
                for (int i = 0; i < count; i++) {
                    BytesMessage message = session.createBytesMessage();
                    message.setIntProperty("n", i);
                    message.writeBytes(new byte[size()]);
                    try {
                        producer.send(message);
                    } catch (ResourceAllocationException full) {
                        refused.add(i);
                    }
                    returned.incrementAndGet();
                }
                isOver.set(true);
            } catch (JMSException closed) {
                told.add(closed);
            }
        }

        /** Waits until no more sends return. */
        void settles() throws Exception {
            int[] last = {-1};
            becomes(() -> {
                Thread.sleep(NOTHING * 2);
                boolean still = returned.get() == last[0];
                last[0] = returned.get();
                return still;
            }, () -> "the sender neither stalls nor ends");
        }

        void stalls() throws Exception {
            settles();
            holds(!isOver.get(), "all " + count + " sends returned");
            holds(refused.isEmpty(), refused.size() + " were refused");
        }

        /** Its connection sends, gets and acknowledges what meets no limit. */
        void goesOnElsewhere() throws Exception {
            AtomicInteger got = new AtomicInteger();
            // In a thread, because the client may wait for the socket to take it.
            Thread thread = new Thread(() -> {
                try {
                    Session session = session(connection);
                    MessageProducer producer = session.createProducer(queue("elsewhere"));
                    producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
                    MessageConsumer own = session.createConsumer(queue("elsewhere"));
                    for (int i = 0; i < 10; i++) {
                        producer.send(session.createTextMessage("x"));
                        receive(own);
                        got.incrementAndGet();
                    }
                } catch (JMSException | AssertionError missing) {
                    // The count says how far it came.
                }
            }, "elsewhere");
            thread.setDaemon(true);
            thread.start();
            thread.join(COMES);
            equal(10, got.get());
        }

        /** Takes everything: in order, nothing twice, nothing that was refused. */
        List<Integer> drained() throws Exception {
            MessageConsumer consumer = waiting == null ? consumer(to) : waiting;
            List<Integer> got = new ArrayList<>();
            while (true) {
                boolean isAll = isOver.get() && got.size() + refused.size() == count;
                Message message = consumer.receive(isAll ? NOTHING : isOver.get() ? 1000 : COMES);
                if (message == null) {
                    break;
                }
                int number = message.getIntProperty("n");
                holds(got.isEmpty() || got.get(got.size() - 1) < number, number + " came out of order");
                holds(!refused.contains(number), number + " was refused and came");
                got.add(number);
            }
            becomes(isOver::get, () -> "only " + returned.get() + " sends returned");
            return got;
        }

        void allArrive() throws Exception {
            equal(count, drained().size());
        }

        /** Each that was not refused arrives. */
        void restArrives() throws Exception {
            equal(count - refused.size(), drained().size());
        }

        void isTold() throws Exception {
            becomes(() -> !told.isEmpty(), () -> "the connection was told nothing");
            holds(told.peek() instanceof ResourceAllocationException
                    || String.valueOf(told.peek()).contains("limit"), "told " + told.peek());
        }
    }

    // No option.

    private void waits(Row row) throws Exception {
        Sender sender = new Sender(row, "wait");
        sender.stalls();
        sender.goesOnElsewhere();
        sender.allArrive();
        holds(sender.told.isEmpty(), "told " + sender.told.peek());
    }

    @Check(limit = 120)
    public void synchronousSendWaitsAlone() throws Exception {
        waits(Row.SYNCHRONOUS);
    }

    @Check(limit = 120, improvement = "messages that waited for room may overtake each other")
    public void windowOfTheProducerHoldsItBackAlone() throws Exception {
        waits(Row.WINDOW);
    }

    @Check(limit = 120, improvement = "reads nothing more from that connection")
    public void asynchronousSendWaitsWithoutStoppingItsConnection() throws Exception {
        Sender sender = new Sender(Row.ASYNCHRONOUS, "wait");
        sender.settles();
        sender.goesOnElsewhere();
        sender.allArrive();
        holds(sender.told.isEmpty(), "told " + sender.told.peek());
    }

    // sendFailIfNoSpace.

    @Check(limit = 120)
    public void synchronousSendIsRefusedAtOnce() throws Exception {
        Sender sender = new Sender(Row.SYNCHRONOUS, "fail");
        becomes(() -> !sender.refused.isEmpty() || sender.isOver.get(), () -> "nothing is refused");
        sender.settles();
        holds(!sender.refused.isEmpty(), "nothing is refused");
        sender.restArrives();
        sender.goesOnElsewhere();
    }

    private void tellsOfRefusal(Row row, String column) throws Exception {
        Sender sender = new Sender(row, column);
        sender.isTold();
        sender.goesOnElsewhere();
        List<Integer> got = sender.drained();
        holds(got.size() < many(), "all arrived");
        equal(0, got.get(0));
    }

    @Check(limit = 120, improvement = "never gives back the window of what it refused")
    public void sendWithAWindowIsRefusedToTheExceptionListener() throws Exception {
        tellsOfRefusal(Row.WINDOW, "fail");
    }

    @Check(limit = 120)
    public void asynchronousSendIsRefusedToTheExceptionListener() throws Exception {
        tellsOfRefusal(Row.ASYNCHRONOUS, "fail");
    }

    // sendFailIfNoSpaceAfterTimeout.

    @Check(limit = 120)
    public void synchronousSendWaitsAndIsRefusedThen() throws Exception {
        Sender sender = new Sender(Row.SYNCHRONOUS, "timeout");
        sender.stalls();
        sender.goesOnElsewhere();
        becomes(() -> !sender.refused.isEmpty(), () -> "it is never refused");
        sender.restArrives();
    }

    @Check(limit = 120, improvement = "tells nobody, and never gives back the window")
    public void sendWithAWindowWaitsAndIsRefusedThen() throws Exception {
        tellsOfRefusal(Row.WINDOW, "timeout");
    }

    @Check(limit = 120, improvement = "reads nothing more from that connection")
    public void asynchronousSendWaitsAndIsRefusedThen() throws Exception {
        tellsOfRefusal(Row.ASYNCHRONOUS, "timeout");
    }

    // producerFlowControl="false".

    private void isFree(Row row) throws Exception {
        Sender sender = new Sender(row, "free");
        if (isFreed()) {
            becomes(sender.isOver::get, () -> "only " + sender.returned.get() + " sends returned");
        } else {
            sender.settles();
            // Without a window the client does not notice.
            holds(row == Row.ASYNCHRONOUS || !sender.isOver.get(), "no disk limit held it back");
            sender.goesOnElsewhere();
        }
        sender.allArrive();
    }

    @Check(limit = 120)
    public void withoutFlowControlOnlyDisksHoldSynchronousSendsBack() throws Exception {
        isFree(Row.SYNCHRONOUS);
    }

    @Check(limit = 120)
    public void withoutFlowControlOnlyDisksHoldSendsWithAWindowBack() throws Exception {
        isFree(Row.WINDOW);
    }

    @Check(limit = 120)
    public void withoutFlowControlOnlyDisksHoldAsynchronousSendsBack() throws Exception {
        isFree(Row.ASYNCHRONOUS);
    }
}
