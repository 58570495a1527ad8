//! Parses a selector's tokens into a [`Tree`], by operator precedence.
//!
//! Pending operators and operands live in two vectors instead of on the call stack: nothing
//! recurses, whatever the nesting. The grammar and its precedences are ActiveMQ's, in which `NOT`
//! binds tighter than a comparison and function arguments are single operands. Limits:
//! [`NESTING_MAX`], [`OPERATORS_MAX`].

use super::error::{Position, SelectorError, excerpt};
use super::function;
use super::lexer::{Lexer, Token};
use super::tree::{Node, NodeId, Refusal, Side, Tree};
use super::value::Value;
use super::{NESTING_MAX, OPERATORS_MAX};
use pending::{Infix, Level, Pending};

mod pending;
mod relation;

const OPERAND: &str = "a literal, a property, a function, a sign, NOT or (";
const OPERATOR: &str = "an operator or the end";

/// Parses and checks `text`.
pub(super) fn parse(text: &str) -> Result<Tree, SelectorError> {
    let mut lexer = Lexer::new(text);
    let current = lexer.next()?;
    let mut parser = Parser {
        text,
        lexer,
        current,
        tree: Tree::default(),
        operands: Vec::new(),
        pending: Vec::new(),
        follows: Level::Product,
        nesting: 0,
        operators: 0,
    };
    parser.run()?;
    Ok(parser.tree)
}

/// A finished expression and where it starts.
#[derive(Clone, Copy)]
struct Operand {
    id: NodeId,
    start: usize,
}

struct Parser<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    current: (Token<'t>, usize),
    tree: Tree,
    operands: Vec<Operand>,
    pending: Vec<Pending<'t>>,
    /// The tightest operator that may follow: behind `LIKE 'x'` there can be no `+`.
    follows: Level,
    nesting: usize,
    operators: usize,
}

impl<'t> Parser<'t> {
    fn run(&mut self) -> Result<(), SelectorError> {
        loop {
            self.operand()?;
            // Closing parentheses end operands, so several operators may follow one operand.
            while !self.operator()? {
                if matches!(self.current.0, Token::End) && self.pending.is_empty() {
                    return self.finish();
                }
            }
        }
    }

    fn finish(&mut self) -> Result<(), SelectorError> {
        let Some(root) = self.operands.pop() else {
            return Err(self.unexpected(OPERAND));
        };
        self.tree
            .set_root(root.id)
            .map_err(|refusal| self.refused(&refusal, "", root, root))
    }

    // Tokens

    fn advance(&mut self) -> Result<(Token<'t>, usize), SelectorError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.current, next))
    }

    fn at(&self, offset: usize) -> Position {
        Position::of(self.text, offset)
    }

    fn unexpected(&self, expected: &'static str) -> SelectorError {
        let (token, start) = &self.current;
        let found = match token {
            Token::End => "the end".to_owned(),
            _ => {
                let rest = self.text.get(*start..).unwrap_or_default();
                let end = rest.find([' ', '\t', '\n', '\r']).unwrap_or(rest.len());
                excerpt(rest.get(..end).unwrap_or_default())
            }
        };
        SelectorError::Syntax {
            at: self.at(*start),
            found,
            expected,
        }
    }

    fn count_operator(&mut self) -> Result<(), SelectorError> {
        self.operators = self.operators.saturating_add(1);
        if self.operators > OPERATORS_MAX {
            return Err(self.too_large("operators", OPERATORS_MAX));
        }
        Ok(())
    }

    fn nest(&mut self) -> Result<(), SelectorError> {
        self.nesting = self.nesting.saturating_add(1);
        if self.nesting > NESTING_MAX {
            return Err(self.too_large("nested parentheses", NESTING_MAX));
        }
        Ok(())
    }

    fn too_large(&self, what: &'static str, limit: usize) -> SelectorError {
        SelectorError::TooLarge {
            at: self.at(self.current.1),
            what,
            limit,
        }
    }

    // Operands

