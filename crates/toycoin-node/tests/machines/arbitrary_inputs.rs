//! Whatever comes in whatever order: the machine does not panic, holds no more than its bounds, and does the same again.

use std::{sync::LazyLock, time::Duration};

use crate::common::{
    chains::{PeerChain, block_at, chain_of, extend, headers, honest_answers, payment, prefix, status},
    stage::{Peer, Stage},
};
use proptest::{collection::vec, prelude::*};
use toycoin_core::{
    Block, ChainParams, Transaction, Txid,
    chain::Chain,
    compact::CompactBlock,
    test_util::{Scene, classroom, mutations},
};
use toycoin_node::{
    limits,
    protocol::{Input, JobId, Request, RequestId},
    relay::ConnectionId,
};
use toycoin_wire::{
    node::{BlockTransactions, GetBlockTransactions, GetHeaders, NodeMessage, Reject},
    test_util::any_relay_message,
};

/// Chains that peers have: two branches and a short one, the first the scene's.
static CHAINS: LazyLock<Vec<PeerChain>> = LazyLock::new(|| {
    let params = ChainParams::regtest();
    let mut scene = Chain::in_memory(params.clone());
    for block in Scene::new(params.clone()).ledger.blocks().iter().skip(1) {
        scene.apply(Block::clone(block), u64::MAX).expect("the scene is valid");
    }
    let long = chain_of(&params, 40, 1);
    let mut fork = prefix(&long, 12);
    extend(&mut fork, 20, 2);
    vec![scene, long, fork]
});

/// A block for each rule that it breaks, on the scene's chain.
static BROKEN: LazyLock<Vec<Block>> = LazyLock::new(|| {
    let breaks = |mutation: mutations::Mutation| {
        let mut scene = Scene::new(ChainParams::regtest());
        mutation.apply(&mut scene);
        scene.block
    };
    mutations::all().map(breaks).filter(|block| block.size() < 100_000).collect()
});

/// One thing that happens.
#[derive(Debug, Clone)]
enum Act {
    Connect,
    Disconnect(u8),
    Say(u8, u8, Words),
    /// A peer answers all that it was asked, as an honest one with that chain does.
    Answer(u8, u8, usize),
    RelaySays(u8, toycoin_wire::test_util::RelayMessageBuf),
    Bytes(u8, Vec<u8>),
    Pass(u32),
    /// Sockets take bytes only when they are told to, or at once again.
    HoldWrites(bool),
    Write(u8, u32),
    Ask(u8),
    Mined(bool),
}

/// What a peer says.
#[derive(Debug, Clone)]
enum Words {
    Status(usize, i64),
    Block(usize, u64),
    Mutated(usize, u64),
    /// A compact block, with the short ids of another nonce if it is not honest.
    Compact(usize, u64, bool),
    GetPayments(usize, u64, Vec<u32>),
    Payments(usize, u64),
    Broken(usize),
    Headers(usize, u64, u64),
    GetHeaders(usize, u64),
    GetBlocks(usize, u64),
    NotFound(usize, u64),
    Payment(u32, u64, bool),
    GetTransactions,
    Reject,
    Raw([u8; 4], Vec<u8>),
}

impl Words {
    fn payload(&self, stage: &Stage) -> Vec<u8> {
        let hash = |chain: usize, height: u64| CHAINS[chain].header_at(height.min(CHAINS[chain].height()));
        let hash = |chain, height| hash(chain, height).expect("a height of the chain").hash;
        let block = |chain: usize, height: u64| block_at(&CHAINS[chain], height.min(CHAINS[chain].height()));
        let message = match self {
            Self::Status(chain, skew) => status(&CHAINS[*chain], stage.unix_ms().saturating_add_signed(*skew)),
            Self::Block(chain, height) => NodeMessage::Block(block(*chain, *height)),
            Self::Mutated(chain, height) => {
                let mut block = block(*chain, *height);
                block.coinbase.extra.push(1);
                NodeMessage::Block(block)
            }
            Self::Compact(chain, height, honest) => {
                let mut compact = CompactBlock::of(&block(*chain, *height), 7);
                compact.nonce += u64::from(!honest);
                NodeMessage::CompactBlock(compact)
            }
            Self::GetPayments(chain, height, places) => {
                let (block, places) = (hash(*chain, *height), places.clone());
                NodeMessage::GetBlockTransactions(GetBlockTransactions { block, places })
            }
            Self::Payments(chain, height) => {
                let Block { header, transactions, .. } = block(*chain, *height);
                NodeMessage::BlockTransactions(BlockTransactions { block: header.hash(), transactions })
            }
            Self::Broken(place) => NodeMessage::Block(BROKEN[place % BROKEN.len()].clone()),
            Self::Headers(chain, from, count) => {
                let last = CHAINS[*chain].height();
                NodeMessage::Headers(headers(&CHAINS[*chain], *from.min(&last)..=(from + count).min(last)))
            }
            Self::GetHeaders(chain, height) => {
                NodeMessage::GetHeaders(GetHeaders { locator: vec![hash(*chain, *height)], stop: hash(0, 0) })
            }
            Self::GetBlocks(chain, height) => {
                NodeMessage::GetBlocks((0..16).map(|above| hash(*chain, height + above)).collect())
            }
            Self::NotFound(chain, height) => {
                NodeMessage::NotFound((0..16).map(|above| hash(*chain, height + above).to_bytes()).collect())
            }
            Self::Payment(to, grains, honest) => NodeMessage::Transaction(transaction(*to, *grains, *honest)),
            Self::GetTransactions => NodeMessage::GetTransactions(vec![transaction(1, 5, true).txid(), Txid::ZERO]),
            Self::Reject => NodeMessage::Reject(Reject { hash: [1; 32], rule: 7, text: "no".into() }),
            Self::Raw(tag, body) => return [tag.as_slice(), body].concat(),
        };
        message.encode().expect("within its cap")
    }
}

