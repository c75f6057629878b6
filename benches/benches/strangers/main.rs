//! What strangers' messages cost a node and an honest user of it, over real sockets.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench strangers                              a table, in two minutes
//! cargo bench -p toycoin-benches --bench strangers -- --seconds 30 --rows 4,5   these, 30 seconds each
//! cargo bench -p toycoin-benches --bench strangers -- --addr 127.0.0.1:25000 --pid 4711   of programs that run already
//! ```
//!
//! The programs of the last form are `relay` and `node --network regtest --no-mine`, of this or an older commit. `--pid`
//! is the node's. Start them anew for each run: a node remembers what it refused.
//!
//! The node has a chain of 2,124 blocks, 16 of them of 997 kB. Strangers ask one kind of question as a burst, again each
//! second until 5 s before the end. Or each sends one transaction of 999 inputs, the most that fit, whose last signature
//! is bad. Orphans are followed by their parent when all have been looked at.
//!
//! An honest user asks for one header, 50 times per second. Latency runs from the time at which a question was due. So
//! it counts whatever kept the user from asking. In the last row another honest user makes 10 payments per second.
//!
//! Two columns have processor time of the node's threads, so that other programs disturb less: the most that the node
//! took while one question waited, and what it took per message of the strangers. What the honest questions cost by
//! themselves, by the first row, is subtracted from the latter; the payments of the last row are not.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod attack;
mod client;
mod honest;
mod scene;
mod victim;

use std::{
    error::Error,
    thread,
    time::{Duration, Instant},
};

use toycoin_benches::percentile;
use toycoin_wire::NodeId;

use crate::{
    attack::{Amounts, Attack, Done},
    client::Client,
    honest::Outcome,
    scene::{Parent, Scene, Size},
    victim::Victim,
};

const SIZE: Size = Size { height: 2_124, large_blocks: 16, inputs: 999 };
const AMOUNTS: Amounts = Amounts { headers: 625, transactions: 20, blocks: 7, orphans: 100, bad: 60 };
/// What shows that the program works.
const SMALL_SIZE: Size = Size { height: 40, large_blocks: 2, inputs: 20 };
const SMALL_AMOUNTS: Amounts = Amounts { headers: 40, transactions: 2, blocks: 2, orphans: 10, bad: 5 };
const ROWS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    // without this argument the program runs as a test, which checks only that it works
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let seconds = value("--seconds").map_or(Ok(if is_bench { 12.0 } else { 0.5 }), |seconds| seconds.parse())?;
    let only: Option<Vec<usize>> = value("--rows").map(|rows| rows.split(',').map(str::parse).collect()).transpose()?;
    let (size, amounts) = if is_bench { (SIZE, AMOUNTS) } else { (SMALL_SIZE, SMALL_AMOUNTS) };
    let process = value("--pid").map(|process| process.parse()).transpose()?;
    let victim = match value("--addr") {
        Some(address) => Victim::running(address.parse()?, process),
        None => Victim::start()?,
    };
    let scene = Scene::new(&size)?;
    let node = victim.feed(&scene)?;
    let bench = Bench { victim, scene, node, amounts, time: Duration::from_secs_f64(seconds), is_bench };
    println!("{seconds} s a row");
    println!("latency in ms, p50 / worst; ms of the node's processor: most during one question, and per message\n");
    println!("| strangers send | honest GHDR | most | on its relay | per message | refused | payments taken |");
    println!("| --- | ---: | ---: | --- | ---: | ---: | ---: |");
    let mut calm = None;
    for number in (1..=ROWS).filter(|number| *number == 1 || only.as_ref().is_none_or(|only| only.contains(number))) {
        let (label, attack) = bench.attack(number)?;
        let row = bench.measure(attack, number == ROWS)?;
        let cpu_time = row.cpu_time;
        println!("{}", row.line(&label, calm));
        calm = calm.or(cpu_time);
    }
    Ok(())
}

/// A node with a chain, and what is measured of it.
struct Bench {
    victim: Victim,
    scene: Scene,
    node: NodeId,
    amounts: Amounts,
    /// How long a row takes.
    time: Duration,
    is_bench: bool,
}

