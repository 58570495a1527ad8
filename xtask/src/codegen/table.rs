//! Reading the command table: layers, structures and their fields.
//!
//! It knows the table's syntax, which the head of the table describes, and not what is made of
//! it. Every mistake names its line.

use anyhow::{Context, Result, bail};
use std::collections::HashMap;

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A type that the codec reads and writes by a method of this name.
    Plain(&'static str),
    Nested(String),
    Cached(String),
    Array(String),
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) rust_name: Option<String>,
    pub(super) kind: Kind,
    pub(super) since: u8,
    pub(super) until: Option<u8>,
    pub(super) only: Option<u8>,
    pub(super) default: Option<String>,
}

#[derive(Debug)]
pub(super) struct Structure {
    pub(super) name: String,
    pub(super) file: String,
    /// Type ids, each with the version from which on it exists.
    pub(super) ids: Vec<(u8, u8)>,
    pub(super) is_cached: bool,
    pub(super) is_aware: bool,
    pub(super) fields: Vec<Field>,
}

const PLAIN: [&str; 10] = [
    "bool",
    "byte",
    "int",
    "long",
    "string",
    "secret",
    "bytes",
    "content",
    "magic",
    "throwable",
];

/// All structures in the order of the table.
pub(super) fn parse(text: &str) -> Result<Vec<Structure>> {
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim_end();
        if !line.trim().is_empty() {
            reader
                .line(line)
                .with_context(|| format!("line {}: {line}", index + 1))?;
        }
    }
    Ok(reader.structures)
}

#[derive(Default)]
struct Reader {
    file: String,
    layers: HashMap<String, Vec<Field>>,
    layer: Option<String>,
    structures: Vec<Structure>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<()> {
        let words: Vec<&str> = line.split_whitespace().collect();
        if line.starts_with(' ') {
            let parsed = field(&words)?;
            let fields = match &self.layer {
                Some(layer) => self.layers.entry(layer.clone()).or_default(),
                None => {
                    let last = self.structures.last_mut();
                    &mut last.context("a field without a structure")?.fields
                }
            };
            fields.push(parsed);
            return Ok(());
        }
        match words.as_slice() {
            ["file", name] => self.file = (*name).to_owned(),
            ["layer", name] => self.layer = Some((*name).to_owned()),
            [name, ids, rest @ ..] => {
                let structure = self.structure(name, ids, rest)?;
                self.layer = None;
                self.structures.push(structure);
            }
            _ => bail!("expected a structure's name and type id"),
        }
        Ok(())
    }

    fn structure(&self, name: &str, ids: &str, rest: &[&str]) -> Result<Structure> {
        let mut structure = Structure {
            name: name.to_owned(),
            file: self.file.clone(),
            ids: Vec::new(),
            is_cached: rest.contains(&"cached"),
            is_aware: rest.contains(&"aware"),
            fields: Vec::new(),
        };
        for id in ids.split(',') {
            let (id, since) = id.split_once('@').unwrap_or((id, "1"));
            structure.ids.push((id.parse()?, since.parse()?));
        }
        let follow = |pair: &[(u8, u8)]| matches!(pair, [(a, _), (b, _)] if a + 1 == *b);
        if !structure.ids.windows(2).all(follow) {
            bail!("the type ids of a structure follow each other");
        }
        if let [":", layer, ..] = rest {
            let fields = self.layers.get(*layer).context("unknown layer")?;
            structure.fields.clone_from(fields);
        }
        Ok(structure)
    }
}

fn field(words: &[&str]) -> Result<Field> {
    let [name, rest @ ..] = words else {
        bail!("an empty field");
    };
    let (kind, mut rest) = match rest {
        ["nested", of, rest @ ..] => (Kind::Nested((*of).to_owned()), rest),
        ["cached", of, rest @ ..] => (Kind::Cached((*of).to_owned()), rest),
        ["array", of, rest @ ..] => (Kind::Array((*of).to_owned()), rest),
        [plain, rest @ ..] => {
            let known = PLAIN.iter().find(|known| *known == plain);
            (Kind::Plain(known.context("unknown type")?), rest)
        }
        [] => bail!("a field without a type"),
    };
    let mut field = Field {
        name: (*name).to_owned(),
        rust_name: None,
        kind,
        since: 1,
        until: None,
        only: None,
        default: None,
    };
    loop {
        rest = match rest {
            [] => return Ok(field),
            ["only", id, rest @ ..] => {
                field.only = Some(id.parse()?);
                rest
            }
            ["=", default, rest @ ..] => {
                field.default = Some((*default).to_owned());
                rest
            }
            ["as", name, rest @ ..] => {
                field.rust_name = Some((*name).to_owned());
                rest
            }
            [word, rest @ ..] => {
                if let Some(since) = word.strip_prefix('@') {
                    field.since = since.parse()?;
                } else if let Some(until) = word.strip_prefix("..") {
                    field.until = Some(until.parse()?);
                } else {
                    bail!("{word} is not understood");
                }
                rest
            }
        }
    }
}
