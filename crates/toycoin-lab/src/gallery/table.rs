//! The table of all rules.

use std::fmt::Write as _;

use super::exhibit::Exhibit;

/// Returns the table of exhibits: a line for each rule with its name, the rules that are off as well, who gains, what
/// changed with the rule off, and the refusal with it on. At most 80 columns.
pub fn table(exhibits: &[Exhibit]) -> String {
    let mut table = line("rule", "", "also off", "gains", "with the rule off", "with it on");
    for exhibit in exhibits {
        let (rule, story) = (exhibit.rule, &exhibit.story);
        let also: Vec<_> = exhibit.rules_off().into_iter().filter(|off| *off != rule).collect();
        let also = also.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let (gains, changed) = match &story.gain {
            Some(gain) => (story.villain.name(), gain),
            None => ("nobody", &story.loss),
        };
        let off = match &exhibit.off.refusal {
            None => changed.change().brief().signed(),
            Some(refusal) => refusal.rule.map_or_else(|| "stopped".to_owned(), |rule| format!("stopped by {rule}")),
        };
        let on = match exhibit.on.refusal.as_ref().map(|refusal| refusal.rule) {
            Some(Some(rule)) => format!("refused: {rule}"),
            Some(None) => "stopped".to_owned(),
            None => "goes through".to_owned(),
        };
        table.push_str(&line(&rule.to_string(), rule.name(), &also, gains, &off, &on));
    }
    table
}

fn line(rule: &str, name: &str, also: &str, gains: &str, off: &str, on: &str) -> String {
    let mut line = String::new();
    let written = write!(line, "{rule:<4}{name:<22}{also:<12}{gains:<8}{off:<22}{on}");
    debug_assert!(written.is_ok(), "a string takes any text");
    line.trim_end().to_owned() + "\n"
}
