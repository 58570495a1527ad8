//! Evaluates an XPath expression over a document.
//!
//! The recursion follows the nesting of the expression, which its parser has bounded; every node
//! visited costs a step of the budget.

use super::Failure;
use super::expression::{Expression, NodeTest, Operator, Path, Start, Step};
use super::function;
use super::node::NodeRef;
use super::object::{Budget, Object, number_from_text, text_of};
use roxmltree::Document;
use std::borrow::Cow;
use std::collections::HashSet;

/// Whether the expression, converted to a boolean, holds at the root of the document.
pub(super) fn holds(expression: &Expression, document: &Document<'_>) -> Result<bool, Failure> {
    let mut evaluation = Evaluation {
        budget: Budget::new(),
    };
    let context = Context {
        node: NodeRef::Tree(document.root()),
        position: -1.0,
        size: 0.0,
    };
    let result = evaluation.value(expression, &context)?;
    Ok(result.to_boolean())
}

/// Where an expression is evaluated. Outside of predicates Java's library gives -1 as the
/// position and 0 as the size.
#[derive(Clone, Copy)]
pub(super) struct Context<'d> {
    pub(super) node: NodeRef<'d>,
    pub(super) position: f64,
    pub(super) size: f64,
}

pub(super) struct Evaluation {
    pub(super) budget: Budget,
}

