//! Asking a running broker, over HTTP, and over STOMP where messages are taken or a load is put on;
//! its answer as text or JSON.
//!
//! What comes from the broker was partly written by its clients (names, addresses), so nothing of
//! it reaches the terminal with control characters in it.

use crate::{Queues, Reload, Remote, Set, Verb};
use serde_json::{Value, json};
use std::time::Duration;

mod activemq;
mod bench;
mod browse;
mod clock;
mod connector;
mod jolokia;
mod messages;
mod password;
mod progress;
mod receive;
mod reload;
mod stomp;
mod text;
mod top;
mod undo;

/// A broker that does not answer in so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest answer in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
/// Rows that are asked for at a time.
const PAGE_ROWS: usize = 1000;
/// Most pages that are asked for.
const PAGES_MAX: usize = 1000;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// No password is known.
    #[error(
        "there is no password: {file} cannot be read ({cause}); name its file with \
         --password-file, or set FLOODWAY_PASSWORD"
    )]
    NoPassword {
        /// Where it was looked for last.
        file: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Nobody answers at the address.
    #[error("no broker answers at {url} ({cause}); start one, or name its address with --url")]
    Unreachable {
        /// The address.
        url: String,
        /// What went wrong.
        cause: Box<ureq::Error>,
    },
    /// The broker said no.
    #[error("the broker at {url} refuses: {reason} (status {status})")]
    Refused {
        /// The address.
        url: String,
        /// Of HTTP.
        status: u16,
        /// What it said.
        reason: String,
    },
    /// Not what a broker answers.
    #[error("what answers at {url} is not a Floodway broker: {cause}")]
    NotABroker {
        /// The address.
        url: String,
        /// What is wrong.
        cause: serde_json::Error,
    },
    /// What was asked for could not be done.
    #[error("the broker cannot do that: {reason}")]
    Undone {
        /// What it said.
        reason: String,
    },
    /// Not understood, before anybody was asked.
    #[error("{reason}")]
    Usage {
        /// What is wrong, and what to write.
        reason: String,
    },
    /// Text could not be read or written.
    #[error("{what}: {cause}")]
    Text {
        /// What was tried.
        what: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Not a request to a running broker.
    #[error("this command asks no running broker")]
    NotRemote,
}

/// Where text goes, piece by piece.
pub type Print<'a> = &'a mut dyn FnMut(&str) -> std::io::Result<()>;

/// Does what a verb says, asking a running broker for most of them, and prints what comes of it.
///
/// # Errors
/// When there is no password, no broker, or the broker refuses. A reader that went away is none.
pub fn run(verb: &Verb, print: Print<'_>) -> Result<(), RemoteError> {
    let printed = match verb {
        Verb::Top(asked) => top::run(asked, print),
        Verb::Browse(asked) if asked.all => browse::all(asked, print),
        Verb::Purge(asked) => messages::purge(asked, print),
        Verb::Move(asked) => messages::relocate(asked, print),
        Verb::Receive(asked) => receive::receive(asked, print),
        Verb::Bench(asked) => bench::run(asked, print),
        Verb::Send(asked) => messages::send(asked, print),
        Verb::Activemq(asked) => activemq::run(asked, print),
        Verb::Completions { shell } => written(print, &crate::paper::completions(*shell)),
        Verb::Man { directory } => match crate::paper::manual(directory.as_deref()) {
            Ok(text) => written(print, &text),
            Err((what, cause)) => Err(RemoteError::Text { what, cause }),
        },
        _ => written(print, &ask(verb)?),
    };
    match printed {
        Err(RemoteError::Text { cause, .. }) if cause.kind() == std::io::ErrorKind::BrokenPipe => {
            Ok(())
        }
        printed => printed,
    }
}

fn written(print: Print<'_>, text: &str) -> Result<(), RemoteError> {
    print(text).map_err(|cause| RemoteError::Text {
        what: "the answer cannot be written".into(),
        cause,
    })
}

/// Asks a running broker once and gives what is to be printed.
fn ask(verb: &Verb) -> Result<String, RemoteError> {
    match verb {
        Verb::Status(remote) => {
            let status = Broker::new(remote)?.get("/api/status")?;
            Ok(shown(remote, &status, text::status))
        }
        Verb::Queues(queues) => list_queues(queues),
        Verb::Connections(remote) => {
            let rows = Broker::new(remote)?.rows("/api/connections?")?;
            Ok(shown(remote, &rows, text::connections))
        }
        Verb::Explain(explain) => {
            let only = [
                ("destination", &explain.destination),
                ("producer", &explain.producer),
            ];
            let given = only.iter().filter_map(|(key, value)| {
                let value = value.as_deref()?;
                Some(format!("{key}={}", encoded(value)))
            });
            let path = format!("/api/explain?{}", given.collect::<Vec<_>>().join("&"));
            let broker = Broker::new(&explain.remote)?;
            if explain.remote.json {
                Ok(pretty(&broker.get(&path)?))
            } else {
                Ok(text::clean(&broker.get_as(&path, "text/plain")?))
            }
        }
        Verb::Set(set) => change(set),
        Verb::Reload(asked) => reload(asked),
        Verb::Browse(browse) => messages::browse(browse),
        Verb::Undo(asked) => undo::undo(asked),
        _ => Err(RemoteError::NotRemote),
    }
}

/// Lets time pass for somebody who looks on; nothing depends on how much.
fn pause(time: Duration) {
    std::thread::park_timeout(time);
}

fn list_queues(queues: &Queues) -> Result<String, RemoteError> {
    let search = encoded(queues.search.as_deref().unwrap_or_default());
    let mut rows =
        Broker::new(&queues.remote)?.rows(&format!("/api/destinations?search={search}&"))?;
    if let Value::Array(rows) = &mut rows {
        let is_queue = |row: &Value| {
            let name = row.get("destination").and_then(Value::as_str);
            name.is_some_and(|name| name.starts_with("queue://"))
        };
        rows.retain(is_queue);
    }
    Ok(shown(&queues.remote, &rows, text::queues))
}

fn change(set: &Set) -> Result<String, RemoteError> {
    let broker = Broker::new(&set.remote)?;
    if set.assignments.is_empty() {
        let rows = broker.get(&format!("/api/settings?target={}", encoded(&set.target)))?;
        return Ok(shown(&set.remote, &rows, text::settings));
    }
    let mut change = json!({"target": set.target});
    if let Value::Object(fields) = &mut change {
        for one in &set.assignments {
            fields.insert(one.name.clone(), Value::String(one.value.clone()));
        }
        if set.persist {
            fields.insert("persist".into(), Value::Bool(true));
        }
    }
    let answer = broker.post("/api/set", &change)?;
    Ok(shown(&set.remote, &answer, text::changed))
}

/// What was shown is what is made: both have the same token.
fn reload(asked: &Reload) -> Result<String, RemoteError> {
    let broker = Broker::new(&asked.remote)?;
    let keep = if asked.keep_live {
        "?keepLive=true"
    } else {
        ""
    };
    let token = match asked.apply.as_deref() {
        None => {
            let found = broker.get(&format!("/api/reload{keep}"))?;
            return Ok(shown(&asked.remote, &found, |found| {
                reload::difference(found, asked.keep_live)
            }));
        }
        Some("") => {
            let found = broker.get(&format!("/api/reload{keep}"))?;
            let token = found.get("token").and_then(Value::as_str);
            token.unwrap_or_default().to_owned()
        }
        Some(token) => token.to_owned(),
    };
    let change = json!({"token": token, "keepLive": asked.keep_live});
    let made = broker.post("/api/reload", &change)?;
    Ok(shown(&asked.remote, &made, |made| {
        reload::difference(made, asked.keep_live)
    }))
}

fn shown(remote: &Remote, answer: &Value, text: impl Fn(&Value) -> String) -> String {
    if remote.json {
        pretty(answer)
    } else {
        text::clean(&text(answer))
    }
}

/// JSON escapes control characters by itself.
fn pretty(answer: &Value) -> String {
    format!("{answer:#}\n")
}

/// A value of a query, with everything but the plainest characters in percent form.
fn encoded(value: &str) -> String {
    let mut all = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            all.push(char::from(byte));
        } else {
            all.push_str(&format!("%{byte:02X}"));
        }
    }
    all
}

