//! Initial block download of full blocks, beside what bounds it: their validation, and the link.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use cpu_time::ProcessTime;
use toycoin_core::{Block, Chain};
use toycoin_node::{NodeBuilder, RelayServer, limits::BYTES_A_CONNECTION, relay::RelayConfig};
use toycoin_wire::{
    ChannelRef, FrameDecoder, NodeId, Reader,
    node::NodeMessage,
    relay::{Hello, Publish, RelayMessage},
};

use crate::{
    Payer,
    catching_up::{PEERS, Times, both_ways, median_of, print_table, time_to_connect},
    extend, params,
};

/// Measures initial block download of `count` blocks of `payments` payments each, whose signatures nobody has seen.
pub(crate) fn compare(count: u64, payments: usize, runs: usize) {
    let params = params();
    let mut source = Chain::in_memory(params.clone());
    // no payment spends one of its own block
    let mut payer = Payer::new(&mut source, payments);
    let first = source.height();
    while source.height() < first + count {
        let payments = payer.pay(payments);
        extend(&mut source, payments);
    }
    let height = source.height();
    let blocks: Vec<Block> = (1..=height)
        .map(|height| source.block_at(height).expect("memory").expect("a height").block().clone())
        .collect();
    let frames: Vec<_> = blocks.iter().map(publish).collect();
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let _guard = runtime.enter();
    let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default()).expect("a port").spawn().expect("a thread");
    let address = relay.local_addr();
    let serve = || {
        let peer = NodeBuilder::new(params.clone()).store(source.store().clone()).relay(address.to_string()).spawn();
        runtime.block_on(peer).expect("a node")
    };
    let mut peers = vec![serve()];
    let (mut link, mut connecting, mut ways) = (vec![], vec![], [vec![], vec![], vec![], vec![]]);
    for _ in 0..runs {
        link.push(time_on_the_link(address, frames.clone()).expect("a relay"));
        connecting.push(time_to_connect(&params, &blocks, 1));
        let times = runtime.block_on(both_ways(&params, &address.to_string(), height));
        ways[..2].iter_mut().zip(times).for_each(|(all, times)| all.push(times));
    }
    peers.resize_with(PEERS, serve);
    for _ in 0..runs {
        let times = runtime.block_on(both_ways(&params, &address.to_string(), height));
        ways[2..].iter_mut().zip(times).for_each(|(all, times)| all.push(times));
    }
    for peer in peers {
        runtime.block_on(peer.shutdown()).expect("an end");
    }
    let [in_memory, on_disk, memory_of_peers, disk_of_peers] = ways;
    let size = blocks.iter().map(Block::size).max().unwrap_or_default();
    println!("catching up {count} blocks of {payments} payments, {:.0} kB each\n", size as f64 / 1e3);
    print_table(
        median_of(&connecting),
        &[
            ("the link alone", link),
            ("connecting in memory", connecting),
            ("catching up in memory", in_memory),
            ("catching up on disk", on_disk),
            ("in memory, from three peers", memory_of_peers),
            ("on disk, from three peers", disk_of_peers),
        ],
    );
    println!();
}

/// Publishes frames through a relay to a client that reads them and nothing more. As many are on their way as a node has.
fn time_on_the_link(address: SocketAddr, frames: Vec<Vec<u8>>) -> io::Result<Times> {
    let (mut reader, mut writer) = (Client::join(address, 1)?, Client::join(address, 2)?);
    reader.say(RelayMessage::Subscribe(channel()))?;
    reader.barrier(1)?;
    let ahead =
        usize::try_from(BYTES_A_CONNECTION).unwrap_or(usize::MAX) / frames.iter().map(Vec::len).max().unwrap_or(1);
    let count = frames.len();
    let (arrived, arrivals) = mpsc::channel();
    let (begun, processor) = (Instant::now(), ProcessTime::now());
    let writing = thread::spawn(move || -> io::Result<()> {
        for (place, frame) in frames.iter().enumerate() {
            if place >= ahead.max(1) {
                arrivals.recv().map_err(io::Error::other)?;
            }
            writer.stream.write_all(frame)?;
        }
        Ok(())
    });
    let (mut buffer, mut seen) = (vec![0; 64 << 10], 0);
    while seen < count {
        reader.read(&mut buffer, |message| {
            if matches!(message, RelayMessage::Deliver(_)) {
                seen += 1;
                // the writer may have sent all
                let _ = arrived.send(());
            }
        })?;
    }
    let times = [begun.elapsed().as_secs_f64(), processor.elapsed().as_secs_f64()];
    writing.join().map_err(|_| io::Error::other("the writer panicked"))??;
    Ok(times)
}

/// A client of a relay.
struct Client {
    stream: TcpStream,
    decoder: FrameDecoder,
}

impl Client {
    fn join(address: SocketAddr, number: u8) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let mut client = Self { stream, decoder: FrameDecoder::new(Reader::Client) };
        let mut node_id = [number; 16];
        // the clients of an earlier run may still be connected
        node_id[..2].copy_from_slice(&client.stream.local_addr()?.port().to_le_bytes());
        client.say(RelayMessage::Hello(Hello { node_id: NodeId::new(node_id), agent: "link" }))?;
        client.barrier(0)?;
        Ok(client)
    }

    fn say(&mut self, message: RelayMessage<'_>) -> io::Result<()> {
        self.stream.write_all(&message.to_frame().map_err(io::Error::other)?)
    }

    fn read(&mut self, buffer: &mut [u8], mut heard: impl FnMut(RelayMessage<'_>)) -> io::Result<()> {
        let count = self.stream.read(buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut input = &buffer[..count];
        while let Some(frame) = self.decoder.next_frame(&mut input).map_err(io::Error::other)? {
            heard(RelayMessage::decode(frame).map_err(io::Error::other)?);
        }
        Ok(())
    }

    /// Waits until the relay has handled everything that this client sent.
    fn barrier(&mut self, nonce: u64) -> io::Result<()> {
        self.say(RelayMessage::Ping(nonce))?;
        let (mut buffer, mut is_past) = ([0; 4 << 10], false);
        while !is_past {
            self.read(&mut buffer, |message| is_past |= message == RelayMessage::Pong(nonce))?;
        }
        Ok(())
    }
}

fn publish(block: &Block) -> Vec<u8> {
    let payload = NodeMessage::Block(block.clone()).encode().expect("a block of our own");
    let message = RelayMessage::Publish(Publish { channel: channel(), to: None, payload: &payload });
    message.to_frame().expect("a payload within its cap")
}

fn channel() -> ChannelRef<'static> {
    ChannelRef::new("/bench/link").expect("a name")
}

/// Timeout of each read, far longer than any should take.
const DEADLINE: Duration = Duration::from_secs(30);
