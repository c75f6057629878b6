//! One trial in words, for people who watch it.

use super::number;
use crate::{
    attack::{Attack, Quantity},
    outcome::{Observation, Outcome},
    row::{Cell, Row},
    setting::Setting,
};

/// Returns what theory expects under a setting, such as `success 0.2330 (Rosenfeld 0.4320, Nakamoto 0.4457)`; nothing
/// if no formula is known.
pub fn theory_in_words(attack: &dyn Attack, setting: &Setting) -> String {
    let row = Row::of(attack, setting, &[]);
    let known = row.cells.iter().filter_map(|cell| Some(format!("{} {}", cell.quantity, expected(cell)?)));
    known.collect::<Vec<_>>().join("; ")
}

/// Returns what one trial measured, such as `success: yes; confirmations: 2`. A quantity that it did not observe is
/// left out.
pub fn outcome_in_words(attack: &dyn Attack, setting: &Setting, outcome: &Outcome) -> String {
    let row = Row::of(attack, setting, std::slice::from_ref(outcome));
    let cells = attack.quantities().iter().zip(&row.cells);
    let known =
        cells.filter_map(|(quantity, cell)| Some(format!("{}: {}", cell.quantity, measured(quantity, cell, outcome)?)));
    known.collect::<Vec<_>>().join("; ")
}

/// Returns the expected numbers of a quantity, that of theory first.
fn expected(cell: &Cell) -> Option<String> {
    let number = |value| number::decimals(Some(value), cell.decimals);
    let (first, rest) = cell.expected.split_first()?;
    let beside: Vec<_> = rest.iter().map(|other| format!("{} {}", other.by, number(other.value))).collect();
    let text = number(first.value);
    Some(if beside.is_empty() { text } else { format!("{text} ({})", beside.join(", ")) })
}

/// Returns a measured number: one case as yes or no, another number with its decimals.
fn measured(quantity: &Quantity, cell: &Cell, outcome: &Outcome) -> Option<String> {
    let mut observations = outcome.of(quantity.name);
    if let (Some(one @ Observation::Share { of: 1, .. }), None) = (observations.next(), observations.next()) {
        return Some(one.to_string());
    }
    cell.measured.map(|value| number::decimals(Some(value), cell.decimals))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attacks::{DoubleSpend, Noise};

    #[test]
    fn a_trial_is_told_beside_its_theory() {
        let setting = Setting::of(&DoubleSpend);
        assert_eq!(theory_in_words(&DoubleSpend, &setting), "success 0.2330 (Rosenfeld 0.4320, Nakamoto 0.4457)");
        let outcome = Outcome::default().happened("success", true).exact("confirmations", 2.0);
        assert_eq!(outcome_in_words(&DoubleSpend, &setting, &outcome), "success: yes; confirmations: 2");
        assert_eq!(outcome_in_words(&DoubleSpend, &setting, &Outcome::default()), "");
    }

    #[test]
    fn a_mean_has_its_decimals() {
        let quantity = Noise.quantities()[0];
        let outcome = Outcome::default().value(quantity.name, 0.5);
        let words = outcome_in_words(&Noise, &Setting::of(&Noise), &outcome);
        assert_eq!(words, format!("{}: {:.*}", quantity.name, quantity.decimals, 0.5));
    }
}
