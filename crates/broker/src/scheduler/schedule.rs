//! When a message is to be delivered, as its properties say (ActiveMQ's `ScheduledMessage`).
//!
//! Delay and period are milliseconds, of which zero or less is none. A cron entry gives the time
//! from which delay or period count. What cannot be meant is refused by the name of its property.

use super::cron::Cron;
use floodway_message::session::{Failure, FailureKind};
use floodway_message::{Message, PropertyValue};
use jiff::tz::TimeZone;

#[cfg(test)]
mod tests;

/// Milliseconds to wait.
pub(crate) const DELAY: &str = "AMQ_SCHEDULED_DELAY";
/// Milliseconds between deliveries.
pub(crate) const PERIOD: &str = "AMQ_SCHEDULED_PERIOD";
/// Deliveries after the first; less than zero is no end.
pub(crate) const REPEAT: &str = "AMQ_SCHEDULED_REPEAT";
/// A cron entry.
pub(crate) const CRON: &str = "AMQ_SCHEDULED_CRON";
/// The job, on a delivered message. One that has it already is not scheduled again.
pub(crate) const JOB_ID: &str = "scheduledJobId";

/// After so many milliseconds of lateness a repeated delivery counts from now on, and does not
/// catch up.
const CATCH_UP_MS: i64 = 1000;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) delay_ms: i64,
    pub(crate) period_ms: i64,
    pub(crate) repeat: i32,
    /// Empty for none.
    pub(crate) cron: String,
}

impl Schedule {
    /// What a message asks for; `None` when nothing.
    ///
    /// # Errors
    /// When a property is not what it should be.
    pub(crate) fn of(message: &Message) -> Result<Option<Self>, Failure> {
        let (mut delay, mut period, mut repeat, mut cron) = (None, None, None, None);
        for (name, value) in message.properties() {
            match name {
                _ if value == PropertyValue::Null => {}
                JOB_ID => return Ok(None),
                DELAY => delay = Some(value),
                PERIOD => period = Some(value),
                REPEAT => repeat = Some(value),
                CRON => cron = Some(value),
                _ => {}
            }
        }
        if delay.is_none() && period.is_none() && cron.is_none() {
            return Ok(None);
        }
        let cron = match cron {
            None => "",
            Some(PropertyValue::String(entry)) => entry.trim(),
            Some(_) => return Err(refusal(CRON, "it is not a text")),
        };
        let repeat = number(REPEAT, repeat)?;
        let schedule = Self {
            delay_ms: number(DELAY, delay)?.max(0),
            period_ms: number(PERIOD, period)?.max(0),
            repeat: i32::try_from(repeat)
                .map_err(|error| refusal(REPEAT, &format!("{repeat}: {error}")))?,
            cron: cron.into(),
        };
        schedule.check().map(Some)
    }

    fn check(self) -> Result<Self, Failure> {
        if !self.cron.is_empty() {
            Cron::parse(&self.cron).map_err(|error| self.cron_refusal(&error.to_string()))?;
            if self.repeat < 0 {
                return Err(refusal(
                    REPEAT,
                    &format!("{} with a cron entry, which has no end itself", self.repeat),
                ));
            }
        } else if self.repeat < 0 && self.period_ms == 0 {
            let text = format!("{} without {PERIOD} would never pause", self.repeat);
            return Err(refusal(REPEAT, &text));
        }
        Ok(self)
    }

    fn cron_refusal(&self, why: &str) -> Failure {
        refusal(CRON, &format!("\"{}\": {why}", self.cron))
    }

    /// Refuses more repetitions than are allowed.
    ///
    /// # Errors
    /// When there are.
    pub(crate) fn bounded(&self, repeat_max: u32) -> Result<(), Failure> {
        if i64::from(self.repeat) <= i64::from(repeat_max) {
            return Ok(());
        }
        let text = format!(
            "{} is more than {repeat_max}; repeat less, or raise maxSchedulerRepeatAllowed",
            self.repeat
        );
        Err(refusal(REPEAT, &text))
    }

    pub(crate) fn is_cron(&self) -> bool {
        !self.cron.is_empty()
    }

    /// Is one delivery due at once?
    pub(crate) fn is_at_once(&self) -> bool {
        self.delay_ms == 0 && self.period_ms == 0 && self.repeat == 0 && !self.is_cron()
    }

    /// When it is due first: milliseconds since 1970.
    ///
    /// # Errors
    /// When the cron entry never comes.
    pub(crate) fn first_ms(&self, now_ms: i64, zone: &TimeZone) -> Result<i64, Failure> {
        let from_ms = if self.is_cron() {
            let next = self.cron_ms(now_ms, zone);
            next.ok_or_else(|| self.cron_refusal("no such day ever comes"))?
        } else {
            now_ms
        };
        Ok(from_ms.saturating_add(self.wait_ms()))
    }

    /// From the start to the first delivery.
    fn wait_ms(&self) -> i64 {
        if self.delay_ms > 0 {
            self.delay_ms
        } else {
            self.period_ms
        }
    }

    /// The next time of the cron entry.
    pub(crate) fn cron_ms(&self, now_ms: i64, zone: &TimeZone) -> Option<i64> {
        Cron::parse(&self.cron).ok()?.next_ms(now_ms, zone)
    }

    /// The time after one that was due, where there is no cron entry.
    pub(crate) fn repeated_ms(&self, due_ms: i64, now_ms: i64) -> i64 {
        let next = due_ms.saturating_add(self.period_ms);
        if now_ms.saturating_sub(next) > CATCH_UP_MS {
            now_ms.saturating_add(self.period_ms)
        } else {
            next
        }
    }
}

/// A whole number, or its text; 0 when there is none.
fn number(name: &str, value: Option<PropertyValue<'_>>) -> Result<i64, Failure> {
    match value {
        None => Ok(0),
        Some(PropertyValue::Byte(number)) => Ok(number.into()),
        Some(PropertyValue::Short(number)) => Ok(number.into()),
        Some(PropertyValue::Integer(number)) => Ok(number.into()),
        Some(PropertyValue::Long(number)) => Ok(number),
        Some(PropertyValue::String(text)) => text
            .trim()
            .parse()
            .map_err(|error| refusal(name, &format!("\"{text}\": {error}"))),
        Some(_) => Err(refusal(name, "it is not a whole number")),
    }
}

/// The refusal that a client gets.
pub(crate) fn refusal(name: &str, why: &str) -> Failure {
    // What came may be long.
    let why: String = why.chars().take(400).collect();
    Failure::new(
        FailureKind::Invalid,
        format!("the message is not scheduled because of {name}: {why}"),
    )
}
