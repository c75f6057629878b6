//! Deep reorganisations of full blocks: what they take in memory, and that they end right.
//!
//! ```text
//! TOYCOIN_DEEP=40 cargo test --release -p toycoin-node --test deep_reorganisation -- --nocapture
//! ```

#![cfg(feature = "redb")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, and shows what it measured"
)]

#[path = "stores/disk/mod.rs"]
mod disk;

use std::{
    env, fs,
    io::{Read as _, Write as _},
    path::Path,
    process::Command,
    sync::Arc,
    time::Instant,
};

use disk::Directory;
use toycoin_core::{
    Amount, Block, Chain, ChainParams, OutPoint, Transaction, TxOut,
    consensus::{SignatureCheck, SignatureVerifier},
    store::ChainStore,
    test_util::{Payments, classroom},
};
use toycoin_node::{
    machine::{Machine as _, Monotonic, Now},
    protocol::{Event, Input, NodeConfig, NodeMachine, Output},
    store::RedbStore,
};

/// Payments of a full block: 196 bytes each by formula.
const PAYMENTS: usize = 5_090;

/// Takes every signature for right: what is measured is memory.
struct Trusting;

impl SignatureVerifier for Trusting {
    fn first_invalid(&self, _: &[SignatureCheck]) -> Option<usize> {
        None
    }
}

fn params() -> ChainParams {
    ChainParams::regtest()
}

fn open(directory: &Path) -> Chain<RedbStore> {
    let store = RedbStore::open(directory, &params()).unwrap();
    Chain::open(params(), store).unwrap().with_verifier(Arc::new(Trusting))
}

/// Coins that are spent and made anew, block by block.
struct Ring {
    coins: Vec<(OutPoint, TxOut)>,
    filler: Transaction,
}

impl Ring {
    /// Splits a classroom key's coin.
    fn new(chain: &mut Chain<RedbStore>, key: u32) -> Self {
        let owner = classroom::owner(key);
        let (mut outpoint, coin) = chain.coins_of(&owner).unwrap()[0];
        let mut payments = Payments::new(params().genesis_hash(), [(outpoint, coin)]);
        let (mut coins, mut splits, mut rest) = (Vec::new(), Vec::new(), coin.output.value.grains());
        let each = rest / (PAYMENTS as u64 + 1);
        while coins.len() < PAYMENTS {
            let count = (PAYMENTS - coins.len()).min(2_000);
            rest -= each * count as u64;
            let mut outputs = vec![TxOut { value: Amount::from_grains(each), owner }; count];
            outputs.push(TxOut { value: Amount::from_grains(rest), owner });
            let split = payments.spend(vec![outpoint], outputs);
            let mut made: Vec<_> = split.outpoints(split.txid()).map(|(at, output)| (at, *output)).collect();
            outpoint = made.pop().unwrap().0;
            coins.extend(made);
            splits.push(split);
        }
        let filler = splits[0].clone();
        extend(chain, splits);
        Self { coins, filler }
    }

    fn block(&mut self) -> Vec<Transaction> {
        let mut transactions = Vec::with_capacity(self.coins.len());
        for (outpoint, coin) in &mut self.coins {
            let small = TxOut { value: Amount::from_grains(1), owner: classroom::owner(3) };
            let change = TxOut { value: Amount::from_grains(coin.value.grains() - 1), owner: coin.owner };
            let transaction =
                Transaction { inputs: vec![*outpoint], outputs: vec![change, small], ..self.filler.clone() };
            (*outpoint, *coin) = (OutPoint { txid: transaction.txid(), vout: 0 }, change);
            transactions.push(transaction);
        }
        transactions
    }
}

fn extend(chain: &mut Chain<RedbStore>, transactions: Vec<Transaction>) -> Block {
    let time = chain.tip().time + 1_000;
    let block = chain.template(transactions, classroom::owner(7), b"", time).unwrap().mine_trivial();
    chain.apply(block.clone(), time).unwrap();
    block
}

fn write(file: &mut impl std::io::Write, block: &Block) {
    let bytes = toycoin_wire::codec::encode(block, toycoin_wire::limits::MAX_DECODE).unwrap();
    file.write_all(&u32::try_from(bytes.len()).unwrap().to_le_bytes()).unwrap();
    file.write_all(&bytes).unwrap();
}

fn each_block(path: &Path, mut take: impl FnMut(Block)) {
    let mut file = std::io::BufReader::new(fs::File::open(path).unwrap());
    let mut length = [0; 4];
    while file.read_exact(&mut length).is_ok() {
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        file.read_exact(&mut bytes).unwrap();
        take(toycoin_wire::codec::decode(&bytes, toycoin_wire::limits::MAX_DECODE).unwrap());
    }
}