    /// Reads prefix operators, opening parentheses and then one operand.
    fn operand(&mut self) -> Result<(), SelectorError> {
        loop {
            let start = self.current.1;
            let node = match &mut self.current.0 {
                Token::Plus => {
                    self.count_operator()?;
                    self.advance()?;
                    continue;
                }
                Token::Minus => {
                    self.prefix(Pending::Negate { start })?;
                    continue;
                }
                Token::Not => {
                    self.prefix(Pending::Not { start })?;
                    continue;
                }
                Token::Open => {
                    self.nest()?;
                    self.pending.push(Pending::Parenthesis);
                    self.advance()?;
                    continue;
                }
                Token::Name(name) => {
                    let name = *name;
                    self.advance()?;
                    if matches!(self.current.0, Token::Open) {
                        self.open_call(name, start)?;
                        continue;
                    }
                    self.push(Node::Field(name.into()), start);
                    return self.apply_prefixes();
                }
                Token::XPath | Token::XQuery => self.xml_query()?,
                Token::Number(value) => Node::Constant(std::mem::take(value)),
                Token::Text(text) => Node::Constant(Value::String(text.to_string().into())),
                Token::True => Node::Constant(Value::Boolean(true)),
                Token::False => Node::Constant(Value::Boolean(false)),
                Token::Null => Node::Constant(Value::Null),
                _ => return Err(self.unexpected(OPERAND)),
            };
            self.advance()?;
            self.push(node, start);
            return self.apply_prefixes();
        }
    }

    fn prefix(&mut self, pending: Pending<'t>) -> Result<(), SelectorError> {
        self.count_operator()?;
        self.pending.push(pending);
        self.advance()?;
        Ok(())
    }

    fn open_call(&mut self, name: &'t str, start: usize) -> Result<(), SelectorError> {
        self.count_operator()?;
        self.nest()?;
        self.advance()?;
        self.pending.push(Pending::Call {
            name,
            start,
            height: self.operands.len(),
        });
        Ok(())
    }

    /// `XPATH` or `XQUERY`; leaves its text as the current token.
    fn xml_query(&mut self) -> Result<Node, SelectorError> {
        let (keyword, _) = self.advance()?;
        match (&self.current.0, keyword) {
            (Token::Text(expression), Token::XPath) => Ok(Node::XPath(expression.as_ref().into())),
            (Token::Text(_), _) => Ok(Node::XQuery),
            _ => Err(self.unexpected("a string in single quotes")),
        }
    }

    fn push(&mut self, node: Node, start: usize) {
        let id = self.tree.add(node);
        self.operands.push(Operand { id, start });
    }

    /// Applies the signs and NOTs in front of the operand that has just ended.
    fn apply_prefixes(&mut self) -> Result<(), SelectorError> {
        self.follows = Level::Product;
        loop {
            let (start, node) = match self.pending.last() {
                Some(Pending::Negate { start }) => {
                    let start = *start;
                    (start, Node::Negate(self.pop_operand()?.id))
                }
                Some(Pending::Not { start }) => {
                    let start = *start;
                    (start, Node::Not(self.pop_condition()?))
                }
                _ => return Ok(()),
            };
            self.pending.pop();
            self.push(node, start);
        }
    }

    fn pop_operand(&mut self) -> Result<Operand, SelectorError> {
        match self.operands.pop() {
            Some(operand) => Ok(operand),
            None => Err(self.unexpected(OPERAND)),
        }
    }

    fn pop_condition(&mut self) -> Result<NodeId, SelectorError> {
        let operand = self.pop_operand()?;
        self.condition(operand)
    }

    fn condition(&mut self, operand: Operand) -> Result<NodeId, SelectorError> {
        self.tree
            .condition(operand.id)
            .map_err(|refusal| self.refused(&refusal, "", operand, operand))
    }

    fn refused(
        &self,
        refusal: &Refusal,
        operator: &'static str,
        left: Operand,
        right: Operand,
    ) -> SelectorError {
        match *refusal {
            Refusal::NotCondition { found } => SelectorError::NotBoolean {
                at: self.at(left.start),
                found,
            },
            Refusal::Operand {
                side,
                operand,
                hint,
            } => SelectorError::Operand {
                at: self.at(match side {
                    Side::Left => left.start,
                    Side::Right => right.start,
                }),
                operator,
                operand,
                hint,
            },
        }
    }

    // Operators

