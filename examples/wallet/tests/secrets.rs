//! What of a wallet's secrets is in the memory of its process: nothing while it is locked, nothing once it has signed.
//! No secret is ever among its arguments or in its environment, and the system writes no core dump of it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../tests/common/mod.rs"]
mod common;
mod memory;
mod sealed;

use std::{fs, net::TcpListener};

use common::{Program, classroom_address};
use memory::{Memory, Needle};
use sealed::{Keeper, Scene, Terminal};
use toycoin_core::hex::Hex;
use toycoin_keys::{Branch, ExtraWord, Place, SpendingAccount, Words};

const NETWORK: &str = "regtest";
/// What nothing else in a process looks like.
const ENTROPY: [u8; 16] = *b"\x9d\x13\xe7\x5c\x21\xf0\x8b\x46\xaa\x0e\x73\xd9\x35\xc2\x6f\x81";

/// A passphrase that is long, since a text that grows while it is typed may leave its parts behind.
const LONG: &str =
    "7 unripe quinces, 19 vexed jugglers & a zebra named Xaver crossed the Hvar strait at 4:35 by pedalo";

/// Returns the words of the wallet in these tests.
fn words() -> String {
    Words::from_entropy(&ENTROPY).unwrap().iter().collect::<Vec<_>>().join(" ")
}

/// Returns what must not be found.
fn secrets() -> Vec<Needle> {
    let (words, text) = (Words::from_entropy(&ENTROPY).unwrap(), words());
    let list: Vec<_> = text.split(' ').collect();
    // any two words with a blank between them, so that a part of a text that was written over shows, too
    let pairs = list.windows(2).map(|pair| Needle::new("words", pair.join(" ")));
    let seed = words.seed(&ExtraWord::none());
    let account = SpendingAccount::derive(&seed, 0).unwrap();
    let key = account.secret_key(Place::new(Branch::Receive, 0).unwrap()).unwrap();
    let mut secrets: Vec<_> = pairs.collect();
    secrets.push(Needle::new("entropy", ENTROPY));
    secrets.push(Needle::new("entropy in hex", Hex(&ENTROPY).to_string()));
    // the first half is enough of each
    secrets.push(Needle::new("seed", &seed.as_bytes()[..32]));
    secrets.push(Needle::new("secret key", &key.to_bytes()[..]));
    // the form in which the words are kept: numbers of 11 bits
    let number = |word: usize| (0..11).fold(0, |number, bit| number << 1 | bit_of(&ENTROPY, 11 * word + bit));
    for words in (0..11).collect::<Vec<_>>().windows(4) {
        let numbers: Vec<_> = words.iter().flat_map(|word| number(*word).to_ne_bytes()).collect();
        secrets.push(Needle::new("numbers of words", numbers));
    }
    let parts = LONG.as_bytes().chunks(4).collect::<Vec<_>>();
    secrets.extend(parts.windows(3).map(|part| Needle::new("a part of the passphrase", part.concat())));
    secrets
}

fn bit_of(bytes: &[u8], bit: usize) -> u16 {
    u16::from(bytes[bit / 8] >> (7 - bit % 8) & 1)
}

/// Asserts that a process holds no secret, but what the test knows that it holds.
fn holds_no_secret(pid: u32, known: &str) {
    for file in ["cmdline", "environ"] {
        let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap();
        assert!(!bytes.is_empty() && !secrets().iter().any(|secret| secret.is_in(&bytes)), "{file}");
    }
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let numbers: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");

    let Some(memory) = Memory::of(pid) else { return };
    let secrets = secrets();
    let found: Vec<_> = memory.find(&secrets).into_iter().map(|(_, place)| place).collect();
    assert!(found.is_empty(), "{found:#?}");
    assert!(!memory.find(&[Needle::new("what it has to know", known)]).is_empty(), "the memory is read");
}

/// Returns somebody with the long passphrase.
fn keeper(name: &str) -> Keeper {
    let keeper = Keeper::new(name, NETWORK);
    keeper.secret_file("pass", LONG);
    keeper
}

