package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import javax.jms.BytesMessage;
import javax.jms.DeliveryMode;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TemporaryQueue;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.advisory.AdvisorySupport;
import org.apache.activemq.advisory.DestinationSource;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.ActiveMQTempQueue;
import org.apache.activemq.command.ActiveMQTopic;
import org.apache.activemq.command.ConnectionInfo;
import org.apache.activemq.command.ConsumerInfo;
import org.apache.activemq.command.DataStructure;
import org.apache.activemq.command.DestinationInfo;
import org.apache.activemq.command.ProducerInfo;
import org.apache.activemq.command.RemoveInfo;

/** The advisory topics: what the broker tells about itself. */
public final class Advisories extends Fixture {
    private ActiveMQDestination q() {
        return (ActiveMQDestination) queue();
    }

    private ActiveMQDestination advisedQueue() {
        return (ActiveMQDestination) queue("advised");
    }

    private ActiveMQDestination advisedTopic() {
        return (ActiveMQDestination) topic("advised");
    }

    private MessageConsumer on(ActiveMQTopic advisory) throws Exception {
        return session(open()).createConsumer(advisory);
    }

    /** The next advisory whose payload is of this type; others are passed over. */
    private static <T extends DataStructure> T payload(MessageConsumer consumer, Class<T> type)
            throws Exception {
        while (true) {
            DataStructure data = ((ActiveMQMessage) receive(consumer)).getDataStructure();
            if (type.isInstance(data)) {
                return type.cast(data);
            }
        }
    }

    private static DestinationInfo about(MessageConsumer consumer, ActiveMQDestination destination, byte what)
            throws Exception {
        while (true) {
            DestinationInfo info = payload(consumer, DestinationInfo.class);
            if (info.getDestination().equals(destination) && info.getOperationType() == what) {
                return info;
            }
        }
    }

