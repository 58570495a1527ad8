package floodway.interop.checks;

/** The limit of the store. */
public final class FlowStore extends Flow {
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
}
