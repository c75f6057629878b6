//! Losses and latency of an honest publisher while three flooders publish all they can.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench flood                                a table, in a minute
//! cargo bench -p toycoin-benches --bench flood -- --addr 127.0.0.1:25000      of a relay that runs already
//! cargo bench -p toycoin-benches --bench flood -- --seconds 2 --row 4     one row, 2 seconds
//! ```
//!
//! The benchmark runs on real sockets over loopback. Three flooders write messages of one size as fast as the relay
//! reads them, and an honest publisher writes 10 per second. A follower reads everything, as fast as it can or at the
//! pace of a link.
//!
//! Latency runs from the time at which an honest message was due until the follower has read it. So it contains the
//! time that the relay takes to read the message. At the end every client waits for its `PONG`. The messages that
//! arrived and those that `LAGD` reported must add up to all that were published.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::{
    error::Error,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use toycoin_benches::{is_bench, percentile};
use toycoin_node::{RelayServer, relay::RelayConfig};
use toycoin_wire::{
    ChannelRef, FrameDecoder, NodeId, Reader,
    relay::{Hello, Publish, RelayMessage},
};

/// Payload bytes of the flood, payload bytes of the honest messages, and the follower's pace in bytes per second.
const ROWS: [(usize, usize, Option<usize>); 6] = [
    (3 << 19, 300, None),
    (3 << 19, 1_000_000, None),
    (3 << 19, 100_000, Some(20_000_000)),
    (60, 300, None),
    (60, 100_000, None),
    (60, 20_000, Some(5_000_000)),
];
const FLOODERS: u8 = 3;
/// Time between two messages of the honest publisher.
const HONEST_PACE: Duration = Duration::from_millis(100);
/// Timeout of each read and write, far longer than any should take.
const DEADLINE: Duration = Duration::from_secs(30);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let seconds = value("--seconds").map_or(Ok(if is_bench() { 8.0 } else { 0.2 }), |seconds| seconds.parse())?;
    let only: Option<u8> = value("--row").map(|row| row.parse()).transpose()?;
    let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?.spawn()?;
    let address = value("--addr").map_or(Ok(relay.local_addr()), |address| address.parse())?;
    println!("{FLOODERS} flooders, {seconds} s a row; latency in ms, p50 / p99 / most\n");
    println!(
        "| flood | honest | follower | published, MB/s | read, MB/s | honest share | honest lost | latency | LAGD |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (number, (flood, honest, follower)) in
        (1..).zip(ROWS).filter(|(number, _)| only.is_none_or(|only| only == *number))
    {
        let ids = Ids(number);
        let row = measure(address, ids, flood, honest, follower, Duration::from_secs_f64(seconds))?;
        let pace = follower.map_or("all it can".into(), |pace| format!("{} MB/s", pace / 1_000_000));
        println!("| {flood} B | {honest} B | {pace} | {row}");
    }
    Ok(())
}

/// Runs a flood; returns its row of the table.
fn measure(
    address: SocketAddr,
    ids: Ids,
    flood: usize,
    honest: usize,
    pace: Option<usize>,
    time: Duration,
) -> Result<String, Box<dyn Error>> {
    let origin = Instant::now();
    let is_over = Arc::new(AtomicBool::new(false));
    let mut follower = Client::join(address, ids.of(FLOODERS + 1))?;
    follower.say(RelayMessage::Subscribe(channel()))?;
    follower.barrier(u64::MAX)?;
    let mut to_follower = follower.stream.try_clone()?;
    let follower = thread::spawn(move || follow(follower, ids.of(FLOODERS), pace, origin));

    let flooders: Vec<_> = (0..FLOODERS)
        .map(|id| {
            let (client, is_over) = (Client::join(address, ids.of(id)), Arc::clone(&is_over));
            thread::spawn(move || -> io::Result<u64> {
                let mut client = client?;
                let frame = publish(&vec![b'x'; flood]);
                let batch = (64_000 / frame.len()).max(1);
                let frames = frame.repeat(batch);
                let mut sent = 0;
                while !is_over.load(Ordering::Relaxed) {
                    client.stream.write_all(&frames)?;
                    sent += batch as u64;
                }
                client.barrier(1)?;
                Ok(sent)
            })
        })
        .collect();
    let mut publisher = Client::join(address, ids.of(FLOODERS))?;
    let mut due = Instant::now();
    let end = due + time;
    let mut sent: u64 = 0;
    while due < end {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let mut payload = vec![b'h'; honest.max(8)];
        payload[..8].copy_from_slice(&nanos(due.duration_since(origin)).to_le_bytes());
        publisher.stream.write_all(&publish(&payload))?;
        sent += 1;
        due += HONEST_PACE;
    }
    is_over.store(true, Ordering::Relaxed);
    publisher.barrier(1)?;
    let mut flooded = 0;
    for flooder in flooders {
        flooded += flooder.join().map_err(|_| "a flooder panicked")??;
    }
    let elapsed = origin.elapsed().as_secs_f64();
    // the PONG comes after everything that was published
    to_follower.write_all(&RelayMessage::Ping(LAST).to_frame()?)?;
    let mut heard = follower.join().map_err(|_| "the follower panicked")??;

    let bytes = (flooded * flood as u64 + sent * honest as u64) as f64;
    let arrived = heard.latencies.len() as u64;
    let lost = 100.0 * (sent - arrived) as f64 / sent as f64;
    let share = 100.0 * (sent * honest as u64) as f64 / bytes;
    let latency = if arrived == 0 {
        "-".into()
    } else {
        let [p50, p99, most] = [50, 99, 100].map(|percent| percentile(&mut heard.latencies, percent));
        format!("{p50:.1} / {p99:.1} / {most:.1}")
    };
    let missing = flooded + sent - arrived - heard.flood;
    let truth = if missing == heard.lagged { "exact".into() } else { format!("{} of {missing}", heard.lagged) };
    let read = heard.bytes as f64 / elapsed / 1e6;
    Ok(format!("{:.0} | {read:.0} | {share:.2} % | {lost:.1} % | {latency} | {truth} |", bytes / elapsed / 1e6))
}

