//! The MBeans of each type: what can be read, changed and called, in tables.
//!
//! Names and Java types are those of ActiveMQ's MBeans. An attribute that would have no meaning
//! here is not in the tables; docs/jolokia.md names those.

pub(crate) mod branch;
pub(crate) mod broker;
pub(crate) mod connection;
pub(crate) mod connector;
pub(crate) mod destination;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod producer;
pub(crate) mod slow;
pub(crate) mod store;
pub(crate) mod subscription;

/// Java's names of types.
pub(crate) mod java {
    pub(crate) const INT: &str = "int";
    pub(crate) const LONG: &str = "long";
    pub(crate) const BOXED_LONG: &str = "java.lang.Long";
    pub(crate) const FLOAT: &str = "float";
    pub(crate) const DOUBLE: &str = "double";
    pub(crate) const BYTE: &str = "byte";
    pub(crate) const BYTES: &str = "[B";
    pub(crate) const BOOL: &str = "boolean";
    pub(crate) const VOID: &str = "void";
    pub(crate) const STRING: &str = "java.lang.String";
    pub(crate) const MAP: &str = "java.util.Map";
    pub(crate) const LIST: &str = "java.util.List";
    pub(crate) const NAME: &str = "javax.management.ObjectName";
    pub(crate) const NAMES: &str = "[Ljavax.management.ObjectName;";
    pub(crate) const TABLE: &str = "javax.management.openmbean.TabularData";
    pub(crate) const ROW: &str = "javax.management.openmbean.CompositeData";
    pub(crate) const ROWS: &str = "[Ljavax.management.openmbean.CompositeData;";
}

use super::bean::{Act, Operation};

/// An operation without arguments.
pub(crate) const fn call(
    name: &'static str,
    returns: &'static str,
    text: &'static str,
    act: Act,
) -> Operation {
    Operation {
        name,
        arguments: &[],
        returns,
        text,
        act,
    }
}

impl Operation {
    pub(crate) const fn with(self, arguments: &'static [(&'static str, &'static str)]) -> Self {
        Self { arguments, ..self }
    }
}

/// What is used of a limit, percent; 0 without one.
pub(crate) fn percent(used: u64, limit: u64) -> u64 {
    let percent = (u128::from(used) * 100).checked_div(u128::from(limit));
    u64::try_from(percent.unwrap_or_default()).unwrap_or(u64::MAX)
}
