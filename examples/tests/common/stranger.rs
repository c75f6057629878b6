//! Strangers on loopback: a peer that says what it likes through an honest relay, and a relay that does.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use toycoin_core::{BlockHash, ChainParams};
use toycoin_wire::{
    ChannelRef, FrameDecoder, NodeId, Reader, Tag,
    node::{NodeMessage, Status},
    relay::{Deliver, Hello, Publish, RelayMessage, Welcome},
};

const CHANNEL: &str = "/topic/main";
/// How often a liar repeats itself: joiners come at any time.
const REPEAT: Duration = Duration::from_millis(50);

fn main_channel() -> ChannelRef<'static> {
    ChannelRef::new(CHANNEL).expect("a good name")
}

fn frame(message: &RelayMessage<'_>) -> Vec<u8> {
    message.to_frame().expect("within its cap").to_vec()
}

/// A status of regtest that claims this height and the most work that there is, behind a tip that nobody has.
pub(crate) fn boast(height: u64) -> NodeMessage {
    NodeMessage::Status(Status {
        genesis: ChainParams::regtest().genesis_hash(),
        tip: BlockHash::from_bytes([0xab; 32]),
        height,
        work: [0xff; 32],
        time: unix_ms(),
    })
}

fn unix_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("a time of this age")
}

/// A peer behind an honest relay that says one thing again and again, and answers nothing.
pub(crate) struct Liar {
    stream: TcpStream,
    threads: Vec<JoinHandle<()>>,
}

