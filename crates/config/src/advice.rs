//! Why known elements and attributes have no effect here, and what to do instead.
//!
//! A closed table by name. What is harmless to leave out is information; what changes how the
//! broker behaves is a warning; what would open the broker to people whom the file shuts out is an
//! error. Names that are missing here get the plain words of the sweep.

use roxmltree::Node;

use crate::reader::{is_core, name};
use crate::report::Severity;

use Severity::{Error, Info, Warning};

#[cfg(test)]
mod tests;

/// What to tell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Advice {
    pub(crate) severity: Severity,
    pub(crate) message: &'static str,
    pub(crate) advice: &'static str,
}

type Row = (
    &'static [&'static str],
    Severity,
    &'static str,
    &'static str,
);
type AttributeRow = (
    &'static str,
    &'static [&'static str],
    Severity,
    &'static str,
    &'static str,
);

/// By name of element.
#[rustfmt::skip]
const ELEMENTS: &[Row] = &[
    (&["networkConnectors", "networkConnector", "networkConnectorURIs", "ldapNetworkConnector",
       "multicastNetworkConnector", "jmsBridgeConnectors", "proxyConnectors"],
     Warning, "network connectors are not built yet: messages stay on this broker",
     "let clients connect to each broker"),
    (&["managementContext"],
     Info, "there is no JMX and no RMI port", "manage the broker with the floodway commands"),
    (&["shutdownHooks"],
     Info, "not needed: SIGTERM stops the broker cleanly", ""),
    (&["sslContext"],
     Info, "TLS is not built yet, and TLS connectors are skipped",
     "put a TLS proxy in front of the broker"),
    (&["jobSchedulerStore"],
     Info, "scheduled messages are kept with all others", "remove it"),
    (&["messageAuthorizationPolicy"],
     Error, "message authorization is not built yet, and without it everyone could read all",
     "remove it to start without authorization"),
    (&["dispatchPolicy"],
     Info, "a topic's subscriptions all get each message, in the same order",
     "remove it; exclusive consumers and message groups choose within queues"),
    (&["networkBridgeFilterFactory"],
     Info, "network connectors are not built yet", "remove it or do without"),
    (&["messageGroupMapFactory"],
     Info, "message groups keep one bounded map of their own", ""),
    (&["ioExceptionHandler"],
     Info, "a full disk pauses producers until there is space; a failed write stops the store",
     "remove it"),
    (&["taskRunnerFactory", "persistenceTaskRunnerFactory", "regionBroker", "destinationFactory"],
     Info, "belongs to the inside of ActiveMQ", "remove it"),
    (&["locker"],
     Info, "the data directory is always locked by its broker", "remove it"),
    (&["statements", "adapter"],
     Info, "there is no database", "remove it"),
    (&["commandAgent"],
     Info, "the command agent is gone from ActiveMQ too",
     "manage the broker with the floodway commands"),
    (&["connectionFactory", "xaConnectionFactory", "pooledConnectionFactory"],
     Info, "a client's connection factory has no meaning in a broker", "remove it"),
    (&["description"],
     Info, "a description for people", ""),
];

