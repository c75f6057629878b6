//! Many connections that each publish or receive one message per second.

use std::{
    error::Error,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::net::TcpStream;
use toycoin_benches::percentile;
use toycoin_wire::{FrameDecoder, relay::RelayMessage};

use crate::{RelayProcess, client};

/// Payload of a message in bytes.
const PAYLOAD: usize = 300;
/// Time between two messages of a connection.
const PACE: Duration = Duration::from_secs(1);
/// Latency from which a delivery counts as late.
const LATE: Duration = Duration::from_millis(100);
/// Longest time to wait for the last deliveries.
const LAST: Duration = Duration::from_secs(5);
/// Files of a process besides its connections: standard streams, pipes, and those of the runtime.
const OTHER_FILES: u64 = 64;

/// Who publishes to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    /// Each connection publishes to the next one.
    Ring,
    /// The first connection publishes to all others.
    Broadcast,
}

/// Prints the table, or says that the process may not open enough files.
pub(crate) fn run(connections: usize, time: Duration) -> Result<(), Box<dyn Error>> {
    let files = connections as u64 + OTHER_FILES;
    let allowed = open_files(files);
    if allowed < files {
        return Err(format!(
            "{connections} connections need {files} open files, and this process may have {allowed}: raise `ulimit -n`"
        )
        .into());
    }
    println!("{connections} connections, {PAYLOAD} B, {} s per row\n", time.as_secs_f64());
    println!(
        "| pattern | published per second | delivered per second | processor | memory per connection | lost | late | \
         latency, ms: p50 / p99 / most |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for pattern in [Pattern::Ring, Pattern::Broadcast] {
        runtime.block_on(measure(pattern, connections, time))?;
    }
    Ok(())
}

/// Returns how many files this process and those that it starts may open, after asking for `wanted`.
#[cfg(unix)]
fn open_files(wanted: u64) -> u64 {
    rlimit::increase_nofile_limit(wanted).unwrap_or(0)
}

#[cfg(not(unix))]
const fn open_files(_: u64) -> u64 {
    u64::MAX
}

