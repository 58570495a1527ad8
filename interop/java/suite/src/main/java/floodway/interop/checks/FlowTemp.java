package floodway.interop.checks;

import javax.jms.DeliveryMode;

/** The limit of the temp store, met by non-persistent messages. */
public final class FlowTemp extends Flow {
    @Override
    protected String place() {
        return "disk";
    }

    @Override
    protected int many() {
        return 480;
    }

    @Override
    protected int size() {
        return 40_000;
    }

    @Override
    protected boolean isFreed() {
        return false;
    }

    @Override
    protected int mode() {
        return DeliveryMode.NON_PERSISTENT;
    }
}
