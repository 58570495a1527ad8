package floodway.interop.checks;

import floodway.interop.Check;
import floodway.interop.Fixture;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import javax.jms.BytesMessage;
import javax.jms.DeliveryMode;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageEOFException;
import javax.jms.MessageFormatException;
import javax.jms.MessageNotReadableException;
import javax.jms.MessageNotWriteableException;
import javax.jms.MessageProducer;
import javax.jms.ObjectMessage;
import javax.jms.Session;
import javax.jms.StreamMessage;
import javax.jms.TextMessage;
import javax.jms.Topic;

/** Bodies arrive as they were sent, of the type they were sent as. */
public final class MessageTypes extends Fixture {
    @Check
    public void textStaysAsItIs() throws Exception {
        equal("plain text", through(session().createTextMessage("plain text")).getText());
    }

    @Check
    public void emptyTextStaysEmpty() throws Exception {
        equal("", through(session().createTextMessage("")).getText());
    }

    @Check
    public void textThatWasNotSetIsNull() throws Exception {
        equal(null, through(session().createTextMessage()).getText());
    }

    @Check
    public void textKeepsEveryCharacter() throws Exception {
        String text = "tab\t line\r\n quote\" nul\u0000 ünï ελ 漢字 🌊 \ud83d\ude00 end";
        equal(text, through(session().createTextMessage(text)).getText());
    }

    @Check
    public void textLongerThanShortLengthsArrives() throws Exception {
        String text = "0123456789äöü".repeat(20_000);
        equal(text, through(session().createTextMessage(text)).getText());
    }

    @Check
    public void plainMessageHasNoBody() throws Exception {
        Message got = through(session().createMessage());
        holds(!(got instanceof TextMessage) && !(got instanceof BytesMessage), "type is " + got.getClass());
    }

    @Check
    public void bytesKeepEveryPrimitive() throws Exception {
        BytesMessage sent = session().createBytesMessage();
        sent.writeBoolean(true);
        sent.writeByte((byte) -7);
        sent.writeShort((short) -30_000);
        sent.writeChar('漢');
        sent.writeInt(Integer.MIN_VALUE);
        sent.writeLong(Long.MIN_VALUE);
        sent.writeFloat(1.5f);
        sent.writeDouble(-0.1);
        sent.writeUTF("ü🌊");
        sent.writeBytes(new byte[] {1, 2, 3});
        BytesMessage got = through(sent);
        equal(true, got.readBoolean());
        equal((byte) -7, got.readByte());
        equal((short) -30_000, got.readShort());
        equal('漢', got.readChar());
        equal(Integer.MIN_VALUE, got.readInt());
        equal(Long.MIN_VALUE, got.readLong());
        equal(1.5f, got.readFloat());
        equal(-0.1, got.readDouble());
        equal("ü🌊", got.readUTF());
        byte[] rest = new byte[8];
        equal(3, got.readBytes(rest));
        equal(-1, got.readBytes(rest));
    }

    @Check
    public void bytesTellTheirLength() throws Exception {
        BytesMessage sent = session().createBytesMessage();
        sent.writeBytes(new byte[12_345]);
        equal(12_345L, through(sent).getBodyLength());
    }

    @Check
    public void bytesWithoutContentAreEmpty() throws Exception {
        BytesMessage got = through(session().createBytesMessage());
        equal(0L, got.getBodyLength());
        fails(MessageEOFException.class, got::readByte);
    }

    @Check
    public void bytesKeepEveryValue() throws Exception {
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        BytesMessage sent = session().createBytesMessage();
        sent.writeBytes(all);
        byte[] got = new byte[256];
        equal(256, through(sent).readBytes(got));
        equal(all, got);
    }

    @Check
    public void bytesCanBeReadAgainAfterReset() throws Exception {
        BytesMessage sent = session().createBytesMessage();
        sent.writeInt(42);
        BytesMessage got = through(sent);
        equal(42, got.readInt());
        got.reset();
        equal(42, got.readInt());
    }

