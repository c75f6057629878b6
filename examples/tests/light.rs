//! The program `light`: what a client without a chain costs, beside a node.

mod common;

use common::Program;

/// Returns the line that holds a text.
fn line<'a>(said: &'a [String], text: &str) -> &'a str {
    said.iter().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {said:#?}"))
}

#[test]
fn the_example_compares_and_ends_by_itself() {
    let said = Program::start("light", &["--blocks", "300"]).success();
    for text in ["until it knows", "the tip, with its work", "the payment", "a receipt to show to others"] {
        line(&said, text);
    }
    assert!(said.iter().all(|line| line.chars().count() <= 80), "{said:#?}");
    let said = Program::start("light", &["--sync-bytes", "300"]).success();
    assert!(line(&said, "verified in").ends_with(" ms"), "{said:#?}");
}
