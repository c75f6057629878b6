//! Text from strangers, made safe for logs and terminals.

/// Returns text from a stranger in a form that is safe in a log line: at most `most` characters, with invisible ones
/// escaped. No escape sequence reaches a terminal, and no line break forges a log line.
///
/// ```
/// use toycoin_wire::printable;
///
/// assert_eq!(printable("it's a \"ü\"", 64), "it's a \"ü\"");
/// assert_eq!(printable("\u{1b}[31mred\nerror: \u{202e}", 64), "\\u{1b}[31mred\\nerror: \\u{202e}");
/// assert_eq!(printable("\0\0\0", 5), "\\0\\0", "no escape is cut in the middle");
/// ```
pub fn printable(text: &str, most: usize) -> String {
    let mut shown = String::new();
    let mut left = most;
    for character in text.chars() {
        let escaped = character.escape_debug();
        let is_plain = matches!(character, '"' | '\'');
        let length = if is_plain { 1 } else { escaped.len() };
        if length > left {
            break;
        }
        left -= length;
        if is_plain {
            shown.push(character);
        } else {
            shown.extend(escaped);
        }
    }
    shown
}
