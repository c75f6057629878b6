//! Many blocks of two payments: connected one by one as they arrive, and in groups that wait together.

use std::{collections::VecDeque, time::Duration};

use toycoin_benches::{cpu_time, median};
use toycoin_core::{
    Amount, Block, Chain, ChainParams, NetworkSpec, OutPoint, SecretKey, Transaction, TxOut, chain::Advance,
    store::MemoryStore,
};

use crate::scene::{extend, pay};

const BLOCKS: usize = 20_000;
/// Number of owners whose coins are spent in turn, so that no window contains one of them twice.
const OWNERS: u32 = 1_024;
/// Numbers of blocks that wait when the first of them is connected.
const WAITING: [usize; 5] = [1, 4, 8, 16, 64];

/// Prints the cost per block for each number of waiting blocks.
pub(crate) fn compare() {
    let blocks = blocks();
    let mut chains = WAITING.map(|_| Chain::in_memory(params()));
    let mut times = WAITING.map(|_| Vec::new());
    // every chain connects the same blocks in turn
    for stretch in blocks.chunks(64) {
        for ((chain, waiting), times) in chains.iter_mut().zip(WAITING).zip(&mut times) {
            let copies = stretch.to_vec();
            let time = connect(chain, copies, waiting);
            times.push(time.as_secs_f64() / stretch.len() as f64);
        }
    }
    assert!(chains.iter().all(|chain| chain.tip() == chains[0].tip()));
    println!("{BLOCKS} blocks of two payments and a coinbase in memory, thread CPU time\n");
    println!("| blocks that wait | µs a block, median | all, s | of block by block |\n| ---: | ---: | ---: | ---: |");
    let sums = times.each_ref().map(|times| times.iter().sum::<f64>() * 64.0);
    for ((waiting, times), sum) in WAITING.iter().zip(&mut times).zip(sums) {
        println!("| {waiting} | {:.1} | {sum:.2} | {:.2} |", 1e6 * median(times), sum / sums[0]);
    }
}

fn connect(chain: &mut Chain<MemoryStore>, blocks: Vec<Block>, waiting: usize) -> Duration {
    let mut blocks = VecDeque::from(blocks);
    cpu_time(|| {
        while !blocks.is_empty() {
            let count = waiting.min(blocks.len());
            for block in blocks.drain(..count) {
                chain.insert_block(block, u64::MAX).expect("a block of our own");
            }
            while !matches!(chain.advance(), Ok(Advance::Idle)) {}
        }
    })
    .1
}

fn blocks() -> Vec<Block> {
    let params = params();
    let mut chain = Chain::in_memory(params.clone());
    let rich = SecretKey::classroom(0);
    let (outpoint, coin) = chain.coins_of(&rich.public_key()).expect("a store in memory")[0];
    let keys: Vec<_> = (100..100 + OWNERS).map(SecretKey::classroom).collect();
    let value = Amount::from_grains(coin.output.value.grains() / u64::from(OWNERS));
    let outputs = keys.iter().map(|key| TxOut { value, owner: key.public_key() }).collect();
    let split = pay(&params, outpoint, coin.output, &rich, outputs);
    let coins = split.outpoints(split.txid()).map(|(outpoint, output)| (outpoint, *output));
    let mut ring: VecDeque<_> = coins.zip(keys).collect();
    let mut blocks = vec![extend(&mut chain, vec![split])];
    while blocks.len() < BLOCKS {
        let payments = (0..2).map(|_| next(&params, &mut ring)).collect();
        blocks.push(extend(&mut chain, payments));
    }
    blocks
}

/// Spends the first coin of the ring: a small amount to another owner, the change back into the ring.
fn next(params: &ChainParams, ring: &mut VecDeque<((OutPoint, TxOut), SecretKey)>) -> Transaction {
    let ((outpoint, coin), key) = ring.pop_front().expect("a ring has no end");
    let change = TxOut { value: Amount::from_grains(coin.value.grains() - 10), owner: coin.owner };
    let small = TxOut { value: Amount::from_grains(10), owner: SecretKey::classroom(1).public_key() };
    let payment = pay(params, outpoint, coin, &key, vec![change, small]);
    ring.push_back(((OutPoint { txid: payment.txid(), vout: 0 }, change), key));
    payment
}

/// Returns the regtest network with a longer halving interval, so that the subsidy lasts.
fn params() -> ChainParams {
    let spec = NetworkSpec {
        extra: b"catching up".to_vec(),
        halving_interval: 100_000,
        ..ChainParams::regtest().spec().clone()
    };
    ChainParams::new(spec).expect("a network of our own")
}
