package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import floodway.interop.Setting;
import floodway.interop.Skipped;
import javax.jms.ConnectionFactory;
import javax.jms.JMSConsumer;
import javax.jms.JMSContext;
import javax.jms.JMSRuntimeException;
import javax.jms.Message;
import javax.jms.TextMessage;

/** The simplified API of JMS 2.0, as far as the client has it. */
public final class Simplified extends Fixture {
    private JMSContext context(int mode) {
        if (!Setting.isJms2()) {
            throw new Skipped("the client has no JMS 2.0");
        }
        ConnectionFactory factory = factory("jms.redeliveryPolicy.initialRedeliveryDelay=0");
        return later(factory.createContext(mode));
    }

    private JMSContext context() {
        return context(JMSContext.AUTO_ACKNOWLEDGE);
    }

    @Check
    public void contextSendsAndReceives() throws Exception {
        JMSContext context = context();
        context.createProducer().send(queue(), "hello");
        JMSConsumer consumer = context.createConsumer(queue());
        equal("hello", ((TextMessage) consumer.receive(COMES)).getText());
        equal(null, consumer.receive(NOTHING));
    }

    @Check
    public void producerSetsPropertiesAndHeaders() throws Exception {
        JMSContext context = context();
        context.createProducer().setProperty("n", 7).setPriority(8).setTimeToLive(60_000)
                .setJMSCorrelationID("c").setJMSType("t").send(queue(), "x");
        Message got = context.createConsumer(queue()).receive(COMES);
        equal(7, got.getIntProperty("n"));
        equal(8, got.getJMSPriority());
        equal("c", got.getJMSCorrelationID());
        equal("t", got.getJMSType());
    }

    @Check
    public void contextCommitsAndRollsBack() throws Exception {
        JMSContext context = context(JMSContext.SESSION_TRANSACTED);
        context.createProducer().send(queue(), "gone");
        context.rollback();
        context.createProducer().send(queue(), "kept");
        context.commit();
        texts(session().createConsumer(queue()), "kept");
    }

    @Check
    public void contextAcknowledges() throws Exception {
        JMSContext context = context(JMSContext.CLIENT_ACKNOWLEDGE);
        context.createProducer().send(queue(), "a");
        holds(context.createConsumer(queue()).receive(COMES) != null, "no message came");
        context.acknowledge();
        context.close();
        nothing(session().createConsumer(queue()));
    }

    @Check
    public void durableConsumerIsKept() throws Exception {
        JMSContext first = context();
        first.setClientID(name());
        first.createDurableConsumer(topic(), "sub").close();
        first.createProducer().send(topic(), "a");
        JMSConsumer again = first.createDurableConsumer(topic(), "sub");
        equal("a", ((TextMessage) again.receive(COMES)).getText());
        again.close();
        first.unsubscribe("sub");
    }

    @Check
    public void bodyIsGivenByType() throws Exception {
        JMSContext context = context();
        context.createProducer().send(queue(), "text");
        Message got = context.createConsumer(queue()).receive(COMES);
        equal(true, got.isBodyAssignableTo(String.class));
        equal("text", got.getBody(String.class));
    }

    @Check
    public void childContextSharesTheConnection() throws Exception {
        JMSContext parent = context();
        JMSContext child = later(parent.createContext(JMSContext.AUTO_ACKNOWLEDGE));
        child.createProducer().send(queue(), "a");
        equal("a", ((TextMessage) parent.createConsumer(queue()).receive(COMES)).getText());
    }

    @Check
    public void brokenSelectorIsARuntimeException() throws Exception {
        JMSContext context = context();
        fails(JMSRuntimeException.class, () -> context.createConsumer(queue(), "= ="));
    }
}
