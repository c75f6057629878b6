//! The reducer: what all events add up to is what the network itself says, and a record tells the same story again.
//!
//! With `TOYCOIN_VIEW_TRACES=DIR`, some of the records are kept there, each with its state at the end. The page's
//! reducer, in JavaScript, is tested against them.

#![expect(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::{
    collections::BTreeSet,
    env,
    fmt::Display,
    fs,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use toycoin_node::protocol::{Request, Response};
use toycoin_sim::Dice;
use toycoin_view::{
    command::{Command, Done, FaultSpec},
    event::Event,
    record::Recorder,
    stage::simulated::{Director, SimulatedConfig},
    state::State,
};

/// Number of seeds.
const RUNS: u64 = 200;

/// Number of records that are kept for the page's reducer.
const KEPT: u64 = 12;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Draws a command that a restless teacher might give.
fn draw(dice: &mut Dice, nodes: usize, faults: &mut Vec<u64>) -> Command {
    let node = dice.index(nodes);
    match dice.below(14) {
        0..3 => Command::Partition { groups: vec![vec![node], vec![(node + 1) % nodes]] },
        3 | 4 => Command::Heal,
        5 => Command::Stop { node },
        6 | 7 => Command::Start { node },
        8 => Command::Rate { node, hash_rate: dice.below(40) },
        9 => Command::Delay { node, delay: Duration::from_millis(dice.below(2_000)) },
        10 => Command::Pay { from: node, to: dice.index(nodes), value: 1 + dice.below(1_000), fee: dice.below(5_000) },
        11 => Command::Fault(FaultSpec::LossyLink { node }),
        12 => Command::Fault(FaultSpec::Crash { node, lose_tail: true }),
        _ => faults.pop().map_or(Command::AddNode { hash_rate: 5 }, |id| Command::End { id }),
    }
}

/// Runs a seed with commands at random, and returns the director and its record.
fn run(seed: u64) -> (Director, String) {
    let config = SimulatedConfig::new(seed).nodes(3 + usize::try_from(seed % 3).unwrap());
    let config = config.spacing(Duration::from_secs(2)).payments_per_second(2.0);
    let (mut director, memory) = (Director::new(&config), Memory::default());
    director.hub().record(Recorder::new(memory.clone())).unwrap();
    let (mut dice, mut faults) = (Dice::new(seed, 99), Vec::new());
    for _ in 0..12 {
        director.run_to(director.now() + Duration::from_millis(1 + dice.below(8_000)));
        let command = draw(&mut dice, director.nodes(), &mut faults);
        // some commands make no sense at the moment, which is a part of the test
        if let Ok(Done::Fault(id)) = director.command(command) {
            faults.push(id);
        }
    }
    director.hub().end_record().unwrap();
    let record = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
    (director, record)
}

fn compare(seed: u64, director: &mut Director, state: &State) {
    for node in &state.nodes {
        let number = node.node;
        let Some(Response::Status(status)) = director.ask(number, Request::Status) else {
            assert!(
                state.down.contains(&number),
                "seed {seed}: node {number} does not answer and is not shown as down"
            );
            assert!(node.mempool.is_empty() && node.unlisted == 0);
            continue;
        };
        assert!(!state.down.contains(&number), "seed {seed}: node {number} answers and is shown as down");
        assert_eq!((node.tip.clone(), node.height), (status.tip.hash.to_string(), status.tip.height), "seed {seed}");
        let mut waiting = BTreeSet::new();
        let mut after = None;
        loop {
            let Some(Response::Mempool(page)) = director.ask(number, Request::Mempool { after, limit: 1_000 }) else {
                panic!("it answered before");
            };
            waiting.extend(page.entries.iter().map(|entry| entry.txid.to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let shown: BTreeSet<_> = node.mempool.iter().map(|payment| payment.txid.clone()).collect();
        assert_eq!(shown, waiting, "seed {seed}: mempool of node {number}");
        let Some(Response::Block(Some(tip))) = director.ask(number, Request::Block(status.tip.hash)) else {
            panic!("seed {seed}: node {number} lacks its tip");
        };
        let block = state.blocks.iter().find(|block| block.hash == node.tip).expect("tips are in the tree");
        assert_eq!((block.txs, block.size), (tip.block().transactions.len() + 1, tip.block().size()));
        let work: String = status.tip.work.to_be_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(block.work, work.trim_start_matches('0'), "seed {seed}: work at {}", block.height);
    }
}

/// Returns what a record adds up to.
fn replayed(record: &str) -> State {
    let mut lines = record.lines();
    let mut state: State = serde_json::from_str(lines.next().unwrap()).unwrap();
    for line in lines {
        let event: Event = serde_json::from_str(line).unwrap();
        assert_eq!(event.seq, state.seq + 1);
        assert!(event.us >= state.us);
        state.apply(&event);
    }
    state
}

fn keep(name: impl Display, record: &str, state: &State) {
    let Some(folder) = env::var_os("TOYCOIN_VIEW_TRACES") else { return };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(format!("{name}.jsonl")), record).unwrap();
    fs::write(folder.join(format!("{name}.end.json")), serde_json::to_string(state).unwrap()).unwrap();
}

#[test]
fn the_events_add_up_to_the_network_itself() {
    let (mut reorganisations, mut restarts) = (0, 0);
    for seed in 0..RUNS {
        let (mut director, record) = run(seed);
        let state = replayed(&record);
        reorganisations += record.matches(r#""left":[""#).count();
        restarts += record.matches(r#""why":"restart""#).count();
        director.hub().look(|shown| assert_eq!(*shown, state));
        compare(seed, &mut director, &state);
        if seed < KEPT {
            keep(seed, &record, &state);
        }
    }
    assert!(reorganisations > 100 && restarts > 100, "{reorganisations} reorganisations, {restarts} lost payments");
}

#[test]
fn two_records_of_one_seed_are_equal() {
    for seed in 0..5 {
        assert_eq!(run(seed).1, run(seed).1);
    }
}

#[cfg(feature = "attacks")]
#[test]
fn a_record_of_an_attack_ends_with_its_outcome() {
    use toycoin_view::{attack::AttackRequest, stage::simulated::Simulated};

    let record = |seed, time| {
        let memory = Memory::default();
        let request = AttackRequest { seed: Some(seed), ..AttackRequest::new("double-spend") };
        Simulated::record_attack(&request, time, || Ok(Recorder::new(memory.clone())), || true).unwrap();
        let bytes = memory.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    };
    let hour = Duration::from_secs(3_600);
    let whole = record(1, hour);
    assert_eq!(whole, record(1, hour), "equal seeds make equal records");
    let state = replayed(&whole);
    let trial = state.attack.clone().unwrap();
    assert!(trial.outcome.unwrap().starts_with("success: "));
    assert!(state.blocks.len() > 3 && state.clock.paused);
    keep("attack", &whole, &state);
    let short = replayed(&record(1, Duration::from_secs(30)));
    assert!(short.attack.unwrap().outcome.is_none(), "it ends before the trial does");
}
