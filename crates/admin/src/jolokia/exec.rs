//! Operations: which one is meant, and with what.
//!
//! An operation is found by its name, and by its signature where there are several. What it does
//! is in `exec/…`; those that wait for messages do so without holding anything of the core.

use super::bean::{Act, Bean, Operation, Subject};
use super::beans::{connector, destination, health, slow};
use super::data::Data;
use super::fault::Fault;
use super::request::Request;
use super::scene::Scene;
use crate::routes::House;
use floodway_message::session::Command;
use floodway_message::{Destination, DestinationKind, wildcard};
use serde_json::Value;

pub(crate) mod arguments;
mod broker;
mod jobs;
mod message;
mod messages;
mod query;
mod send;

use arguments::text;
use broker::Change;
pub(crate) use message::date;

/// What is to be done, with all that it needs.
pub(crate) enum Task {
    /// It is done.
    Done(Data),
    /// Something with the messages of a destination.
    Messages(messages::Job),
    /// A message is to be sent.
    Send(send::Sending),
    /// Something with scheduled messages.
    Jobs(jobs::Asked),
    /// A command of the core, and what its success is answered with.
    Change(Change),
}

/// Finds the operation and does what can be done at once.
///
/// # Errors
/// When there is no such MBean or operation, or the arguments are not for it.
pub(crate) fn begin(request: &Request, scene: &Scene<'_>) -> Result<Task, Fault> {
    let name = request.mbean.as_ref();
    let name = name.ok_or_else(|| Fault::illegal("No mbean name given"))?;
    if name.is_pattern() {
        return Err(Fault::illegal(
            "an operation needs the name of one MBean, not a pattern",
        ));
    }
    let asked = request.operation.as_deref().ok_or_else(|| {
        let name = name.registered();
        Fault::illegal(format!(
            "No operation given for exec Request on MBean {name}"
        ))
    })?;
    scene.house.settings.jolokia.lets_operation(name, asked)?;
    let bean = scene.bean(name)?;
    let operation = find(&bean, asked)?;
    let given = &request.arguments;
    let needed = operation.arguments.len();
    if given.len() != needed {
        return Err(Fault::illegal(format!(
            "Invalid number of operation arguments. Operation {asked} on {} requires {needed} \
             parameters, not {} as given",
            bean.name.registered(),
            given.len()
        )));
    }
    start(operation.act, &bean.subject, given, scene)
}

/// Does what takes time.
///
/// # Errors
/// When the core refuses, or it takes too long.
pub(crate) async fn finish(task: Task, house: &House) -> Result<Data, Fault> {
    match task {
        Task::Done(data) => Ok(data),
        Task::Messages(job) => job.run(house).await,
        Task::Send(sending) => sending.run(house).await,
        Task::Jobs(asked) => asked.run(house).await,
        Task::Change(change) => change.run(house).await,
    }
}

fn find(bean: &Bean, asked: &str) -> Result<&'static Operation, Fault> {
    let (name, signature) = match asked.split_once('(') {
        None => (asked, None),
        Some((name, signature)) => (name, Some(signature.trim_end_matches(')'))),
    };
    let named: Vec<&Operation> = bean
        .subject
        .operations()
        .filter(|operation| operation.name == name)
        .collect();
    if named.is_empty() {
        return Err(Fault::illegal(format!(
            "No operation {name} found on MBean {}",
            bean.name.canonical()
        )));
    }
    let signature_of = |operation: &Operation| {
        let types = operation.arguments.iter().map(|(_, java)| *java);
        types.collect::<Vec<_>>().join(",")
    };
    let known = || {
        let all = named.iter().map(|one| format!("({})", signature_of(one)));
        all.collect::<Vec<_>>().join(",")
    };
    match (signature, named.as_slice()) {
        (None, [only]) => Ok(only),
        (None, _) => Err(Fault::illegal(format!(
            "Operation {name} on MBean {} is overloaded. Signatures found: {}. Use a signature \
             when specifying the operation.",
            bean.name.canonical(),
            known()
        ))),
        (Some(signature), _) => {
            let signature = signature.replace(' ', "");
            let mut named = named.iter();
            let found = named.find(|one| signature_of(one) == signature);
            found.copied().ok_or_else(|| {
                Fault::illegal(format!(
                    "No operation {asked} on MBean {} exists. Known signatures: {}",
                    bean.name.canonical(),
                    known()
                ))
            })
        }
    }
}

