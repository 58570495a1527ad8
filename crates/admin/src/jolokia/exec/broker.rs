//! Operations of the broker: destinations, durable subscriptions, queries.

use super::arguments::{count, destination, selector, text};
use super::{Task, query};
use crate::clerk::Clerk;
use crate::jolokia::bean::Act;
use crate::jolokia::data::Data;
use crate::jolokia::exec::messages::Job;
use crate::jolokia::fault::Fault;
use crate::jolokia::object_name::ObjectName;
use crate::jolokia::scene::Scene;
use crate::routes::House;
use floodway_message::session::{Command, Connect, Failure, OpenConsumer, Reply};
use floodway_message::{Destination, DestinationKind};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A command that is still to be numbered.
type Unnumbered = Box<dyn FnOnce(Option<Reply>) -> Command + Send>;

/// Commands of the core, one after the other.
pub(crate) struct Change {
    commands: Vec<Unnumbered>,
    /// What success is answered with.
    answer: Data,
}

impl Change {
    pub(crate) fn new(command: Unnumbered) -> Self {
        Self {
            commands: vec![command],
            answer: Data::Null,
        }
    }

    /// Removes a durable subscription.
    pub(crate) fn without(client_id: &Arc<str>, name: Arc<str>) -> Self {
        let client_id = Some(Arc::clone(client_id));
        Self::new(Box::new(|reply| Command::RemoveDurable {
            client_id,
            name,
            reply,
        }))
    }

    pub(crate) async fn run(self, house: &House) -> Result<Data, Fault> {
        let mut clerk = Clerk::new(&house.watched);
        let all = async {
            for command in self.commands {
                clerk.call(command).await?;
            }
            Ok::<(), Failure>(())
        };
        let limit = Duration::from_millis(house.settings.operation_ms);
        match tokio::time::timeout(limit, all).await {
            Ok(done) => done?,
            Err(_) => return Err(too_long()),
        }
        Ok(self.answer)
    }
}

/// The operation was given up.
pub(crate) fn too_long() -> Fault {
    let text = "the operation was given up because it took too long; what it did so far stays \
                done, so call it again to go on";
    Fault::new("java.util.concurrent.TimeoutException", 500, text)
}

pub(crate) fn start(act: Act, given: &[Value], scene: &Scene<'_>) -> Result<Task, Fault> {
    use DestinationKind::{Queue, Topic};
    match act {
        Act::AddQueue => create(given, Queue),
        Act::AddTopic => create(given, Topic),
        Act::RemoveQueue => remove(given, Queue, scene),
        Act::RemoveTopic => remove(given, Topic, scene),
        Act::QueryQueues | Act::QueryTopics => {
            let [filter, page, size] = given else {
                return Ok(Task::Done(Data::Null));
            };
            let kind = if act == Act::QueryQueues {
                Queue
            } else {
                Topic
            };
            let (page, size) = (count(page)?, count(size)?);
            let found = query::query(scene, kind, &text(Some(filter))?, (page, size))?;
            Ok(Task::Done(found.into()))
        }
        Act::BrowseQueue => {
            let name = destination(given.first(), Queue)?;
            let mut all = scene.destinations();
            let found = all.find(|one| one.destination == name);
            let found = found.ok_or_else(|| Fault::no_instance(name.to_string()))?;
            Job::new(Act::Browse, found, &[], scene).map(Task::Messages)
        }
        Act::CreateDurable => create_durable(given, scene),
        Act::DestroyDurable => {
            let client_id = text(given.first())?.into();
            let name = text(given.get(1))?.into();
            Ok(Task::Change(Change::without(&client_id, name)))
        }
        Act::ConnectorOfScheme => {
            let scheme = text(given.first())?;
            let mut all = scene.house.settings.connectors.iter();
            let found = all.find(|one| one.scheme == scheme);
            Ok(Task::Done(found.map(|one| one.uri.clone()).into()))
        }
        Act::ResetTotals => {
            scene.broker().reset_totals(None);
            Ok(Task::Done(Data::Null))
        }
        _ => Ok(Task::Done(Data::Null)),
    }
}

fn create(given: &[Value], kind: DestinationKind) -> Result<Task, Fault> {
    let destination = named(given, kind)?;
    Ok(Task::Change(Change::new(Box::new(|reply| {
        Command::CreateDestination { destination, reply }
    }))))
}

/// What is in it can be put back for a while.
fn remove(given: &[Value], kind: DestinationKind, scene: &Scene<'_>) -> Result<Task, Fault> {
    let destination = named(given, kind)?;
    scene.broker().delete(&destination, scene.now)?;
    Ok(Task::Done(Data::Null))
}

/// The kind is that of the operation, whatever the name begins with.
fn named(given: &[Value], kind: DestinationKind) -> Result<Destination, Fault> {
    let named = destination(given.first(), kind)?;
    if named.kind() == kind {
        Ok(named)
    } else {
        Err(Fault::illegal(format!(
            "{named} is not what this operation is for"
        )))
    }
}

/// Subscribes under the client id, and leaves at once.
fn create_durable(given: &[Value], scene: &Scene<'_>) -> Result<Task, Fault> {
    let client_id: Arc<str> = text(given.first())?.into();
    let name: Arc<str> = text(given.get(1))?.into();
    let topic = destination(given.get(2), DestinationKind::Topic)?;
    if client_id.is_empty() || name.is_empty() {
        return Err(Fault::illegal(
            "a durable subscription needs a client id and a name",
        ));
    }
    if topic.kind() != DestinationKind::Topic {
        return Err(Fault::illegal(format!("{topic} is no topic")));
    }
    let selector = selector(given.get(3))?;
    let known = scene.subscriptions().iter().any(|one| {
        let same = one.client_id == client_id && one.durable_name.as_ref() == Some(&name);
        same && one.connection.is_some()
    });
    if known {
        let text = format!("durable subscription {name} of client {client_id} is in use");
        return Err(Fault::new("javax.jms.JMSException", 500, text));
    }
    let bean = ObjectName::new(&[
        ("type", "Broker"),
        ("brokerName", scene.broker_name()),
        ("destinationType", "Topic"),
        ("destinationName", topic.name()),
        ("endpoint", "Consumer"),
        ("clientId", &client_id),
        ("consumerId", &format!("Durable({client_id}:{name})")),
    ]);
    let connect: Unnumbered = Box::new(|reply| {
        Command::Connect(Box::new(Connect {
            client_id,
            user: None,
            password: None,
            protocol: "administration",
            resends: false,
            session: None,
            introduction: None,
            reply: reply.unwrap_or_default(),
        }))
    });
    let open: Unnumbered = Box::new(|reply| {
        Command::OpenConsumer(Box::new(OpenConsumer {
            consumer: 1,
            destinations: vec![topic],
            selector,
            prefetch: Some(0),
            browser: false,
            durable_name: Some(name),
            no_local: false,
            exclusive: false,
            retroactive: false,
            priority: 0,
            pending_limit: None,
            network: false,
            introduction: None,
            reply,
        }))
    });
    Ok(Task::Change(Change {
        commands: vec![connect, open],
        answer: bean.into(),
    }))
}
