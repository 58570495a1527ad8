package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import floodway.interop.Setting;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import javax.jms.MessageConsumer;
import javax.jms.TextMessage;
import javax.jms.XASession;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.apache.activemq.ActiveMQXAConnection;
import org.apache.activemq.ActiveMQXAConnectionFactory;

/** Distributed transactions: the broker as a resource of a transaction manager. */
public final class Xa extends Fixture {
    /** A transaction branch. */
    public record Branch(int getFormatId, byte[] getGlobalTransactionId, byte[] getBranchQualifier)
            implements Xid {
        public static Branch fresh() {
            return new Branch(4711, UUID.randomUUID().toString().getBytes(), new byte[] {1});
        }

        public boolean is(Xid other) {
            return other.getFormatId() == getFormatId
                    && Arrays.equals(other.getGlobalTransactionId(), getGlobalTransactionId)
                    && Arrays.equals(other.getBranchQualifier(), getBranchQualifier);
        }
    }

    private ActiveMQXAConnection connect() throws Exception {
        var connection = (ActiveMQXAConnection) new ActiveMQXAConnectionFactory(Setting.tcp(
                "jms.redeliveryPolicy.initialRedeliveryDelay=0")).createXAConnection();
        later(connection::close);
        connection.start();
        return connection;
    }

    private XASession xa() throws Exception {
        return connect().createXASession();
    }

    private static void sent(XASession session, Xid xid, javax.jms.Queue queue) throws Exception {
        XAResource resource = session.getXAResource();
        resource.start(xid, XAResource.TMNOFLAGS);
        send(session, queue, "x");
        resource.end(xid, XAResource.TMSUCCESS);
    }

    private boolean isInDoubt(Branch xid) throws Exception {
        List<Xid> all = new ArrayList<>();
        XAResource resource = xa().getXAResource();
        all.addAll(Arrays.asList(resource.recover(XAResource.TMSTARTRSCAN)));
        resource.recover(XAResource.TMENDRSCAN);
        return all.stream().anyMatch(xid::is);
    }

    private MessageConsumer outside() throws Exception {
        return session().createConsumer(queue());
    }

    private static void code(int expected, Action action) {
        equal(expected, fails(XAException.class, action).errorCode);
    }

    @Check
    public void sendsAreSeenAfterTheSecondPhase() throws Exception {
        XASession session = xa();
        Branch xid = Branch.fresh();
        MessageConsumer consumer = outside();
        sent(session, xid, queue());
        equal(XAResource.XA_OK, session.getXAResource().prepare(xid));
        nothing(consumer);
        session.getXAResource().commit(xid, false);
        texts(consumer, "x");
    }

    @Check
    public void onePhaseCommits() throws Exception {
        XASession session = xa();
        Branch xid = Branch.fresh();
        MessageConsumer consumer = outside();
        sent(session, xid, queue());
        nothing(consumer);
        session.getXAResource().commit(xid, true);
        texts(consumer, "x");
    }

    @Check
    public void rollbackBeforePrepare() throws Exception {
        XASession session = xa();
        Branch xid = Branch.fresh();
        sent(session, xid, queue());
        session.getXAResource().rollback(xid);
        nothing(outside());
    }

    @Check
    public void rollbackAfterPrepare() throws Exception {
        XASession session = xa();
        Branch xid = Branch.fresh();
        sent(session, xid, queue());
        session.getXAResource().prepare(xid);
        session.getXAResource().rollback(xid);
        nothing(outside());
        holds(!isInDoubt(xid), "it is still in doubt");
    }

    @Check
    public void preparedIsListedUntilItsOutcome() throws Exception {
        XASession session = xa();
        Branch xid = Branch.fresh();
        sent(session, xid, queue());
        holds(!isInDoubt(xid), "in doubt before prepare");
        session.getXAResource().prepare(xid);
        holds(isInDoubt(xid), "not in doubt after prepare");
        session.getXAResource().commit(xid, false);
        holds(!isInDoubt(xid), "in doubt after commit");
    }

    @Check
    public void emptyBranchIsReadOnly() throws Exception {
        XASession session = xa();
        Branch xid = Branch.fresh();
        XAResource resource = session.getXAResource();
        resource.start(xid, XAResource.TMNOFLAGS);
        resource.end(xid, XAResource.TMSUCCESS);
        equal(XAResource.XA_RDONLY, resource.prepare(xid));
        holds(!isInDoubt(xid), "an empty branch is in doubt");
    }

