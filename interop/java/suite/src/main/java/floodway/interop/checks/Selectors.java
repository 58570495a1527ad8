package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import javax.jms.DeliveryMode;
import javax.jms.InvalidSelectorException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TextMessage;

/** Selectors choose by headers and properties; what they do not choose stays for others. */
public final class Selectors extends Fixture {
    /** Sets what a message is chosen by. */
    private interface Setter {
        void set(Message message) throws Exception;
    }

    private void chooses(String selector, Setter matching, Setter other) throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        TextMessage no = session.createTextMessage("no");
        other.set(no);
        producer.send(no);
        TextMessage yes = session.createTextMessage("yes");
        matching.set(yes);
        producer.send(yes);
        MessageConsumer chosen = session.createConsumer(queue(), selector);
        texts(chosen, "yes");
        nothing(chosen);
        chosen.close();
        texts(session.createConsumer(queue()), "no");
    }

    @Check
    public void byString() throws Exception {
        chooses("colour = 'red'", m -> m.setStringProperty("colour", "red"),
                m -> m.setStringProperty("colour", "Red"));
    }

    @Check
    public void byNumber() throws Exception {
        chooses("weight > 2.5 AND weight <= 7", m -> m.setIntProperty("weight", 7),
                m -> m.setIntProperty("weight", 2));
    }

    @Check
    public void byBoolean() throws Exception {
        chooses("urgent = TRUE", m -> m.setBooleanProperty("urgent", true),
                m -> m.setBooleanProperty("urgent", false));
    }

    @Check
    public void byLikeWithEscape() throws Exception {
        chooses("code LIKE 'a\\_%' ESCAPE '\\'", m -> m.setStringProperty("code", "a_1"),
                m -> m.setStringProperty("code", "ab1"));
    }

    @Check
    public void byBetween() throws Exception {
        chooses("n BETWEEN 10 AND 20", m -> m.setLongProperty("n", 20), m -> m.setLongProperty("n", 21));
    }

    @Check
    public void byList() throws Exception {
        chooses("country IN ('uk', 'fr')", m -> m.setStringProperty("country", "fr"),
                m -> m.setStringProperty("country", "de"));
    }

    @Check
    public void byAbsence() throws Exception {
        chooses("missing IS NULL", m -> { }, m -> m.setIntProperty("missing", 1));
    }

    @Check
    public void byArithmetic() throws Exception {
        chooses("(a + 2) * 3 = 15", m -> m.setIntProperty("a", 3), m -> m.setIntProperty("a", 4));
    }

    @Check
    public void byNotAndOr() throws Exception {
        chooses("NOT (a = 1 OR b = 1)", m -> {
            m.setIntProperty("a", 2);
            m.setIntProperty("b", 2);
        }, m -> m.setIntProperty("a", 1));
    }

    @Check
    public void comparisonWithAbsentIsUnknown() throws Exception {
        chooses("a <> 1", m -> m.setIntProperty("a", 2), m -> { });
    }

    @Check
    public void byType() throws Exception {
        chooses("JMSType = 'invoice'", m -> m.setJMSType("invoice"), m -> m.setJMSType("offer"));
    }

    @Check
    public void byCorrelationId() throws Exception {
        chooses("JMSCorrelationID = 'c-1'", m -> m.setJMSCorrelationID("c-1"),
                m -> m.setJMSCorrelationID("c-2"));
    }

    @Check
    public void byGroup() throws Exception {
        chooses("JMSXGroupID = 'g'", m -> m.setStringProperty("JMSXGroupID", "g"), m -> { });
    }

    @Check
    public void byPriorityAndDeliveryMode() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        producer.send(session.createTextMessage("low"), DeliveryMode.PERSISTENT, 2, 0);
        producer.send(session.createTextMessage("volatile"), DeliveryMode.NON_PERSISTENT, 8, 0);
        producer.send(session.createTextMessage("high"), DeliveryMode.PERSISTENT, 8, 0);
        MessageConsumer chosen =
                session.createConsumer(queue(), "JMSPriority > 5 AND JMSDeliveryMode = 'PERSISTENT'");
        texts(chosen, "high");
        nothing(chosen);
    }

    @Check
    public void byMessageId() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        producer.send(session.createTextMessage("no"));
        Message sent = session.createTextMessage("yes");
        producer.send(sent);
        texts(session.createConsumer(queue(), "JMSMessageID = '" + sent.getJMSMessageID() + "'"), "yes");
    }

    @Check
    public void byTimestamp() throws Exception {
        Session session = session();
        send(session, queue(), "x");
        nothing(session.createConsumer(queue(), "JMSTimestamp < 1000"));
        texts(session.createConsumer(queue(), "JMSTimestamp > 1000"), "x");
    }

    @Check
    public void emptySelectorIsNone() throws Exception {
        Session session = session();
        send(session, queue(), "x");
        texts(session.createConsumer(queue(), ""), "x");
    }

    @Check
    public void brokenSelectorIsRefused() throws Exception {
        fails(InvalidSelectorException.class, () -> session().createConsumer(queue(), "a = = 1"));
        texts(sentTo(), "still works");
    }

    private MessageConsumer sentTo() throws Exception {
        send(session(), queue(), "still works");
        return session().createConsumer(queue());
    }

    @Check
    public void consumerTellsItsSelector() throws Exception {
        equal("a = 1", session().createConsumer(queue(), "a = 1").getMessageSelector());
    }

    @Check
    public void consumersWithDifferentSelectorsShareAQueue() throws Exception {
        Session session = session();
        MessageConsumer odd = session.createConsumer(queue(), "odd = TRUE");
        MessageConsumer even = session.createConsumer(queue(), "odd = FALSE");
        MessageProducer producer = session.createProducer(queue());
        for (int i = 1; i <= 6; i++) {
            Message message = session.createTextMessage(Integer.toString(i));
            message.setBooleanProperty("odd", i % 2 == 1);
            producer.send(message);
        }
        texts(odd, "1", "3", "5");
        texts(even, "2", "4", "6");
    }

    @Check(improvement = "looks only at the first maxPageSize (200) pending messages")
    public void matchBehindManyOthersIsFound() throws Exception {
        Session session = session();
        number(session, queue(), 300);
        MessageConsumer chosen = session.createConsumer(queue(), "wanted = 1");
        Message message = session.createTextMessage("wanted");
        message.setIntProperty("wanted", 1);
        session.createProducer(queue()).send(message);
        texts(chosen, "wanted");
    }

    @Check
    public void topicSubscribersGetWhatTheyChoose() throws Exception {
        Session session = session();
        MessageConsumer one = session.createConsumer(topic(), "n = 1");
        MessageConsumer all = session.createConsumer(topic());
        MessageProducer producer = session.createProducer(topic());
        for (int n : new int[] {1, 2, 1}) {
            Message message = session.createTextMessage(Integer.toString(n));
            message.setIntProperty("n", n);
            producer.send(message);
        }
        texts(one, "1", "1");
        nothing(one);
        texts(all, "1", "2", "1");
    }
}
