//! A wallet: words on paper, keys in a file under a passphrase, payments, and receipts that prove them.
//!
//!     cargo run --release --example wallet -- new
//!     cargo run --release --example wallet -- balance
//!     cargo run --release --example wallet -- pay tlab1... 2.5 --dry-run
//!     cargo run --release --example wallet -- pay tlab1... 2.5
//!     cargo run --release --example wallet -- history
//!     cargo run --release --example wallet -- balance --light
//!     cargo run --release --example wallet -- prove TXID > receipt.json
//!     cargo run --release --example wallet -- verify receipt.json
//!
//! `node --payout ADDRESS` earns the first coins. The chain comes from the network each time. With `--light`, no chain
//! comes: full nodes prove the tip and find the payments.

use std::process::ExitCode;

use clap::Parser as _;
use toycoin_wallet_example::{arguments::Arguments, run};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    toycoin_examples::init_logs();
    toycoin_examples::run(run(&arguments))
}
