//! The core function library (section 4 of the recommendation).
//!
//! Lengths and positions in texts count UTF-16 units, as in Java's library.

use super::Failure;
use super::evaluate::{Context, Evaluation};
use super::expression::{Expression, Function};
use super::node::NodeRef;
use super::object::{Object, number_from_text, text_of};
use std::borrow::Cow;

const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// The value of a call. The parser has checked the number of arguments.
pub(super) fn call<'d>(
    evaluation: &mut Evaluation,
    function: Function,
    arguments: &[Expression],
    context: &Context<'d>,
) -> Result<Object<'d>, Failure> {
    let call = Call { arguments, context };
    match function {
        Function::Last => Ok(Object::Number(context.size)),
        Function::Position => Ok(Object::Number(context.position)),
        Function::True => Ok(Object::Boolean(true)),
        Function::False => Ok(Object::Boolean(false)),
        Function::Boolean => Ok(Object::Boolean(call.boolean(evaluation)?)),
        Function::Not => Ok(Object::Boolean(!call.boolean(evaluation)?)),
        Function::Lang => Ok(Object::Boolean(call.lang(evaluation)?)),
        Function::Count
        | Function::Id
        | Function::LocalName
        | Function::NamespaceUri
        | Function::Name
        | Function::Sum => call.on_nodes(function, evaluation),
        Function::Number | Function::Floor | Function::Ceiling | Function::Round => {
            call.on_number(function, evaluation)
        }
        Function::String
        | Function::Concat
        | Function::StartsWith
        | Function::Contains
        | Function::SubstringBefore
        | Function::SubstringAfter
        | Function::Substring
        | Function::StringLength
        | Function::NormalizeSpace
        | Function::Translate => call.on_text(function, evaluation),
    }
}

struct Call<'c, 'd> {
    arguments: &'c [Expression],
    context: &'c Context<'d>,
}

