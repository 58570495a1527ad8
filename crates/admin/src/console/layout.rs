//! What all pages have: head, navigation, notices, and the pieces that several are made of.
//!
//! Invariant: a form that changes something carries the token of the login, and is not there for
//! who may only look.

use super::visit::{Visit, link};
use super::{live, undone};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use floodway_message::Destination;
use maud::{DOCTYPE, Markup, html};

/// The places of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Home,
    Queues,
    Topics,
    Subscribers,
    Connections,
    Scheduled,
    Send,
    Network,
}

const TABS: [(Tab, &str, &str); 8] = [
    (Tab::Home, "Home", "/admin"),
    (Tab::Queues, "Queues", "/admin/queues"),
    (Tab::Topics, "Topics", "/admin/topics"),
    (Tab::Subscribers, "Subscribers", "/admin/subscribers"),
    (Tab::Connections, "Connections", "/admin/connections"),
    (Tab::Scheduled, "Scheduled", "/admin/scheduled"),
    (Tab::Send, "Send", "/admin/send"),
    (Tab::Network, "Network", "/admin/network"),
];

/// A page of which a part follows the broker.
pub(super) struct Screen {
    pub(super) tab: Tab,
    pub(super) title: String,
    /// What stands still: forms that somebody fills in.
    pub(super) top: fn(&Visit) -> Markup,
    pub(super) moving: fn(&Visit) -> Markup,
}

/// The page, or its moving part as events.
pub(super) fn screen(visit: Visit, screen: &Screen) -> Response {
    if visit.wants_events {
        return live::stream(visit, screen.moving);
    }
    let (top, moving) = ((screen.top)(&visit), (screen.moving)(&visit));
    let content = html! {
        h1 { (screen.title) }
        (top)
        div #live { (moving) }
    };
    page(&visit, screen.tab, &screen.title, &content)
}

/// A page that stands still.
pub(super) fn still(visit: &Visit, tab: Tab, title: &str, content: &Markup) -> Response {
    let content = html! { h1 { (title) } (content) };
    page(visit, tab, title, &content)
}

/// A page that says why not.
pub(super) fn refused(visit: &Visit, status: StatusCode, reason: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Refused");
    let content = html! {
        h1 { (title) }
        p.state.bad { (sentence(reason)) }
        p { a href="/admin" { "Home" } }
    };
    let mut response = page(visit, Tab::Home, title, &content);
    *response.status_mut() = status;
    response
}

/// The page of a destination that is not there.
pub(super) fn no_destination(visit: &Visit) -> Response {
    let name = visit.query.get("name");
    let reason =
        format!("there is no destination {name}; it comes with its first message or consumer");
    refused(visit, StatusCode::NOT_FOUND, &reason)
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let mut text: String = first.into_iter().flatten().chain(letters).collect();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

fn page(visit: &Visit, tab: Tab, title: &str, content: &Markup) -> Response {
    let name = &visit.house.watched.broker.settings().name;
    let notice = visit.house.desk.take_notice(&visit.actor.name);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " - " (name) " - Floodway" }
                link rel="icon" type="image/svg+xml" href="/admin/console.svg";
                link rel="stylesheet" href="/admin/console.css";
                script src="/admin/console.js" defer {}
            }
            body {
                a.skip href="#main" { "To the content" }
                header {
                    p.brand { a href="/admin" { "Floodway" } " " span { (name) } }
                    p.who {
                        span #link role="status" {}
                        span { (visit.actor.name) @if !visit.may_change() { ", looking only" } }
                    }
                    nav aria-label="Pages" {
                        ul {
                            @for (other, name, path) in TABS {
                                @let is_here = other == tab;
                                li {
                                    @let current = is_here.then_some("page");
                                    a href=(path) aria-current=[current] { (name) }
                                }
                            }
                        }
                    }
                }
                main #main tabindex="-1" {
                    @if let Some(notice) = notice {
                        div.notice role="status" {
                            (sentence(&notice.text))
                            @if let Some(token) = notice.undo { (undone::offer(visit, token)) }
                        }
                    }
                    (content)
                }
            }
        }
    };
    Html(page.into_string()).into_response()
}

/// A table that may be wider than the screen.
pub(super) fn wide(label: &str, table: &Markup) -> Markup {
    html! {
        div.wide role="group" aria-label=(label) tabindex="0" { (table) }
    }
}

/// Where a list is cut.
pub(super) struct Cut {
    pub(super) total: usize,
    /// From 0 on.
    pub(super) from: usize,
    pub(super) size: usize,
}

/// Rows of a page.
pub(super) const ROWS: usize = 50;

impl Cut {
    /// The page that is asked for; the last one if it is beyond.
    pub(super) fn of(visit: &Visit, total: usize) -> Self {
        let page = visit.query.number("page").unwrap_or(1).max(1);
        let last = total.saturating_sub(1) / ROWS;
        Self {
            total,
            from: (page - 1).min(last) * ROWS,
            size: ROWS,
        }
    }

