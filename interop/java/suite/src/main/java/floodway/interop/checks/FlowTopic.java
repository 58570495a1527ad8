package floodway.interop.checks;

import floodway.interop.Check;
import javax.jms.Destination;
import javax.jms.DeliveryMode;
import javax.jms.MessageConsumer;

/** The memory limit of a topic whose subscriber takes nothing. */
public final class FlowTopic extends Flow {
    private static final String WAITS = "lets the publisher wait for the subscriber, whatever is set";

    @Override
    protected String place() {
        return "memory";
    }

    @Override
    protected int many() {
        return 300;
    }

    @Override
    protected int mode() {
        return DeliveryMode.NON_PERSISTENT;
    }

    @Override
    protected Destination destination(String column) {
        return topic(place() + "." + column);
    }

    @Override
    protected MessageConsumer consumer(Destination to) throws Exception {
        return session(open("jms.prefetchPolicy.topicPrefetch=1")).createConsumer(to);
    }

    @Override
    @Check(limit = 120, improvement = WAITS)
    public void synchronousSendIsRefusedAtOnce() throws Exception {
        super.synchronousSendIsRefusedAtOnce();
    }

    @Override
    @Check(limit = 120, improvement = WAITS)
    public void asynchronousSendIsRefusedToTheExceptionListener() throws Exception {
        super.asynchronousSendIsRefusedToTheExceptionListener();
    }

    @Override
    @Check(limit = 120, improvement = WAITS)
    public void synchronousSendWaitsAndIsRefusedThen() throws Exception {
        super.synchronousSendWaitsAndIsRefusedThen();
    }

    @Override
    @Check(limit = 120, improvement = WAITS)
    public void withoutFlowControlOnlyDisksHoldSynchronousSendsBack() throws Exception {
        super.withoutFlowControlOnlyDisksHoldSynchronousSendsBack();
    }

    @Override
    @Check(limit = 120, improvement = WAITS)
    public void withoutFlowControlOnlyDisksHoldSendsWithAWindowBack() throws Exception {
        super.withoutFlowControlOnlyDisksHoldSendsWithAWindowBack();
    }

    @Override
    @Check(limit = 120, improvement = WAITS)
    public void withoutFlowControlOnlyDisksHoldAsynchronousSendsBack() throws Exception {
        super.withoutFlowControlOnlyDisksHoldAsynchronousSendsBack();
    }
}
