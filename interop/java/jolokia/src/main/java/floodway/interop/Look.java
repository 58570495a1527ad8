package floodway.interop;

import floodway.interop.Flow.Part;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/** What an MBean said, and what the clients knew just before they asked it and just after. */
record Look(Facts before, Facts after, Map<String, Object> values) {
    /** What the clients knew at one moment. */
    record Facts(Map<Tally, Tally.Seen> seen) {
        static Facts of(Flow flow) {
            Map<Tally, Tally.Seen> seen = new HashMap<>();
            for (Part part : List.of(flow.queue, flow.topic)) {
                Stream.concat(part.producers().stream(), part.groups().stream().flatMap(List::stream))
                        .forEach(one -> seen.put(one, one.seen()));
            }
            return new Facts(seen);
        }

        long sum(List<Tally> tallies, ToLongFunction<Tally.Seen> what) {
            return tallies.stream().mapToLong(one -> what.applyAsLong(seen.get(one))).sum();
        }
    }

    /** Least and most that a value can be, and what it is at least on average over all looks. */
    record Bounds(double least, double most, double usual) {
        static final Bounds ZERO = new Bounds(0, 0, 0);

        Bounds(double least, double most) {
            this(least, most, Double.NEGATIVE_INFINITY);
        }

        Bounds plus(Bounds other) {
            return new Bounds(least + other.least, most + other.most, usual + other.usual);
        }

        Bounds minus(Bounds other) {
            return new Bounds(least - other.most, most - other.least);
        }

        boolean has(double value) {
            return value >= least && value <= most;
        }
    }

    /** How much happened while it was asked, at most. */
    long blur() {
        return after.seen.keySet().stream().mapToLong(one -> {
            Tally.Seen then = before.seen.get(one);
            Tally.Seen now = after.seen.get(one);
            return now.begun() - then.confirmed() + now.received() - then.received();
        }).sum();
    }

    Bounds sent(Part part) {
        return done(part.producers());
    }

    Bounds acknowledged(List<Tally> group) {
        return done(group);
    }

    private Bounds done(List<Tally> some) {
        return new Bounds(before.sum(some, Tally.Seen::confirmed), after.sum(some, Tally.Seen::begun));
    }

    /** A message was dispatched before it was received; no consumer has more than its window. */
    Bounds dispatched(Part part, List<Tally> group) {
        long windows = group.stream().mapToLong(one -> one.window).sum();
        double most = Math.min(sent(part).most, acknowledged(group).most + windows);
        // A broker may count just after it has written.
        return new Bounds(before.sum(group, Tally.Seen::received) - group.size(), most);
    }

    /** While more waits than fits, windows are mostly full: on average at least to three quarters. */
    Bounds inFlight(Part part, List<Tally> group) {
        Bounds some = dispatched(part, group).minus(acknowledged(group));
        long windows = group.stream().mapToLong(one -> one.window).sum();
        long wanted = group.stream().mapToLong(one -> one.prefetch).sum();
        return new Bounds(some.least, Math.min(some.most, windows), 0.75 * wanted);
    }

    /** Of transactions that acknowledge: one of each consumer at most, while it has received some. */
    Bounds transactions(List<Tally> group) {
        long open = group.stream().map(before.seen::get).filter(one -> one.received() > one.confirmed()).count();
        return new Bounds(0, group.size(), 0.7 * open);
    }
}
