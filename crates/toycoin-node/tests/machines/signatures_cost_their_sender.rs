//! Signatures that are in no block yet are verified within budgets, blamed on who sent them, and delay nobody else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::common::{
    chains::{PeerChain, block_at, mine, payment},
    stage::{Peer, Stage},
};
use toycoin_core::{
    Amount, BlockHash, Chain, ChainParams, OutPoint, Rule, Signature, Transaction, TxOut,
    consensus::{SignatureCheck, SignatureVerifier},
    test_util::classroom,
};
use toycoin_node::{
    limits,
    machine::{Machine as _, Monotonic},
    protocol::{Event, Input, MuteReason},
};
use toycoin_wire::node::{GetHeaders, NodeMessage};

const SECOND: Duration = Duration::from_secs(1);
/// How many inputs a large transaction has.
const MANY: usize = 900;

/// Counts the signatures that it is asked for. All hold but one, so that a test costs no elliptic curve.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Counting {
    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl SignatureVerifier for Counting {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        self.0.fetch_add(checks.len() as u64, Ordering::Relaxed);
        checks.iter().position(|check| check.signature == bad())
    }
}

fn bad() -> Signature {
    Signature::from_bytes([7; 64])
}

fn good() -> Signature {
    Signature::from_bytes([1; 64])
}

/// A node that counts, and what it counted in the fullest step so far.
struct Scene {
    stage: Stage,
    counting: Arc<Counting>,
    most_in_a_step: u64,
}

impl Scene {
    fn new() -> Self {
        Self::with(genesis())
    }

    fn with(chain: PeerChain) -> Self {
        let counting = Arc::new(Counting::default());
        let stage = Stage::with(chain.with_verifier(counting.clone()), |_| {});
        Self { stage, counting, most_in_a_step: 0 }
    }

    /// A peer says something while the node has no time for anything else.
    fn tell_busy(&mut self, peer: Peer, transaction: &Transaction) {
        let before = self.counting.count();
        self.stage.tell_at_once(peer, &[NodeMessage::Transaction(transaction.clone())]);
        self.note_step(before);
    }

    /// Lets time pass, step by step.
    fn advance(&mut self, time: Duration) {
        let end = self.stage.now + time;
        while let Some(at) = self.stage.machine.next_timeout().map(Monotonic::since_origin).filter(|at| *at <= end) {
            self.stage.now = self.stage.now.max(at);
            let before = self.counting.count();
            self.stage.machine.handle(self.stage.moment(), Input::Timeout);
            self.stage.take_outputs();
            self.note_step(before);
        }
        self.stage.now = end;
    }

    fn note_step(&mut self, before: u64) {
        self.most_in_a_step = self.most_in_a_step.max(self.counting.count() - before);
    }

    /// Lets time pass until the node has a transaction, and returns how long that took.
    fn time_until_accepted(&mut self, transaction: &Transaction, most: Duration) -> Option<Duration> {
        let start = self.stage.now;
        while !self.stage.machine.mempool().contains(&transaction.txid()) {
            if self.stage.now > start + most {
                return None;
            }
            self.advance(Duration::from_millis(1));
        }
        Some(self.stage.now - start)
    }

    fn muted_for_signatures(&self) -> usize {
        let muted =
            |event: &&Event| matches!(event, Event::PeerMuted { reason: MuteReason::BrokenRule(Rule::Signature), .. });
        self.stage.events.iter().filter(muted).count()
    }
}

fn genesis() -> PeerChain {
    Chain::in_memory(ChainParams::regtest())
}

/// Spends the coin of classroom key `from` into many.
fn parent(from: u32) -> Transaction {
    let (outpoint, coin) = genesis().coins_of(&classroom::owner(from)).unwrap()[0];
    let output = TxOut { value: Amount::from_grains(1_000), owner: classroom::owner(from) };
    let rest = Amount::from_grains(coin.output.value.grains() - 1_000 * MANY as u64);
    let mut outputs = vec![output; MANY];
    outputs.push(TxOut { value: rest, ..output });
    Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: vec![good()] }
}

