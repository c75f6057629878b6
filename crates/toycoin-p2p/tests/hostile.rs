//! Peers that do what no node does. After each attack, the attacker is gone or ignored, an honest peer is still there,
//! blocks cross in both directions, and the node's memory has not grown by more than 16 MiB.
//!
//! The node is a process of its own, so that only its memory counts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;
#[path = "../examples/foreign.rs"]
#[allow(dead_code, reason = "its main function runs in another process")]
mod foreign;

use toycoin_core::{Amount, Block, BlockHash, ChainParams, FeeRate, SecretKey, TransactionBuilder};
use toycoin_node::{NodeBuilder, NodeHandle, mesh_port};
use toycoin_p2p::{Handle, NetworkNames, start};
use toycoin_wire::node::{NodeMessage, Payload};

use self::common::{
    attacker::{Attacker, Bytes},
    config,
    rpc::Rpc,
    until,
    victim::Victim,
};

/// The most by which the victim's memory may grow, in bytes.
const MOST_GROWTH: u64 = 16 << 20;

/// A victim, with one honest peer that is a whole node.
struct Stage {
    victim: Victim,
    node: NodeHandle,
    mesh: Handle,
    names: NetworkNames,
    /// The victim's memory before the attack.
    memory: u64,
}

/// What has become of an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Its connection is closed, and it is not let in again.
    Muted,
    /// It is still connected.
    Ignored,
}

impl Stage {
    async fn set() -> Self {
        let victim = Victim::start("victim");
        let params = ChainParams::regtest();
        let (port, end) = mesh_port(1_024);
        let mesh = start(config().peer(victim.address.parse().unwrap()), end).await.unwrap();
        let miner = SecretKey::classroom(9).public_key();
        let node = NodeBuilder::new(params.clone()).mine_to(miner).threads(1).mesh(port).spawn().await.unwrap();
        node.set_mining(false).await.unwrap();
        let names = NetworkNames::new(params.genesis_hash());
        let mut new = Self { victim, node, mesh, names, memory: 0 };
        until("the victim", async || !new.mesh.peers().await.is_empty()).await;
        // all that runs for the first time takes memory, which is not the attackers' doing
        new.fatten().await;
        new.blocks_cross().await;
        let visitor = new.attacker().await;
        drop(visitor);
        until("the visitor's end", async || new.victim.tell("peers").len() == 1).await;
        new.measure();
        new
    }

    /// From now on, the victim's memory may grow by so much and no more.
    fn measure(&mut self) {
        self.memory = self.victim.memory();
        self.victim.forget_peak();
    }

    /// Returns an attacker that has joined the victim and gossips with it.
    async fn attacker(&self) -> Attacker {
        let attacker = Attacker::start(&ChainParams::regtest());
        attacker.dial(&self.victim.address);
        self.victim.joins(&attacker.id).await;
        attacker.saw("the victim's subscriptions", |seen| seen.neighbours == 2).await;
        attacker
    }

    fn address(&self) -> String {
        self.mesh.peer_id().to_string()
    }

    async fn tip(&self) -> BlockHash {
        self.node.status().await.unwrap().tip.hash
    }

    /// Makes a block with the largest payment that fits it at the honest peer.
    async fn fatten(&self) {
        let (params, payer) = (self.node.params().clone(), SecretKey::classroom(0));
        let mut coins = self.node.coins_of(payer.public_key()).await.unwrap();
        coins.retain(|(_, coin)| coin.output.value > Amount::from_grains(1_000));
        let mut payment = TransactionBuilder::new(&params).spend(coins).fee_rate(FeeRate::grains_per_byte(1));
        for _ in 0..2_400 {
            payment = payment.pay(params.address(payer.public_key()), Amount::from_grains(1_000));
        }
        self.node.submit(payment.sign(&payer).unwrap()).await.unwrap();
        self.mine().await;
    }

    /// Mines a block at the honest peer, and waits until the victim has it.
    async fn mine(&self) {
        let before = self.tip().await;
        self.node.set_mining(true).await.unwrap();
        until("a block", async || self.tip().await != before).await;
        self.node.set_mining(false).await.unwrap();
        let tip = self.tip().await;
        until("the block at the victim", async || self.next_block().header.previous == tip).await;
    }

