//! Proofs over chains of the engine itself: its headers, its states, its payments.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]
#![allow(clippy::cast_possible_truncation, reason = "chains of tests are short")]

mod common;

use std::collections::BTreeSet;

use common::{judge, seed};
use toycoin_core::{
    Amount, Block, BlockHash, Chain, ChainParams, InclusionProof, MemoryStore, OutPoint, Transaction, TxOut, Txid,
    Wtxid,
    proof::{AncestryProof, Opening, Receipt, ReceiptTransaction},
    test_util::{classroom, grow},
};
use toycoin_light::{
    AncestryError, Challenge, MAX_NODES, ProvedTip, ReceiptError,
    test_util::{HeaderChain, Prover, work_of},
    verify_ancestry, verify_receipt,
};

/// A chain of the engine, and its headers with the openings of its states.
struct Engine {
    chain: Chain<MemoryStore>,
    headers: HeaderChain,
}

impl Engine {
    fn new(params: ChainParams) -> Self {
        Self { chain: Chain::in_memory(params.clone()), headers: HeaderChain::new(params) }
    }

    fn grow(&mut self, blocks: u64) {
        for _ in 0..blocks {
            grow(&mut self.chain, 1, classroom::owner(0));
            self.note();
        }
    }

    /// Applies a block with payments, and returns it.
    fn pay(&mut self, payments: Vec<Transaction>) -> Block {
        let time = self.chain.tip().time + 1_000;
        let block = self.chain.template(payments, classroom::owner(1), b"paid", time).unwrap().mine_trivial();
        self.chain.apply(block.clone(), time).unwrap();
        self.note();
        block
    }

    fn note(&mut self) {
        let header = self.chain.headers().get(&self.chain.tip().hash).unwrap().header;
        self.headers.append(header, Opening::of(self.chain.state()), work_of(header.bits));
    }

    fn proved(&self) -> ProvedTip {
        let challenge = Challenge::new(seed(3));
        judge(&self.headers, &Prover::new(&self.headers).prove(&challenge), &challenge).unwrap()
    }
}

/// A payment of a coin of genesis, which splits it in two.
fn payment(chain: &Chain<MemoryStore>, index: u32) -> Transaction {
    let owner = classroom::owner(index);
    let (outpoint, coin): (OutPoint, _) =
        chain.coins_of(&owner).unwrap().into_iter().find(|(_, coin)| coin.coinbase_height == 0).unwrap();
    let half = Amount::from_grains(coin.output.value.grains() / 2);
    let outputs = vec![TxOut { value: half, owner }, TxOut { value: half, owner: classroom::owner(3) }];
    let mut payment = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: Vec::new() };
    classroom::sign(&mut payment, chain.params().genesis_hash(), &[coin.output]);
    payment
}

#[test]
fn a_proof_gives_the_engines_work() {
    let retargeted = ChainParams::builder("light")
        .genesis_bits(toycoin_core::CompactTarget::from_bits(0x2003_ffff))
        .limit_bits(toycoin_core::CompactTarget::from_bits(0x207f_ffff))
        .allocate(classroom::owner(0), Amount::from_toycoins(100).unwrap())
        .allocate(classroom::owner(1), Amount::from_toycoins(50).unwrap())
        .build()
        .unwrap();
    for params in [ChainParams::regtest(), retargeted] {
        let mut engine = Engine::new(params);
        engine.grow(170);
        let payments = vec![payment(&engine.chain, 0), payment(&engine.chain, 1)];
        engine.pay(payments);
        engine.grow(180);
        let tip = engine.proved();
        let expected = engine.chain.tip();
        assert_eq!((tip.hash(), tip.height(), tip.work()), (expected.hash, expected.height, expected.work));
        assert_eq!(tip.opening(), Opening::of(engine.chain.state()));
        assert_eq!(engine.chain.params().issued(expected.height), engine.chain.state().issued);
        for proved in tip.headers() {
            assert_eq!(engine.chain.header_at(proved.height()).unwrap().hash, proved.hash());
            assert_eq!(tip.find(&proved.hash()), Some(proved));
            assert_eq!(tip.header_at(proved.height()), Some(proved));
        }
        assert_eq!(tip.headers().count(), 101);
        assert_eq!(tip.header_at(expected.height - 101), None);
        let confirmations = [0, expected.height, expected.height + 1].map(|height| tip.confirmations(height));
        assert_eq!(confirmations, [expected.height + 1, 1, 0]);
    }
}

/// An ancestry proof that is right, and its tip.
fn ancestry() -> (Engine, ProvedTip, AncestryProof) {
    let mut engine = Engine::new(ChainParams::regtest());
    engine.grow(333);
    let tip = engine.proved();
    let heights = BTreeSet::from([0, 1, 2, 63, 64, 65, 200, 331, 332]);
    let proof = Prover::new(&engine.headers).prove_ancestry(tip.height(), &heights);
    (engine, tip, proof)
}

