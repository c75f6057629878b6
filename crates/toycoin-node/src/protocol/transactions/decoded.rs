//! Transactions that were decoded before, for the nodes of a simulation.
//!
//! A large network hears each transaction many times: from every neighbour of every node. One process that runs all
//! nodes decodes it once, and computes its ids once.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::{BuildHasherDefault, DefaultHasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use toycoin_core::IdentifiedTransaction;
use toycoin_wire::{
    Tag,
    node::{NodeMessage, Payload},
};

/// A bounded memory of decoded transactions by their payloads. The oldest are forgotten first.
///
/// Clones are the same memory. It changes no decision of a machine, because equal bytes decode to equal transactions. A
/// payload that does not decode, or is no transaction, is not remembered.
///
/// A real node has no use for it: what it hears twice, it decodes twice. The memory's hash has no secret, so strangers
/// could make it slow.
#[derive(Clone, Default)]
pub struct DecodedTransactions {
    capacity: usize,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    by_payload: HashMap<Arc<[u8]>, Arc<IdentifiedTransaction>, BuildHasherDefault<DefaultHasher>>,
    order: VecDeque<Arc<[u8]>>,
}

impl DecodedTransactions {
    /// Longest payload that is remembered, in bytes. Longer ones are rare, and each is decoded anew.
    pub const MAX_PAYLOAD: usize = 4_096;

    /// Makes an empty memory for `capacity` transactions. Each takes about twice the bytes of its payload, so at most 8
    /// KiB.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// Returns the number of remembered transactions.
    pub fn len(&self) -> usize {
        self.known().order.len()
    }

    /// Returns whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the transaction in a payload, remembered or decoded now; `None` if the payload has to be decoded in the
    /// usual way.
    pub(in crate::protocol) fn get(&self, payload: &[u8]) -> Option<Arc<IdentifiedTransaction>> {
        if self.capacity == 0 || payload.len() > Self::MAX_PAYLOAD || !payload.starts_with(&Tag::TXN.to_bytes()) {
            return None;
        }
        let mut known = self.known();
        if let Some(transaction) = known.by_payload.get(payload) {
            return Some(Arc::clone(transaction));
        }
        let Ok(Payload::Message(NodeMessage::Transaction(transaction))) = NodeMessage::decode(payload) else {
            return None;
        };
        if known.order.len() >= self.capacity
            && let Some(oldest) = known.order.pop_front()
        {
            known.by_payload.remove(&oldest);
        }
        let (payload, transaction) = (Arc::<[u8]>::from(payload), Arc::new(transaction.into()));
        known.by_payload.insert(Arc::clone(&payload), Arc::clone(&transaction));
        known.order.push_back(payload);
        Some(transaction)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // nothing that holds the lock leaves a change half done
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for DecodedTransactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodedTransactions").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::Transaction;

    use super::*;

    fn transaction(version: u32) -> Transaction {
        Transaction { version, inputs: vec![], outputs: vec![], signatures: vec![] }
    }

    fn payload(version: u32) -> Vec<u8> {
        NodeMessage::Transaction(transaction(version)).encode().expect("it is small")
    }

    #[test]
    fn equal_payloads_are_decoded_once() {
        let (one, bytes) = (DecodedTransactions::new(2), payload(1));
        let other = one.clone();
        let (first, second) = (one.get(&bytes).unwrap(), other.get(&payload(1)).unwrap());
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(*first, IdentifiedTransaction::from(transaction(1)));
        assert_eq!(other.get(&payload(2)).unwrap().txid(), transaction(2).txid());
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let memory = DecodedTransactions::new(3);
        let first = memory.get(&payload(0)).unwrap();
        for version in 0..100 {
            memory.get(&payload(version)).unwrap();
            // the lock is free again after each statement
            let entries = memory.known().by_payload.len();
            assert_eq!(memory.len(), entries);
            assert!(entries <= 3);
        }
        let again = memory.get(&payload(0)).unwrap();
        assert!(!Arc::ptr_eq(&first, &again) && first == again);
        assert_eq!(Arc::strong_count(&first), 1, "nobody else has it");
    }

    #[test]
    fn other_payloads_are_not_remembered() {
        let memory = DecodedTransactions::new(3);
        let mut long = transaction(1);
        long.signatures = vec![toycoin_core::Signature::from_bytes([0; 64]); 64];
        let long = NodeMessage::Transaction(long).encode().expect("it is small enough for a message");
        assert!(long.len() > DecodedTransactions::MAX_PAYLOAD);
        let (whole, other) = (payload(1), NodeMessage::GetBlocks(vec![]).encode().unwrap());
        let trailing = [&whole[..], &[0]].concat();
        for bytes in [&whole[..whole.len() - 1], &trailing, &other, &long, b"TXN ", b"TX", b""] {
            assert_eq!(memory.get(bytes), None);
        }
        assert!(memory.is_empty());
        assert_eq!(DecodedTransactions::new(0).get(&whole), None);
    }
}
