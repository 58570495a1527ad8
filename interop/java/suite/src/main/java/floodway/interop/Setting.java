package floodway.interop;

/** What the driver says about the broker under test, through system properties. */
public final class Setting {
    /** Address of the broker's OpenWire connector. */
    public static final String HOST = System.getProperty("suite.host", "127.0.0.1");
    public static final int PORT = Integer.getInteger("suite.port", 61616);
    /** "floodway" or "activemq"; decides only how a failure counts, never what is checked. */
    public static final String BROKER = System.getProperty("suite.broker", "floodway");
    /** Version of the ActiveMQ client on the class path. */
    public static final String CLIENT = System.getProperty("suite.client", "?");
    /** A command that takes start, stop or kill as its last argument; empty if there is none. */
    public static final String CONTROL = System.getProperty("suite.control", "");

    private Setting() {
    }

    /** The plain address; options are separated by '&' and start without '?'. */
    public static String tcp(String options) {
        return "tcp://" + HOST + ":" + PORT + (options.isEmpty() ? "" : "?" + options);
    }

    /** Whether the client implements the simplified API of JMS 2.0. */
    public static boolean isJms2() {
        return !CLIENT.startsWith("5.");
    }

    /** Runs the driver's command; the broker has started or ended when it returns. */
    public static void control(String verb) throws Exception {
        if (CONTROL.isEmpty()) {
            throw new Skipped("no command to " + verb + " the broker");
        }
        Process process = new ProcessBuilder("sh", "-c", CONTROL + " " + verb)
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        int code = process.waitFor();
        if (code != 0) {
            throw new IllegalStateException("the command to " + verb + " the broker ended with " + code);
        }
    }
}