#[test]
fn ancestors_are_proved_with_their_work_and_state() {
    let (engine, tip, proof) = ancestry();
    let proved = verify_ancestry(engine.chain.params(), &tip, &proof).unwrap();
    assert_eq!(proved.len(), 9);
    for header in &proved {
        let entry = engine.headers.entries()[header.height() as usize];
        assert_eq!((header.hash(), header.work(), *header.header()), (entry.hash, entry.work, entry.header));
        assert_eq!(header.opening(), Some(entry.opening));
    }
    // each height alone, genesis and the tip's parent too
    let prover = Prover::new(&engine.headers);
    for height in 0..tip.height() {
        let proof = prover.prove_ancestry(tip.height(), &BTreeSet::from([height]));
        assert_eq!(verify_ancestry(engine.chain.params(), &tip, &proof).unwrap()[0].height(), height);
    }
    let nothing = AncestryProof { tip: tip.hash(), items: Vec::new(), nodes: Vec::new() };
    assert_eq!(verify_ancestry(engine.chain.params(), &tip, &nothing), Ok(Vec::new()));
}

#[test]
fn every_tampering_with_ancestors_is_refused() {
    let (engine, tip, proof) = ancestry();
    let params = engine.chain.params();
    let of = |change: &dyn Fn(&mut AncestryProof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        verify_ancestry(params, &tip, &proof).expect_err("tampered")
    };
    let other = BlockHash::ZERO;
    assert_eq!(of(&|proof| proof.tip = other), AncestryError::OtherTip { found: other, expected: tip.hash() });
    let height_of = |place: usize| proof.items[place].header.height;
    for place in 0..proof.items.len() {
        let height = height_of(place);
        let state = AncestryError::State { height };
        assert_eq!(of(&|proof| proof.items[place].opening.count += 1), state);
        for byte in 0..32 {
            assert_eq!(of(&|proof| proof.items[place].opening.coins[byte] ^= 1), state);
        }
        for byte in 0..128 {
            let error = of(&|proof| {
                let mut bytes = proof.items[place].header.to_bytes();
                bytes[byte] ^= 1;
                proof.items[place].header = toycoin_core::Header::from_bytes(&bytes);
            });
            let fits = match byte {
                68..72 => matches!(
                    error,
                    AncestryError::Bits { .. }
                        | AncestryError::WorkOverflow { .. }
                        | AncestryError::Claims { .. }
                        | AncestryError::TipState
                ),
                72..80 => !matches!(error, AncestryError::OtherTip { .. }),
                // the parent's hash of genesis is part of its hash alone
                _ => matches!(error, AncestryError::Claims { .. } | AncestryError::TipState),
            };
            assert!(fits, "item {place}, byte {byte}: {error:?}");
        }
        let before = of(&|proof| proof.items[place].before = proof.items[place].before + common::work(1));
        let fits = matches!(before, AncestryError::Claims { .. } | AncestryError::TipState);
        assert!(fits || (height == 0 && before == AncestryError::WorkBeforeGenesis), "{before:?}");
        let most = toycoin_core::Work::from_be_bytes([0xff; 32]);
        let overflow = of(&|proof| proof.items[place].before = most);
        let expected =
            if height == 0 { AncestryError::WorkBeforeGenesis } else { AncestryError::WorkOverflow { height } };
        assert_eq!(overflow, expected);
        let twice = of(&|proof| proof.items.insert(place, proof.items[place]));
        assert_eq!(twice, AncestryError::Order { height, before: height });
    }
    let swapped = AncestryError::Order { height: height_of(3), before: height_of(4) };
    assert_eq!(of(&|proof| proof.items.swap(3, 4)), swapped);
    // an item less: the nodes no longer fit
    let less = of(&|proof| _ = proof.items.remove(6));
    assert!(matches!(less, AncestryError::NodeLeftOver | AncestryError::TipState), "{less:?}");
    for place in 0..proof.nodes.len() {
        assert_eq!(of(&|proof| proof.nodes[place][0] ^= 1), AncestryError::TipState);
        assert_eq!(of(&|proof| _ = proof.nodes.remove(place)), AncestryError::NodeMissing);
    }
    assert_eq!(of(&|proof| proof.nodes.push([0; 32])), AncestryError::NodeLeftOver);
    assert_eq!(of(&|proof| proof.items.clear()), AncestryError::NodeLeftOver, "nodes without an item");
    let many = MAX_NODES + 1;
    assert_eq!(of(&|proof| proof.nodes = vec![[0; 32]; many]), AncestryError::TooManyNodes { found: many });
    let items = AncestryError::TooManyHeaders { found: 129 };
    assert_eq!(of(&|proof| proof.items = vec![proof.items[0]; 129]), items);
    let tip_itself = engine.headers.entries()[333];
    let above = AncestryError::Height { height: 333, tip: 333 };
    assert_eq!(of(&|proof| proof.items[8].header = tip_itself.header), above);
}

