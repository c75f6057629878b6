//! Processor time per delivery: one publisher, and subscribers that read everything.
//!
//! One thread publishes a batch and then reads it from each subscriber, so that each batch is alike. Every byte is
//! compared with what must come.

use std::{
    error::Error,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use toycoin_benches::{is_bench, median};
use toycoin_wire::relay::{Deliver, RelayMessage};

use crate::{
    RelayProcess, client,
    redis::{self, Redis},
};

const SIZES: [usize; 2] = [300, 100 << 10];
const SUBSCRIBERS: [usize; 3] = [1, 4, 16];
/// Approximate payload bytes of a batch of small messages, and least number of large ones.
const BATCH: (usize, usize) = (60_000, 4);

/// Prints the table.
pub(crate) fn run(rounds: usize) -> Result<(), Box<dyn Error>> {
    let time = Duration::from_millis(if is_bench() { 400 } else { 20 });
    let mut relay = RelayProcess::start()?;
    let redis = if is_bench() { Redis::start()? } else { None };
    println!("processor time of the server per delivery, medians of {rounds} rounds of {} ms\n", time.as_millis());
    println!("| payload | subscribers | messages per batch | relay, µs | redis, µs | relay : redis |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    for size in SIZES {
        for subscribers in SUBSCRIBERS {
            let batch = (BATCH.0 / size).max(BATCH.1);
            let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..rounds {
                let load = of_relay(&relay, size, subscribers)?;
                let before = relay.usage()?.processor;
                let deliveries = load.repeat(batch, time)?;
                let our = per_delivery(relay.usage()?.processor - before, deliveries);
                ours.push(our);
                if let Some(redis) = &redis {
                    let load = of_redis(redis, size, subscribers)?;
                    let before = redis.processor()?;
                    let deliveries = load.repeat(batch, time)?;
                    let their = per_delivery(redis.processor()?.saturating_sub(before), deliveries);
                    theirs.push(their);
                    ratios.push(our / their);
                }
            }
            let our = median(&mut ours);
            let beside = if redis.is_some() {
                format!("{:.3} | {:.2}", median(&mut theirs), median(&mut ratios))
            } else {
                "- | -".into()
            };
            println!("| {size} B | {subscribers} | {batch} | {our:.3} | {beside} |");
        }
    }
    if redis.is_none() && is_bench() {
        println!("\nthere is no redis-server on the PATH");
    }
    println!();
    Ok(())
}

fn per_delivery(time: Duration, deliveries: u64) -> f64 {
    time.as_secs_f64() * 1e6 / deliveries as f64
}

/// The connections to a server, and the bytes of one message.
struct Load {
    publisher: TcpStream,
    subscribers: Vec<TcpStream>,
    publication: Vec<u8>,
    delivery: Vec<u8>,
    /// What the publisher is answered.
    answer: Vec<u8>,
}

fn of_relay(relay: &RelayProcess, size: usize, subscribers: usize) -> Result<Load, Box<dyn Error>> {
    let payload = vec![b'x'; size];
    let join = |number| {
        let mut stream = client::join(relay.address(), number)?;
        client::joined(&mut stream)?;
        Ok::<_, Box<dyn Error>>(stream)
    };
    // each row begins after the connections of the one before have ended, and the relay may not have noticed
    static ROW: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
    let row = ROW.fetch_add(1, std::sync::atomic::Ordering::Relaxed) << 32;
    let subscribers = (1..=subscribers).map(|number| join(row + number)).collect::<Result<_, _>>()?;
    let deliver = Deliver { channel: client::channel(), from: client::node_id(row), payload: &payload };
    Ok(Load {
        publisher: join(row)?,
        subscribers,
        publication: client::publish(&payload, None)?,
        delivery: RelayMessage::Deliver(deliver).to_frame()?,
        answer: Vec::new(),
    })
}

fn of_redis(redis: &Redis, size: usize, subscribers: usize) -> Result<Load, Box<dyn Error>> {
    let payload = vec![b'x'; size];
    let count = subscribers;
    let subscribers = (0..count).map(|_| redis.subscriber()).collect::<Result<_, _>>()?;
    Ok(Load {
        publisher: client::connect(redis.address())?,
        subscribers,
        publication: redis::publish(&payload),
        delivery: redis::delivery(&payload),
        answer: format!(":{count}\r\n").into_bytes(),
    })
}

impl Load {
    /// Publishes batches for this time. Returns the number of deliveries.
    fn repeat(mut self, batch: usize, time: Duration) -> Result<u64, Box<dyn Error>> {
        let publications = self.publication.repeat(batch);
        let [deliveries, answers] = [self.delivery.repeat(batch), self.answer.repeat(batch)];
        let mut buffer = vec![0; deliveries.len()];
        let (begun, mut count) = (Instant::now(), 0);
        while begun.elapsed() < time || count == 0 {
            self.publisher.write_all(&publications)?;
            let answer = std::iter::once((&mut self.publisher, &answers));
            for (stream, expected) in self.subscribers.iter_mut().map(|stream| (stream, &deliveries)).chain(answer) {
                let buffer = &mut buffer[..expected.len()];
                stream.read_exact(buffer)?;
                if buffer != expected.as_slice() {
                    return Err("a subscriber did not get what was published".into());
                }
            }
            count += (batch * self.subscribers.len()) as u64;
        }
        Ok(count)
    }
}
