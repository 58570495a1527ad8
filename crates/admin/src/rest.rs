//! The state of the broker as JSON, one file per area, and what they share: pages of rows.
//!
//! Names are stable: they are what scripts are written against.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

pub(crate) mod connections;
pub(crate) mod destinations;
pub(crate) mod reload;
pub(crate) mod set;
pub(crate) mod status;
pub(crate) mod undo;

/// The interface described in OpenAPI 3.1; tests hold answers against it.
const OPENAPI: &str = include_str!("rest/openapi.json");

pub(crate) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// Rows of a page when nothing is asked.
const ROWS: usize = 50;

/// Which rows are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Asked {
    /// From 1 on.
    page: Option<usize>,
    /// Rows of a page.
    size: Option<usize>,
    /// Only rows whose name contains this, upper and lower case being the same.
    search: Option<String>,
    /// Field to sort by; `-` before it begins with the greatest.
    sort: Option<String>,
    /// Only of this destination.
    pub(crate) destination: Option<String>,
    /// Only of the client of this id or address, or of its producer: `client:1`.
    pub(crate) producer: Option<String>,
}

/// Some of the rows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    /// All rows that match.
    total: usize,
    page: usize,
    size: usize,
    rows: Vec<T>,
}

impl Asked {
    pub(crate) fn matches(&self, name: &str) -> bool {
        let search = self.search.as_deref().unwrap_or_default();
        search.is_empty() || name.to_lowercase().contains(&search.to_lowercase())
    }

    pub(crate) fn cut<T, R>(&self, rows_max: usize, all: Vec<T>, row: impl Fn(T) -> R) -> Page<R> {
        let size = self.size.unwrap_or(ROWS).clamp(1, rows_max);
        let page = self.page.unwrap_or(1).max(1);
        let total = all.len();
        let from = (page - 1).saturating_mul(size);
        let rows = all.into_iter().skip(from).take(size).map(row).collect();
        Page {
            total,
            page,
            size,
            rows,
        }
    }
}
