//! Room stomp.