fn transaction(to: u32, grains: u64, honest: bool) -> Transaction {
    let mut transaction = payment(&CHAINS[(grains % 3) as usize], 0, to, grains);
    if !honest {
        transaction.signatures[0] = classroom::key(2).sign(&[0; 32]);
    }
    transaction
}

fn any_words() -> impl Strategy<Value = Words> {
    let tags = [*b"STAT", *b"TXN ", *b"BLOC", *b"GHDR", *b"HDRS", *b"GBLK", *b"NOTF", *b"GTXN", *b"RJCT", *b"NEWS"];
    let (chain, height) = (0..3usize, 0..45u64);
    prop_oneof![
        4 => (chain.clone(), -9_999_999..9_999_999i64).prop_map(|(chain, skew)| Words::Status(chain, skew)),
        4 => (chain.clone(), height.clone()).prop_map(|(chain, height)| Words::Block(chain, height)),
        1 => (chain.clone(), height.clone()).prop_map(|(chain, height)| Words::Mutated(chain, height)),
        4 => (chain.clone(), height.clone(), any::<bool>()).prop_map(|(chain, height, honest)| {
            Words::Compact(chain, height, honest)
        }),
        1 => (chain.clone(), height.clone(), vec(0..4u32, 0..4)).prop_map(|(chain, height, places)| {
            Words::GetPayments(chain, height, places)
        }),
        1 => (chain.clone(), height.clone()).prop_map(|(chain, height)| Words::Payments(chain, height)),
        2 => any::<u16>().prop_map(|place| Words::Broken(place.into())),
        3 => (chain.clone(), height.clone(), 0..45u64).prop_map(|(chain, from, count)| Words::Headers(chain, from, count)),
        1 => (chain.clone(), height.clone()).prop_map(|(chain, height)| Words::GetHeaders(chain, height)),
        1 => (chain.clone(), height.clone()).prop_map(|(chain, height)| Words::GetBlocks(chain, height)),
        1 => (chain, height).prop_map(|(chain, height)| Words::NotFound(chain, height)),
        3 => (1..4u32, 1..40u64, prop::bool::weighted(0.8)).prop_map(|(to, grains, honest)| {
            Words::Payment(to, grains, honest)
        }),
        1 => Just(Words::GetTransactions),
        1 => Just(Words::Reject),
        1 => (prop::sample::select(tags.to_vec()), vec(any::<u8>(), 0..200)).prop_map(|(tag, body)| Words::Raw(tag, body)),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => Just(Act::Connect),
        1 => (0..4u8).prop_map(Act::Disconnect),
        20 => (0..4u8, 0..5u8, any_words()).prop_map(|(relay, peer, words)| Act::Say(relay, peer, words)),
        8 => (0..4u8, 0..5u8, 0..3usize).prop_map(|(relay, peer, chain)| Act::Answer(relay, peer, chain)),
        1 => (0..4u8, any_relay_message()).prop_map(|(relay, message)| Act::RelaySays(relay, message)),
        1 => (0..4u8, vec(any::<u8>(), 0..100)).prop_map(|(relay, bytes)| Act::Bytes(relay, bytes)),
        6 => (0..3_000u32).prop_map(Act::Pass),
        1 => (0..200_000u32).prop_map(Act::Pass),
        1 => any::<bool>().prop_map(Act::HoldWrites),
        2 => (0..4u8, 0..100_000u32).prop_map(|(relay, bytes)| Act::Write(relay, bytes)),
        3 => any::<u8>().prop_map(Act::Ask),
        2 => any::<bool>().prop_map(Act::Mined),
    ]
}