/// Node ids of a row. They differ between rows, because the clients of the previous row may still be connected.
#[derive(Clone, Copy)]
struct Ids(u8);

impl Ids {
    const fn of(self, number: u8) -> NodeId {
        let mut id = [number; 16];
        id[0] = self.0;
        NodeId::new(id)
    }
}

/// What a follower has received.
#[derive(Default)]
struct Heard {
    /// Latencies of the honest messages in milliseconds.
    latencies: Vec<f64>,
    flood: u64,
    lagged: u64,
    bytes: u64,
}

/// Reads until the last `PONG`, at a limited pace if there is one.
fn follow(mut client: Client, honest: NodeId, pace: Option<usize>, origin: Instant) -> io::Result<Heard> {
    let mut heard = Heard::default();
    let mut buffer = vec![0; 256 << 10];
    // a slow link does not have large buffers either
    let most = if pace.is_some() { 16 << 10 } else { buffer.len() };
    let (begun, mut taken) = (Instant::now(), 0);
    loop {
        let count = client.stream.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut input = &buffer[..count];
        while let Some(frame) = client.decoder.next_frame(&mut input).map_err(io::Error::other)? {
            match RelayMessage::decode(frame).map_err(io::Error::other)? {
                RelayMessage::Deliver(deliver) if deliver.from == honest => {
                    let due = deliver.payload.first_chunk().map_or(0, |nanos| u64::from_le_bytes(*nanos));
                    let latency = origin.elapsed().saturating_sub(Duration::from_nanos(due));
                    heard.latencies.push(latency.as_secs_f64() * 1e3);
                }
                RelayMessage::Deliver(_) => heard.flood += 1,
                RelayMessage::Lagged(count) => heard.lagged += count,
                RelayMessage::Pong(LAST) => return Ok(heard),
                RelayMessage::Goodbye(reason) => return Err(io::Error::other(reason.to_owned())),
                _ => {}
            }
        }
        taken += count;
        heard.bytes += count as u64;
        if let Some(pace) = pace {
            let due = Duration::from_secs_f64(taken as f64 / pace as f64);
            thread::sleep(due.saturating_sub(begun.elapsed()));
        }
    }
}

/// A client that does one thing at a time.
struct Client {
    stream: TcpStream,
    decoder: FrameDecoder,
}

impl Client {
    fn join(address: SocketAddr, node_id: NodeId) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        let mut client = Self { stream, decoder: FrameDecoder::new(Reader::Client) };
        client.say(RelayMessage::Hello(Hello { node_id, agent: "flood" }))?;
        client.barrier(0)?;
        Ok(client)
    }

    fn say(&mut self, message: RelayMessage<'_>) -> io::Result<()> {
        self.stream.write_all(&message.to_frame().map_err(io::Error::other)?)
    }

    /// Waits until the relay has handled everything that this client sent.
    fn barrier(&mut self, nonce: u64) -> io::Result<()> {
        self.say(RelayMessage::Ping(nonce))?;
        let mut buffer = [0; 4 << 10];
        loop {
            let count = self.stream.read(&mut buffer)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut input = &buffer[..count];
            while let Some(frame) = self.decoder.next_frame(&mut input).map_err(io::Error::other)? {
                if RelayMessage::decode(frame).map_err(io::Error::other)? == RelayMessage::Pong(nonce) {
                    return Ok(());
                }
            }
        }
    }
}

fn publish(payload: &[u8]) -> Vec<u8> {
    let message = RelayMessage::Publish(Publish { channel: channel(), to: None, payload });
    message.to_frame().expect("a payload within its cap")
}

fn channel() -> ChannelRef<'static> {
    ChannelRef::new("/bench/flood").expect("a name")
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

const LAST: u64 = 99;
