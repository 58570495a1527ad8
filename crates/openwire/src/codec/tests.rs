//! The recorded frames of a stock 5.17.2 client and broker, and of its marshallers run apart:
//! every one must decode to its recorded fields and encode to the same bytes.

mod hostile;
mod json;
mod text;
mod vectors;
