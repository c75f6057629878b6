//! A row of a wallet's history, and its JSON.

use std::fmt::{self, Display, Formatter};

use serde_json::{Value, json};
use toycoin_core::{Amount, ChainParams, PublicKey, Txid};

/// What happened, from the wallet's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Genesis gives the wallet a coin.
    Allotted,
    /// A block's reward.
    Mined,
    /// Somebody paid the wallet.
    Received,
    /// The wallet paid others.
    Paid,
    /// The wallet paid itself, which costs the fee alone.
    ToMyself,
}

/// What a wallet gains or loses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// How much.
    pub amount: Amount,
    /// Whether it is lost. Nothing is never lost.
    pub is_loss: bool,
}

/// A row of a wallet's history: a transaction that pays the wallet or spends its coins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The height of its block; `None` while no block holds it.
    pub height: Option<u64>,
    /// The time of its block, in seconds since 1970; `None` if no block holds it, or the block is not there.
    pub time: Option<u64>,
    /// The transaction's id.
    pub txid: Txid,
    /// What happened.
    pub kind: Kind,
    /// The owners on the other side, each once, none of them the wallet's: those who were paid, or, if the wallet
    /// received, those who paid, as far as they are known.
    pub others: Vec<PublicKey>,
    /// What it left to the miner; `None` if the wallet does not know all coins that it spends.
    pub fee: Option<Amount>,
    /// What the wallet gained or lost, the fee included.
    pub change: Change,
    /// What the wallet had after it, immature rewards included.
    pub balance: Amount,
    /// The user's label of the transaction.
    pub label: Option<String>,
}

impl Kind {
    /// Returns the name of this kind in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allotted => "allotted",
            Self::Mined => "mined",
            Self::Received => "received",
            Self::Paid => "paid",
            Self::ToMyself => "to myself",
        }
    }

    /// Returns whether a coinbase did it, which nobody pays.
    pub const fn is_coinbase(self) -> bool {
        matches!(self, Self::Allotted | Self::Mined)
    }
}

impl Change {
    /// Returns the difference between what was received and what was spent.
    pub fn between(received: Amount, spent: Amount) -> Self {
        match received.checked_sub(spent) {
            Some(amount) => Self { amount, is_loss: false },
            None => Self { amount: spent.saturating_sub(received), is_loss: true },
        }
    }
}

impl Display for Change {
    /// Writes toycoins as [`Amount`] does, with `-` before a loss.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sign = if self.is_loss { "-" } else { "" };
        write!(f, "{sign}{}", self.amount)
    }
}

impl Row {
    /// Returns the row as a JSON object. Amounts are strings in toycoins, the time is in seconds since 1970, and what
    /// is not known is `null`. `params` are those of the wallet's network, for the addresses of `others`.
    pub fn json(&self, params: &ChainParams) -> Value {
        let others: Vec<_> = self.others.iter().map(|owner| params.address(*owner).to_string()).collect();
        json!({
            "height": self.height,
            "time": self.time,
            "txid": self.txid.to_string(),
            "kind": self.kind.name(),
            "others": others,
            "fee": self.fee.map(|fee| fee.to_string()),
            "change": self.change.to_string(),
            "balance": self.balance.to_string(),
            "label": self.label,
        })
    }
}
