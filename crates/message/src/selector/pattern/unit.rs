//! The characters of a pattern, with `\Q...\E` quoting resolved.

/// A character of a pattern; quoted ones (between `\Q` and `\E`) have no special meaning.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    pub(super) character: char,
    pub(super) quoted: bool,
}

/// Removes `\Q...\E` quoting.
pub(super) fn unquote(pattern: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut push_all = |text: &str, quoted: bool| {
        units.extend(text.chars().map(|character| Unit { character, quoted }));
    };
    while let Some(start) = quote_start(rest) {
        let (before, quote) = rest.split_at_checked(start).unwrap_or((rest, ""));
        push_all(before, false);
        let quote = quote.strip_prefix("\\Q").unwrap_or(quote);
        let (quoted, behind) = quote.split_once("\\E").unwrap_or((quote, ""));
        push_all(quoted, true);
        rest = behind;
    }
    push_all(rest, false);
    units
}

/// Where `\Q` stands whose backslash is not escaped itself.
fn quote_start(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (offset, character) in text.char_indices() {
        if escaped && character == 'Q' {
            return offset.checked_sub(1);
        }
        escaped = !escaped && character == '\\';
    }
    None
}
