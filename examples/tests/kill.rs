//! The node program, killed at any moment: what it said stays, its store is sound, and the chain goes on.
//!
//!     cargo test -p toycoin-examples --test kill                              20 kills
//!     TOYCOIN_KILLS=200 cargo test --release -p toycoin-examples --test kill

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use toycoin_core::{Chain, ChainParams, PublicKey, Work, store::MemoryStore};
use toycoin_examples::view::short;
use toycoin_node::{
    relay::RelayConfig,
    rt::{NodeBuilder, RelayServer},
    store::{RedbStore, reindex},
};

#[test]
fn a_killed_node_keeps_what_it_said_and_goes_on() {
    let kills = env::var("TOYCOIN_KILLS").map_or(20, |kills| kills.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default()).unwrap().spawn().unwrap();
    let relay = relay.local_addr().to_string();
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kill-{}", std::process::id()));
    let _ = fs::remove_dir_all(&data);
    let params = ChainParams::regtest();
    let mut random = Random(u64::from(std::process::id()));
    println!("seed {}", random.0);
    let (mut work, mut recoveries, mut moved) = (Work::default(), 0, 0);
    for round in 0..kills {
        let chain = memory_copy(&data, &params);
        let before = chain.as_ref().map(|chain| chain.tip());
        match round % 5 {
            // in the midst of opening what the last kill left
            1 | 3 => {
                recoveries += 1;
                let victim = Victim::start(&data, &relay, "--no-mine");
                thread::sleep(Duration::from_millis(random.below(60)));
                victim.kill();
            }
            // mining: what it printed is there
            0 => {
                let victim = Victim::start(&data, &relay, "--mine");
                thread::sleep(Duration::from_millis(2_000 + random.below(1_500)));
                let said = victim.kill();
                let chain = memory_copy(&data, &params).expect("it had time enough to begin");
                for (height, hash) in said {
                    let header = chain.header_at(height).expect("a block that was announced");
                    assert_eq!(short(&header.hash), hash, "round {round}: block {height} was announced and is gone");
                    moved += 1;
                }
            }
            // catching up with another's chain, which leaves its own behind
            _ => {
                let branch = longer_branch(&params, chain.as_ref(), random.below(6), 200 + random.below(3_000));
                let peer = NodeBuilder::new(params.clone()).store(branch.into_store()).relay(relay.clone()).spawn();
                let peer = runtime.block_on(peer).unwrap();
                let victim = Victim::start(&data, &relay, "--no-mine");
                thread::sleep(Duration::from_millis(200 + random.below(1_500)));
                victim.kill();
                runtime.block_on(peer.shutdown()).unwrap();
            }
        }
        if let Some(chain) = memory_copy(&data, &params) {
            assert!(chain.tip().work >= work, "round {round}: the chain has lost work");
            assert!(before.is_none_or(|before| chain.tip().work >= before.work));
            work = chain.tip().work;
        }
    }
    println!("{kills} kills, {recoveries} of them while opening, {moved} announced blocks looked for");

    // told to end, it ends well, and its chain can be built anew from the blocks
    let victim = Victim::start(&data, &relay, "--mine");
    thread::sleep(Duration::from_secs(3));
    victim.terminate();
    let tip = memory_copy(&data, &params).unwrap().tip();
    fs::remove_file(data.join("chain.redb")).unwrap();
    assert_eq!(reindex(&data, &params, |_, _| {}).unwrap().height, tip.height);
    assert_eq!(memory_copy(&data, &params).unwrap().tip(), tip);
    fs::remove_dir_all(&data).unwrap();
}

/// Opens and checks what is on disk, and returns its active chain in memory; `None` before there is anything.
fn memory_copy(data: &Path, params: &ChainParams) -> Option<Chain<MemoryStore>> {
    if !data.exists() {
        return None;
    }
    let store = RedbStore::open(data, params).unwrap();
    let report = store.check(|_, _| {}).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let stored = Chain::open(params.clone(), store).unwrap();
    let mut copy = Chain::in_memory(params.clone());
    for height in 1..=stored.height() {
        copy.apply(stored.block_at(height).unwrap().unwrap().block().clone(), u64::MAX).unwrap();
    }
    Some(copy)
}

/// Returns a chain that leaves another one some blocks below its tip and is longer by so many.
fn longer_branch(params: &ChainParams, chain: Option<&Chain<MemoryStore>>, back: u64, by: u64) -> Chain<MemoryStore> {
    let mut branch = Chain::in_memory(params.clone());
    let height = chain.map_or(0, Chain::height);
    for height in 1..=height.saturating_sub(back) {
        let block = chain.unwrap().block_at(height).unwrap().unwrap();
        branch.apply(block.block().clone(), u64::MAX).unwrap();
    }
    while branch.height() < height + by {
        let time = branch.tip().time + 1;
        let block = branch.template(Vec::new(), PublicKey::ZERO, b"branch", time).unwrap().solve_easily();
        branch.apply(block, u64::MAX).unwrap();
    }
    branch
}

/// A node program and the blocks that it printed.
struct Victim {
    child: Child,
    said: Arc<Mutex<Vec<(u64, String)>>>,
    reader: thread::JoinHandle<()>,
}

impl Victim {
    fn start(data: &Path, relay: &str, mine: &str) -> Self {
        let mut child = Command::new(program())
            .args(["--network", "regtest", "--threads", "1", "--relay", relay, mine, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the node program is built with the tests");
        let said = Arc::new(Mutex::new(Vec::new()));
        let (output, lines) = (child.stdout.take().unwrap(), Arc::clone(&said));
        let reader = thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let mut words = line.split_whitespace();
                if words.next() == Some("block")
                    && let (Some(Ok(height)), Some(hash)) = (words.next().map(str::parse), words.next())
                {
                    lines.lock().unwrap().push((height, hash.to_owned()));
                }
            }
        });
        Self { child, said, reader }
    }

    /// Ends it at once, and returns what it had printed.
    fn kill(mut self) -> Vec<(u64, String)> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.reader.join().unwrap();
        self.said.lock().unwrap().clone()
    }

    fn terminate(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        self.reader.join().unwrap();
    }
}

/// The example beside this test.
fn program() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples/node")
}

/// Numbers that look random enough to kill by.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