/// Starts a wallet that waits for a relay which never says anything.
fn waiting(keeper: &Keeper, listener: &TcpListener, arguments: &[&str]) -> Program {
    let relay = listener.local_addr().unwrap().to_string();
    let (wallet, pass) = (keeper.path("alice"), keeper.path("pass"));
    let common = ["--wallet", &wallet, "--passphrase-file", &pass, "--network", NETWORK, "--relay", &relay];
    Program::start("wallet", &[arguments, &common].concat())
}

#[test]
fn a_locked_wallet_holds_no_secret() {
    let keeper = keeper("locked memory");
    keeper.run_with("alice", &["restore"], &words()).success();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // a payment, too, is not unlocked before it is known what it spends
    for arguments in [&["balance"][..], &["pay", &classroom_address(1), "1"]] {
        let wallet = waiting(&keeper, &listener, arguments);
        let _connection = listener.accept().unwrap();
        holds_no_secret(wallet.id(), &keeper.path("alice"));
        wallet.kill();
    }
}

#[test]
fn a_private_wallet_forgets_what_it_was_opened_for() {
    let keeper = keeper("private memory");
    keeper.run_with("alice", &["restore", "--private"], &words()).success();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let wallet = waiting(&keeper, &listener, &["balance"]);
    let _connection = listener.accept().unwrap();
    holds_no_secret(wallet.id(), &keeper.path("alice"));
    wallet.kill();
}

#[test]
fn a_payment_that_waits_has_forgotten_them() {
    let mut scene = Scene::new("signed memory", NETWORK);
    earn(&mut scene);
    let mut wallet = scene.start("alice", &["pay", &classroom_address(1), "1"]);
    let txid = wallet.line_with("payment ");
    holds_no_secret(wallet.id(), &scene.keeper.path("alice"));
    wallet.kill();
    assert!(txid.len() > 64, "it was signed: {txid}");
}

#[test]
fn a_passphrase_that_was_typed_is_forgotten() {
    let mut scene = Scene::new("typed memory", NETWORK);
    earn(&mut scene);
    let bob = classroom_address(1);
    let command = scene.keeper.plain_command("alice", &["pay", &bob, "1", "--yes", "--relay", &scene.relay]);
    let Some(mut terminal) = Terminal::start(&command) else { return };
    let pid = terminal.pid();
    terminal.wait_for("passphrase: ");
    holds_no_secret(pid, &scene.keeper.path("alice"));
    terminal.type_hidden(pid, LONG);
    terminal.wait_for("payment ");
    assert!(!terminal.shown.contains(LONG), "it is not shown: {}", terminal.shown);
    holds_no_secret(pid, &scene.keeper.path("alice"));
}

/// Restores the wallet, and mines for it.
fn earn(scene: &mut Scene) {
    scene.keeper.secret_file("pass", LONG);
    scene.keeper.run_with("alice", &["restore"], &words()).success();
    scene.mine_for("alice", 6);
}

#[test]
fn typed_words_are_in_memory_as_numbers_alone() {
    let keeper = keeper("typed words in memory");
    let Some(mut terminal) = Terminal::start(&keeper.plain_command("alice", &["restore"])) else { return };
    let pid = terminal.pid();
    terminal.wait_for("the words, in their order");
    terminal.type_line(&words());
    terminal.wait_for("new passphrase: ");
    let Some(memory) = Memory::of(pid) else { return };
    // it needs them while it waits for the passphrase that will seal them: the search finds what is there
    let secrets = secrets();
    let found = memory.find(&secrets);
    let is_found = |secret: &Needle| found.iter().any(|(found, _)| found.bytes() == secret.bytes());
    let named = |name: &'static str| secrets.iter().filter(move |secret| secret.name == name);
    assert!(named("numbers of words").all(is_found));
    assert!(!named("words").any(is_found), "neither a line nor a buffer is left: {found:#?}");
}
