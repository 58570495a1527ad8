//! What can be said to `floodway` on the command line, and the part of it that is said to a running
//! broker, over HTTP, and over STOMP where messages are taken or a load is put on.
//!
//! It links nothing of the broker: what it can do, any client can do. ActiveMQ's ways of
//! naming a configuration (`xbean:file:…`) are understood, so that start scripts can stay as they
//! are.

use clap::{Args, Parser, Subcommand};
use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

mod paper;
mod remote;
#[cfg(test)]
mod tests;

pub use remote::{Print, RemoteError, run};

/// Message broker: an ActiveMQ Classic successor that reads activemq.xml.
///
/// Without a command it starts the broker with conf/activemq.xml, or the built-in configuration
/// if there is no such file.
#[derive(Debug, Clone, Parser)]
#[command(name = "floodway", version)]
pub struct CommandLine {
    /// What to do; nothing is `start`.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
#[non_exhaustive]
pub enum Verb {
    /// Runs the broker in the foreground until SIGTERM or SIGINT
    #[command(visible_alias = "console")]
    Start(Start),
    /// Checks a configuration without starting; exit code 1 if it has errors
    Doctor(Doctor),
    /// Tells how a running broker is
    Status(Remote),
    /// Lists the queues of a running broker
    Queues(Queues),
    /// Lists the connections of a running broker
    Connections(Remote),
    /// Shows usage and the fullest destinations again and again, with rates
    Top(Top),
    /// Shows messages that wait in a queue
    Browse(Browse),
    /// Sends a text message
    Send(Send),
    /// Takes text messages off a queue or topic and prints them
    Receive(Receive),
    /// Removes messages that wait in a queue
    Purge(Purge),
    /// Puts messages back that were purged, deleted or gone with their queue, or lists what can be
    Undo(Undo),
    /// Moves messages that wait in a queue to another one
    Move(Move),
    /// Tells which producers are blocked, why, and what would help
    Explain(Explain),
    /// Puts a small load on a running broker and tells rates and latencies
    Bench(Bench),
    /// Changes limits and policies of a running broker, until its next start or for good
    Set(Set),
    /// Shows what a running broker would change if it read its file again, and changes it
    Reload(Reload),
    /// Tasks of ActiveMQ's script: query, dstat, bstat, browse, purge, producer, consumer
    Activemq(Activemq),
    /// Prints completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, or writes those of all commands into a directory
    Man {
        /// Where to write them
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

/// How to reach a running broker.
#[derive(Debug, Clone, Args)]
pub struct Remote {
    /// Prints JSON instead of text
    #[arg(long)]
    pub json: bool,
    /// Address of administration
    #[arg(long, env = "FLOODWAY_URL", default_value = "http://127.0.0.1:8161")]
    pub url: String,
    /// User name
    #[arg(long, env = "FLOODWAY_USER", default_value = "admin")]
    pub user: String,
    /// File with the password [default: FLOODWAY_PASSWORD, or admin-password in the data directory]
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The password; meant for the environment, because others can see a command line
    #[arg(long, env = "FLOODWAY_PASSWORD", hide = true, hide_env_values = true)]
    pub password: Option<String>,
    /// Data directory of the broker, for its password
    #[arg(long, short, value_name = "DIR", default_value = "data")]
    pub data: PathBuf,
}

/// Arguments of `queues`.
#[derive(Debug, Clone, Args)]
pub struct Queues {
    /// Only those whose name contains this
    #[arg(value_name = "TEXT")]
    pub search: Option<String>,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `explain`.
#[derive(Debug, Clone, Args)]
pub struct Explain {
    /// Only producers to this destination, such as queue://X
    #[arg(value_name = "DESTINATION")]
    pub destination: Option<String>,
    /// Only producers of the client of this id or address; with :N only its producer N
    #[arg(long, value_name = "CLIENT[:N]")]
    pub producer: Option<String>,
    /// All of them, as without a destination and a producer
    #[arg(long, conflicts_with_all = ["destination", "producer"])]
    pub all: bool,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `set`.
#[derive(Debug, Clone, Args)]
pub struct Set {
    /// A destination such as queue://X, or broker
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// What to change, for example memoryLimit=2mb; without any, shows what can be changed
    #[arg(value_name = "NAME=VALUE")]
    pub assignments: Vec<Assignment>,
    /// Writes the change into the broker's activemq.xml as well
    #[arg(long, requires = "assignments")]
    pub persist: bool,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `reload`.
#[derive(Debug, Clone, Args)]
pub struct Reload {
    /// Makes the changes; with the token of an earlier look, only if they are still the same
    #[arg(long, value_name = "TOKEN", num_args = 0..=1, default_missing_value = "")]
    pub apply: Option<String>,
    /// Keeps what was set while the broker ran, where the file did not change
    #[arg(long)]
    pub keep_live: bool,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `top`.
#[derive(Debug, Clone, Args)]
pub struct Top {
    /// Only destinations whose name contains this
    #[arg(value_name = "TEXT")]
    pub search: Option<String>,
    /// Seconds between two looks
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub every: u64,
    /// Ends after so many looks
    #[arg(long, value_name = "COUNT")]
    pub looks: Option<u64>,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `browse`.
#[derive(Debug, Clone, Args)]
pub struct Browse {
    /// A queue: X, or queue://X
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// Only messages that this selector matches: "colour = 'red'"
    #[arg(long, default_value = "", hide_default_value = true)]
    pub selector: String,
    /// At most so many [default: as many as the broker shows]
    #[arg(long, value_name = "COUNT")]
    pub max: Option<usize>,
    /// More than the broker shows at a time, over STOMP; with --json a line for each
    #[arg(long)]
    pub all: bool,
    /// STOMP connector to see all from [default: what the broker says]
    #[arg(long, value_name = "HOST:PORT", env = "FLOODWAY_STOMP")]
    pub stomp: Option<String>,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `receive`.
#[derive(Debug, Clone, Args)]
pub struct Receive {
    /// A queue: X, or queue://X; or topic://X, for what comes while it waits
    #[arg(value_name = "DESTINATION")]
    pub queue: String,
    /// Only messages that this selector matches: "colour = 'red'"
    #[arg(long, default_value = "", hide_default_value = true)]
    pub selector: String,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub max: u64,
    /// Waits so long for each message, if none waits
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u64,
    /// STOMP connector to take them from, or none for HTTP alone [default: what the broker says]
    #[arg(long, value_name = "HOST:PORT", env = "FLOODWAY_STOMP")]
    pub stomp: Option<String>,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `bench`.
#[derive(Debug, Clone, Args)]
pub struct Bench {
    /// A destination that is not there yet, such as queue://orders.test; it is removed afterwards
    /// [default: a queue of its own]
    #[arg(value_name = "DESTINATION")]
    pub destination: Option<String>,
    /// How many send
    #[arg(long, value_name = "COUNT", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub producers: u32,
    /// How many receive
    #[arg(long, value_name = "COUNT", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(0..=100))]
    pub consumers: u32,
    /// Bytes of a body
    #[arg(long, value_name = "BYTES", default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(0..=1_048_576))]
    pub size: u32,
    /// Messages are lost when the broker ends
    #[arg(long)]
    pub non_persistent: bool,
    /// Unconfirmed messages of a producer; 0 asks for no receipts [default: 1, 0 if non-persistent]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub window: Option<u32>,
    /// Messages a second of all producers together [default: as fast as they are taken]
    #[arg(long, value_name = "RATE", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// How long it is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// How long it runs before
    #[arg(long, value_name = "SECONDS", default_value_t = 2,
        value_parser = clap::value_parser!(u64).range(0..=600))]
    pub warmup: u64,
    /// STOMP connector that takes the load [default: what the broker says]
    #[arg(long, value_name = "HOST:PORT", env = "FLOODWAY_STOMP")]
    pub stomp: Option<String>,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `send`.
#[derive(Debug, Clone, Args)]
pub struct Send {
    /// A destination: X or queue://X, topic://X
    #[arg(value_name = "DESTINATION")]
    pub destination: String,
    /// The text; - reads it from the standard input
    #[arg(value_name = "TEXT")]
    pub text: String,
    /// A header or property, such as JMSPriority=9 or colour=red; can be given again
    #[arg(long, short = 'H', value_name = "NAME=VALUE")]
    pub header: Vec<Assignment>,
    /// Is lost when the broker ends
    #[arg(long)]
    pub non_persistent: bool,
    /// Sends it so many times
    #[arg(long, default_value_t = 1)]
    pub count: u64,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `purge`.
#[derive(Debug, Clone, Args)]
pub struct Purge {
    /// A queue: X, or queue://X
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// Only messages that this selector matches
    #[arg(long, default_value = "", hide_default_value = true)]
    pub selector: String,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `undo`.
#[derive(Debug, Clone, Args)]
pub struct Undo {
    /// What to undo, as the purge or the list says; lists what there is without
    #[arg(value_name = "TOKEN")]
    pub token: Option<String>,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `move`.
#[derive(Debug, Clone, Args)]
pub struct Move {
    /// A queue: X, or queue://X
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// Where they go: Y, or queue://Y, or topic://Y
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Only messages that this selector matches
    #[arg(long, default_value = "", hide_default_value = true)]
    pub selector: String,
    /// At most so many
    #[arg(long, value_name = "COUNT")]
    pub max: Option<u64>,
    /// How to reach the broker.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `activemq`.
#[derive(Debug, Clone, Args)]
pub struct Activemq {
    /// How to reach the broker; --jmxuser and --jmxpassword of the task count more.
    #[command(flatten)]
    pub remote: Remote,
    /// query, dstat, bstat, browse, purge, producer or consumer, and what ActiveMQ's script takes
    /// with it
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "TASK"
    )]
    pub task: Vec<String>,
}

/// A setting with its value; the broker knows which there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// As in activemq.xml: `memoryLimit`.
    pub name: String,
    /// Sizes may be written with kb, mb or gb.
    pub value: String,
}

/// An assignment is not understood.
#[derive(Debug, thiserror::Error)]
#[error("write NAME=VALUE, for example memoryLimit=2mb")]
pub struct AssignmentError;

impl FromStr for Assignment {
    type Err = AssignmentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or(AssignmentError)?;
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        if name.is_empty() || value.is_empty() {
            return Err(AssignmentError);
        }
        Ok(Self { name, value })
    }
}

/// Arguments of `start`.
#[derive(Debug, Clone, Default, Args)]
pub struct Start {
    /// Configuration file [default: conf/activemq.xml, else the built-in one]
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<Location>,
    /// Directory for everything the broker writes; overrides the file's [default: data]
    #[arg(long, short, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address of administration (HTTP), or none; overrides the file's [default: 127.0.0.1:8161]
    #[arg(long, value_name = "HOST:PORT", env = "FLOODWAY_ADMIN")]
    pub admin: Option<String>,
    /// Configuration as ActiveMQ's scripts give it: xbean:file:FILE
    #[arg(value_name = "xbean:FILE", conflicts_with = "config")]
    pub uri: Option<Location>,
}

impl CommandLine {
    /// What to do; without a verb it is to start, with what the environment says.
    ///
    /// # Errors
    /// When the environment says something that is not understood.
    pub fn into_verb(self) -> Result<Verb, clap::Error> {
        match self.verb {
            Some(verb) => Ok(verb),
            None => {
                let start = Self::try_parse_from(["floodway", "start"])?;
                Ok(start.verb.unwrap_or_else(|| Verb::Start(Start::default())))
            }
        }
    }
}

impl Start {
    /// The configuration asked for, in whichever way.
    pub fn location(&self) -> Option<&Location> {
        self.config.as_ref().or(self.uri.as_ref())
    }
}

/// Arguments of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// Configuration file
    #[arg(value_name = "FILE")]
    pub config: Location,
    /// Data directory that `start` would get
    #[arg(long, short, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Prints JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Where a configuration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub path: PathBuf,
    /// Given as ActiveMQ gives resources of its class path: a name in `conf` is meant as well.
    pub by_name: bool,
}

impl FromStr for Location {
    type Err = Infallible;

    /// Understands a path, `file:PATH`, `xbean:PATH`, `xbean:file:PATH`, `xbean:///PATH`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let resource = text.strip_prefix("xbean:");
        let rest = resource.unwrap_or(text);
        let file = rest.strip_prefix("file:");
        let by_name = resource.is_some() && file.is_none();
        let mut path = file.unwrap_or(rest);
        if (resource.is_some() || file.is_some())
            && let Some(absolute) = path.strip_prefix("//").filter(|path| path.starts_with('/'))
        {
            path = absolute;
        }
        // Options of the resource, such as `?validate=false`, are about Spring.
        let path = match path.split_once('?') {
            Some((path, _)) if resource.is_some() => path,
            Some(_) | None => path,
        };
        Ok(Self {
            path: path.into(),
            by_name,
        })
    }
}
