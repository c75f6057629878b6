//! The consensus rules as data: number, name, one sentence, and the section of docs/consensus.md that explains each.

use std::fmt;

use crate::padding::pad_whole;

macro_rules! rules {
    ($($number:literal $name:ident $sentence:literal $section:literal;)*) => {
        /// A consensus rule. A valid chain holds no block that breaks one.
        ///
        /// Rules are numbered in the order in which a block is judged, cheapest first and signatures near the end. R33
        /// was added later and is judged after R04. The order decides which of several broken rules is reported, never
        /// whether a block is valid. Each number keeps its rule for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = concat!("R", $number, ": ", $sentence, ".")] $name = $number,)*
        }

        impl Rule {
            const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the rule's name, which is the name of the variant.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Returns the rule as one sentence, without a full stop.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            /// Returns the section of docs/consensus.md that explains the rule, as a fragment such as `header`.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)* }
            }
        }
    };
}

rules! {
    1 TransactionVersion "a transaction's version is 1" "transactions";
    2 InputCount "a transaction has at least one input" "transactions";
    3 OutputCount "a transaction has at least one output" "transactions";
    4 SignatureCount "a transaction has one signature for each input" "transactions";
    5 BlockSize "a block's size is at most the limit" "transactions";
    6 HeaderVersion "a header's version is 1" "header";
    7 TargetRange "a header's bits are a target of at least 1 and at most the network's limit" "work-and-difficulty";
    8 PreviousBlock "a header names its parent's hash" "header";
    9 Height "a header's height is its parent's plus one" "header";
    10 Bits "a header's bits are exactly the expected ones" "work-and-difficulty";
    11 ProofOfWork "a block's hash, as a big-endian number, is at most the target" "work-and-difficulty";
    12 TimeAboveParent "a header's time is above its parent's" "work-and-difficulty";
    13 TimeRange "a header's time is below 2^48 milliseconds" "header";
    14 TimeNotInFuture "a header's time is at most the drift ahead of now; a block ahead of that waits" "work-and-difficulty";
    15 MerkleRoot "a header's Merkle root is that of the block's transactions" "merkle-root";
    16 CoinbaseHeight "a coinbase's height is its header's" "coinbase-and-supply";
    17 CoinbaseExtra "a coinbase's extra has at most 64 bytes" "transactions";
    18 CoinbaseOutputValue "a coinbase's outputs are 1 to MAX_MONEY grains each" "transactions";
    19 CoinbaseOutputSum "a coinbase's outputs add up to at most MAX_MONEY" "transactions";
    20 DuplicateInput "a transaction spends no coin twice" "transactions";
    21 DuplicateInputInBlock "no two transactions of a block spend the same coin" "transactions";
    22 CoinExists "an input spends a coin that exists" "transactions";
    23 CoinbaseMaturity "a coinbase's coin is spent no earlier than `maturity` blocks after its own" "coinbase-and-supply";
    24 OutputValue "a transaction's outputs are 1 to MAX_MONEY grains each" "transactions";
    25 OutputSum "a transaction's outputs add up to at most MAX_MONEY" "transactions";
    26 InputSum "a transaction's inputs add up to at most MAX_MONEY" "transactions";
    27 ValueBalance "a transaction's outputs are worth no more than its inputs" "transactions";
    28 FeeSum "a block's fees add up to at most MAX_MONEY" "transactions";
    29 CoinbaseAmount "a coinbase's outputs add up to exactly the subsidy and the fees" "coinbase-and-supply";
    30 Supply "the money issued after a block is at most MAX_MONEY" "coinbase-and-supply";
    31 Signature "each input carries its coin's owner's BIP-340 signature of the sighash" "transactions";
    32 StateRoot "a header's state root is that of the state after the block" "state-root";
    33 TransactionSize "a transaction's size is at most 100,000 bytes" "transactions";
}

impl Rule {
    /// Returns all rules in the order of their numbers.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        Self::ALL.iter().copied()
    }

    /// Returns the rule's number, from 1: shown as `R07`, sent in the message `RJCT`.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// Returns the rule with that number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::all().find(|rule| rule.number() == number)
    }

    /// Returns the rule's address in the documentation, such as `docs/consensus.md#header`.
    pub fn doc_anchor(self) -> String {
        format!("docs/consensus.md#{}", self.section())
    }
}

/// Shows the rule's number with two digits, such as `R07`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pad_whole(f, &format!("R{:02}", self.number()))
    }
}

/// A set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RuleSet(u64);

impl RuleSet {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// Returns whether the set holds the rule.
    pub const fn contains(self, rule: Rule) -> bool {
        self.0 >> rule.number() & 1 == 1
    }

    /// Returns whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Rule> for RuleSet {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        Self(rules.into_iter().fold(0, |set, rule| set | 1 << rule.number()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_consecutive_and_fit_the_set() {
        for (place, rule) in Rule::all().enumerate() {
            assert_eq!(usize::from(rule.number()), place + 1);
            assert_eq!(Rule::from_number(rule.number()), Some(rule));
            assert!(rule.number() < 64);
        }
        assert_eq!(Rule::from_number(0), None);
        assert_eq!(Rule::BlockSize.to_string(), "R05");
        assert_eq!(Rule::Signature.to_string(), "R31");
    }

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        let set: RuleSet = [Rule::Bits, Rule::StateRoot].into_iter().collect();
        let inside: Vec<_> = Rule::all().filter(|rule| set.contains(*rule)).collect();
        assert_eq!(inside, [Rule::Bits, Rule::StateRoot]);
        assert!(RuleSet::NONE.is_empty());
    }

    #[test]
    fn every_rule_stands_in_the_documentation_under_its_heading() {
        let page = include_str!("../../../docs/consensus.md");
        let mut section = String::new();
        let mut places = std::collections::BTreeMap::new();
        for line in page.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                let kept: String = heading.chars().filter(|c| c.is_alphanumeric() || " -".contains(*c)).collect();
                section = kept.to_lowercase().replace(' ', "-");
            }
            for rule in Rule::all() {
                if line.starts_with(&format!("| {rule} | `{}` |", rule.name())) {
                    assert!(line.contains(rule.sentence()), "{rule} reads otherwise: {line}");
                    places.insert(rule, section.clone());
                }
            }
        }
        for rule in Rule::all() {
            assert_eq!(places.get(&rule).map(String::as_str), Some(rule.section()), "{rule}");
        }
    }
}