/// Writes two branches of full blocks over one fork: `one` of so many, `other` of one more, and `more` for the way back.
fn prepare(directory: &Path, blocks: u64) {
    let mut chain = open(&directory.join("prepared"));
    let mut rings = [Ring::new(&mut chain, 0), Ring::new(&mut chain, 1)];
    let fork = chain.height();
    let file = |name: &str| std::io::BufWriter::new(fs::File::create(directory.join(name)).unwrap());
    let mut trunk = file("trunk");
    for height in 1..=fork {
        write(&mut trunk, chain.block_at(height).unwrap().unwrap().block());
    }
    trunk.flush().unwrap();
    chain.sync().unwrap();
    drop(chain);
    for (branch, ring) in rings.iter_mut().enumerate() {
        let copy = directory.join(format!("branch-{branch}"));
        let mut chain = open(&copy);
        each_block(&directory.join("trunk"), |block| drop(chain.apply(block, u64::MAX).unwrap()));
        let (mut first, mut last) = (file(&format!("blocks-{branch}")), file(&format!("more-{branch}")));
        for number in 0..blocks + 2 {
            let block = extend(&mut chain, ring.block());
            let is_first = number < blocks + branch as u64;
            write(if is_first { &mut first } else { &mut last }, &block);
        }
        first.flush().unwrap();
        last.flush().unwrap();
        drop(chain);
        fs::remove_dir_all(copy).unwrap();
    }
    fs::remove_dir_all(directory.join("prepared")).unwrap();
    let mut chain = open(&directory.join("store"));
    for name in ["trunk", "blocks-0"] {
        each_block(&directory.join(name), |block| drop(chain.apply(block, u64::MAX).unwrap()));
    }
    assert_eq!(chain.height(), fork + blocks);
    chain.sync().unwrap();
}

fn memory(line: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|found| found.starts_with(line)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

/// Lets a node do all that it has to do, and returns how many blocks it told of as gone and as new.
fn settle<S: ChainStore<Error: std::fmt::Display>>(node: &mut NodeMachine<S>) -> (u64, u64) {
    let (mut gone, mut new) = (0, 0);
    let mut now = Now { monotonic: Monotonic::ORIGIN, unix_ms: params().spec().genesis_time + 10_000_000 };
    let (mut steps, mut longest) = (0, std::time::Duration::ZERO);
    loop {
        let begun = Instant::now();
        node.handle(now, Input::Timeout);
        longest = longest.max(begun.elapsed());
        steps += 1;
        while let Some(output) = node.poll_output() {
            match output {
                Output::Emit(Event::BlockDisconnected { .. }) => gone += 1,
                Output::Emit(Event::BlockConnected { .. }) => new += 1,
                Output::Halt { error } => panic!("{error}"),
                _ => {}
            }
        }
        match node.next_timeout() {
            Some(at) if at <= now.monotonic => {}
            _ => break,
        }
        now.unix_ms += 1;
    }
    println!("{steps} steps, the longest {} ms", longest.as_millis());
    (gone, new)
}

fn measure<S: ChainStore<Error: std::fmt::Display + std::fmt::Debug>>(mut chain: Chain<S>, directory: &Path) {
    for (way, file) in [("there", "blocks-1"), ("back", "more-0")] {
        each_block(&directory.join(file), |block| {
            chain.insert_block(block, u64::MAX).unwrap();
        });
        // what inserting took is another matter
        fs::write("/proc/self/clear_refs", "5").ok();
        let before = memory("VmRSS");
        let begun = Instant::now();
        let mut node = NodeMachine::new(chain, NodeConfig::new(&params()), Now::default());
        let (gone, new) = settle(&mut node);
        println!(
            "{way}: {gone} blocks gone, {new} new, in {:.1} s; {before} MB before, at most {} MB; mempool {} of {} bytes",
            begun.elapsed().as_secs_f64(),
            memory("VmHWM"),
            node.mempool().len(),
            node.mempool().bytes()
        );
        chain = node.into_chain();
    }
}

#[test]
fn full_blocks_there_and_back() {
    if let Ok(directory) = env::var("TOYCOIN_DEEP_MEASURE") {
        let directory = Path::new(&directory);
        if env::var("TOYCOIN_DEEP_MEMORY").is_ok() {
            let mut chain = Chain::in_memory(params()).with_verifier(Arc::new(Trusting));
            for name in ["trunk", "blocks-0"] {
                each_block(&directory.join(name), |block| drop(chain.apply(block, u64::MAX).unwrap()));
            }
            return measure(chain, directory);
        }
        return measure(open(&directory.join("store")), directory);
    }
    let Ok(blocks) = env::var("TOYCOIN_DEEP") else { return };
    let directory = Directory::new();
    fs::create_dir_all(directory.path()).unwrap();
    let begun = Instant::now();
    prepare(directory.path(), blocks.parse().unwrap());
    println!("prepared in {:.1} s", begun.elapsed().as_secs_f64());
    for store in ["disk", "memory"] {
        if env::var("TOYCOIN_DEEP_STORE").is_ok_and(|wanted| wanted != store) {
            continue;
        }
        println!("store: {store}");
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["full_blocks_there_and_back", "--exact", "--nocapture"]);
        command.env("TOYCOIN_DEEP_MEASURE", directory.path());
        if store == "memory" {
            command.env("TOYCOIN_DEEP_MEMORY", "1");
        }
        assert!(command.status().unwrap().success());
    }
}
