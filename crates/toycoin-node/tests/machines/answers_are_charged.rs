//! What a stranger asks is charged before it is done: by what is read for it and by what is sent.

use std::{
    cell::Cell,
    rc::Rc,
    sync::{Arc, LazyLock},
    time::Duration,
};

use crate::common::{
    chains::{chain_of, extend, mine, payment, wide_payment},
    stage::{Peer, Stage},
};
use toycoin_core::{
    BlockHash, ChainParams, CheckedBlock, OutPoint, Txid,
    chain::Chain,
    filter::BlockFilter,
    proof::Opening,
    store::{BlockUndo, ChainStore, ChainUpdate, MemoryStore, StoredChain, WaitingTransaction},
    utxo::{Coin, UtxoView},
};
use toycoin_node::limits;
use toycoin_wire::node::{GetAncestors, GetFilters, GetHeaders, GetProof, GetReceipts, NodeMessage};

const SECOND: Duration = Duration::from_secs(1);

/// A store in memory that counts the bytes of the bodies that are read.
#[derive(Clone, Default)]
struct Counting {
    inner: MemoryStore,
    read: Rc<Cell<u64>>,
}

impl UtxoView for Counting {
    type Error = std::convert::Infallible;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Self::Error> {
        self.inner.coin(outpoint)
    }
}

impl ChainStore for Counting {
    fn load(&self) -> Result<Option<StoredChain>, Self::Error> {
        self.inner.load()
    }

    fn insert_block(&mut self, block: &Arc<CheckedBlock>) -> Result<(), Self::Error> {
        self.inner.insert_block(block)
    }

    fn block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, Self::Error> {
        let block = self.inner.block(hash)?;
        self.read.set(self.read.get() + block.as_ref().map_or(0, |block| block.block().size()));
        Ok(block)
    }

    fn body_size(&self, hash: &BlockHash) -> Result<Option<u64>, Self::Error> {
        self.inner.body_size(hash)
    }

    fn undo(&self, hash: &BlockHash) -> Result<Option<BlockUndo>, Self::Error> {
        self.inner.undo(hash)
    }

    fn mark_invalid(&mut self, hash: &BlockHash) -> Result<(), Self::Error> {
        self.inner.mark_invalid(hash)
    }

    fn stage(&mut self, update: ChainUpdate) -> Result<(), Self::Error> {
        self.inner.stage(update)
    }

    fn staged_coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Self::Error> {
        self.inner.staged_coin(outpoint)
    }

    fn unstage(&mut self) -> Result<(), Self::Error> {
        self.inner.unstage()
    }

    fn commit(&mut self, update: ChainUpdate) -> Result<(), Self::Error> {
        self.inner.commit(update)
    }

    fn keep_waiting(&mut self, waiting: Vec<WaitingTransaction>) -> Result<(), Self::Error> {
        self.inner.keep_waiting(waiting)
    }

    fn waiting(&self) -> Result<Vec<WaitingTransaction>, Self::Error> {
        self.inner.waiting()
    }

