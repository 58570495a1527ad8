//! The loop of one connection: read, let the protocol room interpret, submit, fetch events, let
//! the room encode, write. One task runs it to completion; there is no channel and no second task.
//!
//! It knows no wire format and no destination. Invariants: work per turn is bounded, so that a
//! producer cannot starve consumers; output beyond a limit stops deliveries, and a session that
//! must wait stops reading, while writing and heart-beats go on; nothing is acknowledged on behalf
//! of a peer that has closed; whatever way the task ends, a panic included, the session is closed.

use crate::after_write::AfterWrite;
use crate::connector::{Admission, ConnectorCounters, Shared};
use crate::peer::has_closed;
use crate::scratch::Scratch;
use crate::timer::Timer;
use bytes::BytesMut;
use floodway_broker::Session;
use floodway_message::session::{Command, Connection, ConnectionEnd};
use floodway_message::{Now, Output};
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

#[cfg(test)]
mod tests;

/// The read buffer grows at once to what a frame needs, up to so many bytes; beyond, it doubles
/// as bytes arrive, so that an announced size alone costs nothing.
const RESERVE_BYTES_MAX: usize = 1 << 20;
/// Most pieces handed to one vectored write; all but the small ones in between are 16 KiB or more.
const SLICES_MAX: usize = 64;
/// Least number of events taken at a time.
const EVENTS_MIN: usize = 16;
/// A peer's silence is not held against it while it is not read; ask again after so long.
const SILENCE_RETRY_MS: u64 = 100;
/// Most bytes of a refused peer that are read and dropped, so that it can read its error.
const LINGER_BYTES_MAX: usize = 1 << 20;

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error(transparent)]
    Room(#[from] ConnectionEnd),
    #[error("the peer closed the connection")]
    PeerClosed,
    #[error("the connection failed: {0}")]
    Failed(#[from] io::Error),
    #[error("no login within {0} ms")]
    LoginTimeout(u64),
    #[error("nothing received for {0} ms")]
    ReadTimeout(u64),
    #[error("the peer took nothing for {0} ms")]
    WriteTimeout(u64),
    #[error("the broker is stopping")]
    Stopping,
}

/// Since when something lasts, how long it may, and what it ends with.
struct Limit(Option<u64>, u64, fn(u64) -> End);

/// What is left of a turn.
struct Budget {
    bytes: usize,
    steps: usize,
}

impl Budget {
    fn spend(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.steps = self.steps.saturating_sub(1);
    }

    fn is_spent(&self) -> bool {
        self.bytes == 0 || self.steps == 0
    }
}

/// Closes the session when the task ends, however it ends.
struct OpenSession {
    session: Session,
    shared: Arc<Shared>,
}

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.session.close(self.shared.clock.now());
    }
}

/// Everything one connection owns.
pub(crate) struct ConnectionTask {
    stream: TcpStream,
    peer: SocketAddr,
    room: Box<dyn Connection>,
    session: OpenSession,
    input: BytesMut,
    output: Output,
    /// Bytes of output written since the start.
    written: u64,
    after_write: AfterWrite,
    /// The session may have events for us.
    events_wait: bool,
    /// The socket was not asked for bytes, so that none can wake the task.
    read_paused: bool,
    /// The peer has closed its side: what it sent is read to the end, nothing more is delivered.
    peer_gone: bool,
    /// Size of an encoded event, as seen lately.
    event_bytes: usize,
    /// Commands submitted since the session had no events left; bounds the answers that a peer
    /// can make us keep by not reading them.
    commands_ahead: usize,
    timer: Timer,
    accepted_ms: u64,
    received_ms: u64,
    write_blocked_ms: Option<u64>,
    admission: Admission,
}

impl ConnectionTask {
    pub(crate) fn new(admission: Admission, stream: TcpStream, peer: SocketAddr) -> Self {
        let shared = Arc::clone(&admission.shared);
        let now = shared.clock.now();
        let wake = Arc::clone(&admission.wake);
        let session = shared.broker.connect_at(
            &shared.settings.name,
            &peer.to_string(),
            Box::new(move || wake.wake()),
        );
        Self {
            stream,
            peer,
            room: shared.protocol.open(admission.serial, now),
            session: OpenSession { session, shared },
            input: BytesMut::new(),
            output: Output::default(),
            written: 0,
            after_write: AfterWrite::default(),
            events_wait: false,
            read_paused: false,
            peer_gone: false,
            event_bytes: 256,
            commands_ahead: 0,
            timer: Timer::default(),
            accepted_ms: now.monotonic_ms,
            received_ms: now.monotonic_ms,
            write_blocked_ms: None,
            admission,
        }
    }

