//! A wallet on a terminal: what is asked for, how often, and what is shown of it.

#[path = "../../tests/common/mod.rs"]
mod common;
mod sealed;

use common::free_address;
use sealed::{Keeper, PASSPHRASE, Terminal};

const NETWORK: &str = "regtest";
const ZEROS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

#[test]
fn a_new_passphrase_is_typed_twice_and_not_shown() {
    let keeper = Keeper::new("typed twice", NETWORK);
    let Some(mut terminal) = Terminal::start(&keeper.plain_command("wallet", &["new"])) else { return };
    let pid = terminal.pid();
    for [first, second] in [[PASSPHRASE, "five blue ducks"], [PASSPHRASE, PASSPHRASE]] {
        terminal.wait_for("new passphrase: ");
        terminal.type_hidden(pid, first);
        terminal.wait_for("the same again: ");
        terminal.type_hidden(pid, second);
    }
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("the two differ") && shown.contains("address  treg1"), "{shown}");
    assert!(!shown.contains(PASSPHRASE) && !shown.contains("five blue ducks"), "{shown}");
    keeper.run("wallet", &["backup"]).success();
}

#[test]
fn a_passphrase_that_differs_each_time_makes_nothing() {
    let keeper = Keeper::new("typed wrong", NETWORK);
    let Some(mut terminal) = Terminal::start(&keeper.plain_command("wallet", &["new"])) else { return };
    let pid = terminal.pid();
    for _ in 0..3 {
        terminal.wait_for("new passphrase: ");
        terminal.type_hidden(pid, PASSPHRASE);
        terminal.wait_for("the same again: ");
        terminal.type_hidden(pid, "five blue ducks");
    }
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(!keeper.folder.join("wallet").exists());
}

#[test]
fn words_may_be_corrected() {
    let keeper = Keeper::new("typed words", NETWORK);
    let Some(mut terminal) = Terminal::start(&keeper.plain_command("wallet", &["restore"])) else { return };
    let pid = terminal.pid();
    terminal.wait_for("the words, in their order");
    terminal.type_line(&ZEROS.replace("about", "abuot"));
    terminal.wait_for("did you mean \"about\"?");
    terminal.wait_for("the words, in their order");
    terminal.type_line(ZEROS);
    for prompt in ["new passphrase: ", "the same again: "] {
        terminal.wait_for(prompt);
        terminal.type_hidden(pid, PASSPHRASE);
    }
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    keeper.run_with("piped", &["restore"], ZEROS).success();
    assert_eq!(keeper.xpub("wallet"), keeper.xpub("piped"));
}

#[test]
fn an_extra_word_makes_another_wallet_and_is_needed() {
    let keeper = Keeper::new("extra word", NETWORK);
    let pass = keeper.path("pass");
    let arguments = |command| [command, "--extra-word", "--passphrase-file", &pass];
    let Some(mut terminal) = Terminal::start(&keeper.plain_command("wallet", &arguments("new"))) else { return };
    let pid = terminal.pid();
    for [first, second] in [["panthrea", "panthera"], ["panthera", "panthera"]] {
        terminal.wait_for("extra word: ");
        terminal.type_hidden(pid, first);
        terminal.wait_for("the same again: ");
        terminal.type_hidden(pid, second);
    }
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("panthera"), "{shown}");
    let error = "the file opens, but the extra word is missing or wrong: the words give another account";
    assert_eq!(keeper.run("wallet", &["backup"]).refused(1), error);
    for (word, wanted) in [("lion", 1), ("panthera", 0)] {
        let mut terminal =
            Terminal::start(&keeper.plain_command("wallet", &arguments("backup"))).expect("there was one");
        let pid = terminal.pid();
        terminal.wait_for("extra word: ");
        terminal.type_hidden(pid, word);
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(wanted), "{shown}");
        assert_eq!(shown.contains(error), word == "lion", "{shown}");
    }
    // without a terminal there is no way to give it
    keeper.run("wallet", &["backup", "--extra-word"]).refused(2);
}

#[test]
fn ctrl_c_at_a_prompt_makes_nothing() {
    let keeper = Keeper::new("ctrl c", NETWORK);
    for command in [&["new"][..], &["restore"]] {
        let Some(mut terminal) = Terminal::start(&keeper.plain_command("wallet", command)) else { return };
        terminal.wait_for(if command[0] == "new" { "new passphrase: " } else { "the words, in their order" });
        terminal.type_keys("\x03");
        let (code, shown) = terminal.end();
        assert!(code != Some(0) && !shown.contains("panicked"), "{code:?}: {shown}");
        assert!(!keeper.folder.join("wallet").exists());
    }
}

#[test]
fn a_foreign_address_is_refused_without_a_question() {
    let keeper = Keeper::new("asked nothing", NETWORK);
    keeper.new_wallet("wallet");
    let lab = "tlab1sdmp26tdpj0p5luntjh2zht837uazhylh6a6sc05j73plzdffw5q4qu9qw";
    let command = keeper.plain_command("wallet", &["pay", lab, "1", "--relay", &free_address()]);
    let Some(terminal) = Terminal::start(&command) else { return };
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(!shown.contains("passphrase") && shown.contains("treg1"), "{shown}");
}
