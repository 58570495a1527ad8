package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import floodway.interop.Setting;
import floodway.interop.Skipped;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;
import javax.jms.BytesMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.command.ActiveMQQueue;

/** ActiveMQ's command line, and a real ActiveMQ whose network connector leads to the broker. */
public final class Neighbours extends Fixture {
    private static final long BRIDGES = 15_000;
    private static boolean isStarted;

    /** A session on the neighbour, which is started when first asked for. */
    private Session neighbour() throws Exception {
        if (!isStarted) {
            Setting.bridge("start");
            isStarted = true;
        }
        ActiveMQConnection connection = track(new ActiveMQConnectionFactory(
                "tcp://" + Setting.HOST + ":" + Setting.BRIDGE_PORT).createConnection());
        connection.start();
        return session(connection);
    }

    /** Runs ActiveMQ's command line and gives what it printed. */
    private static String console(String... arguments) throws Exception {
        if (Setting.CONSOLE.isEmpty()) {
            throw new Skipped("no command line of ActiveMQ");
        }
        String line = Setting.CONSOLE + " " + String.join(" ", arguments) + " --brokerUrl " + Setting.tcp("");
        Process process = new ProcessBuilder("sh", "-c", line).redirectErrorStream(true).start();
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        process.getInputStream().transferTo(printed);
        holds(process.waitFor(COMES, TimeUnit.MILLISECONDS), "the command does not end");
        equal(0, process.exitValue());
        return printed.toString();
    }

    private static void awaited(MessageConsumer consumer, String expected) throws Exception {
        TextMessage got = (TextMessage) consumer.receive(BRIDGES);
        holds(got != null, "no message came");
        equal(expected, got.getText());
    }

    @Check(limit = 120)
    public void consoleSends() throws Exception {
        String name = ((ActiveMQQueue) queue()).getQualifiedName();
        console("producer", "--destination", name, "--messageCount", "20", "--persistent", "true");
        MessageConsumer consumer = session().createConsumer(queue());
        for (int i = 0; i < 20; i++) {
            receive(consumer);
        }
        nothing(consumer);
    }

    @Check(limit = 120)
    public void consoleReceives() throws Exception {
        number(session(), queue(), 20);
        String name = ((ActiveMQQueue) queue()).getQualifiedName();
        console("consumer", "--destination", name, "--messageCount", "20");
        nothing(session().createConsumer(queue()));
    }

    @Check(limit = 120)
    public void bridgeForwardsWhatHasAConsumerHere() throws Exception {
        MessageConsumer here = session().createConsumer(queue());
        Session there = neighbour();
        TextMessage message = there.createTextMessage("over the bridge ü");
        message.setIntProperty("n", 7);
        message.setJMSCorrelationID("c");
        there.createProducer(queue()).send(message);
        TextMessage got = (TextMessage) here.receive(BRIDGES);
        holds(got != null, "no message came");
        equal("over the bridge ü", got.getText());
        equal(7, got.getIntProperty("n"));
        equal("c", got.getJMSCorrelationID());
        equal(message.getJMSMessageID(), got.getJMSMessageID());
    }

    @Check(limit = 120)
    public void bridgeKeepsWhatNobodyWantsHere() throws Exception {
        Session there = neighbour();
        send(there, queue(), "stays");
        nothing(there.createConsumer(queue("other")));
        texts(there.createConsumer(queue()), "stays");
    }

    @Check(limit = 120)
    public void bridgeForwardsStaticallyWithoutConsumer() throws Exception {
        Queue included = new ActiveMQQueue("bridged.static");
        send(neighbour(), included, "static");
        awaited(session().createConsumer(included), "static");
    }

    @Check(limit = 120)
    public void bridgeForwardsTopics() throws Exception {
        MessageConsumer here = session().createConsumer(topic());
        Session there = neighbour();
        // The demand takes a moment to cross, and topics keep nothing for it.
        becomes(() -> {
            send(there, topic(), "t");
            return here.receive(NOTHING) != null;
        }, () -> "nothing crosses");
    }

