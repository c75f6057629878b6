//! A bounded memory of transactions that will always be refused.

use std::collections::{BTreeMap, VecDeque};

use toycoin_core::{Rule, Wtxid};

use crate::limits;

/// The most recent transactions that broke a rule which they will always break.
///
/// The key is the wtxid. All inputs share one sighash, so a third party can spoil or swap signatures. A memory by txid
/// would then refuse the honest transaction too.
#[derive(Debug, Default)]
pub(super) struct Refused {
    known: BTreeMap<Wtxid, Rule>,
    order: VecDeque<Wtxid>,
}

impl Refused {
    pub(super) fn contains(&self, wtxid: &Wtxid) -> bool {
        self.known.contains_key(wtxid)
    }

    /// Returns the rule that a transaction broke, if it is remembered.
    pub(super) fn rule(&self, wtxid: &Wtxid) -> Option<Rule> {
        self.known.get(wtxid).copied()
    }

    pub(super) fn insert(&mut self, wtxid: Wtxid, rule: Rule) {
        if self.known.insert(wtxid, rule).is_none() {
            self.order.push_back(wtxid);
            if self.order.len() > limits::REFUSED_TRANSACTIONS
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let wtxid = |number: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_le_bytes());
            Wtxid::from_bytes(bytes)
        };
        let mut refused = Refused::default();
        for number in 0..=limits::REFUSED_TRANSACTIONS {
            refused.insert(wtxid(number), Rule::Signature);
            refused.insert(wtxid(number), Rule::Signature);
        }
        assert!(!refused.contains(&wtxid(0)));
        assert!(refused.contains(&wtxid(1)) && refused.contains(&wtxid(limits::REFUSED_TRANSACTIONS)));
        assert_eq!(
            (refused.known.len(), refused.order.len()),
            (limits::REFUSED_TRANSACTIONS, limits::REFUSED_TRANSACTIONS)
        );
    }
}
