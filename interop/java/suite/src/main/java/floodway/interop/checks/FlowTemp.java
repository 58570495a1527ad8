package floodway.interop.checks;

import floodway.interop.Check;
import javax.jms.DeliveryMode;

/** The limit of the temp store, met by non-persistent messages. */
public final class FlowTemp extends FlowDisk {
    private static final String ALL = "lets no non-persistent message pass, though it would fit in memory";

    @Override
    protected int mode() {
        return DeliveryMode.NON_PERSISTENT;
    }

    @Override
    @Check(limit = 120, improvement = ALL)
    public void synchronousSendIsRefusedAtOnce() throws Exception {
        super.synchronousSendIsRefusedAtOnce();
    }

    @Override
    @Check(limit = 120, improvement = ALL)
    public void asynchronousSendIsRefusedToTheExceptionListener() throws Exception {
        super.asynchronousSendIsRefusedToTheExceptionListener();
    }
}
