//! The demonstration, as a process: the network's story, told in acts.

mod common;

use std::{collections::BTreeSet, path::Path, process::Command};

use common::{Program, path_of, start};

/// A network whose blocks come quickly.
const QUICK: [&str; 2] = ["--spacing", "200"];

fn network(more: &[&str]) -> Program {
    Program::start("network", &[&QUICK[..], more].concat())
}

/// The hash and the parent of a block's row, `None` for other lines.
fn row(line: &str) -> Option<(&str, &str)> {
    let words: Vec<_> = line.split_whitespace().filter(|word| !["+", "`", "┬", "└"].contains(word)).collect();
    let is_hash = |word: &str| word.len() == 10 && word.chars().all(|c| c.is_ascii_hexdigit());
    match words[..] {
        [height, hash, parent, ..] if height.parse::<u64>().is_ok() && is_hash(hash) => Some((hash, parent)),
        _ => None,
    }
}

#[test]
fn the_whole_story_is_told_in_order_within_80_columns() {
    let said = network(&["--plain"]).success();
    let told = said.iter().flat_map(|line| line.split_whitespace()).collect::<Vec<_>>().join(" ");
    let mut rest = &*told;
    for text in [
        "act 1 one chain",
        "retarget: ",
        "act 2 a fork",
        " + ",
        " ` ",
        " reorganises: ",
        "Alice's 2.50 is confirmed in block ",
        "act 3 a cheat",
        "pays herself 51",
        "Rule R29: a coinbase",
        "act 4 one coin, spent twice",
        "spends the same coin",
        "185 at genesis + ",
        "all nodes are on one tip",
    ] {
        let found = rest.split_once(text);
        rest = found.unwrap_or_else(|| panic!("{text:?} is missing, or out of order: {said:#?}")).1;
    }
    let mut blocks = BTreeSet::from(["genesis"]);
    for line in &said {
        assert!(line.is_ascii() && line.len() <= 80 && !line.contains('\x1b'), "{line}");
        if let Some((hash, parent)) = row(line) {
            assert!(blocks.contains(parent), "{hash} comes before its parent {parent}: {said:#?}");
            assert!(hash.starts_with("00"), "a hash keeps its zeros: {line}");
            blocks.insert(hash);
        }
    }
    assert!(blocks.len() > 28, "{said:#?}");
}

#[test]
fn the_recording_in_the_docs_fits_a_terminal_and_is_in_order() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/network.txt");
    let recording = std::fs::read_to_string(path).expect("the recording");
    let mut blocks = BTreeSet::from(["genesis"]);
    for line in recording.lines() {
        assert!(line.chars().count() <= 80 && !line.contains('\x1b'), "{line}");
        if let Some((hash, parent)) = row(line) {
            assert!(blocks.contains(parent), "{line}");
            blocks.insert(hash);
        }
    }
    assert!(recording.matches("\nact ").count() == 4 && blocks.len() > 28, "{recording}");
}

#[test]
fn acts_are_chosen_by_their_numbers() {
    let said = network(&["--acts", "3,1", "--nodes", "1", "--blocks", "4", "--payments", "1"]).success();
    let acts: Vec<_> = said.iter().filter(|line| line.starts_with("act ")).collect();
    assert_eq!(acts, ["act 3  a cheat", "act 1  one chain"]);
    for bad in [&["--acts", "2", "--nodes", "1"][..], &["--acts", "5"], &["--plain", "--color", "always"]] {
        assert_eq!(network(bad).end().0, 2, "{bad:?}");
    }
}

#[test]
fn colour_and_symbols_are_there_only_where_they_can_be_shown() {
    let said = |variables: &[(&str, &str)], color: &str| {
        let mut command = Command::new(path_of("network"));
        command.args(QUICK).args(["--acts", "2", "--blocks", "1", "--payments", "0", "--color", color]);
        for name in ["LC_ALL", "LC_CTYPE", "LANG", "TERM", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        let (mut running, lines) = start(command);
        let said: Vec<String> = lines.iter().collect();
        assert!(running.0.wait().expect("it was started here").success(), "{said:#?}");
        said.join("\n")
    };
    let utf8 = said(&[("LANG", "C.UTF-8"), ("TERM", "xterm")], "always");
    assert!(utf8.contains('\x1b') && utf8.contains('┬') && utf8.contains('└') && utf8.contains('→'), "{utf8}");
    let linux = said(&[("LANG", "C.UTF-8"), ("TERM", "linux")], "auto");
    assert!(linux.is_ascii() && !linux.contains('\x1b'), "a pipe has no colour: {linux}");
}

#[test]
fn the_story_stops_cleanly_in_every_act() {
    for act in ["1", "2", "3", "4"] {
        let mut story = Program::start("network", &["--acts", act]);
        story.line_with(&format!("act {act}"));
        story.signal("INT");
        assert!(story.success().iter().any(|line| line == "stopped"));
    }
}
