package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.IllegalStateException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.transport.tcp.TcpTransport;

/** What is acknowledged is gone, what is not comes back, and says how often it was delivered. */
public final class Acknowledgements extends Fixture {
    private static final int INDIVIDUAL = ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE;

    private MessageConsumer other() throws Exception {
        return session(open()).createConsumer(queue());
    }

    /** Closes the socket without a word, as a killed client does. */
    private static void cut(ActiveMQConnection connection) throws Exception {
        connection.getTransport().narrow(TcpTransport.class).stop();
    }

    @Check
    public void autoAcknowledgesWhatWasReceived() throws Exception {
        ActiveMQConnection first = open();
        send(session(first), queue(), "a", "b");
        texts(session(first).createConsumer(queue()), "a");
        first.close();
        MessageConsumer second = other();
        texts(second, "b");
        nothing(second);
    }

    @Check
    public void clientAcknowledgeCoversAllReceivedBefore() throws Exception {
        ActiveMQConnection first = open();
        Session session = first.createSession(false, Session.CLIENT_ACKNOWLEDGE);
        send(session, queue(), "a", "b", "c", "d");
        MessageConsumer consumer = session.createConsumer(queue());
        texts(consumer, "a", "b");
        receive(consumer).acknowledge();
        first.close();
        MessageConsumer second = other();
        texts(second, "d");
        nothing(second);
    }

    @Check
    public void unacknowledgedComesBackWhenTheSessionCloses() throws Exception {
        Session session = session(Session.CLIENT_ACKNOWLEDGE);
        send(session, queue(), "a");
        Message first = receive(session.createConsumer(queue()));
        equal(false, first.getJMSRedelivered());
        session.close();
        Message again = receive(other());
        equal(true, again.getJMSRedelivered());
        equal(2, again.getIntProperty("JMSXDeliveryCount"));
        equal(first.getJMSMessageID(), again.getJMSMessageID());
    }

    @Check
    public void prefetchedButUnreadIsNotCounted() throws Exception {
        Session session = session(Session.CLIENT_ACKNOWLEDGE);
        send(session, queue(), "read", "unread");
        MessageConsumer consumer = session.createConsumer(queue());
        texts(consumer, "read");
        consumer.close();
        session.close();
        MessageConsumer second = other();
        equal(2, receive(second).getIntProperty("JMSXDeliveryCount"));
        Message unread = receive(second);
        equal(1, unread.getIntProperty("JMSXDeliveryCount"));
        equal(false, unread.getJMSRedelivered());
    }

    @Check
    public void neverReadIsNotCountedWhenTheConsumerCloses() throws Exception {
        Session session = session();
        send(session, queue(), "a");
        ActiveMQConnection first = open();
        session(first).createConsumer(queue());
        first.close();
        equal(1, receive(other()).getIntProperty("JMSXDeliveryCount"));
    }

    @Check
    public void lostConnectionCountsAllThatWasDispatched() throws Exception {
        send(session(), queue(), "a", "b");
        ActiveMQConnection first = open();
        texts(first.createSession(false, Session.CLIENT_ACKNOWLEDGE).createConsumer(queue()), "a");
        cut(first);
        MessageConsumer second = other();
        for (String expected : List.of("a", "b")) {
            Message again = receive(second);
            equal(expected, ((javax.jms.TextMessage) again).getText());
            equal(2, again.getIntProperty("JMSXDeliveryCount"));
        }
    }

    @Check
    public void whatComesBackKeepsItsOrderAndItsPlace() throws Exception {
        Session session = session(Session.CLIENT_ACKNOWLEDGE);
        send(session, queue(), "1", "2", "3", "4");
        MessageConsumer consumer = session.createConsumer(queue());
        texts(consumer, "1", "2");
        session.close();
        send(session(), queue(), "5");
        texts(other(), "1", "2", "3", "4", "5");
    }

    @Check
    public void recoverRedeliversInOrder() throws Exception {
        ActiveMQConnection fast = open("jms.redeliveryPolicy.initialRedeliveryDelay=0");
        Session session = fast.createSession(false, Session.CLIENT_ACKNOWLEDGE);
        send(session, queue(), "a", "b", "c");
        MessageConsumer consumer = session.createConsumer(queue());
        texts(consumer, "a", "b");
        session.recover();
        Message first = receive(consumer);
        equal(true, first.getJMSRedelivered());
        texts(consumer, "b", "c");
    }

    @Check
    public void deliveryCountGrowsWithEachRecover() throws Exception {
        ActiveMQConnection fast = open("jms.redeliveryPolicy.initialRedeliveryDelay=0"
                + "&jms.redeliveryPolicy.redeliveryDelay=0");
        Session session = fast.createSession(false, Session.CLIENT_ACKNOWLEDGE);
        send(session, queue(), "a");
        MessageConsumer consumer = session.createConsumer(queue());
        for (int count = 1; count <= 4; count++) {
            equal(count, receive(consumer).getIntProperty("JMSXDeliveryCount"));
            session.recover();
        }
    }

    @Check
    public void deliveryCountGrowsWithEachConsumer() throws Exception {
        send(session(), queue(), "a");
        for (int count = 1; count <= 4; count++) {
            Session session = session(Session.CLIENT_ACKNOWLEDGE);
            Message got = receive(session.createConsumer(queue()));
            equal(count, got.getIntProperty("JMSXDeliveryCount"));
            session.close();
        }
    }