    /// Returns a block on the victim's tip.
    fn next_block(&self) -> Block {
        match NodeMessage::decode(&self.victim.payload("block")).unwrap() {
            Payload::Message(NodeMessage::Block(block)) => block,
            other => panic!("the victim shows {other:?}"),
        }
    }

    async fn blocks_cross(&self) {
        self.victim.tell("mine");
        let tip = self.next_block().header.previous;
        until("the victim's block", async || self.tip().await == tip).await;
        self.mine().await;
    }

    /// Checks what has become of an attacker.
    async fn meets(&self, attacker: &Attacker, fate: Fate) {
        match fate {
            Fate::Muted => {
                self.victim.parts(&attacker.id).await;
                attacker.is_closed().await;
                attacker.dial(&self.victim.address);
                attacker.saw("a refusal", |seen| seen.failed_dials > 0 || seen.closed > 1).await;
                assert!(!self.victim.has_peer(&attacker.id));
            }
            Fate::Ignored => {
                assert!(self.victim.has_peer(&attacker.id));
                assert_eq!(attacker.seen().closed, 0);
            }
        }
    }

    /// Checks what holds after every attack.
    async fn stands(&self) {
        assert!(self.victim.tell("peers").contains(&self.address()), "the honest peer is gone");
        self.blocks_cross().await;
        assert!(self.victim.tell("peers").contains(&self.address()), "the honest peer is gone");
        assert_eq!(self.mesh.peers().await.len(), 1);
        let growth = self.victim.peak().saturating_sub(self.memory);
        eprintln!("the victim's memory grew by {} KiB", growth >> 10);
        assert!(growth <= MOST_GROWTH, "the victim's memory grew by {growth} bytes");
    }
}

