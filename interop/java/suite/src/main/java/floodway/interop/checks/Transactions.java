package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import javax.jms.IllegalStateException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.jms.TopicSubscriber;
import org.apache.activemq.ActiveMQConnection;

/** Local transactions: all or nothing, for sends and for acknowledgements. */
public final class Transactions extends Fixture {
    private static final String AT_ONCE = "jms.redeliveryPolicy.initialRedeliveryDelay=0"
            + "&jms.redeliveryPolicy.redeliveryDelay=0";

    private Session transacted() throws Exception {
        return transacted(open(AT_ONCE));
    }

    private static Session transacted(ActiveMQConnection connection) throws Exception {
        return connection.createSession(true, Session.SESSION_TRANSACTED);
    }

    @Check
    public void sendsAreSeenAfterCommitOnly() throws Exception {
        Session session = transacted();
        MessageConsumer outside = session().createConsumer(queue());
        send(session, queue(), "a", "b");
        nothing(outside);
        session.commit();
        texts(outside, "a", "b");
    }

    @Check
    public void sendsAreGoneAfterRollback() throws Exception {
        Session session = transacted();
        send(session, queue(), "a");
        session.rollback();
        send(session, queue(), "b");
        session.commit();
        MessageConsumer outside = session().createConsumer(queue());
        texts(outside, "b");
        nothing(outside);
    }

    @Check
    public void receivedIsGoneAfterCommit() throws Exception {
        ActiveMQConnection first = open();
        Session session = transacted(first);
        send(session(), queue(), "a", "b");
        texts(session.createConsumer(queue()), "a");
        session.commit();
        first.close();
        MessageConsumer outside = session().createConsumer(queue());
        texts(outside, "b");
        nothing(outside);
    }

    @Check
    public void receivedComesAgainAfterRollback() throws Exception {
        Session session = transacted();
        send(session(), queue(), "a", "b");
        MessageConsumer consumer = session.createConsumer(queue());
        texts(consumer, "a", "b");
        session.rollback();
        Message again = receive(consumer);
        equal("a", ((TextMessage) again).getText());
        equal(true, again.getJMSRedelivered());
        equal(2, again.getIntProperty("JMSXDeliveryCount"));
        texts(consumer, "b");
        session.commit();
        nothing(consumer);
    }

    @Check
    public void closeRollsBack() throws Exception {
        Session session = transacted();
        send(session(), queue(), "in");
        texts(session.createConsumer(queue()), "in");
        send(session, queue("out"), "out");
        session.close();
        texts(session().createConsumer(queue()), "in");
        nothing(session().createConsumer(queue("out")));
    }

    @Check
    public void lostConnectionRollsBack() throws Exception {
        ActiveMQConnection lost = open();
        Session session = transacted(lost);
        send(session(), queue(), "in");
        texts(session.createConsumer(queue()), "in");
        send(session, queue("out"), "out");
        lost.getTransport().narrow(org.apache.activemq.transport.tcp.TcpTransport.class).stop();
        texts(session().createConsumer(queue()), "in");
        nothing(session().createConsumer(queue("out")));
    }

    @Check
    public void movesFromQueueToQueueAtOnce() throws Exception {
        Session session = transacted();
        number(session(), queue(), 20);
        MessageConsumer consumer = session.createConsumer(queue());
        for (int i = 1; i <= 20; i++) {
            send(session, queue("out"), text(consumer));
            if (i % 5 == 0) {
                session.commit();
            }
        }
        MessageConsumer out = session().createConsumer(queue("out"));
        for (int i = 1; i <= 20; i++) {
            texts(out, Integer.toString(i));
        }
        nothing(out);
    }

    @Check
    public void rollbackUndoesReceiveAndSendTogether() throws Exception {
        Session session = transacted();
        send(session(), queue(), "a");
        MessageConsumer consumer = session.createConsumer(queue());
        send(session, queue("out"), text(consumer));
        session.rollback();
        nothing(session().createConsumer(queue("out")));
        texts(consumer, "a");
    }

    @Check
    public void severalDestinationsCommitTogether() throws Exception {
        Session session = transacted();
        MessageConsumer subscriber = session().createConsumer(topic());
        MessageConsumer first = session().createConsumer(queue());
        MessageConsumer second = session().createConsumer(queue("second"));
        send(session, queue(), "q");
        send(session, queue("second"), "s");
        send(session, topic(), "t");
        nothing(first);
        nothing(subscriber);
        session.commit();
        texts(first, "q");
        texts(second, "s");
        texts(subscriber, "t");
    }

    @Check
    public void orderWithinATransactionIsKept() throws Exception {
        Session session = transacted();
        number(session, queue(), 300);
        session.commit();
        MessageConsumer consumer = session().createConsumer(queue());
        for (int i = 1; i <= 300; i++) {
            texts(consumer, Integer.toString(i));
        }
    }

