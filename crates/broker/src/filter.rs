//! A consumer's or subscription's selector, with its one-time complaint.

use crate::selection::Selection;
use floodway_message::selector::Selector;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    selector: Option<Arc<Selector>>,
    complained: AtomicBool,
}

impl Filter {
    pub(crate) fn new(selector: Option<Arc<Selector>>) -> Self {
        Self {
            selector,
            complained: AtomicBool::new(false),
        }
    }

    /// Everything passes.
    pub(crate) fn is_open(&self) -> bool {
        self.selector.is_none()
    }

    /// Text of the selector.
    pub(crate) fn text(&self) -> Option<&str> {
        self.selector.as_ref().map(|selector| selector.text())
    }

    /// Does the message pass? A selector that cannot be evaluated lets nothing pass, and is
    /// logged once, so that it never stalls a destination.
    pub(crate) fn passes(&self, selection: &Selection<'_>) -> bool {
        let Some(selector) = &self.selector else {
            return true;
        };
        match selector.matches(selection) {
            Ok(matches) => matches,
            Err(error) => {
                if !self.complained.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "selector {selector} cannot be evaluated for message {} and counts as no match: {error}",
                        selection.id(),
                    );
                }
                false
            }
        }
    }
}
