package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import javax.jms.InvalidDestinationException;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.QueueRequestor;
import javax.jms.QueueSession;
import javax.jms.Session;
import javax.jms.TemporaryQueue;
import javax.jms.TemporaryTopic;
import javax.jms.TextMessage;
import javax.jms.TopicRequestor;
import javax.jms.TopicSession;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.DestinationDoesNotExistException;

/** Temporary destinations, and request and reply over them. */
public final class Temporary extends Fixture {
    /** Answers every request on a connection of its own. */
    private void replier(javax.jms.Destination requests) throws Exception {
        Session session = session(open());
        MessageProducer replies = session.createProducer(null);
        session.createConsumer(requests).setMessageListener(request -> {
            try {
                TextMessage reply = session.createTextMessage("re " + ((TextMessage) request).getText());
                reply.setJMSCorrelationID(request.getJMSMessageID());
                replies.send(request.getJMSReplyTo(), reply);
            } catch (JMSException failure) {
                throw new IllegalStateException(failure);
            }
        });
    }

    private static void ask(Session session, Queue to, javax.jms.Destination reply, String text)
            throws Exception {
        TextMessage request = session.createTextMessage(text);
        request.setJMSReplyTo(reply);
        session.createProducer(to).send(request);
    }

    @Check
    public void replyComesToATemporaryQueue() throws Exception {
        replier(queue());
        Session session = session();
        TemporaryQueue reply = session.createTemporaryQueue();
        MessageConsumer consumer = session.createConsumer(reply);
        ask(session, queue(), reply, "hello");
        texts(consumer, "re hello");
    }

    @Check
    public void replyComesToATemporaryTopic() throws Exception {
        replier(queue());
        Session session = session();
        TemporaryTopic reply = session.createTemporaryTopic();
        MessageConsumer consumer = session.createConsumer(reply);
        ask(session, queue(), reply, "hello");
        texts(consumer, "re hello");
    }

    @Check
    public void hundredRequestsGetTheirReplies() throws Exception {
        replier(queue());
        Session session = session();
        TemporaryQueue reply = session.createTemporaryQueue();
        MessageConsumer consumer = session.createConsumer(reply);
        for (int i = 0; i < 100; i++) {
            ask(session, queue(), reply, "r" + i);
            texts(consumer, "re r" + i);
        }
    }

    @Check
    public void freshTemporaryQueuePerRequestWorks() throws Exception {
        replier(queue());
        Session session = session();
        for (int i = 0; i < 30; i++) {
            TemporaryQueue reply = session.createTemporaryQueue();
            MessageConsumer consumer = session.createConsumer(reply);
            ask(session, queue(), reply, "r" + i);
            texts(consumer, "re r" + i);
            consumer.close();
            reply.delete();
        }
    }

    @Check
    public void queueRequestorWorks() throws Exception {
        replier(queue());
        QueueSession session = connection().createQueueSession(false, Session.AUTO_ACKNOWLEDGE);
        QueueRequestor requestor = new QueueRequestor(session, queue());
        equal("re a", ((TextMessage) requestor.request(session.createTextMessage("a"))).getText());
        equal("re b", ((TextMessage) requestor.request(session.createTextMessage("b"))).getText());
        requestor.close();
    }

    @Check
    public void topicRequestorWorks() throws Exception {
        replier(topic());
        TopicSession session = connection().createTopicSession(false, Session.AUTO_ACKNOWLEDGE);
        TopicRequestor requestor = new TopicRequestor(session, topic());
        equal("re a", ((TextMessage) requestor.request(session.createTextMessage("a"))).getText());
        requestor.close();
    }

    @Check
    public void ownerMayConsumeFromAnySession() throws Exception {
        ActiveMQConnection connection = open();
        TemporaryQueue temporary = session(connection).createTemporaryQueue();
        send(session(connection), temporary, "a");
        texts(session(connection).createConsumer(temporary), "a");
    }

    @Check
    public void strangerMaySend() throws Exception {
        TemporaryQueue temporary = session().createTemporaryQueue();
        MessageConsumer consumer = session().createConsumer(temporary);
        send(session(open()), temporary, "a");
        texts(consumer, "a");
    }

