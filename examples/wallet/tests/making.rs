//! Making a wallet: its words come back, its file is nobody else's, and no file is ever overwritten.

#[path = "../../tests/common/mod.rs"]
mod common;
mod sealed;

use std::{fs, process::Command};

use common::path_of;
use sealed::{Keeper, Outcome, PASSPHRASE};
use serde_json::Value;
use toycoin_core::hex::Hex;
use toycoin_keys::Words;

const NETWORK: &str = "regtest";
/// Words of the entropy of 16 zero bytes, the most quoted vector of BIP-39.
const ZEROS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

/// Returns the words of the numbered lines that people get.
fn words_of(lines: &[String]) -> Vec<String> {
    let numbered = lines.iter().take_while(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    numbered
        .flat_map(|line| line.split_whitespace())
        .filter(|word| word.parse::<u8>().is_err())
        .map(Into::into)
        .collect()
}

#[test]
fn new_words_restore_the_same_wallet() {
    let keeper = Keeper::new("words", NETWORK);
    for (count, arguments) in [(12, &["new"][..]), (24, &["new", "--words", "24"])] {
        let (made, again) = (format!("made {count}"), format!("again {count}"));
        let said = keeper.run(&made, arguments).success();
        let words = words_of(&said);
        assert_eq!(words.len(), count, "{said:#?}");
        assert!(said.iter().any(|line| *line == format!("address  {}", keeper.address(&made))), "{said:#?}");
        // in capitals and with any blanks, as people type
        let typed = format!("  {}\r\n", words.join("  ").to_uppercase());
        keeper.run_with(&again, &["restore"], &typed).success();
        let (first, second) = (keeper.run(&made, &["backup"]).success(), keeper.run(&again, &["backup"]).success());
        assert_eq!((words_of(&first), &first), (words.clone(), &second));
        assert_eq!(keeper.address(&made), keeper.address(&again));
        let (file, entropy) = (keeper.text(&made), words.join(" ").parse::<Words>().unwrap().entropy());
        for secret in [&words[..2].join(" "), &Hex(entropy.as_bytes()).to_string(), PASSPHRASE] {
            assert!(!file.contains(secret), "{file}");
        }
    }
    assert_ne!(keeper.address("made 12"), keeper.address("made 24"));
}

#[test]
fn known_words_give_the_known_account() {
    let keeper = Keeper::new("known words", NETWORK);
    keeper.run_with("zeros", &["restore"], ZEROS).success();
    let backup = keeper.run("zeros", &["backup", "--json"]).json();
    let vectors = include_str!("../../../docs/vectors/keys.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let wallets = vectors["wallets"].as_array().unwrap().iter();
    let known = wallets.filter(|wallet| wallet["words"] == ZEROS && wallet["account_xpub"] == backup["account_xpub"]);
    assert_eq!(known.count(), 1, "{backup}");
}

#[test]
fn wrong_words_say_which_one_and_what_was_meant() {
    let keeper = Keeper::new("wrong words", NETWORK);
    let typo = ZEROS.replace("about", "abuot");
    let strange = ZEROS.replacen("abandon", "hunter2-hunter2", 1);
    let order = ZEROS.replace("abandon about", "about abandon");
    for (typed, wanted) in [
        (typo.as_str(), "word 12 is not in the English list of BIP-39; did you mean \"about\"?"),
        (&strange, "word 1 is not in the English list of BIP-39"),
        (&order, "the checksum does not match: one of the words, or their order, is not as it was written down"),
        ("abandon about", "a wallet has 12 or 24 words, these are 2"),
        ("", "a wallet has 12 or 24 words, these are 0"),
        (&"abandon ".repeat(1_000), "this text is longer than 24 words can be"),
    ] {
        let outcome = keeper.run_with("wrong", &["restore"], typed);
        assert_eq!(outcome.refused(1), wanted);
        assert!(!outcome.err.contains("hunter2"), "what was typed may be a passphrase: {outcome:?}");
    }
    assert!(!keeper.folder.join("wrong").exists(), "nothing was made");
}

#[test]
fn no_file_is_ever_overwritten() {
    let keeper = Keeper::new("overwritten", NETWORK);
    keeper.run_with("old", &["restore"], ZEROS).success();
    let xpub = keeper.xpub("old");
    keeper.file("note", "not a wallet, and not to be lost");
    for name in ["old", "note"] {
        let before = keeper.text(name);
        for arguments in [&["new"][..], &["restore"], &["new", "--watch-only", &xpub]] {
            let error = keeper.run_with(name, arguments, ZEROS).refused(1);
            assert!(error.ends_with("is there already; --wallet names another file"), "{arguments:?}: {error}");
            assert_eq!(keeper.text(name), before, "{arguments:?}");
        }
    }
    #[cfg(unix)]
    {
        // a link to nowhere is a file, too: what it names may come back with a disk
        std::os::unix::fs::symlink("missing", keeper.folder.join("link")).unwrap();
        assert!(keeper.run("link", &["new"]).refused(1).contains("is there already"));
        assert!(!keeper.folder.join("missing").exists());
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_reads_the_files_whatever_the_umask_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let keeper = Keeper::new("umask", NETWORK);
    let run = |arguments: &str, wallet: &str, input: &str| {
        let script =
            format!("umask 0; exec \"$0\" {arguments} --network regtest --wallet \"$1\" --passphrase-file \"$2\"");
        let mut command = Command::new("bash");
        command.args(["-c", &script]).arg(path_of("wallet")).args([keeper.path(wallet), keeper.path("pass")]);
        Outcome::of(command, input).success()
    };
    let mode = |name: &str| fs::metadata(keeper.folder.join(name)).unwrap().permissions().mode() & 0o7777;
    run("new", "made", "");
    run("restore", "again", ZEROS);
    let watch = format!("new --watch-only {}", keeper.xpub("again"));
    run(&watch, "watch", "");
    run("address --new --label rent", "again", "");
    run("address --new", "watch", "");
    run("passphrase --new-passphrase-file \"$2\"", "made", "");
    for name in ["made", "again", "watch", "again.labels.jsonl"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    // a file that others can read is used, with a warning
    fs::set_permissions(keeper.folder.join("made"), fs::Permissions::from_mode(0o644)).unwrap();
    let outcome = keeper.run("made", &["address"]);
    assert!(outcome.err.starts_with("warning: others can read") && outcome.code == Some(0), "{outcome:?}");
}

#[test]
fn a_changed_passphrase_opens_and_the_old_one_does_not() {
    let keeper = Keeper::new("passphrase", NETWORK);
    let words = keeper.new_wallet("wallet");
    keeper.run("wallet", &["address", "--new"]).success();
    let address = keeper.address("wallet");
    let new = keeper.secret_file("new pass", "another one\n");
    let changed = keeper.run("wallet", &["passphrase", "--new-passphrase-file", &new, "--json"]).json();
    assert_eq!(changed["changed"], true);
    assert_eq!(keeper.run("wallet", &["backup"]).refused(1), "wrong passphrase, or the file was changed");
    keeper.secret_file("pass", "another one");
    assert_eq!(words_of(&keeper.run("wallet", &["backup"]).success()).join(" "), words);
    assert_eq!(keeper.address("wallet"), address, "what was given out stays so");
}

#[test]
fn a_private_wallet_shows_nothing_without_its_passphrase() {
    let keeper = Keeper::new("private", NETWORK);
    keeper.run_with("open", &["restore"], ZEROS).success();
    keeper.run_with("private", &["restore", "--private"], ZEROS).success();
    let xpub = keeper.xpub("open");
    assert!(keeper.text("open").contains(&xpub) && !keeper.text("private").contains("xpub"));
    assert_eq!(keeper.xpub("private"), xpub);
    assert_eq!(keeper.address("private"), keeper.address("open"));
    keeper.run_locked("open", &["address"]).success();
    for command in [&["address"][..], &["addresses"], &["balance"]] {
        assert!(keeper.run_locked("private", command).refused(2).contains("--passphrase-file FILE"), "{command:?}");
    }
}

#[test]
fn a_watch_only_wallet_has_the_same_addresses() {
    let keeper = Keeper::new("watch", NETWORK);
    keeper.new_wallet("own");
    let xpub = keeper.xpub("own");
    keeper.run_locked("watch", &["new", "--watch-only", &xpub]).success();
    for _ in 0..3 {
        let of = |wallet| keeper.run_locked(wallet, &["address", "--new", "--json"]).json();
        assert_eq!(of("own"), of("watch"));
    }
    let all = keeper.run_locked("watch", &["addresses", "--json"]).json();
    assert_eq!(
        (all.as_array().map(Vec::len), all),
        (Some(4), keeper.run_locked("own", &["addresses", "--json"]).json())
    );
    assert!(keeper.run("watch", &["backup"]).refused(1).contains("only watches"));
    assert!(keeper.run("watch", &["passphrase"]).refused(1).contains("nothing in it is sealed"));
}

#[test]
fn another_account_has_other_addresses() {
    let keeper = Keeper::new("accounts", NETWORK);
    keeper.run_with("first", &["restore"], ZEROS).success();
    keeper.run_with("second", &["restore", "--account", "1"], ZEROS).success();
    assert_ne!(keeper.address("first"), keeper.address("second"));
    let error = keeper.run_with("none", &["restore", "--account", "2147483648"], ZEROS).refused(1);
    assert!(error.contains("2147483647") || error.contains("account"), "{error}");
}
