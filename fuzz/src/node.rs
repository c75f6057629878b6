//! The node's machine.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::LazyLock,
    time::Duration,
};

use toycoin_core::{
    Amount, Block, BlockHash, Chain, ChainParams, FeeRate, SecretKey, Transaction, TransactionBuilder, Txid,
    store::MemoryStore, utxo::Coin,
};
use toycoin_node::{
    limits,
    machine::{Machine, Monotonic, Now},
    protocol::{Input, JobId, NodeConfig, NodeMachine, Output, Request, RequestId},
    relay::ConnectionId,
};
use toycoin_wire::{
    ChannelRef, FrameDecoder, NodeId, NodeMessage, Reader,
    node::{GetHeaders, Status},
    relay::{Deliver, Hello, RelayMessage, Welcome},
};

use super::script::Script;

const START_MS: u64 = 1_767_225_600_000 + 600_000;
const BLOCKS: usize = 12;
const TAGS: [&[u8; 4]; 27] = [
    b"STAT", b"TXN ", b"BLOC", b"GHDR", b"HDRS", b"GBLK", b"NOTF", b"GTXN", b"RJCT", b"GADR", b"ADDR", b"CBLK",
    b"GBTX", b"BTXS", b"GPRF", b"PROF", b"GANC", b"ANCS", b"GTXP", b"TXPR", b"GFIL", b"FILT", b"GSNP", b"SNPM",
    b"GCHK", b"CHNK", b"WHAT",
];

/// Two branches from genesis, for peers to tell of.
static BRANCHES: LazyLock<[Vec<Block>; 2]> = LazyLock::new(|| {
    [1, 2].map(|miner| {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let miner = SecretKey::classroom(miner).public_key();
        (0..BLOCKS)
            .map(|_| {
                let now_ms = chain.tip().time + 1_000;
                let block = chain.template(Vec::new(), miner, b"", now_ms).expect("memory does not fail");
                let block = block.mine_trivial();
                chain.apply(block.clone(), now_ms).expect("it is right");
                block
            })
            .collect()
    })
});

/// Payments of genesis' coins that conflict with each other at different fee rates, each with a child.
static PAYMENTS: LazyLock<Vec<Transaction>> = LazyLock::new(|| {
    let params = ChainParams::regtest();
    let spend = |coins: Vec<(_, Coin)>, key: u32, fee_rate| {
        let (to, key) = (SecretKey::classroom(key + 1).public_key(), SecretKey::classroom(key));
        let coins = coins.into_iter().filter(|(_, coin)| coin.output.owner == key.public_key());
        let builder =
            TransactionBuilder::new(&params).spend(coins).pay(params.address(to), Amount::from_grains(1_000_000));
        builder.fee_rate(FeeRate::grains_per_byte(fee_rate)).sign(&key).expect("a coin that is worth more")
    };
    let coinbase = &params.genesis().coinbase;
    let coin = |output| Coin { output, coinbase_height: 0 };
    let genesis: Vec<_> = coinbase.outpoints(coinbase.txid()).map(|(at, output)| (at, coin(*output))).collect();
    let mut payments = Vec::new();
    for (key, fee_rate) in [(0, 0), (0, 2), (1, 0), (1, 3), (2, 1)] {
        let parent = spend(genesis.clone(), key, fee_rate);
        let outputs = parent.outpoints(parent.txid()).map(|(at, output)| (at, coin(*output))).collect();
        payments.push(spend(outputs, key, fee_rate));
        payments.push(parent);
    }
    payments
});

struct Run {
    machine: NodeMachine<MemoryStore>,
    now: Duration,
    job: Option<JobId>,
    requests: u64,
    trace: DefaultHasher,
    /// What was sent and is not written yet.
    sent: Vec<(ConnectionId, u64)>,
}

