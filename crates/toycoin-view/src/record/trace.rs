//! A record from a trace of the simulator, as `simulate --trace FILE` writes it.
//!
//! A trace says which node found a block, which blocks entered and left its chain, and which faults there were. It holds
//! no message and no payment, and of a block its hash and height alone. So the tree can be seen, and who stood where.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Deserialize;

use crate::{
    event::{Block, Disturbances, Fact, LastingFault, TipMove, bounded_text},
    hub::Hub,
    limits::{LISTED_BLOCKS, LISTED_FAULTS, NODES, RECORD_LINES},
    record::{Record, RecordError, Recorder},
    state::{NetworkInfo, State},
};

/// Stands for the hash of genesis, which a trace does not hold.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A line of a trace. Each kind of line has some of the fields.
#[derive(Debug, Deserialize)]
struct Line {
    us: u64,
    node: Option<usize>,
    start: Option<usize>,
    crash: Option<usize>,
    connected: Option<String>,
    disconnected: Option<String>,
    tip: Option<String>,
    mined: Option<String>,
    height: Option<u64>,
    rejected: Option<String>,
    rule: Option<String>,
    begins: Option<String>,
    ends: Option<String>,
    violation: Option<String>,
}

/// The nodes that a line names.
#[derive(Debug, Deserialize)]
struct Named {
    node: Option<usize>,
    start: Option<usize>,
    crash: Option<usize>,
}

/// Returns whether a text begins as a trace does.
pub(super) fn is_trace(text: &str) -> bool {
    text.starts_with("{\"n\":1,")
}

/// Returns the record that shows a trace, which was read into memory as far as it is no larger than a record.
///
/// # Errors
/// When a line is none of a trace, or there are more nodes, lines or events than are shown.
pub(super) fn read(text: &str) -> Result<Record, RecordError> {
    // twice, line by line: a line in memory is many times as large as its text
    let mut nodes = 0;
    for line in lines(text) {
        let Named { node, start, crash } = line?;
        let highest = node.into_iter().chain(start).chain(crash).max();
        nodes = highest.map_or(nodes, |highest| nodes.max(highest.saturating_add(1)));
        if nodes > NODES {
            return Err(RecordError::NoState(format!("the trace has {nodes} nodes, at most {NODES} are shown")));
        }
    }
    let run = blake3::hash(text.as_bytes()).to_hex().as_str().get(..8).unwrap_or_default().to_owned();
    let network = NetworkInfo { name: "simulation".to_owned(), genesis: GENESIS.to_owned(), spacing_ms: 0 };
    let hub = Hub::new(State::new(run, "record", None, network));
    let memory = Memory::default();
    hub.record(Recorder::new(memory.clone()))?;
    let mut story = Story::begin(Arc::clone(&hub), nodes);
    for line in lines::<Line>(text) {
        story.tell(line?);
        if hub.has_failed() {
            // what is written into memory fails only when it is full
            return Err(RecordError::TooLarge);
        }
    }
    hub.end_record()?;
    let bytes = mem::take(&mut *memory.0.lock().unwrap_or_else(PoisonError::into_inner));
    Record::read(&*bytes)
}

/// Returns the lines of a trace, of which each is read when it is its turn, and at most [`RECORD_LINES`].
fn lines<'a, T: Deserialize<'a>>(text: &'a str) -> impl Iterator<Item = Result<T, RecordError>> {
    (1..).zip(text.lines()).map(|(number, line)| {
        if number > RECORD_LINES {
            return Err(RecordError::TooLarge);
        }
        let damaged = |error: serde_json::Error| RecordError::Damaged { line: number, reason: error.to_string() };
        serde_json::from_str(line).map_err(damaged)
    })
}

/// What the lines so far add up to.
struct Story {
    hub: Arc<Hub>,
    /// Each node's active chain by height.
    chains: Vec<Vec<String>>,
    moves: Vec<(Vec<String>, Vec<String>)>,
    told: BTreeSet<String>,
    found: HashMap<String, usize>,
    down: BTreeSet<usize>,
    faults: BTreeMap<u64, String>,
    last_fault: u64,
}

impl Story {
    /// Tells genesis and all nodes, of which none has started.
    fn begin(hub: Arc<Hub>, nodes: usize) -> Self {
        hub.tell(0, Fact::Block(block(GENESIS, "", 0, None)));
        for node in 0..nodes {
            let (name, tip) = (format!("node {node}"), GENESIS.to_owned());
            hub.tell(0, Fact::Node { node, name, hash_rate: 0, tip, height: 0 });
        }
        let (told, found, faults) = Default::default();
        let chains = vec![vec![GENESIS.to_owned()]; nodes];
        let moves = vec![Default::default(); nodes];
        Self { hub, chains, moves, told, found, down: (0..nodes).collect(), faults, last_fault: 0 }
    }

