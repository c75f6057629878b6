//! A wallet's first balance over a slow line, as a light client and as a full node, and the memory of a light client.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench light                       100,000 blocks of a payment each, 1 MB/s
//! cargo bench -p toycoin-benches --bench light -- --blocks 20000     so many
//! cargo bench -p toycoin-benches --bench light -- --empty 1000000    empty blocks: memory by the chain's length
//! ```
//!
//! One full node serves behind a relay. Between the relay and whoever asks lies a line of 1 MB/s in either direction.
//! Who asks is a process of its own, so that its memory is its own. Of the payments, one in 10,000 pays the wallet.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod asker;
mod cable;

use std::error::Error;

use toycoin_benches::is_bench;
use toycoin_core::{
    Amount, Chain, ChainParams, MemoryStore,
    test_util::{Payments, classroom, grow},
};
use toycoin_node::{NodeBuilder, RelayServer, relay::RelayConfig};

use crate::{
    asker::{Asker, Manner},
    cable::Cable,
};

/// What the line carries in either direction, in bytes per second.
const LINE: f64 = 1e6;

/// One payment of so many pays the wallet.
const PAID_EVERY: u64 = 10_000;

/// The blocks since the birthday of the second row.
const SINCE_BIRTHDAY: u64 = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().collect();
    if let Some(asker) = Asker::of(&arguments)? {
        return tokio::runtime::Runtime::new()?.block_on(asker.run());
    }
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(|number| number.parse::<u64>())
    };
    let params = ChainParams::regtest();
    let mut chain = Chain::in_memory(params.clone());
    let is_empty = number("--empty").is_some();
    if let Some(blocks) = number("--empty").transpose()? {
        grow(&mut chain, blocks, classroom::owner(0));
    } else {
        let most = if is_bench() { 100_000 } else { 300 };
        fill(&mut chain, number("--blocks").transpose()?.unwrap_or(most));
    }
    tokio::runtime::Runtime::new()?.block_on(compare(params, chain, is_empty))
}

/// Serves a chain, and prints a row for each manner of asking.
async fn compare(params: ChainParams, chain: Chain<MemoryStore>, is_empty: bool) -> Result<(), Box<dyn Error>> {
    let height = chain.height();
    let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?.spawn()?;
    let node = NodeBuilder::new(params).store(chain.into_store()).relay(relay.local_addr().to_string());
    let node = node.spawn().await?;
    node.wait_for_relay().await?;
    let cable = Cable::lay(relay.local_addr(), LINE)?;
    println!("{height} blocks, {} MB/s\n", LINE / 1e6);
    println!("| | s | MB received | MB of memory |");
    println!("| --- | ---: | ---: | ---: |");
    let birthday = height.saturating_sub(SINCE_BIRTHDAY);
    let late = format!("light client, birthday {SINCE_BIRTHDAY} blocks back");
    let mut rows = vec![("light client, all blocks".to_owned(), Manner::Light { birthday: 0 })];
    rows.push((late, Manner::Light { birthday }));
    if !is_empty {
        rows.push(("full node".to_owned(), Manner::Full));
    }
    for (name, manner) in rows {
        let before = cable.carried();
        let asker = Asker { relay: cable.address(), height, manner };
        // the line and the node go on meanwhile
        let measured =
            tokio::task::spawn_blocking(move || asker.measure().map_err(|error| error.to_string())).await??;
        let received = (cable.carried() - before) as f64 / 1e6;
        let memory = measured.memory.map_or("-".into(), |bytes| format!("{:.1}", bytes as f64 / 1e6));
        println!("| {name} | {:.2} | {received:.2} | {memory} |", measured.seconds);
    }
    node.shutdown().await?;
    Ok(())
}

/// Adds blocks of a payment each.
fn fill(chain: &mut Chain<MemoryStore>, blocks: u64) {
    let coins: Vec<_> = chain.coins_of(&classroom::owner(0)).expect("coins in memory");
    let mut payments = Payments::new(chain.params().genesis_hash(), coins);
    for number in 0..blocks {
        // the rest goes to and fro, so that few coins lie about
        let paid = if number % PAID_EVERY == PAID_EVERY / 2 { asker::OWNER } else { 0 };
        let payment = payments.pay(0, paid, Amount::from_grains(1), Amount::ZERO).expect("enough coins");
        let time = chain.tip().time + 1_000;
        let block = chain.template(vec![payment], classroom::owner(1), b"", time).expect("a payment that fits");
        chain.apply(block.mine_trivial(), time).expect("a block of our own");
    }
}
