package floodway.interop;

import floodway.interop.Flow.Part;
import floodway.interop.Look.Bounds;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * What an attribute can tell of traffic that its clients know: bounds in every look for its value, or for
 * its growth since before the traffic.
 *
 * <p>A law knows nothing of brokers. It counts only where it could have failed: the same readings, so much
 * less or so much more, must break it.
 */
record Law(String name, boolean grows, double less, double more, Bounded bounds) {
    /** Bytes that a broker may charge for a message besides its body. */
    private static final int OVERHEAD = 1200;
    /** Bytes that a store may have taken before it writes messages there. */
    private static final int BEGUN = 64 << 20;
    /** How far the average over the broker's messages may be from that over the clients'. */
    private static final double APART = 0.15;
    /** Messages that an average needs, many times those of all windows. */
    private static final int STEADY = 1500;

    /** Null where a look is too early to tell. */
    private interface Bounded {
        Bounds of(List<Part> parts, Look look);
    }

    /** In this order: the first that holds is what the attribute tells. */
    private static final List<Law> ALL = List.of(
            counter("as sent", (parts, look) -> sum(parts, look::sent)),
            counter("as acknowledged", (parts, look) -> each(parts, (part, group) -> look.acknowledged(group))),
            counter("as dispatched", (parts, look) -> each(parts, look::dispatched)),
            counter("as sent, to each", (parts, look) -> each(parts, (part, group) -> look.sent(part))),
            gauge("sent, not acknowledged",
                    (parts, look) -> each(parts, (part, group) -> look.sent(part).minus(look.acknowledged(group)))),
            gauge("dispatched, not acknowledged", (parts, look) -> each(parts, look::inFlight)),
            gauge("sent, not dispatched", (parts, look) -> each(parts,
                    (part, group) -> look.sent(part).minus(look.dispatched(part, group)))),
            gauge("transactions open", (parts, look) -> each(parts, (part, group) -> look.transactions(group))),
            gauge("bytes of what waits", Law::bytes),
            new Law("percent of the limit", false, 0.5, 2, Law::percent),
            new Law("percent of the store", false, 0, 20, Law::stored),
            new Law("bytes of a message", false, 0.5, 2,
                    (parts, look) -> new Bounds(Flow.BODY, Flow.BODY + OVERHEAD)),
            average("average until acknowledgement", Tally.Seen::untilAcknowledging, Tally.Seen::untilAcknowledged,
                    Tally.Seen::confirmed),
            average("average until dispatch", Tally.Seen::untilDispatch, Tally.Seen::untilReceipt,
                    Tally.Seen::received));

    private static Law counter(String name, Bounded bounds) {
        return new Law(name, true, 0.9, 1.1, bounds);
    }

    private static Law gauge(String name, Bounded bounds) {
        return new Law(name, true, 0.5, 2, bounds);
    }

    /** Of the times from sending to what has certainly happened before, and to what certainly after. */
    private static Law average(String name, ToLongFunction<Tally.Seen> least, ToLongFunction<Tally.Seen> most,
            ToLongFunction<Tally.Seen> count) {
        return new Law(name, false, 0.5, 2, (parts, look) -> {
            List<Tally> takers = parts.stream().flatMap(part -> part.groups().stream()).flatMap(List::stream).toList();
            List<Tally> senders = parts.stream().flatMap(part -> part.producers().stream()).toList();
            double messages = look.after().sum(takers, count);
            if (messages < STEADY) {
                return null;
            }
            // Messages arrive while they are being sent.
            double sending = (double) look.after().sum(senders, Tally.Seen::sending)
                    / look.after().sum(senders, Tally.Seen::confirmed);
            double from = (look.after().sum(takers, least) / messages - sending) / 1000;
            double until = look.after().sum(takers, most) / messages / 1000;
            return new Bounds(from * (1 - APART) - 1, until * (1 + APART) + 1);
        });
    }

    /** What the readings of an attribute tell; null if it is nothing of this. */
    static String judge(List<Part> parts, String attribute, List<Look> looks) {
        boolean isFraction = looks.get(0).values().get(attribute) instanceof Double;
        for (Law law : ALL) {
            if (law.name.startsWith("average") == isFraction && law.holds(parts, attribute, looks, 1)
                    && !law.holds(parts, attribute, looks, law.less)
                    && !law.holds(parts, attribute, looks, law.more)) {
                return law.name;
            }
        }
        return null;
    }

    /** Would it hold if so many times as much had been read? The first look is from before the traffic. */
    private boolean holds(List<Part> parts, String attribute, List<Look> looks, double times) {
        double before = number(looks.get(0), attribute);
        double all = 0;
        for (Look look : looks.subList(1, looks.size())) {
            double value = times * (number(look, attribute) - (grows ? before : 0));
            Bounds now = bounds.of(parts, look);
            if (now == null) {
                continue;
            }
            if (!now.has(value)) {
                return false;
            }
            all += value - now.usual();
        }
        return all >= 0;
    }

    static double number(Look look, String attribute) {
        return ((Number) look.values().get(attribute)).doubleValue();
    }

    private static Bounds sum(List<Part> parts, Function<Part, Bounds> what) {
        return parts.stream().map(what).reduce(Bounds.ZERO, Bounds::plus);
    }

    private static Bounds each(List<Part> parts, BiFunction<Part, List<Tally>, Bounds> what) {
        return sum(parts, part -> part.groups().stream().map(group -> what.apply(part, group))
                .reduce(Bounds.ZERO, Bounds::plus));
    }

    /** A message that goes to several groups is kept once; a durable one's may be on disk alone. */
    private static Bounds bytes(List<Part> parts, Look look) {
        Bounds waiting = sum(parts, part -> part.groups().stream()
                .map(group -> look.sent(part).minus(look.acknowledged(group)))
                .reduce((one, other) -> new Bounds(Math.min(one.least(), other.least()),
                        Math.max(one.most(), other.most()))).orElse(Bounds.ZERO));
        return new Bounds(waiting.least() * Flow.BODY, waiting.most() * (Flow.BODY + OVERHEAD));
    }

    private static Bounds percent(List<Part> parts, Look look) {
        if (!(look.values().get("MemoryLimit") instanceof Number limit) || limit.longValue() <= 0) {
            return new Bounds(1, 0);
        }
        Bounds bytes = bytes(parts, look);
        return new Bounds(Math.floor(bytes.least() * 100 / limit.longValue()),
                Math.ceil(bytes.most() * 100 / limit.longValue()));
    }

    /** At least what waits; at most all that was sent, and files that are only begun. */
    private static Bounds stored(List<Part> parts, Look look) {
        if (!(look.values().get("StoreLimit") instanceof Number limit) || limit.longValue() <= 0) {
            return new Bounds(1, 0);
        }
        double all = sum(parts, look::sent).most() * (Flow.BODY + OVERHEAD) + BEGUN;
        return new Bounds(Math.floor(bytes(parts, look).least() * 100 / limit.longValue()),
                Math.ceil(all * 100 / limit.longValue()));
    }
}
