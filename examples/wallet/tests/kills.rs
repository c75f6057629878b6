//! The wallet, killed at any moment while it writes its file: the old file or a whole new one is there, and it opens.
//!
//!     cargo test -p toycoin-wallet-example --test kills            200 kills
//!     TOYCOIN_KILLS=1000 cargo test -p toycoin-wallet-example --test kills -- --nocapture

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../tests/common/mod.rs"]
mod common;
mod sealed;

use std::{
    env, fs,
    io::Read as _,
    process::{Command, Stdio},
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};

use common::{DEADLINE, Running};
use sealed::{Keeper, PASSPHRASE};
use toycoin_keys::{ExtraWord, KeyFile, Passphrase, SealedFile};

const NETWORK: &str = "regtest";

/// Returns a share of the kills: 200 in all, unless the environment has another number.
fn kills(share: usize) -> usize {
    env::var("TOYCOIN_KILLS").map_or(200, |kills| kills.parse::<usize>().unwrap()) * share / 100
}

/// Numbers that look random, from a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn new() -> Self {
        let seed = env::var("TOYCOIN_SEED").map_or(1, |seed| seed.parse().unwrap());
        eprintln!("TOYCOIN_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a moment of something that takes so long. One in four is in its last part, in which the file is written,
    /// or a little after it.
    fn moment(&mut self, length: Duration) -> Duration {
        let permille = match self.next() % 4 {
            0 => 900 + self.next() % 200,
            _ => self.next() % 1_000,
        };
        length * u32::try_from(permille).unwrap() / 1_000
    }
}

/// Runs a command to its end, and returns how long it took.
fn length(command: Command) -> Duration {
    let begun = Instant::now();
    assert!(run(command, DEADLINE), "it is done");
    begun.elapsed()
}

/// Kills a command at a moment, and returns whether it was done before that.
fn run(mut command: Command, moment: Duration) -> bool {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = Running(child.unwrap());
    let mut output = child.0.stdout.take().unwrap();
    let (sender, ended) = channel();
    // its output closes when it ends
    thread::spawn(move || drop(sender.send(output.read_to_end(&mut Vec::new()))));
    if ended.recv_timeout(moment).is_err() {
        child.0.kill().unwrap();
    }
    child.0.wait().unwrap().success()
}

/// Reads a wallet that has to be whole.
fn whole(keeper: &Keeper, wallet: &str) -> SealedFile {
    match KeyFile::read(keeper.text(wallet).as_bytes()) {
        Ok(KeyFile::Sealed(file)) => file,
        other => panic!("{other:?}"),
    }
}

fn opens(file: &SealedFile, passphrase: &str) -> bool {
    file.unlock(&Passphrase::new(passphrase).unwrap(), &ExtraWord::none()).is_ok()
}

/// Asserts that beside the wallet there are hidden files alone, which no command takes for a wallet.
fn only_hidden_files_beside(keeper: &Keeper, known: &[&str]) {
    for entry in fs::read_dir(&keeper.folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name.as_str()) || (name.starts_with('.') && name.ends_with(".new")), "{name}");
    }
}

#[test]
fn killed_while_it_makes_a_wallet() {
    let keeper = Keeper::new("kill new", NETWORK);
    let mut random = Random::new();
    let new = || keeper.command("wallet.json", &["new"]);
    let length = length(new());
    let (mut made, mut not_made) = (0, 0);
    for _ in 0..kills(25) {
        fs::remove_file(keeper.folder.join("wallet.json")).unwrap_or_default();
        run(new(), random.moment(length));
        only_hidden_files_beside(&keeper, &["pass", "wallet.json"]);
        if keeper.folder.join("wallet.json").exists() {
            assert!(opens(&whole(&keeper, "wallet.json"), PASSPHRASE));
            made += 1;
        } else {
            let error = keeper.run_locked("wallet.json", &["address"]).refused(1);
            assert!(error.starts_with("no wallet at"), "{error}");
            not_made += 1;
        }
    }
    eprintln!("killed in `new`, which takes {length:?}: {made} whole wallets, {not_made} times none");
    // what the killed ones left is in nobody's way
    fs::remove_file(keeper.folder.join("wallet.json")).unwrap_or_default();
    keeper.run("wallet.json", &["new"]).success();
}

#[test]
fn killed_while_it_changes_the_passphrase() {
    let keeper = Keeper::new("kill passphrase", NETWORK);
    let mut random = Random::new();
    let words = keeper.new_wallet("wallet.json");
    keeper.secret_file("other", "another one");
    let change = |old: &str, new: &str| {
        let new = keeper.path(new);
        let arguments = ["passphrase", "--new-passphrase-file", &new, "--passphrase-file", &keeper.path(old)];
        keeper.locked_command("wallet.json", &arguments)
    };
    let length = length(change("pass", "other"));
    let (mut names, mut passphrases) = (["other", "pass"], ["another one", PASSPHRASE]);
    let (mut changed, mut kept) = (0, 0);
    for _ in 0..kills(25) {
        let before = keeper.text("wallet.json");
        run(change(names[0], names[1]), random.moment(length));
        only_hidden_files_beside(&keeper, &["pass", "other", "wallet.json"]);
        if keeper.text("wallet.json") == before {
            kept += 1;
            continue;
        }
        let file = whole(&keeper, "wallet.json");
        assert!(opens(&file, passphrases[1]));
        names.reverse();
        passphrases.reverse();
        changed += 1;
    }
    eprintln!("killed in `passphrase`, which takes {length:?}: {changed} times changed, {kept} times kept");
    let unlocked = whole(&keeper, "wallet.json").unlock(&Passphrase::new(passphrases[0]).unwrap(), &ExtraWord::none());
    assert_eq!(unlocked.unwrap().words().iter().collect::<Vec<_>>().join(" "), words);
}

#[test]
fn killed_while_it_gives_out_an_address() {
    let keeper = Keeper::new("kill address", NETWORK);
    let mut random = Random::new();
    let words = keeper.new_wallet("wallet.json");
    let give = || keeper.locked_command("wallet.json", &["address", "--new"]);
    let length = length(give());
    let (mut given, mut kept) = (0, 0);
    for _ in 0..kills(50) {
        let before = whole(&keeper, "wallet.json").next();
        let is_done = run(give(), random.moment(length));
        only_hidden_files_beside(&keeper, &["pass", "wallet.json"]);
        let after = whole(&keeper, "wallet.json").next();
        assert_eq!(before.change, after.change);
        assert!(after.receive == before.receive + 1 || (after == before && !is_done), "{before:?} {after:?}");
        if after == before { kept += 1 } else { given += 1 }
    }
    eprintln!("killed in `address --new`, which takes {length:?}: {given} addresses given out, {kept} not");
    let unlocked = whole(&keeper, "wallet.json").unlock(&Passphrase::new(PASSPHRASE).unwrap(), &ExtraWord::none());
    assert_eq!(unlocked.unwrap().words().iter().collect::<Vec<_>>().join(" "), words);
}
