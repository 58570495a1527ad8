package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.QueueBrowser;
import javax.jms.Session;
import javax.jms.TextMessage;

/** A browser shows what waits and changes nothing. */
public final class Browsing extends Fixture {
    private static List<String> browse(QueueBrowser browser) throws Exception {
        List<String> texts = new ArrayList<>();
        for (Object each : Collections.list((Enumeration<?>) browser.getEnumeration())) {
            texts.add(((TextMessage) each).getText());
        }
        return texts;
    }

    @Check
    public void showsMessagesInOrder() throws Exception {
        send(session(), queue(), "a", "b", "c");
        equal(List.of("a", "b", "c"), browse(session().createBrowser(queue())));
    }

    @Check
    public void removesNothing() throws Exception {
        send(session(), queue(), "a", "b");
        Session session = session();
        browse(session.createBrowser(queue()));
        browse(session.createBrowser(queue()));
        texts(session.createConsumer(queue()), "a", "b");
    }

    @Check
    public void doesNotCountAsDelivery() throws Exception {
        send(session(), queue(), "a");
        QueueBrowser browser = session().createBrowser(queue());
        browse(browser);
        browser.close();
        equal(1, receive(session().createConsumer(queue())).getIntProperty("JMSXDeliveryCount"));
    }

    @Check
    public void emptyQueueEnds() throws Exception {
        equal(List.of(), browse(session().createBrowser(queue())));
    }

    @Check
    public void choosesBySelector() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        for (int i = 1; i <= 4; i++) {
            TextMessage message = session.createTextMessage(Integer.toString(i));
            message.setIntProperty("n", i);
            producer.send(message);
        }
        equal(List.of("3", "4"), browse(session.createBrowser(queue(), "n > 2")));
    }

    @Check
    public void tellsQueueAndSelector() throws Exception {
        QueueBrowser browser = session().createBrowser(queue(), "n = 1");
        equal(queue(), browser.getQueue());
        equal("n = 1", browser.getMessageSelector());
    }

    @Check
    public void canBeEnumeratedAgain() throws Exception {
        Session session = session();
        send(session, queue(), "a");
        QueueBrowser browser = session.createBrowser(queue());
        equal(List.of("a"), browse(browser));
        send(session, queue(), "b");
        equal(List.of("a", "b"), browse(browser));
    }

    @Check
    public void showsMoreThanItsWindow() throws Exception {
        Session session = session(open("jms.prefetchPolicy.queueBrowserPrefetch=10"));
        number(session, queue(), 150);
        List<String> shown = browse(session.createBrowser(queue()));
        equal(150, shown.size());
        equal("150", shown.get(149));
    }

    @Check
    public void showsTheWholeQueue() throws Exception {
        Session session = session();
        number(session, queue(), 1000);
        equal(1000, browse(session.createBrowser(queue())).size());
    }

    @Check
    public void hidesUncommitted() throws Exception {
        Session session = session(Session.SESSION_TRANSACTED);
        send(session, queue(), "uncommitted");
        equal(List.of(), browse(session().createBrowser(queue())));
        session.commit();
        equal(List.of("uncommitted"), browse(session().createBrowser(queue())));
    }

    @Check
    public void worksInATransactedSession() throws Exception {
        send(session(), queue(), "a");
        Session session = session(Session.SESSION_TRANSACTED);
        equal(List.of("a"), browse(session.createBrowser(queue())));
        session.commit();
        texts(session().createConsumer(queue()), "a");
    }

    @Check
    public void showsNothingThatIsGone() throws Exception {
        Session session = session();
        send(session, queue(), "a", "b");
        MessageConsumer consumer = session.createConsumer(queue());
        texts(consumer, "a");
        consumer.close();
        equal(List.of("b"), browse(session.createBrowser(queue())));
    }
}
