//! What can be called of queues and topics.

use crate::jolokia::bean::{Act, Operation};
use crate::jolokia::beans::{call, java};

const ID: (&str, &str) = ("messageId", java::STRING);
const SELECTOR: (&str, &str) = ("selector", java::STRING);
const TARGET: (&str, &str) = ("destinationName", java::STRING);
const MOST: (&str, &str) = ("maximumMessages", java::INT);
const BODY: (&str, &str) = ("body", java::STRING);
const HEADERS: (&str, &str) = ("headers", java::MAP);
const USER: (&str, &str) = ("user", java::STRING);
const PASSWORD: (&str, &str) = ("password", java::STRING);
const NO_LIST: &str = "a list of JMS messages has no form here; call browse or browseAsTable";

pub(crate) const OPERATIONS: &[Operation] = &[
    call("browse", java::ROWS, "pending messages", Act::Browse),
    call(
        "browse",
        java::ROWS,
        "pending messages that match",
        Act::Browse,
    )
    .with(&[SELECTOR]),
    call(
        "browseAsTable",
        java::TABLE,
        "pending messages by id",
        Act::BrowseTable,
    ),
    call(
        "browseAsTable",
        java::TABLE,
        "those that match, by id",
        Act::BrowseTable,
    )
    .with(&[SELECTOR]),
    call(
        "browseMessages",
        java::LIST,
        "not possible",
        Act::Refuse(NO_LIST),
    ),
    call(
        "browseMessages",
        java::LIST,
        "not possible",
        Act::Refuse(NO_LIST),
    )
    .with(&[SELECTOR]),
    call(
        "sendTextMessage",
        java::STRING,
        "sends a text; gives its id",
        Act::SendText,
    )
    .with(&[BODY]),
    call(
        "sendTextMessage",
        java::STRING,
        "the same; the login counts for nothing",
        Act::SendText,
    )
    .with(&[BODY, USER, PASSWORD]),
    call(
        "sendTextMessage",
        java::STRING,
        "sends headers and text",
        Act::SendTextWithHeaders,
    )
    .with(&[HEADERS, BODY]),
    call(
        "sendTextMessage",
        java::STRING,
        "sends headers and text",
        Act::SendTextWithHeaders,
    )
    .with(&[HEADERS, BODY, USER, PASSWORD]),
    call(
        "sendTextMessageWithProperties",
        java::STRING,
        "a=b,body=text",
        Act::SendProperties,
    )
    .with(&[("properties", java::STRING)]),
    call(
        "sendTextMessageWithProperties",
        java::STRING,
        "a=b and body",
        Act::SendProperties,
    )
    .with(&[("properties", java::STRING), ("delimiter", java::STRING)]),
    call(
        "resetStatistics",
        java::VOID,
        "totals begin again at 0",
        Act::ResetTotals,
    ),
];

pub(crate) const QUEUE_OPERATIONS: &[Operation] = &[
    call(
        "getMessage",
        java::ROW,
        "a pending message",
        Act::GetMessage,
    )
    .with(&[ID]),
    call(
        "purge",
        java::VOID,
        "removes all pending messages",
        Act::Purge,
    ),
    call(
        "removeMessage",
        java::BOOL,
        "removes a message",
        Act::RemoveMessage,
    )
    .with(&[ID]),
    call(
        "removeMatchingMessages",
        java::INT,
        "removes what matches",
        Act::RemoveMatching,
    )
    .with(&[SELECTOR]),
    call(
        "removeMatchingMessages",
        java::INT,
        "removes some of it",
        Act::RemoveMatching,
    )
    .with(&[SELECTOR, MOST]),
    call(
        "copyMessageTo",
        java::BOOL,
        "copies a message",
        Act::CopyMessage,
    )
    .with(&[ID, TARGET]),
    call(
        "copyMatchingMessagesTo",
        java::INT,
        "copies what matches",
        Act::CopyMatching,
    )
    .with(&[SELECTOR, TARGET]),
    call(
        "copyMatchingMessagesTo",
        java::INT,
        "copies some of it",
        Act::CopyMatching,
    )
    .with(&[SELECTOR, TARGET, MOST]),
    call(
        "moveMessageTo",
        java::BOOL,
        "moves a message",
        Act::MoveMessage,
    )
    .with(&[ID, TARGET]),
    call(
        "moveMatchingMessagesTo",
        java::INT,
        "moves what matches",
        Act::MoveMatching,
    )
    .with(&[SELECTOR, TARGET]),
    call(
        "moveMatchingMessagesTo",
        java::INT,
        "moves some of it",
        Act::MoveMatching,
    )
    .with(&[SELECTOR, TARGET, MOST]),
    call(
        "retryMessage",
        java::BOOL,
        "moves a dead letter back",
        Act::RetryMessage,
    )
    .with(&[ID]),
    call(
        "retryMessages",
        java::INT,
        "moves all dead letters back",
        Act::RetryAll,
    ),
    call(
        "pause",
        java::VOID,
        "stops dispatch to consumers",
        Act::Pause,
    ),
    call("resume", java::VOID, "lets dispatch go on", Act::Resume),
    call(
        "cursorSize",
        java::INT,
        "messages that wait",
        Act::CursorSize,
    ),
    call(
        "doesCursorHaveMessagesBuffered",
        java::BOOL,
        "some are in memory",
        Act::CursorBuffers,
    ),
    call(
        "doesCursorHaveSpace",
        java::BOOL,
        "memory has room",
        Act::CursorHasSpace,
    ),
    call(
        "removeMessageGroup",
        java::VOID,
        "a group finds a new consumer",
        Act::RemoveGroup,
    )
    .with(&[("groupName", java::STRING)]),
    call(
        "removeAllMessageGroups",
        java::VOID,
        "all groups do",
        Act::RemoveAllGroups,
    ),
];
