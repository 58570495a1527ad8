//! Message selectors (placeholder of the interface; the engine replaces this file).
#![allow(missing_docs, reason = "placeholder")]

use std::borrow::Cow;

#[derive(Debug, Clone)]
pub struct Selector {
    text: Box<str>,
}

impl Selector {
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { text: text.into() })
    }
    pub fn matches(&self, _fields: &dyn Fields) -> Result<bool, String> {
        Ok(true)
    }
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

pub trait Fields {
    fn field<'a>(&'a self, name: &str) -> Value<'a>;
    fn text_body(&self) -> Option<Cow<'_, str>> {
        None
    }
}

#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Value<'a> {
    #[default]
    Null,
    Boolean(bool),
    Byte(i8),
    Short(i16),
    Integer(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    String(Cow<'a, str>),
}

impl<'a> Value<'a> {
    pub fn text(text: &'a str) -> Self {
        Self::String(Cow::Borrowed(text))
    }
}
