package floodway.interop.checks;

import javax.jms.DeliveryMode;

/** The limit of the temp store, met by non-persistent messages. */
public final class FlowTemp extends FlowDisk {
    @Override
    protected int mode() {
        return DeliveryMode.NON_PERSISTENT;
    }
}