    @Check
    public void preparedSurvivesItsConnection() throws Exception {
        ActiveMQXAConnection first = connect();
        Branch xid = Branch.fresh();
        XASession session = first.createXASession();
        sent(session, xid, queue());
        session.getXAResource().prepare(xid);
        first.close();
        holds(isInDoubt(xid), "it is gone");
        MessageConsumer consumer = outside();
        nothing(consumer);
        xa().getXAResource().commit(xid, false);
        texts(consumer, "x");
    }

    @Check
    public void unpreparedEndsWithItsConnection() throws Exception {
        ActiveMQXAConnection first = connect();
        Branch xid = Branch.fresh();
        sent(first.createXASession(), xid, queue());
        first.close();
        nothing(outside());
        code(XAException.XAER_NOTA, () -> xa().getXAResource().commit(xid, true));
    }

    @Check
    public void receivedIsGoneAfterCommit() throws Exception {
        send(session(), queue(), "a");
        XASession session = xa();
        Branch xid = Branch.fresh();
        XAResource resource = session.getXAResource();
        MessageConsumer consumer = session.createConsumer(queue());
        resource.start(xid, XAResource.TMNOFLAGS);
        texts(consumer, "a");
        resource.end(xid, XAResource.TMSUCCESS);
        equal(XAResource.XA_OK, resource.prepare(xid));
        resource.commit(xid, false);
        consumer.close();
        nothing(outside());
    }

    @Check
    public void receivedComesBackAfterRollback() throws Exception {
        send(session(), queue(), "a");
        XASession session = xa();
        Branch xid = Branch.fresh();
        XAResource resource = session.getXAResource();
        MessageConsumer consumer = session.createConsumer(queue());
        resource.start(xid, XAResource.TMNOFLAGS);
        texts(consumer, "a");
        resource.end(xid, XAResource.TMSUCCESS);
        resource.rollback(xid);
        consumer.close();
        texts(outside(), "a");
    }

    @Check
    public void receivedComesBackAfterRollbackOfPrepared() throws Exception {
        send(session(), queue(), "a");
        XASession session = xa();
        Branch xid = Branch.fresh();
        XAResource resource = session.getXAResource();
        MessageConsumer consumer = session.createConsumer(queue());
        resource.start(xid, XAResource.TMNOFLAGS);
        texts(consumer, "a");
        resource.end(xid, XAResource.TMSUCCESS);
        equal(XAResource.XA_OK, resource.prepare(xid));
        resource.rollback(xid);
        consumer.close();
        texts(outside(), "a");
    }

    @Check
    public void receiveAndSendCommitTogether() throws Exception {
        send(session(), queue(), "a");
        XASession session = xa();
        Branch xid = Branch.fresh();
        XAResource resource = session.getXAResource();
        MessageConsumer consumer = session.createConsumer(queue());
        resource.start(xid, XAResource.TMNOFLAGS);
        send(session, queue("out"), ((TextMessage) receive(consumer)).getText());
        resource.end(xid, XAResource.TMSUCCESS);
        resource.prepare(xid);
        resource.commit(xid, false);
        consumer.close();
        texts(session().createConsumer(queue("out")), "a");
        nothing(outside());
    }

    @Check
    public void unknownBranchCannotCommit() throws Exception {
        code(XAException.XAER_NOTA, () -> xa().getXAResource().commit(Branch.fresh(), false));
    }

    @Check
    public void commitOfPreparedInOnePhaseIsRefusedOrDone() throws Exception {
        XASession session = xa();
        Branch xid = Branch.fresh();
        sent(session, xid, queue());
        session.getXAResource().prepare(xid);
        // Two answers are right: XAER_PROTO, or the commit.
        try {
            session.getXAResource().commit(xid, true);
        } catch (XAException refused) {
            session.getXAResource().commit(xid, false);
        }
        texts(outside(), "x");
    }

    @Check
    public void twoPhaseCommitNeedsPrepare() throws Exception {
        XASession session = xa();
        Branch xid = Branch.fresh();
        sent(session, xid, queue());
        fails(XAException.class, () -> session.getXAResource().commit(xid, false));
        session.getXAResource().rollback(xid);
        nothing(outside());
    }