/// Does what can be done at once, and tells what is left to do.
///
/// # Errors
/// When the arguments are not for it, or it is not possible here.
pub(crate) fn start(
    act: Act,
    subject: &Subject,
    given: &[Value],
    scene: &Scene<'_>,
) -> Result<Task, Fault> {
    if let Act::Refuse(why) = act {
        return Err(Fault::unsupported(why));
    }
    match subject {
        Subject::Broker => broker::start(act, given, scene),
        Subject::Queue(one) | Subject::Topic(one) => of_destination(act, one, given, scene),
        Subject::Subscription(one) | Subject::TopicSubscription(one) | Subject::Durable(one) => {
            of_subscription(act, one, given)
        }
        Subject::Health => Ok(Task::Done(match act {
            Act::HealthTable => health::table(scene),
            Act::HealthList => health::list(scene),
            _ => health::text(scene).into(),
        })),
        Subject::Connection(one) => {
            let reason = "an operator has closed the connection";
            if act == Act::CloseConnection {
                scene.broker().close_connection(one.id, reason, scene.now);
            }
            Ok(Task::Done(Data::Null))
        }
        Subject::Connector(one) => Ok(Task::Done(match act {
            Act::CountConnections => connector::count(one, scene),
            _ => Data::Null,
        })),
        Subject::Branch(xid) => {
            let xid = xid.clone();
            let command: Box<dyn FnOnce(Option<u64>) -> Command + Send> = match act {
                Act::CommitBranch => Box::new(|reply| Command::CommitPrepared { xid, reply }),
                _ => Box::new(|reply| Command::RollbackPrepared { xid, reply }),
            };
            Ok(Task::Change(Change::new(command)))
        }
        Subject::Scheduler => match act {
            Act::Jobs(act) => jobs::Asked::new(act, given, scene).map(Task::Jobs),
            _ => Ok(Task::Done(Data::Null)),
        },
        Subject::Producer(one) => {
            let (connection, producer) = (one.0.connection, one.0.producer);
            match act {
                Act::ResetSent => scene.broker().reset_sent(connection, producer),
                _ => scene
                    .broker()
                    .reset_blocked(connection, producer, scene.now),
            }
            Ok(Task::Done(Data::Null))
        }
        Subject::Slow(one) => {
            slow::abort(act, one, &text(given.first())?, scene)?;
            Ok(Task::Done(Data::Null))
        }
        Subject::Store => Ok(Task::Done(Data::Null)),
    }
}

fn of_destination(
    act: Act,
    one: &floodway_broker::view::DestinationView,
    given: &[Value],
    scene: &Scene<'_>,
) -> Result<Task, Fault> {
    let name = &one.destination;
    let broker = scene.broker();
    let done = |data: Data| Ok(Task::Done(data));
    match act {
        Act::ResetTotals => {
            broker.reset_totals(Some(name));
        }
        Act::Pause | Act::Resume => {
            broker.set_paused(name, act == Act::Pause, scene.now);
        }
        Act::RemoveGroup => {
            broker.forget_groups(name, Some(&text(given.first())?), scene.now);
        }
        Act::RemoveAllGroups => {
            broker.forget_groups(name, None, scene.now);
        }
        Act::CursorSize => return done(one.messages.pending.into()),
        Act::CursorBuffers => return done((one.memory_used_bytes > 0).into()),
        Act::CursorHasSpace => return done((!destination::is_full(one)).into()),
        Act::SendText | Act::SendTextWithHeaders | Act::SendProperties => {
            return send::Sending::new(act, name, given, scene).map(Task::Send);
        }
        _ => return messages::Job::new(act, one, given, scene).map(Task::Messages),
    }
    done(Data::Null)
}

fn of_subscription(
    act: Act,
    one: &floodway_broker::view::SubscriptionView,
    given: &[Value],
) -> Result<Task, Fault> {
    let matches = |kind: DestinationKind| {
        let name = text(given.first())?;
        let other = Destination::new(kind, &name);
        let other = other.map_err(|error| Fault::illegal(error.to_string()))?;
        let mut all = one.destinations.iter();
        let found = all.any(|own| {
            own.kind().is_queue() == kind.is_queue() && wildcard::matches(own.name(), other.name())
        });
        Ok(Task::Done(found.into()))
    };
    match act {
        Act::MatchesQueue => matches(DestinationKind::Queue),
        Act::MatchesTopic => matches(DestinationKind::Topic),
        Act::CursorSize => Ok(Task::Done(one.pending.into())),
        Act::CursorBuffers => Ok(Task::Done((one.pending > 0).into())),
        Act::CursorHasSpace => Ok(Task::Done(true.into())),
        Act::Destroy => {
            let name = one.durable_name.clone().unwrap_or_else(|| "".into());
            Ok(Task::Change(Change::without(&one.client_id, name)))
        }
        _ => Ok(Task::Done(Data::Null)),
    }
}
