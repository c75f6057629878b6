//! Who of the owners was paid.

use super::Wallet;
use crate::keys::PublicKey;

impl Wallet {
    /// Returns the owners of this wallet that the active chain has paid, whether the coins are spent or not: each once,
    /// in the order of their bytes.
    ///
    /// A scan with a gap limit asks for them, and derives more owners until enough of them were never paid.
    pub fn seen(&self) -> impl Iterator<Item = PublicKey> {
        self.coins.owners().into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Owners, test_scene::*};
    use crate::{ChainParams, FeeRate, SecretKey, Wallet, test_util::classroom};

    #[test]
    fn owners_that_were_paid_are_seen_each_once() {
        let (mut ledger, mut payer) = scene(3);
        let owners = Owners::new(classroom::owner(NOBODY)).with([3, 2, 6].map(classroom::owner));
        let mut wallet = Wallet::watching(ChainParams::regtest(), owners);
        let sorted = |keys: &[u32]| {
            let mut owners: Vec<_> = keys.iter().map(|key| classroom::owner(*key)).collect();
            owners.sort_unstable();
            owners
        };
        assert_eq!(wallet.seen().collect::<Vec<_>>(), sorted(&[2, 3]), "genesis pays these");

        // all of one owner's coins are spent, and another one is paid twice
        let all = payer.pay(address(NOBODY), toycoins(10), FeeRate::ZERO).unwrap();
        let block = mine(&mut ledger, &mut wallet, vec![all], NOBODY);
        assert_eq!(wallet.seen().collect::<Vec<_>>(), sorted(&[2, 3, NOBODY]));
        wallet.disconnect(&block).unwrap();
        assert_eq!(wallet.seen().collect::<Vec<_>>(), sorted(&[2, 3]), "the active chain counts");
    }

    #[test]
    fn an_unpaid_wallet_has_seen_nobody() {
        let unpaid = Wallet::new(ChainParams::reference(), SecretKey::classroom(0));
        assert_eq!(unpaid.seen().count(), 0);
    }
}
