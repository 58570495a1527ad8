package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import floodway.interop.Setting;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.Arrays;
import java.util.BitSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TemporaryQueue;
import javax.jms.TextMessage;
import javax.jms.TransactionRolledBackException;
import javax.jms.XASession;
import javax.transaction.xa.XAResource;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQXAConnection;
import org.apache.activemq.ActiveMQXAConnectionFactory;
import org.apache.activemq.transport.TransportListener;

/** What survives the broker's end, and how clients with failover: go on. */
public final class Restarts extends Fixture {
    private static final int KILLS = 10;

    private static void killed() throws Exception {
        Setting.control("kill");
        Setting.control("start");
    }

    private static void stopped() throws Exception {
        Setting.control("stop");
        Setting.control("start");
    }

    private XASession xa() throws Exception {
        var connection = (ActiveMQXAConnection) new ActiveMQXAConnectionFactory(Setting.tcp(""))
                .createXAConnection();
        later(connection::close);
        connection.start();
        return connection.createXASession();
    }

    private static boolean isInDoubt(XASession session, Xa.Branch xid) throws Exception {
        return Arrays.stream(session.getXAResource().recover(XAResource.TMSTARTRSCAN)).anyMatch(xid::is);
    }

    @Check(limit = 120)
    public void persistentSurvivesAKill() throws Exception {
        send(session(), queue(), "a", "b", "c");
        killed();
        MessageConsumer consumer = session(open()).createConsumer(queue());
        texts(consumer, "a", "b", "c");
        nothing(consumer);
    }

