//! The properties of `\p{...}`: POSIX classes (ASCII), general categories, scripts, binary
//! properties and the `java...` methods.
//!
//! Blocks (`In...`) are not supported.

use super::translate::Reason;

const UNKNOWN: Reason = r"\p{} has an unknown or unsupported property";

/// The items of a property, to be written between brackets.
pub(super) fn items(name: &str, insensitive: bool) -> Result<String, Reason> {
    if let Some(items) = posix(name, insensitive) {
        return Ok(items.to_owned());
    }
    if let Some((key, value)) = name.split_once('=') {
        return match key.to_ascii_lowercase().as_str() {
            "sc" | "script" => script(value),
            "gc" | "general_category" => category(value, insensitive).ok_or(UNKNOWN),
            _ => Err(UNKNOWN),
        };
    }
    if let Some(items) = java_method(name) {
        return Ok(items.to_owned());
    }
    if let Some(name) = name.strip_prefix("Is") {
        if let Some(items) = binary(name, insensitive) {
            return Ok(items.to_owned());
        }
        return category(name, insensitive).map_or_else(|| script(name), Ok);
    }
    category(name, insensitive).ok_or(UNKNOWN)
}

fn posix(name: &str, insensitive: bool) -> Option<&'static str> {
    Some(match name {
        "Lower" | "Upper" if insensitive => "a-zA-Z",
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x{0}-\x{7f}",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"\x{21}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{60}\x{7b}-\x{7e}",
        "Graph" => r"\x{21}-\x{7e}",
        "Print" => r"\x{20}-\x{7e}",
        "Blank" => r"\x{9}\x{20}",
        "Cntrl" => r"\x{0}-\x{1f}\x{7f}",
        "XDigit" => "0-9a-fA-F",
        "Space" => r"\x{9}-\x{d}\x{20}",
        _ => return None,
    })
}

fn category(name: &str, insensitive: bool) -> Option<String> {
    let items = match name {
        "Lu" | "Ll" | "Lt" if insensitive => r"\p{Lu}\p{Ll}\p{Lt}",
        "LC" => r"\p{Lu}\p{Ll}\p{Lt}",
        "LD" => r"\p{L}\p{Nd}",
        "L1" => r"\x{0}-\x{ff}",
        "all" => r"\x{0}-\x{10ffff}",
        "C" | "Cc" | "Cf" | "Cn" | "Co" | "L" | "Ll" | "Lm" | "Lo" | "Lt" | "Lu" | "M" | "Mc"
        | "Me" | "Mn" | "N" | "Nd" | "Nl" | "No" | "P" | "Pc" | "Pd" | "Pe" | "Pf" | "Pi"
        | "Po" | "Ps" | "S" | "Sc" | "Sk" | "Sm" | "So" | "Z" | "Zl" | "Zp" | "Zs" => {
            return Some(format!(r"\p{{{name}}}"));
        }
        _ => return None,
    };
    Some(items.to_owned())
}

/// Unicode's binary properties, whose names know no case.
fn binary(name: &str, insensitive: bool) -> Option<&'static str> {
    Some(match name.to_ascii_uppercase().as_str() {
        "LOWERCASE" | "UPPERCASE" | "TITLECASE" if insensitive => {
            r"\p{Lowercase}\p{Uppercase}\p{Lt}"
        }
        "ALPHABETIC" => r"\p{Alphabetic}",
        "ASSIGNED" => r"[^\p{Cn}]",
        "CONTROL" => r"\p{Cc}",
        "HEXDIGIT" | "HEX_DIGIT" => r"\p{Nd}\p{Hex_Digit}",
        "IDEOGRAPHIC" => r"\p{Ideographic}",
        "JOINCONTROL" | "JOIN_CONTROL" => r"\p{Join_Control}",
        "LETTER" => r"\p{L}",
        "LOWERCASE" => r"\p{Lowercase}",
        "NONCHARACTERCODEPOINT" | "NONCHARACTER_CODE_POINT" => r"\p{Noncharacter_Code_Point}",
        "TITLECASE" => r"\p{Lt}",
        "PUNCTUATION" => r"\p{P}",
        "UPPERCASE" => r"\p{Uppercase}",
        "WHITESPACE" | "WHITE_SPACE" => r"\p{White_Space}",
        "WORD" => r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}",
        "ALNUM" => r"\p{Alphabetic}\p{Nd}",
        "DIGIT" => r"\p{Nd}",
        _ => return None,
    })
}

fn java_method(name: &str) -> Option<&'static str> {
    Some(match name {
        "javaLowerCase" => r"\p{Lowercase}",
        "javaUpperCase" => r"\p{Uppercase}",
        "javaAlphabetic" => r"\p{Alphabetic}",
        "javaIdeographic" => r"\p{Ideographic}",
        "javaTitleCase" => r"\p{Lt}",
        "javaDigit" => r"\p{Nd}",
        "javaDefined" => r"[^\p{Cn}]",
        "javaLetter" => r"\p{L}",
        "javaLetterOrDigit" => r"\p{L}\p{Nd}",
        "javaSpaceChar" => r"\p{Z}",
        "javaWhitespace" => r"\x{9}-\x{d}\x{1c}-\x{1f}[\p{Z}&&[^\x{a0}\x{2007}\x{202f}]]",
        "javaISOControl" => r"\x{0}-\x{1f}\x{7f}-\x{9f}",
        _ => return None,
    })
}

/// A script; the engine refuses names that are none.
fn script(name: &str) -> Result<String, Reason> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(UNKNOWN);
    }
    Ok(format!(r"\p{{sc={name}}}"))
}
