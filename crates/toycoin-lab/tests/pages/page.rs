//! A page of docs/attacks, and the tables between its markers.

use std::{fs, path::PathBuf};

/// Returns the page that has an attack's marker, and its text.
pub(crate) fn find(attack: &str) -> Option<(PathBuf, String)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/attacks");
    let mut paths: Vec<_> = fs::read_dir(directory).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let pages = paths.into_iter().filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?)));
    let mut pages = pages.filter(|(_, text)| text.contains(&marker(attack)));
    pages.next()
}

/// Returns the table that a page shows.
pub(crate) fn shown<'a>(text: &'a str, attack: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&marker(attack))?;
    let (block, _) = rest.split_once(END)?;
    block.trim().strip_prefix("```text\n")?.strip_suffix("\n```")
}

/// Returns the page's text with another table.
pub(crate) fn with_table(text: &str, attack: &str, table: &str) -> String {
    let marker = marker(attack);
    let (start, rest) = text.split_once(&marker).expect("the page has the marker");
    let (_, end) = rest.split_once(END).expect("the marker has an end");
    format!("{start}{marker}\n\n```text\n{table}\n```\n\n{END}{end}")
}

const END: &str = "<!-- end -->";

fn marker(attack: &str) -> String {
    format!("<!-- lab {attack} -->")
}
