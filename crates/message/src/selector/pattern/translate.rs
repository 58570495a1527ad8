//! Translates Java's regular expression syntax to the engine's.
//!
//! Java's classes, anchors and case rules are ASCII unless a flag says otherwise, the engine's
//! are Unicode: everything is written out, so that no flag of the engine is needed except for
//! Unicode case folding. Capturing groups keep their numbers; names are resolved here. The
//! recursion is bounded by [`GROUPS_NESTED_MAX`].

use super::class;
use super::unit::{Unit, unquote};

/// Deepest nesting of groups and of classes.
const GROUPS_NESTED_MAX: usize = 50;

/// Why a pattern is refused.
pub(super) type Reason = &'static str;

/// A pattern in the engine's syntax.
pub(super) struct Translated {
    pub(super) text: String,
    /// Group names with their numbers.
    pub(super) names: Vec<(String, usize)>,
}

/// Translates a Java pattern.
pub(super) fn translate(pattern: &str) -> Result<Translated, Reason> {
    let units = unquote(pattern);
    let mut translator = Translator::new(units, usize::MAX);
    translator.pattern()?;
    if translator.largest_reference > translator.groups {
        // A reference to a group that does not exist never matches, which is known only now.
        let (units, groups) = (translator.units, translator.groups);
        translator = Translator::new(units, groups);
        translator.pattern()?;
    }
    Ok(Translated {
        text: translator.out,
        names: translator.names,
    })
}

/// The flags of `(?idmsuxU)`.
#[derive(Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are Java's independent flags"
)]
pub(super) struct Flags {
    pub(super) insensitive: bool,
    pub(super) unicode_case: bool,
    pub(super) unicode_classes: bool,
    pub(super) comments: bool,
    unix_lines: bool,
    multiline: bool,
    dot_all: bool,
}

/// What was read in front of a quantifier.
pub(super) enum Atom {
    /// Nothing that could be repeated (a flag).
    Nothing,
    /// Matches no characters.
    Assertion,
    /// Anything else.
    Unit,
}

/// How often something is repeated.
struct Quantifier {
    optional: bool,
    text: String,
}

pub(super) struct Translator {
    units: Vec<Unit>,
    at: usize,
    pub(super) out: String,
    pub(super) flags: Flags,
    depth: usize,
    /// Atoms read so far that are no assertions.
    repeatable: usize,
    pub(super) groups: usize,
    /// Groups of the whole pattern, as far as known.
    pub(super) groups_max: usize,
    pub(super) largest_reference: usize,
    pub(super) names: Vec<(String, usize)>,
}

impl Translator {
    fn new(units: Vec<Unit>, groups_max: usize) -> Self {
        Self {
            units,
            at: 0,
            out: String::new(),
            flags: Flags::default(),
            depth: 0,
            repeatable: 0,
            groups: 0,
            groups_max,
            largest_reference: 0,
            names: Vec::new(),
        }
    }

    // Reading

    pub(super) fn peek(&self) -> Option<Unit> {
        self.units.get(self.at).copied()
    }

    /// The next character, if it is special (not quoted).
    pub(super) fn peek_special(&self) -> Option<char> {
        self.special_at(0)
    }

    pub(super) fn special_at(&self, distance: usize) -> Option<char> {
        let unit = self.units.get(self.at.saturating_add(distance))?;
        (!unit.quoted).then_some(unit.character)
    }