    @Check(limit = 120)
    public void bridgeForwardsAThousandInOrder() throws Exception {
        MessageConsumer here = session().createConsumer(queue());
        number(neighbour(), queue(), 1000);
        for (int i = 1; i <= 1000; i++) {
            awaited(here, Integer.toString(i));
        }
        nothing(here);
    }

    /** Three times what the queue here may hold comes over, whatever its policy says to a send. */
    private void fillsAndDrains(String name) throws Exception {
        Queue full = new ActiveMQQueue(name);
        Session there = neighbour();
        MessageProducer producer = there.createProducer(full);
        for (int i = 0; i < 300; i++) {
            BytesMessage message = there.createBytesMessage();
            message.setIntProperty("n", i);
            message.writeBytes(new byte[10_000]);
            producer.send(message);
        }
        Session here = session();
        becomes(() -> {
            int count = 0;
            for (var seen = here.createBrowser(full).getEnumeration(); seen.hasMoreElements(); count++) {
                seen.nextElement();
            }
            return count >= 80;
        }, () -> "the queue does not fill up");
        MessageConsumer consumer = here.createConsumer(full);
        BitSet got = new BitSet();
        while (got.cardinality() < 300) {
            Message message = consumer.receive(BRIDGES);
            holds(message != null, got.cardinality() + " came");
            got.set(message.getIntProperty("n"));
        }
    }

    @Check(limit = 120)
    public void bridgeWaitsForAFullQueueAndLosesNothing() throws Exception {
        fillsAndDrains("small.bridged");
    }

    @Check(limit = 120)
    public void bridgeLosesNothingWhereSendsAreRefused() throws Exception {
        fillsAndDrains("fail.bridged");
    }

    @Check(limit = 120)
    public void bridgeStopsWhenTheConsumerLeaves() throws Exception {
        MessageConsumer here = session().createConsumer(queue());
        Session there = neighbour();
        send(there, queue(), "first");
        awaited(here, "first");
        here.close();
        // What is sent now stays there, once the demand is gone.
        becomes(() -> {
            send(there, queue(), "later");
            MessageConsumer consumer = there.createConsumer(queue());
            boolean stays = consumer.receive(NOTHING) != null;
            consumer.close();
            return stays;
        }, () -> "everything still crosses");
    }

    @Check(limit = 120, improvement = "tells only brokers that it connects to itself")
    public void failoverClientsAreSpreadOverTheBrokers() throws Exception {
        MessageConsumer here = session().createConsumer(queue());
        // The neighbour is started, and known once something crosses.
        Session there = neighbour();
        send(there, queue(), "known");
        awaited(here, "known");
        List<ActiveMQConnection> clients = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            ActiveMQConnection client = track(new ActiveMQConnectionFactory("failover:(tcp://"
                    + Setting.HOST + ":" + Setting.SPREAD_PORT + ")?randomize=false").createConnection());
            client.start();
            clients.add(client);
        }
        becomes(() -> away(clients) > 0, () -> "all clients stay at one broker");
        holds(away(clients) < clients.size(), "all clients went to the neighbour");
        for (ActiveMQConnection client : clients) {
            send(session(client), queue(), client.getClientID());
        }
        Set<String> got = new TreeSet<>();
        for (int i = 0; i < clients.size(); i++) {
            TextMessage message = (TextMessage) here.receive(BRIDGES);
            holds(message != null, "only " + got + " came");
            got.add(message.getText());
        }
        equal(clients.size(), got.size());
    }

    /** How many are connected to the neighbour. */
    private static int away(List<ActiveMQConnection> clients) {
        int away = 0;
        for (ActiveMQConnection client : clients) {
            if (String.valueOf(client.getTransport().getRemoteAddress()).endsWith(":" + Setting.BRIDGE_PORT)) {
                away++;
            }
        }
        return away;
    }

    @Check(limit = 120)
    public void bridgeComesBackAfterAKill() throws Exception {
        Session there = neighbour();
        Setting.control("kill");
        send(there, queue(), "meanwhile");
        Setting.control("start");
        MessageConsumer here = session(open()).createConsumer(queue());
        awaited(here, "meanwhile");
        send(there, queue(), "after");
        awaited(here, "after");
    }
}
