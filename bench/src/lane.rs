//! One thread that drives many producers and consumers over one epoll.
//!
//! It knows readiness and turns; what a turn does is the endpoints' business. The machine shares
//! its cores between broker and load, so a run has one or two lanes, not a thread per connection.
//! Invariant: an endpoint that fails is taken out with its reason and the others go on.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::event::{Timespec, epoll};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use crate::consumer::Consumer;
use crate::control::{Control, Phase, Totals};
use crate::latency::Latencies;
use crate::producer::{Producer, Turn};
use crate::tracker::{Counts, Tracker};

/// The lane looks at the phase at least this often.
const TURN_MAX: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 20_000_000,
};

/// The epoll datum of the pacing timer; endpoints use their index.
const TIMER: u64 = u64::MAX;

/// A producer or a consumer.
pub enum Endpoint {
    Producer(Producer),
    Consumer(Consumer),
}

/// Endpoints and the thread's own records.
pub struct Lane {
    epoll: OwnedFd,
    timer: Option<OwnedFd>,
    slots: Vec<Slot>,
    tracker: Tracker,
    delivery: Latencies,
    confirm: Latencies,
    failures: Vec<String>,
}

struct Slot {
    endpoint: Endpoint,
    interest: epoll::EventFlags,
    is_open: bool,
}

/// What a lane found out.
pub struct LaneOutcome {
    pub counts: Counts,
    pub delivery: Latencies,
    pub confirm: Latencies,
    pub confirms_disordered: u64,
    pub failures: Vec<String>,
}

impl fmt::Debug for Lane {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Lane")
            .field("endpoints", &self.slots.len())
            .finish_non_exhaustive()
    }
}

impl Lane {
    /// A lane for these endpoints; `tick` wakes it regularly for rate-limited producers.
    pub fn new(endpoints: Vec<Endpoint>, tracker: Tracker, tick: Option<Duration>) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut slots = Vec::new();
        for (endpoint, index) in endpoints.into_iter().zip(0_u64..) {
            let interest = epoll::EventFlags::IN;
            let stream = endpoint.stream();
            stream.set_nonblocking(true)?;
            epoll::add(&epoll, stream, epoll::EventData::new_u64(index), interest)?;
            slots.push(Slot {
                endpoint,
                interest,
                is_open: true,
            });
        }
        let timer = tick.map(|tick| start_timer(&epoll, tick)).transpose()?;
        Ok(Self {
            epoll,
            timer,
            slots,
            tracker,
            delivery: Latencies::new()?,
            confirm: Latencies::new()?,
            failures: Vec::new(),
        })
    }

    /// Runs until the phase is `Quit`.
    pub fn run(mut self, control: &Control) -> Result<LaneOutcome> {
        let mut events = Vec::with_capacity(64);
        self.turn(control, |lane, turn| {
            for slot in 0..lane.slots.len() {
                lane.start(slot, turn);
            }
        });
        while control.phase() != Phase::Quit {
            events.clear();
            let buffer = rustix::buffer::spare_capacity(&mut events);
            match epoll::wait(&self.epoll, buffer, Some(&TURN_MAX)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error).context("cannot wait for sockets"),
            }
            self.turn(control, |lane, turn| {
                for event in &events {
                    lane.serve(event.data.u64(), event.flags, turn);
                }
            });
        }
        Ok(self.finish())
    }

    fn turn(&mut self, control: &Control, work: impl FnOnce(&mut Self, &mut Turn<'_>)) {
        let phase = control.phase();
        let mut done = Totals::default();
        let mut turn = Turn {
            clock: control,
            is_producing: matches!(phase, Phase::Warm | Phase::Measure),
            is_recording: phase == Phase::Measure,
            done: &mut done,
        };
        work(self, &mut turn);
        control.add(done);
    }

    /// First sends of producers, and what consumers received during their handshake.
    fn start(&mut self, index: usize, turn: &mut Turn<'_>) {
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        let result = match &mut slot.endpoint {
            Endpoint::Producer(producer) => producer.pump(turn),
            Endpoint::Consumer(consumer) => {
                consumer.take(turn, &mut self.tracker, &mut self.delivery)
            }
        };
        self.settle(index, result);
    }

    fn serve(&mut self, datum: u64, flags: epoll::EventFlags, turn: &mut Turn<'_>) {
        if datum == TIMER {
            return self.serve_timer(turn);
        }
        let Ok(index) = usize::try_from(datum) else {
            return;
        };
        let Some(slot) = self.slots.get_mut(index).filter(|slot| slot.is_open) else {
            return;
        };
        let result = match &mut slot.endpoint {
            Endpoint::Producer(producer) if flags == epoll::EventFlags::OUT => producer.pump(turn),
            Endpoint::Producer(producer) => producer.receive(turn, &mut self.confirm),
            Endpoint::Consumer(consumer) => {
                consumer.receive(turn, &mut self.tracker, &mut self.delivery)
            }
        };
        self.settle(index, result);
    }

    fn serve_timer(&mut self, turn: &mut Turn<'_>) {
        if let Some(timer) = &self.timer {
            // Only the wake-up counts; how many ticks passed shows in the clock.
            let mut ticks = [0_u8; 8];
            rustix::io::read(timer, &mut ticks).ok();
        }
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut(index).filter(|slot| slot.is_open) else {
                continue;
            };
            if let Endpoint::Producer(producer) = &mut slot.endpoint {
                let result = producer.pump(turn);
                self.settle(index, result);
            }
        }
    }

    /// Adjusts what the endpoint waits for, or takes it out.
    fn settle(&mut self, index: usize, result: Result<(), String>) {
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        let stream = slot.endpoint.stream();
        if let Err(reason) = result {
            self.failures.push(reason);
            slot.is_open = false;
            epoll::delete(&self.epoll, stream).ok();
            return;
        }
        let mut interest = epoll::EventFlags::IN;
        if slot.endpoint.wants_to_write() {
            interest |= epoll::EventFlags::OUT;
        }
        if interest != slot.interest {
            let datum = epoll::EventData::new_u64(index as u64);
            match epoll::modify(&self.epoll, stream, datum, interest) {
                Ok(()) => slot.interest = interest,
                Err(error) => self
                    .failures
                    .push(format!("cannot watch a socket: {error}")),
            }
        }
    }

    fn finish(mut self) -> LaneOutcome {
        for slot in self.slots.iter_mut().filter(|slot| slot.is_open) {
            if let Endpoint::Consumer(consumer) = &mut slot.endpoint {
                consumer.finish();
            }
        }
        let confirms_disordered = self
            .slots
            .iter()
            .map(|slot| slot.endpoint.disordered())
            .sum();
        LaneOutcome {
            counts: self.tracker.counts(),
            delivery: self.delivery,
            confirm: self.confirm,
            confirms_disordered,
            failures: self.failures,
        }
    }
}