/// By element and attributes.
#[rustfmt::skip]
const ATTRIBUTES: &[AttributeRow] = &[
    ("broker", &["messageAuthorizationPolicy"],
     Error, "message authorization is not built yet, and without it everyone could read all",
     "remove it to start without authorization"),
    ("transportConnector", &["messageAuthorizationPolicy"],
     Error, "message authorization is not built yet, and without it everyone could read all",
     "remove it to start without authorization"),
    ("broker", &["useJmx", "createConnector", "mbeanInvocationTimeout", "populateUserNameInMBeans",
                 "enableStatistics", "adminView"],
     Info, "there is no JMX", "manage the broker with the floodway commands"),
    ("broker", &["start", "startAsync", "restartAllowed", "useShutdownHook",
                 "systemExitOnShutdown", "systemExitOnShutdownExitCode",
                 "destroyApplicationContextOnStop", "useLoggingForShutdownErrors"],
     Info, "the broker is a process of its own that starts at once and ends with SIGTERM", ""),
    ("broker", &["dedicatedTaskRunner", "taskRunnerPriority", "persistenceThreadPriority",
                 "virtualThreadTaskRunner", "storeOpenWireVersion", "networkConnectorStartAsync",
                 "cacheTempDestinations", "timeBeforePurgeTempDestinations", "brokerId",
                 "vmConnectorURI", "monitorConnectionSplits", "useTempMirroredQueues",
                 "shutdownOnMasterFailure", "dataDirectoryFile"],
     Info, "belongs to the inside of ActiveMQ and is not needed here", ""),
    ("broker", &["deleteAllMessagesOnStartup"],
     Warning, "messages are never deleted at start",
     "delete the data directory before the start if that is meant"),
    ("broker", &["schedulerDirectory", "schedulerDirectoryFile"],
     Info, "scheduled messages are kept with all others", "remove it"),
    ("broker", &["populateJMSXUserID", "useAuthenticatedPrincipalForJMSXUserID"],
     Warning, "logins are not built yet: messages do not carry JMSXUserID", "do without"),
    ("broker", &["useVirtualDestSubs", "useVirtualDestSubsOnCreation", "useMirroredQueues"],
     Warning, "mirrored queues, and bridges that follow virtual destinations, are not built yet",
     "let producers send to each destination"),
    ("policyEntry", &["optimizedDispatch", "lazyDispatch", "reduceMemoryFootprint",
                      "doOptimzeMessageStorage", "doOptimizeMessageStorage",
                      "optimizeMessageStoreInFlightLimit", "usePrefetchExtension",
                      "useTopicSubscriptionInflightStats", "advancedMessageStatisticsEnabled",
                      "advancedNetworkStatisticsEnabled", "allowTempDestinationStealing",
                      "maxExpirePageSize", "persistJMSRedelivered",
                      "messageGroupMapFactoryType"],
     Info, "a tuning of ActiveMQ that is not needed here", "remove it"),
    ("policyEntry", &["maxAuditDepth", "maxQueueAuditDepth", "maxProducersToAudit",
                      "sendDuplicateFromStoreToDLQ"],
     Info, "duplicates are found by the producers' sequence numbers, for the whole broker",
     "remove it"),
    ("policyEntry", &["gcWithNetworkConsumers"],
     Info, "network connectors are not built yet", ""),
    ("individualDeadLetterStrategy", &["enableAudit", "maxAuditDepth", "maxProducersToAudit"],
     Info, "a message becomes a dead letter only once", ""),
    ("sharedDeadLetterStrategy", &["enableAudit", "maxAuditDepth", "maxProducersToAudit"],
     Info, "a message becomes a dead letter only once", ""),
    ("discarding", &["enableAudit", "maxAuditDepth", "maxProducersToAudit", "expiration"],
     Info, "nothing is kept of discarded messages", ""),
    ("kahaDB", &["indexCacheSize", "indexDirectory", "indexLFUEvictionFactor",
                 "indexWriteBatchSize", "useIndexLFRUEviction", "enableIndexDiskSyncs",
                 "enableIndexPageCaching", "enableIndexRecoveryFile", "enableIndexWriteAsync",
                 "forceRecoverIndex", "archiveCorruptedIndex"],
     Info, "the journal keeps no index file", "remove it"),
    ("kahaDB", &["checkpointInterval", "cleanupInterval", "cleanupOnStop", "maxAsyncJobs",
                 "concurrentStoreAndDispatchQueues", "concurrentStoreAndDispatchTopics",
                 "enableAckCompaction", "compactAcksAfterNoGC", "compactAcksIgnoresStoreGrowth",
                 "preallocationScope", "preallocationStrategy", "journalMaxWriteBatchSize",
                 "checksumJournalFiles", "checkForCorruptJournalFiles", "useLock",
                 "lockKeepAlivePeriod", "databaseLockedWaitDelay", "stopOnError", "brokerName",
                 "failoverProducersAuditDepth", "maxFailoverProducersToTrack",
                 "enableSubscriptionStatistics"],
     Info, "the journal does this by itself: records are checksummed, files prepared and reused",
     "remove it"),
    ("PListStoreImpl", &["cleanupInterval", "enableIndexWriteAsync", "failIfDatabaseIsLocked",
                         "indexCacheSize", "indexDirectory", "indexEnablePageCaching",
                         "indexPageSize", "indexWriteBatchSize", "journalMaxWriteBatchSize",
                         "lazyInit"],
     Info, "the spool does this by itself", "remove it"),
    ("memoryUsage", &["pollingTime", "percentUsageMinDelta", "usage"],
     Info, "usage is exact and waits for nothing", ""),
    ("usageManager", &["percentUsageMinDelta"],
     Info, "usage is exact and waits for nothing", ""),
    ("storeUsage", &["pollingTime", "percentUsageMinDelta"],
     Info, "usage is exact and waits for nothing", ""),
    ("tempUsage", &["pollingTime", "percentUsageMinDelta"],
     Info, "usage is exact and waits for nothing", ""),
    ("memoryUsage", &["usagePortion"],
     Info, "a part of a limit above has no meaning here: the broker's limit is the highest",
     "give the limit itself"),
    ("storeUsage", &["usagePortion"],
     Info, "a part of a limit above has no meaning here: the broker's limit is the highest",
     "give the limit itself"),
    ("tempUsage", &["usagePortion"],
     Info, "a part of a limit above has no meaning here: the broker's limit is the highest",
     "give the limit itself"),
    ("jobSchedulerUsage", &["usagePortion"],
     Info, "a part of a limit above has no meaning here: the broker's limit is the highest",
     "give the limit itself"),
    ("jobSchedulerUsage", &["pollingTime", "percentUsageMinDelta"],
     Info, "usage is exact and waits for nothing", ""),
    ("jobSchedulerUsage", &["name"], Info, "a label without meaning here", ""),
    ("memoryUsage", &["name"], Info, "a label without meaning here", ""),
    ("storeUsage", &["name"], Info, "a label without meaning here", ""),
    ("tempUsage", &["name"], Info, "a label without meaning here", ""),
    ("systemUsage", &["name"], Info, "a label without meaning here", ""),
    ("systemUsage", &["checkLimitsLogLevel", "sendFailIfNoSpaceExplicitySet"],
     Info, "limits that are reached are always logged as warnings", ""),
    ("transportConnector", &["discoveryUri", "publishedAddressPolicy"],
     Warning, "brokers and clients do not discover each other yet",
     "give clients the address of the broker"),
    ("transportConnector", &["auditNetworkProducers"],
     Warning, "network connectors are not built yet", "do without"),
    ("transportConnector", &["enableStatusMonitor", "disableAsyncDispatch", "displayStackTrace",
                             "warnOnRemoteClose", "autoStart"],
     Info, "not needed here", ""),
];

