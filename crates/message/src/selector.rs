//! Message selectors (placeholder of the interface; the engine replaces this file).

/// A compiled selector.
#[derive(Debug, Clone)]
pub struct Selector {}