    @Check
    public void branchesOfTwoSessionsAreIndependent() throws Exception {
        ActiveMQXAConnection connection = connect();
        XASession first = connection.createXASession();
        XASession second = connection.createXASession();
        Branch one = Branch.fresh();
        Branch two = Branch.fresh();
        first.getXAResource().start(one, XAResource.TMNOFLAGS);
        second.getXAResource().start(two, XAResource.TMNOFLAGS);
        send(first, queue(), "one");
        send(second, queue(), "two");
        first.getXAResource().end(one, XAResource.TMSUCCESS);
        second.getXAResource().end(two, XAResource.TMSUCCESS);
        first.getXAResource().rollback(one);
        second.getXAResource().commit(two, true);
        MessageConsumer consumer = outside();
        texts(consumer, "two");
        nothing(consumer);
    }

    @Check
    public void anotherConnectionMayRollBackWhatIsInDoubt() throws Exception {
        ActiveMQXAConnection first = connect();
        Branch xid = Branch.fresh();
        XASession session = first.createXASession();
        sent(session, xid, queue());
        session.getXAResource().prepare(xid);
        first.close();
        xa().getXAResource().rollback(xid);
        holds(!isInDoubt(xid), "it is still in doubt");
        nothing(outside());
    }

    @Check
    public void whatIsInDoubtIsWithheldFromOtherConsumers() throws Exception {
        send(session(), queue(), "a", "b");
        ActiveMQXAConnection first = connect();
        XASession session = first.createXASession();
        Branch xid = Branch.fresh();
        XAResource resource = session.getXAResource();
        MessageConsumer consumer = session.createConsumer(queue());
        resource.start(xid, XAResource.TMNOFLAGS);
        texts(consumer, "a");
        resource.end(xid, XAResource.TMSUCCESS);
        resource.prepare(xid);
        first.close();
        MessageConsumer other = outside();
        texts(other, "b");
        nothing(other);
        xa().getXAResource().rollback(xid);
        texts(other, "a");
    }

    @Check
    public void sessionGoesOnAfterRollbackOfPrepared() throws Exception {
        send(session(), queue(), "a", "b");
        XASession session = xa();
        XAResource resource = session.getXAResource();
        MessageConsumer consumer = session.createConsumer(queue());
        for (int i = 0; i < 3; i++) {
            Branch xid = Branch.fresh();
            resource.start(xid, XAResource.TMNOFLAGS);
            texts(consumer, "a");
            resource.end(xid, XAResource.TMSUCCESS);
            resource.prepare(xid);
            resource.rollback(xid);
        }
        Branch last = Branch.fresh();
        resource.start(last, XAResource.TMNOFLAGS);
        texts(consumer, "a", "b");
        resource.end(last, XAResource.TMSUCCESS);
        resource.prepare(last);
        resource.commit(last, false);
        consumer.close();
        nothing(outside());
    }

    @Check
    public void resourceKnowsItsBroker() throws Exception {
        XAResource first = xa().getXAResource();
        XAResource second = xa().getXAResource();
        holds(first.isSameRM(second), "two connections to one broker are not the same resource");
    }

    @Check
    public void sessionWorksBranchAfterBranch() throws Exception {
        XASession session = xa();
        for (int i = 0; i < 20; i++) {
            Branch xid = Branch.fresh();
            sent(session, xid, queue());
            if (i % 2 == 0) {
                session.getXAResource().prepare(xid);
                session.getXAResource().commit(xid, false);
            } else {
                session.getXAResource().rollback(xid);
            }
        }
        MessageConsumer consumer = outside();
        texts(consumer, "x", "x", "x", "x", "x", "x", "x", "x", "x", "x");
        nothing(consumer);
    }

    @Check
    public void xidOfGreatestSizeWorks() throws Exception {
        byte[] global = new byte[64];
        byte[] qualifier = new byte[64];
        new java.util.Random().nextBytes(global);
        new java.util.Random().nextBytes(qualifier);
        Branch xid = new Branch(Integer.MAX_VALUE, global, qualifier);
        XASession session = xa();
        sent(session, xid, queue());
        session.getXAResource().prepare(xid);
        holds(isInDoubt(xid), "not in doubt after prepare");
        session.getXAResource().commit(xid, false);
        texts(outside(), "x");
    }
}
