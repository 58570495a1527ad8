//! What is asked: from the path of a GET, with its escapes, or from the JSON of a POST (Jolokia
//! protocol 7). Nothing is looked up here; names are checked for their form only.

use super::data::Limits;
use super::fault::Fault;
use super::object_name::ObjectName;
use serde_json::{Map, Value};

#[cfg(test)]
mod tests;

/// Most requests in one bulk.
pub(crate) const BULK_MAX: usize = 1000;
/// Most parts of a path, and most attributes or arguments of one request.
const PARTS_MAX: usize = 1000;

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Command {
    Read,
    Write,
    Exec,
    Search,
    List,
    Version,
}

impl Command {
    pub(crate) const ALL: [(Self, &'static str); 6] = [
        (Self::Read, "read"),
        (Self::Write, "write"),
        (Self::Exec, "exec"),
        (Self::Search, "search"),
        (Self::List, "list"),
        (Self::Version, "version"),
    ];

    pub(crate) fn of(name: &str) -> Option<Self> {
        let found = Self::ALL
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(name));
        found.map(|(command, _)| *command)
    }

    pub(crate) fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(command, _)| *command == self);
        found.map_or("", |(_, name)| name)
    }

    /// Could it change something?
    pub(crate) fn changes(self) -> bool {
        matches!(self, Self::Write | Self::Exec)
    }
}

/// Which attributes are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    All,
    One(String),
    Many(Vec<String>),
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) command: Command,
    /// Given with everything but list and version.
    pub(crate) mbean: Option<ObjectName>,
    /// Of read; one of write.
    pub(crate) attributes: Wanted,
    pub(crate) operation: Option<String>,
    pub(crate) arguments: Vec<Value>,
    /// Of write.
    pub(crate) value: Value,
    pub(crate) path: Vec<String>,
    pub(crate) options: Options,
    /// Another broker is meant.
    pub(crate) is_proxied: bool,
}

/// How the answer is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    pub(crate) limits: Limits,
    pub(crate) ignores_errors: bool,
}

impl Options {
    /// Takes one processing parameter; unknown ones mean nothing.
    fn set(&mut self, name: &str, value: &str) {
        let number = || value.trim().parse().unwrap_or_default();
        let is = |wanted: &str| value.eq_ignore_ascii_case(wanted);
        match name {
            "maxDepth" => self.limits.depth_max = number(),
            "maxCollectionSize" => self.limits.collection_max = number(),
            "maxObjects" => self.limits.objects_max = number(),
            "ignoreErrors" => self.ignores_errors = is("true"),
            "canonicalNaming" => self.limits.registered_names = is("false"),
            _ => {}
        }
    }

    pub(crate) fn of_query(query: &[(String, String)]) -> Self {
        let mut options = Self::default();
        for (name, value) in query {
            options.set(name, value);
        }
        options
    }

    fn take(&mut self, config: &Map<String, Value>) {
        for (name, value) in config {
            match value {
                Value::String(text) => self.set(name, text),
                other => self.set(name, &other.to_string()),
            }
        }
    }
}

impl Request {
    fn new(command: Command, options: Options) -> Self {
        Self {
            command,
            mbean: None,
            attributes: Wanted::All,
            operation: None,
            arguments: Vec::new(),
            value: Value::Null,
            path: Vec::new(),
            options,
            is_proxied: false,
        }
    }

    /// Reads the path of a GET, percent escapes decoded.
    ///
    /// # Errors
    /// When it is no request.
    pub(crate) fn of_path(path: &str, options: Options) -> Result<Self, Fault> {
        let mut parts = split(path)?.into_iter();
        let Some(name) = parts.next() else {
            return Ok(Self::new(Command::Version, options));
        };
        let command = Command::of(&name);
        let command = command.ok_or_else(|| unknown_type(&name))?;
        let mut request = Self::new(command, options);
        let incomplete = || {
            let command = command.name().to_uppercase();
            let shown: String = path.chars().take(200).collect();
            let text = format!("Invalid arguments in pathinfo {shown} for command {command}");
            Fault::illegal(text)
        };
        if command < Command::List {
            let name = parts.next().ok_or_else(incomplete)?;
            request.mbean = Some(ObjectName::parse(&name)?);
        }
        match command {
            Command::Read => {
                let names = parts.next();
                request.attributes = match names.as_deref() {
                    None | Some("") => Wanted::All,
                    Some(names) if names.contains(',') => {
                        Wanted::Many(names.split(',').map(str::to_owned).collect())
                    }
                    Some(name) => Wanted::One(name.into()),
                };
                request.path = parts.collect();
            }
            Command::Write => {
                request.attributes = Wanted::One(parts.next().ok_or_else(incomplete)?);
                request.value = of_text(parts.next().ok_or_else(incomplete)?);
                request.path = parts.collect();
            }
            Command::Exec => {
                request.operation = Some(parts.next().ok_or_else(incomplete)?);
                request.arguments = parts.map(of_text).collect();
            }
            Command::List => request.path = parts.collect(),
            Command::Search | Command::Version => {}
        }
        Ok(request)
    }

