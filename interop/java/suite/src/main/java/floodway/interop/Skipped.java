package floodway.interop;

/** Says that a check has no meaning with this client. */
public final class Skipped extends RuntimeException {
    public Skipped(String reason) {
        super(reason);
    }
}