    @Check
    public void strangerMayNotConsume() throws Exception {
        TemporaryQueue temporary = session().createTemporaryQueue();
        fails(JMSException.class, () -> session(open()).createConsumer(temporary));
    }

    @Check
    public void deletedTakesNoMessages() throws Exception {
        TemporaryQueue temporary = session().createTemporaryQueue();
        Session stranger = session(open());
        send(stranger, temporary, "a");
        temporary.delete();
        becomes(() -> isRefused(stranger, temporary), () -> "the stranger may still send");
    }

    @Check
    public void closedOwnersTakesNoMessages() throws Exception {
        ActiveMQConnection owner = open();
        TemporaryQueue temporary = session(owner).createTemporaryQueue();
        Session stranger = session(open());
        send(stranger, temporary, "a");
        owner.close();
        becomes(() -> isRefused(stranger, temporary), () -> "the stranger may still send");
    }

    @Check
    public void strangerWithoutAdvisoriesIsRefusedByTheBroker() throws Exception {
        ActiveMQConnection owner = open();
        TemporaryQueue temporary = session(owner).createTemporaryQueue();
        Session stranger = session(open("jms.watchTopicAdvisories=false"));
        send(stranger, temporary, "a");
        owner.close();
        fails(DestinationDoesNotExistException.class, () -> send(stranger, temporary, "b"));
    }

    private static boolean isRefused(Session session, Queue to) {
        try {
            send(session, to, "x");
            return false;
        } catch (JMSException refused) {
            // By the client, once its broker told it, or else by the broker.
            holds(refused instanceof InvalidDestinationException
                    || refused instanceof DestinationDoesNotExistException, "refused with " + refused);
            return true;
        }
    }

    @Check
    public void deleteWhileConsumedIsRefused() throws Exception {
        Session session = session();
        TemporaryQueue temporary = session.createTemporaryQueue();
        MessageConsumer consumer = session.createConsumer(temporary);
        fails(JMSException.class, temporary::delete);
        consumer.close();
        temporary.delete();
    }

    @Check
    public void namesDiffer() throws Exception {
        Session session = session();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            names.add(session.createTemporaryQueue().getQueueName());
            names.add(session.createTemporaryTopic().getTopicName());
        }
        names.add(session(open()).createTemporaryQueue().getQueueName());
        equal(names.size(), new HashSet<>(names).size());
    }

    @Check
    public void temporaryTopicGoesToAllItsConsumers() throws Exception {
        Session session = session();
        TemporaryTopic temporary = session.createTemporaryTopic();
        MessageConsumer first = session.createConsumer(temporary);
        MessageConsumer second = session.createConsumer(temporary);
        send(session(open()), temporary, "a");
        texts(first, "a");
        texts(second, "a");
    }

    @Check
    public void temporaryQueueTakesPartInTransactions() throws Exception {
        Session session = session(Session.SESSION_TRANSACTED);
        TemporaryQueue temporary = session.createTemporaryQueue();
        MessageConsumer consumer = session.createConsumer(temporary);
        send(session, temporary, "a");
        session.rollback();
        send(session, temporary, "b");
        session.commit();
        texts(consumer, "b");
        session.commit();
    }

    @Check
    public void replyToNamesTheTemporaryQueue() throws Exception {
        Session session = session();
        TemporaryQueue reply = session.createTemporaryQueue();
        ask(session, queue(), reply, "x");
        Message request = receive(session(open()).createConsumer(queue()));
        equal(reply.getQueueName(), ((Queue) request.getJMSReplyTo()).getQueueName());
        holds(request.getJMSReplyTo() instanceof TemporaryQueue, "it is no temporary queue");
    }

    @Check
    public void requestInATransactionWaitsForItsCommit() throws Exception {
        replier(queue());
        Session session = session(Session.SESSION_TRANSACTED);
        TemporaryQueue reply = session.createTemporaryQueue();
        MessageConsumer consumer = session.createConsumer(reply);
        ask(session, queue(), reply, "a");
        nothing(consumer);
        session.commit();
        texts(consumer, "re a");
        session.commit();
    }
}
