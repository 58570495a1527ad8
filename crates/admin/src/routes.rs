//! The table of everything that is served. Who may see what is decided in `gate`.

use crate::console::desk::Desk;
use crate::{Settings, Watched, console, explain, gate, jolokia, metrics, probe, rest};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use std::sync::Arc;

/// Paths that are answered without a login; they tell nothing but whether the broker works.
pub(crate) const OPEN: [&str; 2] = ["/livez", "/readyz"];
/// Where Jolokia is; the rest of a path is the request.
pub(crate) const JOLOKIA: &str = "/api/jolokia";

/// What every handler gets.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) settings: Arc<Settings>,
    pub(crate) watched: Watched,
    pub(crate) desk: Arc<Desk>,
}

pub(crate) fn router(house: &House) -> Router {
    Router::new()
        .route("/livez", get(probe::livez))
        .route("/readyz", get(probe::readyz))
        .route("/api/openapi.json", get(rest::openapi))
        .route("/api/status", get(rest::status::status))
        .route("/api/destinations", get(rest::destinations::destinations))
        .route("/api/connections", get(rest::connections::connections))
        .route("/api/consumers", get(rest::connections::consumers))
        .route("/api/blocked", get(explain::blocked))
        .route("/api/explain", get(explain::explain))
        .route("/api/settings", get(rest::set::settings))
        .route("/api/set", post(rest::set::set))
        .route(
            "/api/reload",
            get(rest::reload::show).post(rest::reload::apply),
        )
        .route("/api/undo", get(rest::undo::list))
        .route("/api/undo/{token}", post(rest::undo::put_back))
        .route(JOLOKIA, get(jolokia::get).post(jolokia::post))
        .route(
            "/api/jolokia/{*request}",
            get(jolokia::get).post(jolokia::post),
        )
        .route("/api/jolokia/", get(jolokia::get).post(jolokia::post))
        .route("/metrics", get(metrics::metrics))
        .merge(console::routes())
        .fallback(gate::not_found)
        .method_not_allowed_fallback(gate::not_allowed)
        // The last layer is the first that a request meets.
        .layer(from_fn_with_state(house.clone(), gate::admit))
        .layer(from_fn(gate::harden))
        .with_state(house.clone())
}