    /// Serves the connection until it ends.
    pub(crate) async fn run(mut self) {
        let end = poll_fn(|cx| self.poll_turn(cx)).await;
        tracing::debug!(
            connection = self.admission.serial,
            peer = %self.peer,
            protocol = self.admission.shared.protocol.name(),
            "connection ends: {end}"
        );
        if let End::LoginTimeout(_) = end {
            ConnectorCounters::count(&self.admission.shared.counters.login_timeouts);
        }
        self.finish(end).await;
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut scratch = Scratch::take();
        scratch.lend(&mut self.input, &mut self.output);
        let turn = self.turn(cx, &mut scratch);
        let read_bytes = self.admission.shared.settings.read_buffer_bytes;
        scratch.collect(&mut self.input, &mut self.output, read_bytes);
        scratch.give_back();
        self.after_write.rest();
        match turn {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }

    /// Works until there is nothing to do (then everything that can change this wakes the task)
    /// or the turn's budget is spent (then the task goes behind the others).
    fn turn(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Result<(), End> {
        let settings = &self.admission.shared.settings;
        let mut budget = Budget {
            bytes: settings.turn_bytes_max,
            steps: settings.turn_steps_max,
        };
        loop {
            self.events_wait |= self.admission.wake.begin();
            if self.admission.shared.is_stopping() {
                return Err(End::Stopping);
            }
            let now = self.admission.shared.clock.now();
            self.read(cx, now, scratch, &mut budget)?;
            self.write(cx, now, scratch, &mut budget)?;
            let deadline = self.tick(now)?;
            if !self.output.is_empty() {
                self.write(cx, now, scratch, &mut budget)?;
            }
            if budget.is_spent() {
                cx.waker().wake_by_ref();
                return Ok(());
            }
            let may_read_again = self.read_paused && self.may_read();
            if !may_read_again
                && self.admission.wake.rest(cx.waker())
                && !self
                    .timer
                    .passed(cx, &self.admission.shared.clock, deadline)
            {
                return Ok(());
            }
            budget.spend(0);
        }
    }

    fn read(
        &mut self,
        cx: &mut Context<'_>,
        now: Now,
        scratch: &mut Scratch,
        budget: &mut Budget,
    ) -> Result<(), End> {
        loop {
            self.read_paused = !self.may_read();
            if self.read_paused || budget.is_spent() {
                return Ok(());
            }
            self.reserve_input();
            let read = match pin!(self.stream.read_buf(&mut self.input)).poll(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(read) => read?,
            };
            if read == 0 {
                self.peer_gone = true;
                return Err(End::PeerClosed);
            }
            budget.spend(read);
            self.received_ms = now.monotonic_ms;
            self.interpret(now, scratch)?;
        }
    }

    /// Deliveries that the peer does not take must not keep its acknowledgements from being read,
    /// but the answers that we keep for it are bounded.
    fn may_read(&self) -> bool {
        let settings = &self.admission.shared.settings;
        let answers_wait = self.output.len() >= settings.output_limit_bytes
            && self.commands_ahead >= settings.commands_ahead_max;
        (!answers_wait || self.peer_gone) && !self.session.session.must_wait()
    }

    fn reserve_input(&mut self) {
        let held = self.input.len();
        let wanted = self.room.input_wanted().saturating_sub(held);
        let growth = wanted.min(RESERVE_BYTES_MAX.max(held));
        let buffer = self.admission.shared.settings.read_buffer_bytes.max(1);
        if growth == 0 && held == 0 && self.input.try_reclaim(buffer) {
            return;
        }
        // A partly filled buffer is read to its end before it grows, unless little is left.
        if growth > 0 || self.input.capacity() - held <= buffer / 4 {
            self.input.reserve(growth.max(buffer));
        }
    }

    fn interpret(&mut self, now: Now, scratch: &mut Scratch) -> Result<(), End> {
        let commands = &mut scratch.commands;
        let received = self
            .room
            .receive(now, &mut self.input, commands, &mut self.output);
        if !self.admission.is_logged_in()
            && commands.iter().any(|c| matches!(c, Command::Connect(_)))
        {
            self.admission.logged_in();
        }
        self.submit(now, commands);
        Ok(received?)
    }

    fn submit(&mut self, now: Now, commands: &mut Vec<Command>) {
        if !commands.is_empty() {
            self.commands_ahead = self.commands_ahead.saturating_add(commands.len());
            self.session.session.submit(commands, now);
            commands.clear();
        }
    }

    fn write(
        &mut self,
        cx: &mut Context<'_>,
        now: Now,
        scratch: &mut Scratch,
        budget: &mut Budget,
    ) -> Result<(), End> {
        let limit = self.admission.shared.settings.output_limit_bytes;
        loop {
            if self.events_wait && self.output.len() < limit {
                self.encode(now, scratch)?;
            }
            if self.output.is_empty() {
                if !self.events_wait || budget.is_spent() {
                    return Ok(());
                }
                budget.spend(0);
                continue;
            }
            // What is acknowledged once it is written must not go to a peer that is known to be
            // gone: the runtime may tell later than the system does.
            if !self.after_write.is_empty() && has_closed(&self.stream) {
                self.peer_gone = true;
                return Ok(());
            }
            let Poll::Ready(written) = self.poll_write(cx) else {
                self.write_blocked_ms.get_or_insert(now.monotonic_ms);
                return Ok(());
            };
            self.wrote(written?, now, scratch);
            self.events_wait |= self.admission.wake.begin();
            budget.spend(0);
            if budget.is_spent() {
                return Ok(());
            }
        }
    }

    /// Fetches events, about as many as fit below the output limit, and encodes them.
    fn encode(&mut self, now: Now, scratch: &mut Scratch) -> Result<(), End> {
        let settings = &self.admission.shared.settings;
        let before = self.output.len();
        let room = settings.output_limit_bytes.saturating_sub(before);
        let most = settings.turn_events_max.max(EVENTS_MIN);
        let wanted = (room / self.event_bytes).clamp(EVENTS_MIN, most);
        self.events_wait = self
            .session
            .session
            .take_events(&mut scratch.events, wanted);
        if !self.events_wait {
            self.commands_ahead = 0;
        }
        let taken = scratch.events.len();
        if taken == 0 {
            return Ok(());
        }
        let sent = self.room.send(
            now,
            &mut scratch.events,
            &mut scratch.commands,
            &mut self.output,
        );
        scratch.events.clear();
        self.event_bytes = (self.output.len().saturating_sub(before) / taken).max(16);
        if !scratch.commands.is_empty() {
            let position = self.written + self.output.len() as u64;
            self.after_write.push(&mut scratch.commands, position);
        }
        Ok(sent?)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let count = self.output.slices(&mut slices);
        let stream = Pin::new(&mut self.stream);
        let written = match slices.get(..count).unwrap_or_default() {
            // The plain write learns from a short count that the socket is full.
            [one] => stream.poll_write(cx, one),
            many => stream.poll_write_vectored(cx, many),
        };
        written.map(|written| match written {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            other => other,
        })
    }

    fn wrote(&mut self, bytes: usize, now: Now, scratch: &mut Scratch) {
        self.output.advance(bytes);
        self.written += bytes as u64;
        self.write_blocked_ms = None;
        if self.peer_gone {
            return;
        }
        self.after_write
            .take_due(self.written, &mut scratch.commands);
        self.submit(now, &mut scratch.commands);
    }

    /// Lets time pass; says when it must pass again.
    fn tick(&mut self, now: Now) -> Result<Option<u64>, End> {
        let room = match self.room.tick(now, &mut self.output) {
            Err(ConnectionEnd::Silent(_)) if !self.may_read() => {
                Some(now.monotonic_ms + SILENCE_RETRY_MS)
            }
            deadline => deadline?,
        };
        let settings = &self.admission.shared.settings;
        let login = (!self.admission.is_logged_in()).then_some(self.accepted_ms);
        let read = self.may_read().then_some(self.received_ms);
        let limits = [
            Limit(login, settings.connect_timeout_ms, End::LoginTimeout),
            Limit(read, settings.read_timeout_ms, End::ReadTimeout),
            Limit(
                self.write_blocked_ms,
                settings.write_timeout_ms,
                End::WriteTimeout,
            ),
        ];
        let mut next = room;
        for Limit(since, limit_ms, end) in limits {
            let Some(since) = since.filter(|_| limit_ms > 0) else {
                continue;
            };
            let due = since.saturating_add(limit_ms);
            if now.monotonic_ms >= due {
                return Err(end(limit_ms));
            }
            next = Some(next.map_or(due, |next| next.min(due)));
        }
        Ok(next)
    }

    /// Writes what is left, as far as the peer takes it in time, and closes.
    async fn finish(mut self, end: End) {
        let close = Duration::from_millis(self.admission.shared.settings.close_timeout_ms);
        if matches!(end, End::Failed(_) | End::WriteTimeout(_)) {
            return;
        }
        if matches!(end, End::PeerClosed | End::Stopping) {
            self.encode_last();
        }
        // Gone or slow: there is nobody to tell.
        let flushed = tokio::time::timeout(close, self.write_rest()).await;
        let Self {
            mut stream,
            session,
            ..
        } = self;
        drop(session);
        let refused = matches!(end, End::Room(_) | End::LoginTimeout(_));
        if refused && matches!(flushed, Ok(Ok(()))) {
            drop(tokio::time::timeout(close, linger(&mut stream)).await);
        }
    }

    fn encode_last(&mut self) {
        let mut scratch = Scratch::take();
        let now = self.admission.shared.clock.now();
        if let Err(end) = self.encode(now, &mut scratch) {
            tracing::debug!(connection = self.admission.serial, "while closing: {end}");
        }
        scratch.give_back();
    }

    async fn write_rest(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            let written = poll_fn(|cx| self.poll_write(cx)).await?;
            let mut scratch = Scratch::take();
            self.wrote(written, self.admission.shared.clock.now(), &mut scratch);
            scratch.give_back();
        }
        Ok(())
    }
}

/// Closing with unread bytes would make the system discard the error that we have just written,
/// so what the peer still sends is read and dropped for a while.
async fn linger(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut dropped = BytesMut::new();
    let mut total = 0;
    while total < LINGER_BYTES_MAX {
        dropped.clear();
        dropped.reserve(4096);
        let read = stream.read_buf(&mut dropped).await?;
        if read == 0 {
            break;
        }
        total += read;
    }
    Ok(())
}
