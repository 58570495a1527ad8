//! Administration over HTTP: the state of the broker as JSON and as metrics, the explanation of
//! what is blocked, the console's pages, and the few changes that can be made to a running broker.
//!
//! It reads the core through its views, from one thread of its own, so that nothing on the data
//! plane waits for it and a slow HTTP client holds up no message. It knows no protocol room, opens
//! no file and reads no clock. Invariants: nobody is answered anything but liveness without a
//! login; whatever a client can make large has a bound in [`Settings`]. Bytes and milliseconds.

mod account;
mod clerk;
mod console;
mod error;
mod explain;
mod gate;
mod jolokia;
mod listener;
mod metrics;
mod probe;
mod reply;
mod rest;
mod routes;
mod settings;
mod undo;

pub use account::{Account, Role};
pub use error::AdminError;
pub use jolokia::policy::{JolokiaPolicy, MBeanRule, RemoteHost};
pub use listener::{Admin, BoundAdmin, Watched};
pub use settings::{
    Changed, ConfigurationFile, Difference, EntryDifference, FileRefusal, LiveDifference,
    Persisted, PersistentChange, Refusals, Reload, RestartDifference, ServedConnector, Settings,
    Written,
};
