//! The brokers that are compared: how each is found, configured, started, paused and ended.
//!
//! Each runs with the defaults that its package or project ships, on a loopback port of its own and
//! with its data in the scratch folder. It knows nothing of scenarios.
//! Invariant: a running broker ends when its value is dropped, even if it was paused.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use super::machine;

/// How long a broker may take until it accepts connections.
const START_LIMIT: Duration = Duration::from_secs(90);

/// How long a broker may take to end by itself.
const STOP_LIMIT: Duration = Duration::from_secs(10);

const ACTIVEMQ_HOME: &str = "/usr/share/activemq";

/// A broker that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Peer {
    Floodway,
    Activemq,
    Nats,
    Rabbitmq,
}

/// What is spoken to brokers that speak more than one protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Protocol {
    Stomp,
    Openwire,
}

impl Protocol {
    /// Its name for the load tool and for connectors.
    fn word(self) -> &'static str {
        match self {
            Self::Stomp => "stomp",
            Self::Openwire => "openwire",
        }
    }

    /// The scheme of a connector's URI.
    fn scheme(self) -> &'static str {
        match self {
            Self::Stomp => "stomp",
            Self::Openwire => "tcp",
        }
    }
}

/// A protocol, and who speaks it to the brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// The load tool.
    Native(Protocol),
    /// ActiveMQ's Java client.
    Java,
}

impl Spoken {
    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::Native(protocol) => protocol,
            Self::Java => Protocol::Openwire,
        }
    }

    /// What reports say.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Native(Protocol::Stomp) => "STOMP",
            Self::Native(Protocol::Openwire) => "OpenWire",
            Self::Java => "OpenWire by ActiveMQ's Java client",
        }
    }
}

impl Peer {
    /// Its name in reports and folders.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floodway => "floodway",
            Self::Activemq => "activemq",
            Self::Nats => "nats",
            Self::Rabbitmq => "rabbitmq",
        }
    }

    /// The installed program, or why there is none.
    pub(crate) fn find(self, spoken: Spoken) -> std::result::Result<Program, String> {
        let protocol = spoken.protocol();
        let is_foreign = match self {
            Self::Floodway | Self::Activemq => false,
            Self::Nats => spoken == Spoken::Java,
            Self::Rabbitmq => protocol == Protocol::Openwire,
        };
        if is_foreign {
            return Err("it does not speak OpenWire".to_owned());
        }
        let (package, path) = match self {
            Self::Floodway => return Err("it is built, not found".to_owned()),
            Self::Activemq => {
                on_path("java").ok_or("no java on this machine")?;
                (
                    "activemq",
                    Some(Path::new(ACTIVEMQ_HOME).join("bin/activemq.jar")),
                )
            }
            Self::Nats => ("nats-server", on_path("nats-server")),
            Self::Rabbitmq => ("rabbitmq-server", rabbitmq_script()),
        };
        let path = path
            .filter(|path| path.exists())
            .ok_or_else(|| format!("not installed; bench/install-peers.sh installs {package}"))?;
        let version = machine::package_version(package);
        Ok(Program {
            peer: self,
            protocol,
            path,
            version: format!("Debian {package} {version}"),
        })
    }
}

/// A broker on this machine's disk.
pub(crate) struct Program {
    pub(crate) peer: Peer,
    protocol: Protocol,
    path: PathBuf,
    pub(crate) version: String,
}

impl Program {
    /// Floodway as built.
    pub(crate) fn floodway(path: PathBuf, protocol: Protocol) -> Self {
        Self {
            peer: Peer::Floodway,
            protocol,
            path,
            version: "this commit, release build".to_owned(),
        }
    }

