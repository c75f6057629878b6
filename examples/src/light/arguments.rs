//! The arguments of a light wallet.

use clap::Args;

use crate::arguments::number;

/// Whether and how a wallet does without a chain.
#[derive(Debug, Clone, Args)]
pub struct LightArguments {
    /// Fetch no chain: let full nodes prove the tip and find the payments. What it found is kept in KEY.light, beside
    /// the key.
    #[arg(long, global = true)]
    pub light: bool,
    /// Look for payments from this height on: the key was neither paid nor used before [default: 1].
    #[arg(long, value_name = "HEIGHT", requires = "light", global = true, value_parser = number::<u64>(1..))]
    pub birthday: Option<u64>,
}
