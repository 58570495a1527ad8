//! What puts the load on brokers: the project's own load tool, or ActiveMQ's Java client.
//!
//! Both take the same arguments and answer with the same record, so nothing else differs. It knows
//! how either is built and called, and nothing of scenarios.
//! Invariant: the Java client runs with the JVM's defaults but for its heap and its collector.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What ten consumers of a topic hold until they acknowledge it is 300 MB, which a small heap
/// copies again and again: with 768 MB a third of the client's time went into that.
const JAVA_OPTIONS: [&str; 3] = ["-Xmx3g", "-Xmn2g", "-XX:+UseParallelGC"];

/// Who sends and receives.
pub(crate) enum Load {
    Tool(PathBuf),
    Java { version: String, classpath: String },
}

impl Load {
    /// Builds the suite of ActiveMQ's Java client of this version.
    pub(crate) fn java(root: &Path, version: &str) -> Result<Self> {
        let output = Command::new(root.join("interop/java/run.sh"))
            .args(["--classpath", version])
            .output()
            .context("cannot run interop/java/run.sh")?;
        let text = String::from_utf8(output.stdout)?;
        let said = String::from_utf8_lossy(&output.stderr);
        match text.trim() {
            classpath if output.status.success() && !classpath.starts_with("SKIPPED") => {
                Ok(Self::Java {
                    version: version.to_owned(),
                    classpath: classpath.to_owned(),
                })
            }
            reason => bail!("no Java client {version}: {reason} {said}"),
        }
    }

    /// A call without arguments.
    pub(crate) fn command(&self) -> Command {
        match self {
            Self::Tool(path) => Command::new(path),
            Self::Java { classpath, .. } => {
                let mut command = Command::new("java");
                command.args(JAVA_OPTIONS);
                command.args(["-cp", classpath, "floodway.interop.Load"]);
                command
            }
        }
    }

    /// How reports call it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Tool(_) => "floodway-load".to_owned(),
            Self::Java { version, .. } => {
                let options = JAVA_OPTIONS.join(" ");
                format!("activemq-client {version}, Java with {options}")
            }
        }
    }

    /// Unrecorded load for a freshly started broker: every path that a scenario takes, at a high
    /// rate, so that a JVM has compiled its code before anything is measured.
    pub(crate) fn primers(&self) -> [&'static str; 3] {
        match self {
            Self::Tool(_) => ["persistent-8-wait", "nonpersistent-8-8-queues", "topic-10"],
            Self::Java { .. } => ["persistent-8-wait", "nonpersistent-8-8", "topic-10"],
        }
    }

    /// The probe of the machine, if there is one.
    pub(crate) fn probe(&self) -> Option<&Path> {
        match self {
            Self::Tool(path) => Some(path),
            Self::Java { .. } => None,
        }
    }
}