    /// Starts it with an empty data folder; it is not ready yet.
    pub(crate) fn start(&self, scratch: &Path) -> Result<Running> {
        let folder = scratch.join(self.peer.name());
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("data"))?;
        let folder = folder.canonicalize()?;
        let port = free_port()?;
        let (command, companion) = match self.peer {
            Peer::Floodway => (self.floodway_command(&folder, port)?, None),
            Peer::Activemq => (self.activemq_command(&folder, port)?, None),
            Peer::Nats => (self.nats_command(&folder, port)?, None),
            Peer::Rabbitmq => self.rabbitmq_command(&folder, port)?,
        };
        let begin = Instant::now();
        let child = launch(command, &folder, "broker.log")
            .with_context(|| format!("cannot start {}", self.peer.name()))?;
        Ok(Running {
            program: Program {
                path: self.path.clone(),
                version: self.version.clone(),
                ..*self
            },
            folder,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            begin,
            child,
            companion,
        })
    }

    fn floodway_command(&self, folder: &Path, port: u16) -> Result<Command> {
        let config = folder.join("activemq.xml");
        fs::write(
            &config,
            activemq_xml(self.protocol, port, "limit=\"358 mb\""),
        )?;
        let mut command = quick_death(&self.path);
        command
            .arg("start")
            .arg("--config")
            .arg(config)
            .arg("--data")
            .arg(folder.join("data"))
            .env("FLOODWAY_ADMIN", "none");
        Ok(command)
    }

    /// The command line of Debian's start script, without its change of user.
    fn activemq_command(&self, folder: &Path, port: u16) -> Result<Command> {
        let config = folder.join("activemq.xml");
        fs::write(
            &config,
            activemq_xml(self.protocol, port, "percentOfJvmHeap=\"70\""),
        )?;
        fs::write(folder.join("log4j.properties"), LOG4J)?;
        let mut command = quick_death(Path::new("java"));
        command.args(activemq_options());
        command.args([
            format!("-Dactivemq.home={ACTIVEMQ_HOME}"),
            format!("-Dactivemq.base={}", folder.display()),
            format!("-Dactivemq.conf={}", folder.display()),
            format!("-Dactivemq.data={}", folder.join("data").display()),
            format!("-Dactivemq.classpath={}", folder.display()),
        ]);
        command.arg("-jar").arg(&self.path);
        command.args([
            "start".to_owned(),
            format!("xbean:file:{}", config.display()),
        ]);
        Ok(command)
    }

    fn nats_command(&self, folder: &Path, port: u16) -> Result<Command> {
        let config = folder.join("nats.conf");
        let data = folder.join("data");
        fs::write(
            &config,
            format!("listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: {data:?} }}\n"),
        )?;
        let mut command = quick_death(&self.path);
        command.arg("-c").arg(config);
        Ok(command)
    }

    /// The server script and the port mapper that Erlang needs, both on ports of their own.
    fn rabbitmq_command(&self, folder: &Path, port: u16) -> Result<(Command, Option<Child>)> {
        let epmd_port = free_port()?.to_string();
        let mut epmd = quick_death(Path::new("epmd"));
        epmd.args(["-address", "127.0.0.1", "-port", &epmd_port]);
        let epmd = launch(epmd, folder, "epmd.log").context("cannot start epmd")?;
        fs::write(folder.join("plugins"), "[rabbitmq_stomp].\n")?;
        fs::write(
            folder.join("rabbitmq.conf"),
            format!(
                "listeners.tcp = none\nstomp.listeners.tcp.1 = 127.0.0.1:{port}\n\
                 log.console = true\nlog.console.level = warning\n"
            ),
        )?;
        let mut command = quick_death(&self.path);
        command
            .env("HOME", folder)
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", epmd_port)
            .env("RABBITMQ_NODENAME", "floodway-bench@localhost")
            .env("RABBITMQ_DIST_PORT", free_port()?.to_string())
            .env("RABBITMQ_MNESIA_BASE", folder.join("data"))
            .env("RABBITMQ_LOG_BASE", folder.join("log"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins"))
            .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_PID_FILE", folder.join("pid"))
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}",
            )
            // Makes the script become the server instead of keeping it as a child.
            .env("RUNNING_UNDER_SYSTEMD", "1");
        Ok((command, Some(epmd)))
    }
}

/// A started broker.
pub(crate) struct Running {
    program: Program,
    folder: PathBuf,
    address: SocketAddr,
    begin: Instant,
    child: Child,
    companion: Option<Child>,
}

