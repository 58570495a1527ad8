//! Lines over time as SVG, with what they say in words beside them.

use super::figures;
use maud::{Markup, html};
use std::fmt::Write;

/// Width and height of the drawing, in its own units; pages stretch it.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;

/// One line.
pub(super) struct Line {
    pub(super) name: &'static str,
    /// Of the style sheet: `a` or `b`.
    pub(super) class: &'static str,
    pub(super) values: Vec<f64>,
}

/// How values are written.
pub(super) type Unit = fn(f64) -> String;

/// Of nothing but whole things.
pub(super) fn whole(value: f64) -> String {
    // A cast of a float saturates, and charts show no more than about right.
    figures::number(value.max(0.0).round() as u64)
}

pub(super) fn bytes(value: f64) -> String {
    figures::size(value.max(0.0).round() as u64)
}

pub(super) fn per_second(value: f64) -> String {
    if value > 0.0 && value < 10.0 {
        format!("{value:.1}/s")
    } else {
        format!("{}/s", whole(value))
    }
}

/// A chart of lines of the same length; `span` tells how long that was.
pub(super) fn chart(title: &str, unit: Unit, span: &str, lines: &[Line]) -> Markup {
    let all = lines.iter().flat_map(|line| line.values.iter().copied());
    let most = all.fold(0.0, f64::max);
    // Some room above, so that a level line is seen.
    let top = if most > 0.0 { most * 1.1 } else { 1.0 };
    let length = lines
        .iter()
        .map(|line| line.values.len())
        .max()
        .unwrap_or(0);
    let last = |line: &Line| line.values.last().copied().unwrap_or_default();
    let told: Vec<String> = lines
        .iter()
        .map(|line| format!("{} {}", line.name, unit(last(line))))
        .collect();
    let said = format!(
        "{title} over {span}: now {}, at most {}",
        told.join(", "),
        unit(most)
    );
    html! {
        figure.chart {
            figcaption {
                span.title { (title) }
                @for (line, told) in lines.iter().zip(&told) {
                    span.key.(line.class) { (told) }
                }
            }
            @if length < 2 {
                p.quiet { "Figures come with the next seconds." }
            } @else {
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none"
                    role="img" aria-label=(said) {
                    line.grid x1="0" x2=(WIDTH) y1="0.5" y2="0.5" {}
                    line.grid x1="0" x2=(WIDTH) y1=(HEIGHT / 2.0) y2=(HEIGHT / 2.0) {}
                    line.grid x1="0" x2=(WIDTH) y1=(HEIGHT - 0.5) y2=(HEIGHT - 0.5) {}
                    @for line in lines {
                        polyline.(line.class) points=(points(&line.values, length, top)) {}
                    }
                }
                p.scale aria-hidden="true" {
                    span { "last " (span) }
                    span { "most " (unit(most)) }
                }
            }
        }
    }
}

/// The newest value stands at the right end.
fn points(values: &[f64], length: usize, top: f64) -> String {
    let step = WIDTH / (length.max(2) - 1) as f64;
    let mut text = String::with_capacity(values.len() * 12);
    let missing = length - values.len();
    for (at, value) in values.iter().enumerate() {
        let x = (missing + at) as f64 * step;
        let y = HEIGHT - 2.0 - value / top * (HEIGHT - 4.0);
        // Writing to a `String` cannot fail.
        write!(text, "{x:.1},{y:.1} ").unwrap_or_default();
    }
    text
}