impl Bench {
    /// Prepares the attack of a row, and says what it is.
    fn attack(&self, number: usize) -> Result<(String, Attack), Box<dyn Error>> {
        let Self { victim, scene, node, amounts, .. } = self;
        let node = *node;
        let behind = |parent: &Parent| {
            let orphans = parent.bad_children(amounts.orphans);
            Attack::transactions(victim, node, orphans, Some(&parent.transaction))
        };
        Ok(match number {
            1 => ("nothing".into(), Attack::None),
            2 => (format!("{} GHDR at once", amounts.headers), Attack::headers(victim, node, amounts.headers)?),
            3 => {
                let label = format!("{} GTXN of one coinbase id 128 times", amounts.transactions);
                (label, Attack::coinbase(victim, node, scene, amounts.transactions)?)
            }
            4 => {
                let label = format!("{} GBLK of {} large blocks", amounts.blocks, scene.large.len());
                (label, Attack::blocks(victim, node, scene, amounts.blocks)?)
            }
            5 => (format!("{} bad orphans, their parent", amounts.orphans), behind(&scene.unconfirmed[0])?),
            6 => {
                let bad = scene.confirmed.bad_children(amounts.bad);
                (format!("{} bad transactions", amounts.bad), Attack::transactions(victim, node, bad, None)?)
            }
            _ => (format!("{} bad orphans, beside payments", amounts.orphans), behind(&scene.unconfirmed[1])?),
        })
    }

    /// Runs an attack beside the honest.
    fn measure(&self, attack: Attack, has_payments: bool) -> Result<Row, Box<dyn Error>> {
        let asker = Client::join(self.victim.address)?;
        let payer = if has_payments { Some(Client::join(self.victim.address)?) } else { None };
        let expects = match &attack {
            Attack::Transactions(strangers, _) => strangers.len(),
            _ => 0,
        };
        let before = self.victim.cpu_time();
        let end = Instant::now() + self.time;
        let (victim, scene, node) = (&self.victim, &self.scene, self.node);
        let (done, asked, paid) = thread::scope(|scope| {
            let asker = scope.spawn(move || honest::ask(asker, victim, node, &scene.hashes, end));
            let payer = payer.map(|payer| scope.spawn(move || honest::pay(payer, node, &scene.payments, end)));
            let done = attack.run(end, !self.is_bench);
            (done, asker.join(), payer.map(thread::ScopedJoinHandle::join))
        });
        let done = done?;
        let asked = asked.map_err(|_| "the asker panicked")??;
        let paid = paid.transpose().map_err(|_| "the payer panicked")?.transpose()?;
        let cpu_time = self.victim.cpu_time().zip(before).map(|(after, before)| after.saturating_sub(before));
        if !self.is_bench {
            let is_paid = paid.as_ref().is_none_or(Outcome::is_complete);
            let checks = [
                (asked.stayed, "the node left its relay"),
                (asked.is_complete(), "an honest question had no answer"),
                (is_paid, "an honest payment was not taken"),
                (done.refused == expects, "a bad transaction was not refused"),
            ];
            if let Some((_, failure)) = checks.iter().find(|(holds, _)| !holds) {
                return Err((*failure).into());
            }
        }
        Ok(Row { done, asked, paid, cpu_time })
    }
}

/// What was measured under one attack.
struct Row {
    done: Done,
    asked: Outcome,
    paid: Option<Outcome>,
    cpu_time: Option<Duration>,
}

impl Row {
    /// Returns the row as text. `calm` is the processor time without an attack.
    fn line(mut self, label: &str, calm: Option<Duration>) -> String {
        let relay = if self.asked.stayed { "yes" } else { "no" };
        let asked = latency(&mut self.asked);
        let busy = self.asked.most_cpu_time.map_or("-".into(), |time| format!("{:.1}", time.as_secs_f64() * 1e3));
        let cost = self.cpu_time.zip(calm).filter(|_| self.done.messages > 0).map_or("-".into(), |(cost, calm)| {
            let cost = cost.saturating_sub(calm).as_secs_f64() * 1e3;
            format!("{:.3}", cost / self.done.messages as f64)
        });
        let refused = self.done.refused;
        let paid = self.paid.map_or("-".into(), |mut paid| {
            let latency = latency(&mut paid);
            format!("{} of {}, {latency}", paid.latencies.len(), paid.sent)
        });
        format!("| {label} | {asked} | {busy} | {relay} | {cost} | {refused} | {paid} |")
    }
}

/// Returns median and worst in milliseconds, and says how many had no answer.
fn latency(outcome: &mut Outcome) -> String {
    let missing = outcome.sent - outcome.latencies.len();
    if outcome.latencies.is_empty() {
        return format!("none, {missing} without answer");
    }
    let [p50, worst] = [50, 100].map(|percent| percentile(&mut outcome.latencies, percent));
    let missing = if missing > 0 { format!(", {missing} without answer") } else { String::new() };
    format!("{p50:.1} / {worst:.1}{missing}")
}