/// Spends many outputs of a parent, with that signature on the last; `number` makes it another.
fn large(parent: &Transaction, number: usize, last: Signature) -> Transaction {
    let inputs: Vec<OutPoint> = parent.outpoints(parent.txid()).map(|(outpoint, _)| outpoint).take(MANY).collect();
    let mut signatures = vec![good(); MANY - 1];
    signatures.push(last);
    let outputs = vec![TxOut { value: Amount::from_grains(1 + number as u64), owner: classroom::owner(9) }];
    Transaction { version: 1, inputs, outputs, signatures }
}

/// Spends one output of a parent; `number` makes it another.
fn small(parent: &Transaction, number: usize, signature: Signature) -> Transaction {
    let (outpoint, output) = parent.outpoints(parent.txid()).nth(number % MANY).unwrap();
    let value = Amount::from_grains(output.value.grains() - (number / MANY) as u64);
    let outputs = vec![TxOut { value, owner: classroom::owner(9) }];
    Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: vec![signature] }
}

/// A chain whose last block holds these.
fn chain_with(transactions: Vec<Transaction>) -> PeerChain {
    let mut chain = genesis().with_verifier(Arc::new(Counting::default()));
    mine(&mut chain, transactions, 1);
    chain
}

/// So many signatures may be verified for a connection from a first moment to the end of `time`, what is verified once
/// more since it failed left out.
fn budget(time: Duration) -> u64 {
    limits::CONNECTION_SIGNATURES + limits::CONNECTION_SIGNATURES_PER_SECOND * time.as_secs()
}

#[test]
fn a_bad_orphan_mutes_its_sender_and_takes_its_others_along() {
    let mut scene = Scene::new();
    let cheat = Peer::new(scene.stage.connect(), 1);
    let honest = Peer::new(cheat.connection, 2);
    let parent = parent(0);
    for number in 0..10 {
        scene.stage.tell(cheat, &NodeMessage::Transaction(large(&parent, number, bad())));
    }
    assert_eq!((scene.counting.count(), scene.stage.machine.mempool().orphans()), (0, 10));
    scene.stage.tell(honest, &NodeMessage::Transaction(parent));
    scene.advance(SECOND);
    assert_eq!(scene.stage.muted_for(cheat), Some(&MuteReason::BrokenRule(Rule::Signature)));
    assert!(!scene.stage.is_muted(honest));
    assert_eq!(scene.counting.count(), 1 + MANY as u64, "the parent and one child, each once");
    let counts = scene.stage.machine.counts();
    assert_eq!((scene.stage.machine.mempool().orphans(), counts.arrivals), (0, 0));
}

#[test]
fn orphans_behind_a_block_are_judged_within_the_budget() {
    let parent = parent(0);
    let chain = chain_with(vec![parent.clone()]);
    let mut scene = Scene::new();
    let connection = scene.stage.connect();
    for number in 0..limits::ORPHANS {
        let cheat = Peer::new(connection, u32::try_from(number).unwrap());
        scene.stage.tell(cheat, &NodeMessage::Transaction(large(&parent, number, bad())));
    }
    scene.advance(SECOND * 2);
    assert_eq!(scene.stage.machine.mempool().orphans(), limits::ORPHANS);
    let block = block_at(&chain, 1);
    scene.stage.tell_at_once(Peer::new(connection, 1_000), &[NodeMessage::Block(block)]);
    scene.most_in_a_step = 0;
    for second in 1..=20 {
        scene.advance(SECOND);
        assert!(scene.counting.count() <= 1 + budget(SECOND * (second + 2)));
    }
    assert!(scene.stage.machine.chain().height() == 1 && scene.most_in_a_step <= 1_000, "{}", scene.most_in_a_step);
    let (muted, dropped) = (scene.muted_for_signatures(), scene.stage.machine.counts().dropped_arrivals);
    assert!(muted > 20 && dropped > 0, "{muted} {dropped}");
    assert_eq!(muted as u64 + dropped, limits::ORPHANS as u64, "judged, or dropped and counted");
}