impl Run {
    fn input(&mut self, input: Input<'_>) {
        let ms = u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX);
        self.machine.handle(Now { monotonic: Monotonic::new(self.now), unix_ms: START_MS + ms }, input);
        while let Some(output) = self.machine.poll_output() {
            match &output {
                Output::Send { connection, bytes } => {
                    self.sent.push((*connection, bytes.len() as u64));
                    // whatever it says is well formed
                    let mut decoder = FrameDecoder::new(Reader::Relay);
                    let hello = RelayMessage::Hello(Hello { node_id: NodeId::new([0; 16]), agent: "" });
                    let hello = hello.to_frame().expect("within its cap");
                    assert!(matches!(decoder.next_frame(&mut hello.as_slice()), Ok(Some(_))));
                    let mut input: &[u8] = bytes;
                    while !input.is_empty() {
                        assert!(decoder.next_frame(&mut input).is_ok_and(|frame| frame.is_some()));
                    }
                }
                Output::Mine(job) => self.job = Some(job.id),
                Output::Halt { error } => panic!("memory does not fail: {error}"),
                _ => {}
            }
            format!("{output:?}").hash(&mut self.trace);
        }
    }

    fn says(&mut self, connection: ConnectionId, message: &RelayMessage<'_>) {
        let bytes = message.to_frame().expect("within its cap");
        self.input(Input::Received { connection, bytes: &bytes });
    }

    fn deliver(&mut self, connection: ConnectionId, from: u8, payload: &[u8]) {
        let channel = ChannelRef::new("/topic/main").expect("a name");
        self.says(connection, &RelayMessage::Deliver(Deliver { channel, from: NodeId::new([from; 16]), payload }));
    }

    /// A message that an honest peer might send, about one of the branches.
    fn honest(&mut self, connection: ConnectionId, from: u8, script: &mut Script<'_>) {
        let branch = &BRANCHES[usize::from(script.byte()) % 2];
        let place = usize::from(script.byte()) % BLOCKS;
        let block = &branch[place];
        let payment = &PAYMENTS[place % PAYMENTS.len()];
        let message = match script.byte() % 7 {
            0 => {
                let mut work = [0; 32];
                work[31] = u8::try_from(2 * (place + 2)).unwrap_or(u8::MAX);
                let genesis = ChainParams::regtest().genesis_hash();
                let (tip, height) = (block.hash(), block.header.height);
                NodeMessage::Status(Status { genesis, tip, height, work, time: START_MS })
            }
            1 => NodeMessage::Headers(branch[..=place].iter().map(|block| block.header).collect()),
            2 => NodeMessage::GetHeaders(GetHeaders { locator: vec![block.hash()], stop: BlockHash::ZERO }),
            3 => NodeMessage::GetBlocks(vec![block.hash()]),
            4 => NodeMessage::Transaction(payment.clone()),
            5 => NodeMessage::GetTransactions(vec![payment.txid(); 1 + place]),
            _ => NodeMessage::Block(block.clone()),
        };
        let mut payload = message.encode().expect("within its cap");
        // now and then with a byte that is another
        let (at, flip) = (usize::from(script.number()), script.byte());
        if flip & 3 == 3
            && let Some(byte) = payload.get_mut(at)
        {
            *byte ^= flip;
        }
        self.deliver(connection, from, &payload);
    }

    fn request(&mut self, script: &mut Script<'_>) {
        self.requests += 1;
        let hash = BRANCHES[0][usize::from(script.byte()) % BLOCKS].hash();
        let request = match script.byte() % 9 {
            0 => Request::Status,
            1 => Request::Audit,
            2 => Request::Since(hash),
            3 => Request::Block(hash),
            4 => Request::SetMining(script.byte() & 1 == 0),
            5 => Request::WaitForConfirmations { txid: Txid::ZERO, confirmations: 1 },
            6 => Request::Cancel(RequestId(script.byte().into())),
            7 => Request::Submit(PAYMENTS[usize::from(script.byte()) % PAYMENTS.len()].clone()),
            _ => Request::Peers,
        };
        self.input(Input::Request { id: RequestId(self.requests), request });
    }

    fn assert_bounds(&self) {
        let counts = self.machine.counts();
        assert!(counts.peers <= limits::PEERS && counts.held_headers <= limits::HELD_HEADERS, "{counts:?}");
        assert!(counts.orphan_blocks <= limits::ORPHAN_BLOCKS, "{counts:?}");
        assert!(counts.compact_blocks <= limits::COMPACT_BLOCKS, "{counts:?}");
        assert!(counts.deferred_blocks <= limits::DEFERRED_BLOCKS, "{counts:?}");
        assert!(counts.most_unwritten <= limits::TRANSPORT_QUEUE_BYTES as u64, "{counts:?}");
        assert!(counts.most_unwritten_answers <= limits::ANSWER_SHARE, "{counts:?}");
        assert!(counts.most_questioners <= limits::QUESTION_PEERS, "{counts:?}");
        assert!(counts.kept_body_bytes <= limits::KEPT_BODY_BYTES, "{counts:?}");
        assert!(counts.waits <= limits::WAITS && counts.senders <= limits::REMEMBERED_SENDERS, "{counts:?}");
    }
}

