package floodway.interop;

import floodway.interop.checks.*;
import java.util.List;

/** All groups in their order; those that restart the broker come last. */
final class Groups {
    static final List<Class<? extends Fixture>> ALL = List.of(
            MessageTypes.class,
            Headers.class,
            Acknowledgements.class,
            Transactions.class,
            Xa.class,
            Selectors.class,
            DurableSubscriptions.class,
            Temporary.class,
            Browsing.class,
            DeadLetters.class,
            Routing.class,
            Prefetch.class,
            Producers.class,
            FlowMemory.class,
            FlowVmCursor.class,
            FlowStore.class,
            FlowTemp.class,
            FlowTopic.class,
            FlowOrder.class,
            WireFormats.class,
            Advisories.class,
            Lifecycle.class,
            Scheduled.class,
            SpringAndPool.class,
            Simplified.class,
            Large.class,
            Neighbours.class,
            Restarts.class);

    private Groups() {
    }
}