impl Endpoint {
    fn stream(&self) -> &std::net::TcpStream {
        match self {
            Self::Producer(producer) => producer.stream(),
            Self::Consumer(consumer) => consumer.stream(),
        }
    }

    fn wants_to_write(&self) -> bool {
        match self {
            Self::Producer(producer) => producer.wants_to_write(),
            Self::Consumer(consumer) => consumer.wants_to_write(),
        }
    }

    fn disordered(&self) -> u64 {
        match self {
            Self::Producer(producer) => producer.confirms_disordered(),
            Self::Consumer(_) => 0,
        }
    }
}

/// A timer without the slack of ordinary sleeps, so that a rate is held to the microsecond.
fn start_timer(epoll: &OwnedFd, tick: Duration) -> Result<OwnedFd> {
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
    let every = Timespec {
        tv_sec: i64::try_from(tick.as_secs())?,
        tv_nsec: i64::from(tick.subsec_nanos()),
    };
    let setting = Itimerspec {
        it_interval: every,
        it_value: every,
    };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &setting)?;
    let fd: BorrowedFd<'_> = timer.as_fd();
    epoll::add(
        epoll,
        fd,
        epoll::EventData::new_u64(TIMER),
        epoll::EventFlags::IN,
    )?;
    Ok(timer)
}

impl LaneOutcome {
    /// Adds what another lane found out.
    pub fn add(&mut self, other: LaneOutcome) -> Result<()> {
        self.counts.add(other.counts);
        self.delivery.add(&other.delivery)?;
        self.confirm.add(&other.confirm)?;
        self.confirms_disordered += other.confirms_disordered;
        self.failures.extend(other.failures);
        Ok(())
    }
}