    @Check
    public void mapKeepsEveryType() throws Exception {
        MapMessage sent = session().createMapMessage();
        sent.setBoolean("boolean", true);
        sent.setByte("byte", (byte) 1);
        sent.setShort("short", (short) 2);
        sent.setChar("char", 'c');
        sent.setInt("int", 3);
        sent.setLong("long", Long.MAX_VALUE);
        sent.setFloat("float", 4.5f);
        sent.setDouble("double", 5.25);
        sent.setString("string", "ü");
        sent.setBytes("bytes", new byte[] {6, 7});
        MapMessage got = through(sent);
        equal(true, got.getObject("boolean"));
        equal((byte) 1, got.getObject("byte"));
        equal((short) 2, got.getObject("short"));
        equal('c', got.getObject("char"));
        equal(3, got.getObject("int"));
        equal(Long.MAX_VALUE, got.getObject("long"));
        equal(4.5f, got.getObject("float"));
        equal(5.25, got.getObject("double"));
        equal("ü", got.getObject("string"));
        equal(new byte[] {6, 7}, got.getBytes("bytes"));
    }

    @Check
    public void mapListsItsNames() throws Exception {
        MapMessage sent = session().createMapMessage();
        sent.setInt("one", 1);
        sent.setInt("two", 2);
        List<Object> names = new ArrayList<>();
        Collections.list(through(sent).getMapNames()).forEach(names::add);
        equal(true, names.size() == 2 && names.contains("one") && names.contains("two"));
    }

    @Check
    public void mapKnowsNullFromAbsent() throws Exception {
        MapMessage sent = session().createMapMessage();
        sent.setString("null", null);
        MapMessage got = through(sent);
        holds(got.itemExists("null"), "the item is gone");
        equal(null, got.getString("null"));
        holds(!got.itemExists("absent"), "an absent item exists");
    }

    @Check
    public void mapWithoutItemsIsEmpty() throws Exception {
        holds(!through(session().createMapMessage()).getMapNames().hasMoreElements(), "items in it");
    }

    @Check
    public void mapKeepsLongStrings() throws Exception {
        String text = "ß".repeat(50_000);
        MapMessage sent = session().createMapMessage();
        sent.setString("long", text);
        equal(text, through(sent).getString("long"));
    }

    @Check
    public void mapConvertsAsTheStandardSays() throws Exception {
        MapMessage sent = session().createMapMessage();
        sent.setInt("int", 9);
        sent.setString("text", "12");
        MapMessage got = through(sent);
        equal("9", got.getString("int"));
        equal(12L, got.getLong("text"));
        fails(MessageFormatException.class, () -> got.getShort("int"));
    }

    @Check
    public void mapHoldsNestedMapsAndLists() throws Exception {
        MapMessage sent = session().createMapMessage();
        sent.setObject("map", Map.of("inner", List.of(1, "two", 3.0)));
        equal("{inner=[1, two, 3.0]}", through(sent).getObject("map").toString());
    }