    /// Reads an object of a POST.
    ///
    /// # Errors
    /// When it is no request.
    pub(crate) fn of_json(json: &Map<String, Value>, mut options: Options) -> Result<Self, Fault> {
        let text = |key: &str| match json.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Fault::illegal(format!("{key} must be a string"))),
        };
        let name = text("type")?.ok_or_else(|| Fault::illegal("No type given"))?;
        let command = Command::of(name).ok_or_else(|| unknown_type(name))?;
        if let Some(Value::Object(config)) = json.get("config") {
            options.take(config);
        }
        let mut request = Self::new(command, options);
        request.is_proxied = json.contains_key("target");
        if command < Command::List {
            let name = text("mbean")?;
            let name = name.ok_or_else(|| Fault::illegal("No mbean name given"))?;
            request.mbean = Some(ObjectName::parse(name)?);
        }
        if let Some(path) = text("path")? {
            request.path = split(path)?;
        }
        request.attributes = wanted(json.get("attribute"))?;
        match command {
            Command::Exec => {
                request.operation = text("operation")?.map(str::to_owned);
                request.arguments = match json.get("arguments") {
                    None | Some(Value::Null) => Vec::new(),
                    Some(Value::Array(all)) if all.len() <= PARTS_MAX => all.clone(),
                    Some(_) => return Err(Fault::illegal("arguments must be a short array")),
                };
            }
            Command::Write => {
                request.value = json.get("value").cloned().unwrap_or_default();
                if !matches!(request.attributes, Wanted::One(_)) {
                    return Err(Fault::illegal("No attribute given"));
                }
            }
            Command::Read | Command::Search | Command::List | Command::Version => {}
        }
        Ok(request)
    }

    /// What an answer repeats of it.
    pub(crate) fn echo(&self) -> Value {
        let mut echo = Map::new();
        let mut add = |key: &str, value: Value| echo.insert(key.into(), value);
        add("type", self.command.name().into());
        if let Some(name) = &self.mbean {
            add("mbean", name.canonical().into());
        }
        match &self.attributes {
            Wanted::All => None,
            Wanted::One(name) => add("attribute", name.as_str().into()),
            Wanted::Many(names) => add("attribute", names.clone().into()),
        };
        if self.command == Command::Exec {
            add("operation", self.operation.clone().into());
        }
        if !self.arguments.is_empty() {
            add("arguments", self.arguments.clone().into());
        }
        if self.command == Command::Write {
            add("value", self.value.clone());
        }
        if !self.path.is_empty() {
            add("path", joined(&self.path).into());
        }
        Value::Object(echo)
    }
}

fn unknown_type(name: &str) -> Fault {
    let shown: String = name.chars().take(100).collect();
    Fault::illegal(format!("No type with name '{shown}' exists"))
}

fn wanted(given: Option<&Value>) -> Result<Wanted, Fault> {
    match given {
        None | Some(Value::Null) => Ok(Wanted::All),
        Some(Value::String(name)) => Ok(Wanted::One(name.clone())),
        Some(Value::Array(names)) if names.is_empty() => Ok(Wanted::All),
        Some(Value::Array(names)) if names.len() <= PARTS_MAX => {
            let names = names.iter().map(|name| name.as_str().map(str::to_owned));
            let names: Option<Vec<_>> = names.collect();
            let names = names.ok_or_else(|| Fault::illegal("attribute must hold strings"))?;
            Ok(Wanted::Many(names))
        }
        Some(_) => Err(Fault::illegal(
            "attribute must be a string or a short array of strings",
        )),
    }
}

/// Parts between slashes; `!` takes the letter after it for itself. A slash at the end counts for
/// nothing.
fn split(path: &str) -> Result<Vec<String>, Fault> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let mut parts = vec![String::new()];
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '/' if parts.len() >= PARTS_MAX => {
                return Err(Fault::illegal("the path has too many parts"));
            }
            '/' => {
                parts.push(String::new());
                continue;
            }
            '!' => letters.next().unwrap_or('!'),
            other => other,
        };
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    if parts.len() > 1 && parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    Ok(parts)
}

fn joined(path: &[String]) -> String {
    let parts = path.iter();
    let parts: Vec<String> = parts
        .map(|part| part.replace('!', "!!").replace('/', "!/"))
        .collect();
    parts.join("/")
}

/// A value in a path.
fn of_text(text: String) -> Value {
    match text.as_str() {
        "[null]" => Value::Null,
        "\"\"" => "".into(),
        _ => text.into(),
    }
}
