package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.Arrays;
import javax.jms.BytesMessage;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.MapMessage;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;

/** Messages of up to 100 MB. */
public final class Large extends Fixture {
    private static final int MB = 1_000_000;

    private void passes(int size, int mode) throws Exception {
        byte[] body = new byte[size];
        for (int i = 0; i < size; i += 4096) {
            body[i] = (byte) (i >> 12);
        }
        Session session = session();
        BytesMessage message = session.createBytesMessage();
        message.writeBytes(body);
        MessageProducer producer = session.createProducer(queue());
        producer.setDeliveryMode(mode);
        producer.send(message);
        message = null;
        BytesMessage got = (BytesMessage) session.createConsumer(queue()).receive(60_000);
        holds(got != null, "no message came");
        equal((long) size, got.getBodyLength());
        byte[] read = new byte[size];
        equal(size, got.readBytes(read));
        holds(Arrays.equals(body, read), "the content differs");
    }

    @Check(limit = 180)
    public void oneMegabytePersistent() throws Exception {
        passes(MB, DeliveryMode.PERSISTENT);
    }

    @Check(limit = 180)
    public void tenMegabytesPersistent() throws Exception {
        passes(10 * MB, DeliveryMode.PERSISTENT);
    }

    @Check(limit = 180)
    public void tenMegabytesNonPersistent() throws Exception {
        passes(10 * MB, DeliveryMode.NON_PERSISTENT);
    }

    @Check(limit = 180)
    public void hundredMegabytesPersistent() throws Exception {
        passes(100 * MB, DeliveryMode.PERSISTENT);
    }

    @Check(limit = 180)
    public void hundredMegabytesNonPersistent() throws Exception {
        passes(100 * MB, DeliveryMode.NON_PERSISTENT);
    }

    @Check(limit = 180)
    public void tenMegabytesOfText() throws Exception {
        String text = "0123456789".repeat(MB);
        Session session = session();
        send(session, queue(), text);
        equal(text, text(session.createConsumer(queue())));
    }

    @Check(limit = 180)
    public void mapWithManyItems() throws Exception {
        MapMessage map = session().createMapMessage();
        for (int i = 0; i < 20_000; i++) {
            map.setString("key" + i, "value" + i);
        }
        equal("value19999", through(map).getString("key19999"));
    }

    @Check(limit = 180)
    public void tenOfTenMegabytesInATransaction() throws Exception {
        Session session = session(Session.SESSION_TRANSACTED);
        MessageProducer producer = session.createProducer(queue());
        for (int i = 0; i < 10; i++) {
            BytesMessage message = session.createBytesMessage();
            message.writeBytes(new byte[10 * MB]);
            message.setIntProperty("n", i);
            producer.send(message);
        }
        session.commit();
        MessageConsumer consumer = session(open("jms.prefetchPolicy.queuePrefetch=1")).createConsumer(queue());
        for (int i = 0; i < 10; i++) {
            equal(i, receive(consumer).getIntProperty("n"));
        }
    }

    @Check(limit = 180)
    public void tooLargeIsRefusedAndOthersGoOn() throws Exception {
        MessageConsumer consumer = session(open()).createConsumer(queue());
        Session session = session(open());
        BytesMessage message = session.createBytesMessage();
        message.writeBytes(new byte[106 * MB]);
        MessageProducer producer = session.createProducer(queue());
        fails(JMSException.class, () -> producer.send(message));
        send(session(), queue(), "a");
        texts(consumer, "a");
    }
}
