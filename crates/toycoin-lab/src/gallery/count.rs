//! What the stories count.

use toycoin_core::{Amount, Header, Transaction};

use super::{
    account::Account,
    cast::Person,
    quantity::{Quantity, Unit},
};

/// Something that is counted in a verifier's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// The worth of a person's coins.
    Coins(Person),
    /// The worth of those coins that a person may spend in the next block.
    Spendable(Person),
    /// The worth of a person's coins in the set of coins that the tip's state root proves.
    Proved(Person),
    /// The money issued, as the state counts it.
    Issued,
    /// The money that the schedule issues up to the tip's height.
    Schedule,
    /// The money issued above the schedule.
    Excess,
    /// The money that is issued and in no coin.
    Missing,
    /// The money issued above the money limit.
    AboveLimit,
    /// The largest worth that a payment of the last block spends.
    LargestSpend,
    /// The fees of the last block.
    Fees,
    /// What the coinbase of the last block pays.
    Reward,
    /// The number of coins that every node keeps.
    Number,
    /// The number of those coins that are worth nothing.
    Worthless,
    /// The size of the last block, by formula.
    BlockBytes,
    /// The greatest size of a block that the network allows.
    BlockLimit,
    /// The greatest size of a payment.
    PaymentLimit,
    /// The size of the largest payment of the last block, by formula.
    PaymentBytes,
    /// The miner's text in the last block.
    TextBytes,
    /// Signatures beyond one for each input of the last block, which no size counts.
    SpareBytes,
    /// The work of the whole chain.
    ChainWork,
    /// The work that the last block needed on average.
    TipWork,
    /// The work that the next block needs on average.
    NextWork,
    /// The height of the last block.
    Height,
    /// The number of blocks that a reward waits for.
    Maturity,
    /// How far the last block's time lies ahead of the verifier's clock.
    Lead,
    /// The bits that the last block's time takes.
    TimeBits,
    /// The blocks that a walk from parent to parent finds, from the last block on.
    Linked,
    /// The payments of the last block that a light wallet can prove.
    Provable,
    /// The versions in the last block that nobody has defined.
    Undefined,
}

impl Count {
    /// Everything that a story's text can ask for.
    const ALL: &[Self] = &[
        Self::Coins(Person::Alice),
        Self::Coins(Person::Bob),
        Self::Coins(Person::Carol),
        Self::Coins(Person::Mallory),
        Self::Spendable(Person::Mallory),
        Self::Proved(Person::Mallory),
        Self::Issued,
        Self::Schedule,
        Self::Excess,
        Self::Missing,
        Self::AboveLimit,
        Self::LargestSpend,
        Self::Fees,
        Self::Reward,
        Self::Number,
        Self::Worthless,
        Self::BlockBytes,
        Self::BlockLimit,
        Self::PaymentLimit,
        Self::PaymentBytes,
        Self::TextBytes,
        Self::SpareBytes,
        Self::ChainWork,
        Self::TipWork,
        Self::NextWork,
        Self::Height,
        Self::Maturity,
        Self::Lead,
        Self::TimeBits,
        Self::Linked,
        Self::Provable,
        Self::Undefined,
    ];

