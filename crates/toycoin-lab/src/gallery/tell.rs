//! Telling a story: its sentences, with the counted numbers in them.

use super::{account::Account, count::Count, quantity::Quantity};

/// The moments at which a story counts.
#[derive(Debug)]
pub(super) struct Moments {
    /// Before the story.
    pub(super) before: Account,
    /// After the blocks that come if nobody cheats.
    pub(super) honest: Account,
    /// After the blocks of the cheat, where the rule is off.
    pub(super) cheated: Account,
    /// After the blocks of the cheat, where the rule is on.
    pub(super) kept: Account,
}

/// Tells a sentence: replaces each `{name moment}` by a number with its unit.
///
/// A name is that of a [`Count`]. A moment is `before`, `honest`, `after` or `kept`, or a difference: `due` is what the
/// honest blocks bring, `more` and `less` how far the cheat's blocks are above and below the honest ones.
///
/// # Panics
/// When the braces of a sentence hold anything else.
pub(super) fn tell(sentence: &str, moments: &Moments) -> String {
    let mut told = String::new();
    let mut rest = sentence;
    while let Some((text, after)) = rest.split_once('{') {
        let (asked, after) = after.split_once('}').expect("a brace that closes");
        told.push_str(text);
        told.push_str(&number(asked, moments).expect("a count and a moment").to_string());
        rest = after;
    }
    told + rest
}

fn number(asked: &str, moments: &Moments) -> Option<Quantity> {
    let (key, moment) = asked.split_once(' ')?;
    let count = Count::from_key(key)?;
    let [before, honest, cheated] = [&moments.before, &moments.honest, &moments.cheated].map(|at| count.of(at));
    Some(match moment {
        "before" => before,
        "honest" => honest,
        "after" => cheated,
        "kept" => count.of(&moments.kept),
        "due" => honest.minus(before),
        "more" => cheated.minus(honest),
        "less" => honest.minus(cheated),
        _ => return None,
    })
}
