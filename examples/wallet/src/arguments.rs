//! The arguments of the wallet.

use std::path::PathBuf;

use clap::{Args, Parser};
use toycoin_examples::{
    arguments::{NetworkChoice, number},
    light::arguments::LightArguments,
    meshing::ClientMeeting,
};

use crate::command::Command;

/// Keeps keys under a passphrase, and pays with them.
#[derive(Debug, Parser)]
#[command(name = "wallet", version, max_term_width = 80)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// File of the wallet [default: wallet.json, or toycoin.key if that alone is there].
    #[arg(long, value_name = "FILE", global = true, visible_alias = "key")]
    pub wallet: Option<PathBuf>,
    /// File with the passphrase, which only you can read (mode 600). Without it, the terminal asks.
    #[arg(long, value_name = "FILE", global = true)]
    pub passphrase_file: Option<PathBuf>,
    /// The wallet has an extra word besides its words: ask for it.
    #[arg(long, global = true)]
    pub extra_word: bool,
    /// Print one value of JSON; what is said to people goes to standard error.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub network: NetworkChoice,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub online: Online,
}

/// How the wallet learns of the chain.
#[derive(Debug, Clone, Args)]
pub struct Online {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub meeting: ClientMeeting,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub light: LightArguments,
    /// Give up with exit code 3 after this long without verified progress.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, global = true, value_parser = number::<u64>(1..=86_400))]
    pub patience: u64,
}
