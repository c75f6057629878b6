//! Amounts, numbers and lists as people write them.

use toycoin_core::Amount;

/// Returns an amount with the decimals that it needs, none if it is whole and two or more otherwise, and with commas
/// between the thousands.
pub fn money(amount: Amount) -> String {
    let text = amount.to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let whole = with_commas(whole);
    match decimals.trim_end_matches('0') {
        "" => whole,
        decimals => format!("{whole}.{decimals:0<2}"),
    }
}

/// Returns a number with commas between the thousands.
pub fn grouped(number: u64) -> String {
    with_commas(&number.to_string())
}

fn with_commas(digits: &str) -> String {
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns an amount as [`money`] does, with two decimals even if it is whole.
pub fn price(amount: Amount) -> String {
    let text = money(amount);
    if text.contains('.') { text } else { format!("{text}.00") }
}

/// Returns a number with its noun, in the plural unless it is one.
pub fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Returns words as a list: with commas, and with "and" before the last.
pub fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_for_people() {
        for (text, said) in
            [("185", "185"), ("2.5", "2.50"), ("1435", "1,435"), ("1250.03", "1,250.03"), ("0.00000001", "0.00000001")]
        {
            assert_eq!(money(text.parse().unwrap()), said);
        }
        assert_eq!(money(Amount::from_toycoins(21_000_000).unwrap()), "21,000,000");
        assert_eq!(price(Amount::from_toycoins(3).unwrap()), "3.00");
        assert_eq!(price("2.125".parse().unwrap()), "2.125");
        assert_eq!([0, 999, 10_000, 1_572_864].map(grouped), ["0", "999", "10,000", "1,572,864"]);
    }

    #[test]
    fn a_list_ends_with_and() {
        let said = |words: &[&str]| listed(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            [said(&[]), said(&["a"]), said(&["a", "b"]), said(&["a", "b", "c"])],
            ["", "a", "a and b", "a, b and c"]
        );
    }

    #[test]
    fn a_noun_agrees_with_its_number() {
        assert_eq!([0, 1, 2].map(|number| count(number, "block")), ["0 blocks", "1 block", "2 blocks"]);
    }
}