    fn find_transaction(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, Self::Error> {
        self.inner.find_transaction(txid)
    }

    fn opening(&self, height: u64) -> Result<Option<Opening>, Self::Error> {
        self.inner.opening(height)
    }

    fn filter(&self, height: u64) -> Result<Option<BlockFilter>, Self::Error> {
        self.inner.filter(height)
    }

    fn visit_coins(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), Self::Error> {
        self.inner.visit_coins(visit)
    }
}

/// A node with that chain, whose reads are counted.
struct Scene {
    stage: Stage<Counting>,
    peer: Peer,
    read: Rc<Cell<u64>>,
    /// The large blocks.
    large: Vec<BlockHash>,
    /// Each large block's coinbase, and its first and last payment.
    coinbases: Vec<Txid>,
    payments: Vec<Txid>,
}

/// A page of headers, and then 12 blocks of about 370 kB each.
struct Source {
    store: MemoryStore,
    large: Vec<BlockHash>,
    coinbases: Vec<Txid>,
    payments: Vec<Txid>,
}

static SOURCE: LazyLock<Source> = LazyLock::new(|| {
    let mut chain = chain_of(&ChainParams::regtest(), limits::HEADERS_A_MESSAGE, 1);
    let (mut large, mut coinbases, mut payments) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..12 {
        let wide: Vec<_> = (0..4).map(|key| wide_payment(&chain, key, 2_250)).collect();
        payments.extend(wide.iter().map(|payment| payment.txid()));
        let block = mine(&mut chain, wide, 1);
        large.push(block.hash());
        coinbases.push(block.coinbase.txid());
    }
    extend(&mut chain, 2, 1);
    Source { store: chain.into_store(), large, coinbases, payments }
});

fn scene() -> Scene {
    let Source { store, large, coinbases, payments } = &*SOURCE;
    let read = Rc::default();
    let store = Counting { inner: store.clone(), read: Rc::clone(&read) };
    let chain = Chain::open(ChainParams::regtest(), store).expect("memory does not fail");
    let mut stage = Stage::with(chain, |_| {});
    let peer = Peer::new(stage.connect(), 1);
    stage.take_sent();
    read.set(0);
    let (large, coinbases, payments) = (large.clone(), coinbases.clone(), payments.clone());
    Scene { stage, peer, read, large, coinbases, payments }
}

fn ask_headers(locator: Vec<BlockHash>) -> NodeMessage {
    NodeMessage::GetHeaders(GetHeaders { locator, stop: BlockHash::ZERO })
}

fn proof_of(slices: u16) -> NodeMessage {
    NodeMessage::GetProof(GetProof { tip: BlockHash::ZERO, seed: [7; 32], slices, start: BlockHash::ZERO })
}

#[test]
fn coinbase_is_not_found_without_reading_its_block() {
    let Scene { mut stage, peer, read, coinbases, .. } = scene();
    for _ in 0..20 {
        stage.tell(peer, &NodeMessage::GetTransactions(vec![coinbases[0]; 128]));
    }
    assert_eq!(read.get(), 0);
    assert_eq!(stage.take_sent_to(peer), vec![NodeMessage::NotFound(vec![coinbases[0].to_bytes()]); 20]);
}

#[test]
fn hash_named_sixteen_times_is_answered_once() {
    let Scene { mut stage, peer, read, large, .. } = scene();
    stage.tell(peer, &NodeMessage::GetBlocks(vec![large[0]; 16]));
    let told = stage.take_sent_to(peer);
    assert!(matches!(&told[..], [NodeMessage::Block(block)] if block.hash() == large[0]), "{} answers", told.len());
    let size = read.get();
    assert!(size > 0);
    // nor is it read again a moment later
    stage.tell(Peer::new(peer.connection, 2), &NodeMessage::GetBlocks(vec![large[0]]));
    assert_eq!(read.get(), size);
    // and what is missing is named once
    stage.tell(peer, &NodeMessage::GetBlocks(vec![BlockHash::from_bytes([4; 32]); 16]));
    assert_eq!(stage.take_sent_to(peer), [NodeMessage::NotFound(vec![[4; 32]])]);
}

#[test]
fn reads_stay_within_the_budget_whatever_is_asked() {
    type Ask = fn(&Scene, usize) -> NodeMessage;
    let asks: [(&str, Ask); 4] = [
        ("blocks", |scene, _| NodeMessage::GetBlocks(scene.large.clone())),
        ("payments of many blocks", |scene, round| {
            // never two of one block in a row
            let of_all = (0..4).flat_map(|place| scene.payments.iter().skip(place).step_by(4));
            NodeMessage::GetTransactions(of_all.copied().cycle().skip(round).take(64).collect())
        }),
        ("coinbases and payments", |scene, _| {
            NodeMessage::GetTransactions([&scene.coinbases[..], &scene.payments[..]].concat())
        }),
        ("receipts of many blocks", |scene, round| {
            let of_all = (0..4).flat_map(|place| scene.payments.iter().skip(place).step_by(4));
            let transactions = of_all.copied().cycle().skip(round).take(48).collect();
            NodeMessage::GetReceipts(GetReceipts { tip: BlockHash::ZERO, transactions })
        }),
    ];
    for (what, ask) in asks {
        let mut scene = scene();
        let seconds = 3;
        for round in 0..seconds * 20 {
            for id in 1..6 {
                let message = ask(&scene, round);
                let peer = Peer::new(scene.peer.connection, id);
                scene.stage.tell(peer, &message);
            }
            scene.stage.advance(SECOND / 20);
        }
        let most = limits::ANSWER_TOKENS + limits::ANSWER_TOKENS_PER_SECOND * seconds as u64;
        assert!(scene.read.get() <= most, "{what}: {} read, {most} allowed", scene.read.get());
        let sent: usize = scene.stage.take_sent().iter().map(|sent| sent.message.encode().unwrap().len()).sum();
        assert!(sent as u64 <= most + most / 8, "{what}: {sent} sent, {most} allowed");
        assert!(scene.read.get() > 0 && scene.stage.closed.is_empty(), "{what}");
    }
}

#[test]
fn newcomer_is_answered_within_a_tenth_of_a_second_of_any_flood() {
    type Ask = fn(&Scene) -> NodeMessage;
    let floods: [(&str, Ask); 8] = [
        ("pages of headers", |_| ask_headers(Vec::new())),
        ("blocks", |scene| NodeMessage::GetBlocks(scene.large.clone())),
        ("payments", |scene| NodeMessage::GetTransactions(scene.payments.clone())),
        ("proofs", |_| proof_of(256)),
        ("ancestors", |scene| {
            let blocks = scene.large.iter().copied().cycle().take(128).collect();
            NodeMessage::GetAncestors(GetAncestors { tip: BlockHash::ZERO, blocks })
        }),
        ("receipts", |scene| {
            let transactions = scene.payments.clone();
            NodeMessage::GetReceipts(GetReceipts { tip: BlockHash::ZERO, transactions })
        }),
        ("filters", |scene| NodeMessage::GetFilters(GetFilters { first: 0, last: scene.large[11] })),
        ("unknown payments", |_| {
            NodeMessage::GetTransactions((0..128).map(|byte| Txid::from_bytes([byte; 32])).collect())
        }),
    ];
    for (what, flood) in floods {
        let mut scene = scene();
        let message = flood(&scene);
        let tip = scene.stage.machine.chain().tip();
        let parent = scene.stage.machine.chain().header_at(tip.height - 1).unwrap().hash;
        let small = ask_headers(vec![parent]);
        let mut newcomers = 0;
        for round in 0..100 {
            for flooder in 0..20 {
                scene.stage.tell(Peer::new(scene.peer.connection, flooder), &message);
            }
            if round % 10 == 9 {
                newcomers += 1;
                let newcomer = Peer::new(scene.peer.connection, 1_000 + newcomers);
                scene.stage.tell(newcomer, &small);
                scene.stage.advance(SECOND / 10);
                let told = scene.stage.take_sent_to(newcomer);
                let expected = scene.stage.machine.chain().header_at(tip.height).unwrap().header;
                assert_eq!(told, [NodeMessage::Headers(vec![expected])], "{what}, round {round}");
                // a whole page takes its turn
                let joiner = Peer::new(scene.peer.connection, 5_000 + newcomers);
                scene.stage.tell(joiner, &ask_headers(Vec::new()));
                scene.stage.advance(SECOND / 2);
                assert!(
                    matches!(&scene.stage.take_sent_to(joiner)[..], [NodeMessage::Headers(page)] if page.len() == 2_000),
                    "{what}, round {round}"
                );
            }
            scene.stage.advance(SECOND / 100);
        }
    }
}

#[test]
fn last_answer_of_a_full_step_leaves_nothing_to_do() {
    let Scene { mut stage, peer, large, .. } = scene();
    // with each number of blocks, one of which ends just where a step does
    for count in 1..=4 {
        stage.advance(SECOND);
        stage.tell(peer, &NodeMessage::GetBlocks(large[..count].to_vec()));
        assert_eq!(stage.take_sent_to(peer).len(), count);
        let next = toycoin_node::machine::Machine::next_timeout(&stage.machine).map(|at| at.since_origin());
        assert!(next.is_some_and(|at| at > stage.now), "the machine turns on the spot after {count}");
    }
}

#[test]
fn payment_of_the_mempool_goes_before_what_is_missing() {
    let mut stage = Stage::new(&ChainParams::regtest());
    let peer = Peer::new(stage.connect(), 1);
    let paid = payment(&Chain::in_memory(ChainParams::regtest()), 0, 1, 5);
    stage.tell(peer, &NodeMessage::Transaction(paid.clone()));
    stage.take_sent();
    let unknown = Txid::from_bytes([6; 32]);
    stage.tell(peer, &NodeMessage::GetTransactions(vec![unknown, paid.txid(), paid.txid()]));
    let missing = NodeMessage::NotFound(vec![unknown.to_bytes()]);
    assert_eq!(stage.take_sent_to(peer), [NodeMessage::Transaction(paid), missing]);
}
