//! The body of a message as an XML document, parsed when it is first asked for.
//!
//! Limits keep the parser's work near the size of the body: it compares each attribute of an
//! element with the ones before it, and copies the namespaces in scope to elements that declare
//! further ones. Bytes and counts.

use crate::selector::error::EvaluationError;
use crate::selector::value::Fields;
use roxmltree::{Document, ParsingOptions};
use std::borrow::Cow;
use std::cell::OnceCell;

/// Largest body, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most nodes of a document.
const NODES_MAX: u32 = 100_000;
/// Most attributes of one element.
const ATTRIBUTES_MAX: usize = 500;
/// Most namespace declarations in a document.
const NAMESPACES_MAX: usize = 500;

/// The body of the message under evaluation.
pub(in crate::selector) struct Body<'b, 'f> {
    fields: &'f dyn Fields,
    text: &'b OnceCell<Option<Cow<'f, str>>>,
    document: OnceCell<Result<Option<Document<'b>>, EvaluationError>>,
}

impl<'b, 'f> Body<'b, 'f> {
    /// The body of `fields`; `text` keeps its text.
    pub(in crate::selector) fn new(
        fields: &'f dyn Fields,
        text: &'b OnceCell<Option<Cow<'f, str>>>,
    ) -> Self {
        Self {
            fields,
            text,
            document: OnceCell::new(),
        }
    }

    /// The document; none if there is no body or it is no XML without a document type.
    pub(super) fn document(&self) -> Result<Option<&Document<'b>>, EvaluationError> {
        let document = self.document.get_or_init(|| {
            let text = self.text.get_or_init(|| self.fields.text_body());
            text.as_deref().map_or(Ok(None), parse)
        });
        match document {
            Ok(document) => Ok(document.as_ref()),
            Err(error) => Err(error.clone()),
        }
    }
}

fn parse(text: &str) -> Result<Option<Document<'_>>, EvaluationError> {
    let check = |found: usize, what, limit| {
        if found > limit {
            return Err(EvaluationError::TooLarge { what, limit });
        }
        Ok(())
    };
    check(text.len(), "bytes of body for XPATH", BODY_BYTES_MAX)?;
    let namespaces = text.matches("xmlns").count();
    check(namespaces, "namespaces of a body for XPATH", NAMESPACES_MAX)?;
    let attributes = attributes_of_one_element(text);
    check(
        attributes,
        "attributes of an element for XPATH",
        ATTRIBUTES_MAX,
    )?;
    // Java's parser takes a byte order mark in a text for content in front of the document.
    if text.starts_with('\u{feff}') {
        return Ok(None);
    }
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: NODES_MAX,
        ..ParsingOptions::default()
    };
    match Document::parse_with_options(text, options) {
        Ok(document) => Ok(Some(document)),
        Err(roxmltree::Error::NodesLimitReached) => Err(EvaluationError::TooLarge {
            what: "nodes of a body for XPATH",
            limit: usize::try_from(NODES_MAX).unwrap_or(usize::MAX),
        }),
        Err(_not_well_formed) => Ok(None),
    }
}

/// The largest number of `=` in any one tag, which bounds its attributes.
fn attributes_of_one_element(text: &str) -> usize {
    let mut most = 0;
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        let ends = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")];
        let skipped = ends
            .iter()
            .find(|(start, _)| tag.starts_with(start))
            .map(|(_, end)| tag.split_once(end).map_or("", |(_, behind)| behind));
        rest = match skipped {
            Some(behind) => behind,
            None => {
                let (equals, behind) = tag_end(tag);
                most = most.max(equals);
                behind
            }
        };
    }
    most
}

/// Counts `=` outside quotes up to the end of a tag; the count and what is behind the tag.
fn tag_end(tag: &str) -> (usize, &str) {
    let mut equals = 0_usize;
    let mut rest = tag;
    while let Some(offset) = rest.find(['=', '"', '\'', '>']) {
        let (special, behind) = rest
            .get(offset..)
            .and_then(|rest| rest.split_at_checked(1))
            .unwrap_or(("", ""));
        rest = match special {
            "=" => {
                equals = equals.saturating_add(1);
                behind
            }
            ">" => return (equals, behind),
            quote => behind.split_once(quote).map_or("", |(_, behind)| behind),
        };
    }
    (equals, "")
}

#[cfg(test)]
mod tests;
