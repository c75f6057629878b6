//! What a relay costs: processor time per delivery, and ten thousand connections.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench relay                              both, in a minute
//! cargo bench -p toycoin-benches --bench relay -- --rounds 11               the first, medians of 11 rounds
//! cargo bench -p toycoin-benches --bench relay -- --connections 10000       the second alone
//! cargo bench -p toycoin-benches --bench relay -- --connections 500 --seconds 30
//! ```
//!
//! The relay is a process of its own, which this program starts from its own file. So its processor time and its memory
//! are those of the relay alone. All connections are TCP over loopback. If there is a `redis-server` on the `PATH`, it
//! does the same in turn, and the table has the ratio.
//!
//! The clock counts nowhere but for what came late, since the clients share the machine with the servers.

#![expect(clippy::print_stdout, reason = "the tables are what this program is for")]

mod client;
mod crowd;
mod fan_out;
mod redis;
mod server;

use std::{error::Error, time::Duration};

use toycoin_benches::is_bench;

use crate::server::RelayProcess;

/// Most connections: those that a relay accepts.
const MOST_CONNECTIONS: usize = toycoin_node::limits::RELAY_CONNECTIONS;
/// Longest time of a row of the second table, in seconds.
const MOST_SECONDS: f64 = 600.0;
/// Most rounds of the first table.
const MOST_ROUNDS: usize = 99;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().collect();
    if arguments.get(1).is_some_and(|argument| argument == server::SERVE) {
        return server::serve();
    }
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let connections = value("--connections").map(|text| text.parse::<usize>()).transpose()?;
    if connections.is_some_and(|count| !(2..=MOST_CONNECTIONS).contains(&count)) {
        return Err(format!("--connections must be 2 to {MOST_CONNECTIONS}").into());
    }
    let rounds = value("--rounds").map_or(Ok(if is_bench() { 5 } else { 1 }), |text| text.parse::<usize>())?;
    if !(1..=MOST_ROUNDS).contains(&rounds) {
        return Err(format!("--rounds must be 1 to {MOST_ROUNDS}").into());
    }
    let seconds = value("--seconds").map_or(Ok(if is_bench() { 10.0 } else { 1.0 }), |text| text.parse::<f64>())?;
    if !(0.0..=MOST_SECONDS).contains(&seconds) {
        return Err(format!("--seconds must be at most {MOST_SECONDS}").into());
    }
    if connections.is_none() {
        fan_out::run(rounds)?;
    }
    let connections = connections.unwrap_or(if is_bench() { MOST_CONNECTIONS } else { 20 });
    crowd::run(connections, Duration::from_secs_f64(seconds))
}
