package floodway.interop.checks;

/** The memory limit of a queue, met by persistent messages that may not leave memory. */
public final class FlowMemory extends Flow {
    @Override
    protected String place() {
        return "memory";
    }

    @Override
    protected int many() {
        return 300;
    }
}
