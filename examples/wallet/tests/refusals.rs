//! What the wallet refuses: one sentence on standard error, nothing on standard output, no panic, and the documented
//! exit code: 1 refused, 2 wrong arguments, 3 nobody there.

#[path = "../../tests/common/mod.rs"]
mod common;
mod sealed;

use common::{classroom_address, free_address};
use sealed::{Keeper, Scene};
use toycoin_core::{ChainParams, SecretKey};

const NETWORK: &str = "regtest";
const NO_TXID: &str = "abababababababababababababababababababababababababababababababab";

/// An address of the lab, which is foreign here.
fn foreign() -> String {
    ChainParams::lab().address(SecretKey::classroom(1).public_key()).to_string()
}

#[test]
fn payments_that_cannot_be_made() {
    let mut scene = Scene::new("cannot be made", NETWORK);
    scene.keeper.new_wallet("alice");
    let bob = classroom_address(1);
    // without a coin
    for arguments in [&["pay", &bob, "all"][..], &["pay", &bob, "1"], &["consolidate"]] {
        let error = scene.run("alice", arguments).refused(1);
        assert!(!error.is_empty() && !error.contains("Error"), "{arguments:?}: {error}");
    }
    scene.mine_for("alice", 6);
    // its blocks tell each command at once that somebody is there
    let _miner = scene.miner();
    let taken = format!("{NO_TXID}:0");
    for (arguments, wanted) in [
        (&["pay", &bob, "100000"][..], "insufficient funds: "),
        (&["pay", &bob, "1", "--fee-rate", "1000000000"], "each coin costs more at this fee rate than it is worth"),
        // coins that are not worth their own fee at this rate are dust
        (&["pay", &bob, "all", "--fee-rate", "1000000000"], ""),
        (&["pay", &bob, "1", "--coin", &taken], ""),
        (&["pay", &bob, "0.001"], "not done: the fee, "),
        (&["pay", &bob, "1", "--fee-rate", "100001"], "looks like a mistake; --yes-really does it all the same"),
        (&["bump", NO_TXID, "--fee-rate", "9000"], ""),
        (&["cancel", NO_TXID], ""),
    ] {
        let outcome = scene.run("alice", arguments);
        // what a fee is too high for is shown first
        let error = if wanted.contains("fee") || wanted.contains("mistake") {
            outcome.refused_after_its_price(1)
        } else {
            outcome.refused(1)
        };
        assert!(error.contains(wanted), "{arguments:?}: {error}");
    }
    let left = scene.run("alice", &["balance", "--json"]).json();
    assert_eq!(left["reserved"], "0.00000000", "nothing was sent");
}

#[test]
fn a_foreign_address_is_refused_before_a_passphrase_is_asked() {
    let keeper = Keeper::new("foreign", NETWORK);
    keeper.new_wallet("wallet");
    let list = keeper.file("list.csv", &format!("{},1\n{},1\n", classroom_address(1), foreign()));
    let nowhere = free_address();
    for arguments in [&["pay", &foreign(), "1"][..], &["pay", &foreign(), "all"], &["pay", "--file", &list]] {
        // without passphrase, terminal and network
        let error = keeper.run_locked("wallet", &[arguments, &["--relay", &nowhere]].concat()).refused(1);
        assert!(error.contains("tlab") && error.contains("treg"), "{arguments:?}: {error}");
    }
}

#[test]
fn a_watch_only_wallet_signs_nothing() {
    let keeper = Keeper::new("only watches", NETWORK);
    keeper.new_wallet("own");
    let (xpub, nowhere) = (keeper.xpub("own"), free_address());
    keeper.run_locked("watch", &["new", "--watch-only", &xpub]).success();
    let bob = classroom_address(1);
    for arguments in [
        &["pay", &bob, "1"][..],
        &["pay", &bob, "all"],
        &["consolidate"],
        &["bump", NO_TXID, "--fee-rate", "9000"],
        &["cancel", NO_TXID],
    ] {
        let error = keeper.run_locked("watch", &[arguments, &["--relay", &nowhere]].concat()).refused(1);
        assert!(error.contains("only watches") && error.contains("`wallet build`"), "{arguments:?}: {error}");
    }
}

#[test]
fn without_a_terminal_a_passphrase_needs_a_file() {
    let keeper = Keeper::new("no terminal", NETWORK);
    for (wallet, arguments) in [("none", &["new"][..]), ("some", &["backup"]), ("some", &["passphrase"])] {
        if wallet == "some" && !keeper.folder.join("some").exists() {
            keeper.new_wallet("some");
        }
        let error = keeper.run_locked(wallet, arguments).refused(2);
        assert!(error.contains("no terminal") && error.contains("--passphrase-file FILE"), "{arguments:?}: {error}");
    }
    assert!(!keeper.folder.join("none").exists(), "nothing was made");
}

