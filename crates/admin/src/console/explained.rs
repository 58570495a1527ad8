//! What is blocked, why, since when, by whom, and what helps, with buttons that do it.

use super::figures::{excerpt, size, time};
use super::layout::{NAME_CHARS_MAX, address, button, confirmed};
use super::undone;
use super::visit::{Visit, link};
use floodway_broker::explain::{Blockage, Cause, Explanation, Remedy};
use floodway_broker::view::BlockedView;
use maud::{Markup, html};

/// Most limits, producers, causes and remedies that are shown of each.
const LINES_MAX: usize = 10;
/// What a command for the shell begins with that sets something.
const COMMAND: &str = "floodway set ";

pub(super) fn explained(visit: &Visit, explanation: &Explanation) -> Markup {
    html! {
        @for (number, one) in explanation.limits.iter().take(LINES_MAX).enumerate() {
            (blocked(visit, number, one))
        }
        @if let Some(more) = more(explanation.limits.len()) { p.bad { (more) " limits" } }
    }
}

fn blocked(visit: &Visit, number: usize, blockage: &Blockage) -> Markup {
    // The first line of the text for people names the limit.
    let text = blockage.to_string();
    let title = text.lines().next().unwrap_or_default();
    let id = format!("blocked{number}");
    html! {
        section.blocked aria-labelledby=(id) {
            h2 id=(id) { (excerpt(title, 2 * NAME_CHARS_MAX)) }
            div.columns {
                div {
                    h3 { "Who waits" }
                    ul {
                        @for one in blockage.blocked.iter().take(LINES_MAX) {
                            li { (waiting(one)) }
                        }
                        @if let Some(more) = more(blockage.blocked.len()) { li { (more) } }
                    }
                    h3 { "Why" }
                    ul {
                        @for cause in blockage.causes.iter().take(LINES_MAX) {
                            li { (excerpt(&cause.to_string(), 1000)) (cure(visit, cause)) }
                        }
                        @if let Some(more) = more(blockage.causes.len()) { li { (more) } }
                    }
                }
                div {
                    h3 { "What helps" }
                    ol {
                        @for remedy in blockage.remedies.iter().take(LINES_MAX) {
                            li { (help(visit, remedy)) }
                        }
                    }
                }
            }
        }
    }
}

fn waiting(one: &BlockedView) -> Markup {
    let connection = &one.connection;
    let page = link("/admin/connection", &[("id", &connection.id.to_string())]);
    html! {
        @if let Some(producer) = &one.producer { "Producer " (producer) } @else { "A commit" }
        " of client "
        a href=(page) { (excerpt(&connection.client_id, NAME_CHARS_MAX)) } " (" (connection.peer)
        @if let Some(user) = &connection.user { ", user " (excerpt(user, NAME_CHARS_MAX)) }
        ") to " (address(&one.destination)) ": for " b { (time(one.blocked_ms)) } ", "
        (super::figures::count(one.sends as u64, "send")) " waiting (" (size(one.bytes as u64)) ")"
    }
}

/// What removes a cause, where an operator can do it here.
fn cure(visit: &Visit, cause: &Cause) -> Markup {
    let name = cause
        .destination()
        .map(ToString::to_string)
        .unwrap_or_default();
    let shown = excerpt(&name, NAME_CHARS_MAX);
    let connection = cause.consumer().map(|one| &one.connection);
    html! {
        div.cure {
            @if let Cause::NoConsumer { destination } = cause {
                @if destination.kind().is_queue() {
                    a href=(link("/admin/browse", &[("name", &name)])) { "Browse" }
                    (confirmed(visit, "purge", &[("name", &name)],
                        ("Purge", &shown, &undone::purge_warning(visit))))
                }
            }
            @if let Cause::Paused { .. } = cause {
                (button(visit, "resume", &[("name", &name)], ("Resume", &shown)))
            }
            @if let Cause::DurableAway { client_id, name, .. } = cause {
                (confirmed(visit, "durable-remove",
                    &[("client", client_id), ("subscription", name)],
                    ("Remove", &excerpt(name, NAME_CHARS_MAX), "Its messages are lost.")))
            }
            @if let Some(connection) = connection {
                a href=(link("/admin/connection", &[("id", &connection.id.to_string())])) {
                    "Connection"
                }
                (confirmed(visit, "connection-close", &[("id", &connection.id.to_string())],
                    ("Close", &excerpt(&connection.client_id, NAME_CHARS_MAX),
                        "What it has not acknowledged goes to other consumers.")))
            }
        }
    }
}

fn help(visit: &Visit, remedy: &Remedy) -> Markup {
    html! {
        (excerpt(&remedy.advice, 1000))
        @if let Some((target, name, value)) = remedy.command.as_deref().and_then(setting) {
            @let fields = [("target", target), ("setting", name), ("value", value)];
            @let kept = [fields[0], fields[1], fields[2], ("persist", "yes")];
            @let about = format!("for {target}");
            div.cure {
                (button(visit, "set", &fields, (&format!("Set {name} to {value} now"), &about)))
                @if remedy.xml.is_some() && visit.house.settings.configuration.is_some() {
                    (button(visit, "set", &kept, ("Now and in the file", &about)))
                }
            }
        }
        @if let Some(xml) = &remedy.xml {
            details {
                summary { "for the next start" }
                pre tabindex="0" { code { (excerpt(xml, 1000)) } }
            }
        }
    }
}

/// Target, name and value of a command; only the target may have spaces.
fn setting(command: &str) -> Option<(&str, &str, &str)> {
    let (target, setting) = command.strip_prefix(COMMAND)?.rsplit_once(' ')?;
    let (name, value) = setting.split_once('=')?;
    Some((target, name, value))
}

fn more(count: usize) -> Option<String> {
    let rest = count.checked_sub(LINES_MAX).filter(|rest| *rest > 0)?;
    Some(format!("and {rest} more"))
}
