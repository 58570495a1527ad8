//! What can still be undone: behind the notice of what was just done, and on the page of what it was.

use super::figures::{count, excerpt, number, size, time};
use super::layout::{NAME_CHARS_MAX, button, wide};
use super::visit::Visit;
use crate::undo::deed;
use floodway_broker::undo::{Removed, UndoToken, UndoView};
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

/// The same about a durable subscription.
pub(super) fn subscription_warning(visit: &Visit) -> String {
    format!("It goes with all its messages.{}", mercy(visit))
}

/// The same about a scheduled message.
pub(super) fn job_warning(visit: &Visit) -> String {
    let warning = "It will not be delivered any more.";
    match visit.house.watched.broker.settings().undo_grace_ms {
        0 => warning.to_owned(),
        grace_ms => format!("{warning} It can be put back for {}.", time(grace_ms)),
    }
}

/// What a notice says of its undo, with the button.
pub(super) fn offer(visit: &Visit, token: UndoToken) -> Markup {
    let Some(view) = visit.house.watched.broker.undo(token, visit.now) else {
        return html! {};
    };
    if matches!(view.what, Removed::Durable { .. }) {
        let with = match (view.is_complete, view.removed) {
            (_, 0) => String::new(),
            (true, _) => format!(", with {},", share(&view)),
            (false, _) => ", with those of its messages that are in the store,".to_owned(),
        };
        return html! {
            " It can be put back" (with) " for " (time(view.left_ms)) "."
            (undo(visit, &view))
        };
    }
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
    let deed = match &view.what {
        Removed::Messages => format!("removal from {name}"),
        Removed::Queue => format!("deletion of {name}"),
        Removed::Durable { .. } | Removed::Jobs => excerpt(&deed(view), NAME_CHARS_MAX),
    };
    let token = view.token.to_string();
    button(visit, "undo", &[("undo", &token)], ("Undo", &deed))
}

/// What belongs to the page of queues.
pub(super) fn is_of_queue(what: &Removed) -> bool {
    matches!(what, Removed::Messages | Removed::Queue)
}

/// What belongs to the page of subscribers.
pub(super) fn is_of_subscription(what: &Removed) -> bool {
    matches!(what, Removed::Durable { .. })
}

/// What belongs to the page of scheduled messages.
pub(super) fn is_of_jobs(what: &Removed) -> bool {
    matches!(what, Removed::Jobs)
}

/// Where it was, and what.
fn place(view: &UndoView) -> Markup {
    let short = |text: &str| excerpt(text, NAME_CHARS_MAX);
    match &view.what {
        Removed::Messages | Removed::Queue => html! { (short(&view.destination.to_string())) },
        Removed::Durable { client_id, name } => html! {
            (short(client_id)) br; b { (short(name)) } br;
            span.quiet { (short(&view.destination.to_string())) }
        },
        Removed::Jobs => html! { "Scheduled messages" },
    }
}

/// Everything of a kind that can be undone; nothing if there is nothing.
pub(super) fn list(visit: &Visit, is_of_page: fn(&Removed) -> bool) -> Markup {
    let mut all = visit.house.watched.broker.undos(visit.now);
    all.retain(|one| is_of_page(&one.what));
    if all.is_empty() {
        return html! {};
    }
    let table = html! {
        table {
            caption.unseen { "What can be undone" }
            thead {
                tr {
                    th scope="col" { "What it was" }
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
                        th scope="row" { (place(one)) }
                        td {
                            @if one.is_deleted() { "deleted with " } @else { "removed: " }
                            (count(one.removed, "message"))
                        }
                        td.number { (number(one.restorable)) }
                        td.number { (size(one.bytes)) }
                        td.number { (time(one.left_ms)) }
                        @if visit.may_change() {
                            td.deeds {
                                @if one.restorable > 0 || !one.is_complete || is_of_subscription(&one.what) { (undo(visit, one)) }
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
