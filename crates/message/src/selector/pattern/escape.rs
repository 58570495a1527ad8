//! Escapes and literal characters of Java's syntax.
//!
//! Every character is written so that it has no other meaning to the engine.

use super::class;
use super::property;
use super::translate::{Atom, Reason, Translator};

/// A class without characters.
const NOTHING: &str = r"[^\x{0}-\x{10ffff}]";

impl Translator {
    /// Appends a character that matches itself.
    pub(super) fn literal(&mut self, character: char) {
        let flags = self.flags;
        if flags.insensitive && flags.unicode_case && character.is_alphabetic() {
            self.out.push_str("(?i:");
            append_character(&mut self.out, character);
            self.out.push(')');
        } else if flags.insensitive && character.is_ascii_alphabetic() {
            self.out.push('[');
            self.out.push(character.to_ascii_lowercase());
            self.out.push(character.to_ascii_uppercase());
            self.out.push(']');
        } else {
            append_character(&mut self.out, character);
        }
    }

    pub(super) fn escape(&mut self) -> Result<Atom, Reason> {
        self.skip(1);
        let letter = self.peek().ok_or("it ends with a backslash")?.character;
        let assertion = match letter {
            'A' => r"\A",
            'B' => r"\B",
            'G' => r"\G",
            'z' => r"\z",
            'b' if self.special_at(1) == Some('{') && self.special_at(2) == Some('g') => {
                return Err(r"\b{g} is not supported");
            }
            'b' => r"\b",
            'Z' => {
                self.skip(1);
                self.line_end(false);
                return Ok(Atom::Assertion);
            }
            _ => "",
        };
        if !assertion.is_empty() {
            self.skip(1);
            self.out.push_str(assertion);
            return Ok(Atom::Assertion);
        }
        match letter {
            'R' => {
                self.skip(1);
                self.out
                    .push_str(r"(?:\x{d}\x{a}|[\x{a}-\x{d}\x{85}\x{2028}\x{2029}])");
            }
            'k' => {
                self.skip(1);
                self.named_reference()?;
            }
            '1'..='9' => self.reference(),
            _ => match class::predefined(self)? {
                Some(items) => class::append_alone(self, &items),
                None => {
                    let character = self.character_escape()?;
                    self.literal(character);
                }
            },
        }
        Ok(Atom::Unit)
    }

    fn named_reference(&mut self) -> Result<(), Reason> {
        if !self.eat('<') {
            return Err(r"\k must be followed by <name>");
        }
        let name = self.group_name()?;
        let known = self.names.iter().find(|(known, _)| *known == name);
        let number = known.ok_or(r"\k names a group that does not exist")?.1;
        self.append_reference(number);
        Ok(())
    }

    /// A numbered reference; further digits belong to it as long as there is such a group.
    fn reference(&mut self) {
        let mut number = 0_usize;
        while let Some(digit) = self.peek_special().and_then(|next| next.to_digit(10)) {
            let digit = usize::try_from(digit).unwrap_or(0);
            let longer = number.saturating_mul(10).saturating_add(digit);
            if number > 0 && longer > self.groups {
                break;
            }
            number = longer;
            self.skip(1);
        }
        self.append_reference(number);
    }

    fn append_reference(&mut self, number: usize) {
        self.largest_reference = self.largest_reference.max(number);
        if number > self.groups_max {
            self.out.push_str(NOTHING);
            return;
        }
        self.out.push_str(if self.flags.insensitive {
            "(?i:\\"
        } else {
            "(?:\\"
        });
        self.out.push_str(&number.to_string());
        self.out.push(')');
    }

    /// An escape for one character, the backslash already read.
    pub(super) fn character_escape(&mut self) -> Result<char, Reason> {
        let letter = self.next().ok_or("it ends with a backslash")?.character;
        Ok(match letter {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            'a' => '\u{7}',
            'e' => '\u{1b}',
            'c' => {
                let control = self.next().ok_or(r"it ends with \c")?.character;
                char::from_u32(u32::from(control) ^ 0x40).ok_or(r"\c has an unknown character")?
            }
            '0' => self.octal()?,
            'x' if self.eat('{') => self.braced_hexadecimal()?,
            'x' => self.hexadecimal(2)?,
            'u' => self.hexadecimal(4)?,
            letter if letter.is_ascii_alphanumeric() => return Err("it has an unknown escape"),
            other => other,
        })
    }

    /// The digits and the closing brace of `\x{h...h}`.
    fn braced_hexadecimal(&mut self) -> Result<char, Reason> {
        const REFUSED: Reason = r"\x{} must contain a hexadecimal code up to 10FFFF";
        let mut code = self.hexadecimal_digit().ok_or(REFUSED)?;
        while !self.eat('}') {
            let digit = self.hexadecimal_digit().ok_or(REFUSED)?;
            code = code.checked_mul(16).ok_or(REFUSED)? | digit;
        }
        char::from_u32(code).ok_or(REFUSED)
    }

    fn octal(&mut self) -> Result<char, Reason> {
        let mut code = 0_u32;
        for place in 0..3 {
            let digit = self.peek_special().and_then(|next| next.to_digit(8));
            let Some(digit) = digit.filter(|_| place < 2 || code < 0o40) else {
                if place == 0 {
                    return Err(r"\0 must be followed by octal digits");
                }
                break;
            };
            code = (code << 3) | digit;
            self.skip(1);
        }
        char::from_u32(code).ok_or("it has an unknown octal escape")
    }

    fn hexadecimal_digit(&mut self) -> Option<u32> {
        let digit = self.peek_special()?.to_digit(16)?;
        self.skip(1);
        Some(digit)
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<char, Reason> {
        let mut code = 0_u32;
        for _ in 0..digits {
            let digit = self
                .hexadecimal_digit()
                .ok_or("a hexadecimal escape is too short")?;
            code = (code << 4) | digit;
        }
        let is_high_surrogate = (0xd800..0xdc00).contains(&code);
        if is_high_surrogate && self.special_at(0) == Some('\\') && self.special_at(1) == Some('u')
        {
            self.skip(2);
            let mut low = 0_u32;
            for _ in 0..digits {
                let digit = self
                    .hexadecimal_digit()
                    .ok_or("a hexadecimal escape is too short")?;
                low = (low << 4) | digit;
            }
            let combined = low
                .checked_sub(0xdc00)
                .filter(|low| *low < 0x400)
                .map(|low| 0x1_0000 | ((code & 0x3ff) << 10).wrapping_add(low));
            code = combined.unwrap_or(code);
        }
        char::from_u32(code).ok_or("lone surrogates are not supported")
    }

    /// The property behind `\p` or `\P`, whose letter is already read.
    pub(super) fn property(&mut self) -> Result<String, Reason> {
        let mut name = String::new();
        if self.eat('{') {
            while !self.eat('}') {
                name.push(self.next().ok_or(r"\p{ has no closing }")?.character);
            }
        } else {
            name.push(self.next().ok_or(r"it ends with \p")?.character);
        }
        property::items(&name, self.flags.insensitive)
    }
}

/// Appends a character in a form that has no other meaning, inside and outside classes.
pub(super) fn append_character(out: &mut String, character: char) {
    if character.is_ascii_alphanumeric() {
        out.push(character);
    } else {
        out.push_str(&format!("\\x{{{:x}}}", u32::from(character)));
    }
}
