//! Amounts, numbers and lists as people write them.

use toycoin_core::Amount;

/// Returns an amount with the decimals that it needs, none if it is whole and two or more otherwise, and with commas
/// between the thousands.
pub fn money(amount: Amount) -> String {
    let text = amount.to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let grouped = group(whole);
    match decimals.trim_end_matches('0') {
        "" => grouped,
        decimals => format!("{grouped}.{decimals:0<2}"),
    }
}

/// Returns an amount as [`money`] does, with two decimals even if it is whole.
pub fn price(amount: Amount) -> String {
    let text = money(amount);
    if text.contains('.') { text } else { format!("{text}.00") }
}

/// Returns a number with commas between the thousands.
pub fn grouped(number: u64) -> String {
    group(&number.to_string())
}

fn group(digits: &str) -> String {
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns numbers padded so that their points, if they have any, stand below each other.
pub fn aligned(numbers: &[String]) -> Vec<String> {
    let point = |number: &String| number.find('.').unwrap_or(number.len());
    let before = numbers.iter().map(point).max().unwrap_or(0);
    let after = numbers.iter().map(|number| number.len() - point(number)).max().unwrap_or(0);
    let pad = |number: &String| {
        let (whole, decimals) = number.split_at(point(number));
        format!("{whole:>before$}{decimals:<after$}")
    };
    numbers.iter().map(pad).collect()
}

/// Returns a number with its noun, in the plural unless it is one.
pub fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
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
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(price(Amount::from_toycoins(3).unwrap()), "3.00");
        assert_eq!(price("2.125".parse().unwrap()), "2.125");
    }

    #[test]
    fn amounts_stand_point_below_point() {
        let numbers = ["+50.00", "-1,250.5098", "7"].map(str::to_owned);
        assert_eq!(aligned(&numbers), ["   +50.00  ", "-1,250.5098", "     7     "]);
        assert!(aligned(&[]).is_empty());
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
