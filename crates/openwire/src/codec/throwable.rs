//! Exceptions on the wire: class name, message, and stack traces where both sides agreed.
//!
//! A class name from the wire is text: nothing is ever looked up by it.

use super::text::Text;

/// An exception.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Throwable {
    /// Java class name; clients make an exception of this class.
    pub class: Option<Text>,
    /// For people, and for clients that read codes out of it.
    pub message: Option<Text>,
    /// Empty unless stack traces were agreed.
    pub frames: Vec<StackFrame>,
    /// What caused it.
    pub cause: Option<Box<Throwable>>,
}

/// One line of a stack trace.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct StackFrame {
    pub class: Option<Text>,
    pub method: Option<Text>,
    pub file: Option<Text>,
    pub line: i32,
}
