//! Rust code for the structures of the command table.
//!
//! Each structure becomes a struct with public fields, a reader and a writer that name the wire
//! type of every field once; both encodings and all versions go through them. The text is not
//! yet formatted.

use super::table::{Field, Kind, Structure};

/// Appends a formatted line to a text.
macro_rules! line {
    ($text:expr, $($arguments:tt)*) => {
        $text.push_str(&format!($($arguments)*));
        $text.push('\n');
    };
}

const WARNING: &str =
    "// Generated from commands.txt by `cargo run -p xtask -- codegen openwire`; do not edit.\n";

/// Structures that are boxed where they are nested, because they are large or recursive.
const BOXED: [&str; 3] = ["Message", "MessageAck", "DataStructure"];

/// Name and text of each file.
pub(super) fn files(structures: &[Structure]) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for structure in structures {
        if files.last().is_none_or(|(name, _)| *name != structure.file) {
            files.push((structure.file.clone(), head(&structure.file)));
        }
        if let Some((_, text)) = files.last_mut() {
            text.push_str(&declaration(structure));
            text.push_str(&wire(structure));
        }
    }
    files.push(("structure".to_owned(), structure_file(structures)));
    files
}

fn head(name: &str) -> String {
    format!(
        "//! OpenWire structures: {name}.\n//!\n{}\nuse crate::codec::{{Content, DecodeError, Reader, \
         Secret, Text, Throwable, TransactionId, Wire, Writer}};\nuse \
         super::*;\nuse bytes::Bytes;\n\n",
        WARNING.replace("// ", "//! ")
    )
}

fn declaration(structure: &Structure) -> String {
    let ids: Vec<String> = structure.ids.iter().map(|(id, _)| id.to_string()).collect();
    let mut text = format!("/// Wire type {}.\n", ids.join(", "));
    let hash = if structure.is_cached {
        ", Eq, Hash"
    } else {
        ""
    };
    line!(text, "#[derive(Debug, Clone, Default, PartialEq{hash})]");
    text.push_str("#[cfg_attr(test, derive(serde::Serialize))]\n");
    line!(text, "pub struct {} {{", structure.name);
    if structure.ids.len() > 1 {
        text.push_str("pub type_id: u8,\n");
    }
    for field in &structure.fields {
        if field.rust_name.is_some() {
            line!(text, "#[cfg_attr(test, serde(rename = {:?}))]", field.name);
        }
        line!(
            text,
            "pub {}: {},",
            rust_name(field),
            rust_type(&field.kind)
        );
    }
    text.push_str("}\n\n");
    text
}

fn wire(structure: &Structure) -> String {
    let name = &structure.name;
    let is_family = structure.ids.len() > 1;
    let patterns = patterns(structure);
    let mut text = format!(
        "impl Wire for {name} {{\nfn accepts(type_id: u8) -> bool {{ matches!(type_id, {}) }}\n",
        patterns
    );
    let own = if is_family {
        "self.type_id".to_owned()
    } else {
        patterns.clone()
    };
    line!(text, "fn type_id(&self) -> u8 {{ {own} }}");
    let reads_id = is_family || structure.fields.iter().any(|field| field.only.is_some());
    let type_id = if reads_id { "type_id" } else { "_type_id" };
    let reader = if structure.fields.is_empty() {
        "_r"
    } else {
        "r"
    };
    line!(
        text,
        "fn read({reader}: &mut Reader<'_>, {type_id}: u8) -> Result<Self, DecodeError> {{\nOk(Self {{"
    );
    if is_family {
        text.push_str("type_id,\n");
    }
    for field in &structure.fields {
        let method = method(&field.kind);
        let mut value = format!("r.at({:?}).{method}()?", field.name);
        let conditions = conditions(field, "r.version()", "type_id");
        if !conditions.is_empty() {
            let default = default(field);
            value = format!("if {conditions} {{ {value} }} else {{ {default} }}");
        }
        line!(text, "{}: {value},", rust_name(field));
    }
    let writer = if structure.fields.is_empty() {
        "_w"
    } else {
        "w"
    };
    line!(
        text,
        "}})\n}}\n\nfn write(&self, {writer}: &mut Writer<'_>) {{"
    );
    for field in &structure.fields {
        let by = if is_value(&field.kind) { "" } else { "&" };
        let call = format!("w.{}({by}self.{});", method(&field.kind), rust_name(field));
        let conditions = conditions(field, "w.version()", "self.type_id");
        if conditions.is_empty() {
            line!(text, "{call}");
        } else {
            line!(text, "if {conditions} {{ {call} }}");
        }
    }
    text.push_str("}\n}\n\n");
    text
}

