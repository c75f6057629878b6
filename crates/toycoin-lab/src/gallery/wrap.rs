//! Text in lines of bounded width.

/// Greatest width of a page, in columns.
pub(super) const WIDTH: usize = 80;

/// Returns a text in lines of at most [`WIDTH`] columns. The first begins with `first`, the others with as many spaces.
///
/// A word that is longer than a line stands alone in it.
pub(super) fn wrap(first: &str, text: &str) -> String {
    let indent = first.chars().count();
    let (mut lines, mut line, mut used) = (String::new(), first.to_owned(), indent);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        let gap = usize::from(used > indent);
        if used > indent && used + gap + length > WIDTH {
            lines.push_str(line.trim_end());
            lines.push('\n');
            line = " ".repeat(indent);
            used = indent;
        } else if gap == 1 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines + line.trim_end() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_long_as_allowed_and_no_longer() {
        let text = "word ".repeat(40);
        let wrapped = wrap("1. ", &text);
        let widths: Vec<_> = wrapped.lines().map(str::len).collect();
        assert_eq!(widths, [77, 77, 52], "15, 15 and 10 words");
        assert!(wrapped.starts_with("1. word word") && wrapped.contains("\n   word word"));
        assert_eq!(wrap("- ", ""), "-\n");
    }
}
