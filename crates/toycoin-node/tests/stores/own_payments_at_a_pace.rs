//! A node with more payments pending than its transport takes tells them all, parents first, and stays connected.

use std::{collections::BTreeMap, time::Duration};

use crate::common::stage::{Peer, Stage};
use crate::disk::{memory::Memory, mine};
use toycoin_core::{
    Amount, BlockHash, Chain, ChainParams, OutPoint, Transaction, TxOut, Txid,
    store::{ChainStore, MemoryStore},
    test_util::classroom,
};
use toycoin_node::{
    limits,
    protocol::{Request, Response},
    relay::ConnectionId,
    store::RedbStore,
};
use toycoin_wire::node::{GetHeaders, NodeMessage};

/// What a payment of the lines pays to others: nearly 100,000 bytes of outputs.
const OUTPUTS: u32 = 2_450;
/// Payments of a line: as many as may wait of one family.
const LINE: usize = 24;

/// Cuts each coin of genesis into three, in a block: so many lines can begin.
fn cut<S: ChainStore<Error: std::fmt::Debug>>(mut chain: Chain<S>) -> Chain<S> {
    let mut payments = Vec::new();
    for (outpoint, coin) in (0..4).flat_map(|key| chain.coins_of(&classroom::owner(key)).unwrap()) {
        let part = Amount::from_grains(coin.output.value.grains() / 3);
        let outputs = vec![TxOut { value: part, owner: coin.output.owner }; 3];
        let mut payment = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: vec![] };
        classroom::sign(&mut payment, chain.params().genesis_hash(), &[coin.output]);
        payments.push(payment);
    }
    mine(&mut chain, payments, 6);
    chain
}

fn in_memory() -> Chain<MemoryStore> {
    cut(Chain::in_memory(ChainParams::regtest()))
}

/// Lines of payments, each of which spends from the one before.
fn lines(count: usize) -> Vec<Transaction> {
    let chain = in_memory();
    let coins = (0..4).flat_map(|key| chain.coins_of(&classroom::owner(key)).unwrap());
    let mut all = Vec::new();
    for (mut outpoint, coin) in coins.take(count) {
        let owner = coin.output.owner;
        let mut output = coin.output;
        for _ in 0..LINE {
            let mut outputs = vec![TxOut { value: Amount::from_grains(1), owner }; OUTPUTS as usize];
            let change = TxOut { value: Amount::from_grains(output.value.grains() - u64::from(OUTPUTS)), owner };
            outputs.push(change);
            let mut payment = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: vec![] };
            classroom::sign(&mut payment, chain.params().genesis_hash(), &[output]);
            (outpoint, output) = (OutPoint { txid: payment.txid(), vout: OUTPUTS }, change);
            all.push(payment);
        }
    }
    assert_eq!(all.len(), count * LINE);
    all
}

fn submit<S: ChainStore<Error: std::fmt::Display>>(stage: &mut Stage<S>, payments: &[Transaction]) {
    for payment in payments {
        let answer = stage.ask(Request::Submit(payment.clone()));
        assert!(matches!(answer, Response::Submitted(Ok(_))), "{answer:?}");
    }
}

/// What a node told on a connection.
#[derive(Default)]
struct Told {
    /// When each payment was told first, in order.
    first: BTreeMap<Txid, usize>,
    payments: usize,
    headers: usize,
}

