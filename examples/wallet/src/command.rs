//! The commands of the wallet.

use std::{error::Error, path::PathBuf};

use clap::{Args, Subcommand};
use toycoin_core::{Address, FeeRate, Txid};
use toycoin_examples::{arguments::number, inspect::BlockName};
use toycoin_keys::{AccountKey, Labels};

use crate::{coin_name::CoinName, fee_estimates, sum::Sum};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a wallet: draw its words, seal them under a passphrase, and show both words and address.
    New(Box<NewWallet>),
    /// Make a wallet again from its words, which are asked for.
    Restore(Restored),
    /// Show the words, after the passphrase. Write them on paper: whoever has them has the coins.
    Backup,
    /// Show the address for payments, and for `node --payout`.
    Address {
        /// Show a fresh one, for another payer.
        #[arg(long)]
        new: bool,
        /// Label of the address, such as the payer's name.
        #[arg(long, value_name = "TEXT", value_parser = label)]
        label: Option<String>,
        /// Show it as a QR code, too.
        #[arg(long)]
        qr: bool,
    },
    /// Show all addresses that were given out.
    Addresses,
    /// Show the value of the coins.
    Balance {
        /// Show each coin.
        #[arg(long)]
        coins: bool,
    },
    /// Show what a payment costs, pay, and wait for the confirmation. On a terminal it asks first.
    Pay(Pay),
    /// Pay all coins to oneself as one coin: later payments are smaller, and cost less.
    Consolidate(Terms),
    /// Raise the fee of a payment that no block holds yet: send it once more (replace-by-fee).
    Bump {
        /// Id of the payment that waits.
        txid: Txid,
        #[command(flatten)]
        #[allow(missing_docs)]
        terms: Terms,
    },
    /// Take back a payment that no block holds yet: pay its coins to oneself, with a higher fee. A miner decides which
    /// of the two counts.
    Cancel {
        /// Id of the payment that waits.
        txid: Txid,
        #[command(flatten)]
        #[allow(missing_docs)]
        terms: Terms,
    },
    /// Show incoming and outgoing payments, with the balance after each.
    History {
        /// Show the newest ones alone.
        #[arg(long, value_name = "N", value_parser = number::<usize>(1..))]
        limit: Option<usize>,
    },
    /// Give a payment, an address or a coin a label; an empty text removes it.
    Label {
        /// Transaction id, address, or TXID:VOUT for a coin.
        reference: String,
        /// The label; an empty text removes it.
        text: String,
    },
    /// Export all labels, or import those of another wallet (lines of BIP-329).
    Labels {
        #[command(subcommand)]
        #[allow(missing_docs)]
        command: LabelsCommand,
    },
    /// Prepare a payment without a key, and print it for `wallet sign`, which runs where the key is.
    Build(Draft),
    /// Sign a prepared payment without a network, and print it for `wallet send`.
    Sign {
        /// File with the prepared payment; - for standard input.
        file: PathBuf,
        #[command(flatten)]
        #[allow(missing_docs)]
        agreement: Agreement,
    },
    /// Send a signed payment, and wait for its confirmation. This needs no wallet.
    Send {
        /// File with the signed payment; - for standard input.
        file: PathBuf,
        /// Number of confirmations to wait for.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<u64>(1..))]
        wait: u64,
    },
    /// Print a receipt: the proof that a block holds a payment. This and `verify` need no wallet.
    Prove {
        /// Transaction id.
        txid: Txid,
        /// Output of the payment that the receipt is about, from 0; may be repeated [default: 0].
        #[arg(long, value_name = "N")]
        output: Vec<u32>,
    },
    /// Verify a receipt without a network, and say what it shows and what it does not.
    Verify {
        /// File with the receipt; - for standard input.
        receipt: PathBuf,
        /// Refuse a receipt of another network than the one with this genesis block.
        #[arg(long, value_name = "HASH")]
        genesis: Option<toycoin_core::BlockHash>,
    },
    /// Look for payments again, in all blocks. Without --light, every command does so.
    Rescan {
        /// Begin at this height.
        #[arg(long, value_name = "HEIGHT", value_parser = number::<u64>(1..))]
        from: Option<u64>,
    },
    /// Sign a text with the key of an address. Nobody can use the signature for a payment.
    SignMessage {
        /// The text.
        text: String,
        /// Address of this wallet that signs [default: the first one].
        #[arg(long, value_name = "ADDRESS")]
        address: Option<Address>,
    },
    /// Verify a signed text; this needs no wallet.
    VerifyMessage {
        /// Address of the signer.
        address: Address,
        /// The text.
        text: String,
        /// The signature, 128 hex digits.
        signature: String,
    },
    /// Change the passphrase. Copies of the file keep the old one.
    Passphrase {
        /// File with the new passphrase, which only you can read (mode 600).
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Pay all coins of a file of earlier versions, which has one key, to this wallet.
    Import {
        /// The old file.
        key_file: PathBuf,
        #[command(flatten)]
        #[allow(missing_docs)]
        terms: Terms,
    },
    /// Show the tip of the chain.
    Tip,
    /// Show a block.
    Block {
        /// Height or hash.
        block: BlockName,
    },
    /// Show a payment.
    Tx {
        /// Transaction id.
        txid: Txid,
    },
    /// Show the payments that wait for a block, as far as they came since this program joined.
    Mempool,
    /// Show the other nodes.
    Peers,
}