/// A running broker.
struct Broker<'a> {
    remote: &'a Remote,
    agent: ureq::Agent,
    login: String,
}

impl<'a> Broker<'a> {
    fn new(remote: &'a Remote) -> Result<Self, RemoteError> {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            // A password goes to the broker and to nobody else.
            .proxy(None)
            .build();
        Ok(Self {
            remote,
            agent: config.into(),
            login: password::login(remote)?,
        })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.remote.url.trim_end_matches('/'))
    }

    fn get(&self, path: &str) -> Result<Value, RemoteError> {
        let text = self.get_as(path, "application/json")?;
        self.parsed(&text)
    }

    fn get_as(&self, path: &str, accept: &str) -> Result<String, RemoteError> {
        let request = self.agent.get(self.url(path));
        let request = request.header("Authorization", &self.login);
        self.answer(request.header("Accept", accept).call())
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, RemoteError> {
        let request = self.agent.post(self.url(path));
        let request = request.header("Authorization", &self.login);
        let request = request.header("Content-Type", "application/json");
        let text = self.answer(request.send(body.to_string()))?;
        self.parsed(&text)
    }

    /// All rows of all pages; `path` ends with `?` or `&`.
    fn rows(&self, path: &str) -> Result<Value, RemoteError> {
        let mut rows = Vec::new();
        for page in 1..=PAGES_MAX {
            let mut answer = self.get(&format!("{path}size={PAGE_ROWS}&page={page}"))?;
            let Some(Value::Array(more)) = answer.get_mut("rows").map(Value::take) else {
                break;
            };
            let size = answer.get("size").and_then(Value::as_u64);
            let is_last = (more.len() as u64) < size.unwrap_or(u64::MAX);
            rows.extend(more);
            if is_last {
                break;
            }
        }
        Ok(Value::Array(rows))
    }

    fn answer(
        &self,
        called: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<String, RemoteError> {
        let url = self.remote.url.clone();
        let unreachable = |cause| RemoteError::Unreachable {
            url: url.clone(),
            cause: Box::new(cause),
        };
        let mut response = called.map_err(unreachable)?;
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let text = body.read_to_string().map_err(unreachable)?;
        if response.status().is_success() {
            return Ok(text);
        }
        let refusal: Option<Value> = serde_json::from_str(&text).ok();
        let reason = refusal
            .as_ref()
            .and_then(|refusal| refusal.get("error")?.as_str());
        Err(RemoteError::Refused {
            url,
            status: response.status().as_u16(),
            reason: text::clean(reason.unwrap_or("it does not say why")),
        })
    }

    fn parsed(&self, text: &str) -> Result<Value, RemoteError> {
        serde_json::from_str(text).map_err(|cause| RemoteError::NotABroker {
            url: self.remote.url.clone(),
            cause,
        })
    }
}
