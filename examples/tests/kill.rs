//! The node program, killed at any moment: what it said stays, its store is sound, and the chain goes on.
//!
//!     cargo test -p toycoin-examples                  20 kills, among all else
//!     cargo build --release --examples
//!     TOYCOIN_KILLS=200 cargo test --release -p toycoin-examples --test kill -- --nocapture

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;
mod victim;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use toycoin_core::{Chain, ChainParams, PublicKey, Work, store::MemoryStore};
use toycoin_examples::block_row::short;
use toycoin_node::{
    NodeBuilder, NodeHandle, RelayHandle, RelayServer,
    relay::RelayConfig,
    store::{BODIES_FILE, INDEX_FILE, RedbStore, reindex, unwatched},
};
use victim::{Seen, Victim};

/// In the midst of what a node is killed, and at least how many kills of a hundred.
const SHARES: [(Midst, usize); 5] = [
    (Midst::Recovering, 15),
    (Midst::Reindexing, 5),
    (Midst::Mining, 15),
    (Midst::CatchingUp, 15),
    (Midst::Reorganising, 10),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Midst {
    /// It opens what the last kill left.
    Recovering,
    /// It builds its chain anew from the blocks.
    Reindexing,
    Mining,
    CatchingUp,
    /// It judges a deep branch that replaces its own, or writes it.
    Reorganising,
}

#[test]
fn a_killed_node_keeps_what_it_said_and_goes_on() {
    let kills: usize = env::var("TOYCOIN_KILLS").map_or(20, |kills| kills.parse().unwrap());
    let mut scene = Scene::new("kill");
    let mut random = Random(u64::from(std::process::id()));
    println!("seed {}", random.0);
    // something to reorganise
    let branch = scene.longer_branch(0, 1_500);
    let peer = scene.peer(branch);
    let mut victim = scene.start(&["--no-mine"]);
    victim.wait_for(|seen| seen.tips.last() == Some(&1_500));
    victim.terminate();
    scene.end(peer);

    let mut hit: BTreeMap<Midst, usize> = BTreeMap::new();
    let (mut work, mut in_vain, mut blocks_said) = (Work::default(), 0, 0);
    // what comes too late or too early is a kill too, but hits nothing: as many are tried as it takes
    while hit.values().sum::<usize>() < kills || SHARES.iter().any(|share| is_short(&hit, *share, kills)) {
        assert!(in_vain < kills + 20, "most kills come too early or too late: {hit:?}");
        let done = hit.values().sum::<usize>();
        let wanted = |share: &&(Midst, usize)| share.1 * (done + 1) / hit.get(&share.0).map_or(1, |hit| hit + 1);
        let midst = SHARES.iter().max_by_key(wanted).unwrap().0;
        let (Seen { blocks, .. }, is_hit) = scene.kill_in_the_midst_of(midst, &mut random);
        if is_hit {
            *hit.entry(midst).or_default() += 1;
        } else {
            in_vain += 1;
        }
        let chain = scene.sound_chain();
        let now = chain.as_ref().map_or(Work::default(), |chain| chain.tip().work);
        assert!(now >= work, "{midst:?}: the chain has lost work");
        work = now;
        if midst != Midst::CatchingUp {
            for (height, hash) in &blocks {
                let header = chain.as_ref().and_then(|chain| chain.header_at(*height)).expect("it was announced");
                assert_eq!(short(header.hash), *hash, "{midst:?}: block {height} was announced and is gone");
            }
            blocks_said += blocks.len();
        }
    }
    println!("{hit:?}, {in_vain} more too early or too late, {blocks_said} announced blocks looked for");
    for share in SHARES {
        assert!(!is_short(&hit, share, kills), "{share:?} of {hit:?}");
    }

    // told to end, it ends well, and its chain can be built anew from the blocks
    let mut victim = scene.start(&["--mine"]);
    victim.wait_for(|seen| seen.blocks.len() > 3);
    victim.terminate();
    let tip = scene.sound_chain().unwrap().tip();
    assert!(tip.work > work, "the chain goes on");
    fs::remove_file(scene.data.join(INDEX_FILE)).unwrap();
    assert_eq!(reindex(&scene.data, &scene.params, unwatched).unwrap().height, tip.height);
    assert_eq!(scene.sound_chain().unwrap().tip(), tip);
}

#[test]
fn node_that_catches_up_or_mines_ends_well() {
    let mut scene = Scene::new("terminate");
    let far = scene.longer_branch(0, 3_000);
    let peer = scene.peer(far);
    let mut victim = scene.start(&["--no-mine"]);
    victim.wait_for(|seen| seen.tips.last() > Some(&500));
    let seen = victim.terminate();
    let height = scene.sound_chain().unwrap().height();
    assert_eq!(Some(&height), seen.tips.last(), "nothing is lost, not even of the last group");
    scene.end(peer);

    let mut victim = scene.start(&["--mine"]);
    victim.wait_for(|seen| seen.blocks.len() > 3);
    let seen = victim.terminate();
    let chain = scene.sound_chain().unwrap();
    let (height, hash) = seen.blocks.last().unwrap();
    assert_eq!((chain.height(), short(chain.tip().hash)), (*height, hash.clone()));
}

/// Returns whether fewer kills than their share were in the midst of something.
fn is_short(hit: &BTreeMap<Midst, usize>, (midst, percent): (Midst, usize), kills: usize) -> bool {
    hit.get(&midst).copied().unwrap_or(0) < (kills * percent / 100).max(1)
}

/// A relay, a directory for the victims, and how long to let them live.
struct Scene {
    runtime: tokio::runtime::Runtime,
    relay: RelayHandle,
    data: PathBuf,
    params: ChainParams,
    /// How long at most before a victim is killed.
    patience: BTreeMap<Midst, Duration>,
    branches: u32,
}

impl Scene {
    fn new(name: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let guard = runtime.enter();
        let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default()).unwrap().spawn().unwrap();
        drop(guard);
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        Self { runtime, relay, data, params: ChainParams::regtest(), patience: BTreeMap::new(), branches: 0 }
    }

    fn start(&self, more: &[&str]) -> Victim {
        Victim::start(&self.data, &self.relay.local_addr().to_string(), more)
    }

    /// Lets a node do something and kills it at a random moment; returns what it showed, and whether it was in the midst
    /// of that.
    fn kill_in_the_midst_of(&mut self, midst: Midst, random: &mut Random) -> (Seen, bool) {
        // a node at the tip finds ten blocks a second; all else is over more quickly
        let at_first = Duration::from_millis(if midst == Midst::Mining { 1_000 } else { 50 });
        let patience = self.patience.get(&midst).copied().unwrap_or(at_first);
        let wait = random.below(patience);
        let (more, branch): (&[&str], _) = match midst {
            Midst::Recovering => (&["--no-mine"], None),
            Midst::Reindexing => (&["--reindex"], None),
            Midst::Mining => (&["--mine"], None),
            Midst::CatchingUp => (&["--no-mine"], Some((random.number(6), 200 + random.number(800)))),
            Midst::Reorganising => (&["--no-mine"], Some((100 + random.number(700), 1 + random.number(5)))),
        };
        let peer = branch.map(|(back, by)| {
            let branch = self.longer_branch(back, by);
            (branch.height(), self.peer(branch))
        });
        let mut victim = self.start(more);
        victim.wait_for(|seen| match midst {
            Midst::Recovering => seen.opening,
            Midst::Reindexing => true,
            Midst::Mining => !seen.blocks.is_empty(),
            Midst::CatchingUp => !seen.tips.is_empty(),
            Midst::Reorganising => seen.reorganising || !seen.tips.is_empty(),
        });
        #[expect(clippy::disallowed_methods, reason = "the kill is to come at any moment")]
        thread::sleep(wait);
        let seen = victim.kill();
        let offered = peer.map(|(height, peer)| {
            self.end(peer);
            height
        });
        let is_hit = match midst {
            Midst::Recovering => seen.opening && !seen.ready,
            Midst::Reindexing => !seen.ended,
            Midst::Mining => !seen.blocks.is_empty(),
            Midst::CatchingUp => seen.tips.last().is_some_and(|height| Some(*height) < offered),
            Midst::Reorganising => seen.reorganising,
        };
        // too late: sooner the next time, so that kills come as often as they can all over what there is
        let patience = if is_hit { (patience * 6 / 5).min(Duration::from_secs(1)) } else { patience * 2 / 3 };
        self.patience.insert(midst, patience);
        (seen, is_hit)
    }

    /// Opens and checks a copy of what is on disk; `None` before there is anything.
    ///
    /// A copy, so that the next victim finds what the last one left, and has to recover itself.
    fn sound_chain(&self) -> Option<Chain<RedbStore>> {
        if !self.data.join(BODIES_FILE).exists() {
            return None;
        }
        if !self.data.join(INDEX_FILE).exists() {
            // killed while the new files took the old ones' place: what it says helps
            let error = RedbStore::open(&self.data, &self.params).unwrap_err();
            assert!(error.to_string().contains("--reindex"), "{error}");
            reindex(&self.data, &self.params, unwatched).unwrap();
        }
        let copy = self.data.with_extension("copy");
        fs::create_dir_all(&copy).unwrap();
        for file in [INDEX_FILE, BODIES_FILE] {
            fs::copy(self.data.join(file), copy.join(file)).unwrap();
        }
        let store = RedbStore::open(&copy, &self.params).unwrap();
        let report = store.check(unwatched).unwrap();
        assert!(report.is_sound(), "{:?}", report.problems);
        Some(Chain::open(self.params.clone(), store).unwrap())
    }

    /// Returns a chain that leaves the one on disk some blocks below its tip and is longer by so many.
    fn longer_branch(&mut self, back: u64, by: u64) -> Chain<MemoryStore> {
        // no two branches have a block in common
        self.branches += 1;
        let name = format!("branch {}", self.branches);
        let mut branch = Chain::in_memory(self.params.clone());
        let mut height = 0;
        if let Some(chain) = self.sound_chain() {
            height = chain.height();
            for height in 1..=height.saturating_sub(back) {
                let block = chain.block_at(height).unwrap().unwrap();
                branch.apply(block.block().clone(), u64::MAX).unwrap();
            }
        }
        while branch.height() < height + by {
            let time = branch.tip().time + 1;
            let block = branch.template(Vec::new(), PublicKey::ZERO, name.as_bytes(), time).unwrap().mine_trivial();
            branch.apply(block, u64::MAX).unwrap();
        }
        branch
    }

    /// Starts a node that offers a chain.
    fn peer(&self, chain: Chain<MemoryStore>) -> NodeHandle {
        let builder =
            NodeBuilder::new(self.params.clone()).store(chain.into_store()).relay(self.relay.local_addr().to_string());
        self.runtime.block_on(builder.spawn()).unwrap()
    }

    fn end(&self, peer: NodeHandle) {
        self.runtime.block_on(peer.shutdown()).unwrap();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.data);
        let _ = fs::remove_dir_all(self.data.with_extension("copy"));
    }
}

/// Numbers that look random enough to kill by.
struct Random(u64);

impl Random {
    fn number(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn below(&mut self, limit: Duration) -> Duration {
        Duration::from_micros(self.number(u64::try_from(limit.as_micros()).unwrap().max(1)))
    }
}