    /// Reads what follows an operand. True: another operand must follow.
    fn operator(&mut self) -> Result<bool, SelectorError> {
        if let Some(Pending::Call { .. }) = self.pending.last() {
            return self.argument_end();
        }
        if let Some(infix) = Infix::from_token(&self.current.0) {
            self.infix(infix)?;
            return Ok(true);
        }
        match self.current.0 {
            Token::Is => self.is_null()?,
            Token::Not => {
                self.advance()?;
                return self.relation(true);
            }
            Token::Like | Token::Between | Token::In => return self.relation(false),
            Token::Close => self.close()?,
            Token::End => {
                self.reduce(Level::Or)?;
                match self.pending.last() {
                    None => {}
                    Some(Pending::Parenthesis) => return Err(self.unexpected("an operator or )")),
                    Some(_) => return Err(self.unexpected("AND of BETWEEN")),
                }
            }
            _ => return Err(self.unexpected(OPERATOR)),
        }
        Ok(false)
    }

    fn infix(&mut self, infix: Infix) -> Result<(), SelectorError> {
        self.count_operator()?;
        self.refuse_behind(infix.level())?;
        self.reduce(infix.level())?;
        if let Some(Pending::BetweenLow { negated }) = self.pending.last() {
            let negated = *negated;
            if infix == Infix::And {
                self.pending.pop();
                self.pending.push(Pending::BetweenHigh { negated });
                self.advance()?;
                return Ok(());
            }
            if infix.level() < Level::Sum {
                return Err(self.unexpected("AND of BETWEEN"));
            }
        }
        self.pending.push(Pending::Infix(infix));
        self.advance()?;
        Ok(())
    }

    fn refuse_behind(&self, level: Level) -> Result<(), SelectorError> {
        if level > self.follows {
            return Err(self.unexpected("a looser operator or parentheses"));
        }
        Ok(())
    }

    /// Applies the pending operators that bind at least as tightly as `level`.
    fn reduce(&mut self, level: Level) -> Result<(), SelectorError> {
        loop {
            match self.pending.last() {
                Some(Pending::Infix(infix)) if infix.level() >= level => {
                    let infix = *infix;
                    self.pending.pop();
                    self.apply_infix(infix)?;
                }
                Some(Pending::BetweenHigh { negated }) if level <= Level::Relation => {
                    let negated = *negated;
                    self.pending.pop();
                    self.apply_between(negated)?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn apply_infix(&mut self, infix: Infix) -> Result<(), SelectorError> {
        let right = self.pop_operand()?;
        let left = self.pop_operand()?;
        let id = match infix {
            Infix::Or => {
                let (one, other) = (self.condition(left)?, self.condition(right)?);
                self.tree.any(one, other)
            }
            Infix::And => {
                let (one, other) = (self.condition(left)?, self.condition(right)?);
                self.tree.all(one, other)
            }
            Infix::Compare(test) => self
                .tree
                .compare(test, left.id, right.id)
                .map_err(|refusal| self.refused(&refusal, test.symbol(), left, right))?,
            Infix::Calculate(calculation) => self.tree.add(Node::Calculate {
                calculation,
                left: left.id,
                right: right.id,
            }),
        };
        let start = left.start;
        self.operands.push(Operand { id, start });
        Ok(())
    }

    /// A closing parenthesis that ends an expression.
    fn close(&mut self) -> Result<(), SelectorError> {
        self.reduce(Level::Or)?;
        match self.pending.last() {
            Some(Pending::Parenthesis) => {}
            Some(_) => return Err(self.unexpected("AND of BETWEEN")),
            None => return Err(self.unexpected(OPERATOR)),
        }
        self.pending.pop();
        self.nesting = self.nesting.saturating_sub(1);
        self.advance()?;
        self.apply_prefixes()
    }

    /// The end of a function's argument. True: another argument must follow.
    fn argument_end(&mut self) -> Result<bool, SelectorError> {
        match self.current.0 {
            Token::Comma => {
                self.count_operator()?;
                self.advance()?;
                Ok(true)
            }
            Token::Close => {
                self.call()?;
                Ok(false)
            }
            _ => Err(self.unexpected(", or ); put parentheses around the argument's operators")),
        }
    }

    fn call(&mut self) -> Result<(), SelectorError> {
        let Some(Pending::Call {
            name,
            start,
            height,
        }) = self.pending.pop()
        else {
            return Err(self.unexpected(OPERATOR));
        };
        let arguments: Vec<NodeId> = self
            .operands
            .split_off(height)
            .iter()
            .map(|operand| operand.id)
            .collect();
        let function = function::named(name, arguments.len(), self.at(start))?;
        self.nesting = self.nesting.saturating_sub(1);
        self.advance()?;
        let node = Node::Call {
            function,
            arguments,
        };
        self.push(node, start);
        self.apply_prefixes()
    }
}
