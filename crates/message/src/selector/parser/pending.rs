//! What a parser keeps while it reads the operand of an operator.
//!
//! The levels are those of ActiveMQ's grammar, in which ordering binds tighter than equality.

use crate::selector::lexer::Token;
use crate::selector::tree::{Calculation, Test};

/// Operators between two operands, and how tightly they bind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Infix {
    Or,
    And,
    Compare(Test),
    Calculate(Calculation),
}

/// How tightly an operator binds, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    Equality,
    Relation,
    Sum,
    Product,
}

impl Infix {
    pub(super) fn level(self) -> Level {
        match self {
            Self::Or => Level::Or,
            Self::And => Level::And,
            Self::Compare(Test::Equal | Test::NotEqual) => Level::Equality,
            Self::Compare(_) => Level::Relation,
            Self::Calculate(Calculation::Add | Calculation::Subtract) => Level::Sum,
            Self::Calculate(_) => Level::Product,
        }
    }

    pub(super) fn from_token(token: &Token<'_>) -> Option<Self> {
        Some(match token {
            Token::Or => Self::Or,
            Token::And => Self::And,
            Token::Equal => Self::Compare(Test::Equal),
            Token::NotEqual => Self::Compare(Test::NotEqual),
            Token::Less => Self::Compare(Test::Less),
            Token::LessOrEqual => Self::Compare(Test::LessOrEqual),
            Token::Greater => Self::Compare(Test::Greater),
            Token::GreaterOrEqual => Self::Compare(Test::GreaterOrEqual),
            Token::Plus => Self::Calculate(Calculation::Add),
            Token::Minus => Self::Calculate(Calculation::Subtract),
            Token::Times => Self::Calculate(Calculation::Multiply),
            Token::Divide => Self::Calculate(Calculation::Divide),
            Token::Remainder => Self::Calculate(Calculation::Remainder),
            _ => return None,
        })
    }
}

/// What waits for its (last) operand.
pub(super) enum Pending<'t> {
    Negate {
        start: usize,
    },
    Not {
        start: usize,
    },
    Infix(Infix),
    /// `x BETWEEN`, waiting for the lower bound and its AND.
    BetweenLow {
        negated: bool,
    },
    /// `x BETWEEN y AND`, waiting for the upper bound.
    BetweenHigh {
        negated: bool,
    },
    Parenthesis,
    /// A function call whose arguments start at this height of the operands.
    Call {
        name: &'t str,
        start: usize,
        height: usize,
    },
}
