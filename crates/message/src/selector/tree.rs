//! The expression tree of a selector: nodes in one vector, children before parents.
//!
//! Building a node checks its operands as ActiveMQ does at parse time. Nothing here recurses, so
//! a chain of thousands of operators is built and dropped on any stack. Offsets are bytes.

use super::like::Like;
use super::value::Value;

/// Index of a node in its [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(usize);

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Test {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether the order of two values matters, not just their equality.
    pub(super) fn is_ordering(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calculation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Calculation {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

/// A function of the dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Regex,
    InList,
    MakeList,
    Split,
    Replace,
}

/// An expression.
#[derive(Debug)]
pub(super) enum Node {
    Constant(Value<'static>),
    Field(Box<str>),
    /// A field where a condition is needed.
    Cast(Box<str>),
    Negate(NodeId),
    Not(NodeId),
    /// All of two or more conditions (`AND`).
    All(Vec<NodeId>),
    /// Any of two or more conditions (`OR`).
    Any(Vec<NodeId>),
    Compare {
        test: Test,
        left: NodeId,
        right: NodeId,
    },
    Calculate {
        calculation: Calculation,
        left: NodeId,
        right: NodeId,
    },
    IsNull {
        operand: NodeId,
        negated: bool,
    },
    Between {
        operand: NodeId,
        low: NodeId,
        high: NodeId,
        negated: bool,
    },
    Like {
        operand: NodeId,
        pattern: Like,
        negated: bool,
    },
    In {
        field: Box<str>,
        items: Vec<Box<str>>,
        negated: bool,
    },
    Call {
        function: Function,
        arguments: Vec<NodeId>,
    },
    XPath(Box<str>),
    XQuery,
}

impl Node {
    /// Whether the expression is a condition by its form.
    fn is_condition(&self) -> bool {
        match self {
            Self::Constant(value) => matches!(value, Value::Boolean(_) | Value::Null),
            Self::Cast(_)
            | Self::Not(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::Compare { .. }
            | Self::IsNull { .. }
            | Self::Between { .. }
            | Self::Like { .. }
            | Self::In { .. }
            | Self::XPath(_)
            | Self::XQuery => true,
            Self::Call { function, .. } => matches!(function, Function::Regex | Function::InList),
            Self::Field(_) | Self::Negate(_) | Self::Calculate { .. } => false,
        }
    }

    fn describe(&self) -> &'static str {
        match self {
            Self::Constant(Value::Null) => "the literal NULL",
            Self::Constant(Value::Boolean(_)) => "a boolean literal",
            Self::Constant(Value::String(_)) => "a string literal",
            Self::Constant(_) => "a number",
            Self::Field(_) | Self::Cast(_) => "a property",
            Self::Negate(_) | Self::Calculate { .. } => "an arithmetic expression",
            Self::Call { .. } => "a function call",
            Self::Not(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::Compare { .. }
            | Self::IsNull { .. }
            | Self::Between { .. }
            | Self::Like { .. }
            | Self::In { .. }
            | Self::XPath(_)
            | Self::XQuery => "a condition",
        }
    }
}

/// What is wrong with an operand; the parser knows where it stands.
#[derive(Debug)]
pub(super) enum Refusal {
    NotCondition {
        found: &'static str,
    },
    Operand {
        side: Side,
        operand: &'static str,
        hint: &'static str,
    },
}

/// Which operand of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// All nodes of one selector.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    root: Option<NodeId>,
}

impl Tree {
    pub(super) fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len().saturating_sub(1))
    }

    pub(super) fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    /// Takes a node out; each is taken once.
    pub(super) fn take(&mut self, id: NodeId) -> Node {
        self.nodes
            .get_mut(id.0)
            .map_or(Node::XQuery, |node| std::mem::replace(node, Node::XQuery))
    }

    pub(super) fn root(&self) -> Option<NodeId> {
        self.root
    }

    pub(super) fn set_root(&mut self, root: NodeId) -> Result<(), Refusal> {
        self.root = Some(self.condition(root)?);
        Ok(())
    }

    /// The node as a condition: a bare property is cast to boolean.
    pub(super) fn condition(&mut self, id: NodeId) -> Result<NodeId, Refusal> {
        match self.get(id) {
            Some(Node::Field(name)) => {
                let cast = Node::Cast(name.clone());
                Ok(self.add(cast))
            }
            Some(node) if !node.is_condition() => Err(Refusal::NotCondition {
                found: node.describe(),
            }),
            _ => Ok(id),
        }
    }

    /// `AND` of two conditions; a chain becomes one node.
    pub(super) fn all(&mut self, left: NodeId, right: NodeId) -> NodeId {
        if let Some(Node::All(operands)) = self.nodes.get_mut(left.0) {
            operands.push(right);
            return left;
        }
        self.add(Node::All(vec![left, right]))
    }

    /// `OR` of two conditions; a chain becomes one node.
    pub(super) fn any(&mut self, left: NodeId, right: NodeId) -> NodeId {
        if let Some(Node::Any(operands)) = self.nodes.get_mut(left.0) {
            operands.push(right);
            return left;
        }
        self.add(Node::Any(vec![left, right]))
    }

    pub(super) fn compare(
        &mut self,
        test: Test,
        left: NodeId,
        right: NodeId,
    ) -> Result<NodeId, Refusal> {
        if test.is_ordering() {
            self.check_orderable(left, Side::Left)?;
            self.check_orderable(right, Side::Right)?;
        } else {
            self.check_equatable(left, right)?;
        }
        Ok(self.add(Node::Compare { test, left, right }))
    }

    /// Operands of `<`, `BETWEEN` and so on: numbers, or what may turn out to be one.
    pub(super) fn check_orderable(&self, id: NodeId, side: Side) -> Result<(), Refusal> {
        let refused = self.get(id).filter(|node| match node {
            Node::Constant(value) => {
                matches!(value, Value::Boolean(_) | Value::Null | Value::String(_))
            }
            other => other.is_condition(),
        });
        match refused {
            Some(node) => Err(Refusal::Operand {
                side,
                operand: node.describe(),
                hint: "it takes numbers and properties; only = and <> take strings and booleans",
            }),
            None => Ok(()),
        }
    }

    fn check_equatable(&self, left: NodeId, right: NodeId) -> Result<(), Refusal> {
        for (id, side) in [(left, Side::Left), (right, Side::Right)] {
            if let Some(Node::Constant(Value::Null)) = self.get(id) {
                return Err(Refusal::Operand {
                    side,
                    operand: "the literal NULL",
                    hint: "write IS NULL or IS NOT NULL",
                });
            }
        }
        let (Some(Node::Constant(Value::Boolean(_))), Some(Node::Constant(other))) =
            (self.get(left), self.get(right))
        else {
            return Ok(());
        };
        if matches!(other, Value::Boolean(_)) {
            return Ok(());
        }
        Err(Refusal::Operand {
            side: Side::Right,
            operand: "a literal that is not boolean",
            hint: "the boolean on its left can only equal a boolean",
        })
    }
}
