//! Behaviour of whole selectors: reference vectors, limits and properties of arbitrary texts.

mod dialect;
mod hostile;
mod limits;
mod vectors;

use super::{Fields, Value};
use std::borrow::Cow;
use std::collections::HashMap;

/// Properties in a map, for tests that need no headers.
#[derive(Default)]
pub(super) struct Sample {
    values: HashMap<String, Value<'static>>,
    body: Option<String>,
}

impl Sample {
    pub(super) fn new(values: &[(&str, Value<'static>)]) -> Self {
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        Self {
            values: values.collect(),
            body: None,
        }
    }

    pub(super) fn with_body(body: &str) -> Self {
        Self {
            values: HashMap::new(),
            body: Some(body.to_owned()),
        }
    }
}

impl Fields for Sample {
    fn field<'a>(&'a self, name: &str) -> Value<'a> {
        self.values.get(name).map_or(Value::Null, Value::borrow)
    }

    fn text_body(&self) -> Option<Cow<'_, str>> {
        self.body.as_deref().map(Cow::Borrowed)
    }
}
