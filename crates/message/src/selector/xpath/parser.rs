//! Parses an XPath expression by recursive descent; the depth is bounded by [`NESTING_MAX`].

use super::expression::{Axis, Expression, Function, NodeTest, Operator, Path, Start, Step};
use super::lexer::{Token, tokens};
use super::{Failure, NESTING_MAX};

/// Parses `text`.
pub(super) fn parse(text: &str) -> Result<Expression, Failure> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        nesting: 0,
    };
    let expression = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(expression),
        _ => Err(Failure::Refused),
    }
}

/// The levels of binary operators, loosest first.
const LEVELS: [&[Operator]; 6] = [
    &[Operator::Or],
    &[Operator::And],
    &[Operator::Equal, Operator::NotEqual],
    &[
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
    ],
    &[Operator::Add, Operator::Subtract],
    &[Operator::Multiply, Operator::Divide, Operator::Remainder],
];

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    nesting: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Token<'t> {
        self.peek_at(0)
    }

    fn peek_at(&self, distance: usize) -> Token<'t> {
        let index = self.at.saturating_add(distance);
        self.tokens.get(index).copied().unwrap_or(Token::End)
    }

    fn next(&mut self) -> Token<'t> {
        let token = self.peek();
        self.at = self.at.saturating_add(1);
        token
    }

    fn eat(&mut self, token: Token<'_>) -> bool {
        let found = self.peek() == token;
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, token: Token<'_>) -> Result<(), Failure> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(Failure::Refused)
        }
    }

    fn expression(&mut self) -> Result<Expression, Failure> {
        self.nesting = self.nesting.saturating_add(1);
        if self.nesting > NESTING_MAX {
            return Err(Failure::Refused);
        }
        let expression = self.binary(&LEVELS);
        self.nesting = self.nesting.saturating_sub(1);
        expression
    }

    fn binary(&mut self, levels: &[&[Operator]]) -> Result<Expression, Failure> {
        let Some((operators, tighter)) = levels.split_first() else {
            return self.unary();
        };
        let first = self.binary(tighter)?;
        let mut rest = Vec::new();
        while let Token::Operator(operator) = self.peek() {
            if !operators.contains(&operator) {
                break;
            }
            self.next();
            rest.push((operator, self.binary(tighter)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Expression::Binary {
            first: Box::new(first),
            rest,
        })
    }

    /// At most one minus: Java's library refuses two.
    fn unary(&mut self) -> Result<Expression, Failure> {
        if self.eat(Token::Operator(Operator::Subtract)) {
            return Ok(Expression::Negate(Box::new(self.union()?)));
        }
        self.union()
    }

    fn union(&mut self) -> Result<Expression, Failure> {
        let first = self.path()?;
        if self.peek() != Token::Union {
            return Ok(first);
        }
        let mut paths = vec![first];
        while self.eat(Token::Union) {
            paths.push(self.path()?);
        }
        Ok(Expression::Union(paths))
    }

    fn path(&mut self) -> Result<Expression, Failure> {
        let mut steps = Vec::new();
        let start = if self.eat(Token::Slash) {
            if self.starts_step() {
                steps.push(self.step()?);
            }
            Start::Root
        } else if self.eat(Token::DoubleSlash) {
            steps.push(Step::descendants());
            steps.push(self.step()?);
            Start::Root
        } else if self.starts_filter() {
            let expression = self.primary()?;
            let predicates = self.predicates()?;
            let continues = matches!(self.peek(), Token::Slash | Token::DoubleSlash);
            if predicates.is_empty() && !continues {
                return Ok(expression);
            }
            let expression = Box::new(expression);
            Start::Filter {
                expression,
                predicates,
            }
        } else {
            steps.push(self.step()?);
            Start::Context
        };
        if matches!(start, Start::Root) && steps.is_empty() {
            return Ok(Expression::Path(Path { start, steps }));
        }
        loop {
            if self.eat(Token::DoubleSlash) {
                steps.push(Step::descendants());
            } else if !self.eat(Token::Slash) {
                return Ok(Expression::Path(Path { start, steps }));
            }
            steps.push(self.step()?);
        }
    }

    fn starts_step(&self) -> bool {
        matches!(
            self.peek(),
            Token::Name(_)
                | Token::Prefixed
                | Token::Any
                | Token::At
                | Token::Dot
                | Token::DoubleDot
        )
    }

    fn starts_filter(&self) -> bool {
        match self.peek() {
            Token::Number(_) | Token::Text(_) | Token::Variable | Token::Open => true,
            Token::Name(name) => self.peek_at(1) == Token::Open && !is_node_type(name),
            Token::Prefixed => self.peek_at(1) == Token::Open,
            _ => false,
        }
    }

    fn primary(&mut self) -> Result<Expression, Failure> {
        match self.next() {
            Token::Number(number) => Ok(Expression::Number(number)),
            Token::Text(text) => Ok(Expression::Text(text.into())),
            Token::Variable => Ok(Expression::Variable),
            Token::Open => {
                let expression = self.expression()?;
                self.expect(Token::Close)?;
                Ok(expression)
            }
            Token::Name(name) => {
                self.expect(Token::Open)?;
                let mut arguments = Vec::new();
                if !self.eat(Token::Close) {
                    arguments.push(self.expression()?);
                    while self.eat(Token::Comma) {
                        arguments.push(self.expression()?);
                    }
                    self.expect(Token::Close)?;
                }
                let function = Function::named(name, arguments.len()).ok_or(Failure::Refused)?;
                Ok(Expression::Call {
                    function,
                    arguments,
                })
            }
            _ => Err(Failure::Refused),
        }
    }

    fn step(&mut self) -> Result<Step, Failure> {
        let abbreviated = match self.peek() {
            Token::Dot => Some(Axis::Itself),
            Token::DoubleDot => Some(Axis::Parent),
            _ => None,
        };
        if let Some(axis) = abbreviated {
            self.next();
            return Ok(Step {
                axis,
                test: NodeTest::AnyNode,
                predicates: Vec::new(),
            });
        }
        let axis = match (self.peek(), self.peek_at(1)) {
            (Token::At, _) => {
                self.next();
                Axis::Attribute
            }
            (Token::Name(name), Token::DoubleColon) => {
                self.next();
                self.next();
                Axis::named(name).ok_or(Failure::Refused)?
            }
            _ => Axis::Child,
        };
        let test = self.node_test()?;
        let predicates = self.predicates()?;
        Ok(Step {
            axis,
            test,
            predicates,
        })
    }

    fn node_test(&mut self) -> Result<NodeTest, Failure> {
        let name = match self.next() {
            Token::Any => return Ok(NodeTest::AnyName),
            Token::Prefixed => return Ok(NodeTest::Prefixed),
            Token::Name(name) => name,
            _ => return Err(Failure::Refused),
        };
        if !is_node_type(name) || !self.eat(Token::Open) {
            return Ok(NodeTest::Name(name.into()));
        }
        let test = match (name, self.peek()) {
            ("processing-instruction", Token::Text(target)) => {
                self.next();
                NodeTest::ProcessingInstruction(Some(target.into()))
            }
            ("processing-instruction", _) => NodeTest::ProcessingInstruction(None),
            ("text", _) => NodeTest::Text,
            ("comment", _) => NodeTest::Comment,
            _ => NodeTest::AnyNode,
        };
        self.expect(Token::Close)?;
        Ok(test)
    }

    fn predicates(&mut self) -> Result<Vec<Expression>, Failure> {
        let mut predicates = Vec::new();
        while self.eat(Token::OpenBracket) {
            predicates.push(self.expression()?);
            self.expect(Token::CloseBracket)?;
        }
        Ok(predicates)
    }
}

fn is_node_type(name: &str) -> bool {
    matches!(name, "node" | "text" | "comment" | "processing-instruction")
}
