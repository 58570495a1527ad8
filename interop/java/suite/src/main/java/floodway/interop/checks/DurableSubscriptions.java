package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import javax.jms.DeliveryMode;
import javax.jms.InvalidDestinationException;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TopicSubscriber;
import org.apache.activemq.ActiveMQConnection;

/** Topics: who gets what is sent while one is there, and while one is not. */
public final class DurableSubscriptions extends Fixture {
    private Session own(String client) throws Exception {
        return session(openAs(client));
    }

    private void subscribe() throws Exception {
        ActiveMQConnection connection = openAs(name());
        session(connection).createDurableSubscriber(topic(), "sub");
        connection.close();
    }

    @Check
    public void topicGoesToEachSubscriber() throws Exception {
        MessageConsumer first = session(open()).createConsumer(topic());
        MessageConsumer second = session(open()).createConsumer(topic());
        send(session(), topic(), "a", "b");
        texts(first, "a", "b");
        texts(second, "a", "b");
    }

    @Check
    public void topicForgetsWhatNobodyHeard() throws Exception {
        send(session(), topic(), "before");
        MessageConsumer consumer = session().createConsumer(topic());
        send(session(), topic(), "after");
        texts(consumer, "after");
        nothing(consumer);
    }

    @Check
    public void noLocalHidesOnesOwn() throws Exception {
        ActiveMQConnection connection = open();
        MessageConsumer consumer = session(connection).createConsumer(topic(), null, true);
        send(session(connection), topic(), "own");
        send(session(open()), topic(), "other");
        texts(consumer, "other");
        nothing(consumer);
    }

    @Check
    public void durableGetsWhatWasSentMeanwhile() throws Exception {
        subscribe();
        send(session(), topic(), "a", "b");
        TopicSubscriber subscriber = own(name()).createDurableSubscriber(topic(), "sub");
        send(session(), topic(), "c");
        texts(subscriber, "a", "b", "c");
        nothing(subscriber);
    }

    @Check
    public void durableGetsEachMessageOnce() throws Exception {
        subscribe();
        send(session(), topic(), "a", "b");
        ActiveMQConnection first = openAs(name());
        texts(session(first).createDurableSubscriber(topic(), "sub"), "a");
        first.close();
        TopicSubscriber again = own(name()).createDurableSubscriber(topic(), "sub");
        texts(again, "b");
        nothing(again);
    }

    @Check
    public void durableKeepsUnacknowledged() throws Exception {
        subscribe();
        send(session(), topic(), "a");
        ActiveMQConnection first = openAs(name());
        Session session = first.createSession(false, Session.CLIENT_ACKNOWLEDGE);
        texts(session.createDurableSubscriber(topic(), "sub"), "a");
        first.close();
        Message again = receive(own(name()).createDurableSubscriber(topic(), "sub"));
        equal(true, again.getJMSRedelivered());
    }

    @Check
    public void durableKeepsNonPersistentWhileAway() throws Exception {
        subscribe();
        Session session = session();
        MessageProducer producer = session.createProducer(topic());
        producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
        producer.send(session.createTextMessage("volatile"));
        texts(own(name()).createDurableSubscriber(topic(), "sub"), "volatile");
    }

    @Check
    public void durableOfAnotherClientIsAnother() throws Exception {
        TopicSubscriber first = own(name() + "-1").createDurableSubscriber(topic(), "sub");
        TopicSubscriber second = own(name() + "-2").createDurableSubscriber(topic(), "sub");
        send(session(), topic(), "a");
        texts(first, "a");
        texts(second, "a");
    }

    @Check
    public void twoDurablesOfOneClientBothGet() throws Exception {
        Session session = own(name());
        TopicSubscriber first = session.createDurableSubscriber(topic(), "one");
        TopicSubscriber second = session.createDurableSubscriber(topic(), "two");
        send(session, topic(), "a");
        texts(first, "a");
        texts(second, "a");
    }

    @Check
    public void durableInUseIsRefused() throws Exception {
        Session session = own(name());
        TopicSubscriber first = session.createDurableSubscriber(topic(), "sub");
        fails(JMSException.class, () -> session.createDurableSubscriber(topic(), "sub"));
        send(session(), topic(), "a");
        texts(first, "a");
    }

