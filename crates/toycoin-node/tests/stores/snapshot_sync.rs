//! A new node that begins with a snapshot, on real sockets: a relay, a node that serves it, and the node that goes on.

use std::time::Duration;

use crate::disk::Directory;
use tokio::time::timeout;
use toycoin_core::{
    Amount, Block, BlockHash, Chain, ChainParams, Rule, TransactionBuilder,
    snapshot::{CoinBytes, DEPTH, INTERVAL},
    state::{ChainState, LtHash},
    store::{ChainStore as _, MemoryStore, SnapshotRoot},
    test_util::{classroom, grow},
};
use toycoin_node::{
    Event, NodeBuilder, NodeHandle, RedbStore, RelayServer, SnapshotProgress, SnapshotSync, SnapshotSyncError,
    Validation, ValidationError,
    light::{Event as LightEvent, LightClient},
    relay::RelayConfig,
    store::{StoreError, unwatched},
};

/// Longer than anything here takes; no test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(120);

/// Waits until a node has this tip.
async fn reach(node: &NodeHandle, tip: BlockHash) {
    let mut events = node.events();
    while node.status().await.unwrap().tip.hash != tip {
        while !matches!(events.recv().await.unwrap(), Event::TipChanged { .. }) {}
    }
}

#[tokio::test]
async fn new_node_begins_with_a_snapshot_over_a_relay() {
    timeout(DEADLINE, begin_with_a_snapshot()).await.unwrap();
}

async fn begin_with_a_snapshot() {
    let params = ChainParams::regtest();
    let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default()).unwrap().spawn().unwrap();
    let address = relay.local_addr().to_string();
    let mut source = Chain::open(params.clone(), MemoryStore::new().with_snapshots()).unwrap();
    grow(&mut source, INTERVAL + DEPTH + 5, classroom::owner(1));
    let (tip, state) = (source.tip().hash, source.state().clone());
    let full = NodeBuilder::new(params.clone()).store(source.into_store()).relay(&address).spawn().await.unwrap();
    full.wait_for_relay().await.unwrap();

    // a client without a chain hears the same node over the same wires
    let mut client = LightClient::builder(params.clone()).relay(&address).spawn().unwrap();
    while let Some(event) = client.next().await {
        if matches!(event, LightEvent::Tip(proved) if proved.hash == tip) {
            break;
        }
    }

    let directory = Directory::new();
    let mut seen = Vec::new();
    let sync = SnapshotSync::new(params.clone()).relay(&address);
    let begun = sync.run(directory.path(), |progress| seen.push(progress)).await.unwrap();
    assert_eq!(begun.header.height, INTERVAL);
    assert!(seen.iter().any(|now| matches!(now, SnapshotProgress::Seeking { .. })), "{seen:?}");
    assert!(!directory.file("snapshot.part").exists());
    let again = SnapshotSync::new(params.clone()).relay(&address).run(directory.path(), |_| {}).await;
    assert!(matches!(again, Err(SnapshotSyncError::Store(StoreError::HasChain { .. }))));

    let store = RedbStore::open(directory.path(), &params).unwrap();
    let node = NodeBuilder::new(params.clone()).store(store).relay(&address).spawn().await.unwrap();
    reach(&node, tip).await;
    assert_eq!(node.status().await.unwrap().assumed, Some(INTERVAL));
    assert!(node.audit().await.unwrap().holds);

    // money from below the snapshot is paid, and both agree on what follows
    let key = classroom::key(0);
    let payment = TransactionBuilder::new(&params)
        .spend(node.coins_of(key.public_key()).await.unwrap())
        .pay(params.address(classroom::owner(4)), Amount::from_grains(5))
        .change_to(params.address(key.public_key()))
        .sign(key)
        .unwrap();
    let txid = node.submit(payment).await.unwrap();

    // the blocks below are validated from genesis, and that chain takes over
    let builder = NodeBuilder::new(params.clone()).relay(&address);
    let mut validation = Validation::begin(builder, directory.path(), &node).await.unwrap().expect("it is assumed");
    let mut heights = Vec::new();
    validation.run(|height, of| heights.push((height, of))).await.unwrap();
    assert_eq!(heights.last(), Some(&(INTERVAL, INTERVAL)));
    validation.shutdown().await.unwrap();
    node.shutdown().await.unwrap();
    full.shutdown().await.unwrap();
    let chain = Chain::open(params.clone(), RedbStore::open(directory.path(), &params).unwrap()).unwrap();
    assert_eq!((chain.tip().hash, chain.state()), (tip, &state));
    let waiting = chain.store().waiting().unwrap();
    assert_eq!(waiting.iter().map(|waiting| waiting.transaction.txid()).collect::<Vec<_>>(), [txid]);
    drop(chain);
    assert!(RedbStore::adopt_validated(directory.path()).unwrap());
    assert!(!RedbStore::adopt_validated(directory.path()).unwrap(), "once");
    let chain = Chain::open(params.clone(), RedbStore::open(directory.path(), &params).unwrap()).unwrap();
    assert!(chain.snapshot_height().is_none() && chain.height() >= INTERVAL);
    assert!(chain.store().check(unwatched).unwrap().is_sound());
    relay.shutdown();
}