    fn tell(&mut self, line: Line) {
        let us = line.us;
        if let Some(node) = line.start
            && self.down.remove(&node)
        {
            self.disturbed(us);
        }
        if let Some(node) = line.crash
            && self.down.insert(node)
        {
            self.moves[node] = Default::default();
            self.disturbed(us);
        }
        if let Some(kind) = line.begins {
            // each change tells all of them
            if self.faults.len() < LISTED_FAULTS {
                self.last_fault += 1;
                self.faults.insert(self.last_fault, bounded_text(kind));
                self.disturbed(us);
            }
        } else if let Some(kind) = line.ends {
            // of two alike, the first to begin
            let kind = bounded_text(kind);
            let ended = self.faults.iter().find(|(_, other)| **other == kind).map(|(id, _)| *id);
            if ended.and_then(|id| self.faults.remove(&id)).is_some() {
                self.disturbed(us);
            }
        }
        if let Some(invariant) = line.violation {
            let text = format!("an invariant broke: {}", bounded_text(invariant));
            self.hub.tell(us, Fact::Note { text, level: "warning".to_owned() });
        }
        let Some(node) = line.node else { return };
        if let Some(hash) = line.mined {
            self.found.insert(hash, node);
        } else if let Some(hash) = line.connected {
            self.moves[node].1.push(hash);
        } else if let Some(hash) = line.disconnected {
            self.moves[node].0.push(hash);
        } else if let Some((tip, height)) = line.tip.zip(line.height) {
            self.moved(us, node, tip, height);
        } else if let Some(hash) = line.rejected {
            let rule = line.rule.unwrap_or_default();
            let number = rule.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
            let (what, reason) = ("block".to_owned(), bounded_text(rule));
            self.hub.tell(us, Fact::Rejected { node, what, hash, rule: number, reason });
        }
    }

    /// Tells the blocks of a move and the new tip.
    fn moved(&mut self, us: u64, node: usize, tip: String, height: u64) {
        let (mut left, mut joined) = mem::take(&mut self.moves[node]);
        // a node that lost its last blocks in a crash begins lower than it ended
        let base = usize::try_from(height).unwrap_or(usize::MAX).saturating_sub(joined.len());
        let chain = &mut self.chains[node];
        chain.truncate(base.saturating_add(1));
        for hash in &joined {
            let prev = chain.last().cloned().unwrap_or_default();
            if self.told.insert(hash.clone()) {
                let miner = self.found.get(hash).copied();
                self.hub.tell(us, Fact::Block(block(hash, &prev, chain.len() as u64, miner)));
            }
            chain.push(hash.clone());
        }
        let own = self.found.get(&tip) == Some(&node);
        let count = |all: &Vec<String>| (all.len() > LISTED_BLOCKS).then_some(all.len() as u64);
        let (left_count, joined_count) = (count(&left), count(&joined));
        left.truncate(LISTED_BLOCKS);
        joined.drain(..joined.len().saturating_sub(LISTED_BLOCKS));
        self.hub.tell(us, Fact::Tip(TipMove { node, hash: tip, height, left, left_count, joined, joined_count, own }));
    }

    fn disturbed(&self, us: u64) {
        let fault = |(id, kind): (&u64, &String)| LastingFault { id: *id, kind: kind.clone(), node: None };
        let faults = self.faults.iter().map(fault).collect();
        let disturbances = Disturbances { groups: Vec::new(), down: self.down.iter().copied().collect(), faults };
        self.hub.tell(us, Fact::Network(disturbances));
    }
}

/// Returns a block of which only its place is known.
fn block(hash: &str, prev: &str, height: u64, miner: Option<usize>) -> Block {
    Block {
        hash: hash.to_owned(),
        prev: prev.to_owned(),
        height,
        miner,
        extra: String::new(),
        extra_hex: String::new(),
        time: 0,
        bits: 0,
        work: "0".to_owned(),
        // the coinbase at least
        txs: 1,
        size: 0,
        fees: 0,
    }
}

/// Bytes that a recorder writes.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use toycoin_sim::Simulation;

    use super::*;
    use crate::event::Event;

    #[test]
    fn a_trace_with_too_many_lines_is_refused() {
        let lines = usize::try_from(RECORD_LINES).unwrap() + 1;
        let text = "{\"n\":1,\"us\":1}\n".repeat(lines);
        assert!(matches!(Record::read(text.as_bytes()), Err(RecordError::TooLarge)));
    }

    #[test]
    fn faults_of_a_trace_without_end_are_bounded() {
        let text = "{\"n\":1,\"us\":1,\"begins\":\"a slow link\"}\n".repeat(2_000);
        let record = Record::read(text.as_bytes()).unwrap();
        let most = record.text().lines().map(|line| line.matches("a slow link").count()).max();
        assert_eq!(most, Some(LISTED_FAULTS));
        assert!(record.text().len() < 1 << 20, "{} bytes", record.text().len());
    }

    #[test]
    fn a_trace_shows_the_tips_of_its_run() {
        let simulation = Simulation::builder(3).nodes(4).random_faults().keep_trace();
        let run = simulation.run_for(Duration::from_secs(60)).unwrap();
        let text = run.trace.as_deref().expect("it was kept");
        assert!(is_trace(text));
        let record = Record::read(text.as_bytes()).unwrap();
        let mut state = record.state().clone();
        for line in record.text().lines().skip(1) {
            state.apply(&serde_json::from_str::<Event>(line).unwrap());
        }
        assert!(run.converged() && run.height() > 10);
        assert!(record.text().contains(r#""faults":[{"#) && state.faults.is_empty() && state.down.is_empty());
        for node in &state.nodes {
            assert_eq!(node.height, run.height(), "node {}", node.node);
        }
        // each block stands on a block that was told before it
        let heights: HashMap<_, _> = state.blocks.iter().map(|block| (&block.hash, block.height)).collect();
        let parents = state.blocks.iter().skip(1).map(|block| (block.height, heights.get(&block.prev)));
        assert!(parents.clone().all(|(height, parent)| parent.is_some_and(|parent| parent + 1 == height)));
        assert!(parents.count() as u64 >= run.height());
    }
}