    @Check
    public void tellsTheirOrigin() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getConsumerAdvisoryTopic(q()));
        session().createConsumer(queue());
        Message message = receive(consumer);
        equal("Advisory", message.getJMSType());
        equal("interop", message.getStringProperty("originBrokerName"));
        holds(message.getStringProperty("originBrokerId") != null, "no broker id");
        holds(message.getStringProperty("originBrokerURL") != null, "no broker URL");
    }

    @Check
    public void tellOfConsumersThatComeAndGo() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getConsumerAdvisoryTopic(q()));
        MessageConsumer watched = session().createConsumer(queue());
        ActiveMQMessage came = (ActiveMQMessage) receive(consumer);
        equal(q(), ((ConsumerInfo) came.getDataStructure()).getDestination());
        equal(1, came.getIntProperty("consumerCount"));
        watched.close();
        ActiveMQMessage went = (ActiveMQMessage) receive(consumer);
        holds(went.getDataStructure() instanceof RemoveInfo, "no RemoveInfo");
        equal(0, went.getIntProperty("consumerCount"));
    }

    @Check
    public void tellOfConsumersThatAreThereAlready() throws Exception {
        session().createConsumer(queue());
        MessageConsumer consumer = on(AdvisorySupport.getConsumerAdvisoryTopic(q()));
        equal(q(), payload(consumer, ConsumerInfo.class).getDestination());
    }

    @Check
    public void tellOfTopicConsumers() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getConsumerAdvisoryTopic((ActiveMQDestination) topic()));
        session().createConsumer(topic(), "a = 1");
        equal("a = 1", payload(consumer, ConsumerInfo.class).getSelector());
    }

    @Check
    public void tellOfProducersThatComeAndGo() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getProducerAdvisoryTopic(q()));
        MessageProducer producer = session().createProducer(queue());
        ActiveMQMessage came = (ActiveMQMessage) receive(consumer);
        equal(q(), ((ProducerInfo) came.getDataStructure()).getDestination());
        equal(1, came.getIntProperty("producerCount"));
        producer.close();
        ActiveMQMessage went = (ActiveMQMessage) receive(consumer);
        holds(went.getDataStructure() instanceof RemoveInfo, "no RemoveInfo");
        equal(0, went.getIntProperty("producerCount"));
    }

    @Check
    public void tellOfConnectionsThatComeAndGo() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getConnectionAdvisoryTopic());
        String id = name();
        ActiveMQConnection watched = openAs(id);
        ConnectionInfo info = payload(consumer, ConnectionInfo.class);
        while (!id.equals(info.getClientId())) {
            info = payload(consumer, ConnectionInfo.class);
        }
        equal(null, info.getPassword() == null || info.getPassword().isEmpty() ? null : "a password");
        watched.close();
        RemoveInfo gone = payload(consumer, RemoveInfo.class);
        while (!info.getConnectionId().equals(gone.getObjectId())) {
            gone = payload(consumer, RemoveInfo.class);
        }
    }

    @Check
    public void tellOfConnectionsThatAreThereAlready() throws Exception {
        String id = name();
        openAs(id);
        MessageConsumer consumer = on(AdvisorySupport.getConnectionAdvisoryTopic());
        while (!id.equals(payload(consumer, ConnectionInfo.class).getClientId())) {
            continue;
        }
    }

    @Check
    public void tellOfQueuesAndTheirEnd() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getDestinationAdvisoryTopic(q()));
        send(session(), queue(), "x");
        about(consumer, q(), DestinationInfo.ADD_OPERATION_TYPE);
        connection().destroyDestination(q());
        about(consumer, q(), DestinationInfo.REMOVE_OPERATION_TYPE);
    }

    @Check
    public void tellOfTopics() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getDestinationAdvisoryTopic((ActiveMQDestination) topic()));
        session().createConsumer(topic());
        about(consumer, (ActiveMQDestination) topic(), DestinationInfo.ADD_OPERATION_TYPE);
    }

    @Check
    public void tellOfQueuesThatAreThereAlready() throws Exception {
        send(session(), queue(), "x");
        about(on(AdvisorySupport.getDestinationAdvisoryTopic(q())), q(), DestinationInfo.ADD_OPERATION_TYPE);
    }

    @Check
    public void tellOfTemporaryQueues() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.TEMP_QUEUE_ADVISORY_TOPIC);
        TemporaryQueue temporary = session().createTemporaryQueue();
        about(consumer, (ActiveMQTempQueue) temporary, DestinationInfo.ADD_OPERATION_TYPE);
        temporary.delete();
        about(consumer, (ActiveMQTempQueue) temporary, DestinationInfo.REMOVE_OPERATION_TYPE);
    }

    @Check
    public void tellOfTemporaryQueuesWhenTheOwnerCloses() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.TEMP_QUEUE_ADVISORY_TOPIC);
        ActiveMQConnection owner = open();
        TemporaryQueue temporary = session(owner).createTemporaryQueue();
        owner.close();
        about(consumer, (ActiveMQTempQueue) temporary, DestinationInfo.REMOVE_OPERATION_TYPE);
    }

    @Check
    public void destinationSourceListsQueuesAndTopics() throws Exception {
        send(session(), queue(), "x");
        session().createConsumer(topic());
        DestinationSource source = open().getDestinationSource();
        becomes(() -> source.getQueues().contains(queue()) && source.getTopics().contains(topic()),
                () -> "it lists " + source.getQueues().size() + " queues without this one");
    }

    @Check
    public void tellOfExpiredMessages() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getExpiredMessageTopic(q()));
        Session session = session();
        Message sent = session.createTextMessage("x");
        session.createProducer(queue()).send(sent, DeliveryMode.PERSISTENT, 4, 50);
        Thread.sleep(100);
        nothing(session.createConsumer(queue()));
        equal(sent.getJMSMessageID(), receive(consumer).getStringProperty("orignalMessageId"));
    }

    @Check
    public void tellOfDeadLetters() throws Exception {
        MessageConsumer consumer =
                on(AdvisorySupport.getMessageDLQdAdvisoryTopic((ActiveMQDestination) queue("individual")));
        send(session(), queue("individual"), "x");
        Session session = open("jms.redeliveryPolicy.maximumRedeliveries=0")
                .createSession(true, Session.SESSION_TRANSACTED);
        MessageConsumer failing = session.createConsumer(queue("individual"));
        Message failed = receive(failing);
        session.rollback();
        ActiveMQMessage dead = payload(consumer, ActiveMQMessage.class);
        equal(failed.getJMSMessageID(), dead.getJMSMessageID());
    }

    @Check
    public void tellOfConsumedMessages() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getMessageConsumedAdvisoryTopic(advisedQueue()));
        send(session(), queue("advised"), "x");
        Message consumed = receive(session().createConsumer(queue("advised")));
        equal(consumed.getJMSMessageID(), receive(consumer).getStringProperty("orignalMessageId"));
    }

    @Check
    public void tellOfDeliveredMessages() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getMessageDeliveredAdvisoryTopic(advisedQueue()));
        session().createConsumer(queue("advised"));
        send(session(), queue("advised"), "x");
        holds(receive(consumer).getStringProperty("orignalMessageId") != null, "no message id");
    }

    @Check
    public void tellOfDispatchedMessages() throws Exception {
        MessageConsumer consumer = on(new ActiveMQTopic(
                "ActiveMQ.Advisory.MessageDispatched.Queue." + advisedQueue().getPhysicalName()));
        send(session(), queue("advised"), "x");
        Message dispatched = receive(session().createConsumer(queue("advised")));
        equal(dispatched.getJMSMessageID(), receive(consumer).getStringProperty("orignalMessageId"));
    }

    private void nonPersistent(javax.jms.Destination to) throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(to);
        producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
        producer.send(session.createTextMessage("x"));
    }

    @Check
    public void tellOfQueueMessagesWithoutConsumer() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getNoQueueConsumersAdvisoryTopic(advisedQueue()));
        nonPersistent(queue("advised"));
        receive(consumer);
    }

    @Check
    public void tellOfTopicMessagesWithoutConsumer() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getNoTopicConsumersAdvisoryTopic(advisedTopic()));
        nonPersistent(topic("advised"));
        receive(consumer);
    }

    private void overrun(Session session) throws Exception {
        MessageProducer producer = session.createProducer(topic("advised"));
        producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
        for (int i = 0; i < 50; i++) {
            producer.send(session.createTextMessage("x" + i));
        }
    }

    private void slow() throws Exception {
        session(open("jms.prefetchPolicy.topicPrefetch=2")).createConsumer(topic("advised"));
    }

    @Check
    public void tellOfSlowConsumers() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getSlowConsumerAdvisoryTopic(advisedTopic()));
        slow();
        overrun(session());
        holds(receive(consumer).getStringProperty("consumerId") != null, "no consumer id");
    }

    @Check
    public void tellOfDiscardedMessages() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getMessageDiscardedAdvisoryTopic(advisedTopic()));
        slow();
        overrun(session());
        holds(receive(consumer).getIntProperty("discardedCount") >= 1, "none counted");
    }

    private void fill() throws Exception {
        ActiveMQConnection connection = open();
        Session session = session(connection);
        MessageProducer producer = session.createProducer(queue("advised"));
        producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
        Thread thread = new Thread(() -> {
            try {
                for (int i = 0; i < 150; i++) {
                    BytesMessage message = session.createBytesMessage();
                    message.writeBytes(new byte[10_000]);
                    producer.send(message);
                }
            } catch (javax.jms.JMSException closed) {
                // The check is over.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void drain() throws Exception {
        MessageConsumer consumer = session(open()).createConsumer(queue("advised"));
        for (int i = 0; i < 150; i++) {
            receive(consumer);
        }
    }

    @Check
    public void tellOfFullDestinations() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getFullAdvisoryTopic(advisedQueue()));
        fill();
        try {
            holds(receive(consumer).getStringProperty("usageName") != null, "no name of the usage");
        } finally {
            drain();
        }
    }

    @Check
    public void tellOfFastProducers() throws Exception {
        MessageConsumer consumer = on(AdvisorySupport.getFastProducerAdvisoryTopic(advisedQueue()));
        fill();
        try {
            holds(receive(consumer).getStringProperty("producerId") != null, "no producer id");
        } finally {
            drain();
        }
    }

    @Check
    public void areNotAdvisedThemselves() throws Exception {
        ActiveMQTopic advisory = AdvisorySupport.getConsumerAdvisoryTopic(q());
        MessageConsumer watching = on(AdvisorySupport.getConsumerAdvisoryTopic(advisory));
        on(advisory);
        nothing(watching);
    }

    @Check
    public void reachAWildcard() throws Exception {
        MessageConsumer all = on(new ActiveMQTopic("ActiveMQ.Advisory.Consumer.Queue.>"));
        session().createConsumer(queue());
        ConsumerInfo info = payload(all, ConsumerInfo.class);
        while (!q().equals(info.getDestination())) {
            info = payload(all, ConsumerInfo.class);
        }
    }
}
