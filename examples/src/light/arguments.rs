//! The arguments of a light wallet.

use clap::Args;

use crate::arguments::number;

/// Whether and how a wallet does without a chain.
#[derive(Debug, Clone, Args)]
pub struct LightArguments {
    /// Fetch no chain: let full nodes prove the tip and find the payments. What it found is kept in WALLET.light,
    /// beside the wallet's file.
    #[arg(long, global = true)]
    pub light: bool,
    /// Look for payments from this height on: nobody paid the wallet before [default: that of the wallet's file, or 1].
    /// `new` and `restore` write it into the file.
    #[arg(long, value_name = "HEIGHT", global = true, value_parser = number::<u64>(1..))]
    pub birthday: Option<u64>,
}
