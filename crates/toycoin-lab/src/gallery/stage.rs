//! The stage: a small network, a short chain, and the honest block that stands where the cheat puts another.

use toycoin_core::{
    Amount, Block, ChainParams, CompactTarget, GRAINS_PER_TOYCOIN, NetworkSpec, OutPoint, Rule, Transaction, TxOut,
    test_util::{Scene, TestLedger},
};

use super::cast::Person;

/// Returns the network of the stories, with some rules switched off.
///
/// It is `lab` with less work: 4,096 hashes for a block at first, 16 at least. Its genesis is not that of `lab`, since
/// a sandbox must not be a real network.
pub(super) fn params(off: &[Rule]) -> ChainParams {
    let spec = NetworkSpec {
        genesis_bits: CompactTarget::from_bits(0x1f0f_ffff),
        limit_bits: CompactTarget::from_bits(EASIEST_BITS),
        extra: b"toycoin lab sandbox".to_vec(),
        ..ChainParams::lab().spec().clone()
    };
    ChainParams::sandbox(spec, off.iter().copied()).expect("another genesis than any real network's")
}

/// Returns a chain of three blocks and the honest block on top.
///
/// Carol mined blocks 1 and 2, Mallory block 3. In the honest block, which Mallory mines too, she pays Bob 3 toycoins
/// out of a coin of 10, and Alice pays Carol 7 toycoins out of a coin of 100. There are no fees.
pub(super) fn scene(params: ChainParams) -> Scene {
    let mut ledger = TestLedger::new(params);
    for miner in [Person::Carol, Person::Carol, Person::Mallory] {
        ledger.extend(Vec::new(), miner.owner());
    }
    let payments = honest_payments(&ledger);
    let block = ledger.next_block(payments, Person::Mallory.owner());
    let now_ms = block.header.time;
    Scene { ledger, block, now_ms }
}

/// Returns the payments of the honest block: from Mallory to Bob, and from Alice to Carol.
pub(super) fn honest_payments(ledger: &TestLedger) -> Vec<Transaction> {
    let mut payments = ledger.payments();
    let mut pay = |from: Person, to: Person, value| {
        let payment = payments.pay(from.key(), to.key(), value, Amount::ZERO);
        payment.expect("a coin of genesis is worth more")
    };
    vec![pay(Person::Mallory, Person::Bob, toycoins(3)), pay(Person::Alice, Person::Carol, toycoins(7))]
}

/// Returns whole toycoins.
pub(super) const fn toycoins(number: u64) -> Amount {
    Amount::from_grains(number * GRAINS_PER_TOYCOIN)
}

/// Returns an output.
pub(super) fn output(person: Person, value: Amount) -> TxOut {
    TxOut { value, owner: person.owner() }
}

/// Returns a transaction without signatures.
pub(super) const fn unsigned(inputs: Vec<OutPoint>, outputs: Vec<TxOut>) -> Transaction {
    Transaction { version: Transaction::VERSION, inputs, outputs, signatures: Vec::new() }
}

/// Returns the coin with which the scene's block leaves a person: the change of her payment.
pub(super) fn change(scene: &Scene, person: Person) -> (OutPoint, TxOut) {
    let made = scene.block.transactions.iter().flat_map(|payment| {
        let txid = payment.txid();
        payment.outpoints(txid).map(|(outpoint, output)| (outpoint, *output)).collect::<Vec<_>>()
    });
    let mut owned = made.filter(|(_, output)| output.owner == person.owner());
    owned.next().expect("a person who pays in the honest block")
}

/// Appends a payment to the scene's block, then signs and seals the block again.
pub(super) fn append(scene: &mut Scene, inputs: Vec<OutPoint>, outputs: Vec<TxOut>) {
    scene.edit_transactions(|payments| payments.push(unsigned(inputs, outputs)));
}

/// Returns the next block of a ledger, mined by a person.
pub(super) fn next(ledger: &TestLedger, payments: Vec<Transaction>, miner: Person) -> Block {
    ledger.next_block(payments, miner.owner())
}

/// The easiest bits of the network: 16 hashes for a block.
pub(super) const EASIEST_BITS: u32 = 0x200f_ffff;
