//! Character classes: `[...]` with ranges, unions, intersections and negation, and the
//! predefined ones such as `\d`.
//!
//! Predefined classes are ASCII unless the flag `U` is set, as in Java.

use super::escape::append_character;
use super::translate::{Reason, Translator};

/// Items of a class, to be written between brackets.
pub(super) struct Items {
    text: String,
    negated: bool,
}

/// The class `[...]` at which the translator stands.
pub(super) fn translate(translator: &mut Translator) -> Result<(), Reason> {
    let flags = translator.flags;
    let folds = flags.insensitive && flags.unicode_case;
    if folds {
        translator.out.push_str("(?i:");
    }
    class(translator)?;
    if folds {
        translator.out.push(')');
    }
    Ok(())
}

/// Items outside brackets.
pub(super) fn append_alone(translator: &mut Translator, items: &Items) {
    translator
        .out
        .push_str(if items.negated { "[^" } else { "[" });
    translator.out.push_str(&items.text);
    translator.out.push(']');
}

fn class(translator: &mut Translator) -> Result<(), Reason> {
    const UNCLOSED: Reason = "it has an unclosed character class";
    translator.enter()?;
    translator.skip(1);
    translator.out.push('[');
    if translator.eat('^') {
        translator.out.push('^');
    }
    let (mut empty, mut intersects) = (true, false);
    loop {
        translator.skip_comments();
        let unit = translator.peek().ok_or(UNCLOSED)?;
        if translator.peek_special() == Some('&') && translator.special_at(1) == Some('&') {
            translator.skip(2);
            if empty && matches!(translator.peek_special(), Some('&' | ']')) {
                return Err("a character class starts with an empty intersection");
            }
            intersects = !empty;
            continue;
        }
        if !unit.quoted && unit.character == ']' && !empty {
            break;
        }
        if intersects {
            translator.out.push_str("&&");
            intersects = false;
        }
        empty = false;
        if unit.quoted {
            range(translator)?;
            continue;
        }
        match unit.character {
            '[' => class(translator)?,
            '\\' => {
                translator.skip(1);
                match predefined(translator)? {
                    Some(items) if items.negated => append_alone(translator, &items),
                    Some(items) => translator.out.push_str(&items.text),
                    None => {
                        let first = translator.character_escape()?;
                        range_from(translator, first)?;
                    }
                }
            }
            _ => range(translator)?,
        }
    }
    translator.skip(1);
    translator.out.push(']');
    translator.leave();
    Ok(())
}

/// A character, or a range that starts with it.
fn range(translator: &mut Translator) -> Result<(), Reason> {
    let first = translator.next().map_or('\0', |unit| unit.character);
    range_from(translator, first)
}

fn range_from(translator: &mut Translator, first: char) -> Result<(), Reason> {
    translator.skip_comments();
    let is_range = translator.peek_special() == Some('-')
        && !matches!(translator.special_at(1), Some('[' | ']'));
    if !is_range {
        append_range(translator, first, first);
        return Ok(());
    }
    translator.skip(1);
    translator.skip_comments();
    let last = if translator.eat('\\') {
        if predefined(translator)?.is_some() {
            return Err("a character range ends with a class");
        }
        translator.character_escape()?
    } else {
        let unit = translator
            .next()
            .ok_or("it has an unclosed character class")?;
        unit.character
    };
    if last < first {
        return Err("a character range has its ends exchanged");
    }
    append_range(translator, first, last);
    Ok(())
}

fn append_range(translator: &mut Translator, first: char, last: char) {
    let flags = translator.flags;
    let out = &mut translator.out;
    append_plain_range(out, first, last);
    if !flags.insensitive || flags.unicode_case {
        return;
    }
    let (low, high) = (first.max('a'), last.min('z'));
    if low <= high {
        append_plain_range(out, low.to_ascii_uppercase(), high.to_ascii_uppercase());
    }
    let (low, high) = (first.max('A'), last.min('Z'));
    if low <= high {
        append_plain_range(out, low.to_ascii_lowercase(), high.to_ascii_lowercase());
    }
}

fn append_plain_range(out: &mut String, first: char, last: char) {
    append_character(out, first);
    // The engine would read a single colon behind a bracket as the start of `[:name:]`.
    if last > first || first == ':' {
        out.push('-');
        append_character(out, last);
    }
}

/// The predefined class whose letter (behind a backslash) comes next, if it is one.
pub(super) fn predefined(translator: &mut Translator) -> Result<Option<Items>, Reason> {
    let Some(unit) = translator.peek() else {
        return Ok(None);
    };
    let letter = unit.character;
    let text = match (
        letter.to_ascii_lowercase(),
        translator.flags.unicode_classes,
    ) {
        ('d', false) => "0-9",
        ('d', true) => r"\p{Nd}",
        ('w', false) => "a-zA-Z0-9_",
        ('w', true) => r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}",
        ('s', false) => r"\x{9}-\x{d}\x{20}",
        ('s', true) => r"\p{White_Space}",
        ('h', _) => r"\x{9}\x{20}\x{a0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}",
        ('v', _) => r"\x{a}-\x{d}\x{85}\x{2028}\x{2029}",
        ('p', _) => "",
        _ => return Ok(None),
    };
    translator.skip(1);
    let text = match text {
        "" => translator.property()?,
        text => text.to_owned(),
    };
    let negated = letter.is_ascii_uppercase();
    Ok(Some(Items { text, negated }))
}
