//! The compiled form of a selector: a flat list of steps for a machine with one accumulator.
//!
//! Each step works on the accumulator; a step with two operands takes its right one from the
//! step itself where that is a field or a literal, so that common selectors need no stack.
//! Jumps only go forward, hence every program ends.

use super::error::EvaluationError;
use super::function::PatternArgument;
use super::like::Like;
use super::pattern::Pattern;
use super::tree::{Calculation, Test};
use super::value::Value;
use super::xpath::XPath;

/// A compiled selector.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) steps: Box<[Step]>,
    /// Whether comparisons convert strings.
    pub(super) converts: bool,
    /// Whether values wait for others, on the stack or kept.
    pub(super) keeps_values: bool,
    /// How many values are kept at most at a time.
    pub(super) slots: usize,
    /// Whether the body is asked for.
    pub(super) reads_body: bool,
}

/// Where a step finds a value.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Constant(Value<'static>),
    Field(Box<str>),
    /// The accumulator; the left operand is on the stack then.
    Stacked,
}

/// What the accumulator must be for a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    True,
    NotTrue,
    False,
    Null,
}

/// One step.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Loads the accumulator.
    Load(Source),
    /// Puts the accumulator on the stack.
    Push,
    /// Compares the accumulator (or the stack's top) with the source.
    Compare {
        test: Test,
        right: Source,
    },
    /// Loads a field and compares it with a literal, which is what most selectors consist of.
    CompareField {
        field: Box<str>,
        test: Test,
        right: Value<'static>,
    },
    /// Compares a kept value with the source or the accumulator, leaving it kept.
    CompareKept {
        slot: usize,
        test: Test,
        right: Source,
    },
    /// Moves the accumulator to a slot.
    Keep {
        slot: usize,
    },
    Calculate {
        calculation: Calculation,
        right: Source,
    },
    Negate,
    Not,
    /// Three-valued conjunction of the stack's top and the accumulator.
    And,
    /// Three-valued disjunction of the stack's top and the accumulator.
    Or,
    /// A property as a condition.
    Cast,
    IsNull {
        negated: bool,
    },
    Like(Box<Like>),
    In {
        items: Items,
        negated: bool,
    },
    Jump {
        when: When,
        to: usize,
    },
    /// As `Jump` when null, and false is loaded.
    FalseIfNull {
        to: usize,
    },
    Regex(Box<Result<Pattern, EvaluationError>>),
    /// The pattern is on the stack.
    RegexComputed,
    /// The list is on the stack.
    InList,
    /// The last items of the stack.
    MakeList {
        count: usize,
    },
    Split {
        pattern: Box<PatternArgument>,
        has_limit: bool,
        count: usize,
    },
    Replace {
        pattern: Box<PatternArgument>,
        count: usize,
    },
    XPath(Box<XPath>),
}

impl Step {
    /// Whether the step lets a value wait.
    pub(super) fn keeps_value(&self) -> bool {
        matches!(self, Self::Push | Self::Keep { .. })
    }

    /// Whether the step asks for the body.
    pub(super) fn reads_body(&self) -> bool {
        matches!(self, Self::XPath(_))
    }
}

/// Above this many items `IN` searches in a sorted list.
const LINEAR_ITEMS_MAX: usize = 8;

/// The items of `IN`, sorted.
#[derive(Clone, Debug)]
pub(super) struct Items {
    sorted: Box<[Box<str>]>,
}

impl Items {
    pub(super) fn new(mut items: Vec<Box<str>>) -> Self {
        items.sort_unstable();
        items.dedup();
        Self {
            sorted: items.into_boxed_slice(),
        }
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        if self.sorted.len() <= LINEAR_ITEMS_MAX {
            return self.sorted.iter().any(|item| **item == *text);
        }
        self.sorted
            .binary_search_by(|item| item.as_ref().cmp(text))
            .is_ok()
    }
}
