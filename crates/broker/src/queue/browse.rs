//! Browsing: a consumer that sees copies of what is pending, and takes nothing.
//!
//! A browser sees what was pending when it came: first what is in flight and in the window (held
//! by reference), then the backlog, read page by page as the browser takes it, to any depth.

use crate::consumer::Consumer;
use crate::entry::Entry;
use crate::queue::lane::Kept;
use crate::queue::page::PageJob;
use crate::queue::{Queue, QueueState};
use crate::selection::Selection;
use crate::turn::Turn;
use floodway_message::Message;
use floodway_message::session::Event;
use floodway_store::{ListId, Page, PageRequest, StoreError};
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes read for a browser at a time.
const PAGE_BYTES_MAX: usize = 256 << 10;

/// A part of the backlog that a browser has yet to see.
struct Part {
    lane: usize,
    kept: Kept,
    list: ListId,
    from: u64,
    end: u64,
}

/// One browser.
pub(crate) struct Browse {
    pub(crate) consumer: Arc<Consumer>,
    ready: VecDeque<Arc<Message>>,
    parts: VecDeque<Part>,
    reading: bool,
    ended: bool,
}

impl Browse {
    pub(crate) fn new(consumer: Arc<Consumer>, state: &QueueState) -> Self {
        // What is to be read from disk is seen there.
        let is_unread = |entry: &&Entry| {
            let mut lanes = state.lanes.iter();
            lanes.any(|lane| lane.is_seen_on_disk(&entry.place))
        };
        let mut seen: Vec<(u64, Arc<Message>)> = state
            .in_flight()
            .filter(|entry| !is_unread(entry))
            .map(|entry| (entry.order, Arc::clone(&entry.message)))
            .collect();
        seen.sort_by_key(|(order, _)| *order);
        let mut ready: VecDeque<_> = seen.into_iter().map(|(_, message)| message).collect();
        let mut parts = VecDeque::new();
        for (number, lane) in state.lanes.iter().enumerate().rev() {
            let staged = lane.stored.staged.iter().chain(&lane.spooled.staged);
            let window = lane.window.iter().chain(staged).chain(&lane.aside);
            let window = window.filter(|entry| !is_unread(entry));
            ready.extend(window.map(|entry| Arc::clone(&entry.message)));
            for (kept, backlog) in [(Kept::Stored, &lane.stored), (Kept::Spooled, &lane.spooled)] {
                if let Some(list) = backlog.list
                    && backlog.on_disk_from() < backlog.end
                {
                    let (from, end) = (backlog.on_disk_from(), backlog.end);
                    parts.push_back(Part {
                        lane: number,
                        kept,
                        list,
                        from,
                        end,
                    });
                }
            }
        }
        Self {
            consumer,
            ready,
            parts,
            reading: false,
            ended: false,
        }
    }
}

impl Queue {
    /// Gives each browser what it has room for.
    pub(crate) fn serve_browsers(self: &Arc<Self>, state: &mut QueueState, turn: &mut Turn<'_>) {
        if state.browsers.is_empty() {
            return;
        }
        for browse in &mut state.browsers {
            self.serve(browse, turn);
        }
    }

    fn serve(self: &Arc<Self>, browse: &mut Browse, turn: &mut Turn<'_>) {
        let consumer = Arc::clone(&browse.consumer);
        while consumer.has_room() {
            let Some(message) = browse.ready.pop_front() else {
                break;
            };
            if message.is_expired(turn.now.wall_ms)
                || !consumer.filter.passes(&Selection::new(&message, 0))
            {
                continue;
            }
            consumer.occupy();
            let (_, wake) =
                consumer
                    .outbox
                    .deliver(consumer.id, &consumer.next_delivery, &message, 0);
            if wake {
                turn.touch(&consumer.outbox);
            }
        }
        if !browse.ready.is_empty() || browse.reading || browse.ended {
            return;
        }
        match browse.parts.front() {
            Some(part) => {
                browse.reading = true;
                let records_max = self.policy().page_size_max.max(1);
                let request = PageRequest {
                    list: part.list,
                    from: part.from,
                    records_max,
                    bytes_max: PAGE_BYTES_MAX,
                };
                let (lane, kept) = (part.lane, part.kept);
                let job = PageJob {
                    queue: Arc::clone(self),
                    lane,
                    kept,
                    request,
                };
                turn.broker.page_for_browser(job, consumer);
            }
            None => {
                browse.ended = true;
                turn.push(
                    &consumer.outbox,
                    Event::BrowseEnd {
                        consumer: consumer.id,
                    },
                );
            }
        }
    }

    /// Takes in a page for a browser.
    pub(crate) fn browsed(
        self: &Arc<Self>,
        consumer: &Arc<Consumer>,
        result: Result<Page, StoreError>,
        turn: &mut Turn<'_>,
    ) {
        let mut state = self.lock();
        let found = state
            .browsers
            .iter_mut()
            .find(|b| Arc::ptr_eq(&b.consumer, consumer));
        let Some(browse) = found else { return };
        browse.reading = false;
        let Some(part) = browse.parts.front_mut() else {
            return;
        };
        let mut done = true;
        if let Ok(page) = result {
            for record in page
                .records
                .into_iter()
                .filter(|record| record.position < part.end)
            {
                if let Ok(message) = Message::from_parts(record.head, record.body) {
                    browse.ready.push_back(Arc::new(message));
                }
            }
            // What is not written yet came after the browser, or is seen by the next one.
            done = page.next >= part.end || page.next == part.from || page.unwritten;
            part.from = page.next;
        }
        if done {
            browse.parts.pop_front();
        }
        self.serve(browse, turn);
    }

    /// A browser has taken deliveries: it has room again.
    pub(crate) fn browser_took(self: &Arc<Self>, consumer: &Arc<Consumer>, turn: &mut Turn<'_>) {
        let mut state = self.lock();
        self.serve_browsers(&mut state, turn);
        drop(state);
        debug_assert!(consumer.browser, "only browsers are served here");
    }
}