#[test]
fn passphrase_files_that_are_not_to_be_trusted() {
    let keeper = Keeper::new("pass files", NETWORK);
    keeper.new_wallet("wallet");
    let run = |file: &str| {
        let path = keeper.path(file);
        keeper.run_locked("wallet", &["backup", "--passphrase-file", &path]).refused(1)
    };
    assert!(run("missing").contains("cannot read"));
    keeper.secret_file("empty", "\n");
    assert!(run("empty").ends_with("the passphrase is empty"));
    keeper.secret_file("long", &"a".repeat(1_025));
    assert!(run("long").contains("at most 1024 bytes"));
    std::fs::create_dir(keeper.folder.join("folder")).expect("a place for files");
    assert!(run("folder").contains("is a directory"));
    let error = keeper.run_locked("folder", &["address"]).refused(1);
    assert!(error.contains("is a directory"), "{error}");
    keeper.secret_file("wrong", "five blue ducks");
    assert_eq!(run("wrong"), "wrong passphrase, or the file was changed");
    #[cfg(unix)]
    for mode in [0o640, 0o604, 0o644, 0o620] {
        use std::os::unix::fs::PermissionsExt as _;
        let path = keeper.folder.join("pass");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
        let error = run("pass");
        assert!(error.starts_with("others can read") && error.contains("chmod 600"), "{mode:o}: {error}");
    }
}

#[test]
fn files_that_are_no_wallet_of_this_network() {
    let keeper = Keeper::new("no wallet", NETWORK);
    keeper.new_wallet("good");
    let good = keeper.text("good");
    let half = &good[..good.len() / 2];
    keeper.secret_file("half", half);
    keeper.secret_file("empty", "");
    keeper.secret_file("words", "no key");
    keeper.secret_file("long", &" ".repeat(5_000));
    keeper.secret_file("later", &good.replacen("\"toycoin_wallet\":1", "\"toycoin_wallet\":2", 1));
    keeper.secret_file("costly", &good.replacen("\"m_kib\":65536", "\"m_kib\":4294967295", 1));
    keeper.secret_file("lab", &good.replacen("regtest", "lab", 1));
    for (name, wanted) in [
        ("missing", "`wallet new` makes one"),
        ("half", "not a key file"),
        ("empty", "not a key file"),
        ("words", "not a key file"),
        ("long", "not a key file"),
        ("later", "use a newer program"),
        ("costly", "the key derivation of this key file is refused"),
        ("lab", "this wallet is for the network lab, not for regtest"),
    ] {
        for command in ["address", "addresses", "backup", "balance", "passphrase"] {
            let error = keeper.run(name, &[command, "--relay", "127.0.0.1:9"]).refused(1);
            assert!(error.contains(wanted), "{name}, {command}: {error}");
        }
    }
    // what is changed in the seal shows when it is opened
    let changed = good.replacen("\"birthday\":0", "\"birthday\":1", 1);
    keeper.secret_file("changed", &changed);
    keeper.run_locked("changed", &["address"]).success();
    assert_eq!(keeper.run("changed", &["backup"]).refused(1), "wrong passphrase, or the file was changed");
}

#[test]
fn nobody_there_is_exit_code_3() {
    let keeper = Keeper::new("nobody", NETWORK);
    keeper.new_wallet("wallet");
    let (bob, nowhere) = (classroom_address(1), free_address());
    let relay = ["--relay", &nowhere, "--patience", "1"];
    for arguments in [
        &["balance"][..],
        &["balance", "--light"],
        &["pay", &bob, "1"],
        &["consolidate"],
        &["tip"],
        &["peers"],
        &["prove", NO_TXID],
        &["bump", NO_TXID],
        &["cancel", NO_TXID],
    ] {
        let error = keeper.run("wallet", &[arguments, &relay].concat()).refused(3);
        assert!(error.contains("cannot reach a relay") && error.contains(&nowhere), "{arguments:?}: {error}");
    }
}

#[test]
fn arguments_that_cannot_go_together() {
    let keeper = Keeper::new("arguments", NETWORK);
    let (bob, long) = (classroom_address(1), "a".repeat(256));
    for arguments in [
        &[][..],
        &["pay"],
        &["pay", &bob],
        &["pay", &bob, "-1"],
        &["pay", &bob, "0"],
        &["pay", &bob, "1.000000001"],
        &["pay", &bob, "everything"],
        &["pay", "treg1nonsense", "1"],
        &["pay", &bob, "1", "--coin", "1234"],
        &["pay", &bob, "1", "--wait", "0"],
        &["pay", &bob, "1", "--label", &long],
        &["pay", &bob, "1", "--label", &long, "--dry-run"],
        &["address", "--label", "two\nlines"],
        &["pay", &bob, "1", "--dry-run", "--yes"],
        &["pay", &bob, "1", "--file", "list.csv"],
        &["new", "--words", "15"],
        &["new", "--watch-only", "xpub"],
        &["new", "--watch-only", "xpub", "--private"],
        &["bump", "1234"],
        &["cancel"],
        &["label", "only one"],
        &["labels"],
        &["history", "--limit", "0"],
        &["rescan", "--from", "-1"],
        &["verify-message", &bob, "text"],
        &["no-such-command"],
        &["balance", "--passphrase", "secret"],
    ] {
        keeper.run("wallet", arguments).usage();
    }
}
