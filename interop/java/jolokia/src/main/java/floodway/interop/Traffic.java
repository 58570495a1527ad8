package floodway.interop;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import org.apache.activemq.ActiveMQConnectionFactory;

/**
 * Clients of ActiveMQ's own that have sent and taken messages and are still there, some messages
 * delivered to them and not acknowledged.
 *
 * <p>What they do is the same on each broker, to the number of messages; nothing moves when the
 * constructor returns but what a broker does by itself.
 */
final class Traffic implements AutoCloseable {
    private static final int SENT = 400;
    private static final int TAKEN = 200;
    private static final int PUBLISHED = 150;
    private static final String BODY = "x".repeat(1000);

    private final Connection connection;
    private final MBeanServerConnection server;
    private final String broker;

    Traffic(MBeanServerConnection server, String broker) throws Exception {
        this.server = server;
        this.broker = broker;
        Object uri = server.invoke(new ObjectName(broker), "getTransportConnectorByType",
                new Object[] {"tcp"}, new String[] {"java.lang.String"});
        String address = uri.toString().split("\\?")[0];
        connection = new ActiveMQConnectionFactory(address).createConnection();
        connection.setClientID("busy");
        connection.start();
        try {
            queue();
            topic();
        } catch (Exception failure) {
            connection.close();
            throw failure;
        }
    }

    /** A consumer that has acknowledged some, and holds its window full; a commit and a rollback. */
    private void queue() throws JMSException {
        Session taking = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
        var consumer = taking.createConsumer(taking.createQueue("busy?consumer.prefetchSize=100"));
        Session sending = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        MessageProducer producer = sending.createProducer(sending.createQueue("busy"));
        for (int i = 0; i < SENT; i++) {
            producer.send(sending.createTextMessage(BODY));
        }
        for (int i = 0; i < TAKEN; i++) {
            var message = consumer.receive(10_000);
            if (i == TAKEN - 1) {
                message.acknowledge();
            }
        }
        Session all = connection.createSession(true, Session.SESSION_TRANSACTED);
        MessageProducer transacted = all.createProducer(all.createQueue("busy.transacted"));
        MessageProducer published = all.createProducer(all.createTopic("busy.topic"));
        for (boolean commits : new boolean[] {true, false}) {
            for (int i = 0; i < 10; i++) {
                transacted.send(all.createTextMessage(BODY));
                published.send(all.createTextMessage(BODY));
            }
            if (commits) {
                all.commit();
            } else {
                all.rollback();
            }
        }
    }

    /** A subscriber and a durable one, both of which take all. */
    private void topic() throws Exception {
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        var topic = session.createTopic("busy.topic");
        CountDownLatch left = new CountDownLatch(2 * PUBLISHED);
        for (MessageConsumer consumer : new MessageConsumer[] {session.createConsumer(topic),
            session.createDurableSubscriber(topic, "steady")}) {
            consumer.setMessageListener(message -> left.countDown());
        }
        Session sending = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        MessageProducer producer = sending.createProducer(topic);
        for (int i = 0; i < PUBLISHED; i++) {
            producer.setDeliveryMode(i % 2 == 0 ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT);
            producer.send(sending.createTextMessage(BODY));
        }
        if (!left.await(20, TimeUnit.SECONDS)) {
            throw new IllegalStateException(left.getCount() + " messages of the topic did not come");
        }
    }

    /** The MBeans that tell of it. */
    Map<String, ObjectName> beans() throws Exception {
        Map<String, ObjectName> beans = new LinkedHashMap<>();
        beans.put("Broker, with clients", new ObjectName(broker));
        beans.put("Queue, with clients", name("Queue", "busy"));
        beans.put("Queue of a transaction", name("Queue", "busy.transacted"));
        beans.put("Topic, with clients", name("Topic", "busy.topic"));
        beans.put("Consumer of a queue", one("Queue,destinationName=busy,endpoint=Consumer"));
        beans.put("Subscriber of a topic", one("Topic,destinationName=busy.topic,endpoint=Consumer,clientId=busy"));
        beans.put("Durable subscription, online",
                one("Topic,destinationName=busy.topic,endpoint=Consumer,clientId=busy,consumerId=Durable*"));
        beans.put("Producer", one("Queue,destinationName=busy,endpoint=Producer"));
        beans.put("Connection", new ObjectName(broker + ",connector=clientConnectors,connectorName=openwire,"
                + "connectionViewType=clientId,connectionName=busy"));
        return beans;
    }

    private ObjectName name(String type, String destination) throws Exception {
        return new ObjectName(broker + ",destinationType=" + type + ",destinationName=" + destination);
    }

    /** The MBean of this form; if there are a durable and another one, the other. */
    private ObjectName one(String form) throws Exception {
        var found = server.queryNames(new ObjectName(broker + ",destinationType=" + form
                + (form.endsWith("*") ? "" : ",*")), null);
        return found.stream()
                .filter(name -> form.contains("Durable") == isDurable(name))
                .findFirst().orElseThrow(() -> new IllegalStateException("no MBean for " + form));
    }

    private static boolean isDurable(ObjectName name) {
        String consumer = name.getKeyProperty("consumerId");
        return consumer != null && consumer.startsWith("Durable");
    }

    @Override
    public void close() throws JMSException {
        connection.close();
    }
}
