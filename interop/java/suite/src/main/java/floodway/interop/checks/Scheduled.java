package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.apache.activemq.command.ActiveMQTopic;

/** Delayed and repeated delivery by the broker's scheduler, and how jobs are managed. */
public final class Scheduled extends Fixture {
    private static final long HOUR = 3_600_000;
    private static final ActiveMQTopic MANAGEMENT =
            new ActiveMQTopic("ActiveMQ.Scheduler.Management");

    private static TextMessage delayed(Session session, String text, long delay) throws JMSException {
        TextMessage message = session.createTextMessage(text);
        message.setLongProperty("AMQ_SCHEDULED_DELAY", delay);
        return message;
    }

    private static void manage(Session session, Message request, String action) throws JMSException {
        request.setStringProperty("AMQ_SCHEDULER_ACTION", action);
        MessageProducer producer = session.createProducer(MANAGEMENT);
        producer.send(request);
        producer.close();
    }

    /** The jobs whose text begins with the name of this check. */
    private List<Message> jobs(Session session) throws JMSException {
        var replies = session.createTemporaryQueue();
        MessageConsumer consumer = session.createConsumer(replies);
        Message request = session.createMessage();
        request.setJMSReplyTo(replies);
        manage(session, request, "BROWSE");
        List<Message> found = new ArrayList<>();
        Message copy;
        while ((copy = consumer.receive(500)) != null) {
            if (copy instanceof TextMessage text && text.getText().startsWith(name())) {
                found.add(copy);
            }
        }
        consumer.close();
        return found;
    }

    @Check
    public void delayedComesAfterItsDelay() throws Exception {
        Session session = session();
        MessageConsumer consumer = session.createConsumer(queue());
        session.createProducer(queue()).send(delayed(session, "later", 1000));
        nothing(consumer);
        TextMessage message = (TextMessage) receive(consumer);
        equal("later", message.getText());
        holds(message.getStringProperty("scheduledJobId") != null, "no scheduledJobId");
        holds(!message.propertyExists("AMQ_SCHEDULED_DELAY"), "the delay is still there");
    }

    @Check
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
    public void eachRepetitionHasAnIdOfItsOwn() throws Exception {
        Session session = session();
        TextMessage message = delayed(session, "again", 100);
        message.setLongProperty("AMQ_SCHEDULED_PERIOD", 100);
        message.setIntProperty("AMQ_SCHEDULED_REPEAT", 2);
        MessageConsumer consumer = session.createConsumer(queue());
        session.createProducer(queue()).send(message);
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            ids.add(receive(consumer).getJMSMessageID());
        }
        equal(3, ids.size());
    }

    @Check
    public void delayOfZeroComesAtOnce() throws Exception {
        Session session = session();
        TextMessage message = session.createTextMessage("now");
        message.setLongProperty("AMQ_SCHEDULED_DELAY", 0);
        session.createProducer(queue()).send(message);
        texts(session.createConsumer(queue()), "now");
    }

    @Check
    public void propertiesOfEveryTypePassTheScheduler() throws Exception {
        Session session = session();
        TextMessage message = delayed(session, "kept", 100);
        message.setObjectProperty("char", 'c');
        message.setByteProperty("byte", (byte) 1);
        message.setDoubleProperty("double", 0.5);
        message.setStringProperty("text", "é");
        session.createProducer(queue()).send(message);
        Message got = receive(session.createConsumer(queue()));
        equal((byte) 1, got.getByteProperty("byte"));
        equal(0.5, got.getDoubleProperty("double"));
        equal("é", got.getStringProperty("text"));
        holds(!got.propertyExists("AMQ_SCHEDULED_DELAY"), "the delay is still there");
    }

    @Check
    public void jobIdSetBySenderMeansAtOnce() throws Exception {
        Session session = session();
        TextMessage message = delayed(session, "now", HOUR);
        message.setStringProperty("scheduledJobId", "ID:x");
        session.createProducer(queue()).send(message);
        texts(session.createConsumer(queue()), "now");
    }

    @Check
    public void scheduleBeginsWithTheCommit() throws Exception {
        Session session = session(Session.SESSION_TRANSACTED);
        MessageProducer producer = session.createProducer(queue());
        MessageConsumer consumer = session().createConsumer(queue());
        producer.send(delayed(session, "rolled back", 100));
        session.rollback();
        producer.send(delayed(session, "committed", 100));
        nothing(consumer);
        session.commit();
        texts(consumer, "committed");
        nothing(consumer);
    }

    @Check
    public void topicsAreScheduledToo() throws Exception {
        Session session = session();
        MessageConsumer consumer = session.createConsumer(topic());
        session.createProducer(topic()).send(delayed(session, "told", 300));
        texts(consumer, "told");
    }

    @Check
    public void tooManyRepetitionsAreRefused() throws Exception {
        Session session = session();
        TextMessage message = delayed(session, "often", 100);
        message.setLongProperty("AMQ_SCHEDULED_PERIOD", 100);
        message.setIntProperty("AMQ_SCHEDULED_REPEAT", 1001);
        MessageProducer producer = session.createProducer(queue());
        fails(JMSException.class, () -> producer.send(message));
    }

    @Check
    public void cronWithRepeatIsKept() throws Exception {
        Session session = session();
        TextMessage message = session.createTextMessage(name());
        message.setStringProperty("AMQ_SCHEDULED_CRON", "0 0 1 1 *");
        message.setLongProperty("AMQ_SCHEDULED_PERIOD", 1000);
        message.setIntProperty("AMQ_SCHEDULED_REPEAT", 3);
        MessageConsumer consumer = session.createConsumer(queue());
        session.createProducer(queue()).send(message);
        nothing(consumer);
        List<Message> jobs = jobs(session);
        equal(1, jobs.size());
        equal("0 0 1 1 *", jobs.get(0).getStringProperty("AMQ_SCHEDULED_CRON"));
    }

    @Check(improvement = "comes on some other day")
    public void cronThatNeverComesIsRefused() throws Exception {
        Session session = session();
        TextMessage message = session.createTextMessage("never");
        message.setStringProperty("AMQ_SCHEDULED_CRON", "0 0 31 2 *");
        MessageProducer producer = session.createProducer(queue());
        JMSException failure = fails(JMSException.class, () -> producer.send(message));
        holds(failure.getMessage().contains("AMQ_SCHEDULED_CRON"), failure.getMessage());
    }

    @Check
    public void jobsAreBrowsedAndRemoved() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        for (int i = 1; i <= 3; i++) {
            producer.send(delayed(session, name() + i, i * HOUR));
        }
        List<Message> jobs = jobs(session);
        equal(3, jobs.size());
        for (Message job : jobs) {
            if (((TextMessage) job).getText().endsWith("2")) {
                Message request = session.createMessage();
                request.setStringProperty("scheduledJobId", job.getStringProperty("scheduledJobId"));
                manage(session, request, "REMOVE");
            }
        }
        equal(2, jobs(session).size());
        Message request = session.createMessage();
        long now = System.currentTimeMillis();
        request.setStringProperty("ACTION_START_TIME", Long.toString(now));
        request.setStringProperty("ACTION_END_TIME", Long.toString(now + HOUR + HOUR / 2));
        manage(session, request, "REMOVEALL");
        List<Message> left = jobs(session);
        equal(1, left.size());
        equal(name() + 3, ((TextMessage) left.get(0)).getText());
    }
}
