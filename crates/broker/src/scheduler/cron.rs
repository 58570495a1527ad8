//! Cron entries: five fields (minutes, hours, day of month, month, day of week) and the next time
//! that fits all of them.
//!
//! A field is `*` (or `?`), a number, a range `a-b`, a list `a,b`, or any of these with a step:
//! `x/n` takes those of x that are multiples of n, as ActiveMQ does (so `*/2` of the days is 2, 4,
//! 6 …). Days of the week are 0 to 6 from Sunday, and 7 is Sunday, too. When both kinds of days
//! are restricted, either may fit. It knows no clock and no place: time and time zone are given.
//! Where clocks go forward, a time that does not exist comes an hour later; where they go back, it
//! comes once, unless every hour fits.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};

#[cfg(test)]
mod tests;

/// Longest entry, in bytes.
pub(crate) const ENTRY_BYTES_MAX: usize = 256;

/// The 29th of February may be eight years away.
const DAYS_MAX: usize = 366 * 9;

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CronError {
    #[error("it has {count} fields, not 5: minutes, hours, day of month, month, day of week")]
    Fields { count: usize },
    #[error("it is longer than {ENTRY_BYTES_MAX} bytes")]
    TooLong,
    #[error(
        "\"{token}\" is not a {field}: write *, a number, a range, a list or a step such as */5"
    )]
    Token { field: &'static str, token: String },
    #[error("{value} is not a {field}: it must be {first} to {last}")]
    Range {
        field: &'static str,
        value: u32,
        first: u32,
        last: u32,
    },
    #[error("no {field} fits \"{token}\"")]
    Nothing { field: &'static str, token: String },
}

/// The kinds of fields: name, first and last value.
const FIELDS: [(&str, u32, u32); 5] = [
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 7),
];

/// See the module. A bit for each value that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
}

impl Cron {
    /// Reads an entry.
    ///
    /// # Errors
    /// When it is not one.
    pub(crate) fn parse(entry: &str) -> Result<Self, CronError> {
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(CronError::TooLong);
        }
        let tokens: Vec<&str> = entry.split_whitespace().collect();
        let Ok(tokens) = <[&str; 5]>::try_from(tokens) else {
            let count = entry.split_whitespace().count();
            return Err(CronError::Fields { count });
        };
        let mut sets = [0; 5];
        for ((set, token), field) in sets.iter_mut().zip(tokens).zip(FIELDS) {
            *set = values(token, field)?;
            if *set == 0 {
                let (field, token) = (field.0, token.into());
                return Err(CronError::Nothing { field, token });
            }
        }
        let [minutes, hours, days, months, weekdays] = sets;
        // 7 is 0.
        let weekdays = (weekdays | weekdays >> 7) & all(0, 6);
        Ok(Self {
            minutes,
            hours,
            days,
            months,
            weekdays,
        })
    }

    /// The first time after `after_ms` (milliseconds since 1970) that fits; `None` when there is
    /// none, as with the 30th of February.
    pub(crate) fn next_ms(&self, after_ms: i64, zone: &TimeZone) -> Option<i64> {
        let after = Timestamp::from_millisecond(after_ms).ok()?;
        let mut date = after.to_zoned(zone.clone()).date();
        for _ in 0..DAYS_MAX {
            if self.fits(date)
                && let Some(found) = self.on(date, after, zone)
            {
                return Some(found.as_millisecond());
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn fits(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        let by_day = match (self.days == all(1, 31), self.weekdays == all(0, 6)) {
            (false, false) => day || weekday,
            _ => day && weekday,
        };
        by_day && has(self.months, date.month())
    }

    /// The first time of a day.
    fn on(&self, date: Date, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let every_hour = self.hours == all(0, 23);
        let mut found: Option<Timestamp> = None;
        let hours = (0..24).filter(|hour| has(self.hours, *hour));
        for hour in hours {
            for minute in (0..60).filter(|minute| has(self.minutes, *minute)) {
                let at = zone.to_ambiguous_timestamp(date.at(hour, minute, 0, 0));
                let (gap, fold) = match at.offset() {
                    AmbiguousOffset::Unambiguous { .. } => (false, false),
                    AmbiguousOffset::Gap { .. } => (true, false),
                    AmbiguousOffset::Fold { .. } => (false, true),
                };
                if gap && every_hour {
                    continue;
                }
                let later = (fold && every_hour).then(|| at.later().ok()).flatten();
                let first = at.compatible().ok().filter(|time| *time > after);
                let time = first.or(later.filter(|time| *time > after));
                found = found.into_iter().chain(time).min();
                // Times of one day go up, but for those that come twice.
                if first.is_some() {
                    return found;
                }
            }
        }
        found
    }
}

fn all(first: u32, last: u32) -> u64 {
    (first..=last).fold(0, |set, value| set | 1 << value)
}

fn has(set: u64, value: i8) -> bool {
    set >> value & 1 == 1
}

/// The values that a field's text means.
fn values(token: &str, field: (&'static str, u32, u32)) -> Result<u64, CronError> {
    let (name, first, last) = field;
    let wrong = || CronError::Token {
        field: name,
        token: token.into(),
    };
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let value = plain.then(|| digits.parse::<u32>().ok()).flatten();
        let value = value.ok_or_else(wrong)?;
        let within = (first..=last).contains(&value);
        within.then_some(value).ok_or(CronError::Range {
            field: name,
            value,
            first,
            last,
        })
    };
    if token == "*" || token == "?" {
        return Ok(all(first, last));
    }
    // A step is of the whole list before it, as in ActiveMQ, but not of what follows it.
    if let Some((of, step)) = token.split_once('/')
        && !step.contains(',')
    {
        let step: u32 = step
            .parse()
            .ok()
            .filter(|&step| step > 0)
            .ok_or_else(wrong)?;
        let among = values(of, field)?;
        let fitting = (first..=last).filter(|value| among >> value & 1 == 1 && value % step == 0);
        return Ok(fitting.fold(0, |set, value| set | 1 << value));
    }
    if token.contains(',') {
        let mut parts = token.split(',').map(|part| values(part, field));
        return parts.try_fold(0, |set, part| Ok(set | part?));
    }
    if let Some((from, to)) = token.split_once('-') {
        return Ok(all(number(from)?, number(to)?));
    }
    Ok(1 << number(token)?)
}