impl Command {
    /// Returns whether it signs a payment from the wallet's coins.
    pub const fn is_payment(&self) -> bool {
        matches!(self, Self::Pay(_) | Self::Consolidate(_) | Self::Bump { .. } | Self::Cancel { .. })
    }
}

/// A wallet to be made.
#[derive(Debug, Args)]
pub struct NewWallet {
    /// Number of words.
    #[arg(long, value_name = "12|24", default_value = "12", value_parser = ["12", "24"])]
    pub words: String,
    /// Seal the account's public key, too: then nobody who reads the file sees the payments, and each command asks for
    /// the passphrase.
    #[arg(long)]
    pub private: bool,
    /// Watch the account of this public key, without words: such a wallet sees coins and cannot spend.
    #[arg(long, value_name = "XPUB", conflicts_with_all = ["words", "private"])]
    pub watch_only: Option<AccountKey>,
    /// Number of the account, from 0.
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "watch_only")]
    pub account: u32,
}

/// A wallet to be made again.
#[derive(Debug, Args)]
pub struct Restored {
    /// Seal the account's public key, too.
    #[arg(long)]
    pub private: bool,
    /// Number of the account, from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub account: u32,
}

/// A payment.
#[derive(Debug, Args)]
pub struct Pay {
    /// Address to pay.
    #[arg(required_unless_present = "file")]
    pub address: Option<Address>,
    /// Amount in toycoins, with up to eight decimals, or `all`.
    #[arg(required_unless_present = "file")]
    pub amount: Option<Sum>,
    /// Pay many at once: a file with lines of address, amount and, if wanted, label, with commas between them.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["address", "amount", "label"])]
    pub file: Option<PathBuf>,
    /// Spend this coin, and no others than those named; may be repeated. `balance --coins` shows them.
    #[arg(long, value_name = "TXID:VOUT")]
    pub coin: Vec<CoinName>,
    /// Label of the payment.
    #[arg(long, value_name = "TEXT", value_parser = label)]
    pub label: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub terms: Terms,
}

/// A payment to be prepared.
#[derive(Debug, Args)]
pub struct Draft {
    /// Address to pay.
    pub address: Address,
    /// Amount in toycoins, with up to eight decimals, or `all`.
    pub amount: Sum,
    /// Spend this coin, and no others than those named; may be repeated.
    #[arg(long, value_name = "TXID:VOUT")]
    pub coin: Vec<CoinName>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub rate: Rate,
}

/// Fee rate of a payment.
#[derive(Debug, Clone, Args)]
pub struct Rate {
    /// Fee rate for the miner; by default the lowest that nodes accept, or 5000 where they accept any.
    #[arg(long, value_name = "GRAINS_PER_BYTE", value_parser = number::<u64>(..))]
    pub fee_rate: Option<u64>,
    /// Pay what a node estimates for a confirmation within so many blocks (`node --view`).
    #[arg(long, value_name = "BLOCKS", conflicts_with = "fee_rate", value_parser = number::<u64>(1..=1_000))]
    pub within: Option<u64>,
    /// Address of the node that estimates.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8420", requires = "within")]
    pub estimates: String,
}

impl Rate {
    /// Returns the rate that was named, or that a node estimates; `None` if neither is wanted.
    ///
    /// # Errors
    /// If the node does not estimate.
    pub async fn named(&self) -> Result<Option<FeeRate>, Box<dyn Error>> {
        match self.within {
            Some(blocks) => fee_estimates::within(&self.estimates, blocks).await.map(Some),
            None => Ok(self.fee_rate.map(FeeRate::grains_per_byte)),
        }
    }
}

/// Terms of a payment.
#[derive(Debug, Clone, Args)]
pub struct Terms {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub rate: Rate,
    /// Number of confirmations to wait for.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<u64>(1..))]
    pub wait: u64,
    /// Show what it costs, and send nothing.
    #[arg(long, conflicts_with_all = ["yes", "yes_really"])]
    pub dry_run: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub agreement: Agreement,
}

/// What a person has agreed to beforehand.
#[derive(Debug, Clone, Copy, Args)]
pub struct Agreement {
    /// Do it without being asked.
    #[arg(long, short)]
    pub yes: bool,
    /// Do it without being asked, even if the fee looks like a mistake.
    #[arg(long)]
    pub yes_really: bool,
}

/// What to do with labels.
#[derive(Debug, Subcommand)]
pub enum LabelsCommand {
    /// Add the labels of a file; where both have one, that of the file is kept.
    Import {
        /// The file; - for standard input.
        file: PathBuf,
    },
    /// Write all labels to a new file.
    Export {
        /// The file; - for standard output.
        file: PathBuf,
    },
}

/// Reads a label that is to be set.
fn label(text: &str) -> Result<String, String> {
    Labels::require_text(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}
