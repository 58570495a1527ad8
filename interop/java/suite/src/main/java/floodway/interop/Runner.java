package floodway.interop;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Runs the checks one by one and writes one line for each: name, result, mark, reason. */
public final class Runner {
    private static final long END_LIMIT = 10_000;

    private final PrintWriter results;
    private int passed;
    private int unexpected;
    private int expected;
    private int skipped;

    private Runner(PrintWriter results) {
        this.results = results;
    }

    /**
     * Arguments: the file of results, then parts of names to choose checks (default: all); one that
     * begins with '!' leaves checks out.
     */
    public static void main(String[] arguments) throws Exception {
        Path file = Path.of(arguments[0]);
        List<String> wanted = List.of(arguments).subList(1, arguments.length);
        Runner runner;
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(file, StandardCharsets.UTF_8), true)) {
            out.println("# " + Setting.BROKER + " " + System.getProperty("suite.version", "")
                    + "\t" + Setting.CLIENT);
            runner = new Runner(out);
            for (Class<? extends Fixture> group : Groups.ALL) {
                for (Method method : checks(group)) {
                    String name = words(group.getSimpleName()) + ": " + words(method.getName());
                    if (isChosen(name, wanted)) {
                        runner.run(group, method, name);
                    }
                }
            }
        }
        System.out.printf("%d passed, %d failed, %d skipped, %d known or improvements%n", runner.passed,
                runner.unexpected, runner.skipped, runner.expected);
        // Clients that hang must not keep the process alive.
        Runtime.getRuntime().halt(runner.unexpected == 0 ? 0 : 1);
    }

    private static boolean isChosen(String name, List<String> wanted) {
        boolean isLeftOut = wanted.stream()
                .anyMatch(part -> part.startsWith("!") && name.contains(part.substring(1)));
        boolean isNamed = wanted.stream().allMatch(part -> part.startsWith("!"))
                || wanted.stream().anyMatch(name::contains);
        return isNamed && !isLeftOut;
    }

    private static List<Method> checks(Class<?> group) {
        List<Method> found = new ArrayList<>();
        // Those that several groups share are inherited.
        for (Method method : group.getMethods()) {
            if (method.isAnnotationPresent(Check.class)) {
                found.add(method);
            }
        }
        found.sort(Comparator.comparing(Method::getName));
        return found;
    }

    static String words(String name) {
        return name.replaceAll("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ").toLowerCase(Locale.ROOT);
    }

    private void run(Class<? extends Fixture> group, Method method, String name) throws Exception {
        Check check = method.getAnnotation(Check.class);
        Fixture fixture = group.getDeclaredConstructor().newInstance();
        fixture.begin(method.getName());
        Throwable[] failure = new Throwable[1];
        Thread thread = new Thread(() -> {
            try {
                method.invoke(fixture);
            } catch (InvocationTargetException thrown) {
                failure[0] = thrown.getCause();
            } catch (ReflectiveOperationException wrong) {
                failure[0] = wrong;
            }
        }, "check");
        thread.setDaemon(true);
        long begin = System.nanoTime();
        thread.start();
        thread.join(check.limit() * 1000L);
        String hung = thread.isAlive() ? "hung at " + place(thread.getStackTrace()) : null;
        thread.interrupt();
        Thread end = new Thread(fixture::end, "end");
        end.setDaemon(true);
        end.start();
        end.join(END_LIMIT);
        if (end.isAlive() && hung == null && failure[0] == null) {
            hung = "closing hung at " + place(end.getStackTrace());
        }
        long millis = (System.nanoTime() - begin) / 1_000_000;
        note(check, name, hung, failure[0], millis);
    }

    private void note(Check check, String name, String hung, Throwable failure, long millis)
            throws IOException {
        String mark = !check.improvement().isEmpty() ? "improvement: " + check.improvement()
                : !check.later().isEmpty() ? "later: " + check.later() : "";
        boolean excused = Setting.BROKER.equals("activemq") ? !check.improvement().isEmpty()
                : !check.later().isEmpty();
        String result;
        String reason = "";
        boolean surprises = Setting.BROKER.equals("activemq") && excused && hung == null && failure == null;
        if (surprises) {
            System.out.printf("NOTE %s: marked as an improvement, but passes%n", name);
        }
        if (failure instanceof Skipped) {
            result = "skipped";
            reason = failure.getMessage();
            skipped++;
        } else if (hung == null && failure == null) {
            result = "passed";
            passed++;
        } else {
            result = "failed";
            reason = hung != null ? hung : explain(failure);
            if (excused) {
                expected++;
            } else {
                unexpected++;
            }
        }
        results.println(String.join("\t", name, result, mark, reason));
        if (!result.equals("passed")) {
            System.out.printf("%s %s: %s%n", result.toUpperCase(Locale.ROOT), name, reason);
        } else if (millis > 10_000) {
            System.out.printf("slow: %s %d ms%n", name, millis);
        }
    }

    private static String explain(Throwable failure) {
        String where = place(failure.getStackTrace());
        String what = failure instanceof AssertionError ? failure.getMessage() : failure.toString();
        return (what + " at " + where).replaceAll("\\s+", " ");
    }

    /** The line of the check itself, not of the client or of the asserts. */
    private static String place(StackTraceElement[] trace) {
        for (StackTraceElement each : trace) {
            if (each.getClassName().contains("interop.checks.")) {
                return each.getFileName() + ":" + each.getLineNumber();
            }
        }
        return trace.length == 0 ? "?" : trace[0].toString();
    }
}
