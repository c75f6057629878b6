//! A person with a folder of wallets, and a passphrase in a file.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::Outcome;
use crate::common::{folder, path_of};

/// The passphrase of all wallets here, unless a test has another.
pub(crate) const PASSPHRASE: &str = "four blue ducks at dawn";

/// A folder of wallets on one network.
pub(crate) struct Keeper {
    /// Where all the files are.
    pub(crate) folder: PathBuf,
    pub(crate) network: &'static str,
}

impl Keeper {
    /// Makes a folder anew, with the file `pass`.
    pub(crate) fn new(name: &str, network: &'static str) -> Self {
        let keeper = Self { folder: folder(name), network };
        keeper.secret_file("pass", PASSPHRASE);
        keeper
    }

    /// Returns the place of a file.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("a name in UTF-8").to_owned()
    }

    /// Writes a file, and returns its place.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.folder.join(name), text).expect("a place for files");
        self.path(name)
    }

    /// Writes a file that only its owner can read, and returns its place.
    pub(crate) fn secret_file(&self, name: &str, text: &str) -> String {
        let path = self.file(name, text);
        set_mode(Path::new(&path), 0o600);
        path
    }

    /// Returns what a file holds.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Returns a command about one of the wallets, with the passphrase of the file `pass`.
    pub(crate) fn command(&self, wallet: &str, arguments: &[&str]) -> Command {
        let mut command = self.locked_command(wallet, arguments);
        command.arg("--passphrase-file").arg(self.folder.join("pass"));
        command
    }

    /// Returns a command about one of the wallets, without a passphrase and without a terminal.
    pub(crate) fn locked_command(&self, wallet: &str, arguments: &[&str]) -> Command {
        let mut command = without_terminal(&path_of("wallet"));
        command.args(arguments).args(["--network", self.network, "--wallet"]).arg(self.folder.join(wallet));
        command
    }

    /// Returns a command about one of the wallets, for a terminal that the test makes.
    pub(crate) fn plain_command(&self, wallet: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(path_of("wallet"));
        command.args(arguments).args(["--network", self.network, "--wallet"]).arg(self.folder.join(wallet));
        command
    }

    /// Runs a command with the passphrase to its end.
    pub(crate) fn run(&self, wallet: &str, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(wallet, arguments), "")
    }

    /// Runs a command with the passphrase to its end, with this standard input.
    pub(crate) fn run_with(&self, wallet: &str, arguments: &[&str], input: &str) -> Outcome {
        Outcome::of(self.command(wallet, arguments), input)
    }

    /// Runs a command without a passphrase to its end.
    pub(crate) fn run_locked(&self, wallet: &str, arguments: &[&str]) -> Outcome {
        Outcome::of(self.locked_command(wallet, arguments), "")
    }

    /// Makes a wallet, and returns its words.
    pub(crate) fn new_wallet(&self, wallet: &str) -> String {
        let made = self.run(wallet, &["new", "--json"]).json();
        let words = made["words"].as_array().expect("its words").iter();
        words.map(|word| word.as_str().expect("a word")).collect::<Vec<_>>().join(" ")
    }

    /// Returns the present address of a wallet.
    pub(crate) fn address(&self, wallet: &str) -> String {
        self.run(wallet, &["address"]).success().remove(0)
    }

    /// Returns the public key of a wallet's account.
    pub(crate) fn xpub(&self, wallet: &str) -> String {
        self.run(wallet, &["backup", "--json"]).json()["account_xpub"].as_str().expect("a key").to_owned()
    }
}

/// Returns a program that finds no terminal, even if the test was started on one.
fn without_terminal(program: &Path) -> Command {
    if cfg!(target_os = "linux") {
        let mut command = Command::new("setsid");
        command.arg("--wait").arg(program);
        return command;
    }
    Command::new(program)
}

/// Sets who may read and write a file.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
}