impl Told {
    /// Has a connection write a megabyte a second until all payments are told there, and peers ask meanwhile.
    fn listen<S: ChainStore<Error: std::fmt::Display>>(
        &mut self,
        stage: &mut Stage<S>,
        connection: ConnectionId,
        payments: &[Transaction],
    ) {
        let asker = Peer::new(connection, 1);
        let mut questions = 0;
        for tick in 0..6_000 {
            stage.advance(Duration::from_millis(20));
            assert!(stage.unwritten(connection) <= limits::OWN_PAYMENT_SHARE + limits::REQUEST_SHARE);
            stage.write(connection, 20_000);
            assert!(stage.is_connected(connection), "{:?}", stage.closed);
            // whatever the relay is asked, it answers: it lives
            if tick % 50 == 0 {
                stage.tell(asker, &NodeMessage::GetHeaders(GetHeaders { locator: vec![], stop: BlockHash::ZERO }));
                questions += 1;
            }
            for sent in stage.take_sent().into_iter().filter(|sent| sent.connection == connection) {
                match sent.message {
                    NodeMessage::Transaction(payment) => {
                        self.first.entry(payment.txid()).or_insert(self.payments);
                        self.payments += 1;
                    }
                    NodeMessage::Headers(_) => self.headers += 1,
                    _ => {}
                }
            }
            if self.first.len() == payments.len() {
                assert_eq!(self.headers, questions, "others are answered meanwhile");
                return;
            }
        }
        panic!("{} of {} payments were told", self.first.len(), payments.len());
    }

    fn assert_parents_first(&self, payments: &[Transaction]) {
        for payment in payments {
            let (parent, own) = (self.first.get(&payment.inputs[0].txid), self.first[&payment.txid()]);
            assert!(parent.is_none_or(|parent| *parent < own));
        }
    }
}

/// What waits is nearly as much as the mempool holds: 20 MB.
#[test]
fn twenty_megabytes_of_own_payments_keep_the_connection() {
    let payments = lines(8);
    let bytes: u64 = payments.iter().map(Transaction::size).sum();
    assert!(bytes > 18_000_000 && bytes <= limits::MEMPOOL_BYTES, "{bytes}");
    let mut stage = Stage::with(in_memory(), |_| {});
    submit(&mut stage, &payments);
    stage.holds_writes = true;
    // the second time as after a relay's restart, while payments wait to be told again
    for _ in 0..2 {
        let connection = stage.connect();
        let mut told = Told::default();
        told.listen(&mut stage, connection, &payments);
        told.assert_parents_first(&payments);
        stage.disconnect(connection);
    }
    assert!(stage.closed.is_empty(), "{:?}", stage.closed);
}

#[test]
fn payments_that_waited_over_a_restart_are_told_at_a_pace_too() {
    let (index, bodies) = (Memory::default(), Memory::default());
    let open = || {
        let store = RedbStore::open_on(index.clone(), bodies.clone(), &ChainParams::regtest()).unwrap();
        Chain::open(ChainParams::regtest(), store).unwrap()
    };
    let payments = lines(3);
    let mut before = Stage::with(cut(open()), |_| {});
    submit(&mut before, &payments);
    before.machine.finish().unwrap();
    let mut stage = Stage::with(open(), |_| {});
    stage.holds_writes = true;
    let connection = stage.connect();
    let mut told = Told::default();
    told.listen(&mut stage, connection, &payments);
    told.assert_parents_first(&payments);
}

/// A relay that takes nothing holds up nobody else.
#[test]
fn connection_that_writes_nothing_does_not_hold_up_another() {
    let payments = lines(2);
    let mut stage = Stage::with(in_memory(), |_| {});
    stage.holds_writes = true;
    let (stuck, working) = (stage.connect(), stage.connect());
    submit(&mut stage, &payments);
    let mut told = Told::default();
    told.listen(&mut stage, working, &payments);
    told.assert_parents_first(&payments);
    assert!(stage.unwritten(stuck) <= limits::OWN_PAYMENT_SHARE + limits::REQUEST_SHARE);
}

/// More are pending than can be told before the first are due again: none is told twice before each was told once.
#[test]
fn payments_take_turns() {
    let payments = lines(8);
    let mut stage = Stage::with(in_memory(), |_| {});
    submit(&mut stage, &payments);
    stage.holds_writes = true;
    let connection = stage.connect();
    let mut told = Told::default();
    told.listen(&mut stage, connection, &payments);
    assert_eq!(told.payments, payments.len());
}
