package floodway.interop;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What one client knows of its own messages: a producer of those it sends, a consumer of those it takes.
 *
 * <p>Begun is counted before the client asks the broker, confirmed after the broker has answered; what
 * the broker has done lies between the two. Times are microseconds, summed over messages.
 */
final class Tally {
    /** What was so at one moment. Of a producer only the first two and the time of sending are used. */
    record Seen(long begun, long confirmed, long received, long sending, long untilDispatch, long untilReceipt,
            long untilAcknowledging, long untilAcknowledged) {
    }

    /** Most messages of a consumer that are dispatched and not acknowledged. */
    final int window;
    /** What it asked for: a broker keeps at least half of it with the consumer while messages wait. */
    final int prefetch;
    private final Deque<Long> acknowledging = new ArrayDeque<>();
    private Seen seen = new Seen(0, 0, 0, 0, 0, 0, 0, 0);

    Tally(int prefetch, int batch) {
        this.prefetch = prefetch;
        this.window = prefetch + batch;
    }

    synchronized Seen seen() {
        return seen;
    }

    synchronized void begin() {
        seen = new Seen(seen.begun + 1, seen.confirmed, 0, seen.sending, 0, 0, 0, 0);
    }

    synchronized void confirm(long begunMicros) {
        seen = new Seen(seen.begun, seen.confirmed + 1, 0, seen.sending + micros() - begunMicros, 0, 0, 0, 0);
    }

    /**
     * A message was received. It was dispatched before now, and not before the one that is a whole
     * window older was acknowledged.
     */
    synchronized void receive(long begunMicros) {
        Long room = acknowledging.size() < window ? null : acknowledging.removeFirst();
        long least = room == null ? 0 : Math.max(0, room - begunMicros);
        seen = new Seen(seen.begun, seen.confirmed, seen.received + 1, 0, seen.untilDispatch + least,
                seen.untilReceipt + micros() - begunMicros, seen.untilAcknowledging, seen.untilAcknowledged);
    }

    /** The sum of the times at which the messages of the batch were sent. */
    synchronized void beginBatch(int count, long begunMicros) {
        long now = micros();
        for (int i = 0; i < count; i++) {
            acknowledging.addLast(now);
        }
        seen = new Seen(seen.begun + count, seen.confirmed, seen.received, 0, seen.untilDispatch, seen.untilReceipt,
                seen.untilAcknowledging + count * now - begunMicros, seen.untilAcknowledged);
    }

    synchronized void confirmBatch(int count, long begunMicros) {
        seen = new Seen(seen.begun, seen.confirmed + count, seen.received, 0, seen.untilDispatch, seen.untilReceipt,
                seen.untilAcknowledging, seen.untilAcknowledged + count * micros() - begunMicros);
    }

    static long micros() {
        return System.nanoTime() / 1000;
    }
}
