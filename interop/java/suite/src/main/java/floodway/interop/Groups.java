package floodway.interop;

import floodway.interop.checks.*;
import java.util.List;

/** All groups in their order; those that restart the broker come last. run.sh runs some at once. */
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
            WireFormats.class,
            Advisories.class,
            Lifecycle.class,
            Scheduled.class,
            SpringAndPool.class,
            Simplified.class,
            FlowMemory.class,
            FlowVmCursor.class,
            FlowTopic.class,
            FlowStore.class,
            FlowTemp.class,
            FlowOrder.class,
            Large.class,
            Neighbours.class,
            Restarts.class);

    private Groups() {
    }
}
