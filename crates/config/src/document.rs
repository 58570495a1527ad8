//! From the bytes of a configuration file to an XML tree with line numbers.
//!
//! No DTD, no entities, no external anything. The size of the file, its elements, their nesting
//! and the attributes of one element are bounded before anything walks the tree. Files that are
//! templates of another tool (Jinja2, ERB …) are named as such.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use roxmltree::{Document, ParsingOptions};

use crate::error::ConfigError;
use crate::value::quoted;

#[cfg(test)]
mod tests;

/// Largest configuration or properties file, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 20;
/// Most nodes (elements, texts, comments) of a file.
const NODES_MAX: u32 = 100_000;
/// Deepest nesting of elements.
const DEPTH_MAX: usize = 64;
/// Most attributes of one element, counted roughly by equals signs between two `<`.
const ATTRIBUTES_MAX: usize = 4096;

/// Where each line begins.
#[derive(Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr_newlines(text).map(|at| at + 1));
        Self { starts }
    }

    /// Line of a byte, from 1.
    pub(crate) fn of(&self, offset: usize) -> u32 {
        let line = self.starts.partition_point(|&start| start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }
}

fn memchr_newlines(text: &str) -> impl Iterator<Item = usize> {
    text.bytes()
        .enumerate()
        .filter(|&(_, byte)| byte == b'\n')
        .map(|(at, _)| at)
}

/// Reads a properties file. Pipes and devices are refused: they could keep the start waiting.
pub(crate) fn read_properties(path: &Path) -> Result<String, ConfigError> {
    let name = path.display().to_string();
    match path.metadata() {
        Ok(found) if !found.is_file() => Err(ConfigError::Unreadable {
            file: name,
            cause: std::io::Error::other("it is not a file"),
        }),
        Ok(_) | Err(_) => read_text(path, &name),
    }
}

/// Reads a file of at most [`FILE_BYTES_MAX`] bytes as text.
pub(crate) fn read_text(path: &Path, name: &str) -> Result<String, ConfigError> {
    decode(read_bytes(path, name)?, name)
}

/// Reads a file of at most [`FILE_BYTES_MAX`] bytes.
pub(crate) fn read_bytes(path: &Path, name: &str) -> Result<Vec<u8>, ConfigError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|cause| ConfigError::Unreadable {
            file: name.into(),
            cause,
        })?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge {
            file: name.into(),
            limit: FILE_BYTES_MAX,
        });
    }
    Ok(bytes)
}

/// UTF-8, or ISO-8859-1 where the first line declares it.
pub(crate) fn decode(bytes: Vec<u8>, name: &str) -> Result<String, ConfigError> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error.into_bytes(),
    };
    let valid = std::str::from_utf8(&bytes)
        .err()
        .map_or(0, |error| error.valid_up_to());
    let first_line: Vec<u8> = bytes
        .iter()
        .copied()
        .take_while(|&b| b != b'>')
        .take(200)
        .collect();
    let declared = String::from_utf8_lossy(&first_line).to_ascii_lowercase();
    if ["iso-8859-1", "latin1", "latin-1"]
        .iter()
        .any(|name| declared.contains(name))
    {
        return Ok(bytes.iter().map(|&byte| char::from(byte)).collect());
    }
    let before = bytes.get(..valid).unwrap_or_default();
    let newlines = before.iter().filter(|&&byte| byte == b'\n').count();
    Err(ConfigError::Encoding {
        file: name.into(),
        line: u32::try_from(newlines + 1).unwrap_or(u32::MAX),
    })
}

/// Parses a text and checks its bounds.
pub(crate) fn parse<'i>(text: &'i str, file: &str) -> Result<Document<'i>, ConfigError> {
    let wrong = |line: u32, message: String, advice: &str| ConfigError::Xml {
        file: file.into(),
        line,
        message,
        advice: advice.into(),
    };
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge {
            file: file.into(),
            limit: FILE_BYTES_MAX,
        });
    }
    let lines = Lines::new(text);
    if let Some(at) = crowded_element(text) {
        return Err(wrong(
            lines.of(at),
            format!("an element has more than {ATTRIBUTES_MAX} attributes"),
            "remove what is not meant to be there",
        ));
    }
    let options = ParsingOptions {
        nodes_limit: NODES_MAX,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        let line = match error {
            roxmltree::Error::DtdDetected => text.find("<!DOCTYPE").map_or(1, |at| lines.of(at)),
            roxmltree::Error::UnclosedRootNode | roxmltree::Error::UnexpectedEndOfStream => {
                lines.of(text.trim_end().len())
            }
            _ => error.pos().row,
        };
        let (message, advice) = explain(text, &error);
        wrong(line, message, advice)
    })?;
    if let Some(at) = too_deep(&document) {
        return Err(wrong(
            lines.of(at),
            format!("elements are nested more than {DEPTH_MAX} deep"),
            "remove what is not meant to be there",
        ));
    }
    if let Some((at, marker)) = template_marker(&document) {
        return Err(wrong(
            lines.of(at),
            format!(
                "the file is a template: \"{}\" is still to be filled in",
                quoted(&marker)
            ),
            FILL_IN,
        ));
    }
    Ok(document)
}

