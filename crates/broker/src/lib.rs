//! The core of the broker (under construction): settings first.
pub mod settings;