fn request(kind: u8, stage: &Stage) -> Request {
    match kind % 12 {
        0 => Request::Status,
        1 => Request::Coins(classroom::owner(0)),
        2 => Request::BlockAt(3),
        3 => Request::Transaction(transaction(1, 5, true).txid()),
        4 => Request::WaitForConfirmations { txid: transaction(1, 6, true).txid(), confirmations: 2 },
        5 => Request::Cancel(RequestId(u64::from(kind))),
        6 => Request::Since(CHAINS[1].tip().hash),
        7 => Request::Audit,
        8 => Request::SetMining(kind & 16 == 0),
        9 => Request::Peers,
        10 => Request::Block(stage.machine.chain().tip().hash),
        _ => Request::Submit(transaction(2, u64::from(kind), kind & 16 == 0)),
    }
}

fn act(stage: &mut Stage, relays: &mut Vec<ConnectionId>, act: &Act) {
    relays.retain(|relay| stage.is_connected(*relay));
    let relay = |number: u8| relays.get(usize::from(number) % relays.len().max(1)).copied();
    match act {
        Act::Connect if relays.len() < 4 => relays.push(stage.connect()),
        Act::Connect => {}
        Act::Disconnect(number) => relay(*number).into_iter().for_each(|relay| stage.disconnect(relay)),
        Act::Say(number, peer, words) => {
            let Some(relay) = relay(*number) else { return };
            let payload = words.payload(stage);
            stage.tell_payload(Peer::new(relay, (*peer).into()), &payload);
        }
        Act::Answer(number, peer, chain) => {
            let Some(relay) = relay(*number) else { return };
            let peer = Peer::new(relay, (*peer).into());
            let questions = stage.take_sent_to(peer);
            for answer in questions.iter().flat_map(|question| honest_answers(&CHAINS[*chain], question)) {
                if stage.is_connected(relay) {
                    stage.tell(peer, &answer);
                }
            }
        }
        Act::RelaySays(number, message) => {
            let Some(relay) = relay(*number) else { return };
            stage.relay_says(relay, &message.borrowed());
        }
        Act::Bytes(number, bytes) => {
            let Some(connection) = relay(*number) else { return };
            stage.input(Input::Received { connection, bytes });
        }
        Act::HoldWrites(holds) => stage.holds_writes = *holds,
        Act::Write(number, bytes) => {
            let Some(relay) = relay(*number) else { return };
            stage.write(relay, (*bytes).into());
        }
        Act::Pass(ms) => stage.advance(Duration::from_millis((*ms).into())),
        Act::Ask(kind) => {
            let request = request(*kind, stage);
            stage.request(request);
        }
        Act::Mined(honest) => match stage.job {
            Some(job) if *honest => stage.mine(job),
            _ => stage.input(Input::Mined { job: JobId(3), nonce: 3 }),
        },
    }
}

fn assert_bounds(stage: &Stage) {
    let counts = stage.machine.counts();
    let bounds = [
        (counts.peers, limits::PEERS),
        (counts.held_headers, limits::HELD_HEADERS),
        (counts.blocks_in_flight, limits::BLOCKS_A_CONNECTION * stage.connected()),
        (counts.orphan_blocks, limits::ORPHAN_BLOCKS),
        (counts.deferred_blocks, limits::DEFERRED_BLOCKS),
        (counts.compact_blocks, limits::COMPACT_BLOCKS),
        (counts.senders, limits::REMEMBERED_SENDERS),
        (counts.own_payments, limits::OWN_PAYMENTS),
        (counts.waits, limits::WAITS),
        (counts.most_seen_blocks, limits::SEEN_BLOCKS),
        (stage.machine.mempool().orphans(), limits::ORPHANS),
    ];
    assert!(bounds.iter().all(|(count, most)| count <= most), "{counts:?}");
    assert!(counts.orphan_block_bytes.max(counts.deferred_block_bytes) <= limits::ORPHAN_BLOCK_BYTES);
    assert!(stage.machine.mempool().bytes() <= limits::MEMPOOL_BYTES);
    assert!(counts.most_unwritten <= limits::TRANSPORT_QUEUE_BYTES as u64, "{counts:?}");
    assert!(counts.most_unwritten_answers <= limits::ANSWER_SHARE, "{counts:?}");
    assert!(counts.most_questioners <= limits::QUESTION_PEERS, "{counts:?}");
    assert!(counts.most_questions <= limits::QUESTION_PEERS * limits::QUESTIONS_OF_A_PEER, "{counts:?}");
    assert!(counts.kept_body_bytes <= limits::KEPT_BODY_BYTES, "{counts:?}");
}

fn run(acts: &[Act]) -> Stage {
    let mut stage = Stage::with(Chain::in_memory(ChainParams::regtest()), |config| {
        config.payout = Some(classroom::owner(6));
    });
    stage.trace = Some(Vec::new());
    let mut relays = vec![stage.connect()];
    for one in acts {
        act(&mut stage, &mut relays, one);
        assert_bounds(&stage);
    }
    assert!(stage.machine.chain().audit().expect("memory does not fail").holds);
    stage
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_inputs_keep_the_bounds_and_two_runs_are_equal(acts in vec(any_act(), 1..120)) {
        let (one, other) = (run(&acts), run(&acts));
        prop_assert_eq!(one.trace, other.trace);
    }
}