/// A block with three transactions, and what the ids of its Merkle tree are.
fn paid() -> (Engine, Block, Vec<(Txid, Wtxid)>) {
    let mut engine = Engine::new(ChainParams::regtest());
    engine.grow(110);
    let payments = vec![payment(&engine.chain, 0), payment(&engine.chain, 1)];
    let block = engine.pay(payments);
    let coinbase = block.coinbase.txid();
    let ids = [(coinbase, Wtxid::from_bytes(coinbase.to_bytes()))];
    let ids = ids.into_iter().chain(block.transactions.iter().map(|payment| (payment.txid(), payment.wtxid())));
    let ids = ids.collect();
    (engine, block, ids)
}

fn receipt(block: &Block, ids: &[(Txid, Wtxid)], index: u32) -> Receipt {
    let transaction = match index.checked_sub(1) {
        None => ReceiptTransaction::Coinbase(block.coinbase.clone()),
        Some(place) => ReceiptTransaction::Transaction(block.transactions[place as usize].clone()),
    };
    Receipt { block: block.hash(), inclusion: InclusionProof::build(ids, index).unwrap(), transaction }
}

#[test]
fn receipts_of_a_proved_block_give_the_ids() {
    let (engine, block, ids) = paid();
    let tip = engine.proved();
    assert_eq!(*tip.header(), block.header);
    for index in 0..3 {
        assert_eq!(verify_receipt(&receipt(&block, &ids, index), tip.header()), Ok(ids[index as usize].0));
    }
}

#[test]
fn every_tampering_with_a_receipt_is_refused() {
    let (engine, block, ids) = paid();
    let header = block.header;
    let of = |index, change: &dyn Fn(&mut Receipt)| {
        let mut receipt = receipt(&block, &ids, index);
        change(&mut receipt);
        verify_receipt(&receipt, &header).expect_err("tampered")
    };
    let found = engine.headers.entries()[50].hash;
    let other = ReceiptError::OtherBlock { found, expected: block.hash() };
    assert_eq!(of(1, &|receipt| receipt.block = found), other);
    assert_eq!(of(0, &|receipt| receipt.inclusion.index = 2), ReceiptError::CoinbaseIndex(2));
    assert_eq!(of(1, &|receipt| receipt.inclusion.index = 0), ReceiptError::PaymentIndex);
    let height = ReceiptError::CoinbaseHeight { found: 110, expected: 111 };
    let earlier = |receipt: &mut Receipt| match &mut receipt.transaction {
        ReceiptTransaction::Coinbase(coinbase) => coinbase.height -= 1,
        ReceiptTransaction::Transaction(_) => unreachable!("the first is the coinbase"),
    };
    assert_eq!(of(0, &earlier), height);

    let payment = |change: fn(&mut Transaction)| {
        of(1, &|receipt| match &mut receipt.transaction {
            ReceiptTransaction::Transaction(payment) => change(payment),
            ReceiptTransaction::Coinbase(_) => unreachable!("the second is a payment"),
        })
    };
    let changes: [fn(&mut Transaction); 6] = [
        |payment| payment.version = 2,
        |payment| payment.inputs[0].vout += 1,
        |payment| payment.outputs[0].value = Amount::from_grains(1),
        |payment| payment.outputs[1].owner = classroom::owner(2),
        |payment| payment.signatures[0] = toycoin_core::Signature::from_bytes([1; 64]),
        |payment| payment.signatures.clear(),
    ];
    for change in changes {
        assert_eq!(payment(change), ReceiptError::NotIncluded);
    }
    for index in 0..3 {
        let wrong = |change: &dyn Fn(&mut InclusionProof)| of(index, &|receipt| change(&mut receipt.inclusion));
        let siblings = InclusionProof::build(&ids, index).unwrap().siblings.len();
        for place in 0..siblings {
            assert_eq!(wrong(&|inclusion| inclusion.siblings[place][9] ^= 1), ReceiptError::NotIncluded);
        }
        assert_eq!(wrong(&|inclusion| _ = inclusion.siblings.pop()), ReceiptError::NotIncluded);
        assert_eq!(wrong(&|inclusion| inclusion.siblings.push([0; 32])), ReceiptError::NotIncluded);
        assert_eq!(wrong(&|inclusion| inclusion.transactions += 1), ReceiptError::NotIncluded);
        assert_eq!(wrong(&|inclusion| inclusion.transactions = 0), ReceiptError::NotIncluded);
        if index > 0 {
            assert_eq!(wrong(&|inclusion| inclusion.index = 3 - inclusion.index), ReceiptError::NotIncluded);
        }
    }
}
