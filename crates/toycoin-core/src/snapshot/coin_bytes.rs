//! A coin as the 84 bytes that the state hashes.

use std::cmp::Ordering;

use crate::{
    amount::Amount,
    digest::Txid,
    keys::PublicKey,
    transaction::{OutPoint, TxOut},
    utxo::Coin,
};

/// Bytes of a coin in a snapshot.
pub const COIN_BYTES: usize = 84;

/// A coin of a snapshot as bytes: the preimage of `H_utxo-element`, whose integers are little-endian.
///
/// ```text
///   0                32     36      44               76         84
///   ├───── txid ──────┼ vout ┼ value ┼───── owner ────┼─ height ─┤     height: of the coinbase, 0 for other coins
/// ```
///
/// Any 84 bytes are a coin. Whoever reads a snapshot of a stranger judges its value and height.
///
/// Coins are ordered by their txids as bytes, then by their `vout` as a number, as [`OutPoint`]s are, and last by the
/// bytes that follow. In a snapshot no outpoint comes twice: [`precedes`](Self::precedes) is what must hold between
/// neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoinBytes(pub [u8; COIN_BYTES]);

impl CoinBytes {
    /// Writes a coin.
    pub fn new(outpoint: &OutPoint, coin: &Coin) -> Self {
        let mut bytes = [0; COIN_BYTES];
        let mut rest = bytes.as_mut_slice();
        let mut put = |field: &[u8]| {
            let (front, back) = std::mem::take(&mut rest).split_at_mut(field.len());
            front.copy_from_slice(field);
            rest = back;
        };
        put(outpoint.txid.as_bytes());
        put(&outpoint.vout.to_le_bytes());
        put(&coin.output.value.grains().to_le_bytes());
        put(coin.output.owner.as_bytes());
        put(&coin.coinbase_height.to_le_bytes());
        Self(bytes)
    }

    /// Returns the coin's name.
    pub fn outpoint(&self) -> OutPoint {
        let mut rest = self.0.as_slice();
        OutPoint { txid: Txid::from_bytes(take(&mut rest)), vout: u32::from_le_bytes(take(&mut rest)) }
    }

    /// Returns the coin. Its value and its height are whatever the bytes say.
    pub fn coin(&self) -> Coin {
        let mut rest = self.after_outpoint();
        let value = Amount::from_grains(u64::from_le_bytes(take(&mut rest)));
        let output = TxOut { value, owner: PublicKey::from_bytes(take(&mut rest)) };
        Coin { output, coinbase_height: u64::from_le_bytes(take(&mut rest)) }
    }

    /// Returns whether the coin may stand before `next` in a snapshot: whether its outpoint is the smaller one.
    ///
    /// This is stricter than `<`, which also holds between two values of one outpoint.
    pub fn precedes(&self, next: &Self) -> bool {
        self.outpoint() < next.outpoint()
    }

    fn after_outpoint(&self) -> &[u8] {
        self.0.get(36..).unwrap_or_default()
    }
}

impl Ord for CoinBytes {
    fn cmp(&self, other: &Self) -> Ordering {
        // vout is little-endian in the bytes, so their own order is another one
        let by_outpoint = self.outpoint().cmp(&other.outpoint());
        by_outpoint.then_with(|| self.after_outpoint().cmp(other.after_outpoint()))
    }
}

impl PartialOrd for CoinBytes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<(OutPoint, Coin)> for CoinBytes {
    fn from((outpoint, coin): (OutPoint, Coin)) -> Self {
        Self::new(&outpoint, &coin)
    }
}

impl From<CoinBytes> for (OutPoint, Coin) {
    fn from(bytes: CoinBytes) -> Self {
        (bytes.outpoint(), bytes.coin())
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (front, back) = rest.split_first_chunk().expect("the fields' widths add up to the coin's size");
    *rest = back;
    *front
}

#[cfg(feature = "serde")]
impl serde::Serialize for CoinBytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::digest::serialize_bytes(&self.0, serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for CoinBytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::digest::deserialize_bytes(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{commitment::Domain, state::LtHash};

    fn coin(txid: u8, vout: u32, value: u64) -> CoinBytes {
        let output = TxOut { value: Amount::from_grains(value), owner: PublicKey::from_bytes([4; 32]) };
        CoinBytes::new(&OutPoint { txid: Txid::from_bytes([txid; 32]), vout }, &Coin { output, coinbase_height: 7 })
    }

    #[test]
    fn fields_of_a_coin_stand_at_their_offsets() {
        let bytes: [u8; COIN_BYTES] = std::array::from_fn(|i| i as u8);
        let coin = CoinBytes(bytes);
        let (outpoint, unspent) = coin.into();
        assert_eq!(outpoint.txid.as_bytes()[..], bytes[..32]);
        assert_eq!(outpoint.vout.to_le_bytes(), bytes[32..36]);
        assert_eq!(unspent.output.value.grains().to_le_bytes(), bytes[36..44]);
        assert_eq!(unspent.output.owner.as_bytes()[..], bytes[44..76]);
        assert_eq!(unspent.coinbase_height.to_le_bytes(), bytes[76..]);
        assert_eq!(CoinBytes::from((outpoint, unspent)), coin);
    }

    #[test]
    fn a_coins_bytes_are_what_the_state_hashes() {
        let coin = coin(9, 3, u64::MAX);
        let mut lanes = [0; 2_048];
        Domain::UtxoElement.hasher().bytes(&coin.0).finish_extended(&mut lanes);
        let mut sum = LtHash::default();
        sum.add(&coin.outpoint(), &coin.coin());
        assert_eq!(sum, LtHash::from_bytes(&lanes));
    }

    #[test]
    fn vout_is_ordered_as_a_number() {
        let ascending =
            [coin(1, 0, 9), coin(1, 1, 9), coin(1, 255, 9), coin(1, 256, 9), coin(1, u32::MAX, 9), coin(2, 0, 0)];
        for pair in ascending.windows(2) {
            assert!(pair[0] < pair[1] && pair[0].precedes(&pair[1]));
            assert!(!pair[1].precedes(&pair[0]) && !pair[0].precedes(&pair[0]));
        }
        // the bytes' own order is another one
        assert!(ascending[2].0 > ascending[3].0);
    }

    #[test]
    fn one_outpoint_with_two_values_does_not_precede_itself() {
        let (one, other) = (coin(1, 1, 1), coin(1, 1, 2));
        assert!(one < other && one != other);
        assert!(!one.precedes(&other) && !other.precedes(&one));
    }
}