    @Check
    public void dupsOkLeavesNothingBehind() throws Exception {
        ActiveMQConnection first = open();
        Session session = first.createSession(false, Session.DUPS_OK_ACKNOWLEDGE);
        number(session, queue(), 100);
        MessageConsumer consumer = session.createConsumer(queue());
        for (int i = 1; i <= 100; i++) {
            texts(consumer, Integer.toString(i));
        }
        first.close();
        nothing(other());
    }

    @Check
    public void individualAcknowledgesOnlyOne() throws Exception {
        ActiveMQConnection first = open();
        Session session = first.createSession(false, INDIVIDUAL);
        send(session, queue(), "a", "b", "c");
        MessageConsumer consumer = session.createConsumer(queue());
        receive(consumer);
        receive(consumer).acknowledge();
        receive(consumer);
        first.close();
        MessageConsumer second = other();
        texts(second, "a", "c");
        nothing(second);
    }

    @Check
    public void individualAcknowledgesInAnyOrder() throws Exception {
        ActiveMQConnection first = open();
        Session session = first.createSession(false, INDIVIDUAL);
        send(session, queue(), "a", "b", "c");
        MessageConsumer consumer = session.createConsumer(queue());
        Message a = receive(consumer);
        Message b = receive(consumer);
        Message c = receive(consumer);
        c.acknowledge();
        a.acknowledge();
        b.acknowledge();
        first.close();
        nothing(other());
    }

    @Check
    public void individualGoesOnPastTheWindow() throws Exception {
        ActiveMQConnection first = open("jms.prefetchPolicy.queuePrefetch=10");
        Session session = first.createSession(false, INDIVIDUAL);
        number(session, queue(), 50);
        MessageConsumer consumer = session.createConsumer(queue());
        for (int i = 1; i <= 50; i++) {
            Message got = receive(consumer);
            if (i % 2 == 0) {
                got.acknowledge();
            }
        }
        first.close();
        texts(other(), "1", "3", "5", "7");
    }

    @Check
    public void clientAcknowledgeGoesOnPastTheWindow() throws Exception {
        ActiveMQConnection first = open("jms.prefetchPolicy.queuePrefetch=10");
        Session session = first.createSession(false, Session.CLIENT_ACKNOWLEDGE);
        number(session, queue(), 100);
        MessageConsumer consumer = session.createConsumer(queue());
        Message last = null;
        for (int i = 1; i <= 100; i++) {
            last = receive(consumer);
        }
        last.acknowledge();
        first.close();
        nothing(other());
    }

    @Check
    public void optimizedAcknowledgesLeaveNothingBehind() throws Exception {
        ActiveMQConnection first = open("jms.optimizeAcknowledge=true&jms.prefetchPolicy.queuePrefetch=50");
        Session session = session(first);
        number(session, queue(), 200);
        MessageConsumer consumer = session.createConsumer(queue());
        for (int i = 1; i <= 200; i++) {
            texts(consumer, Integer.toString(i));
        }
        first.close();
        nothing(other());
    }

    @Check
    public void listenerThatThrowsGetsTheMessageAgain() throws Exception {
        ActiveMQConnection fast = open("jms.redeliveryPolicy.initialRedeliveryDelay=0");
        Session session = session(fast);
        AtomicInteger calls = new AtomicInteger();
        CountDownLatch second = new CountDownLatch(1);
        session.createConsumer(queue()).setMessageListener(message -> {
            if (calls.incrementAndGet() == 1) {
                throw new RuntimeException("on purpose");
            }
            second.countDown();
        });
        send(session(), queue(), "a");
        holds(second.await(COMES, TimeUnit.MILLISECONDS), "it did not come again");
        fast.close();
        nothing(other());
    }

    @Check
    public void listenerAcknowledgesOnReturn() throws Exception {
        ActiveMQConnection first = open();
        CountDownLatch all = new CountDownLatch(20);
        session(first).createConsumer(queue()).setMessageListener(message -> all.countDown());
        number(session(), queue(), 20);
        holds(all.await(COMES, TimeUnit.MILLISECONDS), all.getCount() + " are missing");
        first.close();
        nothing(other());
    }

    @Check
    public void acknowledgeAfterTheSessionClosedFails() throws Exception {
        Session session = session(Session.CLIENT_ACKNOWLEDGE);
        send(session, queue(), "a");
        Message got = receive(session.createConsumer(queue()));
        session.close();
        fails(IllegalStateException.class, got::acknowledge);
    }

    @Check
    public void unacknowledgedGoesToAnotherWaitingConsumer() throws Exception {
        Session session = session(Session.CLIENT_ACKNOWLEDGE);
        MessageConsumer first = session.createConsumer(queue());
        send(session, queue(), "a");
        receive(first);
        MessageConsumer second = other();
        nothing(second);
        session.close();
        texts(second, "a");
    }

    @Check
    public void topicMessagesAreAcknowledgedByTheClient() throws Exception {
        ActiveMQConnection first = open("jms.prefetchPolicy.topicPrefetch=10");
        Session session = first.createSession(false, Session.CLIENT_ACKNOWLEDGE);
        MessageConsumer consumer = session.createConsumer(topic());
        number(session, topic(), 40);
        for (int i = 1; i <= 40; i++) {
            Message got = receive(consumer);
            equal(Integer.toString(i), ((javax.jms.TextMessage) got).getText());
            got.acknowledge();
        }
    }
}
