package floodway.interop.checks;

/** The limit of the store. */
public final class FlowStore extends FlowDisk {
}
