//! The forms of answers: JSON, text, and refusals that say what to do.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer in JSON.
pub(crate) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            tracing::error!("an answer cannot be written as JSON: {error}");
            refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the answer cannot be written",
            )
        }
    }
}

/// Plain text.
pub(crate) fn text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// A refusal with its reason.
pub(crate) fn refuse(status: StatusCode, reason: &str) -> Response {
    #[derive(Serialize)]
    struct Refusal<'a> {
        error: &'a str,
    }
    let mut response = json(&Refusal { error: reason });
    *response.status_mut() = status;
    response
}