async fn measure(pattern: Pattern, connections: usize, time: Duration) -> Result<(), Box<dyn Error>> {
    let mut relay = RelayProcess::start()?;
    let empty = relay.usage()?.resident;
    let mut streams = Vec::with_capacity(connections);
    for number in 0..connections {
        streams.push(client::join(relay.address(), number)?);
    }
    let heard = Arc::new(Heard::default());
    let begun = Instant::now();
    let mut clients = Vec::with_capacity(connections);
    let mut readers = tokio::task::JoinSet::new();
    for mut stream in streams {
        let decoder = client::joined(&mut stream)?;
        stream.set_nonblocking(true)?;
        let stream = Arc::new(TcpStream::from_std(stream)?);
        clients.push(Arc::clone(&stream));
        readers.spawn(read(stream, decoder, Arc::clone(&heard), begun));
    }
    let before = relay.usage()?;
    let (from, expected) = (
        Instant::now(),
        match pattern {
            Pattern::Ring => 1,
            Pattern::Broadcast => connections as u64 - 1,
        },
    );
    let published = publish(pattern, &clients, time, begun).await?;
    let after = relay.usage()?;
    let took = from.elapsed();
    let expected = published * expected;
    let last = Instant::now();
    while heard.delivered() < expected && last.elapsed() < LAST {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // a reader that ended says why, and is not merely silent
    if let Some(ended) = readers.try_join_next() {
        ended??;
    }
    readers.shutdown().await;
    let mut latencies = std::mem::take(&mut *heard.latencies.lock().unwrap_or_else(PoisonError::into_inner));
    let delivered = latencies.len() as u64;
    let late = latencies.iter().filter(|latency| **latency > LATE.as_secs_f64() * 1e3).count();
    let memory = (after.resident.saturating_sub(empty)) as f64 / connections as f64;
    let latency = if latencies.is_empty() {
        "-".into()
    } else {
        let [p50, p99, most] = [50, 99, 100].map(|percent| percentile(&mut latencies, percent));
        format!("{p50:.1} / {p99:.1} / {most:.1}")
    };
    println!(
        "| {} | {:.0} | {:.0} | {:.1} % of a core | {memory:.1} KiB | {} of {expected} | {late} | {latency} |",
        if pattern == Pattern::Ring { "each to the next" } else { "one to all" },
        published as f64 / took.as_secs_f64(),
        delivered as f64 / took.as_secs_f64(),
        100.0 * (after.processor - before.processor).as_secs_f64() / took.as_secs_f64(),
        expected - delivered,
    );
    Ok(())
}

/// Publishes at each connection's times. Returns the number of messages.
async fn publish(
    pattern: Pattern,
    clients: &[Arc<TcpStream>],
    time: Duration,
    begun: Instant,
) -> Result<u64, Box<dyn Error>> {
    let publishers = if pattern == Pattern::Ring { clients.len() } else { 1 };
    let start = Instant::now();
    let mut sent = 0_usize;
    loop {
        // spread over the pace, so that no two are due at once
        let due = start + PACE.mul_f64(sent as f64 / publishers as f64);
        let is_over = due.duration_since(start) >= time;
        let wait = if is_over { start + time } else { due }.saturating_duration_since(Instant::now());
        // a sleep takes a millisecond at least, in which ten are due
        if wait > Duration::from_millis(1) {
            tokio::time::sleep(wait).await;
        } else {
            tokio::task::yield_now().await;
        }
        if is_over {
            return Ok(sent as u64);
        }
        let number = sent % publishers;
        let to = (pattern == Pattern::Ring).then(|| client::node_id((number + 1) % clients.len()));
        let mut payload = [0; PAYLOAD];
        let nanos = u64::try_from(due.duration_since(begun).as_nanos())?;
        payload[..8].copy_from_slice(&nanos.to_le_bytes());
        let frame = client::publish(&payload, to)?;
        // a socket that takes no 400 bytes is one that the relay does not read
        clients[number].writable().await?;
        if clients[number].try_write(&frame)? < frame.len() {
            return Err("a socket took a part of a message".into());
        }
        sent += 1;
    }
}

/// What all connections have received.
#[derive(Debug, Default)]
struct Heard {
    delivered: AtomicU64,
    /// Latencies in milliseconds.
    latencies: Mutex<Vec<f64>>,
}

impl Heard {
    fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }
}

/// Reads until the connection ends, which is an error.
async fn read(
    stream: Arc<TcpStream>,
    mut decoder: FrameDecoder,
    heard: Arc<Heard>,
    begun: Instant,
) -> Result<(), io::Error> {
    loop {
        stream.readable().await?;
        let mut buffer = [0; 4 << 10];
        let count = match stream.try_read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        let now = begun.elapsed();
        let mut input = &buffer[..count];
        while let Some(frame) = decoder.next_frame(&mut input).map_err(io::Error::other)? {
            match RelayMessage::decode(frame).map_err(io::Error::other)? {
                RelayMessage::Deliver(deliver) => {
                    let due = deliver.payload.first_chunk().map_or(0, |nanos| u64::from_le_bytes(*nanos));
                    let latency = now.saturating_sub(Duration::from_nanos(due)).as_secs_f64() * 1e3;
                    heard.latencies.lock().unwrap_or_else(PoisonError::into_inner).push(latency);
                    heard.delivered.fetch_add(1, Ordering::Relaxed);
                }
                RelayMessage::Goodbye(reason) => return Err(io::Error::other(reason.to_owned())),
                RelayMessage::Ping(nonce) => {
                    let pong = RelayMessage::Pong(nonce).to_frame().map_err(io::Error::other)?;
                    stream.try_write(&pong)?;
                }
                _ => {}
            }
        }
    }
}