    /// Returns what a story's text asks for by this name.
    pub(super) fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|count| count.key() == key)
    }

    /// Counts.
    pub(super) fn of(self, account: &Account) -> Quantity {
        let money = Quantity::money;
        let things = |number: usize, singular, plural| Quantity {
            value: i128::try_from(number).unwrap_or(i128::MAX),
            unit: Unit::Things(singular, plural),
        };
        let bytes = |number: u64| Quantity { value: number.into(), unit: Unit::Things("byte", "bytes") };
        let (tip, supply) = (account.tip(), &account.supply);
        match self {
            Self::Coins(person) => money(account.worth(person.owner())),
            Self::Spendable(person) => money(account.spendable(person.owner())),
            Self::Proved(person) => money(account.proved(person.owner())),
            Self::Issued => money(supply.issued),
            Self::Schedule => money(supply.schedule),
            Self::Excess => money(supply.issued).minus(money(supply.schedule)),
            Self::Missing => money(supply.issued).minus(money(supply.sum_of_coins)),
            Self::AboveLimit => money(supply.issued.saturating_sub(Amount::MAX_MONEY)),
            Self::LargestSpend => money(account.spends().into_iter().max().unwrap_or_default()),
            Self::Fees => {
                let paid = |payment: &Transaction| payment.outputs.iter().map(|output| output.value).sum();
                let spends = account.spends();
                let fees =
                    spends.iter().zip(&tip.transactions).map(|(spent, payment)| spent.saturating_sub(paid(payment)));
                money(fees.sum())
            }
            Self::Reward => money(tip.coinbase.outputs.iter().map(|output| output.value).sum()),
            Self::Worthless => {
                let worthless = account.coins.values().filter(|coin| coin.output.value == Amount::ZERO);
                things(worthless.count(), "coin", "coins")
            }
            Self::Number => things(account.coins.len(), "coin", "coins"),
            Self::BlockBytes => bytes(tip.size()),
            Self::BlockLimit => bytes(account.params.spec().block_size_limit),
            Self::PaymentLimit => bytes(Transaction::MAX_SIZE),
            Self::PaymentBytes => bytes(tip.transactions.iter().map(Transaction::size).max().unwrap_or(0)),
            Self::TextBytes => things(tip.coinbase.extra.len(), "byte", "bytes"),
            Self::SpareBytes => {
                let spare = |payment: &Transaction| payment.signatures.len().saturating_sub(payment.inputs.len());
                things(SIGNATURE_BYTES * tip.transactions.iter().map(spare).sum::<usize>(), "byte", "bytes")
            }
            Self::ChainWork => Quantity::work(account.work),
            Self::TipWork => Quantity::work(account.tip_work()),
            Self::NextWork => Quantity::work(account.next_work()),
            Self::Height => Quantity { value: tip.header.height.into(), unit: Unit::Things("", "") },
            Self::Maturity => {
                let blocks = account.params.spec().coinbase_maturity;
                Quantity { value: blocks.into(), unit: Unit::Things("block", "blocks") }
            }
            Self::Lead => {
                let lead = tip.header.time.saturating_sub(account.now_ms);
                Quantity { value: lead.into(), unit: Unit::Time }
            }
            Self::TimeBits => {
                let bits = u64::BITS - tip.header.time.leading_zeros();
                Quantity { value: bits.into(), unit: Unit::Things("bit", "bits") }
            }
            Self::Linked => things(account.linked(), "block", "blocks"),
            Self::Provable => things(account.provable(), "payment", "payments"),
            Self::Undefined => {
                let payments = tip.transactions.iter().filter(|payment| payment.version != Transaction::VERSION);
                let header = usize::from(tip.header.version != Header::VERSION);
                things(payments.count() + header, "version", "versions")
            }
        }
    }

    /// Returns what is counted, as the heading of its numbers.
    pub(super) fn label(self) -> String {
        let text = match self {
            Self::Coins(person) => return format!("{person}'s coins"),
            Self::Spendable(person) => return format!("{person}'s coins that may be spent now"),
            Self::Proved(person) => return format!("{person}'s coins, as the state root proves them"),
            Self::Issued => "money issued",
            Self::Schedule => "money that the schedule issues",
            Self::Excess => "money issued above the schedule",
            Self::Missing => "money issued that is in no coin",
            Self::AboveLimit => "money issued above the money limit",
            Self::LargestSpend => "the most that one payment of the last block spends",
            Self::Fees => "fees of the last block",
            Self::Reward => "reward of the last block",
            Self::Worthless => "coins worth nothing",
            Self::Number => "coins that every node keeps",
            Self::BlockBytes => "size of the last block",
            Self::BlockLimit => "greatest size of a block",
            Self::PaymentLimit => "greatest size of a payment",
            Self::PaymentBytes => "size of the largest payment in the last block",
            Self::TextBytes => "miner's text in the last block",
            Self::SpareBytes => "signatures that no size counts and nobody checks",
            Self::ChainWork => "work of the chain",
            Self::TipWork => "work of the last block",
            Self::NextWork => "work that the next block needs",
            Self::Height => "height of the last block",
            Self::Maturity => "blocks that a reward waits for",
            Self::Lead => "time of the last block ahead of the clock",
            Self::TimeBits => "bits that the time of the last block takes",
            Self::Linked => "blocks that a walk from the tip back finds",
            Self::Provable => "payments of the last block that can be proved",
            Self::Undefined => "versions that nobody has defined",
        };
        text.to_owned()
    }

    /// Returns the name by which a story's text asks for this number.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Coins(person) => person.name(),
            Self::Spendable(_) => "spendable",
            Self::Proved(_) => "proved",
            Self::Issued => "issued",
            Self::Schedule => "schedule",
            Self::Excess => "excess",
            Self::Missing => "missing",
            Self::AboveLimit => "above",
            Self::LargestSpend => "spend",
            Self::Fees => "fees",
            Self::Reward => "reward",
            Self::Number => "coins",
            Self::Worthless => "worthless",
            Self::BlockBytes => "block",
            Self::BlockLimit => "block-limit",
            Self::PaymentLimit => "payment-limit",
            Self::PaymentBytes => "payment",
            Self::TextBytes => "text",
            Self::SpareBytes => "spare",
            Self::ChainWork => "work",
            Self::TipWork => "tip",
            Self::NextWork => "next",
            Self::Height => "height",
            Self::Maturity => "maturity",
            Self::Lead => "lead",
            Self::TimeBits => "timebits",
            Self::Linked => "linked",
            Self::Provable => "provable",
            Self::Undefined => "undefined",
        }
    }
}

/// Length of a signature, in bytes.
const SIGNATURE_BYTES: usize = 64;
