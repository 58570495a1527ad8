package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import floodway.interop.Setting;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.jms.ConnectionMetaData;
import javax.jms.IllegalStateException;
import javax.jms.InvalidClientIDException;
import javax.jms.InvalidDestinationException;
import javax.jms.JMSException;
import javax.jms.JMSSecurityException;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.command.ActiveMQDestination;

/** Opening, starting, stopping and closing; client ids, logins and errors. */
public final class Lifecycle extends Fixture {
    @Check
    public void unstartedConnectionReceivesNothing() throws Exception {
        ActiveMQConnection connection = unstarted("");
        MessageConsumer consumer = session(connection).createConsumer(queue());
        send(session(), queue(), "a");
        nothing(consumer);
        connection.start();
        texts(consumer, "a");
    }

    @Check
    public void unstartedConnectionSends() throws Exception {
        send(session(unstarted("")), queue(), "a");
        texts(session().createConsumer(queue()), "a");
    }

    @Check
    public void stoppedConnectionReceivesAfterStart() throws Exception {
        ActiveMQConnection connection = open();
        MessageConsumer consumer = session(connection).createConsumer(queue());
        connection.stop();
        send(session(), queue(), "a");
        nothing(consumer);
        connection.start();
        texts(consumer, "a");
    }

    @Check
    public void stoppedListenerWaits() throws Exception {
        ActiveMQConnection connection = unstarted("");
        CountDownLatch got = new CountDownLatch(1);
        session(connection).createConsumer(queue()).setMessageListener(message -> got.countDown());
        send(session(), queue(), "a");
        holds(!got.await(NOTHING, TimeUnit.MILLISECONDS), "the listener was called");
        connection.start();
        holds(got.await(COMES, TimeUnit.MILLISECONDS), "the listener was not called");
    }

    @Check
    public void closedConnectionDoesNothing() throws Exception {
        ActiveMQConnection connection = open();
        Session session = session(connection);
        MessageProducer producer = session.createProducer(queue());
        MessageConsumer consumer = session.createConsumer(queue());
        connection.close();
        fails(IllegalStateException.class, () -> session(connection));
        fails(IllegalStateException.class, () -> session.createProducer(queue()));
        fails(IllegalStateException.class, () -> producer.send(null));
        fails(IllegalStateException.class, consumer::receiveNoWait);
    }

    @Check
    public void closedSessionDoesNothing() throws Exception {
        Session session = session();
        session.close();
        fails(IllegalStateException.class, () -> session.createConsumer(queue()));
        fails(IllegalStateException.class, session::createTextMessage);
        fails(IllegalStateException.class, session::getTransacted);
    }

    @Check
    public void closingTwiceIsAllowed() throws Exception {
        ActiveMQConnection connection = open();
        Session session = session(connection);
        MessageConsumer consumer = session.createConsumer(queue());
        MessageProducer producer = session.createProducer(queue());
        for (int i = 0; i < 2; i++) {
            consumer.close();
            producer.close();
        }
        session.close();
        session.close();
        connection.close();
        connection.close();
    }

    private void unblocks(AutoCloseable closing, MessageConsumer consumer) throws Exception {
        AtomicReference<Object> got = new AtomicReference<>("still waiting");
        Thread thread = new Thread(() -> {
            try {
                got.set(consumer.receive());
            } catch (JMSException failure) {
                got.set(null);
            }
        });
        thread.setDaemon(true);
        thread.start();
        thread.join(NOTHING);
        closing.close();
        thread.join(COMES);
        equal(null, got.get());
    }

    @Check
    public void closingTheConsumerEndsItsReceive() throws Exception {
        MessageConsumer consumer = session().createConsumer(queue());
        unblocks(consumer::close, consumer);
    }

    @Check
    public void closingTheSessionEndsItsReceive() throws Exception {
        Session session = session();
        unblocks(session::close, session.createConsumer(queue()));
    }

    @Check
    public void closingTheConnectionEndsItsReceive() throws Exception {
        ActiveMQConnection connection = open();
        unblocks(connection::close, session(connection).createConsumer(queue()));
    }

    @Check
    public void closedConsumersMessagesGoToOthers() throws Exception {
        MessageConsumer first = session().createConsumer(queue());
        send(session(), queue(), "a");
        first.close();
        texts(session().createConsumer(queue()), "a");
    }

    @Check
    public void hundredConnectionsOpenAndClose() throws Exception {
        for (int i = 0; i < 100; i++) {
            ActiveMQConnection connection = open();
            send(session(connection), queue(), "x" + i);
            connection.close();
        }
        texts(session().createConsumer(queue()), "x0", "x1", "x2");
    }