/// The type ids as a pattern.
fn patterns(structure: &Structure) -> String {
    match structure.ids.as_slice() {
        // Ids of a structure follow each other.
        [(first, _), .., (last, _)] => format!("{first}..={last}"),
        [(only, _)] => only.to_string(),
        [] => String::new(),
    }
}

fn conditions(field: &Field, version: &str, type_id: &str) -> String {
    let mut all = Vec::new();
    if field.since > 1 {
        all.push(format!("{version} >= {}", field.since));
    }
    if let Some(until) = field.until {
        all.push(format!("{version} <= {until}"));
    }
    if let Some(only) = field.only {
        all.push(format!("{type_id} == {only}"));
    }
    all.join(" && ")
}

fn default(field: &Field) -> &str {
    match (&field.default, &field.kind) {
        (Some(default), _) => default,
        (None, Kind::Plain("bool")) => "false",
        (None, Kind::Plain("byte" | "int" | "long")) => "0",
        (None, _) => "None",
    }
}

fn method(kind: &Kind) -> &str {
    match kind {
        Kind::Plain("bool") => "boolean",
        Kind::Plain(name) => name,
        Kind::Nested(_) => "nested",
        Kind::Cached(_) => "cached",
        Kind::Array(_) => "array",
    }
}

fn is_value(kind: &Kind) -> bool {
    matches!(kind, Kind::Plain("bool" | "byte" | "int" | "long"))
}

fn rust_type(kind: &Kind) -> String {
    let boxed = |of: &str| {
        if BOXED.contains(&of) {
            format!("Box<{of}>")
        } else {
            of.to_owned()
        }
    };
    match kind {
        Kind::Plain("bool") => "bool".into(),
        Kind::Plain("byte") => "i8".into(),
        Kind::Plain("int") => "i32".into(),
        Kind::Plain("long") => "i64".into(),
        Kind::Plain("string") => "Option<Text>".into(),
        Kind::Plain("secret") => "Option<Secret>".into(),
        Kind::Plain("bytes") => "Option<Bytes>".into(),
        Kind::Plain("content") => "Option<Content>".into(),
        Kind::Plain("magic") => "[u8; 8]".into(),
        Kind::Plain(_) => "Option<Throwable>".into(),
        Kind::Nested(of) | Kind::Cached(of) => format!("Option<{}>", boxed(of)),
        Kind::Array(of) => format!("Option<Vec<Option<{of}>>>"),
    }
}

fn rust_name(field: &Field) -> String {
    field
        .rust_name
        .clone()
        .unwrap_or_else(|| snake(&field.name))
}

/// `brokerURL` to `broker_url`, `JMSXGroupFirst` to `jmsx_group_first`.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        if letter.is_uppercase() && at > 0 {
            let before = letters.get(at - 1).is_some_and(|c| c.is_lowercase());
            let after = letters.get(at + 1).is_some_and(|c| c.is_lowercase());
            if before || after {
                out.push('_');
            }
        }
        out.extend(letter.to_lowercase());
    }
    out
}

fn structure_file(structures: &[Structure]) -> String {
    let mut text = format!(
        "//! OpenWire structures: the sum of all, and which of them may stand in cached fields.\n\
         //!\n{}\nuse crate::codec::{{Cached, DecodeError, Reader, Wire, Writer}};\nuse \
         super::*;\n\n",
        WARNING.replace("// ", "//! ")
    );
    text.push_str(&type_facts(structures));
    text.push_str(&sum(structures));
    text.push_str(&cache_types(structures));
    text
}

fn type_facts(structures: &[Structure]) -> String {
    let mut first = String::new();
    for version in 2..=12 {
        let ids: Vec<String> = structures
            .iter()
            .flat_map(|structure| &structure.ids)
            .filter(|(_, since)| *since == version)
            .map(|(id, _)| id.to_string())
            .collect();
        if !ids.is_empty() {
            line!(first, "{} => {version},", ids.join(" | "));
        }
    }
    let aware: Vec<String> = structures
        .iter()
        .filter(|structure| structure.is_aware)
        .flat_map(|structure| &structure.ids)
        .map(|(id, _)| id.to_string())
        .collect();
    format!(
        "/// The first version that has a wire type.\npub(crate) fn first_version(type_id: u8) -> \
         u8 {{\nmatch type_id {{\n{first}_ => 1,\n}}\n}}\n\n/// One more bit precedes these when \
         nested in tight frames.\npub(crate) fn is_marshal_aware(type_id: u8) -> bool {{ \
         matches!(type_id, {}) }}\n\n",
        aware.join(" | ")
    )
}

