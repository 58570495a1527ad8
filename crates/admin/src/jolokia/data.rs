//! What attributes and operations give, and how it becomes JSON: paths into it, and the limits
//! that a client may set (Jolokia protocol 7, processing parameters).

use super::fault::Fault;
use super::object_name::ObjectName;
use serde_json::{Map, Number, Value};

#[cfg(test)]
mod tests;

/// Most values of one answer, whatever the client asks for.
const OBJECTS_MAX: usize = 1_000_000;
/// What stands for values over the limit of a client.
const OVER_LIMIT: &str = "[Object limit exceeded]";

/// A value before it is JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Name(ObjectName),
    List(Vec<Data>),
    /// Also rows of a table, by their index.
    Map(Vec<(String, Data)>),
}

/// How much of a value is wanted. 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) depth_max: usize,
    pub(crate) collection_max: usize,
    pub(crate) objects_max: usize,
    /// Names have their keys as they were registered.
    pub(crate) registered_names: bool,
}

impl Data {
    /// A row of a table or a structure.
    pub(crate) fn row<const N: usize>(pairs: [(&str, Self); N]) -> Self {
        Self::Map(pairs.map(|(key, value)| (key.to_owned(), value)).into())
    }

    /// What a path leads to; null if nothing is there. `*` is every entry.
    pub(crate) fn follow(self, path: &[String]) -> Self {
        let Some((step, rest)) = path.split_first() else {
            return self;
        };
        let is_there = |value: &Self| *value != Self::Null;
        match self {
            Self::List(all) if step == "*" => {
                let all = all.into_iter().map(|one| one.follow(rest));
                let all: Vec<_> = all.filter(is_there).collect();
                if all.is_empty() {
                    Self::Null
                } else {
                    Self::List(all)
                }
            }
            Self::List(all) => {
                let at = step.parse::<usize>().ok();
                let one = at.and_then(|at| all.into_iter().nth(at));
                one.map_or(Self::Null, |one| one.follow(rest))
            }
            Self::Map(all) if step == "*" => {
                let all = all.into_iter().map(|(key, one)| (key, one.follow(rest)));
                let all: Vec<_> = all.filter(|(_, one)| is_there(one)).collect();
                if all.is_empty() {
                    Self::Null
                } else {
                    Self::Map(all)
                }
            }
            Self::Map(all) => {
                let one = all.into_iter().find(|(key, _)| key == step);
                one.map_or(Self::Null, |(_, one)| one.follow(rest))
            }
            Self::Name(name) if step == "objectName" => Self::Text(name.canonical()).follow(rest),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => Self::Null,
            Self::Text(_) | Self::Name(_) => Self::Null,
        }
    }

    /// The JSON form within limits.
    ///
    /// # Errors
    /// When it is larger than any answer may be.
    pub(crate) fn into_json(self, limits: &Limits) -> Result<Value, Fault> {
        let mut shaping = Shaping { limits, seen: 0 };
        shaping.shape(self, 0)
    }

    /// What Java's `toString` would give.
    fn into_text(self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => format!("{value:?}"),
            Self::Text(text) => text,
            Self::Name(name) => name.registered(),
            Self::List(all) => {
                let all: Vec<String> = all.into_iter().map(Self::into_text).collect();
                format!("[{}]", all.join(", "))
            }
            Self::Map(all) => {
                let all = all.into_iter();
                let all: Vec<String> = all
                    .map(|(key, value)| format!("{key}={}", value.into_text()))
                    .collect();
                format!("{{{}}}", all.join(", "))
            }
        }
    }
}

struct Shaping<'a> {
    limits: &'a Limits,
    seen: usize,
}

impl Shaping<'_> {
    fn shape(&mut self, data: Data, depth: usize) -> Result<Value, Fault> {
        let limits = self.limits;
        if self.seen > OBJECTS_MAX {
            let text = format!(
                "the answer has more than {OBJECTS_MAX} values; ask for fewer MBeans or \
                 attributes at a time"
            );
            return Err(Fault::new("java.lang.IllegalStateException", 500, text));
        }
        if limits.objects_max > 0 && self.seen > limits.objects_max {
            return Ok(OVER_LIMIT.into());
        }
        self.seen += 1;
        if limits.depth_max > 0 && depth >= limits.depth_max && data != Data::Null {
            return Ok(data.into_text().into());
        }
        let collection_max = match limits.collection_max {
            0 => usize::MAX,
            max => max,
        };
        Ok(match data {
            Data::Null => Value::Null,
            Data::Bool(value) => value.into(),
            Data::Int(value) => value.into(),
            // Neither JSON nor Jolokia have a word for what is no number.
            Data::Float(value) => Number::from_f64(value).map_or(Value::Null, Value::Number),
            Data::Text(text) => text.into(),
            Data::Name(name) => {
                let text = if limits.registered_names {
                    name.registered()
                } else {
                    name.canonical()
                };
                let pair = ("objectName".to_owned(), text.into());
                Value::Object(Map::from_iter([pair]))
            }
            Data::List(all) => {
                let all = all.into_iter().take(collection_max);
                let all = all.map(|one| self.shape(one, depth + 1));
                Value::Array(all.collect::<Result<_, _>>()?)
            }
            Data::Map(all) => {
                let all = all.into_iter().take(collection_max);
                let all = all.map(|(key, one)| Ok((key, self.shape(one, depth + 1)?)));
                Value::Object(all.collect::<Result<_, Fault>>()?)
            }
        })
    }
}

impl From<bool> for Data {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Data {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Data {
    fn from(value: usize) -> Self {
        (value as u64).into()
    }
}

impl From<u32> for Data {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<i64> for Data {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Data {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Data {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Data {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Data {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<ObjectName> for Data {
    fn from(value: ObjectName) -> Self {
        Self::Name(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Data {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Data {
    fn from(all: Vec<T>) -> Self {
        Self::List(all.into_iter().map(Into::into).collect())
    }
}
