package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.jms.Connection;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageListener;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.messaginghub.pooled.jms.JmsPoolConnectionFactory;
import org.springframework.jms.connection.CachingConnectionFactory;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.jms.listener.DefaultMessageListenerContainer;
import org.springframework.jms.listener.SimpleMessageListenerContainer;

/** What applications put between themselves and the client. */
public final class SpringAndPool extends Fixture {
    private static final String AT_ONCE = "jms.redeliveryPolicy.initialRedeliveryDelay=0";

    private DefaultMessageListenerContainer container(MessageListener listener) {
        DefaultMessageListenerContainer container = new DefaultMessageListenerContainer();
        container.setConnectionFactory(factory(AT_ONCE));
        container.setDestination(queue());
        container.setReceiveTimeout(NOTHING);
        container.setMessageListener(listener);
        later(container::shutdown);
        return container;
    }

    private static void run(DefaultMessageListenerContainer container) {
        container.afterPropertiesSet();
        container.start();
    }

    private static String textOf(Message message) {
        try {
            return ((TextMessage) message).getText();
        } catch (JMSException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private JmsPoolConnectionFactory pool() {
        JmsPoolConnectionFactory pool = new JmsPoolConnectionFactory();
        pool.setConnectionFactory(factory(AT_ONCE));
        pool.setMaxConnections(2);
        later(pool::stop);
        return pool;
    }

    @Check
    public void listenerContainerReceives() throws Exception {
        List<String> got = new CopyOnWriteArrayList<>();
        run(container(message -> got.add(textOf(message))));
        send(session(), queue(), "a", "b", "c");
        becomes(() -> got.equals(List.of("a", "b", "c")), () -> "got " + got);
    }

    @Check
    public void listenerContainerRunsConcurrently() throws Exception {
        Set<String> got = ConcurrentHashMap.newKeySet();
        DefaultMessageListenerContainer container = container(message -> got.add(textOf(message)));
        container.setConcurrency("3-5");
        run(container);
        number(session(), queue(), 200);
        becomes(() -> got.size() == 200, () -> "got " + got.size());
    }

    @Check
    public void transactedContainerTriesAgain() throws Exception {
        List<String> got = new CopyOnWriteArrayList<>();
        DefaultMessageListenerContainer container = container(message -> {
            got.add(textOf(message));
            if (got.size() == 1) {
                throw new IllegalStateException("on purpose");
            }
        });
        container.setSessionTransacted(true);
        run(container);
        send(session(), queue(), "a");
        becomes(() -> got.equals(List.of("a", "a")), () -> "got " + got);
        container.shutdown();
        nothing(session().createConsumer(queue()));
    }

    @Check
    public void containerWithoutCacheReceives() throws Exception {
        CountDownLatch got = new CountDownLatch(3);
        DefaultMessageListenerContainer container = container(message -> got.countDown());
        container.setCacheLevel(DefaultMessageListenerContainer.CACHE_NONE);
        run(container);
        send(session(), queue(), "a", "b", "c");
        holds(got.await(20, TimeUnit.SECONDS), got.getCount() + " are missing");
    }

    @Check
    public void containerOverAPoolReceives() throws Exception {
        CountDownLatch got = new CountDownLatch(50);
        DefaultMessageListenerContainer container = container(message -> got.countDown());
        container.setConnectionFactory(pool());
        container.setConcurrentConsumers(3);
        run(container);
        number(session(), queue(), 50);
        holds(got.await(20, TimeUnit.SECONDS), got.getCount() + " are missing");
    }

    @Check
    public void durableContainerReceives() throws Exception {
        List<String> got = new CopyOnWriteArrayList<>();
        for (String text : List.of("first", "second")) {
            DefaultMessageListenerContainer container = container(message -> got.add(textOf(message)));
            container.setDestination(topic());
            container.setPubSubDomain(true);
            container.setSubscriptionDurable(true);
            container.setClientId(name());
            container.setDurableSubscriptionName("sub");
            run(container);
            becomes(container::isRegisteredWithDestination, () -> "it does not register");
            send(session(), topic(), text);
            becomes(() -> got.contains(text), () -> "got " + got);
            container.shutdown();
            send(session(), topic(), "meanwhile");
        }
        becomes(() -> got.contains("meanwhile"), () -> "got " + got);
    }

    @Check
    public void simpleContainerReceives() throws Exception {
        CountDownLatch got = new CountDownLatch(3);
        SimpleMessageListenerContainer container = new SimpleMessageListenerContainer();
        container.setConnectionFactory(factory(""));
        container.setDestination(queue());
        container.setMessageListener((MessageListener) message -> got.countDown());
        later(container::shutdown);
        container.afterPropertiesSet();
        container.start();
        send(session(), queue(), "a", "b", "c");
        holds(got.await(COMES, TimeUnit.MILLISECONDS), got.getCount() + " are missing");
    }

    @Check
    public void templateSendsAndReceives() throws Exception {
        CachingConnectionFactory caching = new CachingConnectionFactory(factory(""));
        later(caching::destroy);
        JmsTemplate template = new JmsTemplate(caching);
        template.setReceiveTimeout(COMES);
        for (int i = 0; i < 20; i++) {
            template.convertAndSend(queue(), "x" + i);
        }
        for (int i = 0; i < 20; i++) {
            equal("x" + i, template.receiveAndConvert(queue()));
        }
    }

    @Check
    public void templateOnABareFactoryOpensAndCloses() throws Exception {
        JmsTemplate template = new JmsTemplate(factory(""));
        template.setReceiveTimeout(COMES);
        for (int i = 0; i < 10; i++) {
            template.convertAndSend(queue(), "x" + i);
            equal("x" + i, template.receiveAndConvert(queue()));
        }
    }

    @Check
    public void templateAsksAndGetsItsReply() throws Exception {
        Session session = session(open());
        var replies = session.createProducer(null);
        session.createConsumer(queue()).setMessageListener(request -> {
            try {
                replies.send(request.getJMSReplyTo(), session.createTextMessage("re " + textOf(request)));
            } catch (JMSException failure) {
                throw new IllegalStateException(failure);
            }
        });
        JmsTemplate template = new JmsTemplate(factory(""));
        template.setReceiveTimeout(COMES);
        for (int i = 0; i < 5; i++) {
            String text = "x" + i;
            equal("re " + text, textOf(template.sendAndReceive(queue(), s -> s.createTextMessage(text))));
        }
    }

    @Check
    public void pooledConnectionsWork() throws Exception {
        JmsPoolConnectionFactory pool = pool();
        for (int i = 0; i < 30; i++) {
            Connection connection = pool.createConnection();
            connection.start();
            Session session = session(connection);
            send(session, queue(), "x" + i);
            texts(session.createConsumer(queue()), "x" + i);
            connection.close();
        }
        holds(pool.getNumConnections() <= 2, pool.getNumConnections() + " connections");
    }

    @Check
    public void pooledSessionsWorkTransacted() throws Exception {
        JmsPoolConnectionFactory pool = pool();
        for (int i = 0; i < 10; i++) {
            Connection connection = pool.createConnection();
            connection.start();
            Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
            send(session, queue(), "x" + i);
            if (i % 2 == 0) {
                session.commit();
            }
            connection.close();
        }
        MessageConsumer consumer = session().createConsumer(queue());
        texts(consumer, "x0", "x2", "x4", "x6", "x8");
        nothing(consumer);
    }

    @Check
    public void pooledTemporaryQueuesAreDeletedOnClose() throws Exception {
        Connection connection = pool().createConnection();
        connection.start();
        javax.jms.TemporaryQueue temporary = session(connection).createTemporaryQueue();
        Session stranger = session();
        send(stranger, temporary, "x");
        connection.close();
        becomes(() -> {
            try {
                send(stranger, temporary, "x");
                return false;
            } catch (JMSException refused) {
                return true;
            }
        }, () -> "it is still there");
    }
}
