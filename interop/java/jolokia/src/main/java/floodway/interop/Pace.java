package floodway.interop;

/**
 * Keeps the messages that wait for some consumers between two marks, at any speed of the broker: they may
 * take one for two that are sent until the upper mark is reached, then two for one until the lower is.
 */
final class Pace {
    /** How far above the upper mark producers stop. */
    private static final int BEYOND = 50;

    private final int low;
    private final int high;
    private boolean fills = true;
    private boolean ended;
    private long pending;
    /** Halves of messages that may be taken. */
    private long credit;

    Pace(int low, int high) {
        this.low = low;
        this.high = high;
    }

    synchronized void sent() {
        pending++;
        credit += fills ? 1 : 4;
        turn();
    }

    synchronized void taken(int count) {
        pending -= count;
        turn();
    }

    private void turn() {
        if (fills && pending >= high) {
            fills = false;
        } else if (!fills && pending <= low) {
            fills = true;
            credit = 0;
        }
        notifyAll();
    }

    synchronized void awaitRoom() throws InterruptedException {
        while (!ended && pending >= high + BEYOND) {
            wait();
        }
    }

    /** False at the end. */
    synchronized boolean awaitCredit(int count) throws InterruptedException {
        while (!ended && credit < 2L * count) {
            wait();
        }
        credit -= 2L * count;
        return !ended;
    }

    synchronized void end() {
        ended = true;
        notifyAll();
    }
}
