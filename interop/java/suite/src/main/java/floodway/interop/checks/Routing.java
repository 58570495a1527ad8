package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.ArrayList;
import java.util.List;
import javax.jms.Destination;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTopic;

/** Which consumer, and which destination, a message reaches. */
public final class Routing extends Fixture {
    private static final String ISSUE = "virtual destinations";

    private ActiveMQQueue q(String last) {
        return new ActiveMQQueue("q." + name() + "." + last);
    }

    private ActiveMQTopic t(String last) {
        return new ActiveMQTopic("t." + name() + "." + last);
    }

    private void grouped(Destination to, String group, String... texts) throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(to);
        for (String text : texts) {
            Message message = session.createTextMessage(text);
            message.setStringProperty("JMSXGroupID", group);
            producer.send(message);
        }
    }

    private static List<String> drain(MessageConsumer consumer) throws Exception {
        List<String> texts = new ArrayList<>();
        for (Message m = consumer.receive(500); m != null; m = consumer.receive(NOTHING)) {
            texts.add(((TextMessage) m).getText());
        }
        return texts;
    }

    // Consumers of one queue.

    @Check
    public void consumersShareAQueue() throws Exception {
        MessageConsumer first = session(open()).createConsumer(queue());
        MessageConsumer second = session(open()).createConsumer(queue());
        number(session(), queue(), 10);
        List<String> one = drain(first);
        List<String> two = drain(second);
        equal(10, one.size() + two.size());
        equal(5, one.size());
    }

    @Check
    public void exclusiveConsumerGetsAll() throws Exception {
        Session session = session();
        MessageConsumer exclusive = session.createConsumer(
                new ActiveMQQueue(queue().getQueueName() + "?consumer.exclusive=true"));
        MessageConsumer other = session(open()).createConsumer(queue());
        number(session, queue(), 10);
        equal(10, drain(exclusive).size());
        nothing(other);
    }

    @Check
    public void nextExclusiveConsumerTakesOver() throws Exception {
        var exclusive = new ActiveMQQueue(queue().getQueueName() + "?consumer.exclusive=true");
        ActiveMQConnection leaving = open();
        MessageConsumer first = session(leaving).createConsumer(exclusive);
        MessageConsumer second = session(open()).createConsumer(exclusive);
        send(session(), queue(), "a");
        texts(first, "a");
        leaving.close();
        send(session(), queue(), "b");
        texts(second, "b");
    }

    @Check
    public void higherConsumerPriorityIsServedFirst() throws Exception {
        MessageConsumer low = session(open()).createConsumer(queue());
        MessageConsumer high = session(open()).createConsumer(
                new ActiveMQQueue(queue().getQueueName() + "?consumer.priority=10"));
        number(session(), queue(), 10);
        equal(10, drain(high).size());
        nothing(low);
    }

    @Check
    public void lowerConsumerPriorityGetsWhatIsTooMuch() throws Exception {
        MessageConsumer low = session(open()).createConsumer(queue());
        session(open()).createConsumer(new ActiveMQQueue(
                queue().getQueueName() + "?consumer.priority=10&consumer.prefetchSize=4"));
        number(session(), queue(), 10);
        equal(6, drain(low).size());
    }

    // Message groups.

    @Check
    public void groupStaysWithOneConsumer() throws Exception {
        MessageConsumer first = session(open()).createConsumer(queue());
        MessageConsumer second = session(open()).createConsumer(queue());
        grouped(queue(), "g", "1", "2", "3", "4");
        List<String> one = drain(first);
        List<String> two = drain(second);
        holds(one.isEmpty() || two.isEmpty(), "split into " + one + " and " + two);
        equal(4, one.size() + two.size());
    }

    @Check
    public void groupsAreSpreadOverConsumers() throws Exception {
        MessageConsumer first = session(open()).createConsumer(queue());
        MessageConsumer second = session(open()).createConsumer(queue());
        for (int i = 0; i < 10; i++) {
            grouped(queue(), "g" + i, "a", "b");
        }
        List<String> one = drain(first);
        List<String> two = drain(second);
        equal(20, one.size() + two.size());
        holds(!one.isEmpty() && !two.isEmpty(), "one consumer got all groups");
    }

    @Check
    public void groupMovesWhenItsConsumerLeaves() throws Exception {
        ActiveMQConnection leaving = open();
        MessageConsumer first = session(leaving).createConsumer(queue());
        grouped(queue(), "g", "1");
        texts(first, "1");
        MessageConsumer second = session(open()).createConsumer(queue());
        grouped(queue(), "g", "2");
        texts(first, "2");
        leaving.close();
        grouped(queue(), "g", "3");
        texts(second, "3");
    }

    @Check
    public void firstOfAGroupIsMarked() throws Exception {
        MessageConsumer consumer = session().createConsumer(queue());
        grouped(queue(), "g", "1", "2");
        equal(true, receive(consumer).getBooleanProperty("JMSXGroupFirstForConsumer"));
        equal(false, receive(consumer).getBooleanProperty("JMSXGroupFirstForConsumer"));
    }

    @Check
    public void closedGroupIsAssignedAnew() throws Exception {
        MessageConsumer consumer = session().createConsumer(queue());
        grouped(queue(), "g", "1");
        receive(consumer);
        Session session = session();
        Message closing = session.createTextMessage("close");
        closing.setStringProperty("JMSXGroupID", "g");
        closing.setIntProperty("JMSXGroupSeq", -1);
        session.createProducer(queue()).send(closing);
        receive(consumer);
        grouped(queue(), "g", "2");
        equal(true, receive(consumer).getBooleanProperty("JMSXGroupFirstForConsumer"));
    }

    @Check
    public void ungroupedFlowsBesideGroups() throws Exception {
        MessageConsumer consumer = session().createConsumer(queue());
        grouped(queue(), "g", "1");
        send(session(), queue(), "2");
        grouped(queue(), "g", "3");
        texts(consumer, "1", "2", "3");
    }

    // Composite destinations.

    @Check
    public void compositeSendReachesEachQueue() throws Exception {
        send(session(), new ActiveMQQueue(q("a").getQueueName() + "," + q("b").getQueueName()), "x");
        texts(session().createConsumer(q("a")), "x");
        texts(session().createConsumer(q("b")), "x");
    }

    @Check
    public void compositeSendReachesQueueAndTopic() throws Exception {
        MessageConsumer topic = session().createConsumer(t("b"));
        send(session(), new ActiveMQQueue(q("a").getQueueName() + ",topic://" + t("b").getTopicName()), "x");
        texts(session().createConsumer(q("a")), "x");
        texts(topic, "x");
    }

    @Check
    public void compositeCopyNamesItsOwnQueue() throws Exception {
        ActiveMQDestination both = new ActiveMQQueue(q("a").getQueueName() + "," + q("b").getQueueName());
        send(session(), both, "x");
        ActiveMQMessage copy = (ActiveMQMessage) receive(session().createConsumer(q("a")));
        equal(q("a"), copy.getJMSDestination());
        equal(both, copy.getOriginalDestination());
    }

    @Check
    public void compositeConsumerGetsFromEach() throws Exception {
        MessageConsumer both = session().createConsumer(
                new ActiveMQQueue(q("a").getQueueName() + "," + q("b").getQueueName()));
        send(session(), q("a"), "from a");
        texts(both, "from a");
        send(session(), q("b"), "from b");
        texts(both, "from b");
    }

    @Check
    public void compositeSendInATransactionIsOne() throws Exception {
        Session session = session(Session.SESSION_TRANSACTED);
        send(session, new ActiveMQQueue(q("a").getQueueName() + "," + q("b").getQueueName()), "x");
        MessageConsumer a = session().createConsumer(q("a"));
        nothing(a);
        session.commit();
        texts(a, "x");
        texts(session().createConsumer(q("b")), "x");
    }

    @Check(later = ISSUE)
    public void configuredCompositeQueueForwards() throws Exception {
        MessageConsumer topic = session().createConsumer(new ActiveMQTopic("forwarded.topic"));
        send(session(), new ActiveMQQueue("forwarding.both"), "x");
        texts(session().createConsumer(new ActiveMQQueue("forwarded.queue")), "x");
        texts(topic, "x");
        nothing(session().createConsumer(new ActiveMQQueue("forwarding.both")));
    }

    @Check(later = ISSUE)
    public void configuredCompositeTopicMayKeepItsOwn() throws Exception {
        MessageConsumer topic = session().createConsumer(new ActiveMQTopic("forwarding.kept"));
        send(session(), new ActiveMQTopic("forwarding.kept"), "x");
        texts(topic, "x");
        texts(session().createConsumer(new ActiveMQQueue("forwarded.copy")), "x");
    }

    // Wildcards.

    @Check
    public void starMatchesOneLevel() throws Exception {
        MessageConsumer consumer = session().createConsumer(t("*.end"));
        send(session(), t("a.end"), "one");
        send(session(), t("a.b.end"), "two");
        send(session(), t("c.end"), "three");
        texts(consumer, "one", "three");
        nothing(consumer);
    }

    @Check
    public void greaterMatchesTheRest() throws Exception {
        MessageConsumer consumer = session().createConsumer(t(">"));
        send(session(), t("a"), "one");
        send(session(), t("a.b.c"), "two");
        texts(consumer, "one", "two");
    }

    @Check
    public void wildcardNamesTheRealDestination() throws Exception {
        MessageConsumer consumer = session().createConsumer(t(">"));
        send(session(), t("a.b"), "x");
        equal(t("a.b"), receive(consumer).getJMSDestination());
    }

    @Check
    public void wildcardQueueConsumerGetsWhatWaits() throws Exception {
        send(session(), q("a"), "waiting");
        MessageConsumer consumer = session().createConsumer(q(">"));
        texts(consumer, "waiting");
        send(session(), q("b"), "later");
        texts(consumer, "later");
        consumer.close();
        nothing(session().createConsumer(q("a")));
    }

    @Check
    public void wildcardSubscriberHearsTopicsMadeLater() throws Exception {
        MessageConsumer consumer = session().createConsumer(t("*"));
        for (int i = 0; i < 5; i++) {
            send(session(), t("new" + i), "x" + i);
        }
        texts(consumer, "x0", "x1", "x2", "x3", "x4");
    }

    // Virtual topics.

    private ActiveMQTopic virtual() {
        return new ActiveMQTopic("VirtualTopic." + name());
    }

    private ActiveMQQueue of(String consumer) {
        return new ActiveMQQueue("Consumer." + consumer + ".VirtualTopic." + name());
    }

    @Check(later = ISSUE)
    public void virtualTopicFillsEachQueue() throws Exception {
        MessageConsumer a = session().createConsumer(of("A"));
        MessageConsumer b = session().createConsumer(of("B"));
        send(session(), virtual(), "x", "y");
        texts(a, "x", "y");
        texts(b, "x", "y");
    }

    @Check(later = ISSUE)
    public void virtualTopicsQueueKeepsMessagesWithoutConsumers() throws Exception {
        session().createConsumer(of("A")).close();
        send(session(), virtual(), "x");
        texts(session().createConsumer(of("A")), "x");
    }

    @Check(later = ISSUE)
    public void virtualTopicsQueueIsSharedByItsConsumers() throws Exception {
        MessageConsumer first = session(open()).createConsumer(of("A"));
        MessageConsumer second = session(open()).createConsumer(of("A"));
        number(session(), virtual(), 10);
        equal(10, drain(first).size() + drain(second).size());
    }

    @Check
    public void virtualTopicStillReachesTopicSubscribers() throws Exception {
        MessageConsumer subscriber = session().createConsumer(virtual());
        send(session(), virtual(), "x");
        texts(subscriber, "x");
    }

    @Check(later = ISSUE)
    public void virtualTopicTakesPartInTransactions() throws Exception {
        MessageConsumer a = session().createConsumer(of("A"));
        Session session = session(Session.SESSION_TRANSACTED);
        send(session, virtual(), "rolled back");
        session.rollback();
        send(session, virtual(), "x");
        nothing(a);
        session.commit();
        texts(a, "x");
        nothing(a);
    }
}
