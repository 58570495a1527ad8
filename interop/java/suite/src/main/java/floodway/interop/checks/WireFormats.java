package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import javax.jms.DeliveryMode;
import javax.jms.MapMessage;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TemporaryQueue;
import javax.jms.TextMessage;
import org.apache.activemq.ActiveMQConnection;

/** Every version and mode of OpenWire that a client may ask for. */
public final class WireFormats extends Fixture {
    /** Messages, a transaction, a temporary queue and an error, all with these options. */
    private void works(String options) throws Exception {
        ActiveMQConnection connection = open(options);
        Session session = session(connection);
        MessageConsumer consumer = session.createConsumer(queue());
        MessageProducer producer = session.createProducer(queue());
        for (int i = 0; i < 10; i++) {
            TextMessage message = session.createTextMessage("text ü " + i);
            message.setJMSCorrelationID("c" + i);
            message.setLongProperty("n", i * 10_000_000_000L);
            message.setJMSReplyTo(queue("reply"));
            int mode = i % 2 == 0 ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT;
            producer.send(message, mode, i, 60_000);
            TextMessage got = (TextMessage) receive(consumer);
            equal("text ü " + i, got.getText());
            equal("c" + i, got.getJMSCorrelationID());
            equal(i * 10_000_000_000L, got.getLongProperty("n"));
            equal(queue("reply"), got.getJMSReplyTo());
            equal(i, got.getJMSPriority());
        }
        MapMessage map = session.createMapMessage();
        map.setDouble("d", 1.5);
        producer.send(map);
        equal(1.5, ((MapMessage) receive(consumer)).getDouble("d"));

        Session transacted = connection.createSession(true, Session.SESSION_TRANSACTED);
        send(transacted, queue(), "gone");
        transacted.rollback();
        send(transacted, queue(), "kept");
        transacted.commit();
        texts(consumer, "kept");

        TemporaryQueue temporary = session.createTemporaryQueue();
        send(session, temporary, "temporary");
        texts(session.createConsumer(temporary), "temporary");

        fails(javax.jms.InvalidSelectorException.class, () -> session.createConsumer(queue(), "= ="));
        nothing(consumer);
        connection.close();
    }

    private void version(int version) throws Exception {
        works("wireFormat.version=" + version);
        works("wireFormat.version=" + version + "&wireFormat.tightEncodingEnabled=false"
                + "&wireFormat.cacheEnabled=false");
    }

    @Check
    public void version1() throws Exception {
        version(1);
    }

    @Check
    public void version2() throws Exception {
        version(2);
    }

    @Check
    public void version3() throws Exception {
        version(3);
    }

    @Check
    public void version4() throws Exception {
        version(4);
    }

    @Check
    public void version5() throws Exception {
        version(5);
    }

    @Check
    public void version6() throws Exception {
        version(6);
    }

    @Check
    public void version7() throws Exception {
        version(7);
    }

    @Check
    public void version8() throws Exception {
        version(8);
    }

    @Check
    public void version9() throws Exception {
        version(9);
    }

    @Check
    public void version10() throws Exception {
        version(10);
    }

    @Check
    public void version11() throws Exception {
        version(11);
    }

    @Check
    public void version12() throws Exception {
        version(12);
    }

    @Check
    public void tightWithoutCache() throws Exception {
        works("wireFormat.cacheEnabled=false");
    }

    @Check
    public void looseWithCache() throws Exception {
        works("wireFormat.tightEncodingEnabled=false");
    }

    @Check
    public void withoutStackTraces() throws Exception {
        works("wireFormat.stackTraceEnabled=false");
    }

    @Check
    public void smallCache() throws Exception {
        works("wireFormat.cacheSize=120");
        Session session = session(open("wireFormat.cacheSize=120"));
        MessageProducer producer = session.createProducer(null);
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 150; i++) {
                producer.send(queue("d" + i), session.createTextMessage("x"));
            }
        }
        texts(session.createConsumer(queue("d7")), "x", "x");
    }

    @Check
    public void versionsTalkToEachOther() throws Exception {
        Session old = session(open("wireFormat.version=1&wireFormat.tightEncodingEnabled=false"));
        Session current = session(open());
        MessageConsumer atOld = old.createConsumer(queue());
        send(current, queue(), "to old");
        texts(atOld, "to old");
        MessageConsumer atCurrent = current.createConsumer(queue("other"));
        send(old, queue("other"), "to current");
        texts(atCurrent, "to current");
    }

    @Check
    public void idleConnectionIsKeptAlive() throws Exception {
        ActiveMQConnection connection = open("wireFormat.maxInactivityDuration=600"
                + "&wireFormat.maxInactivityDurationInitalDelay=600");
        Session session = session(connection);
        MessageConsumer consumer = session.createConsumer(queue());
        Thread.sleep(2000);
        send(session, queue(), "still here");
        texts(consumer, "still here");
    }

    @Check
    public void connectionWithoutInactivityMonitorWorks() throws Exception {
        works("wireFormat.maxInactivityDuration=0");
    }
}
