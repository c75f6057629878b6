//! The page of an exhibit, as text.

use std::fmt::{self, Write as _};

use toycoin_core::Rule;

use super::{
    exhibit::{Exhibit, Tally},
    supply::Supply,
    wrap::wrap,
};

/// Writes the page of the rule: title, story, what happened with the rule off and on, and where to read on. At most 80
/// columns.
impl fmt::Display for Exhibit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rule, story) = (self.rule, &self.story);
        f.write_str(&wrap("", &format!("{rule} {}: {}", rule.name(), rule.sentence())))?;
        writeln!(f, "\nWho cheats: {}. Who loses: {}.\n", story.villain, story.victim)?;
        for (number, step) in (1..).zip(&story.steps) {
            f.write_str(&wrap(&format!("{number}. "), step))?;
        }
        f.write_char('\n')?;
        f.write_str(&wrap("", &self.outcome_off()))?;
        match &story.gain {
            Some(gain) => {
                // less work to do is a gain too
                let verb = if gain.change().value < 0 { "saves" } else { "gains" };
                write_tally(f, &format!("{} {verb}", story.villain), gain)?;
            }
            None => writeln!(f, "  {} gains nothing.", story.villain)?,
        }
        if story.gain.as_ref() != Some(&story.loss) {
            write_tally(f, "The loss", &story.loss)?;
        }
        f.write_char('\n')?;
        write_audit(f, &self.before, &self.after)?;
        f.write_char('\n')?;
        f.write_str(&wrap("", &self.outcome_on()))?;
        writeln!(f, "Read on: {}", rule.doc_anchor())
    }
}

impl Exhibit {
    fn outcome_off(&self) -> String {
        let off = list(&self.rules_off());
        match &self.off.refusal {
            None => format!("With {off} switched off, the cheat succeeds."),
            Some(refusal) => format!("With {off} switched off: {refusal}"),
        }
    }

    fn outcome_on(&self) -> String {
        let setting = match self.on.groundwork.as_slice() {
            [] => "With all rules on".to_owned(),
            off => format!("With {} on, and {} still off", self.rule, list(off)),
        };
        match &self.on.refusal {
            Some(refusal) => format!("{setting}, the block is {refusal}"),
            None => format!("{setting}, the cheat succeeds all the same."),
        }
    }
}

/// Returns rules as a list, such as `R22, R27`.
fn list(rules: &[Rule]) -> String {
    rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn write_tally(f: &mut fmt::Formatter<'_>, title: &str, tally: &Tally) -> fmt::Result {
    writeln!(f, "  {title}: {}", tally.what)?;
    let row = |name: &str, number: String| format!("    {name:<28}{number:>36}\n");
    f.write_str(&row("before", tally.before.to_string()))?;
    f.write_str(&row("after honest blocks", tally.honest.to_string()))?;
    f.write_str(&row("after the cheat's blocks", tally.cheated.to_string()))?;
    f.write_str(&row("difference", tally.change().signed()))
}

fn write_audit(f: &mut fmt::Formatter<'_>, before: &Supply, after: &Supply) -> fmt::Result {
    writeln!(f, "{:<24}{:>22}{:>22}", "Supply audit", "before", "after")?;
    let mut row =
        |name: &str, value: fn(&Supply) -> String| writeln!(f, "  {name:<22}{:>22}{:>22}", value(before), value(after));
    row("issued", |supply| supply.issued.to_string())?;
    row("sum of all coins", |supply| supply.sum_of_coins.to_string())?;
    row("schedule", |supply| supply.schedule.to_string())?;
    row("state root fits", |supply| yes_or_no(supply.root_fits))?;
    row("audit holds", |supply| yes_or_no(supply.holds()))
}

fn yes_or_no(holds: bool) -> String {
    if holds { "yes" } else { "NO" }.to_owned()
}
