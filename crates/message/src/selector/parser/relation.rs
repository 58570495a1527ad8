//! The operators that are words: `IS NULL`, `LIKE`, `BETWEEN` and `IN`.
//!
//! Behind `IS NULL`, `LIKE` and `IN` no tighter operator may follow, because they end with words
//! and literals instead of an operand.

use super::pending::{Level, Pending};
use super::{Parser, SelectorError, Token};
use crate::selector::like::Like;
use crate::selector::tree::{Node, Side};

impl Parser<'_> {
    /// `IS NULL` and `IS NOT NULL`, which take everything down to `=` on their left.
    pub(super) fn is_null(&mut self) -> Result<(), SelectorError> {
        self.count_operator()?;
        self.reduce(Level::Equality)?;
        self.refuse_in_between()?;
        self.advance()?;
        let negated = matches!(self.current.0, Token::Not);
        if negated {
            self.advance()?;
        }
        if !matches!(self.current.0, Token::Null) {
            return Err(self.unexpected("NULL"));
        }
        self.advance()?;
        self.follows = Level::Equality;
        let operand = self.pop_operand()?;
        let node = Node::IsNull {
            operand: operand.id,
            negated,
        };
        self.push(node, operand.start);
        Ok(())
    }

    fn refuse_in_between(&self) -> Result<(), SelectorError> {
        match self.pending.last() {
            Some(Pending::BetweenLow { .. }) => Err(self.unexpected("AND of BETWEEN")),
            _ => Ok(()),
        }
    }

    /// `LIKE`, `BETWEEN` and `IN`, at their keyword.
    pub(super) fn relation(&mut self, negated: bool) -> Result<bool, SelectorError> {
        self.count_operator()?;
        self.refuse_behind(Level::Relation)?;
        self.reduce(Level::Relation)?;
        self.refuse_in_between()?;
        self.follows = Level::Relation;
        match self.current.0 {
            Token::Like => self.like(negated)?,
            Token::In => self.contained(negated)?,
            Token::Between => {
                self.advance()?;
                self.pending.push(Pending::BetweenLow { negated });
                return Ok(true);
            }
            _ => return Err(self.unexpected("LIKE, BETWEEN or IN")),
        }
        Ok(false)
    }

    fn string(&mut self) -> Result<(String, usize), SelectorError> {
        if !matches!(self.current.0, Token::Text(_)) {
            return Err(self.unexpected("a string in single quotes"));
        }
        match self.advance()? {
            (Token::Text(text), start) => Ok((text.into_owned(), start)),
            (_, start) => Ok((String::new(), start)),
        }
    }

    fn like(&mut self, negated: bool) -> Result<(), SelectorError> {
        self.advance()?;
        let (pattern, mut at) = self.string()?;
        let mut escape = None;
        if matches!(self.current.0, Token::Escape) {
            self.advance()?;
            let (text, start) = self.string()?;
            at = start;
            escape = Some(text);
        }
        let pattern =
            Like::new(&pattern, escape.as_deref()).map_err(|reason| SelectorError::Like {
                at: self.at(at),
                reason,
            })?;
        let operand = self.pop_operand()?;
        let node = Node::Like {
            operand: operand.id,
            pattern,
            negated,
        };
        self.push(node, operand.start);
        Ok(())
    }

    fn contained(&mut self, negated: bool) -> Result<(), SelectorError> {
        let operand = self.pop_operand()?;
        let Some(Node::Field(field)) = self.tree.get(operand.id) else {
            return Err(SelectorError::Operand {
                at: self.at(operand.start),
                operator: "IN",
                operand: "an expression",
                hint: "only a property may stand on its left",
            });
        };
        let field = field.clone();
        self.advance()?;
        if !matches!(self.current.0, Token::Open) {
            return Err(self.unexpected("("));
        }
        let mut items = Vec::new();
        loop {
            self.advance()?;
            items.push(self.string()?.0.into());
            match self.current.0 {
                Token::Comma => {}
                Token::Close => break,
                _ => return Err(self.unexpected(", or )")),
            }
        }
        self.advance()?;
        let node = Node::In {
            field,
            items,
            negated,
        };
        self.push(node, operand.start);
        Ok(())
    }

    pub(super) fn apply_between(&mut self, negated: bool) -> Result<(), SelectorError> {
        let high = self.pop_operand()?;
        let low = self.pop_operand()?;
        let operand = self.pop_operand()?;
        for (bound, side) in [
            (operand, Side::Left),
            (low, Side::Right),
            (high, Side::Right),
        ] {
            self.tree
                .check_orderable(bound.id, side)
                .map_err(|refusal| self.refused(&refusal, "BETWEEN", bound, bound))?;
        }
        let node = Node::Between {
            operand: operand.id,
            low: low.id,
            high: high.id,
            negated,
        };
        self.push(node, operand.start);
        Ok(())
    }
}