#[test]
fn bad_transactions_from_fresh_ids_are_judged_within_the_budget() {
    let parent = parent(0);
    let mut scene = Scene::with(chain_with(vec![parent.clone()]));
    let (connection, other) = (scene.stage.connect(), scene.stage.connect());
    let mut sent = 0;
    for second in 1..=5u64 {
        for _ in 0..100 {
            sent += 1;
            let cheat = Peer::new(connection, u32::try_from(sent).unwrap());
            scene.tell_busy(cheat, &large(&parent, sent, bad()));
        }
        scene.advance(SECOND);
        let (count, most) = (scene.counting.count(), budget(SECOND * u32::try_from(second).unwrap()));
        assert!(count <= most, "{count} signatures, at most {most} are allowed");
    }
    assert!(scene.most_in_a_step <= 1_000, "{}", scene.most_in_a_step);
    // whoever is on another connection has its own
    let honest = Peer::new(other, 1);
    let payment = payment(&genesis(), 1, 2, 5);
    scene.stage.tell(honest, &NodeMessage::Transaction(payment.clone()));
    assert!(scene.stage.machine.mempool().contains(&payment.txid()));
}

#[test]
fn an_honest_payment_goes_before_a_flood_of_large_ones() {
    let parent = parent(0);
    let mut scene = Scene::with(chain_with(vec![parent.clone()]));
    let connection = scene.stage.connect();
    for number in 0..100 {
        let cheat = Peer::new(connection, u32::try_from(number).unwrap());
        scene.tell_busy(cheat, &large(&parent, number, bad()));
    }
    scene.advance(SECOND / 4);
    assert!(scene.stage.machine.counts().arrivals > 50);
    for (number, from) in [(500, 1), (501, 2)] {
        let honest = Peer::new(connection, number);
        let payment = payment(&genesis(), from, 3, 5);
        scene.tell_busy(honest, &payment);
        let waited = scene.time_until_accepted(&payment, SECOND).expect("long before the flood is through");
        assert!(waited <= Duration::from_millis(5), "{waited:?}");
    }
    assert!(scene.stage.machine.counts().arrivals > 50);
}

#[test]
fn who_has_paid_before_goes_before_a_flood_of_many_names() {
    let parent = parent(0);
    let mut scene = Scene::with(chain_with(vec![parent.clone()]));
    let connection = scene.stage.connect();
    let honest = Peer::new(connection, u32::MAX - 1);
    scene.stage.tell(honest, &NodeMessage::Transaction(payment(&genesis(), 1, 3, 5)));
    for number in 0..8_000 {
        let cheat = Peer::new(connection, number);
        scene.tell_busy(cheat, &small(&parent, number as usize, bad()));
    }
    assert!(scene.stage.machine.counts().arrivals > 3_000);
    let again = payment(&genesis(), 2, 3, 5);
    scene.tell_busy(honest, &again);
    let waited = scene.time_until_accepted(&again, SECOND).expect("long before the flood is through");
    assert!(waited <= Duration::from_millis(5), "{waited:?}");
}

#[test]
fn a_question_is_answered_whatever_waits_to_be_judged() {
    let parent = parent(0);
    let mut scene = Scene::with(chain_with(vec![parent.clone()]));
    let connection = scene.stage.connect();
    for number in 0..100 {
        let cheat = Peer::new(connection, u32::try_from(number).unwrap());
        scene.stage.tell_at_once(cheat, &[NodeMessage::Transaction(large(&parent, number, bad()))]);
        let (honest, before) = (Peer::new(connection, 1_000), scene.counting.count());
        let ask = NodeMessage::GetHeaders(GetHeaders { locator: Vec::new(), stop: BlockHash::ZERO });
        scene.stage.tell_at_once(honest, &[ask]);
        assert!(scene.stage.take_sent_to(honest).iter().any(|sent| matches!(sent, NodeMessage::Headers(_))));
        assert!(scene.counting.count() - before <= 1_000, "at most one step before what comes next");
    }
}

