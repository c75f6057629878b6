//! Decoding of envelopes from a stream that arrives in large reads, in reads that cut most frames, and byte by byte.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench frame
//! ```

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput};
use toycoin_node::limits::TRANSPORT_READ;
use toycoin_wire::{
    ChannelRef, FrameDecoder, NodeId, Reader,
    relay::{Deliver, Hello, Publish, RelayMessage, Welcome},
};

/// Payload sizes in bytes: those of a payment and of a large block.
const PAYLOADS: [(&str, usize); 2] = [("300 B", 300), ("100 KiB", 100 << 10)];

/// Bytes per read: the most that a transport passes on, an odd number that cuts most frames, and a single byte.
const READS: [(&str, usize); 3] = [("64 KiB reads", TRANSPORT_READ), ("1,447 B reads", 1_447), ("1 B reads", 1)];

/// Approximate number of bytes of envelopes that each run decodes.
const STREAM: usize = 1 << 20;

fn main() {
    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(2)).configure_from_args();
    for (tag, stream) in [("PUBL", published as fn(usize) -> Stream), ("DELV", delivered)] {
        let mut group = criterion.benchmark_group(format!("frame decode {tag}"));
        for (payload, size) in PAYLOADS {
            let stream = stream(size);
            group.throughput(Throughput::Bytes(stream.bytes.len() as u64));
            for (read, length) in READS {
                group.bench_function(BenchmarkId::new(payload, read), |bencher| bencher.iter(|| stream.decode(length)));
            }
        }
        group.finish();
    }
    criterion.final_summary();
}

/// One side's stream of frames, from the first one on.
struct Stream {
    reader: Reader,
    bytes: Vec<u8>,
    envelopes: usize,
}

impl Stream {
    /// Decodes the whole stream, `read` bytes at a time.
    fn decode(&self, read: usize) {
        let mut decoder = FrameDecoder::new(self.reader);
        let mut envelopes = 0;
        for mut input in black_box(&self.bytes).chunks(read) {
            while let Some(frame) = decoder.next_frame(&mut input).expect("an honest stream") {
                match black_box(RelayMessage::decode(frame).expect("an honest stream")) {
                    RelayMessage::Publish(_) | RelayMessage::Deliver(_) => envelopes += 1,
                    _ => {}
                }
            }
        }
        assert_eq!(envelopes, self.envelopes);
    }
}

/// Returns the stream of a client that publishes.
fn published(size: usize) -> Stream {
    let hello = RelayMessage::Hello(Hello { node_id: NodeId::new([7; 16]), agent: "bench" });
    let payload = vec![0x5a; size];
    stream(Reader::Relay, &hello, &RelayMessage::Publish(Publish { channel: channel(), to: None, payload: &payload }))
}

/// Returns the stream of a relay to a subscriber.
fn delivered(size: usize) -> Stream {
    let welcome = RelayMessage::Welcome(Welcome { agent: "bench", max_frame: 2 << 20, max_subscriptions: 16 });
    let (from, payload) = (NodeId::new([7; 16]), vec![0x5a; size]);
    stream(Reader::Client, &welcome, &RelayMessage::Deliver(Deliver { channel: channel(), from, payload: &payload }))
}

fn stream(reader: Reader, first: &RelayMessage<'_>, envelope: &RelayMessage<'_>) -> Stream {
    let mut bytes = first.to_frame().expect("a short frame");
    let frame = envelope.to_frame().expect("a payload within its bound");
    let envelopes = STREAM.div_ceil(frame.len());
    bytes.extend(frame.repeat(envelopes));
    Stream { reader, bytes, envelopes }
}

fn channel() -> ChannelRef<'static> {
    ChannelRef::new("/topic/main").expect("a channel's name")
}
