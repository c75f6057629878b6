//! A node that keeps its chain: goes on where it was, checks it, builds it anew, and says what is in the way.

mod common;

use std::{fs, path::Path};

use common::{Program, folder, free_address};
use toycoin_node::store::{BODIES_FILE, INDEX_FILE};

fn text(path: &Path) -> &str {
    path.to_str().expect("a name in UTF-8")
}

/// A node on regtest with its chain in a directory.
fn node(relay: &str, data: &Path, more: &[&str]) -> Program {
    Program::start("node", &[&["--relay", relay, "--network", "regtest", "--data", text(data)], more].concat())
}

fn says(said: &[String], text: &str) {
    assert!(said.iter().any(|line| line.contains(text)), "{said:#?}");
}

/// Where the bodies' records begin, genesis' first.
fn bodies(file: &[u8]) -> Vec<usize> {
    let (mut at, mut found) = (48, Vec::new());
    while let Some(&[_, _, _, _, kind, a, b, c, d]) = file.get(at..at + 9) {
        if kind == 1 {
            found.push(at);
        }
        at += 17 + u32::from_le_bytes([a, b, c, d]) as usize;
    }
    found
}

#[test]
fn a_chain_that_is_kept_is_gone_on_with_checked_and_built_anew() {
    let (_relay, address) = Program::relay();
    let folder = folder("kept");
    let data = folder.join("chain");
    node(&address, &data, &["--until-height", "5"]).success();
    let said = node(&address, &data, &["--until-height", "8"]).success();
    let begun = said.iter().find_map(|line| line.split_once(" on regtest, at height ")).expect("where it goes on");
    let height: u64 = begun.1.split(',').next().and_then(|height| height.parse().ok()).expect("a height");
    assert!(height >= 5, "{said:#?}");
    let nowhere = free_address();
    let said = node(&nowhere, &data, &["--check"]).success();
    says(&said, "is sound: height ");

    // all that it looks for is there: no relay is needed
    let export = folder.join("chain.json");
    let said = node(&nowhere, &data, &["--until-height", "8", "--export", text(&export)]).success();
    says(&said, "blocks exported");
    let before = fs::read_to_string(&export).expect("the export is there");
    assert!(before.lines().count() >= 10, "a head, genesis and eight blocks");

    fs::remove_file(data.join(INDEX_FILE)).expect("a file");
    assert!(node(&nowhere, &data, &[]).failure(1).contains("--reindex builds it anew"));
    assert!(node(&nowhere, &data, &["--check"]).failure(1).contains("--reindex builds it anew"));
    let said = node(&nowhere, &data, &["--reindex", "--check"]).success();
    says(&said, "is rebuilt: height ");
    says(&said, "is sound: height ");
    node(&nowhere, &data, &["--until-height", "8", "--export", text(&export)]).success();
    assert_eq!(fs::read_to_string(&export).expect("the export is there"), before);
}

#[test]
fn a_chain_that_is_in_use_or_anothers_is_left_alone() {
    let (_relay, address) = Program::relay();
    let data = folder("in-use").join("chain");
    let mut first = node(&address, &data, &[]);
    first.block(1);
    for more in [&[][..], &["--check"], &["--reindex"]] {
        assert!(node(&address, &data, more).failure(1).contains("is in use by another process"));
    }
    first.signal("TERM");
    first.success();
    for more in [&[][..], &["--check"], &["--reindex"]] {
        let arguments = [&["--relay", &address, "--data", text(&data)], more].concat();
        let error = Program::start("node", &arguments).failure(1);
        assert!(error.contains("keeps the chain of another network"), "{error}");
    }
    node(&address, &data, &["--check"]).success();
}

#[test]
fn a_directory_without_a_chain_is_not_made_into_one_by_a_check() {
    let folder = folder("nothing");
    let (nowhere, missing) = (free_address(), folder.join("missing"));
    assert!(node(&nowhere, &missing, &["--check"]).failure(1).contains("keeps no chain"));
    assert!(node(&nowhere, &missing, &["--reindex"]).failure(1).contains("nothing to build the chain from"));
    assert!(!missing.exists());
    let file = folder.join("file");
    fs::write(&file, "no directory").expect("a place for a file");
    assert!(node(&nowhere, &file, &[]).failure(1).contains("not a directory"));
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "no directory");
}

#[test]
fn a_flipped_bit_is_named_and_served_to_nobody() {
    let (_relay, address) = Program::relay();
    let data = folder("flipped").join("chain");
    node(&address, &data, &["--until-height", "20"]).success();
    let mut bytes = fs::read(data.join(BODIES_FILE)).expect("a file");
    let tenth = bodies(&bytes)[10];
    bytes[tenth + 200] ^= 4;
    fs::write(data.join(BODIES_FILE), &bytes).expect("a file");

    // a newcomer asks for it: the node says what is wrong and stops
    let mut keeper = node(&address, &data, &["--no-mine"]);
    keeper.line_with("connected to the relay");
    let newcomer = Program::start("node", &["--relay", &address, "--network", "regtest", "--no-mine"]);
    let error = keeper.failure(1);
    assert!(error.contains(BODIES_FILE) && error.contains("is damaged") && error.contains("--reindex"), "{error}");
    newcomer.signal("TERM");
    let end = newcomer.success().pop().expect("a last line");
    let mut words = end.split_once("stopped at height ").expect("where it ended").1.split(',');
    let height: u64 = words.next().and_then(|height| height.parse().ok()).expect("a height");
    assert!(height < 10, "{end}");

    let (code, said) = node(&address, &data, &["--check"]).end();
    assert_eq!(code, 1);
    says(&said, "is damaged: its checksum is wrong");
    says(&node(&address, &data, &["--reindex"]).success(), "bytes could not be read");
    node(&address, &data, &["--check"]).success();
}