fn sum(structures: &[Structure]) -> String {
    let mut variants = String::new();
    let (mut ids, mut type_ids) = (String::new(), String::new());
    let (mut reads, mut writes) = (String::new(), String::new());
    for structure in structures {
        let name = &structure.name;
        let held = if structure.is_cached {
            name.clone()
        } else {
            format!("Box<{name}>")
        };
        line!(variants, "{name}({held}),");
        ids.push_str(&format!("|| {name}::accepts(type_id)"));
        line!(type_ids, "Self::{name}(one) => one.type_id(),");
        line!(writes, "Self::{name}(one) => one.write(w),");
        let patterns = patterns(structure);
        line!(
            reads,
            "{patterns} => Self::{name}(Wire::read(r, type_id)?),"
        );
    }
    format!(
        "/// Any structure.\n#[derive(Debug, Clone, PartialEq)]\n#[cfg_attr(test, \
         derive(serde::Serialize), serde(untagged))]\npub enum DataStructure {{\n{variants}}}\n\n\
         impl Wire for DataStructure {{\nfn accepts(type_id: u8) -> bool {{ {} }}\n\
         fn type_id(&self) -> u8 {{ match self {{ {type_ids} }} }}\n\
         fn read(r: &mut Reader<'_>, type_id: u8) -> Result<Self, DecodeError> {{\n\
         Ok(match type_id {{ {reads} _ => return Err(r.unknown_type(type_id)), }})\n}}\n\
         fn write(&self, w: &mut Writer<'_>) {{ match self {{ {writes} }} }}\n}}\n\n",
        ids.trim_start_matches("|| ")
    )
}

fn cache_types(structures: &[Structure]) -> String {
    let cached: Vec<&str> = structures
        .iter()
        .filter(|structure| structure.is_cached)
        .map(|structure| structure.name.as_str())
        .collect();
    let (mut held, mut lent, mut lend) = (String::new(), String::new(), String::new());
    let (mut own, mut keys, mut loads) = (String::new(), String::new(), String::new());
    let mut each = String::new();
    for name in &cached {
        line!(held, "{name}({name}),");
        line!(lent, "{name}(&'a {name}),");
        line!(lend, "Self::{name}(one) => CachedRef::{name}(one),");
        line!(
            own,
            "Self::{name}(one) => CachedValue::{name}(one.clone()),"
        );
        line!(keys, "Self::{name}(one) => Some(CachedRef::{name}(one)),");
        line!(
            loads,
            "CachedValue::{name}(one) => Self::{name}(one.clone()),"
        );
        line!(
            each,
            "impl Cached for {name} {{\nfn key(&self) -> Option<CachedRef<'_>> {{ \
             Some(CachedRef::{name}(self)) }}\nfn load(value: &CachedValue) -> Option<Self> {{\n\
             match value {{ CachedValue::{name}(one) => Some(one.clone()), _ => None }}\n}}\n}}\n"
        );
    }
    format!(
        "/// What a slot of the marshalling cache holds.\n#[derive(Debug, Clone, PartialEq)]\n\
         pub enum CachedValue {{\n{held}}}\n\n\
         /// What a slot of the marshalling cache is looked up by.\n\
         #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\n\
         pub enum CachedRef<'a> {{\n{lent}}}\n\n\
         impl CachedValue {{\npub(crate) fn lend(&self) -> CachedRef<'_> {{ match self {{ {lend} \
         }} }}\n}}\n\n\
         impl CachedRef<'_> {{\npub(crate) fn to_value(self) -> CachedValue {{ match self {{ \
         {own} }} }}\n}}\n\n{each}\n\
         impl Cached for DataStructure {{\nfn key(&self) -> Option<CachedRef<'_>> {{\nmatch self \
         {{ {keys} _ => None }}\n}}\nfn load(value: &CachedValue) -> Option<Self> {{\n\
         Some(match value {{ {loads} }})\n}}\n}}\n"
    )
}
