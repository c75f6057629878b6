//! Text in columns: a line's width, and prose that wraps before a terminal does it.

/// Widest line of the programs' output, in columns: that of the narrowest common terminal.
pub const WIDTH: usize = 80;

/// Returns the width of a text without escape sequences, in columns. It counts characters, so it holds for text
/// without wide or combining ones.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// Returns a text that is at most `most` columns wide. Two dots stand for what was cut off.
pub fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(2)).chain("..".chars()).take(most).collect()
}

/// Wraps prose into lines of at most [`WIDTH`] columns. The first line begins with `first`, the others with as many
/// spaces. A word that is too long for a line is broken.
pub fn wrap(first: &str, prose: &str) -> Vec<String> {
    let indent = " ".repeat(width(first));
    let room = WIDTH.saturating_sub(width(first)).max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in prose.split_whitespace().flat_map(|word| pieces(word, room)) {
        let space = usize::from(!line.is_empty());
        if width(&line) + space + width(&word) > room {
            lines.push(std::mem::take(&mut line));
        } else if space > 0 {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    let begin = |(number, line)| if number == 0 { format!("{first}{line}") } else { format!("{indent}{line}") };
    lines.into_iter().enumerate().map(begin).collect()
}

/// Breaks a word into pieces of at most `room` columns.
fn pieces(word: &str, room: usize) -> Vec<String> {
    let characters: Vec<_> = word.chars().collect();
    characters.chunks(room).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_wraps_between_words_under_its_beginning() {
        let lines = wrap("end  ", &"four ".repeat(40));
        assert_eq!(lines[0], format!("end  {}", ["four"; 15].join(" ")));
        assert!(lines[1].starts_with("     four four"), "{lines:?}");
        assert_eq!(lines.iter().map(|line| line.matches("four").count()).sum::<usize>(), 40);
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        for length in 0..200 {
            for line in wrap("  ", &format!("{} {}", "x".repeat(length), "└ ".repeat(length))) {
                assert!(width(&line) <= WIDTH, "{line}");
            }
        }
    }

    #[test]
    fn a_cut_text_says_that_it_is_cut() {
        assert_eq!(["abcdef", "abcdefg", "└└└└└└└"].map(|text| cut(text, 6)), ["abcdef", "abcd..", "└└└└.."]);
        assert_eq!([cut("abc", 2), cut("abc", 1), cut("abc", 0)], ["..", ".", ""]);
    }

    #[test]
    fn nothing_is_one_line_without_prose() {
        assert_eq!(wrap("act 1", ""), ["act 1"]);
    }
}
