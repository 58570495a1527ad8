package floodway.interop.checks;

import floodway.interop.Check;

/** A limit of the store or the temp store. */
public abstract class FlowDisk extends Flow {
    private static final String STALLS = "reads nothing more from that connection";

    @Override
    protected final String place() {
        return "disk";
    }

    /** More than the limit, and less than makes the broker stop reading a connection. */
    @Override
    protected final int many() {
        return 480;
    }

    @Override
    protected final int size() {
        return 40_000;
    }

    @Override
    protected final boolean isFreed() {
        return false;
    }

    @Override
    @Check(limit = 120, improvement = STALLS)
    public void synchronousSendWaitsAlone() throws Exception {
        super.synchronousSendWaitsAlone();
    }

    @Override
    @Check(limit = 120, improvement = STALLS)
    public void windowOfTheProducerHoldsItBackAlone() throws Exception {
        super.windowOfTheProducerHoldsItBackAlone();
    }

    @Override
    @Check(limit = 120, improvement = STALLS)
    public void synchronousSendWaitsAndIsRefusedThen() throws Exception {
        super.synchronousSendWaitsAndIsRefusedThen();
    }

    @Override
    @Check(limit = 120, improvement = STALLS)
    public void withoutFlowControlOnlyDisksHoldSynchronousSendsBack() throws Exception {
        super.withoutFlowControlOnlyDisksHoldSynchronousSendsBack();
    }

    @Override
    @Check(limit = 120, improvement = STALLS)
    public void withoutFlowControlOnlyDisksHoldSendsWithAWindowBack() throws Exception {
        super.withoutFlowControlOnlyDisksHoldSendsWithAWindowBack();
    }

    @Override
    @Check(limit = 120, improvement = STALLS)
    public void withoutFlowControlOnlyDisksHoldAsynchronousSendsBack() throws Exception {
        super.withoutFlowControlOnlyDisksHoldAsynchronousSendsBack();
    }
}
