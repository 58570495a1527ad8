package floodway.interop.checks;

import floodway.interop.Check;
import javax.jms.Destination;
import javax.jms.DeliveryMode;
import javax.jms.MessageConsumer;

/** The memory limit of a topic whose subscriber takes nothing. */
public final class FlowTopic extends Flow {
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
    @Check(limit = 120, improvement = "waits for ever")
    public void synchronousSendWaitsAndIsRefusedThen() throws Exception {
        super.synchronousSendWaitsAndIsRefusedThen();
    }
}
