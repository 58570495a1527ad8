//! A broker in a child process: started with a configuration, watched by its log, ended by signals.

use crate::{Client, Folder, PATIENCE};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

/// Holds the command line of the child, one argument per line.
const ARGUMENTS: &str = "FLOODWAY_TEST_ARGUMENTS";
/// What precedes the address in the log.
const LISTENING: &str = "stomp connector listening on ";
/// What precedes the address of administration in the log.
const ADMINISTRATION: &str = "administration listening on http://";

/// Body of the ignored test that a binary with black-box tests must have under this name. Does
/// nothing when `cargo test -- --ignored` runs it.
pub fn broker_process() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else {
        return;
    };
    let code = floodway_server::run(arguments.lines().map(Into::into));
    #[expect(
        clippy::exit,
        reason = "the exit code of the broker is what tests look at"
    )]
    std::process::exit(code.into());
}

fn command(arguments: &[&str], folder: &Path) -> Command {
    let program = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
    let mut line = vec!["floodway"];
    line.extend(arguments);
    let mut command = Command::new(program);
    command
        .args(["--exact", "broker_process", "--ignored", "--nocapture"])
        .env(ARGUMENTS, line.join("\n"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // Many brokers run at once: only those that are asked to have administration have it.
    command.env("FLOODWAY_ADMIN", "none");
    for variable in [
        "RUST_LOG",
        "FLOODWAY_LOG",
        "ACTIVEMQ_BASE",
        "ACTIVEMQ_DATA",
        "FLOODWAY_URL",
        "FLOODWAY_USER",
        "FLOODWAY_PASSWORD",
    ] {
        command.env_remove(variable);
    }
    command
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Everything written to the standard output, without the test harness's own lines.
    pub output: String,
    /// Everything written to the standard error.
    pub errors: String,
}

/// Runs a command line to its end.
pub fn run(arguments: &[&str], folder: &Folder) -> Ended {
    let ended = command(arguments, folder.path())
        .output()
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    let output = String::from_utf8_lossy(&ended.stdout).replace("running 1 test", "");
    Ended {
        code: ended.status.code(),
        output: output.trim_start().to_owned(),
        errors: String::from_utf8_lossy(&ended.stderr).into_owned(),
    }
}

/// A running broker.
#[derive(Debug)]
pub struct Broker {
    folder: Folder,
    arguments: Vec<String>,
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
    address: SocketAddr,
    admin_address: Option<SocketAddr>,
}

impl Broker {
    /// Starts one with these children of the `broker` element, STOMP on a free port, and waits
    /// until it listens.
    ///
    /// # Panics
    /// When it ends instead.
    pub fn start(elements: &str) -> Self {
        let connectors = r#"<transportConnectors>
            <transportConnector name="stomp" uri="stomp://127.0.0.1:0"/>
        </transportConnectors>"#;
        Self::start_xml(&broker_xml(&format!("{elements}{connectors}")))
    }

    /// Starts one with a whole configuration file, which must have a STOMP connector.
    pub fn start_xml(xml: &str) -> Self {
        let folder = Folder::new();
        let config = folder.write("activemq.xml", xml).display().to_string();
        let data = folder.path().join("data").display().to_string();
        let arguments = ["start", "--config", &config, "--data", &data];
        Self::start_in(folder, &arguments)
    }

    /// Starts one with this command line in a folder.
    pub fn start_in(folder: Folder, arguments: &[&str]) -> Self {
        let (child, lines) = launch(arguments, &folder);
        let mut broker = Self {
            folder,
            arguments: arguments.iter().map(ToString::to_string).collect(),
            child,
            lines,
            log: Vec::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin_address: None,
        };
        broker.await_address();
        broker
    }

    /// Its folder, with `activemq.xml` and `data` inside.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where administration listens, if the command line asked for it.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// A client that has logged in.
    pub fn client(&self) -> Client {
        Client::login(self.address)
    }

    /// Lines of the log so far, as far as they were waited for.
    pub fn log(&self) -> &[String] {
        &self.log
    }

    /// Waits for a line of the log with this text and returns it. Each line is found once.
    ///
    /// # Panics
    /// When it does not come, or the process ends.
    pub fn await_line(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {text:?} in the log:\n{}", self.log.join("\n"));
            };
            self.log.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    fn await_address(&mut self) {
        let line = self.await_line(LISTENING);
        let address = line.split(LISTENING).nth(1).unwrap_or_default().trim();
        self.address = address.parse().unwrap_or_else(|_| panic!("{line}"));
        self.await_line("started in");
        let mut lines = self.log.iter().rev();
        self.admin_address = lines
            .find_map(|line| line.split(ADMINISTRATION).nth(1))
            .and_then(|address| address.trim().parse().ok());
    }

    /// Sends a signal and waits for the end.
    pub fn end(&mut self, signal: Signal) -> Option<i32> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.unwrap_or_else(|| panic!("no process id"));
        kill_process(pid, signal).unwrap_or_else(|error| panic!("{signal:?}: {error}"));
        // The log ends with the process, so that reading it is a wait with a limit.
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.log.push(line);
        }
        assert!(
            Instant::now() < deadline,
            "it goes on:\n{}",
            self.log.join("\n")
        );
        let status = self.child.wait();
        status.unwrap_or_else(|error| panic!("{error}")).code()
    }

    /// Ends it in an orderly way.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(&mut self) {
        let code = self.end(Signal::TERM);
        assert_eq!(code, Some(0), "{}", self.log.join("\n"));
    }

    /// Ends it as a power failure of the process.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    /// Starts it anew on the same configuration and data, at another port.
    pub fn start_again(&mut self) {
        (self.child, self.lines) = launch(&self.arguments(), &self.folder);
        self.await_address();
    }

    /// Tries to start a second broker on the same configuration and data.
    pub fn run_twin(&self) -> Ended {
        run(&self.arguments(), &self.folder)
    }

    fn arguments(&self) -> Vec<&str> {
        self.arguments.iter().map(String::as_str).collect()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A configuration file with these children of the `broker` element.
pub fn broker_xml(elements: &str) -> String {
    format!(
        "<beans xmlns=\"http://www.springframework.org/schema/beans\">\n\
         <broker xmlns=\"http://activemq.apache.org/schema/core\" brokerName=\"localhost\" \
         dataDirectory=\"${{activemq.data}}\">\n{elements}\n</broker>\n</beans>\n"
    )
}

fn launch(arguments: &[&str], folder: &Folder) -> (Child, Receiver<String>) {
    let mut command = command(arguments, folder.path());
    let started = command.stdout(Stdio::null()).spawn();
    let mut child = started.unwrap_or_else(|error| panic!("{error}"));
    let errors = child.stderr.take();
    let (sender, lines) = sync_channel(100_000);
    std::thread::spawn(move || {
        let Some(errors) = errors else { return };
        let mut reader = BufReader::new(errors);
        let mut line = String::new();
        while matches!(reader.by_ref().read_line(&mut line), Ok(length) if length > 0) {
            if sender.send(line.trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    (child, lines)
}
