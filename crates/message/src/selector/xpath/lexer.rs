//! Splits an XPath expression into tokens (section 3.7 of the recommendation).
//!
//! Whether `*` multiplies and whether `and`, `or`, `div`, `mod` are operators depends on the
//! token in front of them.

use super::Failure;
use super::expression::Operator;

/// A token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'t> {
    End,
    Number(f64),
    Text(&'t str),
    /// A name without prefix: an element, an axis, a function or a node type.
    Name(&'t str),
    /// A name with a prefix, or `prefix:*`.
    Prefixed,
    /// `*` as a node test.
    Any,
    Operator(Operator),
    Variable,
    Slash,
    DoubleSlash,
    Union,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Dot,
    DoubleDot,
    At,
    Comma,
    DoubleColon,
}

impl Token<'_> {
    /// Whether an operand ends here, so that an operator must follow.
    fn ends_operand(self) -> bool {
        matches!(
            self,
            Self::Number(_)
                | Self::Text(_)
                | Self::Name(_)
                | Self::Prefixed
                | Self::Any
                | Self::Variable
                | Self::Close
                | Self::CloseBracket
                | Self::Dot
                | Self::DoubleDot
        )
    }
}

/// All tokens of `text`, with [`Token::End`] behind them.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Failure> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut previous = Token::End;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        if rest.is_empty() {
            tokens.push(Token::End);
            return Ok(tokens);
        }
        let (token, behind) = next(rest, previous.ends_operand())?;
        tokens.push(token);
        previous = token;
        rest = behind;
    }
}

fn next(rest: &str, behind_operand: bool) -> Result<(Token<'_>, &str), Failure> {
    let first = rest.chars().next().ok_or(Failure::Refused)?;
    if matches!(first, '\'' | '"') {
        let text = rest.get(1..).unwrap_or_default();
        let (text, behind) = text.split_once(first).ok_or(Failure::Refused)?;
        return Ok((Token::Text(text), behind));
    }
    let is_digit = |character: char| character.is_ascii_digit();
    let starts_number = is_digit(first)
        || rest
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(is_digit));
    if starts_number {
        return number(rest);
    }
    if let Some(rest) = rest.strip_prefix('$') {
        let (_, behind) = name(rest)?;
        return Ok((Token::Variable, behind));
    }
    if let Some((token, length)) = symbol(rest, behind_operand) {
        return Ok((token, rest.get(length..).unwrap_or_default()));
    }
    let (token, behind) = name(rest)?;
    if !behind_operand {
        return Ok((token, behind));
    }
    let operator = match token {
        Token::Name("and") => Operator::And,
        Token::Name("or") => Operator::Or,
        Token::Name("div") => Operator::Divide,
        Token::Name("mod") => Operator::Remainder,
        _ => return Err(Failure::Refused),
    };
    Ok((Token::Operator(operator), behind))
}

fn symbol(rest: &str, behind_operand: bool) -> Option<(Token<'static>, usize)> {
    let mut characters = rest.chars();
    let (first, second) = (characters.next()?, characters.next());
    Some(match (first, second) {
        ('/', Some('/')) => (Token::DoubleSlash, 2),
        ('/', _) => (Token::Slash, 1),
        ('.', Some('.')) => (Token::DoubleDot, 2),
        ('.', _) => (Token::Dot, 1),
        (':', Some(':')) => (Token::DoubleColon, 2),
        ('!', Some('=')) => (Token::Operator(Operator::NotEqual), 2),
        ('<', Some('=')) => (Token::Operator(Operator::LessOrEqual), 2),
        ('<', _) => (Token::Operator(Operator::Less), 1),
        ('>', Some('=')) => (Token::Operator(Operator::GreaterOrEqual), 2),
        ('>', _) => (Token::Operator(Operator::Greater), 1),
        ('=', _) => (Token::Operator(Operator::Equal), 1),
        ('+', _) => (Token::Operator(Operator::Add), 1),
        ('-', _) => (Token::Operator(Operator::Subtract), 1),
        ('*', _) if behind_operand => (Token::Operator(Operator::Multiply), 1),
        ('*', _) => (Token::Any, 1),
        ('|', _) => (Token::Union, 1),
        ('(', _) => (Token::Open, 1),
        (')', _) => (Token::Close, 1),
        ('[', _) => (Token::OpenBracket, 1),
        (']', _) => (Token::CloseBracket, 1),
        ('@', _) => (Token::At, 1),
        (',', _) => (Token::Comma, 1),
        _ => return None,
    })
}

/// `Digits ('.' Digits?)? | '.' Digits`.
fn number(text: &str) -> Result<(Token<'_>, &str), Failure> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let fraction = text.get(whole..).and_then(|rest| rest.strip_prefix('.'));
    let length = match fraction {
        Some(fraction) => whole.saturating_add(1).saturating_add(digits(fraction)),
        None => whole,
    };
    let (number, behind) = text.split_at_checked(length).ok_or(Failure::Refused)?;
    match number.parse() {
        Ok(number) => Ok((Token::Number(number), behind)),
        Err(_no_number) => Err(Failure::Refused),
    }
}

/// A name, perhaps with a prefix.
fn name(text: &str) -> Result<(Token<'_>, &str), Failure> {
    let length = name_length(text).ok_or(Failure::Refused)?;
    let (name, behind) = text.split_at_checked(length).ok_or(Failure::Refused)?;
    let Some(local) = behind
        .strip_prefix(':')
        .filter(|rest| !rest.starts_with(':'))
    else {
        return Ok((Token::Name(name), behind));
    };
    if let Some(behind) = local.strip_prefix('*') {
        return Ok((Token::Prefixed, behind));
    }
    let length = name_length(local).ok_or(Failure::Refused)?;
    Ok((Token::Prefixed, local.get(length..).unwrap_or_default()))
}

/// The length of the name at the start of `text`, in bytes.
fn name_length(text: &str) -> Option<usize> {
    let starts_name = |character: char| character.is_alphabetic() || character == '_';
    let continues_name = |character: char| {
        character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '\u{b7}')
    };
    if !text.starts_with(starts_name) {
        return None;
    }
    Some(
        text.find(|character| !continues_name(character))
            .unwrap_or(text.len()),
    )
}
