package floodway.interop.checks;

import floodway.interop.Check;

/** The memory limit of a queue with vmQueueCursor. */
public final class FlowVmCursor extends Flow {
    private static final String LOSES = "loses the setting with vmQueueCursor";

    @Override
    protected String place() {
        return "vm";
    }

    @Override
    protected int many() {
        return 300;
    }

    @Override
    @Check(limit = 120, improvement = LOSES)
    public void synchronousSendIsRefusedAtOnce() throws Exception {
        super.synchronousSendIsRefusedAtOnce();
    }

    @Override
    @Check(limit = 120, improvement = LOSES)
    public void asynchronousSendIsRefusedToTheExceptionListener() throws Exception {
        super.asynchronousSendIsRefusedToTheExceptionListener();
    }

    @Override
    @Check(limit = 120, improvement = LOSES)
    public void synchronousSendWaitsAndIsRefusedThen() throws Exception {
        super.synchronousSendWaitsAndIsRefusedThen();
    }
}
