package floodway.interop;

/** What the driver says about the broker under test, through system properties. */
public final class Setting {
    /** Address of the broker's OpenWire connector. */
    public static final String HOST = System.getProperty("suite.host", "127.0.0.1");
    public static final int PORT = Integer.getInteger("suite.port", 61616);
    /** Its connector that spreads failover clients over the brokers that bridge to it. */
    public static final int SPREAD_PORT = Integer.getInteger("suite.spread.port", 0);
    /** "floodway" or "activemq"; decides only how a failure counts, never what is checked. */
    public static final String BROKER = System.getProperty("suite.broker", "floodway");
    /** Version of the ActiveMQ client on the class path. */
    public static final String CLIENT = System.getProperty("suite.client", "?");
    /** A command that takes start, stop or kill as its last argument; empty if there is none. */
    public static final String CONTROL = System.getProperty("suite.control", "");
    /** The same for a real ActiveMQ that bridges to the broker under test, and its port. */
    public static final String BRIDGE = System.getProperty("suite.bridge", "");
    public static final int BRIDGE_PORT = Integer.getInteger("suite.bridge.port", 0);
    /** The same for a second broker under test, whose limits are small, and its port. */
    public static final String FLOW = System.getProperty("suite.flow", "");
    public static final int FLOW_PORT = Integer.getInteger("suite.flow.port", 0);
    /** The command line of ActiveMQ; empty if there is none. */
    public static final String CONSOLE = System.getProperty("suite.console", "");

    private Setting() {
    }

    /** The plain address; options are separated by '&' and start without '?'. */
    public static String tcp(String options) {
        return tcp(PORT, options);
    }

    /** The address of another broker. */
    public static String tcp(int port, String options) {
        return "tcp://" + HOST + ":" + port + (options.isEmpty() ? "" : "?" + options);
    }

    /** Whether the client implements the simplified API of JMS 2.0. */
    public static boolean isJms2() {
        return !CLIENT.startsWith("5.");
    }

    /** Runs the driver's command; the broker has started or ended when it returns. */
    public static void control(String verb) throws Exception {
        run(CONTROL, verb);
    }

    /** The same for the neighbour that bridges to it. */
    public static void bridge(String verb) throws Exception {
        run(BRIDGE, verb);
    }

    /** The same for the broker with small limits. */
    public static void flow(String verb) throws Exception {
        run(FLOW, verb);
    }

    private static void run(String command, String verb) throws Exception {
        if (command.isEmpty()) {
            throw new Skipped("no command to " + verb + " that broker");
        }
        Process process = new ProcessBuilder("sh", "-c", command + " " + verb)
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        int code = process.waitFor();
        if (code != 0) {
            throw new IllegalStateException("the command to " + verb + " that broker ended with " + code);
        }
    }
}