const FILL_IN: &str = "let that tool fill it in and give the broker the result";

/// Where elements are nested too deep, found without recursion.
fn too_deep(document: &Document<'_>) -> Option<usize> {
    let mut depth = 0_usize;
    let mut node = document.root_element();
    // Walks in document order without recursion, counting how deep it is.
    loop {
        if depth > DEPTH_MAX {
            return Some(node.range().start);
        }
        if let Some(child) = node.first_element_child() {
            depth += 1;
            node = child;
            continue;
        }
        loop {
            if let Some(sibling) = node.next_sibling_element() {
                node = sibling;
                break;
            }
            match node.parent_element() {
                Some(parent) if depth > 0 => {
                    depth -= 1;
                    node = parent;
                }
                Some(_) | None => return None,
            }
        }
    }
}

/// Where an element has too many attributes. The parser's own check for doubled attributes takes
/// quadratic time.
fn crowded_element(text: &str) -> Option<usize> {
    let mut at = 0;
    for piece in text.split('<') {
        let equals = piece.bytes().filter(|&byte| byte == b'=').count();
        if equals > ATTRIBUTES_MAX {
            return Some(at);
        }
        at += piece.len() + 1;
    }
    None
}

/// What the parser's error means for whoever wrote the file.
fn explain(text: &str, error: &roxmltree::Error) -> (String, &'static str) {
    use roxmltree::Error;

    if let Some(template) = template_kind(text) {
        return (
            format!("the file is {template} template and not XML yet ({error})"),
            FILL_IN,
        );
    }
    match error {
        Error::DtdDetected => (
            "a DOCTYPE is not accepted".into(),
            "remove the <!DOCTYPE …> declaration and write its entities out",
        ),
        Error::NodesLimitReached | Error::AttributesLimitReached => (
            format!("the file has more than {NODES_MAX} elements and texts"),
            "remove what is not meant to be there",
        ),
        Error::MalformedEntityReference(_) | Error::UnknownEntityReference(..) => (
            error.to_string(),
            "write & as &amp;, also between the options of a uri",
        ),
        Error::InvalidAttributeValue(_) => (error.to_string(), "write < as &lt; in attributes"),
        Error::UnexpectedCloseTag(..) => (
            error.to_string(),
            "close every element, the last opened one first",
        ),
        Error::UnclosedRootNode | Error::UnexpectedEndOfStream => (
            error.to_string(),
            "the end of the file is missing: close every open element",
        ),
        Error::UnknownToken(_) | Error::InvalidCharacterData(_) => (
            error.to_string(),
            "only elements and comments may stand here: is a < missing, or text outside of the \
             first element?",
        ),
        Error::NoRootNode => (
            "there is no element in the file".into(),
            "write <beans> with a <broker> inside",
        ),
        Error::UnknownNamespace(prefix, _) => (
            error.to_string(),
            if prefix == "xsi" {
                "declare xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" on the root element"
            } else {
                "declare the prefix with xmlns:PREFIX=\"…\" on the root element"
            },
        ),
        Error::UnexpectedDeclaration(_) => (
            error.to_string(),
            "the <?xml …?> line must be the very first of the file",
        ),
        _ => (error.to_string(), "correct the XML at this place"),
    }
}

/// The first place of well-formed XML that another tool should have filled in, and its text.
fn template_marker(document: &Document<'_>) -> Option<(usize, String)> {
    document.descendants().find_map(|node| {
        if node.is_text() {
            let text = node.text().unwrap_or_default();
            return has_braces(text).then(|| (node.range().start, text.trim().into()));
        }
        node.attributes()
            // A selector may hold LIKE '%word%'.
            .filter(|attribute| attribute.name() != "selector")
            .find(|attribute| has_braces(attribute.value()) || has_percents(attribute.value()))
            .map(|attribute| (attribute.range().start, attribute.value().into()))
    })
}

/// `{{name}}` or `{% word %}`.
fn has_braces(text: &str) -> bool {
    (text.contains("{{") && text.contains("}}")) || (text.contains("{%") && text.contains("%}"))
}

/// `%name%`.
fn has_percents(text: &str) -> bool {
    let mut pieces = text.split('%');
    pieces.next();
    let inner: Vec<&str> = pieces.collect();
    let between = inner
        .get(..inner.len().saturating_sub(1))
        .unwrap_or_default();
    between.iter().any(|name| {
        name.len() > 2
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    })
}

/// The template language that a text seems to be written in.
fn template_kind(text: &str) -> Option<&'static str> {
    if text.contains("<%") {
        Some("an ERB")
    } else if text.contains("{%") || text.contains("{{") {
        Some("a Jinja2 (or similar)")
    } else {
        None
    }
}