/// The process of the victim.
#[test]
#[ignore = "other tests start it in a process of its own"]
fn victim() {
    foreign::main().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_signature_mutes() {
    let stage = Stage::set().await;
    let attacker = stage.attacker().await;
    attacker.publish(stage.names.transactions(), stage.victim.payload("bad-payment"));
    stage.meets(&attacker, Fate::Muted).await;
    stage.stands().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undecodable_gossip_mutes() {
    let stage = Stage::set().await;
    let (transactions, blocks) = (stage.names.transactions(), stage.names.blocks());
    for (topic, payload) in [(transactions, &b"TXN nonsense"[..]), (blocks.clone(), b"BLOC"), (blocks, b"CBLK")] {
        let attacker = stage.attacker().await;
        attacker.publish(topic, payload.to_vec());
        stage.meets(&attacker, Fate::Muted).await;
    }
    stage.stands().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lone_header_without_its_work_mutes() {
    let stage = Stage::set().await;
    let attacker = stage.attacker().await;
    let mut header = stage.next_block().header;
    header.version += 1;
    let payload = NodeMessage::Headers(vec![header]).encode().unwrap();
    attacker.publish(stage.names.blocks(), payload);
    stage.meets(&attacker, Fate::Muted).await;
    stage.stands().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_questions_mute() {
    let stage = Stage::set().await;
    let questions: [&[u8]; 5] = [
        b"\x80\0\0\0STAT",         // 2^31 bytes
        b"\xff\xff\xff\xffBLOC",   // even more, of a block
        b"\0\0\0\x08BLOCbody",     // an answer that nobody asked for
        b"\0\0\0\x08STATbo",       // cut
        b"\0\0\0\x04STATtrailing", // bytes follow it
    ];
    for question in questions {
        let attacker = stage.attacker().await;
        attacker.ask(Bytes::Whole(question.to_vec()));
        stage.meets(&attacker, Fate::Muted).await;
    }
    stage.stands().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unasked_answer_mutes() {
    let stage = Stage::set().await;
    let attacker = stage.attacker().await;
    // to the victim's status, which it tells when its tip is new, it answers with headers
    attacker.answer_with(b"\0\0\0\x0cHDRS\0\0\0\0\0\0\0\0".to_vec());
    stage.victim.tell("mine");
    attacker.saw("a question", |seen| seen.questions > 0).await;
    stage.meets(&attacker, Fate::Muted).await;
    stage.stands().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_frames_on_512_streams_are_bounded() {
    let stage = Stage::set().await;
    // the largest question, all of it but its last byte: those of one peer would be 64 MiB
    let mut question = 131_072_u32.to_be_bytes().to_vec();
    question.extend(b"TXN ");
    question.resize(4 + 131_071, 0);
    let attackers = [stage.attacker().await, stage.attacker().await];
    for attacker in &attackers {
        for _ in 0..512 {
            attacker.ask(Bytes::Open(question.clone()));
        }
        stage.blocks_cross().await;
    }
    stage.stands().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gossip_of_1_320_000_bytes_goes_nowhere() {
    let stage = Stage::set().await;
    let mut block = b"BLOC".to_vec();
    block.resize(1_320_000, 7);
    let whole = Rpc::default().publish(&stage.names.blocks(), &block).to_stream();
    // the other one has a length of 2^31 - 1 bytes, and nothing behind it
    for rpc in [whole, vec![0xff, 0xff, 0xff, 0xff, 0x07]] {
        let attacker = stage.attacker().await;
        attacker.rpc(rpc);
        stage.blocks_cross().await;
        stage.meets(&attacker, Fate::Ignored).await;
    }
    stage.stands().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_reader_costs_bounded_memory() {
    let mut stage = Stage::set().await;
    for _ in 0..7 {
        stage.fatten().await;
    }
    let mut fat = Vec::new();
    for height in 1..=stage.node.status().await.unwrap().tip.height {
        let block = stage.node.block_at(height).await.unwrap().unwrap();
        if block.block().size() > 90_000 {
            fat.push(block.block().hash());
        }
    }
    assert_eq!(fat.len(), 8);
    let payload = NodeMessage::GetBlocks(fat).encode().unwrap();
    let mut question = u32::try_from(payload.len()).unwrap().to_be_bytes().to_vec();
    question.extend(payload);
    stage.measure();
    let mut attackers = Vec::new();
    for _ in 0..3 {
        let attacker = stage.attacker().await;
        for _ in 0..32 {
            attacker.ask(Bytes::Unread(question.clone()));
        }
        stage.blocks_cross().await;
        attackers.push(attacker);
    }
    stage.stands().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn million_subscriptions_are_refused() {
    let stage = Stage::set().await;
    let attacker = stage.attacker().await;
    let subscribe = |part: u32, count: u32| {
        let one = |rpc: Rpc, number| rpc.subscribe(&format!("/nobody/{part}/{number}"));
        (0..count).fold(Rpc::default(), one).to_stream()
    };
    // as many to an RPC as a node looks at, and then too many
    let few = (0..10_000).flat_map(|part| subscribe(part, 100));
    attacker.rpc(few.chain(subscribe(10_000, 20_000)).collect());
    stage.stands().await;
    stage.meets(&attacker, Fate::Ignored).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grafts_of_unknown_topics_are_ignored() {
    let stage = Stage::set().await;
    let attacker = stage.attacker().await;
    let mut stream = Vec::new();
    for part in 0..200 {
        let rpc = (0..100).fold(Rpc::default(), |rpc, number| rpc.graft(&format!("/nobody/{part}/{number}")));
        stream.extend(rpc.to_stream());
    }
    attacker.rpc(stream);
    stage.stands().await;
    stage.meets(&attacker, Fate::Ignored).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prune_with_endless_backoff_is_survived() {
    let stage = Stage::set().await;
    let attacker = stage.attacker().await;
    let topics = [stage.names.blocks(), stage.names.transactions(), "/nobody".into()];
    let prune = |backoff| topics.iter().fold(Rpc::default(), |rpc, topic| rpc.prune(topic, backoff)).to_stream();
    attacker.rpc([u64::MAX, u64::MAX / 1_000, i64::MAX.unsigned_abs(), 0].into_iter().flat_map(prune).collect());
    stage.stands().await;
    stage.meets(&attacker, Fate::Ignored).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_invalid_gossip_mutes() {
    let stage = Stage::set().await;
    let flood = |of: u32, count: u32| {
        let rpc = |number: u32| {
            let payload = [&b"TXN "[..], &of.to_le_bytes(), &number.to_le_bytes(), &[7; 1_000]].concat();
            Rpc::default().publish(&stage.names.transactions(), &payload).to_stream()
        };
        (0..count).flat_map(rpc).collect::<Vec<_>>()
    };
    for of in 0..4 {
        let attacker = stage.attacker().await;
        attacker.rpc(flood(of, 2_000));
        stage.meets(&attacker, Fate::Muted).await;
    }
    // what another one said before is not looked at again
    let echo = stage.attacker().await;
    echo.rpc(flood(0, 1));
    stage.stands().await;
    stage.meets(&echo, Fate::Ignored).await;
}
