package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.apache.activemq.command.ActiveMQQueue;

/** How much a consumer gets in advance; none means that it asks for each message. */
public final class Prefetch extends Fixture {
    private static final String PULL = "jms.prefetchPolicy.all=0";

    private Session pulling() throws Exception {
        return session(open(PULL));
    }

    @Check
    public void pullGetsWhatWaits() throws Exception {
        send(session(), queue(), "a", "b");
        MessageConsumer consumer = pulling().createConsumer(queue());
        texts(consumer, "a", "b");
    }

    @Check
    public void pullEndsWithNothing() throws Exception {
        MessageConsumer consumer = pulling().createConsumer(queue());
        nothing(consumer);
        send(session(), queue(), "a");
        texts(consumer, "a");
        nothing(consumer);
    }

    @Check
    public void pullWithoutWaitingAnswersAtOnce() throws Exception {
        MessageConsumer consumer = pulling().createConsumer(queue());
        equal(null, consumer.receiveNoWait());
        send(session(), queue(), "a");
        equal("a", ((TextMessage) consumer.receiveNoWait()).getText());
        equal(null, consumer.receiveNoWait());
    }

    @Check
    public void pullWaitsForAMessage() throws Exception {
        MessageConsumer consumer = pulling().createConsumer(queue());
        AtomicReference<Object> got = new AtomicReference<>();
        Thread waiting = new Thread(() -> {
            try {
                got.set(((TextMessage) consumer.receive()).getText());
            } catch (JMSException failure) {
                got.set(failure);
            }
        });
        waiting.start();
        waiting.join(NOTHING);
        send(session(), queue(), "a");
        waiting.join(COMES);
        equal("a", got.get());
    }

    @Check
    public void pullTakesOnlyOne() throws Exception {
        send(session(), queue(), "a", "b");
        MessageConsumer first = pulling().createConsumer(queue());
        texts(first, "a");
        texts(session().createConsumer(queue()), "b");
    }

    @Check
    public void idlePullerHoldsNothing() throws Exception {
        pulling().createConsumer(queue());
        MessageConsumer other = session().createConsumer(queue());
        send(session(), queue(), "a", "b");
        texts(other, "a", "b");
    }

    @Check
    public void pullersShareAQueue() throws Exception {
        number(session(), queue(), 20);
        MessageConsumer first = pulling().createConsumer(queue());
        MessageConsumer second = pulling().createConsumer(queue());
        Set<String> all = new HashSet<>();
        for (int i = 0; i < 10; i++) {
            all.add(text(first));
            all.add(text(second));
        }
        equal(20, all.size());
    }

    @Check
    public void pullWorksInATransaction() throws Exception {
        send(session(), queue(), "a", "b");
        Session session = open(PULL + "&jms.redeliveryPolicy.initialRedeliveryDelay=0")
                .createSession(true, Session.SESSION_TRANSACTED);
        MessageConsumer consumer = session.createConsumer(queue());
        texts(consumer, "a");
        session.rollback();
        texts(consumer, "a", "b");
        session.commit();
        nothing(consumer);
    }

    @Check
    public void pullWorksWithClientAcknowledge() throws Exception {
        number(session(), queue(), 10);
        Session session = open(PULL).createSession(false, Session.CLIENT_ACKNOWLEDGE);
        MessageConsumer consumer = session.createConsumer(queue());
        Message last = null;
        for (int i = 0; i < 10; i++) {
            last = receive(consumer);
        }
        last.acknowledge();
        session.close();
        nothing(session().createConsumer(queue()));
    }

    @Check
    public void listenerCannotPull() throws Exception {
        MessageConsumer consumer = pulling().createConsumer(queue());
        fails(JMSException.class, () -> consumer.setMessageListener(message -> { }));
    }

    @Check
    public void windowIsAllThatAnIdleConsumerHolds() throws Exception {
        session(open("jms.prefetchPolicy.queuePrefetch=5")).createConsumer(queue());
        number(session(), queue(), 20);
        MessageConsumer other = session().createConsumer(queue());
        int got = 0;
        while (other.receive(500) != null) {
            got++;
        }
        equal(15, got);
    }

    @Check
    public void windowOfOneIsFair() throws Exception {
        Session busy = open("jms.prefetchPolicy.queuePrefetch=1")
                .createSession(false, Session.CLIENT_ACKNOWLEDGE);
        MessageConsumer holding = busy.createConsumer(queue());
        send(session(), queue(), "held");
        texts(holding, "held");
        number(session(), queue(), 9);
        MessageConsumer other = session().createConsumer(queue());
        int got = 0;
        while (other.receive(500) != null) {
            got++;
        }
        // The delivered message still fills the window, or one more was dispatched in advance.
        holds(got >= 8, "the other one got " + got);
    }

    @Check
    public void windowOfADestinationOverridesTheConnections() throws Exception {
        session(open()).createConsumer(
                new ActiveMQQueue(queue().getQueueName() + "?consumer.prefetchSize=3"));
        number(session(), queue(), 10);
        MessageConsumer other = session().createConsumer(queue());
        int got = 0;
        while (other.receive(500) != null) {
            got++;
        }
        equal(7, got);
    }

    @Check
    public void closingGivesTheWindowBack() throws Exception {
        number(session(), queue(), 10);
        MessageConsumer first = session(open()).createConsumer(queue());
        texts(first, "1");
        first.close();
        texts(session().createConsumer(queue()), "2", "3", "4", "5", "6", "7", "8", "9", "10");
    }

    @Check
    public void smallTopicWindowLosesNothing() throws Exception {
        MessageConsumer consumer = session(open("jms.prefetchPolicy.topicPrefetch=2")).createConsumer(topic());
        number(session(), topic(), 500);
        for (int i = 1; i <= 500; i++) {
            texts(consumer, Integer.toString(i));
        }
    }

    @Check
    public void fiveThousandPassAWindowOfOneHundred() throws Exception {
        MessageConsumer consumer = session(open("jms.prefetchPolicy.queuePrefetch=100")).createConsumer(queue());
        number(session(), queue(), 5000);
        for (int i = 1; i <= 5000; i++) {
            texts(consumer, Integer.toString(i));
        }
    }
}
