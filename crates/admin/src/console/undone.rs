//! What can still be undone: behind the notice of what was just done, and on the page of queues.

use super::figures::{count, excerpt, number, size, time};
use super::layout::{NAME_CHARS_MAX, button, wide};
use super::visit::Visit;
use floodway_broker::undo::{UndoToken, UndoView};
use maud::{Markup, html};

/// What follows a warning that messages will go.
pub(super) fn mercy(visit: &Visit) -> String {
    match visit.house.watched.broker.settings().undo_grace_ms {
        0 => String::new(),
        grace_ms => format!(
            " What is in the store can be put back for {}.",
            time(grace_ms)
        ),
    }
}

/// The same about all pending messages of a queue.
pub(super) fn purge_warning(visit: &Visit) -> String {
    format!("All its pending messages are removed.{}", mercy(visit))
}

/// The same about a destination.
pub(super) fn delete_warning(visit: &Visit, is_queue: bool) -> String {
    let mercy = if is_queue {
        mercy(visit)
    } else {
        String::new()
    };
    format!("It goes with all its messages.{mercy}")
}

/// What a notice says of its undo, with the button.
pub(super) fn offer(visit: &Visit, token: UndoToken) -> Markup {
    let Some(view) = visit.house.watched.broker.undo(token, visit.now) else {
        return html! {};
    };
    html! {
        @if !view.is_complete {
            " " "What is in the store can be put back for " (time(view.left_ms)) "."
            (undo(visit, &view))
        } @else if view.restorable == 0 {
            " " "It cannot be undone: the messages were in memory only."
        } @else {
            " " (share(&view)) " can be put back for " (time(view.left_ms)) "."
            (undo(visit, &view))
        }
    }
}

fn share(view: &UndoView) -> String {
    if view.restorable == view.removed {
        count(view.removed, "message")
    } else {
        let (some, all) = (number(view.restorable), count(view.removed, "message"));
        format!("{some} of {all}")
    }
}

fn undo(visit: &Visit, view: &UndoView) -> Markup {
    let name = excerpt(&view.destination.to_string(), NAME_CHARS_MAX);
    let deed = if view.deleted {
        format!("deletion of {name}")
    } else {
        format!("removal from {name}")
    };
    let token = view.token.to_string();
    button(visit, "undo", &[("undo", &token)], ("Undo", &deed))
}

/// Everything that can be undone; nothing if there is nothing.
pub(super) fn list(visit: &Visit) -> Markup {
    let all = visit.house.watched.broker.undos(visit.now);
    if all.is_empty() {
        return html! {};
    }
    let table = html! {
        table {
            caption.unseen { "What can be undone" }
            thead {
                tr {
                    th scope="col" { "Queue" }
                    th scope="col" { "What was done" }
                    th.number scope="col" { "Can be put back" }
                    th.number scope="col" { "Size" }
                    th.number scope="col" { "Time left" }
                    @if visit.may_change() { th scope="col" { "Do" } }
                }
            }
            tbody {
                @for one in &all {
                    tr {
                        th scope="row" {
                            (excerpt(&one.destination.to_string(), NAME_CHARS_MAX))
                        }
                        td {
                            @if one.deleted { "deleted with " } @else { "removed: " }
                            (count(one.removed, "message"))
                        }
                        td.number { (number(one.restorable)) }
                        td.number { (size(one.bytes)) }
                        td.number { (time(one.left_ms)) }
                        @if visit.may_change() {
                            td.deeds {
                                @if one.restorable > 0 || !one.is_complete { (undo(visit, one)) }
                            }
                        }
                    }
                }
            }
        }
    };
    html! {
        section {
            h2 { "Can be undone" }
            (wide("What can be undone", &table))
        }
    }
}
