//! The form of an XPath expression.
//!
//! Chains of one kind of operator are lists, so that the depth of an expression is bounded by
//! the nesting of its parentheses and predicates.

/// An expression.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Number(f64),
    Text(Box<str>),
    /// Operators of one level, from left to right.
    Binary {
        first: Box<Expression>,
        rest: Vec<(Operator, Expression)>,
    },
    Negate(Box<Expression>),
    Union(Vec<Expression>),
    Call {
        function: Function,
        arguments: Vec<Expression>,
    },
    Path(Path),
    /// A variable, which is never bound.
    Variable,
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A location path.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) start: Start,
    pub(super) steps: Vec<Step>,
}

/// Where a path starts.
#[derive(Clone, Debug)]
pub(super) enum Start {
    /// At the context node.
    Context,
    /// At the root.
    Root,
    /// At the nodes of an expression, filtered.
    Filter {
        expression: Box<Expression>,
        predicates: Vec<Expression>,
    },
}

/// One step of a path.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: NodeTest,
    pub(super) predicates: Vec<Expression>,
}

impl Step {
    /// The step that `//` stands for.
    pub(super) fn descendants() -> Self {
        Self {
            axis: Axis::DescendantOrSelf,
            test: NodeTest::AnyNode,
            predicates: Vec::new(),
        }
    }
}

/// The direction of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    Itself,
}

impl Axis {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ancestor" => Self::Ancestor,
            "ancestor-or-self" => Self::AncestorOrSelf,
            "attribute" => Self::Attribute,
            "child" => Self::Child,
            "descendant" => Self::Descendant,
            "descendant-or-self" => Self::DescendantOrSelf,
            "following" => Self::Following,
            "following-sibling" => Self::FollowingSibling,
            "namespace" => Self::Namespace,
            "parent" => Self::Parent,
            "preceding" => Self::Preceding,
            "preceding-sibling" => Self::PrecedingSibling,
            "self" => Self::Itself,
            _ => return None,
        })
    }
}

/// What a step selects from its axis.
#[derive(Clone, Debug)]
pub(super) enum NodeTest {
    AnyNode,
    Text,
    Comment,
    ProcessingInstruction(Option<Box<str>>),
    /// `*`: any node of the axis's principal kind.
    AnyName,
    /// A name without prefix, which is a name in no namespace.
    Name(Box<str>),
    /// A name with a prefix, which cannot be resolved.
    Prefixed,
}

/// A core function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Last,
    Position,
    Count,
    Id,
    LocalName,
    NamespaceUri,
    Name,
    String,
    Concat,
    StartsWith,
    Contains,
    SubstringBefore,
    SubstringAfter,
    Substring,
    StringLength,
    NormalizeSpace,
    Translate,
    Boolean,
    Not,
    True,
    False,
    Lang,
    Number,
    Sum,
    Floor,
    Ceiling,
    Round,
}

impl Function {
    /// The function of this name, if it takes so many arguments.
    pub(super) fn named(name: &str, arguments: usize) -> Option<Self> {
        let (function, counts) = match name {
            "last" => (Self::Last, 0..=0),
            "position" => (Self::Position, 0..=0),
            "count" => (Self::Count, 1..=1),
            "id" => (Self::Id, 1..=1),
            "local-name" => (Self::LocalName, 0..=1),
            "namespace-uri" => (Self::NamespaceUri, 0..=1),
            "name" => (Self::Name, 0..=1),
            "string" => (Self::String, 0..=1),
            "concat" => (Self::Concat, 2..=usize::MAX),
            "starts-with" => (Self::StartsWith, 2..=2),
            "contains" => (Self::Contains, 2..=2),
            "substring-before" => (Self::SubstringBefore, 2..=2),
            "substring-after" => (Self::SubstringAfter, 2..=2),
            "substring" => (Self::Substring, 2..=3),
            "string-length" => (Self::StringLength, 0..=1),
            "normalize-space" => (Self::NormalizeSpace, 0..=1),
            "translate" => (Self::Translate, 3..=3),
            "boolean" => (Self::Boolean, 1..=1),
            "not" => (Self::Not, 1..=1),
            "true" => (Self::True, 0..=0),
            "false" => (Self::False, 0..=0),
            "lang" => (Self::Lang, 1..=1),
            "number" => (Self::Number, 0..=1),
            "sum" => (Self::Sum, 1..=1),
            "floor" => (Self::Floor, 1..=1),
            "ceiling" => (Self::Ceiling, 1..=1),
            "round" => (Self::Round, 1..=1),
            _ => return None,
        };
        counts.contains(&arguments).then_some(function)
    }
}
