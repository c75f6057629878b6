//! docs/attacks/rules.md shows what the gallery prints. `TOYCOIN_UPDATE_BOOK=1` writes it into the page.

use std::{fs, path::Path};

use toycoin_core::Rule;
use toycoin_lab::gallery;

/// The rules whose stories the page tells whole.
const TOLD: [Rule; 3] = [Rule::ValueBalance, Rule::DuplicateInput, Rule::ProofOfWork];

const END: &str = "<!-- end -->";

/// Returns a page with a text in the block after a mark.
///
/// Panics when the page lacks the mark or the block's end.
fn with_block(page: &str, mark: &str, text: &str) -> String {
    let (before, rest) = page.split_once(mark).unwrap_or_else(|| panic!("the page has no {mark}"));
    let (_, after) = rest.split_once(END).unwrap_or_else(|| panic!("{mark} has no end"));
    format!("{before}{mark}\n\n```text\n{text}```\n\n{END}{after}")
}

#[test]
fn the_page_shows_what_the_gallery_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/attacks/rules.md");
    let page = fs::read_to_string(&path).unwrap();
    let mut expected = with_block(&page, "<!-- lab rules -->", &gallery::table(&gallery::all()));
    for rule in TOLD {
        let mark = format!("<!-- lab rules {} -->", rule.number());
        expected = with_block(&expected, &mark, &gallery::exhibit(rule).to_string());
    }
    if std::env::var_os("TOYCOIN_UPDATE_BOOK").is_some_and(|value| value == "1") {
        fs::write(&path, expected).unwrap();
        return;
    }
    assert_eq!(page, expected, "TOYCOIN_UPDATE_BOOK=1 writes the page");
}

#[test]
fn a_changed_table_is_noticed() {
    let page = "# T\n\n<!-- lab rules -->\n\n```text\nold\n```\n\n<!-- end -->\n\nrest\n";
    assert_eq!(with_block(page, "<!-- lab rules -->", "old\n"), page);
    assert_eq!(with_block(page, "<!-- lab rules -->", "new\n"), page.replace("old", "new"));
}
