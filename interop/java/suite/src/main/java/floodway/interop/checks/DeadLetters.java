package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import javax.jms.DeliveryMode;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQMessageConsumer;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.ActiveMQQueue;

/** Expiry, redelivery limits and where messages go that nobody could take. */
public final class DeadLetters extends Fixture {
    private static final String TWICE = "jms.redeliveryPolicy.maximumRedeliveries=1"
            + "&jms.redeliveryPolicy.initialRedeliveryDelay=0&jms.redeliveryPolicy.redeliveryDelay=0";

    private static Queue dead(Queue queue) throws Exception {
        return new ActiveMQQueue("DLQ." + queue.getQueueName());
    }

    /** The shared dead letter queue, read only where this check's messages are. */
    private MessageConsumer shared() throws Exception {
        return session().createConsumer(new ActiveMQQueue("ActiveMQ.DLQ"), "check = '" + name() + "'");
    }

    private void marked(Queue queue, String text, int mode, long ttl) throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue);
        TextMessage message = session.createTextMessage(text);
        message.setStringProperty("check", name());
        producer.send(message, mode, 4, ttl);
    }

    /** Receives and rolls back until the client gives the message up. */
    private void giveUp(Queue queue) throws Exception {
        ActiveMQConnection connection = open(TWICE);
        Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
        MessageConsumer consumer = session.createConsumer(queue);
        receive(consumer);
        session.rollback();
        equal(2, receive(consumer).getIntProperty("JMSXDeliveryCount"));
        session.rollback();
        nothing(consumer);
        connection.close();
    }

    @Check
    public void givenUpGoesToTheSharedQueue() throws Exception {
        marked(queue(), "a", DeliveryMode.PERSISTENT, 0);
        giveUp(queue());
        texts(shared(), "a");
        nothing(session().createConsumer(queue()));
    }

    @Check
    public void givenUpTellsTheCause() throws Exception {
        marked(queue(), "a", DeliveryMode.PERSISTENT, 0);
        giveUp(queue());
        String cause = receive(shared()).getStringProperty("dlqDeliveryFailureCause");
        holds(cause != null && cause.contains("redelivery"), "the cause is " + cause);
    }

    @Check
    public void givenUpTellsWhereItCameFrom() throws Exception {
        marked(queue(), "a", DeliveryMode.PERSISTENT, 0);
        giveUp(queue());
        ActiveMQMessage message = (ActiveMQMessage) receive(shared());
        equal(queue(), message.getOriginalDestination());
        equal("ActiveMQ.DLQ", ((Queue) message.getJMSDestination()).getQueueName());
    }

    @Check
    public void givenUpGoesToItsOwnQueueByPolicy() throws Exception {
        marked(queue("individual"), "a", DeliveryMode.PERSISTENT, 0);
        giveUp(queue("individual"));
        texts(session().createConsumer(dead(queue("individual"))), "a");
    }

    @Check
    public void givenUpNonPersistentIsDropped() throws Exception {
        marked(queue(), "a", DeliveryMode.NON_PERSISTENT, 0);
        giveUp(queue());
        nothing(shared());
    }

    @Check
    public void givenUpNonPersistentIsKeptByPolicy() throws Exception {
        marked(queue("individual"), "a", DeliveryMode.NON_PERSISTENT, 0);
        giveUp(queue("individual"));
        texts(session().createConsumer(dead(queue("individual"))), "a");
    }

    @Check
    public void givenUpIsDroppedByDiscarding() throws Exception {
        marked(queue("discard"), "a", DeliveryMode.PERSISTENT, 0);
        giveUp(queue("discard"));
        nothing(shared());
    }

    @Check
    public void redeliveriesCountAcrossConnections() throws Exception {
        marked(queue(), "a", DeliveryMode.PERSISTENT, 0);
        for (int i = 1; i <= 2; i++) {
            ActiveMQConnection connection = open(TWICE);
            Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
            equal(i, receive(session.createConsumer(queue())).getIntProperty("JMSXDeliveryCount"));
            connection.close();
        }
        ActiveMQConnection third = open(TWICE);
        nothing(third.createSession(true, Session.SESSION_TRANSACTED).createConsumer(queue()));
        texts(shared(), "a");
    }

    @Check
    public void unlimitedRedeliveriesNeverGiveUp() throws Exception {
        marked(queue(), "a", DeliveryMode.PERSISTENT, 0);
        Session session = open("jms.redeliveryPolicy.maximumRedeliveries=-1"
                + "&jms.redeliveryPolicy.initialRedeliveryDelay=0&jms.redeliveryPolicy.redeliveryDelay=0")
                .createSession(true, Session.SESSION_TRANSACTED);
        MessageConsumer consumer = session.createConsumer(queue());
        for (int i = 1; i <= 20; i++) {
            equal(i, receive(consumer).getIntProperty("JMSXDeliveryCount"));
            session.rollback();
        }
        texts(consumer, "a");
        session.commit();
    }

    @Check
    public void delayedRedeliveryComesLater() throws Exception {
        marked(queue(), "a", DeliveryMode.PERSISTENT, 0);
        Session session = open("jms.redeliveryPolicy.initialRedeliveryDelay=600")
                .createSession(true, Session.SESSION_TRANSACTED);
        MessageConsumer consumer = session.createConsumer(queue());
        receive(consumer);
        session.rollback();
        nothing(consumer);
        texts(consumer, "a");
        session.commit();
    }

    @Check
    public void othersGoOnPastAGivenUpMessage() throws Exception {
        marked(queue(), "bad", DeliveryMode.PERSISTENT, 0);
        marked(queue(), "good", DeliveryMode.PERSISTENT, 0);
        Session session = open(TWICE).createSession(true, Session.SESSION_TRANSACTED);
        MessageConsumer consumer = session.createConsumer(queue());
        for (int i = 0; i < 2; i++) {
            texts(consumer, "bad");
            session.rollback();
        }
        texts(consumer, "good");
        session.commit();
        texts(shared(), "bad");
    }

    @Check
    public void durableSubscriptionsGivenUpGoesToTheSharedQueue() throws Exception {
        ActiveMQConnection connection = unstarted(TWICE);
        connection.setClientID(name());
        connection.start();
        Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
        MessageConsumer consumer = session.createDurableSubscriber(topic(), "sub");
        Session sender = session();
        TextMessage message = sender.createTextMessage("a");
        message.setStringProperty("check", name());
        sender.createProducer(topic()).send(message);
        for (int i = 0; i < 2; i++) {
            texts(consumer, "a");
            session.rollback();
        }
        nothing(consumer);
        texts(shared(), "a");
    }

    @Check
    public void expiredIsNotDelivered() throws Exception {
        marked(queue(), "short", DeliveryMode.PERSISTENT, 50);
        marked(queue(), "long", DeliveryMode.PERSISTENT, 60_000);
        Thread.sleep(100);
        MessageConsumer consumer = session().createConsumer(queue());
        texts(consumer, "long");
        nothing(consumer);
    }

    @Check
    public void expiredGoesToTheSharedQueue() throws Exception {
        marked(queue(), "short", DeliveryMode.PERSISTENT, 50);
        Thread.sleep(100);
        nothing(session().createConsumer(queue()));
        texts(shared(), "short");
    }

    @Check
    public void expiredNonPersistentIsDropped() throws Exception {
        marked(queue(), "short", DeliveryMode.NON_PERSISTENT, 50);
        Thread.sleep(100);
        nothing(session().createConsumer(queue()));
        nothing(shared());
    }

    @Check
    public void expiresWithoutAConsumer() throws Exception {
        marked(queue("expiry"), "short", DeliveryMode.PERSISTENT, 100);
        texts(session().createConsumer(dead(queue("expiry"))), "short");
    }

    @Check
    public void deadCopyDoesNotExpireAgain() throws Exception {
        marked(queue("expiry"), "short", DeliveryMode.PERSISTENT, 100);
        Message copy = receive(session().createConsumer(dead(queue("expiry"))));
        equal(0L, copy.getJMSExpiration());
        holds(copy.getLongProperty("originalExpiration") > 0, "the old time is lost");
    }

    @Check
    public void expiredInTheClientsWindowIsNotDelivered() throws Exception {
        ActiveMQConnection connection = open();
        MessageConsumer consumer = session(connection).createConsumer(queue());
        marked(queue(), "short", DeliveryMode.PERSISTENT, 100);
        Thread.sleep(200);
        nothing(consumer);
        texts(shared(), "short");
    }

    @Check
    public void expiredOnATopicIsNotDelivered() throws Exception {
        ActiveMQConnection connection = openAs(name());
        session(connection).createDurableSubscriber(topic(), "sub");
        connection.close();
        Session session = session();
        session.createProducer(topic()).send(session.createTextMessage("short"), 2, 4, 50);
        session.createProducer(topic()).send(session.createTextMessage("long"));
        Thread.sleep(100);
        MessageConsumer consumer = session(openAs(name())).createDurableSubscriber(topic(), "sub");
        texts(consumer, "long");
        nothing(consumer);
    }

    @Check
    public void prioritiesAreServedHighestFirst() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue("priority"));
        for (int priority : new int[] {1, 9, 4, 7, 0}) {
            producer.send(session.createTextMessage("p" + priority), DeliveryMode.NON_PERSISTENT, priority, 0);
        }
        texts(session(open("jms.prefetchPolicy.queuePrefetch=1")).createConsumer(queue("priority")),
                "p9", "p7", "p4", "p1", "p0");
    }

    @Check
    public void prioritiesKeepOrderWithinEach() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue("priority"));
        for (String text : new String[] {"low 1", "high 1", "low 2", "high 2", "low 3"}) {
            producer.send(session.createTextMessage(text), DeliveryMode.PERSISTENT,
                    text.startsWith("high") ? 9 : 1, 0);
        }
        texts(session(open("jms.prefetchPolicy.queuePrefetch=1")).createConsumer(queue("priority")),
                "high 1", "high 2", "low 1", "low 2", "low 3");
    }

    @Check
    public void prioritiesAreIgnoredWithoutPolicy() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        for (int priority : new int[] {1, 9, 4}) {
            producer.send(session.createTextMessage("p" + priority), DeliveryMode.PERSISTENT, priority, 0);
        }
        texts(session.createConsumer(queue()), "p1", "p9", "p4");
    }

    @Check
    public void consumersPolicyOverridesTheConnections() throws Exception {
        marked(queue(), "a", DeliveryMode.PERSISTENT, 0);
        Session session = open(TWICE).createSession(true, Session.SESSION_TRANSACTED);
        ActiveMQMessageConsumer consumer = (ActiveMQMessageConsumer) session.createConsumer(queue());
        var policy = consumer.getRedeliveryPolicy().copy();
        policy.setMaximumRedeliveries(0);
        consumer.setRedeliveryPolicy(policy);
        texts(consumer, "a");
        session.rollback();
        nothing(consumer);
        texts(shared(), "a");
    }
}
