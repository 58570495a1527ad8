//! Room transport.
