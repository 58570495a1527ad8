package floodway.interop.checks;

/** The memory limit of a queue with vmQueueCursor. */
public final class FlowVmCursor extends Flow {
    @Override
    protected String place() {
        return "vm";
    }

    @Override
    protected int many() {
        return 300;
    }
}
