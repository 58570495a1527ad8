//! One request for a page: who asks, what for, and how. Links to other pages are made here.

use crate::account::Role;
use crate::gate::Actor;
use crate::listener::Peer;
use crate::routes::House;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri, header};
use floodway_broker::view::DestinationView;
use floodway_message::{Destination, Now};
use std::fmt::Write;

/// See the module.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) house: House,
    pub(super) actor: Actor,
    pub(super) peer: Peer,
    /// Path and query.
    pub(super) uri: Uri,
    pub(super) query: Fields,
    /// The moving part is wanted again and again, as events.
    pub(super) wants_events: bool,
    pub(super) now: Now,
}

/// Names and values of a query or a form, in their order; a name may come several times.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(pub(super) Vec<(String, String)>);

impl Fields {
    /// The first value of a name; empty if there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        let own = self.0.iter().find(|(key, _)| key == name);
        own.map_or("", |(_, value)| value)
    }

    /// All values of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.0.iter().filter(move |(key, _)| key == name);
        own.map(|(_, value)| value.as_str())
    }

    /// A whole number; none if it is missing or something else.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.get(name).trim().parse().ok()
    }
}

impl FromRequestParts<House> for Visit {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, StatusCode> {
        // Both are there behind the gate.
        let actor = parts.extensions.get::<Actor>().cloned();
        let actor = actor.ok_or(StatusCode::UNAUTHORIZED)?;
        let peer = parts.extensions.get::<Peer>().copied();
        let peer = peer.ok_or(StatusCode::UNAUTHORIZED)?;
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let query = query.map_or_else(|_| Vec::new(), |Query(query)| query);
        let accepts = parts.headers.get(header::ACCEPT);
        let accepts = accepts.and_then(|value| value.to_str().ok());
        Ok(Self {
            house: house.clone(),
            actor,
            peer,
            uri: parts.uri.clone(),
            query: Fields(query),
            wants_events: accepts.is_some_and(|accepts| accepts.contains("text/event-stream")),
            now: (house.watched.now)(),
        })
    }
}

impl Visit {
    pub(super) fn may_change(&self) -> bool {
        self.actor.role == Role::Admin
    }

    /// Where forms lead back to.
    pub(super) fn here(&self) -> String {
        self.uri
            .path_and_query()
            .map_or("/admin", |uri| uri.as_str())
            .to_owned()
    }

    /// This page with one value of its query changed; empty removes it. Paging begins anew.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let others = self.query.0.iter();
        let others = others.filter(|(key, _)| key != name && key != "page" && key != "from");
        let mut all: Vec<(&str, &str)> = others.map(|(key, value)| (&**key, &**value)).collect();
        all.push((name, value));
        link(self.uri.path(), &all)
    }

    /// The destination that the query names.
    pub(super) fn destination(&self) -> Option<Destination> {
        Destination::parse(self.query.get("name")).ok()
    }

    /// What the core says of a destination.
    pub(super) fn view_of(&self, destination: &Destination) -> Option<DestinationView> {
        let all = self.house.watched.broker.view().destinations;
        all.into_iter().find(|one| one.destination == *destination)
    }
}

/// A path with a query; what is empty is left out.
pub(super) fn link(path: &str, query: &[(&str, &str)]) -> String {
    let mut link = path.to_owned();
    let given = query.iter().filter(|(_, value)| !value.is_empty());
    for (number, (name, value)) in given.enumerate() {
        link.push(if number == 0 { '?' } else { '&' });
        link.push_str(name);
        link.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z'
                | b'a'..=b'z'
                | b'0'..=b'9'
                | b'-'
                | b'_'
                | b'.'
                | b'~'
                | b'/'
                | b':' => link.push(byte.into()),
                // Writing to a `String` cannot fail.
                _ => write!(link, "%{byte:02X}").unwrap_or_default(),
            }
        }
    }
    link
}

/// The page of a destination, or one that is about it.
pub(super) fn link_to(path: &str, destination: &Destination) -> String {
    link(path, &[("name", &destination.to_string())])
}