#[test]
fn one_bad_signature_in_a_batch_blames_one_sender() {
    let parent = parent(0);
    let mut scene = Scene::with(chain_with(vec![parent.clone()]));
    let connection = scene.stage.connect();
    let batch = usize::try_from(limits::ADMISSION_NEWCOMER_SIGNATURES).unwrap();
    let peer = |number: usize| Peer::new(connection, u32::try_from(number).unwrap());
    for number in 0..batch {
        let signature = if number == 3 { bad() } else { good() };
        scene.tell_busy(peer(number), &small(&parent, number, signature));
    }
    assert_eq!(scene.counting.count(), 0, "they wait for each other");
    scene.advance(SECOND);
    assert_eq!(scene.stage.machine.mempool().len(), batch - 1);
    assert_eq!((scene.muted_for_signatures(), scene.stage.is_muted(peer(3))), (1, true));
    assert!(scene.counting.count() < 2 * batch as u64);
}

#[test]
fn newcomers_cannot_spoil_the_batch_of_who_has_paid() {
    let parent = parent(0);
    let mut scene = Scene::with(chain_with(vec![parent.clone()]));
    let connection = scene.stage.connect();
    let honest = Peer::new(connection, 1_000);
    scene.stage.tell(honest, &NodeMessage::Transaction(small(&parent, 0, good())));
    let before = scene.counting.count();
    for number in 1..100 {
        scene.tell_busy(Peer::new(connection, number), &small(&parent, 0, bad()));
        scene.tell_busy(honest, &small(&parent, number as usize, good()));
    }
    scene.stage.machine.handle(scene.stage.moment(), Input::Timeout);
    assert_eq!(scene.stage.machine.mempool().len(), 100);
    assert_eq!(scene.counting.count() - before, 99, "each once");
}

#[test]
fn who_hands_in_too_much_is_not_heard_and_not_blamed() {
    let parent = parent(0);
    let mut scene = Scene::with(chain_with(vec![parent.clone()]));
    let peer = Peer::new(scene.stage.connect(), 1);
    for number in 0..40 {
        scene.tell_busy(peer, &large(&parent, number, good()));
    }
    let taken = limits::PEER_SIGNATURES / MANY as u64;
    assert_eq!(scene.stage.machine.counts().dropped_arrivals, 40 - taken);
    assert_eq!((scene.stage.score(peer), scene.stage.is_muted(peer)), (0, false));
    scene.advance(SECOND);
    assert_eq!(scene.stage.machine.mempool().len(), 1, "the rest spends the same");
}

#[test]
fn good_orphans_come_in_behind_their_parent_over_several_steps() {
    let parent = parent(0);
    let chain = chain_with(vec![parent.clone()]);
    for by_block in [false, true] {
        let mut scene = Scene::with(genesis());
        let connection = scene.stage.connect();
        for number in 0..limits::ORPHANS {
            let peer = Peer::new(connection, u32::try_from(number % 4).unwrap());
            scene.stage.tell(peer, &NodeMessage::Transaction(small(&parent, number, good())));
        }
        let last = Peer::new(connection, 9);
        match by_block {
            true => scene.stage.tell(last, &NodeMessage::Block(block_at(&chain, 1))),
            false => scene.stage.tell(last, &NodeMessage::Transaction(parent.clone())),
        }
        scene.advance(SECOND);
        let held = scene.stage.machine.mempool().len();
        // a package has its limit
        let most = if by_block { limits::ORPHANS } else { limits::MEMPOOL_RELATIVES };
        let held = if by_block { held } else { held - 1 };
        assert_eq!((held, scene.stage.machine.mempool().orphans()), (most, 0), "by a block: {by_block}");
    }
}
