//! Operations on the messages of a queue or topic, by way of the [`Clerk`].

use super::arguments::{count, destination, selector, selector_of_id};
use super::broker::too_long;
use super::message::structure;
use crate::clerk::{Clerk, Fate};
use crate::jolokia::bean::Act;
use crate::jolokia::beans::destination::is_dlq;
use crate::jolokia::data::Data;
use crate::jolokia::fault::Fault;
use crate::jolokia::scene::Scene;
use crate::routes::House;
use floodway_broker::view::DestinationView;
use floodway_message::selector::Selector;
use floodway_message::session::Failure;
use floodway_message::{Destination, DestinationKind};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Most messages that are copied at a time.
const COPIES_MAX: usize = 1000;

/// What is to be done with which messages.
pub(crate) struct Job {
    queue: Destination,
    selector: Option<Arc<Selector>>,
    /// At most so many.
    most: u64,
    deed: Deed,
    answer: Answer,
}

enum Deed {
    Browse,
    Take(Fate),
    Copy(Destination),
}

/// What is told of what was done.
#[derive(Clone, Copy)]
enum Answer {
    Nothing,
    Count,
    WasThere,
    Rows,
    Table,
    Row,
}

impl Job {
    pub(crate) fn new(
        act: Act,
        one: &DestinationView,
        given: &[Value],
        scene: &Scene<'_>,
    ) -> Result<Self, Fault> {
        let queue = one.destination.clone();
        let browse_max = one.entry.browse_page_size_max as u64;
        let target = |at: usize| destination(given.get(at), DestinationKind::Queue);
        let most = |at: usize| given.get(at).map_or(Ok(u64::MAX), count);
        let by_id = || selector_of_id(given.first());
        let matching = || selector(given.first());
        let retry = || {
            let text = "Retry of message is only possible on Dead Letter Queues!";
            let not_dead = Fault::new("java.lang.Exception", 500, text);
            is_dlq(one, scene)
                .then_some(Deed::Take(Fate::Retried))
                .ok_or(not_dead)
        };
        let moved = |at: usize| target(at).map(|to| Deed::Take(Fate::Moved(to)));
        let removed = || Deed::Take(Fate::Removed);
        let (deed, selector, most, answer) = match act {
            Act::Browse => (Deed::Browse, matching()?, browse_max, Answer::Rows),
            Act::BrowseTable => (Deed::Browse, matching()?, browse_max, Answer::Table),
            Act::GetMessage => (Deed::Browse, by_id()?, 1, Answer::Row),
            Act::Purge => (removed(), None, one.messages.pending, Answer::Nothing),
            Act::RemoveMessage => (removed(), by_id()?, 1, Answer::WasThere),
            Act::RemoveMatching => (removed(), matching()?, most(1)?, Answer::Count),
            Act::MoveMessage => (moved(1)?, by_id()?, 1, Answer::WasThere),
            Act::MoveMatching => (moved(1)?, matching()?, most(2)?, Answer::Count),
            Act::CopyMessage => (Deed::Copy(target(1)?), by_id()?, 1, Answer::WasThere),
            Act::CopyMatching => (Deed::Copy(target(1)?), matching()?, most(2)?, Answer::Count),
            Act::RetryMessage => (retry()?, by_id()?, 1, Answer::WasThere),
            Act::RetryAll => (retry()?, None, one.messages.pending, Answer::Count),
            _ => return Err(Fault::unsupported("this operation is not built yet")),
        };
        Ok(Self {
            queue,
            selector,
            most,
            deed,
            answer,
        })
    }

    pub(crate) async fn run(self, house: &House) -> Result<Data, Fault> {
        let limit = Duration::from_millis(house.settings.operation_ms);
        let answer = self.answer;
        let done = match tokio::time::timeout(limit, self.work(house)).await {
            Ok(done) => done?,
            Err(_) => return Err(too_long()),
        };
        Ok(match answer {
            Answer::Nothing => Data::Null,
            Answer::Count => done.count.into(),
            Answer::WasThere => (done.count > 0).into(),
            Answer::Rows => Data::List(done.rows.into_iter().map(|(_, row)| row).collect()),
            Answer::Table => Data::Map(done.rows),
            Answer::Row => done
                .rows
                .into_iter()
                .next()
                .map_or(Data::Null, |(_, row)| row),
        })
    }

    async fn work(self, house: &House) -> Result<Done, Failure> {
        let mut clerk = Clerk::new(&house.watched);
        let most = usize::try_from(self.most).unwrap_or(usize::MAX);
        let mut done = Done::default();
        // A topic keeps nothing that could be looked at.
        if !self.queue.kind().is_queue() || most == 0 {
            return Ok(done);
        }
        match self.deed {
            Deed::Browse => {
                for message in clerk.browse(&self.queue, self.selector, most).await? {
                    done.rows
                        .push((message.id().to_owned(), structure(&message)));
                }
            }
            Deed::Take(Fate::Moved(to)) if to == self.queue => {}
            Deed::Take(fate) => {
                done.count = clerk
                    .take(&self.queue, self.selector, self.most, &fate)
                    .await?;
            }
            Deed::Copy(to) => {
                let most = most.min(COPIES_MAX);
                let found = clerk.browse(&self.queue, self.selector, most).await?;
                clerk.copy(&found, &to).await?;
                done.count = found.len() as u64;
            }
        }
        Ok(done)
    }
}

#[derive(Default)]
struct Done {
    count: u64,
    rows: Vec<(String, Data)>,
}
