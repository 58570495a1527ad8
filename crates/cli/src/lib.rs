//! What can be said to `floodway` on the command line, and nothing of what is then done.
//!
//! It links nothing of the broker. ActiveMQ's ways of naming a configuration (`xbean:file:…`) are
//! understood, so that start scripts can stay as they are.

use clap::{Args, Parser, Subcommand};
use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

#[cfg(test)]
mod tests;

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
    /// Configuration as ActiveMQ's scripts give it: xbean:file:FILE
    #[arg(value_name = "xbean:FILE", conflicts_with = "config")]
    pub uri: Option<Location>,
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
