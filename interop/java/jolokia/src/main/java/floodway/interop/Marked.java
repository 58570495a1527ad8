package floodway.interop;

import static floodway.interop.UnderLoad.WHILE;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Attributes that ActiveMQ's console, its command line or Amazon MQ's metrics read, and where Floodway
 * tells something else on purpose.
 *
 * <p>The console: its pages queues, topics, subscribers, connections, connection, queueConsumers,
 * queueProducers, topicSubscribers, topicProducers, scheduled, index. The command line: dstat and bstat;
 * query prints whatever there is. Amazon MQ: broker and destination metrics but for those of machine and
 * virtual machine, of KahaDB's journal files and of network connectors, which are no MBeans here.
 */
final class Marked {
    /** By the name under which an MBean is shown. */
    static final Map<String, List<String>> READ = read();
    private static final String SIZES = "ids and properties take some bytes more or less";
    /** Of these another value is meant to be. */
    private static final Map<String, Known> KNOWN = Map.ofEntries(
            Map.entry("Topics", new Known("\\d+ entries", "ActiveMQ has topics of advisories nobody reads")),
            Map.entry("TotalEnqueueCount", new Known("\\d+", "ActiveMQ counts its advisories")),
            Map.entry("JobSchedulerStoreLimit", new Known("53687091200", "ActiveMQ's limit is 0 until it is set")),
            Map.entry("AverageMessageSize", new Known("\\d+", SIZES)),
            Map.entry("CursorMemoryUsage", new Known("\\d+", SIZES)),
            Map.entry("MemoryUsageByteCount", new Known("\\d+", SIZES)),
            Map.entry("CurrentStatus", new Known("Getting Worried.*", "queues without consumers are told here")),
            Map.entry("DispatchAsync", new Known("true", "no send waits for a consumer here")),
            Map.entry("Slow", new Known("true", "one of its consumers is slow")),
            Map.entry("PrefetchSize", new Known("100", "what its consumer will have")),
            Map.entry("Topics" + WHILE, new Known("\\d+ entries", "ActiveMQ has topics of advisories nobody reads")),
            Map.entry("TotalEnqueueCount" + WHILE, new Known("as sent", "ActiveMQ counts its advisories")),
            Map.entry("JobSchedulerStoreLimit" + WHILE,
                    new Known("53687091200", "ActiveMQ's limit is 0 until it is set")),
            Map.entry("DispatchAsync" + WHILE, new Known("true", "no send waits for a consumer here")));

    /** What is told instead, and why. */
    private record Known(String here, String reason) {
    }

    private Marked() {
    }

    /** Why this is told here and not what ActiveMQ tells; null if there is no reason. */
    static String reason(String bean, String attribute, String told) {
        Known known = KNOWN.get(attribute + (bean.endsWith(WHILE) ? WHILE : ""));
        return known != null && told.matches(known.here) ? known.reason : null;
    }

    private static Map<String, List<String>> read() {
        List<String> broker = List.of("BrokerName", "BrokerId", "BrokerVersion", "Uptime", "CurrentConnectionsCount",
                "TotalConnectionsCount", "TotalEnqueueCount", "TotalDequeueCount", "TotalMessageCount",
                "TotalConsumerCount", "TotalProducerCount", "MemoryLimit", "MemoryPercentUsage", "StoreLimit",
                "StorePercentUsage", "TempLimit", "TempPercentUsage", "JobSchedulerStoreLimit",
                "JobSchedulerStorePercentUsage", "Queues", "Topics", "QueueSubscribers", "TopicSubscribers",
                "QueueProducers", "TopicProducers", "DurableTopicSubscribers", "InactiveDurableTopicSubscribers",
                "JMSJobScheduler");
        List<String> topic = List.of("Name", "QueueSize", "EnqueueCount", "DequeueCount", "DispatchCount",
                "ForwardCount", "InFlightCount", "ExpiredCount", "ConsumerCount", "ProducerCount",
                "MemoryPercentUsage", "MemoryUsageByteCount", "MemoryLimit", "TempUsagePercentUsage",
                "AverageEnqueueTime", "AverageMessageSize", "Subscriptions");
        List<String> queue = new ArrayList<>(topic);
        queue.addAll(List.of("Paused", "CursorMemoryUsage", "CursorPercentUsage", "MessageGroups", "DLQ"));
        List<String> consumer = List.of("ClientId", "ConnectionId", "SessionId", "SubscriptionId",
                "SubscriptionName", "DestinationName", "DestinationQueue", "DestinationTopic", "Selector", "Active",
                "Exclusive", "Retroactive", "Network", "PrefetchSize", "MaximumPendingMessageLimit",
                "PendingQueueSize", "DispatchedQueueSize", "MessageCountAwaitingAcknowledge", "DispatchedCounter",
                "EnqueueCounter", "DequeueCounter", "SlowConsumer");
        List<String> producer = List.of("ClientId", "ConnectionId", "SessionId", "ProducerId", "DestinationName",
                "DispatchAsync", "ProducerWindowSize", "ProducerBlocked", "TotalTimeBlocked", "SentCount");
        List<String> connection = List.of("ClientId", "RemoteAddress", "Active", "Connected", "Slow", "Blocked",
                "DispatchQueueSize", "ActiveTransactionCount", "Consumers", "Producers");
        Map<String, List<String>> read = new LinkedHashMap<>();
        read.put("Broker", broker);
        read.put("Queue", queue);
        read.put("Topic", topic);
        read.put("Durable subscription, offline", consumer);
        read.put("Connector", List.of("ConnectionCount"));
        read.put("Scheduler", List.of("AllJobs", "NextScheduleTime"));
        read.put("Health", List.of("CurrentStatus"));
        read.put("Broker, with clients", broker);
        read.put("Queue, with clients", queue);
        read.put("Queue of a transaction", queue);
        read.put("Topic, with clients", topic);
        for (String one : List.of("Consumer of a queue", "Subscriber of a topic", "Durable subscription, online")) {
            read.put(one, consumer);
        }
        read.put("Producer", producer);
        read.put("Connection", connection);
        read.put("Broker" + WHILE, broker);
        read.put("Queue" + WHILE, queue);
        read.put("Topic" + WHILE, topic);
        for (String one : List.of("Consumer of a queue", "Consumer of a queue, another", "Subscriber of a topic",
                "Subscriber of a topic, another", "Durable subscription")) {
            read.put(one + WHILE, consumer);
        }
        for (String one : List.of("Producer of a queue", "Producer of a queue, another", "Producer of a topic")) {
            read.put(one + WHILE, producer);
        }
        read.put("Connection of consumers" + WHILE, connection);
        read.put("Connection of producers" + WHILE, connection);
        return read;
    }
}
