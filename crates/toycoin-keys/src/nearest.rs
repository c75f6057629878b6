//! The word of BIP-39's list that somebody may have meant.

use std::cmp::Reverse;

use bip39::Language;

/// Returns the word of the English list that is most like `typed`; `None` if none is.
///
/// Words within two edits are like it. Of several, the one with the fewest edits is taken, then the one with the
/// longest common beginning, then the first. Else the first four letters decide, which no two words of the list share.
pub(crate) fn nearest(typed: &str) -> Option<&'static str> {
    let typed = typed.as_bytes();
    // longer than any word and two more letters: also what keeps the table small
    if !(3..=10).contains(&typed.len()) {
        return None;
    }
    let list = Language::English.word_list();
    let like = |word: &&'static str| {
        let distance = edits(typed, word.as_bytes());
        (distance <= MAX_EDITS).then_some((distance, Reverse(common(typed, word.as_bytes())), *word))
    };
    let by_edits = list.iter().filter_map(like).min_by_key(|(distance, common, _)| (*distance, *common));
    let by_letters = || list.iter().copied().find(|word| common(typed, word.as_bytes()) >= 4);
    by_edits.map(|(_, _, word)| word).or_else(by_letters)
}

/// Greatest number of edits between words that look alike.
const MAX_EDITS: usize = 2;

/// Returns the number of letters that both begin with.
fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// Returns how many letters have to be added, removed, replaced or swapped with their neighbour (optimal string
/// alignment distance).
fn edits(one: &[u8], other: &[u8]) -> usize {
    // three rows of the table: before the last, the last, and the one in the making
    let mut older: Vec<usize> = Vec::new();
    let mut old: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut new = vec![row + 1];
        for (column, b) in other.iter().enumerate() {
            let at = |cells: &[usize], place: usize| cells.get(place).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&old, column) + usize::from(a != b);
            let mut least = replaced.min(at(&old, column + 1) + 1).min(at(&new, column) + 1);
            let before = (row.checked_sub(1).and_then(|row| one.get(row)), column.checked_sub(1));
            if let (Some(before_a), Some(before_column)) = before
                && before_a == b
                && other.get(before_column) == Some(a)
            {
                least = least.min(at(&older, before_column) + 1);
            }
            new.push(least);
        }
        older = std::mem::replace(&mut old, new);
    }
    old.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        for (one, other, expected) in [
            ("abandon", "abandon", 0),
            ("abandno", "abandon", 1),
            ("abndon", "abandon", 1),
            ("abbandon", "abandon", 1),
            ("abandin", "abandon", 1),
            ("zoo", "zone", 2),
            ("cat", "", 3),
            ("legal", "winner", 6),
        ] {
            assert_eq!(edits(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
            assert_eq!(edits(other.as_bytes(), one.as_bytes()), expected, "{other} {one}");
        }
    }

    #[test]
    fn finds_what_was_meant() {
        for (typed, meant) in [
            ("abandno", "abandon"),
            ("abilty", "ability"),
            ("zooo", "zoo"),
            ("hwale", "whale"),
            ("lettr", "letter"),
            // too far by edits, and four letters are the same
            ("universary", "universe"),
        ] {
            assert_eq!(nearest(typed), Some(meant));
        }
    }

    #[test]
    fn finds_nothing_where_nothing_is_like_it() {
        for typed in ["", "x", "qqqqqqqq", "hunter2hunter2", "\u{e9}\u{e9}\u{e9}"] {
            assert_eq!(nearest(typed), None, "{typed}");
        }
    }
}