impl Running {
    /// Its name in reports.
    pub(crate) fn name(&self) -> &'static str {
        self.program.peer.name()
    }

    /// The protocol by which the load tool speaks to it.
    pub(crate) fn protocol(&self) -> &'static str {
        match self.program.peer {
            Peer::Nats => "nats",
            Peer::Floodway | Peer::Activemq | Peer::Rabbitmq => self.program.protocol.word(),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its first process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it accepts connections and returns how long that took since its start.
    pub(crate) fn await_ready(&mut self) -> Result<Duration> {
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "{} ended at start with {status}:\n{}",
                    self.name(),
                    self.log_end()
                );
            }
            if self.begin.elapsed() > START_LIMIT {
                bail!(
                    "{} accepts no connections:\n{}",
                    self.name(),
                    self.log_end()
                );
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(self.begin.elapsed())
    }

    fn log_end(&self) -> String {
        let text = fs::read_to_string(self.folder.join("broker.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines
            .get(lines.len().saturating_sub(20)..)
            .unwrap_or_default()
            .join("\n")
    }

    /// Stops it from using any CPU.
    pub(crate) fn pause(&self) -> Result<()> {
        signal(&self.child, Signal::STOP)
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) -> Result<()> {
        signal(&self.child, Signal::CONT)
    }

    /// Ends it and starts a fresh one with an empty data folder.
    pub(crate) fn restart(&mut self, scratch: &Path) -> Result<()> {
        self.end();
        *self = self.program.start(scratch)?;
        Ok(())
    }

    fn end(&mut self) {
        // Each step may find the process gone already, which is what it wants.
        signal(&self.child, Signal::TERM).ok();
        signal(&self.child, Signal::CONT).ok();
        let begin = Instant::now();
        while begin.elapsed() < STOP_LIMIT && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        for child in std::iter::once(&mut self.child).chain(&mut self.companion) {
            if matches!(child.try_wait(), Ok(None)) {
                signal(child, Signal::KILL).ok();
                child.wait().ok();
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn signal(child: &Child, signal: Signal) -> Result<()> {
    let number = i32::try_from(child.id())?;
    let group = Pid::from_raw(number).context("a process id is never zero")?;
    kill_process_group(group, signal).context("cannot signal a broker")
}

/// A command that dies with this task, where `setpriv` is there to arrange it.
fn quick_death(program: &Path) -> Command {
    match on_path("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// Starts a command in its folder and in a process group of its own, its output in a log file.
fn launch(mut command: Command, folder: &Path, log: &str) -> Result<Child> {
    let log = File::create(folder.join(log))?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    Ok(command.current_dir(folder).process_group(0).spawn()?)
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// Finds a program as a shell does.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// The server's own script: the one on the path changes the user.
fn rabbitmq_script() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/rabbitmq/lib").ok()?;
    let mut scripts: Vec<PathBuf> = versions
        .flatten()
        .map(|entry| entry.path().join("sbin/rabbitmq-server"))
        .collect();
    scripts.sort();
    scripts.pop().filter(|_| on_path("epmd").is_some())
}

/// The JVM options that Debian's package sets, which decide the heap.
fn activemq_options() -> Vec<String> {
    let text = fs::read_to_string(Path::new(ACTIVEMQ_HOME).join("activemq-options"));
    let text = text.unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("ACTIVEMQ_OPTS="));
    let options = line.map_or("-Xms512M -Xmx512M", |line| line.trim_matches('"'));
    options
        .split_ascii_whitespace()
        .map(str::to_owned)
        .collect()
}

/// What the report says about ActiveMQ's JVM.
pub(crate) fn activemq_options_text() -> String {
    activemq_options().join(" ")
}

/// The policies and limits of ActiveMQ's shipped file, with one connector.
fn activemq_xml(protocol: Protocol, port: u16, memory: &str) -> String {
    let (name, scheme) = (protocol.word(), protocol.scheme());
    format!(
        r#"<beans xmlns="http://www.springframework.org/schema/beans"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.springframework.org/schema/beans
      http://www.springframework.org/schema/beans/spring-beans.xsd
      http://activemq.apache.org/schema/core
      http://activemq.apache.org/schema/core/activemq-core.xsd">
  <bean class="org.springframework.beans.factory.config.PropertyPlaceholderConfigurer"/>
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="localhost"
      dataDirectory="${{activemq.data}}" useJmx="false">
    <destinationPolicy>
      <policyMap>
        <policyEntries>
          <policyEntry topic="&gt;">
            <pendingMessageLimitStrategy>
              <constantPendingMessageLimitStrategy limit="1000"/>
            </pendingMessageLimitStrategy>
          </policyEntry>
        </policyEntries>
      </policyMap>
    </destinationPolicy>
    <persistenceAdapter>
      <kahaDB directory="${{activemq.data}}/kahadb"/>
    </persistenceAdapter>
    <systemUsage>
      <systemUsage>
        <memoryUsage><memoryUsage {memory}/></memoryUsage>
        <storeUsage><storeUsage limit="100 gb"/></storeUsage>
        <tempUsage><tempUsage limit="50 gb"/></tempUsage>
      </systemUsage>
    </systemUsage>
    <transportConnectors>
      <transportConnector name="{name}" uri="{scheme}://127.0.0.1:{port}"/>
    </transportConnectors>
  </broker>
</beans>
"#
    )
}

/// Warnings only, as a log that costs time would be unfair.
const LOG4J: &str = "log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %-5p %m%n
";
