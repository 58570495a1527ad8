import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes docs/compatibility.md from the results of run.sh: both brokers side by side.
 *
 * <p>What jolokia.sh has written between its two marks stays as it is.
 */
public final class Table {
    /** As in MBeans.java. */
    private static final String BEGIN = "<!-- management names: written by interop/java/jolokia.sh -->";
    private static final String END = "<!-- end of management names -->";

    /** One run: a broker, a client, and the result of each check by its name. */
    private record Run(String broker, String client, Map<String, String> results) {
    }

    private final List<Run> runs = new ArrayList<>();
    private final Map<String, String> marks = new LinkedHashMap<>();

    /** Arguments: the folder of results, the file to write. */
    public static void main(String[] arguments) throws IOException {
        Table table = new Table();
        try (Stream<Path> files = Files.list(Path.of(arguments[0]))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".tsv")
                    && !f.endsWith("part.tsv")).sorted().toList()) {
                table.read(file);
            }
        }
        if (table.runs.isEmpty()) {
            System.err.println("no results in " + arguments[0] + "; run interop/java/run.sh first");
            System.exit(1);
        }
        table.runs.sort(Comparator.comparing((Run run) -> !run.broker.startsWith("Floodway"))
                .thenComparing(Run::broker).thenComparing(Run::client));
        Path out = Path.of(arguments[1]);
        String names = Files.exists(out) ? kept(Files.readString(out)) : "";
        Files.writeString(out, table.text(names));
    }

    /** The part of jolokia.sh, with a line feed before it; nothing if there is none. */
    private static String kept(String text) {
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END, Math.max(begin, 0));
        return begin < 0 || end < 0 ? "" : "\n" + text.substring(begin, end + END.length()) + "\n";
    }

    private void read(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        String[] head = lines.get(0).substring(2).split("\t");
        String broker = head[0].startsWith("floodway") ? "Floodway" : head[0].replace("activemq", "ActiveMQ");
        Run run = new Run(broker, head[1], new LinkedHashMap<>());
        for (String line : lines.subList(1, lines.size())) {
            String[] fields = line.split("\t", -1);
            run.results.put(fields[0], fields[1]);
            marks.put(fields[0], fields[2]);
        }
        runs.add(run);
    }

    private String text(String names) {
        StringBuilder text = new StringBuilder();
        text.append("# Compatibility: Floodway beside ActiveMQ Classic\n\n");
        text.append("Written by `interop/java/table` from the results of `interop/java/run.sh`, and management names by `interop/java/jolokia.sh`; not edited by hand.\n");
        text.append("Each line of a table with *yes* and *no* is a check of the suite in `interop/java`, run with ActiveMQ's own Java client.\n");
        text.append("*yes*: the broker does what the line says, with every client; *no*: it does not; *-*: not run, or without meaning for that client.\n\n");
        text.append("| broker | client | passed | failed | skipped |\n|---|---|---|---|---|\n");
        for (Run run : runs) {
            text.append("| ").append(run.broker).append(" | ").append(run.client).append(" | ")
                    .append(count(run, "passed")).append(" | ").append(count(run, "failed")).append(" | ")
                    .append(count(run, "skipped")).append(" |\n");
        }
        text.append(names);
        List<String> brokers = runs.stream().map(Run::broker).distinct().toList();
        String group = "";
        for (Map.Entry<String, String> each : marks.entrySet()) {
            String[] name = each.getKey().split(": ", 2);
            if (!name[0].equals(group)) {
                group = name[0];
                text.append("\n## ").append(Character.toUpperCase(group.charAt(0))).append(group.substring(1))
                        .append("\n\n| check | ").append(String.join(" | ", brokers)).append(" | note |\n|---")
                        .append("|---".repeat(brokers.size())).append("|---|\n");
            }
            String cells = brokers.stream().map(broker -> cell(broker, each.getKey()))
                    .collect(Collectors.joining(" | "));
            text.append("| ").append(name[1]).append(" | ").append(cells).append(" | ")
                    .append(note(each.getValue())).append(" |\n");
        }
        return text.toString();
    }

    private static String note(String mark) {
        return mark.replaceFirst("^improvement: ", "ActiveMQ ").replaceFirst("^later: ", "to come with: ");
    }

    private static long count(Run run, String result) {
        return run.results.values().stream().filter(result::equals).count();
    }

    /** "yes" or "no" if all clients agree, else which client saw what. */
    private String cell(String broker, String check) {
        Map<String, List<String>> clients = new TreeMap<>(Comparator.reverseOrder());
        for (Run run : runs) {
            if (run.broker.equals(broker)) {
                clients.computeIfAbsent(word(run.results.get(check)), word -> new ArrayList<>()).add(run.client);
            }
        }
        // What a client cannot do is no difference between brokers.
        if (clients.size() > 1) {
            clients.remove("-");
        }
        if (clients.size() == 1) {
            return clients.keySet().iterator().next();
        }
        return clients.entrySet().stream()
                .map(each -> each.getKey() + " (" + String.join(", ", each.getValue()) + ")")
                .collect(Collectors.joining(", "));
    }

    private static String word(String result) {
        if (result == null || result.equals("skipped")) {
            return "-";
        }
        return result.equals("passed") ? "yes" : "no";
    }
}