impl Evaluation {
    pub(super) fn value<'d>(
        &mut self,
        expression: &Expression,
        context: &Context<'d>,
    ) -> Result<Object<'d>, Failure> {
        self.budget.spend(1)?;
        match expression {
            Expression::Number(number) => Ok(Object::Number(*number)),
            Expression::Text(text) => {
                self.budget.spend_text(text.len())?;
                Ok(Object::Text(Cow::Owned(text.to_string())))
            }
            Expression::Variable => Err(Failure::Refused),
            Expression::Negate(operand) => {
                let number = self.number(operand, context)?;
                Ok(Object::Number(-number))
            }
            Expression::Binary { first, rest } => self.binary(first, rest, context),
            Expression::Union(paths) => {
                let mut nodes = Vec::new();
                for path in paths {
                    nodes.append(&mut self.nodes(path, context)?);
                }
                Ok(Object::Nodes(in_document_order(nodes)))
            }
            Expression::Path(path) => Ok(Object::Nodes(self.path(path, context)?)),
            Expression::Call {
                function,
                arguments,
            } => function::call(self, *function, arguments, context),
        }
    }

    pub(super) fn number(
        &mut self,
        expression: &Expression,
        context: &Context<'_>,
    ) -> Result<f64, Failure> {
        let value = self.value(expression, context)?;
        value.to_number(&mut self.budget)
    }

    pub(super) fn text<'d>(
        &mut self,
        expression: &Expression,
        context: &Context<'d>,
    ) -> Result<Cow<'d, str>, Failure> {
        let value = self.value(expression, context)?;
        value.to_text(&mut self.budget)
    }

    /// The value of an expression that must be a set of nodes.
    pub(super) fn nodes<'d>(
        &mut self,
        expression: &Expression,
        context: &Context<'d>,
    ) -> Result<Vec<NodeRef<'d>>, Failure> {
        match self.value(expression, context)? {
            Object::Nodes(nodes) => Ok(nodes),
            Object::Boolean(_) | Object::Number(_) | Object::Text(_) => Err(Failure::Refused),
        }
    }

    // Operators

    fn binary<'d>(
        &mut self,
        first: &Expression,
        rest: &[(Operator, Expression)],
        context: &Context<'d>,
    ) -> Result<Object<'d>, Failure> {
        let mut left = self.value(first, context)?;
        for (operator, right) in rest {
            self.budget.spend(1)?;
            let decided = match operator {
                Operator::Or => left.to_boolean(),
                Operator::And => !left.to_boolean(),
                _ => false,
            };
            left = if decided {
                Object::Boolean(left.to_boolean())
            } else {
                let right = self.value(right, context)?;
                self.combine(*operator, &left, &right)?
            };
        }
        Ok(left)
    }

    fn combine<'d>(
        &mut self,
        operator: Operator,
        left: &Object<'d>,
        right: &Object<'d>,
    ) -> Result<Object<'d>, Failure> {
        let arithmetic: fn(f64, f64) -> f64 = match operator {
            // The left side has been found not to decide.
            Operator::Or | Operator::And => return Ok(Object::Boolean(right.to_boolean())),
            Operator::Add => |left, right| left + right,
            Operator::Subtract => |left, right| left - right,
            Operator::Multiply => |left, right| left * right,
            Operator::Divide => |left, right| left / right,
            Operator::Remainder => |left, right| left % right,
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => {
                return Ok(Object::Boolean(self.compare(operator, left, right)?));
            }
        };
        let left = left.to_number(&mut self.budget)?;
        let right = right.to_number(&mut self.budget)?;
        Ok(Object::Number(arithmetic(left, right)))
    }

    fn compare(
        &mut self,
        operator: Operator,
        left: &Object<'_>,
        right: &Object<'_>,
    ) -> Result<bool, Failure> {
        match (left, right) {
            (Object::Nodes(one), Object::Nodes(other)) => self.compare_sets(operator, one, other),
            (Object::Nodes(_), Object::Boolean(_)) | (Object::Boolean(_), Object::Nodes(_)) => {
                let left = Object::Boolean(left.to_boolean());
                let right = Object::Boolean(right.to_boolean());
                self.compare_plain(operator, &left, &right)
            }
            (Object::Nodes(nodes), _) => {
                for node in nodes {
                    let text = Object::Text(text_of(node, &mut self.budget)?);
                    if self.compare_plain(operator, &text, right)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (_, Object::Nodes(nodes)) => {
                for node in nodes {
                    let text = Object::Text(text_of(node, &mut self.budget)?);
                    if self.compare_plain(operator, left, &text)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => self.compare_plain(operator, left, right),
        }
    }

    /// Neither side is a set of nodes.
    fn compare_plain(
        &mut self,
        operator: Operator,
        left: &Object<'_>,
        right: &Object<'_>,
    ) -> Result<bool, Failure> {
        if matches!(operator, Operator::Equal | Operator::NotEqual) {
            let equal = match (left, right) {
                (Object::Boolean(_), _) | (_, Object::Boolean(_)) => {
                    left.to_boolean() == right.to_boolean()
                }
                (Object::Text(one), Object::Text(other)) => {
                    self.budget.spend_text(one.len().min(other.len()))?;
                    one == other
                }
                _ => equal_numbers(
                    left.to_number(&mut self.budget)?,
                    right.to_number(&mut self.budget)?,
                ),
            };
            return Ok(equal == (operator == Operator::Equal));
        }
        let left = left.to_number(&mut self.budget)?;
        let right = right.to_number(&mut self.budget)?;
        Ok(ordered(operator, left, right))
    }

    /// Whether some pair of nodes compares.
    fn compare_sets(
        &mut self,
        operator: Operator,
        left: &[NodeRef<'_>],
        right: &[NodeRef<'_>],
    ) -> Result<bool, Failure> {
        let texts = |evaluation: &mut Self, nodes: &[NodeRef<'_>]| {
            nodes
                .iter()
                .map(|node| Ok(text_of(node, &mut evaluation.budget)?.into_owned()))
                .collect::<Result<Vec<String>, Failure>>()
        };
        let left = texts(self, left)?;
        let right = texts(self, right)?;
        if operator == Operator::Equal {
            let known: HashSet<&String> = left.iter().collect();
            return Ok(right.iter().any(|text| known.contains(text)));
        }
        if operator == Operator::NotEqual {
            let Some(first) = left.first() else {
                return Ok(false);
            };
            let left_differs = left.iter().any(|text| text != first);
            return Ok(right.iter().any(|text| text != first) || left_differs && !right.is_empty());
        }
        // Some pair is in order exactly if the extremes are.
        let numbers = |texts: &[String]| {
            let numbers = texts.iter().map(|text| number_from_text(text));
            numbers
                .filter(|number| !number.is_nan())
                .collect::<Vec<f64>>()
        };
        let (left, right) = (numbers(&left), numbers(&right));
        let least = |numbers: &[f64]| numbers.iter().copied().reduce(f64::min);
        let most = |numbers: &[f64]| numbers.iter().copied().reduce(f64::max);
        let extremes = match operator {
            Operator::Less | Operator::LessOrEqual => (least(&left), most(&right)),
            _ => (most(&left), least(&right)),
        };
        Ok(match extremes {
            (Some(left), Some(right)) => ordered(operator, left, right),
            _ => false,
        })
    }

    // Paths

    fn path<'d>(
        &mut self,
        path: &Path,
        context: &Context<'d>,
    ) -> Result<Vec<NodeRef<'d>>, Failure> {
        let mut nodes = match &path.start {
            Start::Context => vec![context.node],
            Start::Root => vec![NodeRef::Tree(context.node.tree().document().root())],
            Start::Filter {
                expression,
                predicates,
            } => {
                let nodes = self.nodes(expression, context)?;
                self.filter(nodes, predicates)?
            }
        };
        for step in &path.steps {
            nodes = self.step(step, &nodes)?;
        }
        Ok(nodes)
    }

    fn step<'d>(
        &mut self,
        step: &Step,
        nodes: &[NodeRef<'d>],
    ) -> Result<Vec<NodeRef<'d>>, Failure> {
        let mut result = Vec::new();
        for node in nodes {
            let mut found = Vec::new();
            for reached in node.axis(step.axis) {
                self.budget.spend(1)?;
                if matches!(step.test, NodeTest::Prefixed) {
                    return Err(Failure::Refused);
                }
                if reached.passes(&step.test, step.axis) {
                    found.push(reached);
                }
            }
            result.append(&mut self.filter(found, &step.predicates)?);
        }
        Ok(in_document_order(result))
    }

    /// The nodes for which all predicates hold; positions count in the order given.
    fn filter<'d>(
        &mut self,
        mut nodes: Vec<NodeRef<'d>>,
        predicates: &[Expression],
    ) -> Result<Vec<NodeRef<'d>>, Failure> {
        for predicate in predicates {
            #[expect(clippy::cast_precision_loss, reason = "far fewer nodes than 2^53")]
            let size = nodes.len() as f64;
            let mut kept = Vec::new();
            let mut position = 0.0;
            for node in nodes {
                position += 1.0;
                let context = Context {
                    node,
                    position,
                    size,
                };
                let keeps = match self.value(predicate, &context)? {
                    // Java's library takes the whole part of the number.
                    Object::Number(number) => equal_numbers(number.trunc(), position),
                    other => other.to_boolean(),
                };
                if keeps {
                    kept.push(node);
                }
            }
            nodes = kept;
        }
        Ok(nodes)
    }
}

#[expect(clippy::float_cmp, reason = "XPath compares numbers exactly")]
fn equal_numbers(one: f64, other: f64) -> bool {
    one == other
}

fn ordered(operator: Operator, left: f64, right: f64) -> bool {
    match operator {
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
        Operator::Greater => left > right,
        Operator::GreaterOrEqual => left >= right,
        _ => false,
    }
}

fn in_document_order(mut nodes: Vec<NodeRef<'_>>) -> Vec<NodeRef<'_>> {
    nodes.sort_by_key(NodeRef::order);
    nodes.dedup();
    nodes
}