fn run(data: &[u8]) -> u64 {
    let params = ChainParams::regtest();
    let mut config = NodeConfig::new(&params);
    config.payout = Some(SecretKey::classroom(3).public_key());
    // what nodes differ in by policy
    let mut script = Script::new(data);
    let policy = script.byte();
    config.min_fee_rate = FeeRate::grains_per_byte(u64::from(policy & 3));
    config.mempool_bytes = if policy & 4 == 0 { config.mempool_bytes } else { 1_000 };
    config.block_delay = Duration::from_millis(if policy & 8 == 0 { 0 } else { 700 });
    config.payout = config.payout.filter(|_| policy & 16 == 0);
    let start = Now { monotonic: Monotonic::ORIGIN, unix_ms: START_MS };
    let machine = NodeMachine::new(Chain::in_memory(params), config, start);
    let mut run =
        Run { machine, now: Duration::ZERO, job: None, requests: 0, trace: DefaultHasher::new(), sent: Vec::new() };
    while !script.is_over() {
        let (act, connection, from) = (script.byte(), ConnectionId((script.byte() % 3).into()), script.byte() % 4);
        match act % 9 {
            0 => {
                let node_id = NodeId::new([9; 16]);
                run.input(Input::Connected { connection, relay: 0, node_id });
                let welcome = Welcome { agent: "fuzz", max_frame: 2 << 20, max_subscriptions: 16 };
                run.says(connection, &RelayMessage::Welcome(welcome));
                run.says(connection, &RelayMessage::Pong(script.byte().into()));
            }
            1 if act & 0x80 != 0 => run.input(Input::Disconnected { connection }),
            1 | 2 => {
                let bytes = script.slice();
                run.input(Input::Received { connection, bytes });
            }
            3 => {
                let tag = TAGS[usize::from(script.byte()) % TAGS.len()];
                let payload = [tag.as_slice(), script.slice()].concat();
                run.deliver(connection, from, &payload);
            }
            4..=6 => run.honest(connection, from, &mut script),
            7 => {
                run.now += Duration::from_millis(u64::from(script.number()) / 8);
                run.input(Input::Timeout);
                // a slow socket: only now and then
                for (connection, bytes) in std::mem::take(&mut run.sent) {
                    run.input(Input::Written { connection, bytes });
                }
                if let Some(job) = run.job.filter(|_| act & 0x80 != 0) {
                    run.input(Input::Mined { job, nonce: script.byte().into() });
                }
            }
            _ => run.request(&mut script),
        }
        run.assert_bounds();
    }
    assert!(run.machine.chain().audit().expect("memory does not fail").holds);
    run.trace.finish()
}

/// Lets relays and peers do and say whatever the bytes say: bounds hold, what the node says is well formed, its supply adds
/// up, and two runs are equal.
pub fn node_machine(data: &[u8]) {
    assert_eq!(run(data), run(data));
}