    pub(super) fn next(&mut self) -> Option<Unit> {
        let unit = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(unit)
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    pub(super) fn eat(&mut self, character: char) -> bool {
        let found = self.peek_special() == Some(character);
        if found {
            self.skip(1);
        }
        found
    }

    /// Skips blanks and comments if the flag `x` is set.
    pub(super) fn skip_comments(&mut self) {
        if !self.flags.comments {
            return;
        }
        while let Some(character) = self.peek_special() {
            if character == '#' {
                while self.peek().is_some_and(|unit| !is_line_end(unit.character)) {
                    self.skip(1);
                }
            } else if !matches!(character, '\t'..='\r' | ' ') {
                return;
            } else {
                self.skip(1);
            }
        }
    }

    pub(super) fn enter(&mut self) -> Result<(), Reason> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > GROUPS_NESTED_MAX {
            return Err("it nests more than 50 groups");
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    // Structure

    fn pattern(&mut self) -> Result<(), Reason> {
        self.alternatives()?;
        if self.peek().is_some() {
            return Err("it has an unmatched )");
        }
        Ok(())
    }

    fn alternatives(&mut self) -> Result<(), Reason> {
        self.sequence()?;
        while self.eat('|') {
            self.out.push('|');
            self.sequence()?;
        }
        Ok(())
    }

    fn sequence(&mut self) -> Result<(), Reason> {
        loop {
            self.skip_comments();
            let Some(unit) = self.peek() else {
                return Ok(());
            };
            if !unit.quoted && matches!(unit.character, '|' | ')') {
                return Ok(());
            }
            let start = self.out.len();
            let atom = self.atom(unit)?;
            if let Atom::Nothing = atom {
                continue;
            }
            if let Atom::Unit = atom {
                self.repeatable = self.repeatable.saturating_add(1);
            }
            self.skip_comments();
            match (self.quantifier()?, atom) {
                (Some(quantifier), Atom::Unit) => self.out.push_str(&quantifier.text),
                (Some(quantifier), Atom::Assertion) if quantifier.optional => {
                    self.out.insert_str(start, "(?:");
                    self.out.push_str("|)");
                }
                _ => {}
            }
        }
    }

    fn atom(&mut self, unit: Unit) -> Result<Atom, Reason> {
        if unit.quoted {
            self.skip(1);
            self.literal(unit.character);
            return Ok(Atom::Unit);
        }
        match unit.character {
            '(' => return self.group(),
            '[' => class::translate(self)?,
            '\\' => return self.escape(),
            '.' => {
                self.skip(1);
                self.out
                    .push_str(match (self.flags.dot_all, self.flags.unix_lines) {
                        (true, _) => "(?s:.)",
                        (false, true) => r"[^\x{a}]",
                        (false, false) => r"[^\x{a}\x{d}\x{85}\x{2028}\x{2029}]",
                    });
            }
            '^' => {
                self.skip(1);
                self.line_start();
                return Ok(Atom::Assertion);
            }
            '$' => {
                self.skip(1);
                self.line_end(self.flags.multiline);
                return Ok(Atom::Assertion);
            }
            '*' | '+' | '?' => return Err("nothing stands in front of * + or ?"),
            '{' => {
                // Java repeats the empty text between a quantifier and the next one.
                self.quantifier()?;
                return Ok(Atom::Nothing);
            }
            literal => {
                self.skip(1);
                self.literal(literal);
            }
        }
        Ok(Atom::Unit)
    }

    fn group(&mut self) -> Result<Atom, Reason> {
        self.skip(1);
        let (flags, groups, repeatable) = (self.flags, self.groups, self.repeatable);
        let mut assertion = false;
        if self.eat('?') {
            let kind = self.next().ok_or("it ends inside a group")?;
            match (kind.character, self.peek_special()) {
                (':' | '>', _) => {
                    self.out.push_str("(?");
                    self.out.push(kind.character);
                }
                ('=' | '!', _) => {
                    assertion = true;
                    self.out.push_str("(?");
                    self.out.push(kind.character);
                }
                ('<', Some(behind @ ('=' | '!'))) => {
                    assertion = true;
                    self.skip(1);
                    self.out.push_str("(?<");
                    self.out.push(behind);
                }
                ('<', _) => {
                    let name = self.group_name()?;
                    self.open_group();
                    if self.names.iter().any(|(known, _)| *known == name) {
                        return Err("it names two groups alike");
                    }
                    self.names.push((name, self.groups));
                }
                (first, _) => {
                    if !self.read_flags(first)? {
                        return Ok(Atom::Nothing);
                    }
                    self.out.push_str("(?:");
                }
            }
        } else {
            self.open_group();
        }
        self.enter()?;
        self.alternatives()?;
        if !self.eat(')') {
            return Err("it has an unclosed group");
        }
        self.leave();
        self.out.push(')');
        self.flags = flags;
        // The engine refuses to repeat a group without anything to repeat.
        assertion |= self.groups == groups && self.repeatable == repeatable;
        if assertion {
            self.repeatable = repeatable;
        }
        Ok(if assertion {
            Atom::Assertion
        } else {
            Atom::Unit
        })
    }

    fn open_group(&mut self) {
        self.groups = self.groups.saturating_add(1);
        self.out.push('(');
    }

    /// A group name up to its `>`.
    pub(super) fn group_name(&mut self) -> Result<String, Reason> {
        let mut name = String::new();
        while let Some(unit) = self.next() {
            match unit.character {
                '>' if !name.is_empty() => return Ok(name),
                character if character.is_ascii_alphabetic() => name.push(character),
                character if character.is_ascii_digit() && !name.is_empty() => name.push(character),
                _ => return Err("a group name consists of ASCII letters and digits"),
            }
        }
        Err("it ends inside a group name")
    }

    /// Flags behind `(?`, the first already read. True: a group follows, false: they are set for
    /// the rest of the enclosing group.
    fn read_flags(&mut self, first: char) -> Result<bool, Reason> {
        let (mut value, mut flag) = (true, first);
        loop {
            match flag {
                'i' => self.flags.insensitive = value,
                'd' => self.flags.unix_lines = value,
                'm' => self.flags.multiline = value,
                's' => self.flags.dot_all = value,
                'u' => self.flags.unicode_case = value,
                'x' => self.flags.comments = value,
                'U' => {
                    self.flags.unicode_classes = value;
                    self.flags.unicode_case = value;
                }
                '-' if value => value = false,
                ')' => return Ok(false),
                ':' => return Ok(true),
                _ => return Err("it has an unknown flag"),
            }
            flag = self.next().ok_or("it ends inside a group")?.character;
        }
    }

    fn quantifier(&mut self) -> Result<Option<Quantifier>, Reason> {
        let (optional, mut text) = match self.peek_special() {
            Some(sign @ ('*' | '+' | '?')) => {
                self.skip(1);
                (sign != '+', sign.to_string())
            }
            Some('{') => {
                self.skip(1);
                let (least, most) = self.repetition()?;
                let text = match most {
                    Some(most) if most == least => format!("{{{least}}}"),
                    Some(most) => format!("{{{least},{most}}}"),
                    None => format!("{{{least},}}"),
                };
                (least == 0, text)
            }
            _ => return Ok(None),
        };
        self.skip_comments();
        if let Some(sign @ ('?' | '+')) = self.peek_special() {
            self.skip(1);
            text.push(sign);
        }
        Ok(Some(Quantifier { optional, text }))
    }

    /// The numbers in `{n}`, `{n,}` and `{n,m}`, the brace already read.
    fn repetition(&mut self) -> Result<(i32, Option<i32>), Reason> {
        let least = self
            .repetition_number()?
            .ok_or("{ must be followed by a number")?;
        let most = if self.eat(',') {
            self.repetition_number()?
        } else {
            Some(least)
        };
        if !self.eat('}') {
            return Err("a repetition has no closing }");
        }
        if most.is_some_and(|most| most < least) {
            return Err("a repetition has its numbers exchanged");
        }
        Ok((least, most))
    }

    fn repetition_number(&mut self) -> Result<Option<i32>, Reason> {
        let mut number: Option<i32> = None;
        while let Some(digit) = self.peek_special().and_then(|next| next.to_digit(10)) {
            self.skip(1);
            let digit = i32::try_from(digit).unwrap_or(0);
            let longer = number.unwrap_or(0).checked_mul(10);
            number = Some(
                longer
                    .and_then(|longer| longer.checked_add(digit))
                    .ok_or("a repetition number is too large")?,
            );
        }
        Ok(number)
    }

    // Anchors

    fn line_start(&mut self) {
        self.out
            .push_str(match (self.flags.multiline, self.flags.unix_lines) {
                (false, _) => r"\A",
                (true, true) => r"(?:(?!\z)(?:\A|(?<=\x{a})))",
                (true, false) => {
                    r"(?:(?!\z)(?:\A|(?<=[\x{a}\x{85}\x{2028}\x{2029}])|(?<=\x{d})(?!\x{a})))"
                }
            });
    }

    /// The end, or in front of a line end: of any or of the last one.
    pub(super) fn line_end(&mut self, any: bool) {
        self.out.push_str(match (any, self.flags.unix_lines) {
            (true, true) => r"(?=\x{a}|\z)",
            (true, false) => r"(?:(?=[\x{d}\x{85}\x{2028}\x{2029}]|\z)|(?<!\x{d})(?=\x{a}))",
            (false, true) => r"(?=\x{a}?\z)",
            (false, false) => {
                r"(?:(?=(?:\x{d}\x{a}?|[\x{85}\x{2028}\x{2029}])?\z)|(?<!\x{d})(?=\x{a}\z))"
            }
        });
    }
}

fn is_line_end(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