    @Check(limit = 120)
    public void persistentSurvivesAStopAndNonPersistentDoesNot() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        producer.send(session.createTextMessage("volatile"), DeliveryMode.NON_PERSISTENT, 4, 0);
        producer.send(session.createTextMessage("kept"));
        stopped();
        MessageConsumer consumer = session(open()).createConsumer(queue());
        texts(consumer, "kept");
        nothing(consumer);
    }

    @Check(limit = 120)
    public void scheduledSurvivesAKill() throws Exception {
        Session session = session();
        TextMessage message = session.createTextMessage("later");
        message.setLongProperty("AMQ_SCHEDULED_DELAY", 3000);
        session.createProducer(queue()).send(message);
        killed();
        MessageConsumer consumer = session(open()).createConsumer(queue());
        texts(consumer, "later");
        nothing(consumer);
    }

    @Check(limit = 120)
    public void acknowledgedDoesNotComeBackAfterAStop() throws Exception {
        ActiveMQConnection first = open();
        send(session(first), queue(), "a", "b");
        texts(session(first).createConsumer(queue()), "a");
        first.close();
        stopped();
        MessageConsumer consumer = session(open()).createConsumer(queue());
        texts(consumer, "b");
        nothing(consumer);
    }

    @Check(limit = 120)
    public void headersAndBodySurvive() throws Exception {
        Session session = session();
        TextMessage message = session.createTextMessage("body ü");
        message.setStringProperty("p", "v");
        message.setJMSCorrelationID("c");
        message.setJMSReplyTo(queue("reply"));
        session.createProducer(queue()).send(message, DeliveryMode.PERSISTENT, 7, 600_000);
        killed();
        TextMessage got = (TextMessage) receive(session(open()).createConsumer(queue()));
        equal("body ü", got.getText());
        equal("v", got.getStringProperty("p"));
        equal("c", got.getJMSCorrelationID());
        equal(queue("reply"), got.getJMSReplyTo());
        equal(7, got.getJMSPriority());
        equal(message.getJMSExpiration(), got.getJMSExpiration());
        equal(message.getJMSMessageID(), got.getJMSMessageID());
    }

    @Check(limit = 120)
    public void durableSubscriptionSurvivesAKill() throws Exception {
        ActiveMQConnection first = openAs(name());
        session(first).createDurableSubscriber(topic(), "sub").close();
        first.close();
        send(session(), topic(), "a");
        killed();
        send(session(open()), topic(), "b");
        texts(session(openAs(name())).createDurableSubscriber(topic(), "sub"), "a", "b");
    }

    @Check(limit = 120)
    public void uncommittedIsGoneAndCommittedIsThere() throws Exception {
        Session session = session(Session.SESSION_TRANSACTED);
        send(session, queue(), "committed");
        session.commit();
        send(session, queue(), "uncommitted");
        killed();
        MessageConsumer consumer = session(open()).createConsumer(queue());
        texts(consumer, "committed");
        nothing(consumer);
    }

    @Check(limit = 120)
    public void preparedSendsSurviveAKillAndCommit() throws Exception {
        Xa.Branch xid = Xa.Branch.fresh();
        XASession session = xa();
        session.getXAResource().start(xid, XAResource.TMNOFLAGS);
        send(session, queue(), "x");
        session.getXAResource().end(xid, XAResource.TMSUCCESS);
        equal(XAResource.XA_OK, session.getXAResource().prepare(xid));
        killed();
        XASession after = xa();
        holds(isInDoubt(after, xid), "it is not in doubt any more");
        MessageConsumer consumer = session(open()).createConsumer(queue());
        nothing(consumer);
        after.getXAResource().commit(xid, false);
        texts(consumer, "x");
        holds(!isInDoubt(after, xid), "it is still in doubt");
    }

    private Xa.Branch preparedReceive() throws Exception {
        send(session(), queue(), "x");
        Xa.Branch xid = Xa.Branch.fresh();
        XASession session = xa();
        MessageConsumer consumer = session.createConsumer(queue());
        session.getXAResource().start(xid, XAResource.TMNOFLAGS);
        texts(consumer, "x");
        session.getXAResource().end(xid, XAResource.TMSUCCESS);
        equal(XAResource.XA_OK, session.getXAResource().prepare(xid));
        return xid;
    }

    @Check(limit = 120)
    public void preparedReceiveSurvivesAKillAndCommits() throws Exception {
        Xa.Branch xid = preparedReceive();
        killed();
        XASession after = xa();
        holds(isInDoubt(after, xid), "it is not in doubt any more");
        MessageConsumer consumer = session(open()).createConsumer(queue());
        nothing(consumer);
        after.getXAResource().commit(xid, false);
        nothing(consumer);
    }

    @Check(limit = 120)
    public void preparedReceiveSurvivesAKillAndRollsBack() throws Exception {
        Xa.Branch xid = preparedReceive();
        killed();
        XASession after = xa();
        after.getXAResource().rollback(xid);
        texts(session(open()).createConsumer(queue()), "x");
        holds(!isInDoubt(after, xid), "it is still in doubt");
    }

    @Check(limit = 120)
    public void preparedSendsSurviveAKillAndRollBack() throws Exception {
        Xa.Branch xid = Xa.Branch.fresh();
        XASession session = xa();
        session.getXAResource().start(xid, XAResource.TMNOFLAGS);
        send(session, queue(), "x");
        session.getXAResource().end(xid, XAResource.TMSUCCESS);
        equal(XAResource.XA_OK, session.getXAResource().prepare(xid));
        killed();
        XASession after = xa();
        after.getXAResource().rollback(xid);
        holds(!isInDoubt(after, xid), "it is still in doubt");
        nothing(session(open()).createConsumer(queue()));
    }

    /** Receives "a" of "a", "b", "c" and sends "out", as one prepared branch. */
    private Xa.Branch preparedMove() throws Exception {
        send(session(), queue(), "a", "b", "c");
        Xa.Branch xid = Xa.Branch.fresh();
        XASession session = xa();
        MessageConsumer consumer = session.createConsumer(queue());
        session.getXAResource().start(xid, XAResource.TMNOFLAGS);
        texts(consumer, "a");
        send(session, queue("out"), "out");
        session.getXAResource().end(xid, XAResource.TMSUCCESS);
        equal(XAResource.XA_OK, session.getXAResource().prepare(xid));
        return xid;
    }

    @Check(limit = 120)
    public void commitOfWhatWasInDoubtSurvivesAnotherKill() throws Exception {
        Xa.Branch xid = preparedMove();
        killed();
        xa().getXAResource().commit(xid, false);
        killed();
        Session after = session(open());
        holds(!isInDoubt(xa(), xid), "it is in doubt again");
        MessageConsumer consumer = after.createConsumer(queue());
        texts(consumer, "b", "c");
        nothing(consumer);
        texts(after.createConsumer(queue("out")), "out");
    }

    @Check(limit = 120)
    public void rollbackOfWhatWasInDoubtGivesBackInOrder() throws Exception {
        Xa.Branch xid = preparedMove();
        killed();
        xa().getXAResource().rollback(xid);
        Session after = session(open());
        MessageConsumer consumer = after.createConsumer(queue());
        texts(consumer, "a", "b", "c");
        nothing(after.createConsumer(queue("out")));
    }

    @Check(limit = 120)
    public void inDoubtForTwoKillsIsStillInDoubt() throws Exception {
        Xa.Branch xid = preparedMove();
        killed();
        killed();
        XASession after = xa();
        holds(isInDoubt(after, xid), "it is not in doubt any more");
        MessageConsumer out = session(open()).createConsumer(queue("out"));
        nothing(out);
        after.getXAResource().commit(xid, false);
        texts(out, "out");
    }

    @Check(limit = 120)
    public void preparedReceiveOfADurableSubscriptionSurvivesAKill() throws Exception {
        var made = (ActiveMQXAConnection) new ActiveMQXAConnectionFactory(Setting.tcp(""))
                .createXAConnection();
        later(made::close);
        made.setClientID(name());
        made.start();
        XASession session = made.createXASession();
        MessageConsumer subscriber = session.createDurableSubscriber(topic(), "d");
        send(session(), topic(), "a", "b");
        Xa.Branch xid = Xa.Branch.fresh();
        session.getXAResource().start(xid, XAResource.TMNOFLAGS);
        texts(subscriber, "a");
        session.getXAResource().end(xid, XAResource.TMSUCCESS);
        equal(XAResource.XA_OK, session.getXAResource().prepare(xid));
        killed();
        xa().getXAResource().commit(xid, false);
        subscriber = session(openAs(name())).createDurableSubscriber(topic(), "d");
        texts(subscriber, "b");
        nothing(subscriber);
    }

    @Check(limit = 120)
    public void exceptionListenerHearsOfTheKill() throws Exception {
        ActiveMQConnection connection = open();
        CountDownLatch heard = new CountDownLatch(1);
        connection.setExceptionListener(failure -> heard.countDown());
        killed();
        holds(heard.await(COMES, TimeUnit.MILLISECONDS), "it was not called");
        fails(JMSException.class, () -> send(session(connection), queue(), "x"));
    }

    @Check(limit = 120)
    public void failoverHearsOfInterruptionAndResumption() throws Exception {
        ActiveMQConnection connection = failover("");
        CountDownLatch interrupted = new CountDownLatch(1);
        CountDownLatch resumed = new CountDownLatch(1);
        connection.addTransportListener(new TransportListener() {
            @Override
            public void onCommand(Object command) {
            }

            @Override
            public void onException(IOException failure) {
            }

            @Override
            public void transportInterupted() {
                interrupted.countDown();
            }

            @Override
            public void transportResumed() {
                resumed.countDown();
            }
        });
        killed();
        holds(interrupted.await(COMES, TimeUnit.MILLISECONDS), "no word of the interruption");
        holds(resumed.await(COMES, TimeUnit.MILLISECONDS), "no word of the resumption");
    }

    @Check(limit = 120)
    public void failoverProducerGoesOn() throws Exception {
        Session session = session(failover(""));
        MessageProducer producer = session.createProducer(queue());
        producer.send(session.createTextMessage("before"));
        killed();
        producer.send(session.createTextMessage("after"));
        MessageConsumer consumer = session(open()).createConsumer(queue());
        texts(consumer, "before", "after");
        nothing(consumer);
    }

    @Check(limit = 120)
    public void failoverConsumerGoesOn() throws Exception {
        Session session = session(failover(""));
        MessageConsumer consumer = session.createConsumer(queue());
        send(session, queue(), "before");
        texts(consumer, "before");
        // A synchronous send after it, so that the acknowledgement has arrived.
        send(session, queue("other"), "x");
        killed();
        send(session(open()), queue(), "after");
        texts(consumer, "after");
        nothing(consumer);
    }

    @Check(limit = 120)
    public void failoverListenerGoesOn() throws Exception {
        AtomicInteger got = new AtomicInteger();
        session(failover("")).createConsumer(queue()).setMessageListener(message -> got.incrementAndGet());
        send(session(), queue(), "a");
        becomes(() -> got.get() == 1, () -> "got " + got);
        stopped();
        send(session(open()), queue(), "b");
        becomes(() -> got.get() == 2, () -> "got " + got);
    }

    @Check(limit = 120)
    public void failoverTopicConsumerGoesOn() throws Exception {
        MessageConsumer consumer = session(failover("")).createConsumer(topic());
        killed();
        // Its subscription is back when the broker can be asked over the same connection.
        becomes(() -> {
            send(session(open()), topic(), "after");
            return consumer.receive(NOTHING) != null;
        }, () -> "nothing arrives");
    }

    @Check(limit = 120)
    public void failoverDurableSubscriberGoesOn() throws Exception {
        ActiveMQConnection connection = track(new ActiveMQConnectionFactory(
                "failover:(" + Setting.tcp("") + ")?initialReconnectDelay=50").createConnection());
        connection.setClientID(name());
        connection.start();
        MessageConsumer consumer = session(connection).createDurableSubscriber(topic(), "sub");
        killed();
        send(session(open()), topic(), "after");
        texts(consumer, "after");
    }

    @Check(limit = 120)
    public void failoverTransactionIsAllOrNothing() throws Exception {
        Session session = failover("").createSession(true, Session.SESSION_TRANSACTED);
        MessageProducer producer = session.createProducer(queue());
        for (int i = 0; i < 5; i++) {
            producer.send(session.createTextMessage(Integer.toString(i)));
        }
        killed();
        int expected = 5;
        try {
            session.commit();
        } catch (TransactionRolledBackException refused) {
            expected = 0;
        }
        MessageConsumer consumer = session(open()).createConsumer(queue());
        for (int i = 0; i < expected; i++) {
            texts(consumer, Integer.toString(i));
        }
        nothing(consumer);
    }

    @Check(limit = 120)
    public void failoverTransactedReceiveIsNotLost() throws Exception {
        send(session(), queue(), "a");
        ActiveMQConnection connection = failover("");
        Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
        MessageConsumer consumer = session.createConsumer(queue());
        texts(consumer, "a");
        killed();
        boolean committed = true;
        try {
            session.commit();
        } catch (TransactionRolledBackException refused) {
            committed = false;
        }
        connection.close();
        MessageConsumer after = session(open()).createConsumer(queue());
        if (!committed) {
            texts(after, "a");
        }
        nothing(after);
    }

    @Check(limit = 120)
    public void failoverTemporaryQueueIsMadeAgain() throws Exception {
        Session session = session(failover(""));
        TemporaryQueue reply = session.createTemporaryQueue();
        MessageConsumer consumer = session.createConsumer(reply);
        killed();
        send(session, queue(), "a synchronous send, so that the client is back");
        Session stranger = session(open());
        send(stranger, reply, "re");
        texts(consumer, "re");
    }

    @Check(limit = 120)
    public void failoverWaitsForABrokerThatStartsLater() throws Exception {
        Setting.control("stop");
        AtomicReference<Object> result = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            try {
                send(session(failover("")), queue(), "patient");
                result.set("sent");
            } catch (JMSException failure) {
                result.set(failure);
            }
        });
        thread.setDaemon(true);
        thread.start();
        thread.join(NOTHING);
        Setting.control("start");
        thread.join(COMES);
        equal("sent", result.get());
        texts(session().createConsumer(queue()), "patient");
    }

    @Check(limit = 120)
    public void failoverGivesUpWhenTold() throws Exception {
        int unused;
        try (ServerSocket socket = new ServerSocket(0)) {
            unused = socket.getLocalPort();
        }
        ActiveMQConnection connection = track(new ActiveMQConnectionFactory(
                "failover:(tcp://127.0.0.1:" + unused + ")?startupMaxReconnectAttempts=2"
                        + "&initialReconnectDelay=20").createConnection());
        fails(JMSException.class, connection::start);
    }

    @Check(limit = 120)
    public void failoverPicksTheBrokerThatLives() throws Exception {
        int unused;
        try (ServerSocket socket = new ServerSocket(0)) {
            unused = socket.getLocalPort();
        }
        ActiveMQConnection connection = track(new ActiveMQConnectionFactory(
                "failover:(tcp://127.0.0.1:" + unused + "," + Setting.tcp("")
                        + ")?randomize=false&initialReconnectDelay=20").createConnection());
        connection.start();
        send(session(connection), queue(), "a");
        texts(session(connection).createConsumer(queue()), "a");
    }

    /** One sender through all kills; afterwards every message is there, once. */
    @Check(limit = 400)
    public void tenKillsLoseAndDuplicateNothing() throws Exception {
        Session session = session(failover(""));
        MessageProducer producer = session.createProducer(queue());
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger sent = new AtomicInteger();
        AtomicReference<JMSException> failed = new AtomicReference<>();
        Thread sender = new Thread(() -> {
            try {
                while (!over.get()) {
                    producer.send(session.createTextMessage(Integer.toString(sent.get())));
                    sent.incrementAndGet();
                }
            } catch (JMSException failure) {
                failed.set(failure);
            }
        });
        sender.setDaemon(true);
        sender.start();
        for (int i = 0; i < KILLS; i++) {
            int before = sent.get();
            long end = System.nanoTime() + 30_000_000_000L;
            while (sent.get() < before + 50) {
                holds(failed.get() == null, "a send failed: " + failed.get());
                holds(System.nanoTime() < end, "the sender does not go on after kill " + i);
                Thread.sleep(5);
            }
            killed();
        }
        over.set(true);
        sender.join(60_000);
        holds(!sender.isAlive() && failed.get() == null, "the sender ended with " + failed.get());
        BitSet got = new BitSet();
        int duplicates = 0;
        MessageConsumer consumer = session(open()).createConsumer(queue());
        for (var m = consumer.receive(COMES); m != null; m = consumer.receive(1000)) {
            int number = Integer.parseInt(((TextMessage) m).getText());
            duplicates += got.get(number) ? 1 : 0;
            got.set(number);
        }
        equal("lost 0, duplicated 0", "lost " + (sent.get() - got.cardinality())
                + ", duplicated " + duplicates);
    }
}