/// What to tell of an element.
pub(crate) fn of_element(node: Node<'_, '_>) -> Option<Advice> {
    let local = name(node);
    let special = match local {
        "import" => Some(of_import(node)),
        "bean" => Some(of_bean(node)),
        "camelContext" | "camel" => Some((
            Warning,
            "Camel routes do not run in this broker",
            "run them in a process of their own",
        )),
        "jetty" | "server" if !is_core(node) => Some(WEB_SERVER),
        "property" => Some((
            Warning,
            "Spring's property elements are not read",
            "write an attribute, or an element, of the property's name",
        )),
        _ => None,
    };
    let (severity, message, advice) = special.or_else(|| {
        ELEMENTS
            .iter()
            .find(|(names, ..)| is_core(node) && names.contains(&local))
            .map(|&(_, severity, message, advice)| (severity, message, advice))
    })?;
    Some(Advice {
        severity,
        message,
        advice,
    })
}

const WEB_SERVER: (Severity, &str, &str) = (
    Info,
    "the web server is built in: of this, the address and jetty-realm.properties are used",
    "",
);

fn of_import(node: Node<'_, '_>) -> (Severity, &'static str, &'static str) {
    let resource = node.attribute("resource").unwrap_or_default();
    if resource.contains("jetty") {
        WEB_SERVER
    } else if resource.contains("camel") {
        (
            Warning,
            "Camel routes do not run in this broker",
            "run them in a process of their own",
        )
    } else {
        (
            Warning,
            "imported files are not read",
            "write what belongs to the broker into this file",
        )
    }
}

fn of_bean(node: Node<'_, '_>) -> (Severity, &'static str, &'static str) {
    let class = node.attribute("class").unwrap_or_default();
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| class.ends_with(suffix));
    if ends(&["Log4jLogQuery", "SpringContextHook"]) {
        (Info, "not needed here", "")
    } else if class.contains("jetty") {
        WEB_SERVER
    } else if ends(&["DataSource", "ComboPooledDataSource"]) || class.contains("datasource") {
        (Info, "there is no database", "remove it")
    } else if ends(&[
        "ActiveMQConnectionFactory",
        "ActiveMQComponent",
        "PooledConnectionFactory",
    ]) {
        (
            Info,
            "a client has no meaning in a broker's file",
            "remove it",
        )
    } else {
        (
            Warning,
            "Java classes do not run in this broker",
            "remove it or do without",
        )
    }
}

/// What to tell of an attribute.
pub(crate) fn of_attribute(element: &str, attribute: &str) -> Option<Advice> {
    ATTRIBUTES
        .iter()
        .find(|(of, names, ..)| *of == element && names.contains(&attribute))
        .map(|&(_, _, severity, message, advice)| Advice {
            severity,
            message,
            advice,
        })
}