    @Check
    public void streamKeepsOrderAndTypes() throws Exception {
        StreamMessage sent = session().createStreamMessage();
        sent.writeBoolean(false);
        sent.writeByte((byte) 1);
        sent.writeShort((short) 2);
        sent.writeChar('x');
        sent.writeInt(3);
        sent.writeLong(4);
        sent.writeFloat(5.5f);
        sent.writeDouble(6.5);
        sent.writeString("seven");
        sent.writeObject(null);
        StreamMessage got = through(sent);
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            items.add(got.readObject());
        }
        List<Object> expected = new ArrayList<>(List.of(false, (byte) 1, (short) 2, 'x', 3, 4L, 5.5f, 6.5));
        expected.add("seven");
        expected.add(null);
        equal(expected, items);
        fails(MessageEOFException.class, got::readObject);
    }

    @Check
    public void streamGivesBytesInPieces() throws Exception {
        StreamMessage sent = session().createStreamMessage();
        sent.writeBytes(new byte[] {1, 2, 3, 4, 5});
        StreamMessage got = through(sent);
        byte[] piece = new byte[3];
        equal(3, got.readBytes(piece));
        equal(new byte[] {1, 2, 3}, piece);
        equal(2, got.readBytes(piece));
        equal(-1, got.readBytes(piece));
    }

    @Check
    public void streamReadsAgainWhatCouldNotBeConverted() throws Exception {
        StreamMessage sent = session().createStreamMessage();
        sent.writeString("no number");
        StreamMessage got = through(sent);
        fails(NumberFormatException.class, got::readInt);
        equal("no number", got.readString());
    }

    @Check
    public void objectComesBackEqual() throws Exception {
        ArrayList<String> value = new ArrayList<>(List.of("a", "ü", "c"));
        equal(value, through(session().createObjectMessage(value)).getObject());
    }

    @Check
    public void objectMayBeNull() throws Exception {
        equal(null, through(session().createObjectMessage()).getObject());
    }

    @Check
    public void objectOfForeignPackageIsRefusedByTheClient() throws Exception {
        Session sender = session();
        sender.createProducer(queue()).send(sender.createObjectMessage(new java.math.BigDecimal("1.5")));
        var factory = factory("");
        factory.setTrustAllPackages(false);
        factory.setTrustedPackages(List.of("floodway"));
        var connection = track(factory.createConnection());
        connection.start();
        ObjectMessage got = (ObjectMessage) receive(session(connection).createConsumer(queue()));
        fails(javax.jms.JMSException.class, got::getObject);
    }

    @Check
    public void receivedBodyIsReadOnly() throws Exception {
        TextMessage got = through(session().createTextMessage("x"));
        fails(MessageNotWriteableException.class, () -> got.setText("y"));
        got.clearBody();
        got.setText("y");
        equal("y", got.getText());
    }

    @Check
    public void writtenBytesAreNotReadable() throws Exception {
        BytesMessage message = session().createBytesMessage();
        message.writeInt(1);
        fails(MessageNotReadableException.class, message::readInt);
    }

    @Check
    public void clearedBodyKeepsProperties() throws Exception {
        TextMessage sent = session().createTextMessage("x");
        sent.setStringProperty("kept", "yes");
        TextMessage got = through(sent);
        got.clearBody();
        equal(null, got.getText());
        equal("yes", got.getStringProperty("kept"));
    }

    @Check
    public void receivedMessageCanBeForwarded() throws Exception {
        TextMessage first = session().createTextMessage("forward me");
        first.setIntProperty("hop", 1);
        TextMessage got = through(first);
        String id = got.getJMSMessageID();
        Session session = session();
        session.createProducer(queue("next")).send(got);
        TextMessage second = (TextMessage) receive(session.createConsumer(queue("next")));
        equal("forward me", second.getText());
        equal(1, second.getIntProperty("hop"));
        holds(!id.equals(second.getJMSMessageID()), "the forwarded message kept its id");
    }

    @Check
    public void sentMessageCanBeSentAgain() throws Exception {
        Session session = session();
        MessageProducer producer = session.createProducer(queue());
        TextMessage message = session.createTextMessage("one");
        producer.send(message);
        message.setText("two");
        producer.send(message);
        texts(session.createConsumer(queue()), "one", "two");
    }

    @Check
    public void everyTypePassesATopicToTwoConsumers() throws Exception {
        Session session = session();
        Topic topic = topic();
        List<MessageConsumer> consumers =
                List.of(session.createConsumer(topic), session.createConsumer(topic));
        MessageProducer producer = session.createProducer(topic);
        producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
        MapMessage map = session.createMapMessage();
        map.setInt("i", 1);
        StreamMessage stream = session.createStreamMessage();
        stream.writeInt(2);
        BytesMessage bytes = session.createBytesMessage();
        bytes.writeInt(3);
        for (Message each : List.of(map, stream, bytes, session.createObjectMessage(4),
                session.createTextMessage("5"), session.createMessage())) {
            producer.send(each);
        }
        for (MessageConsumer consumer : consumers) {
            equal(1, ((MapMessage) receive(consumer)).getInt("i"));
            equal(2, ((StreamMessage) receive(consumer)).readInt());
            equal(3, ((BytesMessage) receive(consumer)).readInt());
            equal(4, ((ObjectMessage) receive(consumer)).getObject());
            equal("5", text(consumer));
            receive(consumer);
        }
    }
}
