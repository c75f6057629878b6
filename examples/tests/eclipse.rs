//! `simulate eclipse`: attacks on one node, as a process.

mod common;

use common::Program;

/// A small attack that takes no time.
const SMALL: [&str; 11] =
    ["eclipse", "--hours", "2", "--honest", "20", "--honest-groups", "10", "--attackers", "50", "--restarts", "1"];

/// Returns the number in the row that begins so.
fn row(said: &[String], name: &str) -> f64 {
    let row = said.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}: {said:#?}"));
    row.trim().parse().unwrap_or_else(|_| panic!("no number after {name}: {said:#?}"))
}

#[test]
fn few_groups_leave_honest_peers_and_many_do_not() {
    let poor = Program::start("simulate", &[&SMALL[..], &["--seeds", "4"]].concat()).success();
    assert_eq!(row(&poor, "attacks"), 4.0);
    assert_eq!(row(&poor, "with 2 or more honest outbound peers in the end"), 4.0);
    assert_eq!(row(&poor, "without any honest peer: eclipsed"), 0.0);
    // 1,000 groups against 10
    let rich = ["--seeds", "4", "--attackers", "1000", "--attacker-groups", "1000", "--hours", "24"];
    let rich = Program::start("simulate", &[&SMALL[..1], &SMALL[3..7], &rich].concat()).success();
    let honest = "honest outbound peers, on average";
    assert!(row(&rich, honest) < row(&poor, honest), "{rich:#?} {poor:#?}");
    assert!(rich.iter().chain(&poor).all(|line| line.len() <= 80));
}

#[test]
fn one_seed_ends_in_the_same_way() {
    let run = || Program::start("simulate", &[&SMALL[..], &["--seed", "7"]].concat()).success();
    let first = run();
    assert_eq!(row(&first, "attacks"), 1.0);
    assert_eq!(run(), first);
}

#[test]
fn impossible_attacks_are_refused() {
    for (arguments, wanted) in [
        (&["--seeds", "0"][..], "a whole number"),
        (&["--seed", "1", "--seeds", "2"], "cannot be used with"),
        (&["--attacker-groups", "0"], "a whole number from 1 to 10000 is wanted"),
        (&["--attackers", "10001"], "a whole number"),
        (&["--hours", "5", "--begins-after", "5"], "the attacker appears after 5 hours"),
        (&["--faults"], "unexpected argument"),
    ] {
        let (code, said) = Program::start("simulate", &[&["eclipse"], arguments].concat()).end();
        let said = said.join("\n");
        assert!(code == 2 && said.contains(wanted), "{arguments:?} ends with {code}: {said}");
    }
    // options of the other simulation do not mix with this one
    assert_eq!(Program::start("simulate", &["--nodes", "9", "eclipse"]).end().0, 2);
}

#[test]
fn help_about_an_eclipse_fits_80_columns() {
    let said = Program::start("simulate", &["eclipse", "--help"]).success();
    assert!(said.iter().any(|line| line.contains("--attacker-groups")), "{said:#?}");
    assert!(said.iter().all(|line| line.chars().count() <= 80), "{said:#?}");
}