    pub(super) fn rows<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        let from = self.from.min(all.len());
        let to = (from + self.size).min(all.len());
        all.get(from..to).unwrap_or_default()
    }

    pub(super) fn pager(&self, visit: &Visit, what: &str) -> Markup {
        let page = self.from / self.size + 1;
        let last = self.total.saturating_sub(1) / self.size + 1;
        let to = (self.from + self.size).min(self.total);
        let number = |value: usize| super::figures::number(value as u64);
        let path = |page: usize| visit.with("page", &page.to_string());
        html! {
            @if self.total > self.size {
                nav.pager aria-label="Pages of the list" {
                    @if page > 1 {
                        a href=(path(1)) { "First" }
                        a rel="prev" href=(path(page - 1)) { "Previous" }
                    }
                    span {
                        (number(self.from + 1)) " to " (number(to)) " of " (number(self.total)) " "
                        (what)
                    }
                    @if page < last {
                        a rel="next" href=(path(page + 1)) { "Next" }
                        a href=(path(last)) { "Last" }
                    }
                }
            }
        }
    }
}

/// A head of a column that sorts by it: numbers with the greatest first.
pub(super) fn sorted(visit: &Visit, field: &str, name: &str, is_number: bool) -> Markup {
    let sort = visit.query.get("sort");
    let down = format!("-{field}");
    let (is_up, is_down) = (sort == field, sort == down);
    let next = if is_down || (!is_number && !is_up) {
        field
    } else {
        &down
    };
    let order = match (is_up, is_down) {
        (true, _) => Some("ascending"),
        (_, true) => Some("descending"),
        _ => None,
    };
    html! {
        th.number[is_number] scope="col" aria-sort=[order] {
            a href=(visit.with("sort", next)) {
                (name)
                @if is_up { span aria-hidden="true" { " ▲" } }
                @if is_down { span aria-hidden="true" { " ▼" } }
            }
        }
    }
}

/// The box that searches a list.
pub(super) fn search(visit: &Visit, label: &str) -> Markup {
    html! {
        form.search method="get" action=(visit.uri.path()) role="search" {
            label { (label) " "
                input type="search" name="search" value=(visit.query.get("search"));
            }
            @if !visit.query.get("sort").is_empty() {
                input type="hidden" name="sort" value=(visit.query.get("sort"));
            }
            button { "Search" }
        }
    }
}

/// Does a name have what is searched for?
pub(super) fn finder(visit: &Visit) -> impl Fn(&str) -> bool {
    let wanted = visit.query.get("search").to_lowercase();
    move |name| wanted.is_empty() || name.to_lowercase().contains(&wanted)
}

/// A form that does something; nothing for who may only look.
pub(super) fn form(visit: &Visit, deed: &str, content: &Markup) -> Markup {
    let token = visit.house.desk.token(&visit.actor.name);
    html! {
        @if visit.may_change() {
            form method="post" action=(link(&format!("/admin/do/{deed}"), &[])) {
                input type="hidden" name="token" value=(token);
                (content)
            }
        }
    }
}

/// A button that does something at once. `about` completes its name for who does not see where it
/// stands.
pub(super) fn button(
    visit: &Visit,
    deed: &str,
    fields: &[(&str, &str)],
    (label, about): (&str, &str),
) -> Markup {
    let content = html! {
        (hidden(fields))
        input type="hidden" name="back" value=(visit.here());
        button aria-label=[(!about.is_empty()).then(|| format!("{label} {about}"))] { (label) }
    };
    form(visit, deed, &content)
}

/// The same, but it wants to be confirmed: works without a script.
pub(super) fn confirmed(
    visit: &Visit,
    deed: &str,
    fields: &[(&str, &str)],
    (label, about, warning): (&str, &str, &str),
) -> Markup {
    let back = fields.iter().any(|(name, _)| *name == "back");
    let content = html! {
        (hidden(fields))
        @if !back { input type="hidden" name="back" value=(visit.here()); }
        p { (warning) }
        button.danger { "Yes, " (label.to_lowercase()) " " (about) }
    };
    html! {
        @if visit.may_change() {
            details.confirm {
                summary aria-label=(format!("{label} {about}")) { (label) "…" }
                div.ask { (form(visit, deed, &content)) }
            }
        }
    }
}

fn hidden(fields: &[(&str, &str)]) -> Markup {
    html! {
        @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
    }
}

/// A destination, shown by its address, as a link to its page.
pub(super) fn address(destination: &Destination) -> Markup {
    html! {
        a href=(super::visit::link_to("/admin/destination", destination)) {
            (super::figures::excerpt(&destination.to_string(), NAME_CHARS_MAX))
        }
    }
}

/// Most characters of a name in a list.
pub(super) const NAME_CHARS_MAX: usize = 200;
