//! Numbers as text.

use crate::{attack::Attack, setting::Setting};

/// Returns a parameter's value: a whole number as it is, another one with 2 to 4 decimals.
pub(super) fn parameter(attack: &dyn Attack, setting: &Setting, name: &str) -> String {
    let value = setting.get(name);
    if attack.parameters().iter().any(|parameter| parameter.name == name && parameter.whole) {
        return format!("{value:.0}");
    }
    let mut text = format!("{value:.4}");
    while text.ends_with('0') && text.len() > value.trunc().to_string().len() + 3 {
        text.pop();
    }
    text
}

/// Returns a number with so many decimals; a dash for none.
pub(super) fn decimals(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attacks::DoubleSpend;

    #[test]
    fn a_share_keeps_two_decimals_and_a_count_none() {
        let setting = Setting::of(&DoubleSpend).with(&DoubleSpend, "q", 0.3).with(&DoubleSpend, "z", 6.0);
        assert_eq!(
            (parameter(&DoubleSpend, &setting, "q"), parameter(&DoubleSpend, &setting, "z")),
            ("0.30".into(), "6".into())
        );
        let setting = setting.with(&DoubleSpend, "q", 0.125);
        assert_eq!(parameter(&DoubleSpend, &setting, "q"), "0.125");
    }
}