    @Check
    public void unsubscribedIsForgotten() throws Exception {
        subscribe();
        send(session(), topic(), "a");
        Session session = own(name());
        session.unsubscribe("sub");
        TopicSubscriber fresh = session.createDurableSubscriber(topic(), "sub");
        nothing(fresh);
    }

    @Check
    public void unsubscribeWhileInUseIsRefused() throws Exception {
        Session session = own(name());
        TopicSubscriber subscriber = session.createDurableSubscriber(topic(), "sub");
        fails(JMSException.class, () -> session.unsubscribe("sub"));
        send(session(), topic(), "a");
        texts(subscriber, "a");
    }

    @Check
    public void unsubscribeOfUnknownIsRefused() throws Exception {
        fails(InvalidDestinationException.class, () -> own(name()).unsubscribe("never"));
    }

    @Check
    public void durableChoosesBySelector() throws Exception {
        ActiveMQConnection first = openAs(name());
        session(first).createDurableSubscriber(topic(), "sub", "n = 1", false);
        first.close();
        Session session = session();
        MessageProducer producer = session.createProducer(topic());
        for (int n : new int[] {2, 1}) {
            Message message = session.createTextMessage(Integer.toString(n));
            message.setIntProperty("n", n);
            producer.send(message);
        }
        TopicSubscriber again = own(name()).createDurableSubscriber(topic(), "sub", "n = 1", false);
        texts(again, "1");
        nothing(again);
    }

    @Check
    public void changedSelectorStartsAnew() throws Exception {
        subscribe();
        send(session(), topic(), "old");
        Session session = own(name());
        TopicSubscriber changed = session.createDurableSubscriber(topic(), "sub", "n IS NULL", false);
        send(session(), topic(), "new");
        texts(changed, "new");
        nothing(changed);
    }

    @Check
    public void changedTopicStartsAnew() throws Exception {
        subscribe();
        send(session(), topic(), "old");
        TopicSubscriber changed = own(name()).createDurableSubscriber(topic("other"), "sub");
        send(session(), topic("other"), "new");
        send(session(), topic(), "old");
        texts(changed, "new");
        nothing(changed);
    }

    @Check
    public void durableWithoutLocalHidesOnesOwn() throws Exception {
        Session session = own(name());
        TopicSubscriber subscriber = session.createDurableSubscriber(topic(), "sub", null, true);
        send(session, topic(), "own");
        send(session(), topic(), "other");
        texts(subscriber, "other");
        nothing(subscriber);
    }

    @Check
    public void durableNeedsAClientId() throws Exception {
        fails(JMSException.class, () -> session().createDurableSubscriber(topic(), "sub"));
    }

    @Check
    public void durableMayBeAWildcard() throws Exception {
        ActiveMQConnection first = openAs(name());
        var all = new org.apache.activemq.command.ActiveMQTopic("t." + name() + ".>");
        session(first).createDurableSubscriber(all, "sub");
        first.close();
        send(session(), new org.apache.activemq.command.ActiveMQTopic("t." + name() + ".a"), "a");
        texts(own(name()).createDurableSubscriber(all, "sub"), "a");
    }

    @Check
    public void durableHoldsAThousandAndGivesThemInOrder() throws Exception {
        subscribe();
        number(session(), topic(), 1000);
        TopicSubscriber subscriber = own(name()).createDurableSubscriber(topic(), "sub");
        for (int i = 1; i <= 1000; i++) {
            texts(subscriber, Integer.toString(i));
        }
    }

    @Check
    public void durableIsDispatchedInPrefetchWindows() throws Exception {
        subscribe();
        number(session(), topic(), 50);
        ActiveMQConnection slow = unstarted("jms.prefetchPolicy.durableTopicPrefetch=5");
        slow.setClientID(name());
        slow.start();
        TopicSubscriber subscriber = session(slow).createDurableSubscriber(topic(), "sub");
        for (int i = 1; i <= 50; i++) {
            texts(subscriber, Integer.toString(i));
        }
    }

    @Check
    public void retroactiveSubscriberGetsTheLast() throws Exception {
        number(session(), topic("recovered"), 5);
        var retroactive = new org.apache.activemq.command.ActiveMQTopic(
                topic("recovered").getTopicName() + "?consumer.retroactive=true");
        texts(session().createConsumer(retroactive), "3", "4", "5");
        nothing(session().createConsumer(topic("recovered")));
    }
}
