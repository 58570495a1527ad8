//! What goes wrong in a request, in the words of Jolokia: the name of a Java class, a text and a
//! status. Clients match on classes and statuses, so they are those that a JVM would give.

use floodway_message::session::{Failure, FailureKind};
use serde_json::{Value, json};

/// A refusal or a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) class: &'static str,
    pub(crate) text: String,
    pub(crate) status: u16,
}

impl Fault {
    pub(crate) fn new(class: &'static str, status: u16, text: impl Into<String>) -> Self {
        Self {
            class,
            text: text.into(),
            status,
        }
    }

    /// The request is not understood.
    pub(crate) fn illegal(text: impl Into<String>) -> Self {
        Self::new("java.lang.IllegalArgumentException", 400, text)
    }

    /// A text is no number, or none of the type that is asked for.
    pub(crate) fn number(text: &str) -> Self {
        let text = format!("For input string: \"{text}\"");
        Self::new("java.lang.NumberFormatException", 400, text)
    }

    pub(crate) fn no_instance(text: impl Into<String>) -> Self {
        Self::new("javax.management.InstanceNotFoundException", 404, text)
    }

    pub(crate) fn no_attribute(name: &str) -> Self {
        let text = format!("No such attribute: {name}");
        Self::new("javax.management.AttributeNotFoundException", 404, text)
    }

    pub(crate) fn read_only(name: &str) -> Self {
        let text = format!("Read-only attribute: {name}");
        Self::new("javax.management.AttributeNotFoundException", 404, text)
    }

    /// Policy or role forbid it.
    pub(crate) fn forbidden(text: impl Into<String>) -> Self {
        Self::new("java.lang.Exception", 403, text)
    }

    /// ActiveMQ could; this broker cannot.
    pub(crate) fn unsupported(text: impl Into<String>) -> Self {
        Self::new("java.lang.UnsupportedOperationException", 500, text)
    }

    pub(crate) fn selector(text: impl Into<String>) -> Self {
        Self::new("javax.jms.InvalidSelectorException", 500, text)
    }

    /// The members of an answer that tell it.
    pub(crate) fn into_json(self) -> Value {
        json!({
            "error_type": self.class,
            "error": format!("{} : {}", self.class, self.text),
            "status": self.status,
        })
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let class = match failure.kind {
            FailureKind::NoSpace => "javax.jms.ResourceAllocationException",
            FailureKind::Destination => "javax.jms.InvalidDestinationException",
            _ => "javax.jms.JMSException",
        };
        Self::new(class, 500, &*failure.text)
    }
}