    @Check
    public void fiftySessionsWorkSideBySide() throws Exception {
        ActiveMQConnection connection = open();
        MessageConsumer[] consumers = new MessageConsumer[50];
        for (int i = 0; i < consumers.length; i++) {
            consumers[i] = session(connection).createConsumer(queue("n" + i));
        }
        for (int i = 0; i < consumers.length; i++) {
            send(session(connection), queue("n" + i), "x" + i);
        }
        for (int i = 0; i < consumers.length; i++) {
            texts(consumers[i], "x" + i);
        }
    }

    @Check
    public void listenerAndReceiveExcludeEachOther() throws Exception {
        MessageConsumer consumer = session().createConsumer(queue());
        consumer.setMessageListener(message -> { });
        fails(IllegalStateException.class, () -> consumer.receive(1));
    }

    @Check
    public void metaDataNamesTheProvider() throws Exception {
        ConnectionMetaData data = open().getMetaData();
        equal("ActiveMQ", data.getJMSProviderName());
        holds(data.getJMSMajorVersion() >= 1, "no version of JMS");
        holds(data.getProviderVersion() != null, "no version of the provider");
        List<?> names = Collections.list((java.util.Enumeration<?>) data.getJMSXPropertyNames());
        holds(names.contains("JMSXGroupID") && names.contains("JMSXDeliveryCount"), "properties " + names);
    }

    @Check
    public void brokerNamesItself() throws Exception {
        ActiveMQConnection connection = open();
        becomes(() -> connection.getBrokerInfo() != null, () -> "no BrokerInfo");
        equal("interop", connection.getBrokerName());
        holds(connection.getBrokerInfo().getBrokerId() != null, "no broker id");
    }

    // Client ids.

    @Check
    public void clientIdInUseIsRefused() throws Exception {
        openAs(name());
        fails(InvalidClientIDException.class, () -> openAs(name()));
    }

    @Check
    public void clientIdIsFreeAfterClose() throws Exception {
        for (int i = 0; i < 5; i++) {
            openAs(name()).close();
        }
    }

    @Check
    public void clientIdIsFreeAfterTheSocketIsLost() throws Exception {
        ActiveMQConnection lost = openAs(name());
        lost.getTransport().narrow(org.apache.activemq.transport.tcp.TcpTransport.class).stop();
        becomes(() -> {
            try {
                openAs(name());
                return true;
            } catch (InvalidClientIDException stillThere) {
                return false;
            }
        }, () -> "the client id stays in use");
    }

    @Check
    public void clientIdCannotChangeInUse() throws Exception {
        ActiveMQConnection connection = open();
        session(connection);
        fails(IllegalStateException.class, () -> connection.setClientID("late"));
    }

    @Check
    public void clientIdOfTheFactoryIsUsed() throws Exception {
        equal(name(), open("jms.clientID=" + name()).getClientID());
    }

    // Logins.

    private ActiveMQConnection login(String user, String password) throws JMSException {
        ActiveMQConnection connection =
                track(new ActiveMQConnectionFactory(user, password, Setting.tcp("")).createConnection());
        connection.start();
        return connection;
    }

    @Check
    public void wrongPasswordIsRefused() throws Exception {
        fails(JMSSecurityException.class, () -> login("known", "wrong"));
    }

    @Check
    public void unknownUserIsRefused() throws Exception {
        fails(JMSSecurityException.class, () -> login("unknown", "secret"));
    }

    @Check
    public void rightPasswordIsAccepted() throws Exception {
        Session session = session(login("known", "secret"));
        send(session, queue(), "a");
        texts(session.createConsumer(queue()), "a");
    }

    // Errors.

    @Check
    public void nullDestinationIsRefused() throws Exception {
        fails(InvalidDestinationException.class, () -> session().createConsumer(null));
    }

    @Check
    public void errorLeavesTheConnectionUsable() throws Exception {
        Session session = session();
        for (int i = 0; i < 10; i++) {
            fails(JMSException.class, () -> session.createConsumer(queue(), "not a selector"));
        }
        send(session, queue(), "a");
        texts(session.createConsumer(queue()), "a");
    }

    @Check
    public void queueWithConsumersCannotBeDestroyed() throws Exception {
        MessageConsumer consumer = session().createConsumer(queue());
        fails(JMSException.class, () -> connection().destroyDestination((ActiveMQDestination) queue()));
        send(session(), queue(), "a");
        texts(consumer, "a");
    }

    @Check
    public void destroyedQueueIsEmptyWhenUsedAgain() throws Exception {
        send(session(), queue(), "a");
        connection().destroyDestination((ActiveMQDestination) queue());
        send(session(), queue(), "b");
        texts(session().createConsumer(queue()), "b");
    }

    @Check
    public void garbageOnOneConnectionLeavesOthersAlone() throws Exception {
        MessageConsumer consumer = session().createConsumer(queue());
        try (java.net.Socket raw = new java.net.Socket(Setting.HOST, Setting.PORT)) {
            raw.getOutputStream().write(new byte[] {0x7f, 1, 2, 3, 4, 5, 6, 7, 8, 9});
        }
        send(session(), queue(), "a");
        texts(consumer, "a");
    }
}