    @Check
    public void transactionsOfTwoSessionsAreIndependent() throws Exception {
        ActiveMQConnection connection = open();
        Session first = transacted(connection);
        Session second = transacted(connection);
        send(first, queue(), "first");
        send(second, queue(), "second");
        first.rollback();
        second.commit();
        MessageConsumer outside = session().createConsumer(queue());
        texts(outside, "second");
        nothing(outside);
    }

    @Check
    public void emptyCommitAndRollbackAreAllowed() throws Exception {
        Session session = transacted();
        session.commit();
        session.rollback();
        session.commit();
        holds(session.getTransacted(), "the session does not call itself transacted");
    }

    @Check
    public void commitWithoutTransactionFails() throws Exception {
        fails(IllegalStateException.class, () -> session().commit());
        fails(IllegalStateException.class, () -> session().rollback());
    }

    @Check
    public void recoverInATransactionFails() throws Exception {
        Session session = transacted();
        fails(IllegalStateException.class, session::recover);
    }

    @Check
    public void moreThanTheWindowCanBeReceived() throws Exception {
        ActiveMQConnection connection = open("jms.prefetchPolicy.queuePrefetch=10");
        number(session(), queue(), 100);
        Session session = transacted(connection);
        MessageConsumer consumer = session.createConsumer(queue());
        for (int i = 1; i <= 100; i++) {
            texts(consumer, Integer.toString(i));
        }
        session.commit();
        connection.close();
        nothing(session().createConsumer(queue()));
    }

    @Check
    public void moreThanTheWindowCanBeRolledBack() throws Exception {
        ActiveMQConnection connection = open(AT_ONCE + "&jms.prefetchPolicy.queuePrefetch=10");
        number(session(), queue(), 30);
        Session session = transacted(connection);
        MessageConsumer consumer = session.createConsumer(queue());
        for (int round = 0; round < 2; round++) {
            for (int i = 1; i <= 30; i++) {
                texts(consumer, Integer.toString(i));
            }
            if (round == 0) {
                session.rollback();
            }
        }
        session.commit();
        nothing(consumer);
    }

    @Check
    public void rolledBackMessagesStayWithTheirConsumer() throws Exception {
        Session session = transacted();
        MessageConsumer consumer = session.createConsumer(queue());
        MessageConsumer outside = session().createConsumer(queue());
        number(session(), queue(), 2);
        // One goes to each; the rolled back one is redelivered by its own client.
        String mine = text(consumer);
        session.rollback();
        equal(mine, text(consumer));
        session.commit();
        holds(!mine.equals(text(outside)), "both got the same");
        nothing(outside);
    }

    @Check
    public void durableSubscriptionTakesPart() throws Exception {
        ActiveMQConnection connection = unstarted(AT_ONCE);
        connection.setClientID(name());
        connection.start();
        Session session = transacted(connection);
        TopicSubscriber subscriber = session.createDurableSubscriber(topic(), "sub");
        send(session(), topic(), "a", "b");
        texts(subscriber, "a", "b");
        session.rollback();
        texts(subscriber, "a", "b");
        session.commit();
        subscriber.close();
        subscriber = session.createDurableSubscriber(topic(), "sub");
        nothing(subscriber);
        subscriber.close();
        session.unsubscribe("sub");
    }

    @Check
    public void unseenSendsSurviveTheirProducersClose() throws Exception {
        Session session = transacted();
        var producer = session.createProducer(queue());
        producer.send(session.createTextMessage("a"));
        producer.close();
        session.commit();
        texts(session().createConsumer(queue()), "a");
    }

    @Check
    public void consumerClosedBeforeCommitStillAcknowledges() throws Exception {
        Session session = transacted();
        send(session(), queue(), "a", "b");
        MessageConsumer consumer = session.createConsumer(queue());
        texts(consumer, "a");
        consumer.close();
        session.commit();
        MessageConsumer outside = session().createConsumer(queue());
        texts(outside, "b");
        nothing(outside);
    }

    @Check
    public void consumerClosedBeforeRollbackGivesBack() throws Exception {
        Session session = transacted();
        send(session(), queue(), "a");
        MessageConsumer consumer = session.createConsumer(queue());
        texts(consumer, "a");
        consumer.close();
        session.rollback();
        texts(session().createConsumer(queue()), "a");
    }

    @Check
    public void listenerMayRollBackAndCommit() throws Exception {
        Session session = transacted();
        Queue out = queue("out");
        session.createConsumer(queue()).setMessageListener(message -> {
            try {
                send(session, out, "count " + message.getIntProperty("JMSXDeliveryCount"));
                if (message.getJMSRedelivered()) {
                    session.commit();
                } else {
                    session.rollback();
                }
            } catch (javax.jms.JMSException failure) {
                throw new java.lang.IllegalStateException(failure);
            }
        });
        send(session(), queue(), "a");
        MessageConsumer outside = session().createConsumer(out);
        texts(outside, "count 2");
        nothing(outside);
    }
}
