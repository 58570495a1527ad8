package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageFormatException;
import javax.jms.MessageNotWriteableException;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TextMessage;

/** Header fields and properties arrive as they were set, and what the provider sets is right. */
public final class Headers extends Fixture {
    private Message message() throws JMSException {
        return session().createTextMessage("x");
    }

    @Check
    public void propertiesKeepEveryType() throws Exception {
        Message sent = message();
        sent.setBooleanProperty("b", true);
        sent.setByteProperty("y", (byte) -1);
        sent.setShortProperty("s", (short) -2);
        sent.setIntProperty("i", -3);
        sent.setLongProperty("l", Long.MIN_VALUE);
        sent.setFloatProperty("f", 0.5f);
        sent.setDoubleProperty("d", Math.PI);
        sent.setStringProperty("t", "ü漢");
        Message got = through(sent);
        equal(true, got.getObjectProperty("b"));
        equal((byte) -1, got.getObjectProperty("y"));
        equal((short) -2, got.getObjectProperty("s"));
        equal(-3, got.getObjectProperty("i"));
        equal(Long.MIN_VALUE, got.getObjectProperty("l"));
        equal(0.5f, got.getObjectProperty("f"));
        equal(Math.PI, got.getObjectProperty("d"));
        equal("ü漢", got.getObjectProperty("t"));
    }

    @Check
    public void propertiesConvertAsTheStandardSays() throws Exception {
        Message sent = message();
        sent.setIntProperty("i", 7);
        sent.setStringProperty("t", "8");
        Message got = through(sent);
        equal("7", got.getStringProperty("i"));
        equal(7L, got.getLongProperty("i"));
        equal(8, got.getIntProperty("t"));
        fails(MessageFormatException.class, () -> got.getShortProperty("i"));
    }

    @Check
    public void propertyNamesAreListed() throws Exception {
        Message sent = message();
        sent.setIntProperty("one", 1);
        sent.setStringProperty("two", "2");
        Set<Object> names = new HashSet<>(Collections.list(through(sent).getPropertyNames()));
        holds(names.contains("one") && names.contains("two"), "names are " + names);
    }

    @Check
    public void propertyMayBeNull() throws Exception {
        Message sent = message();
        sent.setObjectProperty("null", null);
        Message got = through(sent);
        equal(null, got.getObjectProperty("null"));
        holds(!got.propertyExists("absent"), "an absent property exists");
    }

    @Check
    public void longStringPropertyArrives() throws Exception {
        Message sent = message();
        sent.setStringProperty("long", "ö".repeat(40_000));
        equal("ö".repeat(40_000), through(sent).getStringProperty("long"));
    }

    @Check
    public void hundredPropertiesArrive() throws Exception {
        Message sent = message();
        for (int i = 0; i < 100; i++) {
            sent.setIntProperty("p" + i, i);
        }
        Message got = through(sent);
        for (int i = 0; i < 100; i++) {
            equal(i, got.getIntProperty("p" + i));
        }
    }

    @Check
    public void propertyMayHoldMapOrList() throws Exception {
        Message sent = message();
        sent.setObjectProperty("map", Map.of("k", 1L));
        sent.setObjectProperty("list", List.of("a", 2));
        Message got = through(sent);
        // Strings within are of a class of the client's own.
        equal("{k=1}", got.getObjectProperty("map").toString());
        equal("[a, 2]", got.getObjectProperty("list").toString());
    }

    @Check
    public void propertyOfForeignTypeIsRefused() throws Exception {
        Message sent = message();
        fails(MessageFormatException.class, () -> sent.setObjectProperty("date", new java.util.Date()));
    }

    @Check
    public void receivedPropertiesAreReadOnly() throws Exception {
        Message sent = message();
        sent.setIntProperty("i", 1);
        Message got = through(sent);
        fails(MessageNotWriteableException.class, () -> got.setIntProperty("i", 2));
        got.clearProperties();
        got.setIntProperty("i", 2);
        equal("x", ((TextMessage) got).getText());
    }

    @Check
    public void messageIdsBeginWithIdAndDiffer() throws Exception {
        Session session = session();
        number(session, queue(), 50);
        MessageConsumer consumer = session.createConsumer(queue());
        Set<String> ids = new TreeSet<>();
        for (int i = 0; i < 50; i++) {
            ids.add(receive(consumer).getJMSMessageID());
        }
        equal(50, ids.size());
        holds(ids.stream().allMatch(id -> id.startsWith("ID:")), "ids are " + ids);
    }

    @Check
    public void receiverSeesTheSendersMessageId() throws Exception {
        Message sent = message();
        Message got = through(sent);
        equal(sent.getJMSMessageID(), got.getJMSMessageID());
    }

    @Check
    public void timestampIsTheSenders() throws Exception {
        long before = System.currentTimeMillis();
        Message sent = message();
        Message got = through(sent);
        equal(sent.getJMSTimestamp(), got.getJMSTimestamp());
        holds(got.getJMSTimestamp() >= before, "the time stamp is too old");
    }

