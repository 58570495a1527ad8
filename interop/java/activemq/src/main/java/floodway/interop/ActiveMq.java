package floodway.interop;

import org.apache.activemq.broker.BrokerFactory;
import org.apache.activemq.broker.BrokerService;

/** Runs ActiveMQ with the activemq.xml of the only argument until SIGTERM. */
public final class ActiveMq {
    private ActiveMq() {
    }

    public static void main(String[] arguments) throws Exception {
        BrokerService broker = BrokerFactory.createBroker("xbean:file:" + arguments[0], false);
        broker.start();
        broker.waitUntilStarted();
        broker.waitUntilStopped();
    }
}