impl<'d> Call<'_, 'd> {
    fn argument(&self, index: usize) -> Result<&Expression, Failure> {
        self.arguments.get(index).ok_or(Failure::Refused)
    }

    fn boolean(&self, evaluation: &mut Evaluation) -> Result<bool, Failure> {
        let value = evaluation.value(self.argument(0)?, self.context)?;
        Ok(value.to_boolean())
    }

    /// The text of an argument; without arguments, that of the context node.
    fn text(&self, evaluation: &mut Evaluation, index: usize) -> Result<Cow<'d, str>, Failure> {
        if self.arguments.is_empty() {
            return text_of(&self.context.node, &mut evaluation.budget);
        }
        evaluation.text(self.argument(index)?, self.context)
    }

    fn on_nodes(
        &self,
        function: Function,
        evaluation: &mut Evaluation,
    ) -> Result<Object<'d>, Failure> {
        if function == Function::Id {
            // Without a document type no attribute is an id.
            evaluation.value(self.argument(0)?, self.context)?;
            return Ok(Object::Nodes(Vec::new()));
        }
        let nodes = match self.arguments.first() {
            Some(argument) => evaluation.nodes(argument, self.context)?,
            None => vec![self.context.node],
        };
        let name = |of: fn(&NodeRef<'d>) -> &'d str| {
            Object::Text(Cow::Borrowed(nodes.first().map_or("", of)))
        };
        Ok(match function {
            Function::LocalName => name(NodeRef::local_name),
            Function::NamespaceUri => name(NodeRef::namespace),
            Function::Name => name(NodeRef::qualified_name),
            Function::Sum => {
                let mut sum = 0.0;
                for node in &nodes {
                    sum += number_from_text(&text_of(node, &mut evaluation.budget)?);
                }
                Object::Number(sum)
            }
            #[expect(clippy::cast_precision_loss, reason = "far fewer nodes than 2^53")]
            _ => Object::Number(nodes.len() as f64),
        })
    }

    fn on_number(
        &self,
        function: Function,
        evaluation: &mut Evaluation,
    ) -> Result<Object<'d>, Failure> {
        let number = match self.arguments.first() {
            Some(argument) => evaluation.number(argument, self.context)?,
            None => number_from_text(&self.text(evaluation, 0)?),
        };
        Ok(Object::Number(match function {
            Function::Floor => number.floor(),
            Function::Ceiling => number.ceil(),
            Function::Round => round(number),
            _ => number,
        }))
    }

    fn on_text(
        &self,
        function: Function,
        evaluation: &mut Evaluation,
    ) -> Result<Object<'d>, Failure> {
        let text = self.text(evaluation, 0)?;
        evaluation.budget.spend_text(text.len())?;
        Ok(match function {
            Function::String => Object::Text(text),
            Function::Concat => {
                let mut whole = text.into_owned();
                for index in 1..self.arguments.len() {
                    let next = self.text(evaluation, index)?;
                    evaluation.budget.spend_text(next.len())?;
                    whole.push_str(&next);
                }
                Object::Text(Cow::Owned(whole))
            }
            #[expect(
                clippy::cast_precision_loss,
                reason = "texts are far shorter than 2^53"
            )]
            Function::StringLength => Object::Number(text.encode_utf16().count() as f64),
            Function::NormalizeSpace => Object::Text(Cow::Owned(normalized(&text))),
            Function::StartsWith => Object::Boolean(text.starts_with(&*self.text(evaluation, 1)?)),
            Function::Contains => Object::Boolean(text.contains(&*self.text(evaluation, 1)?)),
            Function::SubstringBefore => {
                let found = text.find(&*self.text(evaluation, 1)?);
                let before = found.and_then(|offset| text.get(..offset));
                Object::Text(Cow::Owned(before.unwrap_or_default().to_owned()))
            }
            Function::SubstringAfter => {
                let pattern = self.text(evaluation, 1)?;
                let after = text.split_once(&*pattern).map(|(_, after)| after);
                Object::Text(Cow::Owned(after.unwrap_or_default().to_owned()))
            }
            Function::Substring => {
                let start = evaluation.number(self.argument(1)?, self.context)?;
                let length = match self.arguments.get(2) {
                    Some(length) => Some(evaluation.number(length, self.context)?),
                    None => None,
                };
                Object::Text(Cow::Owned(substring(&text, start, length)))
            }
            _ => {
                let from = self.text(evaluation, 1)?;
                let to = self.text(evaluation, 2)?;
                // Each character is looked up in `from`.
                evaluation
                    .budget
                    .spend_text(text.len().saturating_mul(from.len()))?;
                Object::Text(Cow::Owned(translated(&text, &from, &to)))
            }
        })
    }

    /// Whether the language of the context node is the argument or a variety of it.
    fn lang(&self, evaluation: &mut Evaluation) -> Result<bool, Failure> {
        let wanted = self.text(evaluation, 0)?;
        for ancestor in self.context.node.tree().ancestors() {
            evaluation.budget.spend(1)?;
            if let Some(language) = ancestor.attribute((XML_NAMESPACE, "lang")) {
                let start = language.get(..wanted.len());
                let behind = language.as_bytes().get(wanted.len());
                let agrees = start.is_some_and(|start| start.eq_ignore_ascii_case(&wanted));
                return Ok(agrees && matches!(behind, None | Some(b'-')));
            }
        }
        Ok(false)
    }
}

/// The nearest whole number, the upper one of two.
fn round(number: f64) -> f64 {
    if number.fract() == 0.0 {
        number
    } else {
        (number + 0.5).floor()
    }
}

fn normalized(text: &str) -> String {
    let words = text
        .split([' ', '\t', '\n', '\r'])
        .filter(|word| !word.is_empty());
    words.collect::<Vec<&str>>().join(" ")
}

/// The units whose position (from 1) is at least `start` and below `start + length`, rounded.
fn substring(text: &str, start: f64, length: Option<f64>) -> String {
    let first = round(start);
    let end = length.map_or(f64::INFINITY, |length| first + round(length));
    let mut position = 0.0;
    let selected = text.encode_utf16().filter(|_| {
        position += 1.0;
        position >= first && position < end
    });
    let units: Vec<u16> = selected.collect();
    String::from_utf16_lossy(&units)
}

fn translated(text: &str, from: &str, to: &str) -> String {
    let translate = |character: char| match from.chars().position(|known| known == character) {
        Some(index) => to.chars().nth(index),
        None => Some(character),
    };
    text.chars().filter_map(translate).collect()
}