impl Liar {
    pub(crate) fn new(relay: &str, id: u8, message: &NodeMessage) -> Self {
        let mut stream = TcpStream::connect(relay).expect("the relay listens");
        let hello = Hello { node_id: NodeId::new([id; 16]), agent: "stranger" };
        stream.write_all(&frame(&RelayMessage::Hello(hello))).expect("it listens");
        let payload = message.encode().expect("within its cap");
        let said = frame(&RelayMessage::Publish(Publish { channel: main_channel(), to: None, payload: &payload }));
        let (mut writer, mut reader) = (stream.try_clone().expect("a socket"), stream.try_clone().expect("a socket"));
        let threads = vec![
            thread::spawn(move || {
                while writer.write_all(&said).is_ok() {
                    #[expect(clippy::disallowed_methods, reason = "a stranger sends at its own pace")]
                    thread::sleep(REPEAT);
                }
            }),
            thread::spawn(move || {
                let mut buffer = [0; 4_096];
                while reader.read(&mut buffer).is_ok_and(|count| count > 0) {}
            }),
        ];
        Self { stream, threads }
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        // the relay may be gone already
        let _ = self.stream.shutdown(Shutdown::Both);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// A client of an honest relay that says what it likes.
pub(crate) struct Caller {
    stream: TcpStream,
    decoder: FrameDecoder,
    nonce: u64,
}

impl Caller {
    /// Connects, and says nothing yet.
    pub(crate) fn connect(relay: &str) -> Self {
        let stream = TcpStream::connect(relay).expect("the relay listens");
        stream.set_read_timeout(Some(super::DEADLINE)).expect("a socket");
        Self { stream, decoder: FrameDecoder::new(Reader::Client), nonce: 0 }
    }

    /// Connects and joins; the number, big-endian, is the node id.
    pub(crate) fn join(relay: &str, id: u128, agent: &str) -> Self {
        let mut caller = Self::connect(relay);
        caller.say(&RelayMessage::Hello(Hello { node_id: NodeId::new(id.to_be_bytes()), agent }));
        caller.settle();
        caller
    }

    pub(crate) fn say(&mut self, message: &RelayMessage<'_>) {
        self.stream.write_all(&frame(message)).expect("the relay reads");
    }

    pub(crate) fn subscribe(&mut self, channel: &str) {
        self.say(&RelayMessage::Subscribe(ChannelRef::new(channel).expect("a good name")));
    }

    pub(crate) fn publish(&mut self, channel: &str, to: Option<u128>, payload: &[u8]) {
        let channel = ChannelRef::new(channel).expect("a good name");
        let to = to.map(|id| NodeId::new(id.to_be_bytes()));
        self.say(&RelayMessage::Publish(Publish { channel, to, payload }));
    }

    /// Waits until the relay has taken everything that was said.
    pub(crate) fn settle(&mut self) {
        self.nonce += 1;
        self.say(&RelayMessage::Ping(self.nonce));
        let answer = frame(&RelayMessage::Pong(self.nonce));
        self.hear_until(|heard| frame(heard) == answer);
    }

    /// Returns why the relay ends the connection.
    pub(crate) fn goodbye(mut self) -> String {
        let mut reason = String::new();
        self.hear_until(|heard| match heard {
            RelayMessage::Goodbye(said) => {
                reason = (*said).to_owned();
                true
            }
            _ => false,
        });
        reason
    }

    fn hear_until(&mut self, mut is_it: impl FnMut(&RelayMessage<'_>) -> bool) {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = self.stream.read(&mut buffer).expect("the relay answers");
            assert!(count > 0, "the relay has hung up");
            let mut input = &buffer[..count];
            let mut is_heard = false;
            while let Some(frame) = self.decoder.next_frame(&mut input).expect("frames") {
                is_heard |= is_it(&RelayMessage::decode(frame).expect("a message"));
            }
            if is_heard {
                return;
            }
        }
    }
}

/// A relay that takes one client in and tells it what it likes.
pub(crate) struct FalseRelay {
    listener: TcpListener,
    pub(crate) address: String,
}

/// A client of a false relay.
pub(crate) struct Victim {
    stream: TcpStream,
    /// What it sent, read by a thread of its own, so that neither side waits for the other to read.
    heard: Receiver<Heard>,
    /// The tag of everything that it published, in order.
    pub(crate) published: Vec<Tag>,
}

/// What a client sent.
enum Heard {
    Ping(u64),
    Pong(u64),
    Published(Tag),
}

impl FalseRelay {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        Self { listener, address }
    }

    /// Waits for a client, and welcomes it.
    pub(crate) fn client(&self) -> Victim {
        let (stream, _) = self.listener.accept().expect("a client");
        let reader = stream.try_clone().expect("a socket");
        let (sender, heard) = channel();
        // ends with the connection
        thread::spawn(move || read(reader, &sender));
        let mut victim = Victim { stream, heard, published: Vec::new() };
        let welcome = Welcome { agent: "false", max_frame: 2 << 20, max_subscriptions: 16 };
        victim.say(&frame(&RelayMessage::Welcome(welcome)));
        // the barrier behind the subscriptions
        let nonce = victim.wait_for(|heard| if let Heard::Ping(nonce) = heard { Some(*nonce) } else { None });
        victim.say(&frame(&RelayMessage::Pong(nonce)));
        victim
    }
}

/// Tells what a client sends, until it has gone.
fn read(mut stream: TcpStream, heard: &Sender<Heard>) {
    let mut decoder = FrameDecoder::new(Reader::Relay);
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let mut input = &buffer[..count];
        while let Some(frame) = decoder.next_frame(&mut input).expect("frames") {
            let said = match RelayMessage::decode(frame).expect("a message") {
                RelayMessage::Ping(nonce) => Heard::Ping(nonce),
                RelayMessage::Pong(nonce) => Heard::Pong(nonce),
                RelayMessage::Publish(Publish { payload, .. }) => match payload.first_chunk() {
                    Some(tag) => Heard::Published(Tag::new(*tag)),
                    None => continue,
                },
                _ => continue,
            };
            if heard.send(said).is_err() {
                return;
            }
        }
    }
}

impl Victim {
    /// Says something; false once the client has gone.
    pub(crate) fn say(&mut self, frames: &[u8]) -> bool {
        self.stream.write_all(frames).is_ok()
    }

    /// Waits until the client has read everything that was said, and panics if it has gone.
    pub(crate) fn settle(&mut self) {
        const NONCE: u64 = 77;
        self.say(&frame(&RelayMessage::Ping(NONCE)));
        self.wait_for(|heard| matches!(heard, Heard::Pong(NONCE)).then_some(()));
    }

    fn wait_for<T>(&mut self, wanted: impl Fn(&Heard) -> Option<T>) -> T {
        loop {
            let heard = self.heard.recv_timeout(super::DEADLINE).expect("the client stays and answers");
            if let Heard::Published(tag) = heard {
                self.published.push(tag);
            }
            if let Some(found) = wanted(&heard) {
                return found;
            }
        }
    }
}

/// The frame of a delivery from a made-up id.
pub(crate) fn delivery(from: u64, payload: &[u8]) -> Vec<u8> {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&from.to_le_bytes());
    frame(&RelayMessage::Deliver(Deliver { channel: main_channel(), from: NodeId::new(id), payload }))
}

/// The frame that says that so many deliveries were dropped.
pub(crate) fn lagged(count: u64) -> Vec<u8> {
    frame(&RelayMessage::Lagged(count))
}