    @Check
    public void timestampCanBeSwitchedOff() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        producer.setDisableMessageTimestamp(true);
        producer.send(session.createMessage());
        equal(0L, receive(session.createConsumer(queue())).getJMSTimestamp());
    }

    @Check
    public void correlationIdArrives() throws Exception {
        Message sent = message();
        sent.setJMSCorrelationID("order/4711 ü");
        equal("order/4711 ü", through(sent).getJMSCorrelationID());
    }

    @Check
    public void correlationIdAsBytesArrives() throws Exception {
        Message sent = message();
        sent.setJMSCorrelationIDAsBytes("abc".getBytes());
        equal("abc", new String(through(sent).getJMSCorrelationIDAsBytes()));
    }

    @Check
    public void replyToQueueArrives() throws Exception {
        Message sent = message();
        sent.setJMSReplyTo(queue("reply"));
        equal(queue("reply"), through(sent).getJMSReplyTo());
    }

    @Check
    public void replyToTopicArrives() throws Exception {
        Message sent = message();
        sent.setJMSReplyTo(topic("reply"));
        equal(topic("reply"), through(sent).getJMSReplyTo());
    }

    @Check
    public void typeArrives() throws Exception {
        Message sent = message();
        sent.setJMSType("invoice");
        equal("invoice", through(sent).getJMSType());
    }

    @Check
    public void destinationIsWhereItWasSent() throws Exception {
        equal(queue(), through(message()).getJMSDestination());
    }

    @Check
    public void absentHeadersAreNull() throws Exception {
        Message got = through(message());
        equal(null, got.getJMSCorrelationID());
        equal(null, got.getJMSReplyTo());
        equal(null, got.getJMSType());
        equal(0L, got.getJMSExpiration());
        equal(false, got.getJMSRedelivered());
    }

    @Check
    public void defaultsArePersistentPriorityFour() throws Exception {
        Message got = through(message());
        equal(DeliveryMode.PERSISTENT, got.getJMSDeliveryMode());
        equal(4, got.getJMSPriority());
    }

    @Check
    public void deliveryModeAndPriorityArrive() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        MessageConsumer consumer = session.createConsumer(queue());
        for (int priority = 0; priority <= 9; priority++) {
            int mode = priority % 2 == 0 ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT;
            producer.send(session.createMessage(), mode, priority, 0);
            Message got = receive(consumer);
            equal(priority, got.getJMSPriority());
            equal(mode, got.getJMSDeliveryMode());
        }
    }

    @Check
    public void settersOfTheProvidersHeadersHaveNoEffect() throws Exception {
        Message sent = message();
        sent.setJMSPriority(9);
        sent.setJMSDeliveryMode(DeliveryMode.NON_PERSISTENT);
        sent.setJMSExpiration(1);
        sent.setJMSDestination(topic());
        Message got = through(sent);
        equal(4, got.getJMSPriority());
        equal(DeliveryMode.PERSISTENT, got.getJMSDeliveryMode());
        equal(0L, got.getJMSExpiration());
        equal(queue(), got.getJMSDestination());
    }

    @Check
    public void expirationIsAbsolute() throws Exception {
        Session session = session();
        long before = System.currentTimeMillis();
        session.createProducer(queue()).send(session.createMessage(), 2, 4, 60_000);
        long expiration = receive(session.createConsumer(queue())).getJMSExpiration();
        holds(expiration >= before + 60_000 && expiration <= System.currentTimeMillis() + 60_000,
                "it expires at " + expiration);
    }

    @Check
    public void groupPropertiesArrive() throws Exception {
        Message sent = message();
        sent.setStringProperty("JMSXGroupID", "group");
        sent.setIntProperty("JMSXGroupSeq", 5);
        Message got = through(sent);
        equal("group", got.getStringProperty("JMSXGroupID"));
        equal(5, got.getIntProperty("JMSXGroupSeq"));
    }

    @Check
    public void deliveryCountBeginsAtOne() throws Exception {
        equal(1, through(message()).getIntProperty("JMSXDeliveryCount"));
    }

    @Check
    public void brokerStampsItsTimes() throws Exception {
        long before = System.currentTimeMillis();
        Message got = through(message());
        holds(got.getLongProperty("JMSActiveMQBrokerInTime") >= before, "no time of arrival");
        holds(got.getLongProperty("JMSActiveMQBrokerOutTime") >= before, "no time of dispatch");
    }

    @Check
    public void destinationNamesMayHoldAnything() throws Exception {
        Session session = session();
        var queue = new org.apache.activemq.command.ActiveMQQueue("odd/ name:ü-#" + name());
        send(session, queue, "x");
        Message got = receive(session.createConsumer(queue));
        equal(queue, got.getJMSDestination());
    }

    @Check
    public void destinationNamesAreCaseSensitive() throws Exception {
        Session session = session();
        send(session, queue("Upper"), "x");
        nothing(session.createConsumer(queue("upper")));
        texts(session.createConsumer(queue("Upper")), "x");
    }
}
