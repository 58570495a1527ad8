package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import javax.jms.TextMessage;

/** Delayed and repeated delivery by the broker's scheduler. */
public final class Scheduled extends Fixture {
    private static final String ISSUE = "scheduler";

    @Check(later = ISSUE)
    public void delayedComesAfterItsDelay() throws Exception {
        Session session = session();
        TextMessage message = session.createTextMessage("later");
        message.setLongProperty("AMQ_SCHEDULED_DELAY", 1000);
        MessageConsumer consumer = session.createConsumer(queue());
        session.createProducer(queue()).send(message);
        nothing(consumer);
        texts(consumer, "later");
    }

    @Check(later = ISSUE)
    public void repeatedComesAgain() throws Exception {
        Session session = session();
        TextMessage message = session.createTextMessage("again");
        message.setLongProperty("AMQ_SCHEDULED_DELAY", 200);
        message.setLongProperty("AMQ_SCHEDULED_PERIOD", 200);
        message.setIntProperty("AMQ_SCHEDULED_REPEAT", 2);
        MessageConsumer consumer = session.createConsumer(queue());
        session.createProducer(queue()).send(message);
        texts(consumer, "again", "again", "again");
        nothing(consumer);
    }

    @Check
    public void delayOfZeroComesAtOnce() throws Exception {
        Session session = session();
        TextMessage message = session.createTextMessage("now");
        message.setLongProperty("AMQ_SCHEDULED_DELAY", 0);
        session.createProducer(queue()).send(message);
        texts(session.createConsumer(queue()), "now");
    }
}