/// A block whose state has a coin that nobody made, with that state and its coins.
fn false_block(chain: &Chain<MemoryStore>) -> (Block, ChainState, Vec<CoinBytes>) {
    let mut block = chain.template(Vec::new(), classroom::owner(1), b"", chain.tip().time + 1).unwrap();
    let mut honest = Chain::open(chain.params().clone(), chain.store().clone()).unwrap();
    honest.apply(block.clone().mine_trivial(), u64::MAX).unwrap();
    let mut coins = Vec::new();
    honest.store().visit_coins(&mut |outpoint, coin| coins.push((*outpoint, *coin))).unwrap();
    coins.sort_unstable_by_key(|(outpoint, _)| *outpoint);
    // the richest coin changes its owner
    let richest = coins.iter_mut().max_by_key(|(_, coin)| coin.output.value).unwrap();
    richest.1.output.owner = classroom::owner(9);
    let mut state = honest.state().clone();
    state.utxo_hash = LtHash::default();
    coins.iter().for_each(|(outpoint, coin)| state.utxo_hash.add(outpoint, coin));
    block.header.state_root = state.root();
    (block.mine_trivial(), state, coins.into_iter().map(CoinBytes::from).collect())
}

#[tokio::test]
async fn false_snapshot_is_found_by_its_validation() {
    let params = ChainParams::regtest();
    let mut source = Chain::in_memory(params.clone());
    grow(&mut source, 5, classroom::owner(1));
    let (block, state, coins) = false_block(&source);
    source.insert_header(&block.header, u64::MAX).unwrap();
    let (previous, known) = (source.tip(), source.headers().get(&block.hash()).unwrap().clone());
    let previous_header = source.header_at(previous.height).unwrap().header;
    let (previous_work, work) = (previous.work, known.work);
    let root = SnapshotRoot { previous: previous_header, previous_work, header: block.header, work };
    let directory = Directory::new();
    let coins = coins.into_iter().map(Ok);
    RedbStore::begin_at_snapshot(directory.path(), &params, &root, &state, coins, unwatched).unwrap();

    // the second node has judged the block before
    let place = RedbStore::validation_directory(directory.path());
    let mut judged = Chain::open(params.clone(), RedbStore::open(&place, &params).unwrap()).unwrap();
    for height in 1..=source.height() {
        judged.apply(source.block_at(height).unwrap().unwrap().block().clone(), u64::MAX).unwrap();
    }
    assert_eq!(judged.apply(block.clone(), u64::MAX).unwrap_err().rule(), Some(Rule::StateRoot));
    judged.sync().unwrap();
    drop(judged);

    let store = RedbStore::open(directory.path(), &params).unwrap();
    let node = NodeBuilder::new(params.clone()).store(store).spawn().await.unwrap();
    let begun = Validation::begin(NodeBuilder::new(params.clone()), directory.path(), &node).await;
    let mut validation = begun.unwrap().expect("it is assumed");
    match validation.run(|_, _| {}).await {
        Err(ValidationError::False { height: 6, block: found, claimed, .. }) => {
            assert_eq!((found, claimed), (block.hash(), block.header.state_root));
        }
        other => panic!("{other:?}"),
    }
    validation.shutdown().await.unwrap();
    node.shutdown().await.unwrap();
    assert!(!RedbStore::adopt_validated(directory.path()).unwrap());
}
