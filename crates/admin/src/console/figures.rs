//! Numbers, sizes, times and bars as people read them.

use crate::jolokia::date;
use maud::{Markup, html};

/// A whole number with its thousands apart.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 queue`, `2 queues`.
pub(super) fn count(value: u64, one: &str) -> String {
    let end = if value == 1 { "" } else { "s" };
    format!("{} {one}{end}", number(value))
}

/// Bytes in the units of the configuration, one digit after the point.
pub(super) fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = u128::from(bytes) * 10 / u128::from(unit);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        1 => "1 byte".to_owned(),
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} kb", tenths(1 << 10)),
        1_048_576..1_073_741_824 => format!("{} mb", tenths(1 << 20)),
        _ => format!("{} gb", tenths(1 << 30)),
    }
}

/// How long.
pub(super) fn time(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// When: `2026-11-22 22:11:34`, UTC; milliseconds since 1970, of which 0 is never.
pub(super) fn moment(ms: i64) -> Markup {
    let text = date(ms);
    html! {
        @if ms == 0 { "-" }
        @else { time datetime=(text) { (text.replace('T', " ").trim_end_matches('Z')) } }
    }
}

/// At most so many characters, and a sign that there were more.
pub(super) fn excerpt(text: &str, chars_max: usize) -> String {
    let mut shown: String = text.chars().take(chars_max).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A bar, and what it says in words.
pub(super) fn bar(used: u64, limit: u64) -> Markup {
    let percent = u128::from(used) * 100;
    let percent = percent
        .checked_div(u128::from(limit))
        .map(|percent| percent.min(100));
    html! {
        @if let Some(percent) = percent {
            svg.bar.full[percent >= 90] viewBox="0 0 100 8" preserveAspectRatio="none"
                aria-hidden="true" {
                rect.track width="100" height="8" {}
                rect.used width=(percent) height="8" {}
            }
        }
        span.said {
            (size(used))
            @if limit > 0 { " of " (size(limit)) } @else { ", no limit" }
        }
    }
}
